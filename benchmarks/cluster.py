"""Local SGD on a cluster of processes: what it learns a sample, what a round costs, what follows.

    python benchmarks/cluster.py             # the tables, some minutes
    python benchmarks/cluster.py --seeds 1   # a look
    python benchmarks/cluster.py --write     # and keep them in README.md

It needs the group `bench` and the extra `distributed`. All but the last table are measured, on
workers of one thread of this machine; the last is calculated from the others.
"""

import argparse
import logging
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from statistics import median
from time import perf_counter

import dask
import numpy as np
import psutil  # comes with distributed
from distributed import Client, LocalCluster
from table import Table, circumstances, publish
from tasks import digits

from fastnn import Dense, Network
from fastnn.callbacks import Callback, Run
from fastnn.distributed import fit

RATES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
TARGET, MOST = 0.08, 40  # loss on the digits held out; passes over the others until then
N_TRAINING = 4000  # of the 5000 digits
LINK = 125e6  # bytes a second, of the link of the client: a gigabit
CONVERGENCE = Table(
    "local SGD a sample",
    ("replicas", "passes a round", f"passes to {TARGET} at the rate {RATES[0]}", "at the best rate",
     "which is"),
)  # fmt: skip
WALL = Table(
    "local SGD by the clock",
    ("passes a round", "one process ms", "1 worker ms", "2 workers ms", "4 workers ms"),
)
ROUNDS = Table("what a round costs", ("network", "bytes", "replicas", "ms a round", "bytes moved"))
PLAN = Table(
    "a plan of 10, 100 and 1000 workers",
    ("network", "a round in one process", "workers", "bytes to the client", "compute s",
     "replicas s", "link s", "s a round", "times as fast", "best number of workers"),
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Measure, calculate, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="of the first table (%(default)s)")
    parser.add_argument("--write", action="store_true", help="keep the tables in README.md")
    options = parser.parse_args(arguments)
    begun = f"{circumstances()} dask {version('dask')}."
    with workers(2) as client:
        converge(client, range(options.seeds))
        fixed, a_task, a_byte = weigh_rounds(client)
    clock()
    calculate(a_task, a_byte)
    law = f"{fixed * 1e3:.1f} ms + {a_task * 1e3:.2f} ms a replica + {a_byte * 1e9:.2f} ns a byte"
    notes = {
        CONVERGENCE.name: f"{begun} Measured; means of {options.seeds} seeds.",
        WALL.name: f"{begun} Measured; medians, of a round over {N_TRAINING} digits, with as many "
        "replicas as workers.",
        ROUNDS.name: f"{begun} Measured, with chunks of one sample, on 2 workers; medians. "
        f"A round: {law} of each replica.",
        PLAN.name: "Calculated, not measured: compute / workers + "
        f"{law} + bytes / {LINK / 1e6:g} MB/s.",
    }
    return publish((CONVERGENCE, WALL, ROUNDS, PLAN), notes, write=options.write)


@contextmanager
def workers(n: int) -> Iterator[Client]:
    """Have a cluster of so many processes, of a thread each."""
    with (
        LocalCluster(
            n_workers=n,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def load(number: int, n_chunks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a chunk of the digits: a worker loads it by itself."""
    task = digits("float64")
    rows = slice(number, N_TRAINING, n_chunks)
    return task.X[rows], task.Y[rows]


def chunks(n: int) -> list[object]:
    """Return the digits in so many chunks, not loaded yet."""
    return [dask.delayed(load)(number, n) for number in range(n)]


def network(seed: int = 0, width: int = 25) -> Network:
    """Make the network of T1, or a wider one."""
    layers = [Dense(width, "sigmoid"), Dense(10, "sigmoid")]
    return Network(400, layers, loss="half_sse", seed=seed)


# ---- measured ------------------------------------------------------------------------------------


class Until(Callback):
    """Stop at the target; `passes` it took, infinite where it was not reached."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.passes = epochs, math.inf

    def epoch(self, run: Run) -> None:
        """Look at the loss on the digits held out."""
        if run.history["val_loss"][-1] <= TARGET:
            self.passes = self.epochs * (run.epoch + 1)
            run.stop()


def converge(client: Client, seeds: Sequence[int]) -> None:
    """Enter how often training goes through the digits until the target."""
    task = digits("float64")
    held = task.X[N_TRAINING:], task.Y[N_TRAINING:]
    X, Y = load(0, 1)

    def passes(n: int | None, epochs: int, rate: float, seed: int) -> float:
        until = Until(epochs)
        how = {"learning_rate": rate, "validation_data": held, "callbacks": [until]}
        if n is None:
            network(seed).fit(X, Y, epochs=MOST, **how)
        else:
            how |= {"rounds": MOST // epochs, "epochs_per_round": epochs, "client": client}
            fit(network(seed), chunks(n), **how)
        return until.passes

    several = [(n, epochs) for n in (1, 2, 4, 10) for epochs in (1, 5)]
    for n, epochs in [(None, 1), *several, (100, 1)]:
        needed = {
            rate: np.mean([passes(n, epochs, rate, seed) for seed in seeds]) for rate in RATES
        }
        best = min(RATES, key=needed.__getitem__)
        who = ("one process", "-") if n is None else (str(n), str(epochs))
        CONVERGENCE.add(*who, shown(needed[RATES[0]]), shown(needed[best]), str(best))
        print(*CONVERGENCE.rows[-1], sep="  ", flush=True)


def shown(passes: float) -> str:
    """Return a number of passes as text."""
    return f"{passes:.1f}" if math.isfinite(passes) else f"more than {MOST}"


class Clock(Callback):
    """Note when rounds end, and how many bytes have gone through the loopback by then."""

    def start(self, run: Run) -> None:
        """Begin."""
        self.times, self.bytes = [perf_counter()], [loopback()]

    def epoch(self, run: Run) -> None:
        """Take note."""
        self.times.append(perf_counter())
        self.bytes.append(loopback())

    def seconds(self) -> float:
        """Return the median of the rounds, the first of which loads data and kernels left out."""
        return median(np.diff(self.times[1:]))

    def moved(self) -> float:
        """Return the median of the bytes of a round."""
        return median(np.diff(self.bytes[1:]))


def loopback() -> int:
    """Return how many bytes this machine has sent to itself."""
    return psutil.net_io_counters(pernic=True)["lo"].bytes_sent


def time_rounds(client: Client, net: Network, data: list, epochs: int, rounds: int) -> Clock:
    """Return what was noted in rounds of training."""
    noted = Clock()
    how = {"rounds": rounds, "epochs_per_round": epochs, "client": client, "callbacks": [noted]}
    fit(net, data, learning_rate=0.1, **how)
    return noted


def weigh_rounds(client: Client, n_rounds: int = 30) -> tuple[float, float, float]:
    """Enter what rounds cost in which nothing is computed; return the terms of the law."""
    lines = []
    for width, n in [(25, 1), (25, 2), (25, 4), (25, 16), (25, 64), (250, 2), (2500, 2), (2500, 8)]:
        net = network(width=width)
        tiny = [dask.delayed(load)(0, N_TRAINING) for _ in range(n)]
        noted = time_rounds(client, net, tiny, 1, n_rounds)
        lines.append((1, n, n * net.params.nbytes, noted.seconds()))
        ROUNDS.add(
            f"400-{width}-10", f"{net.params.nbytes:,}", str(n), f"{noted.seconds() * 1e3:.1f}",
            f"{noted.moved():,.0f}",
        )  # fmt: skip
        print(*ROUNDS.rows[-1], sep="  ", flush=True)
    *terms, seconds = np.array(lines).T
    weight = 1 / seconds  # relative errors, or the largest network alone would set all terms
    law, *_ = np.linalg.lstsq((np.array(terms) * weight).T, seconds * weight, rcond=None)
    return tuple(np.maximum(law, 0.0))


def clock(n_rounds: int = 10) -> None:
    """Enter the seconds of a round, for 1, 2 and 4 workers with a chunk each; and of a probe."""
    X, Y = load(0, 1)
    rows = {epochs: [one_process(X, Y, epochs)] for epochs in (1, 10, 100)}
    begin = perf_counter()
    spin(1)
    probe = [perf_counter() - begin]
    for n in (1, 2, 4):
        with workers(n) as client:
            for epochs, cells in rows.items():
                noted = time_rounds(client, network(), chunks(n), epochs, n_rounds)
                cells.append(noted.seconds())
            begin = perf_counter()
            client.gather(client.map(spin, [n] * n, pure=False))
            probe.append(perf_counter() - begin)
    for what, cells in [*rows.items(), ("a probe that only computes", probe)]:
        WALL.add(str(what), *(f"{seconds * 1e3:.1f}" for seconds in cells))


def spin(n: int) -> int:
    """Compute for a while, an n-th part of what one alone would."""
    return sum(range(100_000_000 // n))


def one_process(X: np.ndarray, Y: np.ndarray, epochs: int, n_rounds: int = 5) -> float:
    """Return the seconds that so many epochs take without a cluster: the median."""
    net, seconds = network(), []
    for _ in range(n_rounds):
        begin = perf_counter()
        net.fit(X, Y, epochs=epochs, learning_rate=0.1)
        seconds.append(perf_counter() - begin)
    return median(seconds[1:])


# ---- calculated ----------------------------------------------------------------------------------


def calculate(a_task: float, a_byte: float) -> None:
    """Enter what rounds would cost with more workers, each a replica and its part of the data."""
    for width in (25, 2500):
        n_bytes = network(width=width).params.nbytes
        a_replica = a_task + n_bytes * a_byte
        on_link = n_bytes / LINK
        for alone, name in ((60.0, "1 minute"), (3600.0, "1 hour")):
            best = math.sqrt(alone / (a_replica + on_link))
            for n in (10, 100, 1000):
                parts = alone / n, n * a_replica, n * on_link
                PLAN.add(
                    f"400-{width}-10", name, str(n), f"{n * n_bytes:,}",
                    *(f"{part:.3g}" for part in parts), f"{sum(parts):.3g}",
                    f"{alone / sum(parts):.3g}", f"{best:.0f}",
                )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
