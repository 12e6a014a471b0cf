"""From Keras: models, files of them, and their weights."""

from .reading import from_keras

__all__ = ["from_keras"]
