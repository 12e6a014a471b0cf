"""Losses of a user's own: checks, bits, copies, files, faults."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastnn
from fastnn import Dense, DivergenceError, FormatError, Network, Population
from fastnn.losses import Loss, OwnLoss, Quantile

from ..support.files import saved
from ..support.functions import bent, fourth, own_half_sse, picky, tilted

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.random.default_rng(1).normal(size=(30, 2)).clip(-1.9, None)


def make(loss, dtype="float64", hidden="tanh"):
    return Network(3, [Dense(7, hidden), Dense(2)], loss=loss, dtype=dtype, seed=3)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 8, None])
def test_bits_are_those_of_the_built_in_loss(batch_size, dtype):
    own, built_in = make(own_half_sse, dtype), make("half_sse", dtype)
    for net in (own, built_in):
        net.fit(X, Y, epochs=3, batch_size=batch_size, metrics=["mae"])
    assert_array_equal(own.params, built_in.params)
    assert own.history["mae"] == built_in.history["mae"]
    np.testing.assert_allclose(own.history["loss"], built_in.history["loss"], rtol=1e-6)


@pytest.mark.parametrize(
    "options", [{"optimizer": "adam"}, {"optimizer": "lbfgs", "batch_size": None}, {}]
)
def test_all_ways_of_training(options):
    net = make(tilted)
    before = net.loss(X, Y)
    net.fit(X, Y, epochs=5, validation_fraction=0.2, **options)
    net.partial_fit(X[0], Y[0], optimizer="sgd")
    net.partial_fit(X[:8], Y[:8])
    assert net.loss(X, Y) < before
    population = Population(Network(3, [Dense(2)], loss=fourth, seed=seed) for seed in range(3))
    population.fit(X, Y, epochs=2)
    alone = Network(3, [Dense(2)], loss=fourth, seed=1)
    alone.fit(X, Y, epochs=2)
    assert_array_equal(population[1].params, alone.params)


def test_a_loss_can_be_called_and_has_its_words():
    assert tilted(1.0, 3.0) == (8.0, 8.0)
    assert isinstance(tilted, OwnLoss)
    assert isinstance(tilted, Loss)
    assert (repr(tilted), tilted.name, tilted.__doc__[:6]) == ("tilted", "tilted", "Return")
    net = make(tilted)
    assert (net.loss_name, net.loss_function) == ("tilted", tilted)
    assert "loss=tilted" in repr(net)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (
            lambda y, a: (0.5 * (a - y) ** 2, y - a),
            ValueError,
            r"derivative of its value: at y = 0 and a = 0.37 it returned -0.37, and its value "
            r"changes by 0.37",
        ),
        (lambda y, a: (a * a, np.nan), ValueError, "it returned nan, and its value changes"),
        (lambda y, a: (abs(a - y), 2.0), ValueError, "must return the derivative of its value"),
        (
            lambda y, a: 3.0,
            TypeError,
            r"must return \(value, derivative by a\), two numbers, got 3.0$",
        ),
        (lambda y, a: (a, a, a), TypeError, r"two numbers, got \(0.37, 0.37, 0.37\)$"),
        (lambda y, a: (a, "x"), TypeError, r"two numbers, got \(0.37, 'x'\)$"),
        (lambda y, a: (np.ones(2), a), TypeError, "two numbers, got"),
        (lambda y, a: (np.inf, 0.0), ValueError, "must return finite numbers somewhere near 0 a"),
        (lambda y, a: (1 / 0, 0.0), ValueError, "got none: it raised ZeroDivisionError: division"),
        (lambda y: y, TypeError, "got one of 1 arguments"),
        (lambda y, a, e: a, TypeError, "must return its value, a number, got"),
        (lambda y, a, e: 0.0, ValueError, r"must fill error, of shape \(1,\), got \[nan\]"),
        (3, TypeError, "a loss must be a function"),
        (Quantile, TypeError, "a loss must be a function"),
    ],
)
def test_functions_that_are_no_losses(function, error, message):
    with pytest.raises(error, match=message):
        fastnn.loss(function)


def test_a_wrong_derivative_of_a_row_is_found():
    def lopsided(y, a, error):
        error[:] = a - y
        error[-1] *= 2
        return 0.5 * ((a - y) ** 2).sum()

    with pytest.raises(ValueError, match=r"for output 0, it returned .* and its value changes by"):
        fastnn.loss(lopsided)


def test_kinks_and_domains_are_allowed():
    fastnn.loss(lambda y, a: (abs(a - y), float(np.sign(a - y))))
    fastnn.loss(lambda y, a: (y / a + np.log(a), 1 / a - y / (a * a)))  # NaN where a < 0


def test_a_row_of_another_length_is_found_before_a_kernel_runs():
    @fastnn.loss
    def of_three(y, a, error):
        e = a[2] - y[0]
        error[0] = error[1] = 0.0
        error[2] = e
        for j in range(3, a.shape[0]):
            error[j] = 0.0
        return 0.5 * e * e

    with pytest.raises(ValueError, match="IndexError"):
        make(of_three)
    Network(3, [Dense(3)], loss=of_three, seed=0).fit(X, np.ones((30, 3)))


@pytest.mark.parametrize("function", [lambda y, a: 0.0, print, Quantile])
def test_a_function_without_the_decorator(function):
    with pytest.raises(TypeError, match="loss must be"):
        make(function)


@pytest.mark.compiled
def test_what_numba_does_not_compile():
    helper = dict  # a class of Python's, with arguments that Numba does not know

    @fastnn.loss
    def odd(y, a):
        known = helper(y=y)
        return 0.5 * (a - known["y"]) ** 2, a - y

    with pytest.raises(TypeError, match="the loss odd must be a function that Numba compiles: "):
        make(odd)


def test_an_error_within_training_is_told():
    net, y = make(picky), Y.copy()
    y[4, 1] = -3
    fault = r"the loss picky raised ValueError: y is too low, for y = -3.0 and a = "
    with pytest.raises(DivergenceError, match=fault):
        net.fit(X, y)
    assert np.isfinite(net.params).all()
    net = make(picky)
    for call in (net.loss, net.gradient):
        with pytest.raises(ValueError, match=fault):
            call(X, y)
    with pytest.raises(DivergenceError, match=fault):
        net.partial_fit(X[4], y[4])
    net.fit(X, Y)


# ---- copies and files ----------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies(copied):
    net = make(tilted, hidden=bent)
    twin = copied(net)
    assert twin.loss_function is tilted
    assert twin.layers[0].activation is bent
    for each in (net, twin):
        each.fit(X, Y, epochs=2)
    assert_array_equal(net.params, twin.params)


def test_files():
    net = make(tilted, hidden=bent)
    net.fit(X, Y, optimizer="adam")
    for load in (Network.load, fastnn.load_model):
        twin = load(saved(net), functions=[bent, tilted])
        assert twin.loss_function is tilted
        assert_array_equal(twin.predict(X), net.predict(X))
    for each in (net, twin):
        each.fit(X, Y, resume=True)
    assert_array_equal(net.params, twin.params)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ([], r"the loss tilted must be given, .* load it in Python with functions=\[tilted\]"),
        ([tilted], r"the activation bent must be given, .*functions=\[bent\]"),
        ([bent, bent], "the loss tilted must be given"),
    ],
)
def test_a_file_without_its_functions(functions, message):
    file = saved(make(tilted, hidden=bent))
    with pytest.raises(FormatError, match=message):
        Network.load(file, functions=functions)


def test_a_file_with_another_function():
    file = saved(make(tilted))

    @fastnn.loss
    def tilted_anew(y, a):
        # The same, written otherwise, is the same.
        e = a - y
        return (2*e*e, 4*e) if e > 0 else (e*e, 2*e)  # fmt: skip

    @fastnn.loss
    def another(y, a):
        e = a - y
        return 0.5 * e * e, e

    tilted_anew.name = another.name = "tilted"
    assert Network.load(file, functions=[tilted_anew]).loss_function is tilted_anew
    file.seek(0)
    with pytest.raises(FormatError, match="must do what it did when the network was saved"):
        Network.load(file, functions=[another])


def test_a_file_that_does_not_know_what_its_function_did():
    session = {"fastnn": fastnn}
    exec(
        "@fastnn.loss\ndef tilted(y, a):\n"
        "    return (2 * (a - y) ** 2, 4 * (a - y)) if a > y else ((a - y) ** 2, 2 * (a - y))\n",
        session,
    )
    file = saved(make(session["tilted"]))
    assert Network.load(file, functions=[tilted]).loss_function is tilted


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        (tilted, r"a sequence of functions, got tilted: write \[tilted\]$"),
        (None, "a sequence of functions, got None$"),
        (3, "a sequence of functions, got 3$"),
        ("tilted", "under @fastnn.loss or @fastnn.activation, got 't'"),
        ([print], "under @fastnn.loss or @fastnn.activation, got <built-in"),
    ],
    ids=str,
)
def test_functions_of_another_kind(functions, message):
    with pytest.raises(TypeError, match=f"functions must be {message}"):
        Network.load(saved(make(tilted)), functions=functions)


@pytest.mark.parametrize(
    "loss", [Quantile(0.3), "quantile", "log_cosh", tilted], ids=["object", "name", "plain", "own"]
)
def test_losses_with_parameters_come_back(loss):
    net = make(loss)
    twin = Network.load(saved(net), functions=[tilted])
    assert twin.loss_function == net.loss_function
    assert twin.loss(X, Y) == net.loss(X, Y)
