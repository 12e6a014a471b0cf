"""In the places where scikit-learn's users put an estimator."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, VotingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastnn.sklearn import MLPClassifier, MLPRegressor

from .twins import make_samples, make_targets, make_twins

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
IRIS = load_iris(return_X_y=True)
GRID = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__hidden_layer_sizes": [(4,), (6, 3)]}


def pipelines(kind="multiclass", **params):
    """Return a pipeline with our estimator and one with scikit-learn's."""
    return [make_pipeline(StandardScaler(), twin) for twin in make_twins(kind, **params)]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search_finds_what_scikit_learn_finds(n_jobs):
    got, expected = [
        GridSearchCV(pipeline, GRID, cv=3, n_jobs=n_jobs).fit(*IRIS) for pipeline in pipelines()
    ]
    assert got.best_params_ == expected.best_params_
    for name in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_allclose(got.cv_results_[name], expected.cv_results_[name], atol=1e-12)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"])
def test_cross_validation_scores_the_same(scoring):
    got, expected = [
        cross_val_score(pipeline, *IRIS, cv=3, scoring=scoring) for pipeline in pipelines()
    ]
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_cross_validation_of_a_regression():
    X, y = load_diabetes(return_X_y=True)
    got, expected = [
        cross_val_predict(TransformedTargetRegressor(it, transformer=StandardScaler()), X, y, cv=3)
        for it in pipelines("number", early_stopping=True)
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-8)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration_gives_the_same_probabilities(method):
    got, expected = [
        CalibratedClassifierCV(it, method=method, cv=3).fit(*IRIS).predict_proba(IRIS[0])
        for it in pipelines()
    ]
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_ensembles_of_networks():
    X, y = IRIS
    got, expected = [
        BaggingClassifier(it, 3, random_state=0).fit(X, y).predict_proba(X) for it in pipelines()
    ]
    np.testing.assert_allclose(got, expected, atol=1e-8)
    got, expected = [
        VotingRegressor([("a", it), ("b", it)]).fit(X, y).predict(X) for it in pipelines("number")
    ]
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_chains_of_networks():
    X, y = make_samples(), make_targets("multilabel")
    got, expected = [ClassifierChain(it).fit(X, y).predict_proba(X) for it in make_twins("binary")]
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_learning_curve_of_partial_fit():
    got, expected = [
        learning_curve(twin, *IRIS, cv=3, exploit_incremental_learning=True, shuffle=True,
                       random_state=0)
        for twin in make_twins("multiclass")
    ]  # fmt: skip
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_importance_of_features():
    X, y = IRIS
    got, expected = [
        permutation_importance(it.fit(X, y), X, y, random_state=0).importances for it in pipelines()
    ]
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_names_of_features_are_kept_and_compared():
    X, y = load_iris(return_X_y=True, as_frame=True)
    ours = MLPClassifier(max_iter=5).fit(X, y)
    assert list(ours.feature_names_in_) == list(X.columns)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        ours.predict(X.to_numpy())
    with pytest.raises(ValueError, match="The feature names should match"):
        ours.predict(X.rename(columns=str.upper))


def test_early_stopping_with_names_of_features_warns_of_nothing_else():
    X, y = load_iris(return_X_y=True, as_frame=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        MLPClassifier(max_iter=5, early_stopping=True).fit(X, y)


def test_set_output_reaches_the_steps_before():
    X, y = load_iris(return_X_y=True, as_frame=True)
    for pipeline in pipelines():
        pipeline.set_output(transform="pandas").fit(X, y)
        names = pipeline[-1].feature_names_in_
        assert list(names) == list(X.columns)
    chosen = make_pipeline(SelectKBest(k=2), MLPClassifier(max_iter=5))
    chosen.set_output(transform="pandas").fit(X, y)
    assert chosen[-1].n_features_in_ == 2
    assert list(chosen[-1].feature_names_in_) == list(chosen[:-1].get_feature_names_out())


def test_words_to_sparse_rows_to_classes():
    texts = ["red green", "green", "blue red", "blue", "blue blue", "green green"]
    labels = ["g", "g", "b", "b", "b", "g"]
    ours = make_pipeline(TfidfVectorizer(), MLPClassifier(solver="lbfgs", random_state=0))
    assert sparse.issparse(ours[:-1].fit_transform(texts))
    assert list(ours.fit(texts, labels).predict(texts)) == labels


def test_weights_are_routed():
    X, y = IRIS
    weights = np.random.RandomState(0).uniform(0.5, 2, len(y))
    with config_context(enable_metadata_routing=True):
        got, expected = [
            cross_validate(
                twin.set_fit_request(sample_weight=True).set_score_request(sample_weight=True),
                X, y, cv=3, params={"sample_weight": weights},
            )["test_score"]
            for twin in make_twins("multiclass")
        ]  # fmt: skip
    np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
def test_it_is_shown_as_any_estimator(Estimator):
    ours = Estimator(hidden_layer_sizes=5, dropout=0.5)
    assert repr(ours) == f"{Estimator.__name__}(dropout=0.5, hidden_layer_sizes=5)"
    assert Estimator.__name__ in ours._repr_html_()


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "number", "numbers"])
def test_every_method_returns_what_that_of_scikit_learn_returns(kind):
    X, y = make_samples(), make_targets(kind)
    twins = [twin.fit(X, y) for twin in make_twins(kind)]
    for method in ("predict", "predict_proba", "predict_log_proba"):
        assert hasattr(twins[0], method) == hasattr(twins[1], method)
        if hasattr(twins[0], method):
            got, expected = [getattr(twin, method)(pd.DataFrame(X).to_numpy()) for twin in twins]
            assert got.shape == expected.shape
            assert got.dtype == expected.dtype
            np.testing.assert_allclose(got, expected, atol=1e-8)
    got, expected = [twin.score(X, y, np.arange(len(y)) + 1.0) for twin in twins]
    np.testing.assert_allclose(got, expected, atol=1e-8)
