"""The entry point that trains per sample by a linear rule, with layer 0 looking ahead."""

import numpy as np

from .dense_block import dense_step_forward_block
from .dispatch import may_skip_zeros
from .inputs import bring, enter_rows
from .jit import entry_as_one, inner
from .layout import BIASES, N_IN, STRIDE, TRAIN_BIAS
from .look_ahead import (
    BLOCKS_A_ROUND,
    add_steps,
    inner_product,
    join_modes,
    mix,
    modes_of,
    multiply_inputs,
    norm_of_W,
    norms_after_step,
    norms_of,
    scale_step,
)
from .metrics import add_metrics
from .optimizers import L2, N_UPDATES, Update, penalty_of
from .sample_pass import (
    change_layer_by,
    clear_padding,
    find_delta,
    forward_from,
    leave,
)
from .scratch import Block, Sample
from .simd.bitset import n_tiles_of
from .simd.borrow import row_of
from .updates import linear_of, step_of, step_of_weights


@entry_as_one
def train_samples_looking_ahead_by(net, data, samples, metrics, optimizer, scratch, sums):
    """Do what `train_samples_by` does, by a linear rule (`look_ahead`).

    Samples are dense and have no weights.

    The learning rate is that of an epoch: a round cannot change it, of which its modes are made.

    Samples are taken in rounds of `BLOCKS_A_ROUND` blocks of n_ahead, as in
    `train_samples_looking_ahead`, counted from the first of an epoch. `scratch` is `units`, shape
    (7, n_ahead, n_units): z and the steps of both modes, the activations of this block and of the
    last, and a sample; `bitsets`, of the shape that they have there; room for a gradient; and noise
    levels, which are empty.

    Returns
    -------
    position : int
        Where to go on.
    """
    params, penalties, order, (units, bitsets, grad, _) = (
        net.params, optimizer.penalties, samples.order, scratch
    )  # fmt: skip
    n_samples, n_ahead = order.shape[1], units.shape[1]
    n_tiles, skip_zeros = n_tiles_of(n_ahead), may_skip_zeros(params, samples.stop - samples.start)
    units[:] = 0
    bitsets[:] = 0
    V, U = params, row_of(optimizer.state, 0) if optimizer.state.shape[0] > 0 else params[:0]
    n_modes = 1 if U.shape[0] == 0 else 2
    layer_0, layer = row_of(net.layer_table, 0), net.layer_table[0].copy()
    layer[TRAIN_BIAS] = 0  # the passes over a mode leave biases alone
    none, kept, numbers = grad[:0], np.empty(layer[STRIDE], params.dtype), np.empty(0, np.int64)
    products = np.zeros((n_ahead, n_ahead), params.dtype)
    zs, steps = units[:2], units[2:4]  # of V and of U
    a, last_a, bits, last_bits = row_of(units, 4), row_of(units, 5), bitsets[0, 1:], bitsets[1, 1:]
    z, delta = row_of(row_of(units, 6), 0), row_of(row_of(units, 6), 1)
    bitset = row_of(row_of(bitsets, 0), 0)
    l2 = penalties[0, L2] if penalties.shape[0] > 0 else 0.0
    position = samples.start
    while position < samples.stop:
        epoch, place = position // n_samples, position % n_samples
        n_round = min(BLOCKS_A_ROUND * n_ahead, n_samples - place)
        chosen, row = row_of(order, epoch % order.shape[0])[place:], row_of(sums, epoch)
        update = Update(np.float64(samples.rates[epoch, 0]), 1.0, 1.0)
        step = step_of(optimizer, update)
        step_of_W = step_of_weights(optimizer, update, step, 0)
        modes = modes_of(linear_of(optimizer.hyperparameters, step_of_W))
        mix(layer, V, U, (1.0, modes.U_of_W), (modes.V_of_b, 1.0))
        norms = norms_of(layer, V, U) if l2 > 0 else (0.0, 0.0, 0.0)
        scales, of_grad = (1.0, 1.0), (modes.V_of_grad, modes.U_of_grad)
        steps[:] = 0
        for first in range(0, n_round + n_ahead, n_ahead):  # the last has the last steps alone
            n_rows = max(0, min(n_ahead, n_round - first))
            in_block = chosen[first : first + n_rows]
            enter_rows(data.X.values, in_block, layer[N_IN], skip_zeros, a, bits)
            for mode in range(n_modes):
                z_of, own = zs[mode], steps[mode]
                last_block = Block(z_of, last_a, last_a, own, last_bits, None, a, numbers, None)
                block = Block(z_of, a, a, own, bits, None, a, numbers, None)
                _step_forward(U if mode else V, layer, n_tiles, last_block, block, kept)
            multiply_inputs(layer, a, n_rows, products)
            for t in range(n_rows):
                if first + n_ahead + t < chosen.shape[0]:
                    bring(data, chosen[first + n_ahead + t])
                z_of_modes = row_of(row_of(zs, 0), t), row_of(row_of(zs, 1), t)
                for mode in range(n_modes):
                    add_steps(layer, products, row_of(steps, mode), t, z_of_modes[mode])
                factors = modes.W_of_V * scales[0], modes.W_of_U * scales[1]
                join_modes(layer, params, factors, z_of_modes, z)
                this = Sample(z, row_of(a, t), delta, bitset)
                leave(layer_0, skip_zeros, this)
                forward_from(params, net.layer_table, 1, skip_zeros, this)
                y = row_of(data.Y, in_block[t])
                add_metrics(net, metrics, this, y, 1.0, row)
                find_delta(net, y, params.dtype.type(1), this)
                if penalties.shape[0] > 0:
                    row[-1] += penalty_of(net, penalties, 1)
                if l2 > 0:
                    row[-1] += 0.5 * l2 * norm_of_W(modes, norms)
                    square = inner_product(this.a, this.a, 0, layer[N_IN])
                    norms = norms_after_step(layer, norms, modes, scales, z_of_modes, delta, square)
                optimizer.counters[N_UPDATES] += 1
                for k in range(net.layer_table.shape[0]):
                    clear_padding(row_of(net.layer_table, k), this.a)
                    change_layer_by(net, optimizer, update, step, k, k > 0, this, none)
                scales = scales[0] * modes.V_of_V, scales[1] * modes.U_of_U
                for mode in range(n_modes):
                    step_of_mode = row_of(row_of(steps, mode), t)
                    scale_step(layer, of_grad[mode] / scales[mode], delta, step_of_mode)
            steps[:, n_rows:] = 0
            a, last_a, bits, last_bits = last_a, a, last_bits, bits
        mix(
            layer, V, U,
            (scales[0] * modes.W_of_V, scales[0] * modes.b_of_V),
            (scales[1] * modes.W_of_U, scales[1] * modes.b_of_U),
        )  # fmt: skip
        position += n_round
    return position


@inner
def _step_forward(target, layer, n_tiles, last_block, block, kept):
    """Do the last block's steps of a mode and this one's pass, with zeros for its biases."""
    start = layer[BIASES]
    for j in range(layer[STRIDE]):
        kept[j], target[start + j] = target[start + j], 0
    dense_step_forward_block(target, layer, n_tiles, last_block, block)
    for j in range(layer[STRIDE]):
        target[start + j] = kept[j]
