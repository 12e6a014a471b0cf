"""A user's table from a file, whole or some rows at a time, with typed columns.

A first pass over the file decides in which format each column is written; what it cannot tell for
certain is refused by line and column, with the flag that settles it. All passes are over a stream:
the table need not fit in memory.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from tqdm import tqdm

from .._checks.extras import missing_package
from ..tables.errors import TableError

try:
    import pyarrow as pa
except ImportError as error:
    raise missing_package("a table", "pyarrow", "tables") from error

from ..tables.formats import EMPTY, NA_VALUES, PLAIN, TEXT, Format, Misfit, readings
from ..tables.names import is_of_index, repeated
from ..tables.parsing import values_of
from .deciding import ReadingOptions as ReadingOptions
from .deciding import Scout, decide, names_rows
from .sources import ParquetSource, Source, open_source

_NEAR = 0.5  # a likeness by which one name may be meant by the other


class Table:
    """A file with named columns of numbers, texts, times and truth values.

    Made by `open_table`.
    """

    def __init__(
        self,
        source: Source,
        options: ReadingOptions,
        formats: Mapping[str, Any] | None,
        *,
        bare: bool,
        quiet: bool,
    ) -> None:
        self.path = source.title
        self.n_rows: int | None = None
        self.notes: list[str] = []
        self.left_out: dict[str, Format] = {}  # texts that only tell rows apart, or no value
        self._source, self._options, self._quiet = source, options, quiet
        self._formats = {name: Format.from_json(form) for name, form in (formats or {}).items()}
        na_values = options.na_values
        if na_values is None:
            na_values = () if isinstance(source, ParquetSource) else NA_VALUES
        self._na_values = ["", *na_values]
        self._all_names = source.names
        self.names = [name for name in source.names if self._is_used(name)]
        self._check_names()
        if not bare and all(PLAIN in readings(name) for name in self.names):
            self.notes.append(f"line 1 names the columns, though it holds numbers: {self.names}")

    def _is_used(self, name: str) -> bool:
        if name in self._options.ignored:
            return False
        if is_of_index(name):
            told = f"{name!r}, pandas' index," if name else "without a name, an index say,"
            self.notes.append(f"a column {told} is left out")
            return False
        return True

    def _check_names(self) -> None:
        if not self.names:
            raise TableError(f"{self.path} must have columns, got none that is used")
        if (twice := repeated(self.names)) is not None:
            remedy = f", or leave both out with --ignore {quote(twice)}" * self._options.trains
            raise TableError(
                f"{self.path} must have columns of different names, got {twice!r} twice: rename "
                f"one{remedy}"
            )
        for name in (*self._options.ignored, *self._options.categories):
            self.check_column(name)

    def check_column(self, name: str) -> None:
        """Raise if a column is not in the file; it may be misspelt."""
        if name in self._all_names:
            return
        near = max(self.names, key=lambda known: _likeness(known, name))
        hint = f"; {near!r} is near" if _likeness(near, name) >= _NEAR else ""
        raise TableError(f"{self.path} must have the column {name!r}, got none of that name{hint}")

    def keep_texts(self, name: str) -> None:
        """Read a column as the texts that it holds, from now on."""
        self._formats[name] = TEXT._replace(na_values=self._formats[name].na_values)

    @property
    def na_values(self) -> list[str]:
        """The texts that mean a missing value."""
        return self._na_values

    @property
    def formats(self) -> dict[str, dict[str, Any]]:
        """How each column is written, as JSON can hold it, for `open_table`."""
        return {name: form.to_json() for name, form in self._decided(self.names).items()}

    def read(self, names: Sequence[str] | None = None) -> Any:
        """Return the table, or some columns of it, as a pyarrow Table.

        Columns are float64, string, timestamp[us] or bool; null is missing.
        """
        names = self.names if names is None else names
        formats = self._decided(names)
        schema = pa.schema([(name, form.type) for name, form in formats.items()])
        return pa.Table.from_batches(self._typed(formats), schema)

    def chunks(self, n_rows: int, names: Sequence[str] | None = None) -> Iterator[Any]:
        """Yield what `read` returns, `n_rows` rows at a time."""
        formats = self._decided(self.names if names is None else names)
        waiting: list[Any] = []
        n_waiting = 0
        for batch in self._typed(formats):
            while batch.num_rows:
                part = batch.slice(0, n_rows - n_waiting)
                batch = batch.slice(part.num_rows)
                waiting.append(part)
                n_waiting += part.num_rows
                if n_waiting == n_rows:
                    yield pa.Table.from_batches(waiting)
                    waiting, n_waiting = [], 0
        if waiting:
            yield pa.Table.from_batches(waiting)

    def location(self, row: int) -> str:
        """Return where a row is, counted from 0: table.csv line 17."""
        return self._source.location(row)

    def _decided(self, names: Sequence[str]) -> dict[str, Format]:
        """Return the formats of some columns, after a pass over those that have none yet."""
        for name in names:
            self.check_column(name)
        new = [name for name in names if name not in self._formats]
        if new:
            scouts = [
                Scout(name, self._na_values, as_text=name in self._options.categories)
                for name in new
            ]
            for start, columns in self._columns(new, "reading"):
                for scout, column in zip(scouts, columns, strict=True):
                    try:
                        scout.add(column, start)
                    except Misfit as error:
                        remedy = ": write it as one of them"
                        if self._options.trains:
                            remedy = f": leave it out with --ignore {quote(scout.name)}"
                        raise self._misfit(scout.name, start, error, remedy) from None
            if not self.n_rows:
                raise TableError(f"{self.path} must have rows below its names, got none")
            formats, notes = decide(scouts, self._options, self.location)
            na_values = self._options.na_values
            for name, form in formats.items():
                self._formats[name] = form._replace(
                    na_values=None if na_values is None else [*na_values]
                )
            self.notes += notes
            self.left_out |= {
                scout.name: form
                for scout, form in zip(scouts, formats.values(), strict=True)
                if form == EMPTY or names_rows(scout, form, self._options)
            }
        return {name: self._formats[name] for name in names}

    def _typed(self, formats: Mapping[str, Format]) -> Iterator[Any]:
        """Yield record batches."""
        for start, columns in self._columns([*formats], "reading"):
            values = []
            for column, (name, form) in zip(columns, formats.items(), strict=True):
                try:
                    values.append(values_of(column, form, self._na_values))
                except Misfit as error:
                    remedy = ": correct it, or leave it empty"
                    raise self._misfit(name, start, error, remedy) from None
            yield pa.record_batch(values, [*formats])

    def _misfit(self, name: str, start: int, error: Misfit, remedy: str) -> TableError:
        where = self.location(start + error.row)
        return TableError(f"{where}: {name!r} must be {error.required}, got {error.got!r}{remedy}")

    def _columns(self, names: Sequence[str], title: str) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield columns as they are in the file, and the row that is first, under a bar."""
        places = [self._all_names.index(name) for name in names]
        start = 0
        hidden = True if self._quiet else None  # None: unless there is a terminal
        with tqdm(desc=title, unit="row", unit_scale=True, leave=False, disable=hidden) as bar:
            for columns in self._source.batches(places):
                yield start, columns
                start += len(columns[0])
                bar.update(len(columns[0]))
        self.n_rows = start


def open_table(
    path: str | Path,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008
    formats: Mapping[str, Any] | None = None,
    *,
    bare: bool = False,
    quiet: bool = True,
) -> Table:
    """Return the table in a CSV, Parquet or Excel file, or a pipe; "-" is standard input.

    `formats` are those of another table, a model's: the columns are read as they are in it. With
    `bare`, a first line of numbers is a row, and columns are named 1, 2, 3 ...
    """
    source = open_source(path, options.delimiter, bare=bare)
    return Table(source, options, formats, bare=bare, quiet=quiet)


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are, whatever their case, from 0 to 1."""
    return difflib.SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
