"""Our estimators beside scikit-learn's own: the same data, the same parameters."""

import re
import warnings

import numpy as np
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning

import fastnn.sklearn

N_SAMPLES = 23
SOLVERS = ["sgd", "adam", "adamw", "lbfgs"]


def make_targets(kind):
    """Return targets of one kind for the rows of `make_samples`."""
    X = make_samples()
    numbers = X @ [1.0, -2.0, 0.5] + 0.3 * X[:, 0] ** 2
    return {
        "binary": (numbers > 0).astype(int),
        "words": np.array(["no", "yes"])[(numbers > 0).astype(int)],
        "multiclass": np.digitize(numbers, [-1.0, 1.0]),
        "multilabel": np.column_stack([numbers > 0, X[:, 1] > 0, X[:, 2] > 0.2]).astype(int),
        "number": numbers,
        "numbers": np.column_stack([numbers, numbers**2]),
        "positive": np.exp(0.1 * np.column_stack([numbers, numbers**2])),
        "counts": np.floor(np.exp(0.4 * numbers)),
    }[kind]


def make_samples():
    """Return rows of three features, some of them 0."""
    X = np.random.RandomState(0).normal(size=(N_SAMPLES, 3))
    X[np.abs(X) < 0.3] = 0
    return X


CLASSIFIED = ("binary", "words", "multiclass", "multilabel")
KINDS = (*CLASSIFIED, "number", "numbers", "counts")


def make_twins(kind, **params):
    """Return our estimator and scikit-learn's for one kind of target."""
    return [make_ours(kind, **params), make(neural_network, kind, **params)]


def make_ours(kind, **params):
    """Return our estimator for one kind of target."""
    return make(fastnn.sklearn, kind, **params)


def make(module, kind, **params):
    """Return the estimator of a module for one kind of target."""
    params = {"hidden_layer_sizes": (5, 4), "random_state": 1, "max_iter": 6} | params
    if kind == "counts":
        params["loss"] = "poisson"
    return getattr(module, "MLPClassifier" if kind in CLASSIFIED else "MLPRegressor")(**params)


def of_both(twins, method, *arguments, **options):
    """Call a method of both, without a word about what has not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [getattr(twin, method)(*arguments, **options) for twin in twins]


def assert_equal(twins, atol=1e-8):
    """Compare every public attribute: coefficients, curves, counts, names."""
    got, expected = [public(twin) for twin in twins]
    assert got.keys() == expected.keys()
    for name in ("coefs_", "intercepts_"):
        for ours, theirs in zip(got.pop(name), expected.pop(name), strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol, err_msg=name)
    for name, value in expected.items():
        if isinstance(value, float) or name in ("loss_curve_", "validation_scores_"):
            got[name] = np.array(got[name], dtype=float)
            np.testing.assert_allclose(got[name], np.array(value, float), 1e-7, atol, err_msg=name)
        else:
            np.testing.assert_array_equal(got[name], value, err_msg=name)


def public(estimator):
    """Return the public attributes that fitting made."""
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") and not name.startswith("_")
    }


def error_of(call):
    """Return the kind of exception that a call ends in, and what it says, sets in order."""
    try:
        call()
    except Exception as error:
        text = re.sub("{(.*?)}", lambda it: str(sorted(it[1].split(", "))), str(error))
        return type(error), text
    raise AssertionError("the call must raise, got no exception")
