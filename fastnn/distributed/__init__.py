"""Training on a cluster by local SGD, with `dask.distributed`."""

from .fitting import fit

__all__ = ["fit"]
