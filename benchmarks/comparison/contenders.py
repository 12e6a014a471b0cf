"""Who is measured, and how each is used."""

from dataclasses import dataclass

ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
XLA_DEVICES = "--xla_force_host_platform_device_count=2"


@dataclass(frozen=True)
class Contender:
    """A library and the way it is used.

    `n_threads` above 1 lifts the pin to one core, and XLA's to one thread. `own_loss` marks one
    that does not minimise the task's loss as the others do, so that what it reaches is not
    compared.
    """

    name: str
    module: str
    variant: str = ""
    n_threads: int = 1
    own_loss: bool = False

    def environment(self) -> dict[str, str]:
        """Return the variables that its process is started with."""
        if self.n_threads == 1:
            return ONE_THREAD
        return ONE_THREAD | {"XLA_FLAGS": XLA_DEVICES if "devices" in self.variant else ""}


FASTNN = Contender("fastnn", "with_fastnn")
FASTNN_2 = Contender("fastnn, two threads", "with_fastnn", "2", n_threads=2)
MOMENTUM, NESTEROV, RMSPROP, ADAGRAD, ADAM, ADAMW, DROPOUT, L2 = VARIANTS = tuple(
    Contender(f"fastnn, {name}", "with_fastnn", name, own_loss=True)
    for name in (
        "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "dropout", "l2",
    )
)  # fmt: skip
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
MANY_LOOP = Contender("fastnn, a loop of `fit`", "with_population", "loop")
MANY_FASTNN = Contender("fastnn, one thread", "with_population", "1")
MANY_FASTNN_2 = Contender("fastnn, two threads", "with_population", "2", n_threads=2)
PROBE = Contender("probe, one thread", "with_probe", "1", own_loss=True)
PROBE_2 = Contender("probe, two threads", "with_probe", "2", n_threads=2, own_loss=True)
VMAP_IN_OUT = Contender("JAX vmap, W (n_in, n_out)", "with_vmap", "in, out", n_threads=2)
VMAP_OUT_IN = Contender("JAX vmap, W (n_out, n_in)", "with_vmap", "out, in", n_threads=2)
VMAP_DEVICES = Contender(
    "JAX vmap, the latter, half on each of two devices", "with_vmap", "out, in, devices",
    n_threads=2,
)  # fmt: skip

JAX = (JAX_IN_OUT, JAX_OUT_IN)
VMAP = (VMAP_IN_OUT, VMAP_OUT_IN)
LIBRARIES = (FASTNN, NUMPY, SKLEARN, TORCH, TORCH_AUTOGRAD, *JAX)
