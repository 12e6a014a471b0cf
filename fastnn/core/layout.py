"""Where everything of a network lies: the layer table, offsets, and the views made from them.

Offsets are computed in this file and nowhere else. A layer owns a part of the flat vector `params`:
W row by row, then b (zeros where there is no bias), each row padded with zeros to pairs of
registers. A row of W belongs to an input, and is `stride` elements long, as b is; in a narrow layer
it belongs to an output, for a row of few outputs would be padding for the most part. The units of
one sample (z, a, delta) are the inputs, then each layer's outputs, padded to whole words of bits:
so the activations below layer 0 are the sample itself, and a layer's bits start at a word's
beginning.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .jit import inner
from .levels import REGISTER_BYTES
from .pointers import is_table
from .simd.bitset import WORD

Array = NDArray[Any]

# The columns of the layer table, an int64 array of shape (n_layers, N_COLUMNS).
# Training changes the weights of a layer with TRAIN_WEIGHTS, and only of such a layer the biases.
# With PASS_BACK it needs delta below the layer, where another is trained.
(
    N_IN, N_OUT, STRIDE, WEIGHTS, BIASES, BELOW, UNITS, ACTIVATION, HAS_BIAS, TRAIN_BIAS,
    TRAIN_WEIGHTS, PASS_BACK,
) = range(12)  # fmt: skip
N_COLUMNS = 12

# Outputs of a layer that is narrow, at most. 30-100-1, ns a sample in batches, with padded rows and
# so: 51 and 12 forward, 100 and 9 back, 51 and 11 for the gradient (AMD EPYC, AVX2, float64).
NARROW = 4
GROUP = 4  # registers that one pass over the rows of a layer keeps sums in
CACHE_LINE = 64  # bytes


class Net(NamedTuple):
    """A network as kernels take it: the parameters, where they lie, and the code of the loss."""

    params: Array
    layer_table: Array
    loss: int


def layer_table(
    n_in: int,
    widths: Sequence[int],
    activations: Sequence[int],
    has_bias: Sequence[bool],
    train_bias: Sequence[bool],
    train_weights: Sequence[bool],
    dtype: np.dtype[Any],
) -> Array:
    """Return the layer table of a network.

    Parameters
    ----------
    n_in : int
        Width of the input.
    widths : sequence of int
        Width of each layer's output.
    activations : sequence of int
        Codes of `core.activations`.
    has_bias, train_bias, train_weights : sequence of bool
    dtype : numpy.dtype
        float32 or float64; it sets how many elements a register holds.

    Returns
    -------
    layer_table : ndarray(int64, ndim=2), shape (n_layers, N_COLUMNS)
    """
    table = np.zeros((len(widths), N_COLUMNS), dtype=np.int64)
    params_end, below, units_end, is_trained_below = 0, 0, _round_up(n_in, WORD), False
    lanes = REGISTER_BYTES // dtype.itemsize
    for row, n_out, code, biases, moving, trained in zip(
        table, widths, activations, has_bias, train_bias, train_weights, strict=True
    ):
        # A register of a part's units may begin at its last one, and must end within the layer's.
        spare = lanes if -n_out % WORD < lanes and is_table(code) else 0
        stride = _row_length(n_out + spare, lanes)
        weights_size = n_out * _round_up(n_in, 2 * lanes) if n_out <= NARROW else n_in * stride
        biases_start = params_end + weights_size
        row[:] = (
            n_in, n_out, stride, params_end, biases_start, below, units_end, code, biases,
            biases and moving and trained, trained, is_trained_below,
        )  # fmt: skip
        params_end = biases_start + stride
        below, units_end = units_end, units_end + _round_up(stride, WORD)
        is_trained_below = is_trained_below or trained
        n_in = n_out
    return table


def _row_length(n_out: int, lanes: int) -> int:
    """Return the length of a padded row: an even number of registers.

    Rows a multiple of 1 KiB apart would fall on few sets of the cache (784-512-10 per sample:
    107 us in float64): such a row gets one more group (34 us).
    """
    registers = _round_up(n_out, lanes) // lanes
    registers += registers % 2
    if registers * REGISTER_BYTES % 1024 == 0:
        registers += GROUP
    return registers * lanes


def _round_up(width: int, step: int) -> int:
    """Return `width` rounded up to a multiple of `step`."""
    return -(-width // step) * step


@inner
def is_narrow(layer: Array) -> bool:
    """Return True if a row of the layer's W belongs to an output."""
    return bool(layer[N_OUT] <= NARROW)


@inner
def n_rows_of(layer: Array) -> int:
    """Return the number of rows of a layer's W."""
    n_rows: int = layer[N_OUT] if is_narrow(layer) else layer[N_IN]
    return n_rows


@inner
def row_length(layer: Array) -> int:
    """Return the length of a row of a layer's W: a pair of registers, or several."""
    length: int = (layer[BIASES] - layer[WEIGHTS]) // n_rows_of(layer)
    return length


def params_size(layer_table: Array) -> int:
    """Return the length of `params`, padding included."""
    return int(layer_table[-1, BIASES] + layer_table[-1, STRIDE])


@inner
def units_size(layer_table: Array) -> int:
    """Return how many elements the units of one sample take, padding included.

    Rows a multiple of 2 KiB apart would fall on two sets of the cache, which the 32 of a block do
    not fit into: they get one more word. The gradient of 64-100-10 and of 30-100-1 in float64 takes
    0.87 of the time so (Intel, AVX-512 and AVX2).
    """
    size = int(layer_table[-1, UNITS] + -(-layer_table[-1, STRIDE] // WORD) * WORD)
    return size + WORD if size % 256 == 0 else size


@inner
def output_range(layer_table):
    """Return the first of the output units and the one past the last."""
    start = layer_table[-1, UNITS]
    return start, start + layer_table[-1, N_OUT]


def n_params(layer_table: Array) -> int:
    """Return the number of real parameters: weights and biases, without padding."""
    n_in, n_out, has_bias = layer_table.T[[N_IN, N_OUT, HAS_BIAS]]
    return int((n_in * n_out + n_out * has_bias).sum())


def n_trained(layer_table: Array) -> int:
    """Return the number of real parameters that training changes."""
    n_in, n_out, biases, weights = layer_table.T[[N_IN, N_OUT, TRAIN_BIAS, TRAIN_WEIGHTS]]
    return int((n_in * n_out * weights + n_out * biases).sum())


def trained_mask(layer_table: Array) -> Array:
    """Return which elements of `params` belong to layers that are trained, padding included."""
    mask = np.zeros(params_size(layer_table), bool)
    for row in layer_table:
        mask[row[WEIGHTS] : row[BIASES] + row[STRIDE]] = row[TRAIN_WEIGHTS]
    return mask


def aligned_zeros(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an array of zeros that starts on a cache line, as its rows do if they are padded.

    A register that lies across two lines takes two loads: a quarter of the time of a batch's passes
    (Intel, AVX-512).
    """
    size = dtype.itemsize * (shape if isinstance(shape, int) else math.prod(shape))
    raw = np.zeros(size + CACHE_LINE, dtype=np.uint8)
    start = -raw.__array_interface__["data"][0] % CACHE_LINE  # `ctypes` takes 4 us
    return raw[start : start + size].view(dtype).reshape(shape)


def aligned_copy(array: Array) -> Array:
    """Return a copy that starts on a cache line."""
    copy = aligned_zeros(array.shape, array.dtype)
    copy[...] = array
    return copy


def weight_views(flat: Array, layer_table: Array) -> tuple[Array, ...]:
    """Return each layer's part of `flat` as W, a view of shape (n_in, n_out)."""
    return tuple(_weight_view(flat, row) for row in layer_table)


def _weight_view(flat: Array, layer: Array) -> Array:
    W, n_in, n_out = flat[layer[WEIGHTS] : layer[BIASES]], layer[N_IN], layer[N_OUT]
    if is_narrow(layer):
        return W.reshape(n_out, -1)[:, :n_in].T
    return W.reshape(n_in, -1)[:, :n_out]


def relaid(flat: Array, old_table: Array, layer_table: Array, *, has_narrow: bool = True) -> Array:
    """Return a flat vector of another machine, or of an earlier fastnn, in this layout.

    Without `has_narrow` it is of one that had no narrow layers: all rows belonged to inputs.
    """
    own = aligned_zeros(params_size(layer_table), flat.dtype)
    W_own, b_own = weight_views(own, layer_table), bias_views(own, layer_table)
    b_old = bias_views(flat, old_table)
    for k, old in enumerate(old_table):
        if has_narrow:
            W_own[k][:] = _weight_view(flat, old)
        else:
            rows = flat[old[WEIGHTS] : old[BIASES]].reshape(old[N_IN], -1)
            W_own[k][:] = rows[:, : old[N_OUT]]
        if (b := b_own[k]) is not None:
            b[:] = b_old[k]
    return own


def bias_views(flat: Array, layer_table: Array) -> tuple[Array | None, ...]:
    """Return each layer's part of `flat` as b, a view of shape (n_out,), or None."""
    return tuple(
        flat[row[BIASES] : row[BIASES] + row[N_OUT]] if row[HAS_BIAS] else None
        for row in layer_table
    )


def unit_views(units: Array, layer_table: Array) -> tuple[Array, ...]:
    """Return each layer's part of `units`, shape (..., n_units), as a view (..., n_out)."""
    return tuple(units[..., row[UNITS] : row[UNITS] + row[N_OUT]] for row in layer_table)
