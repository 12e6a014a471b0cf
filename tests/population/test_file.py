"""Populations in files: all networks come back to the bit, with what is known of them."""

import io

import numpy as np
import pytest

import fastnn
from fastnn import Dense, FormatError, Network, Population
from fastnn._storage.npz import POPULATION, pack
from fastnn.callbacks import EarlyStopping
from fastnn.population.record import record_of

from ..support.files import saved
from ..support.functions import bent, tilted
from ..support.networks import make_data, noisy_network, small_network
from ..support.stored_networks import check_same

X, Y = make_data(23, 3, 2)


def make_population():
    """Return trained networks of several kinds."""
    networks = [
        small_network(seed=0), noisy_network(seed=1), small_network(seed=2, dtype="float32"),
        Network(3, [Dense(2, "softmax")], loss="cross_entropy", seed=np.random.RandomState(3)),
    ]  # fmt: skip
    networks[1].metadata["unit"] = "m"
    population = Population(networks)
    settings = [
        {"callbacks": [EarlyStopping(patience=1)], "learning_rate": 3.0},
        {},
        {"optimizer": "adam"},
        {},
    ]
    labels = np.arange(23) % 2
    population.fit(X, labels, folds=2, epochs=5, settings=settings)
    return population


def content_of(population):
    return saved(population).getvalue()


@pytest.mark.parametrize("load", [Population.load, fastnn.load_model])
def test_a_population_comes_back(tmp_path, load):
    population = make_population()
    population.save(tmp_path / "many.fastnn")
    got = load(tmp_path / "many.fastnn")
    assert type(got) is Population
    assert len(got) == 4
    for net, expected in zip(got, population, strict=True):
        check_same(net, expected)
    for rows, expected in zip(got.held_rows, population.held_rows, strict=True):
        np.testing.assert_array_equal(rows, expected)
    for k in range(4):
        figures = [record_of(each).figure(k, "val_loss") for each in (got, population)]
        assert figures[0] == figures[1]
    expected = population.predict(X, out_of_fold=True)
    np.testing.assert_array_equal(got.predict(X, out_of_fold=True).mean, expected.mean)
    assert content_of(got) == (tmp_path / "many.fastnn").read_bytes()
    for each in (got, population):
        each.fit(X, Y / Y.sum(axis=1, keepdims=True), epochs=2, resume=True)
    for net, expected in zip(got, population, strict=True):
        np.testing.assert_array_equal(net.params, expected.params)
    assert got.held_rows == (None,) * 4


def test_untrained_networks_and_a_class_of_ones_own():
    class Own(Population):
        pass

    got = Own.load(io.BytesIO(content_of(Population([small_network()]))))
    assert type(got) is Own
    check_same(got[0], small_network())
    assert got.held_rows == (None,)


@pytest.mark.parametrize("load", [Population.load, fastnn.load_model])
def test_functions_of_the_users_own_are_given_again(load):
    layers = [Dense(4, bent), Dense(2)]
    networks = [Network(3, layers, loss=tilted, seed=seed) for seed in range(3)]
    population = Population([*networks, small_network(seed=3)])
    population.fit(X, Y, epochs=2)
    like = Population.from_params(networks[0], [net.params for net in networks])
    np.testing.assert_array_equal(like.outputs(X), population.outputs(X)[:3])
    content = content_of(population)
    got = load(io.BytesIO(content), functions=[tilted, bent])
    np.testing.assert_array_equal(got.outputs(X), population.outputs(X))
    for each in (got, population):
        each.fit(X, Y, resume=True)
    np.testing.assert_array_equal(got[0].params, population[0].params)
    with pytest.raises(FormatError, match=r"functions=\[tilted\]"):
        load(io.BytesIO(content), functions=[bent])


def test_networks_may_be_more_than_a_file_has_arrays():
    """They are one array."""
    net = Network(1, [Dense(1)])
    population = Population.from_params(net, np.ones((200, net.params.size)))
    assert len(Population.load(io.BytesIO(content_of(population)))) == 200
    with np.load(io.BytesIO(content_of(population))) as file:
        assert sorted(file) == ["header", "network_ends", "networks"]


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path):
    path = tmp_path / "many.fastnn"
    population = Population([small_network(), small_network(seed=1)])
    population.save(path)
    before = path.read_bytes()
    population[1].metadata["bad"] = object()
    with pytest.raises(ValueError, match=r"metadata must be.*metadata\['bad'\]"):
        population.save(path)
    population[1].metadata.clear()
    population[1].params[0] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        population.save(path)
    assert path.read_bytes() == before
    with pytest.raises(TypeError, match="path must"):
        population.save(3)


# ---- what is refused -----------------------------------------------------------------------------


def parts_of(content):
    import json

    with np.load(io.BytesIO(content)) as file:
        arrays = {name: file[name] for name in file}
    return json.loads(arrays.pop("header").tobytes()), arrays


def spoilt(change):
    header, arrays = parts_of(content_of(make_population()))
    change(header, arrays)
    return io.BytesIO(pack(header, arrays))


CHANGES = {
    "version": lambda header, arrays: header.update(version=2),
    "missing": lambda header, arrays: header.pop("held"),
    "more": lambda header, arrays: header.update(own=3),
    "kind": lambda header, arrays: header.update(held=3),
    "short": lambda header, arrays: header["best_epochs"].pop(),
    "epoch": lambda header, arrays: header["best_epochs"].__setitem__(0, -1),
    "place": lambda header, arrays: header["held"].__setitem__(0, 9),
    "negative place": lambda header, arrays: header["held"].__setitem__(0, -1),
    "size": lambda header, arrays: header["n_samples"].__setitem__(0, 3),
    "array": lambda header, arrays: arrays.pop("held"),
    "beside": lambda header, arrays: arrays.update(own=np.zeros(1)),
    "no networks": lambda header, arrays: arrays.update(network_ends=np.zeros(0, "<i8")),
    "ends": lambda header, arrays: arrays["network_ends"].__setitem__(0, -5),
    "last end": lambda header, arrays: arrays["network_ends"].__setitem__(-1, 5),
    "rows": lambda header, arrays: arrays["held"].__setitem__(0, arrays["held"][1]),
    "negative rows": lambda header, arrays: arrays["held"].__setitem__(0, -1),
    "network": lambda header, arrays: arrays["networks"].__setitem__(100, 255),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_file_is_refused(change):
    content = spoilt(CHANGES[change])
    for load in (Population.load, fastnn.load_model):
        content.seek(0)
        with pytest.raises(FormatError):
            load(content)


def test_files_of_others_are_refused(tmp_path):
    small_network().save(tmp_path / "net")
    with pytest.raises(FormatError, match=f"net: a file must have the format '{POPULATION}'"):
        Population.load(tmp_path / "net")
    make_population().save(tmp_path / "many")
    with pytest.raises(FormatError, match="must have the format 'fastnn network'"):
        Network.load(tmp_path / "many")
    with pytest.raises(FormatError):
        Population.load(io.BytesIO(content_of(make_population())[:-100]))
    with pytest.raises(FileNotFoundError):
        Population.load(tmp_path / "none")
