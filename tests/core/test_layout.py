from itertools import pairwise

import numpy as np
import pytest

from fastnn.core import layout
from fastnn.core.levels import REGISTER_BYTES
from fastnn.core.records import code_of_parts

from ..support.properties import given, st

LAYERS = st.lists(st.tuples(st.integers(1, 50), *[st.booleans()] * 3), min_size=1, max_size=6)


def table_of(n_in, layers, dtype):
    widths, *flags = zip(*layers, strict=True)
    return layout.layer_table(n_in, widths, [0] * len(widths), *flags, np.dtype(dtype))


@given(n_in=st.integers(1, 50), layers=LAYERS, dtype=st.sampled_from(["float32", "float64"]))
def test_every_element_is_owned_at_most_once(n_in, layers, dtype):
    table = table_of(n_in, layers, dtype)
    owners = np.zeros(layout.params_size(table), dtype=int)
    shapes = []
    for W, b in zip(
        layout.weight_views(owners, table), layout.bias_views(owners, table), strict=True
    ):
        W += 1
        shapes.append(W.shape)
        if b is not None:
            b += 1
            assert b.shape == W.shape[1:]
    assert owners.max() == 1
    assert owners.sum() == layout.n_params(table)
    widths = [n_in] + [n_out for n_out, *_ in layers]
    assert shapes == list(pairwise(widths))

    units = np.zeros((2, layout.units_size(table)), dtype=int)
    for view in layout.unit_views(units, table):
        view += 1
    assert units.max() == 1
    assert (units.sum(axis=1) == sum(widths[1:])).all()
    assert not units[:, : table[0, layout.N_IN]].any()  # the sample is below layer 0


@given(n_in=st.integers(1, 50), layers=LAYERS, dtype=st.sampled_from(["float32", "float64"]))
def test_rows_are_whole_registers(n_in, layers, dtype):
    table = table_of(n_in, layers, dtype)
    lanes = layout.REGISTER_BYTES // np.dtype(dtype).itemsize
    columns = [layout.STRIDE, layout.WEIGHTS, layout.BIASES, layout.BELOW, layout.UNITS]
    assert not (table[:, columns] % lanes).any()
    assert (table[:, layout.STRIDE] >= table[:, layout.N_OUT]).all()
    assert (table[1:, layout.BELOW] == table[:-1, layout.UNITS]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_aligned_zeros_start_on_a_cache_line(dtype):
    for size in (1, 7, 1000):
        array = layout.aligned_zeros(size, np.dtype(dtype))
        assert array.ctypes.data % 64 == 0
        assert array.shape == (size,)
        assert array.dtype == dtype
        assert not array.any()
    for shape in ((3, 64), (2, 1, 16)):
        array = layout.aligned_zeros(shape, np.dtype(dtype))
        assert array.ctypes.data % 64 == 0
        assert array.shape == shape
        array[:] = 1
        copy = layout.aligned_copy(array)
        assert copy.ctypes.data % 64 == 0
        copy[:] = 2
        assert (array == 1).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("has_narrow", [True, False])
def test_a_vector_of_another_layout_is_brought_into_this_one(has_narrow, dtype):
    widths, n_in = [9, 2, 1], 3
    table = layout.layer_table(
        n_in, widths, [0] * 3, [1, 0, 1], [1, 1, 1], [1, 1, 1], np.dtype(dtype)
    )
    old, start, weights = table.copy(), 5, []  # rows begin elsewhere, and are longer
    for row in old:
        n_in, n_out = row[[layout.N_IN, layout.N_OUT]]
        n_rows, length = (n_out, n_in) if has_narrow and layout.is_narrow(row) else (n_in, n_out)
        row[layout.STRIDE] = n_out + 3
        row[layout.WEIGHTS], row[layout.BIASES] = start, start + n_rows * (length + 3)
        start = row[layout.BIASES] + row[layout.STRIDE]
        weights.append((n_rows, length))
    flat = np.random.default_rng(0).normal(size=start).astype(dtype)
    own = layout.relaid(flat, old, table, has_narrow=has_narrow)
    biases = layout.bias_views(own, table)
    for k, (row, (n_rows, length)) in enumerate(zip(old, weights, strict=True)):
        expected = flat[row[layout.WEIGHTS] : row[layout.BIASES]].reshape(n_rows, -1)[:, :length]
        if has_narrow and layout.is_narrow(row):
            expected = expected.T
        np.testing.assert_array_equal(layout.weight_views(own, table)[k], expected)
        if k == 1:
            assert biases[k] is None
        else:
            first = row[layout.BIASES]
            np.testing.assert_array_equal(biases[k], flat[first : first + row[layout.N_OUT]])
    assert np.count_nonzero(own) == layout.n_params(table)


@given(n_in=st.integers(1, 50), layers=LAYERS, dtype=st.sampled_from(["float32", "float64"]))
def test_what_is_trained(n_in, layers, dtype):
    table = table_of(n_in, layers, dtype)
    mask, n_trained, is_below = layout.trained_mask(table), 0, False
    views = layout.weight_views(mask, table), layout.bias_views(mask, table)
    for row, W, b, (n_out, has_bias, train_bias, trained) in zip(
        table, *views, layers, strict=True
    ):
        assert W.all() if trained else not W.any()
        assert b is None or (b.all() if trained else not b.any())
        assert row[layout.PASS_BACK] == is_below
        is_below |= trained
        n_trained += trained * (W.size + has_bias * train_bias * n_out)
    assert layout.n_trained(table) == n_trained


@given(
    n_first=st.integers(1, 140), n=st.integers(1, 9), dtype=st.sampled_from(["float32", "float64"])
)
def test_a_register_of_any_part_lies_within_the_units(n_first, n, dtype):
    """It may begin at the last output, as that of a part does, and kernels read and write it."""
    stop = n_first + n
    code = code_of_parts([(0, n_first, 0, 1.0), (n_first, stop, 0, 1.0)])
    table = layout.layer_table(3, [stop], [code], [True], [True], [True], np.dtype(dtype))
    lanes = REGISTER_BYTES // np.dtype(dtype).itemsize
    assert table[0, layout.UNITS] + stop + lanes <= layout.units_size(table)
