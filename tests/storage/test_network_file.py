"""Networks in files come back to the bit."""

import copy
import gzip
import io
import json
import os
import pickle
import re
import sys
import tempfile
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest

from fastnn import Dense, FormatError, Network
from fastnn._storage.npz import pack
from fastnn.initializers import uniform

from ..support.files import nested
from ..support.networks import noisy_network, small_network
from ..support.stored_networks import X, Y, check_same, through_file

# ---- what comes back -----------------------------------------------------------------------------


EVERY_FIELD = {
    "n_out": 4,
    "activation": "swish",
    "bias": True,
    "train_bias": False,
    "trainable": False,
    "weights": np.arange(12.0).reshape(3, 4) / 7,
    "biases": np.arange(4.0) / 3,
    "initializer": uniform(-0.1, 0.1),
    "bias_initializer": "glorot_normal",
    "dropout": 0.1,
    "l1": 0.2,
    "l2": 1 / 3,
    "max_norm": 0.7,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_architecture_comes_back(path, dtype):
    assert [item.name for item in fields(Dense)] == [*EVERY_FIELD]
    layers = [Dense(**EVERY_FIELD), Dense(1, bias=False), Dense(2)]
    net = Network(3, layers, loss="huber", dtype=dtype, seed=7)
    got = through_file(net, path)
    check_same(got, net)
    for layer, expected in zip(got.layers, layers, strict=True):
        for name in EVERY_FIELD.keys() - {"weights", "biases"}:  # the network's own
            np.testing.assert_array_equal(getattr(layer, name), getattr(expected, name))
    for k, layer in enumerate(got.layers):
        assert layer.weights is got.weights[k]
        assert layer.biases is got.biases[k]
    np.testing.assert_array_equal(got.predict(X), net.predict(X))
    again = [
        Network(3, [replace(layer, weights=None, biases=None) for layer in one.layers], seed=7)
        for one in (got, net)
    ]
    np.testing.assert_array_equal(*(one.params for one in again))


def test_arrays_that_older_files_kept_of_layers_are_passed_over(path):
    net = small_network()
    net.save(path)
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(arrays.pop("header").tobytes())
    header["layers"][0]["weights"] = header["layers"][1]["biases"] = True
    arrays |= {"given_W0": np.ones((3, 5)), "given_b1": np.ones(2)}
    path.write_bytes(pack(header, arrays))
    twin = Network.load(path)
    check_same(twin, net)
    assert twin.layers[0].weights is twin.weights[0]
    twin.save(path)
    with np.load(path) as file:
        assert not any(name.startswith("given") for name in file)


@pytest.mark.parametrize("n_in", [1, 7, 64])
@pytest.mark.parametrize("n_out", [1, 8, 256])
def test_padding_does_not_reach_the_file(path, n_in, n_out):
    net = Network(n_in, [Dense(n_out, bias_initializer="he_normal")], dtype="float32", seed=0)
    got = through_file(net, path)
    check_same(got, net)
    assert got.params.ctypes.data % 64 == 0
    with np.load(path) as file:
        assert file["W0"].shape == (n_in, n_out)
        assert sum(file[name].size for name in ("W0", "b0")) == net.n_params


def test_the_same_network_has_the_same_bytes(path, tmp_path):
    net = noisy_network()
    net.fit(X, Y, epochs=2, optimizer="adam")
    through_file(net, path).save(tmp_path / "other")
    assert path.read_bytes() == (tmp_path / "other").read_bytes()


def test_the_path_is_taken_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = small_network()
    for name in ("net", "net.npy", "a b.\u00fc"):
        net.save(name)
        check_same(Network.load(name), net)
    assert sorted(os.listdir()) == ["a b.\u00fc", "net", "net.npy"]


OPEN_FILES = {
    "BytesIO": (io.BytesIO, {}),
    "a file": (open, {"file": None, "mode": "w+b"}),
    "a file without a buffer": (open, {"file": None, "mode": "w+b", "buffering": 0}),
    "a temporary file": (tempfile.TemporaryFile, {}),
    "a named one": (tempfile.NamedTemporaryFile, {}),
    "one in memory": (tempfile.SpooledTemporaryFile, {"max_size": 10**6}),
    "one that was in memory": (tempfile.SpooledTemporaryFile, {"max_size": 10}),
}


@pytest.mark.parametrize(("opened", "how"), OPEN_FILES.values(), ids=OPEN_FILES)
def test_an_open_file_is_written_and_read_where_it_stands(path, opened, how):
    how = how | ({"file": path} if "file" in how else {})
    net = small_network()
    net.fit(X, Y, optimizer="adam")
    net.save(path.with_name("whole"))
    with opened(**how) as file:
        file.write(b"before")
        net.save(file)
        file.seek(6)
        assert file.read() == path.with_name("whole").read_bytes()
        with pytest.raises(FormatError, match=r"got its end: file\.seek\(0\) goes back"):
            Network.load(file)
        file.seek(6)
        check_same(Network.load(file), net)
        file.seek(0)
        with pytest.raises(FormatError, match="a file must be whole and of fastnn"):
            Network.load(file)


def test_files_of_other_libraries(path):
    net = small_network()
    with gzip.open(path, "wb") as file:
        net.save(file)
    with gzip.open(path, "rb") as file:
        check_same(Network.load(file), net)
    with zipfile.ZipFile(path, "w") as archive, archive.open("net", "w") as file:
        net.save(file)
    with zipfile.ZipFile(path) as archive, archive.open("net") as file:
        check_same(Network.load(file), net)


def test_a_network_that_is_not_saved_writes_nothing():
    net, file = small_network(), io.BytesIO()
    net.weights[0][0, 0] = np.inf
    with pytest.raises(ValueError, match="W0 must be finite"):
        net.save(file)
    assert file.getvalue() == b""


@pytest.mark.parametrize(
    "other", [1, True, None, b"net", 1.5, [], io.StringIO(), io.BytesIO, np.zeros(2)]
)
def test_what_is_neither_a_path_nor_a_binary_file(other, capfd):
    net = small_network()
    for use in (net.save, Network.load):
        with pytest.raises(TypeError, match="path must be a str, a path such as pathlib"):
            use(other)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_open_for_text(path):
    net = small_network()
    with open(path, "w+") as first, tempfile.SpooledTemporaryFile(mode="w+") as second:
        for file in (first, second):
            for use in (net.save, Network.load):
                with pytest.raises(TypeError, match="got one that is open for text"):
                    use(file)
    assert path.read_bytes() == b""


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_a_stream_is_written_to_but_has_no_position_to_read_from():
    net, (read, write) = small_network(), os.pipe()
    with open(read, "rb") as reader, open(write, "wb") as writer:
        net.save(writer)
        writer.flush()
        with pytest.raises(ValueError, match=r"of a pipe or a socket, give io\.BytesIO"):
            Network.load(reader)
        writer.close()
        check_same(Network.load(io.BytesIO(reader.read())), net)
    with open("/dev/zero", "rb") as file, pytest.raises(FormatError, match="must be whole"):
        Network.load(file)


def test_a_subclass_comes_back_as_it_is_loaded(path):
    class Mine(Network):
        pass

    small_network().save(path)
    assert type(Mine.load(path)) is Mine


def test_metadata_come_back(path):
    net = small_network()
    net.metadata = {"columns": ["a", "\u00e4", ""], "means": [0.1, 1e-300], "of": {"n": 2**70}}
    net.metadata["none"] = [None, True, {}]
    check_same(through_file(net, path), net)


@pytest.mark.parametrize(
    "metadata",
    [{1: 2}, {"a": (1, 2)}, {"a": np.nan}, {"a": np.inf}, {"a": np.zeros(2)}, {"a": {3}}],
)
def test_metadata_that_would_not_come_back_are_not_saved(path, metadata):
    net = small_network()
    net.save(path)
    before = path.read_bytes()
    net.metadata = metadata
    with pytest.raises(ValueError, match="metadata must be a dict that JSON gives back as it is"):
        net.save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("metadata", [3, None, []])
def test_metadata_must_be_a_dict(metadata):
    net = small_network()
    net.metadata = before = {"of": 1}
    with pytest.raises(TypeError, match=r"metadata must be a dict, got (3|None|\[\])$"):
        net.metadata = metadata
    assert net.metadata is before


CIRCULAR = []
CIRCULAR += [CIRCULAR, CIRCULAR]
ODD = {
    "['a']['b'][1] = nan": {"a": {"b": [1, np.nan]}},
    "['a'] = (1, 2)": {"of": [1], "a": (1, 2)},
    "['a'][2] = 3": {"a": {2: 3}},
    "['a'] = array": {"a": np.zeros(2)},
    "['a'] = a int too long": {"a": 10**5000},
    "['a'][0][0]": {"a": CIRCULAR},
    "['\\ud83d\\ude00']": {"\ud83d\ude00": 1},
    "['a'] must have lists and objects at most 100 deep": {"a": nested(101)},
    "metadata['b'] must have lists and objects at most 100 deep": {"b": nested(900)},
}


@pytest.mark.parametrize("named", ODD)
def test_what_cannot_be_saved_of_metadata_is_named(path, named):
    net = small_network()
    net.metadata = ODD[named]
    with pytest.raises(ValueError, match=re.escape(named)):
        net.save(path)
    assert not path.exists()


def test_metadata_may_be_deep(path):
    net = small_network()
    net.metadata = {"a": nested(99)}
    got = through_file(through_file(net, path), path)
    check_same(got, net)
    check_same(copy.deepcopy(got), net)


def test_history_comes_back_with_any_names_and_figures(path):
    net = small_network()

    def named(y, outputs):
        return np.nan if next(calls) else np.inf

    named.__name__, calls = "W0/..\u00fc", iter([0, 1, 1])
    how = {"validation_data": (X, Y), "evaluate_every": 2, "metrics": ["mae", "r2", named]}
    net.fit(X, Y, epochs=5, **how)
    got = through_file(net, path).history
    assert repr(got.columns()) == repr(net.history.columns())
    assert got.epochs_of("val_W0/..\u00fc") == [0, 2, 4]
    assert all(type(value) is float for value in got["loss"])
    assert all(type(epoch) is int for epoch in got.epoch)


def test_what_is_not_finite_is_not_saved(path):
    net = small_network()
    net.weights[1][2, 1] = np.nan
    with pytest.raises(ValueError, match=r"W1 must be finite in float64, got nan at \(2, 1\)"):
        net.save(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_have_all_that_a_file_has(copied):
    net = noisy_network()
    net.metadata["of"] = {"n": 1}
    net.fit(X, Y, epochs=2, optimizer="adam")
    twin = copied(net)
    check_same(twin, net)
    twin.metadata["of"]["n"] = 2
    twin.fit(X, Y, resume=True)
    assert net.metadata == {"of": {"n": 1}}
    assert (len(net.history.epoch), len(twin.history.epoch)) == (2, 3)
    net.fit(X, Y, resume=True)
    np.testing.assert_array_equal(twin.params, net.params)


# ---- training on ---------------------------------------------------------------------------------

# ---- NumPy alone ---------------------------------------------------------------------------------


def test_numpy_alone_reads_and_writes_it(path):
    net = small_network()
    net.fit(X, Y, epochs=3, optimizer="adam")
    net.save(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    for k, (W, b) in enumerate(zip(net.weights, net.biases, strict=True)):
        np.testing.assert_array_equal(arrays[f"W{k}"], W)
        np.testing.assert_array_equal(arrays[f"b{k}"], b)
    hidden = np.tanh(X @ arrays["W0"] + arrays["b0"])
    outputs = 1 / (1 + np.exp(-hidden @ arrays["W1"] - arrays["b1"]))
    np.testing.assert_allclose(net.predict(X), outputs, rtol=1e-14)
    arrays["W0"] = arrays["W0"] + 1
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    net.weights[0][:] += 1
    check_same(Network.load(path), net)


# ---- Ctrl-C --------------------------------------------------------------------------------------


@pytest.mark.parametrize("to_file", [True, False])
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between open and with, a file stays open
def test_an_interrupt_anywhere_is_an_interrupt_and_leaves_a_whole_file(path, to_file):
    """Wherever Ctrl-C comes: `zipfile`, for one, turned it into a ValueError."""
    nets = [small_network(seed=seed) for seed in range(2)]
    nets[0].save(path)
    before, n_lines = path.read_bytes(), 0

    def interrupt(frame, event, argument):
        nonlocal n_lines
        # CPython 3.11 does not leave an except block in which a trace function raises.
        n_lines -= event == "line" and sys.exception() is None
        if n_lines == 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return interrupt

    def save(line):
        nonlocal n_lines
        n_lines = line
        sys.settrace(interrupt)
        try:
            nets[1].save(path if to_file else io.BytesIO())
        finally:
            sys.settrace(None)
        return line - n_lines

    total = save(10**9)
    assert total > 300
    after = path.read_bytes()
    for line in range(1, total, 7):
        path.write_bytes(before)
        with pytest.raises(KeyboardInterrupt):
            save(line)
        assert path.read_bytes() in (before, after)
