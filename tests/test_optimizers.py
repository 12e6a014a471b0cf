"""Every optimiser in every batch mode, beside the naive one."""

import pickle
import re

import numpy as np
import pytest

from fastnn import Dense, Network, optimizers
from fastnn._training.state import state_of
from fastnn.core.optimizers import KEY, N_UPDATES
from fastnn.core.scratch import BLOCK_ROWS
from fastnn.optimizers import (
    LBFGS,
    NAMED,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    CompiledOptimizer,
    IRprop,
    Momentum,
    Nesterov,
    RMSprop,
    as_optimizer,
)
from fastnn.reference import Optimizer

from .support.networks import (
    BATCH_SIZES,
    check_same,
    drawn_masks,
    drawn_noise,
    make_data,
    make_pair,
    small_network,
)
from .support.optimizers import OPTIMIZERS

pytestmark = pytest.mark.filterwarnings("ignore:batch_size must be None for irprop")

WEIGHTS = np.array([0, 0, 0, 2, 0.5, 1, 0, 1])  # a batch of three, and one of one, weigh nothing


def test_every_optimizer_is_compared_and_documented():
    compiled = {kind for kind in NAMED.values() if issubclass(kind, CompiledOptimizer)}
    assert {type(optimizer) for optimizer in OPTIMIZERS} == compiled
    for name in NAMED:
        assert re.search(rf"\b{name}\b", Network.fit.__doc__), name


# ---- beside the naive ones -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_equals_the_naive_one(optimizer, batch_size, dtype):
    net, reference = make_pair(small_network(dtype=dtype))
    X, Y = make_data(8, 3, 2)
    history = net.fit(X, Y, epochs=4, batch_size=batch_size, optimizer=optimizer, shuffle=False)
    twin = Optimizer.like(optimizer)
    expected = reference.fit(X, Y, epochs=4, batch_size=batch_size, optimizer=twin)
    is_double = dtype == "float64"
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-12} if is_double else {"atol": 1e-4})
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-11 if is_double else 1e-4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_equals_the_naive_one_with_all_that_may_be_added(noise, optimizer, batch_size, dtype):
    layers = [
        Dense(17, "tanh", dropout=0.3, l1=0.01),
        Dense(5, "relu", dropout=0.5, l2=0.1, max_norm=1.0),
        Dense(2, "sigmoid", max_norm=0.5),
    ]
    net, reference = make_pair(Network(3, layers, seed=0, dtype=dtype, loss="half_sse"))
    X, Y = make_data(8, 3, 2)
    how = {"epochs": 3, "batch_size": batch_size, "sample_weight": WEIGHTS}
    history = net.fit(X, Y, optimizer=optimizer, shuffle=False, input_noise=noise, **how)
    key = int(state_of(net).training.counters[KEY])
    expected = reference.fit(
        X, Y, optimizer=Optimizer.like(optimizer), masks=drawn_masks(net, key, 3, 8),
        noise=drawn_noise(net, key, noise, 3, 8), **how,
    )  # fmt: skip
    is_double = dtype == "float64"
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-12} if is_double else {"atol": 1e-3})
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-11 if is_double else 1e-3)


@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam()], ids=repr)
def test_reduction_sum(optimizer):
    net, reference = make_pair(small_network())
    X, Y = make_data(8, 3, 2)
    how = {"epochs": 3, "batch_size": None, "reduction": "sum"}
    net.fit(X, Y, optimizer=optimizer, shuffle=False, **how)
    reference.fit(X, Y, optimizer=Optimizer.like(optimizer), **how)
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-12})


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_penalty_is_of_the_weights_before_they_decay(batch_size):
    optimizer = AdamW(0.1, weight_decay=0.9)
    net, reference = make_pair(Network(3, [Dense(2, l2=0.5)], seed=0))
    X, Y = make_data(6, 3, 2)
    how = {"epochs": 9, "batch_size": batch_size}
    net.fit(X, Y, optimizer=optimizer, shuffle=False, **how)
    reference.fit(X, Y, optimizer=Optimizer.like(optimizer), **how)
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-12})


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_frozen_biases_and_padding_stay(optimizer, dtype):
    layers = [Dense(5, "tanh", train_bias=False, biases=[1, 2, 3, 4, 5]), Dense(2, bias=False)]
    net = Network(3, layers, dtype=dtype, seed=0)
    X, Y = make_data(8, 3, 2)
    net.fit(X, Y, epochs=3, batch_size=3, optimizer=optimizer)
    np.testing.assert_array_equal(net.biases[0], [1, 2, 3, 4, 5])
    real = np.zeros(net.params.size, dtype=bool)
    for view in net._views(real):
        view[...] = True
    assert not net.params[~real].any()


@pytest.mark.parametrize(
    ("optimizer", "batch_size", "expected"),
    [("adam", 1, 4), ("adam", 3, 2), ("adam", None, 1), ("sgd", 3, 2), ("sgd", None, 1)],
)
def test_batches_without_weight_are_no_updates(optimizer, batch_size, expected):
    X, Y = make_data(8, 3, 2)
    net = small_network()
    net.fit(X, Y, batch_size=batch_size, optimizer=optimizer, shuffle=False, sample_weight=WEIGHTS)
    assert state_of(net).training.counters[N_UPDATES] == expected


@pytest.mark.parametrize("batch_size", [2, BLOCK_ROWS, BLOCK_ROWS + 1])
@pytest.mark.parametrize(
    "options",
    [{}, {"reduction": "sum"}, {"input_noise": 0.3}, {"sample_weight": np.arange(70) % 4}],
    ids=str,
)
def test_descent_at_once_equals_that_by_the_gradient(options, batch_size):
    """To know whether a limit is kept, the gradient must be found first."""
    layers = [Dense(17, "relu", dropout=0.4), Dense(5, "tanh", train_bias=False), Dense(2)]
    at_once, later = (Network(3, layers, seed=0) for _ in range(2))
    data = make_data(70, 3, 2)
    how = {"epochs": 3, "batch_size": batch_size, **options}
    history = at_once.fit(*data, optimizer=SGD(0.01), **how)
    expected = later.fit(*data, optimizer=SGD(0.01, clip_value=1e9), **how)
    np.testing.assert_allclose(at_once.params, later.params, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-11)
    assert (
        state_of(at_once).training.counters[N_UPDATES]
        == state_of(later).training.counters[N_UPDATES]
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_shares_too_small_to_change_a_weight_change_it_together(dtype):
    net = Network(1, [Dense(1, weights=[[1.0]], bias=False)], dtype=dtype, loss="half_sse")
    target = 1 + 3 * float(np.finfo("float32").eps)
    net.fit(np.ones((32, 1)), np.full(32, target), batch_size=32, learning_rate=1.0)
    np.testing.assert_allclose(net.weights[0], target, rtol=1e-12)


def test_a_full_batch_of_one_sample_is_a_mean():
    (x, X), (y, Y) = ([rows[:1], rows[[0, 0]]] for rows in make_data(1, 3, 2))
    got, expected = small_network(), small_network()
    got.fit(x, y, batch_size=None, sample_weight=[2.0], learning_rate=0.5)
    expected.fit(X, Y, batch_size=None, learning_rate=0.5)
    np.testing.assert_allclose(got.params, expected.params, rtol=1e-14)


# ---- their state ---------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_parts_equal_the_whole(optimizer, batch_size):
    X, Y = make_data(6, 3, 2)
    how = {"batch_size": batch_size, "shuffle": False}
    whole, parts, rows = small_network(), small_network(), small_network()
    whole.fit(X, Y, epochs=5, optimizer=optimizer, **how)
    parts.fit(X, Y, epochs=2, optimizer=optimizer, **how)
    parts = pickle.loads(pickle.dumps(parts))
    parts.fit(X, Y, epochs=3, optimizer=optimizer, resume=True, **how)
    np.testing.assert_array_equal(parts.params, whole.params)
    rows.partial_fit(X, Y, batch_size=batch_size, optimizer=optimizer)
    for _ in range(4):
        rows.partial_fit(X, Y, batch_size=batch_size)
    np.testing.assert_array_equal(rows.params, whole.params)
    assert state_of(rows).training.epochs == 0


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize(
    "optimizer",
    [
        Momentum(momentum=0.9),
        Nesterov(momentum=0.9),
        RMSprop(alpha=0.9, momentum=0.9, centered=True),
        Adam(betas=(0.9, 0.9)),
    ],
    ids=repr,
)
def test_no_state_stays_subnormal(optimizer, batch_size):
    """Of an input that is 0 after one sample; 0.9 times 4 of the least numbers is 4 of them."""
    X, Y = np.zeros((1024 * batch_size, 1)), np.ones(1024 * batch_size)
    X[0] = 1
    net = Network(1, [Dense(1, train_bias=False)], seed=0, dtype="float32")
    net.fit(X, Y, batch_size=batch_size, optimizer=optimizer, shuffle=False)
    slots = state_of(net).training.slots
    assert (slots != 0).any() == isinstance(optimizer, RMSprop | Adam)
    assert (abs(slots[slots != 0]) >= np.finfo(np.float32).tiny).all()


def test_fit_forgets_the_state_unless_it_is_to_resume():
    X, Y = make_data(6, 3, 2)
    net, fresh = small_network(), small_network()
    net.fit(X, Y, optimizer="adam")
    fresh.params = net.params
    net.fit(X, Y, optimizer="adam", shuffle=False)
    fresh.fit(X, Y, optimizer="adam", shuffle=False)
    np.testing.assert_array_equal(net.params, fresh.params)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Momentum(), Nesterov()),  # one slot each
        (Adam(), AdamW()),
        (Adam(), RMSprop(momentum=0.5)),  # two slots each
        (SGD(), Momentum(dampening=0.5)),
        (RMSprop(momentum=0.5), RMSprop(centered=True)),  # a velocity is no mean
    ],
    ids=repr,
)
def test_another_optimizer_starts_anew(first, second):
    X, Y = make_data(6, 3, 2)
    net, fresh = small_network(), small_network()
    net.fit(X, Y, batch_size=2, optimizer=first)
    fresh.params = net.params
    net.partial_fit(X, Y, batch_size=2, optimizer=second)
    fresh.partial_fit(X, Y, batch_size=2, optimizer=second)
    np.testing.assert_array_equal(net.params, fresh.params)


def test_a_changed_hyperparameter_keeps_the_state():
    X, Y = make_data(6, 3, 2)
    net, other, fresh = small_network(), small_network(), small_network()
    for one in (net, other):
        one.fit(X, Y, optimizer="momentum", shuffle=False)
    fresh.params = net.params
    net.partial_fit(X, Y, learning_rate=0.001)
    other.partial_fit(X, Y, optimizer=Momentum(0.001))
    fresh.partial_fit(X, Y, optimizer=Momentum(0.001))
    np.testing.assert_array_equal(net.params, other.params)
    assert (net.params != fresh.params).any()


# ---- names, rates, bad hyperparameters -----------------------------------------------------------


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_the_one_with_its_defaults(name):
    X, Y = make_data(6, 3, 2)
    net, other = small_network(), small_network()
    how = {"epochs": 2, "batch_size": None}
    net.fit(X, Y, optimizer=name, **how)
    other.fit(X, Y, optimizer=NAMED[name](), **how)
    np.testing.assert_array_equal(net.params, other.params)
    assert NAMED[name].__name__.lower() == name


def test_as_optimizer():
    assert as_optimizer(None, None, None) == SGD()
    assert as_optimizer(None, 0.5, None) == SGD(0.5)
    assert as_optimizer(None, 0.5, Adam(eps=1e-3)) == Adam(0.5, eps=1e-3)
    assert as_optimizer("adam", None, Adam(eps=1e-3)) == Adam(eps=1e-3)
    assert as_optimizer("adam", None, AdamW()) == Adam()
    assert as_optimizer(Nesterov(0.2), 0.5, Adam()) == Nesterov(0.5)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: SGD(0), ValueError, "learning_rate must be finite and above 0, got 0"),
        (lambda: Adam("fast"), TypeError, "learning_rate must be a number, got 'fast'"),
        (lambda: SGD(weight_decay=-1), ValueError, "weight_decay must be at least 0 .* got -1"),
        (lambda: SGD(clip_norm=0), ValueError, "clip_norm must be finite and above 0, got 0"),
        (lambda: SGD(clip_value=np.nan), ValueError, "clip_value must be finite .* got nan"),
        (lambda: Momentum(momentum=1), ValueError, "momentum must be .* below 1, got 1"),
        (lambda: Momentum(dampening=1), ValueError, "dampening must be .* below 1, got 1"),
        (lambda: Nesterov(momentum=-0.1), ValueError, "momentum must be at least 0 .* got -0.1"),
        (lambda: RMSprop(alpha=1), ValueError, "alpha must be .* below 1, got 1"),
        (lambda: RMSprop(eps=0), ValueError, "eps must be finite and above 0, got 0"),
        (lambda: RMSprop(momentum=None), TypeError, "momentum must be a number, got None"),
        (lambda: Adagrad(lr_decay=-1), ValueError, "lr_decay must be at least 0 .* got -1"),
        (lambda: Adagrad(initial_accumulator_value=np.inf), ValueError, "initial_accumulator_val"),
        (lambda: Adagrad(eps=0), ValueError, "eps must be finite and above 0, got 0"),
        (lambda: Adam(betas=0.9), TypeError, "betas must be a pair of numbers, got 0.9"),
        (lambda: Adam(betas=(0.9, 1)), ValueError, "a beta must be .* below 1, got 1"),
        (lambda: Adam(eps=0), ValueError, "eps must be finite and above 0, got 0"),
        (lambda: SGD(decay_biases=1), TypeError, "decay_biases must be True or False, got 1"),
        (lambda: AdamW(weight_decay=-1), ValueError, "weight_decay must be at least 0 .* got -1"),
        (lambda: IRprop(etas=0.5), TypeError, "etas must be a pair of numbers, got 0.5"),
        (lambda: IRprop(etas=(1.2, 0.5)), ValueError, "etas must be below and above 1, got"),
        (lambda: IRprop(step_sizes=(2, 1)), ValueError, "step_sizes must be in order, got"),
        (lambda: LBFGS(memory=0), ValueError, "memory must be at least 1, got 0"),
        (lambda: LBFGS(gtol=-1), ValueError, "gtol must be at least 0 .* got -1"),
        (lambda: as_optimizer(LBFGS(), 0.1, None), ValueError, "learning_rate must not be given"),
        (lambda: as_optimizer("adamant", None, None), ValueError, "one of 'sgd', .*'lbfgs'; got"),
        (lambda: as_optimizer(Adam, None, None), TypeError, r"the class: write Adam\(\)"),
    ],
)
def test_bad_hyperparameters(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize("base", [optimizers.Optimizer, CompiledOptimizer])
def test_an_optimizer_without_a_formula_is_refused(base):
    class Mine(base):
        pass

    net = Network(3, [Dense(1)], seed=0)
    before = net.params.copy()
    match = "optimizer must be of SGD, .*LBFGS, or of a class that derives .* got one of Mine"
    for train in (
        lambda: net.fit(np.ones((4, 3)), np.ones((4, 1)), optimizer=Mine()),
        lambda: net.partial_fit(np.ones((4, 3)), np.ones((4, 1)), optimizer=Mine()),
        lambda: net.handle(optimizer=Mine()),
    ):
        with pytest.raises(TypeError, match=match):
            train()
    np.testing.assert_array_equal(net.params, before)


# ---- beside PyTorch ------------------------------------------------------------------------------
