"""A dense layer, three samples at a time: what `dense` does, at a third of its traffic.

The arrays of units, `a`, `z` and `delta`, hold whole triples: `n_units` elements a sample, one
sample after the other. Of each, a layer reads or writes the parts that are its own or those of the
layer below. `words` has `n_units / WORD` words a triple: the units that take part in any of its
samples. The caller zeroes what stands in the place of samples that are missing in the last triple.

The weights are taken in tiles of a word of inputs by four registers of outputs, and all triples go
through a tile while it is in the cache. Of a tile, three samples' sums (or deltas) stay in
registers: twelve, with the three inputs and one of weights all sixteen that there are. That is why
the four are written one after the other: at once, they do not fit. What is left of the outputs is
two registers wide.
"""

from .jit import inner
from .layout import BELOW, BIASES, N_IN, STRIDE, TRAIN_BIAS, UNITS, WEIGHTS
from .simd.arithmetic import multiply_add
from .simd.bitset import TRIPLE, WORD, lowest, without_lowest
from .simd.vectors import lanes_of, load, splat_at, store, totals, up_to, zeros


@inner
def dense_forward_triples(params, layer, a, words, n_triples, n_units, z):
    """Overwrite the layer's units of `z` with x W + b."""
    _start_from_biases(params, layer, n_triples, n_units, z)
    stride, four = layer[STRIDE], lanes_of(zeros(params, 4))
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, stride - four + 1, four):
            _forward_tile(params, layer, first, column, a, words, n_triples, n_units, z)
        if stride % four:
            _forward_rest(params, layer, first, a, words, n_triples, n_units, z)


@inner
def dense_error_below_triples(params, layer, delta, n_triples, n_units, error):
    """Overwrite the units below of `error` with delta W^T: their dLoss/da."""
    n_in, stride = layer[N_IN], layer[STRIDE]
    one = zeros(params, 1)
    for i in range(0, n_in, 4):  # four rows of W, the last one again where there are no more
        row0 = layer[WEIGHTS] + i * stride
        row1 = layer[WEIGHTS] + min(i + 1, n_in - 1) * stride
        row2 = layer[WEIGHTS] + min(i + 2, n_in - 1) * stride
        row3 = layer[WEIGHTS] + min(i + 3, n_in - 1) * stride
        for triple in range(n_triples):
            d = TRIPLE * triple * n_units + layer[UNITS]
            sums0 = sums1 = sums2 = sums3 = (one, one, one)
            for column in range(0, stride, lanes_of(one)):
                deltas = _load_three(delta, d + column, n_units, one)
                sums0 = _add_products(deltas, load(params, row0 + column, one), sums0)
                sums1 = _add_products(deltas, load(params, row1 + column, one), sums1)
                sums2 = _add_products(deltas, load(params, row2 + column, one), sums2)
                sums3 = _add_products(deltas, load(params, row3 + column, one), sums3)
            errors = (
                up_to(n_in - i, totals(sums0[0], sums1[0], sums2[0], sums3[0])),
                up_to(n_in - i, totals(sums0[1], sums1[1], sums2[1], sums3[1])),
                up_to(n_in - i, totals(sums0[2], sums1[2], sums2[2], sums3[2])),
            )
            _store_three(error, TRIPLE * triple * n_units + layer[BELOW] + i, n_units, errors)


@inner
def dense_add_gradient_triples(target, layer, a, words, n_triples, n_units, delta):
    """Add the sum of x^T delta to the weights in `target` and of delta to its biases, in place."""
    _add_to_biases(target, layer, n_triples, n_units, delta)
    stride, four = layer[STRIDE], lanes_of(zeros(target, 4))
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, stride - four + 1, four):
            _add_tile(target, layer, first, column, a, words, n_triples, n_units, delta)
        if stride % four:
            _add_rest(target, layer, first, a, words, n_triples, n_units, delta)


@inner
def dense_step_forward_triples(
    params, layer, last_a, last_words, steps, a, words, n_triples, n_units, z
):
    """Do the steps of the last triples and the forward pass of these, in one pass over the weights.

    W += sum of last_x^T step, b += sum of steps, and then z = x W + b.
    """
    _add_to_biases(params, layer, n_triples, n_units, steps)
    _start_from_biases(params, layer, n_triples, n_units, z)
    stride, four = layer[STRIDE], lanes_of(zeros(params, 4))
    for first in range(0, layer[N_IN], WORD):
        for column in range(0, stride - four + 1, four):
            _add_tile(params, layer, first, column, last_a, last_words, n_triples, n_units, steps)
            _forward_tile(params, layer, first, column, a, words, n_triples, n_units, z)
        if stride % four:
            _add_rest(params, layer, first, last_a, last_words, n_triples, n_units, steps)
            _forward_rest(params, layer, first, a, words, n_triples, n_units, z)


@inner
def _start_from_biases(params, layer, n_triples, n_units, z):
    """Overwrite the layer's units of `z` with b."""
    two = zeros(params, 2)
    for column in range(0, layer[STRIDE], lanes_of(two)):
        biases = load(params, layer[BIASES] + column, two)
        for row in range(TRIPLE * n_triples):
            store(z, row * n_units + layer[UNITS] + column, biases)


@inner
def _add_to_biases(target, layer, n_triples, n_units, delta):
    """Add the sum of delta to the biases in `target`, in place, unless they are frozen."""
    if layer[TRAIN_BIAS]:
        two = zeros(target, 2)
        for column in range(0, layer[STRIDE], lanes_of(two)):
            sums = load(target, layer[BIASES] + column, two)
            for row in range(TRIPLE * n_triples):
                sums = sums + load(delta, row * n_units + layer[UNITS] + column, two)
            store(target, layer[BIASES] + column, sums)


@inner
def _forward_tile(params, layer, first, column, a, words, n_triples, n_units, z):
    """Add to `z` what the inputs from `first` on bring to four registers from `column` on."""
    stride, one = layer[STRIDE], zeros(params, 1)
    tile, lanes = layer[WEIGHTS] + first * stride + column, lanes_of(one)
    for triple in range(n_triples):
        word, x, place = _places(layer, first, column, words, triple, n_units)
        sums0 = _load_three(z, place, n_units, one)
        sums1 = _load_three(z, place + lanes, n_units, one)
        sums2 = _load_three(z, place + 2 * lanes, n_units, one)
        sums3 = _load_three(z, place + 3 * lanes, n_units, one)
        while word:
            i = lowest(word)
            row, inputs = tile + i * stride, _splat_three(a, x + i, n_units, one)
            sums0 = _add_products(inputs, load(params, row, one), sums0)
            sums1 = _add_products(inputs, load(params, row + lanes, one), sums1)
            sums2 = _add_products(inputs, load(params, row + 2 * lanes, one), sums2)
            sums3 = _add_products(inputs, load(params, row + 3 * lanes, one), sums3)
            word = without_lowest(word)
        _store_three(z, place, n_units, sums0)
        _store_three(z, place + lanes, n_units, sums1)
        _store_three(z, place + 2 * lanes, n_units, sums2)
        _store_three(z, place + 3 * lanes, n_units, sums3)


@inner
def _forward_rest(params, layer, first, a, words, n_triples, n_units, z):
    """Do it for the last two registers of outputs."""
    stride, two = layer[STRIDE], zeros(params, 2)
    column = stride - lanes_of(two)
    for triple in range(n_triples):
        word, x, place = _places(layer, first, column, words, triple, n_units)
        sums = _load_three(z, place, n_units, two)
        while word:
            i = lowest(word)
            row = load(params, layer[WEIGHTS] + (first + i) * stride + column, two)
            sums = _add_products(_splat_three(a, x + i, n_units, two), row, sums)
            word = without_lowest(word)
        _store_three(z, place, n_units, sums)


@inner
def _add_tile(target, layer, first, column, a, words, n_triples, n_units, delta):
    """Add x^T delta to the weights between the inputs from `first` on and four registers."""
    stride, one = layer[STRIDE], zeros(target, 1)
    tile, lanes = layer[WEIGHTS] + first * stride + column, lanes_of(one)
    for triple in range(n_triples):
        word, x, place = _places(layer, first, column, words, triple, n_units)
        deltas0 = _load_three(delta, place, n_units, one)
        deltas1 = _load_three(delta, place + lanes, n_units, one)
        deltas2 = _load_three(delta, place + 2 * lanes, n_units, one)
        deltas3 = _load_three(delta, place + 3 * lanes, n_units, one)
        while word:
            i = lowest(word)
            row, inputs = tile + i * stride, _splat_three(a, x + i, n_units, one)
            _add_sum(inputs, deltas0, target, row, one)
            _add_sum(inputs, deltas1, target, row + lanes, one)
            _add_sum(inputs, deltas2, target, row + 2 * lanes, one)
            _add_sum(inputs, deltas3, target, row + 3 * lanes, one)
            word = without_lowest(word)


@inner
def _add_rest(target, layer, first, a, words, n_triples, n_units, delta):
    """Do it for the last two registers of outputs."""
    stride, two = layer[STRIDE], zeros(target, 2)
    column = stride - lanes_of(two)
    for triple in range(n_triples):
        word, x, place = _places(layer, first, column, words, triple, n_units)
        deltas = _load_three(delta, place, n_units, two)
        while word:
            i = lowest(word)
            row = layer[WEIGHTS] + (first + i) * stride + column
            _add_sum(_splat_three(a, x + i, n_units, two), deltas, target, row, two)
            word = without_lowest(word)


# ---- of three samples ----------------------------------------------------------------------------


@inner
def _places(layer, first, column, words, triple, n_units):
    """Return a triple's word of inputs, and where its first sample has them and the outputs."""
    sample = TRIPLE * triple * n_units
    word = words[(triple * n_units + layer[BELOW] + first) // WORD]
    return word, sample + layer[BELOW] + first, sample + layer[UNITS] + column


@inner
def _load_three(units, place, n_units, like):
    """Return the vectors at `place`, in each sample."""
    return (
        load(units, place, like),
        load(units, place + n_units, like),
        load(units, place + 2 * n_units, like),
    )


@inner
def _splat_three(units, place, n_units, like):
    """Return the vectors whose lanes all hold the unit at `place`, of each sample."""
    return (
        splat_at(units, place, like),
        splat_at(units, place + n_units, like),
        splat_at(units, place + 2 * n_units, like),
    )


@inner
def _store_three(units, place, n_units, vectors):
    """Overwrite the units at `place`, in each sample."""
    store(units, place, vectors[0])
    store(units, place + n_units, vectors[1])
    store(units, place + 2 * n_units, vectors[2])


@inner
def _add_products(factors, row, sums):
    """Return the sums plus factors times `row`, sample by sample."""
    return (
        multiply_add(factors[0], row, sums[0]),
        multiply_add(factors[1], row, sums[1]),
        multiply_add(factors[2], row, sums[2]),
    )


@inner
def _add_sum(factors, vectors, target, place, like):
    """Add the products of three samples to the vector at target[place], in place."""
    row = load(target, place, like)
    row = multiply_add(factors[0], vectors[0], row)
    row = multiply_add(factors[1], vectors[1], row)
    row = multiply_add(factors[2], vectors[2], row)
    store(target, place, row)
