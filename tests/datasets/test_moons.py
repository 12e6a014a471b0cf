import hashlib
import sys

import numpy as np
import pytest

from fastnn.datasets import load_moons


def test_points_are_the_recorded_ones():
    X_train, X_test, y_train, y_test = load_moons()
    assert hashlib.sha256(X_train.tobytes()).hexdigest().startswith("ea8b85099b651691")
    np.testing.assert_allclose(X_train.sum(), 1062.5302521377657, rtol=1e-13)
    np.testing.assert_allclose(X_test.sum(), 445.2899093762872, rtol=1e-13)
    assert np.bincount(y_train).tolist() == [697, 703]
    assert np.bincount(y_test).tolist() == [303, 297]


def test_points_are_scikit_learns():
    datasets = pytest.importorskip("sklearn.datasets")
    selection = pytest.importorskip("sklearn.model_selection")
    X, y = datasets.make_moons(2000, noise=0.2, random_state=100)
    expected = selection.train_test_split(X, y, test_size=0.3, random_state=42)
    for got, array in zip(load_moons(), expected, strict=True):
        assert got.dtype == array.dtype
        assert got.flags.c_contiguous
        np.testing.assert_allclose(got, array, rtol=0, atol=1e-14)


def test_scikit_learn_is_not_needed(monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, module, None)
    assert [len(array) for array in load_moons()] == [1400, 600, 1400, 600]


def test_each_call_returns_arrays_of_its_own():
    for index, written in enumerate(load_moons()):
        expected = written.copy()
        written[:] = 7
        np.testing.assert_array_equal(load_moons()[index], expected)
