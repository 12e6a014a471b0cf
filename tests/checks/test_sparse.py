"""Sparse matrices whose parts do not go together never lead a kernel, or SciPy, astray."""

import os
import subprocess
import sys

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._checks.sparse import compressed_rows

sp = pytest.importorskip("scipy.sparse")
FLOAT64 = np.dtype("float64")
FORMATS = ["csr", "csc", "bsr", "coo", "dia", "lil", "dok"]


def table(n_rows=12, n_columns=6):
    random = np.random.default_rng(0)
    return random.random((n_rows, n_columns)) * (random.random((n_rows, n_columns)) < 0.5)


def matrix(form, kind="matrix"):
    return getattr(sp, f"{form}_{kind}")(table())


def network():
    return Network(6, [Dense(3, "tanh"), Dense(1)], seed=0)


def dense(samples):
    rows = np.zeros((samples.n_samples, 6))
    for s in range(samples.n_samples):
        places = slice(samples.starts[s], samples.starts[s + 1])
        rows[s, samples.columns[places]] = samples.values[0, places]
    return rows


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_taken(form, kind):
    X = matrix(form, kind)
    np.testing.assert_array_equal(dense(compressed_rows(X, FLOAT64)), table())
    net = network()
    np.testing.assert_allclose(net.predict(X), net.predict(table()), rtol=1e-13)
    for got, expected in zip(net.trace(X, table()[:, 0]), net.trace(table(), table()[:, 0])):  # noqa: B905
        np.testing.assert_allclose(got.grad_W, expected.grad_W, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "bool", "int64", "float32", "float64"])
def test_every_dtype_and_width_of_index_is_taken(dtype):
    X = sp.csr_matrix((table() * 100).astype(dtype))
    expected = X.toarray().astype(float)
    for index in (np.int32, np.int64):
        X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(np.int64)
        np.testing.assert_array_equal(dense(compressed_rows(X, FLOAT64)), expected)
    X.data.flags.writeable = X.indices.flags.writeable = X.indptr.flags.writeable = False
    np.testing.assert_array_equal(dense(compressed_rows(X, FLOAT64)), expected)


def assign(**parts):
    def change(X):
        for name, make in parts.items():
            setattr(X, name, make(getattr(X, name)))

    return change


def put(name, place, value):
    def change(X):
        getattr(X, name)[place] = value

    return change


BROKEN = [
    ("csr csc bsr coo dia", assign(data=lambda data: data[:1].copy()), "data"),
    ("csr csc bsr", assign(indices=lambda indices: indices[:1].copy()), "indices"),
    ("csr csc bsr", assign(indptr=lambda indptr: indptr[:-1].copy()), "indptr must have"),
    ("csr csc bsr", assign(indptr=lambda indptr: indptr + 1), "from 0, got another"),
    ("csr csc bsr", assign(indptr=lambda indptr: indptr * 2), "data"),
    ("csr csc bsr", assign(indptr=lambda indptr: indptr[::-1].copy()), "from 0, got another"),
    ("csr csc bsr", assign(indptr=lambda indptr: indptr[:0]), "indptr must have"),
    ("csr csc bsr", put("indptr", 2, -5), "from 0, got another"),
    ("csr csc bsr", put("indptr", -1, 10**6), "data"),
    ("csr csc bsr", put("indices", 3, -1), r"got -1 \.\.\."),
    ("csr csc bsr", put("indices", 3, 10**6), r"\.\.\. 1000000"),
    ("csr csc bsr", assign(indices=lambda indices: indices.astype(float)), "whole numbers"),
    ("csr csc bsr", assign(indices=lambda indices: indices.astype(object)), "whole numbers"),
    ("csr csc bsr", assign(indices=lambda i: i.astype(np.uint64) + 2**63), r"got -9\d+"),
    ("csr csc", assign(data=lambda data: data[:, np.newaxis]), "must have 1 axes"),
    ("csr csc bsr coo", assign(data=lambda data: data.astype(object)), "real numbers"),
    ("csr csc bsr coo", assign(data=lambda data: data.astype(complex)), "real numbers"),
    ("bsr", assign(data=lambda data: np.repeat(data, 7, axis=2)), "blocks that fill"),
    ("coo", assign(row=lambda row: row + 10**6), "row 0"),
    ("coo", assign(row=lambda row: row - 1), "row 0"),
    ("coo", assign(col=lambda col: col - 10**6), "col 0"),
    ("coo", assign(col=lambda col: col[:-1]), "in col as in data"),
    ("dia", assign(offsets=lambda offsets: offsets[:1]), "offset of its own"),
    ("dia", assign(offsets=lambda offsets: offsets * 0), "offset of its own"),
    ("lil", lambda X: X.rows[0].append(10**6), "as many columns as numbers"),
    ("lil", lambda X: (X.rows[0].append(10**6), X.data[0].append(1.0)), r"\.\.\. 1000000"),
    ("lil", lambda X: (X.rows[0].append(-3), X.data[0].append(1.0)), "got -3"),
    ("lil", assign(rows=lambda rows: rows[:-1]), "12 lists in rows"),
]
for name, forms in {
    "data": "csr csc bsr coo dia",
    "indices": "csr csc bsr",
    "indptr": "csr csc bsr",
    "offsets": "dia",
}.items():
    for make in (list, memoryview, lambda part: None):
        BROKEN.append((forms, assign(**{name: make}), f"X.{name} must be a NumPy array, got"))
    hide = assign(**{name: lambda part: np.ma.array(part, mask=True)})
    BROKEN.append((forms, hide, f"X.{name} must have no masked elements"))
CASES = [(form, *case) for forms, *case in BROKEN for form in forms.split()]


@pytest.mark.parametrize(("form", "change", "message"), CASES)
def test_parts_that_do_not_go_together_are_refused(form, change, message):
    X, net = matrix(form), network()
    change(X)
    before = net.params.copy()
    for call in (
        lambda: net.predict(X),
        lambda: net.fit(X, table()[:, 0]),
        lambda: net.trace(X, table()[:, 0]),
        lambda: net.fit([(X, table()[:, 0])]),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            call()
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_coordinates_of_another_number_of_axes(n):
    X = matrix("coo", "array")
    if not hasattr(X, "coords"):
        pytest.skip("SciPy before 1.13 has none")
    X.coords = (X.coords * 2)[:n]
    with pytest.raises(ValueError, match=f"X.coords must have 2 arrays, row and col, got {n}"):
        network().predict(X)


def test_a_mask_that_hides_nothing_is_taken():
    X = matrix("csr")
    X.indices = np.ma.array(X.indices)
    np.testing.assert_array_equal(dense(compressed_rows(X, FLOAT64)), table())


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_the_estimators_refuse_before_scikit_learn_converts(form):
    pytest.importorskip("sklearn")
    from fastnn.sklearn import MLPRegressor

    model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    model.fit(matrix(form), table()[:, 0])
    X = matrix(form)
    X.data = X.data[:1].copy()
    for call in (lambda: model.fit(X, table()[:, 0]), lambda: model.predict(X)):
        with pytest.raises(ValueError, match=r"X must have as many .* data"):
            call()


def test_no_structure_leads_out_of_bounds():
    """SciPy's own arrays, shaken by hypothesis: the answer is an error or that of the numbers."""
    hypothesis = pytest.importorskip("hypothesis")
    from hypothesis import strategies as st

    whole = st.lists(st.integers(-3, 9), max_size=14)

    @hypothesis.settings(max_examples=400, database=None)
    @hypothesis.given(whole, whole, st.integers(0, 14), st.sampled_from(["i4", "i8", "u8"]))
    def check(indptr, indices, n_data, dtype):
        X = sp.csr_matrix((4, 6))
        X.data = np.arange(1.0, 1.0 + n_data)
        X.indices = np.array(indices, "i8").astype(dtype)
        X.indptr = np.array(indptr, "i8").astype(dtype)
        try:
            samples = compressed_rows(X, FLOAT64)
        except ValueError:
            return
        starts, columns = samples.starts, samples.columns
        assert samples.n_samples == 4
        assert starts[0] == 0
        assert (np.diff(starts) >= 0).all()
        assert starts[-1] == len(columns) == samples.values.size
        assert ((columns >= 0) & (columns < 6)).all()
        expected = np.zeros((4, 6))
        for s in range(4):
            for p in range(indptr[s], indptr[s + 1]):
                expected[s, indices[p]] += 1.0 + p
            row = columns[starts[s] : starts[s + 1]]
            assert len(np.unique(row)) == len(row)
        np.testing.assert_array_equal(dense(samples), expected)

    check()


@pytest.mark.parametrize("flag", ["has_canonical_format", "has_sorted_indices"])
def test_flags_that_are_not_true_are_not_believed(flag):
    data, columns, starts = np.arange(1.0, 7), [3, 3, 0, 1, 1, 1], [0, 3, 6]
    X = sp.csr_matrix((data, columns, starts), shape=(2, 6))
    X.has_sorted_indices = True
    setattr(X, flag, True)
    before = [part.copy() for part in (X.data, X.indices, X.indptr)]
    expected = np.array([[3.0, 0, 0, 3, 0, 0], [0, 15, 0, 0, 0, 0]])
    np.testing.assert_array_equal(dense(compressed_rows(X, FLOAT64)), expected)
    for got, part in zip((X.data, X.indices, X.indptr), before, strict=True):
        np.testing.assert_array_equal(got, part)  # the user's own


def test_sparse_targets_are_told_what_to_use():
    with pytest.raises(TypeError, match=r"it is sparse, use y.toarray\(\)"):
        network().fit(matrix("csr"), matrix("csr")[:, :1])


def test_small_whole_numbers_are_summed_without_overflow():
    X = sp.csr_matrix((np.array([100, 100], np.int8), [2, 2], [0, 2]), shape=(1, 6))
    np.testing.assert_array_equal(dense(compressed_rows(X, FLOAT64)), [[0, 0, 200, 0, 0, 0]])


def test_a_callback_that_changes_the_matrix_leads_nowhere():
    class Shorten:
        def start(self, run):
            self.X.data = self.X.data[:1]
            self.X.indices[:] = 10**6
            self.X.indptr[:] = 10**6

        def epoch(self, run):
            self.X.indices = self.X.indices[:0]

        end = start

    changed, callback, y = matrix("csr"), Shorten(), table()[:, 0]
    callback.X = changed
    got, expected = network(), network()
    got.fit(changed, y, epochs=3, callbacks=[callback])
    expected.fit(matrix("csr"), y, epochs=3)
    np.testing.assert_array_equal(got.params, expected.params)


_BOUNDS = """
import numpy as np, scipy.sparse as sp
from fastnn import Dense, Network
net = Network(6, [Dense(3, "tanh"), Dense(1)], seed=0)
random, n_refused = np.random.default_rng(0), 0
for trial in range(300):
    X = sp.csr_matrix((random.random((5, 6)) < 0.4).astype(float))
    name = ("data", "indices", "indptr")[trial % 3]
    part = getattr(X, name).copy()
    if random.random() < 0.5:
        part = part[: random.integers(len(part) + 1)]
    elif name != "data":
        part[random.integers(len(part))] = random.integers(-4, 40)
    setattr(X, name, part)
    try:
        net.predict(X)
        net.partial_fit(X, np.zeros(5))
    except ValueError:
        n_refused += 1
assert 100 < n_refused < 300, n_refused
assert np.isfinite(net.params).all()
"""


@pytest.mark.compiled
def test_with_bounds_checked(tmp_path):
    env = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", _BOUNDS], env=env, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
