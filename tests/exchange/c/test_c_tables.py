"""An ensemble in C answers as in Python: compiled by gcc and clang without a warning."""

import ctypes
import datetime
import re

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pandas")

import pandas as pd

from fastnn.exchange import to_c
from fastnn.sklearn import TabularClassifier, TabularRegressor

from ..tables import FAST, make_estimator, make_strange, make_table, make_target
from .c_programs import STRICT, STRICTER

pytestmark = pytest.mark.compiled
C_TYPES = {
    "number": ctypes.c_double,
    "nothing": ctypes.c_double,
    "text": ctypes.c_char_p,
    "time": ctypes.c_int64,
    "time with a zone": ctypes.c_int64,
}
NEVER = np.iinfo(np.int64).min
ATOL = {"float64": 1e-12, "float32": 2e-6}


def predicted(compiler, estimator, path, table, dtype=None):
    """Return the outputs of the C source of an estimator, a row for each of a table."""
    to_c(estimator, path, dtype=dtype)
    library = path.with_suffix(".so")
    compiler.run(*STRICT, *STRICTER, "-O1", "-shared", "-fPIC", path, "-o", library, "-lm")
    kinds = estimator.model_.encoder.kinds_
    row_type = type("Row", (ctypes.Structure,), {
        "_fields_": [(f"f{j}", C_TYPES[kind]) for j, kind in enumerate(kinds.values())]
    })  # fmt: skip
    n_out = len(getattr(estimator, "classes_", [0]))
    outputs = np.full((len(table), n_out), np.nan)
    predict = getattr(ctypes.CDLL(str(library)), f"{path.stem}_predict")
    fields = [
        list(map(FIELDS[kind], table[name]))
        for name, kind in zip(table, kinds.values(), strict=True)
    ]
    for row, output in zip(zip(*fields, strict=True), outputs, strict=True):
        predict(ctypes.byref(row_type(*row)), output.ctypes.data_as(ctypes.c_void_p))
    return outputs


FIELDS = {
    "number": lambda value: np.nan if pd.isna(value) else float(value),
    "nothing": float,
    "text": lambda value: None if pd.isna(value) else value.encode(),
    "time": lambda v: NEVER if pd.isna(v) else int(np.datetime64(v, "us").astype(np.int64)),
    "time with a zone": lambda v: FIELDS["time"](v.tz_convert("UTC").tz_localize(None)),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", [2, 3])
def test_probabilities(tmp_path, compiler, kind, dtype):
    table = make_table(pd)
    estimator = make_estimator(pd, kind, dtype=dtype)
    assert {member.by_target is None for member in estimator.members_} == {False}
    for X in (table, make_strange(table)):
        got = predicted(compiler, estimator, tmp_path / "rows.c", X)
        np.testing.assert_allclose(got, estimator.predict_proba(X), atol=ATOL[dtype])
    source = (tmp_path / "rows.c").read_text()
    found = re.search(r"const rows_classes\[N_OUT\] = \{\n(.*?)\};", source, re.DOTALL)[1]
    assert re.findall(r'"(.*)",', found) == estimator.classes_.tolist()


@pytest.mark.parametrize("encoding", ["linear", "scaled", "bins", "periodic"])
def test_a_value_by_each_encoding(tmp_path, compiler, encoding):
    table = make_table(pd)
    estimator = make_estimator(pd, "value", encodings=[encoding], dtype="float64")
    for X in (table, make_strange(table)):
        got = predicted(compiler, estimator, tmp_path / "rows.c", X)
        expected = estimator.predict(X)
        spread = expected.std()
        np.testing.assert_allclose(got[:, 0], expected, rtol=1e-15, atol=1e-9 * spread)


def test_durations_are_in_days_and_times_of_day_in_hours(tmp_path, compiler):
    halves = np.arange(40) / 2
    table = pd.DataFrame({
        "age": pd.to_timedelta(halves, unit="D"),
        "at": [datetime.time(int(half), 30 * int(2 * half % 2)) for half in halves],
    })  # fmt: skip
    estimator = TabularRegressor(**FAST, dtype="float64").fit(table, halves**2)
    numbers = pd.DataFrame({"age": halves, "at": halves})
    got = predicted(compiler, estimator, tmp_path / "rows.c", numbers)
    np.testing.assert_allclose(got[:, 0], estimator.predict(table), rtol=1e-9)
    header = " ".join((tmp_path / "rows.h").read_text().split())
    assert "Durations are doubles in days, * times of day in hours." in header


def test_times_with_a_zone(tmp_path, compiler):
    table = make_table(pd)[["sold /* when */"]]
    table["sold /* when */"] = table["sold /* when */"].dt.tz_localize("Etc/GMT-2")
    estimator = TabularRegressor(**FAST).fit(table, np.arange(len(table)))
    got = predicted(compiler, estimator, tmp_path / "rows.c", table)
    np.testing.assert_allclose(got[:, 0], estimator.predict(table), rtol=1e-5)


@pytest.mark.parametrize("names", [["size", "id"], ["grade"], ["sold /* when */"]])
def test_tables_of_one_kind_of_column(tmp_path, compiler, names):
    table = make_table(pd)[names]
    y = np.arange(len(table)) * 1e160
    estimator = TabularRegressor(**FAST).fit(table, y)
    got = predicted(compiler, estimator, tmp_path / "rows.c", table)
    np.testing.assert_allclose(got[:, 0], estimator.predict(table), rtol=1e-5)


def test_a_column_without_a_value_in_training(tmp_path, compiler):
    table = make_table(pd)[["size", "grade"]].assign(gone=np.nan)
    with pytest.warns(UserWarning, match="got none in 'gone'"):
        estimator = TabularRegressor(**FAST).fit(table, make_target(table.assign(label="")))
    for value in (np.nan, 7.0):
        got = predicted(compiler, estimator, tmp_path / "rows.c", table.assign(gone=value))
        np.testing.assert_allclose(got[:, 0], estimator.predict(table), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:X must have the columns to learn from, got ''")
def test_columns_whose_names_are_no_identifiers(tmp_path, compiler):
    names = ["int", "a b", "a-b", "a_b", "2", "", "\u00fc */ /*", "NAN", "INT64_MAX", "linux", "x_"]
    table = pd.DataFrame(dict.fromkeys(names, np.arange(40.0)))
    estimator = TabularClassifier(**FAST).fit(table, [True, False] * 20)
    got = predicted(compiler, estimator, tmp_path / "rows.c", table)
    np.testing.assert_allclose(got, estimator.predict_proba(table), atol=2e-6)
    header = (tmp_path / "rows.h").read_text()
    fields = re.findall(r"^    double (\w+);", header, re.MULTILINE)
    assert fields[:5] == ["int_", "a_b_2", "a_b_3", "a_b", "x_2"]
    assert len({*fields}) == len(names)


def test_files_of_cplusplus_have_the_header(tmp_path, compiler):
    if not compiler.knows_cplusplus():
        pytest.skip("no C++")
    to_c(make_estimator(pd, 2, n_members=1), tmp_path / "rows.c")
    program = tmp_path / "main.cc"
    program.write_text('#include "rows.h"\nint main() { return ROWS_N_OUT - 2; }\n')
    compiler.run("-x", "c++", "-Wall", "-Werror", "-c", program, "-o", tmp_path / "main.o")


def test_what_is_refused(tmp_path):
    path = tmp_path / "rows.c"
    with pytest.raises(ValueError, match=r"net must be fitted, got a TabularClassifier that is no"):
        to_c(TabularClassifier(), path)
    estimator = TabularClassifier(**FAST).fit([["a\0", 1.0], ["b", 2.0]] * 20, [0, 1] * 20)
    with pytest.raises(ValueError, match="column '0' must hold no text with a NUL"):
        to_c(estimator, path)
    for name, value in {"train": True, "int8": True, "calibration": [[0.0]]}.items():
        message = f"must be left out for an estimator of tables, got {name}: give"
        with pytest.raises(ValueError, match=message):
            to_c(estimator, path, **{name: value})
    assert [*tmp_path.iterdir()] == []
    path.write_text("int main(void) { return 0; }")
    with pytest.raises(FileExistsError):
        to_c(estimator, path)
