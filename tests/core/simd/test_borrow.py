import numpy as np
import pytest
from numba import njit

from fastnn.core.simd.borrow import part_of, row_of, rows_like, table_in


@njit
def write_to_rows(table, box):
    for t in range(table.shape[0]):
        row_of(table, t)[1] = t
    return row_of(row_of(box, 1), 0).sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_rows_are_views(dtype):
    table, box = np.zeros((3, 4), dtype), np.arange(24, dtype=dtype).reshape(2, 3, 4)
    assert write_to_rows(table, box) == box[1, 0].sum()
    np.testing.assert_array_equal(table[:, 1], range(3))
    assert not np.delete(table, 1, axis=1).any()


@njit
def fill_part(row, start, n):
    part = part_of(row, start, n)
    for j in range(part.shape[0]):
        part[j] = j + 1


def test_parts_are_views():
    row = np.zeros(6)
    fill_part(row, 2, 3)
    np.testing.assert_array_equal(row, [0, 0, 1, 2, 3, 0])


@njit
def sums_of_rows(table, like):
    rows = like
    if table.shape[0] > 0:  # one name, so one type
        rows = rows_like(table, 1, 2, rows)
    return rows.shape, rows[0].sum(), rows[1].sum()


def test_rows_of_a_table_that_is_read_only_are_of_the_type_of_others():
    table = np.arange(12.0).reshape(4, 3)
    table.flags.writeable = False
    assert sums_of_rows(table, np.zeros((5, 7))) == ((2, 3), 12, 21)


@njit
def fill_tables(memory, like):
    reals = table_in(memory, 0, 2, 16, like.dtype)
    words = table_in(memory, 4, 1, 3, np.uint64)
    reals[1, 15], words[0, 2] = 0.5, 7
    return reals.shape, words.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tables_lie_in_memory_from_a_cache_line_on(dtype):
    memory = np.zeros(49, np.int64)
    assert fill_tables(memory, np.empty(0, dtype)) == ((2, 16), (1, 3))
    first = -memory.ctypes.data % 64 // 8
    written = memory[first:]
    assert written[: 2 * 16 * np.dtype(dtype).itemsize // 8].view(dtype)[-1] == 0.5
    assert written[4 * 8 + 2] == 7
    assert np.count_nonzero(memory) == 2


def test_a_row_lives_as_long_as_its_array():
    @njit
    def first_of_new(n):
        table = np.full((n, n), 7.0)
        row = row_of(table, n - 1)
        return row[0] + table[0, 0]

    assert first_of_new(1000) == 14
