"""One sample through one layer; `test_equivalence` compares whole networks with the reference."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training.state import state_of
from fastnn.core import dense
from fastnn.core.layout import STRIDE, UNITS, units_size
from fastnn.core.scratch import Sample
from fastnn.core.simd.bitset import WORD

from ..support.kernels import from_python
from ..support.networks import TOLERANCES

forward = from_python(dense.dense_forward)
step_forward = from_python(dense.dense_step_forward)
error_below = from_python(dense.dense_error_below)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_padding_of_a_long_row_is_left_alone(dtype):
    n_out = 1024 // np.dtype(dtype).itemsize
    net = Network(3, [Dense(n_out)], dtype=dtype, seed=0)
    table, params = state_of(net).model.table, net.params
    layer, n_units, start = table[0], units_size(table), table[0, UNITS]
    assert layer[STRIDE] > n_out
    x, step = np.array([0.5, -1, 2]), np.linspace(-1, 1, n_out)

    def sample(inputs, outputs):
        a, delta = np.zeros((2, n_units), dtype)
        a[:3], delta[start : start + n_out] = inputs, outputs
        return Sample(np.zeros(n_units, dtype), a, delta, np.full(n_units // WORD, 7, np.uint64))

    params.reshape(-1, layer[STRIDE])[:, n_out:] = np.nan  # the biases are a row too
    this, last = sample(x, step), sample([1, 2, 3], step)
    forward(params, layer, this)
    expected = x @ net.weights[0] + net.biases[0]
    np.testing.assert_allclose(this.z[start : start + n_out], expected, **TOLERANCES[dtype])
    assert np.isfinite(this.z).all()

    expected += (x @ [1, 2, 3] + 1) * step
    step_forward(params, layer, last, this)
    np.testing.assert_allclose(this.z[start : start + n_out], expected, **TOLERANCES[dtype])
    assert np.isfinite(this.z).all()

    error = np.zeros(n_units, dtype)
    error_below(params, layer, this.delta, error)
    np.testing.assert_allclose(error[:3], net.weights[0] @ step, **TOLERANCES[dtype])
