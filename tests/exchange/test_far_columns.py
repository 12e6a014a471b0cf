"""Columns far from 0, as times and northings are: an export in float32 is as good as any."""

import ctypes
import re

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.exchange import from_onnx, to_c, to_onnx
from fastnn.exchange._centres import note_far

from .c.c_programs import C_TYPES, Compiler, find_compilers

RANDOM = np.random.default_rng(0)
# Times within an hour, for which float32 itself is too coarse, and within a year; northings.
MEANS = {"hour": [1.7e9, 5e6, 3.0], "year": [1.7e9, 5e6, 3.0], "near": [20.0, -5.0, 3.0]}
DEVIATIONS = {"hour": [1000.0, 250.0, 2.0], "year": [9e6, 5e3, 2.0], "near": [1.0, 1.0, 2.0]}
KINDS = list(MEANS)


def network_of(kind, hidden=(8,)):
    """Return a network of raw columns, some of them, and the outputs that are right."""
    mean, deviation = (np.array(values[kind]) for values in (MEANS, DEVIATIONS))
    layers = [Dense(n, "tanh") for n in hidden]
    net = Network(3, [*layers, Dense(1)], seed=3)
    standard = RANDOM.normal(size=(200, 3))
    raw = (mean + deviation * standard).astype("float32").astype(float)
    if kind == "hour":
        raw = mean + deviation * standard
    expected = net.predict((raw - mean) / deviation)
    W = net.weights[0] / deviation[:, np.newaxis]
    first = Dense(net.layers[0].n_out, net.layers[0].activation, weights=W,
                  biases=net.biases[0] - mean @ W)  # fmt: skip
    others = [
        Dense(layer.n_out, layer.activation, weights=W, biases=b)
        for layer, W, b in zip(net.layers[1:], net.weights[1:], net.biases[1:], strict=True)
    ]
    folded = Network(3, [first, *others])
    note_far(folded, (mean, deviation), None)
    np.testing.assert_allclose(folded.predict(raw), expected, atol=1e-6)
    return folded, raw, expected


@pytest.mark.parametrize("hidden", [(8,), ()])
@pytest.mark.parametrize("kind", KINDS)
def test_onnx_in_float32(tmp_path, kind, hidden):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    net, raw, expected = network_of(kind, hidden)
    path = tmp_path / "net.onnx"
    to_onnx(net, path, dtype="float32")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (described,) = session.get_inputs()
    assert described.type == ("tensor(double)" if kind == "hour" else "tensor(float)")
    X = raw.astype("float64" if kind == "hour" else "float32")
    (got,) = session.run(["output"], {"input": X})
    np.testing.assert_allclose(got, expected, atol=2e-5)
    again = from_onnx(path)
    np.testing.assert_allclose(again.predict(raw), expected, atol=2e-5)
    assert again.dtype == ("float32" if kind == "near" else "float64")
    assert [layer.n_out for layer in again.layers] == [layer.n_out for layer in net.layers]
    to_onnx(net, path)  # in float64 all of it is folded
    assert len(from_onnx(path).layers) == len(net.layers)


def called(folder, name, raw):
    """Return what a source answers, by the types that its header says."""
    compilers = find_compilers()
    if "gcc" not in compilers:
        pytest.skip("gcc is not installed")
    header = (folder / f"{name}.h").read_text()
    kinds = re.search(r"predict\(const (\w+) input\[.*\], (\w+) output\[", header).groups()
    dtypes = [{"double": "float64", "float": "float32"}[kind] for kind in kinds]
    program = Compiler(compilers["gcc"], folder).load(folder / f"{name}.c", "float32").library
    outputs = np.empty((len(raw), 1), dtypes[1])
    for x, y in zip(np.ascontiguousarray(raw, dtypes[0]), outputs, strict=True):
        pointers = [
            array.ctypes.data_as(ctypes.POINTER(C_TYPES[dtype]))
            for array, dtype in zip((x, y), dtypes, strict=True)
        ]
        getattr(program, f"{name}_predict")(*pointers)
    return outputs, kinds


@pytest.mark.parametrize("kind", KINDS)
def test_c_in_float32(tmp_path, kind):
    net, raw, expected = network_of(kind)
    to_c(net, tmp_path / "net.c", dtype="float32")
    got, kinds = called(tmp_path, "net", raw)
    np.testing.assert_allclose(got, expected, atol=2e-5)
    assert kinds == ("double" if kind == "hour" else "float", "float")


@pytest.mark.parametrize("kind", ["year", "near"])
def test_c_in_int8(tmp_path, kind):
    mean, deviation = np.array([5e6] * 3 if kind == "year" else [0.0] * 3), np.ones(3)
    net = Network(3, [Dense(8, "tanh"), Dense(1)], seed=3)
    standard = RANDOM.normal(size=(200, 3))
    expected = net.predict(standard)
    net.biases[0][:] -= mean @ net.weights[0]
    note_far(net, (mean, deviation), None)
    raw = mean + standard
    to_c(net, tmp_path / "net.c", int8=True, calibration=raw, dtype="float32")
    got, _ = called(tmp_path, "net", raw)
    assert np.abs(got - expected).max() < 0.05 * np.ptp(expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_noted", [True, False])
@pytest.mark.parametrize("mean", [100.0, 1.7e9 + 61, 1e10, 1e11, -1e13])
def test_c_in_int8_of_columns_as_far_as_float64_goes(tmp_path, mean, is_noted, dtype):
    """The means that float32 has are 2048 deviations from 1e11; samples tell of them as well."""
    net = Network(3, [Dense(8, "tanh"), Dense(1)], seed=3)
    raw = mean + np.random.default_rng(4).normal(size=(200, 3))
    expected = net.predict(raw - mean)
    net.biases[0][:] -= np.full(3, mean) @ net.weights[0]
    if is_noted:
        note_far(net, (np.full(3, mean), np.ones(3)), None)
    to_c(net, tmp_path / "net.c", int8=True, calibration=raw, dtype=dtype)
    compilers = find_compilers()
    if "gcc" not in compilers:
        pytest.skip("gcc is not installed")
    if dtype == "float32":
        got, _ = called(tmp_path, "net", raw)
    else:
        got = Compiler(compilers["gcc"], tmp_path).load(tmp_path / "net.c", dtype).predict(raw, 1)
    assert np.abs(got - expected).max() < 0.05 * np.ptp(expected)


def test_steps_of_training_on_far_columns_are_refused(tmp_path):
    net, _, _ = network_of("year")
    with pytest.raises(ValueError, match="train must be False in float32 where columns are far"):
        to_c(net, tmp_path / "net.c", train=True, dtype="float32")
    assert not [*tmp_path.iterdir()]
    to_c(net, tmp_path / "net.c", train=True)


@pytest.mark.parametrize(
    "note",
    [
        {"inputs": 3},
        {"inputs": {"means": [1.0]}},
        {"inputs": {"means": [1e9], "deviations": [1.0]}},
        {"inputs": {"means": ["a"] * 3, "deviations": [1.0] * 3}},
    ],
)
def test_notes_that_do_not_fit_are_named(tmp_path, note):
    net = Network(3, [Dense(1)])
    net.metadata["far columns"] = note
    with pytest.raises(ValueError, match=r"net.metadata\['far columns'\] must tell the means and"):
        to_c(net, tmp_path / "net.c", dtype="float32")
