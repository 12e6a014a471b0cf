"""`X_val` and `y_val`: what early stopping judges by in the place of a part that it holds out."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fastnn.sklearn import MLPClassifier, MLPRegressor

from .twins import CLASSIFIED, assert_equal, make_ours, make_samples, make_targets, of_both

X = make_samples()
HELD, NUMBER = make_samples()[::-1][:11] + 0.1, make_targets("number")[::-1][:11]
EARLY = {"early_stopping": True, "max_iter": 20, "learning_rate_init": 0.05, "tol": 0}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "number", "numbers"])
@pytest.mark.parametrize("weighted", [False, True])
def test_given_what_the_split_holds_out_it_trains_alike(kind, weighted):
    """The split takes random numbers, which do not matter without a shuffle."""
    y = make_targets(kind)
    weights = np.arange(1.0, 24) if weighted else None
    split, ours = [make_ours(kind, shuffle=False, batch_size=5, **EARLY) for _ in range(2)]
    split.set_params(validation_fraction=0.3)
    of_both([split], "fit", X, y, sample_weight=weights)
    random = np.random.RandomState(1)
    n_weights = sum(W.size for W in split.coefs_ + split.intercepts_)
    random.uniform(size=n_weights)  # those before the split
    is_stratified = kind in ("binary", "multiclass") and split.n_outputs_ == 1
    rows, held = train_test_split(
        np.arange(23), random_state=random, test_size=0.3, stratify=y if is_stratified else None
    )
    given = {"X_val": X[held], "y_val": y[held]}
    if weighted:
        given |= {"sample_weight": weights[rows], "sample_weight_val": weights[held]}
    of_both([ours], "fit", X[rows], y[rows], **given)
    for twin in (split, ours):
        del twin._random_state
    assert_equal([ours, split], atol=1e-12)


@pytest.mark.parametrize("kind", [*CLASSIFIED, "number"])
def test_scores_are_those_of_each_epoch(kind):
    ours = make_ours(kind, **EARLY | {"max_iter": 5})
    y, y_val = make_targets(kind), make_targets(kind)[::-1][:11]
    weights = np.arange(1.0, 12)
    options = {"X_val": HELD, "y_val": y_val, "sample_weight_val": weights}
    of_both([ours], "fit", X, y, **options)
    score = r2_score if kind == "number" else accuracy_score
    assert ours.best_validation_score_ == max(ours.validation_scores_)
    assert ours.best_validation_score_ == pytest.approx(
        score(y_val, ours.predict(HELD), sample_weight=weights)
    )
    assert len(ours.validation_scores_) == 5
    assert ours.t_ == 5 * 23  # no row is held out


def test_it_stops_when_the_score_does_not_rise():
    ours = make_ours("number", **EARLY | {"max_iter": 500, "n_iter_no_change": 3})
    ours.fit(X, make_targets("number"), X_val=HELD, y_val=NUMBER)
    assert ours.n_iter_ < 500
    assert max(ours.validation_scores_[-4:]) < ours.best_validation_score_ + 1e-12


def test_weights_of_classes_are_of_validation_too():
    y = make_targets("multiclass")
    by_class = {0: 1.0, 1: 5.0, 2: 0.5}
    ours = make_ours("multiclass", class_weight=by_class, **EARLY)
    of_both([ours], "fit", X, y, X_val=X[:9], y_val=y[:9])
    weights = [by_class[label] for label in y[:9]]
    expected = accuracy_score(y[:9], ours.predict(X[:9]), sample_weight=weights)
    assert ours.best_validation_score_ == pytest.approx(expected)


def test_sparse_rows_names_of_columns_and_missing_classes():
    y, names = make_targets("multiclass"), ["a", "b", "c"]
    ours = [make_ours("multiclass", **EARLY) for _ in range(3)]
    is_zero = y == 0
    X_val, y_val = X[is_zero], y[is_zero]
    of_both(ours[:1], "fit", X, y, X_val=X_val, y_val=y_val)
    of_both(ours[1:2], "fit", X, y, X_val=sparse.csr_array(X_val), y_val=y_val)
    frames = [pd.DataFrame(rows, columns=names) for rows in (X, X_val)]
    of_both(ours[2:], "fit", frames[0], y, X_val=frames[1], y_val=y_val)
    assert_equal(ours[:2], atol=1e-10)
    assert ours[2].validation_scores_ == ours[0].validation_scores_
    with pytest.raises(ValueError, match="X_val, y_val: The feature names should match"):
        ours[2].fit(frames[0], y, X_val=frames[1].rename(columns=str.upper), y_val=y_val)


def test_a_pipeline_transforms_the_inputs_for_validation():
    ours, y = make_ours("number", **EARLY), make_targets("number")
    with config_context(enable_metadata_routing=True):
        ours.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("scaler", StandardScaler()), ("network", ours)], transform_input=["X_val"]
        )
        of_both([pipeline], "fit", 10 * X, y, X_val=10 * HELD, y_val=NUMBER)
    scaler = StandardScaler().fit(10 * X)
    alone = make_ours("number", **EARLY)
    scaled = scaler.transform(10 * HELD)
    of_both([alone], "fit", scaler.transform(10 * X), y, X_val=scaled, y_val=NUMBER)
    assert_allclose(pipeline[-1].validation_scores_, alone.validation_scores_)


# ---- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "params", "given", "message"),
    [
        ("number", {}, {"y_val": None}, "X_val is provided, but y_val was not provided"),
        ("number", {}, {"X_val": None}, "y_val is provided, but X_val was not provided"),
        (
            "number", {}, {"X_val": None, "y_val": None, "sample_weight_val": np.ones(11)},
            "sample_weight_val is provided, but X_val and y_val were not provided",
        ),
        ("number", {"early_stopping": False}, {}, "set early_stopping=True, got early_stopping=Fa"),
        ("number", {"solver": "lbfgs"}, {}, "needs the solver sgd, adam or adamw, got solver='lb"),
        ("number", {}, {"X_val": HELD[:, :2]}, "X_val, y_val: X has 2 features, but MLPRegressor"),
        ("number", {}, {"y_val": NUMBER[:5]}, "X_val, y_val: Found input variables with inconsi"),
        ("number", {}, {"X_val": HELD[:1], "y_val": NUMBER[:1]}, "y_val must have at least 2 sam"),
        ("numbers", {}, {}, r"as many columns as y, 2, got shape \(11, 1\)"),
        ("number", {}, {"sample_weight_val": np.ones(5)}, r"X_val, y_val: sample_weight.shape"),
        ("counts", {"loss": "poisson"}, {}, "X_val, y_val: y must be at least 0 for the loss poi"),
        ("multiclass", {}, {"y_val": np.arange(11)}, "X_val, y_val: `y` has classes not in `self"),
        ("multilabel", {}, {"y_val": np.ones((11, 2), int)}, "X_val, y_val: "),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_used_leaves_the_estimator_as_it_was(kind, params, given, message):
    ours = make_ours(kind, **EARLY | params)
    given = {"X_val": HELD, "y_val": NUMBER} | given
    before = vars(ours).copy()
    with pytest.raises(ValueError, match=message):
        ours.fit(X, make_targets(kind), **given)
    assert vars(ours) == before
    of_both([ours], "fit", X, make_targets(kind))
    before, expected = vars(ours).copy(), ours.predict(X)
    with pytest.raises(ValueError, match=message):
        ours.fit(X, make_targets(kind), **given)
    assert vars(ours) == before
    assert_array_equal(ours.predict(X), expected)


@pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
def test_partial_fit_takes_none(Estimator):
    with pytest.raises(TypeError, match=r"partial_fit\(\) has no argument 'X_val'"):
        Estimator().partial_fit(X, make_targets("binary"), X_val=X)
