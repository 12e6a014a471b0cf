"""Activations of a whole row of outputs in ONNX, and the losses that files record."""

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network
from fastnn.exchange import from_onnx, to_onnx
from fastnn.losses import BinaryCrossEntropy, CrossEntropy, Focal, Quantile

from ...support.functions import bent, tilted
from ..networks import TOLERANCES, check_equal, rows, with_biases
from .test_onnx import run

onnx = pytest.importorskip("onnx")

HEADS = [("ascending", 1), ("ascending", 3), ("mean_and_spread", 2), ("mean_and_spread", 4)]
# What softplus rounds to 0 of, or to z; where e^z overflows.
EXTREMES = [0.0, 1e-30, 1e-8, 0.3, 3, 20, 40, 87, 89, 300, 709, 710, 1e4, 1e30]
DTYPES = list(TOLERANCES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


def make(activation, n_out, dtype="float64", loss="mse"):
    layers = [Dense(9, "tanh"), Dense(n_out, activation)]
    return with_biases(Network(4, layers, loss=loss, dtype=dtype, seed=2))


# ---- to_onnx -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "n_out"), HEADS)
def test_onnxruntime_agrees(path, activation, n_out, dtype):
    net, X = make(activation, n_out, dtype), rows(dtype)
    to_onnx(net, path)
    onnx.checker.check_model(str(path), full_check=True)
    for n in (1, len(X)):
        got = run(path, X[:n])
        assert got.dtype == dtype
        np.testing.assert_allclose(got, net.predict(X[:n]), **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "n_out"), HEADS)
def test_outputs_far_from_zero_agree(path, activation, n_out, dtype):
    weights = np.linspace(-1, 1, n_out + 2)[1:-1] if n_out > 1 else [1]
    net = Network(1, [Dense(n_out, activation, weights=[weights], bias=False)], dtype=dtype)
    X = np.concatenate([EXTREMES, np.negative(EXTREMES)]).astype(dtype)[:, np.newaxis]
    to_onnx(net, path)
    got = run(path, X)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])
    if activation == "mean_and_spread":
        assert (got[:, 1::2] > 0).all()
    else:
        assert (np.diff(got) >= 0).all()


@pytest.mark.parametrize(("activation", "n_out"), HEADS)
def test_another_precision(path, activation, n_out):
    net, X = make(activation, n_out), rows("float32")
    to_onnx(net, path, dtype="float32")
    np.testing.assert_allclose(run(path, X), net.predict(X), **TOLERANCES["float32"])


def test_an_activation_of_the_user_is_refused(path):
    @fastnn.activation
    def tanh(z):
        return np.tanh(z), 1 - np.tanh(z) ** 2

    net = Network(2, [Dense(3, bent), Dense(3, "relu"), Dense(1, tanh)])
    with pytest.raises(ValueError, match="cannot be carried") as error:
        to_onnx(net, path)
    assert str(error.value).splitlines() == [
        f"layer {k}: {name}, a function of the user's, cannot be carried: net.save keeps it"
        for k, name in ((0, "bent"), (2, "tanh"))
    ]
    assert not path.exists()


# ---- and back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "n_out"), HEADS)
def test_a_network_comes_back_to_the_bit(path, activation, n_out, dtype):
    net = make(activation, n_out, dtype)
    to_onnx(net, path)
    check_equal(from_onnx(path), net)


@pytest.mark.parametrize(
    ("activation", "n_out", "loss", "noted"),
    [
        ("ascending", 3, Quantile([0.1, 0.5, 0.9]), '{"name": "Quantile", "levels": [0.1, 0.5'),
        ("identity", 3, Quantile(0.9), '{"name": "Quantile", "levels": [0.9]}'),
        ("identity", 3, Quantile(), "quantile"),
        ("mean_and_spread", 2, "gaussian_nll", "gaussian_nll"),
        ("exp", 3, "gamma", "gamma"),
        ("softmax", 3, Focal(gamma=1.5), '{"name": "Focal", "gamma": 1.5}'),
        ("sigmoid", 3, "focal", "focal"),
        ("softmax", 3, CrossEntropy(label_smoothing=0.1), '{"name": "CrossEntropy", "label_'),
        ("sigmoid", 3, BinaryCrossEntropy(label_smoothing=0.1), '{"name": "BinaryCrossEntropy'),
        ("softmax", 3, "cross_entropy", "cross_entropy"),
        ("softmax", 3, "mse", "mse"),
        ("softmax", 3, "log_cosh", "log_cosh"),
    ],
)
def test_a_loss_comes_back(path, activation, n_out, loss, noted):
    net = make(activation, n_out, loss=loss)
    to_onnx(net, path)
    (got,) = (prop.value for prop in onnx.load(path).metadata_props if prop.key == "fastnn.loss")
    assert got.startswith(noted)
    twin = from_onnx(path)
    check_equal(twin, net)
    assert twin.loss_function == net.loss_function
    assert from_onnx(path, loss=tilted).loss_function is tilted
    assert from_onnx(path, loss="huber").loss_name == "huber"


def test_a_loss_of_the_user_is_given_again(path):
    net = make("tanh", 2, loss=tilted)
    to_onnx(net, path)
    with pytest.raises(ValueError, match=r"loss must be given for .*, which was trained for ti"):
        from_onnx(path)
    check_equal(from_onnx(path, loss=tilted), net)
    assert from_onnx(path, loss="mse").loss_name == "mse"


@pytest.mark.parametrize(
    "text",
    [
        "tilted",
        "",
        "{",
        "{}",
        '{"name": "Dense"}',
        '{"name": []}',
        '{"name": "Quantile"}',
        '{"name": "Quantile", "levels": [2]}',
        '{"name": "Quantile", "levels": {"a": 1}}',
        '{"name": "Focal", "gamma": "x"}',
        '{"own": "tilted", "source": ""}',
        pytest.param('{"a":' * 100_000, id="deep"),
    ],
)
def test_a_loss_that_is_none_is_refused(path, text):
    to_onnx(make("tanh", 2), path)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"fastnn.loss": text})
    onnx.save(model, path)
    with pytest.raises(ValueError, match=r"must have the name of a loss in its metadata, got "):
        from_onnx(path)
    assert from_onnx(path, loss="mse").loss_name == "mse"


@pytest.mark.parametrize("loss", [Quantile, lambda y, a: (a - y, 1.0), 3])
def test_what_is_no_loss_is_refused(path, loss):
    to_onnx(make("tanh", 2), path)
    with pytest.raises((TypeError, ValueError), match="loss must be"):
        from_onnx(path, loss=loss)


# ---- graphs that are nearly one ------------------------------------------------------------------


def edited(path, activation, n_out, change):
    """Write a file of which a node or a constant is changed."""
    to_onnx(make(activation, n_out, "float32"), path)
    model = onnx.load(path)
    parts = {part.name: part for part in (*model.graph.node, *model.graph.initializer)}
    change(parts)
    onnx.save(model, path)


def with_attribute(name, value):
    def change(parts):
        (node,) = (part for part in parts.values() if getattr(part, "op_type", "") == "CumSum")
        node.attribute.append(onnx.helper.make_attribute(name, value))

    return change


def with_constant(end, array):
    def change(parts):
        (part,) = (part for name, part in parts.items() if name.endswith(end))
        part.CopyFrom(onnx.numpy_helper.from_array(np.array(array), part.name))

    return change


@pytest.mark.parametrize(
    ("activation", "n_out", "change", "named"),
    [
        ("ascending", 3, with_attribute("reverse", 1), "CumSum, reverse is 1, ours 0"),
        ("ascending", 3, with_attribute("exclusive", 1), "CumSum, exclusive is 1, ours 0"),
        ("ascending", 3, with_constant("axis", np.int64(0)), "CumSum"),
        ("ascending", 3, with_constant("is_first", [[False, True, True]]), "Where"),
        ("ascending", 3, with_constant("is_first", [[True]]), "Where"),
        ("ascending", 3, with_constant("is_first", [[False, True, False]]), "CumSum"),
        ("mean_and_spread", 4, with_constant("is_spread", [[True, False] * 2]), "Where"),
        ("mean_and_spread", 4, with_constant("is_spread", [[True, False, False, False]]), "Where"),
        ("mean_and_spread", 4, with_constant("constant", np.float32(1e-3)), "Where"),
    ],
)
def test_other_rows_are_refused(path, activation, n_out, change, named):
    edited(path, activation, n_out, change)
    with pytest.raises(ValueError, match=r"layer \d: node .*cannot be carried") as error:
        from_onnx(path)
    assert named in str(error.value)


def test_a_head_is_on_the_last_layer(path):
    to_onnx(make("ascending", 3), path)
    model = onnx.load(path)
    model.graph.node[-1].output[0] = "steps"
    W = onnx.numpy_helper.from_array(np.eye(3), "more")
    model.graph.initializer.append(W)
    model.graph.node.append(onnx.helper.make_node("MatMul", ["steps", "more"], ["output"]))
    onnx.save(model, path)
    with pytest.raises(ValueError, match="ascending must be on the last layer only, got it on lay"):
        from_onnx(path)
