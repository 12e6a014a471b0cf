"""Layers with trainable=False: training leaves them as they are, to the bit."""

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from fastnn import Dense, Network, Population, core
from fastnn._training.state import state_of
from fastnn.callbacks import Callback
from fastnn.optimizers import NAMED, SGD, Adam, AdamW, Momentum, RMSprop
from fastnn.reference import Optimizer, ReferenceNetwork

from ..support.files import saved, saved_and_loaded
from ..support.networks import BATCH_SIZES, check_same, make_data, make_pair

OPTIMIZERS = [
    SGD(0.1),
    SGD(0.1, weight_decay=0.3, decay_biases=True),
    SGD(0.5, clip_norm=0.02),
    Momentum(0.1, clip_norm=0.1),
    RMSprop(momentum=0.5, weight_decay=0.1),
    Adam(0.01, clip_value=0.01),
    AdamW(0.01, weight_decay=0.5, decay_biases=True),
]
FROZEN = [(0,), (1,), (2,), (0, 1), (0, 2)]
PENALTIES = {"l1": 0.01, "l2": 0.1, "max_norm": 0.5}


def network_with(frozen, **options):
    """Return a 4-9-17-2 network whose layers with these numbers are frozen."""
    layers = [
        Dense(width, name, bias_initializer="glorot_uniform", trainable=k not in frozen)
        for k, (width, name) in enumerate([(9, "relu"), (17, "tanh"), (2, "sigmoid")])
    ]
    if penalties := {name: options.pop(name) for name in PENALTIES if name in options}:
        layers = [replace(layer, **penalties) for layer in layers]
    return Network(4, layers, loss="half_sse", **{"seed": 3} | options)


def bytes_of(net):
    """Return the bytes of the weights and biases of each layer."""
    return [W.tobytes() + b.tobytes() for W, b in zip(net.weights, net.biases, strict=True)]


def check_frozen(net, before, frozen):
    """Assert that these layers, and no others, have kept their bits."""
    same = [one == other for one, other in zip(bytes_of(net), before, strict=True)]
    assert same == [k in frozen for k in range(3)]


@pytest.mark.parametrize("penalties", [{}, PENALTIES], ids=["bare", "penalties"])
@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize(
    ("name", "batch_size"),
    [
        (name, batch_size)
        for name in NAMED
        for batch_size in BATCH_SIZES
        if batch_size is None or name not in ("irprop", "lbfgs")
    ],
)
def test_no_optimiser_changes_a_bit(name, batch_size, frozen, penalties):
    if name == "lbfgs":
        penalties = {key: value for key, value in penalties.items() if key != "max_norm"}
    net = network_with(frozen, **penalties)
    for W in net.weights:
        W[0, 0] = -0.0  # which a sum with 0 would turn into 0
    before = bytes_of(net)
    net.fit(*make_data(8, 4, 2), epochs=2, batch_size=batch_size, optimizer=name)
    check_frozen(net, before, frozen)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_updates_are_those_of_the_naive_network(optimizer, batch_size, frozen, dtype):
    net, reference = make_pair(network_with(frozen, l1=0.01, l2=0.1, max_norm=1.0, dtype=dtype))
    X, Y = make_data(7, 4, 2)
    before = bytes_of(net)
    net.fit(X, Y, batch_size=batch_size, optimizer=optimizer, shuffle=False)
    reference.fit(X, Y, batch_size=batch_size, optimizer=Optimizer.like(optimizer))
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"atol": 1e-4}
    check_same(net, reference, tolerance)
    check_frozen(net, before, frozen)


@pytest.mark.parametrize("optimizer", [SGD(0.1), Momentum(0.01)], ids=repr)
@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1)])
def test_wide_inputs_too(optimizer, frozen):
    """Of a first layer that is trained, single samples look ahead."""
    widths = (70, "tanh"), (5, "relu"), (3, "sigmoid")
    layers = [Dense(*each, trainable=k not in frozen) for k, each in enumerate(widths)]
    net, reference = make_pair(Network(100, layers, seed=1))
    assert (state_of(net).model.n_ahead > 1) == (0 not in frozen)
    X, Y = make_data(20, 100, 3)
    net.fit(X, Y, epochs=2, optimizer=optimizer, shuffle=False)
    reference.fit(X, Y, epochs=2, optimizer=Optimizer.like(optimizer))
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-12})


@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize("batch_size", [1, 3])
def test_noise_dropout_weights_and_sparse_rows(batch_size, frozen):
    layers = [replace(layer, dropout=0.3) for layer in network_with(frozen).layers[:-1]]
    net = Network(4, [*layers, network_with(frozen).layers[-1]], seed=0)
    before = bytes_of(net)
    X, Y = make_data(8, 4, 2)
    how = {"batch_size": batch_size, "sample_weight": np.arange(8)}
    net.fit(sparse.csr_array(np.maximum(X, 0)), Y, input_noise=0.1, **how)
    check_frozen(net, before, frozen)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("frozen", FROZEN)
def test_partial_fit(frozen, optimizer):
    net, reference = make_pair(network_with(frozen))
    before, naive = bytes_of(net), Optimizer.like(NAMED[optimizer]())
    X, Y = make_data(6, 4, 2)
    net.partial_fit(X[:2], Y[:2], optimizer=optimizer)
    for x, y in zip(X[2:], Y[2:], strict=True):
        net.partial_fit(x, y)
    reference.fit(X, Y, optimizer=naive)
    check_same(net, reference, {"rtol": 1e-10, "atol": 1e-12})
    check_frozen(net, before, frozen)


@pytest.mark.parametrize("frozen", FROZEN)
def test_gradients_are_zero_there_and_unchanged_elsewhere(frozen):
    net, free = network_with(frozen), network_with(())
    X, Y = make_data(7, 4, 2)
    for gradient, expected in (
        (net.gradient(X, Y), free.gradient(X, Y)),
        (net.gradient_per_sample(X, Y).mean(axis=0), free.gradient_per_sample(X, Y).mean(axis=0)),
    ):
        for k, (W, b, of_W, of_b) in enumerate(parts_of(net, gradient, expected)):
            if k in frozen:
                assert not W.any()
                assert not b.any()
            else:
                np.testing.assert_array_equal(W, of_W)
                np.testing.assert_array_equal(b, of_b)
    for k, (step, expected) in enumerate(zip(net.trace(X, Y), free.trace(X, Y), strict=True)):
        np.testing.assert_array_equal(step.delta, expected.delta)
        np.testing.assert_array_equal(step.grad_W, 0 if k in frozen else expected.grad_W)
        np.testing.assert_array_equal(step.grad_b, 0 if k in frozen else expected.grad_b)
    np.testing.assert_array_equal(net.gradient_of_inputs(X, Y), free.gradient_of_inputs(X, Y))
    np.testing.assert_array_equal(net.jacobian(X), free.jacobian(X))


@pytest.mark.parametrize("optimizer", [SGD(0.1), AdamW(0.1, clip_norm=0.1)], ids=repr)
@pytest.mark.parametrize("frozen", FROZEN)
def test_handles(frozen, optimizer):
    net, twin, free = network_with(frozen), network_with(frozen), network_with(())
    before, (X, Y) = bytes_of(net), make_data(6, 4, 2)
    handle, dx, expected = net.handle(optimizer=optimizer), np.empty(4), np.empty(4)
    core.gradient_of_inputs(handle, X[0], Y[0], dx)
    core.gradient_of_inputs(free.handle(), X[0], Y[0], expected)
    np.testing.assert_array_equal(dx, expected)
    assert not handle.grad.any()
    core.add_gradient_rows(handle, X, Y, np.full(6, 1 / 6))
    np.testing.assert_allclose(handle.grad, net.gradient(X, Y), rtol=1e-12, atol=1e-15)
    core.update(handle, optimizer.learning_rate)
    twin.fit(X, Y, batch_size=None, optimizer=optimizer)
    np.testing.assert_allclose(net.params, twin.params, rtol=1e-12, atol=1e-15)
    core.train_row(handle, X[0], Y[0], 0.1)
    check_frozen(net, before, frozen)


def test_a_population_trains_as_each_network_alone():
    data = make_data(9, 4, 2)
    alone = [network_with(frozen) for frozen in FROZEN]
    population = Population(network_with(frozen) for frozen in FROZEN)
    population.fit(*data, epochs=3, optimizer="adamw", n_threads=2)
    for net, twin in zip(alone, population, strict=True):
        net.fit(*data, epochs=3, optimizer="adamw")
        np.testing.assert_array_equal(net.params, twin.params)
    expected = [net.predict(data[0]) for net in alone]
    np.testing.assert_array_equal(population.outputs(data[0]), expected)


def test_penalties_of_frozen_layers_are_not_recorded():
    X, Y = make_data(8, 4, 2)
    history = network_with((0, 2), l2=0.1).fit(X, Y, batch_size=None)
    W = network_with(()).weights[1]
    assert history["penalty"] == [pytest.approx(0.05 * (W**2).sum(), rel=1e-12)]
    assert "penalty" not in network_with((0, 1, 2), l2=0.1).fit(X, Y)


def test_training_of_nothing_records_the_loss():
    X, Y = make_data(8, 4, 2)
    net = network_with((0, 1, 2))
    before, expected = bytes_of(net), net.loss(X, Y)
    for batch_size in BATCH_SIZES:
        history = net.fit(X, Y, batch_size=batch_size, optimizer="adam")
        assert history["loss"] == [pytest.approx(expected, rel=1e-12)]
    check_frozen(net, before, (0, 1, 2))


# ---- after the network was made ------------------------------------------------------------------


def test_assigned_later_it_is_as_given():
    data = make_data(8, 4, 2)
    net = network_with((), l2=0.1)
    net.fit(*data, epochs=2)
    expected = Network(
        4, [replace(layer, trainable=k == 2) for k, layer in enumerate(net.layers)],
        loss="half_sse", seed=0,
    )  # fmt: skip
    net.trainable = [False, False, True]
    assert net.trainable == expected.trainable == (False, False, True)
    assert repr(net) == repr(expected)
    assert net.summary() == expected.summary()
    before = bytes_of(net)
    for each in (net, expected):
        each.fit(*data, epochs=2, optimizer="adam", shuffle=False)
    np.testing.assert_array_equal(net.params, expected.params)
    check_frozen(net, before, (0, 1))
    assert net.layers[1].weights.base is net.weights[1].base  # still its views
    net.trainable = (True,) * 3
    net.fit(*data, epochs=2, optimizer="adam")
    check_frozen(net, before, ())


def test_an_optimiser_remembers_what_is_frozen_for_a_while():
    net = network_with(())
    X, Y = make_data(8, 4, 2)
    net.fit(X, Y, optimizer="momentum")
    slots = state_of(net).training.slots.copy()
    end = net.weights[0].size  # of a part of layer 0
    net.trainable = [False, True, True]
    net.fit(X, Y, resume=True)
    np.testing.assert_array_equal(state_of(net).training.slots[0, :end], slots[0, :end])
    assert (state_of(net).training.slots != slots).any()


def test_partial_fit_follows_an_assignment():
    net = network_with(())
    X, Y = make_data(8, 4, 2)
    net.partial_fit(X[0], Y[0]).partial_fit(X[1], Y[1])
    net.trainable = [False, True, True]
    before = bytes_of(net)
    net.partial_fit(X[2], Y[2])
    check_frozen(net, before, (0,))


@pytest.mark.parametrize(
    ("flags", "kind", "message"),
    [
        ([True, False], ValueError, "trainable must hold 3 flags, one for each layer, got 2"),
        ([1, 0, 1], TypeError, "trainable of layer 0 must be True or False, got 1"),
        (False, TypeError, "trainable must be a sequence of bool, one a layer, got False"),
        ("yes", TypeError, "trainable must be a sequence of bool, one a layer, got 'yes'"),
    ],
)
def test_assignments_are_checked(flags, kind, message):
    net = network_with((1,))
    with pytest.raises(kind, match=message):
        net.trainable = flags
    assert net.trainable == (True, False, True)


def test_nothing_is_assigned_while_training():
    class Freezing(Callback):
        def epoch(self, run):
            run.network.trainable = [False, True, True]

    net = network_with(())
    with pytest.raises(RuntimeError, match="trainable must be assigned while nothing trains"):
        net.fit(*make_data(8, 4, 2), callbacks=[Freezing()])
    assert net.trainable == (True, True, True)


# ---- copies, files, what is shown ----------------------------------------------------------------


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, saved_and_loaded, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_and_files(twin_of):
    data = make_data(8, 4, 2)
    net = network_with((0,))
    net.trainable = [False, True, False]
    net.fit(*data, optimizer="adam")
    twin = twin_of(net)
    assert twin.trainable == (False, True, False)
    for each in (net, twin):
        each.fit(*data, resume=True)
    np.testing.assert_array_equal(net.params, twin.params)


def test_a_file_of_a_free_network_is_for_an_earlier_fastnn_too():
    keys = []
    for net in (network_with(()), network_with((0,))):
        with np.load(saved(net)) as content:
            header = json.loads(content["header"].tobytes())
        keys.append(["trainable" in layer for layer in header["layers"]])
    assert keys == [[False] * 3, [True, False, False]]


def test_summary_counts_what_is_trained():
    lines = network_with((0,)).summary().splitlines()
    assert "(4, 9) frozen  (9,) frozen" in lines[1]
    assert [line.split() for line in lines[-2:]] == [
        ["total", "251", "2008"],
        ["trained", "206", "1648"],
    ]
    assert network_with((0,)).n_params == 251
    assert "trained" not in network_with(()).summary()


def test_the_naive_network_refuses_flags_of_another_length():
    with pytest.raises(ValueError, match="one entry a layer"):
        ReferenceNetwork([[[1.0]]], [None], ["identity"], trainable=[True, False])


def parts_of(net, *vectors):
    """Yield W and b of each layer in these vectors, laid out as the parameters."""
    twins = []
    for vector in vectors:
        twin = copy.copy(net)
        twin.params = vector
        twins.append(twin)
    for k in range(net.n_layers):
        yield [view[k] for twin in twins for view in (twin.weights, twin.biases)]
