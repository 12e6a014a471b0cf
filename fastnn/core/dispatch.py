"""The rules by which a variant of a pass is chosen, each with its measurements.

The rules look at the network and at the number of samples, never at a clock: so what is computed is
the same on every machine.
"""

import numpy as np

from .activations import OFTEN_ZERO
from .inputs import is_finite
from .jit import inner
from .layout import ACTIVATION, BIASES, STRIDE, TRAIN_WEIGHTS, WEIGHTS, Array
from .levels import REGISTER_BYTES
from .optimizers import (
    DAMPENING,
    FACTOR,
    L2,
    MAX_NORM,
    MOMENTUM,
    NESTEROV,
    RULE,
    SGD,
    WEIGHT_DECAY,
    Optimizer,
    needs_finish,
)
from .simd.bitset import TILE_ROWS, has_zeros, n_tiles_of
from .simd.borrow import row_of

FEW = 8  # samples
FIRST_LEVEL = 32 << 10  # bytes of the smallest first-level cache in use: not this machine's, or the
# last digits of a result would depend on it


@inner
def may_skip_zeros(params, n_samples):
    """Return True if units that are 0 may be left out: all weights are finite.

    For a few samples the look at the weights costs more than it saves.
    """
    return n_samples >= FEW and is_finite(params)


@inner
def looks_for_zeros(net, X, start, stop, eighths):
    """Return True if zeros are looked for in these rows, or above them.

    Of a few blocks, where no layer makes zeros, the first row tells: it has so many eighths of
    them. Else the look at the weights would be a tenth of the time of 16 rows that are predicted by
    400-25-10 (float64; Intel, AVX-512).
    """
    if stop - start < FEW:
        return False
    if stop - start > 8 * FEW or X.starts.shape[0] > 0:
        return True
    for k in range(net.layer_table.shape[0] - 1):
        if is_often_zero(row_of(net.layer_table, k)):
            return True
    x = row_of(X.values, start)
    return has_zeros(x, x.shape[0], eighths)


@inner
def may_step_at_once(optimizer):
    """Return True if a batch that is one block may change the parameters without a gradient.

    That is where a gradient has no use but params -= rate gradient: it is neither written nor read,
    1.3 times as fast in batches of 8, 1.07 in those of 32.
    """
    hyperparameters = optimizer.hyperparameters
    is_descent = hyperparameters[RULE] == SGD and hyperparameters[WEIGHT_DECAY] == 0
    is_mere = optimizer.penalties.shape[0] == 0 and not needs_finish(optimizer)
    return is_descent and is_mere


def few_rows(params: Array) -> int:
    """Return how many rows at most are predicted one by one, for a block costs 2 us to begin.

    400-25-10, us of 2, 8 and 16 rows one by one and as a block: 3.5 and 4.8, 11.5 and 11.5, 22 and
    19 in float64; 100-256-128-10, 2 and 4 rows: 18 and 16, 35 and 26 (AMD EPYC, AVX2).
    """
    return FEW if params.size <= 1 << 14 else 1


@inner
def is_often_zero(layer):
    """Return True if zeros are looked for among the outputs of the layer."""
    return layer[ACTIVATION] in OFTEN_ZERO


@inner
def worthwhile_zeros(layer, a):
    """Return how many eighths of a row must be 0 for it to be copied, to look where they are.

    Of the digits, half of whose pixels are 0, a row of 400-25-10 takes 446 and 260 ns (float64 and
    float32) if they are left out, and 360 and 213 where it lies (Intel, AVX-512). What is saved
    grows with the width of the layer.
    """
    return 1 if layer[STRIDE] * a.itemsize > 8 * REGISTER_BYTES else 6


def look_ahead_rows(layer_table: Array, itemsize: int) -> int:
    """Return how many samples layer 0, not narrow, looks ahead: 1 or some tiles.

    It pays where W does not fit into the first-level cache. Times with, over those without, on the
    digits 0.95 and 0.92 (float64 and float32), on dense rows of 400-25-10 0.76 and 0.70, of
    100-256-10 0.61 and 0.63; of 100-32-10, which fits, 0.95. 6, 9 and 12 samples are level (AMD
    EPYC, AVX2). On an Intel server with AVX-512 0.81 and 1.04, 0.62 and 0.71 for the first two.
    """
    if not layer_table[0, TRAIN_WEIGHTS]:  # there are no steps to make good
        return 1
    n_bytes = (layer_table[0, BIASES] - layer_table[0, WEIGHTS]) * itemsize
    return n_tiles_of(8) * TILE_ROWS if n_bytes > FIRST_LEVEL else 1


def may_look_ahead_by(optimizer: Optimizer, rate: float) -> bool:
    """Return True if layer 0 may look ahead by this optimiser, at learning rates up to `rate`.

    Its rule must be linear and see no other layer, and its modes (`look_ahead`) be well apart, and
    not vanish within a round.
    """
    hyperparameters, penalties = optimizer.hyperparameters, optimizer.penalties
    rule, momentum = hyperparameters[RULE], hyperparameters[FACTOR]
    if rule not in (SGD, MOMENTUM, NESTEROV) or hyperparameters[DAMPENING] > 0:
        return False
    if needs_finish(optimizer) or (penalties[:, MAX_NORM] < np.inf).any():
        return False
    shrinkage = rate * (hyperparameters[WEIGHT_DECAY] + penalties[:1, L2].sum())
    if rule == SGD:
        return bool(shrinkage <= 0.1)
    return bool(0.9 <= momentum <= 0.99 and shrinkage <= (1 - momentum) ** 2 / 16)
