"""Training on many machines: local SGD, its replicas averaged each round, by `dask.distributed`."""

from .fitting import fit

__all__ = ["fit"]
