"""What a network lets be assigned, and what is reached through its layers."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from fastnn import Dense, Network, core
from fastnn._training.state import state_of

from ..support.networks import make_data, small_network

X, Y = make_data(6, 3, 2)


def mixed_network(dtype="float64"):
    return Network(3, [Dense(4, "tanh", bias=False), Dense(2)], dtype=dtype, seed=0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_weights_and_biases_are_copied_in(dtype):
    net = mixed_network(dtype)
    views, expected = (*net.weights, net.biases[1]), [np.ones((3, 4)), np.full((4, 2), 2.0)]
    net.weights = expected
    net.biases = (None, [3, 4])
    for W, given in zip(net.weights, expected, strict=True):
        np.testing.assert_array_equal(W, given)
        assert W.dtype == dtype
    assert net.biases[0] is None
    np.testing.assert_array_equal(net.biases[1], [3, 4])
    assert all(a is b for a, b in zip(views, (*net.weights, net.biases[1]), strict=True))
    expected[0][:] = 7
    np.testing.assert_array_equal(net.weights[0], np.ones((3, 4)))
    hidden = np.tanh(X.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(net.predict(X), 8 * hidden + [3, 4], rtol=1e-5)
    assert (net.params != 0).sum() == net.n_params  # padding stayed zero


def test_arrays_of_the_network_itself():
    net = Network(3, [Dense(3), Dense(3)], seed=0)
    first, second = (W.copy() for W in net.weights)
    net.weights = net.weights[::-1]
    np.testing.assert_array_equal(net.weights[0], second)
    np.testing.assert_array_equal(net.weights[1], first)
    net.weights = [W.T for W in net.weights]
    np.testing.assert_array_equal(net.weights[0], second.T)
    net.params += 1
    assert (net.params != 0).sum() == net.n_params  # padding stayed zero
    np.testing.assert_array_equal(net.weights[0], second.T + 1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_that_has_diverged_is_whole_once_its_weights_and_biases_are_replaced(dtype):
    net = Network(3, [Dense(5, "tanh"), Dense(3, "exp")], seed=0, dtype=dtype)
    twin, handle = copy.deepcopy(net), net.handle()
    for _ in range(3):
        core.add_gradient(handle, np.ones(3), np.full(3, 1e3, dtype), 1.0)
        core.update(handle, 1e18)
    assert not np.isfinite(net.params).all()
    net.weights, net.biases = twin.weights, twin.biases
    np.testing.assert_array_equal(net.params, twin.params)  # its padding too


ONES = [np.ones((3, 4)), np.ones((4, 2))]


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("weights", ONES[:1], ValueError, "weights must hold 2 arrays, one for each layer, got 1"),
        ("weights", [*ONES, None], ValueError, "weights must hold 2 arrays, .* got 3"),
        ("weights", ONES[::-1], ValueError, r"of layer 0 must have shape \(3, 4\), got \(4, 2\)"),
        ("weights", [ONES[0], ONES[1].T], ValueError, "weights of layer 1 must have shape"),
        ("weights", [ONES[0], ONES[1] * np.nan], ValueError, "weights of layer 1 must be finite"),
        ("weights", [ONES[0], None], ValueError, "weights of layer 1 must be an array, got None"),
        ("weights", [ONES[0], "abc"], TypeError, "weights of layer 1 must hold real numbers"),
        ("weights", 3, TypeError, "weights must be a sequence of arrays, got 3"),
        ("weights", "ab", TypeError, "weights must be a sequence of arrays, got 'ab'"),
        (
            "biases",
            [[1, 2, 3, 4], [1, 2]],
            ValueError,
            "biases of layer 0 must be None: .* has non",
        ),
        ("biases", [None, None], ValueError, "biases of layer 1 must be an array, got None"),
        ("biases", [None, [1]], ValueError, r"biases of layer 1 must have shape \(2,\), got"),
        ("biases", [[1, 2]], ValueError, "biases must hold 2 arrays"),
        ("params", [1.0], ValueError, "params must have shape"),
    ],
)
def test_all_or_nothing(name, value, error, message):
    net = mixed_network()
    before = net.params.copy()
    with pytest.raises(error, match=message):
        setattr(net, name, value)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize(
    "name",
    [
        "n_in", "n_out", "n_layers", "layers", "loss_name", "dtype", "history", "n_params",
        "loss", "fit", "predict", "gradient",
    ],
)  # fmt: skip
def test_what_the_network_is_stays(name):
    net = small_network()
    before, text = getattr(net, name), repr(net)
    for value in (7, "mae", None):
        with pytest.raises(AttributeError, match=f"{name} must stay as the network was made"):
            setattr(net, name, value)
    assert repr(net) == text
    assert repr(getattr(net, name)) == repr(before)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("wieghts", "; did you mean weights?"),
        ("bias", "; did you mean biases?"),
        ("metadta", "; did you mean metadata?"),
        ("learning_rate", ""),
    ],
)
def test_a_slip_is_an_error(name, hint):
    net = small_network()
    with pytest.raises(AttributeError) as caught:
        setattr(net, name, 1)
    assert str(caught.value) == f"a Network has no attribute {name}{hint}"
    assert not hasattr(net, name)


@pytest.mark.parametrize(
    "name",
    ["n_in", "n_out", "layers", "loss_name", "dtype", "metadata", "params", "weights", "fit"],
)
def test_nothing_is_deleted(name):
    net = small_network()
    before = repr(getattr(net, name))
    with pytest.raises(AttributeError, match=f"{name} must stay, got del"):
        delattr(net, name)
    assert repr(getattr(net, name)) == before
    net.fit(X, Y)


@pytest.mark.parametrize(
    "name",
    [*(own for own in vars(small_network()) if own.startswith("_")), "_adopt", "_as_rows"],
)
def test_what_the_network_uses_is_its_own(name):
    net = small_network()
    with pytest.raises(AttributeError, match=f"{name} must not be assigned: the network itself"):
        setattr(net, name, "mine")
    with pytest.raises(AttributeError, match=f"{name} must not be deleted: the network itself"):
        delattr(net, name)
    net.fit(X, Y)
    net._mine = 3
    assert net._mine == 3
    del net._mine
    with pytest.raises(AttributeError):
        del net._mine


def test_params_that_are_read_only():
    net = small_network()
    x, y = X[0].copy(), Y[0].copy()
    net.partial_fit(x, y)
    net.partial_fit(x, y)  # by the step that was made ready
    before, epochs = net.params.copy(), state_of(net).training.epochs
    net.params.setflags(write=False)
    for train in (
        lambda: net.fit(X, Y),
        lambda: net.fit([(X, Y)]),
        lambda: net.partial_fit(X, Y),
        lambda: net.partial_fit(x, y),
    ):
        with pytest.raises(ValueError, match="params must be writable to be trained"):
            train()
    np.testing.assert_array_equal(net.params, before)
    assert state_of(net).training.epochs == epochs
    net.params.setflags(write=True)
    net.fit(X, Y)
    assert (net.params != before).any()


class Named(Network):
    """A network of the user's own, with an attribute of its own."""

    def __init__(self, name, *args, **options):
        self.name = name
        super().__init__(*args, **options)


COPIES = [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]


@pytest.mark.parametrize("copied", COPIES)
def test_a_subclass_has_its_own(copied):
    net = Named("mine", 3, [Dense(2)], seed=0)
    net.unit = "m"
    twin = copied(net)
    assert (twin.name, twin.unit) == ("mine", "m")
    np.testing.assert_array_equal(twin.params, net.params)
    with pytest.raises(AttributeError, match="n_in must stay"):
        twin.n_in = 4
    twin.weights = [np.zeros((3, 2))]
    np.testing.assert_array_equal(twin.predict(X), 0)
    assert net.predict(X).any()


# ---- layers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [lambda net: net, *COPIES])
def test_layers_hold_the_networks_own_arrays(copied, tmp_path):
    given = np.ones((3, 4))
    layers = [Dense(4, "tanh", weights=given, bias=False), Dense(2)]
    net = copied(Network(3, layers, seed=0))
    net.fit(X, Y, epochs=2)
    net.save(tmp_path / "net")
    for one in (net, Network.load(tmp_path / "net")):
        for k, layer in enumerate(one.layers):
            assert layer.weights is one.weights[k]
            assert layer.biases is one.biases[k]
    assert (net.layers[0].weights != given).any()
    net.layers[0].weights[:] = 0
    np.testing.assert_array_equal(net.hidden(X)[0], 0)
    np.testing.assert_array_equal(layers[0].weights, given)  # the user's description is as it was
    assert layers[1].weights is None


def test_a_network_of_the_layers_of_another():
    net = Network(3, [Dense(4, "tanh", weights=np.ones((3, 4))), Dense(2)], seed=0)
    net.fit(X, Y)
    twin = Network(3, net.layers, dtype="float32")
    np.testing.assert_allclose(twin.predict(X), net.predict(X), rtol=1e-4, atol=1e-6)
    twin.fit(X, Y)
    assert (twin.weights[0] != net.weights[0]).any()
    fresh = Network(3, [replace(layer, weights=None, biases=None) for layer in net.layers], seed=3)
    expected = Network(3, [Dense(4, "tanh"), Dense(2)], seed=3)
    np.testing.assert_array_equal(fresh.params, expected.params)
