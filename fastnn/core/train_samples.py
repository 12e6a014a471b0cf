"""Entry points that train per sample, over a slice of the samples of some epochs.

Where the cuts between slices are does not change a bit of the result. `sums`, shape (n_epochs, 1 +
n_metrics), is accumulated into: the loss and the metrics of each sample before its update, times
its weight. The padding of all scratch is zero.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .averaging import follow
from .counter_rng import Noise
from .dense_block import dense_step_forward_block
from .dispatch import may_skip_zeros
from .inputs import bring, enter_rows, enter_sample, is_finite, weight_of
from .jit import entry_as_one_in_place, inner, renamed
from .layout import N_IN, Net, output_range
from .look_ahead import add_steps, multiply_inputs
from .losses import is_target, sample_loss
from .metrics import add_metrics
from .optimizers import KEY, N_SEEN, Optimizer
from .sample_pass import (
    add_step,
    change_params_by,
    enter,
    find_delta,
    find_delta_with_noise,
    forward_from,
    forward_with_noise,
    is_moderate,
    leave,
    step_forward,
)
from .scratch import Block, Sample, sample_of
from .simd.bitset import WORD, n_tiles_of
from .simd.borrow import row_of
from .train_batches import begin_update, rate_of


class Slice(NamedTuple):
    """Some of the samples of the epochs of a call.

    They are numbered through the epochs: position p is sample order[p // n_samples, p % n_samples].

    Attributes
    ----------
    order : ndarray of int64, shape (n_epochs or 1, n_samples)
        A row of sample numbers for each epoch, or one that serves every epoch.
    rates : ndarray, shape (n_epochs, 1 or n_updates)
        The learning rate of each epoch, or of each of its updates.
    start, stop : int
        A call goes from position `start` to the end of the block that reaches `stop`, and returns
        where that is: so Python has control again before long.
    """

    order: NDArray[np.int64]
    rates: NDArray[Any]
    start: int
    stop: int


@inner
def new_samples(units, bitsets):
    """Return two samples in the scratch of a call: this one, and the last. No step is pending.

    `units`, shape (4, n_units), holds z and delta of both, and the activations of each; `bitsets`,
    shape (2, n_units / WORD), those of each.
    """
    z, step = row_of(units, 0), row_of(units, 1)
    step[:] = 0
    bitsets[:] = 0
    return (
        Sample(z, row_of(units, 2), step, row_of(bitsets, 0)),
        Sample(z, row_of(units, 3), step, row_of(bitsets, 1)),
    )


@entry_as_one_in_place
def train_samples(net, data, samples, metrics, units, bitsets, sums):
    """Step down the gradient of each sample of a `Slice` in turn: `params` is updated in place.

        params -= rate weight dLoss(sample)/dparams

    A step is done in the next sample's pass over the weights. For `units` and `bitsets` see
    `new_samples`.

    Returns
    -------
    position : int
        Where to go on: `stop`.
    """
    params, layer_table, order = net.params, net.layer_table, samples.order
    n_samples, n_in = order.shape[1], layer_table[0, N_IN]
    skip_zeros = may_skip_zeros(params, samples.stop - samples.start)
    units[2:] = 0
    this, last = new_samples(units, bitsets)
    for position in range(samples.start, samples.stop):
        epoch = position // n_samples
        place = position % n_samples
        numbers = row_of(order, epoch % order.shape[0])
        number = numbers[place]
        if place + 1 < n_samples:
            bring(data, numbers[place + 1])
        enter_sample(data.X, number, n_in, skip_zeros, this.a, this.bitset)
        step_forward(params, layer_table, 0, last, skip_zeros, this)
        y, weight = row_of(data.Y, number), weight_of(data.weights, number)
        add_metrics(net, metrics, this, y, weight, row_of(sums, epoch))
        find_delta(net, y, -rate_of(samples.rates, epoch, place) * weight, this)
        this, last = last, this
    this.bitset[:] = 0  # the last step, and the forward pass of no input
    step_forward(params, layer_table, 0, last, skip_zeros, this)
    return samples.stop


def train_samples_by(net, data, samples, metrics, optimizer, scratch, sums):
    """Change the parameters by an optimiser for each sample of a `Slice` in turn, in place.

    It is `train_batches` for batches of one sample. `scratch` is `units` and `bitsets`, as in
    `new_samples`, room for a gradient, the noise levels (`counter_rng.Noise`), and an
    average (`averaging`) or None.

    Returns
    -------
    position : int
        Where to go on: `stop`.
    """
    params, counters, order, (units, bitsets, grad, levels, average) = (
        net.params, optimizer.counters, samples.order, scratch
    )  # fmt: skip
    n_samples, n_in = order.shape[1], net.layer_table[0, N_IN]
    skip_zeros = may_skip_zeros(params, samples.stop - samples.start)
    units[2:] = 0
    this, other = new_samples(units, bitsets)
    for position in range(samples.start, samples.stop):
        epoch = position // n_samples
        place = position % n_samples
        numbers = row_of(order, epoch % order.shape[0])
        number = numbers[place]
        if place + 1 < n_samples:
            bring(data, numbers[place + 1])
        enter_sample(data.X, number, n_in, skip_zeros, this.a, this.bitset)
        noise = Noise(levels, counters[KEY], counters[N_SEEN] + position)
        y, weight, row = (
            row_of(data.Y, number),
            weight_of(data.weights, number),
            row_of(sums, epoch),
        )
        made = _find_delta_by(net, noise, skip_zeros, y, weight, other.a, this)
        add_metrics(net, metrics, made, y, weight, row)
        if weight > 0:
            rate = rate_of(samples.rates, epoch, place)
            update, penalty = begin_update(net, optimizer, rate, np.float64(weight))
            change_params_by(net, optimizer, update, this, grad)
            follow(average, params)
            row[-1] += penalty
    return samples.stop


train_samples_by_averaging = entry_as_one_in_place(
    renamed(train_samples_by, "train_samples_by_averaging")
)
train_samples_by = entry_as_one_in_place(train_samples_by)


@inner
def _find_delta_by(net, noise, skip_zeros, y, weight, a, this):
    """Take a sample whose inputs are entered forward and back; return it with what layers make.

    That is `this` itself, but for noise, which stands between `a` and what the next layer takes.
    """
    if noise.levels.shape[0] == 0:
        forward_from(net.params, net.layer_table, 0, skip_zeros, this)
        find_delta(net, y, weight, this)
        return this
    made = Sample(this.z, a, this.delta, this.bitset)
    forward_with_noise(net, noise, skip_zeros, a, this)
    find_delta_with_noise(net, noise, y, weight, made)
    return made


@entry_as_one_in_place
def train_row(params, layer_table, loss, x, y, rate, counters, units):
    """Do what `train_samples` does for one sample, `x` of shape (n_in,) and `y` of shape (n_out,).

    Where the sample or its loss is not finite, the step may overflow, or `y` is no target of the
    loss, nothing is changed. In `counters` (`optimizers`) the sample is counted. `units`, shape
    (5, n_units), are scratch. A tuple of arrays among the arguments would take 1 us.

    Returns
    -------
    loss : float
        Before the step; NaN where nothing was changed.
    """
    net = Net(params, layer_table, loss)
    this, nothing = _samples_in(units)
    if not (is_finite(x) and is_finite(y) and is_target(loss, y)):
        return np.nan
    enter(x, False, this)
    step_forward(params, layer_table, 0, nothing, False, this)
    first, last = output_range(layer_table)
    value = np.float64(sample_loss(loss, this.z, this.a, first, last, y))
    find_delta(net, y, -rate, this)
    # np.isfinite is value - value, which `reassoc` makes 0 of a sum
    if not (abs(value) < np.inf and is_moderate(this, 1.0)):
        return np.nan
    add_step(params, layer_table, this, nothing)
    counters[N_SEEN] += 1
    return value


@entry_as_one_in_place
def train_row_by(
    params, layer_table, loss, x, y, rate, counters, units,
    hyperparameters, penalties, state, levels, grad,
):  # fmt: skip
    """Do what `train_samples_by` does for one sample; otherwise it is as `train_row`."""
    net = Net(params, layer_table, loss)
    optimizer = Optimizer(hyperparameters, penalties, state, counters)
    this, other = _samples_in(units)
    if not (is_finite(x) and is_finite(y) and is_target(loss, y)):
        return np.nan
    enter(x, False, this)
    noise, weight = Noise(levels, counters[KEY], counters[N_SEEN]), params.dtype.type(1)
    made = _find_delta_by(net, noise, False, y, weight, other.a, this)
    first, last = output_range(layer_table)
    value = np.float64(sample_loss(loss, made.z, made.a, first, last, y))
    if not (abs(value) < np.inf and is_moderate(this, rate)):
        return np.nan
    update, _ = begin_update(net, optimizer, rate, 1.0)
    change_params_by(net, optimizer, update, this, grad)
    counters[N_SEEN] += 1
    return value


@inner
def _samples_in(units):
    """Return `new_samples` in the five rows of `units`."""
    n_words = units.shape[1] // WORD
    bits = row_of(units, 4).view(np.uint64)
    return new_samples(units[:4], bits[: 2 * n_words].reshape(2, n_words))


@entry_as_one_in_place
def train_samples_looking_ahead(net, data, samples, metrics, units, bitsets, sums):
    """Do what `train_samples` does, with layer 0 looking ahead (`look_ahead`), of dense samples.

    Samples are taken in blocks of n_ahead, a multiple of `TILE_ROWS`, counted from the first of an
    epoch. `units`, shape (5, n_ahead, n_units), holds z, the steps, the activations of this block
    and of the last, and products of inputs; `bitsets`, shape (2, 1 + n_ahead / TILE_ROWS, n_units /
    WORD), first the units of this sample and of the last that take part, then the inputs of both
    blocks, by tiles.

    Returns
    -------
    position : int
        Where to go on.
    """
    params, layer_table, order = net.params, net.layer_table, samples.order
    n_samples, n_in, n_ahead = order.shape[1], layer_table[0, N_IN], units.shape[1]
    n_tiles, skip_zeros = n_tiles_of(n_ahead), may_skip_zeros(params, samples.stop - samples.start)
    units[1:] = 0
    bitsets[:] = 0
    z, steps = row_of(units, 0), row_of(units, 1)
    products, none = row_of(units, 4), row_of(order, 0)[:0]
    a, last_a = row_of(units, 2), row_of(units, 3)
    block = Block(z, a, a, steps, bitsets[0, 1:], None, z, none, None)
    last_block = Block(z, last_a, last_a, steps, bitsets[1, 1:], None, z, none, None)
    bitset, last_bitset = row_of(row_of(bitsets, 0), 0), row_of(row_of(bitsets, 1), 0)
    layer_0, last = row_of(layer_table, 0), _with_bitset(sample_of(last_block, 0), last_bitset)
    position = samples.start
    while position < samples.stop:
        epoch, place = position // n_samples, position % n_samples
        n_rows = min(n_ahead, n_samples - place)
        numbers = row_of(order, epoch % order.shape[0])
        chosen = numbers[place : place + n_rows]
        enter_rows(data.X.values, chosen, n_in, skip_zeros, block.a, block.bitsets)
        dense_step_forward_block(params, layer_0, n_tiles, last_block, block)
        multiply_inputs(layer_0, block.a, n_rows, products)
        for t in range(n_rows):
            if place + n_ahead + t < n_samples:
                bring(data, numbers[place + n_ahead + t])
            this = _with_bitset(sample_of(block, t), bitset)
            add_steps(layer_0, products, steps, t, this.z)
            leave(layer_0, skip_zeros, this)
            step_forward(params, layer_table, 1, last, skip_zeros, this)
            y, weight = row_of(data.Y, chosen[t]), weight_of(data.weights, chosen[t])
            add_metrics(net, metrics, this, y, weight, row_of(sums, epoch))
            find_delta(net, y, -rate_of(samples.rates, epoch, place + t) * weight, this)
            last = this
            bitset, last_bitset = last_bitset, bitset
        steps[n_rows:] = 0
        block, last_block = last_block, block
        position += n_rows
    block.bitsets[:] = 0  # the last steps, and the forward pass of no input
    dense_step_forward_block(params, layer_0, n_tiles, last_block, block)
    bitset[:] = 0
    step_forward(
        params, layer_table, 1, last, skip_zeros, _with_bitset(sample_of(block, 0), bitset)
    )
    return position


@inner
def _with_bitset(sample, bitset):
    """Return the sample with a bitset of its own."""
    return Sample(sample.z, sample.a, sample.delta, bitset)
