"""Estimators of scikit-learn as networks: the same predictions."""

import warnings

import numpy as np
import pytest

from fastnn import Network
from fastnn.exchange import from_sklearn
from fastnn.losses import Quantile

from ..networks import TOLERANCES, outputs_of, rows

neural_network = pytest.importorskip("sklearn.neural_network")
from sklearn import (  # noqa: E402
    compose,
    decomposition,
    feature_selection,
    linear_model,
    model_selection,
    preprocessing,
    svm,
)
from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402

import fastnn.sklearn  # noqa: E402

X = rows("float64")
NUMBERS = X[:, 0] - X[:, 1] * X[:, 2]
TARGETS = {  # by kind, with the estimator and its parameters
    "binary": (NUMBERS > 0, "MLPClassifier", {}),
    "multiclass": (np.digitize(NUMBERS, [-1, 1]), "MLPClassifier", {}),
    "multilabel": (np.column_stack([NUMBERS, X[:, 0]]) > 0, "MLPClassifier", {}),
    "number": (NUMBERS, "MLPRegressor", {}),
    "numbers": (np.column_stack([NUMBERS, X[:, 0]]), "MLPRegressor", {}),
    "counts": (np.floor(np.exp(NUMBERS / 4)), "MLPRegressor", {"loss": "poisson"}),
}
CLASSIFIED = ("binary", "multiclass", "multilabel")


def fitted(module, kind, dtype="float64", **params):
    """Return an estimator after a few epochs."""
    y, name, own = TARGETS[kind]
    params = {"hidden_layer_sizes": (6, 5), "max_iter": 5, "random_state": 0} | own | params
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return getattr(module, name)(**params).fit(X.astype(dtype), y.astype(float))


# ---- from_sklearn --------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [neural_network, fastnn.sklearn])
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("kind", TARGETS)
def test_a_network_agrees(kind, dtype, module):
    estimator = fitted(module, kind, dtype)
    net = from_sklearn(estimator)
    assert net.dtype == dtype
    got = net.predict(X.astype(dtype))
    np.testing.assert_allclose(got, outputs_of(estimator, X.astype(dtype)), **TOLERANCES[dtype])


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("hidden", [(), (7,), (4, 3, 2)])
def test_hidden_layers(activation, hidden):
    estimator = fitted(
        neural_network, "multiclass", hidden_layer_sizes=hidden, activation=activation
    )
    net = from_sklearn(estimator)
    assert [layer.n_out for layer in net.layers] == [*hidden, 3]
    np.testing.assert_allclose(net.predict(X), outputs_of(estimator, X), rtol=1e-12, atol=1e-12)


def test_activations_that_differ_are_ours_only():
    estimator = fitted(fastnn.sklearn, "number", activation=["silu", "logistic"])
    net = from_sklearn(estimator)
    assert [layer.activation for layer in net.layers] == ["swish", "sigmoid", "identity"]
    np.testing.assert_allclose(net.predict(X)[:, 0], estimator.predict(X), rtol=1e-12)


@pytest.mark.parametrize("kind", TARGETS)
def test_the_loss_has_the_gradient_of_scikit_learn(kind):
    """One step of plain descent, on all rows, in both."""
    y = TARGETS[kind][0].astype(float)
    estimator = fitted(
        neural_network, kind, solver="sgd", momentum=0.0, alpha=0.0, batch_size=len(X), max_iter=1
    )
    net = from_sklearn(estimator)
    targets = estimator._label_binarizer.transform(y) if kind in CLASSIFIED else y
    net.fit(X, np.array(targets, float), batch_size=None, learning_rate=0.001)
    estimator.partial_fit(X, y)
    for got, expected in zip(net.weights, estimator.coefs_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", ["gamma", "absolute_error", Quantile(0.3)])
def test_losses_that_are_ours_only(loss):
    y = np.exp(NUMBERS / 4)
    estimator = fastnn.sklearn.MLPRegressor(loss, (6, 5), max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(X, y)
        scaled = compose.TransformedTargetRegressor(
            estimator, transformer=preprocessing.StandardScaler(with_mean=False)
        ).fit(X, y)
    assert from_sklearn(estimator).loss_function == estimator.network_.loss_function
    net = from_sklearn(scaled)  # after exp the scale is a layer, which gamma does not go with
    assert net.loss_name == ("mse" if loss == "gamma" else estimator.network_.loss_name)
    np.testing.assert_allclose(net.predict(X)[:, 0], scaled.predict(X), rtol=1e-12)


def test_a_scaled_target_does_not_go_with_several_outputs_for_it():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scaled = compose.TransformedTargetRegressor(
            fastnn.sklearn.MLPRegressor("gaussian_nll", (4,), max_iter=2),
            transformer=preprocessing.StandardScaler(),
        ).fit(X, NUMBERS)
    with pytest.raises(ValueError, match="mean_and_spread must be on the last layer only"):
        from_sklearn(scaled)


def test_an_estimator_must_be_fitted():
    with pytest.raises(ValueError, match=r"estimator must be fitted, got MLPRegressor\(\) before"):
        from_sklearn(neural_network.MLPRegressor())


@pytest.mark.parametrize("estimator", [svm.SVC(), make_pipeline(svm.SVC()), None, "model"])
def test_other_estimators_are_refused(estimator):
    with pytest.raises(TypeError, match=r"must be a linear model or an MLP\w+ or MLP\w+, got \w+$"):
        from_sklearn(estimator)


class Plain(neural_network.MLPRegressor):
    pass


class Tenfold(neural_network.MLPRegressor):
    def predict(self, X):
        return 10 * super().predict(X)


class Certain(neural_network.MLPClassifier):
    def predict_proba(self, X):
        return np.round(super().predict_proba(X))


class Ours(fastnn.sklearn.MLPRegressor):
    def predict(self, X):
        return 10 * super().predict(X)


class Line(linear_model.Ridge):
    def predict(self, X):
        return 10 * super().predict(X)


class Logit(linear_model.LogisticRegression):
    def decision_function(self, X):
        return 10 * super().decision_function(X)


class Target(compose.TransformedTargetRegressor):
    def predict(self, X):
        return 10 * super().predict(X)


class Search(model_selection.GridSearchCV):
    def predict(self, X):
        return 10 * super().predict(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "estimator",
    [
        Plain(max_iter=2), Tenfold(max_iter=2), Certain(max_iter=2), Ours(max_iter=2), Line(),
        Logit(), Target(linear_model.Ridge()), Search(linear_model.Ridge(), {"alpha": [1.0]}),
    ],
)  # fmt: skip
def test_classes_that_are_derived_are_refused(estimator):
    y = NUMBERS > 0 if hasattr(estimator, "predict_proba") else NUMBERS
    pipeline = make_pipeline(preprocessing.StandardScaler(), clone(estimator))
    wholes = [clone(estimator).fit(X, y), pipeline.fit(X, y)]
    if y is NUMBERS:
        wholes.append(compose.TransformedTargetRegressor(clone(estimator)).fit(X, y))
        wholes.append(model_selection.GridSearchCV(clone(estimator), {}, cv=2).fit(X, y))
    for whole in wholes:
        with pytest.raises(TypeError, match=r"^estimator.* must .*, got"):
            from_sklearn(whole)


@pytest.mark.parametrize("name", ["predict", "predict_proba", "decision_function"])
def test_estimators_that_were_given_a_method_are_refused(name):
    estimator = fitted(neural_network, "binary")
    assert isinstance(from_sklearn(estimator), Network)
    setattr(estimator, name, len)
    with pytest.raises(TypeError, match=f"got MLPClassifier with {name} of its own"):
        from_sklearn(estimator)


# ---- pipelines and linear models -----------------------------------------------------------------


def check_agrees(estimator, y=NUMBERS, table=X):
    """Assert that the network of an estimator answers as it does, once it is fitted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(table, y)
    net = from_sklearn(estimator)
    if hasattr(estimator, "predict_proba"):
        expected = estimator.predict_proba(table)
        expected = expected[:, 1:] if net.n_out == 1 else expected
    else:
        expected = estimator.predict(table).reshape(len(table), -1)
    np.testing.assert_allclose(net.predict(table), expected, **TOLERANCES[net.dtype.name])
    return net


MLP = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    "scaler",
    [
        preprocessing.StandardScaler(),
        preprocessing.StandardScaler(with_mean=False),
        preprocessing.StandardScaler(with_std=False),
        preprocessing.StandardScaler(with_mean=False, with_std=False),
        preprocessing.MinMaxScaler((-1, 2)),
        preprocessing.MaxAbsScaler(),
        preprocessing.RobustScaler(),
        preprocessing.RobustScaler(with_centering=False),
        preprocessing.RobustScaler(with_scaling=False),
        preprocessing.FunctionTransformer(),
        make_pipeline(preprocessing.MinMaxScaler(), "passthrough", preprocessing.RobustScaler()),
    ],
)
def test_scalers_are_folded(scaler, dtype):
    table = X.astype(dtype)
    for module in (neural_network, fastnn.sklearn):
        net = check_agrees(make_pipeline(scaler, module.MLPRegressor(**MLP)), table=table)
        assert net.n_layers == 2
        assert net.dtype == dtype
    y = TARGETS["multiclass"][0]
    check_agrees(make_pipeline(scaler, neural_network.MLPClassifier(**MLP)), y, table)


@pytest.mark.parametrize(
    "step",
    [
        decomposition.PCA(3),
        decomposition.PCA(2, whiten=True),
        decomposition.IncrementalPCA(3),
        decomposition.TruncatedSVD(3),
        feature_selection.SelectKBest(feature_selection.f_regression, k=2),
        feature_selection.VarianceThreshold(),
    ],
)
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_projections_are_layers(step, dtype):
    if isinstance(step, decomposition.IncrementalPCA):
        dtype = "float64"  # it makes float64 of float32
    regressor = neural_network.MLPRegressor(**MLP)
    pipeline = make_pipeline(preprocessing.StandardScaler(), step, regressor)
    net = check_agrees(pipeline, table=X.astype(dtype))
    assert net.n_layers == 3
    assert net.dtype == dtype


@pytest.mark.parametrize(
    ("estimator", "kind", "loss"),
    [
        (linear_model.LinearRegression(), "number", "half_sse"),
        (linear_model.LinearRegression(fit_intercept=False), "numbers", "half_sse"),
        (linear_model.Ridge(), "numbers", "half_sse"),
        (linear_model.RidgeCV(), "number", "half_sse"),
        (linear_model.Lasso(0.1), "number", "half_sse"),
        (linear_model.SGDRegressor(), "number", "half_sse"),
        (svm.LinearSVR(), "number", "half_sse"),
        (linear_model.PoissonRegressor(), "counts", "poisson"),
        (linear_model.LogisticRegression(), "binary", "binary_cross_entropy"),
        (linear_model.LogisticRegression(), "multiclass", "cross_entropy"),
        (linear_model.SGDClassifier(loss="log_loss"), "binary", "binary_cross_entropy"),
    ],
)
def test_linear_models(estimator, kind, loss):
    y = TARGETS[kind][0]
    assert check_agrees(clone(estimator), y).loss_name == loss
    net = check_agrees(make_pipeline(preprocessing.StandardScaler(), clone(estimator)), y)
    assert net.n_layers == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_targets_that_were_scaled():
    regressor = compose.TransformedTargetRegressor(
        neural_network.MLPRegressor(**MLP), transformer=preprocessing.StandardScaler()
    )
    check_agrees(regressor, 1000 * NUMBERS + 5000)
    check_agrees(make_pipeline(preprocessing.RobustScaler(), clone(regressor)), 9 * NUMBERS + 5)
    check_agrees(compose.TransformedTargetRegressor(linear_model.Ridge()))
    regressor.set_params(transformer=None, func=np.log1p, inverse_func=np.expm1)
    regressor.fit(X, NUMBERS**2)
    with pytest.raises(
        ValueError, match=r"the target's transformer \(FunctionTransformer\) cannot"
    ):
        from_sklearn(regressor)


def test_a_search_gives_its_best():
    search = model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1.0]})
    check_agrees(make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()))
    check_agrees(search)


class Doubled(preprocessing.StandardScaler):
    def transform(self, X, copy=None):
        return 2 * super().transform(X, copy)


def test_all_steps_that_cannot_be_carried_are_named():
    pipeline = make_pipeline(
        preprocessing.PolynomialFeatures(1, include_bias=False),
        preprocessing.FunctionTransformer(np.tanh),
        preprocessing.MinMaxScaler(clip=True),
        make_pipeline(preprocessing.Normalizer()),
        Doubled(),
        linear_model.Ridge(),
    )
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_sklearn(pipeline.fit(X, NUMBERS))
    assert str(error.value).splitlines() == [
        "layer 0: step 'polynomialfeatures' (PolynomialFeatures) cannot be carried",
        "layer 0: step 'functiontransformer' (FunctionTransformer) cannot be carried",
        "layer 0: step 'minmaxscaler' (MinMaxScaler that clips) cannot be carried",
        "layer 0: step 'pipeline__normalizer' (Normalizer) cannot be carried",
        f"layer 0: step 'doubled' ({__name__}.Doubled) cannot be carried",
    ]


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (linear_model.SGDClassifier(), r"SGDClassifier \(loss is hinge, ours log_loss\)"),
        (linear_model.SGDClassifier(loss="log_loss"), "one class against the rest, normalised"),
    ],
)
def test_linear_models_that_normalise_are_named(estimator, expected):
    with pytest.raises(ValueError, match=expected):
        from_sklearn(estimator.fit(X, TARGETS["multiclass"][0]))


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(neural_network.MLPClassifier()),
        make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()),
        linear_model.LogisticRegression(),
        compose.TransformedTargetRegressor(linear_model.Ridge()),
    ],
)
def test_what_is_within_must_be_fitted(estimator):
    with pytest.raises(ValueError, match="estimator must be fitted, got "):
        from_sklearn(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_columns_far_from_0_are_folded_in_float64():
    table = np.column_stack([1.7e9 + 700 * X[:, 0], 5e6 + 1000 * X[:, 1], X[:, 2:]])
    pipeline = make_pipeline(preprocessing.StandardScaler(), neural_network.MLPRegressor(**MLP))
    pipeline.fit(table, NUMBERS)
    net = from_sklearn(pipeline)
    np.testing.assert_allclose(net.predict(table)[:, 0], pipeline.predict(table), atol=1e-7)
    single = make_pipeline(preprocessing.StandardScaler(), neural_network.MLPRegressor(**MLP))
    single.fit(table.astype("float32"), NUMBERS.astype("float32"))
    assert single[-1].coefs_[0].dtype == "float32"
    assert from_sklearn(single).dtype == "float64"


# ---- to_sklearn ----------------------------------------------------------------------------------
