"""Which format a column has: one that fits all its texts, else a refusal that names the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from shlex import quote
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..tables.columns import LARGEST_WHOLE
from ..tables.errors import TableError
from ..tables.formats import CLOCK, DATE, EMPTY, NUMBER, PLAIN, TEXT, Format, Misfit, readings
from ..tables.parsing import format_of, is_text, is_whole, parse, texts_of, values_of
from .identifiers import Numbering

_MOST_DISTINCT = 20_000  # that are remembered of a column
_MOST_KEYS = 1000
_FEW_ROWS = 200  # that are looked at one by one, where no format fits all
_FEW = 20


class ReadingOptions(NamedTuple):
    """How a table is written, where the user says so."""

    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    na_values: Sequence[str] | None = None  # instead of pandas' list; "" always means missing
    categories: Sequence[str] = ()  # columns that are texts, whatever they look like
    ignored: Sequence[str] = ()  # columns that are not read
    target: str | None = None  # a column that no remedy tells to leave out
    trains: bool = True  # where no model has chosen the columns, a remedy may


class Seen(NamedTuple):
    """The texts of a column that can be read in the same formats."""

    n: int
    row: int  # the first
    text: str

    def more(self, n: int) -> Seen:
        """Return what is seen once there are `n` more."""
        return self._replace(n=self.n + n)


class Scout:
    """What is known of a column: in which formats how many of its texts can be read."""

    def __init__(self, name: str, na_values: Sequence[str], *, as_text: bool) -> None:
        self.name = name
        self.as_text = as_text
        self.n = 0  # values that are not missing
        self.seen: dict[frozenset[Format], Seen] = {}
        self.missing: Counter[str] = Counter()  # words that mean it
        self.dtype: Any = pa.null()
        self.exceeds = False  # whole numbers that float64 cannot tell apart
        self._na_values = na_values
        self.n_looked_at = 0  # texts, each by itself
        self.numbering = Numbering(name)
        self._distinct: set[int] = set()  # their hashes

    @property
    def common(self) -> frozenset[Format]:
        """The formats in which all texts can be read."""
        return frozenset.intersection(*self.seen) if self.seen else frozenset()

    @property
    def least(self) -> frozenset[Format]:
        """The formats of the texts that can be read in the fewest."""
        return min(self.seen, key=len, default=frozenset())

    @property
    def clearest(self) -> Seen:
        """The first of the texts that can be read in the fewest formats."""
        return self.seen[self.least]

    @property
    def n_distinct(self) -> int:
        """The number of different texts among those that were looked at."""
        return len(self._distinct)

    @property
    def is_nearly_unique(self) -> bool:
        """Whether hardly any text comes twice."""
        return self.n > _FEW and self.n_distinct > 0.9 * self.n_looked_at

    def add(self, column: Any, start: int) -> None:
        """Count some rows in, the first being row `start`; raise Misfit at a nested column."""
        self.dtype = column.type
        if not is_text(column.type):
            format_of(column.type)
            self.n += len(column) - column.null_count
            if is_whole(column.type):
                ends = pc.min_max(column).as_py().values()
                self.exceeds |= any(abs(end or 0) > LARGEST_WHOLE for end in ends)
            self.numbering.add(column)
            return
        texts = texts_of(column, self._na_values)
        if texts.null_count > column.null_count:
            words = pc.utf8_trim_whitespace(column).filter(texts.is_null()).drop_null()
            self.missing.update(words.to_pylist())
        self.n += len(texts) - texts.null_count
        self.numbering.add(texts)
        self._count(texts, start)

    def _count(self, texts: Any, start: int) -> None:
        """Count texts in, as many as possible at once."""
        if texts.null_count == len(texts) or self._add_alike(texts):
            return
        if len(texts) <= _FEW_ROWS or (self.seen and not self.common):
            self._look_at(texts, start)
            return
        middle = len(texts) // 2
        self._count(texts[:middle], start)
        self._count(texts[middle:], start + middle)

    def _add_alike(self, texts: Any) -> bool:
        """Count texts in at once if they can be read in all formats that are left, else not."""
        common = self.common
        if common in (frozenset(), {TEXT}):
            return False
        try:
            for form in _strictest(common):
                values = parse(texts, form)
                if form.kind == NUMBER and pc.max(pc.abs(values)).as_py() > LARGEST_WHOLE:
                    return False
        except Misfit:
            return False
        seen = self.seen.get(common) or self.clearest._replace(n=0)
        self.seen[common] = seen.more(len(texts) - texts.null_count)
        return True

    def _look_at(self, texts: Any, start: int) -> None:
        """Count texts in, each different one once."""
        rows = np.flatnonzero(texts.is_valid())
        codes = texts.drop_null().dictionary_encode()
        _, first, counts = np.unique(codes.indices, return_index=True, return_counts=True)
        different = codes.dictionary.to_pylist()
        for text, n, row in zip(different, counts.tolist(), rows[first].tolist(), strict=True):
            formats = frozenset({TEXT}) if self.as_text else readings(text)
            if len(self.seen) >= _MOST_KEYS and formats not in self.seen:
                formats = frozenset()
            self._see(formats, Seen(n, start + row, text))
        if len(self._distinct) < _MOST_DISTINCT:
            self._distinct.update(map(hash, different))
            self.n_looked_at += len(rows)

    def _see(self, formats: frozenset[Format], seen: Seen) -> None:
        before = self.seen.get(formats)
        self.seen[formats] = before.more(seen.n) if before else seen


def decide(
    scouts: Sequence[Scout], options: ReadingOptions, location: Callable[[int], str]
) -> tuple[dict[str, Format], list[str]]:
    """Return a format for each column, in which all its texts can be read, and notes on them.

    Raise TableError where that is not certain; `location` says where a row is.
    """
    # What one column leaves open, the others of the table tell.
    marks = [{form.decimal for form in _numbers(scout.common, options)} for scout in scouts]
    decimals = {mark for of_column in marks if len(of_column) == 1 for mark in of_column}
    decimal = decimals.pop() if len(decimals) == 1 else None
    formats = {}
    for scout in scouts:
        try:
            formats[scout.name] = _format(scout, options, decimal)
        except _Uncertain as error:
            where = location(error.seen.row)
            remedy = "write numbers as 1234.5, and times as 2020-12-31T12:30"
            if options.trains:
                name = quote(scout.name)
                remedy = f"{error.remedy}take the column as texts with --categories {name}"
                if scout.name != options.target:
                    remedy += f", or leave it out with --ignore {name}"
            raise TableError(
                f"{where}: {scout.name!r} must be {error.required}, got {error.seen.text!r}: "
                + remedy
            ) from None
    return formats, _notes(scouts, formats, options)


class _Uncertain(Exception):
    """A text that leaves the format of its column open."""

    def __init__(self, seen: Seen, required: str, remedy: str) -> None:
        self.seen, self.required, self.remedy = seen, required, remedy


def _numbers(formats: Iterable[Format], options: ReadingOptions) -> list[Format]:
    """Return the formats of numbers that the user's marks allow, the simplest first."""
    decimal, thousands = options.decimal, options.thousands
    return sorted(
        form
        for form in formats
        if form.kind == NUMBER
        and decimal in (None, form.decimal)
        and (thousands is None or (form.thousands in ("", thousands) and form.decimal != thousands))
    )


def _format(scout: Scout, options: ReadingOptions, decimal: str | None) -> Format:
    """Return the format of a column in a table whose decimal mark may be known."""
    if not scout.n:
        return EMPTY
    if not is_text(scout.dtype):
        return TEXT if scout.exceeds or scout.as_text else format_of(scout.dtype)
    if numbers := _numbers(scout.common, options):
        numbers = [form for form in numbers if form.decimal == decimal] or numbers
        marks = {form.thousands for form in numbers} & {form.decimal for form in numbers}
        seen = scout.clearest
        if any(mark in seen.text for mark in marks) and numbers[0].decimal != ".":
            mark = numbers[0].decimal
            remedy = f"say --decimal {mark!r} or --thousands {mark!r}, or "
            raise _Uncertain(seen, "a number whose decimal mark is certain", remedy)
        return numbers[0]
    others = [form for form in scout.common if form.kind != NUMBER]
    if len(others) > 1:
        remedy = "write it as 2020-12-31, or "
        raise _Uncertain(scout.clearest, "a date whose day and month are certain", remedy)
    if not others and (first := _first_without_zone(scout)) is not None:
        remedy = "write the zone in each row, or "
        raise _Uncertain(first, "a date with a zone, as in other rows", remedy)
    return others[0] if others else _text(scout, options)


def _first_without_zone(scout: Scout) -> Seen | None:
    """Return the first date without a zone, if others have one and all texts are dates."""
    orders = [{form.order for form in forms if form.kind == DATE} for forms in scout.seen]
    if not orders or not set.intersection(*orders):
        return None
    bare = [seen for forms, seen in scout.seen.items() if not any(f.zoned for f in forms)]
    return min(bare, key=_row) if bare else None


def _text(scout: Scout, options: ReadingOptions) -> Format:
    """Return the format of texts, but raise if most were meant as something else."""
    counts: Counter[Format] = Counter()
    n_numbers = 0
    for formats, seen in scout.seen.items():
        counts.update(dict.fromkeys(formats - {TEXT}, seen.n))
        n_numbers += seen.n * any(form.kind == NUMBER and not form.unit for form in formats)
    allowed = [form for form in counts if form.kind != NUMBER] + _numbers(counts, options)
    best = max(sorted(allowed or counts), key=counts.__getitem__, default=TEXT)
    is_code = best.suffix[:1].isalpha() and scout.n_distinct <= _FEW  # as 4wd beside fwd
    if 2 * max(counts[best], n_numbers) <= scout.n or is_code:
        return TEXT
    if not allowed:
        raise _Uncertain(scout.clearest, "a number with the --decimal and --thousands asked", "")
    unfit = min((seen for formats, seen in scout.seen.items() if best not in formats), key=_row)
    raise _Uncertain(
        unfit,
        f"{best.describe()}, as most are",
        "correct it, or say with --na-values which texts mean missing, or ",
    )


def names_rows(scout: Scout, form: Format, options: ReadingOptions) -> bool:
    """Return whether a column holds texts of which nearly each is another, as names of the rows.

    That of the target does not, nor does one that the user wants as categories.
    """
    is_asked = scout.as_text or scout.name == options.target
    return form == TEXT and scout.is_nearly_unique and not is_asked


def _notes(
    scouts: Sequence[Scout], formats: dict[str, Format], options: ReadingOptions
) -> list[str]:
    """Return what a user may not expect, a line each."""
    notes = []
    alike: dict[Format, list[Scout]] = {}
    for scout in scouts:
        name, form = scout.name, formats[scout.name]
        if form == EMPTY:
            notes.append(f"{name!r} has no value in any row and is left out")
        if scout.exceeds or (scout.common == {TEXT} and not scout.as_text):
            notes.append(f"{name!r} holds whole numbers beyond 2^53: kept as texts, none merged")
        if names_rows(scout, form, options):
            notes.append(
                f"{name!r} has nearly as many categories as rows ({scout.n_distinct} of "
                f"{scout.n_looked_at}) and is left out: --categories {quote(name)} takes it"
            )
        if form == PLAIN and name != options.target and scout.numbering.numbers_rows:
            notes.append(
                f"{name!r} has another whole number in each row, as a key has, and is an input: "
                f"--ignore {quote(name)} leaves it out"
            )
        if form == TEXT and (words := {word: n for word, n in scout.missing.items() if word}):
            told = ", ".join(f"{word!r} ({n} times)" for word, n in words.items())
            notes.append(f"{name!r}: {told} means missing; --na-values '' keeps it as a text")
        is_plain = PLAIN in scout.least or form.order == "ymd"
        if scout.seen and form.kind in (NUMBER, CLOCK, DATE) and not is_plain:
            alike.setdefault(form, []).append(scout)
    for form, (first, *others) in alike.items():
        value = values_of(pa.array([first.clearest.text]), form, ())[0]
        unit = " hours" if form.kind == CLOCK else ""
        more = f" and {len(others)} columns more" if others else ""
        notes.append(f"{first.name!r}{more}: {first.clearest.text!r} is read as {value}{unit}")
    return notes


def _row(seen: Seen) -> int:
    return seen.row


def _strictest(formats: frozenset[Format]) -> list[Format]:
    """Return those of the formats which hold for a text only if all of them do."""
    return [
        form
        for form in formats
        if not (form.parentheses and form._replace(parentheses=False) in formats)
        and not (form.thousands and form._replace(thousands="") in formats)
    ]
