"""The C in int8 computes what its scheme says, to the bit, and that is near the network."""

import re

import numpy as np
import pytest

from fastnn import Dense, Network, Standardize
from fastnn.datasets import load_digits
from fastnn.exchange import to_c
from fastnn.exchange.c.quantise import quantise
from fastnn.exchange.c.text import layers_of
from fastnn.reference import ACTIVATIONS

from ...support.networks import HIDDEN, make_data

FLOAT64 = np.dtype(np.float64)


def make_network(*layers, n_in=6, **options):
    return Network(n_in, [Dense(*layer) for layer in layers], **({"seed": 0} | options))


def predict_in_whole_numbers(net, calibration, X):
    """Return what the C should: its sums, factors, shifts and tables in NumPy's integers."""
    fixed = quantise(layers_of(net, FLOAT64), calibration)
    step, zero = fixed.scale
    x = np.clip(np.rint(X / step + zero), -128, 127).astype(np.int64)
    *hidden, last = fixed.layers
    for layer, lookup in zip(hidden, fixed.lookups, strict=True):
        sums = x @ layer.W.T.astype(np.int64) + layer.b
        assert np.abs(sums).max() < 2**31
        indices = np.maximum(sums, 0) * lookup.factors >> lookup.shift
        x = lookup.table[np.minimum(indices, 255)].astype(np.int64)
    z = last.steps * (x @ last.W.T.astype(np.int64) + last.b)
    return ACTIVATIONS[net.layers[-1].activation].function(z)


def predict_in_c(net, calibration, X, compiler, tmp_path, dtype="float64"):
    to_c(net, tmp_path / "net.c", int8=True, calibration=calibration, dtype=dtype)
    return compiler.load(tmp_path / "net.c", dtype).predict(X, net.n_out)


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation(activation, compiler, tmp_path):
    net = make_network((9, activation), (8, activation), (3, "tanh"))
    X = 0.3 * make_data(100, 6, 3)[0]  # a stack of exp has too wide a range else
    got = predict_in_c(net, X, X, compiler, tmp_path)
    np.testing.assert_allclose(got, predict_in_whole_numbers(net, X, X), rtol=1e-13, atol=1e-15)
    expected = net.predict(X)
    assert np.abs(got - expected).mean() < 0.01 * np.ptp(expected)


def test_float(compiler, tmp_path):
    net = make_network((9, "gelu"), (3, "softmax"), loss="cross_entropy", dtype="float32")
    X, _ = make_data(100, 6, 3)
    got = predict_in_c(net, X, X, compiler, tmp_path, "float32")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(got, net.predict(X), atol=0.02)


def test_one_layer(compiler, tmp_path):
    net = make_network((3, "identity"))
    X, _ = make_data(100, 6, 3)
    got = predict_in_c(net, X, X, compiler, tmp_path)
    np.testing.assert_allclose(got, predict_in_whole_numbers(net, X, X), rtol=1e-13, atol=1e-15)
    assert np.abs(got - net.predict(X)).max() < 0.02 * np.ptp(got)


@pytest.mark.parametrize("value", [0.0, 1e-12, 1.0, -3.0, 1e12])
def test_all_weights_alike(value, compiler, tmp_path):
    net = make_network((4, "relu"), (2, "tanh"))
    X, _ = make_data(50, 6, 2)
    net.params = np.full_like(net.params, value)
    got = predict_in_c(net, X, X, compiler, tmp_path)
    np.testing.assert_allclose(got, predict_in_whole_numbers(net, X, X), rtol=1e-13, atol=1e-15)
    assert np.isfinite(got).all()


def test_biases_far_above_weights(compiler, tmp_path):
    net = make_network((4, "identity"), (2, "identity"))
    X, _ = make_data(50, 6, 2)
    net.biases[0][:] = [1e9, -1e9, 1.0, 0.0]
    net.biases[1][:] = [1e15, -1e15]
    got = predict_in_c(net, X, X, compiler, tmp_path)
    np.testing.assert_allclose(got, net.predict(X), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("with_mean", [True, False])
def test_columns_of_unlike_scales_are_standardised_first(dtype, with_mean, compiler, tmp_path):
    scales = np.array([100.0, 5.0, 0.001])
    X = np.random.default_rng(0).normal(size=(300, 3)) * scales
    X += with_mean * np.array([1000.0, 20.0, 0.01])
    y = np.sin((X - X.mean(axis=0)) / X.std(axis=0)).sum(axis=1)
    layers = [Standardize(with_mean=with_mean), Dense(12, "tanh"), Dense(1)]
    net = Network(3, layers, dtype=dtype, seed=0)
    net.fit(X, y, epochs=30, batch_size=16, optimizer="adam", learning_rate=0.01)
    expected = net.predict(X)
    got = predict_in_c(net, X, X, compiler, tmp_path, dtype)
    assert np.sqrt(np.mean((got - expected) ** 2)) < 0.1 * expected.std()


def test_what_float_cannot_hold_is_standardised_in_double(compiler, tmp_path):
    X = np.random.default_rng(0).normal(size=(100, 2)) * [1.0, 1e-60] + [1.7e9, 1e-60]
    step = Standardize(X.mean(axis=0), X.std(axis=0))
    net = Network(2, [step, Dense(5, "tanh"), Dense(1)], seed=0)
    to_c(net, tmp_path / "net.c", int8=True, calibration=X, dtype="float32")
    assert "const double input[" in (tmp_path / "net.h").read_text()
    predict = compiler.load(tmp_path / "net.c", "float32").library.net_predict
    got = np.empty((100, 1), np.float32)
    for row, output in zip(X, got, strict=True):
        predict(np.ctypeslib.as_ctypes(row.copy()), np.ctypeslib.as_ctypes(output))
    expected = net.predict(X)
    assert np.sqrt(np.mean((got - expected) ** 2)) < 0.1 * expected.std()


def test_zero_is_exact(compiler, tmp_path):
    net = make_network((2, "identity"))
    got = predict_in_c(net, [[-0.3, 1, 0, 0, 0, 0]], np.zeros((1, 6)), compiler, tmp_path)
    np.testing.assert_array_equal(got, net.predict(np.zeros((1, 6))))


@pytest.mark.parametrize("sample", [[0.0] * 6, [0.5] * 6], ids=str)
def test_calibration_of_one_sample(sample, compiler, tmp_path):
    net = make_network((4, "sigmoid"), (2, "tanh"))
    got = predict_in_c(net, [sample], [sample], compiler, tmp_path)
    np.testing.assert_allclose(got, net.predict([sample]), atol=0.02)


def test_calibration_whose_squares_overflow(compiler, tmp_path):
    net = make_network((4, "tanh"), (2, "identity"))
    net.weights[0][:] *= 1e-200
    samples = 1e200 * make_data(50, 6, 2)[0]
    got = predict_in_c(net, samples, samples, compiler, tmp_path)
    assert np.abs(got - net.predict(samples)).max() < 0.05 * np.ptp(got)


def test_inputs_beyond_calibration_are_cut_off(compiler, tmp_path):
    net = make_network((4, "tanh"), (2, "identity"))
    calibration = [[-1.0] * 6, [1.0] * 6]
    X = np.array([[1.0] * 6, [1e9] * 6, [np.inf] * 6, [-1.0] * 6, [-np.inf] * 6, [np.nan] * 6])
    got = predict_in_c(net, calibration, X, compiler, tmp_path)
    np.testing.assert_array_equal(got[[1, 2]], got[[0, 0]])
    np.testing.assert_array_equal(got[[4, 5]], got[[3, 3]])
    assert (got[0] != got[3]).all()


@pytest.mark.compiled
def test_accuracy_on_the_digits(compiler, tmp_path):
    """The figures in the docstring of `to_c`."""
    X, y = load_digits()
    order = np.random.default_rng(0).permutation(len(y))
    seen, held_out = order[:4000], order[4000:]
    net = make_network((25, "sigmoid"), (10, "sigmoid"), n_in=400, loss="binary_cross_entropy")
    net.fit(X[seen], y[seen], epochs=10, learning_rate=0.1)
    expected = net.predict(X[held_out]).argmax(axis=1)
    got = predict_in_c(net, X[seen], X[held_out], compiler, tmp_path).argmax(axis=1)
    assert np.mean(expected == y[held_out]) > 0.91
    assert np.mean(got == y[held_out]) > np.mean(expected == y[held_out]) - 0.003
    assert np.mean(got == expected) > 0.99


def test_hidden_layers_have_no_floating_point(tmp_path):
    net = make_network((9, "gelu"), (8, "swish"), (3, "tanh"))
    to_c(net, tmp_path / "net.c", int8=True, calibration=make_data(9, 6, 3)[0])
    source = (tmp_path / "net.c").read_text()
    for k in range(2):
        function = re.search(rf"static void layer_{k}\(.*?\n\}}", source, re.DOTALL)[0]
        assert not re.search(r"double|float|\.\d", function)
    index = re.search(r"static int table_index\(.*?\n\}", source, re.DOTALL)[0]
    assert not re.search(r"double|float|\.\d", index)


def test_arguments(tmp_path):
    net, path = make_network((3, "relu")), tmp_path / "net.c"
    X, _ = make_data(9, 6, 3)
    with pytest.raises(ValueError, match="train must be False with int8"):
        to_c(net, path, train=True, int8=True, calibration=X)
    with pytest.raises(ValueError, match=r"got int8=True without .* as calibration=X$"):
        to_c(net, path, int8=True)
    with pytest.raises(ValueError, match=r"calibration .* got a calibration without .*: add int8"):
        to_c(net, path, calibration=X)
    with pytest.raises(ValueError, match=r"calibration must have shape \(n_samples, 6\), got \(6,"):
        to_c(net, path, int8=True, calibration=X[0])
    with pytest.raises(ValueError, match="calibration must be finite"):
        to_c(net, path, int8=True, calibration=X * np.nan)
    wide = Network(2**15, [Dense(1)])
    with pytest.raises(ValueError, match="layers of at most 32767 inputs, got 32768 on layer 0"):
        to_c(wide, path, int8=True, calibration=np.zeros((1, 2**15)))
    assert list(tmp_path.iterdir()) == []
