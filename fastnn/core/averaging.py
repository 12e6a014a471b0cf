"""The average of the parameters over the updates: one multiply-add for each after every update.

It is an array of float64, for float32 networks too, in which a small share of a difference would be
lost: DECAY, the share that it keeps at each update, or at least 1 where all count alike;
N_AVERAGED, the number of updates that count so far, or less than 0 before any does; and from VALUES
on, on the next cache line, the average, laid out as `params`.

An entry point that trains with an average is a second form of one that trains without: what a call
of `follow` with None takes to compile is next to nothing, and a branch in its place would take 2 %
of a first call.
"""

import numpy as np

from .jit import inner
from .layout import Array, aligned_zeros

DECAY, N_AVERAGED, VALUES = 0, 1, 8


def new_average(decay: float, n_averaged: int, params: Array) -> Array:
    """Return an average for the kernels, from what it is so far."""
    average = aligned_zeros(VALUES + params.size, np.dtype(np.float64))
    average[DECAY], average[N_AVERAGED], average[VALUES:] = decay, n_averaged, params
    return average


@inner
def follow(average, params):
    """Add to the average, if it is not None, a share of (params - average), after an update."""
    if average is None:
        return
    n_averaged = average[N_AVERAGED]
    if n_averaged < 0:
        return
    share = 1.0 - average[DECAY] if n_averaged > 0 else 1.0
    if share <= 0:
        share = 1.0 / (n_averaged + 1)
    for p in range(params.shape[0]):
        average[VALUES + p] += share * (params[p] - average[VALUES + p])
    average[N_AVERAGED] = n_averaged + 1
