"""What `fastnn predict` and `fastnn evaluate` do."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import Network, Population
from .._atomic import replaced_at_once
from .._checks.arrays import Array
from ..tables.errors import TableError
from ..tables.model import TableModel
from ..tables.names import as_in_file
from ..tabular.judging import OURS, Judge
from ..tabular.model import Record, load
from ..tabular.outputs import check_format, check_output, is_parquet
from ..tabular.predicting import (
    Unfamiliar,
    formats_of,
    network_outputs,
    outputs_of,
    predictions_of,
    schema_of,
    schema_of_network,
    write_csv,
    write_parquet,
)
from ..tabular.reading import ReadingOptions, Table, open_table
from ..tabular.report import table_of

_UNNAMED = "prediction"  # of a model that was saved from Python


def run_predict(options: argparse.Namespace) -> None:
    """Predict for the rows of a table."""
    if options.output == Path("-"):
        options.output = None  # standard output
    if options.output is not None:
        check_format(options.output)
        check_output(options.output, options.data, options.model, force=options.force)
    loaded, record = load(options.model)
    is_plain = isinstance(loaded, Network | Population)
    if options.probabilities and (is_plain or loaded.model_.classes is None):
        raise TableError("--probabilities must go with a classification, got another model")
    if is_plain:
        table = open_table(options.data, ReadingOptions(options.delimiter, trains=False), bare=True)
        columns = ([*outputs.T] for outputs in network_outputs(table, loaded))
        _write(options, schema_of_network(loaded), columns)
        return
    model = loaded.model_
    table, target = _open(options, model, record), _UNNAMED if record is None else record.target
    _say_ignored(table, [*map(as_in_file, model.names), target])
    unfamiliar = Unfamiliar(model)
    with_probabilities = options.probabilities
    outputs = outputs_of(table, model, unfamiliar, strict=options.strict)
    schema = schema_of(model, target, probabilities=with_probabilities)
    chunks = (predictions_of(model, each, probabilities=with_probabilities) for each, _ in outputs)
    _write(options, schema, chunks)
    _say(unfamiliar.lines())


def _open(options: argparse.Namespace, model: TableModel, record: Record | None) -> Table:
    """Return a table, to be read as that of the training was."""
    na_values = None if record is None else record.na_values
    reading = ReadingOptions(options.delimiter, na_values=na_values, trains=False)
    table = open_table(options.data, reading, formats_of(model))
    for name in model.names:
        table.check_column(as_in_file(name))
    return table


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"fastnn: {line}", file=sys.stderr)


def _say_ignored(table: Table, known: Collection[str]) -> None:
    """Say which columns are of no use."""
    if ignored := [name for name in table.names if name not in known]:
        _say([f"the model does not use the columns {', '.join(map(repr, ignored))}"])


def _write(options: argparse.Namespace, schema: Any, chunks: Iterable[Sequence[Array]]) -> None:
    """Write predictions: CSV in UTF-8, whatever the terminal takes, or Parquet."""
    if options.output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        write_csv(sys.stdout, schema, chunks)
        return
    with replaced_at_once(options.output) as (path,):
        if is_parquet(options.output):
            write_parquet(path, schema, chunks)
            return
        with open(path, "w", newline="", encoding="utf-8") as file:
            write_csv(file, schema, chunks)


def _judge(options: argparse.Namespace, model: TableModel, record: Record) -> Judge:
    """Return who scores predictions, and knows the targets of the training."""
    try:
        return Judge.from_json(
            record.known, None if model.classes is None else model.classes.tolist()
        )
    except (LookupError, TypeError, ValueError) as error:
        raise TableError(
            f"{options.model} must have metadata of fastnn train, got other"
        ) from error


def run_evaluate(options: argparse.Namespace) -> None:
    """Print the scores of a model on a table that has the target."""
    loaded, record = load(options.model)
    if record is None:
        raise TableError(
            f"{options.model} must be a model that fastnn train has saved, got another: predict "
            "works with it"
        )
    model = loaded.model_
    table = _open(options, model, record)
    table.check_column(record.target)
    judge = _judge(options, model, record)
    unfamiliar = Unfamiliar(model)
    targets, outputs, n_rows = [], [], 0
    for each, (target,) in outputs_of(
        table, model, unfamiliar, strict=options.strict, others=[record.target]
    ):
        known = np.flatnonzero(~target.missing)
        targets.append(judge.targets(target.values[known]))
        outputs.append(each[known])
        if model.classes is not None and (targets[-1] < 0).any():
            row = known[int((targets[-1] < 0).argmax())]
            raise TableError(
                f"{table.location(n_rows + row)}: {record.target!r} must be a class that training "
                f"saw, got {target.values[row]!r}: leave the row out"
            )
        n_rows += len(each)
    truth = np.concatenate(targets) if targets else np.array([])
    if not len(truth):
        raise TableError(
            f"{table.path}: {record.target!r} must hold a value in some row, got none: predict "
            "works without"
        )
    _say(unfamiliar.lines())
    if n_without := n_rows - len(truth):
        _say([f"rows without {record.target!r}, which are left out: {n_without}"])
    scores = [judge.score(OURS, truth, np.concatenate(outputs)), judge.baseline(truth)]
    print("\n".join(table_of(f"{table.path}: {len(truth)} rows", scores)))


RUN = {"predict": run_predict, "evaluate": run_evaluate}
