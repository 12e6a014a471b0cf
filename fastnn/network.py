"""The network as its user sees it: check, allocate, call a kernel, return arrays."""

from __future__ import annotations

import copy
import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .arguments import as_batch_size, as_callbacks, as_metrics, as_rule
from .callbacks import Callback, Run
from .chunks import ChunkTraining, as_chunks
from .core import Handle, derivatives, evaluation, layout, losses
from .core.handle import handle_of
from .core.samples import Samples
from .frames import check_names, names_of
from .history import History
from .holdout import held_out, separate
from .initializers import Random
from .inputs import Names, as_inputs, as_ready_row, as_samples, as_table, check_samples
from .layers import (
    Dense,
    initial_params,
    layer_table,
    noise_levels,
    penalty_table,
    with_arrays,
)
from .lbfgs import check_lbfgs, train_by_lbfgs
from .model import Model
from .names import explained, hint_of_attribute
from .optimizers import LBFGS, SGD, CompiledOptimizer, IRprop, Optimizer, as_optimizer
from .plan import (
    Metric,
    Plan,
    Prepared,
    Schedule,
    TrainingState,
    Validation,
    check_monitors,
)
from .snapshot import Snapshot
from .stored import Inputs
from .streaming import RowStep
from .targets import as_targets, check_metrics
from .training import Training, is_plain, train_compiled
from .unseen import put_back_unless_finite
from .validation import (
    Array,
    as_array,
    as_choice,
    as_class_weights,
    as_count,
    as_dtype,
    as_flag,
    as_generator,
    as_in_range,
    as_numbers,
    as_weights,
)

_USAGE = "Network(n_in, [Dense(n_out, activation), ...], loss=...)"
_ASSIGNABLE = ("params", "weights", "biases", "metadata")
_OWN = frozenset({  # set through `__dict__`, by this class and those that train for it
    "_random", "_state", "_past", "_latest", "_feature_names", "_model", "_weights", "_biases",
    "_training", "_row_step",
})  # fmt: skip
_SECOND = "a network must be trained by one thread at a time, got a second"


def _is_internal(name: str) -> bool:
    """Tell whether a name is one that the network itself uses, and no user sees."""
    is_hidden = name.startswith("_") and not name.startswith("__")
    return name in _OWN or (is_hidden and hasattr(Network, name))


def _internal(what: str, name: str) -> str:
    return f"{name} must not be {what}: the network itself uses it; choose another name"


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


class LayerTrace(NamedTuple):
    """One layer in one opened step.

    Attributes
    ----------
    z, a : ndarray, shape (n_samples, n_out)
        Pre-activations x W + b and activations f(z).
    error, delta : ndarray, shape (n_samples, n_out)
        dLoss/da and dLoss/dz of each sample. The cross-entropies and poisson have no dLoss/da at
        the outputs that is finite: there `error` is `delta`.
    grad_W : ndarray, shape (n_in, n_out)
    grad_b : ndarray, shape (n_out,), or None
        Means over the samples; zero where biases are frozen, None where there are none.
    """

    z: Array
    a: Array
    error: Array
    delta: Array
    grad_W: Array
    grad_b: Array | None


@explained(usage=_USAGE)
class Network:
    """A dense feed-forward network: layers, a loss, and the parameters in one flat vector.

    Parameters
    ----------
    n_in : int
        Number of inputs, at least 1.
    layers : sequence of Dense
        From the first hidden layer to the outputs.
    loss : str
        Of one sample: half_sse (sum of e^2 / 2), sse, mse (mean over the outputs), mae, huber
        (delta 1), binary_cross_entropy (summed over sigmoid outputs), cross_entropy (softmax) or
        poisson (sum of a - y + y log(y / a) over exp outputs a).
    dtype : str or numpy.dtype
        float64 or float32, of parameters and arithmetic.
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        The source of initial parameters (layer by layer, W row by row, then b) and of shuffles.

    Attributes
    ----------
    n_in, n_out, n_layers : int
    layers : tuple of Dense
        As given, but with `weights` and `biases` of the network: the same views. A network made
        of them starts from a copy of these parameters.
    loss_name : str
    dtype : numpy.dtype
        All these are as the network was made: to assign them is an error.
    metadata : dict
        The user's own, kept in files.
    weights : tuple of ndarray, shape (n_in, n_out)
        Views of `params`, without a copy: writing to them changes the network.
    biases : tuple of ndarray, shape (n_out,), or None where a layer has none
    feature_names_in_ : ndarray of str, or None
        The names of the columns of X, if training has seen a table that has them, each a str.
        From then on a table with others, or in another order, is refused; arrays, which have no
        names, are taken. `fit` begins anew with the names of its X unless it resumes.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or layers and loss do not go together.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.datasets import load_xor
    >>> X, y = load_xor()
    >>> net = Network(3, [Dense(4, "sigmoid"), Dense(1, "sigmoid")], loss="half_sse", seed=1)
    >>> history = net.fit(X, y, epochs=5000, batch_size=None, learning_rate=1.0, reduction="sum")
    >>> net.predict([1, 1, 0]).round(1)
    array([0.])
    """

    n_in: int
    n_out: int
    n_layers: int
    layers: tuple[Dense, ...]
    loss_name: str
    dtype: np.dtype[Any]
    metadata: dict[str, Any]
    _random: Random
    _state: TrainingState | None
    _past: History
    _latest: History
    _feature_names: Names = None  # what was pickled by an earlier fastnn has none
    _model: Model
    _weights: tuple[Array, ...]
    _biases: tuple[Array | None, ...]
    _training: threading.Lock
    _row_step: RowStep | None

    def __init__(
        self,
        n_in: int,
        layers: Sequence[Dense],
        *,
        loss: str = "mse",
        dtype: DTypeLike = "float64",
        seed: Any = None,
    ) -> None:
        if not isinstance(layers, Sequence):
            raise TypeError(f"layers must be a sequence of Dense, got {layers!r}; write {_USAGE}")
        n_in = as_count("n_in", n_in)
        loss, dtype = as_choice("loss", loss, losses.CODES), as_dtype(dtype)
        random = as_generator(seed)
        table = layer_table(n_in, layers, loss, dtype)
        params = initial_params(layers, table, dtype, random)
        self.__dict__.update(
            n_in=n_in, layers=tuple(layers), loss_name=loss, dtype=dtype, metadata={},
            _random=random, _state=None, _past=History(), _latest=History(), _feature_names=None,
        )  # fmt: skip
        self._adopt(params, table)

    def _adopt(self, params: Array, table: Array) -> None:
        """Make `params` the network's own and the views of it anew."""
        weights, biases = layout.weight_views(params, table), layout.bias_views(params, table)
        self.__dict__.update(
            n_layers=len(self.layers),
            n_out=self.layers[-1].n_out,
            layers=tuple(map(with_arrays, self.layers, weights, biases)),
            _model=Model(params, table, self.loss_name, penalty_table(self.layers)),
            _weights=weights,
            _biases=biases,
            _training=threading.Lock(),
            _row_step=None,
        )

    if not TYPE_CHECKING:  # which knows the attributes by itself

        def __setattr__(self, name: str, value: object) -> None:
            """Refuse what would be a slip, or a lie about the network; a subclass has its own."""
            if _is_internal(name):
                raise AttributeError(_internal("assigned", name), name=name, obj=self)
            if not name.startswith("_"):
                is_known = name in Network.__annotations__ or hasattr(Network, name)
                if name not in _ASSIGNABLE and (is_known or type(self) is Network):
                    why = (
                        f"{name} must stay as the network was made: make another Network"
                        if is_known
                        else f"a Network has no attribute {name}"
                        + hint_of_attribute(
                            name,
                            [
                                *_ASSIGNABLE,
                                *(own for own in Network.__annotations__ if own not in _OWN),
                            ],
                        )
                    )
                    raise AttributeError(why, name=name, obj=self)
            super().__setattr__(name, value)

        def __delattr__(self, name: str) -> None:
            """Refuse to lose what the network is made of; a subclass has its own."""
            if _is_internal(name):
                raise AttributeError(_internal("deleted", name), name=name, obj=self)
            if name in Network.__annotations__ or name in _ASSIGNABLE or hasattr(Network, name):
                how = "assign to it" if name in _ASSIGNABLE else "make another Network"
                why = f"{name} must stay, got del: a network cannot be without it; {how}"
                raise AttributeError(why, name=name, obj=self)
            super().__delattr__(name)

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
        whole = np.zeros_like(self.params)  # its padding too: `params += 1` has added to ours
        for own, new in zip(self._views(whole), self._views(array), strict=True):
            own[:] = new
        self.params[:] = whole

    @property
    def weights(self) -> tuple[Array, ...]:
        """The weights of each layer, shape (n_in, n_out); assigning copies in.

        Views of `params`, without a copy: writing to them changes the network.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1)], seed=0)
        >>> net.weights = [[[1.0], [10.0]]]
        >>> net.predict([1, 2])
        array([21.])
        """
        return self._weights

    @weights.setter
    def weights(self, values: Iterable[ArrayLike]) -> None:
        self._copy_in("weights", self._weights, values)

    @property
    def biases(self) -> tuple[Array | None, ...]:
        """The biases of each layer, shape (n_out,), None where it has none; assigning copies in.

        Views of `params`, as `weights` are.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, bias=False), Dense(1)], seed=0)
        >>> net.biases = [None, [3.0]]
        >>> net.predict([0])
        array([3.])
        """
        return self._biases

    @biases.setter
    def biases(self, values: Iterable[ArrayLike | None]) -> None:
        self._copy_in("biases", self._biases, values)

    def _copy_in(self, name: str, own: Sequence[Array | None], values: Any) -> None:
        """Overwrite the views of all layers, or of none if an array is not as it must be."""
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise TypeError(f"{name} must be a sequence of arrays, got {values!r}")
        given = list(values)
        if len(given) != len(own):
            raise ValueError(
                f"{name} must hold {len(own)} arrays, one for each layer, got {len(given)}"
            )
        arrays: list[Array | None] = []
        for k, (view, array) in enumerate(zip(own, given, strict=True)):
            what = f"{name} of layer {k}"
            if view is None or array is None:
                if view is not array:
                    needed = "None: the layer has none" if view is None else "an array"
                    raise ValueError(f"{what} must be {needed}, got {array!r}")
                arrays.append(None)
                continue
            new = np.array(as_numbers(what, array, self.dtype))  # may be of this memory: a copy
            if new.shape != view.shape:
                raise ValueError(f"{what} must have shape {view.shape}, got {new.shape}")
            arrays.append(new)
        for view, array in zip(own, arrays, strict=True):
            if view is not None and array is not None:
                view[:] = array

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
    def feature_names_in_(self) -> Array | None:
        """The names of the columns of X that training has seen; None where it had none.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1)], seed=0)
        >>> history = net.fit([[0.0, 1.0], [1.0, 0.5]], [1, 2])
        >>> print(net.feature_names_in_)  # of a DataFrame: array(['rain', 'sun'], dtype=object)
        None
        """
        names = self._feature_names
        return None if names is None else np.array(names, dtype=object)

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

    def _begin(self, state: TrainingState, names: Names, history: History | None) -> None:
        """Let training start: from `state`, its `history` after what was recorded, or anew.

        All of it or, if Ctrl-C comes, nothing: one call of C.
        """
        own: dict[str, Any] = {"_state": state, "_feature_names": names}
        if history is None:
            self.__dict__.update(own)
            return
        if state.epochs == 0:
            self.__dict__.update(own, _past=History(), _latest=history)
            return
        past, n_past = self._past, self._past.epoch[-1] + 1 if self._past.epoch else 0
        try:
            past.extend(self._latest.epoch, self._latest.columns())
            self.__dict__.update(own, _latest=history)
        except BaseException:
            if self._latest is not history:
                past.drop_from(n_past)
            raise

    # ---- description -----------------------------------------------------------------------------

    @explained
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

    # ---- use -------------------------------------------------------------------------------------

    @explained
    def predict(self, X: ArrayLike, *, n_threads: int = 1) -> Array:
        """Return the outputs of the network.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
        n_threads : int
            How many threads may share the rows; fewer do where there is too little for each.

        Returns
        -------
        outputs : ndarray, shape (n_samples, n_out) or (n_out,)
            A row has the same bits whatever table it is in, and whatever `n_threads` is.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1, weights=[[1], [2]])])
        >>> net.predict([[1, 1], [0, 1]])
        array([[3.],
               [2.]])
        """
        n_threads = as_count("n_threads", n_threads)
        model = self._model
        row = as_ready_row(X, self.n_in, self.dtype)
        if row is not None:
            outputs = np.empty(self.n_out, self.dtype)
            finite = evaluation.predict_row(model.params, model.table, row, outputs)
        else:
            names = self._feature_names
            samples = as_inputs(X, self.n_in, self.dtype, row=True, finite=False, names=names)
            outputs = np.empty((samples.n_samples, self.n_out), self.dtype)
            finite = model.predict(samples, outputs, n_threads)
            if np.ndim(X) == 1:
                outputs = outputs[0]
        if not finite:
            self._as_samples(X)  # raises, and says where
        return outputs

    @explained
    def hidden(self, X: ArrayLike) -> tuple[Array, ...]:
        """Return the activations of every layer; the last layer's are the outputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)

        Returns
        -------
        layers : tuple of ndarray, shape (n_samples, n_out) or (n_out,)
            One for each layer, n_out being the layer's own.

        Raises
        ------
        ValueError, TypeError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(2, weights=[[1, 2]]), Dense(1, weights=[[1], [1]])])
        >>> net.hidden([[1], [2]])
        (array([[1., 2.],
               [2., 4.]]), array([[3.],
               [6.]]))
        """
        samples = self._as_samples(X)
        n_samples, model = samples.n_samples, self._model
        widths = np.array([layer.n_out for layer in self.layers])
        units = np.empty(n_samples * widths.sum(), self.dtype)
        for rows in model.slices(samples, 0, n_samples, n_written=int(widths.sum())):
            derivatives.activations_of_rows(model.params, model.table, samples, *rows, units)
        tables = np.split(units, n_samples * widths.cumsum()[:-1])
        shape = (-1,) if np.ndim(X) == 1 else (n_samples, -1)
        return tuple(table.reshape(shape) for table in tables)

    @explained
    def loss(self, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean loss over the samples, without the layers' penalties.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        loss : float

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[1]])], loss="half_sse")
        >>> net.loss([[1], [2]], [0, 0])
        1.25
        """
        samples, targets = self._as_stored_pair(X, y, names=self._feature_names)
        weights = as_weights(sample_weight, len(targets), self.dtype)
        return self._model.evaluate(samples, targets, weights)["loss"]

    @explained
    def trace(self, x: ArrayLike, y: ArrayLike) -> tuple[LayerTrace, ...]:
        """Open one step: return all that goes forward and backward, layer by layer.

        Parameters
        ----------
        x : array_like, shape (n_samples, n_in) or (n_in,)
        y : array_like
            As for `partial_fit`.

        Returns
        -------
        layers : tuple of LayerTrace
            For one row the arrays lack the axis of samples.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[2]])], loss="half_sse")
        >>> step, = net.trace([3], 5)
        >>> step.a, step.delta, step.grad_W
        (array([6.]), array([1.]), array([[3.]]))
        """
        samples, targets = self._as_pair(x, y, row=True, names=self._feature_names)
        rows, table = as_table(samples, self.n_in), self._model.table
        units = np.zeros((4, len(targets), layout.units_size(table)), self.dtype)
        grad = layout.aligned_zeros(self.params.size, self.dtype)
        code, n_written = losses.CODES[self.loss_name], 4 * units.shape[-1]
        for start, stop in self._model.slices(
            samples, 0, len(targets), self.params.size, n_written
        ):
            part = slice(start, stop)
            evaluation.trace_rows(
                self.params, table, code, rows[part], targets[part], *units[:, part], grad
            )
        grad /= len(targets)
        if np.ndim(x) == 1:
            units = units[:, 0]
        return tuple(
            LayerTrace(*layer)
            for layer in zip(
                *(layout.unit_views(role, table) for role in units),
                layout.weight_views(grad, table),
                layout.bias_views(grad, table),
                strict=True,
            )
        )

    @explained
    def handle(self, *, optimizer: str | Optimizer = "sgd", frozen: bool = False) -> Handle:
        """Return the network as functions of your own under `numba.njit` take it.

        They call the functions of `fastnn.core` with it: `predict` and `predict_rows`;
        `add_gradient`, `add_gradient_rows`, `add_vjp`, `add_vjp_rows` and `gradient_of_inputs`;
        `update` and `train_row`. None of these calls Python or allocates anything.

        Parameters
        ----------
        optimizer : str or Optimizer
            What `update` does; any but lbfgs.
        frozen : bool
            Whether the handle has parameters of its own, a copy. By default they are the network's:
            what one does to them the other sees.

        Returns
        -------
        handle : fastnn.core.Handle
            With scratch and optimiser state of its own, for one thread; take one for each. It does
            not keep `fit` in another thread from training the network at the same time. Nothing
            that is handed to the functions is looked at: targets must be what the loss asks for,
            as `fit` describes.

        Raises
        ------
        ValueError, TypeError
            If there is no such optimiser, or it is L-BFGS.

        Examples
        --------
        >>> import numba
        >>> import numpy as np
        >>> from fastnn import Dense, Network, core
        >>> @numba.njit
        ... def learn(handle, X, Y, epochs):
        ...     for _ in range(epochs):
        ...         for s in range(len(X)):
        ...             core.add_gradient(handle, X[s], Y[s], 1.0)
        ...             core.update(handle, 0.1)
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> X, Y = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [3.0], [5.0]])
        >>> learn(net.handle(optimizer="momentum"), X, Y, 500)
        >>> net.predict([3.0]).round(6)
        array([7.])
        """
        rule = as_optimizer(optimizer, None, None)
        if not isinstance(rule, CompiledOptimizer):
            raise ValueError(f"optimizer must be one that is compiled, got {rule}")
        model = self._model
        params = model.params
        if as_flag("frozen", frozen):
            params = layout.aligned_zeros(params.size, params.dtype)
            params[:] = model.params
        slots = rule.initial_slots(params.size, params.dtype)
        code, penalties = losses.CODES[model.loss], model.penalties
        return handle_of(params, model.table, code, penalties, rule.settings(), slots)

    # ---- derivatives -----------------------------------------------------------------------------

    @explained
    def gradient(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        n_threads: int = 1,
    ) -> Array:
        """Return the gradient of `loss` with respect to the parameters.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        n_threads : int
            How many threads may share the rows; fewer do where there is too little for each.

        Returns
        -------
        grad : ndarray
            One flat vector, laid out as `params`; zero in the padding and for frozen biases. It
            has the same bits whatever `n_threads` is.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[1]], bias=False)], loss="half_sse")
        >>> float(net.gradient([[1], [2]], [0, 0])[0])
        2.5
        """
        n_threads = as_count("n_threads", n_threads)
        samples, targets = self._as_stored_pair(X, y, names=self._feature_names)
        weights = as_weights(sample_weight, len(targets), self.dtype)
        return self._model.gradient(samples, targets, weights, n_threads)[0]

    @explained
    def gradient_per_sample(self, X: ArrayLike, y: ArrayLike) -> Array:
        """Return the gradient of each sample's own loss with respect to the parameters.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
        y : array_like
            As for `partial_fit`.

        Returns
        -------
        grads : ndarray, shape (n_samples, params.size) or (params.size,)
            Rows laid out as `params`; zero in the padding and for frozen biases. Their mean is
            `gradient`, up to rounding.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Notes
        -----
        The array takes n_samples times the bytes of `params`; a mean alone is `gradient`.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[1]], bias=False)], loss="half_sse")
        >>> net.gradient_per_sample([[1], [2]], [0, 0])[:, 0]
        array([1., 4.])
        """
        return self._gradients(derivatives.gradients_of_rows, X, y, self.params.size)

    @explained
    def gradient_of_inputs(self, X: ArrayLike, y: ArrayLike) -> Array:
        """Return the gradient of each sample's own loss with respect to the sample.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
        y : array_like
            As for `partial_fit`.

        Returns
        -------
        grads : ndarray, shape (n_samples, n_in) or (n_in,)

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1, weights=[[1], [2]])], loss="half_sse")
        >>> net.gradient_of_inputs([[1, 1], [0, 1]], [0, 0])
        array([[3., 6.],
               [2., 4.]])
        """
        return self._gradients(derivatives.input_gradients_of_rows, X, y, self.n_in)

    def _gradients(
        self, kernel: Callable[..., None], X: ArrayLike, y: ArrayLike, size: int
    ) -> Array:
        """Return what a kernel fills for each sample, `size` elements."""
        samples, targets = self._as_pair(X, y, row=True, names=self._feature_names)
        model, code = self._model, losses.CODES[self.loss_name]
        grads = np.empty((len(targets), size), self.dtype)
        for rows in model.slices(samples, 0, len(targets), model.params.size, size):
            kernel(model.params, model.table, code, samples, targets, *rows, grads)
        return grads[0] if np.ndim(X) == 1 else grads

    @explained
    def jacobian(self, X: ArrayLike) -> Array:
        """Return the derivatives of the outputs with respect to the inputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)

        Returns
        -------
        jacobian : ndarray, shape (n_samples, n_out, n_in) or (n_out, n_in)
            Of output j by input i at [..., j, i]; it takes a pass backward for each output.

        Raises
        ------
        ValueError, TypeError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1, "exp", weights=[[1], [2]])])
        >>> net.jacobian([0, 0])
        array([[1., 2.]])
        """
        samples = self._as_samples(X)
        n_samples, model = samples.n_samples, self._model
        jacobian = np.empty((n_samples, self.n_out, self.n_in), self.dtype)
        costs = self.n_out * model.params.size, self.n_out * self.n_in
        for rows in model.slices(samples, 0, n_samples, *costs):
            derivatives.jacobian_of_rows(model.params, model.table, samples, *rows, jacobian)
        return jacobian[0] if np.ndim(X) == 1 else jacobian

    # ---- training --------------------------------------------------------------------------------

    @explained
    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        epochs: int = 1,
        batch_size: int | None = 1,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | Schedule | None = None,
        shuffle: bool = True,
        reduction: str = "mean",
        sample_weight: ArrayLike | None = None,
        class_weight: str | dict[int, float] | None = None,
        input_noise: float = 0.0,
        metrics: Sequence[str | Metric] = (),
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        validation_fraction: float | None = None,
        evaluate_every: int = 1,
        callbacks: Sequence[Callback] = (),
        resume: bool = False,
        progress: bool = False,
    ) -> History:
        """Train for some epochs; go on from the present parameters and random stream.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in)
            Or, without `y`, chunks: what yields (X, y) or (X, y, sample_weight), or a function that
            returns such a thing for each epoch. One chunk at a time is in memory; samples are
            shuffled, and batches made, within it. Chunks without a sample are passed over.
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            Targets; one-dimensional where n_out is 1, or class labels 0 ... n_out-1. For
            binary_cross_entropy from 0 to 1, for cross_entropy rows of at least 0 that sum to 1,
            each within rounding of float32; for poisson at least 0.
        epochs : int
        batch_size : int or None
            Samples an update; 1 is per-sample, None is all of them.
        optimizer : str or Optimizer, optional
            Of `fastnn.optimizers`, or sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw,
            irprop or lbfgs for one with its defaults. None is sgd or, with `resume`, what training
            last used.
        learning_rate : float or callable, optional
            Above 0; or a schedule, the rate as a function of the epoch (`fastnn.schedules`). None
            is the optimiser's own (0.01 for sgd) or, with `resume`, what training last used. A
            schedule that equals the last one goes on with `resume`, from where it is.
        shuffle : bool
            Whether to draw a new order of the samples each epoch.
        reduction : str
            "mean" or "sum": what is made of the gradients of a batch, and of nothing else.
        sample_weight : array_like, shape (n_samples,), optional
            At least 0. Means are divided by the sum of weights; the update of a single sample is
            multiplied by its weight.
        class_weight : dict or "balanced", optional
            Weights of the classes, by label, which multiply those of the samples; "balanced" is
            n_samples / (n_classes n_samples_of_the_class).
        input_noise : float
            Standard deviation of normal noise added to the inputs, anew each time.
        metrics : sequence of str or callable
            Of accuracy, mse, mae; and on validation data only, r2 or any function of (y, outputs)
            that returns a number. y is as it was given, but of the shape of the outputs, (n, 1),
            where n_out is 1: ``((y - outputs) ** 2).mean()`` is the mse, and
            ``(y == (outputs[:, 0] > 0.5)).mean()``, sample by sample, the accuracy.
        validation_data : tuple of array_like, optional
            (X, y) to be evaluated after epochs 0, k, 2k ... for `evaluate_every` = k.
        validation_fraction : float, optional
            Above 0, below 1: how much of the data is kept for that instead, by classes where y is
            labels. With `resume` it is the same part.
        evaluate_every : int
        callbacks : sequence of Callback
            What is called before the first epoch, after each one and at the end.
        resume : bool
            Whether to continue the optimiser and the numbering of epochs: fit(10) and then
            fit(10, resume=True) equal fit(20), to the bit.
        progress : bool
            Whether to show a progress bar, where there is a terminal.

        Returns
        -------
        history : History
            "loss" and each metric, the mean over the samples of the value before each one's
            update; "penalty" of layers with l1 or l2, the mean over the batches; "val_loss" and
            "val_" + metric on the validation data.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or a chunk, which is then named; the network is as
            it was before the call.
        DivergenceError
            If a loss or a parameter is no longer finite; the network has the last finite ones.
        Exception
            Whatever going through the chunks raises, with a note of the last one that came. The
            network is as after the last whole epoch, and can be resumed from there.
        ImportError
            If lbfgs is asked for and SciPy is not installed.
        RuntimeError
            If another thread is training this network; to try again then loses nothing.

        Notes
        -----
        Tables are arrays, masked ones if nothing in them is masked, or DataFrames of pandas,
        polars or pyarrow whose columns are numbers or truth values, with none missing. What is of
        the network's dtype and in C order is not copied, a memory map neither. A large table that
        is not is converted part by part, anew each epoch: from 16 MB of a file on, 256 MB of
        memory; `y` is converted at once. While a thread trains the network, what another one
        reads, saves or copies of it may be of several updates; a callback's is of one.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> history = net.fit([[0], [1], [2]], [1, 3, 5], epochs=500, learning_rate=0.1)
        >>> net.predict([3.0]).round(6)
        array([7.])
        """
        with self._alone():  # what training goes on from is read when no other thread changes it
            prepared = self._prepare(
                X, y, epochs=epochs, batch_size=batch_size, optimizer=optimizer,
                learning_rate=learning_rate, shuffle=shuffle, reduction=reduction,
                sample_weight=sample_weight, class_weight=class_weight, input_noise=input_noise,
                metrics=metrics, validation_data=validation_data,
                validation_fraction=validation_fraction, evaluate_every=evaluate_every,
                callbacks=callbacks, resume=resume, progress=progress, look_later=True,
            )  # fmt: skip
            return self._train_alone(prepared)

    @explained
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        batch_size: int | None = 1,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Go once through the rows in their order, one update a batch.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
        y : array_like
            As for `fit`; for a single row also of shape (n_out,), or one number.
        batch_size : int or None
        optimizer : str, Optimizer or None
            None is what training last used, sgd before any.
        learning_rate : float, optional
            None is what training last used, of a schedule the last rate.
        sample_weight : array_like, shape (n_samples,), optional
            At least 0; as for `fit`.

        Returns
        -------
        self : Network

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described; the network is as it was.
        DivergenceError
            If a loss or a parameter is no longer finite; the network has the last finite ones.
        RuntimeError
            If another thread is training this network.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[0.0]])])
        >>> net.partial_fit([1.0], 2.0, learning_rate=0.1).predict([1.0]).round(6)
        array([0.8])
        """
        # As `_alone`, in fewer steps of Python.
        if not self._training.acquire(blocking=False):
            raise RuntimeError(_SECOND)
        try:
            if (
                (step := self._row_step) is not None
                and batch_size == 1
                and optimizer is None
                and learning_rate is None
                and sample_weight is None
                and step(X, y)
            ):
                return self
            self._partial_fit_alone(X, y, batch_size, optimizer, learning_rate, sample_weight)
        finally:
            self._training.release()
        return self

    def _partial_fit_alone(
        self,
        X: ArrayLike,
        y: ArrayLike,
        batch_size: int | None,
        optimizer: str | Optimizer | None,
        learning_rate: float | None,
        sample_weight: ArrayLike | None,
    ) -> None:
        """Do what `partial_fit` does, where other threads are kept away."""
        samples, targets = self._as_pair(X, y, row=True, names=self._feature_names)
        last = self._state
        schedule = None
        if learning_rate is None and optimizer is None and last is not None:
            learning_rate, schedule = last.rate(), last.schedule
        plan = Plan(
            epochs=1,
            batch_size=as_batch_size(batch_size, len(targets)),
            optimizer=as_optimizer(
                optimizer, learning_rate, None if last is None else last.optimizer
            ),
            weights=as_weights(sample_weight, len(targets), self.dtype),
            shuffle=False,
            reduction="mean" if last is None else last.reduction,
            noise=noise_levels(self.layers, 0.0),
        )
        if isinstance(plan.optimizer, LBFGS):
            check_lbfgs(plan, self.layers, batch_size)
        state = TrainingState.begun(plan, self._model, last)
        epochs, names = state.epochs, self._feature_names or names_of(X)
        try:
            prepared = Prepared(samples, targets, plan, state, names=names)
            self._train_alone(prepared, recorded=False)
        finally:
            state.epochs, state.schedule = epochs, schedule  # rows of a stream are no epoch
        rule = plan.optimizer
        if isinstance(rule, SGD) and is_plain(self._model, plan) and self.loss_name != "poisson":
            step = RowStep(self._model, rule.learning_rate, state.counters)
            self.__dict__["_row_step"] = step

    # ---- files and copies ------------------------------------------------------------------------

    @explained
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
    @explained
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
        for name in ("_weights", "_biases", "_training", "_row_step", "_model", "_past", "_latest"):
            del state[name]
        return state | {
            "layers": tuple(with_arrays(layer, None, None) for layer in self.layers),
            "params": self.params.copy(),
            "table": self._model.table,
            "_random": copy.deepcopy(self._random),
            "_state": copy.deepcopy(self._state),
            "history": self.history,
            "metadata": copy.deepcopy(self.metadata),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        params, table = state.pop("params"), state.pop("table")
        self.__dict__.update(state, _past=state.pop("history"), _latest=History())
        own = layout.aligned_zeros(params.size, params.dtype)
        own[:] = params
        self._adopt(own, np.array(table))  # joblib's may be a file, mapped read-only

    # ---- checks and the training of one call -----------------------------------------------------

    def _prepare(
        self, X: Any, y: Any, once: Callable[..., Any] = _call, *, epochs: Any, batch_size: Any,
        optimizer: Any, learning_rate: Any, shuffle: bool, reduction: Any, sample_weight: Any,
        class_weight: Any, input_noise: Any, metrics: Any, validation_data: Any,
        validation_fraction: Any, evaluate_every: Any, callbacks: Any, resume: bool, progress: bool,
        look_later: bool = False,
    ) -> Prepared:  # fmt: skip
        """Return what `_train` takes, after all checks; `self` is as it was.

        `once(function, *arguments)` makes what networks of one kind, given the same, may share.
        With `look_later` it is left to training to show whether X is finite, if nothing but the
        network itself, all of X and no more, takes part: that can be put back.
        """
        chunks = n_samples = None
        names = once(names_of, X)
        resume = as_flag("resume", resume)
        if resume:
            check_names(X, self._feature_names)
            names = self._feature_names or names
        if y is None:
            chunks = as_chunks(
                X,
                sample_weight=sample_weight,
                class_weight=class_weight,
                validation_fraction=validation_fraction,
            )
            if names is None and isinstance(validation_data, tuple | list) and validation_data:
                names = names_of(validation_data[0])  # so the chunks must have them, too
            samples: Inputs = Samples.dense(np.empty((0, self.n_in)))
            targets = np.empty((0, self.n_out))
        else:
            samples, targets = once(self._as_pair_unseen, X, y)
            n_samples = len(targets)
        weights = once(self._as_weights, sample_weight, targets)
        last = self._state if resume else None
        rule, schedule = as_rule(optimizer, learning_rate, last)
        is_evaluated = not (validation_data is None and validation_fraction is None)
        running, on_validation = as_metrics(metrics, is_evaluated)
        check_metrics(running, targets, self.loss_name)
        plan = Plan(
            epochs=as_count("epochs", epochs),
            batch_size=as_batch_size(batch_size, n_samples),
            optimizer=rule,
            weights=weights,
            schedule=schedule,
            shuffle=as_flag("shuffle", shuffle),
            reduction=as_choice("reduction", reduction, ("mean", "sum")),
            noise=noise_levels(self.layers, as_in_range("input_noise", input_noise, 0, math.inf)),
            metrics=running,
            validation=once(self._as_validation, validation_data, names),
            validation_metrics=on_validation,
            evaluate_every=as_count("evaluate_every", evaluate_every),
            callbacks=as_callbacks(callbacks),
            progress=as_flag("progress", progress),
        )
        if plan.validation is not None:
            check_metrics(running, plan.validation.Y, self.loss_name)
        if class_weight is not None:
            plan.weights = once(as_class_weights, class_weight, targets, weights)
        if isinstance(rule, LBFGS):
            check_lbfgs(plan, self.layers, batch_size)
        if validation_fraction is not None:
            if validation_data is not None:
                raise ValueError("validation_fraction must not be given beside validation_data")
            plan.n_held = held_out(validation_fraction, len(targets))
            plan.y = as_array("y", y)
            plan.batch_size = as_batch_size(batch_size, len(targets) - plan.n_held)
        others = (chunks, sample_weight, class_weight, validation_fraction, *plan.callbacks)
        plan.is_known = (
            not look_later or resume or isinstance(rule, IRprop | LBFGS)
            or any(other is not None for other in others)
        )  # fmt: skip
        if plan.is_known:
            once(check_samples, samples, once(names_of, X))
        state = TrainingState.begun(plan, self._model, last)
        check_monitors(plan, state, self._model)
        state.rate_ahead()  # raises, if a schedule does not begin with a rate
        return Prepared(samples, targets, plan, state, chunks, names)

    def _train(self, prepared: Prepared, *, recorded: bool = True) -> History:
        """Train by a plan, from a state."""
        with self._alone():
            return self._train_alone(prepared, recorded=recorded)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads from training this network."""
        if not self._training.acquire(blocking=False):
            raise RuntimeError(_SECOND)
        try:
            yield
        finally:
            self._training.release()

    def _train_alone(self, prepared: Prepared, *, recorded: bool = True) -> History:
        """Do what `_train` does, where other threads are kept away."""
        X, Y, plan, state, chunks, names = prepared
        self.__dict__["_row_step"] = None
        if plan.n_held:
            before = Snapshot(self, history=False)
            try:
                X, Y = separate(X, Y, plan, state.draw_key(self._random))
            except BaseException:
                before.put_back()
                raise
        run = Run(self, History())
        with ExitStack() as around:
            if not plan.is_known:
                around.enter_context(put_back_unless_finite(self, X, names))
            if chunks is not None:
                by_chunks = ChunkTraining(self, chunks, partial(self._as_chunk, plan.metrics))
                around.enter_context(by_chunks.put_back_faults())
            training = around.enter_context(
                Training(self._model, X, Y, plan, state, self._random, run)
            )
            self._begin(state, names, run.history if recorded else None)
            if chunks is not None:
                training.train(by_chunks)
            elif isinstance(plan.optimizer, LBFGS):
                training.train(train_by_lbfgs)
            else:
                training.train(train_compiled)
        return run.history

    def _as_chunk(
        self,
        metrics: Sequence[str],
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> tuple[Samples, Array, Array]:
        samples, targets = self._as_pair(X, y, names=self._feature_names)
        check_metrics(metrics, targets, self.loss_name)
        weights = self._as_weights(sample_weight, targets)
        self.__dict__["_feature_names"] = self._feature_names or names_of(X)
        return samples, targets, weights

    def _as_weights(self, sample_weight: ArrayLike | None, targets: Array) -> Array:
        return as_weights(sample_weight, len(targets), self.dtype)

    def _as_validation(self, data: Any, names: Names = None) -> Validation | None:
        if data is None:
            return None
        if not isinstance(data, tuple | list) or len(data) != 2:
            raise ValueError(f"validation_data must be a pair (X, y), got {type(data).__name__}")
        X, Y = self._as_stored_pair(*data, names=names)
        return Validation(X, Y, self._as_weights(None, Y), as_array("y", data[1]))

    def _as_pair_unseen(self, X: ArrayLike, y: ArrayLike) -> tuple[Inputs, Array]:
        """Return what `_as_stored_pair` does, but X may hold NaN and infinity."""
        return self._as_stored_pair(X, y, finite=False)

    def _as_stored_pair(
        self, X: ArrayLike, y: ArrayLike, *, finite: bool = True, names: Names = None
    ) -> tuple[Inputs, Array]:
        """Return what `_as_pair` does of a table, but a large X may stay where it is."""
        samples = as_inputs(X, self.n_in, self.dtype, finite=finite, names=names)
        return samples, as_targets(y, samples.n_samples, self.n_out, self.dtype, self.loss_name)

    def _as_samples(self, X: ArrayLike) -> Samples:
        """Return a table or a row of inputs, whose columns are those of training."""
        return as_samples(X, self.n_in, self.dtype, row=True, names=self._feature_names)

    def _as_pair(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        row: bool = False,
        names: Names = None,
    ) -> tuple[Samples, Array]:
        samples = as_samples(X, self.n_in, self.dtype, row=row, names=names)
        is_row = row and np.ndim(X) == 1
        return samples, as_targets(
            y, samples.n_samples, self.n_out, self.dtype, self.loss_name, row=is_row
        )
