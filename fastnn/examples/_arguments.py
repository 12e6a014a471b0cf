"""The flags that the examples share."""

from __future__ import annotations

import argparse
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..cli.arguments import positive_number, whole_number


def add_seed(parser: argparse.ArgumentParser, default: int = 0) -> None:
    """Add the flag of what is drawn."""
    parser.add_argument(
        "--seed", type=whole_number(0, 2**32 - 1), default=default, help="default: %(default)s"
    )


def add_dtype(parser: argparse.ArgumentParser) -> None:
    """Add the flag of the networks' dtype."""
    parser.add_argument(
        "--dtype", choices=("float64", "float32"), default="float64", help="default: %(default)s"
    )


def add_picture(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the flag of a single picture, `what`."""
    parser.add_argument(
        "--plot",
        type=picture_path,
        metavar="PATH",
        help=f"write {what} to PATH, a .png, .svg or .pdf (needs the extra plot)",
    )


def add_shared_arguments(
    parser: argparse.ArgumentParser, program: Any, *, animated: bool = False
) -> None:
    """Add what every tutorial has, with its program's defaults; no --seed where nothing is drawn.

    An animated one can show its training, and then takes the path of an animation too.
    """
    parser.add_argument(
        "--explain", action="store_true", help="open the first step, then train as usual"
    )
    parser.add_argument(
        "--epochs",
        type=whole_number(1),
        default=program.EPOCHS,
        metavar="N",
        help="default: %(default)s",
    )
    parser.add_argument(
        "--learning-rate",
        type=positive_number,
        nargs="+",
        default=[program.LEARNING_RATE],
        metavar="RATE",
        help=f"default: {program.LEARNING_RATE}; of several, each trains a network of its own",
    )
    if hasattr(program, "SEED"):
        add_seed(parser, program.SEED)
    add_dtype(parser)
    parser.add_argument(
        "--plot",
        type=animation_path if animated else picture_path,
        metavar="PATH",
        help="write the pictures: the first to PATH, a .png, .svg or .pdf, the others beside it as "
        "PATH-NAME; "
        + "if PATH is a .gif or .html, the first shows the training; " * animated
        + "of several learning rates, the curves in one picture (needs matplotlib, the extra plot)",
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="no progress bar and no word that kernels are being compiled; results print as ever "
        "(without a terminal on stderr both are silent anyway)",
    )


def each_rate(options: argparse.Namespace) -> Iterator[float]:
    """Yield the learning rates, with a heading before each where there are several."""
    for rate in options.learning_rate:
        if len(options.learning_rate) > 1:
            print(f"\n--- learning rate {rate:g} ---")
        yield rate


def picture_path(text: str) -> Path:
    """Return the path of a picture in a folder that exists."""
    return _path(text, (".png", ".svg", ".pdf"))


def animation_path(text: str) -> Path:
    """Return the path of a picture or of an animation in a folder that exists."""
    return _path(text, (".png", ".svg", ".pdf", ".gif", ".html"))


def _path(text: str, suffixes: tuple[str, ...]) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes or path.is_dir():
        *but_one, last = suffixes
        named = f"{', '.join(but_one)} or {last}"
        raise ArgumentTypeError(f"must be the path of a {named} file, got {text!r}")
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"must be in a folder that exists, got {text!r}")
    return path
