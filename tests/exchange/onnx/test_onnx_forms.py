"""Forms of affine steps, constants and endings in ONNX files, beside what onnxruntime answers."""

import warnings

import numpy as np
import pytest

from fastnn.exchange import from_onnx

from ..networks import TOLERANCES, rows, session_of

onnx = pytest.importorskip("onnx")
h = onnx.helper
RANDOM = np.random.default_rng(0)
CONSTANTS = {
    "W": RANDOM.normal(size=(4, 3)),
    "V": RANDOM.normal(size=(3, 3)),
    "U": RANDOM.normal(size=(3, 2)),
    "Wt": RANDOM.normal(size=(3, 4)),
    "b": RANDOM.normal(size=3),
    "brow": RANDOM.normal(size=(1, 3)),
    "b1": RANDOM.normal(size=1),
    "b0": RANDOM.normal(),
    "s": RANDOM.uniform(1, 2, 3),
    "m4": RANDOM.normal(size=4),
    "s4": RANDOM.uniform(1, 2, (1, 4)),
    "var": RANDOM.uniform(1, 2, 3),
    "var4": RANDOM.uniform(1, 2, 4),
    "eps": 1e-3,
    "half": 0.5,
    "zero": 0.0,
    "zeros": np.zeros(3),
    "one": 1.0,
    "infinity": np.inf,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


def node(operator, operands, result, **attributes):
    names = ["" if name == "-" else name for name in operands.split()]
    return h.make_node(operator, names, result.split(), **attributes)


def save(path, nodes, *, dtype="float32", shape=("n", 4), out=("n", None), constants=None, **model):
    """Write a graph from "x" to "y"; `out` None is an output without a shape."""
    kind = h.np_dtype_to_tensor_dtype(np.dtype(dtype))
    numbers = CONSTANTS | (constants or {})
    used = {name for item in nodes for name in item.input}
    tensors = [
        onnx.numpy_helper.from_array(
            np.asarray(values, np.int64 if np.asarray(values).dtype == int else dtype), name
        )
        for name, values in numbers.items()
        if name in used
    ]
    y = h.make_tensor_value_info("y", kind, out)
    graph = h.make_graph(
        nodes, "graph", [h.make_tensor_value_info("x", kind, shape)], [y], tensors, **model
    )
    versions = [h.make_opsetid("", 17), h.make_opsetid("ai.onnx.ml", 3)]
    whole = h.make_model(graph, opset_imports=versions, ir_version=8)
    path.write_bytes(whole.SerializeToString())
    return whole


def run(path, X):
    """Return what onnxruntime answers."""
    return session_of(path).run(["y"], {"x": X})[0]


def check_agrees(path, nodes, *, dtype="float32", **options):
    """Assert that the network answers as onnxruntime does; return it."""
    save(path, nodes, dtype=dtype, **options)
    X = rows(dtype)
    net = from_onnx(path)
    assert net.dtype == dtype
    np.testing.assert_allclose(net.predict(X), run(path, X), rtol=1e-5, atol=2e-6)
    return net


LAYER = node("Gemm", "x W b", "z")


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    "nodes",
    [
        # Gemm
        [node("Gemm", "x W b", "y", alpha=2.0, beta=-0.5)],
        [node("Gemm", "x Wt b", "y", transB=1, alpha=0.3)],
        [node("Gemm", "x W brow", "y", beta=3.0)],
        [node("Gemm", "x W b1", "y")],
        [node("Gemm", "x W b0", "y", beta=2.0)],
        [node("Gemm", "x W", "y", alpha=-1.0)],
        [node("Gemm", "x W -", "y")],
        # biases
        [node("MatMul", "x W", "z"), node("Add", "z b0", "y")],
        [node("MatMul", "x W", "z"), node("Add", "b1 z", "y")],
        [node("MatMul", "x W", "z"), node("Add", "brow z", "t"), node("Add", "t b", "y")],
        [node("MatMul", "x W", "z"), node("Sub", "z b", "y")],
        # constants made of constants
        [node("Transpose", "Wt", "T"), node("MatMul", "x T", "y")],
        [node("Transpose", "Wt", "T", perm=[1, 0]), node("Gemm", "x T b", "y")],
        [node("Add", "var eps", "v"), node("Sqrt", "v", "d"), node("Div", "z d", "y"), LAYER],
        [node("Reciprocal", "s", "r"), node("Neg", "r", "n"), LAYER, node("Mul", "n z", "y")],
        [node("Cast", "s", "c", to=11), node("Cast", "c", "d", to=1), LAYER],
        # steps of inputs, in either order
        [node("Sub", "x m4", "t"), node("Div", "t s4", "u"), node("Gemm", "u W b", "y")],
        [node("Sub", "m4 x", "t"), node("Mul", "s4 t", "u"), node("MatMul", "u W", "y")],
        [node("Mul", "x s4", "t"), node("Add", "m4 t", "u"), node("Gemm", "u W b", "y")],
        [node("Div", "x half", "t"), node("Neg", "t", "u"), node("Gemm", "u W b", "y")],
        [node("Identity", "x", "t"), node("Sub", "t half", "u"), node("Gemm", "u W b", "y")],
        # steps between and at the end
        [LAYER, node("Mul", "z s", "t"), node("Add", "t b", "u"), node("Relu", "u", "y")],
        [LAYER, node("Relu", "z", "a"), node("Mul", "a s", "t"), node("Gemm", "t V b", "y")],
        [LAYER, node("Tanh", "z", "a"), node("Mul", "a s", "t"), node("Add", "t b", "y")],
        [LAYER, node("Tanh", "z", "a"), node("Mul", "a half", "t"), node("Relu", "t", "y")],
        [LAYER, node("Sub", "one z", "y")],
        [LAYER, node("Mul", "z half", "t"), node("Sigmoid", "t", "s1"), node("Mul", "t s1", "y")],
        # BatchNormalization and what does nothing
        [node("BatchNormalization", "x m4 m4 m4 var4", "t"), node("Gemm", "t W b", "y")],
        [LAYER, node("BatchNormalization", "z s b b var", "y", epsilon=0.1)],
        [LAYER, node("Dropout", "z", "d"), node("Identity", "d", "i"), node("Tanh", "i", "y")],
        [node("Flatten", "x", "f"), node("Gemm", "f W b", "z"), node("Flatten", "z", "y")],
        [node("Reshape", "x r4", "f"), node("Gemm", "f W b", "z"), node("Reshape", "z r0", "y")],
        # relu
        [LAYER, node("Clip", "z zero", "y")],
        [LAYER, node("Clip", "z zero infinity", "y")],
        [LAYER, node("Clip", "z zero -", "y")],
        [LAYER, node("Max", "z zero", "y")],
        [LAYER, node("Max", "zeros z", "y")],
    ],
)  # fmt: skip
def test_what_is_affine_is_folded(path, nodes, dtype):
    if any(item.output[0] == "d" and item.op_type == "Cast" for item in nodes):
        dtype = "float32"
        nodes = [*nodes, node("Mul", "z d", "y")]
    nodes = sorted(nodes, key=lambda item: item is not LAYER)  # the layer is computed first
    if any("x" in item.input and item is not LAYER for item in nodes):
        assert LAYER not in nodes
    check_agrees(path, nodes, dtype=dtype, constants={"r4": [-1, 4], "r0": [0, -1]})


def test_steps_keep_the_layers_few(path):
    nodes = [
        node("Sub", "x m4", "t"), node("Div", "t s4", "u"), node("MatMul", "u W", "p"),
        node("Add", "p b", "q"), node("Mul", "q s", "v"), node("Sigmoid", "v", "a"),
        node("Mul", "a half", "w"), node("Gemm", "w U", "y"),
    ]  # fmt: skip
    net = check_agrees(path, nodes)
    assert repr(net.layers) == "(Dense(3, 'sigmoid'), Dense(2, 'identity', bias=False))"


@pytest.mark.parametrize("flat", [[node("Flatten", "x", "f")], [node("Reshape", "x r", "f")]])
def test_inputs_of_several_axes_are_flattened(path, flat):
    nodes = [node("Div", "x half", "t"), *flat, node("Gemm", "f W b", "y")]
    nodes[0].output[0] = nodes[1].input[0] = "t"
    save(path, nodes, shape=("n", 1, 2, 2), constants={"r": [-1, 4]})
    X = rows("float32")
    expected = run(path, X.reshape(-1, 1, 2, 2))
    np.testing.assert_allclose(from_onnx(path).predict(X), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(
    ("nodes", "shape", "expected"),
    [
        ([LAYER, node("Relu", "z", "y")], ("n", 2, 4), r"\(Gemm\)"),
        ([LAYER, node("Relu", "z", "y")], ("n", 5), r"\(Gemm\)"),
        ([node("Mul", "x s4", "t"), node("Gemm", "t W", "y")], ("n", 1), r"\(Mul\)"),
        ([node("Mul", "x s", "t"), node("Gemm", "t W", "y")], ("n", None), r"layer 0: .*\(Gemm\)"),
        ([LAYER, node("BatchNormalization", "z s b b var", "y t u", training_mode=1)],
         ("n", 4), r"\(BatchNormalization\)"),
        ([LAYER, node("Dropout", "z half true", "y")], ("n", 4), r"\(Dropout\)"),
        ([LAYER, node("Dropout", "z", "t mask"), node("Mul", "t mask", "y")], ("n", 4), "Mul"),
        ([LAYER, node("Reshape", "z r", "y")], ("n", 4), r"\(Reshape\)"),
        ([LAYER, node("Flatten", "z", "y", axis=0)], ("n", 4), r"\(Flatten\)"),
        ([LAYER, node("Cast", "z", "y", to=7)], ("n", 4), r"\(Cast\)"),
    ],
)  # fmt: skip
def test_what_is_something_else_is_named(path, nodes, shape, expected):
    save(path, nodes, shape=shape, constants={"r": [-1, 1], "true": 1.0})
    with pytest.raises(ValueError, match=expected):
        from_onnx(path)


def test_an_output_without_a_shape_will_do(path):
    model = save(path, [LAYER, node("Relu", "z", "y")])
    expected = from_onnx(path).predict(rows("float32"))
    model.graph.output[0].type.tensor_type.ClearField("shape")
    path.write_bytes(model.SerializeToString())
    np.testing.assert_array_equal(from_onnx(path).predict(rows("float32")), expected)
    model.graph.output[0].ClearField("type")
    model.graph.input[0].type.tensor_type.ClearField("shape")
    path.write_bytes(model.SerializeToString())
    np.testing.assert_array_equal(from_onnx(path).predict(rows("float32")), expected)


@pytest.mark.parametrize("linear", [True, False])
def test_a_sparse_initializer_is_read(path, linear):
    W = np.where(CONSTANTS["W"] > 0.3, CONSTANTS["W"], 0).astype("float32")
    places = np.flatnonzero(W) if linear else np.argwhere(W)
    table = h.make_sparse_tensor(
        onnx.numpy_helper.from_array(W[W != 0], "S"),
        onnx.numpy_helper.from_array(places.astype(np.int64), "S_places"),
        W.shape,
    )
    save(path, [node("Gemm", "x S b", "y")], sparse_initializer=[table])
    np.testing.assert_array_equal(from_onnx(path).weights[0], W)


# ---- skl2onnx ------------------------------------------------------------------------------------


def estimators():
    """Yield names, pipelines and targets as scikit-learn's users have them."""
    neural = pytest.importorskip("sklearn.neural_network")
    linear, scalers = (
        pytest.importorskip(f"sklearn.{n}") for n in ("linear_model", "preprocessing")
    )
    decomposition = pytest.importorskip("sklearn.decomposition")
    pipeline = pytest.importorskip("sklearn.pipeline")
    X = rows("float64")
    z = X @ [1, -2, 1, 0.5]
    params = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0}
    targets = {
        "binary": z > 0, "texts": np.array(["a", "b", "c"])[np.digitize(z, [-1, 1])],
        "labels": X[:, :3] > 0, "number": z,
    }  # fmt: skip
    ends = [
        ("binary", neural.MLPClassifier(**params)), ("texts", neural.MLPClassifier(**params)),
        ("labels", neural.MLPClassifier(**params)), ("number", neural.MLPRegressor(**params)),
        ("binary", linear.LogisticRegression()), ("texts", linear.LogisticRegression()),
        ("number", linear.LinearRegression()), ("number", linear.Ridge()),
    ]  # fmt: skip
    firsts = [
        [], [scalers.StandardScaler()], [scalers.MinMaxScaler()], [scalers.MaxAbsScaler()],
        [scalers.RobustScaler()], [decomposition.PCA(3)],
        [scalers.StandardScaler(with_mean=False), scalers.MinMaxScaler()],
    ]  # fmt: skip
    for kind, end in ends:
        for first in firsts:
            yield pipeline.make_pipeline(*first, end), targets[kind]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("options", [{"zipmap": True}, {"zipmap": False}])
def test_files_that_skl2onnx_writes(path, dtype, options):
    skl2onnx = pytest.importorskip("skl2onnx")
    X = rows(dtype)
    for estimator, y in estimators():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ConvergenceWarning
            estimator.fit(X, y)
        is_classifier = hasattr(estimator, "predict_proba")
        model = skl2onnx.to_onnx(estimator, X[:1], options=options if is_classifier else None)
        path.write_bytes(model.SerializeToString())
        net = from_onnx(path)
        assert net.dtype == dtype
        expected = estimator.predict_proba(X) if is_classifier else estimator.predict(X)
        got = net.predict(X)
        tolerance = 2e-6 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(
            got, expected.reshape(got.shape), rtol=10 * tolerance, atol=tolerance,
            err_msg=str(estimator),
        )  # fmt: skip


def test_what_skl2onnx_normalises_is_named(path):
    skl2onnx = pytest.importorskip("skl2onnx")
    pipeline = pytest.importorskip("sklearn.pipeline")
    scalers = pytest.importorskip("sklearn.preprocessing")
    linear = pytest.importorskip("sklearn.linear_model")
    X = rows("float32")
    estimator = pipeline.make_pipeline(scalers.Normalizer(), linear.LogisticRegression())
    model = skl2onnx.to_onnx(estimator.fit(X, X[:, 0] > 0), X[:1])
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=r"Normalizer, norm is L2, ours L1\) cannot be carried"):
        from_onnx(path)


def test_labels_alone_are_left_out(path):
    save(path, [LAYER, node("Softmax", "z", "p"), node("ArgMax", "p", "y", axis=1)])
    assert from_onnx(path).layers[0].activation == "softmax"


# ---- labels and what only looks like them --------------------------------------------------------

P = [LAYER, node("Softmax", "z", "p")]
MASK = [LAYER, node("Greater", "z zero", "m")]


@pytest.mark.parametrize(
    "nodes",
    [
        [*P, node("ArgMax", "p", "y", axis=-1, keepdims=0)],
        [*P, node("ArgMax", "p", "t", axis=1), node("Cast", "t", "y", to=6)],
        [*P, node("ArgMax", "p", "t", axis=1, keepdims=0), node("Gather", "classes t", "y")],
        [*P, node("ArgMax", "p", "t", axis=1), node("Cast", "t", "u", to=1),
         node("Cast", "u", "y", to=7)],
        [*P, node("Greater", "p half", "t"), node("Where", "t r0 r1", "y")],
        [*P, node("Greater", "p half", "t"), node("Not", "t", "y")],
    ],
)  # fmt: skip
def test_labels_of_many_forms_are_left_out(path, nodes):
    save(path, nodes, constants={"classes": [3, 5, 7], "r0": 3, "r1": 5})
    net = from_onnx(path)
    assert repr(net.layers) == "(Dense(3, 'softmax'),)"


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([*MASK, node("Mul", "z fifth", "t"), node("Where", "m z t", "y")], "Where"),
        ([*MASK, node("Mul", "z zero", "t"), node("Where", "m z t", "y")], "Where"),
        ([*MASK, node("Add", "z one", "t"), node("Sub", "z one", "u"),
          node("Where", "m t u", "y")], "Where"),
        ([*MASK, node("Where", "m minus z", "y")], "Where"),
        ([*MASK, node("Where", "m one zero", "y")], "Where"),
        ([*MASK, node("Cast", "m", "y", to=1)], "Cast"),
        ([*MASK, node("Cast", "m", "t", to=7), node("Cast", "t", "y", to=11)], "Cast"),
        ([*MASK, node("Cast", "m", "t", to=1), node("Identity", "t", "y")], "Identity"),
        ([*MASK, node("Cast", "m", "t", to=1), node("Mul", "t z", "y")], "Mul"),
        ([LAYER, node("Less", "z zero", "m"), node("Where", "m z zero", "y")], "Where"),
        ([LAYER, node("Sigmoid", "z", "s1"), node("Greater", "s1 half", "m"),
          node("Where", "m s1 zero", "y")], "Where"),
        ([*P, node("ArgMax", "p", "y", axis=0)], "ArgMax"),
        ([*P, node("ArgMax", "p", "y")], "ArgMax"),
        ([*P, node("ArgMax", "p", "t", axis=1), node("Cast", "t", "y", to=1)], "Cast"),
        ([*P, node("ArgMax", "p", "t", axis=1), node("Gather", "b t", "y")], "Gather"),
        ([*P, node("ArgMax", "p", "t", axis=1), node("Gather", "t r0", "y")], "Gather"),
    ],
)  # fmt: skip
def test_floats_that_are_chosen_are_named(path, nodes, expected):
    save(path, nodes, constants={"fifth": 0.2, "minus": -1.0, "r0": 0})
    with pytest.raises(
        ValueError, match=rf"^layer 0: node '\w+' \({expected}\) cannot be carried$"
    ):
        from_onnx(path)


def test_a_binarizer_alone_is_named(path):
    binarizer = node("Binarizer", "z", "y", domain="ai.onnx.ml", threshold=0.0)
    save(path, [LAYER, binarizer])
    with pytest.raises(ValueError, match=r"node 'y' \(ai.onnx.ml.Binarizer\) cannot be carried"):
        from_onnx(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    "choose",
    [
        lambda torch, z: torch.where(z > 0, z, 0.2 * z),
        lambda torch, z: torch.where(z > 0, z, 0 * z),
        lambda torch, z: torch.where(z > 0.3, z + 1, z - 1),
        lambda torch, z: torch.where(z > 0, 1.0, 0.0),
        lambda torch, z: z.masked_fill(z < 0, -1),
        lambda torch, z: (z > 0).float(),
        lambda torch, z: torch.where(torch.sigmoid(z) > 0.5, torch.sigmoid(z), 0.0),
        lambda torch, z: z.argmax(0),
        lambda torch, z: z.argmax(1).float(),
    ],
)
def test_what_torch_chooses_is_named(path, choose):
    torch = pytest.importorskip("torch")

    class Chooser(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(4, 3)

        def forward(self, x):
            return choose(torch, self.linear(x))

    torch.onnx.export(Chooser(), (torch.ones(2, 4),), path, dynamo=False, verbose=False)
    with pytest.raises(ValueError, match=r"node .* \((Where|Cast|ArgMax)\) cannot be carried"):
        from_onnx(path)
