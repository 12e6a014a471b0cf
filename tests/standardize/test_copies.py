"""Copies, files, and networks without it that compute the same."""

import copy
import json
import pickle

import numpy as np
import pytest

from fastnn import Dense, Network, Population, Standardize, core

from ..support.files import saved, saved_and_loaded
from ..support.standardized import DTYPES, check_moments, make, moments

TWINS = [copy.copy, copy.deepcopy, saved_and_loaded, lambda net: pickle.loads(pickle.dumps(net))]


@pytest.mark.parametrize("twin_of", TWINS)
@pytest.mark.parametrize("with_mean", [True, False])
def test_copies_and_files(data, with_mean, twin_of):
    net = make(Standardize(with_mean=with_mean))
    twin = twin_of(net)
    assert twin.standardize.scale is None
    assert twin.standardize.with_mean == with_mean
    net.fit(*data, optimizer="adam")
    twin = twin_of(net)
    np.testing.assert_array_equal(net.predict(data[0]), twin.predict(data[0]))
    for each in (net, twin):
        each.fit(*data, resume=True)
    np.testing.assert_array_equal(net.params, twin.params)
    assert repr(twin) == repr(net)


def test_a_file_without_it_is_for_an_earlier_fastnn_too():
    headers = []
    for net in (make(), make(Standardize())):
        with np.load(saved(net)) as content:
            headers.append(json.loads(content["header"].tobytes()))
    assert "standardize" not in headers[0]
    assert headers[1]["standardize"] == {"with_mean": True, "is_known": False}


def test_a_twin_with_the_layers_and_it_is_the_same(data):
    net = make(Standardize())
    net.fit(*data)
    twin = Network(4, [net.standardize, *net.layers], loss="half_sse")
    np.testing.assert_array_equal(net.predict(data[0]), twin.predict(data[0]))


def test_what_is_shown():
    assert repr(Standardize()) == "Standardize()"
    assert repr(Standardize(with_mean=False)) == "Standardize(with_mean=False)"
    assert repr(Standardize(1.0, 2.0)) == "Standardize(mean=1.0, scale=2.0)"
    step = Standardize(np.arange(5) / 3, np.ones(5))
    assert repr(step) == (
        "Standardize(mean=[0.0, 0.3333, 0.6667, 1.0, ...], scale=[1.0, 1.0, 1.0, 1.0, ...])"
    )
    assert repr(make(Standardize())).startswith("Network(4, [Standardize(), Dense(7, 'tanh', l2=")
    lines = make(Standardize()).summary().splitlines()
    assert lines[1].split() == ["(4,)", "standardize,", "not", "fitted", "0", "0"]
    assert make(Standardize(0.0, 1.0)).summary().splitlines()[1].split()[1] == "standardize"


# ---- folded, populations, handles ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
def test_folded(data, bias, dtype):
    net = make(Standardize(), bias=bias, dtype=dtype)
    net.fit(*data, epochs=3, batch_size=8)
    net.trainable, net.metadata["unit"] = [False, True], "m"
    folded = net.folded()
    assert (folded.standardize, folded.dtype) == (None, net.dtype)
    assert (folded.trainable, folded.metadata) == ((False, True), {"unit": "m"})
    tolerance = {"float64": 1e-12, "float32": 2e-5}[dtype]
    np.testing.assert_allclose(folded.predict(data[0]), net.predict(data[0]), atol=tolerance)
    mean, scale, W = net.standardize.mean, net.standardize.scale, net.weights[0]
    np.testing.assert_allclose(folded.weights[0], W / scale[:, None], rtol=1e-6)
    b = (net.biases[0] if bias else 0) - mean / scale @ W
    np.testing.assert_allclose(folded.biases[0], b, rtol=1e-4)
    folded.fit(*data, learning_rate=1e-5)  # and it is a network as any other
    folded.metadata["unit"] = "km"
    assert net.metadata["unit"] == "m"


def test_folded_far_from_0_it_is_in_float64(data):
    X = data[0] + 1e7
    net = make(Standardize(), dtype="float32")
    net.fit(X, data[1], epochs=3, batch_size=8)
    folded = net.folded()
    assert folded.dtype == np.float64
    np.testing.assert_allclose(folded.predict(X), net.predict(X), atol=1e-5)


def test_folded_without_a_mean_it_needs_no_biases():
    net = Network(1, [Standardize(scale=2.0, with_mean=False), Dense(1, bias=False)], seed=0)
    assert net.folded().biases == (None,)
    np.testing.assert_array_equal(net.folded().weights[0], net.weights[0] / 2)


def test_a_network_without_it_is_copied():
    net = make()
    folded = net.folded()
    assert folded is not net
    np.testing.assert_array_equal(folded.params, net.params)


def test_a_frozen_handle_predicts_from_inputs_as_they_are(data):
    net = make(Standardize())
    net.fit(*data, epochs=3, batch_size=8)
    outputs = np.empty((60, 2))
    core.predict_rows(net.handle(frozen=True), data[0], outputs)
    np.testing.assert_allclose(outputs, net.predict(data[0]), atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"folds": 3}])
def test_a_population_trains_as_each_network_alone(data, options):
    X, Y = data
    firsts = [(Standardize(),), (Standardize(),), (), (Standardize(with_mean=False),)]
    population = Population(make(*first, seed=k) for k, first in enumerate(firsts))
    population.fit(X, Y, epochs=2, batch_size=8, learning_rate=1e-4, n_threads=2, **options)
    outputs = population.outputs(X)
    np.testing.assert_allclose(population.predict(X).mean, outputs.mean(axis=0), rtol=1e-12)
    for k, net in enumerate(population):
        np.testing.assert_array_equal(net.predict(X), outputs[k])
    if options:
        held = population.held_rows[0]
        check_moments(population[0].standardize, *moments(np.delete(X, held, axis=0)))
        assert np.isfinite(population.predict(X, out_of_fold=True).mean).all()
        return
    for k, first in enumerate(firsts):
        alone = make(*first, seed=k)
        alone.fit(X, Y, epochs=2, batch_size=8, learning_rate=1e-4)
        np.testing.assert_array_equal(alone.params, population[k].params)
