"""Many parameter vectors over the same rows have the bits of each network's own `predict`."""

import pickle
import re
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

import fastnn
from fastnn import Dense, Network, core
from fastnn.core.heads import HEADS

from ..support.networks import HIDDEN, make_data
from ..support.processes import run_python
from .test_api import DTYPES, make_network, rows

N_NETWORKS = 3
SHAPES = [  # widths: narrow layers and others, of more and of fewer inputs than two registers
    (1, 1), (3, 5), (4, 8, 2), (33, 4), (40, 17, 9, 3), (70, 5, 3, 4, 6), (100, 1), (130, 66),
]  # fmt: skip


@njit
def predict_in_a_loop(handle, vectors, X, outputs, n):
    for _ in range(n):
        core.predict_population(handle, vectors, X, outputs)


def make_population(widths, dtype, activations=("tanh",), loss="mse", seed=0):
    """Return a network, and parameters for many, which are small enough for `exp` on top."""
    names = [activations[k % len(activations)] for k in range(len(widths) - 1)]
    layers = [Dense(n, name) for n, name in zip(widths[1:], names, strict=True)]
    net = Network(widths[0], layers, loss=loss, dtype=dtype, seed=seed)
    vectors = np.empty((N_NETWORKS, net.params.size), dtype)
    for vector in vectors:
        net.params = 0.3 * np.random.default_rng(seed).normal(size=net.params.size)
        vector[:], seed = net.params, seed + 1
    return net, vectors


def predict_each(net, vectors, X):
    outputs = []
    for vector in vectors:
        net.params = vector
        outputs.append(net.predict(X))
    return np.array(outputs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("widths", SHAPES, ids=repr)
def test_the_bits_are_those_of_predict(widths, dtype):
    net, vectors = make_population(widths, dtype)
    for n_samples in (1, 2, 7, 33, 70):
        X, _ = make_data(n_samples, widths[0], 1)
        X[0, X[0] < 0] = 0  # so that `predict` looks for zeros
        X = X.astype(dtype)
        got = np.full((N_NETWORKS, n_samples, widths[-1]), np.nan, dtype)
        core.predict_population(net.handle(), vectors, X, got)
        np.testing.assert_array_equal(got, predict_each(net, vectors, X))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*HIDDEN, "softmax", *HEADS])
def test_every_activation(name, dtype):
    hidden = name if name in HIDDEN else "relu"
    net, vectors = make_population((4, 9, 6), dtype, (hidden, name))
    X = make_data(20, 4, 1)[0].astype(dtype)
    got = np.empty((N_NETWORKS, 20, 6), dtype)
    predict_in_a_loop(net.handle(), vectors, X, got, 1)
    np.testing.assert_array_equal(got, predict_each(net, vectors, X))


@fastnn.activation
def bounded(z):
    if z > 2.0:
        raise ValueError
    return z / 2, 0.5


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_activation_of_the_users_own_fails_for_a_row_alone(dtype):
    net, vectors = make_population((4, 9, 5), dtype, (bounded, "tanh"))
    X = make_data(40, 4, 1)[0].astype(dtype)
    X[7] = 1e3
    got = np.empty((N_NETWORKS, 40, 5), dtype)
    core.predict_population(net.handle(), vectors, X, got)
    expected = predict_each(net, vectors, X)
    np.testing.assert_array_equal(got, expected)
    is_nan = np.isnan(got).any(axis=2)
    assert is_nan[:, 7].all()
    assert not is_nan.all(axis=1).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_handle_serves_on(dtype):
    """Its scratch is used, but neither its parameters nor what its other functions rely on."""
    net = make_network(dtype=dtype)
    used, fresh, (X, Y, weights) = net.handle(), net.handle(), rows(net)
    before = net.params.copy()
    vectors = np.full((2, net.params.size), np.nan, dtype)
    vectors[1] = 1e3
    outputs = np.empty((2, len(X), 3), dtype)
    core.predict_population(used, vectors, X, outputs)
    assert np.isnan(outputs[0]).all()
    assert np.isfinite(outputs[1]).all()
    np.testing.assert_array_equal(net.params, before)
    for handle in (used, fresh):
        core.add_gradient_rows(handle, X, Y, weights)
    np.testing.assert_array_equal(used.grad, fresh.grad)


def test_a_vector_that_is_not_finite_spoils_its_own_outputs_alone():
    net, vectors = make_population((4, 8, 2), "float64")
    X, got = make_data(20, 4, 1)[0], np.empty((N_NETWORKS, 20, 2))
    expected = predict_each(net, vectors, X)
    vectors[1] = np.nan
    core.predict_population(net.handle(), vectors, X, got)
    assert np.isnan(got[1]).all()
    np.testing.assert_array_equal(got[[0, 2]], expected[[0, 2]])


def test_padding_takes_no_part():
    net, vectors = make_population((4, 8, 5, 2), "float64")
    X, got = make_data(20, 4, 1)[0], np.empty((N_NETWORKS, 20, 2))
    expected = predict_each(net, vectors, X)
    padding = np.ones(net.params.size, bool)
    for view in net._views(padding):
        view[:] = False
    vectors[:, padding] = 7.0
    core.predict_population(net.handle(), vectors, X, got)
    np.testing.assert_array_equal(got, expected)


def test_threads_share_the_vectors():
    net, vectors = make_population((4, 8, 2), "float64")
    vectors, X = np.repeat(vectors, 100, axis=0), make_data(20, 4, 1)[0]
    got = np.empty((len(vectors), 20, 2))

    def predict(start):
        part = slice(start, start + 50)
        core.predict_population(net.handle(), vectors[part], X, got[part])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(predict, range(0, len(vectors), 50)))
    expected = predict_each(net, vectors[::100], X)
    np.testing.assert_array_equal(got, np.repeat(expected, 100, axis=0))


WRONG_SHAPES = [
    ("vectors", (3, 1)), ("X", (20, 5)), ("outputs", (2, 20, 2)), ("outputs", (3, 19, 2)),
    ("outputs", (3, 20, 1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shape"), [*WRONG_SHAPES, ("vectors", ()), ("X", (4,)), ("outputs", (3, 40))]
)
def test_a_wrong_shape_is_refused(name, shape):
    net, vectors = make_population((4, 8, 2), "float64")
    arrays = {"vectors": vectors, "X": np.zeros((20, 4)), "outputs": np.zeros((3, 20, 2))}
    arrays[name] = np.zeros(shape)
    with pytest.raises(
        ValueError, match=f"^{name} must have shape .*, got {re.escape(str(shape))}$"
    ):
        core.predict_population(net.handle(), **arrays)


@pytest.mark.compiled
@pytest.mark.parametrize(("name", "shape"), WRONG_SHAPES)
def test_compiled_code_is_told_so_too(name, shape):
    net, vectors = make_population((4, 8, 2), "float64")
    arrays = {"vectors": vectors, "X": np.zeros((20, 4)), "outputs": np.zeros((3, 20, 2))}
    arrays[name] = np.zeros(shape)
    with pytest.raises(ValueError, match=f"the shape of.*{name}, required and got") as caught:
        predict_in_a_loop(net.handle(), *arrays.values(), 1)
    assert caught.value.args[-len(shape) :] == shape


@pytest.mark.compiled
def test_another_dtype_is_refused_by_the_compiler():
    net, vectors = make_population((4, 8, 2), "float64")
    X, outputs = np.zeros((20, 4)), np.zeros((3, 20, 2))
    with pytest.raises(TypingError, match="vectors must have dtype float64, got float32: give vec"):
        predict_in_a_loop(net.handle(), vectors.astype("float32"), X, outputs, 1)


def read_only(array):
    array.flags.writeable = False
    return array


REFUSED = {
    "strided": ("vectors", lambda V: np.repeat(V, 2, axis=0)[::2], "C-contiguous, got strides"),
    "in Fortran's order": ("X", np.asfortranarray, r"give np.ascontiguousarray\(X, 'float64'\)"),
    "strided outputs": ("outputs", lambda out: np.repeat(out, 2, axis=2)[..., ::2], "C-contiguous"),
    "reversed outputs": ("outputs", lambda out: out[::-1], r"give np.empty\(\(3, 20, 2\)\)$"),
    "read-only outputs": ("outputs", read_only, "writable, got a read-only array: give np.empty"),
    "a list": ("vectors", np.ndarray.tolist, "a plain NumPy array, got list: give np.ascontig"),
    "nothing": ("vectors", lambda V: None, "a plain NumPy array, got NoneType"),
    "masked": ("X", np.ma.masked_array, r"array, got MaskedArray: fill it, X.filled\(...\)"),
    "big-endian": ("vectors", lambda V: V.astype(">f8"), "have dtype float64, got >f8: give"),
    "float32": ("vectors", lambda V: V.astype("f4"), "have dtype float64, got float32: give"),
    "truth values": ("X", lambda X: X > 0, "float32 or float64 or whole numbers, got bool"),
    "objects": ("X", lambda X: X.astype(object), "or whole numbers, got object"),
    "integers": ("outputs", lambda out: out.astype(int), "float32 or float64, got int64: give np"),
}


@pytest.mark.parametrize(("name", "changed", "message"), REFUSED.values(), ids=[*REFUSED])
def test_python_is_told_in_a_line_what_it_must_give(name, changed, message):
    net, vectors = make_population((4, 8, 2), "float64")
    arrays = {"vectors": vectors, "X": np.zeros((20, 4)), "outputs": np.full((3, 20, 2), 7.0)}
    outputs, arrays[name] = arrays["outputs"], changed(arrays[name])
    message = f"^{name} must .*{message}"
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        core.predict_population(net.handle(), **arrays)
    assert "\n" not in str(caught.value)
    assert (outputs == 7).all()


@pytest.mark.parametrize("handle", [None, Network(4, [Dense(8, "tanh"), Dense(2)], seed=0)])
def test_a_handle_is_needed(handle):
    _, vectors = make_population((4, 8, 2), "float64")
    with pytest.raises(
        TypeError, match=r"^handle must be what the handle\(\) of a network returns"
    ):
        core.predict_population(handle, vectors, np.zeros((20, 4)), np.zeros((3, 20, 2)))


@pytest.mark.parametrize("changed", [read_only, lambda X: X.astype(int), lambda X: X.astype("f4")])
def test_samples_may_be_read_only_and_of_another_dtype(changed):
    net, vectors = make_population((4, 8, 2), "float64")
    X, got = changed(np.arange(80.0).reshape(20, 4)), np.empty((3, 20, 2))
    core.predict_population(net.handle(), vectors, X, got)
    np.testing.assert_array_equal(got, predict_each(net, vectors, X))


def test_the_function_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(core.predict_population)) is core.predict_population


ALLOCATIONS = """
    import numpy as np
    from numba.core.runtime import rtsys
    from tests.core.test_population import make_population, predict_in_a_loop

    net, vectors = make_population((4, 8, 2), "float64")
    handle, X, outputs = net.handle(), np.zeros((20, 4)), np.zeros((3, 20, 2))
    predict_in_a_loop(handle, vectors, X, outputs, 1)
    for n in (1, 100):
        before = rtsys.get_allocation_stats().alloc
        predict_in_a_loop(handle, vectors, X, outputs, n)
        print(rtsys.get_allocation_stats().alloc - before)
"""


@pytest.mark.compiled
def test_nothing_is_allocated():
    """`test_api` has the control that must grow."""
    few, many = run_python(textwrap.dedent(ALLOCATIONS), NUMBA_NRT_STATS="1").split()
    assert few == many
