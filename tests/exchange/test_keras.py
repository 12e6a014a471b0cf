"""Keras: files that it wrote, and its models where it is installed."""

import json
import os
import sys
import zipfile

import numpy as np
import pytest

from fastnn.exchange import from_keras

from . import keras_models
from .keras_models import ACTIVATIONS, FILES
from .networks import TOLERANCES, rows

X = rows("float32", 10)
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


def test_a_functional_model_is_refused(keras):
    inputs = keras.Input((2,))
    with pytest.raises(TypeError, match="a Keras model must be a Sequential, got Functional"):
        from_keras(keras.Model(inputs, keras.layers.Dense(2)(inputs)))


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
        (WEIGHTS, ["celu"], r"layer 0: Dense \(celu\) cannot be carried"),
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
        ([dense("celu")], "Dense 'dense' (celu)"),
        ([dense(), ("Activation", {"name": "glu", "activation": "glu"})],
         "Activation 'glu' (glu)"),
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
        ([dense(), ("Flatten", {"name": "flatten"})], "Flatten 'flatten'"),
    ],
)  # fmt: skip
def test_what_is_not_ours_is_refused(layers, expected):
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_keras(Model(*layers, weights=WEIGHTS))
    assert str(error.value) == f"layer 0: {expected} cannot be carried"


def test_all_that_cannot_be_carried_is_named():
    layers = [
        dense("relu", "first"), ("BatchNormalization", {"name": "norm"}), dense("tanh", "second"),
        ("Activation", {"name": "again", "activation": "relu"}), dense("hard_tanh", "third"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_keras(Model(*layers, weights=[*WEIGHTS, np.ones(2), np.ones(2), *WEIGHTS, *WEIGHTS]))
    assert str(error.value).splitlines() == [
        "layer 1: BatchNormalization 'norm' cannot be carried",
        "layer 2: Activation 'again' cannot be carried",
        "layer 2: Dense 'third' (hard_tanh) cannot be carried",
    ]


@pytest.mark.parametrize("other", [3, None])
def test_something_else_is_refused(other):
    with pytest.raises(
        TypeError, match="must be a Keras model, a path or a sequence of arrays, got"
    ):
        from_keras(other)


def test_files_of_something_else(tmp_path):
    h5py = pytest.importorskip("h5py")
    h5py.File(tmp_path / "other.h5", "w").close()
    with pytest.raises(ValueError, match="a file of weights must be one that Keras 3 saves"):
        from_keras(tmp_path / "other.h5", activations=["relu"])
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(OSError, match="signature not found"):
        from_keras(tmp_path / "text.h5", activations=["relu"])
    with pytest.raises(FileNotFoundError):
        from_keras(tmp_path / "missing.h5", activations=["relu"])
    with zipfile.ZipFile(tmp_path / "functional.keras", "w") as archive:
        config = {"layers": [], "input_layers": []}
        archive.writestr("config.json", json.dumps({"class_name": "Functional", "config": config}))
    with pytest.raises(TypeError, match="must be a Sequential, got Functional"):
        from_keras(tmp_path / "functional.keras")


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(
        ImportError, match=r'^from_keras needs h5py: pip install "fastnn-numba\[keras'
    ):
        from_keras(FILES / "model.keras")
