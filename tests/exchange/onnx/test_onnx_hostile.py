"""ONNX files that are damaged or made to harm: nothing but the errors that are documented."""

import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnn import Dense, Network
from fastnn.exchange import from_onnx, to_onnx

onnx = pytest.importorskip("onnx")
h = onnx.helper
TYPES = onnx.TensorProto


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


def model_of(*nodes, tensors=(), **options):
    """Return a model from "x", of four columns, to "y"."""
    kind = TYPES.FLOAT
    graph = h.make_graph(
        list(nodes), "graph", [h.make_tensor_value_info("x", kind, ["n", 4])],
        [h.make_tensor_value_info("y", kind, ["n", None])], list(tensors), **options,
    )  # fmt: skip
    versions = [h.make_opsetid("", 17), h.make_opsetid("ai.onnx.ml", 3)]
    return h.make_model(graph, opset_imports=versions, ir_version=8)


def tensor(name, shape, values=None):
    values = np.random.default_rng(0).normal(size=shape) if values is None else values
    return onnx.numpy_helper.from_array(np.asarray(values, np.float32), name)


W, V, B = tensor("W", (4, 3)), tensor("V", (3, 2)), tensor("b", (3,))
GEMM = h.make_node("Gemm", ["x", "W", "b"], ["y"])
WHOLE = model_of(
    h.make_node("Sub", ["x", "m"], ["t"]),
    h.make_node("ai.onnx.ml.Scaler", ["t"], ["u"], offset=[1.0], scale=[2.0]),
    h.make_node("Gemm", ["u", "W", "b"], ["z"], alpha=2.0),
    h.make_node("BatchNormalization", ["z", "b", "b", "b", "v"], ["n"], epsilon=0.1),
    h.make_node("Relu", ["n"], ["a"]),
    h.make_node("Transpose", ["V"], ["Vt"], perm=[1, 0]),
    h.make_node("Gemm", ["a", "Vt"], ["w"], transB=1),
    h.make_node("Reshape", ["w", "shape"], ["y"]),
    tensors=[
        W, V, B, tensor("m", (4,)), tensor("v", (3,), np.ones(3)),
        onnx.numpy_helper.from_array(np.array([-1, 2]), "shape"),
    ],
)  # fmt: skip
WHOLE.graph.node[1].op_type, WHOLE.graph.node[1].domain = "Scaler", "ai.onnx.ml"
CLASSIFIER = model_of(
    h.make_node(
        "LinearClassifier", ["x"], ["label", "p"], domain="ai.onnx.ml", coefficients=[1.0] * 12,
        intercepts=[0.0] * 3, classlabels_ints=[0, 1, 2], post_transform="SOFTMAX",
    ),
    h.make_node("Normalizer", ["p"], ["q"], domain="ai.onnx.ml", norm="L1"),
    h.make_node("Identity", ["q"], ["y"]),
)  # fmt: skip


def check_read_or_refused(path):
    """Assert that a file is read, or refused by one of the errors that are documented."""
    try:
        got = from_onnx(path)
    except ValueError:
        return
    assert isinstance(got, Network)


def test_what_is_changed_below_is_read(path):
    for model, n_layers in ((WHOLE, 2), (CLASSIFIER, 1)):
        path.write_bytes(model.SerializeToString())
        assert from_onnx(path).n_layers == n_layers


@settings(max_examples=300)
@given(st.data())
def test_flipped_bytes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    whole = data.draw(st.sampled_from([WHOLE, CLASSIFIER])).SerializeToString()
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    path.write_bytes(content)
    check_read_or_refused(path)


ODD = [
    "", "W", "b", "x", "y", "z", "Gemm", "Relu", "Cast", "Clip", "Concat", "Constant", "Reshape",
    "ConstantOfShape", "Expand", "LinearRegressor", "ZipMap", "ReduceSum", "Unsqueeze", "Dropout",
    "If", "ai.onnx.ml", "axis", "to", "perm", "alpha", "value", "offset", "ArgMax", "Max",
]  # fmt: skip


@settings(max_examples=300)
@given(st.data())
def test_changed_models(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    model = type(WHOLE)()
    model.CopyFrom(data.draw(st.sampled_from([WHOLE, CLASSIFIER])))
    for _ in range(data.draw(st.integers(1, 3))):
        change(data.draw, model.graph)
    path.write_bytes(model.SerializeToString())
    check_read_or_refused(path)


def change(draw, graph):
    """Change something of a graph's nodes or of its tensors."""
    word = st.sampled_from(ODD)
    node = draw(st.sampled_from(list(graph.node)))
    kind = draw(
        st.sampled_from(["operator", "input", "attribute", "number", "dims", "type", "out"])
    )
    if kind == "operator":
        node.op_type = draw(word)
        node.domain = draw(st.sampled_from(["", "ai.onnx.ml"]))
    elif kind == "input" and node.input:
        node.input[draw(st.integers(0, len(node.input) - 1))] = draw(word)
    elif kind == "out" and node.output:
        node.output[0] = draw(word)
    elif kind == "attribute":
        value = draw(
            st.one_of(
                st.integers(-3, 9), st.floats(width=32), word,
                st.lists(st.integers(-2, 5), min_size=1, max_size=4),
                st.lists(st.floats(width=32), min_size=1, max_size=4),
            )
        )  # fmt: skip
        node.attribute.append(h.make_attribute(draw(word), value))
    elif kind == "number" and node.attribute:
        attribute = draw(st.sampled_from(list(node.attribute)))
        attribute.i = draw(st.integers(-(2**63), 2**63 - 1))
        attribute.type = draw(st.integers(0, 14))
    elif graph.initializer:
        tensor = draw(st.sampled_from(list(graph.initializer)))
        if kind == "dims":
            tensor.dims[:] = draw(st.lists(st.integers(-(2**62), 2**62), max_size=3))
        elif kind == "type":
            tensor.data_type = draw(st.integers(0, 30))


@pytest.mark.parametrize("ending", [".onnx", ".json", ".onnxjson", ".textproto", ".onnxtxt", ""])
@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"garbage", b"{" * 100_000, b"[" * 100_000, b"ir_version: 8 graph {",
        b"graph { node { op_type: 3 } }", b"\xff\xfe\x00", b"<ir_version: 8>", b"null",
        b'{"graph": {"node": [{"opType": 3}]}}', b'{"irVersion": 1e999}',
        b'{"irVersion": 8, "graph": []}', json.dumps({"graph": {"name": "x"}}).encode(),
    ],
)  # fmt: skip
def test_garbage_of_any_ending(tmp_path, ending, content):
    path = tmp_path / f"net{ending}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="must"):
        from_onnx(path)


@pytest.mark.parametrize("ending", [".json", ".textproto", ".onnx"])
def test_whole_files_of_any_ending_are_read(tmp_path, ending):
    net = Network(2, [Dense(3, "tanh"), Dense(1)])
    path = tmp_path / f"net{ending}"
    to_onnx(net, path)
    np.testing.assert_array_equal(from_onnx(path).params, net.params)


def claimed(dims, data_type=TYPES.FLOAT, **stored):
    made = TYPES(name="W", data_type=data_type, **stored)
    made.dims.extend(dims)
    return made


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (claimed([10**6, 10**6], raw_data=b"1234"), "must store 4000000000000 bytes, got 4"),
        (claimed([2**40], float_data=[1.0]), "must store 1099511627776 elements, got 1"),
        (claimed([4, -3], float_data=[1.0] * 12), r"must have sizes of 0 or more, got \(4, -3\)"),
        (claimed([-4, -3], float_data=[1.0] * 12), "must have sizes of 0 or more"),
        (claimed([4, 3], float_data=[1.0] * 11), "must store 12 elements, got 11"),
        (claimed([4, 3], 99, raw_data=b"1234"), "must hold numbers, got data type 99"),
        (claimed([4, 3], 0, raw_data=b"1234"), "must be an ONNX file|data type UNDEFINED"),
        (claimed([4, 3], TYPES.COMPLEX64, float_data=[1.0] * 24), "got data type COMPLEX64"),
        (claimed([4, 3], TYPES.STRING, string_data=[b"a"] * 12), r"\(Gemm\) cannot be carried"),
        (claimed([4, 3], TYPES.INT64, int64_data=[1] * 12), r"\(Gemm\) cannot be carried"),
    ],
)
def test_no_size_is_believed_that_is_not_stored(path, made, expected):
    path.write_bytes(model_of(GEMM, tensors=[made, B]).SerializeToString())
    with pytest.raises(ValueError, match=expected):
        from_onnx(path)


def test_texts_as_biases_are_refused(path):
    texts = TYPES(name="b", data_type=TYPES.STRING, string_data=[b"a"] * 3)
    texts.dims.extend([3])
    path.write_bytes(model_of(GEMM, tensors=[W, texts]).SerializeToString())
    with pytest.raises(ValueError, match=r"\(Gemm\) cannot be carried"):
        from_onnx(path)


@pytest.mark.parametrize(
    ("dims", "places", "expected"),
    [
        ([100_000, 100_000], [5], "must have at most 4194304 elements"),
        ([4, -3], [5], "must"),
        ([4, 3], [12], "must"),
        ([4, 3], [-1], "must"),
    ],
)
def test_sparse_tables_are_bounded(path, dims, places, expected):
    table = h.make_sparse_tensor(
        tensor("W", (1,)), onnx.numpy_helper.from_array(np.array(places), "places"), dims
    )
    model = model_of(GEMM, tensors=[B], sparse_initializer=[table])
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=expected):
        from_onnx(path)


@pytest.mark.parametrize("operator", ["ConstantOfShape", "Expand"])
def test_constants_do_not_grow_without_bounds(path, operator):
    shape = onnx.numpy_helper.from_array(np.array([10**6, 10**6]), "shape")
    inputs = ["shape"] if operator == "ConstantOfShape" else ["one", "shape"]
    nodes = [h.make_node(operator, inputs, ["W"]), GEMM]
    path.write_bytes(model_of(*nodes, tensors=[shape, B, tensor("one", (1,))]).SerializeToString())
    with pytest.raises(ValueError, match=rf"\({operator}\) cannot be carried"):
        from_onnx(path)


# ---- numbers in files beside the model -----------------------------------------------------------


def external(path, location, **told):
    """Write a model whose weights are in another file."""
    made = TYPES(name="W", data_type=TYPES.FLOAT, data_location=TYPES.EXTERNAL)
    made.dims.extend([4, 3])
    for key, value in {"location": location, **told}.items():
        made.external_data.add(key=key, value=str(value))
    path.write_bytes(model_of(GEMM, tensors=[made, B]).SerializeToString())


def test_numbers_beside_the_model_are_read(path):
    expected = np.arange(12, dtype="<f4").reshape(4, 3)
    path.with_name("data.bin").write_bytes(b"head" + expected.tobytes())
    external(path, "data.bin", offset=4, length=48)
    np.testing.assert_array_equal(from_onnx(path).weights[0], expected)
    external(path, "data.bin", offset=4)
    np.testing.assert_array_equal(from_onnx(path).weights[0], expected)


@pytest.mark.parametrize(
    "kind", ["absolute", "parent", "within", "backslash", "link", "folder link"]
)
def test_no_file_elsewhere_is_read(tmp_path, kind):
    folder = tmp_path / "models"
    folder.mkdir()
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(48))
    location = {
        "absolute": str(secret),
        "parent": "../secret.bin",
        "within": "a/../../secret.bin",
        "backslash": "..\\secret.bin",
        "link": "link.bin",
        "folder link": "up/secret.bin",
    }[kind]
    (folder / "a").mkdir()
    os.symlink(secret, folder / "link.bin")
    os.symlink(tmp_path, folder / "up")
    external(folder / "net.onnx", location)
    with pytest.raises(ValueError, match="tensor 'W' must be in a file beside the model, got"):
        from_onnx(folder / "net.onnx")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"offset": 1}, "must have 48 bytes, got 48 from 1 on in a file of 48"),
        ({"offset": -4}, "must have 48 bytes, got 48 from -4 on"),
        ({"length": 47}, "must have 48 bytes, got 47"),
        ({"length": 2**60}, "must have 48 bytes, got"),
        ({"offset": "no"}, "must have an offset and a length in its file, got 'no'"),
    ],
)
def test_what_is_beside_must_hold_what_is_claimed(path, told, expected):
    path.with_name("data.bin").write_bytes(bytes(48))
    external(path, "data.bin", **told)
    with pytest.raises(ValueError, match=expected):
        from_onnx(path)


def test_a_file_beside_that_is_missing_is_named(path):
    external(path, "data.bin")
    with pytest.raises(FileNotFoundError, match="tensor 'W' must be in a file, got none"):
        from_onnx(path)


# ---- paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [1, True, None, b"net.onnx", 3.0])
def test_paths_are_paths(given):
    for call in (lambda: from_onnx(given), lambda: to_onnx(Network(1, [Dense(1)]), given)):
        with pytest.raises(TypeError, match="path must be a str or a path such as"):
            call()


def test_a_folder_a_pipe_and_a_file_that_is_not_there(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, error in (
        ("none.onnx", FileNotFoundError),
        ("", IsADirectoryError),
        ("pipe", OSError),
    ):
        with pytest.raises(error):
            from_onnx(tmp_path / name)
