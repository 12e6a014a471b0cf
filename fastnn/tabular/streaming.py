"""Tables from files, some rows at a time: CSV by Python's `csv`, Parquet by pyarrow.

A CSV file is UTF-8, with or without a byte order mark; its first line holds the names of the
columns. Lines end in LF, CRLF or CR, and blank ones are passed over. Fields may be quoted, and a
quoted one may span lines: a row is named by the line in which it begins, as an editor counts.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from tqdm import tqdm

from .._checks.arrays import Array
from .fields import Column, TableError, is_number

_DELIMITERS = ",;\t|"
_FIELDS = 20_000  # of a chunk: more are read half as fast, beyond the cache and by Python's gc


_LONGEST = 2**24  # characters of a line: a device such as /dev/zero never ends one


class Chunk(NamedTuple):
    """Consecutive rows of a table, by column."""

    columns: Sequence[Column]
    lines: Array  # shape (n_rows,): where in the file each row begins
    start: int  # the number of rows before


class CsvTable:
    """A file of separated values.

    With `bare`, a first line of numbers is a row, and columns are named 1, 2, 3 ...
    """

    unit = "line"

    def __init__(self, path: Path, delimiter: str | None, *, bare: bool = False) -> None:
        self.path = path
        self._delimiter = delimiter or ","
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            first = next((line for line in _lines(path, file) if line.strip()), "")
        if delimiter is None:
            unquoted = re.sub('"[^"]*"', "", first)
            self._delimiter = max(_DELIMITERS, key=unquoted.count)
        _, names = next(self._records(), (1, []))
        if not names:
            raise TableError(f"{path} must hold a table, got an empty file")
        self._has_names = not (bare and all(map(is_number, names)))
        self.names = [name.strip() for name in names]
        if not self._has_names:
            self.names = [str(j + 1) for j in range(len(names))]
        _check_names(self)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows, from the first on."""
        n_columns, start = len(self.names), 0
        records = islice(self._records(), int(self._has_names), None)
        while batch := list(islice(records, max(1, _FIELDS // n_columns))):
            lines, rows = zip(*batch, strict=True)
            if set(map(len, rows)) != {n_columns}:
                line, row = next(pair for pair in batch if len(pair[1]) != n_columns)
                raise TableError(
                    f"{self.path} line {line}: a row must have {n_columns} fields, got {len(row)}"
                )
            yield Chunk(list(zip(*rows, strict=True)), np.array(lines), start)
            start += len(rows)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not blank, and the line in which it begins."""
        with open(self.path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(
                _lines(self.path, file),
                delimiter=self._delimiter,
                skipinitialspace=self._delimiter != " ",
                strict=True,
            )
            n_lines = 0
            try:
                for row in reader:
                    if row:
                        yield n_lines + 1, row
                    n_lines = reader.line_num
            except csv.Error as error:
                raise TableError(
                    f"{self.path} line {n_lines + 1}: a row must be separated values, and a quote "
                    f"closed: {error}"
                ) from None
            except UnicodeDecodeError:
                raise TableError(
                    f"{self.path} line {self._line_not_utf8()}: a text must be UTF-8, got other "
                    "bytes"
                ) from None

    def _line_not_utf8(self) -> int:
        """Return the first line that is not UTF-8; the decoder reads ahead and knows no lines."""
        with open(self.path, encoding="utf-8", errors="surrogateescape") as file:
            lines = enumerate(_lines(self.path, file), 1)
            return next(n for n, line in lines if re.search("[\udc80-\udcff]", line))


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """Yield the lines of an open file, each of a length that memory holds."""
    n_lines = 0
    while line := file.readline(_LONGEST):
        n_lines += 1
        if len(line) == _LONGEST:
            raise TableError(
                f"{path} line {n_lines}: a line must have fewer than {_LONGEST} characters, got "
                "more: is it a table of text?"
            )
        yield line


class ParquetTable:
    """A Parquet file; its rows are counted from 1."""

    unit = "row"

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._arrow = import_module("pyarrow")
            parquet = import_module("pyarrow.parquet")
        except ImportError:
            raise ImportError(
                f'{path} is Parquet, which needs pyarrow: pip install "fastnn-numba[parquet]"'
            ) from None
        try:
            self._file = parquet.ParquetFile(path)
        except self._arrow.ArrowException as error:
            raise TableError(f"{path} must be a readable Parquet file: {error}") from None
        self.names: list[str] = self._file.schema_arrow.names
        _check_names(self)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows, from the first on."""
        start = 0
        for batch in self._file.iter_batches(max(1, _FIELDS // len(self.names))):
            columns = [self._column(column) for column in batch.columns]
            yield Chunk(columns, np.arange(batch.num_rows) + start + 1, start)
            start += batch.num_rows

    def _column(self, column: Any) -> Column:
        """Return numbers as float64, NaN where there is none; all else as texts."""
        types = self._arrow.types
        is_numeric = (types.is_integer, types.is_floating, types.is_decimal)
        if any(of_kind(column.type) for of_kind in is_numeric):
            numbers = column.cast(self._arrow.float64(), safe=False)
            return np.array(numbers.to_numpy(zero_copy_only=False), np.float64)
        try:
            texts = column.cast(self._arrow.string())
        except self._arrow.ArrowException:
            raise TableError(
                f"{self.path} must hold numbers and texts, got a column of {column.type}"
            ) from None
        return ["" if text is None else text for text in texts.to_pylist()]


Table = CsvTable | ParquetTable


def open_table(path: Path, delimiter: str | None, *, bare: bool = False) -> Table:
    """Return the table in a file, Parquet where its first bytes say so."""
    with open(path, "rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return ParquetTable(path) if is_parquet else CsvTable(path, delimiter, bare=bare)


def with_progress(table: Table, title: str, *, quiet: bool) -> Iterator[Chunk]:
    """Yield the rows of a table under a bar on stderr, which goes away at the end."""
    hidden = True if quiet else None  # None: unless there is a terminal
    with tqdm(desc=title, unit="row", unit_scale=True, leave=False, disable=hidden) as bar:
        for chunk in table.chunks():
            yield chunk
            bar.update(len(chunk.lines))


def place_of(table: Table, name: str) -> int:
    """Return the place of a column; one that is not there may be misspelt."""
    if name not in table.names:
        near = max(table.names, key=lambda known: _likeness(known, name))
        raise TableError(
            f"{table.path} must have the column {name!r}, got none of that name; {near!r} is near"
        )
    return table.names.index(name)


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are, whatever their case, from 0 to 1."""
    return difflib.SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def _check_names(table: Table) -> None:
    """Raise if a table has no columns, or two of one name."""
    if not table.names:
        raise TableError(f"{table.path} must have columns, got none")
    twice = [name for name in table.names if table.names.count(name) > 1]
    if twice:
        raise TableError(
            f"{table.path} must have columns of different names, got {twice[0]!r} twice"
        )
