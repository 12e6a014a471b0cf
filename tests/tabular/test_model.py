import json

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.tabular.encoding import Category, Encoding, Number
from fastnn.tabular.fields import TableError
from fastnn.tabular.model import (
    build_network,
    describe_table,
    load_model,
    on_raw_numbers,
    provenance,
)

COLUMNS = (Number("a", 3.0, 2.0), Category("b", ("u", "v"), (0.5, 0.5)), Number("c", -1.0, 0.5))
RENT = Encoding(COLUMNS, Number("rent", 500.0, 100.0), fills_missing=False)
KIND = Encoding(COLUMNS, Category("kind", ("x", "y", "z"), (0.5, 0.25, 0.25)), fills_missing=True)


def test_the_network_fits_the_table():
    net = build_network(KIND, [5, 4], "tanh", "float32", 0)
    assert repr(net) == (
        "Network(4, [Dense(5, 'tanh'), Dense(4, 'tanh'), Dense(3, 'softmax')], "
        "loss='cross_entropy', dtype='float32')"
    )
    net = build_network(RENT, [5], "relu", "float64", 0)
    assert repr(net) == (
        "Network(4, [Dense(5, 'relu'), Dense(1, 'identity')], loss='mse', dtype='float64')"
    )


def test_a_seed_settles_the_weights():
    nets = [build_network(RENT, [5], "relu", "float64", seed) for seed in (0, 0, 1)]
    assert nets[0].params.tobytes() == nets[1].params.tobytes() != nets[2].params.tobytes()


@pytest.mark.parametrize("encoding", [RENT, KIND])
def test_what_is_saved_comes_back(tmp_path, encoding):
    net = build_network(encoding, [5], "relu", "float64", 0)
    score, trained = {"n_rows": 3}, provenance()
    describe_table(net, encoding, score, trained)
    net.save(tmp_path / "model")
    got, got_encoding, description = load_model(tmp_path / "model")
    assert got.params.tobytes() == net.params.tobytes()
    assert got_encoding == encoding
    assert (description["score"], description["trained"]) == (score, trained)
    json.dumps(description, allow_nan=False)


def test_a_plain_network_has_no_table(tmp_path):
    Network(2, [Dense(1)]).save(tmp_path / "model")
    assert load_model(tmp_path / "model")[1:] == (None, {})


@pytest.mark.parametrize("metadata", [{"table": 1}, {"table": {}}, {"table": {"columns": [1]}}])
def test_other_metadata_under_our_name(tmp_path, metadata):
    net = Network(2, [Dense(1)])
    net.metadata.update(metadata)
    net.save(tmp_path / "model")
    with pytest.raises(TableError, match="must tell how to encode a table"):
        load_model(tmp_path / "model")


def test_metadata_of_another_network(tmp_path):
    net = Network(2, [Dense(1)])
    describe_table(net, RENT, None, {})
    net.save(tmp_path / "model")
    with pytest.raises(TableError, match=r"must tell of 2 inputs and 1 outputs, got \(4, 1\)"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("hidden", [[], [5], [5, 4]])
@pytest.mark.parametrize("encoding", [RENT, KIND])
def test_on_raw_numbers_it_is_the_same_network(encoding, hidden):
    net = build_network(encoding, hidden, "tanh", "float64", 0)
    before = net.params.copy()
    raw = np.random.default_rng(0).normal(2, 3, (50, 4))
    raw[:, 1:3] = np.eye(2)[np.arange(50) % 2]
    standardised = (raw - [3, 0, 0, -1]) / [2, 1, 1, 0.5]
    expected = net.predict(standardised)
    if encoding is RENT:
        expected = expected * 100 + 500
    got = on_raw_numbers(net, encoding).predict(raw)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_array_equal(net.params, before)


def test_provenance_names_time_place_and_versions():
    got = provenance()
    assert got["date"].endswith("+00:00")
    for name in ("fastnn ", "numpy ", "numba ", "python "):
        assert name in got["versions"]
    assert got["platform"]
