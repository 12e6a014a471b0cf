"""Many networks at once: `Population` beside `vmap` of JAX, and what the second core gives.

    python benchmarks/population.py                        # all, some twenty minutes
    python benchmarks/population.py --rounds 3 --parts moons
    python benchmarks/population.py --write --plot population.png

It needs the group `peers`. `--write` puts the tables into README.md beside this file.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import version

from comparison import many, vectors
from comparison.arguments import parse
from comparison.contenders import MANY_FASTNN_2
from comparison.race import Race, Result, disagreements
from table import Table, circumstances, publish

PARTS = ("moons", "digits", "growth", "vectors")
RACES = Table("many networks", ("networks", "dtype", "contender", "us", "/ fastnn", "loss"))
GOALS = Table(
    "many networks: what was to be reached",
    ("networks", "dtype", "second core: the probe", "fastnn", "share", "must 90 %",
     "times JAX vmap", "must 2x", "vmap on two devices"),
)  # fmt: skip
GROWTH = Table("a network among many", ("networks", *(c.name for c in many.GROWERS)))
VECTORS = Table(
    "parameter vectors",
    ("network and rows", "dtype", "threads", "fastnn", vectors.LAYERS, "/ fastnn", vectors.FLAT,
     "/ fastnn", vectors.EACH),
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked to; return 1 where losses disagree."""
    options = parse(arguments, __doc__, "parts", PARTS, "the cost of a network")
    numbers = ", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib"))
    where = circumstances().removesuffix(" One thread.")
    notes = {
        RACES.name: f"{where} {numbers}. Medians of {options.rounds} rounds in turn.",
        GOALS.name: "Medians of the ratios of pairs, in the same rounds.",
        GROWTH.name: "Milliseconds a network: an epoch of 200 moons, batches of 32, float64.",
        VECTORS.name: f"{where} {numbers}. Microseconds a vector by the quickest run of a "
        f"round, medians of {options.rounds} rounds in turn in one process; ratios of pairs.",
    }
    print(notes[RACES.name], flush=True)
    errors = []
    with Race() as race:
        for name in many.TASKS:
            if name.split(",")[0].split()[-1] not in options.parts:
                continue
            for task in many.tasks(name):
                results = race.run(task, many.CONTENDERS, options.rounds)
                errors += disagreements([r for r in results if not r.contender.own_loss])
                add(results)
        if "growth" in options.parts:
            points = many.grow(race, options.rounds)
            for n, results in points.items():
                errors += disagreements(results)
                times = [1e3 * many.seconds(r) * r.task.n_rows for r in results]
                GROWTH.add(str(n), *(f"{time:.3f}" for time in times))
            if options.plot:
                many.plot(points, options.plot)
    if "vectors" in options.parts:
        for n_threads in (1, 2):
            errors += add_vectors(vectors.measure(options.rounds, n_threads))
    return publish((GOALS, RACES, GROWTH, VECTORS), notes, errors, write=options.write)


def add(results: Sequence[Result]) -> None:
    """Enter the results of a task, and what they make of the goals."""
    of = {result.contender: result for result in results}
    task = results[0].task
    goals = many.goals(of)
    GOALS.add(
        task.name, task.dtype, f"{goals.probe:.2f}x", f"{goals.fastnn:.2f}x",
        f"{100 * goals.share:.0f} %", "yes" if goals.share >= many.SHARE else "NO",
        f"{goals.jax:.2f}x", "yes" if goals.jax >= many.TIMES else "NO",
        f"{goals.jax_devices:.2f}x",
    )  # fmt: skip
    print(" ".join(GOALS.rows[-1]), flush=True)
    for result in results:
        if not result.contender.own_loss:
            RACES.add(
                task.name, task.dtype, result.contender.name, f"{1e6 * many.seconds(result):.3f}",
                f"{result.ratio(of[MANY_FASTNN_2]):.2f}", f"{result.loss:.8f}",
            )  # fmt: skip


def add_vectors(results: Sequence[vectors.Vectors]) -> list[str]:
    """Enter the times of a vector; return whose outputs differ."""
    for result in results:
        VECTORS.add(
            result.task, result.dtype, str(result.n_threads), f"{result.us(vectors.FASTNN):.3f}",
            f"{result.us(vectors.LAYERS):.3f}", f"{result.ratio(vectors.LAYERS):.2f}",
            f"{result.us(vectors.FLAT):.3f}", f"{result.ratio(vectors.FLAT):.2f}",
            f"{result.us(vectors.EACH):.2f}",
        )  # fmt: skip
        print(" ".join(VECTORS.rows[-1]), flush=True)
    return [
        f"{result.task} {result.dtype}: outputs must be those of fastnn, got a difference of "
        f"{result.difference}"
        for result in results
        if not result.difference < vectors.MOST[result.dtype]
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
