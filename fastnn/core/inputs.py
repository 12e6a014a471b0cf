"""The samples as kernels take them: a table, or the elements of a sparse one that are not zero.

Both are one type to the compiler, so a kernel serves both. The parts of `Samples` are read-only:

    dense     values (n_samples, n_in), starts and columns empty
    sparse    values (1, n_stored), starts (n_samples + 1,), columns (n_stored,): compressed rows,
              of which sample s is values[0, starts[s] : starts[s + 1]], no column twice
"""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .jit import inner
from .layout import CACHE_LINE, UNITS
from .simd.bitset import (
    TILE_ROWS,
    clear_tiles,
    clear_units,
    has_zeros,
    mark_tiles,
    mark_unit,
    mark_units,
    n_tiles_of,
)
from .simd.borrow import row_of
from .simd.vectors import prefetch


class Samples(NamedTuple):
    """Inputs, dense or sparse."""

    values: NDArray[Any]
    starts: NDArray[np.int64]
    columns: NDArray[np.int64]

    @classmethod
    def dense(cls, table: NDArray[Any]) -> Self:
        """Return the rows of a read-only, C-contiguous table."""
        return cls(table, NOTHING, NOTHING)

    def take(self, rows: NDArray[Any]) -> Self:
        """Return a copy of some of the rows."""
        if not self.is_sparse:
            parts = self.values[rows], self.starts, self.columns
        else:
            lengths = np.diff(self.starts)[rows]
            starts = np.concatenate([[0], np.cumsum(lengths)])
            places = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
            parts = self.values[:, places], starts, self.columns[places]
        for part in parts:
            part.flags.writeable = False
        return type(self)(*parts)

    @property
    def is_sparse(self) -> bool:
        """Whether the rows are compressed."""
        return self.starts.size > 0

    @property
    def n_samples(self) -> int:
        """The number of rows."""
        return self.starts.size - 1 if self.is_sparse else len(self.values)


NOTHING = np.empty(0, dtype=np.int64)
NOTHING.flags.writeable = False


class Data(NamedTuple):
    """Samples and their targets, shape (n_samples, n_out); `weights` has one for each, or none."""

    X: Samples
    Y: NDArray[Any]
    weights: NDArray[Any]


@inner
def bring(data, sample):
    """Have a dense sample and its target brought from memory, for it is trained before long.

    Of 40 000 rows of 400-25-10 in random order, per sample, that is a seventh of the time in
    float32 and a tenth in float64 (Intel, AVX-512).
    """
    if data.X.starts.shape[0] == 0:
        x = row_of(data.X.values, sample)
        for i in range(0, x.shape[0], CACHE_LINE // x.itemsize):
            prefetch(x, i)
        prefetch(row_of(data.Y, sample), 0)


@inner
def enter_samples(X, samples, n_in, skip_zeros, a, bitsets):
    """Put samples below layer 0, and zeros in what is left of the last of the tiles.

    Zeros are looked for if the first sample has some: a look at all of them is a tenth of a
    prediction. The samples take the place of those whose units `bitsets` marks, a row a tile.
    Nothing but those need be set to 0 where samples are sparse, so `a` and `bitsets` come from here
    or are 0.
    """
    values, starts, columns = X.values, X.starts, X.columns
    n_tiles = n_tiles_of(samples.shape[0])
    if starts.shape[0] == 0:
        enter_rows(values, samples, n_in, skip_zeros, a, bitsets)
    else:
        clear_tiles(n_in, n_tiles, a, bitsets)
        for t in range(samples.shape[0]):
            row, bitset, sample = row_of(a, t), row_of(bitsets, t // TILE_ROWS), samples[t]
            for p in range(starts[sample], starts[sample + 1]):
                row[columns[p]] = values[0, p]
                mark_unit(columns[p], bitset)
        if not skip_zeros:
            mark_tiles(a, 0, n_in, False, n_tiles, bitsets)


@inner
def enter_rows(values, samples, n_in, skip_zeros, a, bitsets):
    """Do it for samples that are rows of a table."""
    n_tiles = n_tiles_of(samples.shape[0])
    for t in range(samples.shape[0]):
        row, x = row_of(a, t), row_of(values, samples[t])
        for i in range(n_in):
            row[i] = x[i]
    for t in range(samples.shape[0], TILE_ROWS * n_tiles):
        a[t, :n_in] = 0
    skip_zeros = skip_zeros and has_zeros(row_of(a, 0), n_in, 1)
    mark_tiles(a, 0, n_in, skip_zeros, n_tiles, bitsets)


@inner
def enter_sample(X, sample, n_in, skip_zeros, a, bitset):
    """Put a sample below layer 0, in the place of the one whose units `bitset` marks."""
    values, starts, columns = X.values, X.starts, X.columns
    if starts.shape[0] == 0:
        x = row_of(values, sample)
        for i in range(n_in):
            a[i] = x[i]
        mark_units(a, 0, n_in, skip_zeros, bitset)
    else:
        clear_units(n_in, a, bitset)
        for p in range(starts[sample], starts[sample + 1]):
            a[columns[p]] = values[0, p]
            mark_unit(columns[p], bitset)
        if not skip_zeros:
            mark_units(a, 0, n_in, False, bitset)


@inner
def weight_of(weights, sample):
    """Return the weight of a sample: 1 where `weights` is empty."""
    return weights[sample] if weights.shape[0] > 0 else weights.dtype.type(1)


@inner
def is_finite(x):
    """Return True if a vector holds neither NaN nor infinity."""
    finite = True
    for i in range(x.shape[0]):
        finite &= abs(x[i]) < np.inf  # np.isfinite is not vectorised: four times as long
    return finite


@inner
def shows_finite(layer_table, z):
    """Return True if z of layer 0 shows that the input was finite.

    An input that is NaN or infinite makes every z so: it times any weight is, or is NaN. The other
    way round, finite inputs may overflow.
    """
    return abs(z[layer_table[0, UNITS]]) < np.inf  # np.isfinite of a sum is true under `reassoc`


@inner
def are_finite(X, samples, layer_table, z):
    """Return True if the samples, which have led to `z`, hold neither NaN nor infinity."""
    finite = True
    for t in range(samples.shape[0]):
        if not shows_finite(layer_table, row_of(z, t)) and X.starts.shape[0] == 0:
            finite &= is_finite(row_of(X.values, samples[t]))
    return finite
