"""Sparse samples: the same as dense ones, in every way into the network."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from fastnn import Dense, Network
from fastnn._training import model
from fastnn._training.state import state_of
from fastnn.core.inputs import Samples
from fastnn.core.simd.bitset import TILE_ROWS
from fastnn.optimizers import Adam

from ..support.networks import make_data

DTYPES = ["float64", "float32"]
N_IN = 70  # two words of bits


def make_sparse_data(n_samples=13, seed=0):
    """Return a table that is mostly zeros, with an empty row and a full one, and targets."""
    X, Y = make_data(n_samples, N_IN, 3, seed)
    X[X < 1] = 0
    X[5] = 0
    X[7] = np.arange(1, N_IN + 1) / N_IN
    return X, Y


def with_zeros(X):
    """Return compressed rows in which some zeros are stored."""
    rows = sparse.csr_array(X + (X == 0) * (np.arange(N_IN) % 3 == 0))
    rows.data[X[rows.nonzero()] == 0] = 0
    return rows


def with_duplicates(X):
    """Return compressed rows in which each element is the sum of two, the last ones first."""
    rows = sparse.csr_array(X)
    data, columns = [], []
    for s in range(len(X)):
        part = slice(rows.indptr[s], rows.indptr[s + 1])
        data += [*(rows.data[part][::-1] * 0.25), *(rows.data[part] * 0.75)]
        columns += [*rows.indices[part][::-1], *rows.indices[part]]
    return sparse.csr_array((np.array(data), columns, 2 * rows.indptr), shape=X.shape)


def unsorted(X):
    """Return compressed rows, each from its last element to its first."""
    rows = sparse.csr_array(X)
    back = np.lexsort((-rows.indices, rows.nonzero()[0]))
    return sparse.csr_array((rows.data[back], rows.indices[back], rows.indptr), shape=X.shape)


def with_wide_indices(X):
    """Return compressed rows whose indices are of 64 bits."""
    rows = sparse.csr_array(X)
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    return rows


def with_room(X):
    """Return compressed rows whose arrays go on beyond the last row."""
    rows = sparse.csr_array(X)
    data, columns = np.append(rows.data, np.nan), np.append(rows.indices, 10**6)
    whole = sparse.csr_array(X)
    whole.data, whole.indices = data, columns.astype(rows.indices.dtype)
    return whole


KINDS = [
    sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.csc_matrix, sparse.coo_array,
    sparse.coo_matrix, sparse.lil_array, with_zeros, with_duplicates, unsorted, with_wide_indices,
    with_room,
]  # fmt: skip
# To the kernels all kinds are alike, but for what the rows hold: few do for the interpreter.
KINDS_FOR_KERNELS = [
    kind if kind in (sparse.csr_array, with_zeros, with_wide_indices, with_room)
    else pytest.param(kind, marks=pytest.mark.compiled)
    for kind in KINDS
]  # fmt: skip


def make_net(dtype="float64", **options):
    layers = [Dense(9, "tanh", **options), Dense(5, "relu"), Dense(3, "sigmoid")]
    return Network(N_IN, layers, dtype=dtype, seed=3)


def parts_of(rows):
    """Return copies of the arrays that a sparse matrix is made of."""
    names = ("data", "indices", "indptr", "row", "col", "rows")
    return {name: getattr(rows, name).copy() for name in names if hasattr(rows, name)}


# ---- the same as dense ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS_FOR_KERNELS, ids=lambda kind: kind.__name__)
def test_sparse_equals_dense(kind, dtype):
    X, Y = make_sparse_data()
    rows = kind(X)
    before = parts_of(rows)
    net, dense = make_net(dtype), make_net(dtype)
    close = {"rtol": 1e-12, "atol": 1e-14} if dtype == "float64" else {"rtol": 1e-4, "atol": 1e-6}
    weights = np.arange(13.0)
    for how in (
        {"learning_rate": 0.3},
        {"learning_rate": 0.3, "sample_weight": weights},
        {"batch_size": 4, "optimizer": Adam(0.01), "input_noise": 0.1},
        {"batch_size": None, "metrics": ["mse"], "validation_fraction": 0.3},
        {"batch_size": 2, "validation_data": (rows, Y)},
    ):
        got = net.fit(rows, Y, epochs=3, **how)
        expected = dense.fit(X, Y, epochs=3, **how)
        np.testing.assert_allclose(net.params, dense.params, **close)
        assert list(got) == list(expected)
        for name in got:
            np.testing.assert_allclose(got[name], expected[name], **close)
    net.partial_fit(rows, Y)
    net.partial_fit(rows.tocsr()[[2]], Y[[2]])
    dense.partial_fit(X, Y)
    dense.partial_fit(X[2], Y[2])
    np.testing.assert_allclose(net.params, dense.params, **close)
    np.testing.assert_allclose(net.predict(rows), net.predict(X), **close)
    np.testing.assert_allclose(net.gradient(rows, Y), net.gradient(X, Y), **close)
    got = net.loss(rows, Y, sample_weight=weights)
    assert got == pytest.approx(net.loss(X, Y, sample_weight=weights), rel=close["rtol"])
    np.testing.assert_allclose(net.trace(rows, Y)[0].z, net.trace(X, Y)[0].z, **close)
    for name, part in before.items():
        np.testing.assert_array_equal(getattr(rows, name), part)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_samples", [3, 40])  # 3: zeros are not looked for
def test_same_bits_as_dense(n_samples, dtype):
    X, Y = make_data(n_samples, N_IN, 3)
    X[X < 0.5] = 0
    for how in ({}, {"batch_size": 4}, {"optimizer": "adam"}):
        net, dense = make_net(dtype), make_net(dtype)
        net.fit(sparse.csr_array(X), Y, epochs=3, **how)
        dense.fit(X, Y, epochs=3, **how)
        np.testing.assert_array_equal(net.params, dense.params)
        np.testing.assert_array_equal(net.predict(sparse.csr_array(X)), dense.predict(X))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_ahead", [1, TILE_ROWS, 3 * TILE_ROWS])
def test_look_ahead(n_ahead, dtype, monkeypatch):
    monkeypatch.setattr(model, "look_ahead_rows", lambda table, itemsize: n_ahead)
    X, Y = make_sparse_data()
    net, dense = make_net(dtype), make_net(dtype)
    got = net.fit(sparse.csr_array(X), Y, epochs=4, learning_rate=0.3)
    expected = dense.fit(X, Y, epochs=4, learning_rate=0.3)
    close = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"atol": 1e-5}
    np.testing.assert_allclose(net.params, dense.params, **close)
    np.testing.assert_allclose(got["loss"], expected["loss"], rtol=1e-4)


@pytest.mark.parametrize("how", [{}, {"batch_size": 7}, {"optimizer": "adam", "input_noise": 0.1}])
def test_slices_do_not_change_a_bit(how, monkeypatch):
    X, Y = make_sparse_data(45)
    rows = sparse.csr_array(X)
    whole, cut = make_net(), make_net()
    whole.fit(rows, Y, epochs=3, **how)
    outputs = whole.predict(rows)
    monkeypatch.setattr("fastnn._training.model._SLICE", 1)
    cut.fit(rows, Y, epochs=3, **how)
    np.testing.assert_array_equal(cut.params, whole.params)
    np.testing.assert_array_equal(cut.predict(rows), outputs)


def test_weights_that_are_not_finite_show_through_zeros():
    X, Y = make_sparse_data()
    net = make_net()
    net.weights[0][3, 0] = np.nan
    rows = sparse.csr_array(X)
    assert np.isnan(net.predict(rows)).all()
    assert np.isnan(net.loss(rows, Y))
    assert np.isnan(net.gradient(rows, Y)).any()


def test_a_matrix_without_elements():
    X, Y = sparse.csr_array((4, N_IN)), make_data(4, N_IN, 3)[1]
    net, dense = make_net(), make_net()
    net.fit(X, Y, epochs=2)
    dense.fit(X.toarray(), Y, epochs=2)
    np.testing.assert_array_equal(net.params, dense.params)
    np.testing.assert_array_equal(net.predict(X), dense.predict(X.toarray()))


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_take(make):
    X, _ = make_sparse_data()
    net = make_net()
    samples, _ = state_of(net).as_pair(make(X), np.zeros((13, 3)))
    order = np.array([7, 5, 0, 0, 12])
    part = samples.take(order)
    assert (part.n_samples, part.is_sparse) == (5, make is sparse.csr_array)
    assert not any(array.flags.writeable for array in part)
    got = part.values
    if part.is_sparse:
        got = sparse.csr_array((part.values[0], part.columns, part.starts), (5, N_IN)).toarray()
    np.testing.assert_array_equal(got, X[order])


def test_dense_samples():
    samples = Samples.dense(np.zeros((4, 2)))
    assert (samples.n_samples, samples.is_sparse) == (4, False)


# ---- bad input -----------------------------------------------------------------------------------


def malformed(**parts):
    rows = sparse.csr_array(make_sparse_data()[0])
    for name, value in parts.items():
        setattr(rows, name, np.array(value, getattr(rows, name).dtype))
    return rows


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_array, with_duplicates])
def test_a_bad_number_is_named_by_its_place(kind, value):
    X, Y = make_sparse_data()
    X[7, 60] = value
    net = make_net()
    for method in (net.fit, net.partial_fit, net.loss, net.gradient, lambda X, Y: net.predict(X)):
        with pytest.raises(
            ValueError, match=rf"X must be finite in float64, got {value} at \(7, 60\)"
        ):
            method(kind(X), Y)


def test_too_large_for_float32():
    X, _ = make_sparse_data()
    X[2, 3] = 1e300
    with pytest.raises(ValueError, match=r"X must be finite in float32, got inf at \(2, 3\)"):
        make_net("float32").predict(sparse.csr_array(X))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (sparse.csr_array((13, 69)), ValueError, r"X must have shape .*70\).*, got \(13, 69\)"),
        (sparse.csr_array((0, 70)), ValueError, r"X must not be empty, got shape \(0, 70\)"),
        (sparse.coo_array(np.ones(70)), ValueError, r"X must have shape .*, got \(70,\)"),
        (sparse.csr_array((13, 70), dtype=complex), TypeError, "X must hold real numbers, got dty"),
        (malformed(indices=[70] * 300), ValueError, r"X must have columns 0 ... 69, got 0 ... 70"),
        (malformed(indices=[-1] * 300), ValueError, r"X must have columns 0 ... 69, got -1 ... 0"),
        (malformed(indptr=[0, 9, 3, *[9] * 11]), ValueError, "X must have indptr in ascending"),
    ],
)
def test_bad_matrices(bad, error, message):
    net = make_net()
    before = net.params.copy()
    Y = np.zeros((13, 3))
    for method in (net.fit, net.loss, net.gradient, lambda X, Y: net.predict(X)):
        with pytest.raises(error, match=message):
            method(bad, Y)
    np.testing.assert_array_equal(net.params, before)


# ---- what it is for ------------------------------------------------------------------------------


@pytest.mark.compiled
def test_rows_are_not_made_dense():
    n_samples, n_in, n_stored = 20_000, 100_000, 20
    rng = np.random.default_rng(0)
    columns = np.sort(rng.integers(0, n_in, (n_samples, n_stored)), axis=1)
    X = sparse.csr_array(
        (np.ones(columns.size), columns.ravel(), np.arange(0, columns.size + 1, n_stored)),
        shape=(n_samples, n_in),
    )
    y = (columns < n_in // 2).mean(axis=1)
    net = Network(n_in, [Dense(4, "tanh"), Dense(1)], seed=0, dtype="float32")
    tracemalloc.start()
    before = net.loss(X, y)
    net.fit(X, y, learning_rate=0.05)
    net.fit(X, y, batch_size=100, optimizer="sgd", learning_rate=0.5)
    outputs = net.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outputs.shape == (n_samples, 1)
    assert net.loss(X, y) < before / 2
    assert peak < 200e6  # as a table of float32 it would take 8 GB


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [1 + TILE_ROWS, 50])
@pytest.mark.parametrize("share", [0.1, 1])
def test_a_batch_is_the_same_where_its_rows_lie_and_where_they_are_copied(dtype, batch_size, share):
    X, Y = make_data(61, N_IN, 3)
    X *= np.random.default_rng(0).random(X.shape) < share
    nets = [Network(N_IN, [Dense(9, "relu"), Dense(3)], dtype=dtype, seed=0) for _ in range(2)]
    for net, weights in zip(nets, (None, np.ones(len(X))), strict=True):  # with weights they are
        net.fit(X, Y, epochs=2, batch_size=batch_size, optimizer=Adam(0.01), sample_weight=weights)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
