"""Keras files that nobody vouches for: a ValueError, in bounded memory, and no other file read."""

import copy
import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from fastnn.exchange import from_keras

from ...support.keras_files import CONFIG, LAYER, zipped
from ..networks import rows
from .keras_models import FILES

h5py = pytest.importorskip("h5py")

SECRET = b"what nobody sent along 24"


def stored(write, group="layers/dense/vars"):
    """Return an HDF5 file with a group that `write` fills."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file.create_group(group))
    return buffer.getvalue()


def check_refused(path, match=None):
    """Check each way to this file: as it is, and as weights that need their activations."""
    for activations in (None, ["relu"]):
        with pytest.raises(ValueError, match=match):
            from_keras(path, activations=activations)


# ---- other files ---------------------------------------------------------------------------------


def elsewhere(secret):
    """Return by name what points out of a file, or round in circles."""

    def external(group):
        group.create_dataset("0", shape=(3, 1), dtype="f8", external=[(secret, 0, 24)])

    def link(group):
        group["0"] = h5py.ExternalLink(f"{secret}.h5", "/W")

    def virtual(group):
        layout = h5py.VirtualLayout(shape=(3, 1), dtype="f8")
        layout[:] = h5py.VirtualSource(f"{secret}.h5", "W", shape=(3, 1))
        group.create_virtual_dataset("0", layout)

    def soft(group):
        group["0"] = h5py.SoftLink("/layers/dense/vars/0")

    def soft_to_what_is_there(group):
        group.file["W"] = np.zeros((3, 1))
        group["0"] = h5py.SoftLink("/W")

    return [external, link, virtual, soft, soft_to_what_is_there]


@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize("kind", ["keras", "weights.h5", "h5"])
def test_nothing_is_read_that_is_not_in_the_file(tmp_path, which, kind):
    secret = str(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(SECRET)
    with h5py.File(f"{secret}.h5", "w") as file:
        file["W"] = np.frombuffer(SECRET[:24]).reshape(3, 1)
    write = elsewhere(secret)[which]
    path = tmp_path / f"model.{kind}"
    if kind == "keras":
        path.write_bytes(zipped(weights=stored(write)))
    elif kind == "weights.h5":
        path.write_bytes(stored(write))
    else:

        def write_legacy(group):
            group.file.attrs["model_config"] = json.dumps(CONFIG)
            write(group)
            group.move("0", "kernel:0")

        path.write_bytes(stored(write_legacy, "model_weights/dense/dense"))
    with pytest.raises(ValueError, match="in the file"):
        from_keras(path, activations=["relu"] if kind == "weights.h5" else None)


@pytest.mark.parametrize("group", ["layers", "layers/dense", "layers/dense/vars"])
@pytest.mark.parametrize("link", [h5py.SoftLink("/layers"), h5py.ExternalLink("other.h5", "/a")])
def test_no_group_is_elsewhere(path, group, link):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file[group] = link
    path.write_bytes(zipped(weights=buffer.getvalue()))
    check_refused(path, "must be in the file itself, got a")


def test_groups_in_circles_have_an_end(path):
    def write(group):
        group.file.attrs["model_config"] = json.dumps(CONFIG)
        group["again"] = group
        group["and again"] = group

    path.write_bytes(stored(write, "model_weights/dense"))
    check_refused(path, "groups within groups")


# ---- sizes ---------------------------------------------------------------------------------------


def never_written(group):
    group.create_dataset("0", shape=(20000, 20000), dtype="f8", chunks=(1000, 1000))


def never_written_at_once(group):
    group.create_dataset("0", shape=(20000, 20000), dtype="f8")


def mostly_unwritten(group):
    made = group.create_dataset("0", shape=(20000, 20000), dtype="f8", chunks=(10, 10))
    made[:10, :10] = 1.0


def compressed(group):
    group.create_dataset("0", data=np.zeros((3000, 3000)), compression="gzip", chunks=(3000, 3000))


def one_large_chunk(group):
    group.create_dataset(
        "0", (3, 1), "f4", maxshape=(None, None), chunks=(5000, 5000), compression="gzip"
    )


def wide(group):
    group.create_dataset("0", shape=(2**40, 2**20), dtype="f4", chunks=(1, 1))


@pytest.mark.parametrize(
    "write",
    [never_written, never_written_at_once, mostly_unwritten, compressed, one_large_chunk, wide],
)
def test_no_shape_is_believed(path, write):
    path.write_bytes(zipped(weights=stored(write)))
    tracemalloc.start()
    check_refused(path, "must be stored as a whole, got")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def test_one_array_that_has_many_names_is_not_read_without_end(path):
    def write(group):
        data = group.create_dataset("0", data=np.zeros((512, 512)))
        for k in range(1, 300):
            group.file[f"layers/dense_{k}/vars/0"] = data

    layers = [copy.deepcopy(LAYER) for _ in range(300)]
    for k, layer in enumerate(layers):
        layer["config"]["name"] = f"dense{k}"
    path.write_bytes(zipped({"class_name": "Sequential", "config": {"layers": layers}},
                            stored(write)))  # fmt: skip
    with pytest.raises(ValueError, match="must be stored as a whole"):
        from_keras(path)


def test_a_compressed_array_is_read(path):
    W = np.arange(6.0).reshape(3, 2)
    made = {"compression": "gzip", "shuffle": True, "chunks": (2, 2)}
    path.write_bytes(
        zipped(weights=stored(lambda group: group.create_dataset("0", data=W, **made)))
    )
    np.testing.assert_array_equal(from_keras(path).weights[0], W)


@pytest.mark.parametrize("entry", ["config.json", "model.weights.h5"])
def test_an_entry_that_is_much_larger_than_the_file(path, entry):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in ("config.json", "model.weights.h5"):
            archive.writestr(name, b" " * 10**8 if name == entry else json.dumps(CONFIG))
    tracemalloc.start()
    check_refused(path, f"{entry} must have at most")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


# ---- what is no such file ------------------------------------------------------------------------


def text_of(name):
    """Return a text that is no model's."""
    return {
        "deep": "[" * 10**5,
        "deep, but whole": "[" * 900 + "]" * 900,
        "deep within": json.dumps(CONFIG).replace("null", "[" * 900 + "]" * 900),
        "not JSON": "{",
        "not UTF-8": b'"\xff"',
        "digits": "9" * 5000,
    }[name]


@pytest.mark.parametrize(
    "name", ["deep", "deep, but whole", "deep within", "not JSON", "not UTF-8", "digits"]
)
def test_texts_that_are_no_model(path, name):
    path.write_bytes(zipped(text_of(name)))
    check_refused(path, "a model must be described in JSON")
    if isinstance(text_of(name), str):
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = text_of(name)
        check_refused(path, "a model must be described in JSON")


def test_models_within_models_have_an_end(path):
    inner = CONFIG
    for k in range(15):  # each calls the one before it twice
        calls = [[["in", 0, 0, {}]], [["inner", 0, 0, {}]]]
        layers = [
            {"class_name": "InputLayer", "name": "in", "config": {}, "inbound_nodes": []},
            {**inner, "name": "inner", "inbound_nodes": calls},
        ]
        ends = {"input_layers": ["in", 0, 0], "output_layers": ["inner", 1, 0]}
        inner = {"class_name": "Functional", "config": {"name": f"{k}", "layers": layers, **ends}}
    path.write_bytes(zipped(inner))
    check_refused(path, "layers, got more")
    for _ in range(15):
        inner = {"class_name": "Sequential", "config": {"layers": [inner]}}
    path.write_bytes(zipped(inner))
    check_refused(path, "at most 20 within each other")


OTHERS = {
    "an empty file": b"",
    "a text": b"no weights",
    "a zip without entries": b"PK\5\6" + bytes(18),
    "a part of a model": (FILES / "model.keras").read_bytes()[:5000],
    "a config that is a list": zipped([]),
    "a config that is a number": zipped(3),
    "layers that are no list": zipped({"class_name": "Sequential", "config": {"layers": 3}}),
    "layers that are no objects": zipped({"class_name": "Sequential", "config": {"layers": [3]}}),
    "no class": zipped({"config": {"layers": [LAYER]}}),
    "another class": zipped({"class_name": "Dense", "config": {}}),
    "a class that is a list": zipped({"class_name": [], "config": {}}),
    "weights that are no HDF5": zipped(weights=b"no weights"),
    "weights of nothing": zipped(weights=stored(lambda group: None, "other")),
    "weights of text": zipped(
        weights=stored(lambda group: group.create_dataset("0", data=["a", "b"]))
    ),
    "weights that are a group": zipped(weights=stored(lambda group: group.create_group("0"))),
    "weights without a shape": zipped(
        weights=stored(lambda group: group.create_dataset("0", data=h5py.Empty("f8")))
    ),
    "weights of complex numbers": zipped(
        weights=stored(lambda group: group.create_dataset("0", data=np.ones((2, 2), complex)))
    ),
    "weights that are NaN": zipped(
        weights=stored(lambda group: group.create_dataset("0", data=np.full((2, 2), np.nan)))
    ),
    "weights of three axes": zipped(
        weights=stored(lambda group: group.create_dataset("0", data=np.ones((2, 2, 2))))
    ),
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_what_is_no_such_file_is_a_value_error(path, content):
    path.write_bytes(content)
    check_refused(path)


def test_a_zip_without_its_entries(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", "")
    check_refused(path, r"a file of Keras 3 must have config\.json, got others")


def test_weights_of_another_program(tmp_path):
    h5py.File(tmp_path / "other.h5", "w").close()
    with pytest.raises(ValueError, match="a file of weights must be one that Keras 3 saves"):
        from_keras(tmp_path / "other.h5", activations=["relu"])


def test_what_is_not_there_or_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        from_keras(tmp_path / "missing.h5")
    with pytest.raises(OSError, match=r"directory|Permission"):
        from_keras(tmp_path)
    with pytest.raises(TypeError, match="must be a Keras model, a path or a sequence"):
        from_keras(1)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_is_not_waited_for(path):
    os.mkfifo(path)
    for device in (path, "/dev/zero", "/dev/null"):
        check_refused(device, "a file must be a regular one, got a device")


# ---- Keras 2 -------------------------------------------------------------------------------------


def written_by_keras_2(path, *, twice=False):
    """Write a functional model as Keras 2 did, and return what it computes."""
    rng = np.random.default_rng(0)
    W, b, V = (rng.normal(size=shape).astype("f4") for shape in ((4, 4), 4, (4, 2)))
    calls = [[[["input_1", 0, 0, {}]]], [[["dense", 0, 0, {}]]]]
    layers = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "name": "input_1"},
         "name": "input_1", "inbound_nodes": []},
        {"class_name": "Dense",
         "config": {"name": "dense", "units": 4, "activation": "tanh", "use_bias": True},
         "name": "dense", "inbound_nodes": [calls[0][0], calls[1][0]] if twice else calls[0]},
        {"class_name": "Dense",
         "config": {"name": "dense_1", "units": 2, "activation": "linear", "use_bias": False},
         "name": "dense_1", "inbound_nodes": [[["dense", int(twice), 0, {}]]]},
    ]  # fmt: skip
    config = {"name": "model", "layers": layers, "input_layers": [["input_1", 0, 0]],
              "output_layers": [["dense_1", 0, 0]]}  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.9.0"
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = np.array([b"input_1", b"dense", b"dense_1"])
        weights.create_group("input_1").attrs["weight_names"] = np.zeros(0)
        for name, arrays in {
            "dense": {"kernel:0": W, "bias:0": b},
            "dense_1": {"kernel:0": V},
        }.items():
            group = weights.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/{key}".encode() for key in arrays])
            for key, array in arrays.items():
                group[f"{name}/{key}"] = array
    X = rows("float32", 10)
    hidden = np.tanh(X @ W + b)
    return X, (np.tanh(hidden @ W + b) if twice else hidden) @ V


@pytest.mark.parametrize("twice", [False, True])
def test_a_file_of_keras_2(tmp_path, twice):
    X, expected = written_by_keras_2(tmp_path / "old.h5", twice=twice)
    net = from_keras(tmp_path / "old.h5")
    assert net.n_layers == 2 + twice
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-5, atol=1e-6)


# ---- anything ------------------------------------------------------------------------------------
