import numpy as np
import pytest

from fastnn.datasets import load_first_column, load_gender, load_xor

LOADERS = [load_xor, load_first_column, load_gender]


def test_xor_is_the_tutorials_table():
    X, y = load_xor()
    expected = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]]
    np.testing.assert_array_equal(X, expected)
    np.testing.assert_array_equal(y, [0, 1, 1, 1, 1, 0, 0])


def test_first_column_is_the_tutorials_table():
    X, y = load_first_column()
    expected = [[0, 1, 0], [0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 1], [1, 0, 1]]
    np.testing.assert_array_equal(X, expected)
    np.testing.assert_array_equal(y, [0, 0, 0, 1, 1, 1])


def test_gender_is_the_tutorials_table():
    X, y = load_gender()
    np.testing.assert_array_equal(X, [[-2, -1], [25, 6], [17, 4], [-15, -6]])
    np.testing.assert_array_equal(y, [1, 0, 0, 1])


def test_gender_columns_are_as_measured():
    columns = load_gender(raw=True)
    assert list(columns) == ["name", "weight", "height", "gender"]
    assert columns["name"].tolist() == ["Alice", "Bob", "Charlie", "Diana"]
    assert columns["weight"].tolist() == [133, 160, 152, 120]
    assert columns["height"].tolist() == [65, 72, 70, 60]
    assert columns["gender"].tolist() == ["F", "M", "M", "F"]


@pytest.mark.parametrize("load", [load_xor, load_first_column])
def test_columns_of_bits_are_those_of_the_table(load):
    X, y = load()
    columns = load(raw=True)
    assert list(columns) == ["x1", "x2", "x3", "y"]
    np.testing.assert_array_equal(np.column_stack(list(columns.values())), np.column_stack((X, y)))


@pytest.mark.parametrize("load", LOADERS)
def test_arrays_are_canonical(load):
    for array in load():
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert array.flags.writeable


@pytest.mark.parametrize("load", LOADERS)
def test_each_call_returns_arrays_of_its_own(load):
    expected = [array.copy() for array in load()]
    for array in load():
        array[:] = 7
    for array in load(raw=True).values():
        array[:] = array[0]
    for got, array in zip(load(), expected, strict=True):
        np.testing.assert_array_equal(got, array)
