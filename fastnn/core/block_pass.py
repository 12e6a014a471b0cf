"""A block of samples through a whole network, and the sum of their gradients.

What is drawn depends on the key of the `Noise` and on the number of the sample (`counter_rng`).
Where nothing is drawn `noise` is None, and nothing of it is compiled: a seventh of the time of the
first prediction.
"""

from .activations import activate, scale_by_derivative
from .counter_rng import add_noise, drop_units
from .dense_block import (
    dense_add_gradient_block,
    dense_error_below_block,
    dense_forward_block,
)
from .dispatch import is_often_zero, worthwhile_zeros
from .inputs import enter_samples, weight_of
from .jit import inlined, inner
from .layout import ACTIVATION, BELOW, N_IN, N_OUT, PASS_BACK, UNITS, is_narrow, output_range
from .losses import output_delta
from .metrics import add_metrics, sample_metric
from .one_output import (
    PACKED,
    add_losses,
    find_deltas,
    has_one_output,
    has_one_term,
    pack,
)
from .sample_pass import scale_units
from .scratch import Block, sample_of
from .simd.bitset import TILE_ROWS, has_zeros, mark_rows, mark_tiles, n_tiles_of
from .simd.borrow import flat, row_of, rows_like
from .simd.vectors import splat_at, store, zeros


@inner
def forward_block(net, X, samples, skip_zeros, block):
    """Overwrite `z`, `a`, `h` and `bitsets` of the block for the inputs X[samples]."""
    enter_samples(X, samples, net.layer_table[0, N_IN], skip_zeros, block.h, block.bitsets)
    _forward_layers(net, samples.shape[0], skip_zeros, None, block, (block.h, None))


@inner
def forward_chosen(net, X, samples, skip_zeros, noise, block, inputs, is_copied):
    """Do `forward_block`, or without a copy leave the inputs in `X`, where there is no noise.

    `inputs` are what layer 0 takes in the place of the block's `h` and `starts`. Without a copy
    they are the rows of `X`, and where those of these samples begin is written down; where one is
    missing that of the last one. So 400-25-10 takes 0.93 of the time on the digits in batches of 32
    and 200, and 0.9 on dense rows (Intel, AVX-512; 0.95 with AVX2).
    """
    n_rows, n_in = samples.shape[0], net.layer_table[0, N_IN]
    n_tiles = n_tiles_of(n_rows)
    if is_copied:
        enter_samples(X, samples, n_in, skip_zeros, block.h, block.bitsets)
        _add_noise_to_inputs(noise, n_rows, n_in, block)
    else:
        for t in range(TILE_ROWS * n_tiles):
            inputs[1][t] = samples[min(t, n_rows - 1)] * n_in
        has_some = skip_zeros and has_zeros(row_of(X.values, samples[0]), n_in, 1)
        mark_rows(flat(inputs[0]), inputs[1], n_in, has_some, n_tiles, block.bitsets)
    _forward_layers(net, n_rows, skip_zeros, noise, block, inputs)


@inner
def forward_rows(net, X, samples, skip_zeros, block):
    """Overwrite `z`, and `a` above the inputs, for rows of `X` that follow each other.

    Whole tiles of dense rows with few zeros are multiplied where they lie: of 400 float32 inputs
    the copy was a sixth of a prediction (400-25-10, AMD EPYC, AVX-512). The rows of a narrow layer
    are read beyond their end.
    """
    layer, n_rows, inputs = row_of(net.layer_table, 0), samples.shape[0], block.h
    is_whole = n_rows % TILE_ROWS == 0 and X.starts.shape[0] == 0 and not is_narrow(layer)
    n_in, eighths = layer[N_IN], worthwhile_zeros(layer, inputs)
    if is_whole and not (skip_zeros and has_zeros(row_of(X.values, samples[0]), n_in, eighths)):
        inputs = rows_like(X.values, samples[0], n_rows, inputs)
        mark_tiles(inputs, 0, n_in, False, n_tiles_of(n_rows), block.bitsets)
    else:
        enter_samples(X, samples, n_in, skip_zeros, inputs, block.bitsets)
    _forward_layers(net, n_rows, skip_zeros, None, block, (inputs, None))


@inlined
def _forward_layers(net, n_rows, skip_zeros, noise, block, inputs):
    """Take a block forward whose `inputs`, in the place of its `h` and `starts`, are marked."""
    layer_table, z, a, h = net.layer_table, block.z, block.a, block.h
    n_tiles = n_tiles_of(n_rows)
    for k in range(layer_table.shape[0]):
        layer = row_of(layer_table, k)
        start, n_out = layer[UNITS], layer[N_OUT]
        taken = Block(
            z, a, inputs[0] if k == 0 else h, block.delta, block.bitsets, block.numbers,
            block.next_inputs, block.next_starts, inputs[1] if k == 0 else block.starts,
        )  # fmt: skip
        dense_forward_block(net.params, layer, n_tiles, taken)
        n_runs, first, last = n_rows, start, start + n_out
        if has_one_output(layer):
            n_runs, first, last = 1, start + PACKED, start + PACKED + n_rows
            pack(z, start, n_rows)
        # One call in the source: all activations are compiled into it.
        activate(layer[ACTIVATION], flat(z), flat(a), first, last, n_runs, z.shape[1])
        if has_one_output(layer):
            one = zeros(a, 1)
            for t in range(n_rows):  # the padding too, which must be finite
                store(a, t * a.shape[1] + start, splat_at(a, first + t, one))
        for t in range(n_rows, TILE_ROWS * n_tiles):
            a[t, start : start + n_out] = 0
        if k + 1 < layer_table.shape[0]:
            may_be_zero = is_often_zero(layer)
            if noise is not None:
                may_be_zero |= _drop_out(noise, k, layer, n_tiles, block)
            mark_tiles(h, start, n_out, skip_zeros and may_be_zero, n_tiles, block.bitsets)


@inner
def _add_noise_to_inputs(noise, n_rows, n_in, block):
    """Add the noise on the inputs, if any, to those of the block."""
    if noise.levels.shape[0] > 0 and noise.levels[0] > 0:
        for t in range(n_rows):
            number = noise.first_number + t
            add_noise(noise.key, number, noise.levels[0], n_in, row_of(block.h, t))
        mark_tiles(block.h, 0, n_in, False, n_tiles_of(n_rows), block.bitsets)


@inner
def _drop_out(noise, k, layer, n_tiles, block):
    """Overwrite `h` of layer `k`, if there is noise, and return whether units may be dropped."""
    if noise.levels.shape[0] == 0:
        return False
    rate, start, n_out = noise.levels[k + 1], layer[UNITS], layer[N_OUT]
    for t in range(TILE_ROWS * n_tiles):
        number, a, h = noise.first_number + t, row_of(block.a, t), row_of(block.h, t)
        drop_units(noise.key, number, k, rate, start, n_out, a, h)
    return rate > 0


@inner
def backward_block(net, data, samples, noise, block):
    """Overwrite `delta` of the block with weight dLoss/dz, for the targets.

    It ends at the first layer that is trained.
    """
    layer_table, delta, n_rows = net.layer_table, block.delta, samples.shape[0]
    first, last = output_range(layer_table)
    code = layer_table[-1, ACTIVATION]
    if has_one_term(net):
        find_deltas(net, data, samples, block)
    for t in range(0 if has_one_term(net) else n_rows):
        y, row = row_of(data.Y, samples[t]), row_of(delta, t)
        output_delta(net.loss, code, row_of(block.z, t), row_of(block.a, t), first, last, y, row)
        if data.weights.shape[0] > 0:
            scale_units(weight_of(data.weights, samples[t]), first, last, row)
    for t in range(n_rows, TILE_ROWS * n_tiles_of(n_rows)):
        delta[t, :] = 0
    for k in range(layer_table.shape[0] - 1, 0, -1):
        if not layer_table[k, PASS_BACK]:
            break
        backward_layer_block(net, k, n_rows, block)
        if noise is not None and noise.levels.shape[0] > 0:
            start, n_out, rate = layer_table[k, BELOW], layer_table[k, N_IN], noise.levels[k]
            for t in range(n_rows):
                row, number = row_of(delta, t), noise.first_number + t
                drop_units(noise.key, number, k - 1, rate, start, n_out, row, row)
    for t in range(n_rows if data.weights.shape[0] > 0 else 0):
        if weight_of(data.weights, samples[t]) == 0:  # empty it, as `find_delta` does
            block.h[t, :] = 0
            delta[t, :] = 0


@inner
def backward_layer_block(net, k, n_rows, block):
    """Overwrite `delta` below layer `k`, not 0, with dLoss/dz, from that of its own units."""
    layer, code = row_of(net.layer_table, k), net.layer_table[k - 1, ACTIVATION]
    start, stop = layer[BELOW], layer[BELOW] + layer[N_IN]
    dense_error_below_block(net.params, layer, n_tiles_of(n_rows), block)
    for t in range(n_rows):
        z, a, delta = row_of(block.z, t), row_of(block.a, t), row_of(block.delta, t)
        scale_by_derivative(code, z, a, delta, start, stop)


@inner
def pull_back_to_inputs(net, n_rows, block):
    """Overwrite `delta` below the output units, which hold dL/dz: of the inputs it is dL/dx."""
    for k in range(net.layer_table.shape[0] - 1, 0, -1):
        backward_layer_block(net, k, n_rows, block)
    dense_error_below_block(net.params, row_of(net.layer_table, 0), n_tiles_of(n_rows), block)


@inner
def add_metrics_of_block(net, metrics, data, samples, block, sums):
    """Add the loss and the metrics of the block, times the weights, to `sums`, in place."""
    first, last = output_range(net.layer_table)
    if has_one_term(net):
        add_losses(net, data, samples, block, sums)
    for t in range(samples.shape[0]):
        y, weight = row_of(data.Y, samples[t]), weight_of(data.weights, samples[t])
        if not has_one_term(net):
            add_metrics(net, metrics, sample_of(block, t), y, weight, sums)
            continue
        for m in range(metrics.shape[0] if weight != 0 else 0):
            value = sample_metric(metrics[m], row_of(block.a, t), first, last, y)
            sums[1 + m] += weight * value


@inner
def add_gradient_of_block(target, layer_table, n_rows, block, inputs, rate):
    """Add dLoss/dparams to `target`, in place: sample by sample, or at a rate that is not 0.

    Then it is the sum over the block, times the rate, that is added. `inputs` are what layer 0 took
    in the place of the block's `h` and `starts`.
    """
    for k in range(layer_table.shape[0]):
        taken = Block(
            block.z, block.a, inputs[0] if k == 0 else block.h, block.delta, block.bitsets,
            block.numbers, block.next_inputs, block.next_starts,
            inputs[1] if k == 0 else block.starts,
        )  # fmt: skip
        dense_add_gradient_block(target, row_of(layer_table, k), n_rows, taken, rate)
