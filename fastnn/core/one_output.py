"""A layer of one output: the outputs of a block's samples, side by side.

Sample by sample a register holds one number and padding, and each takes a call: 30-100-1 in float32
took 43 ns a sample for the activation, the loss and its derivative, and takes 7 (AMD EPYC). So they
are packed into the padding of the block's first row, where functions of vectors take them at once.
"""

from .activations import SOFTMAX, scale_by_derivative
from .inputs import weight_of
from .jit import inner
from .layout import ACTIVATION, N_OUT, UNITS
from .losses import CROSS_ENTROPY, FROM_Z, POISSON, error_of, term_of
from .pointers import is_address, is_table
from .simd.borrow import row_of
from .simd.vectors import lanes_of, load, splat, store, zeros

PACKED = 16  # from the output to them: the most lanes of a register. A word has room for a block's


@inner
def has_one_output(layer):
    """Return True if it has, of an activation that is a function of vectors."""
    code = layer[ACTIVATION]
    return layer[N_OUT] == 1 and not (is_table(code) or is_address(code) or code == SOFTMAX)


@inner
def has_one_term(net):
    """Return True if the network ends so, and its loss is one function of vectors likewise."""
    code, layer = net.loss, row_of(net.layer_table, net.layer_table.shape[0] - 1)
    is_sum = is_table(code) or is_address(code) or code in (POISSON, CROSS_ENTROPY)
    return has_one_output(layer) and not is_sum


@inner
def pack(z, unit, n_rows):
    """Pack a unit of all rows into the first one, and 0 into the rest of the last register."""
    place, one = unit + PACKED, zeros(z, 1)
    for j in range(place, place + n_rows, lanes_of(one)):
        store(z, j, one)
    for t in range(n_rows):
        z[0, place + t] = z[t, unit]


@inner
def _pack_targets(data, samples, packed, place):
    """Do the same with the targets; 1 is one for every loss."""
    n_rows, one = samples.shape[0], zeros(data.Y, 1)
    for j in range(place, place + n_rows, lanes_of(one)):
        store(packed, j, splat(1.0, one))
    for t in range(n_rows):
        packed[place + t] = data.Y[samples[t], 0]


@inner
def add_losses(net, data, samples, block, sums):
    """Add the losses, times the weights, to sums[0]; `z` and `a` are packed, `delta` is scratch."""
    z, a, terms = row_of(block.z, 0), row_of(block.a, 0), row_of(block.delta, 0)
    place, one, n_rows = net.layer_table[-1, UNITS] + PACKED, zeros(block.z, 1), samples.shape[0]
    _pack_targets(data, samples, terms, place)
    for j in range(place, place + n_rows, lanes_of(one)):
        y = load(terms, j, one)
        store(terms, j, term_of(net.loss, load(a, j, one) - y, load(z, j, one), y))
    for t in range(n_rows):
        weight = weight_of(data.weights, samples[t])
        sums[0] += weight * terms[place + t] if weight != 0 else weight


@inner
def find_deltas(net, data, samples, block):
    """Overwrite `delta` of the output with weight dLoss/dz; `z` and `a` are packed."""
    z, a, delta = row_of(block.z, 0), row_of(block.a, 0), row_of(block.delta, 0)
    unit, one, n_rows = net.layer_table[-1, UNITS], zeros(block.z, 1), samples.shape[0]
    place = unit + PACKED
    _pack_targets(data, samples, delta, place)
    for j in range(place, place + n_rows, lanes_of(one)):
        y = load(delta, j, one)
        store(delta, j, error_of(net.loss, load(a, j, one) - y, load(z, j, one), y))
    if net.loss not in FROM_Z:
        scale_by_derivative(net.layer_table[-1, ACTIVATION], z, a, delta, place, place + n_rows)
    for t in range(n_rows):
        block.delta[t, unit] = delta[place + t]
        if data.weights.shape[0] > 0:
            block.delta[t, unit] *= data.weights[samples[t]]
