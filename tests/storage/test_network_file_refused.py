"""Files that are no network, or not as one was saved: a FormatError, in bounded memory."""

import json
import os
import tracemalloc

import numpy as np
import pytest

from fastnn import FormatError, Network, Population
from fastnn.schedules import ReduceOnPlateau

from ..support.archives import npy, zipped
from ..support.files import nested
from ..support.networks import make_data, noisy_network, small_network
from ..support.properties import changed_json, given, st

X, Y = make_data(12, 3, 2)
needs_posix = pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")


def check_refused(path, match=None):
    with pytest.raises(FormatError, match=match):
        Network.load(path)


def test_arrays_of_numpy_are_no_network(path):
    for write in (np.save, np.savez, np.savez_compressed):
        with open(path, "wb") as file:
            write(file, np.arange(3))
        check_refused(path, r"net\.fastnn: .*(whole and of fastnn|to be of fastnn|stored as they)")


def test_a_file_that_is_not_there_or_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "none")
    with pytest.raises(OSError, match=r"directory|Permission"):
        Network.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="path must be in a folder that exists, got"):
        small_network().save(tmp_path / "none" / "net")


@needs_posix
def test_a_pipe_is_refused_and_not_waited_for(path):
    os.mkfifo(path)
    check_refused(path, "a file must be a regular one, got a device")
    check_refused("/dev/zero", "a file must be a regular one, got a device")


def trained():
    net = noisy_network()
    net.fit(X, Y, epochs=2, optimizer="adam", learning_rate=ReduceOnPlateau(0.1))
    net.metadata = {"of": [1, {}]}
    return net


def test_each_byte_counts_and_no_part_is_whole(path):
    trained().save(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    places = {*range(200), *range(len(content) - 400, len(content))}
    places |= {*rng.integers(len(content), size=300).tolist()}
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        check_refused(path)
        path.write_bytes(content[:place])
        check_refused(path, "a file must be whole and of fastnn")
    path.write_bytes(content)
    assert Network.load(path).n_params == trained().n_params


def rewritten(path, change):
    """Write the file at `path` anew, with the header and arrays that `change` has changed."""
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(arrays["header"].tobytes())
    change(header, arrays)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    path.write_bytes(zipped([(f"{name}.npy", npy(array)) for name, array in arrays.items()]))


@pytest.mark.parametrize("version", [0, 2, "1", None, [1], 1.5, "9" * 10**5])
def test_another_version_says_both(path, version):
    small_network().save(path)
    rewritten(path, lambda header, _: header.update(version=version, more=3))
    got = repr(version)[:9].replace("[", r"\[").replace("]", r"\]")
    check_refused(path, f"this fastnn reads version 1 of the format, got version {got}")


@pytest.mark.parametrize("header", [None, [], 3, {}, {"format": "other"}, {"version": 1}])
def test_another_kind_of_header(path, header):
    content = npy(np.frombuffer(json.dumps(header).encode(), np.uint8))
    path.write_bytes(zipped([("header.npy", content)]))
    check_refused(path, "a file must have the format 'fastnn network', got another header")


def test_another_model_or_an_onnx_file_names_what_reads_it(path):
    Population([small_network()]).save(path)
    check_refused(path, "got 'fastnn population', which fastnn.load_model reads")
    header = npy(np.frombuffer(json.dumps({"format": "fastnn table"}).encode(), np.uint8))
    path.write_bytes(zipped([("header.npy", header)]))
    check_refused(path, "got 'fastnn table', which fastnn.load_model reads")
    onnx = path.with_suffix(".onnx")
    onnx.write_bytes(b"\x08\x08")
    check_refused(onnx, r"net\.onnx: .* or a part of one; fastnn.exchange.from_onnx reads ONNX$")


CHANGES = {
    "metadata that are too deep": lambda h, a: h["metadata"].update(more=nested(101)),
    "metadata that are far too deep": lambda h, a: h["metadata"].update(more=nested(900)),
    "an initialiser without a name": lambda h, a: h["layers"][0].update(initializer={"own": [1]}),
    "another dtype": lambda h, a: h.update(dtype="float32"),
    "an unknown dtype": lambda h, a: h.update(dtype="object"),
    "an unknown loss": lambda h, a: h.update(loss="eval"),
    "a loss that does not go with it": lambda h, a: h.update(loss="cross_entropy"),
    "no inputs": lambda h, a: h.update(n_in=0),
    "more inputs": lambda h, a: h.update(n_in=4),
    "absurdly many inputs": lambda h, a: h.update(n_in=10**12),
    "more inputs than numbers go": lambda h, a: h.update(n_in=10**30),
    "no layers": lambda h, a: h.update(layers=[]),
    "layers that are none": lambda h, a: h.update(layers=[3]),
    "layers as an object": lambda h, a: h.update(layers={}),
    "a layer more": lambda h, a: h["layers"].append(h["layers"][-1]),
    "an absurd width": lambda h, a: h["layers"][0].update(n_out=10**12),
    "a width that is no number": lambda h, a: h["layers"][0].update(n_out="9"),
    "an unknown activation": lambda h, a: h["layers"][0].update(activation="eval"),
    "softmax within": lambda h, a: h["layers"][0].update(activation="softmax"),
    "no bias": lambda h, a: h["layers"][0].update(bias=False),
    "given weights that are not there": lambda h, a: h["layers"][0].update(weights=True),
    "dropout of 1": lambda h, a: h["layers"][0].update(dropout=1),
    "a field more": lambda h, a: h["layers"][0].update(more=1),
    "a field less": lambda h, a: h["layers"][0].pop("l1"),
    "training that is none": lambda h, a: h.update(training=[]),
    "no training, but slots": lambda h, a: h.update(training=None),
    "an unknown reduction": lambda h, a: h["training"].update(reduction="max"),
    "a negative count": lambda h, a: h["training"].update(n_seen=-1),
    "a count without room": lambda h, a: h["training"].update(n_updates=2**63),
    "epochs that are no number": lambda h, a: h["training"].update(epochs=2.0),
    "another optimiser": lambda h, a: h["training"]["optimizer"].update(name="SGD"),
    "a rate below 0": lambda h, a: h["training"]["optimizer"].update(learning_rate=-1),
    "random numbers of nobody": lambda h, a: h.update(random=None),
    "metadata that are no object": lambda h, a: h.update(metadata=[]),
    "a figure more": lambda h, a: h["history"].append("more"),
    "a figure less": lambda h, a: h["history"].pop(),
    "a figure twice": lambda h, a: h.update(history=[h["history"][0]] * 2),
    "a figure that is no name": lambda h, a: h["history"].__setitem__(0, 3),
    "figures without their epoch": lambda h, a: a.update(history_0=np.zeros(3)),
    "epochs as floats": lambda h, a: a.update(history_epoch=np.zeros(2)),
    "NaN": lambda h, a: a["W0"].__setitem__((0, 0), np.nan),
    "infinity": lambda h, a: a["b0"].__setitem__(0, np.inf),
    "an array less": lambda h, a: a.pop("b1"),
    "an array more": lambda h, a: a.update(W9=np.zeros(3)),
    "slots of another shape": lambda h, a: a.update(slots_W0=a["slots_W0"][:1]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_does_not_go_together_is_refused(path, change):
    trained().save(path)
    rewritten(path, change)
    size = path.stat().st_size
    tracemalloc.start()
    check_refused(path, r"net\.fastnn: ")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * size + 2**20


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_numbers_that_could_not_be_saved_again(path, number):
    net = trained()
    net.metadata = {"of": 0.12345}
    net.save(path)
    with np.load(path) as file:
        arrays = dict(file)
    text = arrays["header"].tobytes().replace(b"0.12345", number.encode())
    arrays["header"] = np.frombuffer(text, np.uint8)
    path.write_bytes(zipped([(f"{name}.npy", npy(array)) for name, array in arrays.items()]))
    check_refused(path, f"a header must be JSON, got|must be finite in float64, got {number}")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A path, and the arrays of a network that was saved there."""
    path = tmp_path_factory.mktemp("saved") / "net"
    trained().save(path)
    with np.load(path) as file:
        return path, dict(file)


@given(data=st.data())
def test_any_header_makes_a_network_or_a_format_error(saved, data):
    path, arrays = saved
    header = json.loads(arrays["header"].tobytes())
    header = changed_json(header, data, ANYTHING)
    arrays = arrays | {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}
    path.write_bytes(zipped([(f"{name}.npy", npy(array)) for name, array in arrays.items()]))
    try:
        net = Network.load(path)
    except FormatError:
        return
    assert net.predict(X).shape == (12, 2)
    net.save(path)
