"""The data sets of the five tutorials, shipped with the package: nothing is downloaded."""

from .digits import load_digits
from .moons import load_moons
from .tables import load_first_column, load_gender, load_xor

__all__ = ["load_digits", "load_first_column", "load_gender", "load_moons", "load_xor"]
