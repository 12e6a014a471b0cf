"""A user's own CSV file, read and checked."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks.scalars import number_in
from .messages import MOST_COLUMNS

MOST_ROWS = 10_000
MOST_CLASSES = 10
_LONGEST_CELL = 200


@dataclass(frozen=True)
class Table:
    """The columns of a CSV file, as text, by name; `name` is the file's."""

    columns: dict[str, list[str]]
    delimiter: str
    name: str

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values())))

    def numbers(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """Return columns as numbers."""
        return np.array([[float(cell) for cell in self.columns[name]] for name in names]).T

    def description(self) -> dict[str, Any]:
        """Return what the page needs to let its user choose columns."""
        return {
            "type": "columns",
            "numeric": [name for name in self.columns if self._is_numeric(name)],
            "labels": [name for name in self.columns if self._is_label(name)],
            "rows": self.n_rows,
        }

    def chosen(self, inputs: tuple[str, ...], label: str) -> tuple[tuple[str, ...], str]:
        """Return the chosen columns, or if none are chosen the last label and two numbers."""
        known = self.description()
        if not label:
            label = known["labels"][-1]
        if not inputs:
            inputs = tuple([name for name in known["numeric"] if name != label][:2])
        if label not in known["labels"]:
            raise ValueError(f"label must be one of {', '.join(known['labels'])}, got {label!r}")
        for name in inputs:
            if name not in known["numeric"] or name == label:
                raise ValueError(
                    f"inputs must be columns of numbers beside the label, got {name!r}"
                )
        if len(set(inputs)) < max(2, len(inputs)):
            raise ValueError(f"inputs must be two or more different columns, got {len(inputs)}")
        return inputs, label

    def _is_numeric(self, name: str) -> bool:
        numbers = [number_in(cell) for cell in self.columns[name]]
        return all(map(math.isfinite, numbers)) and len({*numbers}) > 1

    def _is_label(self, name: str) -> bool:
        return 2 <= len(set(self.columns[name])) <= MOST_CLASSES


def read(text: str, name: str) -> Table:
    """Return the table in the text of a CSV file with a header; raise ValueError if it is none.

    `name` is the file's, for a program that reads it again.
    """
    if "\ufffd" in text:  # what a browser reads where bytes are no UTF-8
        raise ValueError("the file must be encoded as UTF-8, got other bytes: save it as UTF-8")
    text = text.removeprefix("\ufeff")
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = next(reader, [])
        rows = [(reader.line_num, row) for row in reader if row]  # without empty lines
    except csv.Error as error:
        raise ValueError(f"the file must be CSV: {error}") from None
    if not 2 <= len(rows) <= MOST_ROWS:
        raise ValueError(f"the file must have a header and 2 to {MOST_ROWS} rows, got {len(rows)}")
    if not 3 <= len(names) <= MOST_COLUMNS or len(set(names)) < len(names) or "" in names:
        raise ValueError(
            f"the header must hold 3 to {MOST_COLUMNS} different names, got {len(names)}"
        )
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(f"line {line} must have {len(names)} cells, got {len(row)}")
        if max(map(len, [*row, *names])) > _LONGEST_CELL:
            raise ValueError(
                f"line {line} must have cells of at most {_LONGEST_CELL} characters, got a longer "
                "one"
            )
    cells = [row for _, row in rows]
    columns = {
        head: [cell.strip() for cell in column]
        for head, column in zip(names, zip(*cells, strict=True), strict=True)
    }
    table = Table(columns, delimiter, name)
    known = table.description()
    if not known["labels"] or all(
        len({*known["numeric"]} - {label}) < 2 for label in known["labels"]
    ):
        raise ValueError(
            "the file must have two or more columns of numbers, without gaps, and another column "
            f"of 2 to {MOST_CLASSES} labels"
        )
    return table
