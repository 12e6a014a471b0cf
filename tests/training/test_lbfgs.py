"""L-BFGS: beside SciPy's on the naive network, its epochs, what it goes without."""

import importlib.util

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array

from fastnn import Dense, DivergenceError, Network
from fastnn._training.state import state_of
from fastnn.callbacks import Callback, EarlyStopping
from fastnn.optimizers import LBFGS
from fastnn.reference import ReferenceNetwork

from ..support.networks import make_data, small_network

X, Y = make_data(30, 3, 2)
WEIGHTS = np.arange(30.0) % 4


def penalized(**options):
    layers = [Dense(5, "tanh", l1=0.001, l2=0.01), Dense(2, "sigmoid", l2=0.02)]
    return Network(3, layers, loss="half_sse", seed=0, **options)


def set_flat(reference, flat):
    """Make the parameters of a naive network those of a vector."""
    start = 0
    for array in (*reference.weights, *reference.biases):
        array[...] = flat[start : start + array.size].reshape(array.shape)
        start += array.size


def naive_minimum(net, epochs, weights=None, factor=1.0):
    """Return the naive network after as many iterations, and the objective at their starts."""
    reference = ReferenceNetwork.like(net)
    values = []

    def objective(flat):
        set_flat(reference, flat)
        grad_weights, grad_biases = reference.gradient(X, Y, sample_weight=weights)
        grads = [
            factor * grad + l1 * np.sign(W) + l2 * W
            for W, grad, l1, l2 in zip(
                reference.weights, grad_weights, reference.l1, reference.l2, strict=True
            )
        ] + [factor * grad for grad in grad_biases]
        value = factor * reference.loss(X, Y, sample_weight=weights) + reference.penalty()
        return value, np.concatenate([grad.ravel() for grad in grads])

    start = np.concatenate([a.ravel() for a in (*reference.weights, *reference.biases)])
    values.append(objective(start)[0])
    result = minimize(
        objective, start, jac=True, method="L-BFGS-B",
        callback=lambda intermediate_result: values.append(intermediate_result.fun),
        options={"maxiter": epochs, "gtol": 1e-5, "ftol": 2.2e-9},
    )  # fmt: skip
    set_flat(reference, result.x)
    return reference, values


@pytest.mark.parametrize("make", [small_network, penalized])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    ("reduction", "factor"),
    [("mean", lambda w: 1.0), ("sum", lambda w: 30.0 if w is None else w.sum())],
)
def test_equals_scipy_on_the_naive_network(make, weights, reduction, factor):
    net = make()
    expected, values = naive_minimum(net, 20, weights, factor(weights))
    history = net.fit(
        X, Y, epochs=20, batch_size=None, optimizer="lbfgs", sample_weight=weights,
        reduction=reduction,
    )  # fmt: skip
    for got, array in zip(
        (*net.weights, *net.biases), (*expected.weights, *expected.biases), strict=True
    ):
        np.testing.assert_allclose(got, array, rtol=1e-4, atol=1e-5)
    assert len(history["loss"]) == 20
    penalty = np.array(history["penalty"]) if make is penalized else 0.0
    got = factor(weights) * np.array(history["loss"]) + penalty
    np.testing.assert_allclose(got, values[:20], rtol=1e-6)


def test_figures_are_those_before_the_iteration():
    net, start = penalized(), penalized()
    history = net.fit(
        X, Y, epochs=8, batch_size=None, optimizer="lbfgs", metrics=["mae", "accuracy"],
        validation_data=(X, Y), evaluate_every=3,
    )  # fmt: skip
    assert history.epoch == list(range(8))
    assert history["loss"][0] == pytest.approx(start.loss(X, Y), rel=1e-12)
    assert history["mae"][0] == pytest.approx(np.abs(start.predict(X) - Y).mean(), rel=1e-12)
    assert history["penalty"][0] == pytest.approx(ReferenceNetwork.like(start).penalty())
    assert history.epochs_of("val_loss") == [0, 3, 6]
    assert history["val_loss"][1] == pytest.approx(history["loss"][4], rel=1e-12)
    assert history["val_accuracy"][1] == history["accuracy"][4]


def test_it_ends_where_it_has_arrived():
    net = Network(1, [Dense(1)], seed=0)
    how = {"epochs": 100, "batch_size": None, "optimizer": "lbfgs"}
    history = net.fit([[0], [1], [2]], [1, 3, 5], **how)
    assert len(history.epoch) < 20
    np.testing.assert_allclose(net.predict([[3]]), [[7]], rtol=1e-4)
    at_the_minimum = net.params.copy()
    history = net.fit([[0], [1], [2]], [1, 3, 5], **how | {"optimizer": LBFGS(gtol=1e-2)})
    assert history.epoch == [0]
    assert history["loss"][0] < 1e-6
    np.testing.assert_array_equal(net.params, at_the_minimum)


def test_resumed_training_starts_with_an_empty_memory():
    """What other optimisers promise is not so here, as the documentation says."""
    how = {"optimizer": "lbfgs", "batch_size": None}
    parts, whole = penalized(), penalized()
    parts.fit(X, Y, epochs=4, **how)
    parts.fit(X, Y, epochs=4, resume=True, **how)
    whole.fit(X, Y, epochs=8, **how)
    assert parts.history["loss"][:5] == whole.history["loss"][:5]
    assert not np.array_equal(parts.params, whole.params)


def test_resumed_epochs_go_on_counting():
    net = small_network()
    how = {"batch_size": None, "optimizer": "lbfgs"}
    first = net.fit(X, Y, epochs=3, **how)
    second = net.fit(X, Y, epochs=3, resume=True, **how)
    assert first.epoch + second.epoch == list(range(6))
    losses = first["loss"] + second["loss"]
    assert losses == sorted(losses, reverse=True)
    net.partial_fit(X, Y, batch_size=None)
    assert net.loss(X, Y) < losses[-1]


@pytest.mark.parametrize("change", [False, True])
def test_a_callback_stops_it(change):
    class Stop(Callback):
        def epoch(self, run):
            kept.append(run.network.params.copy())
            if run.epoch == 4:
                run.stop()
                if change:
                    run.network.params = kept[1]

    kept = []
    net = small_network()
    history = net.fit(X, Y, epochs=50, batch_size=None, optimizer="lbfgs", callbacks=[Stop()])
    assert history.epoch == list(range(5))
    np.testing.assert_array_equal(net.params, kept[1 if change else 4])


def test_early_stopping_restores_the_best():
    net = small_network()
    stopping = EarlyStopping(patience=2)
    history = net.fit(
        X, Y, epochs=200, batch_size=None, optimizer=LBFGS(gtol=0, ftol=0),
        validation_data=make_data(30, 3, 2, seed=1), callbacks=[stopping],
    )  # fmt: skip
    assert len(history.epoch) == stopping.best_epoch + 3
    assert net.loss(*make_data(30, 3, 2, seed=1)) == pytest.approx(stopping.best, rel=1e-12)


def test_a_callback_that_fails_leaves_what_was_accepted_last():
    class Fail(Callback):
        def epoch(self, run):
            kept.append(run.network.params.copy())
            if run.epoch == 2:
                raise OSError("no space left")

    kept = []
    net = small_network()
    with pytest.raises(OSError, match="no space left"):
        net.fit(X, Y, epochs=9, batch_size=None, optimizer="lbfgs", callbacks=[Fail()])
    np.testing.assert_array_equal(net.params, kept[-1])
    assert state_of(net).training.epochs == 3
    net.fit(X, Y)


def test_float32():
    net, double = (small_network(dtype=dtype) for dtype in ("float32", "float64"))
    for one in (net, double):
        one.fit(X, Y, epochs=10, batch_size=None, optimizer="lbfgs")
    assert net.params.dtype == np.float32
    assert net.loss(X, Y) == pytest.approx(double.loss(X, Y), rel=1e-3)


def test_sparse_samples():
    rows = np.where(X > 0, X, 0)
    net, dense = small_network(), small_network()
    for one, samples in ((net, csr_array(rows)), (dense, rows)):
        one.fit(samples, Y, epochs=10, batch_size=None, optimizer="lbfgs")
    np.testing.assert_array_equal(net.params, dense.params)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # as a kernel that is Python says
def test_divergence():
    net = Network(1, [Dense(1, weights=[[1e200]])])
    with pytest.raises(DivergenceError, match="a loss of inf in epoch 0"):
        net.fit([[1e9], [1]], [1, 2], batch_size=None, optimizer="lbfgs")
    np.testing.assert_array_equal(net.weights[0], [[1e200]])


@pytest.mark.parametrize(
    ("net", "options", "message"),
    [
        (small_network(), {"batch_size": 1}, "None with L-BFGS, got 1: give batch_size=None,"),
        (small_network(), {"learning_rate": 0.1}, "learning_rate must not be given with LBFGS"),
        (small_network(), {"learning_rate": lambda epoch: 0.1}, "a schedule of rates must not be"),
        (small_network(), {"input_noise": 0.1}, "must go without dropout, input_noise and max_n"),
        (Network(3, [Dense(2, max_norm=1)]), {}, "L-BFGS must go without dropout, .*max_norm"),
        (Network(3, [Dense(2, dropout=0.1), Dense(2)]), {}, "L-BFGS must go without dropout"),
    ],
)  # fmt: skip
def test_what_it_goes_without(net, options, message):
    before = net.params.copy()
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y, **{"optimizer": "lbfgs", "batch_size": None} | options)
    np.testing.assert_array_equal(net.params, before)
    assert state_of(net).training is None


def test_without_scipy_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError) as caught:
        small_network().fit(X, Y, batch_size=None, optimizer="lbfgs")
    assert str(caught.value) == 'L-BFGS needs SciPy, of the extra lbfgs: pip install "scipy>=1.13"'
