"""`fastnn predict` with a model that was trained and saved in Python, on files of its table."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fastnn.sklearn import TabularClassifier

from .commands import refusal, run

pytestmark = pytest.mark.filterwarnings("ignore:X must")
K = np.arange(60)
TABLE = pd.DataFrame({
    " x ": K * 1.0,
    "Unnamed: 0": K,
    "share": [f"{k % 7}%" for k in K],
    "code": [f"0{k % 3}" for k in K],
    "day": [f"2020-01-{1 + k % 5:02}" for k in K],
    "grade": pd.Categorical([None if k % 9 == 0 else float(k % 4) for k in K]),
})  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_are_read_as_training_had_the_columns(here, capsys, kind):
    labels = np.where(K % 2, "odd", "even")
    fitted = TabularClassifier(n_members=2, max_epochs=3, random_state=0).fit(TABLE, labels)
    fitted.save("model")
    if kind == "csv":
        TABLE.to_csv("t.csv", index=False)
        assert "1.0" in (here / "t.csv").read_text()  # of the grade, whose category is 1
    else:
        TABLE.to_parquet("t.parquet", index=False)
    run("predict", "model", f"t.{kind}", "--probabilities", "-o", "p.csv")
    assert "did not see" not in capsys.readouterr().err
    got = pd.read_csv("p.csv")
    np.testing.assert_array_equal(got.iloc[:, 1:], fitted.predict_proba(TABLE))
    assert got.iloc[:, 0].tolist() == fitted.predict(TABLE).tolist()


def test_names_in_a_parquet_file_are_those_of_a_csv_file(here, capsys):
    table = TABLE[[" x ", "code"]].assign(y=K)
    table.to_parquet("t.parquet", index=False)
    table.to_csv("t.csv", index=False)
    how = ["--target", "y", "--save", "model", "--fast", "--epochs", "1", "--quiet", "--force"]
    for one, other in (("t.csv", "t.parquet"), ("t.parquet", "t.csv")):
        run("train", one, *how, "--categories", " x ")
        for name in (one, other):
            run("predict", "model", name, "-o", f"{name}.csv", "--force")
        assert pd.read_csv(f"{one}.csv").equals(pd.read_csv(f"{other}.csv"))


def test_no_remedy_is_a_flag_that_predict_has_not(here, capsys):
    table = pd.DataFrame({"x": K * 1.0})
    TabularClassifier(n_members=1, max_epochs=1).fit(table, K % 2).save("model")
    for text in ("1,234", "03/04/2020"):
        (here / "t.csv").write_text(f'x\n"{text}"\n')
        told = refusal(capsys, "predict", "model", "t.csv")
        remedy = "write numbers as 1234.5, and times as 2020-12-31T12:30"
        assert told.endswith(f", got '{text}': {remedy}")
    pq.write_table(pa.table({"x": [[1.0]]}), "t.parquet")
    told = refusal(capsys, "predict", "model", "t.parquet")
    assert "'x' must be numbers, texts or times, got 'list<" in told
    assert told.endswith(": write it as one of them")


def test_export_tells_of_an_empty_category_in_a_note(here, capsys):
    pytest.importorskip("onnx")
    table = pd.DataFrame({"x": K * 1.0, "colour": ["red", "", None] * 20})
    TabularClassifier(n_members=1, max_epochs=1).fit(table, K % 2).save("model")
    run("export", "model", "--onnx", "net.onnx")
    told, err = capsys.readouterr()
    assert err == ""
    assert told.startswith("note: columns of texts must have no empty one")
    assert "\nWrote net.onnx\n" in told
