"""The losses of the estimators that are refused."""

import pytest
from numpy.testing import assert_array_equal
from sklearn.utils._param_validation import InvalidParameterError

from fastnn.losses import (
    NAMED,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    GaussianNLL,
    LogCosh,
    Quantile,
)
from fastnn.sklearn import MLPClassifier, MLPRegressor

from ..support.functions import picky
from .twins import SOLVERS, make_ours, make_samples, make_targets, of_both

pytestmark = pytest.mark.compiled

X = make_samples()
NUMBER, NUMBERS, POSITIVE = map(make_targets, ("number", "numbers", "positive"))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (Quantile, r"loss must be an object, got the class: write Quantile\(\)"),
        (lambda y, a: (y, a), "loss must be a name or a loss, got the function <lambda>: write @f"),
    ],
)
def test_what_is_no_loss(loss, message):
    for Estimator in (MLPClassifier, MLPRegressor):
        with pytest.raises(TypeError, match=message):
            Estimator(loss=loss).fit(X, make_targets("binary"))


@pytest.mark.parametrize("params", [{"loss": "mse"}, {"loss": None}, {"quantile": 1.0}], ids=str)
def test_a_parameter_of_the_regressor_that_is_not_as_described(params):
    (name,) = params
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of MLPRegressor"):
        MLPRegressor(**params).fit(X, NUMBER)


@pytest.mark.parametrize("loss", [CrossEntropy(), Focal(), NAMED["cross_entropy"]], ids=str)
def test_a_regressor_refuses_losses_of_classes(loss):
    with pytest.raises(ValueError, match=r"loss must be one for numbers.*MLPClassifier takes it"):
        MLPRegressor(loss).fit(X, NUMBER)


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("multiclass", BinaryCrossEntropy()),
        ("binary", GaussianNLL()),
        ("binary", Quantile([0.1, 0.2])),
    ],
    ids=str,
)
def test_a_classifier_refuses_losses_of_other_outputs(kind, loss):
    with pytest.raises(ValueError, match=r"loss must be one that goes with (softmax|logistic) "):
        MLPClassifier(loss=loss).fit(X, make_targets(kind))


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("gamma", NUMBER, "y must be above 0 for the loss gamma, got -"),
        ("poisson", NUMBER, "y must be at least 0 for the loss poisson, got -"),
        (BinaryCrossEntropy(), NUMBER, "y must be from 0 to 1 for the loss binary_cross_entropy"),
        (Quantile([0.1, 0.9]), NUMBERS, r"y must be one target for the loss Quantile.*got 2: fit"),
    ],
    ids=str,
)
def test_targets_that_a_loss_is_not_defined_for(loss, y, message):
    ours = make_ours("number", loss="squared_error")
    of_both([ours], "fit", X, NUMBER)
    ours.set_params(loss=loss)
    before = vars(ours).copy()
    with pytest.raises(ValueError, match=message):
        ours.fit(X, y)
    assert vars(ours) == before


def test_another_loss_is_for_the_next_fit():
    ours = make_ours("number")
    of_both([ours], "fit", X, NUMBER)
    expected = ours.predict(X)
    for loss in ("gamma", GaussianNLL()):
        ours.set_params(loss=loss)
        assert_array_equal(ours.predict(X), expected)
        with pytest.raises(ValueError, match="loss must be one that goes with identity outputs"):
            ours.partial_fit(X, POSITIVE[:, 0])
    ours.set_params(loss="huber").partial_fit(X, NUMBER)
    assert ours.network_.loss_name == "huber"


@pytest.mark.parametrize(
    ("first", "loss", "y"),
    [
        ("gaussian_nll", "squared_error", (NUMBER > 0).astype(float)),  # no labels of 2 outputs
        ("gaussian_nll", "absolute_error", NUMBERS),
        (Quantile([0.1, 0.9]), Quantile([0.1, 0.5, 0.9]), NUMBER),
        (Quantile([0.1, 0.9]), "squared_error", NUMBERS),
        (Quantile([0.1, 0.9]), "quantile", NUMBER),
    ],
    ids=str,
)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_another_loss_must_go_with_the_number_of_outputs(first, loss, y, call):
    ours = MLPRegressor(first, (4,), warm_start=True, random_state=0).partial_fit(X, NUMBER)
    ours.set_params(loss=loss)
    before, params = vars(ours).copy(), ours.network_.params.copy()
    message = r"loss must be one that goes with 2 \w+ outputs for 1 target, as an earlier fit has"
    with pytest.raises(ValueError, match=message):
        getattr(ours, call)(X, y)
    assert vars(ours) == before
    assert_array_equal(ours.network_.params, params)
    ours.set_params(loss=first).partial_fit(X, NUMBER)
    assert (ours.network_.params != params).any()


@pytest.mark.parametrize(("first", "then"), [(NUMBER, NUMBERS), (NUMBERS, (NUMBER > 0) * 1.0)])
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_the_number_of_targets_is_that_of_the_first_fit(first, then, call):
    ours = MLPRegressor("huber", (4,), warm_start=True, random_state=0).partial_fit(X, first)
    before = vars(ours).copy()
    with pytest.raises(ValueError, match="y must have as many targets as in an earlier fit"):
        getattr(ours, call)(X, then)
    assert vars(ours) == before


@pytest.mark.parametrize("loss", ["squared_error", LogCosh(), Quantile([0.1, 0.9])], ids=str)
def test_only_gaussian_nll_predicts_a_deviation(loss):
    (ours,) = of_both([make_ours("number", loss=loss)], "fit", X, NUMBER)
    message = "return_std must be False, but with the loss gaussian_nll, .* got loss="
    with pytest.raises(ValueError, match=message):
        ours.predict(X, return_std=True)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_loss_that_raises_is_told_with_the_place(solver):
    with pytest.raises(ValueError, match="the loss picky raised ValueError: y is too low, for y ="):
        make_ours("number", loss=picky, solver=solver).fit(X, NUMBER)
