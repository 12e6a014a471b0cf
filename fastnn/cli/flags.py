"""The flags of `train`, `evaluate`, `predict`, `export` and `info`."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from .._checks.scalars import number_in
from ..tables.names import as_in_file
from .arguments import positive_number, whole_number, widths


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `train`."""
    _add_data(parser, "a table with the names of its columns")
    parser.add_argument(
        "--target", required=True, type=as_in_file, metavar="COLUMN", help="the column to predict"
    )
    parser.add_argument(
        "--save", required=True, type=Path, metavar="MODEL", help="the file of the trained model"
    )
    _add_force(parser)
    table = parser.add_argument_group("the table")
    _add_delimiter(table)
    table.add_argument(
        "--decimal", type=_decimal, metavar="C", help="what stands before decimals: . or ,"
    )
    table.add_argument(
        "--thousands",
        type=_thousands,
        metavar="C",
        help="what stands between thousands, a character or space; default: what is certain is "
        "recognised",
    )
    table.add_argument(
        "--na-values",
        type=_texts,
        metavar="TEXT,TEXT",
        help="the texts that mean a missing value, beside an empty field; default: NA, N/A, NaN, "
        'null and the like; --na-values "" leaves only empty fields',
    )
    table.add_argument(
        "--task",
        choices=("auto", "classification", "regression"),
        default="auto",
        help="auto looks at the target: texts, and a few different whole numbers, are classes",
    )
    table.add_argument(
        "--categories",
        action="append",
        type=as_in_file,
        default=[],
        metavar="COLUMN",
        help="take this column as categories: numbers, or texts of which nearly each is another, "
        "which is else left out; may be given several times",
    )
    table.add_argument(
        "--ignore",
        action="append",
        type=as_in_file,
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
        help="train one network on N rows at a time, the others being in a temporary file beside "
        "MODEL; default: all rows at once if their inputs take up to 500 MB, else chunks of 50 MB",
    )
    training = parser.add_argument_group("the training")
    training.add_argument(
        "--fast", action="store_true", help="one network, in the place of fifteen"
    )
    training.add_argument(
        "--hidden",
        type=widths,
        default=[64, 64],
        metavar="N,N",
        help="widths of the hidden layers; default: 64,64",
    )
    training.add_argument(
        "--epochs", type=whole_number(1), default=100, metavar="N", help="at most; default: 100"
    )
    training.add_argument(
        "--learning-rate",
        type=positive_number,
        default=0.003,
        metavar="RATE",
        help="of the first epoch; default: 0.003",
    )
    training.add_argument(
        "--time-limit",
        type=positive_number,
        metavar="SECONDS",
        help="after which no network begins another epoch; default: none",
    )
    training.add_argument("--seed", type=whole_number(0, 2**32 - 1), default=0, help="default: 0")
    training.add_argument("--quiet", action="store_true", help="no progress bar")


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `evaluate`."""
    _add_model(parser)
    _add_data(parser, "a table with the columns trained on and the target, in any order")
    _add_strict(parser)
    _add_delimiter(parser)


def add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `predict`."""
    _add_model(parser)
    _add_data(parser, "a table with the columns trained on, in any order")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="a .csv or .parquet; default: CSV on standard output",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="a column for each class beside the label"
    )
    _add_strict(parser)
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


ADD_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "train": add_train_arguments,
    "evaluate": add_evaluate_arguments,
    "predict": add_predict_arguments,
    "export": add_export_arguments,
    "info": add_info_arguments,
}


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="a model that fastnn train or `save` has written")


def _add_data(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("data", type=Path, help=f"{what}: CSV, Parquet or Excel (.xlsx)")


def _add_strict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse a missing value, and a category that training did not see, by line and "
        "column; by default they are counted",
    )


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="overwrite what is there")


def _add_delimiter(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--delimiter",
        type=_delimiter,
        metavar="C",
        help="what separates fields, a character or tab; default: comma, semicolon, tab or |, "
        "whichever all of the first lines have as many of",
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


def _decimal(text: str) -> str:
    """Return a point or a comma."""
    if text not in (".", ","):
        raise ArgumentTypeError(f"must be . or , got {text!r}")
    return text


def _thousands(text: str) -> str:
    """Return one character, a space by its name."""
    character = " " if text == "space" else text
    if len(character) != 1 or character.isalnum() or character in "+-":
        raise ArgumentTypeError(f"must be one character but a letter, digit or sign, got {text!r}")
    return character


def _texts(text: str) -> list[str]:
    """Return the texts between commas."""
    return text.split(",")


def _holdout(text: str) -> float:
    """Return a fraction from 0 to 1/2."""
    fraction = number_in(text)
    if not 0 <= fraction <= 0.5:
        raise ArgumentTypeError(f"must be a number from 0 to 0.5, got {text!r}")
    return fraction
