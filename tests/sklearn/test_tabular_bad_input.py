"""What the estimators of tables refuse: each error is one line that names column and remedy."""

import datetime

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from fastnn.sklearn import MLPRegressor, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.compiled
FAST = {"n_members": 2, "max_epochs": 2, "random_state": 0}
LABELS = ["a", "b"] * 10


def make_frame(**columns):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("narwhals")
    return pd.DataFrame({"x": np.arange(20.0), "colour": ["red", "blue"] * 10} | columns)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": [None] * 20, "colour": np.nan}, "X must have a column that holds a value, got 2"),
        ({"far": [np.inf] + [0.0] * 19}, r"column 'far' .* infinity in row 0: replace it by NaN"),
        ({"far": [0.0] * 19 + [-np.inf]}, r"column 'far' .* infinity in row 19"),
    ],
)
def test_columns_that_cannot_be_learnt_from(columns, expected):
    with pytest.raises(ValueError, match=expected):
        TabularClassifier(**FAST).fit(make_frame(**columns), LABELS)


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "string", "category", "M8[ns]"])
def test_columns_without_a_value_of_any_dtype(dtype):
    pd = pytest.importorskip("pandas")
    X = make_frame()
    gone = X.assign(gone=pd.Series([None] * 20).astype(dtype))
    with pytest.warns(UserWarning, match="X must have a value in each column .*, got none in 'go"):
        TabularClassifier(**FAST).fit(gone, LABELS)
    fitted = TabularClassifier(**FAST).fit(X, LABELS)
    got = fitted.predict_proba(X.assign(colour=gone["gone"]))
    np.testing.assert_array_equal(got, fitted.predict_proba(X.assign(colour=None)))


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"bytes", (1, 2), 1j])
def test_columns_that_are_nested(value):
    X = make_frame(nested=[value] * 20)
    with pytest.raises(TypeError, match=r"column 'nested' .* in row 0: take it apart"):
        TabularClassifier(**FAST).fit(X, LABELS)


def test_two_columns_of_one_name():
    X = make_frame().set_axis(["x", "x"], axis=1)
    with pytest.raises(ValueError, match="different names, got 'x' twice: rename"):
        TabularClassifier(**FAST).fit(X, LABELS)


@pytest.mark.parametrize(
    ("estimator", "y", "expected"),
    [
        (TabularClassifier, ["a"] * 20, "at least 2 classes, got one class, a, in 20 rows"),
        (TabularRegressor, [3.5] * 20, "different numbers, got 3.5 in all 20 rows"),
        (TabularRegressor, np.array([1.0, np.nan] * 10), "y contains NaN"),
        (TabularRegressor, [1.0, np.nan] * 10, "in every row, got nan in row 1: leave the row out"),
        (TabularClassifier, ["a", None] * 10, "a label or number in every row, got None in row 1"),
        (TabularRegressor, ["1", "b"] * 10, "must hold numbers, got the text 'b': TabularClassif"),
        (TabularRegressor, np.array(["a", 2] * 10, object), "numbers, got the text 'a': TabularCl"),
        (TabularClassifier, ["a", "b"] * 9, "inconsistent numbers of samples"),
    ],
)
def test_targets_that_cannot_be_learnt(estimator, y, expected):
    with pytest.raises(ValueError, match=expected):
        estimator(**FAST).fit(make_frame(), y)


@pytest.mark.parametrize("estimator", [TabularRegressor(**FAST), MLPRegressor(max_iter=2)])
@pytest.mark.parametrize("kind", ["M8[us]", "m8[h]", "zoned", "frame", "datetime", "clock", "list"])
def test_targets_that_are_times(estimator, kind):
    pd = pytest.importorskip("pandas")
    days = pd.Series(pd.date_range("2020-01-01", periods=20))
    y = {
        "M8[us]": days.to_numpy("M8[us]"),
        "m8[h]": np.arange(20).astype("m8[h]"),
        "zoned": days.dt.tz_localize("Asia/Tokyo"),
        "frame": days.to_frame("y"),
        "datetime": [*days.dt.to_pydatetime()],
        "clock": [datetime.time(hour) for hour in range(20)],
        "list": [datetime.timedelta(hour) for hour in range(20)],
    }[kind]
    with pytest.raises(TypeError, match=r"^y must hold numbers, got times: give numbers of a unit"):
        estimator.fit(np.arange(20.0)[:, None], y)
    assert not hasattr(estimator, "n_features_in_")


@pytest.mark.parametrize("estimator", [TabularClassifier, TabularRegressor])
@pytest.mark.parametrize("dtype", ["object", "Int64", "string", "category"])
def test_targets_that_are_missing_in_pandas(estimator, dtype):
    pd = pytest.importorskip("pandas")
    y = pd.Series([1, 2, None, 1] * 5, dtype="Int64").astype(dtype)
    with pytest.raises(ValueError, match=r"^y must hold .* in every row, got .* in row 2: leave"):
        estimator(**FAST).fit(make_frame(), y)


def test_a_column_less():
    fitted = TabularClassifier(**FAST).fit(make_frame(), LABELS)
    with pytest.raises(ValueError, match=r"now missing:\n- colour\n(.|\n)*give it missing values"):
        fitted.predict(make_frame()[["x"]])


def test_one_row():
    with pytest.raises(ValueError, match="at least 2 samples"):
        TabularClassifier(**FAST).fit(make_frame()[:1], ["a"])
    assert TabularRegressor(**FAST).fit(make_frame()[:2], [1.0, 2.0]).n_features_in_ == 2


def test_no_rows_and_no_columns():
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        TabularClassifier(**FAST).fit(make_frame()[:0], [])
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        TabularClassifier(**FAST).fit(make_frame()[[]], LABELS)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": ["red"] * 20}, "column 'x' must hold numbers, as in training, got 'red' in row 0"),
        ({"x": [np.inf] * 20}, "column 'x' must hold finite numbers"),
        ({"more": [1.0] * 20}, r"unseen at fit time:\n- more\n(.|\n)*feature_names_in_\)\] takes"),
    ],
)
def test_tables_that_are_not_like_that_of_training(columns, expected):
    fitted = TabularClassifier(**FAST).fit(make_frame(), LABELS)
    with pytest.raises(ValueError, match=expected):
        fitted.predict(make_frame(**columns))
    with pytest.raises(ValueError, match="order"):
        fitted.predict(make_frame()[["colour", "x"]])


def test_a_failed_fit_changes_nothing():
    fitted = TabularClassifier(**FAST).fit(make_frame(), LABELS)
    before = vars(fitted).copy()
    for columns, y in (({"x": [np.inf] * 20}, LABELS), ({"more": 1.0}, ["c"] * 20)):
        with pytest.raises(ValueError, match="must hold"):
            fitted.fit(make_frame(**columns), y)
        assert vars(fitted) == before


def test_weights_that_leave_nothing():
    with pytest.raises(ValueError, match=r"(?i)sample.weight"):
        TabularClassifier(**FAST).fit(make_frame(), LABELS, sample_weight=np.zeros(20))
    one_class = np.array([1.0, 0.0] * 10)
    with pytest.raises(ValueError, match="one class, a"):
        TabularClassifier(**FAST).fit(make_frame(), LABELS, sample_weight=one_class)
    held_only = [(np.arange(10), np.arange(10, 20))]
    with pytest.raises(ValueError, match="cv must leave rows"):
        TabularClassifier(**FAST, cv=held_only).fit(
            make_frame(), LABELS, sample_weight=np.arange(20) < 10
        )


@pytest.mark.parametrize("estimator", [TabularClassifier, TabularRegressor])
@pytest.mark.parametrize(
    ("train", "held", "error", "expected"),
    [
        (range(10), range(10, 21), ValueError, r"held out, must be different numbers from 0 to 19"),
        (range(-1, 10), range(10, 20), ValueError, r"to train on, must .* 0 to 19, got -1 to 9"),
        ([0, 0, 1, 2], [3, 4], ValueError, r"to train on, .* got 0 to 2, 1 of them again"),
        (
            range(11),
            range(10, 20),
            ValueError,
            r"must hold out rows .* got 1 in both, such as row 10",
        ),
        (range(20), [], ValueError, r"held out, must not be empty"),
        (np.arange(20) < 10, np.arange(20) >= 10, TypeError, r"must be the numbers .* got bool"),
    ],
)
def test_folds_that_are_none(estimator, train, held, error, expected):
    cv = [(range(10), range(10, 20)), (train, held)]
    with pytest.raises(error, match=rf"^cv\[1\].* {expected}"):
        estimator(**FAST, cv=cv).fit(make_frame(), np.arange(20) % 2)


@pytest.mark.parametrize("estimator", [TabularClassifier, TabularRegressor])
def test_folds_by_groups_are_made_before(estimator):
    y, groups = np.arange(20) % 2, np.arange(20) // 4
    message = r"^cv must be splits .* got GroupKFold\(.*: give cv=list\(cv.split\(X, y, groups\)\)$"
    with pytest.raises(ValueError, match=message):
        estimator(**FAST, cv=GroupKFold(5)).fit(make_frame(), y)
    splits = list(GroupKFold(5).split(y, groups=groups))
    fitted = estimator(**FAST, cv=splits).fit(make_frame(), y)
    assert {len({*groups[member.held_rows]}) for member in fitted.members_} == {1}


def test_parameters_out_of_range():
    with pytest.raises(ValueError, match="'n_members' parameter"):
        TabularClassifier(n_members=0).fit(make_frame(), LABELS)
    with pytest.raises(ValueError, match="'learning_rate' parameter"):
        TabularRegressor(learning_rate=0.0).fit(make_frame(), range(20))
    for encodings in ([], ["scaled", "splines"]):
        with pytest.raises(ValueError, match="encodings must be some of linear, scaled, bins"):
            TabularRegressor(encodings=encodings).fit(make_frame(), range(20))


def test_a_frame_without_narwhals(monkeypatch):
    import sys

    X = make_frame()
    monkeypatch.setitem(sys.modules, "narwhals", None)
    monkeypatch.setitem(sys.modules, "narwhals.stable", None)
    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    with pytest.raises(ImportError, match="of the extra tables: pip install"):
        TabularClassifier(**FAST).fit(X, LABELS)


@pytest.mark.parametrize("activation", ["ascending", "mean_and_spread", "softmax", "step"])
@pytest.mark.parametrize("Estimator", [TabularClassifier, TabularRegressor])
def test_activations_that_hidden_layers_have_not(Estimator, activation):
    message = f"The 'activation' parameter of {Estimator.__name__} must be .*Got '{activation}'"
    with pytest.raises(ValueError, match=message):
        Estimator(**FAST, activation=activation).fit(make_frame(), np.arange(20) % 2)


@pytest.mark.parametrize(("zone", "other"), [(None, "UTC"), ("UTC", None), ("Asia/Tokyo", None)])
def test_times_whose_zone_is_not_as_in_training(zone, other):
    pd = pytest.importorskip("pandas")
    when = pd.Series(pd.date_range("2020-01-01", periods=20, tz=zone))
    fitted = TabularClassifier(**FAST).fit(make_frame(when=when), LABELS)
    wanted = "without" if zone is None else "with"
    message = f"column 'when' must hold times {wanted} a zone, as in training, got .* in row 0: in "
    with pytest.raises(ValueError, match=message):
        fitted.predict(make_frame(when=when.dt.tz_localize(None).dt.tz_localize(other)))
    if zone is not None:
        same = fitted.predict_proba(make_frame(when=when.dt.tz_convert("America/New_York")))
        np.testing.assert_array_equal(same, fitted.predict_proba(make_frame(when=when)))
