"""fastnn beside NumPy, scikit-learn, PyTorch, JAX, onnxruntime and C: what each takes.

    python benchmarks/peers.py                        # all, some ten minutes
    python benchmarks/peers.py --tasks T1,T3 --rounds 5
    python benchmarks/peers.py --write --plot growth.png

It needs the group `peers`, and gcc. `--write` puts the tables into README.md beside this file.
"""

import datetime
import inspect
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import cpuinfo
from comparison import goals, growth, phases, start_up
from comparison.arguments import parse
from comparison.compiler import COMMAND
from comparison.contenders import FASTNN_2, ONE_THREAD
from comparison.floor import Floor
from comparison.race import Race, Result, disagreements
from comparison.task import Task
from table import Table, publish, versions

from fastnn import Network

PARTS = ("T1", "T1w", "T2", "T3", "T4", "T5", "T6", "T7", "floor", "phases", "growth")
PEERS = ("scikit-learn", "torch", "jax", "jaxlib", "onnxruntime")

GOALS = Table(
    "what was to be reached", ("task", "against", "dtype", "must", "goal", "measured", "met")
)
RACES = Table(
    "fastnn beside its peers",
    ("task", "dtype", "contender", "us", "/ fastnn", "loss", "samples"),
)
FLOORS = Table("the floor", ("one core", "float64", "float32"))
PHASES = Table("where the time of T1 goes", ("phase", "float64 us", "share", "float32 us", "share"))
GROWTH = Table(
    "how the time grows",
    ("varied", "size", "dtype", "us", "floor us", "/ floor", "/ trend"),
)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked to; return 1 where losses disagree."""
    options = parse(arguments, __doc__, "tasks", PARTS, "how the time grows")
    best = "The best of some tries."
    notes = {GOALS.name: circumstances(), FLOORS.name: best, PHASES.name: best}
    print(notes[GOALS.name], flush=True)
    with Race() as race:
        races = run_races(race, options.tasks, options.rounds)
        floors = {dtype: Floor(dtype) for dtype in goals.DTYPES}
        if "floor" in options.tasks:
            add_floors(floors)
        if "phases" in options.tasks:
            add_phases(floors)
        if "growth" in options.tasks:
            points = [p for dtype in floors for p in growth.measure(race, dtype, floors[dtype])]
            add_growth(points)
            notes[GROWTH.name] = growth.verdict(points)
            if options.plot:
                growth.plot(points, options.plot)
    for row in goals.ratio_rows(races):
        GOALS.add(*row)
    if "T6" in options.tasks:
        for row in goals.start_rows(start_up.measure(options.rounds)):
            GOALS.add(*row)

    notes[RACES.name] = f"Medians of {options.rounds} rounds."
    errors = [error for results in races.values() for error in disagreements(results)]
    return publish((RACES, FLOORS, PHASES, GROWTH, GOALS), notes, errors, write=options.write)


def run_races(
    race: Race, parts: Sequence[str], n_rounds: int
) -> dict[tuple[str, str], list[Result]]:
    """Run the races of the tasks chosen, and enter them in their table."""
    races = {}
    for name, (fields, contenders) in goals.TASKS.items():
        if name.split(",")[0] not in parts:
            continue
        if "n_threads" not in inspect.signature(Network.predict).parameters:
            contenders = tuple(c for c in contenders if c != FASTNN_2)
        for dtype in goals.DTYPES:
            results = race.run(Task(name=name, dtype=dtype, **fields), contenders, n_rounds)
            races[name, dtype] = results
            for result in results:
                own = result.contender.own_loss and result.task.call == "fit"
                RACES.add(
                    name, dtype, result.contender.name,
                    f"{1e6 * result.seconds:.2f}", f"{result.ratio(results[0]):.2f}",
                    f"{result.loss:.8f}" + " (of another)" * own, str(result.task.n_rows),
                )  # fmt: skip
            print(f"{name} {dtype}: fastnn {1e6 * results[0].seconds:.2f} us", flush=True)
    return races


def add_floors(floors: dict[str, Floor]) -> None:
    """Enter what the core can do, and what that makes of the two tasks with large weights."""
    FLOORS.add("multiply-adds, 1e9/s", *(f"{f.multiply_adds / 1e9:.1f}" for f in floors.values()))
    for name in ("T1", "T1w"):
        fields, _ = goals.TASKS[name]
        rates, times = [], []
        for dtype, floor in floors.items():
            task = Task(name=name, dtype=dtype, **fields)
            n_bytes = sum(W.nbytes for W, _ in task.start())
            rates.append(f"{floor.bandwidth(n_bytes) / 1e9:.1f}")
            times.append(f"{1e6 * floor.seconds(task):.2f}")
        FLOORS.add(f"weights of {name} read, changed and written, GB/s", *rates)
        FLOORS.add(f"floor of {name}, us per sample", *times)


def add_phases(floors: dict[str, Floor]) -> None:
    """Enter the phases of a step of T1, with their share, and the floor of the whole."""
    tasks = {dtype: Task(name="T1", dtype=dtype, **goals.TASKS["T1"][0]) for dtype in floors}
    measured = [phases.measure(task) for task in tasks.values()]
    wholes = [times[-1][1] for times in measured]
    for times in zip(*measured, strict=True):
        cells = []
        for (_, seconds), whole in zip(times, wholes, strict=True):
            cells += [f"{1e6 * seconds:.2f}", f"{100 * seconds / whole:.0f} %"]
        PHASES.add(times[0][0], *cells)
    cells = []
    for (dtype, floor), whole in zip(floors.items(), wholes, strict=True):
        seconds = floor.seconds(tasks[dtype])
        cells += [f"{1e6 * seconds:.2f}", f"{100 * seconds / whole:.0f} %"]
    PHASES.add("the floor", *cells)


def add_growth(points: Sequence[growth.Point]) -> None:
    """Enter the points."""
    for p in points:
        GROWTH.add(
            p.axis, str(p.size), p.task.dtype, f"{1e6 * p.seconds:.3f}", f"{1e6 * p.floor:.3f}",
            f"{p.seconds / p.floor:.1f}", f"{p.above_trend:.2f}",
        )  # fmt: skip


def circumstances() -> str:
    """Say when, on what kind of machine, with which versions and how many threads."""
    cpu = cpuinfo.get_cpu_info()
    caches = [
        " ".join(Path(folder, name).read_text().strip() for name in ("level", "type", "size"))
        for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"))
    ]
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True)
    numbers = versions() | {name: version(name) for name in PEERS} | {"gcc": gcc.stdout.strip()}
    software = ", ".join(f"{name} {number}" for name, number in numbers.items())
    threads = " ".join(f"{name}={value}" for name, value in ONE_THREAD.items())
    return (
        f"{datetime.date.today().isoformat()}. {cpu.get('brand_raw', platform.machine())}"
        f" (caches: {', '.join(caches)}), {os.cpu_count()} cores, {platform.system()}. {software}."
        f" C: `{' '.join(COMMAND)}`. One thread, on one core, unless said otherwise: `{threads}`,"
        f" `torch.set_num_threads(1)`."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
