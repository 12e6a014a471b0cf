"""Solvers and rates that scikit-learn does not have: adamw, and the schedules of fastnn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from fastnn import Network
from fastnn.optimizers import Adam, AdamW, Momentum, Nesterov
from fastnn.schedules import Cosine, Exponential, OneCycle, ReduceOnPlateau
from fastnn.sklearn import MLPRegressor

from .twins import KINDS, assert_equal, make_ours, make_samples, make_targets, of_both

X, NUMBER = make_samples(), make_targets("number")
CURVE = Exponential(0.05, gamma=0.8)
SOLVERS = {
    "sgd": ({"solver": "sgd", "nesterovs_momentum": False}, Momentum()),
    "nesterov": ({"solver": "sgd"}, Nesterov()),
    "adam": ({"solver": "adam"}, Adam(eps_hat=True)),
    "adamw": ({"solver": "adamw", "alpha": 0.3}, AdamW(eps_hat=True, weight_decay=0.3)),
}


def twin_of(ours):
    """Return a network of our own with the weights that an estimator starts from."""
    start = clone(ours).set_params(max_iter=1, learning_rate=lambda epoch: 0.0)
    of_both([start], "fit", X, NUMBER)
    return Network(3, start.network_.layers, loss="half_sse")


# ---- adamw ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_penalty_adamw_is_adam(kind):
    twins = [make_ours(kind, solver=solver, alpha=0, batch_size=5) for solver in ("adam", "adamw")]
    of_both(twins, "fit", X, make_targets(kind))
    of_both(twins, "partial_fit", X, make_targets(kind))
    assert_equal(twins, atol=0)


def test_adamw_takes_its_decay_off_the_weights_alone():
    plain, decayed = [make_ours("number", solver="adamw", alpha=alpha) for alpha in (0, 0.5)]
    of_both([plain, decayed], "fit", X, NUMBER)  # the same start
    for ours in (plain, decayed):
        ours.coefs_ = [np.ones_like(W) for W in plain.coefs_]
        ours.intercepts_ = [np.ones_like(b) for b in plain.intercepts_]
        ours.set_params(warm_start=True, max_iter=1, learning_rate_init=0.01)
        of_both([ours], "fit", X, NUMBER)
    for got, expected in zip(decayed.coefs_, plain.coefs_, strict=True):
        assert_allclose(got, expected - 0.01 * 0.5 * 1, rtol=1e-12)
    for got, expected in zip(decayed.intercepts_, plain.intercepts_, strict=True):
        assert_allclose(got, expected, rtol=1e-12)
    assert decayed.loss_ == plain.loss_  # no penalty is recorded


# ---- schedules -----------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_schedule_gives_the_rate_of_each_epoch(solver):
    """Beside a network that fastnn trains by the same one."""
    options, optimizer = SOLVERS[solver]
    ours = make_ours("number", alpha=0, shuffle=False, batch_size=7, learning_rate=CURVE)
    ours.set_params(**options)
    net = twin_of(ours)
    for layer in net.layers:
        assert layer.l2 == 0
    of_both([ours], "fit", X, NUMBER)
    net.fit(
        X, NUMBER, epochs=6, batch_size=7, optimizer=optimizer, learning_rate=CURVE, shuffle=False
    )
    for got, expected in zip(ours.coefs_, net.weights, strict=True):
        assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_any_function_of_the_epoch_is_one(solver):
    twins = [
        make_ours("multiclass", solver=solver, learning_rate=curve)
        for curve in (CURVE, lambda epoch: 0.05 * 0.8**epoch)
    ]
    of_both(twins, "fit", X, make_targets("multiclass"))
    assert_equal(twins, atol=1e-12)


def test_partial_fit_goes_on_where_the_schedule_stands():
    options = {"learning_rate": CURVE, "shuffle": False, "batch_size": 7, "solver": "sgd"}
    whole, chunks = [make_ours("number", **options) for _ in range(2)]
    of_both([whole], "fit", X, NUMBER)
    for _ in range(6):
        chunks.partial_fit(X, NUMBER)
    for got, expected in zip(chunks.coefs_, whole.coefs_, strict=True):
        assert_allclose(got, expected, rtol=1e-12)
    of_both([whole], "fit", X, NUMBER)  # anew
    assert_allclose(whole.loss_curve_, chunks.loss_curve_, rtol=1e-12)


def test_a_schedule_that_is_over_is_an_error():
    ours = make_ours("number", learning_rate=OneCycle(0.1, epochs=3))
    with pytest.raises(ValueError, match="epoch must be below 3 in a OneCycle, got 3"):
        ours.fit(X, NUMBER)


@pytest.mark.parametrize(
    ("kind", "options", "monitor", "mode"),
    [
        ("number", {}, "loss", "auto"),
        ("number", {"early_stopping": True}, "val_r2", "min"),  # it rises: worse and worse
        ("number", {"early_stopping": True, "loss": "huber"}, "val_loss", "auto"),
        ("multiclass", {"early_stopping": True}, "val_accuracy", "auto"),
    ],
)
def test_a_schedule_goes_by_what_is_recorded(kind, options, monitor, mode):
    curve = ReduceOnPlateau(0.01, factor=0.5, patience=0, threshold=0.1, monitor=monitor, mode=mode)
    ours = make_ours(kind, validation_fraction=0.3, learning_rate=curve, max_iter=6, **options)
    of_both([ours], "fit", X, make_targets(kind))
    expected = curve.start()
    sign = -1 if monitor == "val_loss" else 1
    for value in ours.loss_curve_ if monitor == "loss" else ours.validation_scores_:
        expected.observe({monitor: sign * value})
    assert ours._optimizer.curve.observed == expected.observed
    assert expected.observed.rate < 0.01
    assert curve.observed.rate == 0.01  # that of the user has not moved


def test_a_schedule_must_go_by_what_is_recorded():
    ours = make_ours("number", learning_rate=ReduceOnPlateau(0.1, monitor="val_loss"))
    with pytest.raises(
        ValueError, match="monitor must be a metric that is recorded, one of 'loss'"
    ):
        ours.fit(X, NUMBER)


def test_lbfgs_has_no_schedule():
    ours = make_ours("number", solver="lbfgs", learning_rate=CURVE)
    with pytest.raises(ValueError, match="learning_rate must be a name with the solver lbfgs"):
        ours.fit(X, NUMBER)
    assert not hasattr(ours, "coefs_")


def test_a_schedule_must_return_a_rate():
    ours = make_ours("number", learning_rate=lambda epoch: -1.0)
    with pytest.raises(ValueError, match="a schedule must return a finite rate of at least 0, got"):
        ours.fit(X, NUMBER)


@pytest.mark.parametrize("options", [{"solver": "adam"}, {"solver": "sgd", "momentum": 0.9}])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_schedule_per_update_counts_through_the_epochs(options, method):
    n_updates = -(-len(X) // 10)  # an epoch

    def per_update(update):
        return 0.01 * 0.5 ** (update // n_updates)

    per_update.per = "update"
    twins = [
        make_ours("number", batch_size=10, max_iter=4, learning_rate=curve, **options)
        for curve in (per_update, Exponential(0.01, 0.5))
    ]
    for _ in range(1 if method == "fit" else 3):
        of_both(twins, method, X, NUMBER)
    for got, expected in zip(*(twin.coefs_ for twin in twins), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_schedules_are_parameters_like_others():
    ours = MLPRegressor(learning_rate=Cosine(0.1, epochs=5))
    assert clone(ours).learning_rate == Cosine(0.1, epochs=5)
    assert "Cosine(learning_rate=0.1, epochs=5" in repr(ours)
