"""Many networks at once: trained side by side over the same data, and asked together."""

from .population import Best, Population, Prediction

__all__ = ["Best", "Population", "Prediction"]
