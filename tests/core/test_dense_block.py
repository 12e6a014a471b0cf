import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core.dense_block import (
    dense_add_gradient_triples,
    dense_error_below_triples,
    dense_forward_triples,
    dense_step_forward_triples,
)
from fastnn.core.layout import BELOW, UNITS, bias_views, units_size, weight_views
from fastnn.core.simd.bitset import TRIPLE, WORD, mark_triples

from ..support.networks import TOLERANCES

pytestmark = [
    pytest.mark.parametrize("dtype", ["float32", "float64"]),
    # tiles of four registers, a rest of two, or both
    pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (3, 8), (4, 9), (69, 25), (70, 33)]),
    pytest.mark.parametrize("n_triples", [1, 3]),
]


class Case:
    """A layer of random numbers, and triples of samples, half of whose inputs are 0."""

    def __init__(self, n_triples, n_in, n_out, dtype):
        self.net = Network(n_in, [Dense(n_out)], dtype=dtype, seed=0)
        self.net.biases[0][:] = np.linspace(-1, 1, n_out)
        self.table, self.params = state_of(self.net).model.table, self.net.params
        self.layer, self.n_units = self.table[0], units_size(self.table)
        self.size = n_triples, self.n_units
        self.inputs = slice(self.layer[BELOW], self.layer[BELOW] + n_in)
        self.outputs = slice(self.layer[UNITS], self.layer[UNITS] + n_out)
        self._rng = np.random.default_rng(n_in)

    def units(self, part=slice(0)):
        """Return units of which some are random numbers, and all others 0."""
        units = np.zeros((TRIPLE * self.size[0], self.n_units), self.params.dtype)
        units[:, part] = self._rng.normal(size=units[:, part].shape)
        return units

    def samples(self):
        """Return x, and the set of those units of a triple that are not 0."""
        a = self.units(self.inputs)
        a *= self._rng.random(a.shape) < 0.5
        words = np.zeros(self.size[0] * self.n_units // WORD, np.uint64)
        mark_triples(a, 0, self.inputs.stop, True, *self.size, words)
        return a, words

    def forward(self, a):
        """Return x W + b in NumPy."""
        return a[:, self.inputs] @ self.net.weights[0] + self.net.biases[0]


@pytest.fixture
def case(n_triples, n_in, n_out, dtype):
    return Case(n_triples, n_in, n_out, dtype)


def test_forward(case, dtype):
    (a, words), z = case.samples(), case.units()
    dense_forward_triples(case.params, case.layer, a, words, *case.size, z)
    np.testing.assert_allclose(z[:, case.outputs], case.forward(a), **TOLERANCES[dtype])
    z[:, case.outputs] = 0
    assert not z.any()


def test_gradient(case, dtype):
    (a, words), delta = case.samples(), case.units(case.outputs)
    sums = np.ones_like(case.params)
    dense_add_gradient_triples(sums, case.layer, a, words, *case.size, delta)
    expected = 1 + a[:, case.inputs].T @ delta[:, case.outputs]
    np.testing.assert_allclose(weight_views(sums, case.table)[0], expected, **TOLERANCES[dtype])
    expected = 1 + delta[:, case.outputs].sum(axis=0)
    np.testing.assert_allclose(bias_views(sums, case.table)[0], expected, **TOLERANCES[dtype])


def test_step_then_forward(case, dtype):
    (last_a, last_words), (a, words) = case.samples(), case.samples()
    steps, z = case.units(case.outputs), case.units()
    W = case.net.weights[0] + last_a[:, case.inputs].T @ steps[:, case.outputs]
    dense_step_forward_triples(
        case.params, case.layer, last_a, last_words, steps, a, words, *case.size, z
    )
    np.testing.assert_allclose(case.net.weights[0], W, **TOLERANCES[dtype])
    np.testing.assert_allclose(z[:, case.outputs], case.forward(a), **TOLERANCES[dtype])


def test_errors_below(case, dtype):
    delta = case.units(case.outputs)
    below = case.layer[UNITS]
    delta[:, :below] = 7
    kept = delta[:, below:].copy()
    dense_error_below_triples(case.params, case.layer, delta, *case.size, delta)
    expected = delta[:, case.outputs] @ case.net.weights[0].T
    np.testing.assert_allclose(delta[:, case.inputs], expected, **TOLERANCES[dtype])
    np.testing.assert_array_equal(delta[:, below:], kept)
    beyond = -(-case.inputs.stop // 4) * 4
    assert not delta[:, case.inputs.stop : beyond].any()
    assert (delta[:, beyond:below] == 7).all()
