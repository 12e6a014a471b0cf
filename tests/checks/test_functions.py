"""A user's function in copies and pickles, of this process and of others."""

import copy
import pickle
import sys
import types

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network

from ..support.functions import bent, fourth, tilted
from ..support.processes import run_python


def doubled(y, a):
    """A function under another name than what is made of it."""
    return 2 * (a - y) ** 2, 4 * (a - y)


own_doubled = fastnn.loss(doubled)


class Losses:
    @staticmethod
    @fastnn.loss
    def within(y, a):
        return (a - y) ** 2, 2 * (a - y)


@pytest.mark.parametrize("function", [tilted, fourth, bent, Losses.within, own_doubled])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_brings_the_same_object(function, protocol):
    text = pickle.dumps(function, protocol)
    got = pickle.loads(text)
    assert got is function if function is not own_doubled else got.function is doubled
    assert len(text) < 300, "by its name, not by its code"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_the_object(copied):
    local = fastnn.loss(lambda y, a: ((a - y) ** 2, 2 * (a - y)))
    for function in (tilted, bent, local):
        assert copied(function) is function
    net = Network(2, [Dense(1)], loss=local)
    assert copied(net).loss_function is local


def test_a_function_without_a_place_is_no_pickle():
    local = fastnn.loss(lambda y, a: ((a - y) ** 2, 2 * (a - y)))
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        pickle.dumps(local)


def test_cloudpickle_takes_it_along():
    cloudpickle = pytest.importorskip("cloudpickle")
    scale = 3.0
    local = fastnn.loss(lambda y, a: (scale * (a - y) ** 2, 2 * scale * (a - y)))
    net = Network(2, [Dense(1, bent)], loss=local, seed=0)
    twin = cloudpickle.loads(cloudpickle.dumps(net))
    assert twin.loss_function is not local
    assert twin.layers[0].activation is bent
    X, y = np.ones((5, 2)), np.arange(5.0)
    for each in (net, twin):
        each.fit(X, y, epochs=3)
    np.testing.assert_array_equal(twin.params, net.params)


def test_a_function_that_has_changed_since_is_brought_along(monkeypatch):
    """As one of a session is, whose name is bound anew."""
    cloudpickle = pytest.importorskip("cloudpickle")
    text = "import fastnn\n@fastnn.loss\ndef f(y, a):\n    return {0} * (a - y), {0} * 1.0\n"
    module = types.ModuleType("session")
    monkeypatch.setitem(sys.modules, "session", module)
    cloudpickle.register_pickle_by_value(module)
    try:
        exec(text.format(1), module.__dict__)
        first, pickled = module.f, cloudpickle.dumps(module.f)
        assert cloudpickle.loads(pickled) is first
        exec(text.format(3), module.__dict__)
        again = cloudpickle.loads(pickled)
        assert again is not module.f
        assert again(0.0, 1.0) == (1.0, 1.0)
        assert module.f(0.0, 1.0) == (3.0, 3.0)
    finally:
        cloudpickle.unregister_pickle_by_value(module)


SCRIPT = """
import multiprocessing, pickle
import fastnn
from fastnn import Dense, Network

@fastnn.loss
def tilted(y, a):
    e = a - y
    return (2 * e * e, 4 * e) if e > 0 else (e * e, 2 * e)

@fastnn.activation
def bent(z):
    root = (1 + z * z) ** 0.5
    return z / 2 + root, 0.5 + z / root

def trained(net):
    return net.fit([[1.0], [2.0]], [3.0, 5.0], epochs=3)["loss"]

if __name__ == "__main__":
    net = Network(1, [Dense(3, bent), Dense(1)], loss=tilted, seed=0)
    twin = pickle.loads(pickle.dumps(net))
    assert twin.loss_function is tilted and twin.layers[0].activation is bent
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(trained, (net,))
    assert there == trained(net), there
    print("the same")
"""


@pytest.mark.compiled
def test_functions_of_a_script_go_to_its_other_processes(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    assert run_python("", path) == "the same\n"
