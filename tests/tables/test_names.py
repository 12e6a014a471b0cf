"""The one rule about names of columns."""

import pytest

from fastnn.tables.names import as_in_file, is_of_index, repeated


def test_white_space_around_is_not_part_of_a_name():
    assert as_in_file(" a b\t") == "a b"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", True), ("Unnamed: 0", True), (" Unnamed: 12", True), ("__index_level_0__", True),
        ("Unnamed", False), ("Unnamed: x", False), ("index", False), ("0", False),
    ],
)  # fmt: skip
def test_names_that_pandas_gives_an_index(name, expected):
    assert is_of_index(name) is expected


def test_a_name_that_comes_twice():
    assert repeated(["a", "A", "b"]) is None
    assert repeated(["a", "b", "", "b", ""]) == "b"
