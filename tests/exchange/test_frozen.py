"""What readers and writers make of layers with trainable=False."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.exchange import from_keras, from_onnx, from_torch, to_c, to_onnx, to_torch


def network_with(frozen):
    """Return a 4-6-5-2 network whose layers with these numbers are frozen."""
    widths = (6, "tanh"), (5, "relu"), (2, "identity")
    layers = [Dense(*each, trainable=k not in frozen) for k, each in enumerate(widths)]
    return Network(4, layers, loss="half_sse", seed=0)


FROZEN = [(), (0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)]


@pytest.mark.parametrize("frozen", FROZEN)
def test_torch_has_no_gradient_of_them(frozen):
    pytest.importorskip("torch")
    net = network_with(frozen)
    module = to_torch(net)
    flags = [part.weight.requires_grad for part in module if hasattr(part, "weight")]
    assert flags == [part.bias.requires_grad for part in module if hasattr(part, "bias")]
    assert flags == [*net.trainable]
    assert from_torch(module).trainable == net.trainable


@pytest.mark.parametrize("trainable", [True, False])
def test_keras_tells_whether_a_layer_is(trainable):
    class Model:  # what `from_keras` asks of a model
        def get_config(self):
            config = {"activation": "relu", "trainable": trainable}
            return {"layers": [{"class_name": "Dense", "config": config}]}

        def get_weights(self):
            return [np.ones((2, 3)), np.zeros(3)]

    Model.__name__ = "Sequential"
    assert from_keras(Model()).trainable == (trainable,)


@pytest.mark.parametrize("frozen", FROZEN[:-1])
def test_c_leaves_them_as_they_are(frozen, compiler, tmp_path):
    net = network_with(frozen)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 4)), rng.random((20, 2))
    to_c(net, tmp_path / "net.c", train=True)
    text = (tmp_path / "net.c").read_text()
    for k in range(3):
        assert (f"static const double W_{k}" in text) == (k in frozen)
        assert (f"static const double b_{k}" in text) == (k in frozen)
    assert text.count(", frozen\n") == len(frozen)
    program = compiler.load(tmp_path / "net.c", "float64")
    for x, y in zip(X, Y, strict=True):
        program.train(x, y, 0.1)
    net.partial_fit(X, Y, learning_rate=0.1)
    np.testing.assert_allclose(program.predict(X, 2), net.predict(X), rtol=1e-11, atol=1e-11)


def test_c_takes_no_steps_of_nothing(tmp_path):
    with pytest.raises(ValueError, match="train must be False where all layers are frozen"):
        to_c(network_with((0, 1, 2)), tmp_path / "net.c", train=True)


def test_what_only_predicts_does_without(tmp_path):
    pytest.importorskip("onnx")
    for name, frozen in (("frozen", (0, 1)), ("free", ())):
        to_onnx(network_with(frozen), tmp_path / f"{name}.onnx")
    frozen, free = (from_onnx(tmp_path / f"{name}.onnx") for name in ("frozen", "free"))
    assert repr(frozen) == repr(free)
    np.testing.assert_array_equal(frozen.params, free.params)
