"""ONNX files, run by onnxruntime, and those that PyTorch and skl2onnx write."""

import sys

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.core import activations
from fastnn.exchange import from_onnx, to_onnx

from ...support.properties import given, settings
from ..networks import (
    TOLERANCES,
    check_equal,
    drawn_networks,
    network_of,
    rows,
    session_of,
)

onnx = pytest.importorskip("onnx")

CASES = [
    (activation, dtype)
    for activation in activations.CODES
    for dtype in TOLERANCES
    if (activation, dtype) != ("gelu", "float64")
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


def run(path, X):
    """Return what onnxruntime answers."""
    return session_of(path).run(["output"], {"input": X})[0]


# ---- to_onnx -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "dtype"), CASES)
def test_onnxruntime_agrees(path, activation, dtype):
    net, X = network_of(activation, dtype), rows(dtype)
    to_onnx(net, path)
    for n in (1, len(X)):
        got = run(path, X[:n])
        assert got.dtype == dtype
        np.testing.assert_allclose(got, net.predict(X[:n]), **TOLERANCES[dtype])


@pytest.mark.parametrize(("activation", "dtype"), CASES)
def test_an_activation_alone_agrees(path, activation, dtype):
    """Weights are 1, so that the units see all that is written here, saturated or tiny."""
    loss = {"softmax": "cross_entropy"}.get(activation, "mse")
    net = Network(2, [Dense(2, activation, weights=np.eye(2))], loss=loss, dtype=dtype)
    z = np.concatenate([np.linspace(-40, 40, 81), [1e-3, -1e-3, 1e-9, -1e-9, 300, -300]])
    if activation == "exp":
        z = z[z <= 40]
    X = np.column_stack([z, z / 3]).astype(dtype)
    to_onnx(net, path)
    np.testing.assert_allclose(run(path, X), net.predict(X), **TOLERANCES[dtype])


def test_gelu_in_float64_is_refused_and_written_in_float32(path):
    net, X = network_of("gelu", "float64"), rows("float32")
    with pytest.raises(ValueError, match=r'^layer 0: gelu .*float32, got float64.*dtype="float32"'):
        to_onnx(net, path)
    assert not path.exists()
    to_onnx(net, path, dtype="float32")
    np.testing.assert_allclose(run(path, X), net.predict(X), **TOLERANCES["float32"])


@pytest.mark.parametrize(("activation", "dtype"), CASES)
def test_a_file_is_well_formed_and_has_standard_operators_only(path, activation, dtype):
    to_onnx(network_of(activation, dtype), path)
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    assert {node.domain for node in model.graph.node} == {""}
    assert [opset.domain for opset in model.opset_import] == [""]
    assert not model.functions


def test_a_file_says_what_it_is(path):
    net = network_of("tanh", "float64")
    to_onnx(net, path)
    model = onnx.load(path)
    got = {prop.key: prop.value for prop in model.metadata_props}
    assert got == {"fastnn.network": repr(net), "fastnn.loss": "mse"}
    assert model.producer_name == "fastnn"
    for value, name, width in zip(
        (*model.graph.input, *model.graph.output), ("input", "output"), (4, 3), strict=True
    ):
        rows, columns = value.type.tensor_type.shape.dim
        assert (value.name, rows.dim_param, columns.dim_value) == (name, "n_samples", width)


def test_padding_is_not_written(path):
    net = network_of("relu", "float32")
    assert net.params.size > net.n_params
    to_onnx(net, path)
    got = [onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer]
    assert sum(array.size for array in got) == net.n_params


def test_numbers_beyond_float32_are_refused(path):
    net = Network(1, [Dense(1, weights=[[1e300]])])
    with pytest.raises(ValueError, match=r"layer_0/weights must be finite in float32, got inf"):
        to_onnx(net, path, dtype="float32")


# ---- and back ------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(drawn_networks())
def test_a_network_comes_back_to_the_bit(tmp_path_factory, net):
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    if any(layer.activation == "gelu" for layer in net.layers) and net.dtype == np.float64:
        to_onnx(net, path, dtype="float32")
        got = from_onnx(path)
        assert [str(layer) for layer in got.layers] == [str(layer) for layer in net.layers]
        for W, own in zip(got.weights, net.weights, strict=True):
            np.testing.assert_array_equal(W, own.astype("float32"))
    else:
        to_onnx(net, path)
        check_equal(from_onnx(path), net)


@pytest.mark.parametrize("loss", ["huber", "mae"])
def test_the_loss_comes_back_unless_one_is_given(path, loss):
    to_onnx(Network(2, [Dense(1, "sigmoid")], loss=loss), path)
    assert from_onnx(path).loss_name == loss
    assert from_onnx(path, loss="binary_cross_entropy").loss_name == "binary_cross_entropy"


def test_what_is_missing_is_said(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"^to_onnx needs onnx, of the extra onnx: pip "):
        to_onnx(network_of("tanh", "float64"), path)
    with pytest.raises(ImportError, match=r"^from_onnx needs onnx"):
        from_onnx(path)
