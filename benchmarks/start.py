"""Import fastnn, make a call twice, print the seconds as JSON: `python start.py CALL DTYPE`.

`test_start` and `compiling` run it, for only a fresh process has yet to import and to load or
compile kernels. "compiling" is of the processor: the first call less the second.
"""

import json
import sys
from collections.abc import Callable
from time import perf_counter, process_time

CALLS = (
    "predict 1",
    "predict 5000",
    "fit, batch 1",
    "fit, batch 1, 30-100-1",
    "fit, batch 32",
    "a handle's functions",
)


def main(call: str, dtype: str) -> None:
    """Time each part of a start; the data is made in between, outside the times."""
    times = [perf_counter()]
    import numpy as np

    times.append(perf_counter())
    import fastnn  # noqa: F401

    times.append(perf_counter())
    seconds = {"import numpy": times[1] - times[0], "import fastnn": times[2] - times[1]}
    random = np.random.default_rng(0)
    target = handle_call(random, dtype) if call == CALLS[-1] else network_call(call, random, dtype)
    processor = []
    for name in ("call", "again"):
        begin, begin_of_processor = perf_counter(), process_time()
        target()
        seconds[name] = perf_counter() - begin
        processor.append(process_time() - begin_of_processor)
    print(json.dumps(seconds | {"compiling": processor[0] - processor[1]}))


def network_call(call: str, random, dtype: str) -> Callable[[], object]:
    """Return a call of a new network; its samples are at random."""
    import numpy as np

    from fastnn import Dense, Network

    n_in, n_hidden, n_out = (30, 100, 1) if call.endswith("30-100-1") else (400, 25, 10)
    X = random.random((5000, n_in)).astype(dtype)
    Y = np.eye(n_out, dtype=dtype)[np.arange(5000) % n_out]
    layers = [Dense(n_hidden, "sigmoid"), Dense(n_out, "sigmoid")]
    net = Network(n_in, layers, loss="half_sse", dtype=dtype, seed=0)
    if call.startswith("predict"):
        rows = X[0] if call == "predict 1" else X
        return lambda: net.predict(rows)
    return lambda: net.fit(X, Y, batch_size=32 if call == "fit, batch 32" else 1)


def handle_call(random, dtype: str) -> Callable[[], object]:
    """Return compiled code of a user that calls all that a handle is for."""
    import numpy as np
    from numba import njit

    from fastnn import Dense, Network, core

    handle = Network(4, [Dense(16, "tanh"), Dense(2)], loss="mse", dtype=dtype, seed=0).handle()
    X, Y = (random.random((20, n)).astype(dtype) for n in (4, 2))
    weights, outputs, gradients = np.ones(20, dtype), np.empty_like(Y), np.empty_like(X)

    @njit
    def all_of_it(handle, X, Y, weights, outputs, gradients):
        core.predict_rows(handle, X, outputs)
        core.add_gradient_rows(handle, X, Y, weights)
        core.add_vjp_rows(handle, X, Y, gradients)
        total = 0.0
        for x, y, output, gradient in zip(X, Y, outputs, gradients):  # noqa: B905
            core.predict(handle, x, output)
            total += core.add_gradient(handle, x, y, 1.0)
            total += core.gradient_of_inputs(handle, x, y, gradient)
            core.add_vjp(handle, x, y, gradient)
            core.update(handle, 0.01)
            total += core.train_row(handle, x, y, 0.01)
        return total

    return lambda: all_of_it(handle, X, Y, weights, outputs, gradients)


if __name__ == "__main__":
    main(*sys.argv[1:])
