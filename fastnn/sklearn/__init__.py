"""`MLPClassifier` and `MLPRegressor` as scikit-learn has them, trained by fastnn's kernels.

Changing the import line is all it takes: ``from fastnn.sklearn import MLPClassifier``. Parameters,
attributes, methods, warnings and errors are scikit-learn's, and so are the coefficients that a
`random_state` leads to, up to rounding. What is ours is keyword-only: `dropout`, `class_weight` (of
the classifier) and `dtype`; and `activation` may name one of ours, or one for each hidden layer.
"""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        'fastnn.sklearn needs scikit-learn: pip install "fastnn-numba[sklearn]"'
    ) from error

from ._classifier import MLPClassifier
from ._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
