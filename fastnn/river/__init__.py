"""Networks as river's own estimators; they need river, the extra ``river``.

`MLPClassifier` and `MLPRegressor` work in river's pipelines and in its `evaluate`. They grow: a new
feature gets an input, a new class an output, and what was learnt stays as it was. `fastnn.online`
has the same models without river.
"""

from .._checks.extras import missing_package

try:
    import river  # noqa: F401
except ImportError as error:
    raise missing_package("fastnn.river", "river", "river") from error

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
