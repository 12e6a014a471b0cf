"""Statistics of the target as inputs: as scikit-learn has them, and of other rows."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.preprocessing import TargetEncoder

from fastnn.tables.by_target import ByTarget, _statistics
from fastnn.tables.encoder import Encoded
from fastnn.tables.task import Task


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
