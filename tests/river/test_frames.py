"""`learn_many`, `predict_many`: tables of pandas and others."""

from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
from river import metrics, preprocessing

from fastnn.river import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.compiled


def table(n_rows=40, library=pd, names="abc", seed=0):
    """Return a table and its column of classes, of which some turn up late."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_rows, len(names)))
    labels = ["low" if row[0] < row[-1] else "high" for row in X]
    labels[n_rows // 2 :: 3] = ["other"] * len(labels[n_rows // 2 :: 3])
    columns = {name: X[:, k].tolist() for k, name in enumerate(names)}
    return library.DataFrame(columns), library.Series(name="weather", **_data(library, labels))


def _data(library, values):
    return {"values" if library.__name__ == "polars" else "data": values}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_table_is_its_rows(seed):
    one, many = MLPClassifier(seed=seed), MLPClassifier(seed=seed)
    for names in ("ab", "abc", "cb", "dbca"):
        X, y = table(names=names)
        for x, label in zip(X.to_dict("records"), y, strict=True):
            one.learn_one(x, label)
        many.learn_many(X, y)
        assert many.classes == one.classes
        assert many.features == one.features
        np.testing.assert_allclose(many.to_network().params, one.to_network().params, rtol=1e-9)


def test_predictions_are_those_of_the_rows():
    X, y = table()
    model = MLPClassifier(seed=0)
    model.learn_many(X, y)
    X.index = range(100, 140)
    X["z"] = 1.0  # not known
    labels, shares = model.predict_many(X), model.predict_proba_many(X)
    assert (labels.name, shares.columns.tolist()) == ("weather", model.classes)
    for index, x in zip(X.index, X.to_dict("records"), strict=True):
        assert labels[index] == model.predict_one(x)
        assert shares.loc[index].to_dict() == model.predict_proba_one(x)


def test_numbers():
    X, _ = table()
    y = pd.Series(X["a"] - 2 * X["b"], name="sum")
    model = MLPRegressor(seed=0)
    assert model.predict_many(X).tolist() == [0.0] * 40
    for _ in range(50):
        model.learn_many(X, y)
    got = model.predict_many(X)
    assert got.name == "sum"
    assert np.abs(got - y).max() < 0.5
    assert got.tolist() == [model.predict_one(x) for x in X.to_dict("records")]


def test_before_the_first_row():
    X, _ = table(3)
    model = MLPClassifier()
    assert model.predict_many(X).tolist() == [None] * 3
    assert model.predict_proba_many(X).shape == (3, 0)


def test_no_rows():
    X, y = table(4)
    model = MLPClassifier(seed=0)
    model.learn_many(X[:0], y[:0])
    assert model.features == ()
    model.learn_many(X, y)
    assert model.predict_many(X[:0]).tolist() == []
    assert model.predict_proba_many(X[:0]).shape == (0, len(model.classes))


def test_weights_of_rows():
    X, y = table()
    weighted, plain = MLPRegressor(seed=0), MLPRegressor(seed=0)
    y = pd.Series(X["a"])
    weighted.learn_many(X, y, w=pd.Series([0.0] * 20 + [1.0] * 20))
    plain.learn_many(X[20:], y[20:])
    np.testing.assert_allclose(weighted.predict_many(X), plain.predict_many(X), rtol=0.2, atol=0.1)
    before = weighted.to_network().params
    weighted.learn_many(X, y, w=0.0)
    np.testing.assert_array_equal(weighted.to_network().params, before)
    with pytest.raises(ValueError, match="w must have a weight for each of 40 rows, got 3"):
        weighted.learn_many(X, y, w=pd.Series([1.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="w must be at least 0"):
        weighted.learn_many(X, y, w=-1.0)


@pytest.mark.parametrize("model", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, None, 2.0, 3.0], "the feature 'new' must be finite, got nan"),
        ([1.0, 2.0, float("inf"), 3.0], "the feature 'new' must be finite, got inf"),
        (["x", "y", "x", "y"], "the feature 'new' must be a number, got 'x'; encode texts as"),
    ],
)
def test_a_refused_table_leaves_nothing_behind(model, column, message):
    X, y = table(4)
    if model is MLPRegressor:
        y = pd.Series([1.0, 2.0, 3.0, 4.0])
    got, expected = model(seed=0), model(seed=0)
    for _ in range(2):
        for call in (
            lambda: got.learn_many(X.assign(new=column), y),
            lambda: got.predict_many(X.assign(new=column)),
        ):
            with pytest.raises((ValueError, TypeError), match=message):
                call()
        got.learn_many(X, y)
        expected.learn_many(X, y)
    assert got.features == ("a", "b", "c")
    np.testing.assert_array_equal(got.to_network().params, expected.to_network().params)


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (MLPClassifier, ["low", "new", None, "low"], "y must be classes, got None in row 2"),
        (MLPRegressor, [1.0, 2.0, float("nan"), 1.0], "y must be finite, got nan"),
        (MLPRegressor, ["1", "2", "3", "4"], "y must be a number, got '1'"),
        (MLPRegressor, [1.0, 2.0], "y must have a target for each of 4 rows, got 2"),
    ],
)
def test_refused_targets(model, y, message):
    X, _ = table(4)
    refused = model(seed=0)
    with pytest.raises((ValueError, TypeError), match=message):
        refused.learn_many(X, pd.Series(y, dtype=object))
    assert refused.features == ()
    assert refused.to_network() is None


COLUMNS = {
    "datetimes": [datetime(2020, 1, 1), datetime(2021, 1, 1)],
    "dates": [date(2020, 1, 1), date(2021, 1, 1)],
    "times": [time(1), time(2)],
    "durations": [timedelta(1), timedelta(2)],
    "digits": ["1", "2"],
    "bytes": [b"1", b"2"],
    "complex": [1 + 1j, 2 + 0j],
    "lists": [[1.0], [2.0]],
}


@pytest.mark.parametrize("model", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("others", [{}, {"a": [1.0, 2.0]}], ids=["alone", "beside a"])
@pytest.mark.parametrize("column", COLUMNS.values(), ids=[*COLUMNS])
def test_a_table_is_refused_as_its_rows_are(model, library, others, column):
    library = pytest.importorskip(library)
    X, y, refused = library.DataFrame(others | {"new": column}), library.Series([1, 2]), model()
    with pytest.raises(TypeError, match="the feature 'new' must be a number, got"):
        refused.learn_one({"new": column[0]}, 1.0)
    for call in (lambda: refused.learn_many(X, y), lambda: refused.predict_many(X)):
        with pytest.raises(TypeError, match="the feature 'new' must be a number, got"):
            call()
    assert refused.features == ()


@pytest.mark.parametrize(
    "dtype", ["int8", "float32", "bool", "Float64", "Int64", "boolean", "Sparse[float]", "category"]
)
def test_numbers_of_any_dtype(dtype):
    column = pd.Series([0, 1, 1]).astype(dtype)
    got, expected, y = MLPRegressor(seed=0), MLPRegressor(seed=0), pd.Series([1.0, 2.0, 3.0])
    got.learn_many(pd.DataFrame({"a": [1.0, 2.0, 3.0], 5: column}), y)
    expected.learn_many(pd.DataFrame({"a": [1.0, 2.0, 3.0], 5: [0.0, 1.0, 1.0]}), y)
    np.testing.assert_array_equal(got.to_network().params, expected.to_network().params)


@pytest.mark.parametrize("model", [MLPClassifier, MLPRegressor])
def test_what_is_no_table_and_no_column(model):
    X, y = table(3)
    refused = model()
    for given in (X.to_numpy(), X.to_dict("list"), None):
        for call in (refused.predict_many, lambda x: refused.learn_many(x, y)):
            with pytest.raises(TypeError, match=r"X must be a table of pandas, .*, got \w+$"):
                call(given)
    for given in ([1.0, 2.0, 3.0], np.ones(3), X, None):
        with pytest.raises(TypeError, match=r"y must be a column of pandas, polars .*, got \w+$"):
            refused.learn_many(X, given)
    assert refused.features == ()


def test_missing_classes_of_pandas():
    X, _ = table(3)
    with pytest.raises(ValueError, match="y must be a class, got <NA>"):
        MLPClassifier().learn_many(X, pd.Series(["low", pd.NA, None], dtype="string"))
    with pytest.raises(ValueError, match="a feature must have a name that equals itself, got nan"):
        MLPRegressor().learn_many(pd.DataFrame({float("nan"): [1.0]}), pd.Series([1.0]))


def test_polars():
    polars = pytest.importorskip("polars")
    model, same = MLPClassifier(seed=0), MLPClassifier(seed=0)
    X, y = table(library=polars)
    model.learn_many(X, y)
    same.learn_many(*table())
    assert isinstance(model.predict_many(X), polars.Series)
    assert model.predict_many(X).to_list() == same.predict_many(table()[0]).tolist()
    assert model.predict_proba_many(X).columns == model.classes


def test_a_pipeline_over_tables():
    model, metric = preprocessing.StandardScaler() | MLPClassifier(seed=0), metrics.Accuracy()
    for seed in range(10):
        X, y = table(seed=seed)
        for label, said in zip(y, model.predict_many(X), strict=True):
            metric.update(label, said)
        model.learn_many(X, y)
    assert 0.5 < metric.get() < 1
