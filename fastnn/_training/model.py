"""The arrays of a network for the kernels, and the calls over many rows that do not change it.

A compiled call cannot be interrupted, so it is cut into slices of a fixed number of samples that
take some 20 ms, up to 0.2 s on a slow machine. Several threads may share the slices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks.arrays import Array, as_read_only, is_finite
from .._checks.stored import Inputs, Stored
from ..activations import own_activation
from ..core import evaluate, layout, optimizers
from ..core import metrics as kernel_metrics
from ..core.activations import CODES
from ..core.dispatch import few_rows, look_ahead_rows
from ..core.inputs import Data, Samples
from ..core.layout import Net
from ..core.scratch import BLOCK_ROWS
from ..core.simd.bitset import WORD
from ..losses import HeadLosses, Loss, OwnLoss
from ..optimizers import CompiledOptimizer
from . import threads

if TYPE_CHECKING:
    from ..core.handle import Handle

_SLICE = 200_000_000  # parameters visited in one compiled call
_LEAST = 10_000_000  # the same, for each thread: 0.3 ms or more, and 0.15 ms is what one costs
_WRITTEN = 100  # what an element of a result may cost: in fresh memory each page is a fault
_LAYER = 300  # the cost of a layer beside its parameters, in the same unit

# Gradients are summed within parts of the rows, then over the parts, for any number of threads.
_PARTS = 16  # at most: each has a sum as large as `params`
_ROWS_A_PART = 512  # at least: what a part costs beside its rows is 1 to 3 % then
_FEW = 4096  # parameters

NO_METRICS = np.empty(0, np.int64)


class Model:
    """The arrays of a network for the kernels: `params` is shared with it, not copied.

    The methods take samples, targets and weights as `_checks` returns them: weights are empty, or
    one for each sample. What is a function of the layers alone is computed once, here.
    """

    def __init__(self, net: Net, loss: Loss, penalties: Array) -> None:
        params, table, _ = net
        self.params, self.table, self.penalties = params, table, penalties
        self.net, self.loss, self.dtype = net, loss, params.dtype
        self.parts = loss.parts  # the heads, if there are any
        # What targets must meet beside their shape, if anything.
        self.rule = None if loss.targets == "numbers" and loss.n_per_target == 1 else loss
        self.n_in, self.n_out = int(table[0, layout.N_IN]), int(table[-1, layout.N_OUT])
        self.n_units = layout.units_size(table)
        self.no_weights = as_read_only(np.empty(0, params.dtype))
        # Whether layers add a penalty to the loss that training minimises.
        self.has_penalty = bool(penalties.size and penalties[:, : optimizers.MAX_NORM].any())
        self.n_few = few_rows(params)
        self._cost = params.size + _LAYER * len(table)

    @cached_property
    def n_ahead(self) -> int:
        """How many dense samples layer 0 looks ahead; 1 means that it does not."""
        if layout.is_narrow(self.table[0]):
            return 1
        return look_ahead_rows(self.table, self.dtype.itemsize)

    @cached_property
    def _is_trained(self) -> Array | bool:
        """Which parameters belong to layers that are trained; True for all."""
        is_trained = layout.trained_mask(self.table)
        return True if is_trained.all() else is_trained

    def put(self, params: Array) -> None:
        """Copy parameters in, but for those of layers that are not trained, which keep bits."""
        np.copyto(self.params, params, casting="same_kind", where=self._is_trained)

    def check_writable(self) -> None:
        """Raise if the parameters cannot be changed."""
        if not self.params.flags.writeable:
            raise ValueError(
                "params must be writable to be trained, got an array that is read-only: call "
                "net.params.setflags(write=True)"
            )

    def cost(self, X: Inputs) -> int:
        """Return the cost of a sample, in visited parameters."""
        cost = self._cost
        # Of sparse samples a unit without an element costs the look at its bit.
        if isinstance(X, Samples) and X.is_sparse:
            n_weights = int(self.table[0, layout.BIASES] - self.table[0, layout.WEIGHTS])
            n_stored = X.columns.size // X.n_samples * (n_weights // self.n_in)
            cost -= n_weights - self.n_in // WORD - n_stored
        return cost

    def samples_per_slice(self, X: Inputs | None, n_updated: int = 0) -> int:
        """Return the number of samples in one compiled call; None means that X is not sparse.

        `n_updated` parameters are updated for each sample, beside the cost of its gradient.
        """
        cost = self._cost if X is None else self.cost(X)
        return max(1, _SLICE // (cost + n_updated))

    def slices(
        self, X: Inputs, start: int, stop: int, n_more: int = 0, n_written: int = 0
    ) -> Iterator[tuple[int, int]]:
        """Yield (start, stop) of the slices of these rows.

        For each sample, `n_more` parameters are visited beside the cost of its gradient, and
        `n_written` elements of a result are written, which cost more in fresh memory.
        """
        step = self.samples_per_slice(X, n_more + _WRITTEN * n_written)
        for first in range(start, stop, step):
            yield first, min(first + step, stop)

    def handle(self, rule: CompiledOptimizer, params: Array | None = None) -> Handle:
        """Return a handle with scratch of its own, to these parameters or to other ones."""
        from ..core.handle import handle_of  # for users' compiled code only

        net = self.net if params is None else self.net._replace(params=params)
        slots = rule.initial_slots(net.params.size, self.dtype)
        counters = np.zeros(optimizers.N_COUNTERS, int)
        how = optimizers.Optimizer(rule.settings(), self.penalties, slots, counters)
        return handle_of(net, how)

    def predict(self, X: Inputs, outputs: Array, n_threads: int = 1) -> bool:
        """Overwrite `outputs`, and return whether `X` is finite; if not, `outputs` is not valid."""
        if isinstance(X, Stored):
            step = X.n_at_once
            return all(
                self.predict(X.part(start, start + step), outputs[start : start + step], n_threads)
                for start in range(0, X.n_samples, step)
            )
        if len(outputs) == 1 and not X.is_sparse:
            row = X.values[0].copy()  # writable, as all single rows are: a kernel has one type
            return bool(evaluate.predict_row(self.params, self.table, row, outputs[0]))
        n_samples = len(outputs)
        if n_samples <= self.n_few and not X.is_sparse:
            return bool(evaluate.predict_few(self.params, self.table, X.values.copy(), outputs))
        if n_samples * (self._cost + _WRITTEN * self.n_out) <= min(_LEAST, _SLICE):
            return bool(evaluate.predict_rows(self.params, self.table, X, 0, n_samples, outputs))
        n_threads = self._threads_worth_starting(X, n_threads)
        finite: list[bool] = []

        def predict_part(start: int, stop: int) -> Iterator[None]:
            for rows in self.slices(X, start, stop, n_written=outputs.shape[1]):
                finite.append(evaluate.predict_rows(self.params, self.table, X, *rows, outputs))
                yield

        parts = _parts(len(outputs), -(-len(outputs) // n_threads))
        threads.run((predict_part(*part) for part in parts), n_threads)
        return all(finite)

    def gradient(
        self, X: Inputs, Y: Array, weights: Array, n_threads: int = 1
    ) -> tuple[Array, float]:
        """Return the gradient of the mean loss, laid out as `params`, and that loss."""
        if len(Y) <= _ROWS_A_PART and isinstance(X, Samples) and self._is_one_call(len(Y)):
            # Of few parameters, memory on the border of a cache line would gain nothing.
            few, size = self.params.size <= _FEW, self.params.size
            grad = np.zeros(size, self.dtype) if few else layout.aligned_zeros(size, self.dtype)
            value, total = np.zeros(1), total_weight(weights, len(Y))
            evaluate.add_gradient_of_rows(self.net, Data(X, Y, weights), 0, len(Y), grad, value)
            self.check_derivatives(grad, X, Y)
            return _divided(grad, total), self._checked(value.item() / total, X, Y)
        parts = _parts(len(Y), max(_ROWS_A_PART, -(-len(Y) // _PARTS)))
        grads = [layout.aligned_zeros(self.params.size, self.dtype) for _ in parts]
        values = np.zeros((len(parts), 1))

        def add_part(start: int, stop: int, grad: Array, value: Array) -> Iterator[None]:
            for piece in self._pieces(X, Y, weights, start, stop):
                evaluate.add_gradient_of_rows(self.net, *piece, grad, value)
                yield

        threads.run(
            (
                add_part(*part, grad, value)
                for part, grad, value in zip(parts, grads, values, strict=True)
            ),
            min(len(parts), self._threads_worth_starting(X, n_threads)),
        )
        grad, *others = grads
        total = total_weight(weights, len(Y))
        with np.errstate(over="ignore", invalid="ignore"):  # as in the kernels, NaN is an answer
            for other in others:
                grad += other
        self.check_derivatives(grad, X, Y)
        return _divided(grad, total), self._checked(float(values.sum() / total), X, Y)

    def evaluate(
        self, X: Inputs, Y: Array, weights: Array, metrics: Sequence[str] = ()
    ) -> dict[str, float]:
        """Return the mean loss and metrics over the samples, by name."""
        codes = self.metric_codes(metrics)
        sums, n_samples = np.zeros(1 + len(metrics)), len(Y)
        if isinstance(X, Samples) and self._is_one_call(len(Y)):
            pieces: Iterable[Any] = ((Data(X, Y, weights), 0, n_samples),)
        else:
            pieces = self._pieces(X, Y, weights, 0, n_samples)
        for piece in pieces:
            evaluate.evaluate_rows(self.net, *piece, codes, sums)
        self._checked(sums[0], X, Y)
        return metrics_by_name(sums / total_weight(weights, n_samples), metrics)

    def fault_of_functions(self, X: Inputs, Y: Array | None) -> str:
        """Return what an activation or loss of the user's own does wrong for a sample, if any.

        Without targets only activations are tried.
        """
        for k, code in enumerate(self.table[:, layout.ACTIVATION]):
            activation = own_activation(int(code))
            if activation and (fault := activation.fault(self._inputs_of_layer(k, X))):
                return f"{fault}, on layer {k}"
        if Y is None or not (isinstance(self.loss, OwnLoss) or self.parts):
            return ""
        outputs = np.empty((len(Y), self.n_out), self.dtype)
        self.predict(X, outputs)
        return self.loss.fault(Y, outputs)

    def check_derivatives(self, derivatives: Array, X: Inputs, Y: Array | None) -> None:
        """Raise if some are not finite by a fault of the user's; else that is an answer."""
        if self._has_functions and not is_finite(derivatives):
            self._checked(math.nan, X, Y)

    @cached_property
    def _has_functions(self) -> bool:
        """Whether an activation or a loss is of the user's own."""
        if any(own_activation(int(code)) for code in self.table[:, layout.ACTIVATION]):
            return True
        return any(isinstance(loss, OwnLoss) for loss in (self.loss, *self.loss.losses))

    def _inputs_of_layer(self, k: int, X: Inputs) -> Array:
        """Return z of layer `k`: the outputs of a network that ends there without an activation."""
        table = self.table[: k + 1].copy()
        table[k, layout.ACTIVATION] = CODES["identity"]
        until = Model(self.net._replace(layer_table=table), self.loss, self.penalties)
        z = np.empty((X.n_samples, until.n_out), self.dtype)
        until.predict(X, z)
        return z

    def metric_codes(self, metrics: Sequence[str]) -> Array:
        """Return what stands for the metrics in a kernel."""
        if not metrics:
            return NO_METRICS
        if isinstance(self.loss, HeadLosses):
            return np.array([self.loss.metric_code(name) for name in metrics], dtype=np.int64)
        return np.array([kernel_metrics.CODES[name] for name in metrics], dtype=np.int64)

    def _checked(self, value: float, X: Inputs, Y: Array | None) -> float:
        """Return a number; raise if it is NaN by a fault of the user's."""
        if value != value and (fault := self.fault_of_functions(X, Y)):  # NaN
            raise ValueError(fault)
        return value

    def _pieces(
        self, X: Inputs, Y: Array, weights: Array, start: int, stop: int
    ) -> Iterator[tuple[Data, int, int]]:
        """Yield data, start and stop for the kernels, for these rows."""
        if isinstance(X, Samples):
            for rows in self.slices(X, start, stop):
                yield Data(X, Y, weights), *rows
            return
        most = self.samples_per_slice(X)
        step = min(X.n_at_once, max(BLOCK_ROWS, most // BLOCK_ROWS * BLOCK_ROWS))
        for first in range(start, stop, step):
            last = min(first + step, stop)
            part = slice(first, last)
            yield Data(X.part(first, last), Y[part], weights[part]), 0, last - first

    def _is_one_call(self, n_samples: int) -> bool:
        """Return True if so few rows are one slice for one thread."""
        return n_samples * self._cost <= min(_LEAST, _SLICE)

    def _threads_worth_starting(self, X: Inputs, n_threads: int) -> int:
        """Return how many threads, of `n_threads` at most, have enough to do."""
        return max(1, min(n_threads, X.n_samples * self.cost(X) // _LEAST))


def _parts(n_samples: int, step: int) -> list[tuple[int, int]]:
    """Return (start, stop) of parts of the samples: `step` each, rounded up to whole blocks."""
    step = -(-step // BLOCK_ROWS) * BLOCK_ROWS
    return [(start, min(start + step, n_samples)) for start in range(0, n_samples, step)]


def _divided(grad: Array, total: float) -> Array:
    """Divide a gradient in place, and return it; infinity and NaN are no errors."""
    if total >= 1:  # then nothing overflows
        grad /= total
    else:
        with np.errstate(over="ignore"):
            grad /= total
    return grad


def total_weight(weights: Array, n_samples: int) -> float:
    """Return the sum of the samples' weights."""
    return float(weights.sum(dtype=np.float64)) if weights.size else float(n_samples)


def metrics_by_name(values: Any, metrics: Sequence[str]) -> dict[str, float]:
    """Return a row of metrics by name: the loss, then the metrics."""
    return dict(zip(("loss", *metrics), values.tolist(), strict=True))
