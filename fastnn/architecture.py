"""What a network is: its layers, their parameters in one flat vector, views of it, and copies."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Sequence
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .core import layout, losses
from .history import History
from .layers import Dense, initial_params, layer_table, penalty_table
from .model import Model
from .plan import TrainingState
from .streaming import RowStep
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
        self._past, self._latest = History(), History()
        self.metadata: dict[str, Any] = {}
        self._adopt(params, table)

    def _adopt(self, params: Array, table: Array) -> None:
        """Make `params` the network's own and the views of it anew."""
        self.n_layers = len(self.layers)
        self.n_out = self.layers[-1].n_out
        self._model = Model(params, table, self.loss_name, penalty_table(self.layers))
        self.weights = layout.weight_views(params, table)
        self.biases = layout.bias_views(params, table)
        self._training = threading.Lock()
        self._row_step: RowStep | None = None

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

    @property
    def history(self) -> History:
        """All that `fit` has recorded since training last started afresh; a copy.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> for resume in (False, True):
        ...     history = net.fit([[0], [1]], [1, 3], epochs=2, resume=resume)
        >>> net.history.epoch, history.epoch
        ([0, 1, 2, 3], [2, 3])
        """
        history = History()
        for part in (self._past, self._latest):
            history.extend(part.epoch, part.columns())
        return history

    def _record_in(self, history: History, *, afresh: bool) -> None:
        """Let `history` follow what was recorded before, or take its place."""
        if afresh:
            self._past = History()
        else:
            self._past.extend(self._latest.epoch, self._latest.columns())
        self._latest = history

    # ---- description -----------------------------------------------------------------------------

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

    # ---- files and copies ------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the network to a file: all that using it and training it further take.

        The file is replaced at once: whenever the power fails, it is the old or the new one. It is
        an `.npz`, which NumPy alone reads; `fastnn.files` says what is in it.

        Parameters
        ----------
        path : str or os.PathLike, or binary file
            In a folder that exists, taken as it is: no suffix is added. Or a file that is open in
            binary mode, such as `io.BytesIO`, which is written to where it stands; where that
            fails, a part may be written.

        Raises
        ------
        ValueError, TypeError
            If something cannot be saved: metadata that JSON does not give back, parameters that
            are not finite, an optimiser or random numbers that are not of fastnn or NumPy. If
            `path` is neither.
        OSError
            If the file cannot be written; an old one is as it was.

        Notes
        -----
        An initialiser or schedule that is a function of one's own is not saved. The network works
        all the same; to resume its training, `learning_rate` must be given.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> net.metadata["unit"] = "m"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(Path(folder) / "line.fastnn")
        ...     twin = Network.load(Path(folder) / "line.fastnn")
        >>> twin.metadata, twin.predict([2.0]) == net.predict([2.0])
        ({'unit': 'm'}, array([ True]))
        """
        from . import files  # 0.03 s that `import fastnn` need not take

        files.check_metadata(self.metadata)  # before they are copied, which takes as deep a stack
        files.write(path, self.__getstate__())

    @classmethod
    def load(cls, path: str | os.PathLike[str] | BinaryIO) -> Self:
        """Return the network in a file, as it was: trained further, it has the same bits.

        The file need not be trusted: reading it runs no code, and takes the memory of a few times
        the file and the network, whatever the file may claim.

        Parameters
        ----------
        path : str or os.PathLike, or binary file
            An open one is read from where it stands to its end.

        Returns
        -------
        net : Network

        Raises
        ------
        FormatError
            If the file is not one that `save` has written, whole and of a version known here.
        OSError
            If it cannot be read.
        TypeError, ValueError
            If `path` is neither, or an open file has no position, as a pipe has none.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from fastnn import Dense, Network
        >>> X, y = [[0], [1]], [1, 3]
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> history = net.fit(X, y, epochs=5, optimizer="adam")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(Path(folder) / "line.fastnn")
        ...     twin = Network.load(Path(folder) / "line.fastnn")
        >>> history = twin.fit(X, y, epochs=5, resume=True)
        >>> history.epoch, twin.history.epoch
        ([5, 6, 7, 8, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        >>> import io
        >>> file = io.BytesIO()
        >>> twin.save(file)
        >>> position = file.seek(0)
        >>> len(Network.load(file).history.epoch)
        10
        """
        from . import files  # as in `save`

        net = cls.__new__(cls)
        net.__setstate__(files.read(path))
        return net

    def __getstate__(self) -> dict[str, Any]:
        """Return all but what `_adopt` makes; a copy shares nothing that changes."""
        state = self.__dict__.copy()
        for name in ("weights", "biases", "_training", "_row_step", "_model", "_past", "_latest"):
            del state[name]
        return state | {
            "params": self.params.copy(),
            "table": self._model.table,
            "_random": copy.deepcopy(self._random),
            "_state": copy.deepcopy(self._state),
            "history": self.history,
            "metadata": copy.deepcopy(self.metadata),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        params, table = state.pop("params"), state.pop("table")
        self._past, self._latest = state.pop("history"), History()
        self.__dict__.update(state)
        own = layout.aligned_zeros(params.size, params.dtype)
        own[:] = params
        self._adopt(own, np.array(table))  # joblib's may be a file, mapped read-only
