"""fastnn beside NumPy, scikit-learn, PyTorch, JAX, onnxruntime and C: what each takes.

    python benchmarks/peers.py                        # all, some twenty minutes
    python benchmarks/peers.py --only T8,T9 --rounds 2
    python benchmarks/peers.py --write --plot growth.png
    python benchmarks/peers.py --hold avx2            # as a machine without AVX-512, peers too

It needs the group `peers`, and gcc. `--write` puts the tables into README.md beside this file:
those of the instruction set that this machine has, or is held to. The estimators and populations
have runs of their own: `estimators.py` and `population.py`.
"""

import datetime
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from comparison import goals, growth, start_up
from comparison.arguments import parse
from comparison.compiler import OPTIONS, instruction_set
from comparison.contenders import ONE_THREAD
from comparison.floor import Floor
from comparison.hold import SOURCE, held_to
from comparison.race import Race, Result, disagreements
from comparison.task import Task
from table import Table, processor, publish, versions

PARTS = (
    *dict.fromkeys(name.split(",")[0] for name in goals.TASKS),
    "T6",
    "floor",
    "phases",
    "growth",
)
PEERS = ("scikit-learn", "torch", "jax", "jaxlib", "onnxruntime")
SET = instruction_set()

GOALS = Table(
    f"what was to be reached, {SET}", ("task", "against", "dtype", "must", "goal", "got", "met")
)
RACES = Table(
    f"fastnn beside its peers, {SET}",
    ("task", "dtype", "contender", "us", "/ fastnn", "of peak", "loss", "samples"),
)
FLOORS = Table(f"the floor, {SET}", ("one core", "float64", "float32"))
PHASES = Table(
    f"where the time of T1 goes, {SET}", ("phase", "float64 us", "share", "float32 us", "share")
)
GROWTH = Table(
    f"how the time grows, {SET}",
    ("varied", "size", *(f"{d} {c}" for d in goals.DTYPES for c in ("us", "/ floor", "/ trend"))),
)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked to; return 1 where losses disagree."""
    options = parse(arguments, __doc__, "only", PARTS, "how the time grows")
    where = f"{machine()}."
    best = f"{where} The best of some tries."
    notes = {GOALS.name: circumstances(), FLOORS.name: best, PHASES.name: best}
    print(notes[GOALS.name], flush=True)
    floors = {dtype: Floor(dtype) for dtype in goals.DTYPES}
    with Race() as race:
        races = run_races(race, options.only, options.rounds, floors)
        if "floor" in options.only:
            add_floors(floors)
        if "phases" in options.only:
            add_phases(floors)
        if "growth" in options.only:
            points = {dtype: growth.measure(race, dtype, floor) for dtype, floor in floors.items()}
            add_growth(points)
            every = [point for line in points.values() for point in line]
            notes[GROWTH.name] = f"{where} {growth.verdict(every)}"
            if options.plot:
                growth.plot(every, options.plot)
    for row in goals.rows(races):
        GOALS.add(*row)
    if "T6" in options.only:
        for row in goals.start_rows(start_up.measure(options.rounds)):
            GOALS.add(*row)

    peaks = " and ".join(f"{f.multiply_adds / 1e9:.1f} ({f.dtype})" for f in floors.values())
    notes[RACES.name] = (
        f"{where} Medians of {options.rounds} rounds. Peak of one core: {peaks} 1e9"
        f" multiply-adds a second."
    )
    errors = [error for results in races.values() for error in disagreements(results)]
    return publish((RACES, FLOORS, PHASES, GROWTH, GOALS), notes, errors, write=options.write)


def run_races(
    race: Race, parts: Sequence[str], n_rounds: int, floors: Mapping[str, Floor]
) -> dict[tuple[str, str], list[Result]]:
    """Run the races of the tasks chosen, and enter them in their table."""
    races = {}
    for name, entry in goals.TASKS.items():
        if name.split(",")[0] not in parts:
            continue
        for dtype, floor in floors.items():
            task = Task(name=name, dtype=dtype, **entry.fields)
            results = race.run(task, entry.contenders, n_rounds)
            races[name, dtype] = results
            for result in results:
                add_result(result, results[0], floor)
            print(
                f"{name} {dtype}: {' '.join(f'{1e6 * r.seconds:.2f}' for r in results)}", flush=True
            )
    return races


def add_result(result: Result, of_fastnn: Result, floor: Floor) -> None:
    """Enter a result: of tables of few rows the time of a call, else that of a sample.

    The share of the peak is that of batches and predictions; it counts zeros as if they took part.
    """
    task = result.task
    n_rows = task.batch_size if task.call == "predict tables" else 1
    share = f"{100 * result.share(floor.multiply_adds):.0f} %"
    own = result.contender.own_loss and task.trains
    RACES.add(
        task.name, task.dtype, result.contender.name,
        f"{1e6 * n_rows * result.seconds:.2f}", f"{result.ratio(of_fastnn):.2f}",
        share if task.batch_size > 1 or not task.trains else "",
        f"{result.loss:.8f}" + " (of another)" * own, str(task.n_rows),
    )  # fmt: skip


def add_floors(floors: dict[str, Floor]) -> None:
    """Enter what the core can do, and what that makes of the two tasks with large weights."""
    FLOORS.add("multiply-adds, 1e9/s", *(f"{f.multiply_adds / 1e9:.1f}" for f in floors.values()))
    for name in ("T1", "T1w"):
        fields = goals.TASKS[name].fields
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
    from comparison import phases  # it knows the core: where that has changed, the rest still runs

    fields = goals.TASKS["T1"].fields
    tasks = {dtype: Task(name="T1", dtype=dtype, **fields) for dtype in floors}
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


def add_growth(points: Mapping[str, Sequence[growth.Point]]) -> None:
    """Enter the points, a line for all dtypes."""
    for line in zip(*points.values(), strict=True):
        cells = [
            cell
            for p in line
            for cell in (
                f"{1e6 * p.seconds:.3f}", f"{p.seconds / p.floor:.1f}", f"{p.above_trend:.2f}",
            )
        ]  # fmt: skip
        GROWTH.add(line[0].axis, str(line[0].size), *cells)


def machine() -> str:
    """Name the processor, and the instructions that it has or is held to."""
    return processor() if held_to() else f"{processor()}, {SET}"


def circumstances() -> str:
    """Say when, on what kind of machine, with which versions and how many threads."""
    caches = [
        " ".join(Path(folder, name).read_text().strip() for name in ("level", "type", "size"))
        for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"))
    ]
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True)
    numbers = versions() | {name: version(name) for name in PEERS} | {"gcc": gcc.stdout.strip()}
    software = ", ".join(f"{name} {number}" for name, number in numbers.items())
    threads = " ".join(f"{name}={value}" for name, value in ONE_THREAD.items())
    told = [name for name in os.environ if name.startswith(("FASTNN_", "NUMBA_CPU_"))]
    settings = " ".join(f"{name}={os.environ[name]}" for name in told)
    return (
        f"{datetime.date.today().isoformat()}. {machine()} (caches: {', '.join(caches)}),"
        f" {os.cpu_count()} cores, {platform.system()}. {software}. C: `gcc {' '.join(OPTIONS)}`."
        f" One thread, on one core, unless said otherwise: `{threads}`, `torch.set_num_threads(1)`."
        + f" Held: CPUID is answered by `comparison/{SOURCE}`, for all contenders."
        * bool(held_to())
        + f" Set for this run: `{settings}`." * bool(settings)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
