import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import dense_block
from fastnn.core.layout import (
    BELOW,
    STRIDE,
    UNITS,
    bias_views,
    is_narrow,
    units_size,
    weight_views,
)
from fastnn.core.levels import REGISTER_BYTES
from fastnn.core.scratch import Block
from fastnn.core.simd.bitset import TILE_ROWS, WORD, mark_tiles

from ..support.kernels import from_python
from ..support.networks import TOLERANCES

pytestmark = [
    pytest.mark.parametrize("dtype", ["float32", "float64"]),
    # tiles of one to four registers, alone or after others; rows with a group of padding; more
    # inputs than are taken at once
    pytest.mark.parametrize(
        ("n_in", "n_out"),
        [(1, 1), (70, 1), (130, 4), (3, 8), (4, 9), (69, 25), (70, 33), (3, 256), (400, 9)],
    ),
    pytest.mark.parametrize("n_tiles", [1, 3]),
]


forward = from_python(dense_block.dense_forward_block)
add_gradient = from_python(dense_block.dense_add_gradient_block)
step_forward = from_python(dense_block.dense_step_forward_block)
error_below = from_python(dense_block.dense_error_below_block)
mark = from_python(mark_tiles)


class Case:
    """A layer of random numbers, and tiles of samples, some of whose inputs are 0."""

    def __init__(self, n_tiles, n_in, n_out, dtype):
        self.net = Network(n_in, [Dense(n_out)], dtype=dtype, seed=0)
        self.net.biases[0][:] = np.linspace(-1, 1, n_out)
        self.table, self.params = state_of(self.net).model.table, self.net.params
        self.layer, self.n_units, self.n_tiles = self.table[0], units_size(self.table), n_tiles
        self.inputs = slice(self.layer[BELOW], self.layer[BELOW] + n_in)
        self.outputs = slice(self.layer[UNITS], self.layer[UNITS] + n_out)
        self._rng, self._scale = np.random.default_rng(n_in), n_in**-0.5  # sums are about 1

    def units(self, part=slice(0)):
        """Return units of which some are random numbers, and all others 0."""
        units = np.zeros((TILE_ROWS * self.n_tiles, self.n_units), self.params.dtype)
        units[:, part] = self._rng.normal(scale=self._scale, size=units[:, part].shape)
        return units

    def block(self, delta, share=0.5):
        """Return a block of inputs, with the bitset of those of a tile that are not 0."""
        a = self.units(self.inputs)
        a *= self._rng.random(a.shape) < share
        bitsets = np.zeros((self.n_tiles, self.n_units // WORD), np.uint64)
        mark(a, 0, self.inputs.stop, True, self.n_tiles, bitsets)
        none = np.empty(0, np.int64)
        return Block(self.units(), a, a, delta, bitsets, none, a, none, None)

    def forward(self, block):
        """Return x W + b in NumPy."""
        return block.a[:, self.inputs] @ self.net.weights[0] + self.net.biases[0]


@pytest.fixture
def case(n_tiles, n_in, n_out, dtype):
    return Case(n_tiles, n_in, n_out, dtype)


# Where most inputs take part no mask is looked at; where few do, gradients are added tile by tile.
@pytest.mark.parametrize("share", [0.1, 0.5, 1])
def test_forward(case, share, dtype):
    block = case.block(case.units(), share)
    forward(case.params, case.layer, case.n_tiles, block)
    np.testing.assert_allclose(block.z[:, case.outputs], case.forward(block), **TOLERANCES[dtype])
    block.z[:, case.outputs] = 0
    assert not block.z.any()


@pytest.mark.parametrize("share", [0.1, 0.5, 1])
def test_gradient(case, share, dtype):
    block = case.block(case.units(case.outputs), share)
    sums, delta = np.ones_like(case.params), block.delta[:, case.outputs]
    add_gradient(sums, case.layer, len(block.delta), block, 0.0)
    expected = 1 + block.a[:, case.inputs].T @ delta
    np.testing.assert_allclose(weight_views(sums, case.table)[0], expected, **TOLERANCES[dtype])
    expected = 1 + delta.sum(axis=0)
    np.testing.assert_allclose(bias_views(sums, case.table)[0], expected, **TOLERANCES[dtype])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_is_left_out_changes_no_bit(case, share):
    block = case.block(case.units(case.outputs), share)
    sums = np.ones_like(case.params)
    forward(case.params, case.layer, case.n_tiles, block)
    add_gradient(sums, case.layer, len(block.delta), block, 0.0)
    z, expected = block.z.copy(), np.ones_like(sums)
    mark(block.a, 0, case.inputs.stop, False, case.n_tiles, block.bitsets)
    forward(case.params, case.layer, case.n_tiles, block)
    add_gradient(expected, case.layer, len(block.delta), block, 0.0)
    np.testing.assert_array_equal(block.z, z)
    np.testing.assert_array_equal(sums, expected)


@pytest.mark.parametrize("share", [0.1, 0.5, 1])
def test_rows_of_inputs_may_lie_anywhere(case, share):
    if is_narrow(case.layer):
        pytest.skip("a narrow layer takes those of a block")
    block, sums = case.block(case.units(case.outputs), share), np.ones((2, case.params.size))
    order, n_in = np.random.default_rng(0).permutation(len(block.h)), case.inputs.stop
    rows, sums = np.empty((len(order), n_in), block.h.dtype), sums.astype(block.h.dtype)
    rows[order] = block.h[:, case.inputs]
    moved = block._replace(z=case.units(), h=rows, starts=order * n_in)
    for k, one in enumerate((block, moved)):
        forward(case.params, case.layer, case.n_tiles, one)
        add_gradient(sums[k], case.layer, len(order), one, 0.0)
    np.testing.assert_array_equal(moved.z, block.z)
    np.testing.assert_array_equal(*sums)


def test_step_then_forward(case, dtype):
    if is_narrow(case.layer):
        pytest.skip("only a wide layer looks ahead")
    last, block = case.block(case.units(case.outputs)), case.block(case.units())
    W = case.net.weights[0] + last.a[:, case.inputs].T @ last.delta[:, case.outputs]
    step_forward(case.params, case.layer, case.n_tiles, last, block)
    np.testing.assert_allclose(case.net.weights[0], W, **TOLERANCES[dtype])
    np.testing.assert_allclose(block.z[:, case.outputs], case.forward(block), **TOLERANCES[dtype])


def test_errors_below(case, dtype):
    delta = case.units(case.outputs)
    below = case.layer[UNITS]
    delta[:, :below] = 7
    kept = delta[:, below:].copy()
    error_below(case.params, case.layer, case.n_tiles, case.block(delta))
    expected = delta[:, case.outputs] @ case.net.weights[0].T
    np.testing.assert_allclose(delta[:, case.inputs], expected, **TOLERANCES[dtype])
    np.testing.assert_array_equal(delta[:, below:], kept)
    # padding that is overwritten, up to that of two registers of inputs, becomes 0
    pair = 2 * REGISTER_BYTES // delta.itemsize
    least, most = (case.layer[STRIDE],) * 2 if is_narrow(case.layer) else (4, pair)
    beyond = delta[:, case.inputs.stop : below]
    assert not beyond[:, : -case.inputs.stop % least].any()
    assert np.isin(beyond, (0, 7)).all()
    assert (beyond[:, -case.inputs.stop % most :] == 7).all()
