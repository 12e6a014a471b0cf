import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from fastnn.core.simd.arithmetic import multiply_add
from fastnn.core.simd.vectors import (
    REGISTER_BYTES,
    lanes_of,
    load,
    load_part,
    register_bytes,
    splat,
    store,
    total,
    totals,
    zeros,
)

DTYPES = [np.float32, np.float64]


@njit
def use_all(source, target, scalar):
    two = zeros(source, 2)
    a = load(source, 3, two)
    b = splat(scalar, two)
    store(target, 1, multiply_add(a, b, a))
    store(target, 1 + lanes_of(two), a * b + b)
    return lanes_of(two), total(a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_vectors_compute_what_numpy_does(dtype):
    n = 2 * REGISTER_BYTES // np.dtype(dtype).itemsize
    source = np.arange(n + 5, dtype=dtype)
    target = np.zeros(2 * n + 3, dtype=dtype)
    lanes, sum_of_lanes = use_all(source, target, dtype(0.5))
    a = source[3 : 3 + n]
    assert lanes == n
    assert sum_of_lanes == a.sum()
    expected = np.concatenate([[0], a * dtype(1.5), a * dtype(0.5) + dtype(0.5), [0, 0]])
    np.testing.assert_array_equal(target, expected.astype(dtype))


def test_the_python_forms_check_their_bounds():
    array = np.zeros(8)
    four = np.zeros(4)
    assert load(array, 4, four).size == 4
    for i in (-1, 5):
        with pytest.raises(IndexError, match=rf"must lie within \[0, 8\), got \[{i}, {i + 4}\)"):
            load(array, i, four)
        with pytest.raises(IndexError, match=rf"must lie within \[0, 8\), got \[{i}, {i + 4}\)"):
            store(array, i, four)


@njit
def use_parts(source, target):
    one = zeros(source, 1)
    for count in range(1, lanes_of(one) + 2):
        part = load_part(source, source.size - count, count, one)
        store(target, count * lanes_of(one), part)
    a, b = load(source, 0, one), load(source, 1, one)
    store(target, (lanes_of(one) + 2) * lanes_of(one), totals(a, b, a + b, b - a))


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_and_totals(dtype):
    lanes = REGISTER_BYTES // np.dtype(dtype).itemsize
    source = np.arange(1, lanes + 2, dtype=dtype)
    target = np.full((lanes + 4, lanes), np.nan, dtype)
    use_parts(source, target.reshape(-1))
    a, b = source[:lanes].sum(), source[1:].sum()
    np.testing.assert_array_equal(target[lanes + 2 :].flat[:4], [a, b, a + b, b - a])
    for count in range(1, lanes + 2):
        expected = np.zeros(lanes, dtype)
        expected[: min(count, lanes)] = source[source.size - count :][:lanes]
        np.testing.assert_array_equal(target[count], expected)


@pytest.mark.compiled
def test_vectors_of_different_widths_do_not_mix():
    @njit
    def mix(array):
        return total(zeros(array, 1) + zeros(array, 2))

    with pytest.raises(TypingError):
        mix(np.zeros(8))


@pytest.mark.parametrize(
    ("asked", "name", "features", "expected"),
    [
        ("16", None, None, 16), ("64", "x86-64-v3", "", 64), (None, "x86-64-v4", "", 64),
        (None, "x86-64-v3", "", 32), (None, "generic", "", 16), (None, "generic", "+avx,+avx2", 32),
        (None, "znver4", "+avx512f,+avx2", 64), (None, "apple-m1", None, 16),
    ],
)  # fmt: skip
def test_registers_are_those_of_the_processor(asked, name, features, expected):
    assert register_bytes(asked, name, features) == expected


def test_the_host_is_asked():
    assert register_bytes(None, None, None) in (16, 32, 64)
    with pytest.raises(ValueError, match="FASTNN_REGISTER_BYTES must be 16, 32 or 64, got '8'"):
        register_bytes("8", None, None)


@pytest.mark.parametrize("width", ["16", "64"])
def test_every_width_computes_the_same(width):
    """In the interpreter, for that is quick; `REGISTER_BYTES` is read when fastnn is imported."""
    code = """
        import numpy as np
        from fastnn import Dense, Network
        net = Network(3, [Dense(9, "tanh"), Dense(2, "sigmoid")], seed=0)
        X = np.linspace(-1, 1, 30).reshape(10, 3)
        net.fit(X, X[:, :2] ** 2, epochs=2)
        net.fit(X, X[:, :2] ** 2, epochs=2, batch_size=4, optimizer="adam")
        print(net.predict(X).ravel().tolist())
        """
    printed = [
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=os.environ | {"FASTNN_REGISTER_BYTES": bytes_, "NUMBA_DISABLE_JIT": "1"},
            check=True, capture_output=True, text=True,
        ).stdout
        for bytes_ in ("32", width)
    ]  # fmt: skip
    got, expected = (np.array(json.loads(line)) for line in printed)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
