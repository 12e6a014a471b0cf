"""Import from and export to scikit-learn."""

from .networks import from_sklearn, to_sklearn

__all__ = ["from_sklearn", "to_sklearn"]
