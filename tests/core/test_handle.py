"""The handle: what it shares, where it may go, and functions that take it and are kept on disk."""

import copy
import pickle
import threading

import numpy as np
import pytest
from numba import carray, cfunc, njit, typeof, types

from fastnn import Dense, Network, core
from fastnn.optimizers import LBFGS, Adam

from ..support.processes import run_python
from .test_api import make_network, predict_many, rows, train_in_batches, train_one_by_one


def test_weights_are_shared_unless_frozen():
    net = make_network()
    live, frozen, (X, Y, _) = net.handle(), net.handle(frozen=True), rows(net)
    before, got = net.predict(X), np.zeros((len(X), 3))
    net.fit(X, Y)
    predict_many(frozen, X, got)
    np.testing.assert_array_equal(got, before)
    predict_many(live, X, got)
    np.testing.assert_array_equal(got, net.predict(X))
    train_one_by_one(frozen, X, Y, 0.1)
    np.testing.assert_array_equal(got, net.predict(X))


def test_each_handle_has_an_optimizer_of_its_own():
    net, twin = make_network(), make_network()
    X, Y, weights = rows(net)
    first = net.handle(optimizer=Adam())
    for handle in (first, first):
        train_in_batches(handle, X, Y, weights, 0.01, 5)
    for handle in (twin.handle(optimizer=Adam()), twin.handle(optimizer=Adam())):
        train_in_batches(handle, X, Y, weights, 0.01, 5)
    assert abs(net.params - twin.params).max() > 1e-6


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("output", "loss"), [("mean_and_spread", "gaussian_nll"), ("identity", "mse")]
)
def test_a_handle_stays_in_its_process(output, loss, protocol):
    """It holds addresses of functions, which mean nothing, or another function, in another one."""
    net = Network(3, [Dense(4, "tanh"), Dense(2, output)], loss=loss, seed=0)
    message = r"a handle must stay in its process.*: pickle the network, and call its handle\(\)"
    for held in (net.handle(), [net.handle(frozen=True)]):
        with pytest.raises(TypeError, match=message):
            pickle.dumps(held, protocol)


def test_copies_in_the_process():
    net = make_network()
    handle, (X, Y, _) = net.handle(), rows(net)
    apart, before = copy.deepcopy(handle), net.params.copy()
    assert copy.copy(handle) is handle
    train_one_by_one(apart, X, Y, 0.1)
    np.testing.assert_array_equal(net.params, before)
    train_one_by_one(handle, X, Y, 0.1)
    np.testing.assert_array_equal(apart.params, net.params)


@pytest.mark.parametrize("optimizer", ["lbfgs", "newton", 3])
def test_other_optimizers_are_refused(optimizer):
    message = f"optimizer must be one of .* 'adamw', 'irprop'; got {optimizer!r}"
    with pytest.raises(ValueError, match=message):
        make_network().handle(optimizer=optimizer)


def test_an_optimizer_that_no_kernel_applies_is_refused():
    with pytest.raises(ValueError, match="optimizer must be one that is compiled, got LBFGS"):
        make_network().handle(optimizer=LBFGS())


@pytest.mark.compiled
def test_handles_in_two_threads():
    """A thread each, with a handle each, on one network."""
    net = make_network()
    X, _, _ = rows(net, 500)
    expected = net.predict(X)
    got = [np.zeros_like(expected) for _ in range(2)]

    @njit(nogil=True)
    def predict_often(handle, X, outputs):
        for _ in range(20):
            for s in range(len(X)):
                core.predict(handle, X[s], outputs[s])

    others = [
        threading.Thread(target=predict_often, args=(net.handle(), X, outputs)) for outputs in got
    ]
    for other in others:
        other.start()
    for other in others:
        other.join()
    for outputs in got:
        np.testing.assert_array_equal(outputs, expected)


@pytest.mark.compiled
@pytest.mark.parametrize("frozen", [False, True])
def test_a_callback_finds_the_handle_by_its_pointer(frozen):
    net = make_network()
    pointer = net.handle(frozen=frozen).pointer()
    form = typeof(pointer.handle)

    @cfunc(types.double(types.intc, types.CPointer(types.double), types.voidptr))
    def first_output(n, xs, data):
        outputs = np.empty(3)
        core.predict(core.handle_at(data, form), carray(xs, n), outputs)
        return outputs[0]

    x = np.array([0.5, -1.0, 2.0, 0.1])
    address = x.ctypes.data_as(first_output.ctypes.argtypes[1])
    before = net.predict(x)[0]
    for _ in range(1000):  # nor does it wear the arrays' references out
        got = first_output.ctypes(4, address, pointer)
    assert got == before
    X, Y, _ = rows(net)
    net.fit(X, Y)
    now = first_output.ctypes(4, address, pointer)
    assert now == (before if frozen else net.predict(x)[0])
    assert now != before or frozen


USER = """
import numpy as np
from numba import njit
from fastnn import Dense, Network, core

@njit(cache=True)
def first(handle, x, outputs):
    core.predict(handle, x, outputs)
    return outputs[0]

if __name__ == "__main__":
    net = Network(2, [Dense(3, "tanh"), Dense(1)], seed=0)
    x, outputs = np.ones(2), np.zeros(1)
    assert first(net.handle(), x, outputs) == net.predict(x)[0]
    net.params = 0.5 * net.params
    assert first(net.handle(), x, outputs) == net.predict(x)[0]
    print(sum(first.stats.cache_hits.values()), sum(first.stats.cache_misses.values()))
"""


@pytest.mark.compiled
def test_a_function_that_is_kept_on_disk(tmp_path):
    """It is found again, with other weights; but not by another version of the core."""
    (tmp_path / "user.py").write_text(USER)
    folder = str(tmp_path / "cache")
    assert run_python(USER, tmp_path / "user.py", NUMBA_CACHE_DIR=folder) == "0 1\n"
    assert run_python(USER, tmp_path / "user.py", NUMBA_CACHE_DIR=folder) == "1 0\n"
    upgrade = tmp_path / "upgraded.py"
    upgrade.write_text(
        "import runpy, sys\n"
        "import hashlib\n"
        "sha256 = hashlib.sha256\n"
        "hashlib.sha256 = lambda data=b'': sha256(data + b'another version')\n"
        "import fastnn.core\n"
        "hashlib.sha256 = sha256\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        f"runpy.run_path({str(tmp_path / 'user.py')!r}, run_name='__main__')\n"
    )
    assert run_python("", upgrade, NUMBA_CACHE_DIR=folder) == "0 1\n"
