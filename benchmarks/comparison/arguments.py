"""The command line of a comparison: some of its parts, how many rounds, what to keep."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from . import hold


def parse(
    arguments: Sequence[str], doc: str, what: str, names: Sequence[str], plot: str
) -> argparse.Namespace:
    """Read it; `what` the parts are called, and `plot` says what can be drawn."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument(f"--{what}", default=",".join(names), help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="of each contender (%(default)s)")
    parser.add_argument("--write", action="store_true", help="keep the tables in README.md")
    parser.add_argument("--plot", type=Path, help=f"where to draw {plot}")
    options = hold.parse(parser, arguments)
    chosen = getattr(options, what).split(",")
    setattr(options, what, chosen)
    if unknown := set(chosen) - set(names):
        parser.error(f"--{what} must be some of {','.join(names)}, got {','.join(unknown)}")
    if options.write and len(set(chosen)) < len(names):
        parser.error(f"--write needs all {what}")
    return options
