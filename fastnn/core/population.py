"""Many parameter vectors of one architecture over the same rows, in one call.

Rows stand side by side in the lanes of registers: of an array of units, that of unit u and row t is
at u n + t, where n is the number of rows in whole registers. So a layer of few units fills all
lanes, and the rows are turned round once for all vectors. us a vector of 4-8-2, tanh, on 20 rows,
so and as a block for each: 0.36 and 2.2 in float64, 0.24 and 1.1 in float32. Of that its 144
multiply-adds of whole registers take 0.05, and its 24 tanh 0.12 in float64 (AMD EPYC, AVX-512).

Each output is summed in the order of `dense`, `dense_narrow` and `total`, so it has the bits that
every other prediction of the row has.
"""

from .activations import SOFTMAX, activate
from .api import require_shape
from .border import (
    FLOATS,
    INPUT_ROWS,
    NUMBERS,
    Expected,
    check_array,
    check_handle,
    checked_from_python,
    written,
)
from .handle import samples_of
from .jit import entry_in_place, inner, maker
from .layout import (
    ACTIVATION,
    BIASES,
    N_IN,
    N_OUT,
    STRIDE,
    UNITS,
    WEIGHTS,
    is_narrow,
    output_range,
    row_length,
    units_size,
)
from .pointers import is_address
from .sample_pass import forward
from .simd.arithmetic import multiply_add, rounded_sum
from .simd.bitset import WORD
from .simd.borrow import flat, row_of
from .simd.vectors import lanes_of, load, splat_at, store, zeros

_ROWS = 32  # at once, in whole registers: as many find room in the scratch of a handle


@entry_in_place
def _predict_population(handle, vectors, X, outputs):
    """Do it, for compiled code as well."""
    layer_table, n_networks, n_samples = handle.layer_table, vectors.shape[0], X.shape[0]
    n_params, n_out = handle.params.shape[0], layer_table[-1, N_OUT]
    require_shape("vectors, required and got:", n_networks, n_params, vectors.shape)
    require_shape("X, required and got:", n_samples, layer_table[0, N_IN], X.shape)
    _require_outputs(n_networks, n_samples, n_out, outputs.shape)
    sample, _, _ = samples_of(handle)
    if n_samples > 1:
        _predict_rows(vectors, layer_table, X, handle.block, sample, outputs)
    elif n_samples == 1:
        _predict_one_row(vectors, layer_table, row_of(X, 0), sample, outputs)


@checked_from_python(
    _predict_population,
    vectors=Expected(("n_networks", "n_params")),
    X=INPUT_ROWS,
    outputs=written(Expected(("n_networks", "n_samples", "n_out"))),
)
def predict_population(handle, vectors, X, outputs):
    """Overwrite `outputs` with what many networks, of the handle's layers, make of the samples `X`.

    A row of `vectors`, shape (n_networks, n_params), holds the parameters of a network, laid out as
    those of the handle, which take no part. `outputs` has the shape (n_networks, n_samples, n_out).
    All are C-contiguous; `vectors` have the network's dtype, `outputs` float64 or float32, and `X`
    one of these or integers. Called from Python, it refuses all else in a line.
    """
    check_handle(handle)
    n_params, dtypes = handle.params.size, {handle.params.dtype}
    n_in, n_out = handle.layer_table.item(0, N_IN), handle.layer_table.item(-1, N_OUT)
    check_array("vectors", vectors, ("n_networks", n_params), dtypes)
    check_array("X", X, ("n_samples", n_in), NUMBERS)
    check_array("outputs", outputs, (len(vectors), len(X), n_out), FLOATS, is_written=True)


@inner
def _predict_rows(vectors, layer_table, X, block, sample, outputs):
    """Do it for many samples; `block` and `sample` are scratch."""
    n_samples, n_out = outputs.shape[1], outputs.shape[2]
    units, inputs = flat(block), block.shape[1] * block.shape[2]
    lanes = lanes_of(zeros(units, 1))
    for start in range(0, n_samples, _ROWS):
        n_rows = min(_ROWS, n_samples - start)
        n = (n_rows + lanes - 1) // lanes * lanes
        for t in range(n_rows):
            x = row_of(X, start + t)
            for i in range(x.shape[0]):
                units[inputs + i * n + t] = x[i]
        for i in range(layer_table[0, N_IN]):
            units[inputs + i * n + n_rows : inputs + i * n + n] = 0
        for k in range(vectors.shape[0]):
            params, own = row_of(vectors, k), row_of(outputs, k)
            last = _forward(params, layer_table, units, inputs, n, n_rows, sample.z, sample.a)
            for t in range(n_rows):
                row = row_of(own, start + t)
                for j in range(n_out):
                    row[j] = units[last + j * n + t]


@inner
def _predict_one_row(vectors, layer_table, x, sample, outputs):
    """Do it for the single sample `x`, which would leave most lanes empty.

    A vector of 400-25-10 takes 1.8 us so, and else 4.2 (float64, AVX-512); of 4-8-2 0.14 and 0.16.
    """
    first, last = output_range(layer_table)
    for k in range(vectors.shape[0]):
        row = row_of(row_of(outputs, k), 0)
        forward(row_of(vectors, k), layer_table, x, False, sample)
        for j in range(first, last):
            row[j - first] = sample.a[j]


@inner
def _forward(params, layer_table, units, inputs, n, n_rows, z, a):
    """Return where the outputs of all rows are in `units`; `inputs` is where x is.

    The units of layers 0, 2 ... begin where `units` does, those of layers 1, 3 ... after the
    inputs. No layer is wider than all units but a word of inputs: that word is left for sums. z and
    a are scratch for a row.
    """
    places = 0, inputs + layer_table[0, N_IN] * n
    sums, below = (units_size(layer_table) - WORD) * n, inputs
    for k in range(layer_table.shape[0]):
        layer, above = row_of(layer_table, k), places[k % 2]
        one, two, column = zeros(units, 1), zeros(units, 2), 0
        while n - column >= lanes_of(two):
            _forward_rows(params, layer, units, below + column, above + column, sums, n, two)
            column += lanes_of(two)
        if n > column:
            _forward_rows(params, layer, units, below + column, above + column, sums, n, one)
        if layer[ACTIVATION] == SOFTMAX or is_address(layer[ACTIVATION]):
            _activate_each(layer, units, above, n, n_rows, z, a)
        else:
            activate(layer[ACTIVATION], units, units, above, above + layer[N_OUT] * n, 1, 1)
        below = above
    return below


@inner
def _activate_each(layer, units, above, n, n_rows, z, a):
    """Apply an activation of a whole row, or one of the user's, which may fail for a row alone."""
    start, stop = layer[UNITS], layer[UNITS] + layer[N_OUT]
    for t in range(n_rows):
        for j in range(start, stop):
            z[j] = units[above + (j - start) * n + t]
        activate(layer[ACTIVATION], z, a, start, stop, 1, 1)
        for j in range(start, stop):
            units[above + (j - start) * n + t] = a[j]


@inner
def _forward_rows(params, layer, units, below, above, sums, n, like):
    """Overwrite z of as many rows as `like` has lanes."""
    if is_narrow(layer):
        for j in range(layer[N_OUT]):
            _forward_narrow(params, layer, j, units, below, above + j * n, sums, n, like)
    else:
        for j in range(0, layer[N_OUT], 4):  # rows of W and b are padded to four at least
            _forward_four(params, layer, j, units, below, above + j * n, n, like)


@inner
def _forward_four(params, layer, j, units, below, above, n, like):
    """Do it for the four outputs from `j` on, of a layer that is not narrow."""
    bias, weights = layer[BIASES] + j, layer[WEIGHTS] + j
    z0, z1 = splat_at(params, bias, like), splat_at(params, bias + 1, like)
    z2, z3 = splat_at(params, bias + 2, like), splat_at(params, bias + 3, like)
    for i in range(layer[N_IN]):
        x, w = load(units, below + i * n, like), weights + i * layer[STRIDE]
        z0 = multiply_add(x, splat_at(params, w, like), z0)
        z1 = multiply_add(x, splat_at(params, w + 1, like), z1)
        z2 = multiply_add(x, splat_at(params, w + 2, like), z2)
        z3 = multiply_add(x, splat_at(params, w + 3, like), z3)
    store(units, above, z0)
    store(units, above + n, z1)
    store(units, above + 2 * n, z2)
    store(units, above + 3 * n, z3)


@inner
def _forward_narrow(params, layer, j, units, below, above, sums, n, like):
    """Do it for output `j` of a narrow layer.

    `narrow_forward` has a sum in each lane of two registers, and `total` adds half of them to half.
    Here each is a vector: four, a quarter apart, are added at once, the results of that at `sums`.
    Sums beyond the inputs, which are 0, are left out.
    """
    n_in, weights, width = layer[N_IN], layer[WEIGHTS] + j * row_length(layer), lanes_of(like)
    step = lanes_of(zeros(units, 2))
    quarter = step // 4
    n_left, half = min(quarter, n_in), quarter // 2
    for i in range(n_left):
        sum0 = _sum_of_lane(params, weights, i, n_in, step, units, below, n, like)
        if i + quarter < n_in:
            sum1 = _sum_of_lane(params, weights, i + quarter, n_in, step, units, below, n, like)
            if i + 2 * quarter < n_in:
                k = i + 2 * quarter
                sum2 = _sum_of_lane(params, weights, k, n_in, step, units, below, n, like)
                sum0 = rounded_sum(sum0, sum2)
            if i + 3 * quarter < n_in:
                k = i + 3 * quarter
                sum3 = _sum_of_lane(params, weights, k, n_in, step, units, below, n, like)
                sum1 = rounded_sum(sum1, sum3)
            sum0 = rounded_sum(sum0, sum1)
        store(units, sums + i * width, sum0)
    while half > 0:
        for i in range(n_left - half):
            place = sums + i * width
            more = load(units, place + half * width, like)
            store(units, place, rounded_sum(load(units, place, like), more))
        n_left, half = min(n_left, half), half // 2
    bias = splat_at(params, layer[BIASES] + j, like)
    store(units, above, rounded_sum(bias, load(units, sums, like)))


@inner
def _sum_of_lane(params, weights, first, n_in, step, units, below, n, like):
    """Return the sum of weights times inputs from `first` on, each a step further."""
    total = like
    for i in range(first, n_in, step):
        x = load(units, below + i * n, like)
        total = multiply_add(x, splat_at(params, weights + i, like), total)
    return total


@maker
def _require_outputs(n_networks, n_samples, n_out, shape):
    """Raise a ValueError unless this is the shape of the outputs."""
    if shape[0] != n_networks or shape[1] != n_samples or shape[2] != n_out:
        raise ValueError(
            "the shape of", "outputs, required and got:", n_networks, n_samples, n_out,
            shape[0], shape[1], shape[2],
        )  # fmt: skip
