"""A sample of weight 0 counts as nothing, though its loss and its gradient be infinite."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastnn import Dense, Heads, Network, Population, core
from fastnn._training import model
from fastnn.core.simd.bitset import TILE_ROWS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, not compiled

N, N_IN = 23, 4
RANDOM = np.random.default_rng(0)
MILD = RANDOM.normal(size=(N, N_IN))
Y = RANDOM.random((N, 3))
WEIGHTS = np.where(np.arange(N) % 5 == 1, 0, RANDOM.random(N))
WEIGHTS[[0, N - 2, N - 1]] = 0
WILD = np.where(WEIGHTS[:, None] == 0, 1e200, MILD)  # its square is beyond float64
LAST = {
    "three outputs": ([Dense(3)], "mse"),
    "one output": ([Dense(1)], "half_sse"),  # packed, in batches
    "a loss of z": ([Dense(3, "exp")], "poisson"),
    "heads": ([Heads(Dense(1), Dense(2))], "mse"),
}


def make(kind="three outputs", **options):
    last, loss = LAST[kind]
    return Network(N_IN, [Dense(5, "relu"), *last], loss=loss, seed=1, **options)


def targets_of(net):
    return Y[:, : net.n_out]


@pytest.fixture(params=[False, True])
def may_look_ahead(request, monkeypatch):
    monkeypatch.setattr(
        model, "look_ahead_rows", lambda table, itemsize: TILE_ROWS if request.param else 1
    )


@pytest.mark.usefixtures("may_look_ahead")
@pytest.mark.parametrize("kind", LAST)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": "adam"},
        {"batch_size": 5},
        {"batch_size": 5, "optimizer": "momentum"},
        {"batch_size": None, "optimizer": "irprop"},
        {"input_noise": 0.1},
        {"input_noise": 0.1, "batch_size": 4},
    ],
)
def test_training_has_the_same_bits_whatever_is_in_the_sample(kind, options):
    metrics = ["mse"] if kind != "heads" else []
    nets = make(kind), make(kind)
    for net, X in zip(nets, (MILD, WILD), strict=True):
        net.fit(X, targets_of(net), epochs=3, sample_weight=WEIGHTS, metrics=metrics,
                learning_rate=0.01, **options)  # fmt: skip
        assert np.isfinite([*net.history.columns().values()]).all()
    assert_array_equal(nets[0].params, nets[1].params)
    assert nets[0].history.columns() == nets[1].history.columns()


def test_with_another_weight_it_counts():
    assert make().loss(WILD, Y) == np.inf


@pytest.mark.parametrize("kind", LAST)
def test_the_loss_and_the_gradient(kind):
    net = make(kind)
    targets, used = targets_of(net), WEIGHTS > 0
    how = {"sample_weight": WEIGHTS[used]}
    assert net.loss(WILD, targets, sample_weight=WEIGHTS) == pytest.approx(
        net.loss(MILD[used], targets[used], **how), rel=1e-12
    )
    found = net.gradient(WILD, targets, sample_weight=WEIGHTS)
    np.testing.assert_allclose(found, net.gradient(MILD[used], targets[used], **how), rtol=1e-9)


def test_classes_of_weight_zero():
    X, labels = np.where(np.arange(N)[:, None] % 3 == 0, 1e200, MILD), np.arange(N) % 3
    net = make()
    history = net.fit(X, labels, epochs=2, batch_size=4, class_weight={0: 0.0})
    assert np.isfinite(history["loss"]).all()
    population = Population([make()])
    population.fit(X, labels, epochs=2, batch_size=4, class_weight={0: 0.0})
    assert_array_equal(population[0].params, net.params)


def test_a_handle():
    handle = make().handle()
    loss = core.add_gradient(handle, WILD[0], Y[0], 0.0)
    assert loss == np.inf  # it is without the weight
    assert_array_equal(handle.grad, 0)
    core.add_gradient_rows(handle, WILD, Y, WEIGHTS)
    assert np.isfinite(handle.grad).all()
    assert handle.grad.any()
