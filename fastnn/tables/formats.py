"""How the texts of a column become values: numbers, dates, truth values, or texts as they are.

`readings` says of one text in which formats it can be read, `parse` reads a column in one of them.
A format is kept in a model, so that new rows are read as those of the training were.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self

from .columns import LARGEST_WHOLE
from .errors import TableError

# What pandas takes for missing.
NA_VALUES = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip

# Decimal mark and mark of thousands; of those that fit a column, the first is taken.
STYLES = (
    (".", ""), (",", ""), (".", ","), (",", "."), (".", "'"), (",", "'"), (".", " "), (",", " "),
)  # fmt: skip
_LONGEST = 400  # characters of what is more than a text: float64 has 309 digits before its point
NUMBER, CLOCK, DATE, BOOL = "number", "clock", "date", "bool"
_TYPES = {  # of pyarrow
    NUMBER: "float64",
    CLOCK: "float64",
    "empty": "float64",
    DATE: "timestamp[us]",
    BOOL: "bool",
    "text": "string",
}

# Other signs for a space, an apostrophe and a minus.
SIGNS = (("[\u00a0\u2007\u2009\u202f]", " "), ("\u2019", "'"), ("\u2212|^\u2013", "-"))
_CURRENCY = "[A-Z]{0,2}[$\u00a3\u00a5\u20a9\u20ac\u20b9\u20bd]|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD"
# What a unit begins with: letters, and signs of currencies, parts, degrees and lengths.
_UNIT = (
    "A-Za-z%'\"$\u00a2-\u00a5\u00b0\u00b5\u00c0-\u02af\u0370-\u1fff\u2030-\u2034\u20a0-\u20bf\u2100-\u212b"
    "\u3040-\u9fff\uac00-\ud7a3"
)
_AROUND = re.compile(
    rf"(?P<open>\()?(?:[-+]? ?(?P<prefix>{_CURRENCY}))? ?[-+]?"
    r"(?P<body>(?:\d(?:[\d.,' ]*[\d.,])?|[.,]\d+)(?:[eE][-+]?\d+)?)"
    rf" ?(?P<suffix>[{_UNIT}][^\d()]{{0,11}})?"
    r"(?P<close>\))?",
    re.ASCII,
)
_CLOCK_TEXT = r"^-?\d+:[0-5]\d(?::[0-5]\d(?:\.\d+)?){%d,%d}$"
ISO = r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?$"
_DATE_TEXT = re.compile(
    r"(?P<a>\d{1,4}|[A-Za-z]{3,9})(?P<mark>[-/.] ?| )(?P<b>\d{1,2}|[A-Za-z]{3,9})"
    r"(?:(?:(?P=mark)|,? )(?P<c>\d{4}|\d{1,2}))?"
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d+))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?(?: ?(?P<zone>Z|UTC|[-+]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_ORDERS = ("ymd", "dmy", "mdy")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Misfit(Exception):
    """A field is not what its column's format requires."""

    def __init__(self, row: int, required: str, got: str) -> None:
        self.row, self.required, self.got = row, required, got


class Format(NamedTuple):
    """How the texts of one column become values."""

    kind: str
    decimal: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""
    parentheses: bool = False  # about a negative number
    order: str = ""  # of a date: ymd, dmy or mdy
    n_parts: int = 0  # of a clock's time: 12:30 has two
    zoned: bool = False  # a date, with its time, of a zone
    na_values: Sequence[str] | None = None  # texts that mean missing, if a user named them

    @property
    def type(self) -> Any:
        """The pyarrow type of the values."""
        import pyarrow as pa  # not where `readings` alone is wanted

        return pa.timestamp("us", "UTC") if self.zoned else pa.type_for_alias(_TYPES[self.kind])

    @property
    def pattern(self) -> str:
        """What matches the texts of numbers, with plain signs, and of clocks."""
        if self.kind == CLOCK:
            return _CLOCK_TEXT % (self.n_parts - 2, self.n_parts - 2)
        prefix, suffix = re.escape(self.prefix), re.escape(self.suffix)
        number = _core(self.decimal, self.thousands)
        signed = rf"[-+]?{number}"
        if prefix:
            signed = rf"[-+]? ?{prefix} ?{number}|{prefix} ?[-+]?{number}"
        within = rf"|\({prefix} ?{number} ?{suffix}\)" if self.parentheses else ""
        return rf"^(?:(?:{signed}) ?{suffix}{within})$"

    @property
    def is_bare(self) -> bool:
        """Whether it is that of numbers without anything but a decimal mark."""
        return self.kind == NUMBER and not (self.thousands or self.unit or self.parentheses)

    @property
    def unit(self) -> str:
        """What stands around the number."""
        return self.prefix + self.suffix

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        """Whether it is simpler."""
        return self._rank < other._rank if isinstance(other, Format) else NotImplemented

    @property
    def _rank(self) -> tuple[Any, ...]:
        style = STYLES.index((self.decimal, self.thousands))
        return self.parentheses, style, self.kind, self.prefix, self.suffix, self.order

    def describe(self) -> str:
        """Return what a field must be, for notes and errors."""
        if self.kind != NUMBER:
            return {
                CLOCK: "a time as in 12:30" + ":00" * (self.n_parts - 2),
                DATE: "a date, " + {"ymd": "year-month-day", "dmy": "day before month"}.get(
                    self.order, "month before day"
                ) + ", with a zone" * self.zoned,
                BOOL: "true or false",
            }.get(self.kind, self.kind)  # fmt: skip
        whole = f"1{self.thousands}234" if self.thousands else "1234"
        body = f"{self.prefix}{whole}{self.decimal}5{' ' * bool(self.suffix)}{self.suffix}"
        return "a finite number" if self == PLAIN else f"a number written as {body}"

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults, for `from_json`."""
        defaults = self._field_defaults
        return {k: v for k, v in self._asdict().items() if v != defaults.get(k)}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> Self:
        """Return the format; raise TableError if it is malformed."""
        try:
            made = cls(**description)
            types = [type(default) for default in cls._field_defaults.values()][:-1]
            is_valid = made.kind in _TYPES and made[1:3] in STYLES
            is_valid &= all(map(isinstance, made[1:-1], types))
            is_valid &= all(isinstance(text, str) for text in made.na_values or ())
            is_valid &= made.kind != DATE or made.order in _ORDERS
            is_valid &= made.kind != CLOCK or made.n_parts in (2, 3)
        except TypeError:
            is_valid = False
        if not is_valid:
            raise TableError(f"a column's format must be as fastnn saved it, got {description!r}")
        return made


PLAIN, TEXT, EMPTY = Format(NUMBER), Format("text"), Format("empty")


def _core(decimal: str, thousands: str) -> str:
    """Return what matches a number without its sign."""
    d, t = re.escape(decimal), thousands
    groups = rf"[1-9]\d{{0,2}}(?:{re.escape(t)}\d{{3}})+|" if t else ""
    if t == ",":  # India writes 12,34,567
        groups = r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}|"
    return rf"(?:(?:{groups}\d+)(?:{d}\d*)?|{d}\d+)(?:[eE][-+]?\d+)?"


_CORES = {style: re.compile(_core(*style), re.ASCII) for style in STYLES}


def _plainly(text: str) -> str:
    for sign, plain in SIGNS:
        text = re.sub(sign, plain, text)
    return text


@lru_cache
def _numbers(
    styles: tuple[tuple[str, str], ...], prefix: str, suffix: str, *, in_parentheses: bool
) -> frozenset[Format]:
    """Return the formats of numbers in some styles."""
    options = (True,) if in_parentheses else (False, True)
    return frozenset(Format(NUMBER, *style, prefix, suffix, p) for style in styles for p in options)


def readings(text: str) -> frozenset[Format]:
    """Return the formats in which a text can be read, none if it is a text only."""
    if len(text) > _LONGEST:
        return frozenset()
    text = _plainly(text)
    number = _AROUND.fullmatch(text)
    if number and bool(number["open"]) == bool(number["close"]):
        body = number["body"]
        if len(body) > 15 and body.isdecimal() and int(body) > LARGEST_WHOLE:
            return frozenset({TEXT})
        made = _numbers(
            tuple(style for style, core in _CORES.items() if core.fullmatch(body)),
            number["prefix"] or "",
            (number["suffix"] or "").rstrip(),
            in_parentheses=bool(number["open"]),
        )
        if body.isdecimal() and body == text:  # may be an identifier
            made |= {TEXT}
        if number["open"] or number["prefix"]:  # as (-5), $-5 and -$-5
            made = frozenset(f for f in made if re.match(f.pattern, text, re.ASCII))
        if made:
            return made
    if re.fullmatch(_CLOCK_TEXT % (0, 1), text, re.ASCII):
        return frozenset({Format(CLOCK, n_parts=1 + text.count(":"))})
    if text.casefold() in ("true", "false"):
        return frozenset({Format(BOOL)})
    date = _DATE_TEXT.fullmatch(text)
    if date is None:
        return frozenset()
    forms = [Format(DATE, order=order, zoned=date["zone"] is not None) for order in _ORDERS]
    return frozenset(form for form in forms if moment(text, form.order, zoned=form.zoned))


def read_as(texts: Iterable[str]) -> Format | None:
    """Return the format of numbers or dates in which `fastnn train` reads the texts of a column.

    None if there is none, or if they may be identifiers, or truth values: two categories as well.
    """
    common: frozenset[Format] | None = None
    for text in texts:
        found = readings(text)
        common = found if common is None else common & found
        if not common:
            return None
    fits = sorted(form for form in common or () if form.kind in (NUMBER, CLOCK, DATE))
    return None if TEXT in (common or ()) or not fits else fits[0]


def moment(text: str, order: str, *, zoned: bool) -> datetime.datetime | None:
    """Return the date that a text is, with its time, of UTC if `zoned`; None if it is none."""
    found = _DATE_TEXT.fullmatch(text)
    if not found or zoned != bool(found["zone"]):
        return None
    parts = dict(zip(order, (found["a"], found["b"], found["c"]), strict=True))
    mark = found["mark"].strip()
    year, month, day = parts["y"], parts["m"], parts["d"]
    if found["c"] is None:  # 2020-05 is a month
        if order != "ymd" or mark != "-" or len(year) != 4 or len(month) != 2:
            return None
        day = "1"
    if order == "ymd" and len(year) == 2 and not (mark == "-" and month.isdecimal()):
        return None
    if month[:3].lower() in _MONTHS:
        month = str(_MONTHS.index(month[:3].lower()) + 1)
    if len(year) not in (2, 4) or (len(year) == 2 and mark == "." and len(day + month) != 4):
        return None
    hour, half = int(found["hour"] or 0), (found["half"] or "").lower()
    try:
        if order == "mdy" and mark == "." and int(day) <= 12:
            return None  # dots go with the day before the month
        if len(year) == 2:
            year = str(int(year) + (1900 if int(year) > 68 else 2000))  # as POSIX has it
        if half:
            hour = {"a": hour % 12, "p": hour % 12 + 12}[half] if 1 <= hour <= 12 else 24
        second, part = int(found["second"] or 0), (found["part"] or "0")[:6].ljust(6, "0")
        minute = int(found["minute"] or 0)
        date = datetime.datetime(int(year), int(month), int(day), hour, minute, second, int(part))
        return date - _offset_of(found["zone"] or "Z")
    except (ValueError, OverflowError):
        return None


def _offset_of(zone: str) -> datetime.timedelta:
    """Return how much a zone's clock is ahead of UTC's; raise ValueError if none can be."""
    if zone in ("Z", "UTC"):
        return datetime.timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or minutes > 59:  # ISO 8601
        raise ValueError(f"zone must be from -23:59 to +23:59, got {zone}")
    ahead = datetime.timedelta(hours=hours, minutes=minutes)
    return -ahead if zone[0] == "-" else ahead
