"""`TabularClassifier` and `TabularRegressor`: tables in, predictions out."""

import pickle
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import shuffle

from fastnn.sklearn import TabularClassifier, TabularRegressor

pytestmark = pytest.mark.compiled
FAST = {"n_members": 2, "max_epochs": 10, "random_state": 0}
N_ROWS = 300


def make_table(seed=0):
    """Return a pandas table of all kinds of columns, and what depends on each of them."""
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(seed)
    size = random.normal(50, 20, N_ROWS)
    colour = random.choice(["red", "green", "blue"], N_ROWS)
    hours = random.integers(0, 24 * 365, N_ROWS)
    when = [datetime(2024, 1, 1) + timedelta(hours=int(hour)) for hour in hours]
    is_new = random.random(N_ROWS) < 0.5
    signal = size / 20 + 2 * (colour == "red") + is_new + np.array([t.hour > 12 for t in when])
    table = pd.DataFrame({
        "size": np.where(random.random(N_ROWS) < 0.1, np.nan, size),
        "colour": pd.Series(colour).mask(random.random(N_ROWS) < 0.1),
        "grade": pd.Categorical(random.choice([1, 2], N_ROWS)),
        "when": pd.to_datetime(when),
        "is_new": pd.array(is_new, dtype="boolean"),
        "count": pd.array([None, *range(1, N_ROWS)], dtype="Int64"),
        "empty at times": pd.Series([None, 0.5] * (N_ROWS // 2)),
    })  # fmt: skip
    return table, signal + random.normal(0, 0.1, N_ROWS)


def test_a_table_of_all_kinds_of_columns():
    X, y = make_table()
    got = TabularRegressor(random_state=0).fit(X, y)
    assert got.oof_score_ > 0.7
    assert got.feature_names_in_.tolist() == X.columns.tolist()
    new, expected = make_table(seed=1)
    assert r2_score(expected, got.predict(new)) > 0.7


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_libraries_of_tables_agree(library):
    X, y = make_table()
    X["grade"] = X["grade"].astype(str)
    expected = TabularRegressor(**FAST).fit(X, y).predict(X)
    if library == "polars":
        other = pytest.importorskip("polars").from_pandas(X)
    else:
        other = pytest.importorskip("pyarrow").Table.from_pandas(X, preserve_index=False)
    got = TabularRegressor(**FAST).fit(other, y).predict(other)
    np.testing.assert_array_equal(got, expected)


def test_an_array_of_objects_is_a_table_too():
    X = [["red", 1, True], ["blue", None, False], ["red", 2.5, None]] * 30
    y = np.array(["a", "b", "a"] * 30)
    got = TabularClassifier(**FAST).fit(X, y)
    assert got.score(X, y) == 1
    np.testing.assert_array_equal(got.predict(np.array(X, dtype=object)), got.predict(X))


def test_an_array_in_the_place_of_a_frame():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"colour": ["red", "blue"] * 20, "x": np.arange(40.0)})
    fitted = TabularClassifier(**FAST).fit(X, [0, 1] * 20)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        got = fitted.predict_proba(X.to_numpy())
    np.testing.assert_array_equal(got, fitted.predict_proba(X))


def test_the_target_may_be_of_any_scale():
    X, y = load_diabetes(return_X_y=True)
    expected = TabularRegressor(**FAST).fit(X, y).predict(X)
    got = TabularRegressor(**FAST).fit(X, y * 2.0**40).predict(X)
    np.testing.assert_allclose(got, expected * 2.0**40, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e160, 1e300, 1e-170, 1e-310])
def test_the_target_may_be_beyond_its_own_square(unit):
    X, y = load_diabetes(return_X_y=True)
    expected = TabularRegressor(**FAST).fit(X, y)
    got = TabularRegressor(**FAST).fit(X, y * unit)
    assert got.oof_score_ == pytest.approx(expected.oof_score_, abs=1e-3)
    for a, b in zip(got.predict(X, True), expected.predict(X, True), strict=True):
        np.testing.assert_allclose(a / unit, b, rtol=1e-2)


def test_instants_are_the_same_in_every_zone():
    pd = pytest.importorskip("pandas")
    table, y = make_table()
    X = pd.DataFrame({"when": table["when"].dt.tz_localize("UTC")})
    fitted = TabularRegressor(**FAST).fit(X, y)
    tokyo = X.assign(when=X["when"].dt.tz_convert("Asia/Tokyo"))
    np.testing.assert_array_equal(fitted.predict(tokyo), fitted.predict(X))
    objects = tokyo.assign(when=tokyo["when"].astype(object))
    np.testing.assert_array_equal(fitted.predict(objects), fitted.predict(X))


def test_identifiers_beyond_float64_stay_different():
    ids = np.array([2**60 + k for k in range(4)] * 25)
    y = ids % 2
    ours = TabularClassifier(**FAST).fit(ids[:, None], y)
    assert ours.score(ids[:, None], y) == 1
    assert ours.score([[2**60], [2**60 + 1]], [0, 1]) == 1
    numbers = TabularClassifier(**FAST).fit(ids[:, None] % 2**53, y)
    got = numbers.predict_proba(ids[:, None])
    np.testing.assert_array_equal(got, numbers.predict_proba(ids[:, None].astype(float)))


def test_inputs_may_be_of_any_scale():
    X, y = load_diabetes(return_X_y=True)
    expected = TabularRegressor(**FAST).fit(X, y).predict(X)
    got = TabularRegressor(**FAST).fit(X * 2.0**-30, y).predict(X * 2.0**-30)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_better_than_the_linear_model_where_that_is_far_from_the_best():
    random = np.random.default_rng(0)
    X = random.uniform(-2, 2, (600, 3))
    y = np.sin(3 * X[:, 0]) + np.abs(X[:, 1])
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)
    linear = Ridge().fit(train, y_train).score(test, y_test)
    assert TabularRegressor(random_state=0).fit(train, y_train).score(test, y_test) > 0.9 > linear


def test_as_good_as_the_linear_model_where_that_is_the_best():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    train, test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, y_train)
    ours = TabularClassifier(random_state=0).fit(train, y_train)
    expected = log_loss(y_test, linear.predict_proba(test))
    assert log_loss(y_test, ours.predict_proba(test)) < expected + 0.03


def test_many_valued_categories_are_learnt_from_the_target():
    random = np.random.default_rng(0)
    level = random.normal(size=150)
    place = random.integers(0, 150, 1500)
    X = np.array([f"place {k}" for k in place], dtype=object)[:, None]
    y = level[place] + random.normal(0, 0.1, 1500)
    ours = TabularRegressor(random_state=0).fit(X[:1000], y[:1000])
    assert ours.score(X[1000:], y[1000:]) > 0.6
    labels = np.where(y > 0, "up", "down")
    classifier = TabularClassifier(random_state=0).fit(X[:1000], labels[:1000])
    assert classifier.score(X[1000:], labels[1000:]) > 0.8


def test_what_training_did_not_see_is_predicted():
    X, y = make_table()
    ours = TabularRegressor(**FAST).fit(X, y)
    strange = X[:2].assign(colour=["ultraviolet", "red"], size=[1e300, -1e300])
    strange["count"] = None
    assert np.isfinite(ours.predict(strange)).all()


def test_results_do_not_depend_on_threads():
    X, y = load_iris(return_X_y=True)
    one, two = [TabularClassifier(**FAST, n_jobs=n).fit(X, y) for n in (None, 2)]
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    np.testing.assert_array_equal(one.oof_prediction_, two.oof_prediction_)


def test_predictions_out_of_fold():
    X, y = shuffle(*load_iris(return_X_y=True), random_state=0)
    options = {"encodings": ["bins"], "random_state": 0, "max_epochs": 10}
    ours = TabularClassifier(**options).fit(X, y)
    held = [member.held_rows for member in ours.members_]
    np.testing.assert_array_equal(np.sort(np.concatenate(held)), np.arange(len(y)))
    for member in ours.members_:
        assert np.bincount(y[member.held_rows]).tolist() == [10, 10, 10]
        alone = pickle.loads(pickle.dumps(ours))
        alone.model_ = replace(alone.model_, members=[member])
        got = ours.oof_prediction_[member.held_rows]
        np.testing.assert_array_equal(got, alone.predict_proba(X[member.held_rows]))
    predicted = ours.classes_[ours.oof_prediction_.argmax(axis=1)]
    assert ours.oof_score_ == accuracy_score(y, predicted)


def test_the_score_out_of_fold_is_weighted_as_training_is():
    random = np.random.default_rng(0)
    X, weights = random.normal(size=(60, 2)), random.uniform(0, 3, 60)
    numbers = X.sum(axis=1) + random.normal(size=60)
    y = np.where(numbers > 0, "yes", "no")
    given = weights.copy()
    ours = TabularClassifier(**FAST, class_weight={"yes": 5.0}).fit(X, y, given)
    np.testing.assert_array_equal(given, weights)
    predicted = ours.classes_[ours.oof_prediction_.argmax(axis=1)]
    both, known = weights * np.where(y == "yes", 5.0, 1.0), ~np.isnan(ours.oof_prediction_[:, 0])
    of_known = {"y_true": y[known], "y_pred": predicted[known]}
    weighted = accuracy_score(**of_known, sample_weight=both[known])
    assert ours.oof_score_ == pytest.approx(weighted, rel=1e-12)
    assert accuracy_score(**of_known) != pytest.approx(weighted, abs=1e-3)
    regressor = TabularRegressor(**FAST).fit(X, numbers, weights)
    known = ~np.isnan(regressor.oof_prediction_)
    of_known = {"y_true": numbers[known], "y_pred": regressor.oof_prediction_[known]}
    weighted = r2_score(**of_known, sample_weight=weights[known])
    assert regressor.oof_score_ == pytest.approx(weighted, rel=1e-9)
    assert r2_score(**of_known) != pytest.approx(weighted, abs=1e-3)


def test_one_member_holds_out_a_fifth():
    X, y = load_diabetes(return_X_y=True)
    ours = TabularRegressor(1, encodings=["bins"], random_state=0, max_epochs=10).fit(X, y)
    (member,) = ours.members_
    assert 0.19 < len(member.held_rows) / len(y) < 0.21
    known = ~np.isnan(ours.oof_prediction_)
    np.testing.assert_array_equal(np.flatnonzero(known), member.held_rows)
    assert ours.oof_score_ == pytest.approx(r2_score(y[known], ours.oof_prediction_[known]))


def test_folds_of_groups():
    X, y = load_diabetes(return_X_y=True)
    groups = np.arange(len(y)) // 100
    splits = list(GroupKFold(3).split(X, y, groups))
    ours = TabularRegressor(4, encodings=["bins"], cv=splits, max_epochs=5).fit(X, y)
    assert len(ours.members_) == len(splits), "n_members has no effect with cv"
    for member, (_, held) in zip(ours.members_, splits, strict=True):
        np.testing.assert_array_equal(member.held_rows, held)


def test_the_spread_of_the_members():
    X, y = load_diabetes(return_X_y=True)
    ours = TabularRegressor(**FAST).fit(X, y)
    mean, std = ours.predict(X, return_std=True)
    each = []
    for member in ours.members_:
        alone = pickle.loads(pickle.dumps(ours))
        alone.model_ = replace(alone.model_, members=[member])
        each.append(alone.predict(X))
    weights = np.array([member.weight for member in ours.members_])
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(mean, weights @ each, rtol=1e-12)
    variance = weights @ (np.array(each) - mean) ** 2
    np.testing.assert_allclose(std, np.sqrt(variance), rtol=1e-9, atol=1e-9)


def test_encodings_that_do_not_help_are_left_out():
    random = np.random.default_rng(0)
    X = random.uniform(0, 1, (500, 1))
    y = np.where(X[:, 0] * 8 % 1 < 0.5, 0.0, 1.0)
    ours = TabularRegressor(random_state=0).fit(X, y)
    assert "linear" not in {member.encoding for member in ours.members_}
    linear = TabularRegressor(encodings=["linear"], random_state=0).fit(X, y)
    assert linear.oof_score_ < 0.1 < ours.oof_score_
    for member in linear.members_:
        assert member.network.n_layers == 1


def test_weights_of_rows_and_of_classes():
    X, y = load_iris(return_X_y=True)
    weights = np.where(y == 1, 5.0, 1.0)
    expected = TabularClassifier(**FAST).fit(X, y, sample_weight=weights).predict_proba(X)
    got = TabularClassifier(**FAST, class_weight={1: 5.0}).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(got, expected)
    plain = TabularClassifier(**FAST).fit(X, y).predict_proba(X)
    assert got[:, 1].mean() > plain[:, 1].mean() + 0.01


def test_no_member_is_trained_on_rows_of_weight_0():
    X, y = load_iris(return_X_y=True)
    weights = np.ones(len(y))
    weights[::7] = 0
    wrong = np.where(weights == 0, 2 - y, y)
    got, expected = [
        TabularClassifier(**FAST).fit(X, labels, sample_weight=weights) for labels in (wrong, y)
    ]
    np.testing.assert_array_equal(got.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(got.oof_prediction_, expected.oof_prediction_)
    assert got.oof_score_ == expected.oof_score_


def test_a_time_limit_ends_training():
    X, y = load_diabetes(return_X_y=True)
    ours = TabularRegressor(2, max_epochs=10**6, patience=10**6, time_limit=0.0).fit(X, y)
    assert {member.network.history.epoch[-1] for member in ours.members_} == {0}


def test_pickling():
    X, y = make_table()
    ours = TabularRegressor(**FAST).fit(X, y)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict(X), ours.predict(X))


def test_in_a_grid_search_over_a_pipeline():
    X, y = make_table()
    columns = make_column_transformer(("drop", ["when"]), remainder="passthrough")
    pipeline = make_pipeline(columns.set_output(transform="pandas"), TabularRegressor(**FAST))
    grid = {"tabularregressor__max_epochs": [1, 10]}
    found = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert found.best_params_ == {"tabularregressor__max_epochs": 10}


def test_calibration():
    X, y = load_iris(return_X_y=True)
    calibrated = CalibratedClassifierCV(TabularClassifier(**FAST), cv=3).fit(X, y)
    assert calibrated.score(X, y) > 0.9


def test_importance_of_columns():
    X, y = make_table()
    ours = TabularRegressor(random_state=0).fit(X, y)
    importances = permutation_importance(ours, X, y, n_repeats=2, random_state=0)
    by_name = dict(zip(X.columns, importances.importances_mean, strict=True))
    assert min(by_name["size"], by_name["colour"]) > 0.05 > by_name["grade"]


def test_partial_dependence():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    ours = TabularRegressor(random_state=0).fit(X, y)
    (average,) = partial_dependence(ours, X, ["bmi"], kind="average")["average"]
    assert average[-1] > average[0]


def test_cross_validation():
    X, y = load_iris(return_X_y=True)
    assert cross_val_score(TabularClassifier(random_state=0), X, y, cv=3).mean() > 0.9
