"""A column of a file, as pyarrow has it, as values in a format."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .._checks.scalars import number_in
from .formats import (
    BOOL,
    CLOCK,
    DATE,
    EMPTY,
    ISO,
    NUMBER,
    PLAIN,
    SIGNS,
    TEXT,
    Format,
    Misfit,
    moment,
)

_DAY, _HOUR = 86_400_000_000, 3_600_000_000  # microseconds


def is_text(dtype: Any) -> bool:
    """Whether a column holds texts."""
    is_string: bool = pa.types.is_string(dtype) or pa.types.is_large_string(dtype)
    return is_string


def is_whole(dtype: Any) -> bool:
    """Whether a column holds whole numbers."""
    is_decimal = pa.types.is_decimal(dtype)
    is_integer: bool = dtype.scale <= 0 if is_decimal else pa.types.is_integer(dtype)
    return is_integer


def format_of(dtype: Any) -> Format:
    """Return the format of a column that is no text; raise Misfit if it is nested or binary."""
    types = pa.types
    if types.is_dictionary(dtype):
        format_of(dtype.value_type)
        return TEXT
    if types.is_null(dtype):
        return EMPTY
    if types.is_boolean(dtype):
        return Format(BOOL)
    if types.is_date(dtype) or types.is_timestamp(dtype):
        return Format(DATE, order="ymd", zoned=getattr(dtype, "tz", None) is not None)
    numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_time)
    if types.is_duration(dtype) or any(kind(dtype) for kind in numbers):
        return PLAIN
    if is_text(dtype) or types.is_string_view(dtype):
        return TEXT
    raise Misfit(0, "numbers, texts or times", str(dtype))


def texts_of(column: Any, na_values: Sequence[str]) -> Any:
    """Return texts without the white space around, null where they mean missing."""
    texts = pc.utf8_trim_whitespace(column)
    missing = pc.is_in(texts, value_set=pa.array(na_values, texts.type))
    return pc.if_else(missing, pa.scalar(None, texts.type), texts)


def values_of(column: Any, form: Format, na_values: Sequence[str]) -> Any:
    """Return a column as the values of a format; raise Misfit at the first that does not fit."""
    if form.na_values is not None:
        na_values = ["", *form.na_values]
    values = _values(column, form, na_values)
    numbers = [number for number in map(number_in, na_values) if math.isfinite(number)]
    if numbers and form.type == pa.float64():  # where -999 means missing, -999.0 does
        missing = pc.is_in(values, value_set=pa.array(numbers, form.type))
        values = pc.if_else(missing, pa.scalar(None, form.type), values)
    return values


def _values(column: Any, form: Format, na_values: Sequence[str]) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    if is_text(column.type):
        column = texts_of(column, na_values)
    if form.kind == EMPTY.kind or column.null_count == len(column):
        return pa.nulls(len(column), form.type)
    if is_text(column.type):
        return parse(column, form)
    own = format_of(column.type)
    if own.kind == form.kind == DATE and own.zoned == form.zoned:
        return column.cast(form.type, safe=False)  # of a time with a zone that is UTC's
    if form.kind == TEXT.kind:
        return column.cast(form.type)
    # 67 % may be 0.67 as a number, and a clock's part hours or minutes: these are refused.
    is_same = form.kind == NUMBER and form.suffix != "%"
    is_same |= form.kind == CLOCK and pa.types.is_time(column.type)
    if is_same and own.kind in (NUMBER, BOOL):
        return _finite(_numbers_of(column))
    if form.kind == BOOL and own.kind in (NUMBER, BOOL):
        return _bool(column.cast(pa.string()), form)
    row = pc.index(column.is_valid(), True).as_py()
    required = form.describe() + ", without a zone" * (own.zoned and form.kind == DATE)
    raise Misfit(row, required, str(column[row]))


def parse(texts: Any, form: Format) -> Any:
    """Return texts, null where they are missing, as values; raise Misfit at the first unfit."""
    return _PARSERS[form.kind](texts, form)


def _numbers_of(column: Any) -> Any:
    """Return numbers, times of day in hours and durations in days, as float64."""
    unit = 1
    if pa.types.is_time(column.type):
        column, unit = column.cast(pa.time64("us"), safe=False).cast(pa.int64()), _HOUR
    elif pa.types.is_duration(column.type):
        column, unit = column.cast(pa.duration("us"), safe=False).cast(pa.int64()), _DAY
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    numbers = column.cast(pa.float64(), safe=False)
    numbers = numbers if unit == 1 else pc.divide(numbers, float(unit))
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def _finite(numbers: Any, texts: Any = None) -> Any:
    """Return numbers if all are finite."""
    _check(pc.is_finite(numbers), numbers if texts is None else texts, "a finite number")
    return numbers


def _check(fits: Any, column: Any, required: str) -> None:
    """Raise Misfit at the first row that does not fit."""
    row = pc.index(fits, False).as_py()
    if row >= 0:
        raise Misfit(row, required, str(column[row]))


def _number(texts: Any, form: Format) -> Any:
    plain, decimal = texts, form.decimal
    if form.is_bare and not (decimal == "," and _any_has(texts, ".")):
        try:  # pyarrow is faster at that than at patterns
            if decimal != ".":
                plain = pc.replace_substring(texts, decimal, ".")
            return _finite(plain.cast(pa.float64()), texts)
        except pa.ArrowInvalid:
            plain = texts
    fits = pc.match_substring_regex(plain, form.pattern)
    if pc.any(pc.invert(fits)).as_py():
        for sign, in_ascii in SIGNS:
            plain = pc.replace_substring_regex(plain, sign, in_ascii)
        fits = pc.match_substring_regex(plain, form.pattern)
        _check(fits, texts, form.describe())
    if not form.is_bare or plain is not texts or decimal != ".":
        if form.suffix:
            plain = pc.replace_substring_regex(plain, rf"{re.escape(form.suffix)}(\)?)$", r"\1")
        if form.parentheses:
            plain = pc.replace_substring_regex(plain, r"^\((.*)\)$", r"-\1")
        for mark in (form.prefix, form.thousands, " "):
            plain = pc.replace_substring(plain, mark, "") if mark else plain
        plain = pc.replace_substring(plain, form.decimal, ".")
    return _finite(plain.cast(pa.float64()), texts)


def _any_has(texts: Any, mark: str) -> bool:
    has: bool = pc.any(pc.match_substring(texts, mark)).as_py()
    return has


def _clock(texts: Any, form: Format) -> Any:
    """Return times as numbers of their first part, 12:30 as 12.5."""
    _check(pc.match_substring_regex(texts, form.pattern), texts, form.describe())
    parts = pc.split_pattern(pc.replace_substring(texts, "-", ""), ":")
    total = pa.scalar(0.0)
    for k in range(form.n_parts):
        total = pc.add(total, pc.divide(pc.list_element(parts, k).cast(pa.float64()), 60.0**k))
    return pc.if_else(pc.starts_with(texts, "-"), pc.negate(total), total)


def _date(texts: Any, form: Format) -> Any:
    if (
        form.order == "ymd"
        and not form.zoned
        and pc.all(pc.match_substring_regex(texts, ISO)).as_py()
    ):
        try:
            return texts.cast(form.type)
        except pa.ArrowInvalid:  # 30 February
            pass
    codes = texts.dictionary_encode()
    different = codes.dictionary.to_pylist()
    moments = [moment(text, form.order, zoned=form.zoned) for text in different]
    dates = pa.array(moments, form.type).take(codes.indices)
    required = form.describe()
    if not form.zoned and any(moment(text, form.order, zoned=True) for text in different):
        required += ", without a zone"
    _check(pc.or_(dates.is_valid(), texts.is_null()), texts, required)
    return dates


def _bool(texts: Any, form: Format) -> Any:
    lower = pc.utf8_lower(texts)
    is_true = pc.is_in(lower, value_set=pa.array(["true", "1"]))
    is_false = pc.is_in(lower, value_set=pa.array(["false", "0", None]))
    _check(pc.or_(is_true, is_false), texts, form.describe())
    return pc.if_else(texts.is_null(), pa.scalar(None, pa.bool_()), is_true)


def _text(texts: Any, form: Format) -> Any:
    return texts.cast(form.type)


_PARSERS = {NUMBER: _number, CLOCK: _clock, DATE: _date, BOOL: _bool, "text": _text}
