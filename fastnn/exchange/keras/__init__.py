"""Import from Keras: models, saved models and weights."""

from .reading import from_keras

__all__ = ["from_keras"]
