"""Convert scikit-learn's estimators: steps before the last one, scalers and linear models.

An estimator is recognised by its class, not by its attributes: a subclass may compute something
else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from .._affine import Affine
from .._layer_builder import LayerBuilder

_REGRESSORS = {
    "ARDRegression",
    "BayesianRidge",
    "ElasticNet",
    "ElasticNetCV",
    "HuberRegressor",
    "Lars",
    "LarsCV",
    "Lasso",
    "LassoCV",
    "LassoLars",
    "LassoLarsCV",
    "LassoLarsIC",
    "LinearRegression",
    "LinearSVR",
    "MultiTaskElasticNet",
    "MultiTaskLasso",
    "OrthogonalMatchingPursuit",
    "Ridge",
    "RidgeCV",
    "SGDRegressor",
    "TheilSenRegressor",
}
_LOG_LINKED = {"GammaRegressor", "PoissonRegressor"}  # whose mean is the exp of a sum
_LOGISTIC = {"LogisticRegression", "LogisticRegressionCV", "SGDClassifier"}
LINEAR_MODELS = _REGRESSORS | _LOG_LINKED | _LOGISTIC
_OWN_PACKAGES = ("fastnn", "sklearn")
_ANSWERS = {"decision_function", "predict", "predict_log_proba", "predict_proba"}


def name_of(estimator: Any) -> str:
    """Return the name of a class of scikit-learn; for other classes, with the module."""
    kind = type(estimator)
    is_theirs = _package_of(kind) == "sklearn"
    return kind.__name__ if is_theirs else f"{kind.__module__}.{kind.__name__}"


def _package_of(kind: type) -> str:
    return kind.__module__.split(".")[0]


def is_derived(estimator: Any) -> bool:
    """Return True if an estimator's class is neither scikit-learn's own nor ours."""
    return _package_of(type(estimator)) not in _OWN_PACKAGES


def check_answers(estimator: Any) -> None:
    """Raise if an estimator, of whatever class, was given predictions of its own."""
    others = [
        kind for kind in type(estimator).__mro__[:-1] if _package_of(kind) not in _OWN_PACKAGES
    ]
    given = [getattr(estimator, "__dict__", {}), *map(vars, others)]
    own = sorted(_ANSWERS & set().union(*given))
    if own:
        raise TypeError(
            "estimator must predict as scikit-learn's own classes do, got "
            f"{name_of(estimator)} with {', '.join(own)} of its own: give the estimator within it, "
            "or fit one of scikit-learn's own class"
        )


def steps_of(pipeline: Any, within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the names and estimators of a Pipeline, with those of nested ones."""
    for name, estimator in pipeline.steps:
        whole = f"{within}{name}"
        if estimator is None or estimator == "passthrough":
            continue
        if name_of(estimator) == "Pipeline":
            yield from steps_of(estimator, f"{whole}__")
        else:
            yield whole, estimator


def check_fitted(estimator: Any, *attributes: str) -> None:
    """Raise unless an estimator has the attributes that fitting gives."""
    if not all(hasattr(estimator, name) for name in attributes):
        raise ValueError(f"estimator must be fitted, got {estimator!r} before fit")


def read_step(builder: LayerBuilder, name: str, estimator: Any, dtype: np.dtype[Any]) -> None:
    """Read a step before the last one: fold it, make a layer of it, or refuse it by name."""
    kind = name_of(estimator)
    source = f"step {name!r} ({kind})"
    if {"transform", "_transform"} & vars(estimator).keys():
        builder.refuse(f"step {name!r} ({kind} with a transform of its own)")
    elif kind in _SCALERS:
        step = scaling_of(estimator)
        if step is None:
            builder.refuse(f"step {name!r} ({kind} that clips)")
        else:
            builder.step(step, source)
    elif kind in ("IncrementalPCA", "PCA"):
        check_fitted(estimator, "components_")
        builder.step(Affine.of(1.0, -estimator.mean_), source)
        builder.add(_projection(estimator).astype(dtype), np.zeros(estimator.n_components_, dtype))
    elif kind == "TruncatedSVD":
        check_fitted(estimator, "components_")
        builder.add(estimator.components_.T.astype(dtype), None)
    elif type(estimator).__module__.startswith("sklearn.feature_selection."):
        chosen = estimator.get_support(indices=True)
        builder.add(np.eye(estimator.n_features_in_, dtype=dtype)[:, chosen], None)
    elif kind != "FunctionTransformer" or estimator.func is not None:
        builder.refuse(source)


def scaling_of(scaler: Any) -> Affine | None:
    """Return the step of a scaler, or None if it clips."""
    check_fitted(scaler, "n_features_in_")
    return None if getattr(scaler, "clip", False) else _SCALERS[name_of(scaler)](scaler)


def _standard(scaler: Any) -> Affine:
    mean = scaler.mean_ if scaler.with_mean else 0.0
    return Affine.standardisation(mean, scaler.scale_ if scaler.with_std else 1.0)


def _robust(scaler: Any) -> Affine:
    center = scaler.center_ if scaler.with_centering else 0.0
    return Affine.standardisation(center, scaler.scale_ if scaler.with_scaling else 1.0)


_SCALERS: dict[str, Callable[[Any], Affine]] = {
    "MaxAbsScaler": lambda scaler: Affine.standardisation(0.0, scaler.scale_),
    "MinMaxScaler": lambda scaler: Affine.of(scaler.scale_, scaler.min_),
    "RobustScaler": _robust,
    "StandardScaler": _standard,
}


def _projection(pca: Any) -> Array:
    """Return the weights of a PCA, whose outputs have variance 1 if it whitens."""
    components = np.asarray(pca.components_, np.float64)
    if pca.whiten:
        deviations = np.sqrt(pca.explained_variance_)
        least = np.finfo(deviations.dtype).eps
        components = components / np.maximum(deviations, least)[:, np.newaxis]
    return components.T


def read_target_transformer(builder: LayerBuilder, transformer: Any) -> None:
    """Read the inverse of a scaler of targets, which turns outputs into targets."""
    kind = name_of(transformer)
    if kind == "FunctionTransformer":
        if transformer.func is not None or transformer.inverse_func is not None:
            builder.refuse(f"the target's transformer ({kind})")
        return
    step = scaling_of(transformer) if kind in _SCALERS else None
    if step is None:
        builder.refuse(f"the target's transformer ({kind})")
        return
    with np.errstate(all="ignore"):  # what is not finite is refused with the layer
        back = Affine(1 / step.scale, -step.shift / step.scale)
    builder.step(back, f"the target's transformer ({kind})")


def read_linear_model(builder: LayerBuilder, estimator: Any) -> str | None:
    """Read a linear model, and return its loss."""
    kind = name_of(estimator)
    check_fitted(estimator, "coef_", "intercept_")
    W = np.atleast_2d(np.asarray(estimator.coef_)).T
    b = np.broadcast_to(np.asarray(estimator.intercept_, W.dtype).reshape(-1), W.shape[1])
    builder.add(W, b)
    if kind in _REGRESSORS:
        return "half_sse"
    if kind in _LOG_LINKED:
        builder.activate("exp", kind)
        return "poisson"
    if kind == "SGDClassifier" and estimator.loss != "log_loss":
        builder.refuse(f"{kind} (loss is {estimator.loss}, ours log_loss)")
    elif W.shape[1] > 1 and not _is_multinomial(estimator):
        builder.refuse(f"{kind} (one class against the rest, normalised)")
    elif W.shape[1] == 1 and getattr(estimator, "multi_class", "auto") == "multinomial":
        builder.refuse(f"{kind} (multi_class is multinomial for two classes)")
    else:
        builder.activate("sigmoid" if W.shape[1] == 1 else "softmax", kind)
    return None


def _is_multinomial(estimator: Any) -> bool:
    """Return True if the probabilities of several classes are a softmax."""
    if name_of(estimator) == "SGDClassifier" or estimator.solver == "liblinear":
        return False
    return getattr(estimator, "multi_class", "auto") in ("auto", "deprecated", "multinomial")
