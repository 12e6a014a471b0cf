"""Which variant of a pass is taken: the rules, each with the figures behind it.

The rules look at the network and at the number of samples, never at a clock: so what is computed is
the same on every machine.
"""

import numpy as np
from numba.extending import register_jitable

from ._jit import inner
from .activations import RELU
from .layout import ACTIVATION, N_IN, Array

FEW = 8  # samples


@inner
def may_skip_zeros(params, n_samples):
    """Tell whether units that are 0 may be left out: all weights are finite.

    For a few samples the look at the weights costs more than it saves.
    """
    if n_samples < FEW:
        return False
    finite = True
    for value in params:
        finite &= np.isfinite(value)
    return finite


@inner
def is_often_zero(layer):
    """Tell whether to look for zeros among the outputs of the layer: relu's are half of them."""
    return layer[ACTIVATION] == RELU


@register_jitable
def rows_ahead(layers: Array) -> int:
    """Return how many samples layer 0 looks ahead: 1 or a multiple of four."""
    if layers[0, N_IN] < 64:
        return 1
    return 4
