"""Keras: files that it wrote, and its models where it is installed."""

import os
import sys

import numpy as np
import pytest

from fastnn.exchange import from_keras

from ..networks import TOLERANCES, rows
from . import keras_models
from .keras_models import ACTIVATIONS, FILES

X = rows("float32", 10)
CHAIN = [
    "relu", "relu", "identity", "tanh", "identity", "tanh", "identity",
]  # fmt: skip
EXPECTED = np.load(FILES / "outputs.npz")
LAYERS = (
    "(Dense(7, 'relu'), Dense(6, 'tanh', bias=False), Dense(5, 'elu'), Dense(5, 'leaky_relu'), "
    "Dense(5, 'softplus'), Dense(4, 'relu'), Dense(4, 'gelu'), Dense(4, 'elu'), "
    "Dense(3, 'softmax'))"
)


@pytest.fixture
def keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    return pytest.importorskip("keras")


class Model:
    """As much of a Keras model as is asked of it."""

    def __init__(self, *layers, weights=()):
        self.layers = [{"class_name": name, "config": config} for name, config in layers]
        self.weights = list(weights)

    def get_config(self):
        return {"name": "sequential", "layers": self.layers}

    def get_weights(self):
        return self.weights


def dense(activation="linear", name="dense"):
    """Return the description of a layer of two units."""
    return ("Dense", {"name": name, "units": 2, "activation": activation})


WEIGHTS = [np.eye(2), np.zeros(2)]


# ---- models and files ----------------------------------------------------------------------------


def test_a_file_of_a_model():
    pytest.importorskip("h5py")
    net = from_keras(FILES / "model.keras")
    assert repr(net.layers) == LAYERS
    assert (net.loss_name, net.dtype) == ("cross_entropy", "float32")
    np.testing.assert_allclose(net.predict(X), EXPECTED["model"], **TOLERANCES["float32"])


def test_a_file_of_weights():
    pytest.importorskip("h5py")
    net = from_keras(str(FILES / "plain.weights.h5"), activations=ACTIVATIONS)
    assert net.loss_name == "poisson"
    np.testing.assert_allclose(net.predict(X), EXPECTED["plain"], **TOLERANCES["float32"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, with NumPy 2
def test_a_model_of_this_keras(keras, tmp_path):
    model = keras_models.make_model()
    expected = np.asarray(model(X))
    model.save(tmp_path / "model.keras")
    for given in (model, tmp_path / "model.keras"):
        net = from_keras(given)
        assert repr(net.layers) == LAYERS
        np.testing.assert_allclose(net.predict(X), expected, **TOLERANCES["float32"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, with NumPy 2
def test_weights_of_this_keras(keras, tmp_path):
    plain = keras_models.make_plain()
    expected = np.asarray(plain(X))
    plain.save_weights(tmp_path / "plain.weights.h5")
    for given in (plain.get_weights(), tmp_path / "plain.weights.h5"):
        net = from_keras(given, activations=ACTIVATIONS)
        np.testing.assert_allclose(net.predict(X), expected, **TOLERANCES["float32"])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_file_of_a_functional_model(suffix):
    pytest.importorskip("h5py")
    net = from_keras(FILES / f"chain{suffix}")
    assert [layer.activation for layer in net.layers] == CHAIN
    np.testing.assert_allclose(net.predict(X), np.load(FILES / "chain.npy"), rtol=2e-5, atol=2e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, with NumPy 2
def test_a_functional_model_of_this_keras(keras, tmp_path):
    model = keras_models.make_chain()
    expected = np.asarray(model(X.reshape(-1, 2, 2)))
    for given in (model, tmp_path / "chain.keras", tmp_path / "chain.h5"):
        if given is not model:
            model.save(given)
        net = from_keras(given)
        assert [layer.activation for layer in net.layers] == CHAIN
        np.testing.assert_allclose(net.predict(X), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, with NumPy 2
def test_a_layer_that_stands_twice_in_a_sequential_is_carried_twice(keras):
    twice = keras.layers.Dense(4, "tanh")
    inner = keras.Sequential([keras.Input((4,)), twice, keras.layers.Dense(4), twice])
    model = keras.Sequential([keras.Input((4,)), inner, inner, keras.layers.Dense(1)])
    net = from_keras(model)
    assert [layer.activation for layer in net.layers] == ["tanh", "identity", "tanh"] * 2 + [
        "identity"
    ]
    np.testing.assert_allclose(net.predict(X), np.asarray(model(X)), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, with NumPy 2
def test_functional_models_that_are_no_chain_are_named(keras):
    layers, given = keras.layers, keras.Input((4,))
    hidden = layers.Dense(4)(given)
    for outputs, match in (
        (layers.Add(name="add")([hidden, given]), "a chain: Add 'add' has 2 inputs"),
        ([hidden, given], "one output, got 2"),
        (layers.BatchNormalization(name="norm")(hidden, training=True), "training=True cannot"),
        (hidden + 1, "cannot be carried"),
    ):
        with pytest.raises(ValueError, match=match):
            from_keras(keras.Model(given, outputs))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, with NumPy 2
def test_a_class_of_the_same_name_is_refused(keras, tmp_path):
    @keras.saving.register_keras_serializable()
    class Dense(keras.layers.Dense):
        def call(self, x):
            return 2 * super().call(x)

    model = keras.Sequential([keras.Input((4,)), Dense(3, name="mine")])
    model.save(tmp_path / "mine.keras")
    for given in (model, tmp_path / "mine.keras"):
        with pytest.raises(ValueError, match=r"Dense 'mine' cannot be carried"):
            from_keras(given)


def test_a_model_like_those_of_keras():
    layers = [
        dense("relu"),
        ("Dropout", {"rate": 0.5}),
        dense(),
        ("Activation", {"activation": "tanh"}),
    ]
    net = from_keras(Model(("InputLayer", {}), *layers, weights=[*WEIGHTS, 2 * np.eye(2)]))
    assert repr(net.layers) == "(Dense(2, 'relu'), Dense(2, 'tanh', bias=False))"
    np.testing.assert_allclose(net.predict([-1, 0.5]), [0, np.tanh(1)])


def norm(**config):
    """Return the description of a layer that normalises."""
    return ("BatchNormalization", {"name": "norm", "epsilon": 0.0, **config})


FOLDED = {
    "batch normalisation": ([norm()], [[2.0, 3], [1.0, 1], [1.0, -1], [4.0, 1]]),
    "without gamma": ([norm(scale=False)], [[1.0, 1], [1.0, -1], [4.0, 1]]),
    "without beta": ([norm(center=False)], [[2.0, 3], [1.0, -1], [4.0, 1]]),
    "rescaling": ([("Rescaling", {"scale": 2.0, "offset": [1.0, -1]})], []),
    "normalisation": ([("Normalization", {"mean": [1, 2], "variance": [4.0, 9]})], []),
    "an inverse": ([("Normalization", {"mean": 1, "variance": 4.0, "invert": True})], []),
    "learnt": ([("Normalization", {"mean": None})], [[1.0, 2], [4.0, 9], np.array(7)]),
}


def steps_of(x):
    return {
        "batch normalisation": (x - [1, -1]) / [2, 1] * [2, 3] + 1,
        "without gamma": (x - [1, -1]) / [2, 1] + 1,
        "without beta": (x - [1, -1]) / [2, 1] * [2, 3],
        "rescaling": x * 2 + [1, -1],
        "normalisation": (x - [1, 2]) / [2, 3],
        "an inverse": x * 2 + 1,
        "learnt": (x - [1, 2]) / [2, 3],
    }


@pytest.mark.parametrize("name", FOLDED)
@pytest.mark.parametrize("place", ["before", "between", "after the activation", "at the end"])
def test_what_is_affine_is_folded(name, place):
    layers, arrays = FOLDED[name]
    arrays = [np.asarray(array) for array in arrays]
    x = np.array([[0.5, -1.0], [2.0, 0.25]])
    W, passed = np.array([[1.0, 2.0], [-1.0, 0.5]]), ("Dropout", {})
    first = dense("relu" if place in ("after the activation", "at the end") else "linear", "a")
    described = {
        "before": [*layers, passed, first],
        "between": [first, passed, *layers, dense("tanh", "b")],
        "after the activation": [first, *layers, dense("tanh", "b")],
        "at the end": [first, *layers],
    }[place]
    pair, step = [W, np.ones(2)], lambda x: steps_of(x)[name]
    weights, expected = {
        "before": ([*arrays, *pair], step(x) @ W + 1),
        "between": ([*pair, *arrays, *pair], np.tanh(step(x @ W + 1) @ W + 1)),
        "after the activation": (
            [*pair, *arrays, *pair],
            np.tanh(step(np.maximum(x @ W + 1, 0)) @ W + 1),
        ),
        "at the end": ([*pair, *arrays], step(np.maximum(x @ W + 1, 0))),
    }[place]
    net = from_keras(Model(*described, weights=weights))
    np.testing.assert_allclose(net.predict(x), expected, rtol=1e-13, atol=1e-13)


# ---- weights -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, "identity"), ("linear", "identity"), ("sigmoid", "sigmoid"), ("tanh", "tanh"),
        ("relu", "relu"), ("elu", "elu"), ("softplus", "softplus"), ("silu", "swish"),
        ("swish", "swish"), ("selu", "selu"), ("mish", "mish"), ("gelu", "gelu"),
        ("exponential", "exp"), ("softmax", "softmax"),
    ],
)  # fmt: skip
def test_activations_by_their_names(name, expected):
    assert from_keras(WEIGHTS, activations=[name]).layers[0].activation == expected


def test_biases_may_be_missing():
    net = from_keras([np.eye(2), np.eye(2), np.ones(2)], activations=["relu", None])
    assert net.biases[0] is None
    np.testing.assert_array_equal(net.predict([-1, 1]), [1, 2])


def test_the_loss_may_be_chosen():
    assert from_keras(WEIGHTS, activations=["sigmoid"]).loss_name == "binary_cross_entropy"
    assert from_keras(WEIGHTS, activations=["sigmoid"], loss="mae").loss_name == "mae"


@pytest.mark.parametrize(
    ("weights", "activations", "expected"),
    [
        (WEIGHTS, None, "activations must name one for each layer beside weights, got None"),
        (WEIGHTS, ["relu", "relu"], "layer 1: Dense without weights cannot be carried"),
        (WEIGHTS * 2, ["relu"], "weights must have 1 kernels, got more"),
        (WEIGHTS[1:], ["relu"], r"weights of layer 0 must have shape \(n_in, n_out\), got \(2,\)"),
        (WEIGHTS, ["softsign"], r"layer 0: Dense \(softsign\) cannot be carried"),
    ],
)
def test_weights_that_do_not_fit(weights, activations, expected):
    with pytest.raises(ValueError, match=expected):
        from_keras(weights, activations=activations)


# ---- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([dense("leaky_relu")], "Dense 'dense' (leaky_relu of slope 0.2, ours is 0.01)"),
        ([dense("hard_sigmoid")], "Dense 'dense' (hard_sigmoid)"),
        ([dense(), ("Activation", {"name": "sign", "activation": "softsign"})],
         "Activation 'sign' (softsign)"),
        ([dense({"class_name": "LeakyReLU", "config": {}})],
         "Dense 'dense' (LeakyReLU, negative_slope is 0.3, ours 0.01)"),
        ([("InputLayer", {"batch_shape": [None, 3, 2]}), dense(), ("Flatten", {})],
         "Dense 'dense' before Flatten, of inputs with 2 axes"),
        ([dense(), ("LeakyReLU", {"name": "leaky", "negative_slope": 0.3})],
         "LeakyReLU 'leaky' (LeakyReLU, negative_slope is 0.3, ours 0.01)"),
        ([dense({"class_name": "LeakyReLU", "config": {"negative_slope": 0.3}})],
         "Dense 'dense' (LeakyReLU, negative_slope is 0.3, ours 0.01)"),
        ([dense(), ("ReLU", {"name": "re_lu", "max_value": 6.0})],
         "ReLU 're_lu' (ReLU, max_value is 6, ours None)"),
        ([dense(), ("ELU", {"name": "elu", "alpha": 0.5})],
         "ELU 'elu' (ELU, alpha is 0.5, ours 1)"),
        ([dense(), ("Softmax", {"name": "s", "axis": 0})],
         "Softmax 's' (Softmax, axis is 0, ours -1)"),
        ([dense(), ("Flatten", {"name": "flatten", "data_format": "channels_first"})],
         "Flatten 'flatten' (Flatten, data_format is channels_first, ours channels_last)"),
        ([dense(), ("BatchNormalization", {"name": "norm", "axis": 0})],
         "BatchNormalization 'norm' (BatchNormalization, axis is 0, ours -1)"),
        ([dense(), ("PReLU", {"name": "prelu"})], "PReLU 'prelu'"),
    ],
)  # fmt: skip
def test_what_is_not_ours_is_refused(layers, expected):
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_keras(Model(*layers, weights=WEIGHTS))
    assert str(error.value) == f"layer 0: {expected} cannot be carried"


def test_all_that_cannot_be_carried_is_named():
    layers = [
        dense("relu", "first"), ("LayerNormalization", {"name": "norm"}), dense("tanh", "second"),
        ("Activation", {"name": "again", "activation": "relu"}), dense("softsign", "third"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_keras(Model(*layers, weights=[*WEIGHTS, np.ones(2), np.ones(2), *WEIGHTS, *WEIGHTS]))
    assert str(error.value).splitlines() == [
        "layer 1: LayerNormalization 'norm' cannot be carried",
        "layer 2: Activation 'again' cannot be carried",
        "layer 2: Dense 'third' (softsign) cannot be carried",
    ]


@pytest.mark.parametrize("other", [3, None])
def test_something_else_is_refused(other):
    with pytest.raises(
        TypeError, match="must be a Keras model, a path or a sequence of arrays, got"
    ):
        from_keras(other)


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(
        ImportError, match=r"^from_keras needs h5py, of the extra keras: pip install "
    ):
        from_keras(FILES / "model.keras")
