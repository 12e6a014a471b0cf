"""Networks trained side by side, and statistics of the target in the place of categories."""

from itertools import chain

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.preprocessing import TargetEncoder

from fastnn import Dense, Network
from fastnn.tables import ensemble
from fastnn.tables.encoder import Encoded
from fastnn.tables.ensemble import ByTarget, Member, Task, _statistics, mean_and_spread


def test_statistics_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    codes = np.column_stack([random.integers(0, 50, 400), random.permutation(400) % 390])
    targets = random.normal(size=(400, 2))
    targets[:, 1] = codes[:, 0] % 3  # the same in all rows of a code
    got = _statistics(codes, targets, (60, 390))
    for k, y in enumerate(targets.T):
        encoder = TargetEncoder(target_type="continuous").fit(codes, y)
        for table, known, means in zip(got, encoder.categories_, encoder.encodings_, strict=True):
            expected = np.full(len(table), encoder.target_mean_)
            expected[known] = means
            np.testing.assert_allclose(table[:, k], expected, rtol=1e-12, atol=1e-14)


def test_the_inputs_of_a_row_are_statistics_of_other_rows():
    random = np.random.default_rng(0)
    codes = np.arange(300)[:, None] % 299
    rows = Encoded({}, codes, (300,))
    task = Task(rows, random.normal(size=300), np.ones(300), n_classes=0)
    by_target, got = ByTarget.fitted(task, np.arange(300), seed=0)
    assert np.abs(np.corrcoef(got[:, 0], task.targets)[0, 1]) < 0.2
    known, unknown = by_target(np.array([[5], [299]]))[:, 0]
    others = by_target(codes)[:, 0]
    assert known == others[5]
    assert others.min() < unknown < others.max()


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
