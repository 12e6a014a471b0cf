"""What writers make of `Standardize`: it is folded into the first layer."""

import numpy as np
import pytest

from fastnn import Dense, Network, Population, Standardize
from fastnn.exchange import from_onnx, from_torch, to_c, to_onnx, to_sklearn, to_torch

TOLERANCES = {"float64": {"atol": 1e-11}, "float32": {"atol": 2e-4}}


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(60, 3)) * [1, 10, 0.1] + [0, 50, -2]


def trained(X, dtype="float64", bias=True, seed=0):
    """Return a network that has learnt what X is like."""
    layers = [Standardize(), Dense(6, "tanh", bias=bias), Dense(2)]
    net = Network(3, layers, dtype=dtype, seed=seed)
    net.fit(X, X[:, :2] / 10, epochs=5, batch_size=8)
    return net


@pytest.mark.parametrize("dtype", list(TOLERANCES))
@pytest.mark.parametrize("bias", [True, False])
def test_torch(X, bias, dtype):
    torch = pytest.importorskip("torch")
    net = trained(X, dtype, bias)
    module = to_torch(net)
    with torch.no_grad():
        got = module(torch.tensor(X.astype(dtype))).numpy()
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])
    np.testing.assert_allclose(from_torch(module).predict(X), net.predict(X), **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", list(TOLERANCES))
@pytest.mark.parametrize("bias", [True, False])
def test_onnx(X, bias, dtype, tmp_path):
    pytest.importorskip("onnx")
    net = trained(X, dtype, bias)
    to_onnx(net, tmp_path / "net.onnx")
    got = from_onnx(tmp_path / "net.onnx").predict(X)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (got,) = session.run(None, {"input": X.astype(dtype)})
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])


def test_onnx_in_float32_of_columns_far_from_0(X, tmp_path):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    X = np.round(X * 1000) + 100_000  # numbers that float32 has
    net = trained(X)
    to_onnx(net, tmp_path / "net.onnx", dtype="float32")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (got,) = session.run(None, {"input": X.astype(np.float32)})
    np.testing.assert_allclose(got, net.predict(X), atol=1e-2, rtol=1e-5)
    assert "far columns" not in net.metadata


def test_scikit_learn(X):
    net = trained(X)
    np.testing.assert_allclose(to_sklearn(net).predict(X), net.predict(X), atol=1e-11)


def test_c(X, compiler, tmp_path):
    net = trained(X)
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", "float64").predict(X, 2)
    np.testing.assert_allclose(got, net.predict(X), atol=1e-11)


def test_c_takes_no_steps(X, tmp_path):
    with pytest.raises(ValueError, match="train must be False for a network with Standardize"):
        to_c(trained(X), tmp_path / "net.c", train=True)
    to_c(trained(X).folded(), tmp_path / "net.c", train=True)


def test_populations(X, compiler, tmp_path):
    population = Population([trained(X, seed=0), trained(X[:30], seed=1)])
    expected = population.predict(X).mean
    to_c(population, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", "float64").predict(X, 2)
    np.testing.assert_allclose(got, expected, atol=1e-11)
    pytest.importorskip("onnx")
    to_onnx(population, tmp_path / "net.onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    np.testing.assert_allclose(session.run(None, {"input": X})[0], expected, atol=1e-11)


def test_what_is_not_known_is_not_written(tmp_path):
    net = Network(3, [Standardize(), Dense(1)])
    with pytest.raises(ValueError, match="mean and scale of Standardize must be known"):
        to_c(net, tmp_path / "net.c")
    assert not [*tmp_path.iterdir()]
