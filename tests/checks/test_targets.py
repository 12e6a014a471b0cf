"""Targets that a loss is not defined for: refused, with what would make them so."""

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn._checks.targets import as_targets, check_targets
from fastnn._training.state import state_of
from fastnn.losses import NAMED
from fastnn.online import OnlineRegressor

X = np.random.default_rng(0).random((40, 3))
CLASS = np.arange(40) % 2

SHARES = [
    (2 * CLASS - 1, r"from 0 to 1 .*, got -1 ... 1; for labels -1 and 1 use \(y \+ 1\) / 2"),
    (CLASS + 1, "got 1 ... 2; for labels 1 and 2 use y - 1"),
    (CLASS * 255, "got 0 ... 255; for numbers 0 ... 255 use y / 255"),
    (np.arange(40) * 6, "for numbers 0 ... 255 use y / 255"),
    (CLASS * 2, "for two classes use y == 2"),
    (CLASS * 7 + 3, "for two classes use y == 10"),
    (
        np.arange(40) % 10,
        r"for 10 classes use Dense\(10, 'softmax'\) with the loss cross_entropy(\n|$)",
    ),
    (np.arange(40) % 3 + 1, r"for 3 classes use Dense\(3, 'softmax'\) .* and y - 1"),
    (np.arange(40) - 20.5, r"scale it, \(y - y.min\(\)\)"),
]
ONES = np.eye(3)[np.arange(40) % 3]
DISTRIBUTIONS = [
    (2 * ONES - 1, r"got -1 in row 0; for rows of -1 and a single 1 use \(y \+ 1\) / 2"),
    (ONES * 255, "got a sum of 255 in row 0; for rows of 0 and a single 255 use y / 255"),
    (np.maximum(ONES, ONES[::-1]), "of no class or several, use sigmoid and binary_cross_entropy"),
    (ONES * 0, "of no class or several"),
    (ONES + [1, 2, 3], r"use y / y.sum\(axis=1, keepdims=True\)"),
    (np.c_[ONES[:, :2] * 7, ONES[:, 2] - 3.0], "for class labels give one number"),
]


def binary(**options):
    layers = [Dense(4, "tanh"), Dense(1, "sigmoid")]
    return Network(3, layers, loss="binary_cross_entropy", **{"seed": 0} | options)


def classes(n_out=3, **options):
    layers = [Dense(4, "tanh"), Dense(n_out, "softmax")]
    return Network(3, layers, loss="cross_entropy", **{"seed": 0} | options)


def calls(net, y):
    """Return every call that takes targets."""
    return [
        lambda: net.fit(X, y),
        lambda: net.fit(X, y, validation_fraction=0.5),
        lambda: net.fit([(X, y)]),
        lambda: net.fit(X, np.zeros(40, int), validation_data=(X, y)),
        lambda: net.partial_fit(X, y),
        lambda: net.loss(X, y),
        lambda: net.gradient(X, y),
        lambda: net.gradient_per_sample(X, y),
        lambda: net.gradient_of_inputs(X, y),
        lambda: net.trace(X, y),
        lambda: Population([net]).fit(X, y),
    ]


@pytest.mark.parametrize(("y", "message"), SHARES)
def test_binary_cross_entropy_takes_shares(y, message):
    net = binary()
    before = net.params.copy()
    for call in calls(net, y):
        with pytest.raises(ValueError, match=message):
            call()
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize(("y", "message"), DISTRIBUTIONS)
def test_cross_entropy_takes_distributions(y, message):
    net = classes()
    before = net.params.copy()
    for call in calls(net, y):
        with pytest.raises(ValueError, match=message):
            call()
    np.testing.assert_array_equal(net.params, before)


def test_a_single_output_of_softmax_is_named():
    with pytest.raises(ValueError, match="for a single output use sigmoid"):
        classes(1).fit(X, CLASS)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("y", [-1, 2, 1.5, np.float64(-0.5), np.array([2.0]), [2]])
def test_a_row_that_is_no_share_changes_nothing(y, dtype):
    net = binary(dtype=dtype)
    x = X[0].astype(dtype)
    net.partial_fit(x, 1)
    assert state_of(net).row_step is not None
    before = net.params.copy()
    for target in (y, np.asarray(y, dtype).reshape(1)):
        with pytest.raises(ValueError, match="y must be from 0 to 1"):
            net.partial_fit(x, target)
    with pytest.raises(ValueError, match="y must be from 0 to 1"):
        OnlineRegressor(net).learn_one(dict(zip("abc", x, strict=True)), float(np.ravel(y)[0]))
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("y", [[1.0, 1, 0], [0.0, 0, 0], [2.0, -1, 0], [0.5, 0.4, 0]])
def test_a_row_that_is_no_distribution_changes_nothing(y):
    net = classes()
    net.partial_fit(X[0], 1)
    assert state_of(net).row_step is not None
    before = net.params.copy()
    with pytest.raises(ValueError, match="y must have rows that are at least 0 and sum to 1"):
        net.partial_fit(X[0], np.array(y))
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_soft_targets_stay(dtype):
    raw = np.random.default_rng(0).random((40, 7)).astype("float32")
    soft = raw / raw.sum(axis=1, keepdims=True)  # off by the rounding of float32
    net = classes(7, dtype=dtype)
    net.fit(X, soft)
    for x, y in zip(X.astype(dtype), soft.astype(dtype), strict=True):
        net.partial_fit(x, y)
    net.fit(X, np.full((40, 7), 0.1 / 7) + 0.9 * np.eye(7)[np.arange(40) % 7])
    scaled = np.linspace(-3, 7, 40, dtype="float32")
    scaled = (scaled - scaled.min()) / (scaled.max() - scaled.min()) * np.float32(1.0000001)
    binary(dtype=dtype).fit(X, scaled).columns()
    binary(dtype=dtype).fit(X, [True, False] * 20)


def test_many_classes_may_be_off_by_the_rounding_of_each():
    raw = np.random.default_rng(0).random((10, 5000)).astype("float32")
    check_targets(raw / raw.sum(axis=1, keepdims=True), NAMED["cross_entropy"])


@pytest.mark.parametrize(
    ("y", "n_out", "message"),
    [
        (
            [1, 2, 3, 1],
            3,
            "numbered 1 ... 3 use y - 1; for digits where 3 stands for 0 use y % 3",
        ),
        ([1, 2, 3, 1, 5], 9, None),  # in range
        ([-1, 1, -1, 1], 2, "for two classes use y == 1"),
        ([0, 10, 20, 10], 3, r"use np.unique\(y, return_inverse=True\)\[1\]"),
        ([0, 1, 2, 3], 3, "for 4 classes the last layer must have as many outputs"),
    ],
)
def test_labels_out_of_range(y, n_out, message):
    if message is None:
        as_targets(y, len(y), n_out, np.dtype("float64"))
        return
    with pytest.raises(ValueError, match=message):
        as_targets(y, len(y), n_out, np.dtype("float64"))


def test_names_of_classes_are_told_what_to_use():
    for y in (["u", "v"] * 20, np.array(["u", "v"] * 20), np.array(["u", "v"] * 20, object)):
        with pytest.raises(TypeError, match=r"names of classes use np.unique\(y, return_inverse"):
            binary().fit(X, y)
