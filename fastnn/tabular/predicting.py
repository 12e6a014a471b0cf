"""Predictions for the rows of a table, some at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from .. import Network
from .._checks.arrays import Array
from .encoding import Encoding, Number
from .fields import TableError
from .passes import location_of
from .streaming import Table, place_of


@dataclass(frozen=True)
class Predictor:
    """A network, the table it is to predict for, and what is written of its outputs."""

    net: Network
    table: Table
    encoding: Encoding
    places: Sequence[int]  # of the columns used
    header: Sequence[str]
    columns_of: Callable[[Array], list[list[str]]]

    @property
    def ignored(self) -> list[str]:
        """The columns that the network does not use."""
        return [name for j, name in enumerate(self.table.names) if j not in self.places]

    def write(self, file: IO[str]) -> None:
        """Write a row of predictions for each row of the table, as CSV."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.header)
        for chunk in self.table.chunks():
            columns = [chunk.columns[j] for j in self.places]
            encoded = self.encoding.encode(columns, location_of(self.table, chunk), target=False)
            outputs = self.net.predict(self.encoding.expand(encoded, self.net.dtype))
            writer.writerows(zip(*self.columns_of(outputs), strict=True))


def table_predictor(
    net: Network, table: Table, encoding: Encoding, *, probabilities: bool
) -> Predictor:
    """Return the predictor of labels or values, by a network of `fastnn train`."""
    places = [place_of(table, column.name) for column in encoding.columns]
    header = [encoding.target.name]
    if not probabilities:
        return Predictor(
            net, table, encoding, places, header, lambda outputs: [encoding.decode(outputs)]
        )
    return Predictor(
        net,
        table,
        encoding,
        places,
        header + encoding.target.inputs,
        lambda outputs: [encoding.decode(outputs), *_as_text(outputs)],
    )


def numbers_predictor(net: Network, table: Table) -> Predictor:
    """Return the predictor of plain outputs, by any network, from numbers in their order."""
    if len(table.names) != net.n_in:
        raise TableError(
            f"{table.path} must have {net.n_in} columns, the inputs of the network in their "
            f"order, got {len(table.names)}"
        )
    header = [f"output_{j}" for j in range(net.n_out)]
    numbers = tuple(Number(name, 0.0, 1.0) for name in table.names)
    encoding = Encoding(numbers, Number(header[0], 0.0, 1.0), fills_missing=False)
    return Predictor(net, table, encoding, range(net.n_in), header, _as_text)


def _as_text(outputs: Array) -> list[list[str]]:
    """Return each output as a column of numbers, with all digits of its dtype."""
    return [[str(value) for value in column] for column in outputs.T]
