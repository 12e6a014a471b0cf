"""Networks as estimators of scikit-learn: the same predictions."""

import pickle
import sys
import warnings

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.exchange import from_sklearn, to_sklearn

from ...support.properties import given, settings
from ..networks import (
    LOSSES,
    TOLERANCES,
    check_equal,
    drawn_networks,
    outputs_of,
    rows,
    with_biases,
)

neural_network = pytest.importorskip("sklearn.neural_network")
from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import ConvergenceWarning, NotFittedError  # noqa: E402

X = rows("float64")


def network_to_be_carried(last, n_out, hidden="tanh", dtype="float64"):
    """Return a network that scikit-learn could have."""
    layers = [Dense(6, hidden), Dense(5, hidden), Dense(n_out, last)]
    return with_biases(Network(4, layers, loss=LOSSES[last], dtype=dtype, seed=0))


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("hidden", ["identity", "sigmoid", "tanh", "relu"])
@pytest.mark.parametrize(
    ("last", "n_out"),
    [("identity", 1), ("identity", 3), ("exp", 1), ("sigmoid", 1), ("sigmoid", 3), ("softmax", 3)],
)
def test_an_estimator_agrees(last, n_out, hidden, dtype):
    net = network_to_be_carried(last, n_out, hidden, dtype)
    estimator, table = to_sklearn(net), X.astype(dtype)
    np.testing.assert_allclose(
        outputs_of(estimator, table), net.predict(table), **TOLERANCES[dtype]
    )
    for twin in (estimator, pickle.loads(pickle.dumps(estimator))):
        assert type(twin).__module__.startswith("sklearn.")
        check_equal(from_sklearn(twin), _with_loss_of_scikit_learn(net))


def _with_loss_of_scikit_learn(net):
    """Return the network for the loss half_sse where it has mse."""
    if net.loss_name != "mse":
        return net
    twin = Network(net.n_in, net.layers, loss="half_sse", dtype=net.dtype, seed=0)
    twin.params = net.params
    return twin


@settings(max_examples=50)
@given(drawn_networks(hidden=["relu"]))
def test_whatever_the_widths(net):
    if net.layers[-1].activation == "softmax" and net.n_out == 1:
        with pytest.raises(ValueError, match="softmax must have 2 outputs or more"):
            to_sklearn(net)
        return
    got, table = outputs_of(to_sklearn(net), X), X.astype(net.dtype)
    expected = net.predict(table)
    if net.layers[-1].activation == "softmax" and net.n_out == 2:
        expected = expected[:, 1:]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_two_softmax_outputs_become_one():
    net = network_to_be_carried("softmax", 2)
    estimator = to_sklearn(net, ["no", "yes"])
    assert estimator.coefs_[-1].shape == (5, 1)
    np.testing.assert_allclose(estimator.predict_proba(X), net.predict(X), rtol=1e-12)
    np.testing.assert_array_equal(
        estimator.predict(X), np.array(["no", "yes"])[net.predict(X).argmax(axis=1)]
    )


@pytest.mark.parametrize(("last", "n_out"), [("sigmoid", 3), ("softmax", 3)])
@pytest.mark.parametrize("classes", [None, [2, 3, 5], ["a", "b", "c"]])
def test_the_largest_output_is_predicted(last, n_out, classes):
    net = network_to_be_carried(last, n_out)
    estimator, probabilities = to_sklearn(net, classes), net.predict(X)
    if classes is None and last == "sigmoid":  # labels, each by itself
        expected = (probabilities > 0.5).astype(int)
    else:
        expected = np.asarray(classes or range(3))[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(estimator.predict(X), expected)
    assert estimator.score(X, expected) == 1
    np.testing.assert_allclose(estimator.predict_proba(X), probabilities, rtol=1e-12)


@pytest.mark.parametrize("classes", [None, [-1, 1], ["no", "yes"]])
def test_one_output_tells_two_classes(classes):
    net = network_to_be_carried("sigmoid", 1)
    estimator = to_sklearn(net, classes)
    expected = np.asarray(classes or [0, 1])[(net.predict(X)[:, 0] > 0.5).astype(int)]
    np.testing.assert_array_equal(estimator.predict(X), expected)


@pytest.mark.parametrize(
    ("last", "n_out", "classes"),
    [("identity", 1, None), ("exp", 2, None), ("sigmoid", 1, None), ("sigmoid", 3, None),
     ("sigmoid", 3, [1, 2, 3]), ("softmax", 3, ["a", "b", "c"]), ("softmax", 2, None)],
)  # fmt: skip
def test_training_goes_on(last, n_out, classes):
    estimator = to_sklearn(network_to_be_carried(last, n_out), classes)
    y = estimator.predict(X)
    if y.ndim == 1 and hasattr(estimator, "classes_"):
        y = np.resize(estimator.classes_, len(X))
    before = [W.copy() for W in estimator.coefs_]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.partial_fit(X, y)
        assert estimator.t_ == len(X)
        assert len(estimator.loss_curve_) == 1
        assert not np.array_equal(estimator.coefs_[0], before[0])
        estimator.set_params(warm_start=True, max_iter=5).fit(X, y)
    assert np.isfinite(estimator.loss_)


def test_an_estimator_is_cloned_to_be_fitted():
    estimator = to_sklearn(network_to_be_carried("softmax", 3))
    twin = clone(estimator).set_params(max_iter=2)
    with pytest.raises(NotFittedError):
        twin.predict(X)
    with pytest.warns(ConvergenceWarning):
        twin.fit(X, np.resize([0, 1, 2], len(X)))
    assert [W.shape for W in twin.coefs_] == [W.shape for W in estimator.coefs_]


def test_missing_biases_are_zeros():
    net = Network(4, [Dense(3, "relu", bias=False), Dense(2, bias=False)], seed=0)
    estimator = to_sklearn(net)
    assert [b.tolist() for b in estimator.intercepts_] == [[0, 0, 0], [0, 0]]
    np.testing.assert_allclose(estimator.predict(X), net.predict(X), rtol=1e-12)


def test_an_estimator_owns_its_parameters():
    net = network_to_be_carried("identity", 1)
    expected = net.params.copy()
    for array in (*(estimator := to_sklearn(net)).coefs_, *estimator.intercepts_):
        array[:] = 0
    np.testing.assert_array_equal(net.params, expected)


def test_all_that_cannot_be_carried_is_named():
    layers = [Dense(2, name) for name in ("tanh", "gelu", "relu", "tanh", "elu")]
    with pytest.raises(ValueError, match="cannot be carried") as error:
        to_sklearn(Network(4, layers))
    assert str(error.value).splitlines() == [
        "layer 1: gelu cannot be carried, scikit-learn has identity, sigmoid, tanh, relu",
        "layer 2: relu cannot be carried beside tanh on layer 0, scikit-learn has one activation "
        "for all hidden layers",
        "layer 4: elu cannot be carried, scikit-learn's outputs have identity, sigmoid, "
        "softmax, exp",
    ]


@pytest.mark.parametrize(
    ("last", "n_out", "classes", "expected"),
    [
        ("softmax", 3, [0, 1], r"classes must be 3 labels, ascending, got \[0, 1\]"),
        ("softmax", 3, [0, 2, 1], r"classes must be 3 labels, ascending, got \[0, 2, 1\]"),
        ("sigmoid", 1, [1, 1], r"classes must be 2 labels, ascending, got \[1, 1\]"),
        ("sigmoid", 2, [0, 1], "must not be given for 2 sigmoid outputs"),
        ("identity", 1, [0, 1], "classes must go with sigmoid or softmax outputs, got identity"),
    ],
)
def test_classes_must_fit(last, n_out, classes, expected):
    with pytest.raises(ValueError, match=expected):
        to_sklearn(network_to_be_carried(last, n_out), classes)


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", None)
    with pytest.raises(
        ImportError, match=r"^to_sklearn needs scikit-learn, of the extra sklearn: pip install"
    ):
        to_sklearn(network_to_be_carried("identity", 1))
