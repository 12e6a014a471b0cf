"""An ensemble in ONNX answers as in Python, on the columns of a table as they are."""

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pandas")

import onnx
import onnxruntime
import pandas as pd

from fastnn.exchange import to_onnx
from fastnn.sklearn import TabularClassifier, TabularRegressor

from ..tables import FAST, make_estimator, make_strange, make_table, make_target

pytestmark = pytest.mark.compiled
with_empty_label = pytest.mark.filterwarnings("ignore:.* '' as a category of 'label'")


def opened(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def feed_of(session, table):
    """Return the columns as `to_onnx` describes the inputs."""
    feed = {}
    for given in session.get_inputs():
        column = table[given.name]
        assert given.shape == ["n_samples", 1]
        if given.type == "tensor(string)":
            values = np.array(["" if pd.isna(text) else text for text in column], dtype=object)
        elif given.type == "tensor(int64)":
            values = column.to_numpy("M8[us]").astype(np.int64)
        else:
            dtype = {"tensor(float)": np.float32, "tensor(double)": np.float64}[given.type]
            values = column.to_numpy(dtype, na_value=np.nan)
        feed[given.name] = values[:, None]
    return feed


def run(estimator, path, table, dtype=None):
    """Return the outputs by their names."""
    to_onnx(estimator, path, dtype=dtype)
    session = opened(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feed_of(session, table)), strict=True))


def without_new_empty_texts(table):
    """Return a table in which "" is missing, where training has seen no "": ONNX has no missing."""
    return table.assign(grade=table["grade"].replace("", None))


@with_empty_label
@pytest.mark.parametrize("kind", [2, 3])
def test_probabilities_and_labels(tmp_path, kind):
    table = make_table(pd)
    estimator = make_estimator(pd, kind)
    strange = make_strange(table)
    strange["label"] = strange["label"].fillna("new")  # as "" is a category, None cannot be fed
    known = table[table["label"].notna()]
    for X in (known, without_new_empty_texts(strange)):
        got = run(estimator, tmp_path / "rows.onnx", X)
        assert [*got] == ["probabilities", "label_"]  # as there is a column "label"
        expected = estimator.predict_proba(X)
        assert got["probabilities"].dtype == np.float32
        np.testing.assert_allclose(got["probabilities"], expected, atol=2e-6)
        np.testing.assert_array_equal(got["label_"], estimator.predict(X))
    model = onnx.load(tmp_path / "rows.onnx")
    onnx.checker.check_model(model, full_check=True)


@with_empty_label
def test_types_of_inputs(tmp_path):
    to_onnx(make_estimator(pd, 2), tmp_path / "rows.onnx")
    got = {given.name: given.type for given in opened(tmp_path / "rows.onnx").get_inputs()}
    assert got == {
        "size": "tensor(float)",
        "id": "tensor(double)",
        "is new": "tensor(float)",
        "label": "tensor(string)",
        "grade": "tensor(string)",
        "place": "tensor(string)",
        "sold /* when */": "tensor(int64)",
    }


@with_empty_label
@pytest.mark.parametrize("encoding", ["linear", "scaled", "bins", "periodic"])
def test_a_value_by_each_encoding(tmp_path, encoding):
    table = make_table(pd).assign(label="red")
    estimator = make_estimator(pd, "value", encodings=[encoding])
    strange = make_strange(table).assign(label="red")
    for X in (table, without_new_empty_texts(strange)):
        got = run(estimator, tmp_path / "rows.onnx", X)["value"]
        assert got.dtype == np.float64  # float32 has no digits for 3e8 + 1e-3 y
        expected = estimator.predict(X)
        np.testing.assert_allclose(got[:, 0], expected, rtol=1e-15, atol=1e-5 * expected.std())


def test_a_column_without_a_value_in_training(tmp_path):
    table = make_table(pd)[["size", "grade"]].assign(gone=np.nan)
    with pytest.warns(UserWarning, match="got none in 'gone'"):
        estimator = TabularRegressor(**FAST).fit(table, make_target(table.assign(label="")))
    for value in (np.nan, 7.0):
        got = run(estimator, tmp_path / "rows.onnx", table.assign(gone=value))["value"]
        np.testing.assert_allclose(got[:, 0], estimator.predict(table), rtol=1e-5)


def test_times_with_a_zone(tmp_path):
    table = make_table(pd)[["sold /* when */"]]
    zoned = table.apply(lambda column: column.dt.tz_localize("UTC").dt.tz_convert("Etc/GMT-2"))
    estimator = TabularRegressor(**FAST).fit(zoned, np.arange(len(table)))
    got = run(estimator, tmp_path / "rows.onnx", table)["value"]
    np.testing.assert_allclose(got[:, 0], estimator.predict(zoned), rtol=1e-5)


@with_empty_label
def test_float64(tmp_path):
    table = make_table(pd).assign(label="red")
    estimator = make_estimator(pd, 2, dtype="float64", activation="tanh")
    got = run(estimator, tmp_path / "rows.onnx", table)["probabilities"]
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, estimator.predict_proba(table), atol=1e-12)
    with pytest.raises(ValueError, match="gelu must be written in float32"):
        to_onnx(make_estimator(pd, 2), tmp_path / "rows.onnx", dtype="float64")


def test_a_missing_text_is_empty(tmp_path):
    X = pd.DataFrame({"colour": ["red", "blue", None] * 40, "x": np.arange(120.0)})
    estimator = TabularClassifier(**FAST).fit(X, ["a", "b", "c"] * 40)
    new = X[:3].assign(colour=["", "green", "red"])
    got = run(estimator, tmp_path / "rows.onnx", new)
    expected = estimator.predict_proba(new.assign(colour=[None, "green", "red"]))
    np.testing.assert_allclose(got["probabilities"], expected, atol=2e-6)


@pytest.mark.parametrize("missing", [None, "pink"])
def test_an_empty_category_is_warned_of(tmp_path, missing):
    X = pd.DataFrame({"colour": ["red", "", missing] * 40, "x": np.arange(120.0)})
    estimator = TabularClassifier(**FAST).fit(X, ["a", "b", "c"] * 40)
    with pytest.warns(UserWarning, match=r"category of 'colour': .* replace '' by None before fit"):
        to_onnx(estimator, tmp_path / "rows.onnx")


@pytest.mark.parametrize("names", [["size", "id"], ["grade"], ["sold /* when */"]])
@pytest.mark.parametrize("y", [np.arange(240) * 1e160, np.arange(240) * 1e-170, np.arange(240)])
def test_tables_of_one_kind_of_column(tmp_path, names, y):
    table = make_table(pd)[names]
    estimator = TabularRegressor(**FAST).fit(table, y)
    got = run(estimator, tmp_path / "rows.onnx", table)["value"]
    np.testing.assert_allclose(got[:, 0], estimator.predict(table), rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-170, 1e160])
def test_inputs_of_any_scale(tmp_path, unit):
    table = make_table(pd)[["size"]] * unit
    estimator = TabularRegressor(**FAST).fit(table, np.arange(len(table)))
    got = run(estimator, tmp_path / "rows.onnx", table)["value"]
    np.testing.assert_allclose(got[:, 0], estimator.predict(table), rtol=1e-4)


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [([3, 2**60], np.int64), ([True, False], np.bool_), ([1.0, -2.0], np.float64)],
)
def test_labels_of_other_types(tmp_path, labels, dtype):
    table = make_table(pd)[["size"]]
    estimator = TabularClassifier(**FAST).fit(table, labels * 120)
    got = run(estimator, tmp_path / "rows.onnx", table)["label"]
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, estimator.predict(table))


def test_an_array_has_columns_by_their_places(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    estimator = TabularRegressor(**FAST).fit(X, X[:, 0])
    table = pd.DataFrame({"0": X[:, 0], "1": X[:, 1]})
    got = run(estimator, tmp_path / "rows.onnx", table)["value"]
    np.testing.assert_allclose(got[:, 0], estimator.predict(X), atol=1e-5)


@pytest.mark.filterwarnings("ignore:X must have the columns to learn from, got ''")
def test_what_is_refused(tmp_path):
    path = tmp_path / "rows.onnx"
    with pytest.raises(ValueError, match=r"net must be fitted, got a TabularRegressor that is not"):
        to_onnx(TabularRegressor(), path)
    nameless = pd.DataFrame({"": np.arange(40.0), "x": 1.0})
    with pytest.raises(ValueError, match=r"columns must have a name each .* got ''"):
        to_onnx(TabularRegressor(**FAST).fit(nameless, range(40)), path)
    assert not path.exists()
