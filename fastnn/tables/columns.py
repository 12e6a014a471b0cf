"""A DataFrame or an array as columns of three kinds: numbers, texts and times.

Booleans are the numbers 0 and 1, durations are days, and times of day hours. Categories are texts:
7, 7.0 and "7" are one category, whatever dtype a missing value beside it makes of the column. So
are the integers of a column with one beyond 2^53: as float64, some that differ would be the same.
Times with a zone are those of UTC: the same instants are the same in every zone. Times without one
are another kind, of which nobody knows the instant.
"""

from __future__ import annotations

import datetime
import numbers
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_array

from .._checks.arrays import Array
from .._checks.extras import optional
from .._checks.frames import is_frame
from .names import repeated

NUMBER, TEXT, TIME = "number", "text", "time"
ZONED = "time with a zone"
TIMES = TIME, ZONED
NOTHING = "nothing"  # of a column without a value in training: no input comes of it
_KINDS = {"f": NUMBER, "O": TEXT, "M": TIME}
_DAY = np.timedelta64(1, "D")
LARGEST_WHOLE = 2**53  # beyond, different integers are one float64
_NUMBERS = numbers.Real | Decimal | np.bool_
_INTEGER = re.compile(r"-?[0-9]+")


class Column(NamedTuple):
    """A column: float64 with NaN, objects that are str or None, or datetime64[us] with NaT.

    Times that are `zoned` are of UTC; the clock of the others is not known. Texts `are_categories`
    where their dtype says so.
    """

    name: str
    values: Array
    zoned: bool = False
    are_categories: bool = False

    @property
    def kind(self) -> str:
        """Its kind: number, text, time, or time with a zone."""
        return ZONED if self.zoned else _KINDS[self.values.dtype.kind]

    @property
    def missing(self) -> Array:
        """Whether each value is missing."""
        if self.kind == TEXT:
            return absent(self.values)
        missing: Array = np.isnat(self.values) if self.kind in TIMES else np.isnan(self.values)
        return missing

    def as_kind(self, kind: str) -> Column:
        """Return the column as one of the kind that training saw; raise if it is another.

        Numbers may stand for the texts of a category, the texts of integers for numbers, and a
        column without any value for all. Where training saw no value, none is taken.
        """
        if self.kind == kind:
            return self
        if kind == NOTHING or self.missing.all():
            dtype = {NUMBER: "f8", NOTHING: "f8", TEXT: "object"}.get(kind, "M8[us]")
            return Column(self.name, np.array([None] * len(self.values), dtype), kind == ZONED)
        if kind == TEXT and self.kind == NUMBER:
            return Column(self.name, _as_texts(self.name, self.values.tolist()))
        if kind == NUMBER and self.kind == TEXT and all(map(_is_integer, self.values.tolist())):
            return Column(
                self.name, np.array([np.nan if v is None else float(v) for v in self.values])
            )
        row = int(np.argmin(self.missing))
        if kind in TIMES and self.kind in TIMES:
            has, got, remedy = (
                ("with", "without", "tz_localize(ZONE)")
                if kind == ZONED
                else ("without", "with", "tz_convert(ZONE).dt.tz_localize(None)")
            )
            raise ValueError(
                f"column {self.name!r} must hold times {has} a zone, as in training, got "
                f"{str(self.values[row])!r} {got} one in row {row}: in pandas .dt.{remedy} "
                "converts them, with ZONE that of the clock"
            )
        required = "times with a zone" if kind == ZONED else f"{kind}s"
        raise ValueError(
            f"column {self.name!r} must hold {required}, as in training, got "
            f"{str(self.values[row])!r} in row {row}: convert the column as it was for the training"
        )


def _is_integer(text: str | None) -> bool:
    """Return True for the digits of an integer, and for None."""
    return text is None or _INTEGER.fullmatch(text) is not None


def absent(values: Array) -> Array:
    """Return which objects are None."""
    return np.fromiter((value is None for value in values), bool, len(values))


def columns_of(X: Any, estimator: Any = None) -> list[Column]:
    """Return the columns of a DataFrame of pandas, polars or pyarrow, or of an array.

    Raise ValueError or TypeError, which names the column, if `X` is no table, two columns have one
    name, or a column holds what no kind fits.
    """
    if is_frame(X):
        columns = _columns_of_frame(X)
    else:
        first = X[0] if isinstance(X, list | tuple) and len(X) else X
        if isinstance(first, Mapping) and not hasattr(first, "tocsr"):  # as a sparse one may be
            got = "a dict" if first is X else "dicts"
            raise TypeError(f"X must be a table, got {got}: pandas.DataFrame(X) makes one")
        if isinstance(X, list | tuple) and np.asarray(X).dtype.kind in "US":
            X = np.array(X, dtype=object)  # NumPy would make texts of the numbers beside texts
        table = check_array(X, dtype=None, ensure_all_finite=False, estimator=estimator)
        columns = [_column_of_array(f"{j}", table[:, j]) for j in range(table.shape[1])]
    for column in columns:
        if column.kind == NUMBER and (infinite := np.isinf(column.values)).any():
            raise ValueError(
                f"column {column.name!r} must hold finite numbers, got infinity in row "
                f"{int(infinite.argmax())}: replace it by NaN, which means missing"
            )
    return columns


def _column_of_array(name: str, values: Array) -> Column:
    """Return a column of an array."""
    kind = values.dtype.kind
    if kind in "iu" and len(values) and _is_beyond(int(values.min()), int(values.max())):
        return Column(name, _as_texts(name, values.tolist()))
    if kind in "biuf":
        return Column(name, values.astype(np.float64))
    if kind == "M":
        return Column(name, values.astype("M8[us]"))
    if kind == "m":
        return Column(name, values / _DAY)
    return _column_of_objects(name, values.tolist())


def _is_beyond(*integers: int) -> bool:
    """Return True if float64 does not hold all integers up to these."""
    return any(abs(integer) > LARGEST_WHOLE for integer in integers)


def _columns_of_frame(X: Any) -> list[Column]:
    """Return the columns of a DataFrame."""
    nw = optional("narwhals.stable.v2", "a DataFrame", "tables")
    names = [str(name) for name in getattr(X, "column_names", X.columns)]
    if (twice := repeated(names)) is not None:
        raise ValueError(f"columns must have different names, got {twice!r} twice: rename one")
    frame = nw.from_native(X, eager_only=True)
    n_rows, n_columns = frame.shape
    for what, n in (("sample", n_rows), ("feature", n_columns)):
        if n == 0:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is "
                "required."
            )
    return [
        _column_of_series(name, column, nw)
        for name, column in zip(names, frame.iter_columns(), strict=True)
    ]


def _column_of_series(name: str, column: Any, nw: Any) -> Column:
    """Return a column of a DataFrame, which narwhals has wrapped."""
    dtype = column.dtype
    ends = (column.min(), column.max()) if dtype.is_integer() else ()
    if _is_beyond(*(int(end) for end in ends if not is_missing(end))):
        return Column(name, _as_texts(name, column.to_list()))
    if dtype.is_numeric() or dtype == nw.Boolean:
        values = column.cast(nw.Float64).to_numpy()
        return Column(name, np.asarray(values, dtype=np.float64))
    if dtype == nw.Date:
        column, dtype = column.cast(nw.Datetime("us")), nw.Datetime("us")
    if dtype == nw.Datetime:
        is_zoned = dtype.time_zone is not None
        if is_zoned:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return Column(name, np.asarray(column.to_numpy(), dtype="M8[us]"), is_zoned)
    if dtype == nw.Duration:
        return Column(name, np.asarray(column.to_numpy(), dtype="m8[us]") / _DAY)
    values = column.to_list()
    if dtype == nw.String:
        texts = np.array(values, object)
        texts[column.is_null().to_numpy()] = None
        return Column(name, texts)
    if dtype in (nw.Categorical, nw.Enum):  # be its values numbers, the user said so
        return Column(name, _as_texts(name, values), are_categories=True)
    return _column_of_objects(name, values)


def _column_of_objects(name: str, values: list[Any]) -> Column:
    """Return Python objects as a column of the kind that fits all of them, else of texts."""
    kinds = _kinds_in(values)
    if not all(issubclass(kind, _NUMBERS) for kind in kinds):
        values = [None if is_missing(value) else value for value in values]
        kinds = _kinds_in(values)
    if kinds == {str}:
        return Column(name, np.array(values, dtype=object))
    if all(issubclass(kind, _NUMBERS) for kind in kinds):
        integral = tuple(kind for kind in kinds if issubclass(kind, numbers.Integral))
        if not _is_beyond(*(int(value) for value in values if isinstance(value, integral))):
            return Column(name, np.array(values, dtype=np.float64))  # None is NaN
    if all(issubclass(kind, datetime.date | np.datetime64) for kind in kinds):
        times = np.array([_without_zone(value) for value in values], "M8[us]")
        return Column(name, times, _are_zoned(name, values))
    if all(issubclass(kind, datetime.time) for kind in kinds):
        hours = [np.nan if v is None else v.hour + v.minute / 60 + v.second / 3600 for v in values]
        return Column(name, np.array(hours))
    return Column(name, _as_texts(name, values))


def _kinds_in(values: list[Any]) -> set[type]:
    """Return the types of what is not None."""
    return {*map(type, values)} - {type(None)}


def is_missing(value: Any) -> bool:
    """Return True for None, NaN, NaT and pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating | np.datetime64) and value != value


def _has_zone(value: Any) -> bool:
    return isinstance(value, datetime.datetime) and value.tzinfo is not None


def _are_zoned(name: str, times: list[Any]) -> bool:
    """Return whether times have a zone; raise ValueError if some do and others do not."""
    rows = {int(_has_zone(value)): row for row, value in enumerate(times) if value is not None}
    if len(rows) == 2:
        raise ValueError(
            f"column {name!r} must hold times that all have a zone, or none, got {times[rows[1]]} "
            f"in row {rows[1]} and {times[rows[0]]} in row {rows[0]}: give all of them the zone of "
            "their clock"
        )
    return 1 in rows


def _without_zone(value: Any) -> Any:
    """Return a time that has a zone as that of UTC."""
    return value.astimezone(datetime.UTC).replace(tzinfo=None) if _has_zone(value) else value


def _as_texts(name: str, values: list[Any]) -> Array:
    """Return values as texts, and None where they are missing."""
    texts: dict[Any, str | None] = {}
    array = np.array([None] * len(values), dtype=object)
    for row, value in enumerate(values):
        if type(value) is str:
            array[row] = value
            continue
        try:
            if (type(value), value) not in texts:
                texts[type(value), value] = _as_text(value)
            array[row] = texts[type(value), value]
        except TypeError:
            raise TypeError(
                f"column {name!r} must hold numbers, texts or times, got "
                f"{type(value).__name__} in row {row}: take it apart into columns, or leave it out"
            ) from None
    return array


def _as_text(value: Any) -> str | None:
    """Return one value as a text; raise TypeError if it is nested."""
    if is_missing(value):
        return None
    if isinstance(value, tuple | frozenset | bytes | complex):
        raise TypeError
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
