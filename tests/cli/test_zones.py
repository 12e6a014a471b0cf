"""Times with a zone and without: a column is of one kind, in training and later."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

import fastnn

from ..tabular.tables import write
from .commands import refusal, run

HOW = ["--target", "y", "--save", "model", "--fast", "--epochs", "2", "--force", "--quiet"]
ZONED, BARE = "2020-01-{:02}T12:00+02:00", "2020-01-{:02}T12:00"


def rows(*texts):
    """Return a table of days, written as the texts in turn, and of numbers."""
    lines = [f"{texts[k % len(texts)].format(1 + k % 28)},{k}.5" for k in range(60)]
    return "\n".join(["when,y", *lines])


def predictions(capsys, table):
    run("predict", "model", table)
    return capsys.readouterr().out


def test_instants_are_the_same_in_every_zone_and_kind_of_file(here, capsys):
    write("t.csv", rows(ZONED))
    run("train", "t.csv", *HOW)
    assert "  when  times in UTC, 2020-01-01 to 2020-01-28\n" in capsys.readouterr().out
    expected = predictions(capsys, "t.csv")
    write("z.csv", rows("2020-01-{:02} 10:00:00Z"))
    assert predictions(capsys, "z.csv") == expected
    days = [f"2020-01-{1 + k % 28:02}T10:00" for k in range(60)]
    when = pa.array(days).cast(pa.timestamp("s")).cast(pa.timestamp("ms", "UTC"))
    pq.write_table(pa.table({"when": when.cast(pa.timestamp("ms", "Asia/Tokyo"))}), "t.parquet")
    assert predictions(capsys, "t.parquet") == expected
    estimator = fastnn.load_model("model")
    frame = pa.table({"when": when, "y": [0.0] * 60}).select(["when"])
    assert [f"{value}" for value in estimator.predict(frame)] == expected.split()[1:]
    with pytest.raises(ValueError, match="'when' must hold times with a zone, as in training"):
        estimator.predict(frame.cast(pa.schema([("when", pa.timestamp("s"))])))


@pytest.mark.parametrize(("trained", "given"), [(ZONED, BARE), (BARE, ZONED)])
def test_a_zone_that_training_had_not_or_had_is_refused(here, capsys, trained, given):
    write("t.csv", rows(trained))
    run("train", "t.csv", *HOW)
    write("new.csv", rows(trained, trained, given))
    wanted = "with a zone" if trained == ZONED else "without a zone"
    expected = f"new.csv line 4: 'when' must be a date, year-month-day, {wanted}, got '2020-01-03T"
    assert expected in refusal(capsys, "predict", "model", "new.csv")
    zone = "UTC" if given == ZONED else None
    when = pa.array(["2020-01-01"] * 3).cast(pa.timestamp("s")).cast(pa.timestamp("s", zone))
    pq.write_table(pa.table({"when": when}), "new.parquet")
    expected = (
        f"new.parquet row 1: 'when' must be a date, year-month-day, {wanted}, got '2020-01-01"
    )
    assert expected in refusal(capsys, "predict", "model", "new.parquet")


def test_a_column_of_both_is_refused(here, capsys):
    write("t.csv", rows(ZONED, ZONED, BARE))
    got = refusal(capsys, "train", "t.csv", *HOW)
    assert got.startswith(
        "t.csv line 4: 'when' must be a date with a zone, as in other rows, got "
        "'2020-01-03T12:00': write the zone in each row, or take the column as texts with "
        "--categories when, or "
    )
