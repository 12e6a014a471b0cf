"""The bar of an ensemble, for who has asked for it."""

import io
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone

from fastnn.sklearn import TabularClassifier, TabularRegressor
from fastnn.tables.progress import progress_shown

X = np.random.default_rng(0).normal(size=(60, 2))
FAST = {"max_epochs": 30, "patience": 2, "random_state": 0}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(params=[1, 2])
def regressor(request):
    return TabularRegressor(**FAST, n_jobs=request.param)


def test_a_bar_counts_networks_and_samples(regressor, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_shown():
        regressor.fit(X, X[:, 0])
    last = sys.stderr.getvalue().split("\r")[-1]
    assert last.startswith("100%")
    assert "15/15 networks" in last
    n_samples = 30 * 15 * 48  # though they have stopped earlier
    assert f"{n_samples / 1000:.1f}k/{n_samples / 1000:.1f}k" in last
    assert max(member.best_epoch for member in regressor.members_) + 2 < 30
    expected = TabularRegressor(**FAST).fit(X, X[:, 0]).predict(X)
    np.testing.assert_array_equal(regressor.predict(X), expected)


def test_an_estimator_shows_one_itself_if_asked(regressor, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    twin = clone(regressor).set_params(progress=True).fit(X, X[:, 0])
    assert "15/15 networks" in sys.stderr.getvalue().split("\r")[-1]
    monkeypatch.setattr(sys, "stderr", Terminal())
    expected = regressor.fit(X, X[:, 0]).predict(X)  # the wish of the twin has ended
    assert sys.stderr.getvalue() == ""
    np.testing.assert_array_equal(twin.predict(X), expected)


@pytest.mark.parametrize("estimator", [TabularClassifier, TabularRegressor])
def test_what_progress_must_be(estimator):
    with pytest.raises(ValueError, match="'progress' parameter of Tabular"):
        estimator(progress="loud").fit(X, X[:, 0] > 0)
    with pytest.raises(TypeError, match="did you mean progress"):
        estimator(verbose=True)


def test_no_bar_unless_it_is_asked_for_on_a_terminal(regressor, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ZeroDivisionError), progress_shown():
        1 / 0  # noqa: B018
    regressor.fit(X, X[:, 0])
    assert sys.stderr.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_shown():
        regressor.fit(X, X[:, 0])
    assert sys.stderr.getvalue() == ""
