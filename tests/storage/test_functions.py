"""Functions of a user's own in files: the same ones come back, others are refused."""

import io
import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastnn
from fastnn import Dense, FormatError, Heads, Network, Population
from fastnn._storage.npz import pack

from ..support.files import saved
from ..support.functions import bent, fourth, tilted

X = np.random.default_rng(0).normal(size=(8, 3))
STEEPNESS = 1.0


def leaky(slope):
    @fastnn.activation
    def leaky(z):
        return (z, 1.0) if z > 0 else (slope * z, slope)

    return leaky


def weighted(weights):
    @fastnn.loss
    def weighted(y, a, error):
        value = 0.0
        for j in range(len(y)):
            e = a[j] - y[j]
            error[j] = 2 * weights[j] * e
            value += weights[j] * e * e
        return value

    return weighted


def of_steepness():
    @fastnn.activation
    def by_global(z):
        return STEEPNESS * z, STEEPNESS

    return by_global


def of_leaky(*slopes, loss="mse"):
    return Network(3, [*(Dense(4, leaky(slope)) for slope in slopes), Dense(2)], loss=loss, seed=0)


def test_a_closure_over_another_number_is_refused():
    net = of_leaky(0.1)
    again = Network.load(saved(net), functions=[leaky(0.1)])
    assert_array_equal(again.predict(X), net.predict(X))
    for load in (Network.load, fastnn.load_model):
        with pytest.raises(FormatError, match=r"the activation leaky must do what it did .* other"):
            load(saved(net), functions=[leaky(-3.0)])


def test_of_functions_of_one_name_the_right_one_is_found():
    right = leaky(0.1)
    net = Network.load(saved(of_leaky(0.1)), functions=[leaky(-3.0), right])
    assert net.layers[0].activation is right


def test_a_captured_array_of_other_numbers_is_refused():
    one, other = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 9.0, 3.0, 4.0])
    net = Network(3, [Dense(2)], loss=weighted(one), seed=0)
    assert Network.load(saved(net), functions=[weighted(one)]).loss(X, X[:, :2]) > 0
    with pytest.raises(FormatError, match="the loss weighted must do what it did"):
        Network.load(saved(net), functions=[weighted(other)])


def test_a_global_of_another_value_is_refused(monkeypatch):
    known = of_steepness()
    file = saved(Network(3, [Dense(4, known), Dense(1)], seed=0))
    monkeypatch.setitem(globals(), "STEEPNESS", 2.0)
    with pytest.raises(FormatError, match="variables, defaults, other functions"):
        Network.load(file, functions=[known])


def test_a_function_without_its_source_is_known_by_its_values():
    def typed(factor):
        session = {"fastnn": fastnn}
        exec(f"@fastnn.activation\ndef typed(z):\n    return {factor} * z, {factor}\n", session)
        return session["typed"]

    file = saved(Network(3, [Dense(2, typed(2.0))], seed=0))
    assert str(Network.load(file, functions=[typed(2.0)]).layers[0].activation) == "typed"
    file.seek(0)
    with pytest.raises(FormatError, match="the activation typed must do"):
        Network.load(file, functions=[typed(3.0)])


@pytest.mark.parametrize("save", ["network", "heads", "population"])
def test_two_functions_of_one_name_are_refused(save, tmp_path):
    if save == "network":
        made = of_leaky(0.1, 0.5)
    elif save == "heads":
        heads = Heads(Dense(1, leaky(0.1)), Dense(1, leaky(0.5)))
        made = Network(3, [Dense(2), heads], loss="mse", seed=0)
    else:
        made = Population([of_leaky(0.1), of_leaky(0.5)])
    path = tmp_path / "two.fastnn"
    with pytest.raises(ValueError, match="got two that differ, both called leaky: define"):
        made.save(path)
    assert not path.exists()


def test_two_equal_functions_are_one():
    net = of_leaky(0.1, 0.1)
    again = Network.load(saved(net), functions=[leaky(0.1)])
    assert_array_equal(again.predict(X), net.predict(X))
    population = Population([of_leaky(0.1), of_leaky(0.1)])
    file = saved(population)
    twin = Population.load(file, functions=[leaky(0.1)])
    assert_array_equal(twin.outputs(X), population.outputs(X))
    file.seek(0)
    with pytest.raises(FormatError, match="the activation leaky must do what it did"):
        Population.load(file, functions=[leaky(0.2)])


def changed(file, change):
    """Return the file with another header."""
    with np.load(file) as entries:
        arrays = {name: entries[name] for name in entries.files}
    header = json.loads(arrays.pop("header").tobytes())
    change(header)
    return io.BytesIO(pack(header, arrays))


def test_older_files_have_no_values():
    net = Network(3, [Dense(4, bent), Dense(2)], loss=fourth, seed=0)

    def older(header):
        for described in (header["loss"], header["layers"][0]["activation"]):
            del described["values"]

    twin = Network.load(changed(saved(net), older), functions=[bent, fourth])
    assert_array_equal(twin.predict(X), net.predict(X))


@pytest.mark.parametrize(
    "values", [3, [1.0], {"1": 3}, {"1": ["x"]}, {"a": [1.0]}, {"99999999": [1.0]}, {"0": []}]
)
def test_values_that_are_none(values):
    file = saved(Network(3, [Dense(2)], loss=tilted, seed=0))

    def broken(header):
        header["loss"]["values"] = values

    with pytest.raises(FormatError, match="loss must have a name, a source and values"):
        Network.load(changed(file, broken), functions=[tilted])
