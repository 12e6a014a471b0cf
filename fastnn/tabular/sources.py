"""Files that hold a table, some rows at a time, as pyarrow reads them: CSV, Parquet and Excel."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from .._checks.extras import optional
from ..tables.errors import TableError
from ..tables.formats import PLAIN, readings
from ..tables.names import as_in_file

_DELIMITERS = "\t;|,"  # in a tie the first, since a comma is in numbers and in texts
_HEAD = 2**20  # bytes that are looked at
_LONGEST = 2**24  # bytes of the first line: a device such as /dev/zero never ends one
_SHOWN = 40  # characters of a line in an error
_BLOCK = 2**20  # bytes that are parsed at a time
_LARGEST_BLOCK = 2**28
_PATIENCE = 5.0  # seconds for what takes 0.2 ms, unless a slow disk is being read
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    **{b"BZh%d1AY" % level: "bz2" for level in range(1, 10)},
}
_PARQUET, _ZIP, _OLD_EXCEL = b"PAR1", b"PK\3\4", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def open_source(path: str | Path, delimiter: str | None, *, bare: bool) -> Source:
    """Return the source that a file's first bytes tell; "-" is standard input."""
    if str(path) != "-" and stat.S_ISREG(os.stat(path).st_mode):
        return _source(Path(path), str(path), delimiter, bare=bare)
    # A pipe can be read only once.
    title = "standard input" if str(path) == "-" else str(path)
    number, name = tempfile.mkstemp(prefix="fastnn-")
    try:
        with (
            open(number, "wb") as file,
            nullcontext(sys.stdin.buffer) if str(path) == "-" else open(path, "rb") as stream,
        ):
            file.write(_head(stream, title))
            shutil.copyfileobj(stream, file)
        source = _source(Path(name), title, delimiter, bare=bare)
    except BaseException:
        os.unlink(name)
        raise
    weakref.finalize(source, os.unlink, name)
    return source


def _head(stream: Any, title: str) -> bytes:
    """Return the first bytes, a whole line of them if they are a text."""
    head = bytearray(stream.read(_HEAD))
    is_text = not head.startswith((_PARQUET, _ZIP, *_MAGIC))
    while is_text and len(head) >= _HEAD and not re.search(b"[\r\n]", head[-_HEAD:]):
        if len(head) >= _LONGEST:
            raise TableError(
                f"{title} line 1: a line must have fewer than {_LONGEST} characters, got more: "
                "is it a table of text?"
            )
        block = stream.read(_HEAD)
        head += block
        if not block:
            break
    return bytes(head)


def _source(file: Path, title: str, delimiter: str | None, *, bare: bool) -> Source:
    with open(file, "rb") as opened:
        first = opened.read(8)
    if first.startswith(_PARQUET):
        return ParquetSource(file, title)
    if first.startswith(_ZIP):
        return ExcelSource(file, title)
    compression = next((name for magic, name in _MAGIC.items() if first.startswith(magic)), None)
    return CsvSource(file, title, delimiter, compression, bare=bare)


class CsvSource:
    """A file of separated values: UTF-8, the first line names the columns, blank ones are nothing.

    With `bare`, a first line of numbers is a row, and columns are named 1, 2, 3 ...
    """

    def __init__(
        self, file: Path, title: str, delimiter: str | None, compression: str | None, *, bare: bool
    ) -> None:
        self.title = title
        self._file, self._compression = file, compression
        try:
            with self._opened() as stream:
                head = _head(stream, title)
        except OSError as error:
            raise self._broken(error) from None
        if head.startswith((*_UTF16, _OLD_EXCEL)) or b"\0" in head[:100]:
            raise TableError(
                f"{title} must be CSV in UTF-8, Parquet or .xlsx, got UTF-16 or another format: "
                "save it as CSV UTF-8"
            )
        text = head.decode("utf-8-sig", "replace")
        separator = re.match(r'"?sep=(.)"?[\r\n]', text)  # Excel's
        self._skipped = int(separator is not None)
        self._delimiter = delimiter or (separator[1] if separator else _delimiter(text))
        self._most = 20 + sum(line.count(self._delimiter) for line in text.splitlines()[:20])
        first = next(self._rows(None, 0), None)
        try:
            names = [
                as_in_file(value.as_py().decode()) for column in first or [] for value in column[:1]
            ]
        except UnicodeDecodeError:
            raise TableError(f"{title} line 1: a name must be UTF-8, got other bytes") from None
        if not names:  # pyarrow has none of a line without an end
            line = text.strip()[:_SHOWN]
            got = f"one line, {line!r}: give names and rows" if line else "an empty file"
            raise TableError(f"{title} must hold a table, got {got}")
        self._has_names = not (bare and all(PLAIN in readings(name) for name in names))
        self.names = names if self._has_names else [str(j + 1) for j in range(len(names))]

    def batches(self, places: Sequence[int]) -> Iterator[Sequence[Any]]:
        """Yield the columns in these places, some rows at a time."""
        start = 0
        for columns in self._rows([*places, len(self.names) - 1], int(self._has_names)):
            yield [
                self._decoded(column, self.names[place], start)
                for column, place in zip(columns, places, strict=False)
            ]
            start += len(columns[-1])
        # Of an open quote pyarrow makes a field: the last, since there are as many as names.
        if start and re.search(rb"[\r\n]", columns[-1][-1].as_py()):
            self._check_quotes()

    def location(self, row: int) -> str:
        """Return the line in which a row begins, as an editor counts."""
        return f"{self.title} line {self._line(row + self._has_names)}"

    def _rows(self, places: Sequence[int] | None, n_done: int) -> Iterator[list[Any]]:
        """Yield columns of bytes, the names being a row too, from row `n_done` on."""
        block_size = _BLOCK
        while block_size:
            refused: list[Any] = []
            try:
                n_read = 0
                for batch in self._record_batches(places, block_size, refused):
                    n_read += batch.num_rows
                    if n_read > n_done:
                        batch = batch.slice(max(0, batch.num_rows - (n_read - n_done)))
                        n_done = n_read
                        columns = {name: batch.column(name) for name in batch.schema.names}
                        yield [columns[f"f{j}"] for j in places or range(batch.num_columns)]
                return
            except pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                if "straddling" not in str(error):
                    raise self._error(error, refused) from None
            except OSError as error:
                raise self._broken(error) from None
            block_size *= 8  # a row is longer than a block
            if block_size > _LARGEST_BLOCK:
                self._check_quotes()
                raise TableError(f"{self.title} must have rows of less than {_LARGEST_BLOCK} bytes")

    def _record_batches(
        self, places: Sequence[int] | None, block_size: int, refused: list[Any]
    ) -> Iterator[Any]:
        """Yield what pyarrow reads; refused rows go into `refused`.

        A thread of pyarrow that reads ahead may be the last to let go of `refuse`, a moment after
        the reader's end, and takes the GIL for it: a program that ends meanwhile may be aborted.
        """
        released = threading.Event()

        def refuse(row: Any) -> str:
            refused.append(row)
            return "error"

        weakref.finalize(refuse, released.set)
        types = {f"f{j}": pa.binary() for j in places or range(self._most)}
        try:
            yield from pyarrow.csv.open_csv(
                self._opened(),
                pyarrow.csv.ReadOptions(
                    use_threads=False, block_size=block_size, skip_rows=self._skipped,
                    autogenerate_column_names=True,
                ),
                pyarrow.csv.ParseOptions(
                    delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=refuse
                ),
                pyarrow.csv.ConvertOptions(
                    column_types=types, include_columns=[*types] if places else [],
                    check_utf8=False,
                ),
            )  # fmt: skip
        finally:
            del refuse
            released.wait(_PATIENCE)

    def _error(self, error: Exception, refused: list[Any]) -> TableError:
        if not refused:
            return TableError(f"{self.title} must be a table of separated values: {error}")
        self._check_quotes()
        row, line = refused[0], self._line(refused[0].number - 1 - self._skipped)
        return TableError(
            f"{self.title} line {line}: a row must have {row.expected_columns} fields, got "
            f"{row.actual_columns}"
        )

    def _broken(self, error: OSError) -> OSError:
        """Return the error of a file that cannot be read, or not be decompressed."""
        if self._compression is None:
            return error
        return OSError(f"{self.title} must be a whole {self._compression} file: {error}")

    def _decoded(self, column: Any, name: str, start: int) -> Any:
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid:
            for row, value in enumerate(column.to_pylist(), start):
                try:
                    value.decode()
                except UnicodeDecodeError:
                    raise TableError(
                        f"{self.location(row)}: {name!r} must be UTF-8, got other bytes: save the "
                        "file as CSV UTF-8"
                    ) from None
            raise

    def _opened(self) -> Any:
        return pa.input_stream(str(self._file), compression=self._compression)

    def _records(self) -> Iterator[tuple[int, bool]]:
        """Yield the line in which each row begins, and whether a quote is open where it ends."""
        mark = re.escape(self._delimiter)
        quoted = re.compile(rf'(^|{mark})"(?:[^"]|"")*"(?!")')
        opening = re.compile(rf'(?:^|{mark})"')
        begin, text = 0, ""
        with io.TextIOWrapper(self._opened(), "utf-8-sig", "replace") as lines:
            for number, line in enumerate(lines, 1):
                if number <= self._skipped or not (text or line.strip("\n")):
                    continue
                begin = begin if text else number
                is_open = '"' in line if not text else True
                is_open = is_open and opening.search(quoted.sub(r"\1", text + line)) is not None
                text = '"' if is_open else ""
                if not text:
                    yield begin, False
        if text:
            yield begin, True

    def _line(self, row: int) -> int:
        return next((begin for n, (begin, _) in enumerate(self._records()) if n == row), 0)

    def _check_quotes(self) -> None:
        """Raise if a quote is never closed."""
        for begin, is_open in self._records():
            if is_open:
                raise TableError(
                    f"{self.title} line {begin}: a row must be separated values, and a quote "
                    "closed, got an open one"
                )


def _delimiter(text: str) -> str:
    """Return what separates the fields: each of the first lines has as many of it."""
    lines = re.sub('"(?:[^"]|"")*"', "", text).splitlines()
    lines = [line for line in lines[: -1 if len(text) >= _HEAD else None] if line][:20]
    for delimiter in _DELIMITERS:
        counts = {line.count(delimiter) for line in lines}
        if len(counts) == 1 and counts != {0}:
            return delimiter
    return max(reversed(_DELIMITERS), key=(lines or [""])[0].count)


class ParquetSource:
    """A Parquet file."""

    def __init__(self, file: Path, title: str) -> None:
        self.title = title
        try:
            self._file = pq.ParquetFile(file)
        except pa.ArrowException as error:
            raise TableError(f"{title} must be a readable Parquet file: {error}") from None
        self._own_names: list[str] = self._file.schema_arrow.names
        self.names = [as_in_file(name) for name in self._own_names]

    def batches(self, places: Sequence[int]) -> Iterator[Sequence[Any]]:
        """Yield the columns in these places, some rows at a time."""
        names = [self._own_names[place] for place in places]
        n_rows = max(1, 2**20 // len(names))
        try:
            for batch in self._file.iter_batches(n_rows, columns=names, use_threads=False):
                yield [batch.column(name) for name in names]
        except (pa.ArrowException, OSError) as error:
            raise TableError(f"{self.title} must be a readable Parquet file: {error}") from None

    def location(self, row: int) -> str:
        """Return the row, counted from 1."""
        return f"{self.title} row {row + 1}"


class ExcelSource:
    """The first sheet of an Excel file, whose first row names the columns."""

    def __init__(self, file: Path, title: str) -> None:
        self.title = title
        openpyxl = optional("openpyxl", f"{title} is Excel, which", "files")
        with open(file, "rb") as opened:
            try:
                book = openpyxl.load_workbook(opened, read_only=True, data_only=True)
            except (BadZipFile, KeyError, ValueError):
                raise TableError(
                    f"{title} must be a table, got an archive that is no .xlsx: unpack it"
                ) from None
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what programs write there is not always true
            rows = [list(row) for row in sheet.iter_rows(values_only=True)]
            book.close()
        while rows and not any(value is not None for value in rows[-1]):
            rows.pop()
        if not rows:
            raise TableError(f"{title} must hold a table, got an empty sheet")
        width = max(map(len, rows))
        cells = zip(*(row + [None] * (width - len(row)) for row in rows), strict=True)
        columns = [column for column in cells if any(value is not None for value in column)]
        self.names = ["" if name is None else as_in_file(str(name)) for name, *_ in columns]
        self._columns = [_column_of_cells(values) for _, *values in columns]

    def batches(self, places: Sequence[int]) -> Iterator[Sequence[Any]]:
        """Yield the columns in these places, all rows at once."""
        yield [self._columns[place] for place in places]

    def location(self, row: int) -> str:
        """Return the row of the sheet."""
        return f"{self.title} row {row + 2}"


Source = CsvSource | ParquetSource | ExcelSource


def _column_of_cells(values: list[Any]) -> Any:
    """Return cells of one type as it is, others as texts."""
    kinds = {type(value).__name__ for value in values} - {"NoneType"}
    if kinds == {"int", "float"}:
        return pa.array(values, pa.float64())
    if kinds == {"date", "datetime"}:
        return pa.array(values, pa.timestamp("us"))
    if len(kinds) == 1:
        return pa.array(values)
    texts = [str(int(v)) if isinstance(v, float) and v.is_integer() else v for v in values]
    return pa.array([None if text is None else str(text) for text in texts])
