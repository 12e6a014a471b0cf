"""Import from and export to PyTorch."""

from .networks import from_torch, to_torch

__all__ = ["from_torch", "to_torch"]
