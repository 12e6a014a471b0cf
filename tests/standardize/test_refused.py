"""What `Standardize` refuses, changing nothing."""

import numpy as np
import pytest

from fastnn import Dense, Network, Population, Standardize
from fastnn.callbacks import Callback
from fastnn.online import OnlineRegressor
from fastnn.reference import ReferenceNetwork

from ..support.standardized import check_moments, make, moments

UNKNOWN = "mean and scale of Standardize must be known, got none: call fit"


@pytest.mark.parametrize(
    "call",
    [
        lambda net, X, Y: net.predict(X),
        lambda net, X, Y: net.predict(X[0]),
        lambda net, X, Y: net.loss(X, Y),
        lambda net, X, Y: net.gradient(X, Y),
        lambda net, X, Y: net.trace(X, Y),
        lambda net, X, Y: net.jacobian(X),
        lambda net, X, Y: net.hidden(X),
        lambda net, X, Y: net.partial_fit(X, Y),
        lambda net, X, Y: net.partial_fit(X[0], Y[0]),
        lambda net, X, Y: net.folded(),
        lambda net, X, Y: net.handle(frozen=True),
        lambda net, X, Y: Population([net]).predict(X),
    ],
)
def test_before_fit_nothing_else_goes(data, call):
    net = make(Standardize())
    before = net.params.copy()
    with pytest.raises(ValueError, match=UNKNOWN):
        call(net, *data)
    np.testing.assert_array_equal(net.params, before)


class Failing(Callback):
    def __init__(self, error, epoch):
        self.error, self.number = error, epoch

    def epoch(self, run):
        if run.epoch == self.number:
            raise self.error


def with_nan(X):
    X = X.copy()
    X[7, 2] = np.nan
    return X


@pytest.mark.parametrize(
    "options",
    [
        {"X": with_nan},
        {"Y": lambda Y: Y[:-1]},
        {"validation_data": ([[1.0]], [1.0])},
        {"epochs": 0},
        {"validation_fraction": 2.0},
        {"optimizer": "no such"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_refused_fit_learns_nothing(data, options):
    X, Y = options.pop("X", lambda X: X)(data[0]), options.pop("Y", lambda Y: Y)(data[1])
    net = make(Standardize())
    with pytest.raises(ValueError):  # noqa: PT011 - what is wrong is the subject of other tests
        net.fit(X, Y, **options)
    assert net.standardize.scale is None


def test_a_chunk_that_is_refused_takes_back_what_was_learnt(data):
    X, Y = data
    calls = []

    def chunks():
        calls.append(1)
        return [(X, Y), (X if len(calls) < 3 else with_nan(X), Y)]

    net = make(Standardize())
    before = net.params.copy()
    with pytest.raises(ValueError, match="chunk 1 of epoch 1: X must be finite"):
        net.fit(chunks, epochs=3)
    assert net.standardize.scale is None
    np.testing.assert_array_equal(net.params, before)


def test_what_was_learnt_stays_with_the_first_whole_epoch(data):
    class Stopped(Exception):
        pass

    net = make(Standardize())
    with pytest.raises(Stopped):
        net.fit(*data, epochs=3, callbacks=[Failing(Stopped(), 1)])
    check_moments(net.standardize, *moments(data[0]))
    assert net.history.epoch == [0, 1]

    class Unstartable(Callback):
        def start(self, run):
            raise Stopped

    net = make(Standardize())
    with pytest.raises(Stopped):
        net.fit(*data, callbacks=[Unstartable()])
    assert net.standardize.scale is None


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Standardize([1.0]), ValueError, "given together, got mean without scale"),
        (lambda: Standardize(scale=1.0), ValueError, "given together, got scale without mean"),
        (lambda: Standardize(0.0, [1.0, 0.0]), ValueError, "scale must be above 0, got 0.0"),
        (lambda: Standardize(0.0, np.nan), ValueError, "scale must be finite"),
        (lambda: Standardize([[0.0]], 1.0), ValueError, "mean must be a number for each input"),
        (lambda: Standardize(0.0, 1.0, with_mean=False), ValueError, "mean must not be given"),
        (lambda: Standardize(with_mean=0), TypeError, "with_mean must be True or False, got 0"),
        (lambda: make(Standardize([1.0] * 3, 1.0)), ValueError, r"shape \(4,\), got \(3,\)"),
        (
            lambda: Network(4, [Dense(2), Standardize()]), ValueError,
            "Standardize must be the first layer, got it as layer 1",
        ),
        (lambda: Network(4, [Standardize()]), ValueError, "at least one Dense, got none"),
        (
            lambda: make(Standardize(0.0, 1.0)).handle(), ValueError,
            "frozen must be True for a network with Standardize",
        ),
        (
            lambda: OnlineRegressor(make(Standardize(0.0, 1.0))), ValueError,
            "network must be without Standardize",
        ),
        (
            lambda: ReferenceNetwork.like(make(Standardize(0.0, 1.0))), ValueError,
            "net must be without Standardize",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_it_is_read_only():
    net = make(Standardize(0.0, 1.0))
    with pytest.raises(AttributeError, match="standardize must stay as the network was made"):
        net.standardize = None
    with pytest.raises(ValueError, match="read-only"):
        net.standardize.mean[0] = 1
