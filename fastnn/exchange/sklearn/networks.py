"""`from_sklearn` and `to_sklearn`: multi-layer perceptrons, linear models and pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..._checks.arrays import Array
from ..._checks.extras import optional
from ...activations import OwnActivation, as_activation
from ...core.activations import ACTIVATIONS
from ...losses import Loss
from ...network import Network
from .._arguments import as_network, name_in_error, refuse_heads
from .._layer_builder import LayerBuilder
from .steps import (
    LINEAR_MODELS,
    check_answers,
    check_fitted,
    is_derived,
    name_of,
    read_linear_model,
    read_step,
    read_target_transformer,
    steps_of,
)

_HIDDEN = {name: known.sklearn for name, known in ACTIVATIONS.items() if known.sklearn}
_OUTPUT = {
    name: known.sklearn_outputs for name, known in ACTIVATIONS.items() if known.sklearn_outputs
}


def from_sklearn(estimator: Any) -> Network:
    """Return a network that computes what a fitted estimator of scikit-learn does.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, linear model or Pipeline
        The fitted estimator, of scikit-learn or of `fastnn.sklearn`. A linear model becomes one
        layer: LogisticRegression, PoissonRegressor, and those that predict a weighted sum
        (LinearRegression, Ridge, Lasso ...). In a Pipeline, StandardScaler, MinMaxScaler,
        MaxAbsScaler and RobustScaler are folded into the first layer; PCA, TruncatedSVD and
        feature selectors become a layer. A TransformedTargetRegressor may scale the target. Of a
        search, the best estimator is read.

    Returns
    -------
    Network
        The network, in the dtype of the coefficients, or in float64 if float32 could not hold the
        folded steps. Its loss is the one that gives the estimator's gradients: half_sse, poisson,
        binary_cross_entropy or cross_entropy, or that of an estimator of `fastnn.sklearn`. Its
        outputs are the predicted numbers, all of them if a loss has several for a target, or
        probabilities: that of the second class if there are two, else one for each class or label,
        in the order of `estimator.classes_`.

    Raises
    ------
    TypeError
        If `estimator` is none of these: a class that is derived of one of them may compute
        something else, and so may one with a `predict` of its own.
    ValueError
        If it is not fitted, or has steps that cannot be converted, all of which the message names.

    Examples
    --------
    >>> from fastnn.exchange import from_sklearn
    >>> from sklearn.neural_network import MLPRegressor
    >>> regressor = MLPRegressor(hidden_layer_sizes=[4], activation="tanh", solver="lbfgs")
    >>> from_sklearn(regressor.fit([[0.0], [1.0]], [1.0, 3.0]))
    Network(1, [Dense(4, 'tanh'), Dense(1, 'identity')], loss='half_sse', dtype='float64')
    """
    builder = LayerBuilder()
    return builder.network(None, found=_read(builder, estimator))


def _read(builder: LayerBuilder, estimator: Any) -> str | Loss | None:
    """Read an estimator; return its loss, or None for that of the last activation."""
    check_answers(estimator)
    estimator = getattr(estimator, "best_estimator_", estimator)  # of a search
    kind = name_of(estimator)
    if kind == "TransformedTargetRegressor":
        check_fitted(estimator, "regressor_", "transformer_")
        loss = _read(builder, estimator.regressor_)
        read_target_transformer(builder, estimator.transformer_)
        return loss
    if kind == "Pipeline":
        *steps, (_, last) = [*steps_of(estimator)] or [("", None)]
        _check_kind(last)
        for name, step in steps:
            read_step(builder, name, step, _dtype_of(last))
        return _read(builder, last)
    _check_kind(estimator)
    if kind in LINEAR_MODELS:
        return read_linear_model(builder, estimator)
    check_fitted(estimator, "coefs_")
    return _read_layers(builder, estimator)


def _check_kind(estimator: Any) -> None:
    """Raise unless an estimator is one that may be the last step."""
    if hasattr(estimator, "task_names_"):
        name = type(estimator).__name__
        raise TypeError(f"estimator must have one output, got {name}: its network_ has all")
    others = {*LINEAR_MODELS, "TransformedTargetRegressor"}
    if not hasattr(estimator, "hidden_layer_sizes") and name_of(estimator) not in others:
        raise TypeError(
            "estimator, or the last step of a Pipeline, must be a linear model or an MLPClassifier "
            f"or MLPRegressor, got {type(estimator).__name__}"
        )
    if is_derived(estimator):
        raise TypeError(
            "estimator, or the last step of a Pipeline, must be of scikit-learn's or fastnn's own "
            f"class, got {name_of(estimator)}, which may compute something else: fit the class of "
            "which it is derived"
        )


def _dtype_of(estimator: Any) -> np.dtype[Any]:
    """Return the dtype of an estimator's coefficients."""
    estimator = getattr(estimator, "regressor_", estimator)
    arrays = getattr(estimator, "coefs_", None) or [getattr(estimator, "coef_", 0.0)]
    return np.asarray(arrays[0]).dtype


def _read_layers(builder: LayerBuilder, estimator: Any) -> str | Loss | None:
    """Read an MLPClassifier or MLPRegressor."""
    n_hidden = len(estimator.coefs_) - 1
    given = estimator.activation
    is_one = isinstance(given, str | OwnActivation)
    hidden = [given] * n_hidden if is_one else list(given)
    names = [*hidden, estimator.out_activation_]
    for W, b, name in zip(estimator.coefs_, estimator.intercepts_, names, strict=True):
        builder.add(np.asarray(W), np.asarray(b))
        builder.activate(as_activation("activation", name), f"activation {name!r}")
    network = getattr(estimator, "network_", None)  # ours have one
    if isinstance(network, Network):
        return network.loss_function
    return "half_sse" if names[-1] == "identity" else None


def to_sklearn(net: Network, classes: ArrayLike | None = None) -> Any:
    """Return a fitted estimator of scikit-learn that computes what a network does.

    Its predictions, scores and probabilities are the network's, up to rounding. It can be cloned
    and saved, and `partial_fit` continues with a fresh optimiser.

    Parameters
    ----------
    net : Network
        The network, which is not changed. Its hidden layers must share one activation: identity,
        sigmoid, tanh or relu. It becomes a regressor if the output activation is identity or exp,
        and a classifier if it is sigmoid or softmax.
    classes : array_like, shape (n_classes,), optional
        The class labels in ascending order: two for one output, n_out for several outputs. By
        default they are 0, 1, ...; but several sigmoid outputs then mean independent labels.

    Returns
    -------
    sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor
        The estimator, with copies of the parameters, and zeros for a layer without biases. Two
        softmax outputs become one logistic output, as scikit-learn has it for two classes.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError
        If `net` is not a network.
    ValueError
        If activations cannot be converted, all of which the message names, or `classes` do not
        match the outputs.

    Notes
    -----
    With `classes`, several sigmoid outputs become a classifier that chooses the largest one. Its
    probabilities need not sum to 1, as the outputs need not.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.exchange import to_sklearn
    >>> net = Network(1, [Dense(1, "sigmoid", weights=[[2.0]])], loss="binary_cross_entropy")
    >>> to_sklearn(net, classes=["no", "yes"]).predict([[-1.0], [1.0]])
    array(['no', 'yes'], dtype='<U3')
    """
    module = optional("sklearn.neural_network", "to_sklearn", "sklearn", "scikit-learn")
    net = as_network(net)
    refuse_heads(net)
    activations: list[Any] = [layer.activation for layer in net.layers]
    *hidden, last = activations
    _check_activations(hidden, last)
    weights = [W.copy() for W in net.weights]
    biases = [
        np.zeros(W.shape[1], net.dtype) if b is None else b.copy()
        for W, b in zip(net.weights, net.biases, strict=True)
    ]
    params = {
        "hidden_layer_sizes": tuple(layer.n_out for layer in net.layers[:-1]),
        "activation": _HIDDEN[hidden[0]] if hidden else "identity",
    }
    if last in ("identity", "exp"):
        if classes is not None:
            raise ValueError(f"classes must go with sigmoid or softmax outputs, got {last}")
        loss = "poisson" if last == "exp" else "squared_error"
        estimator = module.MLPRegressor(loss=loss, **params)
    else:
        estimator = module.MLPClassifier(**params)
        _set_classes(estimator, net.n_out, last, classes)
        if last == "softmax" and net.n_out == 2:
            weights[-1], biases[-1] = _difference(weights[-1]), _difference(biases[-1])
            last = "sigmoid"
    estimator.coefs_, estimator.intercepts_ = weights, biases
    estimator.out_activation_ = _OUTPUT[last]
    estimator.n_features_in_ = net.n_in
    estimator.n_layers_ = net.n_layers + 1
    estimator.n_outputs_ = len(biases[-1])
    _set_untrained(estimator)
    return estimator


def _check_activations(hidden: list[Any], last: Any) -> None:
    """Raise unless scikit-learn has these activations."""
    refused = [
        f"layer {k}: {name_in_error(name)} cannot be carried, scikit-learn has {', '.join(_HIDDEN)}"
        for k, name in enumerate(hidden)
        if name not in _HIDDEN
    ]
    refused += [
        f"layer {k}: {name} cannot be carried beside {hidden[0]} on layer 0, scikit-learn has one "
        "activation for all hidden layers"
        for k, name in enumerate(hidden)
        if name in _HIDDEN and name != hidden[0]
    ]
    if last not in _OUTPUT:
        refused.append(
            f"layer {len(hidden)}: {name_in_error(last)} cannot be carried, "
            f"scikit-learn's outputs have {', '.join(_OUTPUT)}"
        )
    if refused:
        raise ValueError("\n".join(refused))


def _set_classes(estimator: Any, n_out: int, last: str, classes: ArrayLike | None) -> None:
    """Set the attributes of a classifier that describe its labels."""
    from sklearn.preprocessing import LabelBinarizer

    n_classes = max(n_out, 2)
    if last == "softmax" and n_out == 1:
        raise ValueError("softmax must have 2 outputs or more to be a classifier, got 1")
    if classes is None:
        independent = last == "sigmoid" and n_out > 1
        labels = np.eye(n_out, dtype=int) if independent else np.arange(n_classes)
    else:
        labels = np.asarray(classes)
        if labels.shape != (n_classes,) or (labels[:-1] >= labels[1:]).any():
            raise ValueError(
                f"classes must be {n_classes} labels, ascending, got {labels.tolist()}"
            )
        if last == "sigmoid" and n_out == 2:
            raise ValueError(
                "classes must not be given for 2 sigmoid outputs, which are 2 labels, got "
                f"{labels.tolist()}"
            )
    estimator._label_binarizer = LabelBinarizer().fit(labels)
    estimator.classes_ = estimator._label_binarizer.classes_


def _difference(columns: Array) -> Array:
    """Return the parameters for the second of two classes: the second column minus the first."""
    return columns[..., 1:] - columns[..., :1]


def _set_untrained(estimator: Any) -> None:
    """Set the training attributes of scikit-learn to those before the first step."""
    estimator.n_iter_, estimator.t_ = 0, 0
    estimator.loss_curve_, estimator.best_loss_ = [], np.inf
    estimator.validation_scores_, estimator.best_validation_score_ = None, None
    estimator._no_improvement_count = 0
