"""Estimators with scikit-learn's interface, trained by fastnn's kernels.

`TabularClassifier` and `TabularRegressor` take a table of mixed columns as it is, and are meant to
predict well by default.

`MultiTaskMLP` predicts several columns at once, classes and numbers, from shared layers.

`MLPClassifier` and `MLPRegressor` stand in the place of scikit-learn's. Only the import changes:
``from fastnn.sklearn import MLPClassifier``. Parameters, attributes, methods, warnings and errors
are scikit-learn's, and the same `random_state` gives the same coefficients, up to rounding. The
additions are keyword-only: `dropout`, `class_weight` and `loss` of the classifier, `quantile` of
the regressor, `dtype`, and `X_val`, `y_val` and `sample_weight_val` of `fit`. `activation` also
accepts those of `Dense`, or one for each hidden layer, `loss` those of `fastnn.losses`, `solver`
adamw, and `learning_rate` the schedules of `fastnn.schedules`. `network_` is the network behind
an estimator, and from scikit-learn 1.9 on, `set_callbacks` takes its callbacks.
"""

from .._checks.extras import missing_package

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise missing_package("fastnn.sklearn", "scikit-learn", "sklearn") from error

from ._classifier import MLPClassifier
from ._multi_task import MultiTaskMLP
from ._regressor import MLPRegressor
from ._tabular_classifier import TabularClassifier
from ._tabular_regressor import TabularRegressor

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "MultiTaskMLP",
    "TabularClassifier",
    "TabularRegressor",
]
