"""Networks trained side by side: what threads share."""

from itertools import chain

import numpy as np
import pytest

pytest.importorskip("sklearn")


from fastnn import Dense, Network
from fastnn.tables import ensemble
from fastnn.tables.encoder import Encoded
from fastnn.tables.ensemble import Member, mean_and_spread


@pytest.mark.parametrize(("n_threads", "n_parts"), [(1, 3), (2, 4), (3, 3), (30, 25)])
def test_threads_share_the_rows(n_threads, n_parts, monkeypatch):
    random = np.random.default_rng(0)
    block = random.normal(size=(250, 5)).astype(np.float32)
    rows = Encoded({"scaled": block[:, :3], "category": block[:, 3:]}, np.empty((250, 0)), ())
    layers = [Dense(9, "gelu"), Dense(1)]
    members = [
        Member(Network(5, layers, dtype="float32", seed=k), "scaled", None, 0, 0.0, weight=k + 0.1)
        for k in range(12)
    ]
    outputs = np.array([member.outputs(rows) for member in members], np.float64)
    weights = [member.weight for member in members]
    expected = np.average(outputs, axis=0, weights=weights)
    monkeypatch.setattr(ensemble, "_MOST_ROWS", 100)
    monkeypatch.setattr(ensemble, "_LEAST_ROWS", 10)
    parts = []

    def encoded(part):
        parts.append([*range(250)[part]])
        return rows.taken(part)

    mean, spread = mean_and_spread(members, encoded, 250, n_threads)
    assert len(parts) == n_parts
    assert sorted(chain.from_iterable(parts)) == [*range(250)]
    np.testing.assert_array_equal(mean, expected)
    deviation = (outputs - expected) ** 2
    np.testing.assert_array_equal(spread, np.sqrt(np.average(deviation, axis=0, weights=weights)))
