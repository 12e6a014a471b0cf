"""`Network`: its methods check arguments, allocate arrays, call a kernel and return arrays."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ._checks.arrays import Array, as_dtype, as_numbers
from ._checks.frames import names_of
from ._checks.heads import split
from ._checks.inputs import as_ready_row, as_ready_table, as_table, whole
from ._checks.names import explained, hint_of_attribute
from ._checks.scalars import as_count, as_flag, as_generator
from ._notebook import TextTable, html_table
from ._training.config import Metric
from ._training.loop import TrainingLoop
from ._training.rates import Schedule
from ._training.request import FitOptions, as_request
from ._training.sources import Arrays
from ._training.standardise import (
    check_known,
    folded_layer,
    is_far,
    sized,
    split_layers,
    standardised_rows,
)
from ._training.state import NetworkState
from ._training.stream import train_rows
from .activations import OwnActivation
from .callbacks import Callback
from .core import derivatives, evaluate, layout
from .core.inputs import Data, Samples
from .heads import as_loss_of
from .history import History
from .layers import Dense, fill_params, net_parts, with_arrays
from .losses import Loss, OwnLoss, as_loss
from .optimizers import COMPILED, CompiledOptimizer, Optimizer, as_optimizer
from .standardize import Standardize

if TYPE_CHECKING:
    from .core import Handle

_USAGE = "Network(n_in, [Dense(n_out, activation), ...], loss=...)"
_ASSIGNABLE = ("params", "weights", "biases", "trainable", "metadata")


def _is_internal(name: str) -> bool:
    """Return True if the network itself uses a name, and no user sees it."""
    is_hidden = name.startswith("_") and not name.startswith("__")
    return name == "_state" or (is_hidden and hasattr(Network, name))


def _internal(what: str, name: str) -> str:
    return f"{name} must not be {what}: the network itself uses it; choose another name"


class LayerTrace(NamedTuple):  # numpydoc ignore=PR02
    """The forward and backward values of one layer, as `Network.trace` returns them.

    Parameters
    ----------
    z, a : ndarray, shape (n_samples, n_out)
        The pre-activations x W + b and the activations f(z).
    error, delta : ndarray, shape (n_samples, n_out)
        The derivatives dLoss/da and dLoss/dz of each sample. At the outputs, the cross-entropies
        and poisson have no finite dLoss/da: there `error` equals `delta`.
    grad_W : ndarray, shape (n_in, n_out)
        The gradient of the weights, averaged over the samples: zero if the layer is frozen.
    grad_b : ndarray, shape (n_out,), or None
        The gradient of the biases, averaged over the samples: zero if they are frozen, None if the
        layer has none.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> layer, = Network(1, [Dense(1, weights=[[2]])], loss="half_sse").trace([3], 5)
    >>> layer.z, layer.grad_b
    (array([6.]), array([1.]))
    """

    z: Array
    a: Array
    error: Array
    delta: Array
    grad_W: Array
    grad_b: Array | None

    def _repr_html_(self) -> str:
        """Return a table of the values for a notebook."""
        return _html_of(self, "Layer")


def _html_of(step: LayerTrace, caption: str) -> str:
    """Return a table of the values of a layer; of large arrays, the corners."""
    options: dict[str, Any] = {"precision": 4, "threshold": 36, "edgeitems": 3}
    rows = [
        (name, "-", "-")
        if array is None
        else (name, array.shape, np.array2string(array, max_line_width=96, **options))
        for name, array in step._asdict().items()
    ]
    return html_table(rows, head=("", "shape", "values"), caption=caption)


class Trace(tuple[LayerTrace, ...]):
    """The traces of all layers, as `Network.trace` returns them: a tuple of `LayerTrace`.

    A notebook shows it as a table for each layer.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> net = Network(1, [Dense(2, weights=[[2, 3]]), Dense(1, weights=[[1], [1]])])
    >>> trace = net.trace([3], 5)
    >>> len(trace), trace[0].a
    (2, array([6., 9.]))
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return a table for each layer, for a notebook."""
        return "\n".join(_html_of(step, f"Layer {k}") for k, step in enumerate(self))


@explained(usage=_USAGE)
class Network:
    """A dense feed-forward network: layers, a loss, and the parameters in one flat vector.

    Parameters
    ----------
    n_in : int
        The number of inputs, at least 1.
    layers : sequence of Dense
        The layers, from the first hidden layer to the output layer; before them there may be a
        `Standardize`.
    loss : str, Loss, sequence or dict
        The loss of one sample, by default "mse": half_sse (sum of e^2 / 2), sse, mse (mean over
        the outputs), mae, huber (delta 1), binary_cross_entropy (summed over sigmoid outputs),
        cross_entropy (softmax) or poisson (sum of a - y + y log(y / a) over exp outputs a). Or a
        loss of `fastnn.losses`, or the name of one: quantile, gaussian_nll, log_cosh, focal, gamma;
        or one of the user's own (`fastnn.loss`). For layers that end with `Heads`: one for each
        head, in their order or by their names, or one for all; in the place of each may be a pair
        (loss, weight). The weighted sum is minimised.
    dtype : str or numpy.dtype
        The dtype of parameters and arithmetic, float64 or float32, by default float64.
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        The source of initial parameters (layer by layer, W row by row, then b) and of shuffles.
        The default, None, takes a new seed from the operating system.

    Attributes
    ----------
    n_in, n_out, n_layers : int
        The numbers of inputs, of outputs and of layers; read-only.
    layers : tuple of Dense
        The layers as given, but their `weights` and `biases` are the network's own views. A network
        made of them starts from a copy of these parameters. Read-only.
    loss_name : str
        The name of the loss; read-only.
    loss_function : Loss
        The loss itself, for another network; read-only.
    dtype : numpy.dtype
        The dtype of parameters and arithmetic; read-only.
    metadata : dict
        The user's own data, which `save` keeps in the file.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the layers and the loss do not go together.

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
    loss_function: Loss
    dtype: np.dtype[Any]
    metadata: dict[str, Any]
    _state: NetworkState  # `_training.state.state_of` is the door to it

    def __init__(
        self,
        n_in: int,
        layers: Sequence[Dense | Standardize],
        *,
        loss: str | Loss | Sequence[Any] | Mapping[str, Any] = "mse",
        dtype: DTypeLike = "float64",
        seed: Any = None,
    ) -> None:
        if not isinstance(layers, Sequence):
            raise TypeError(f"layers must be a sequence of Dense, got {layers!r}; write {_USAGE}")
        n_in, (standardize, dense) = as_count("n_in", n_in), split_layers(layers)
        loss, dtype = as_loss_of(dense, loss), as_dtype(dtype)
        random = as_generator(seed)
        table, code = net_parts(n_in, dense, loss, dtype)
        net = layout.Net(layout.aligned_zeros(layout.params_size(table), dtype), table, code)
        first = None if standardize is None else sized(standardize, n_in)
        state = NetworkState(dense, net, loss, random, first)
        fill_params(dense, state.weights, state.biases, random)
        self._adopt(state, {})

    def _adopt(self, state: NetworkState, metadata: dict[str, Any]) -> None:
        """Take over a state, and show what never changes of it."""
        model = state.model
        self.__dict__.update(
            n_in=model.n_in, n_out=model.n_out, n_layers=len(state.layers), layers=state.layers,
            loss_name=model.loss.name, loss_function=model.loss, dtype=model.dtype,
            metadata=metadata, _state=state,
        )  # fmt: skip

    if not TYPE_CHECKING:  # a type checker knows the attributes

        def __setattr__(self, name: str, value: object) -> None:
            """Refuse misspelt, read-only and internal names; a subclass may add its own."""
            if _is_internal(name):
                raise AttributeError(_internal("assigned", name), name=name, obj=self)
            if not name.startswith("_"):
                is_known = name in Network.__annotations__ or hasattr(Network, name)
                if name not in _ASSIGNABLE and (is_known or type(self) is Network):
                    why = f"{name} must stay as the network was made: make another Network"
                    if not is_known:
                        shown = [own for own in Network.__annotations__ if own != "_state"]
                        hint = hint_of_attribute(name, [*_ASSIGNABLE, *shown])
                        why = f"a Network has no attribute {name}{hint}"
                    raise AttributeError(why, name=name, obj=self)
                if name == "metadata" and not isinstance(value, dict):
                    raise TypeError(f"metadata must be a dict, got {repr(value)[:100]}")
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
        """All weights and biases in one vector, shape (n,), with padding; assigning copies in.

        Padding is zero, and stays zero whatever is assigned, also by ``net.params += v``. But
        writing to the vector in place, as in ``net.params[:] = v``, writes to padding too, and
        training then takes it for weights in l1, l2, max_norm, clip_norm and L-BFGS: assign, or
        write to `weights` and `biases`.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1)], seed=0)
        >>> net.params = 0 * net.params
        >>> net.predict([1, 2])
        array([0.])
        """
        return self._state.model.params

    @params.setter
    def params(self, values: ArrayLike) -> None:  # numpydoc ignore=GL08
        array = as_numbers("params", values, self.dtype)
        if array.shape != self.params.shape:
            raise ValueError(f"params must have shape {self.params.shape}, got {array.shape}")
        self._put(array)

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
        return self._state.weights

    @weights.setter
    def weights(self, values: Iterable[ArrayLike]) -> None:  # numpydoc ignore=GL08
        self._copy_in("weights", self.weights, values)

    @property
    def biases(self) -> tuple[Array | None, ...]:
        """The biases of each layer, shape (n_out,), or None; assigning copies in.

        Views of `params`, as `weights` are; None for a layer without biases.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, bias=False), Dense(1)], seed=0)
        >>> net.biases = [None, [3.0]]
        >>> net.predict([0])
        array([3.])
        """
        return self._state.biases

    @biases.setter
    def biases(self, values: Iterable[ArrayLike | None]) -> None:  # numpydoc ignore=GL08
        self._copy_in("biases", self.biases, values)

    @property
    def standardize(self) -> Standardize | None:
        """The layer that standardises the inputs, with mean and scale once they are known, or None.

        Examples
        --------
        >>> from fastnn import Dense, Network, Standardize
        >>> net = Network(2, [Standardize([1.0, 2.0], 4.0), Dense(1, weights=[[1.0], [1.0]])])
        >>> net.standardize
        Standardize(mean=[1.0, 2.0], scale=[4.0, 4.0])
        >>> net.predict([5.0, 2.0])
        array([1.])
        """
        return self._state.standardize

    @property
    def trainable(self) -> tuple[bool, ...]:
        """Whether training updates each layer; assigning freezes layers, or frees them.

        Weights and biases of a frozen layer stay as they are, to the bit (`Dense`). An optimiser
        keeps what it remembers of the layer: with `resume` it goes on from there once the layer is
        free again. A handle keeps the layers frozen that were when it was made.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(8, "tanh"), Dense(1)], seed=0)
        >>> net.trainable = [False, True]
        >>> before = net.weights[0].copy()
        >>> history = net.fit([[0, 1], [1, 0]], [1, 3], epochs=10)
        >>> bool((net.weights[0] == before).all())
        True
        """
        return tuple(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, flags: Iterable[bool]) -> None:  # numpydoc ignore=GL08
        if isinstance(flags, str | bytes) or not isinstance(flags, Iterable):
            raise TypeError(f"trainable must be a sequence of bool, one a layer, got {flags!r}")
        given = [as_flag(f"trainable of layer {k}", flag) for k, flag in enumerate(flags)]
        if len(given) != self.n_layers:
            raise ValueError(
                f"trainable must hold {self.n_layers} flags, one for each layer, got {len(given)}"
            )
        state = self._state
        if not state.lock.acquire(False):
            raise RuntimeError(
                "trainable must be assigned while nothing trains the network, got it in training: "
                "assign it between calls of fit, and go on with resume=True"
            )
        try:
            state.set_trainable(given)
            self.__dict__["layers"] = state.layers
        finally:
            state.lock.release()

    def _copy_in(self, name: str, own: Sequence[Array | None], values: Any) -> None:
        """Overwrite the views of all layers, or of none if an array is not valid."""
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
        self._put(self.params)  # training by `update` of a handle may leave NaN in the padding

    def _put(self, flat: Array) -> None:
        """Overwrite the parameters, and their padding with 0: `params += 1` adds to it too."""
        whole = np.zeros_like(self.params)
        for own, new in zip(self._views(whole), self._views(flat), strict=True):
            own[:] = new
        self.params[:] = whole

    def _views(self, flat: Array) -> list[Array]:
        """Return views of the parameters in a flat vector, without padding."""
        table = self._state.model.table
        views = layout.weight_views(flat, table) + layout.bias_views(flat, table)
        return [view for view in views if view is not None]

    @property
    def n_params(self) -> int:
        """The number of weights and biases, without padding.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> Network(3, [Dense(2), Dense(1)]).n_params
        11
        """
        return layout.n_params(self._state.model.table)

    @property
    def feature_names_in_(self) -> Array | None:
        """The column names of the X that training has seen, all of them str; None if it had none.

        Once there are some, a table with other names, or in another order, is refused; arrays,
        which have no names, are accepted. `fit` takes the names of its new X, unless it resumes.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1)], seed=0)
        >>> history = net.fit([[0.0, 1.0], [1.0, 0.5]], [1, 2])
        >>> print(net.feature_names_in_)  # of a DataFrame: array(['rain', 'sun'], dtype=object)
        None
        """
        names = self._state.feature_names
        return None if names is None else np.array(names, dtype=object)

    @property
    def history(self) -> History:
        """A copy of all that `fit` has recorded since training last started afresh.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> for resume in (False, True):
        ...     history = net.fit([[0], [1]], [1, 3], epochs=2, resume=resume)
        >>> net.history.epoch, history.epoch
        ([0, 1, 2, 3], [2, 3])
        """
        return self._state.history()

    # ---- description -----------------------------------------------------------------------------

    @explained
    def summary(self) -> str:
        """Return a table of the layers: shapes, activation, parameters, bytes.

        Returns
        -------
        str
            One line a layer, between a header and the total. If something is frozen, the last line
            tells the number of parameters that training changes. A notebook shows it as a table.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> print(Network(400, [Dense(25, "sigmoid"), Dense(10, "sigmoid")]).summary())
        layer  W          b      activation  parameters   bytes
            0  (400, 25)  (25,)  sigmoid          10025   80200
            1  (25, 10)   (10,)  sigmoid            260    2080
        total                                     10285   82280
        """
        return TextTable(self._description(), sides=(">", "<", "<", "<", ">", ">"), cut=3)

    def _description(self) -> list[tuple[str, ...]]:
        """Return the rows of the summary: a head, one for each layer, and the totals."""
        lines: list[tuple[str, ...]] = [("layer", "W", "b", "activation", "parameters", "bytes")]
        if (step := self.standardize) is not None:
            state = "" if step.scale is not None else ", not fitted"
            lines.append(("", f"({self.n_in},)", "", f"standardize{state}", "0", "0"))
        for k, (layer, W, b) in enumerate(zip(self.layers, self.weights, self.biases, strict=True)):
            size = W.size + (0 if b is None else b.size)
            of_W = "" if layer.trainable else " frozen"
            of_b = "" if layer.trainable and layer.train_bias else " frozen"
            lines.append((
                str(k), f"{W.shape}{of_W}", "-" if b is None else f"{b.shape}{of_b}",
                str(layer.activation), str(size), str(size * self.dtype.itemsize),
            ))  # fmt: skip
        n_trained = layout.n_trained(self._state.model.table)
        for name, size in (("total", self.n_params), ("trained", n_trained)):
            if name == "total" or size < self.n_params:
                lines.append((name, "", "", "", str(size), str(size * self.dtype.itemsize)))
        return lines

    def __repr__(self) -> str:
        first = () if self.standardize is None else (self.standardize,)
        layers = ", ".join(map(repr, (*first, *self.layers)))
        loss, dtype = self.loss_function, self.dtype.name
        return f"Network({self.n_in}, [{layers}], loss={loss!r}, dtype={dtype!r})"

    def _repr_html_(self) -> str:
        """Return the table of the layers, under widths, loss and dtype, for a notebook."""
        shape = "-".join(str(n) for n in (self.n_in, *(layer.n_out for layer in self.layers)))
        head, *rows = self._description()
        caption = f"Network {shape}, loss {self.loss_function!r}, {self.dtype.name}"
        return html_table(rows, head=head, caption=caption)

    # ---- use -------------------------------------------------------------------------------------

    @explained
    def predict(self, X: ArrayLike, *, n_threads: int = 1) -> Any:
        """Return the outputs of the network.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.
        n_threads : int
            The largest number of threads that share the rows, by default 1. Fewer are used where
            each would have too little work.

        Returns
        -------
        ndarray, shape (n_samples, n_out) or (n_out,)
            The outputs. Those of a row have the same bits in any table, and for any `n_threads`.
            Of layers that end with `Heads`: a tuple, with the outputs of each head.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Notes
        -----
        The first call ever compiles for seconds, as that of `fit` does.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1, weights=[[1], [2]])])
        >>> net.predict([[1, 1], [0, 1]])
        array([[3.],
               [2.]])
        """
        n_threads = as_count("n_threads", n_threads)
        state = self._state
        model, step = state.model, state.standardize
        row = as_ready_row(X, model.n_in, model.dtype)
        if row is not None:
            if step is not None:
                check_known(step)
                row = standardised_rows(step, row, model.dtype)
            outputs = np.empty(model.n_out, model.dtype)
            if not evaluate.predict_row(model.params, model.table, row, outputs):
                self._as_samples(X)  # raises, and says where
            return split(outputs, model.parts) if model.parts else outputs
        table = as_ready_table(X, model.n_few, model.n_in, model.dtype)
        if table is not None and step is None:
            outputs = np.empty((len(table), model.n_out), model.dtype)
            if not evaluate.predict_few(model.params, model.table, table, outputs):
                self._as_samples(X)
            return split(outputs, model.parts) if model.parts else outputs
        samples = state.as_inputs(X, row=True, finite=False, names=state.feature_names)
        n_samples = samples.n_samples
        outputs = np.empty((n_samples, model.n_out), model.dtype)
        if not model.predict(samples, outputs, n_threads):
            self._as_samples(X)
        outputs = outputs[0] if n_samples == 1 and np.ndim(X) == 1 else outputs
        return split(outputs, model.parts) if model.parts else outputs

    @explained
    def hidden(self, X: ArrayLike) -> tuple[Array, ...]:
        """Return the activations of every layer; the last layer's are the outputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.

        Returns
        -------
        tuple of ndarray, shape (n_samples, n_out) or (n_out,)
            The activations, one array for each layer; n_out is that of the layer.

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
        n_samples, model = samples.n_samples, self._state.model
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
        X : array_like or sparse matrix, shape (n_samples, n_in)
            The inputs, as `fit` takes them.
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            The targets, as `fit` takes them.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.

        Returns
        -------
        float
            The mean loss, weighted by `sample_weight`.

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
        state = self._state
        samples, targets = state.as_pair(X, y, names=state.feature_names)
        weights = state.as_weights(sample_weight, len(targets))
        return state.model.evaluate(samples, targets, weights)["loss"]

    @explained
    def trace(self, x: ArrayLike, y: ArrayLike) -> Trace:
        """Return the values of a forward and a backward pass, layer by layer.

        Parameters
        ----------
        x : array_like, shape (n_samples, n_in) or (n_in,)
            The inputs, as a table or as one row.
        y : array_like
            The targets, as `partial_fit` takes them.

        Returns
        -------
        Trace
            A tuple with a `LayerTrace` for each layer, which a notebook shows as tables. For one
            row the arrays lack the axis of samples. `grad_W` and `grad_b` are means over the rows:
            of n rows ``A.T @ delta / n``, where A holds what the layer takes.

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
        samples, targets = self._as_rows(x, y)
        model = self._state.model
        rows, table = as_table(samples, self.n_in), model.table
        units = np.zeros((4, len(targets), layout.units_size(table)), self.dtype)
        grad = layout.aligned_zeros(self.params.size, self.dtype)
        n_written = 4 * units.shape[-1]
        for start, stop in model.slices(samples, 0, len(targets), grad.size, n_written):
            part = slice(start, stop)
            trace = evaluate.Trace(*units[:, part])
            evaluate.trace_rows(model.net, rows[part], targets[part], trace, grad)
        grad /= len(targets)
        if np.ndim(x) == 1:
            units = units[:, 0]
        return Trace(
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
        """Return a handle to the network for a user's functions under `numba.njit`.

        Such functions pass the handle to the functions of `fastnn.core`: `predict`, `predict_rows`
        and `predict_population`; `add_gradient`, `add_gradient_rows`, `add_vjp`, `add_vjp_rows` and
        `gradient_of_inputs`; `update` and `train_row`. None of these calls Python or allocates
        memory.

        Parameters
        ----------
        optimizer : str or Optimizer
            The optimiser that `update` applies, by default "sgd"; any but lbfgs.
        frozen : bool
            Whether the handle has its own copy of the parameters. By default False: the handle
            and the network share them, and each sees the other's changes. It must be True for a
            network with `Standardize`; the handle is that of `folded` then.

        Returns
        -------
        fastnn.core.Handle
            A handle with its own scratch memory and optimiser state, for one thread; make one for
            each thread. It cannot be pickled: give another process the network. It does not stop
            `fit` in another thread from training the network at the same time. The functions check
            shapes, dtypes and whether results can be written, but no values: inputs must be finite,
            and targets valid for the loss, as `fit` describes.

        Raises
        ------
        ValueError, TypeError
            If there is no such optimiser, it is L-BFGS, or `frozen` must be True.

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
        rule = as_optimizer(optimizer, None, None, named=COMPILED)
        if not isinstance(rule, CompiledOptimizer):
            raise ValueError(f"optimizer must be one that is compiled, got {rule}")
        model, frozen = self._state.model, as_flag("frozen", frozen)
        if self._state.standardize is not None:
            if not frozen:
                raise ValueError(
                    "frozen must be True for a network with Standardize, which compiled code does "
                    "not have, got False: net.handle(frozen=True) predicts from inputs as they "
                    "are, and net.folded().handle() trains on them"
                )
            return self.folded().handle(optimizer=rule)
        params = model.params
        if frozen:
            params = layout.aligned_copy(params)
        return model.handle(rule, params)

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
        X : array_like or sparse matrix, shape (n_samples, n_in)
            The inputs, as `fit` takes them.
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            The targets, as `fit` takes them.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. By default all weights are 1.
        n_threads : int
            The largest number of threads that share the rows, by default 1. Fewer are used where
            each would have too little work.

        Returns
        -------
        ndarray, shape (params.size,)
            The gradient, laid out as `params`: zero in the padding and for what is frozen. It has
            the same bits for any `n_threads`.

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
        state = self._state
        samples, targets = state.as_pair(X, y, names=state.feature_names)
        weights = state.as_weights(sample_weight, len(targets))
        return state.model.gradient(samples, targets, weights, n_threads)[0]

    @explained
    def gradient_per_sample(self, X: ArrayLike, y: ArrayLike) -> Array:
        """Return the gradient of each sample's own loss with respect to the parameters.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.
        y : array_like
            The targets, as `partial_fit` takes them.

        Returns
        -------
        ndarray, shape (n_samples, params.size) or (params.size,)
            One gradient a row, laid out as `params`: zero in the padding and for what is frozen.
            The mean of the rows is `gradient`, up to rounding.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Notes
        -----
        The array takes n_samples times the bytes of `params`. For the mean alone, call `gradient`.

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
            The inputs, as a table or as one row.
        y : array_like
            The targets, as `partial_fit` takes them.

        Returns
        -------
        ndarray, shape (n_samples, n_in) or (n_in,)
            The gradients, one row for each sample.

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
        grads = self._gradients(derivatives.input_gradients_of_rows, X, y, self.n_in)
        return self._by_given_inputs(grads)

    def _gradients(
        self, kernel: Callable[..., None], X: ArrayLike, y: ArrayLike, size: int
    ) -> Array:
        """Return a table that a kernel fills, a row of `size` elements for each sample."""
        samples, targets = self._as_rows(X, y)
        model = self._state.model
        data = Data(samples, targets, model.no_weights)
        grads = np.empty((len(targets), size), model.dtype)
        for rows in model.slices(samples, 0, len(targets), model.params.size, size):
            kernel(model.net, data, *rows, grads)
        model.check_derivatives(grads, samples, targets)
        return grads[0] if np.ndim(X) == 1 else grads

    def _by_given_inputs(self, derivatives: Array) -> Array:
        """Turn derivatives by standardised inputs, the last axis, into those by the given ones."""
        if (step := self._state.standardize) is not None:
            derivatives /= np.asarray(step.scale)
        return derivatives

    @explained
    def jacobian(self, X: ArrayLike) -> Array:
        """Return the derivatives of the outputs with respect to the inputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.

        Returns
        -------
        ndarray, shape (n_samples, n_out, n_in) or (n_out, n_in)
            The derivative of output j with respect to input i at [..., j, i]. It takes one
            backward pass for each output.

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
        n_samples, model = samples.n_samples, self._state.model
        jacobian = np.empty((n_samples, self.n_out, self.n_in), self.dtype)
        costs = self.n_out * model.params.size, self.n_out * self.n_in
        for rows in model.slices(samples, 0, n_samples, *costs):
            derivatives.jacobian_of_rows(model.params, model.table, samples, *rows, jacobian)
        model.check_derivatives(jacobian, samples, None)
        jacobian = self._by_given_inputs(jacobian)
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
        verbose: bool | int = False,
    ) -> History:
        """Train for some epochs, from the present parameters and random stream.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in)
            The inputs. Or, without `y`, chunks: an iterable of (X, y) or (X, y, sample_weight), or
            a function that returns such an iterable for each epoch. One chunk at a time is in
            memory; shuffling and batching take place within it. Empty chunks are skipped.
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            The targets: one-dimensional if n_out is 1, or class labels 0 ... n_out-1. For
            binary_cross_entropy they are from 0 to 1; for cross_entropy, rows of at least 0 that
            sum to 1, each within rounding of float32; for poisson, at least 0. For layers that end
            with `Heads`: a list of such, one for each head, a dict or a DataFrame by their names,
            or one array with the columns of all side by side. None, the default, is for chunks.
        epochs : int
            The number of passes over the data, at least 1, by default 1.
        batch_size : int or None
            The number of samples in an update, by default 1. None means the full batch.
        optimizer : str or Optimizer, optional
            An optimiser of `fastnn.optimizers`, or the name of one with its defaults: sgd,
            momentum, nesterov, rmsprop, adagrad, adam, adamw, irprop or lbfgs. By default sgd or,
            with `resume`, the optimiser that training last used.
        learning_rate : float or callable, optional
            The rate, above 0, or a schedule (`fastnn.schedules`), which gives the rate as a
            function of the epoch or of the update. By default the optimiser's own rate (0.01 for
            sgd) or, with `resume`, the last one. With `resume`, a schedule that equals the last one
            continues.
        shuffle : bool
            Whether to draw a new order of the samples each epoch, by default True.
        reduction : str
            How the gradients of a batch are combined, "mean" or "sum", by default "mean". It
            changes updates only, not the recorded losses and metrics.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0. Means are divided by the sum of weights; the
            update of a single sample is multiplied by its weight. By default all weights are 1.
        class_weight : dict or "balanced", optional
            The weight of each class, by label, which multiplies the weights of its samples.
            "balanced" means n_samples / (n_classes n_samples_of_the_class). By default all are 1.
        input_noise : float
            The standard deviation of normal noise, drawn anew for each use of a sample and added to
            its inputs, standardised ones if the network has `Standardize`; by default 0.
        metrics : sequence of str or callable
            The metrics to record, by default none: accuracy, mse or mae; and on validation data
            only, r2 or any function of (y, outputs) that returns a number. Such a function gets y
            as given, but with the shape of the outputs, (n, 1), if n_out is 1:
            ``((y - outputs) ** 2).mean()`` is the mse, and
            ``(y == (outputs[:, 0] > 0.5)).mean()``, sample by sample, the accuracy.
        validation_data : tuple of array_like, optional
            A pair (X, y) to evaluate after epochs 0, k, 2k ... for `evaluate_every` = k. By default
            nothing is evaluated.
        validation_fraction : float, optional
            The share of the data to hold out for validation instead, above 0 and below 1, in
            each class separately if y holds labels. With `resume` the same samples are held out.
            By default none are.
        evaluate_every : int
            The number of epochs between evaluations of the validation data, by default 1.
        callbacks : sequence of Callback
            The callbacks to call before the first epoch, after each epoch and at the end, by
            default none.
        resume : bool
            Whether to continue the last training, by default False. Kept are the optimiser and its
            state, the rate or schedule, the random numbers, the numbering of epochs and the
            history: epochs go on from the last one, `Network.history` has all of them, and what
            `fit` returns those of this call. All else has to be given again, or has its default:
            `batch_size` (1), `shuffle`, `reduction`, `sample_weight`, `class_weight`,
            `input_noise`, `metrics`, validation data or fraction, `evaluate_every` and `callbacks`.
            With the same of these, fit(10) and then fit(10, resume=True) equal fit(20), to the bit;
            but not by lbfgs, whose memory of past iterations is not kept.
        progress : bool
            Whether to show a progress bar on a terminal or in a notebook, by default False.
        verbose : bool or int
            The number of epochs between printed lines, which show the epoch and its metrics
            (`fastnn.callbacks.PrintMetrics`); 0 or False, the default, means none, and True every
            epoch or, of more than 20, so many that there are at most some 20 lines.

        Returns
        -------
        History
            "loss" and each metric, as the mean over the samples of the value before each one's
            update; "penalty" if layers have l1 or l2, as the mean over the batches; "val_loss" and
            ``"val_" + metric`` on the validation data.

        Raises
        ------
        ValueError, TypeError
            If an argument, or a chunk, which the message names, is not as described. The network is
            as it was before the call.
        DivergenceError
            If a loss or a parameter is no longer finite; the network has the last finite ones.
        Exception
            Any exception that a metric raises, or iterating over the chunks, with a note of the
            last chunk that arrived; also a ValueError or TypeError of a metric that returns no
            number. The network is as after the last whole epoch, and can be resumed from there;
            of a metric with `evaluate_every` that may be the last epoch that was evaluated.
        ImportError
            If the optimiser is lbfgs and SciPy is not installed.
        RuntimeError
            If another thread is training this network. Nothing has changed; try again later.

        Notes
        -----
        Tables are arrays, masked arrays in which nothing is masked, or DataFrames of pandas,
        polars or pyarrow whose columns hold numbers or truth values, with none missing. Arrays
        and memory maps in C order and in the network's dtype are not copied. Others that are large
        (from 16 MB of a file, or 256 MB of memory) are converted part by part in each epoch; `y` is
        converted at once. While one thread trains the network, another thread that reads, saves or
        copies it may see parameters of several updates; a callback sees those of one update.

        The first call of a kind, in batches say, compiles for seconds; what it compiles is kept on
        disk. A word says so on a terminal or in a notebook after a second, by the logger "fastnn":
        ``logging.getLogger("fastnn").setLevel("ERROR")`` silences it. Elsewhere, as in a pipe, it
        has the level INFO, which ``logging.basicConfig(level="INFO")`` shows. `fastnn.warmup`
        compiles all ahead.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> history = net.fit([[0], [1], [2]], [1, 3, 5], epochs=500, learning_rate=0.1)
        >>> net.predict([3.0]).round(6)
        array([7.])
        """
        options = FitOptions(
            epochs, batch_size, optimizer, learning_rate, input_noise, shuffle, reduction,
            sample_weight, class_weight, metrics, validation_data, validation_fraction,
            evaluate_every, callbacks, resume, progress, verbose,
        )  # fmt: skip
        state = self._state
        if not state.lock.acquire(False):  # before it is read what training goes on from
            raise state.lock.refusal()
        try:
            return TrainingLoop(self, as_request(state, X, y, options)).train()
        finally:
            state.lock.release()

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
        """Train for one pass over the rows in their order, with one update a batch.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
            The inputs, as a table or as one row.
        y : array_like
            The targets, as for `fit`; for a single row also of shape (n_out,), or one number.
        batch_size : int or None
            The number of samples in an update, by default 1. None means the full batch.
        optimizer : str, Optimizer or None
            The optimiser. By default, None, the one that training last used, or else sgd.
        learning_rate : float, optional
            The rate, above 0. By default the one that training last used; of a schedule, the last
            rate.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each sample, at least 0, as for `fit`. By default all weights are 1.

        Returns
        -------
        Network
            The network itself.

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
        state = self._state
        if not state.lock.acquire(False):
            raise state.lock.refusal()
        try:
            is_as_before = optimizer is None and (
                learning_rate is None
                or (type(learning_rate) is float and learning_rate == state.ready_rate)
            )
            if (
                is_as_before
                and (step := state.row_step) is not None
                and batch_size == 1
                and sample_weight is None
                and step.take_if_ready(X, y)
            ):
                return self
            names = state.feature_names
            inputs, targets = state.as_pair(X, y, row=True, names=names)
            weights = state.as_weights(sample_weight, len(targets))
            train_rows(
                self, Arrays(whole(inputs), targets, weights), names or names_of(X),
                batch_size=batch_size, optimizer=optimizer, learning_rate=learning_rate,
                is_as_before=is_as_before,
            )  # fmt: skip
        finally:
            state.lock.release()
        return self

    # ---- files and copies ------------------------------------------------------------------------

    @explained
    def save(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the network, with all that predicting and resuming need, to a file.

        The file is replaced atomically: if the power fails, it is the old or the new one, whole. It
        is an `.npz`, which NumPy alone can read; `fastnn/_storage/network_file.py` describes its
        content.

        Parameters
        ----------
        path : str or os.PathLike, or binary file
            A file in an existing folder; no suffix is added. Or a file open in binary mode, such as
            `io.BytesIO`, which is written from its present position; if that fails, a part may be
            written.

        Raises
        ------
        ValueError, TypeError
            If something cannot be saved: metadata that JSON does not give back unchanged,
            parameters that are not finite, or a random source that is not of NumPy. If `path` is
            neither a path nor a file.
        OSError
            If the file cannot be written; an old one is unchanged.

        Notes
        -----
        A user-defined initialiser or schedule is not saved, nor an optimiser of a user's class with
        its state. The loaded network predicts all the same; to resume its training, give
        `learning_rate`, and `optimizer`, which starts with a fresh state.
        `pickle` keeps what has a name in a module.

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
        from ._storage import network_file  # 0.03 s that `import fastnn` need not take
        from ._storage.metadata import check_metadata

        check_metadata(self.metadata)  # before they are copied, which takes as deep a stack
        network_file.write(path, self.__getstate__())

    @classmethod
    @explained
    def load(
        cls,
        path: str | os.PathLike[str] | BinaryIO,
        *,
        functions: Sequence[OwnLoss | OwnActivation] = (),
    ) -> Self:
        """Return the network in a file; training resumes from it to the bit.

        The file need not be trusted: reading it runs no code, and takes a few times the memory of
        the file and the network, whatever the file claims.

        Parameters
        ----------
        path : str or os.PathLike, or binary file
            A file that `save` has written. An open one is read from its present position to its
            end.
        functions : sequence of OwnLoss or OwnActivation
            The user's own losses and activations that the network has, by default none. A file does
            not hold them; each must do what it did when the network was saved.

        Returns
        -------
        Network
            The network as it was saved.

        Raises
        ------
        FormatError
            If the file is not a complete one that `save` has written, in a version known here.
        OSError
            If the file cannot be read.
        TypeError, ValueError
            If `path` is neither a path nor a file, or an open file has no position, such as a pipe.

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
        from ._storage import network_file  # as in `save`

        net = cls.__new__(cls)
        net.__setstate__(network_file.read(path, functions))
        return net

    def folded(self) -> Self:
        """Return a copy without `Standardize`, which takes inputs as they are: it is folded.

        W and b of the first layer become W / scale and b - mean / scale W, so that the copy
        predicts the same, up to rounding. A first layer without biases gets some, if a mean is
        subtracted. Training of the copy is that of a network whose inputs are not standardised; it
        starts with a fresh optimiser.

        Returns
        -------
        Network
            The copy, in the network's dtype, or in float64 if float32 could not hold the folded
            layer: if a mean is more than 32 times its scale.

        Raises
        ------
        ValueError
            If mean and scale are not known yet, or a folded parameter is not finite.

        Examples
        --------
        >>> from fastnn import Dense, Network, Standardize
        >>> net = Network(1, [Standardize(3.0, 2.0), Dense(1, weights=[[4.0]])])
        >>> net.folded().weights[0], net.folded().biases[0]
        (array([[2.]]), array([-6.]))
        """
        state, given = self._state, self.__getstate__()
        if (step := state.standardize) is not None:
            check_known(step)
            mean: Any = 0.0 if step.mean is None else step.mean
            dtype = np.dtype(np.float64) if is_far(mean, np.asarray(step.scale)) else self.dtype
            first, *others = given["layers"]
            W, b = folded_layer(step, self.weights[0], self.biases[0])
            layers = (replace(first, bias=b is not None), *others)
            table, _ = net_parts(self.n_in, layers, state.model.loss, dtype)
            params = layout.aligned_zeros(layout.params_size(table), dtype)
            own = layout.weight_views(params, table), layout.bias_views(params, table)
            new = (W, *self.weights[1:]), (b, *self.biases[1:])
            for name, views, arrays in zip(("weights", "biases"), own, new, strict=True):
                for k, (view, array) in enumerate(zip(views, arrays, strict=True)):
                    if view is not None and array is not None:
                        view[:] = as_numbers(f"folded {name} of layer {k}", array, dtype)
            given |= {"dtype": dtype, "layers": layers, "table": table, "params": params}
            given |= {"_state": None, "_standardize": None}
        copied = type(self).__new__(type(self))
        copied.__setstate__(given)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """Return what a file or a copy needs; a copy shares nothing that can change."""
        own, state = self.__dict__.copy(), self._state
        for name in ("n_out", "n_layers", "loss_function", "_state"):
            del own[name]
        return own | {
            "loss_name": state.model.loss,
            "layers": tuple(with_arrays(layer, None, None) for layer in self.layers),
            "params": self.params.copy(),
            "table": state.model.table,
            "has_narrow": True,
            "_random": copy.deepcopy(state.random),
            "_state": copy.deepcopy(state.training),
            "_feature_names": state.feature_names,
            "_standardize": state.standardize,
            "history": self.history,
            "metadata": copy.deepcopy(self.metadata),
        }

    def __setstate__(self, given: dict[str, Any]) -> None:
        given = dict(given)
        layers, loss, random = given.pop("layers"), given.pop("loss_name"), given.pop("_random")
        flat, old = given.pop("params"), np.array(given.pop("table"))
        loss = as_loss("loss", loss)
        table, code = net_parts(given["n_in"], layers, loss, flat.dtype)
        has_narrow = given.pop("has_narrow", False)

        is_as_ours = has_narrow and np.array_equal(old, table)
        if is_as_ours:
            own = layout.aligned_copy(flat)
        else:
            own = layout.relaid(flat, old, table, has_narrow=has_narrow)
        first = given.pop("_standardize", None)  # earlier fastnn had none
        state = NetworkState(layers, layout.Net(own, table, code), loss, random, first)
        state.training, state.past = given.pop("_state"), given.pop("history")
        if state.training is not None and not is_as_ours:
            state.training.relay(old, table, has_narrow=has_narrow)
        state.feature_names = given.pop("_feature_names", None)  # earlier fastnn had none
        self.__dict__.update(given)  # what a subclass has
        self._adopt(state, given["metadata"])

    # ---- checks ----------------------------------------------------------------------------------

    def _as_samples(self, X: ArrayLike) -> Samples:
        """Return a table or a row of inputs after checking its column names."""
        state = self._state
        return whole(state.as_inputs(X, row=True, names=state.feature_names))

    def _as_rows(self, X: ArrayLike, y: ArrayLike) -> tuple[Samples, Array]:
        """Return a table or a row of inputs and its targets."""
        state = self._state
        inputs, targets = state.as_pair(X, y, row=True, names=state.feature_names)
        return whole(inputs), targets
