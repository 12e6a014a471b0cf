"""Import fastnn, make a call twice, print the seconds as JSON: `python start.py CALL DTYPE`.

`test_start` runs it, for only a fresh process has yet to import and to load or compile kernels.
"""

import json
import sys
from collections.abc import Callable
from time import perf_counter


def main(call: str, dtype: str) -> None:
    """Time each part of a start; the data is made in between, outside the times."""
    times = [perf_counter()]
    import numpy as np

    times.append(perf_counter())
    from fastnn import Dense, Network

    times.append(perf_counter())
    seconds = {"import numpy": times[1] - times[0], "import fastnn": times[2] - times[1]}

    X = np.random.default_rng(0).random((5000, 400)).astype(dtype)
    Y = np.eye(10, dtype=dtype)[np.arange(5000) % 10]
    layers = [Dense(25, "sigmoid"), Dense(10, "sigmoid")]
    net = Network(400, layers, loss="half_sse", dtype=dtype, seed=0)
    target: Callable[[], object] = {
        "predict 1": lambda: net.predict(X[0]),
        "fit, batch 1": lambda: net.fit(X, Y),
    }[call]
    for name in ("call", "again"):
        begin = perf_counter()
        target()
        seconds[name] = perf_counter() - begin
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
