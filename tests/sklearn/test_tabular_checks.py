"""scikit-learn's checks of any estimator: all of them pass."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastnn.sklearn import TabularClassifier, TabularRegressor

pytestmark = pytest.mark.compiled
# Few epochs, for time. In full batches of float64 a row of weight 2 is two rows, up to rounding.
FAST = {"n_members": 2, "max_epochs": 30, "batch_size": 256, "learning_rate": 0.03}


@parametrize_with_checks([
    TabularClassifier(**FAST, dtype="float64"),
    TabularRegressor(**FAST, dtype="float64"),
])  # fmt: skip
def test_estimator(estimator, check):
    check(estimator)
