"""What `Standardize` learns, and what it refuses to learn from."""

import pickle

import numpy as np
import pytest
from scipy import sparse

from fastnn import Dense, DivergenceError, Network, Population, Standardize

from ..support.standardized import DTYPES, check_moments, make, moments


@pytest.mark.parametrize("dtype", DTYPES)
def test_fit_learns_mean_and_scale(data, dtype):
    net = make(Standardize(), dtype=dtype)
    net.fit(*data)
    check_moments(net.standardize, *moments(data[0]))
    assert net.standardize.scale[3] == 1


@pytest.mark.parametrize("weights", [{"sample_weight": np.arange(60) % 3}, {}])
def test_weights_count(data, weights):
    X, _ = data
    labels = (X[:, 0] > 1).astype(int)
    net = Network(4, [Standardize(), Dense(2, "softmax")], loss="cross_entropy", seed=0)
    net.fit(X, labels, class_weight={1: 5.0}, **weights)
    counts = np.where(labels, 5.0, 1.0) * weights.get("sample_weight", 1.0)
    check_moments(net.standardize, *moments(X, weights=counts))


def test_rows_without_weight_do_not_count(data):
    X, Y = data
    X[:20] = 1e6
    net = make(Standardize())
    net.fit(X, Y, sample_weight=np.arange(60) >= 20)
    check_moments(net.standardize, *moments(X[20:]))


@pytest.mark.parametrize("optimizer", ["sgd", "lbfgs"])
def test_rows_held_out_do_not_count(data, optimizer):
    X, Y = data
    population = Population([make(Standardize())])
    batch_size = None if optimizer == "lbfgs" else 4
    population.fit(X, Y, validation_fraction=0.3, optimizer=optimizer, batch_size=batch_size)
    trained = np.delete(X, population.held_rows[0], axis=0)
    assert len(trained) == 42
    check_moments(population[0].standardize, *moments(trained))


def test_later_calls_keep_what_the_first_has_learnt(data):
    X, Y = data
    net, other = make(Standardize()), make(Standardize())
    other.fit(X, Y, epochs=4, batch_size=8)
    net.fit(X, Y, epochs=2, batch_size=8)
    net.fit(X, Y, epochs=2, batch_size=8, resume=True)
    np.testing.assert_array_equal(net.params, other.params)
    first = net.standardize
    net.fit(2 * X, Y)
    net.partial_fit(3 * X, Y)
    assert net.standardize is first
    anew = Network(4, [Standardize(), *net.layers], loss="half_sse")
    anew.fit(2 * X, Y)
    check_moments(anew.standardize, *moments(2 * X))


@pytest.mark.parametrize("given", [list, lambda chunks: lambda: iter(chunks)])
def test_chunks_are_gone_through_once_before(data, given):
    X, Y = data
    chunks = [(X[:10], Y[:10], np.arange(10.0)), (X[:0], Y[:0]), (X[10:], Y[10:])]
    net = make(Standardize())
    net.fit(given(chunks), epochs=2, batch_size=4)
    weights = np.r_[np.arange(10.0), np.ones(50)]
    check_moments(net.standardize, *moments(X, weights=weights))
    expected = make(net.standardize)
    expected.fit(given(chunks), epochs=2, batch_size=4)
    np.testing.assert_array_equal(net.params, expected.params)


def test_an_iterator_of_chunks_is_refused_unless_all_is_known(data):
    net = make(Standardize())
    with pytest.raises(ValueError, match="chunks must come twice for Standardize"):
        net.fit(iter([data]))
    known = make(Standardize(0.0, 2.0))
    known.fit(iter([data]))
    assert known.standardize.scale.tolist() == [2.0] * 4


def test_a_column_that_float64_cannot_square_is_refused(data):
    X, Y = data
    X[:2, 1] = 1e200, -1e200
    net = make(Standardize())
    with pytest.raises(ValueError, match="that float64 holds for Standardize, got infinity in col"):
        net.fit(X, Y)
    assert net.standardize.scale is None


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("is_split", [True, False])
def test_a_column_whose_squares_are_0_in_float64_is_refused(data, is_split, kind):
    X, Y = data
    X[:, 1] *= 1e-200
    X[:, 2] = 0.0
    net = make(Standardize(with_mean=kind is np.asarray))
    chunks = [(kind(X[row : row + 1]), Y[row : row + 1]) for row in range(60)]
    given = (chunks,) if is_split else (kind(X), Y)
    with pytest.raises(ValueError, match="got 0 in column 1: multiply the column by a power of 10"):
        net.fit(*given)
    X[:, 1] = 1e-200  # which is constant
    net.fit(kind(X), Y)
    assert net.standardize.scale[1:3].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("weight", [1e307, 1e304])
def test_weights_that_overflow_are_named(data, weight):
    X, Y = data
    net = make(Standardize())
    with pytest.raises(
        ValueError, match=r"the weights of the samples must .* divide sample_weight"
    ):
        net.fit(1e3 * X, Y, sample_weight=np.full(60, weight))
    assert net.standardize.scale is None


def test_samples_for_validation_that_overflow_are_named(data):
    X, Y = data
    net = make(Standardize(), dtype="float32")
    with pytest.raises(ValueError, match="in the samples for validation, X must be finite in floa"):
        net.fit(X, Y, validation_data=(1e300 * X, Y))
    assert net.standardize.scale is None


@pytest.mark.parametrize("optimizer", ["sgd", "lbfgs"])
def test_the_advice_after_a_divergence_is_not_what_the_network_has(data, optimizer):
    X, Y = data
    net = Network(4, [Standardize(*moments(X)), Dense(2)], seed=0)
    batch_size = None if optimizer == "lbfgs" else 4
    with pytest.raises(
        DivergenceError, match=r"inputs that Standardize made .* learns it anew"
    ) as got:
        net.fit(1e200 * X, Y, optimizer=optimizer, batch_size=batch_size)
    assert "begins with" not in str(got.value)


def test_equal_ones_have_the_same_numbers(tmp_path):
    net = make(Standardize([1.0, 2.0, 3.0, 4.0], 2.0))
    net.save(tmp_path / "net.fastnn")
    step, copied = net.standardize, Network.load(tmp_path / "net.fastnn").standardize
    assert step == copied
    assert hash(step) == hash(copied)
    assert Standardize() == Standardize() != Standardize(with_mean=False)
    assert Standardize(0.0, 1.0) != Standardize(0.0, 2.0)
    assert Standardize(0.0, 1.0) != "Standardize(0.0, 1.0)"


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_what_the_dtype_cannot_hold_is_refused_before_anything_changes(data, kind):
    (X, Y), is_sparse = data, kind is sparse.csr_array
    net = make(Standardize(with_mean=not is_sparse), dtype="float32")
    net.fit(kind(X), Y)
    before, far = pickle.dumps(net), kind(X * 1e50)
    message = r"X must be finite in float32, got .*inf at \(0, 0\)"
    for act in (
        lambda: net.fit(far, Y),
        lambda: net.fit(far, Y, epochs=2, resume=True),
        lambda: net.fit(far, Y, validation_fraction=0.2),
        lambda: net.fit(kind(X), Y, validation_data=(far, Y)),
        lambda: net.fit([(kind(X), Y), (far, Y)]),
        lambda: net.partial_fit(far, Y),
        lambda: net.loss(far, Y),
        lambda: net.predict(far),
    ):
        with pytest.raises(ValueError, match=message):
            act()
        assert pickle.dumps(net) == before


def test_constant_columns_may_be_far_from_0(data):
    X, Y = data
    X[:, 3] = 1e9 / 3
    net = make(Standardize())
    net.fit(X, Y, sample_weight=np.linspace(0.1, 1, 60))
    assert net.standardize.scale[3] == 1
