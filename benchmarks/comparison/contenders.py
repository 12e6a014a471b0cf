"""Who is measured, and how each is used."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """A library and the way it is used.

    `n_threads` above 1 lifts the pin to one core. `own_loss` marks one that cannot minimise the
    task's loss, so that its own loss is not compared.
    """

    name: str
    module: str
    variant: str = ""
    n_threads: int = 1
    own_loss: bool = False


FASTNN = Contender("fastnn", "with_fastnn")
FASTNN_2 = Contender("fastnn, two threads", "with_fastnn", "2", n_threads=2)
NUMPY = Contender("NumPy", "with_numpy")
SKLEARN = Contender("scikit-learn", "with_sklearn", own_loss=True)
TORCH = Contender("PyTorch by hand", "with_torch", "by hand")
TORCH_AUTOGRAD = Contender("PyTorch autograd", "with_torch", "autograd")
TORCH_FUSED = Contender("PyTorch autograd, fused", "with_torch", "autograd, fused")
JAX_IN_OUT = Contender("JAX, W (n_in, n_out)", "with_jax", "in, out")
JAX_OUT_IN = Contender("JAX, W (n_out, n_in)", "with_jax", "out, in")
ONNX = Contender("onnxruntime", "with_onnxruntime")
C_PLAIN = Contender("C, plain loops", "with_c", "plain")
C_FUSED = Contender("C, fused", "with_c", "fused")

JAX = (JAX_IN_OUT, JAX_OUT_IN)
LIBRARIES = (FASTNN, NUMPY, SKLEARN, TORCH, TORCH_AUTOGRAD, *JAX)
