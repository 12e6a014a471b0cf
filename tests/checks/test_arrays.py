"""Bad input: each a clear error that names requirement and value, and nothing is changed."""

from fractions import Fraction

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._checks.arrays import as_class_weights, as_numbers, as_weights
from fastnn._checks.scalars import as_in_range
from fastnn._checks.targets import check_targets
from fastnn._training.state import state_of
from fastnn.activations import as_activation
from fastnn.core.activations import SECOND_NAMES
from fastnn.initializers import normal, uniform
from fastnn.losses import NAMED
from fastnn.optimizers import Adam

from ..support.networks import make_data, small_network

X, Y = make_data(4, 3, 2)


def with_value(value):
    changed = X.copy()
    changed[1, 2] = value
    return changed


BAD_X = [
    (X[:, :2], ValueError, r"X must have shape \(n_samples, 3\)(.*), got \(4, 2\)"),
    (np.zeros((0, 3)), ValueError, r"X must not be empty, got shape \(0, 3\)"),
    ([], ValueError, r"X must not be empty, got shape \(0,\)"),
    (X[np.newaxis], ValueError, r"X must have shape \(n_samples, 3\)(.*), got \(1, 4, 3\)"),
    (1.0, ValueError, r"X must have shape \(n_samples, 3\)(.*), got \(\)"),
    (with_value(np.nan), ValueError, r"X must be finite in float64, got nan at \(1, 2\)"),
    (with_value(np.inf), ValueError, r"X must be finite in float64, got inf at \(1, 2\)"),
    (X.astype(str), TypeError, "X must hold real numbers, got dtype <U"),
    (X.astype(object), TypeError, "X must hold real numbers, got dtype object"),
    (X.astype(complex), TypeError, "X must hold real numbers, got dtype complex128"),
    ([[1, 2, 3], [4, 5]], ValueError, "X must be an array of numbers: .*inhomogeneous"),
]
BAD_Y = [
    (Y[:3], ValueError, r"y must have shape \(4, 2\), or \(4,\) of class labels, got \(3, 2\)"),
    ([0, 1], ValueError, r"y must have shape \(4, 2\), or \(4,\) of class labels, got \(2,\)"),
    (np.zeros((4, 3)), ValueError, r"y must have shape \(4, 2\).*got \(4, 3\)"),
    (np.zeros((4, 2, 1)), ValueError, r"y must have shape \(4, 2\).*got \(4, 2, 1\)"),
    ([0, 1, 2, 1], ValueError, r"y must hold class labels 0 ... 1, got 0 ... 2; for 3 classes"),
    (
        [1, 2, 2, 1],
        ValueError,
        "got 1 ... 2; .*use y - 1; .*use y % 2$",
    ),
    ([0, -1, 0, 0], ValueError, r"y must hold class labels 0 ... 1, got -1 ... 0"),
    ([0, 1, 0.5, 0], ValueError, r"y must hold whole class labels 0 ... 1, got 0.5"),
    ([0, np.nan, 0, 0], ValueError, r"y must be finite in float64, got nan at \(1,\)"),
    ([0, 1e300, 0, 0], ValueError, r"y must hold class labels 0 ... 1"),
    (Y * np.nan, ValueError, r"y must be finite in float64, got nan at \(0, 0\)"),
    (["a", "b", "a", "b"], TypeError, "y must hold real numbers, got dtype <U"),
    (Y.astype(complex), TypeError, "y must hold real numbers, got dtype complex128"),
    (None, TypeError, "y must hold real numbers"),
]
BAD_OPTIONS = [
    ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
    ({"epochs": -3}, ValueError, "epochs must be at least 1, got -3"),
    ({"epochs": 1.5}, TypeError, "epochs must be a whole number, got 1.5"),
    ({"epochs": True}, ValueError, "epochs must be a whole number of at least 1, got True"),
    ({"batch_size": True}, ValueError, "batch_size must be a whole number of at least 1, got T"),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
    ({"batch_size": -1}, ValueError, "batch_size must be at least 1, got -1"),
    ({"batch_size": "all"}, TypeError, "batch_size must be a whole number, got 'all'"),
    ({"learning_rate": 0}, ValueError, "learning_rate must be finite and above 0, got 0"),
    ({"learning_rate": -0.1}, ValueError, "learning_rate must be finite and above 0, got -0.1"),
    ({"learning_rate": np.inf}, ValueError, "learning_rate must be finite and above 0, got inf"),
    ({"learning_rate": "fast"}, TypeError, "learning_rate must be a number, got 'fast'"),
    ({"optimizer": Adam}, TypeError, r"must be an object, got the class: write Adam\(\)"),
    ({"optimizer": "adamant"}, ValueError, "optimizer must be one of 'sgd', .*; got 'adamant'"),
    ({"reduction": "max"}, ValueError, "reduction must be one of 'mean', 'sum'; got 'max'"),
    ({"metrics": ["f1"]}, ValueError, "a metric must be one of 'accuracy', .*; got 'f1'"),
    ({"metrics": "mse"}, TypeError, "metrics must be a sequence of names or functions, got 'mse'"),
    ({"evaluate_every": 0}, ValueError, "evaluate_every must be at least 1, got 0"),
    ({"validation_data": (X[:, :2], Y)}, ValueError, "in validation_data, X must have shape"),
    ({"validation_data": (X[1:], Y)}, ValueError, "in validation_data, y must "),
    ({"validation_data": (X + np.nan, Y)}, ValueError, "in validation_data, X must be finite"),
    ({"validation_data": (X, Y + np.nan)}, ValueError, "in validation_data, y must be finite"),
    ({"validation_data": (X, np.full(Y.shape, "no"))}, TypeError, "in validation_data, y must "),
    ({"validation_data": X}, ValueError, r"validation_data must be a pair \(X, y\)"),
]


@pytest.fixture
def net():
    """Return a network, and check afterwards that nothing changed it."""
    net = small_network()
    before, state = net.params.copy(), state_of(net).random.bit_generator.state
    yield net
    np.testing.assert_array_equal(net.params, before)
    assert state_of(net).random.bit_generator.state == state
    assert state_of(net).training is None


@pytest.mark.parametrize(("bad", "error", "message"), BAD_X)
def test_bad_X(net, bad, error, message):
    for method in (net.fit, net.partial_fit, net.loss, net.gradient, net.trace):
        with pytest.raises(error, match=message):
            method(bad, Y)
    with pytest.raises(error, match=message):
        net.predict(bad)


def test_a_frame_of_text(net):
    frame = pytest.importorskip("pandas").DataFrame({"a": ["u", "v"]})
    for method in (net.fit, net.loss):
        with pytest.raises(TypeError, match="X must hold real numbers"):
            method(frame, Y)
    with pytest.raises(TypeError, match="X must hold real numbers"):
        net.predict(frame)


def test_one_row_where_a_table_is_due(net):
    for method in (net.fit, net.loss, net.gradient):
        with pytest.raises(ValueError, match=r"X must have shape \(n_samples, 3\), got \(3,\)"):
            method(X[0], Y[0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_bad_rows(dtype, value, place):
    net = small_network(dtype=dtype)
    bad = X[0].astype(dtype)
    bad[place] = value
    message = rf"X must be finite in {dtype}, got {value} at \({place},\)"
    for row in (bad, bad.tolist(), bad.astype("float64"), np.array([bad, bad]).T[:, 0]):
        with pytest.raises(ValueError, match=message):
            net.predict(row)
    for row in (bad[:2], np.zeros(4, dtype)):
        with pytest.raises(ValueError, match=rf"or \(3,\), got \({len(row)},\)"):
            net.predict(row)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_numbers_are_finite_though_their_sum_is_not(dtype):
    table = np.full((2, 3), np.finfo(dtype).max)
    table[1] *= -1
    for values in (table, table[:1]):
        np.testing.assert_array_equal(as_numbers("X", values, np.dtype(dtype)), values)


@pytest.mark.parametrize("n_rows", [2, 40, 100])
def test_the_first_bad_number_of_a_table_is_named(net, n_rows):
    bad = np.zeros((n_rows, 3))
    bad[-1] = np.inf, -np.inf, np.nan
    for n_threads in (1, 2):
        with pytest.raises(ValueError, match=rf"got inf at \({n_rows - 1}, 0\)"):
            net.predict(bad, n_threads=n_threads)


@pytest.mark.parametrize(
    ("n_threads", "error", "message"),
    [
        (0, ValueError, "n_threads must be at least 1, got 0"),
        (True, ValueError, "n_threads must be a whole number of at least 1, got True"),
        (1.5, TypeError, "n_threads must be a whole number, got 1.5"),
        (None, TypeError, "n_threads must be a whole number, got None"),
    ],
)
def test_bad_n_threads(net, n_threads, error, message):
    for samples in (X, X[0], X[0].tolist()):
        with pytest.raises(error, match=message):
            net.predict(samples, n_threads=n_threads)
    with pytest.raises(error, match=message):
        net.gradient(X, Y, n_threads=n_threads)


@pytest.mark.parametrize(("bad", "error", "message"), BAD_Y)
def test_bad_y(net, bad, error, message):
    for method in (net.fit, net.partial_fit, net.loss, net.gradient, net.trace):
        if method == net.fit and bad is None:  # then X is chunks
            continue
        with pytest.raises(error, match=message):
            method(X, bad)


@pytest.mark.parametrize(("options", "error", "message"), BAD_OPTIONS)
def test_bad_options(net, options, error, message):
    with pytest.raises(error, match=message):
        net.fit(X, Y, **options)
    if options.keys() & {"batch_size", "learning_rate", "optimizer"}:
        with pytest.raises(error, match=message):
            net.partial_fit(X, Y, **options)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros(3), r"params must have shape \(\d+,\), got \(3,\)"),
        (np.full(small_network().params.size, np.nan), "params must be finite"),
    ],
)
def test_bad_params(net, bad, message):
    with pytest.raises(ValueError, match=message):
        net.params = bad


def test_too_large_for_float32_is_said():
    net = small_network(dtype="float32")
    with pytest.raises(ValueError, match=r"X must be finite in float32, got inf at \(0, 0\)"):
        net.predict([[1e300, 0, 0]])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Dense(0), ValueError, "n_out must be at least 1, got 0"),
        (lambda: Dense(2.5), TypeError, "n_out must be a whole number, got 2.5"),
        (lambda: Dense(2, "sigmoidal"), ValueError, "activation must be one of 'identity', 'sigm"),
        (lambda: Dense(2, initializer="best"), ValueError, "initializer must be one of 'glorot_"),
        (lambda: Dense(2, bias_initializer=3), ValueError, "bias_initializer must be one of"),
        (lambda: Dense(2, bias=False, biases=[1, 2]), ValueError, "biases must not be given"),
        (lambda: Dense(2, weights="ab"), TypeError, "weights must hold real numbers"),
        (lambda: uniform(1, 1), ValueError, r"uniform\(a, b\) must have finite a < b, got a = 1"),
        (lambda: normal(0), ValueError, "std must be finite and above 0, got 0"),
        (lambda: Network(0, [Dense(1)]), ValueError, "n_in must be at least 1, got 0"),
        (lambda: Network(1, []), ValueError, "layers must hold at least one Dense, got none"),
        (lambda: Network(1, [3]), TypeError, "layers must hold Dense only, got 3"),
        (lambda: Network(1, Dense(1)), TypeError, "layers must be a sequence of Dense, got Dense"),
        (lambda: Network(1, [Dense(1)], loss="l2"), ValueError, "loss must be one of 'half_sse'"),
        (lambda: Network(1, [Dense(1)], dtype="int64"), ValueError, "dtype must be 'float32' or"),
        (lambda: Network(1, [Dense(1)], dtype="floaty"), ValueError, "dtype must be 'float32' or"),
        (lambda: Network(1, [Dense(1)], seed="x"), ValueError, "seed must be an int >= 0, None"),
        (lambda: Network(1, [Dense(1)], seed=-1), ValueError, "seed must be .*got -1"),
        (
            lambda: Network(2, [Dense(1, weights=[[1]])]),
            ValueError,
            r"weights of layer 0 must have shape \(2, 1\), got \(1, 1\)",
        ),
        (
            lambda: Network(2, [Dense(1), Dense(2, biases=[1])]),
            ValueError,
            r"biases of layer 1 must have shape \(2,\), got \(1,\)",
        ),
        (
            lambda: Network(2, [Dense(1, initializer=lambda random, shape: 3)]),
            ValueError,
            r"weights of layer 0 must have shape \(2, 1\), got \(\)",
        ),
        (
            lambda: Network(2, [Dense(2, "softmax"), Dense(2)]),
            ValueError,
            "softmax must be on the last layer only, got it on layer 0",
        ),
        (
            lambda: Network(2, [Dense(2, "relu")], loss="cross_entropy"),
            ValueError,
            "cross_entropy must follow a softmax layer, got relu",
        ),
        (
            lambda: Network(2, [Dense(2, "tanh")], loss="binary_cross_entropy"),
            ValueError,
            "binary_cross_entropy must follow a sigmoid layer, got tanh",
        ),
    ],
)
def test_what_cannot_be_built(build, error, message):
    with pytest.raises(error, match=message):
        build()


# ---- weights, ranges, targets of a loss ----------------------------------------------------------


def test_weights():
    weights = as_weights([1, 0, 2], 3, np.dtype("float32"))
    assert (weights.dtype, weights.flags.writeable) == (np.float32, False)
    assert as_weights(None, 3, np.dtype("float32")).shape == (0,)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ([1, 1], ValueError, r"sample_weight must have shape \(3,\), got \(2,\)"),
        ([[1], [1], [1]], ValueError, r"sample_weight must have shape \(3,\), got \(3, 1\)"),
        ([1, -2, 1], ValueError, r"sample_weight must be at least 0, got -2"),
        ([1, np.inf, 1], ValueError, r"sample_weight must be finite in float64, got inf at \(1,\)"),
        ([0, 0, 0], ValueError, "sample_weight must not be 0 for every sample, got 3 zeros"),
        ("abc", TypeError, "sample_weight must hold real numbers, got dtype <U3"),
    ],
)
def test_bad_weights(bad, error, message):
    with pytest.raises(error, match=message):
        as_weights(bad, 3, np.dtype("float64"))


def test_balanced_classes_weigh_the_same():
    targets, none = np.eye(4)[[0, 0, 0, 1, 2, 2]], np.empty(0)
    got = as_class_weights("balanced", targets, none)
    np.testing.assert_allclose(got, [2 / 3, 2 / 3, 2 / 3, 2, 1, 1])  # none is of class 3
    np.testing.assert_allclose(as_class_weights({3: 5}, targets, none), 1)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ("even", ValueError, "class_weight must be one of 'balanced'; got 'even'"),
        ({2: 1.0}, ValueError, r"class_weight must name classes 0 ... 1, got 2"),
        ({0.5: 1.0}, ValueError, r"class_weight must name classes 0 ... 1, got 0.5"),
        ({0: -1.0}, ValueError, r"class_weight\[0\] must be at least 0 and below inf, got -1.0"),
        ({0: 0, 1: 0}, ValueError, "class_weight must not be 0 for every sample, got 2 zeros"),
        ([1, 2], TypeError, r"class_weight must be 'balanced' or a dict, got \[1, 2\]"),
    ],
)
def test_bad_class_weights(bad, error, message):
    with pytest.raises(error, match=message):
        as_class_weights(bad, np.array([[0.0], [1.0]]), np.empty(0))


@pytest.mark.parametrize("targets", [[[0.5]], [[0, 0], [1, 0]], [[1, 1], [1, 0]], [[2, -1]]])
def test_class_weights_need_labels(targets):
    with pytest.raises(ValueError, match="class_weight must go with class labels in y"):
        as_class_weights("balanced", np.array(targets, float), np.empty(0))


def test_ranges():
    assert as_in_range("p", Fraction(1, 2), 0, 1) == 0.5
    with pytest.raises(TypeError, match=r"p must be a number, got '0\.5'"):
        as_in_range("p", "0.5", 0, 1)
    for bad in (1, -0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="p must be at least 0 and below 1, got"):
            as_in_range("p", bad, 0, 1)


def test_targets_of_poisson():
    check_targets(np.array([[0.0, 2.0]]), NAMED["poisson"])
    check_targets(np.array([[-1.0, 2.0]]), NAMED["mse"])
    with pytest.raises(ValueError, match=r"y must be at least 0 for the loss poisson, got -1\.0"):
        check_targets(np.array([[0.0, -1.0]]), NAMED["poisson"])


@pytest.mark.parametrize(("second", "first"), [*SECOND_NAMES.items(), (None, "identity")])
def test_second_names_of_activations_are_kept_as_the_first(second, first):
    assert as_activation("activation", second) == first
    assert Dense(2, second).activation == first


@pytest.mark.parametrize("value", ["sigmoidal", 3, ["relu"], b"relu"])
def test_what_is_no_name_of_an_activation(value):
    with pytest.raises(ValueError, match=r"^activation must be one of 'identity', "):
        as_activation("activation", value)
