"""Which format a column has: one that fits all its texts, else a refusal that names the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .errors import TableError
from .formats import (
    CLOCK,
    DATE,
    EMPTY,
    LARGEST_WHOLE,
    NUMBER,
    PLAIN,
    STYLES,
    TEXT,
    Format,
    readings,
)
from .parsing import format_of, is_text, is_whole, texts_of, values_of

_MOST_DISTINCT = 20_000  # that are remembered of a column
_MOST_KEYS = 1000
_FEW = 20
# The commonest texts, matched in one call: an example stands for all that match.
_COMMON = (
    ("1", r"^-?\d{1,15}$"),
    ("1.5", r"^[-+]?(?:\d*\.\d{1,2}|0?\.\d+|\d*\.\d{4,})(?:[eE][-+]?\d+)?$"),
    ("1.234", r"^-?[1-9]\d{0,2}\.\d{3}$"),
    ("2020-12-13", r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])$"),
)


class Seen(NamedTuple):
    """The texts of a column that can be read in the same formats."""

    n: int
    row: int  # the first
    text: str


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
        self._distinct: set[int] = set()  # hashes of the texts that were looked at
        self._n_looked_at = 0

    @property
    def n_distinct(self) -> int:
        """The number of different texts, beside the commonest numbers and dates."""
        return len(self._distinct)

    @property
    def is_nearly_unique(self) -> bool:
        """Whether hardly any text comes twice."""
        return self.n > _FEW and self.n_distinct > 0.9 * self._n_looked_at

    def add(self, column: Any, start: int) -> None:
        """Count some rows in, the first being row `start`."""
        self.dtype = column.type
        if not is_text(column.type):
            self.n += len(column) - column.null_count
            if is_whole(column.type):
                ends = pc.min_max(column).as_py().values()
                self.exceeds |= any(abs(end or 0) > LARGEST_WHOLE for end in ends)
            return
        texts = texts_of(column, self._na_values)
        if texts.null_count > column.null_count:
            words = pc.utf8_trim_whitespace(column).filter(texts.is_null()).drop_null()
            self.missing.update(words.to_pylist())
        self.n += len(texts) - texts.null_count
        for example, pattern in () if self.as_text else _COMMON:
            if texts.null_count == len(texts):
                return
            fits = pc.match_substring_regex(texts, pattern)
            if n := pc.sum(fits).as_py():
                row = pc.index(fits, True).as_py()
                self._see(readings(example), Seen(n, start + row, texts[row].as_py()))
                texts = pc.if_else(fits, pa.scalar(None, texts.type), texts)
        self._look_at(texts, start)

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
            self._n_looked_at += len(rows)

    def _see(self, formats: frozenset[Format], seen: Seen) -> None:
        before = self.seen.get(formats)
        self.seen[formats] = before._replace(n=before.n + seen.n) if before else seen


class Decision:
    """The formats of a table's columns, each for all of its texts."""

    def __init__(
        self,
        scouts: Sequence[Scout],
        decimal: str | None,
        thousands: str | None,
        location: Callable[[int], str],
    ) -> None:
        self._asked = decimal, thousands
        self._location = location
        self.notes: list[str] = []
        common = [self._common(scout) for scout in scouts]
        marks = [{form.decimal for form in forms if form.kind == NUMBER} for forms in common]
        decimals = {mark for column in marks if len(column) == 1 for mark in column}
        # What one column leaves open, the others of the table tell.
        self._decimal = decimals.pop() if len(decimals) == 1 else None
        self.formats = {
            scout.name: self._choice(scout, forms)
            for scout, forms in zip(scouts, common, strict=True)
        }
        for scout in scouts:
            self._remark(scout, self.formats[scout.name])

    def _common(self, scout: Scout) -> list[Format]:
        """Return the formats in which all texts of a column can be read, the simplest first."""
        common = frozenset.intersection(*scout.seen) if scout.seen else frozenset()
        return sorted(filter(self._is_allowed, common), key=_rank)

    def _is_allowed(self, form: Format) -> bool:
        """Whether the user's marks allow a format."""
        decimal, thousands = self._asked
        if form.kind != NUMBER:
            return True
        return (
            form.decimal == decimal
            if decimal
            else form.decimal != thousands
            and (thousands is None or form.thousands in ("", thousands))
        )

    def _choice(self, scout: Scout, common: list[Format]) -> Format:
        if not is_text(scout.dtype):
            form = format_of(scout.dtype)
            if form is None:
                raise TableError(
                    f"{scout.name!r} must hold numbers, texts or times, got {scout.dtype}: leave "
                    f"it out with --ignore {scout.name}"
                )
            return TEXT if scout.exceeds or (scout.as_text and form != EMPTY) else form
        if not scout.n:
            return EMPTY
        common = [form for form in common if form != TEXT] or common
        if not common:
            return self._text(scout)
        numbers = [form for form in common if form.kind == NUMBER]
        if self._decimal:
            numbers = [form for form in numbers if form.decimal == self._decimal] or numbers
        seen = min(scout.seen.items(), key=lambda item: len(item[0]))[1]
        if numbers:
            marks = {form.thousands for form in numbers} & {form.decimal for form in numbers}
            if any(mark in seen.text for mark in marks) and numbers[0].decimal != ".":
                raise self._error(
                    scout,
                    seen,
                    "a number whose decimal mark is known",
                    f"say --decimal {numbers[0].decimal} or --thousands {numbers[0].decimal}",
                )
            return numbers[0]
        if len(common) > 1:
            raise self._error(
                scout,
                seen,
                "a date whose day and month are known",
                "write it as 2020-12-31, or "
                "take the column as texts with --categories {0} or leave it out with --ignore {0}",
            )
        return common[0]

    def _text(self, scout: Scout) -> Format:
        """Return the format of texts, but raise if most were meant as something else."""
        counts: Counter[Format] = Counter()
        n_numbers = 0
        for formats, seen in scout.seen.items():
            counts.update(dict.fromkeys(formats - {TEXT}, seen.n))
            n_numbers += seen.n * any(form.kind == NUMBER and not form.unit for form in formats)
        allowed = {form: n for form, n in counts.items() if self._is_allowed(form)} or counts
        best = max(sorted(allowed, key=_rank), key=allowed.__getitem__, default=TEXT)
        is_code = best.unit and scout.n_distinct <= _FEW  # as 4wd beside fwd
        if 2 * max(counts[best], n_numbers) <= scout.n or is_code:
            return TEXT
        others = [seen for formats, seen in scout.seen.items() if best not in formats]
        seen = min(others or scout.seen.values(), key=lambda seen: seen.row)
        raise self._error(
            scout, seen, f"{best.describe()}, as most of its fields are",
            "write all in one way (--decimal and --thousands name the marks of numbers), or, if "
            "it means missing, name it with --na-values, or take the column as texts with "
            "--categories {0}, or leave it out with --ignore {0}",
        )  # fmt: skip

    def _error(self, scout: Scout, seen: Seen, required: str, remedy: str) -> TableError:
        return TableError(
            f"{self._location(seen.row)}: {scout.name!r} must be {required}, got {seen.text!r}: "
            + remedy.format(scout.name)
        )

    def _remark(self, scout: Scout, form: Format) -> None:
        """Note what a user may not expect of a column."""
        name, notes = repr(scout.name), self.notes
        if form == EMPTY:
            notes.append(f"{name} has no value in any row")
        if form == TEXT and not scout.as_text and (scout.exceeds or TEXT in self._forms(scout)):
            notes.append(f"{name} holds whole numbers beyond 2^53: kept as texts, none merged")
        if form == TEXT and scout.is_nearly_unique:
            notes.append(
                f"{name} has nearly as many categories as rows ({scout.n_distinct} in {scout.n}): "
                f"leave it out with --ignore if it names the rows"
            )
        words = {word: n for word, n in scout.missing.items() if word}
        if form == TEXT and words:
            told = ", ".join(f"{word!r} ({n} times)" for word, n in words.items())
            notes.append(f"{name}: {told} means missing; --na-values '' keeps it")
        if scout.seen and form.kind in (NUMBER, CLOCK, DATE):
            formats, seen = min(scout.seen.items(), key=lambda item: len(item[0]))
            if PLAIN not in formats and form.order != "ymd":
                value = str(values_of(pa.array([seen.text]), form, ())[0])
                notes.append(f"{name}: {seen.text!r} is read as {value}")

    @staticmethod
    def _forms(scout: Scout) -> frozenset[Format]:
        return frozenset().union(*scout.seen)


def _rank(form: Format) -> tuple[Any, ...]:
    """Return what sorts the simplest format first."""
    return form.parentheses, STYLES.index(form[1:3]), form
