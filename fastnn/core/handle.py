"""A network inside a person's own compiled code: what `Network.handle` returns, and what takes it.

The functions may be called from code under `numba.njit`; they take the handle first, call no Python
and allocate nothing. `x` has the shape (n_in,), `y`, `error` and `outputs` (n_out,); `X` and `Y`
hold many such rows, one after the other, in the network's dtype. A wrong shape is a ValueError.
Layers' dropout is left out; their penalties and max_norm take part in `update`.
"""

import ctypes
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from ._jit import SOURCES, entry, inner
from .activations import pull_back
from .batches import N_COUNTERS, N_UPDATES
from .bits import WORD
from .block import (
    ROWS,
    add_gradient_of_block,
    backward_block,
    forward_block,
    quads_of,
)
from .dense import dense_error_below, dense_step_forward
from .layout import ACTIVATION, N_IN, N_OUT, Array, aligned_zeros, units_size
from .losses import output_delta, sample_loss
from .propagate import backward, forward, output_range, scale_units
from .rows import row_of
from .samples import NOTHING, Samples, is_finite
from .updates import change_params
from .variants import may_skip_zeros

# A field of this type makes the core's version a part of a handle's: of a person's function that
# Numba keeps on disk, the form that an earlier fastnn was compiled into is not found again.
_VERSION = np.zeros(0, dtype=[(f"fastnn_{SOURCES}", np.int8)])
_NO_NOISE = np.empty(0)
_NUMBERS = np.arange(ROWS)

Z, A, DELTA, NOWHERE, TARGET = range(5)  # the rows of `units`; of `block`, the first three


class Handle(NamedTuple):
    """A network as compiled code takes it. It is for one thread; another takes one of its own.

    Attributes
    ----------
    params : ndarray, shape (n_params,)
        The network's own, or a copy if frozen.
    grad : ndarray, shape (n_params,)
        What gradients are added to, laid out as `params`.
    layers, loss, penalties, settings
        The layer table, the loss, and the rule of the optimiser, as kernels take them.
    slots, counters : ndarray
        The state of the optimiser.
    units, sets, block, words, version
        Scratch, and the version of the core.
    """

    params: NDArray[Any]
    grad: NDArray[Any]
    layers: NDArray[np.int64]
    loss: int
    penalties: NDArray[np.float64]
    settings: NDArray[np.float64]
    slots: NDArray[Any]
    counters: NDArray[np.int64]
    units: NDArray[Any]
    sets: NDArray[np.uint64]
    block: NDArray[Any]
    words: NDArray[np.uint64]
    version: NDArray[Any]

    def pointer(self) -> ctypes.c_void_p:
        """Return where `handle_at` finds the handle, for `user_data` of a C callback.

        The pointer keeps the handle's arrays alive, so something must keep the pointer.
        """
        pointer = _Pointer()
        pointer.handle = self
        pointer.memory = np.zeros(_size_of(self), np.uint8)
        pointer.value = pointer.memory.ctypes.data
        _put_at(pointer.value, self)
        return pointer


class _Pointer(ctypes.c_void_p):
    handle: Handle
    memory: Array


def handle_of(
    params: Array, layers: Array, loss: int, penalties: Array, settings: Array, slots: Array
) -> Handle:
    """Return a handle with scratch of its own."""
    dtype, n_units = params.dtype, units_size(layers)
    return Handle(
        params=params,
        grad=aligned_zeros(params.size, dtype),
        layers=layers,
        loss=loss,
        penalties=penalties,
        settings=settings,
        slots=slots,
        counters=np.zeros(N_COUNTERS, np.int64),
        units=np.zeros((5, n_units), dtype),
        sets=np.zeros((2, n_units // WORD), np.uint64),
        block=np.zeros((3, ROWS, n_units), dtype),
        words=np.zeros(quads_of(ROWS) * n_units // WORD, np.uint64),
        version=_VERSION,
    )


# ---- what a person's compiled code calls ---------------------------------------------------------


@entry
def predict(handle, x, outputs):
    """Overwrite `outputs` with the network's outputs for the sample `x`."""
    layers = handle.layers
    _require_length("x, required and got:", layers[0, N_IN], x)
    _require_length("outputs, required and got:", layers[-1, N_OUT], outputs)
    _forward(handle, x)
    a, (first, last) = row_of(handle.units, A), output_range(layers)
    for j in range(first, last):
        outputs[j - first] = a[j]


@entry
def predict_rows(handle, X, outputs):
    """Overwrite `outputs`, shape (n_samples, n_out), with the network's for the samples `X`."""
    n_samples, layers = X.shape[0], handle.layers
    _require_shape("X, required and got:", n_samples, layers[0, N_IN], X)
    _require_shape("outputs, required and got:", n_samples, layers[-1, N_OUT], outputs)
    skip_zeros = may_skip_zeros(handle.params, n_samples)
    a, (first, last) = row_of(handle.block, A), output_range(layers)
    for start in range(0, n_samples, ROWS):
        for t in range(_forward_block(handle, X, start, skip_zeros).shape[0]):
            for j in range(first, last):
                outputs[start + t, j - first] = a[t, j]


@entry
def add_gradient(handle, x, y, weight):
    """Add weight dLoss/dparams of the sample to `handle.grad`.

    Returns
    -------
    loss : float
        Without the weight.
    """
    loss = _find_delta(handle, x, y, weight)
    _add_rank_one(handle, handle.grad)
    return loss


@entry
def add_gradient_rows(handle, X, Y, weights):
    """Add the sum of weight dLoss/dparams over the samples, of shape (n_samples,), to `grad`.

    Returns
    -------
    loss : float
        The sum over the samples, without their weights.
    """
    n_samples = X.shape[0]
    params, layers, block = handle.params, handle.layers, handle.block
    _require_shape("X, required and got:", n_samples, layers[0, N_IN], X)
    _require_shape("Y, required and got:", n_samples, layers[-1, N_OUT], Y)
    _require_length("weights, required and got:", n_samples, weights)
    z, a, delta = row_of(block, Z), row_of(block, A), row_of(block, DELTA)
    skip_zeros, loss = may_skip_zeros(params, n_samples), 0.0
    first, last = output_range(layers)
    for start in range(0, n_samples, ROWS):
        rows = _forward_block(handle, X, start, skip_zeros)
        targets, shares = Y[start : start + ROWS], weights[start : start + ROWS]
        for t in range(rows.shape[0]):
            y = row_of(targets, t)
            loss += sample_loss(handle.loss, row_of(z, t), row_of(a, t), first, last, y)
        backward_block(
            params, layers, handle.loss, targets, shares, rows, _NO_NOISE, 0, 0, z, a, delta
        )
        add_gradient_of_block(handle.grad, layers, rows.shape[0], a, handle.words, delta)
    return loss


@entry
def gradient_of_inputs(handle, x, y, grad_x):
    """Overwrite `grad_x`, shape (n_in,), with dLoss/dx of the sample.

    Returns
    -------
    loss : float
    """
    _require_length("grad_x, required and got:", handle.layers[0, N_IN], grad_x)
    loss = _find_delta(handle, x, y, 1.0)
    _leave_error(handle, grad_x)
    return loss


@entry
def add_vjp(handle, x, error, error_x):
    """Take dL/doutputs of the sample, `error`, back through the network, for any L.

    dL/dparams is added to `handle.grad`, and `error_x`, shape (n_in,), overwritten with dL/dx.
    """
    layers, units = handle.layers, handle.units
    _require_length("x, required and got:", layers[0, N_IN], x)
    _require_length("error, required and got:", layers[-1, N_OUT], error)
    _require_length("error_x, required and got:", layers[0, N_IN], error_x)
    _forward(handle, x)
    z, a, delta = row_of(units, Z), row_of(units, A), row_of(units, DELTA)
    first, last = output_range(layers)
    for j in range(first, last):
        delta[j] = error[j - first]
    pull_back(layers[-1, ACTIVATION], z, a, first, last, delta)
    backward(handle.params, layers, z, a, delta)
    _add_rank_one(handle, handle.grad)
    _leave_error(handle, error_x)


@entry
def update(handle, learning_rate):
    """Change the parameters by the handle's optimiser and `handle.grad`, which becomes 0."""
    handle.counters[N_UPDATES] += 1
    change_params(
        handle.params, handle.layers, handle.penalties, handle.settings, learning_rate, 1.0, 1.0,
        handle.counters[N_UPDATES], handle.slots, row_of(handle.units, Z), handle.grad,
    )  # fmt: skip


@entry
def train_row(handle, x, y, learning_rate):
    """Do a step of plain gradient descent by one sample: the quickest way to train on it.

    Returns
    -------
    loss : float
        Before the step. NaN, and nothing is changed, unless the sample and its loss are finite.
    """
    loss = _find_delta(handle, x, y, -learning_rate)
    if is_finite(x) and abs(loss) < np.inf:
        _add_rank_one(handle, handle.params)
        return loss
    return np.nan


@intrinsic
def handle_at(typing_context, pointer, form):
    """Return the handle that `Handle.pointer` points to; `form` is its `numba.typeof`."""
    handle = form.instance_type

    def lower(context, builder, signature, args):
        address = builder.bitcast(args[0], context.get_data_type(handle).as_pointer())
        return context.data_model_manager[handle].load_from_data_pointer(builder, address)

    return handle(pointer, form), lower


# ---- what they are made of -----------------------------------------------------------------------


@inner
def _require_length(name, n, row):
    """Raise a ValueError unless the row has `n` elements."""
    if row.shape[0] != n:
        raise ValueError("the length of", name, n, row.shape[0])


@inner
def _require_shape(name, n_samples, n, table):
    """Raise a ValueError unless the table has `n_samples` rows of `n` elements."""
    if table.shape[0] != n_samples or table.shape[1] != n:
        raise ValueError("the shape of", name, n_samples, n, table.shape[0], table.shape[1])


@inner
def _forward(handle, x):
    """Overwrite z, a and the set of units for the sample `x`."""
    units = handle.units
    z, a, nonzeros = row_of(units, Z), row_of(units, A), row_of(handle.sets, 0)
    forward(handle.params, handle.layers, x, False, z, a, nonzeros)


@inner
def _forward_block(handle, X, start, skip_zeros):
    """Overwrite z, a and the words of a block from X[start] on; return the numbers of its rows."""
    rows, block = X[start : start + ROWS], handle.block
    numbers, samples = _NUMBERS[: rows.shape[0]], Samples(rows, NOTHING, NOTHING)
    z, a = row_of(block, Z), row_of(block, A)
    forward_block(
        handle.params, handle.layers, samples, numbers, skip_zeros, _NO_NOISE, 0, 0, z, a, a,
        handle.words,
    )  # fmt: skip
    return numbers


@inner
def _target(handle, y):
    """Return a copy of the target of a sample, in the dtype of the network."""
    n_out = handle.layers[-1, N_OUT]
    _require_length("y, required and got:", n_out, y)
    target = row_of(handle.units, TARGET)[:n_out]
    target[:] = y
    return target


@inner
def _find_delta(handle, x, y, weight):
    """Overwrite delta of all layers with weight dLoss/dz of the sample; return its loss."""
    layers, units, code = handle.layers, handle.units, handle.loss
    _require_length("x, required and got:", layers[0, N_IN], x)
    target = _target(handle, y)
    _forward(handle, x)
    z, a, delta = row_of(units, Z), row_of(units, A), row_of(units, DELTA)
    first, last = output_range(layers)
    output_delta(code, layers[-1, ACTIVATION], z, a, first, last, target, delta)
    scale_units(weight, first, last, delta)
    backward(handle.params, layers, z, a, delta)
    return sample_loss(code, z, a, first, last, target)


@inner
def _add_rank_one(handle, target):
    """Add x^T delta of every layer, and delta for its biases, to `target`, laid out as `params`."""
    layers, units, sets = handle.layers, handle.units, handle.sets
    z, a, delta, nowhere = (
        row_of(units, Z), row_of(units, A), row_of(units, DELTA), row_of(units, NOWHERE),
    )  # fmt: skip
    nonzeros, nothing = row_of(sets, 0), row_of(sets, 1)
    for k in range(layers.shape[0]):  # a step of delta, and a forward pass of no input
        layer = row_of(layers, k)
        dense_step_forward(target, layer, a, nonzeros, delta, nowhere, nothing, z)


@inner
def _leave_error(handle, error_x):
    """Overwrite `error_x` with delta of layer 0 taken back to the inputs."""
    layers, delta = handle.layers, row_of(handle.units, DELTA)
    dense_error_below(handle.params, row_of(layers, 0), delta, delta)
    for i in range(layers[0, N_IN]):
        error_x[i] = delta[i]


# ---- pointers ------------------------------------------------------------------------------------


@intrinsic
def _put(typing_context, address, handle):
    """Write the handle as compiled code holds it to the memory at `address`.

    Its arrays are written without what counts their references: that is gone after this call.
    """

    def lower(context, builder, signature, args):
        lent = args[1]
        for place, field in enumerate(handle):
            if isinstance(field, types.Array):
                array = context.make_array(field)(
                    context, builder, builder.extract_value(lent, place)
                )
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                array.parent = cgutils.get_null_value(array.parent.type)
                lent = builder.insert_value(lent, array._getvalue(), place)
        pointer = builder.inttoptr(args[0], context.get_data_type(handle).as_pointer())
        builder.store(context.data_model_manager[handle].as_data(builder, lent), pointer)
        return context.get_dummy_value()

    return types.void(types.intp, handle), lower


@intrinsic
def _size(typing_context, handle):
    """Return how many bytes that takes."""

    def lower(context, builder, signature, args):
        return context.get_constant(
            types.intp, context.get_abi_sizeof(context.get_data_type(handle))
        )

    return types.intp(handle), lower


@inner
def _put_at(address, handle):
    _put(address, handle)


@inner
def _size_of(handle):
    return _size(handle)
