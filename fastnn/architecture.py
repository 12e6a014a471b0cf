"""What a network is: its layers, their parameters in one flat vector, views of it, and copies."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from .core import layout, losses
from .layers import Dense, initial_params, layer_table, penalty_table
from .model import Model
from .plan import TrainingState
from .validation import Array, as_choice, as_count, as_dtype, as_generator, as_numbers


class Architecture:
    """Layers, a loss, and the parameters: what `Network` trains and uses."""

    def __init__(
        self,
        n_in: int,
        layers: Sequence[Dense],
        *,
        loss: str = "mse",
        dtype: DTypeLike = "float64",
        seed: Any = None,
    ) -> None:
        self.n_in = as_count("n_in", n_in)
        if not isinstance(layers, Sequence):
            raise TypeError(f"layers must be a sequence of Dense, got {layers!r}")
        self.layers = tuple(layers)
        self.loss_name = as_choice("loss", loss, losses.CODES)
        self.dtype = as_dtype(dtype)
        self._random = as_generator(seed)
        table = layer_table(self.n_in, self.layers, self.loss_name, self.dtype)
        params = initial_params(self.layers, table, self.dtype, self._random)
        self._state: TrainingState | None = None
        self._adopt(params, table)

    def _adopt(self, params: Array, table: Array) -> None:
        """Make `params` the network's own and the views of it anew."""
        self.n_layers = len(self.layers)
        self.n_out = self.layers[-1].n_out
        self._model = Model(params, table, self.loss_name, penalty_table(self.layers))
        self.weights = layout.weight_views(params, table)
        self.biases = layout.bias_views(params, table)
        self._training = threading.Lock()

    # ---- parameters ------------------------------------------------------------------------------

    @property
    def params(self) -> Array:
        """Every weight and bias, shape (n,), padding included; assigning copies in.

        Padding is zero and stays zero, whatever is assigned.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1)], seed=0)
        >>> net.params = 0 * net.params
        >>> net.predict([1, 2])
        array([0.])
        """
        return self._model.params

    @params.setter
    def params(self, values: ArrayLike) -> None:
        array = as_numbers("params", values, self.dtype)
        if array.shape != self.params.shape:
            raise ValueError(f"params must have shape {self.params.shape}, got {array.shape}")
        for own, new in zip(self._views(self.params), self._views(array), strict=True):
            own[:] = new

    def _views(self, flat: Array) -> list[Array]:
        """Return the real parameters of a flat vector, without padding, as views."""
        table = self._model.table
        views = layout.weight_views(flat, table) + layout.bias_views(flat, table)
        return [view for view in views if view is not None]

    @property
    def n_params(self) -> int:
        """The number of weights and biases, without padding."""
        return layout.n_params(self._model.table)

    # ---- description, copies ---------------------------------------------------------------------

    def summary(self) -> str:
        """Return a table of the layers: shapes, activation, parameters, bytes.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> print(Network(400, [Dense(25, "sigmoid"), Dense(10, "sigmoid")]).summary())
        layer  W          b      activation  parameters   bytes
            0  (400, 25)  (25,)  sigmoid          10025   80200
            1  (25, 10)   (10,)  sigmoid            260    2080
        total                                     10285   82280
        """
        lines = [("layer", "W", "b", "activation", "parameters", "bytes")]
        for k, (layer, W, b) in enumerate(zip(self.layers, self.weights, self.biases, strict=True)):
            size = W.size + (0 if b is None else b.size)
            shape = "-" if b is None else str(b.shape) + ("" if layer.train_bias else " frozen")
            lines.append((
                str(k), str(W.shape), shape, str(layer.activation), str(size),
                str(size * self.dtype.itemsize),
            ))  # fmt: skip
        n_bytes = self.n_params * self.dtype.itemsize
        lines.append(("total", "", "", "", str(self.n_params), str(n_bytes)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = (">", "<", "<", "<", ">", ">")
        return "\n".join(
            "  ".join(
                f"{cell:{side}{width}}"
                for cell, side, width in zip(line, aligned, widths, strict=True)
            )
            for line in lines
        )

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return (
            f"Network({self.n_in}, [{layers}], loss={self.loss_name!r}, dtype={self.dtype.name!r})"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return all but what `_adopt` makes; a copy has views and random numbers of its own."""
        state = self.__dict__.copy()
        for name in ("weights", "biases", "_training", "_model"):
            del state[name]
        return state | {
            "params": self.params.copy(),
            "table": self._model.table,
            "_random": copy.deepcopy(self._random),
            "_state": copy.deepcopy(self._state),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        params, table = state.pop("params"), state.pop("table")
        self.__dict__.update(state)
        own = layout.aligned_zeros(params.size, params.dtype)
        own[:] = params
        self._adopt(own, table)
