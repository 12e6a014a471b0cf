"""What all readers have in common: layers one by one, and what is said of those refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.exchange import from_keras, from_onnx, from_torch, to_sklearn
from fastnn.exchange._affine import Affine
from fastnn.exchange._layer_builder import LayerBuilder


def reading_of(*activations):
    """Return layers of two units each."""
    reading = LayerBuilder()
    for activation in activations:
        reading.add(np.eye(2), np.zeros(2))
        reading.activate(activation, "a module")
    return reading


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("identity", "mse"),
        ("relu", "mse"),
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
        ("exp", "poisson"),
    ],
)
def test_the_loss_is_that_of_the_last_activation(last, expected):
    assert reading_of("tanh", last).network(None).loss_name == expected
    if last == "sigmoid":
        assert reading_of("tanh", last).network("huber").loss_name == "huber"


def test_every_refusal_is_said_with_its_layer():
    reading = LayerBuilder()
    reading.activate("relu", "an activation of inputs")
    reading.add(np.eye(2), None)
    reading.refuse("what follows a product")
    reading.activate("relu", "the activation")
    reading.activate("tanh", "a second activation")
    reading.refuse("what follows an activation")
    with pytest.raises(ValueError, match="cannot be carried") as error:
        reading.network(None)
    assert str(error.value).splitlines() == [
        "layer 0: an activation of inputs cannot be carried",
        "layer 0: what follows a product cannot be carried",
        "layer 1: a second activation cannot be carried",
        "layer 1: what follows an activation cannot be carried",
    ]


def test_what_is_added_to_sums_is_their_biases_and_later_moves_them():
    reading = LayerBuilder()
    reading.add(np.eye(2, dtype=np.float32), None)
    reading.step(Affine.of(1.0, [100.0, 0.0]), "biases")
    reading.step(Affine.of(1.0, 1.0), "a sum")
    reading.step(Affine.of(2.0, 0.0), "a product")
    reading.step(Affine.of(1.0, np.ones(3)), "biases of three")
    with pytest.raises(ValueError, match=r"^layer 0: biases of three cannot be carried$"):
        reading.network(None)


def test_biases_of_zeros_are_biases():
    reading = LayerBuilder()
    reading.add(np.eye(2, dtype=np.float32), None)
    reading.step(Affine.of(1.0, np.zeros(2)), "biases")
    net = reading.network(None)
    np.testing.assert_array_equal(net.biases, [[0, 0]])
    assert net.dtype == "float32"


STEP = Affine.of([2.0, 3.0], [1.0, -1.0])


def test_steps_are_folded_into_the_layers_beside_them():
    X = np.array([[1.0, -2.0], [0.5, 3.0]])
    reading = LayerBuilder()
    reading.step(STEP, "before")
    reading.step(Affine.of(0.5, 0.0), "before")
    reading.add(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
    reading.step(STEP, "after")
    reading.activate("tanh", "tanh")
    reading.step(STEP, "between")
    reading.activate("relu", "relu")
    reading.step(STEP, "at the end")
    net = reading.network(None)
    assert [layer.activation for layer in net.layers] == ["tanh", "relu", "identity"]

    def step(x):
        return x * [2, 3] + [1, -1]

    z = step(step(X) * 0.5 @ [[1, 2], [3, 4]] + 1)
    expected = step(np.maximum(step(np.tanh(z)), 0))
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-14)


@pytest.mark.parametrize("n", [2048, 2049])
def test_a_step_at_the_end_makes_no_table_out_of_bounds(n):
    reading = LayerBuilder()
    reading.add(np.ones((1, n), np.float32), None)
    reading.activate("tanh", "tanh")
    reading.step(Affine.of(np.full(n, 2.0), 0.0), "a product")
    if n == 2048:
        assert reading.network(None).n_layers == 2
        return
    with pytest.raises(ValueError, match="a product of 2049 columns, as a layer of its own at mos"):
        reading.network(None)


def test_what_is_far_from_0_is_in_float64_and_noted():
    reading = LayerBuilder()
    reading.step(Affine.standardisation([1.7e9, 5.0], [700.0, 2.0]), "scaler")
    reading.add(np.eye(2, dtype=np.float32), np.ones(2, np.float32))
    net = reading.network(None)
    assert net.dtype == "float64"
    assert net.metadata == {
        "far columns": {"inputs": {"means": [1.7e9, 5.0], "deviations": [700.0, 2.0]}}
    }
    np.testing.assert_allclose(net.predict([1.7e9 + 350, 9.0]), [1.5, 3.0], rtol=1e-8)


@pytest.mark.parametrize(
    ("W", "b", "expected"),
    [
        (np.eye(2)[0], None, r"weights of layer 0 must have shape \(n_in, n_out\), got \(2,\)"),
        (np.eye(2, dtype=np.float16), None, "dtype must be .* got 'float16'"),
        (np.eye(2), np.zeros(2, np.float32), "must have one dtype, got float32, float64"),
        (np.eye(2), np.zeros(3), r"biases of layer 0 must have shape \(2,\), got \(3,\)"),
        (np.diag([1, np.nan]), None, r"weights of layer 0 must be finite .* got nan at \(1, 1\)"),
        (np.eye(2), np.array([np.inf, 0]), "biases of layer 0 must be finite"),
    ],
)
def test_parameters_are_checked(W, b, expected):
    reading = LayerBuilder()
    reading.add(W, b)
    with pytest.raises(ValueError, match=expected):
        reading.network(None)


def test_widths_are_checked():
    reading = reading_of("tanh")
    reading.add(np.ones((3, 1)), None)
    with pytest.raises(
        ValueError, match=r"weights of layer 1 must have shape \(2, 1\), got \(3, 1"
    ):
        reading.network(None)


@pytest.mark.parametrize(
    ("module", "function", "expected"),
    [
        ("h5py", lambda: from_keras("model.h5"), "from_keras needs h5py, of the extra keras"),
        ("onnx", lambda: from_onnx("net.onnx"), "from_onnx needs onnx, of the extra onnx"),
        (
            "sklearn.neural_network",
            lambda: to_sklearn(Network(1, [Dense(1)])),
            "to_sklearn needs scikit-learn, of the extra sklearn",
        ),
        ("torch", lambda: from_torch(None), "from_torch needs PyTorch, of the extra torch"),
    ],
    ids=["h5py", "onnx", "sklearn", "torch"],
)
def test_the_extra_of_a_missing_package_is_said(tmp_path, monkeypatch, module, function, expected):
    monkeypatch.chdir(tmp_path)
    Path("model.h5").write_bytes(b"")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as error:
        function()
    assert str(error.value).startswith(f"{expected}: pip install ")
