"""What all readers have in common: layers one by one, and what is said of those refused."""

import sys

import numpy as np
import pytest

from fastnn.exchange._reading import Reading, import_optional


def reading_of(*activations):
    """Return layers of two units each."""
    reading = Reading()
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
    reading = Reading()
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


def test_biases_come_once_and_are_as_many_as_outputs():
    reading = Reading()
    assert not reading.add_bias(np.ones(2))
    reading.add(np.eye(2), None)
    assert not reading.add_bias(np.ones(3))
    assert not reading.add_bias(np.ones((2, 1)))
    assert reading.add_bias(np.ones((1, 2)))
    assert not reading.add_bias(np.ones(2))
    np.testing.assert_array_equal(reading.network(None).biases, [[1, 1]])


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
    reading = Reading()
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
    ("module", "expected"),
    [
        ("h5py", 'f needs h5py: pip install "fastnn-numba[keras]"'),
        ("onnx", 'f needs onnx: pip install "fastnn-numba[onnx]"'),
        ("sklearn.neural_network", 'f needs scikit-learn: pip install "fastnn-numba[sklearn]"'),
        ("torch", 'f needs PyTorch: pip install "fastnn-numba[torch]"'),
    ],
)
def test_the_extra_of_a_missing_package_is_said(monkeypatch, module, expected):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as error:
        import_optional(module, "f")
    assert str(error.value) == expected
