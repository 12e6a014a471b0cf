"""JAX: the epoch as one jitted scan over samples or batches, in either order of the weights."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .task import BETAS, EPS, Array, Layers, Task

jax.config.update("jax_enable_x64", True)


class Training:
    """One compiled call an epoch; the samples are on the device already."""

    def __init__(self, task: Task, variant: str) -> None:
        self._transposed = variant == "out, in"
        layers = on_device(task, self._transposed)
        self._rule, state = descend, ()
        if task.optimizer == "adam":
            zeros = jax.tree.map(jnp.zeros_like, layers)
            self._rule, state = adam, (zeros, zeros, jnp.zeros(()))
        self._start = layers, state
        self._rate = jnp.asarray(task.learning_rate, task.dtype)
        X, Y = task.samples()
        size = task.batch_size
        n_whole = len(X) // size * size
        step = (-1,) if size == 1 else (-1, size)  # a row, or a table
        self._whole = tuple(
            jnp.asarray(table[:n_whole].reshape(*step, table.shape[1])) for table in (X, Y)
        )
        self._rest = tuple(jnp.asarray(table[n_whole:]) for table in (X, Y))
        self._epoch = jax.jit(self._scan)  # giving up the old weights was no faster
        self.restore()

    def restore(self) -> None:
        """Go back to the start."""
        self._now = self._start

    def run(self) -> None:
        """Go once through the samples."""
        self._now = self._epoch(self._now, self._whole, self._rest)
        jax.block_until_ready(self._now)

    def weights(self) -> Layers:
        """Return the layers."""
        layers = [(np.asarray(W), np.asarray(b)) for W, b in self._now[0]]
        return [(W.T if self._transposed else W, b) for W, b in layers]

    def _scan(self, now: Any, whole: Any, rest: Any) -> Any:
        now, _ = jax.lax.scan(self._step, now, whole)
        return self._step(now, rest)[0] if len(rest[0]) else now

    def _step(self, now: Any, sample: Any) -> tuple[Any, None]:
        (layers, state), (x, y) = now, sample

        def loss(layers: Any) -> Any:
            error = outputs(layers, x, self._transposed) - y
            return 0.5 * (error**2).sum() / (1 if x.ndim == 1 else len(x))

        return self._rule(self._rate, layers, state, jax.grad(loss)(layers)), None


class Prediction:
    """A jitted function of a NumPy array, whose result is made a NumPy array."""

    def __init__(self, task: Task, variant: str) -> None:
        transposed = variant == "out, in"
        self._layers = on_device(task, transposed)
        self._outputs = jax.jit(lambda layers, X: outputs(layers, X, transposed))

    def prepare(self, X: Array) -> Array:
        """Take it as it is."""
        return X

    def predict(self, X: Array) -> Array:
        """Compute the outputs."""
        return np.asarray(self._outputs(self._layers, X))


def on_device(task: Task, transposed: bool) -> Any:
    """Return the task's start as JAX's arrays."""
    return [(jnp.asarray(W.T if transposed else W), jnp.asarray(b)) for W, b in task.start()]


def descend(rate: Any, layers: Any, state: Any, gradient: Any) -> tuple[Any, Any]:
    """Return the layers after a step down the gradient."""
    return jax.tree.map(lambda p, g: p - rate * g, layers, gradient), state


def adam(rate: Any, layers: Any, state: Any, gradient: Any) -> tuple[Any, Any]:
    """Return the layers and the state after a step of Adam: as `with_numpy` has it."""
    (m, v, t), (beta1, beta2) = state, BETAS
    t += 1
    root = jnp.sqrt(1 - beta2**t)
    eps, rate = (EPS * root).astype(rate.dtype), (rate * root / (1 - beta1**t)).astype(rate.dtype)
    m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradient)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradient)
    layers = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + eps), layers, m, v)
    return layers, (m, v, t)


def outputs(layers: Any, a: Any, transposed: bool) -> Any:
    """Compute the outputs of a row or of a table."""
    for W, b in layers:
        if not transposed:
            z = a @ W + b
        elif a.ndim == 1:
            z = W @ a + b
        else:
            z = a @ W.T + b
        a = jax.nn.sigmoid(z)
    return a
