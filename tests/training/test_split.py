"""What is kept for validation: how much of which classes, and that it is not trained with."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.split import as_n_validation, check_weights, labels_of, split_rows, take
from fastnn._training.state import state_of

from ..support.networks import make_data, small_network


@pytest.mark.parametrize(
    ("fraction", "n_samples", "expected"),
    [(0.1, 100, 10), (0.25, 10, 2), (0.01, 10, 1), (0.9, 10, 9), (0.5, 2, 1), (1 / 3, 9, 3)],
)
def test_how_many(fraction, n_samples, expected):
    assert as_n_validation(fraction, n_samples) == expected


@pytest.mark.parametrize(
    ("fraction", "n_samples", "error", "message"),
    [
        (0, 10, ValueError, "must be above 0 and below 1, got 0: .* or None to hold none"),
        (0.99, 10, ValueError, "must leave samples on both sides, got 0.99 of 10"),
        (0.5, 1, ValueError, "must leave samples on both sides, got 0.5 of 1"),
        (1, 10, ValueError, "must be above 0 and below 1, got 1: .* n of 10 samples n / 10"),
        (-0.1, 10, ValueError, "validation_fraction must be above 0 .* got -0.1"),
        (np.nan, 10, ValueError, "validation_fraction must be above 0 .* got nan"),
        ("all", 10, TypeError, "validation_fraction must be a number, got 'all'"),
    ],
)
def test_bad_fractions(fraction, n_samples, error, message):
    with pytest.raises(error, match=message):
        as_n_validation(fraction, n_samples)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([[1, 0, 0], [0, 0, 1]], [0, 2]),
        ([[0], [1], [1]], [0, 1, 1]),
        ([[1, 1], [0, 1]], None),  # more than one class
        ([[0, 0], [0, 1]], None),
        ([[0.5, 0.5]], None),
        ([[2], [1]], None),
    ],
)
def test_labels(targets, expected):
    got = labels_of(np.array(targets, dtype=float))
    assert (got is None) if expected is None else (got.tolist() == expected)


@pytest.mark.parametrize("labels", [None, np.arange(50) % 3])
def test_two_parts_in_order(labels):
    rows, held = split_rows(labels, 50, 12, key=1)
    assert (len(rows), len(held)) == (38, 12)
    assert sorted([*rows, *held]) == list(range(50))
    assert (np.diff(rows) > 0).all()
    assert (np.diff(held) > 0).all()
    for same, key in ((True, 1), (False, 2)):
        assert np.array_equal(split_rows(labels, 50, 12, key)[1], held) == same


@pytest.mark.parametrize(
    ("counts", "n_held"), [((60, 30, 10), 10), ((7, 5, 3), 4), ((1, 1, 98), 20), ((2, 2), 1)]
)
def test_each_class_has_its_share(counts, n_held):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    for key in range(20):
        _, held = split_rows(labels, len(labels), n_held, key)
        got = np.bincount(labels[held], minlength=len(counts))
        assert got.sum() == n_held
        assert (np.abs(got - n_held * np.array(counts) / sum(counts)) < 1).all()


def test_take():
    array = np.arange(6.0).reshape(3, 2)
    part = take(array, np.array([2, 0]))
    np.testing.assert_array_equal(part, [[4, 5], [0, 1]])
    assert not part.flags.writeable
    assert take(np.empty(0), np.array([2, 0])).size == 0


def test_weights_of_both_parts():
    check_weights(np.empty(0), np.array([0.0, 1.0]))
    with pytest.raises(
        ValueError, match=r"weights must not all be 0 on either side .*, got 3 zeros"
    ):
        check_weights(np.ones(3), np.zeros(3))


# ---- in `fit` ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("batch_size", [1, 4, None])
@pytest.mark.parametrize("weights", [None, np.arange(1.0, 21)])
def test_fit_trains_with_one_part_and_evaluates_the_other(kind, batch_size, weights):
    make = np.asarray if kind == "dense" else pytest.importorskip("scipy.sparse").csr_array
    X, Y = make_data(20, 3, 2)
    net, other = small_network(), small_network()
    how = {"epochs": 3, "batch_size": batch_size, "shuffle": False, "metrics": ["mse"]}
    got = net.fit(make(X), Y, validation_fraction=0.3, sample_weight=weights, **how)
    rows, held = split_rows(None, 20, 6, state_of(net).training.draw_key(None))
    part = None if weights is None else weights[rows]
    expected = other.fit(X[rows], Y[rows], sample_weight=part, **how)
    np.testing.assert_array_equal(net.params, other.params)
    assert got["loss"] == expected["loss"]
    part = None if weights is None else weights[held]
    expected = net.loss(X[held], Y[held], sample_weight=part)
    assert got["val_loss"][-1] == pytest.approx(expected, rel=1e-12)


def test_labels_are_stratified_in_fit():
    def counts(y, outputs):
        seen.append(np.bincount(y).tolist())
        return 0.0

    seen = []
    X, _ = make_data(40, 3, 2)
    net = Network(3, [Dense(4, "softmax")], loss="cross_entropy", seed=0)
    net.fit(X, np.repeat([0, 1, 2, 3], [20, 12, 4, 4]), validation_fraction=0.25, metrics=[counts])
    assert seen == [[5, 3, 1, 1]]


def test_resumed_training_keeps_the_same_part_and_a_new_one_does_not():
    def first_row(y, outputs):
        return y[0, 0]

    X, Y = make_data(30, 3, 2)
    net = small_network()
    how = {"validation_fraction": 0.2, "metrics": [first_row]}
    got = [net.fit(X, Y, **how)["val_first_row"][0]]
    got += [net.fit(X, Y, resume=True, **how)["val_first_row"][0] for _ in range(3)]
    assert len(set(got)) == 1
    got += [net.fit(X, Y, **how)["val_first_row"][0] for _ in range(6)]
    assert len(set(got)) > 1


def test_bad_input_in_fit():
    X, Y = make_data(20, 3, 2)
    net = small_network()
    stream = state_of(net).random.bit_generator.state
    with pytest.raises(ValueError, match="validation_fraction must not be given beside validation"):
        net.fit(X, Y, validation_fraction=0.1, validation_data=(X, Y))
    with pytest.raises(ValueError, match="weights must not all be 0 on either side"):
        net.fit(X, Y, validation_fraction=0.5, sample_weight=np.arange(20) == 3)
    assert state_of(net).training is None
    assert state_of(net).random.bit_generator.state == stream
