"""The flags of `train`, `predict`, `export` and `info`."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentTypeError
from pathlib import Path

from ..core.activations import CODES, SECOND_NAMES
from ..tabular.profile import MOST_CATEGORIES
from ..tabular.training import PATIENCE, VALIDATION_PART
from .arguments import positive_number, whole_number, widths

_OPTIMIZERS = ("adam", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "adagrad")
_HIDDEN = [name for name in (*CODES, *SECOND_NAMES) if name not in ("softmax", "exp")]


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `train`."""
    parser.add_argument("data", type=Path, help="a .csv with the names of its columns, or Parquet")
    parser.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    parser.add_argument(
        "--save", required=True, type=Path, metavar="MODEL", help="the file of the trained network"
    )
    _add_force(parser)
    _add_delimiter(parser)
    table = parser.add_argument_group("the table")
    table.add_argument(
        "--task",
        choices=("auto", "classification", "regression"),
        default="auto",
        help="auto looks at the target: texts, and a few different whole numbers, are classes",
    )
    table.add_argument(
        "--missing",
        choices=("error", "drop", "mean"),
        default="error",
        help="what to do where a value is missing: refuse the table, drop the row, or take the "
        "mean of the column (of categories: the share of each); rows without target are dropped",
    )
    table.add_argument(
        "--categories",
        action="append",
        default=[],
        metavar="COLUMN",
        help="take the numbers of this column as categories; may be given several times. At most "
        f"{MOST_CATEGORIES} different ones",
    )
    table.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="COLUMN",
        help="leave this column out, an identifier say; may be given several times",
    )
    table.add_argument(
        "--holdout",
        type=_holdout,
        default=0.2,
        metavar="FRACTION",
        help="the part of the rows, up to 0.5, that is kept back for the score; default: 0.2",
    )
    table.add_argument(
        "--chunk-rows",
        type=whole_number(1),
        metavar="N",
        help="train on N rows at a time, the others being in a temporary file beside MODEL; "
        "default: all rows at once if their inputs take up to 500 MB, else chunks of 50 MB",
    )
    network = parser.add_argument_group("the network and its training")
    network.add_argument(
        "--hidden",
        type=widths,
        default=[25],
        metavar="N,N",
        help="widths of the hidden layers, as in 25,25; default: 25",
    )
    network.add_argument(
        "--activation", choices=_HIDDEN, default="relu", help="of the hidden layers; default: relu"
    )
    network.add_argument(
        "--epochs", type=whole_number(1), default=100, metavar="N", help="default: 100"
    )
    network.add_argument(
        "--batch-size",
        type=whole_number(1),
        default=32,
        metavar="N",
        help="rows an update; default: 32",
    )
    network.add_argument("--optimizer", choices=_OPTIMIZERS, default="adam", help="default: adam")
    network.add_argument(
        "--learning-rate",
        type=positive_number,
        metavar="RATE",
        help="default: the optimiser's own, 0.001 of adam",
    )
    network.add_argument(
        "--early-stopping",
        action="store_true",
        help=f"keep {VALIDATION_PART:g} of the rows to train on for the loss after each epoch, "
        f"stop when it was {PATIENCE} times no better, and take the best epoch",
    )
    network.add_argument("--seed", type=whole_number(0, 2**32 - 1), default=0, help="default: 0")
    network.add_argument(
        "--dtype", choices=("float64", "float32"), default="float64", help="default: float64"
    )
    network.add_argument("--quiet", action="store_true", help="no progress bar")


def add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `predict`."""
    _add_model(parser)
    parser.add_argument(
        "data", type=Path, help="a .csv or Parquet with the columns trained on, in any order"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="a .csv; default: standard output"
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="a column for each class beside the label"
    )
    _add_force(parser)
    _add_delimiter(parser)


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `export`."""
    _add_model(parser)
    formats = parser.add_mutually_exclusive_group(required=True)
    formats.add_argument("--onnx", type=Path, metavar="FILE", help="write an ONNX file")
    formats.add_argument(
        "--c",
        type=_c_path,
        metavar="FILE",
        help="write a C source, a .c, and its header, a .h, beside it",
    )
    parser.add_argument(
        "--dtype", choices=("float64", "float32"), help="of the file; default: the network's"
    )
    _add_force(parser)


def add_info_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `info`."""
    _add_model(parser)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", type=Path, help="a network that fastnn train or Network.save has written"
    )


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="overwrite what is there")


def _add_delimiter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--delimiter",
        type=_delimiter,
        metavar="C",
        help="what separates fields, a character or tab; default: comma, semicolon, tab or |, "
        "whichever is most often in the first line",
    )


def _c_path(text: str) -> Path:
    """Return the path of a C source, after which its functions are named."""
    path = Path(text)
    if path.suffix != ".c" or not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", path.stem):
        raise ArgumentTypeError(f"must end in a C identifier and .c, got {text!r}")
    return path


def _delimiter(text: str) -> str:
    """Return one character, a tab by its name."""
    delimiter = "\t" if text in ("tab", "\\t") else text
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise ArgumentTypeError(f"must be one character but a quote, or tab, got {text!r}")
    return delimiter


def _holdout(text: str) -> float:
    """Return a fraction from 0 to 1/2."""
    try:
        fraction = float(text)
    except ValueError:
        fraction = -1.0
    if not 0 <= fraction <= 0.5:
        raise ArgumentTypeError(f"must be a number from 0 to 0.5, got {text!r}")
    return fraction
