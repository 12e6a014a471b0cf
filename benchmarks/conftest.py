"""One BLAS thread, contenders that take turns, and the tables of what came of it."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

# fastnn trains on one thread, so NumPy gets one too. BLAS reads these once, when it is loaded.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
HINDRANCE = None
if find_spec("pytest_benchmark") is None:
    HINDRANCE = "benchmarks need pytest-benchmark: pip install pytest-benchmark"
elif "numpy" in sys.modules and os.environ.get("OPENBLAS_NUM_THREADS") != "1":
    HINDRANCE = "benchmarks must be run by themselves, got NumPy imported before them"
else:
    os.environ.update(ONE_THREAD)

from comparison import hold  # noqa: E402
from table import Table, circumstances, processor, versions  # noqa: E402
from tasks import Task, digits, moons  # noqa: E402

from fastnn.reference import ReferenceNetwork  # noqa: E402

# The programs need libraries of their own, and hold neither tests nor examples.
collect_ignore = [
    path.name for path in Path(__file__).parent.iterdir() if not path.name.startswith("test_")
]
ROUNDS = 15
TABLES = {
    "races": Table(
        "fastnn beside naive NumPy",
        ("network", "call", "dtype", "naive us", "fastnn us", "naive / fastnn", "loss reached"),
    ),
    "starts": Table(
        "cold start and compile time",
        ("first call", "dtype", "kernels", "process s", "import numpy s", "import fastnn s",
         "call s", "again s"),
    ),
}  # fmt: skip


@pytest.fixture(params=["float64", "float32"])
def dtype(request: Any) -> Any:
    """The dtype of data and network."""
    return request.param


@pytest.fixture(params=[digits, moons], ids=["digits", "moons"])
def task(request: Any, dtype: str) -> Any:
    """The data and the network that is timed."""
    return request.param(dtype)


@pytest.fixture
def race(benchmark: Any, task: Task) -> Callable[..., None]:
    """Time fastnn and naive NumPy in turn, a round each, each round from the same weights."""

    def run(
        call: str,
        n_samples: int,
        fast: Callable[[Any], object],
        naive: Callable[[Any], object],
    ) -> None:
        """Each contender is called with its network and goes through `n_samples` samples."""
        pair: list[Any] = []
        naive_seconds: list[float] = []

        def naive_round() -> tuple[tuple[Any], dict[str, Any]]:
            net = task.network()
            reference = ReferenceNetwork.like(net)
            pair[:] = net, reference
            begin = perf_counter()
            naive(reference)
            naive_seconds.append(perf_counter() - begin)
            return (net,), {}

        # The setup runs before each round, the warm-up included, and outside its time.
        benchmark.pedantic(fast, setup=naive_round, rounds=ROUNDS, warmup_rounds=1)

        net, reference = pair
        loss, expected = net.loss(task.X, task.Y), reference.loss(task.X, task.Y)
        assert loss == pytest.approx(expected, rel=1e-9 if task.dtype == "float64" else 1e-4)
        if not benchmark.enabled:
            return
        naive_us = 1e6 * median(naive_seconds[1:]) / n_samples
        fast_us = 1e6 * benchmark.stats.stats.median / n_samples
        pairs = zip(naive_seconds[1:], benchmark.stats.stats.data, strict=True)
        ratio = median(slow / fast for slow, fast in pairs)
        benchmark.extra_info.update(
            task=task.name, call=call, dtype=task.dtype, threads=1, loss=loss, versions=versions(),
            naive_us=naive_us, fastnn_us=fast_us,
        )  # fmt: skip
        TABLES["races"].add(
            task.name, call, task.dtype,
            f"{naive_us:.2f}", f"{fast_us:.2f}", f"{ratio:.2f}", f"{loss:.6f}",
        )  # fmt: skip

    return run


@pytest.fixture
def starts() -> Table:
    """The table of cold starts."""
    return TABLES["starts"]


def pytest_addoption(parser: Any) -> None:
    """Add the options that keep the results, and that hold the machine to less."""
    parser.addoption("--hold", **hold.OPTION)
    parser.addoption(
        "--write-table",
        action="store_true",
        help="write the results of a run without failures to benchmarks/README.md",
    )


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Run pytest again if the machine is to be held, and is not."""
    asked = config.getoption("hold")
    if not asked or hold.held_to():
        return None
    if reason := hold.hindrance():
        raise pytest.UsageError(f"--hold {asked}: {reason}")
    return hold.run_again()


def pytest_report_header() -> str:
    """Name the processor, and what it is held to."""
    return processor()


def pytest_sessionstart() -> None:
    """Refuse to start where only benchmarks were asked for and they cannot be run."""
    if HINDRANCE:
        raise pytest.UsageError(HINDRANCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip them where they were found among other tests and cannot be run."""
    if HINDRANCE:
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason=HINDRANCE))


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: Any) -> None:
    """Show the tables, and write them if asked to."""
    for table in TABLES.values():
        if table.rows:
            terminalreporter.section(table.name)
            terminalreporter.line(table.markdown())
            if config.getoption("write_table") and exitstatus == pytest.ExitCode.OK:
                table.write(circumstances())
