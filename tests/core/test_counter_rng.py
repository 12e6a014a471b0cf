import numpy as np
import pytest
from numba import config, njit

from fastnn.core import counter_rng
from fastnn.core.jit import JIT

from ..support.kernels import from_python

DTYPES = [np.float64, np.float32]
KEY = 0x1234_5678_9ABC_DEF0
SAMPLE = 2**40 + 7


def interpreted(function):
    """Return the Python form of a kernel's part, which calls compiled ones where they are."""
    return getattr(function, "py_func", function)


add_noise = from_python(counter_rng.add_noise)
drop_units = from_python(counter_rng.drop_units)
normal_pair = from_python(counter_rng.normal_pair)
philox = from_python(counter_rng.philox)
uniform = from_python(counter_rng.uniform)
words_of = from_python(counter_rng.words_of)


def uniforms(n_units, key=KEY, sample=SAMPLE, stream=0):
    quads = [words_of(key, sample, stream, first) for first in range(0, n_units, 4)]
    return np.array([uniform(word) for words in quads for word in words])[:n_units]


def noise(n_units, key=KEY, sample=SAMPLE, std=1.0, dtype=np.float64):
    x = np.zeros(n_units, dtype)
    add_noise(key, sample, std, n_units, x)
    return x


@pytest.mark.parametrize("form", [philox, interpreted(counter_rng.philox)])
@pytest.mark.parametrize(
    ("counter", "key", "expected"),  # known answers of Random123, philox4x32 10
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_known_answers(form, counter, key, expected):
    words = [np.uint64(int(word, 16)) for word in f"{counter} {key}".split()]
    assert " ".join(f"{int(word):08x}" for word in form(*words)) == expected


def test_a_key_and_a_sample_are_two_words_each():
    got = words_of(KEY, SAMPLE, 3, 20)
    words = [5, 3, 7, 2**8, 0x9ABC_DEF0, 0x1234_5678]
    assert got == philox(*[np.uint64(word) for word in words])
    all_ones = words_of(-1, -1, -1, 4 * 0xFFFF_FFFF)
    assert [int(word) for word in all_ones] == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


@pytest.mark.parametrize(
    "other", [{"key": KEY + 1}, {"key": KEY + 2**32}, {"sample": 7}, {"stream": 1}]
)
def test_another_key_sample_or_stream_has_other_numbers(other):
    n = 40_000
    got, others = uniforms(n), uniforms(n, **other)
    assert abs(np.corrcoef(got, others)[0, 1]) < 5 / np.sqrt(n)


def test_uniform_numbers_are_uniform():
    u = uniforms(100_000)
    assert 0 <= u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    assert (u * 2**24 == np.rint(u * 2**24)).all()
    cells = np.bincount((u * 100).astype(int), minlength=100)
    assert ((cells - 1000) ** 2 / 1000).sum() < 99 + 5 * np.sqrt(2 * 99)  # chi squared
    for lag in (1, 2, 3, 4):
        assert abs(np.corrcoef(u[lag:], u[:-lag])[0, 1]) < 5 / np.sqrt(u.size)


def test_successive_samples_and_layers_are_independent():
    for numbers in (
        np.array([uniforms(8, sample=s) for s in range(5000)]),
        np.array([uniforms(8, stream=k) for k in range(5000)]),
    ):
        assert abs(numbers.mean() - 0.5) < 5 / np.sqrt(12 * numbers.size)
        assert abs(numbers.var() - 1 / 12) < 5 / np.sqrt(180 * numbers.size)
        pairs = np.corrcoef(numbers[1:].T, numbers[:-1].T) - np.eye(16)
        assert np.abs(pairs).max() < 5 / np.sqrt(5000)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 4, 25, 4000])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.875])
def test_units_are_dropped_or_scaled_up(rate, n, dtype):
    a = np.linspace(1, 2, n + 2).astype(dtype)
    h = np.full_like(a, 7)
    drop_units(KEY, SAMPLE, 2, rate, 1, n, a, h)
    is_dropped = uniforms(n, stream=2) < rate
    expected = np.where(is_dropped, 0, a[1:-1] * dtype(1 / (1 - rate)))
    np.testing.assert_array_equal(h[1:-1], expected)
    assert h[0] == h[-1] == 7
    assert abs(is_dropped.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / n)
    drop_units(KEY, SAMPLE, 2, rate, 1, n, a, a)
    np.testing.assert_array_equal(a[1:-1], expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_unit_is_dropped_at_rate_0(dtype):
    a = np.linspace(-1, 1, 10).astype(dtype)
    h = np.empty_like(a)
    drop_units(KEY, SAMPLE, 0, 0.0, 0, 10, a, h)
    np.testing.assert_array_equal(h, a)


def test_noise_is_standard_normal():
    n = 20_000 if config.DISABLE_JIT else 200_000
    x = noise(n)
    assert np.isfinite(x).all()
    deviation = 5 / np.sqrt(n)
    assert abs(x.mean()) < deviation
    assert abs(x.var() - 1) < np.sqrt(2) * deviation
    assert abs((x**3).mean()) < np.sqrt(15) * deviation
    assert abs((x**4).mean() - 3) < np.sqrt(96) * deviation
    assert abs((np.abs(x) < 1).mean() - 0.6826894921) < 0.5 * deviation
    for lag in (1, 2, 3):
        assert abs(np.corrcoef(x[lag:], x[:-lag])[0, 1]) < deviation
        assert abs(np.corrcoef(x[lag:] ** 2, x[:-lag] ** 2)[0, 1]) < deviation
    assert abs(np.corrcoef(x, noise(n, sample=SAMPLE + 1))[0, 1]) < deviation


def test_the_farthest_noise_is_finite():
    words = np.array([0, 2**32 - 1], np.uint64)
    pairs = [normal_pair(word, second) for word in words for second in words]
    assert np.isfinite(pairs).all()
    assert 6.6 < np.max(pairs) < 6.7


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 6, 8])
def test_noise_is_added_in_proportion(n, dtype):
    x = np.arange(8, dtype=dtype)
    add_noise(KEY, SAMPLE, 0.25, n, x)
    expected = np.arange(8) + np.where(np.arange(8) < n, 0.25 * noise(8), 0)
    np.testing.assert_allclose(x, expected, rtol=2 * np.finfo(dtype).eps)


@pytest.mark.compiled
def test_compiled_equals_interpreted(monkeypatch):
    """The Python forms call one another, as they do where the compiler is off."""

    @njit(**JIT)
    def compiled(h, x):
        counter_rng.drop_units(KEY, SAMPLE, 1, 0.5, 0, 25, x, h)
        counter_rng.add_noise(KEY, SAMPLE, 0.1, 25, x)

    got, expected = np.ones((2, 25)), np.ones((2, 25))
    compiled(*got)
    for name, function in vars(counter_rng).items():
        if hasattr(function, "py_func"):
            monkeypatch.setattr(counter_rng, name, function.py_func)
    compiled.py_func(*expected)
    np.testing.assert_array_equal(got[0], expected[0])
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-15)  # log, cos and sin are not exact
