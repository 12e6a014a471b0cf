"""ONNX files of others: PyTorch, skl2onnx, and by hand."""

import numpy as np
import pytest

from fastnn.exchange import from_onnx

from ..networks import TOLERANCES, rows

onnx = pytest.importorskip("onnx")
h = onnx.helper


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("opset", [18, 20])
@pytest.mark.parametrize("dynamo", [False, True])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_files_that_torch_exports(path, dtype, opset, dynamo):
    torch = pytest.importorskip("torch")
    if dynamo:
        pytest.importorskip("onnxscript")
    nn = torch.nn
    kinds = [
        nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.LeakyReLU(), nn.ELU(), nn.Softplus(), nn.SiLU(),
        nn.SELU(), nn.Mish(), nn.GELU(), nn.Identity(), nn.Dropout(), nn.Softmax(dim=-1),
    ]  # fmt: skip
    modules = [
        module
        for number, kind in enumerate(kinds)
        for module in (nn.Linear(4, 4, bias=number != 3), kind)
    ]
    module = nn.Sequential(*modules).to(getattr(torch, dtype)).eval()
    X = torch.tensor(rows(dtype))
    torch.onnx.export(module, (X[:1],), path, dynamo=dynamo, opset_version=opset, verbose=False)
    net = from_onnx(path)
    assert [layer.activation for layer in net.layers] == [
        "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "swish", "selu",
        "mish", "gelu", "identity", "identity", "softmax",
    ]  # fmt: skip
    assert net.biases[3] is None
    assert net.loss_name == "cross_entropy"
    np.testing.assert_allclose(net.predict(X), module(X).detach(), **TOLERANCES[dtype])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_file_that_skl2onnx_writes(path):
    skl2onnx = pytest.importorskip("skl2onnx")
    neural_network = pytest.importorskip("sklearn.neural_network")
    X = rows("float32")
    y = X[:, 0] - X[:, 1]
    regressor = neural_network.MLPRegressor(hidden_layer_sizes=[5, 4], solver="lbfgs", max_fun=50)
    path.write_bytes(skl2onnx.to_onnx(regressor.fit(X, y), X[:1]).SerializeToString())
    got = from_onnx(path).predict(X)[:, 0]
    np.testing.assert_allclose(got, regressor.predict(X), rtol=1e-5, atol=1e-5)


def write(path, nodes, *, outputs=("y",), opset=17, dtype="float64", **constants):
    """Write a graph from "x", of two columns; W is the identity matrix, b is zeros."""
    constants = {"W": np.eye(2), "b": np.zeros(2), "b1": np.zeros(1)} | constants
    kind = h.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = h.make_graph(
        nodes,
        "graph",
        [h.make_tensor_value_info("x", kind, ["n", 2])],
        [h.make_tensor_value_info(name, kind, ["n", 2]) for name in outputs],
        [
            onnx.numpy_helper.from_array(np.asarray(values, dtype), name)
            for name, values in constants.items()
        ],
    )
    versions = [h.make_opsetid("", opset), h.make_opsetid("com.microsoft", 1)]
    onnx.save(h.make_model(graph, opset_imports=versions, ir_version=8), path)


def node(operator, operands, result, **attributes):
    """Return a node that is named by its operator and its result."""
    return h.make_node(
        operator, operands.split(), [result], name=f"{operator}_{result}", **attributes
    )


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Gemm", "x W", "z"), node("Relu", "z", "y")],
        [node("Gemm", "x W b", "z", transB=1), node("Relu", "z", "y")],
        [node("MatMul", "x W", "p"), node("Add", "p b", "z"), node("Relu", "z", "y")],
        [node("MatMul", "x W", "p"), node("Add", "b p", "z"), node("Relu", "z", "y")],
        [node("Identity", "W", "V"), node("MatMul", "x V", "z"), node("Relu", "z", "y")],
        [node("Flatten", "x", "f"), node("MatMul", "f W", "z"), node("Relu", "z", "y")],
        [node("Gemm", "x W b", "z"), node("Dropout", "z", "d"), node("Relu", "d", "y")],
        [
            h.make_node("Constant", [], ["V"], value=onnx.numpy_helper.from_array(np.eye(2))),
            node("Gemm", "x V", "z"),
            node("Relu", "z", "y"),
        ],
    ],
)
def test_forms_of_a_layer(path, nodes):
    write(path, nodes)
    net = from_onnx(path)
    np.testing.assert_array_equal(net.predict([-1, 2]), [0, 2])
    assert [layer.activation for layer in net.layers] == ["relu"]


@pytest.mark.parametrize("product", ["s z", "z s"])
def test_operands_that_commute(path, product):
    write(path, [node("Gemm", "x W", "z"), node("Sigmoid", "z", "s"), node("Mul", product, "y")])
    assert from_onnx(path).layers[0].activation == "swish"


def test_mish_as_one_operator(path):
    write(path, [node("Gemm", "x W", "z"), node("Mish", "z", "y")], opset=18)
    assert from_onnx(path).layers[0].activation == "mish"


Z = [node("Gemm", "x W b", "z")]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("LeakyRelu", "z", "y", alpha=0.2)],
         "layer 0: node 'LeakyRelu_y' (LeakyRelu, alpha is 0.2, ours 0.01)"),
        ([node("Elu", "z", "y", alpha=0.5)], "layer 0: node 'Elu_y' (Elu, alpha is 0.5, ours 1)"),
        ([node("Softmax", "z", "y", axis=0)],
         "layer 0: node 'Softmax_y' (Softmax, axis is 0, ours -1)"),
        ([node("Gelu", "z", "y", domain="com.microsoft")],
         "layer 0: node 'Gelu_y' (com.microsoft.Gelu)"),
        ([node("Celu", "z", "y")], "layer 0: node 'Celu_y' (Celu)"),
        ([node("Relu", "z", "a"), node("Celu", "a", "y")], "layer 0: node 'Celu_y' (Celu)"),
        ([node("Abs", "z", "y")], "layer 0: node 'Abs_y' (Abs)"),
        ([node("Relu", "z", "a"), node("Tanh", "a", "y")], "layer 0: node 'Tanh_y' (Tanh)"),
        ([node("Gemm", "z W", "y", transA=1)],
         "layer 0: node 'Gemm_y' (Gemm, transA is 1, ours 0)"),
        ([node("Gemm", "z W column", "y")], "layer 0: node 'Gemm_y' (Gemm)"),
        ([node("Gemm", "z W W", "y")], "layer 0: node 'Gemm_y' (Gemm)"),
        ([node("Add", "z column", "y")], "layer 0: node 'Add_y' (Add)"),
        ([node("Add", "z W", "y")], "layer 0: node 'Add_y' (Add)"),
        ([node("Div", "b z", "y")], "layer 0: node 'Div_y' (Div)"),
        ([node("Transpose", "z", "y")], "layer 0: node 'Transpose_y' (Transpose)"),
        ([node("Clip", "z zero six", "y")], "layer 0: node 'Clip_y' (Clip)"),
        ([node("Clip", "z six", "y")], "layer 0: node 'Clip_y' (Clip)"),
        ([node("Max", "z six", "y")], "layer 0: node 'Max_y' (Max)"),
        ([node("MatMul", "W z", "y")], "layer 0: node 'MatMul_y' (MatMul)"),
        ([node("Add", "z x", "y")], "layer 0: node 'Add_y' (Add)"),
        ([node("Gemm", "z W", "w"), node("Mul", "w z", "y")], "layer 1: node 'Mul_y' (Mul)"),
        ([node("Gemm", "z W", "w"), node("Gemm", "z W", "y")], "layer 1: node 'Gemm_z' (Gemm)"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_named(path, nodes, expected):
    column, zero, six = np.zeros((2, 1)), np.array(0.0), np.array(6.0)
    write(path, Z + nodes, column=column, zero=zero, six=six)
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_onnx(path)
    assert str(error.value) == f"{expected} cannot be carried"


def test_all_that_cannot_be_carried_is_named(path):
    nodes = [
        node("Celu", "x", "x1"), node("Gemm", "x1 W", "z"), node("Relu", "z", "a"),
        node("Conv", "a W", "c"), node("Gemm", "c W", "w"), node("HardSwish", "w", "y"),
    ]  # fmt: skip
    write(path, nodes, opset=18)
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_onnx(path)
    assert str(error.value).splitlines() == [
        "layer 0: node 'Celu_x1' (Celu) cannot be carried",
        "layer 0: node 'Conv_c' (Conv) cannot be carried",
        "layer 1: node 'HardSwish_y' (HardSwish) cannot be carried",
    ]


def test_a_sum_before_the_biases_is_no_activation(path):
    """Of x W and x W + b the graph makes x W sigmoid(x W + b), which looks like swish."""
    nodes = [
        node("MatMul", "x W", "p"), node("Add", "p b", "z"), node("Sigmoid", "z", "s"),
        node("Mul", "p s", "y"),
    ]  # fmt: skip
    write(path, nodes, b=np.ones(2))
    with pytest.raises(ValueError, match=r"node 'Mul_y' \(Mul\) cannot be carried"):
        from_onnx(path)


def test_weights_in_another_shape(path):
    """The shape is that of all rows of z too; U has one row of four."""
    shape = h.make_node("Constant", [], ["s"], value_ints=[-1, 2])
    write(path, [*Z, shape, node("Reshape", "U s", "V"), node("Gemm", "z V", "y")], U=np.eye(4)[:1])
    np.testing.assert_array_equal(from_onnx(path).weights[1], [[1, 0], [0, 0]])


def test_graphs_without_end_are_refused_at_once(path):
    """Each node doubles what the last one stands for; only forms of ours are kept."""
    nodes = [node("Add", f"z{n} z{n}", f"z{n + 1}") for n in range(60)]
    write(path, [node("Gemm", "x W b", "z0"), *nodes], outputs=("z60",))
    with pytest.raises(ValueError, match=r"^layer 0: node 'Add_z1' \(Add\) cannot be carried$"):
        from_onnx(path)


def test_two_outputs_are_refused(path):
    write(path, [*Z, node("Relu", "z", "y")], outputs=("z", "y"))
    with pytest.raises(ValueError, match="must have one output, got 2: z, y"):
        from_onnx(path)


def test_old_operators_are_refused(path):
    write(path, [node("MatMul", "x W", "y")], opset=6)
    with pytest.raises(ValueError, match="must have opset 7 or later, got 6"):
        from_onnx(path)


def test_other_dtypes_are_refused(path):
    write(path, [node("MatMul", "x W", "y")], dtype="float16")
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'float16'"):
        from_onnx(path)


@pytest.mark.parametrize("content", [b"", b"no ONNX at all", bytes(range(256))])
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="must be an ONNX file, got another"):
        from_onnx(path)


def test_a_graph_without_layers_is_refused(path):
    write(path, [node("Identity", "x", "y")])
    with pytest.raises(ValueError, match="at least one dense layer, got none"):
        from_onnx(path)
