"""scikit-learn's checks of any estimator: all of them pass."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastnn.losses import CrossEntropy, LogCosh
from fastnn.schedules import Exponential
from fastnn.sklearn import MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
ESTIMATORS = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier(solver="sgd", learning_rate="adaptive", activation=["tanh"], dtype="float64"),
    MLPRegressor(solver="lbfgs", hidden_layer_sizes=5, max_iter=50),
    MLPClassifier(solver="adamw", loss=CrossEntropy(label_smoothing=0.1)),
    MLPRegressor(loss="quantile", quantile=0.4, learning_rate=Exponential(0.01, gamma=0.99)),
    MLPRegressor(loss="gaussian_nll"),
    MLPRegressor(loss=LogCosh(), solver="lbfgs", hidden_layer_sizes=5, max_iter=50),
]


@parametrize_with_checks(ESTIMATORS)
def test_estimator(estimator, check):
    check(estimator)
