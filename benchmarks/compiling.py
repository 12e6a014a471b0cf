"""What first calls compile for, beside an older commit: processor seconds, from empty caches.

    python benchmarks/compiling.py                      # the table
    python benchmarks/compiling.py --write              # and keep it in README.md
    python benchmarks/compiling.py --before HEAD~1      # beside another commit

It needs the group `bench`, and a clone with its history. Both trees are called in turn, by the same
Python and with the same packages. Ratios are medians of those of each round.
"""

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from operator import truediv
from pathlib import Path
from statistics import median

from comparison import hold
from comparison.contenders import ONE_THREAD
from comparison.start_up import write_bytecode
from start import CALLS
from table import Table, circumstances, publish

TREE = Path(__file__).resolve().parents[1]
SCRIPT = Path(__file__).with_name("start.py")
BEFORE = "b4dc78d"  # the last one in which functions that only kernels call had code of their own
DTYPES = ("float64", "float32")
TABLE = Table(
    "compile time beside an older commit",
    ("first call", "dtype", "before s", "now s", "now / before"),
)


def main(argv: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", default=BEFORE, metavar="COMMIT", help=f"default {BEFORE}")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--write", action="store_true")
    options = hold.parse(parser, argv)
    write_bytecode()
    with checked_out(options.before) as before:
        for call in CALLS:
            for dtype in DTYPES:
                add_row(call, dtype, before, options.rounds)
    note = f"{circumstances()} Before: {options.before}; medians of {options.rounds} rounds."
    return publish([TABLE], note, write=options.write)


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Have a commit's files in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "tree.tar")
        with archive.open("wb") as file:
            made = subprocess.run(["git", "-C", TREE, "archive", commit, "fastnn"], stdout=file)
        if made.returncode:
            sys.exit(f"--before must be a commit of this clone, got {commit}")
        shutil.unpack_archive(archive, folder, filter="data")
        compileall.compile_dir(Path(folder, "fastnn"), quiet=2)
        yield Path(folder)


def add_row(call: str, dtype: str, before: Path, n_rounds: int) -> None:
    """Add what a call compiles for in both trees."""
    trees: tuple[Path, Path] = before, TREE
    rounds = []
    for number in range(n_rounds):
        turn = trees if number % 2 == 0 else trees[::-1]
        took = {tree: seconds(tree, call, dtype) for tree in turn}
        rounds.append([took[tree] for tree in trees])
    old, new = zip(*rounds, strict=True)
    cells = median(old), median(new), median(map(truediv, new, old))
    TABLE.add(call, dtype, *(f"{value:.2f}" for value in cells))


def seconds(tree: Path, call: str, dtype: str) -> float:
    """Return what the call compiles for, with the fastnn of that tree."""
    with tempfile.TemporaryDirectory() as cache:
        own = {"PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": cache}
        process = subprocess.run(
            [sys.executable, "-P", SCRIPT, call, dtype],
            env=os.environ | ONE_THREAD | own,
            stdout=subprocess.PIPE,
            check=True,
        )
    return float(json.loads(process.stdout)["compiling"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
