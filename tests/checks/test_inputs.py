"""What users hand over as arrays: right, or refused with what to do."""

import threading

import numpy as np
import pytest

from fastnn import Dense, Network, metrics
from fastnn._checks.arrays import as_numbers
from fastnn._training.state import state_of
from fastnn.online import OnlineRegressor

from ..support.networks import make_data, small_network

X, Y = make_data(6, 3, 2)
FLOAT64 = np.dtype("float64")


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


SAME = {
    "Fortran order": np.asfortranarray(X),
    "negative strides": X[::-1, ::-1].copy()[::-1, ::-1],
    "byte-swapped": X.astype(">f8"),
    "longdouble": X.astype(np.longdouble),
    "a view of columns": np.hstack([X, X])[:, :3],
    "read-only": read_only(X),
    "a list": X.tolist(),
    "a list of rows": list(X),
    "a tuple of tuples": tuple(map(tuple, X.tolist())),
    "nothing masked": np.ma.array(X, mask=False),
    "no mask": np.ma.array(X),
    "a list of rows, none masked": [np.ma.array(row) for row in X],
}


@pytest.mark.parametrize("form", SAME)
def test_forms_of_the_same_numbers(form):
    got, expected = small_network(), small_network()
    table = SAME[form]
    got.fit(table, Y)
    expected.fit(X, Y)
    got.partial_fit(table, Y)
    expected.partial_fit(X, Y)
    np.testing.assert_array_equal(got.params, expected.params)
    np.testing.assert_array_equal(got.predict(table), expected.predict(X))
    row = table[0]
    if np.ndim(row) == 1:
        np.testing.assert_array_equal(got.predict(row), expected.predict(X[0]))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "uint64", "float16"])
def test_whatever_the_dtype_of_numbers(dtype):
    table = np.arange(18).reshape(6, 3) % 5
    net = small_network()
    got = net.predict(table.astype(dtype))
    np.testing.assert_array_equal(got, net.predict(table.astype(dtype).astype(float)))


def test_whole_numbers_beyond_the_float_are_rounded():
    big = np.array([[2**63 + 1, 2**53 + 1, 0]], np.uint64)
    expected = [[float(2**63), float(2**53), 0.0]]
    np.testing.assert_array_equal(as_numbers("X", big, FLOAT64), expected)
    with pytest.raises(ValueError, match=r"X must be finite in float64, got inf at \(0, 0\)"):
        small_network().predict(np.full((1, 3), np.longdouble("1e400")))


REFUSED = [
    (X.astype(str), TypeError, r"where it is text of numbers, use np.asarray\(X, dtype=float\)"),
    (X.astype(bytes), TypeError, "text of numbers"),
    (X.astype(str).tolist(), TypeError, "text of numbers"),
    (X.astype(object), TypeError, r"where it is numbers, use X.astype\(float\)"),
    (X + 1j, TypeError, "X.real and X.imag"),
    (np.zeros((6, 3), "datetime64[s]"), TypeError, r"\(X - X\[0\]\) / np.timedelta64"),
    (np.zeros((6, 3), "timedelta64[s]"), TypeError, "X / np.timedelta64"),
    (np.zeros(6, "f8,f8,f8"), TypeError, r"structured_to_unstructured\(X\)"),
    ((row for row in X), TypeError, r"np.array\(list\(X\)\)"),
    (map(list, X), TypeError, r"np.array\(list\(X\)\)"),
    ({"a": 1}, TypeError, "X must hold real numbers, got dtype object"),
    ([[1, 2, 3], [4, 5]], ValueError, "X must be an array of numbers"),
    (X.T, ValueError, r"got \(3, 6\): is it transposed\? Then use X.T"),
    (X[:, np.newaxis], ValueError, r"got \(6, 1, 3\): use X.reshape\(len\(X\), -1\)"),
    (X[..., np.newaxis], ValueError, r"use X.reshape\(len\(X\), -1\)"),
    (X[:0], ValueError, r"X must not be empty, got shape \(0, 3\)"),
    (np.ma.masked_less(X, 0), ValueError, r"no masked elements, got \d+, the first at \(0, "),
    (np.ma.masked_where(X < 0, X), ValueError, "X.filled"),
    ([np.ma.masked_less(row, 0) for row in X], ValueError, "X must have no masked elements"),
    ([[1, 2, np.ma.masked]] * 6, ValueError, "X must have no masked elements"),
    ((X[0], np.ma.masked_less(X[1], 9)), ValueError, "X must have no masked elements"),
]


@pytest.mark.parametrize(("bad", "error", "message"), REFUSED)
def test_what_is_refused(bad, error, message):
    net = small_network()
    before = net.params.copy()
    for call in (
        lambda: net.fit(bad, Y),
        lambda: net.partial_fit(bad, Y),
        lambda: net.predict(bad),
        lambda: net.loss(bad, Y),
        lambda: net.fit([(bad, Y)]),
        lambda: net.fit(X, Y, validation_data=(bad, Y)),
    ):
        with pytest.raises(error, match=message):
            call()
    np.testing.assert_array_equal(net.params, before)


def test_masks_are_seen_wherever_arrays_are_taken():
    def masked(array):
        return np.ma.array(array, mask=np.arange(np.size(array)).reshape(np.shape(array)) == 1)

    def assign():
        net.params = masked(net.params)

    net, weights = small_network(), np.ones(6)
    for call in (
        lambda: net.fit(X, masked(Y)),
        lambda: net.fit(X, masked(np.arange(6) % 2)),
        lambda: net.fit(X, Y, sample_weight=masked(weights)),
        lambda: net.fit(X, Y, validation_data=(X, masked(Y))),
        lambda: net.fit([(X, masked(Y))]),
        lambda: net.fit([(X, Y, masked(weights))]),
        lambda: net.partial_fit(X[0], masked(Y[0])),
        lambda: net.partial_fit(masked(X[0]), Y[0]),
        lambda: net.predict(masked(X[0])),
        lambda: net.loss(X, Y, sample_weight=masked(weights)),
        assign,
        lambda: Dense(2, weights=masked(np.ones((3, 2)))),
        lambda: Dense(2, biases=masked(np.ones(2))),
        lambda: metrics.mse(masked(Y), Y),
        lambda: metrics.accuracy(Y, masked(Y)),
    ):
        with pytest.raises(ValueError, match="must have no masked elements, got 1"):
            call()


def test_a_single_row_where_a_table_is_due_is_told_how():
    with pytest.raises(ValueError, match=r"use X.reshape\(1, -1\)"):
        small_network().fit(X[0], Y[0])
    with pytest.raises(ValueError, match=r"use X.reshape\(-1, 1\)"):
        Network(1, [Dense(1)]).fit([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])


def test_truth_values_and_nan_as_targets():
    got, expected = (Network(3, [Dense(1, "sigmoid")], seed=0) for _ in range(2))
    flags = X[:, 0] > 0
    got.fit(X, flags)
    expected.fit(X, flags.astype(float))
    np.testing.assert_array_equal(got.params, expected.params)
    with pytest.raises(ValueError, match=r"y must be finite in float64, got nan at \(2, 0\)"):
        got.fit(X, [0, 1, np.nan, 0, 1, 1])


def test_tensors_of_torch():
    torch = pytest.importorskip("torch")
    tensor, net = torch.from_numpy(X), small_network()
    np.testing.assert_array_equal(net.predict(tensor), net.predict(X))
    net.fit(tensor, torch.from_numpy(Y))
    with pytest.raises(TypeError, match=r"X must be an array of numbers: .*detach"):
        net.predict(tensor.clone().requires_grad_())
    with pytest.raises(TypeError, match=r"X must be an array of numbers: .*BFloat16"):
        net.predict(tensor.to(torch.bfloat16))
    with pytest.raises(TypeError, match="X must be an array of numbers"):
        net.predict(tensor.to_sparse())


def test_arrays_of_jax():
    jnp = pytest.importorskip("jax.numpy")
    net = small_network(dtype="float32")
    got = net.predict(jnp.asarray(X, "float32"))
    np.testing.assert_array_equal(got, net.predict(X.astype("float32")))
    with pytest.raises(TypeError, match=r"X must hold real numbers, got dtype bfloat16: convert"):
        net.predict(jnp.asarray(X, "bfloat16"))


# ---- threads -------------------------------------------------------------------------------------


def in_threads(work, n=2):
    errors = []

    def guarded(k):
        try:
            work(k)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=guarded, args=(k,)) for k in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def until_alone(call):
    while True:
        try:
            return call()
        except RuntimeError as error:
            assert "one thread at a time" in str(error)  # noqa: PT017


@pytest.mark.compiled
def test_threads_that_try_again_lose_no_update():
    net = small_network()
    net.fit(X, Y, optimizer="adam", batch_size=2)

    def work(k):
        for _ in range(60):
            until_alone(lambda: net.fit(X, Y, epochs=2, batch_size=2, resume=True))
            until_alone(lambda: net.partial_fit(X, Y, batch_size=2))

    in_threads(work)
    n_updates, n_seen, _ = state_of(net).training.counters
    assert state_of(net).training.epochs == 1 + 2 * 60 * 2
    assert net.history.epoch == list(range(1 + 2 * 60 * 2))
    assert n_updates == 3 * (1 + 2 * 60 * 3)
    assert n_seen == 6 * (1 + 2 * 60 * 3)


@pytest.mark.compiled
def test_threads_that_take_rows_lose_none():
    net = Network(3, [Dense(5, "tanh"), Dense(1)], seed=0)
    rows = OnlineRegressor(net, "abc")
    net.partial_fit(X[0], 1.0)

    def work(k):
        for i in range(300):
            x = dict(zip("abc", X[i % 6], strict=True))
            if k and i % 50 == 0:  # what is ready for rows is given up, and made anew
                until_alone(lambda: net.partial_fit(X[0], 1.0, learning_rate=0.01))
            until_alone(lambda x=x: rows.learn_one(x, 1.0))

    in_threads(work)
    assert state_of(net).training.counters[1] == 1 + 600 + 6
