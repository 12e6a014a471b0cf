"""Flags and numbers: what is none is refused where it is handed in, and nothing overflows."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from fastnn import Dense, Network, Population, callbacks, datasets, initializers, optimizers, warmup
from fastnn import schedules as rates
from fastnn._checks.scalars import (
    as_count,
    as_flag,
    as_generator,
    as_integer,
    as_natural,
    as_number,
    as_positive,
    number_in,
)

from ..support.networks import make_data, small_network

X, Y = make_data(4, 3, 2)


# ---- flags ---------------------------------------------------------------------------------------

FLAGS = [
    ("bias", lambda flag: Dense(3, bias=flag)),
    ("train_bias", lambda flag: Dense(3, train_bias=flag)),
    ("shuffle", lambda flag: small_network().fit(X, Y, shuffle=flag)),
    ("resume", lambda flag: small_network().fit(X, Y, resume=flag)),
    ("progress", lambda flag: small_network().fit(X, Y, progress=flag)),
    ("shuffle", lambda flag: Population([small_network()]).fit(X, Y, shuffle=flag)),
    ("progress", lambda flag: Population([small_network()]).fit(X, Y, progress=flag)),
    ("frozen", lambda flag: small_network().handle(frozen=flag)),
    ("progress", lambda flag: warmup("float64", progress=flag)),
    ("centered", lambda flag: optimizers.RMSprop(centered=flag)),
    ("eps_hat", lambda flag: optimizers.Adam(eps_hat=flag)),
    ("eps_hat", lambda flag: optimizers.AdamW(eps_hat=flag)),
    ("restore_best", lambda flag: callbacks.EarlyStopping(restore_best=flag)),
    ("append", lambda flag: callbacks.CSVLog("log.csv", append=flag)),
    ("raw", lambda flag: datasets.load_xor(raw=flag)),
    ("raw", lambda flag: datasets.load_first_column(raw=flag)),
    ("raw", lambda flag: datasets.load_gender(raw=flag)),
]


@pytest.mark.parametrize(("name", "call"), FLAGS)
@pytest.mark.parametrize("bad", ["no", 0, 1, 5, None, [4], 0.0, np.array([True])])
def test_what_is_no_flag(name, call, bad):
    with pytest.raises(TypeError, match=f"{name} must be True or False, got "):
        call(bad)


@pytest.mark.parametrize(("name", "call"), FLAGS)
@pytest.mark.parametrize("flag", [False, np.False_])
def test_flags(name, call, flag):
    call(flag)
    assert as_flag(name, flag) is False
    assert as_flag(name, np.True_) is True


@pytest.mark.parametrize(
    ("given", "expected"),
    [(4, "[4]"), ([4], "[4]"), (np.array([0.5, 1.0]), "[0.5, 1.0]"), (0, "[0]")],
)
def test_an_array_of_biases_is_not_the_flag(given, expected):
    with pytest.raises(TypeError) as caught:
        Dense(1, bias=given)
    assert f"; initial biases are given as biases={expected}, a number for each" in str(
        caught.value
    )


def test_what_pandas_knows_nothing_of_is_no_flag():
    pandas = pytest.importorskip("pandas")
    for name in ("resume", "shuffle", "progress"):
        with pytest.raises(TypeError, match=f"{name} must be True or False, got <NA>"):
            small_network().fit(X, Y, **{name: pandas.NA})


# ---- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.5, Decimal("0.5"), Fraction(1, 2), np.float32(0.5)])
def test_numbers(value):
    assert as_number("p", value) == as_positive("p", value) == 0.5
    assert as_number("p", np.array(value, dtype=float)) == 0.5


NO_NUMBERS = [
    np.array(True),
    np.array(True, dtype=object),
    np.array("1"),
    np.array(1j),
    np.ma.array(1, mask=True),
    np.ma.masked,
]


@pytest.mark.parametrize(
    "value",
    [
        "0.1",
        b"1",
        True,
        np.True_,
        1j,
        np.complex64(1),
        None,
        [0.1],
        np.array([0.1]),
        Decimal("sNaN"),
        *NO_NUMBERS,
    ],
)
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match="p must be a number, got "):
        as_number("p", value)


@pytest.mark.parametrize(
    "value", [True, np.True_, 1.0, np.float64(2), "3", None, Decimal(3), 1j, *NO_NUMBERS]
)
def test_what_is_no_whole_number(value):
    with pytest.raises(TypeError, match="p must be a whole number, got "):
        as_integer("p", value)
    with pytest.raises((TypeError, ValueError), match="p must be a"):
        as_count("p", value)


@pytest.mark.parametrize("bad", [np.array(True), np.ma.array(1, mask=True)])
def test_an_array_without_axes_is_what_it_holds(bad):
    net = small_network()
    before = net.params.copy()
    for call in (
        lambda: net.fit(X, Y, learning_rate=bad),
        lambda: net.fit(X, Y, epochs=bad),
        lambda: net.fit(X, Y, batch_size=bad),
        lambda: net.partial_fit(X, Y, learning_rate=bad),
        lambda: Dense(2, l1=bad),
        lambda: Dense(bad),
    ):
        with pytest.raises(TypeError, match=r"must be a (whole )?number, got"):
            call()
    np.testing.assert_array_equal(net.params, before)


def test_a_tensor_without_axes_is_what_it_holds():
    torch = pytest.importorskip("torch")
    assert as_count("p", torch.tensor(3)) == 3
    assert as_number("p", torch.tensor(0.5)) == 0.5
    for bad in (torch.tensor(True), torch.tensor([3]), torch.tensor(3, device="meta")):
        with pytest.raises(TypeError, match="p must be a number, got "):
            as_number("p", bad)
        with pytest.raises(TypeError, match="p must be a whole number, got "):
            as_count("p", bad)


@pytest.mark.parametrize(("text", "number"), [("1.5", 1.5), (" 2e3 ", 2000.0), ("-inf", -math.inf)])
def test_numbers_in_texts(text, number):
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["", "nan", "1,5", "0x10", "one"])
def test_what_holds_no_number(text):
    assert math.isnan(number_in(text))


def test_naturals():
    assert as_natural("n", 0) == 0
    assert as_natural("n", np.int64(7)) == 7
    with pytest.raises(ValueError, match="n must be at least 0, got -1"):
        as_natural("n", -1)
    with pytest.raises(TypeError, match=r"n must be a whole number, got 1\.0"):
        as_natural("n", 1.0)


def test_counts():
    for value in (3, np.int8(3), np.uint64(3), np.array(3)):
        got = as_count("p", value)
        assert (got, type(got)) == (3, int)
    assert as_count("p", 2**62) == 2**62


HUGE = 10**400  # no float is so large, nor does Python print so many digits


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: small_network().fit(X, Y, learning_rate=HUGE),
            ValueError,
            "learning_rate must be",
        ),
        (
            lambda: small_network().partial_fit(X, Y, learning_rate=HUGE),
            ValueError,
            "learning_rate",
        ),
        (
            lambda: small_network().fit(X, Y, epochs=10**30),
            ValueError,
            r"epochs .* at most 2\*\*62",
        ),
        (
            lambda: small_network().fit(X, Y, batch_size=HUGE),
            ValueError,
            "batch_size must be at mo",
        ),
        (lambda: small_network().fit(X, Y, input_noise=HUGE), ValueError, "input_noise must be"),
        (
            lambda: small_network().predict(X, n_threads=HUGE),
            ValueError,
            "n_threads must be at mos",
        ),
        (lambda: Dense(2**70), ValueError, "n_out must be at most"),
        (lambda: Dense(-HUGE), ValueError, "n_out must be at least 1, got an int of 1329 bits"),
        (lambda: Dense(2, l1=HUGE), ValueError, "l1 must be at least 0 .*got an int of 1329 bits"),
        (lambda: Dense(2, l2=-HUGE), ValueError, "l2 must be at least 0"),
        (lambda: Dense(2, dropout=HUGE), ValueError, "dropout must be"),
        (lambda: Dense(2, max_norm=HUGE), ValueError, "max_norm must be finite"),
        (lambda: Network(2**64, [Dense(1)]), ValueError, "n_in must be at most"),
        (lambda: optimizers.SGD(HUGE), ValueError, "learning_rate must be finite"),
        (lambda: optimizers.Adam(eps=HUGE), ValueError, "eps must be finite"),
        (lambda: optimizers.LBFGS(memory=HUGE), ValueError, "memory must be at most"),
        (lambda: rates.Exponential(0.1, gamma=HUGE), ValueError, "gamma must be finite"),
        (lambda: rates.Step(0.1, step_size=HUGE), ValueError, "step_size must be at most"),
        (lambda: callbacks.EarlyStopping(patience=HUGE), ValueError, "patience must be at most"),
        (lambda: callbacks.EarlyStopping(min_delta=HUGE), ValueError, "min_delta must be"),
        (lambda: initializers.constant(HUGE), ValueError, "value must be finite"),
        (lambda: initializers.uniform(-1e308, 1e308), ValueError, "must have finite"),
        (lambda: rates.ReduceOnPlateau(0.1, patience=True), TypeError, "patience must be a whole"),
    ],
)
def test_what_is_beyond_all_numbers(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("n_in", "widths"), [(2**40, [2**40]), (1, [2**46]), (2**20, [2**26]), (2**61, [1, 1])]
)
def test_a_network_that_no_memory_holds(n_in, widths):
    with pytest.raises(ValueError, match=r"must make a network that memory can hold, got .* be"):
        Network(n_in, [Dense(n_out) for n_out in widths])


def test_a_rate_beyond_float32_diverges():
    net = small_network(dtype="float32")
    before = net.params.copy()
    with pytest.raises(ArithmeticError, match="training must stay finite"):
        net.fit(X, Y, learning_rate=1e300)
    np.testing.assert_array_equal(net.params, before)


# ---- random numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [5, None, np.random, "rng", np.random.default_rng])
@pytest.mark.parametrize(
    "draw",
    [
        initializers.normal(0.1),
        initializers.uniform(0, 1),
        *(f for name, f in initializers.NAMED.items() if name != "zeros"),
    ],
)
def test_an_initializer_needs_a_generator(draw, bad):
    with pytest.raises(TypeError, match="random must be a numpy Generator or a RandomState, got"):
        draw(bad, (2, 3))


@pytest.mark.parametrize(
    "bad",
    ["abc", -1, 1.5, np.random, True, np.array(True), np.ma.array(1, mask=True), object(), X],
)
def test_seeds(bad):
    with pytest.raises(
        ValueError, match="seed must be an int >= 0, None, a numpy Generator or a R"
    ):
        as_generator(bad)
