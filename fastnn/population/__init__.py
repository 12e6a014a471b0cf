"""Many networks, trained in parallel on the same data, and their joint predictions."""

from .halving import halving
from .population import Population
from .results import Best, Halving, Prediction, Round

__all__ = ["Best", "Halving", "Population", "Prediction", "Round", "halving"]
