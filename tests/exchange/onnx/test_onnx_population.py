"""The mean of a population in ONNX is that of `Population.predict`."""

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx

from fastnn import Dense, Heads, Network, Population
from fastnn.core.activations import ACTIVATIONS
from fastnn.core.heads import HEADS
from fastnn.exchange import from_onnx, to_onnx

from ...support.functions import bent
from ..networks import session_of
from ..populations import X, far_network, make_mixed, make_population

ATOL = {"float64": 1e-12, "float32": 2e-6}


def run(population, path, rows, dtype=None):
    to_onnx(population, path, dtype=dtype)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = session_of(path)
    kind = {"tensor(float)": "float32", "tensor(double)": "float64"}[session.get_inputs()[0].type]
    assert [output.name for output in session.get_outputs()] == ["output"]
    return session.run(["output"], {"input": rows.astype(kind)})[0], kind


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, *HEADS])
def test_the_mean_by_activation(tmp_path, activation, dtype):
    if activation == "gelu" and dtype == "float64":
        pytest.skip("onnxruntime has no Erf in float64")
    population = make_population(activation, dtype)
    got, kind = run(population, tmp_path / "mean.onnx", X)
    assert kind == dtype
    np.testing.assert_allclose(got, population.predict(X).mean, atol=ATOL[dtype])


@pytest.mark.parametrize("dtype", [None, "float32"])
def test_networks_that_differ(tmp_path, dtype):
    population = make_mixed()
    got, kind = run(population, tmp_path / "mean.onnx", X, dtype)
    assert kind == (dtype or "float64")
    np.testing.assert_allclose(got, population.predict(X).mean, atol=ATOL["float32"])


def test_many_networks_are_few_nodes(tmp_path):
    net = make_population("tanh", "float32")[0]
    params = np.random.default_rng(0).normal(size=(500, net.params.size))
    population = Population.from_params(net, params)
    got, _ = run(population, tmp_path / "mean.onnx", X)
    np.testing.assert_allclose(got, population.predict(X).mean, atol=1e-5)
    assert len(onnx.load(tmp_path / "mean.onnx").graph.node) < 10


def test_it_is_no_network(tmp_path):
    to_onnx(make_population("tanh", "float64"), tmp_path / "mean.onnx")
    with pytest.raises(ValueError, match=r"MatMul. cannot be carried"):
        from_onnx(tmp_path / "mean.onnx")


def test_what_has_no_mean_is_refused(tmp_path):
    path = tmp_path / "mean.onnx"
    with pytest.raises(ValueError, match=r"same n_in and n_out.*\(1, 1\) at 0 and \(1, 2\) at 1"):
        to_onnx(Population([Network(1, [Dense(1)]), Network(1, [Dense(2)])]), path)
    with pytest.raises(ValueError, match="layer 0: gelu must be written in float32"):
        to_onnx(make_population("gelu", "float64"), path)
    with pytest.raises(ValueError, match="bent, a function of the user's, cannot be carried"):
        to_onnx(Population([Network(3, [Dense(1)]), Network(3, [Dense(1, bent)])]), path)
    with pytest.raises(ValueError, match="far from 0, of which the metadata of network 1 tell"):
        to_onnx(Population([Network(3, [Dense(1)]), far_network()]), path, dtype="float32")
    assert not path.exists()
    to_onnx(Population([Network(3, [Dense(1)]), far_network()]), path)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_of_heads_there_is_an_output_for_each(tmp_path, dtype):
    """Of networks of two architectures, in which a head may have another activation."""
    options = {"bias_initializer": "glorot_normal"}
    population = Population(
        Network(
            3, [*hidden, Heads(rain=Dense(1, rain, **options), sky=Dense(3, "softmax"))], seed=k
        )
        for k, (hidden, rain) in enumerate(
            [([Dense(5, "tanh")], "sigmoid"), ([Dense(5, "tanh")], "sigmoid"), ([], "exp")]
        )
    )
    to_onnx(population, tmp_path / "mean.onnx", dtype=dtype)
    onnx.checker.check_model(onnx.load(tmp_path / "mean.onnx"), full_check=True)
    session = session_of(tmp_path / "mean.onnx")
    assert [output.name for output in session.get_outputs()] == ["rain", "sky"]
    got = session.run(None, {"input": X.astype(dtype)})
    for one, expected in zip(got, population.predict(X).mean, strict=True):
        np.testing.assert_allclose(one, expected, atol=ATOL[dtype])


def test_heads_that_differ_are_refused(tmp_path):
    for last, message in (
        (Dense(2), "networks must have the same heads for their mean, got none at 0"),
        (Heads(Dense(1), other=Dense(1)), "networks must have the same heads"),
    ):
        networks = [Network(2, [layer], seed=0) for layer in (last, Heads(Dense(1), Dense(1)))]
        with pytest.raises(ValueError, match=message):
            to_onnx(Population(networks), tmp_path / "many.onnx")
    named = Population([Network(2, [Heads(Dense(1), input=Dense(1))], seed=0)])
    with pytest.raises(ValueError, match="a head must have another name than the input, got input"):
        to_onnx(named, tmp_path / "many.onnx")
    assert not [*tmp_path.iterdir()]
