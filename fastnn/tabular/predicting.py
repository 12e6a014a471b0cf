"""Predictions for the rows of a table, some at a time, and a count of what training did not see."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .. import Heads, Network, Population
from .._checks.arrays import Array
from .._checks.scalars import number_in
from .._training.threads import n_cores
from ..population.results import Prediction
from ..tables.columns import NOTHING, TEXT, Column, columns_of
from ..tables.errors import TableError
from ..tables.formats import TEXT as TEXT_FORMAT
from ..tables.model import TableModel
from ..tables.names import as_in_file
from .reading import Table

_READ_FIELDS = 50_000  # of a chunk
_WHOLE = re.compile(r"^(-?[0-9]+)\.0+$")
_MISSING, _NEW = "missing values", "categories that training did not see"


@dataclass
class Unfamiliar:
    """The values in new rows that are missing, or that training did not see."""

    model: TableModel
    first_new: dict[str, str] = field(default_factory=dict)  # by column
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {_MISSING: Counter(), _NEW: Counter()}
    )

    def add(self, columns: Sequence[Column]) -> None:
        """Count those of some rows in."""
        for column in columns:
            for what, where in self._found(column):
                if n := int(where.sum()):
                    self.counts[what][column.name] += n
                    if what == _NEW:
                        self.first_new.setdefault(column.name, column.values[int(where.argmax())])

    def _found(self, column: Column) -> Iterator[tuple[str, Array]]:
        if self.model.encoder.kinds_[column.name] == NOTHING:
            return
        missing = column.missing
        yield _MISSING, missing
        if column.kind == TEXT:
            yield _NEW, self.model.encoder.is_unknown(column) & ~missing

    def refuse(self, table: Table, columns: Sequence[Column], start: int) -> None:
        """Raise at the first such value in rows that begin with row `start` of the table."""
        first = None
        for column in columns:
            for what, where in self._found(column):
                if where.any() and (first is None or int(where.argmax()) < first[0]):
                    first = int(where.argmax()), column, what
        if first is not None:
            row, column, what = first
            required = "given" if what == _MISSING else "a category that training saw"
            got = "nothing" if what == _MISSING else repr(column.values[row])
            raise TableError(
                f"{table.location(start + row)}: {column.name!r} must be {required} with --strict, "
                f"got {got}: leave --strict out to predict nevertheless"
            )

    def _example(self, what: str, name: str) -> str:
        return f", {self.first_new[name]!r} say" if what == _NEW else ""

    def lines(self) -> list[str]:
        """Return a line on what was missing, and on what was new."""
        return [
            f"{what}: {sum(counts.values())} ("
            + ", ".join(
                f"{n} in {name!r}" + self._example(what, name) for name, n in counts.most_common()
            )
            + ")"
            for what, counts in self.counts.items()
            if counts
        ]


def outputs_of(
    table: Table,
    model: TableModel,
    unfamiliar: Unfamiliar,
    *,
    strict: bool,
    others: Sequence[str] = (),
) -> Iterator[tuple[Array, list[Column]]]:
    """Yield the outputs for the rows of a table, and those of some other columns."""
    names = [as_in_file(name) for name in model.names]
    wanted = [*names, *others]
    start = 0
    for chunk in table.chunks(max(1, _READ_FIELDS // len(wanted)), wanted):
        by_name = {column.name: column for column in columns_of(chunk)}
        columns = model.encoder.as_trained([by_name[name] for name in names])
        columns = [_as_categories(column, model) for column in columns]
        if strict:
            unfamiliar.refuse(table, columns, start)
        else:
            unfamiliar.add(columns)
        outputs = model.outputs(columns, n_cores())[0]
        yield outputs, [by_name[name] for name in others]
        start += len(outputs)


def formats_of(model: TableModel) -> dict[str, Any]:
    """Return how the columns of a file are written; categories of Python's are texts."""
    texts = {
        as_in_file(name): TEXT_FORMAT.to_json()
        for name, kind in model.encoder.kinds_.items()
        if kind == TEXT
    }
    return texts | dict(model.formats)


def _as_categories(column: Column, model: TableModel) -> Column:
    """Return categories with 7.0, as a file may have it for a number, as 7 if that is one."""
    if column.kind != TEXT or column.name in model.formats:
        return column
    unknown = np.flatnonzero(model.encoder.is_unknown(column) & ~column.missing)
    if not len(unknown):
        return column
    values = column.values.copy()
    values[unknown] = [_WHOLE.sub(r"\1", text) for text in values[unknown]]
    return column._replace(values=values)


def schema_of(model: TableModel, target: str, *, probabilities: bool) -> Any:
    """Return the names of the columns of predictions, and their types, as pyarrow has them."""
    if model.classes is None:
        return pa.schema([(target, pa.float64())])
    labels = model.classes.tolist()
    names = [f"{target}={label}" for label in labels] if probabilities else []
    return pa.schema([(target, pa.array(labels).type), *((name, pa.float64()) for name in names)])


def schema_of_network(loaded: Network | Population) -> Any:
    """Return the same of the outputs of a network, or of the means of a population's."""
    networks = [loaded] if isinstance(loaded, Network) else [*loaded]
    type_ = pa.from_numpy_dtype(np.result_type(*(network.dtype for network in networks)))
    last = networks[0].layers[-1]
    places = last.parts if isinstance(last, Heads) else [("output", None, 0, last.n_out)]
    names = [
        name if isinstance(last, Heads) and stop - start == 1 else f"{name}_{j}"
        for name, _, start, stop in places
        for j in range(stop - start)
    ]
    return pa.schema([(name, type_) for name in names])


def predictions_of(model: TableModel, outputs: Array, *, probabilities: bool) -> list[Array]:
    """Return the columns of predictions."""
    if model.classes is None:
        return [*outputs.T]
    return [model.classes[outputs.argmax(axis=1)], *(outputs.T if probabilities else [])]


def network_outputs(table: Table, loaded: Network | Population) -> Iterator[Array]:
    """Yield the outputs of a network for rows of plain numbers, in the order of its inputs.

    Those of a population are the means of its networks.
    """
    network = loaded if isinstance(loaded, Network) else loaded[0]
    if len(table.names) != network.n_in:
        raise TableError(
            f"{table.path} must have {network.n_in} columns, the inputs of the network in their "
            f"order, got {len(table.names)}"
        )
    start = 0
    for chunk in table.chunks(max(1, _READ_FIELDS // network.n_in), table.names):
        columns = columns_of(chunk)
        for column in columns:
            wrong = column.missing
            if column.kind == TEXT:
                wrong |= [not math.isfinite(number_in(text or "")) for text in column.values]
            if wrong.any():
                row = int(wrong.argmax())
                got = "nothing" if column.missing[row] else repr(column.values[row])
                raise TableError(
                    f"{table.location(start + row)}: {column.name!r} must be a number, got {got}"
                )
        found = loaded.predict(np.column_stack([column.values for column in columns]))
        outputs = found.mean if isinstance(found, Prediction) else found
        yield np.hstack(outputs) if isinstance(outputs, tuple) else outputs
        start += len(columns[0].values)


def write_csv(file: IO[str], schema: Any, chunks: Iterable[Sequence[Array]]) -> None:
    """Write columns as CSV, and nothing if the first rows cannot be predicted."""
    writer, remaining = csv.writer(file, lineterminator="\n"), iter(chunks)
    first = [*islice(remaining, 1)]
    writer.writerow(schema.names)
    for columns in chain(first, remaining):
        writer.writerows(zip(*map(_as_texts, columns), strict=True))


def _as_texts(column: Array) -> list[str]:
    """Return labels, or numbers with all digits of their dtype."""
    values = column if column.dtype == np.float32 else column.tolist()
    return [str(value) for value in values]


def write_parquet(path: Path, schema: Any, chunks: Iterable[Sequence[Array]]) -> None:
    """Write columns as a Parquet file."""
    with pq.ParquetWriter(path, schema) as writer:
        for columns in chunks:
            arrays = [pa.array(c, kind) for c, kind in zip(columns, schema.types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
