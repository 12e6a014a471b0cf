"""onnxruntime on one thread: a Gemm and a Sigmoid a layer."""

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from .task import Array, Layers, Task


class Prediction:
    """`InferenceSession.run`."""

    def __init__(self, task: Task, variant: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        self._session = onnxruntime.InferenceSession(
            model(task.start()), options, providers=["CPUExecutionProvider"]
        )

    def prepare(self, X: Array) -> Array:
        """Make a row a table: the model takes nothing else."""
        return X.reshape(-1, X.shape[-1])

    def predict(self, X: Array) -> Array:
        """Compute the outputs."""
        return self._session.run(None, {"a0": X})[0]


def model(layers: Layers) -> bytes:
    """Write the network as an ONNX model."""
    nodes, constants = [], []
    for k, (W, b) in enumerate(layers):
        constants += [numpy_helper.from_array(W, f"W{k}"), numpy_helper.from_array(b, f"b{k}")]
        nodes += [
            helper.make_node("Gemm", [f"a{k}", f"W{k}", f"b{k}"], [f"z{k}"]),
            helper.make_node("Sigmoid", [f"z{k}"], [f"a{k + 1}"]),
        ]
    number = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}[layers[0][0].dtype.name]
    ends = [("a0", len(layers[0][0])), (f"a{len(layers)}", len(layers[-1][1]))]
    first, last = (
        helper.make_tensor_value_info(name, number, [None, width]) for name, width in ends
    )
    graph = helper.make_graph(nodes, "network", [first], [last], constants)
    versions = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=versions, ir_version=9).SerializeToString()
