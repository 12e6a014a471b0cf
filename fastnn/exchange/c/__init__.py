"""A network as C99: in floating point, with training too, or in int8."""

from .writer import to_c

__all__ = ["to_c"]
