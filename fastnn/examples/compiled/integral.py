"""The integral of a network, by SciPy, which calls it without Python between.

A network learns exp(-x^2 - y^2 - z^2) from random points of the unit cube, and
`scipy.integrate.nquad` integrates the network over the cube, which asks it 9261
times. Each time a Python function costs some ten microseconds, and what SciPy
calls a `LowLevelCallable` less than one. That is a C function and a pointer
which SciPy gives it: Numba compiles the one (``cfunc``), and
``handle.pointer()`` is the other.

The handle shares the network's weights, so after more training the same
callback integrates what the network has become; that of a frozen handle, what
it was when the handle was taken.

To copy: the function that does the work takes the handle, is under
``@njit(cache=True)``, and is kept on disk. The ``cfunc`` around it is not: its
type says nothing of the handle behind the pointer, so Numba could find on disk
what it compiled for another version of fastnn. It is thin, so it compiles
within a second, once for all networks. They are of float64, as SciPy's numbers
are.
"""
# mypy: allow-untyped-defs, allow-untyped-calls, no-check-untyped-defs

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import Any

import numba
import numpy as np

from ... import Dense, Network, core
from ..._checks.arrays import Array
from ..._checks.extras import optional
from ...cli.arguments import whole_number
from ...core import Handle
from ...schedules import Cosine
from .._arguments import add_seed

N_DIMS = 3
EXACT = (math.sqrt(math.pi) / 2 * math.erf(1)) ** N_DIMS
N_SAMPLES = 5000
C_FUNCTION = "float64(intc, CPointer(float64), voidptr)"  # of n, x and user_data


# ---- compiled ------------------------------------------------------------------------------------


@numba.njit(cache=True)
def value(handle, x):
    """Return the one output of the network for `x`."""
    outputs = np.empty(1)
    core.predict(handle, x, outputs)
    return outputs[0]


@cache
def integrand(form: Any) -> Any:
    """Return the C function for all handles of this Numba type, those of float64."""

    @numba.cfunc(C_FUNCTION)
    def evaluate(n, x, user_data):
        return value(core.handle_at(user_data, form), numba.carray(x, n))

    return evaluate


# ---- not compiled --------------------------------------------------------------------------------


def callback(handle: Handle) -> Any:
    """Return what SciPy takes in the place of a Python function."""
    from scipy import LowLevelCallable

    return LowLevelCallable(integrand(numba.typeof(handle)).ctypes, handle.pointer())


def integrate(function: Callable[..., float]) -> float:
    """Return the integral over the unit cube, of a Python function or a callback."""
    from scipy.integrate import nquad

    return float(nquad(function, [(0, 1)] * N_DIMS)[0])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    parser.add_argument(
        "--epochs", type=whole_number(1), default=100, metavar="N", help="default: %(default)s"
    )
    add_seed(parser)
    parser.add_argument(
        "--quiet", action="store_true", help="no progress bar; results print as ever"
    )
    parser.set_defaults(plot=None)


def samples(seed: int) -> tuple[Array, Array]:
    """Return random points of the cube, shape (n_samples, 3), and the function there."""
    X = np.random.default_rng(seed).random((N_SAMPLES, N_DIMS))
    return X, np.exp(-np.square(X).sum(axis=1))


def build(seed: int) -> Network:
    """Return the untrained network."""
    return Network(N_DIMS, [Dense(16, "tanh"), Dense(16, "tanh"), Dense(1)], seed=seed)


def run(options: argparse.Namespace) -> None:
    """Integrate a network by callbacks of three kinds, before and after its training."""
    optional("scipy", "integral", "lbfgs", "SciPy")
    X, y = samples(options.seed)
    net = build(options.seed)
    functions = {
        "Python": lambda *x: net.predict(x)[0],
        "compiled": callback(net.handle()),
        "compiled, frozen": callback(net.handle(frozen=True)),
    }
    for function in functions.values():
        integrate(function)  # the first call of each may compile, or load

    print(f"The exact integral is {EXACT:.6f}; the mean of {len(X)} samples, {y.mean():.6f}")
    print("The network's, untrained")
    print_integrals(functions)
    net.fit(
        X,
        y,
        epochs=options.epochs,
        batch_size=32,
        optimizer="adam",
        learning_rate=Cosine(0.01, epochs=options.epochs),
        progress=not options.quiet,
    )
    print(f"The same functions after {options.epochs} epochs")
    print_integrals(functions)


def print_integrals(functions: dict[str, Any]) -> None:
    """Print what each function's integral is, how far from the exact one, and its time."""
    for name, function in functions.items():
        start = perf_counter()
        got = integrate(function)
        seconds = perf_counter() - start
        print(f"  {name:16}  {got:9.6f}  off by {abs(got - EXACT):.1e}  {1e3 * seconds:7.2f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run(parser.parse_args())
