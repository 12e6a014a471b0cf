import json
import math

from fastnn.tabular.report import Score, from_json, lines_of, table_of, to_json, wrapped

SCORES = [
    Score("this model", {"log loss": 0.123456, "AUC": math.nan, "accuracy": 1.0}),
    Score("always 'a rather long label'", {"log loss": 1.5, "AUC": 0.5, "accuracy": 0.25}),
]


def test_a_table_of_scores():
    assert table_of("held out: 20 rows", SCORES) == [
        "held out: 20 rows                 log loss         AUC    accuracy",
        "  this model                        0.1235           -      1.0000",
        "  always 'a rather long label'      1.5000      0.5000      0.2500",
    ]


def test_a_table_is_no_wider_than_a_terminal():
    title = "a folder/" + "x" * 40 + ".csv: 20 rows"
    scores = [SCORES[0], Score("always " + "y" * 90, SCORES[1].metrics)]
    first, heads, *rows = table_of(title, scores)
    assert first == title
    assert heads.split() == ["log", "loss", "AUC", "accuracy"]
    assert {len(line) for line in (heads, *rows)} == {80}
    assert rows[1].split()[1:] == ["y" * 32 + "...", "1.5000", "0.5000", "0.2500"]


def test_a_text_is_wrapped_under_its_indent():
    got = wrapped("  classes " + ", ".join(["setosa"] * 20)).splitlines()
    assert max(map(len, got)) <= 80
    assert got[0].startswith("  classes setosa, ")
    assert all(line.startswith("      setosa") for line in got[1:])
    assert wrapped("z" * 90) == "z" * 90


def test_an_error_in_the_units_of_the_target_keeps_its_digits():
    for error, expected in ((1.23456e-6, "1.235e-06"), (51234.56, "5.123e+04"), (51.2, "51.2")):
        got = table_of("t", [Score("ours", {"R2": -0.5, "mean absolute error": error})])
        assert got[1].split() == ["ours", "-0.5000", expected]


def test_scores_come_back_from_json():
    got = from_json(json.loads(json.dumps(to_json(SCORES), allow_nan=False)))
    assert got[1] == SCORES[1]
    assert math.isnan(got[0].metrics["AUC"])


def test_lines_are_no_wider_than_a_terminal_and_no_more_than_asked():
    columns = {f"column {k}\nof two lines": "x" * 100 for k in range(5)}
    got = lines_of(columns, 3)
    assert [len(line) for line in got[:3]] == [80] * 3
    assert got[0].startswith("  column 0 of two lines  xxx")
    assert got[3:] == ["  and 2 more: fastnn info lists all"]
    assert len(lines_of(columns)) == 5
    assert lines_of({}) == []
