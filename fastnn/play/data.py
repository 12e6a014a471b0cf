"""The data that a page may train on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import load_digits, load_first_column, load_gender, load_moons, load_xor
from .settings import Settings
from .shapes import circles, spirals
from .table import Table

Floats = NDArray[np.float64]
N_SHOWN = 24  # rows of data in the table of predictions
N_IMAGES = 60


@dataclass(frozen=True)
class Data:
    """Samples and how to show them.

    `kind` is "plane" for two inputs, "digits" for images and "table" for all else. `y` holds
    labels from 0, or numbers if there are two classes; `one_output` says which of the two a network
    has, unless its outputs are softmax. `new` are rows that are not trained on, with names.
    `program` are the lines of Python that make X and y. Of columns that are standardised, `own` are
    the numbers of the file, and X is (own - mean) / deviation by `scaling`.
    """

    name: str
    kind: str
    X: Floats
    y: NDArray[Any]
    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    program: str
    one_output: bool = True
    rows: tuple[str, ...] = ()
    new: tuple[tuple[str, tuple[float, ...]], ...] = ()
    test: tuple[Floats, NDArray[Any]] | None = None
    own: Floats | None = None
    scaling: tuple[Floats, Floats] | None = None

    @property
    def shown(self) -> Floats:
        """The inputs as their user knows them."""
        return self.X if self.own is None else self.own

    def standardised(self, rows: Floats) -> Floats:
        """Return rows as the network takes them."""
        if self.scaling is None:
            return rows
        mean, deviation = self.scaling
        return (rows - mean) / deviation

    def in_own_units(self, rows: Floats) -> Floats:
        """Return rows of the network as their user knows them."""
        if self.scaling is None:
            return rows
        mean, deviation = self.scaling
        return mean + deviation * rows

    def n_out(self, output: str) -> int:
        """Return the number of outputs of a network whose last activation is `output`."""
        return 1 if self.one_output and output != "softmax" else len(self.classes)

    def targets(self, n_out: int) -> NDArray[Any]:
        """Return y as `fit` takes it for so many outputs."""
        return self.y.astype(float) if n_out == 1 else self.y.astype(int)


def load(settings: Settings, table: Table | None) -> Data:
    """Return the data that the settings name; `table` is the user's own, if there is one."""
    if settings.data == "csv":
        if table is None:
            raise ValueError("data must be a file that was opened on this page: open a CSV file")
        return _of_table(table, settings)
    return _LOAD[settings.data](settings)


def _xor(settings: Settings) -> Data:
    X, y = load_xor()
    return Data(
        "xor", "table", X, y, ("x1", "x2", "x3"), ("0", "1"),
        "from fastnn.datasets import load_xor\n\nX, y = load_xor()", new=_bits((1, 1, 0)),
    )  # fmt: skip


def _first_column(settings: Settings) -> Data:
    X, y = load_first_column()
    return Data(
        "first_column", "table", X, y, ("x1", "x2", "x3"), ("0", "1"),
        "from fastnn.datasets import load_first_column\n\nX, y = load_first_column()",
        new=_bits((1, 1, 0), (0, 1, 0)),
    )  # fmt: skip


def _bits(*rows: tuple[int, ...]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    return tuple(("", tuple(map(float, row))) for row in rows)


def _gender(settings: Settings) -> Data:
    X, y = load_gender()
    return Data(
        "gender", "plane", X, y, ("weight-135", "height-66"), ("M", "F"),
        "from fastnn.datasets import load_gender\n\nX, y = load_gender()",
        rows=tuple(map(str, load_gender(raw=True)["name"])),
        new=(("Emily", (-7.0, -3.0)), ("Frank", (20.0, 2.0))),
    )  # fmt: skip


def _moons(settings: Settings) -> Data:
    X, X_test, y, y_test = load_moons()
    return Data(
        "moons", "plane", X, y, ("x1", "x2"), ("0", "1"),
        "from fastnn.datasets import load_moons\n\nX, X_test, y, y_test = load_moons()",
        one_output=False, test=(X_test, y_test),
    )  # fmt: skip


def _digits(settings: Settings) -> Data:
    X, y = load_digits()
    return Data(
        "digits", "digits", X, y, tuple(f"pixel {i}" for i in range(X.shape[1])),
        tuple("0123456789"), "from fastnn.datasets import load_digits\n\nX, y = load_digits()",
        one_output=False,
    )  # fmt: skip


def _shape(settings: Settings) -> Data:
    make = {"circles": circles, "spirals": spirals}[settings.data]
    noise, seed = settings.noise, settings.seed
    X, y = make(noise, seed)
    program = (
        f"from fastnn.play.shapes import {settings.data}\n\n"
        f"X, y = {settings.data}(noise={noise!r}, seed={seed})"
    )
    return Data(settings.data, "plane", X, y, ("x1", "x2"), ("0", "1"), program)


def _of_table(table: Table, settings: Settings) -> Data:
    inputs, label = table.chosen(settings.inputs, settings.label)
    X, labels = table.numbers(inputs), table.columns[label]
    classes = tuple(sorted(set(labels)))
    y = np.array([classes.index(value) for value in labels])
    scaling = _scaling(X, inputs)
    program = f"""\
import csv

import numpy as np

with open({table.name!r}, encoding="utf-8-sig", newline="") as file:  # in the same folder
    rows = list(csv.DictReader(file, delimiter={table.delimiter!r}))
X = np.array([[float(row[name]) for name in {list(inputs)!r}] for row in rows])
X = (X - X.mean(axis=0)) / X.std(axis=0)
labels = [row[{label!r}].strip() for row in rows]
classes = sorted(set(labels))
y = np.array([classes.index(label) for label in labels])"""
    kind = "plane" if len(inputs) == 2 else "table"
    return Data(
        "csv", kind, (X - scaling[0]) / scaling[1], y, inputs, classes, program,
        one_output=len(classes) == 2, own=X, scaling=scaling,
    )  # fmt: skip


def _scaling(X: Floats, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Return the mean and the deviation of columns, by which they can be standardised."""
    with np.errstate(all="ignore"):  # found below
        mean, deviation = X.mean(axis=0), X.std(axis=0)
        scaled = (X - mean) / deviation
    for name, given, column in zip(names, X.T, scaled.T, strict=True):
        if not (np.isfinite(column).all() and column.any()):
            raise ValueError(
                f"the column {name!r} must hold numbers that scale to a deviation of 1, got "
                f"{given.min():g} to {given.max():g}"
            )
    return mean, deviation


_LOAD: dict[str, Callable[[Settings], Data]] = {
    "xor": _xor, "digits": _digits, "gender": _gender, "moons": _moons,
    "first_column": _first_column, "circles": _shape, "spirals": _shape,
}  # fmt: skip
