"""river's checks of any estimator: all of them pass."""

import pytest
from river import checks

from fastnn.river import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.compiled
MODELS = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier(hidden=(), optimizer="adam", dtype="float32", seed=1),
    MLPRegressor(hidden=(5, 4), activation="tanh", loss="huber", learning_rate=0.1, seed=1),
]
CHECKS = [
    pytest.param(model, check, id=f"{model}-{number}-{check.__name__}")
    for model in MODELS
    for number, check in enumerate(checks.yield_checks(model))
]


@pytest.mark.parametrize(("model", "check"), CHECKS)
def test_model(model, check):
    check(model.clone())


@pytest.mark.parametrize("model", MODELS[:2], ids=str)
def test_no_check_is_left_out(model):
    assert model._unit_test_skips() == set()
    checks.check_estimator(model)
