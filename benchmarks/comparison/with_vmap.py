"""JAX: all networks in one jitted scan over samples or batches, by `vmap`; perhaps on two devices.

Networks in the last axis, or products and sums in the place of `@`, were three times as slow.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from .task import Layers, Task
from .with_jax import outputs

jax.config.update("jax_enable_x64", True)


class Training:
    """All epochs of all networks are one compiled call; the samples are on the device already."""

    def __init__(self, task: Task, variant: str) -> None:
        self._task = task
        self._transposed = "out, in" in variant
        starts = [
            [(W.T if self._transposed else W, b) for W, b in layers] for layers in task.starts()
        ]
        layers = jax.tree.map(lambda *of_all: np.stack(of_all), *starts)
        train = jax.vmap(self._train, in_axes=(0, None, None))
        X, Y = task.samples()
        size = task.batch_size
        n_whole = len(X) // size * size
        step = (-1,) if size == 1 else (-1, size)  # a row, or a table
        whole = tuple(table[:n_whole].reshape(*step, table.shape[1]) for table in (X, Y))
        rest = tuple(table[n_whole:] for table in (X, Y))
        mesh = jax.make_mesh((len(jax.devices()),), ("network",))
        all_of_them, a_part = PartitionSpec(), PartitionSpec("network")
        self._start = jax.device_put(layers, NamedSharding(mesh, a_part))
        self._samples = jax.device_put((whole, rest), NamedSharding(mesh, all_of_them))
        if len(mesh.devices) > 1:
            specs = {"in_specs": (a_part, all_of_them, all_of_them), "out_specs": a_part}
            train = jax.shard_map(train, mesh=mesh, **specs)
        self._call = jax.jit(train)
        self.restore()

    def restore(self) -> None:
        """Go back to the start."""
        self._layers = self._start

    def run(self) -> None:
        """Train all networks."""
        self._layers = self._call(self._layers, *self._samples)
        jax.block_until_ready(self._layers)

    def all_weights(self) -> Iterator[Layers]:
        """Yield the layers of each network."""
        layers = jax.tree.map(np.asarray, self._layers)
        for k in range(self._task.n_networks):
            yield [(W[k].T if self._transposed else W[k], b[k]) for W, b in layers]

    def _train(self, layers: Any, whole: Any, rest: Any) -> Any:
        """Train one network."""

        def epoch(layers: Any, _: None) -> tuple[Any, None]:
            layers, _ = jax.lax.scan(self._step, layers, whole)
            return (self._step(layers, rest)[0] if len(rest[0]) else layers), None

        return jax.lax.scan(epoch, layers, length=self._task.epochs)[0]

    def _step(self, layers: Any, sample: Any) -> tuple[Any, None]:
        x, y = sample
        rate = jnp.asarray(self._task.learning_rate, self._task.dtype)

        def loss(layers: Any) -> Any:
            error = outputs(layers, x, self._transposed) - y
            return 0.5 * (error**2).sum() / (1 if x.ndim == 1 else len(x))

        return jax.tree.map(lambda p, g: p - rate * g, layers, jax.grad(loss)(layers)), None
