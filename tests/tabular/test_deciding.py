import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnn.tables.errors import TableError
from fastnn.tables.formats import EMPTY, NA_VALUES, NUMBER, PLAIN, TEXT, Format, Misfit
from fastnn.tabular.deciding import ReadingOptions, Scout, decide


def decided(columns, **options):
    """Return the formats and the notes of columns that come in pieces of 3 rows and then 1000."""
    options = ReadingOptions(**options)
    na_values = NA_VALUES if options.na_values is None else ["", *options.na_values]
    scouts = []
    for name, values in columns.items():
        scout = Scout(name, na_values, as_text=name in options.categories)
        column = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
        for start, stop in [(0, 3), *((k, k + 1000) for k in range(3, len(column), 1000))]:
            scout.add(column[start:stop], start)
        scouts.append(scout)
    return decide(scouts, options, lambda row: f"row {row}")


def refusal(texts, **options):
    with pytest.raises(TableError) as caught:
        decided({"x": texts}, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("texts", "form", "note"),
    [
        (["1", "2.5", "-3e5"], PLAIN, None),
        (["1", "2", "3"], PLAIN, None),
        (["1.234", "2.500"], PLAIN, None),
        (["\u22121", "2"], PLAIN, None),
        (["1", "2,5"], Format(NUMBER, ","), "'2,5' is read as 2.5"),
        (["1,234.5", "12"], Format(NUMBER, ".", ","), "'1,234.5' is read as 1234.5"),
        (["1,234", "1,234,567"], Format(NUMBER, ".", ","), "'1,234,567' is read as 1234567.0"),
        (["1,234", "1,2"], Format(NUMBER, ","), "'1,2' is read as 1.2"),
        (["1.234,56", "12"], Format(NUMBER, ",", "."), "'1.234,56' is read as 1234.56"),
        (["1.234", "1.234.567"], Format(NUMBER, ",", "."), "'1.234.567' is read as 1234567.0"),
        (["1'234.5", "1"], Format(NUMBER, ".", "'"), '"1\'234.5" is read as 1234.5'),
        (["1 234,5", "1"], Format(NUMBER, ",", " "), "'1 234,5' is read as 1234.5"),
        (["1\u00a0234", "1,5"], Format(NUMBER, ",", " "), "is read as 1"),
        (["12%", "3.5 %"], Format(NUMBER, suffix="%"), "'3.5 %' is read as 3.5"),
        (["$12", "-$3.5"], Format(NUMBER, prefix="$"), "'-$3.5' is read as -3.5"),
        (["12 kg", "3 kg"], Format(NUMBER, suffix="kg"), "'12 kg' is read as 12.0"),
        (["(12.3)", "4"], Format(NUMBER, parentheses=True), "'(12.3)' is read as -12.3"),
        (["12:30", "1:15"], Format("clock", n_parts=2), "'12:30' is read as 12.5 hours"),
        (["2020-01-05", "2020-02-01 10:00"], Format("date", order="ymd"), None),
        (["05.01.2020"], Format("date", order="dmy"), "'05.01.2020' is read as 2020-01-05"),
        (["05/01/2020", "31/01/2020"], Format("date", order="dmy"), "'31/01/2020' is read as 202"),
        (["01/05/2020", "01/31/2020"], Format("date", order="mdy"), "'01/31/2020' is read as 202"),
        (["True", "false"], Format("bool"), None),
        (["a", "1", "b"], TEXT, None),
        (["4wd", "4wd", "fwd"], TEXT, None),
        (["12 Main St", "5 Oak Ave", "7 Elm Rd"], TEXT, None),
        (["<=50K", ">50K"], TEXT, None),
        (["18-25", "26-35", "36+"], TEXT, None),
        (["9007199254740993", "1"], TEXT, "'x' holds whole numbers beyond 2^53: kept as texts"),
        ([None, "", "NA"], EMPTY, "'x' has no value in any row and is left out"),
    ],
)
def test_one_format_down_the_whole_column(texts, form, note):
    for n in (1, 200):  # some are read one by one, others by pyarrow at once
        formats, notes = decided({"x": [*texts, None, " nan "] * n})
        assert formats == {"x": form}
        if note:
            assert any(note in told for told in notes)
        else:
            assert not any("is read as" in told for told in notes)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "2", "x"], "row 2: 'x' must be a finite number, as most are, got 'x': correct it"),
        (["1", "2", "inf"], "row 2: 'x' must be a finite number, as most are, got 'inf'"),
        (["1", "<2", "3"], "row 1: 'x' must be a finite number, as most are, got '<2'"),
        (["1.5", "2,5", "3.5"], "row 1: 'x' must be a finite number, as most are, got '2,5'"),
        (["1,5", "2.5", "3,5", "4"], "row 1: 'x' must be a number written as 1234,5, as most"),
        (["1.5", "2,5", "1 234"], "row 1: 'x' must be a number written as 1 234.5, as most are"),
        (["12%", "0.12"] * 30 + [f"{k}%" for k in range(30)], "row 1: 'x' must be a number writt"),
        ([f"{k} kg" for k in range(30)] + ["1 lb"], "row 30: 'x' must be a number written as 123"),
        (["2020-01-05", "2020-01-06", "soon"], "row 2: 'x' must be a date, year-month-day, as mo"),
        (["12:30", "12:31", "noon"], "row 2: 'x' must be a time as in 12:30, as most are, got"),
        (["5%", "10%", "15%", "n/k"], "row 3: 'x' must be a number written as 1234.5 %, as most"),
        (["1,234", "5,678"], "row 0: 'x' must be a number whose decimal mark is certain, got '1,2"),
        (["01/02/2020", "03/04/2020"], "row 0: 'x' must be a date whose day and month are c"),
    ],
)
def test_what_is_not_certain_is_refused_by_row(texts, expected):
    got = refusal(texts)
    assert got.startswith(expected)
    assert got.endswith(
        "take the column as texts with --categories x, or leave it out with --ignore x"
    )


def test_a_text_far_down_is_refused_by_its_row():
    texts = [f"{k}.5" for k in range(5000)]
    texts[4321] = "?"
    assert refusal(texts).startswith("row 4321: 'x' must be a finite number, as most are, got '?'")


def test_the_remedies_settle_what_was_not_certain():
    texts = ["1,234", "5,678"]
    assert "say --decimal ',' or --thousands ',', or" in refusal(texts)
    assert decided({"x": texts}, decimal=",")[0] == {"x": Format(NUMBER, ",")}
    assert decided({"x": texts}, thousands=",")[0] == {"x": Format(NUMBER, ".", ",")}
    assert decided({"x": texts}, categories=["x"])[0] == {"x": TEXT}
    assert "say with --na-values which texts mean missing" in refusal(["1", "2", "-"])
    assert decided({"x": ["1", "2", "-"]}, na_values=["-"])[0] == {"x": PLAIN}


def test_marks_that_are_asked_hold_for_all_numbers():
    asked = "row 0: 'x' must be a number with the --decimal and --thousands asked, got '1.5'"
    assert refusal(["1.5", "2.5"], decimal=",").startswith(asked)
    assert refusal(["1.5", "2.5"], thousands=".").startswith(asked)
    assert decided({"x": ["1.234"]}, decimal=",")[0] == {"x": Format(NUMBER, ",", ".")}
    assert decided({"x": ["1.234"]}, thousands=".")[0] == {"x": Format(NUMBER, ",", ".")}
    assert decided({"x": ["1,5", "2020-01-05"][:1]}, decimal=",")[0] == {"x": Format(NUMBER, ",")}


def test_one_column_tells_the_decimal_mark_of_another():
    columns = {"open": ["1,234", "5,678"], "whole": ["1", "2"]}
    got = decided(columns | {"sure": ["1,5", "2"]})[0]
    assert got == dict.fromkeys(["open", "whole", "sure"], Format(NUMBER, ","))
    got = decided(columns | {"sure": ["1.5", "2"]})[0]
    assert got == {"open": Format(NUMBER, ".", ","), "whole": PLAIN, "sure": PLAIN}
    assert decided({"open": ["1.234"], "sure": ["1,5"]})[0]["open"] == Format(NUMBER, ",", ".")
    with pytest.raises(TableError, match="'open' must be a number whose decimal mark is certain"):
        decided(columns | {"sure": ["1,5", "2"], "other": ["1.5", "2"]})


def test_no_remedy_leaves_out_the_target():
    got = refusal(["1", "2", "x"], target="x")
    assert got.endswith("or take the column as texts with --categories x")
    assert decided({"x": [f"label {k:03d}" for k in range(500)]}, target="x")[1] == []


def test_as_many_categories_as_rows_are_noted():
    texts = [f"Mr. N{'x' * k}" for k in range(300)]
    (note,) = decided({"name": texts, "few": ["a", "b"] * 150})[1]
    assert note == (
        "'name' has nearly as many categories as rows (300 of 300) and is left out: "
        "--categories name takes it"
    )
    assert decided({"name": texts}, categories=["name"])[1] == []
    (_, note) = decided({"id": [str(2**60 + k) for k in range(300)]})[1]
    assert note.startswith("'id' has nearly as many categories as rows (300 of 300)")


def test_a_word_that_means_missing_is_noted_where_texts_are():
    texts = ["NA", "DE", "NA", "nan", "", None]
    formats, notes = decided({"x": texts, "y": ["NA", "1", None, None, None, None]})
    assert formats == {"x": TEXT, "y": PLAIN}
    assert notes == ["'x': 'NA' (2 times), 'nan' (1 times) means missing; --na-values '' keeps it "
                     "as a text"]  # fmt: skip
    assert decided({"x": texts}, na_values=[])[1] == []


def test_columns_that_are_written_alike_share_a_note():
    notes = decided({name: ["1,5", "2"] for name in "abc"})[1]
    assert notes == ["'a' and 2 columns more: '1,5' is read as 1.5"]


@pytest.mark.parametrize(
    ("column", "form"),
    [
        (pa.array([1, 2, None]), PLAIN),
        (pa.array([0, 2**53]), PLAIN),
        (pa.array([0, 2**53 + 1]), TEXT),
        (pa.array([2**64 - 1], pa.uint64()), TEXT),
        (pa.array([2**60, 2**60 + 1]).cast(pa.decimal128(38, 0)), TEXT),
        (pa.array([1, 2]).cast(pa.decimal128(38, 2)), PLAIN),
        (pa.array([1.5]), PLAIN),
        (pa.array([True]), Format("bool")),
        (pa.nulls(2), EMPTY),
        (pa.array([3, 4]).cast(pa.timestamp("us")), Format("date", order="ymd")),
        (pa.array(["1", "2"]).dictionary_encode(), TEXT),
        (pa.array(["1", "2,5"], pa.large_string()), Format(NUMBER, ",")),
    ],
)
def test_a_typed_column_is_what_its_type_says(column, form):
    assert decided({"x": column})[0] == {"x": form}
    assert decided({"x": column}, categories=["x"])[0] == {"x": form if form == EMPTY else TEXT}


@pytest.mark.parametrize("column", [pa.array([[1]]), pa.array([b"1"]), pa.array([{"a": 1}])])
def test_a_nested_column_is_a_misfit(column):
    with pytest.raises(Misfit) as caught:
        decided({"x": column})
    assert caught.value.required == "numbers, texts or times"


WORDS = [
    "1", "-2", "1.5", "2,5", "1,234", "1.234", "1,234.5", "1.234,5", "1 234", "(3)", "4%", "5 kg",
    "6 lb", "12:30", "2020-01-05", "05.01.2020", "05/06/2020", "31/01/2020", "true", "x", "NA", "",
    "9007199254740993", "inf", "1e5", "\u22127",
]  # fmt: skip


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 300)), min_size=1, max_size=4),
    st.integers(50, 400),
)
def test_the_decision_does_not_depend_on_the_pieces(words, runs, size):
    texts = [words[k % len(words)] for k, n in runs for _ in range(n)]
    got = []
    for step in (size, len(texts)):
        scout = Scout("x", NA_VALUES, as_text=False)
        for start in range(0, len(texts), step):
            scout.add(pa.array(texts[start : start + step]), start)
        try:
            got.append(decide([scout], ReadingOptions(), str))
        except TableError as error:
            got.append(str(error))
    assert got[0] == got[1]
