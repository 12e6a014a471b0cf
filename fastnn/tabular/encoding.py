"""Rows as a network takes them, and its outputs as labels or values.

A column of numbers is one input, (value - mean) / deviation; one of categories is an input for each
category, 1 for its own and 0 for the others. A missing value, where that is allowed, is the mean of
its inputs over the training rows: 0, or the share of each category. The target is standardised too,
or a class for each of its categories.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from .._checks.arrays import Array, as_positive
from .fields import Column, TableError, parse, plain, texts_of

_SHOWN = 10  # categories that an error names
_UNKNOWN = -1  # the code of a missing category


@dataclass(frozen=True)
class Number:
    """A column of numbers."""

    name: str
    mean: float
    deviation: float
    kind: ClassVar[str] = "number"

    @property
    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [self.name]

    def encode(self, column: Column, where: SourceLocation) -> Array:
        """Return standardised values, NaN where there is none."""
        fields = parse(column)
        if fields.is_text.any():
            row = int(fields.is_text.argmax())
            raise where.error(row, self.name, "a finite number", texts_of(column)[row])
        return (fields.numbers - self.mean) / self.deviation

    def expand(self, encoded: Array, inputs: Array) -> None:
        """Write the column's inputs."""
        inputs[:, 0] = np.nan_to_num(encoded)

    def describe(self) -> str:
        """Return a description of the column in one line."""
        return f"numbers, mean {self.mean:.6g}, standard deviation {self.deviation:.6g}"


@dataclass(frozen=True)
class Category:
    """A column of categories, with the share of each in the training rows."""

    name: str
    values: tuple[str, ...]
    shares: tuple[float, ...]
    kind: ClassVar[str] = "category"

    @property
    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [f"{self.name}={value}" for value in self.values]

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {value: code for code, value in enumerate(self.values)}

    def encode(self, column: Column, where: SourceLocation) -> Array:
        """Return the place of each value among the known ones, -1 where there is none."""
        codes, texts = self._codes, texts_of(column)
        try:
            return np.array([codes[text] for text in texts])
        except KeyError:
            missing = parse(column).missing
        encoded = np.full(len(texts), _UNKNOWN)
        for row in np.flatnonzero(~missing).tolist():
            code = codes.get(texts[row], codes.get(plain(texts[row])))
            if code is None:
                raise where.error(row, self.name, f"one of {_listed(self.values)}", texts[row])
            encoded[row] = code
        return encoded

    def expand(self, encoded: Array, inputs: Array) -> None:
        """Write the column's inputs."""
        codes = encoded.astype(np.int64)
        known = np.flatnonzero(codes != _UNKNOWN)
        inputs[codes == _UNKNOWN] = self.shares
        inputs[known, codes[known]] = 1

    def describe(self) -> str:
        """Return a description of the column in one line."""
        return f"{len(self.values)} categories: {_listed(self.values)}"


Encoder = Number | Category
_KINDS: dict[str, type[Encoder]] = {kind.kind: kind for kind in (Number, Category)}


@dataclass(frozen=True)
class SourceLocation:
    """The file and the lines of some rows, for errors."""

    path: str
    unit: str
    lines: Array

    def error(self, row: int, name: str, required: str, got: str) -> TableError:
        """Return the error of a field."""
        return TableError(
            f"{self.path} {self.unit} {self.lines[row]}: {name!r} must be {required}, got {got!r}"
        )


@dataclass(frozen=True)
class Encoding:
    """How the columns of a table become inputs, and the target an output.

    Encoded rows are narrow, one number a column; `expand` makes inputs of them.
    """

    columns: tuple[Encoder, ...]
    target: Encoder
    fills_missing: bool

    @property
    def is_classification(self) -> bool:
        """Whether the target is one of some categories."""
        return isinstance(self.target, Category)

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs, in their order."""
        return [name for column in self.columns for name in column.inputs]

    def encode(self, columns: Sequence[Column], where: SourceLocation, *, target: bool) -> Array:
        """Return encoded rows, float64; of the target too, at the end, if `columns` has it."""
        encoders = [*self.columns, self.target] if target else self.columns
        encoded = np.empty((len(where.lines), len(encoders)))
        for j, (encoder, column) in enumerate(zip(encoders, columns, strict=True)):
            encoded[:, j] = encoder.encode(column, where)
            if not self.fills_missing:
                self._check_present(encoder, encoded[:, j], column, where)
        return encoded

    @staticmethod
    def _check_present(
        encoder: Encoder, encoded: Array, column: Column, where: SourceLocation
    ) -> None:
        is_number = isinstance(encoder, Number)
        missing = np.isnan(encoded) if is_number else encoded == _UNKNOWN
        if missing.any():
            row = int(missing.argmax())
            required = "given (a network trained with --missing mean fills it in)"
            raise where.error(row, encoder.name, required, texts_of(column)[row])

    def expand(self, encoded: Array, dtype: np.dtype[Any]) -> Array:
        """Return the inputs of encoded rows, shape (n_rows, n_inputs)."""
        inputs = np.zeros((len(encoded), len(self.inputs)), dtype)
        start = 0
        for j, column in enumerate(self.columns):
            stop = start + len(column.inputs)
            with np.errstate(over="ignore"):  # beyond float32: `predict` refuses infinity
                column.expand(encoded[:, j], inputs[:, start:stop])
            start = stop
        return inputs

    def decode(self, outputs: Array) -> list[str]:
        """Return what the network predicts: labels, or values in the target's units."""
        if isinstance(self.target, Category):
            values = self.target.values
            return [values[code] for code in outputs.argmax(axis=1).tolist()]
        values_of_target = outputs[:, 0].astype(np.float64) * self.target.deviation
        return [repr(value) for value in (values_of_target + self.target.mean).tolist()]

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as JSON can hold it, for `from_json`."""
        description: dict[str, Any] = {
            "columns": [{"kind": column.kind} | asdict(column) for column in self.columns],
            "target": {"kind": self.target.kind} | asdict(self.target),
            "fills_missing": self.fills_missing,
        }
        as_read: dict[str, Any] = json.loads(json.dumps(description))
        return as_read

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> Self:
        """Return the encoding; raise LookupError, TypeError or ValueError if it is malformed."""
        columns = tuple(_encoder(column) for column in description["columns"])
        return cls(columns, _encoder(description["target"]), bool(description["fills_missing"]))


def _encoder(description: Mapping[str, Any]) -> Encoder:
    """Return a column from its form in JSON."""
    fields = dict(description)
    if fields.pop("kind") == Number.kind:
        deviation = as_positive("deviation", fields["deviation"])
        return Number(str(fields["name"]), float(fields["mean"]), deviation)
    values = tuple(map(str, fields["values"]))
    shares = tuple(float(share) for _, share in zip(values, fields["shares"], strict=True))
    return Category(str(fields["name"]), values, shares)


def _listed(values: Sequence[str]) -> str:
    """Return the first values between commas, and how many there are more."""
    more = len(values) - _SHOWN
    return ", ".join(map(repr, values[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
