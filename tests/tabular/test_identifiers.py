import numpy as np
import pyarrow as pa
import pytest

from fastnn.tabular.deciding import ReadingOptions, Scout, decide
from fastnn.tabular.identifiers import Numbering

COUNT = [*range(100)]
GAPS = [3 * k for k in COUNT]
SHUFFLED = np.random.default_rng(0).permutation(100).tolist()


def numbers_rows(name, values, size):
    numbering = Numbering(name)
    for start in range(0, len(values), size):
        numbering.add(values[start : start + size])
    return numbering.numbers_rows


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("x", COUNT, True),
        ("x", [k - 50 for k in COUNT], True),
        ("x", SHUFFLED, True),
        ("x", GAPS, False),  # as are many measurements
        ("id", GAPS, True),
        ("id", [*COUNT[:50], *COUNT[:50]], False),
        ("id", [*COUNT[:99], None], False),
        ("id", [k / 2 for k in COUNT], False),
        ("id", COUNT[:20], False),
        ("x", [0, 0, *range(2, 98), 99, 99], False),  # low to high are as many as the rows
    ],
)
def test_which_columns_number_the_rows(name, values, expected, size):
    assert numbers_rows(name, pa.array(values), size) is expected
    texts = pa.array([None if v is None else str(v) for v in values], pa.string())
    assert numbers_rows(name, texts, size) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ID", True), ("Id", True), ("order_id", True), ("PassengerId", True), ("customerID", True),
        ("row-id", True), ("Index", True),
        ("paid", False), ("HUMID", False), ("grid", False), ("identity", False), ("x", False),
    ],
)  # fmt: skip
def test_names_of_a_key(name, expected):
    assert numbers_rows(name, pa.array(GAPS), 100) is expected


@pytest.mark.parametrize(
    ("column", "options"),
    [
        (pa.array([f"t{k}" for k in COUNT]), {}),
        (pa.array(COUNT, pa.timestamp("us")), {}),
        (pa.array(COUNT), {"target": "id"}),
        (pa.array([str(k) for k in COUNT]), {"categories": ["id"]}),
    ],
)
def test_no_note_on_texts_times_the_target_and_categories(column, options):
    scout = Scout("id", (), as_text="categories" in options)
    scout.add(column, 0)
    notes = decide([scout], ReadingOptions(**options), str)[1]
    assert not any("as a key has" in note for note in notes)
