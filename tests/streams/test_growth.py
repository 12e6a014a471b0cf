"""Wider networks: what was there has the same bits."""

import copy

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._streams.growth import grown, resized
from fastnn._training.state import state_of
from fastnn.optimizers import NAMED, Adam

HIDDEN = [(), (3,), (9,), (70, 5)]


def network(n_in, n_out, hidden=(9,), **options):
    layers = [*(Dense(width, "tanh", **options) for width in hidden), Dense(n_out, "softmax")]
    net = Network(n_in, layers, loss="cross_entropy", seed=1)
    for b in net.biases:
        b[:] = np.arange(len(b)) / 7
    return net


def nothing_spare(net):
    return np.empty((0, net.weights[0].shape[1]))


def trained(net, rows, **options):
    for t, row in enumerate(rows):
        target = np.zeros(net.n_out)
        target[t % net.n_out] = 1
        net.partial_fit(row, target, **(options if t == 0 else {}))
    return net


def rows_for(net, n_rows=8):
    rows = np.random.default_rng(0).normal(size=(n_rows, net.n_in))
    rows[::2, 0] = 0
    return rows


def logits(net, x):
    return net.trace(x, np.eye(net.n_out)[0])[-1].z


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("n_in", [1, 4, 9, 33])
def test_more_inputs_leave_the_outputs_as_they_were(hidden, n_in):
    net = network(n_in, 3, hidden)
    wider, spare = grown(net, 2 * n_in, 3, nothing_spare(net))
    assert spare.shape == (n_in, net.weights[0].shape[1])
    np.testing.assert_array_equal(wider.weights[0][:n_in], net.weights[0])
    assert not wider.weights[0][n_in:].any()
    for x in rows_for(net):
        np.testing.assert_array_equal(wider.predict([*x, *np.ones(n_in)]), net.predict(x))


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("n_out", [1, 2, 3, 4, 5, 8, 16, 64])
def test_more_outputs_leave_the_logits_as_they_were(hidden, n_out):
    net = network(3, n_out, hidden)
    wider, _ = grown(net, 3, n_out + 1, nothing_spare(net))
    for W, old, b, old_b in zip(wider.weights, net.weights, wider.biases, net.biases, strict=True):
        np.testing.assert_array_equal(W[:, : old.shape[1]], old)
        np.testing.assert_array_equal(b[: len(old_b)], old_b)
    assert wider.weights[-1][:, -1].all()
    for x in rows_for(net):
        got, expected = logits(wider, x)[:n_out], logits(net, x)
        if n_out == 4:  # from five outputs on a layer is stored, and summed up, the other way
            np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)
        else:
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", [name for name in NAMED if name != "lbfgs"])
def test_training_goes_on_as_if_nothing_had_grown(name):
    options = {"weight_decay": 0.01, "learning_rate": 0.01}
    net = network(3, 2, (70,), l2=0.01, max_norm=0.5)
    rows = rows_for(net, 40)
    trained(net, rows[:20], optimizer=NAMED[name](**options))
    wider, _ = grown(net, 6, 2, nothing_spare(net))
    trained(net, rows[20:])
    trained(wider, np.hstack([rows[20:], np.zeros((20, 3))]))
    for W, old in zip(wider.weights, net.weights, strict=True):
        np.testing.assert_allclose(W[: len(old)], old, rtol=1e-12)
        assert not W[len(old) :].any()


def test_the_state_of_the_optimiser_grows_too():
    net = network(3, 2)
    trained(net, rows_for(net), optimizer=Adam())
    wider, _ = grown(net, 6, 3, nothing_spare(net))
    old, new = state_of(net).training, state_of(wider).training
    assert new.optimizer == old.optimizer
    np.testing.assert_array_equal(new.counters, old.counters)
    for slot, old_slot in zip(new.slots, old.slots, strict=True):
        assert np.count_nonzero(slot) == np.count_nonzero(old_slot)
        assert slot.sum() == pytest.approx(old_slot.sum())


def test_the_old_network_stays_as_it_is():
    net = network(3, 2)
    trained(net, rows_for(net))
    twin = copy.deepcopy(net)
    grown(net, 6, 3, nothing_spare(net))
    np.testing.assert_array_equal(net.params, twin.params)
    assert state_of(net).random.random() == state_of(twin).random.random()


def test_what_is_new_is_drawn_by_the_initializers():
    class Drawn:
        def __init__(self):
            self.shapes = []

        def __call__(self, random, shape):
            self.shapes.append(shape)
            return np.full(shape, float(len(self.shapes)))

    weights, biases = Drawn(), Drawn()
    last = Dense(2, "softmax", initializer=weights, bias_initializer=biases)
    net = Network(3, [Dense(4, initializer=weights), last], loss="cross_entropy")
    weights.shapes.clear()
    biases.shapes.clear()
    wider, spare = grown(net, 6, 5, nothing_spare(net))
    assert (weights.shapes, biases.shapes) == ([(6, 4), (4, 5)], [(5,)])
    np.testing.assert_array_equal(spare, np.full((3, 4), 1.0))
    np.testing.assert_array_equal(wider.weights[1][:, 2:], np.full((4, 3), 2.0))
    np.testing.assert_array_equal(wider.biases[1][2:], np.full(3, 1.0))


def test_spare_weights_are_kept():
    net = network(2, 2)
    wider, spare = grown(net, 4, 2, nothing_spare(net))
    widest, more = grown(wider, 8, 2, spare)
    np.testing.assert_array_equal(more[:2], spare)
    assert more.shape == (6, 9)
    assert more.all()
    assert not widest.weights[0][2:].any()


def test_spare_weights_of_a_single_layer_get_columns():
    net = network(2, 2, ())
    wider, spare = grown(net, 4, 2, nothing_spare(net))
    wider, more = grown(wider, 4, 3, spare)
    np.testing.assert_array_equal(more[:, :2], spare)
    assert more[:, 2].all()
    assert not wider.weights[0][2:].any()


def test_a_resized_network_is_a_copy():
    net = network(2, 2)
    net.metadata["unit"] = "m"
    trained(net, rows_for(net))
    narrower = resized(resized(net, 9, 2), 2, 2)
    np.testing.assert_array_equal(narrower.params, net.params)
    assert narrower.metadata == net.metadata
    assert not np.shares_memory(narrower.params, net.params)
    rows = rows_for(net)
    np.testing.assert_array_equal(trained(narrower, rows).params, trained(net, rows).params)
