"""Export to C99: in floating point, also with training, or in int8."""

from .writer import to_c

__all__ = ["to_c"]
