"""Networks as river's own estimators: ``pip install "fastnn-numba[river]"``.

`MLPClassifier` and `MLPRegressor` work in river's pipelines and in its `evaluate`. They grow: a new
feature gets an input, a new class an output, and what was learnt stays as it was. `fastnn.online`
has the same models without river.
"""

try:
    import river  # noqa: F401
except ImportError as error:
    raise ImportError('fastnn.river needs river: pip install "fastnn-numba[river]"') from error

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
