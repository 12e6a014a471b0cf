"""What a user's compiled code calls, against what Python calls.

With the compiler off the same functions run as they are written.
"""

import textwrap

import numpy as np
import pytest
from numba import njit

from fastnn import Dense, Network, core
from fastnn._training.state import state_of
from fastnn.optimizers import NAMED, AdamW
from fastnn.reference import ReferenceNetwork

from ..support.cases import few_interpreted
from ..support.networks import HIDDEN, OUTPUTS, TOLERANCES, central_difference, make_data
from ..support.processes import run_python

DTYPES = ["float64", "float32"]
OUTPUTS_OF_EACH_KIND = few_interpreted(
    [
        ("identity", "half_sse"),
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
        ("exp", "poisson"),
    ],
    OUTPUTS,
)
ACTIVATIONS = few_interpreted(["identity", "softmax"], [*HIDDEN, "softmax"])
COMPILED_OPTIMIZERS = [name for name in NAMED if name != "lbfgs"]


@njit
def predict_one_by_one(handle, X, outputs):
    for s in range(len(X)):
        core.predict(handle, X[s], outputs[s])


@njit
def add_one_by_one(handle, X, Y, weights):
    loss = 0.0
    for s in range(len(X)):
        loss += core.add_gradient(handle, X[s], Y[s], weights[s])
    return loss


@njit
def add_rows(handle, X, Y, weights):
    return core.add_gradient_rows(handle, X, Y, weights)


@njit
def predict_many(handle, X, outputs):
    core.predict_rows(handle, X, outputs)


@njit
def take_back(handle, x, error, error_x):
    core.add_vjp(handle, x, error, error_x)


@njit
def take_rows_back(handle, X, errors, errors_x):
    core.add_vjp_rows(handle, X, errors, errors_x)


@njit
def differentiate_by_inputs(handle, x, y, grad_x):
    return core.gradient_of_inputs(handle, x, y, grad_x)


@njit
def train_in_batches(handle, X, Y, weights, rate, n_updates):
    for _ in range(n_updates):
        core.add_gradient_rows(handle, X, Y, weights)
        core.update(handle, rate)


@njit
def train_one_by_one(handle, X, Y, rate):
    loss = 0.0
    for s in range(len(X)):
        loss += core.train_row(handle, X[s], Y[s], rate)
    return loss


def make_network(activation="tanh", output="identity", loss="mse", dtype="float64", **options):
    layers = [Dense(9, activation, **options), Dense(5, "tanh", train_bias=False), Dense(3, output)]
    return Network(4, layers, loss=loss, dtype=dtype, seed=1)


def rows(net, n_samples=37):
    """Return inputs, targets and weights in the dtype of the network."""
    X, Y = make_data(n_samples, net.n_in, net.n_out, loss=net.loss_name)
    weights = np.random.default_rng(2).random(n_samples)
    return X.astype(net.dtype), Y.astype(net.dtype), weights.astype(net.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_predictions_have_the_bits_of_predict(dtype):
    net = make_network(output="softmax", loss="cross_entropy", dtype=dtype)
    handle, (X, _, _) = net.handle(), rows(net)
    expected = net.predict(X)
    for predict in (predict_one_by_one, predict_many):
        got = np.zeros_like(expected)
        predict(handle, X, got)
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), OUTPUTS_OF_EACH_KIND)
def test_gradients_are_those_of_the_network(output, loss, dtype):
    net = make_network(output=output, loss=loss, dtype=dtype)
    handle, (X, Y, weights) = net.handle(), rows(net)
    expected = net.gradient(X, Y, sample_weight=weights) * weights.sum()
    tolerance = {"rtol": TOLERANCES[dtype]["rtol"], "atol": 1e3 * TOLERANCES[dtype]["atol"]}
    for add in (add_one_by_one, add_rows):
        handle.grad[:] = 0
        value = add(handle, X, Y, weights)
        np.testing.assert_allclose(handle.grad, expected, **tolerance)
        np.testing.assert_allclose(value / len(X), net.loss(X, Y), rtol=1e2 * tolerance["rtol"])


@pytest.mark.parametrize("n_out", [1, 2])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_weights_are_numbers_of_any_kind(dtype, n_out):
    net = Network(3, [Dense(n_out)], seed=0)
    handle, (X, Y, _) = net.handle(), rows(net)
    weights = (np.arange(len(X)) % 2).astype(dtype)
    for add in (core.add_gradient_rows, add_rows):  # from Python, and from compiled code
        grads = []
        for given in (weights, weights.astype(float)):
            handle.grad[:] = 0
            add(handle, X, Y, given)
            grads.append(handle.grad.copy())
        np.testing.assert_array_equal(*grads)
        assert grads[0].any()


def test_gradients_are_added():
    net = make_network()
    handle, (X, Y, weights) = net.handle(), rows(net, 3)
    add_one_by_one(handle, X, Y, weights)
    once = handle.grad.copy()
    add_one_by_one(handle, X, Y, weights)
    np.testing.assert_allclose(handle.grad, 2 * once, rtol=1e-12)


@pytest.mark.parametrize(("output", "loss"), OUTPUTS_OF_EACH_KIND)
def test_derivatives_by_the_inputs(output, loss):
    net = make_network("swish", output, loss)
    handle, (X, Y, _) = net.handle(), rows(net, 1)
    x, y, got = X[0], Y[0], np.zeros(net.n_in)
    value = differentiate_by_inputs(handle, x, y, got)
    expected = central_difference(lambda: net.loss(x[np.newaxis], y[np.newaxis]), x)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)
    assert value == pytest.approx(net.loss(X, Y), rel=1e-12)
    assert not handle.grad.any()


@pytest.mark.parametrize("output", ACTIVATIONS)
def test_a_loss_of_ones_own_is_taken_back(output):
    """L = sum over the outputs of error times output, whose derivatives are central differences."""
    net = make_network("gelu", output, "cross_entropy" if output == "softmax" else "mse")
    handle, (X, _, _) = net.handle(), rows(net, 1)
    x, error, error_x = X[0], np.array([1.0, -2.0, 0.5]), np.zeros(net.n_in)

    def loss():
        return float(error @ net.predict(x))

    take_back(handle, x, error, error_x)
    np.testing.assert_allclose(error_x, central_difference(loss, x), rtol=1e-6, atol=1e-8)
    expected = np.zeros_like(net.params)
    for k, W in enumerate(net.weights):
        own = core.layout.weight_views(expected, state_of(net).model.table)[k]
        own[:] = central_difference(loss, W)
    for k in (0, 2):  # the biases of layer 1 are frozen
        core.layout.bias_views(expected, state_of(net).model.table)[k][:] = central_difference(
            loss, net.biases[k]
        )
    np.testing.assert_allclose(handle.grad, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ACTIVATIONS)
def test_many_rows_are_taken_back_as_one_by_one(output, dtype):
    loss = "cross_entropy" if output == "softmax" else "mse"
    net = make_network("relu", output, loss, dtype)
    one_by_one, at_once, (X, errors, _) = net.handle(), net.handle(), rows(net, 70)
    expected, got = np.zeros_like(X), np.ones_like(X)
    for s in range(len(X)):
        take_back(one_by_one, X[s], errors[s], expected[s])
    take_rows_back(at_once, X, errors, got)
    tolerance = {"rtol": TOLERANCES[dtype]["rtol"], "atol": 1e2 * TOLERANCES[dtype]["atol"]}
    np.testing.assert_allclose(got, expected, **tolerance)
    np.testing.assert_allclose(at_once.grad, one_by_one.grad, **tolerance)
    padding = at_once.grad.copy()
    for view in net._views(padding):
        view[:] = 0
    assert not padding.any()


@pytest.mark.parametrize(
    "optimizer", [*COMPILED_OPTIMIZERS, AdamW(weight_decay=0.3, decay_biases=True)], ids=str
)
def test_updates_are_those_of_fit(optimizer):
    options = {"l1": 0.01, "l2": 0.02, "max_norm": 1.5}
    net, twin = make_network(**options), make_network(**options)
    X, Y, _ = rows(net)
    train_in_batches(net.handle(optimizer=optimizer), X, Y, np.full(37, 1 / 37), 0.01, 6)
    rate = {} if optimizer == "irprop" else {"learning_rate": 0.01}
    twin.fit(X, Y, epochs=6, batch_size=None, optimizer=optimizer, shuffle=False, **rate)
    np.testing.assert_allclose(net.params, twin.params, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_training_by_rows_is_that_of_the_reference(dtype):
    net = make_network(dtype=dtype)
    reference, (X, Y, _) = ReferenceNetwork.like(net), rows(net)
    loss = train_one_by_one(net.handle(), X, Y, 0.1)
    expected = reference.fit(X, Y, learning_rate=0.1)
    assert loss / len(X) == pytest.approx(expected[0], rel=1e-4)
    for got, W in zip(net.weights, reference.weights, strict=True):
        np.testing.assert_allclose(got, W, **TOLERANCES[dtype])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # NumPy's, not compiled
@pytest.mark.parametrize("where", ["x", "y"])
def test_a_row_that_is_not_finite_changes_nothing(where):
    net = make_network()
    X, Y, _ = rows(net, 1)
    (X if where == "x" else Y)[0, 1] = np.inf
    before = net.params.copy()
    assert np.isnan(train_one_by_one(net.handle(), X, Y, 0.1))
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.compiled  # what Python is told: test_border
@pytest.mark.parametrize(
    ("function", "short"),
    [
        (predict_one_by_one, 0), (predict_one_by_one, 1), (predict_many, 0), (predict_many, 1),
        (add_one_by_one, 0), (add_one_by_one, 1), (add_rows, 0), (add_rows, 1), (add_rows, 2),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_refused(function, short):
    net = make_network()
    arrays = list(rows(net))[: 2 if "predict" in function.__name__ else 3]
    arrays[short] = np.ascontiguousarray(arrays[short][..., :-1])
    with pytest.raises(ValueError, match=r"(length|shape) of.*required and got") as caught:
        function(net.handle(), *arrays)
    assert arrays[short].shape[-1] in caught.value.args
    assert (arrays[short].shape[-1] + 1) in caught.value.args


@pytest.mark.compiled
def test_rows_of_a_wrong_shape_by_derivatives_of_inputs():
    handle, (x, y, error) = make_network().handle(), (np.zeros(4), np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="grad_x, required and got"):
        differentiate_by_inputs(handle, x, y, np.zeros(5))
    with pytest.raises(ValueError, match="error_x, required and got"):
        take_back(handle, x, error, np.zeros(5))
    with pytest.raises(ValueError, match="error, required and got"):
        take_back(handle, x, np.zeros(4), np.zeros(4))


@pytest.mark.compiled
def test_another_dtype_is_refused_by_the_compiler():
    net = make_network()
    X, Y, weights = rows(net)
    with pytest.raises(Exception, match="Y must have dtype float64, got float32"):
        add_rows(net.handle(), X, Y.astype("float32"), weights)


ALLOCATIONS = """
    import numpy as np
    from numba import njit
    from numba.core.runtime import rtsys
    from fastnn import core
    from tests.core.test_api import make_network, rows

    @njit
    def use_everything(handle, X, Y, weights, OUT, n):
        for _ in range(n):
            for s in range(len(X)):
                core.predict(handle, X[s], OUT[s])
                core.add_gradient(handle, X[s], Y[s], 0.1)
                core.add_vjp(handle, X[s], Y[s], OUT[s])
                core.gradient_of_inputs(handle, X[s], Y[s], OUT[s])
                core.train_row(handle, X[s], Y[s], 0.1)
            core.predict_rows(handle, X, OUT)
            core.add_vjp_rows(handle, X, Y, OUT)
            core.add_gradient_rows(handle, X, Y, weights)
            core.update(handle, 0.1)

    @njit
    def control(n):
        for _ in range(n):
            np.empty(3)[0] = 1

    def allocations(function, *args):
        function(*args)
        before = rtsys.get_allocation_stats().alloc
        function(*args)
        return rtsys.get_allocation_stats().alloc - before

    net = make_network()
    X, Y, weights = rows(net)
    X, OUT = X[:, :3].copy(), np.zeros((len(X), 3))
    from fastnn import Dense, Network
    net = Network(3, [Dense(5, "tanh"), Dense(3)], seed=0)
    handle = net.handle(optimizer="adam")
    print(allocations(use_everything, handle, X, Y, weights, OUT, 2))
    print(allocations(use_everything, handle, X, Y, weights, OUT, 50))
    print(allocations(control, 50))
"""


@pytest.mark.compiled
def test_nothing_is_allocated():
    got = run_python(textwrap.dedent(ALLOCATIONS), NUMBA_NRT_STATS="1")
    few, many, control = map(int, got.split())
    assert few == many  # references to the arrays that are handed over
    assert control >= 50
