"""Many networks, trained in parallel on the same data, and their joint predictions."""

from .population import Best, Population, Prediction

__all__ = ["Best", "Population", "Prediction"]
