"""What `fastnn train` does."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from shlex import quote
from time import perf_counter

from ..tables.errors import TableError
from ..tables.formats import TEXT
from ..tabular.chunks import rows_at_a_time, train_by_chunks
from ..tabular.model import Record, provenance
from ..tabular.outputs import output_claimed
from ..tabular.reading import ReadingOptions, Table, open_table
from ..tabular.report import MOST_LINES, OF_TRAINING, line_of_members, lines_of, table_of, wrapped
from ..tabular.rows import Split
from ..tabular.target import Problem, choose_target
from ..tabular.training import Settings, Trained, train_at_once

_MANY_ROWS = 20_000  # on which the ensemble is trained for minutes


def run_train(options: argparse.Namespace) -> None:
    """Train on a table, and save the model."""
    with output_claimed(options.save, options.data, force=options.force):
        _train_and_save(options)


def _train_and_save(options: argparse.Namespace) -> None:
    """Do it, and print what happens."""
    start = perf_counter()
    table = _open(options)
    target, n_rows = choose_target(table, options.target, options.task)
    names = [name for name in table.names if name not in (target.name, *table.left_out)]
    if not names:
        got = f"only such as are left out, {_left_out(table)}" if table.left_out else "none"
        raise TableError(f"{table.path} must have columns beside {target.name!r}, got {got}")
    problem, seconds = Problem(table, names, target, n_rows), perf_counter() - start
    print(f"{table.path}: {n_rows} rows, {len(names)} columns; read in {seconds:.1f} s")
    for note in table.notes:
        print(wrapped(f"note: {note}"))
    kind = "regression" if target.classes is None else "classification"
    print(wrapped(f"{kind}, {target.reason}"), flush=True)
    split = Split(options.holdout, 0.0, options.seed)
    settings = Settings(
        hidden=options.hidden,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        time_limit=options.time_limit,
        fast=options.fast,
        seed=options.seed,
        quiet=options.quiet,
    )
    chunk_rows = options.chunk_rows or rows_at_a_time(problem, settings)
    start = perf_counter()
    if chunk_rows is None:
        if n_rows > _MANY_ROWS and not options.fast and options.time_limit is None:
            print("this takes minutes: --fast trains one network, --time-limit sets an end")
            sys.stdout.flush()
        trained = train_at_once(problem, split, settings)
    else:
        print(f"one network, {chunk_rows} rows at a time; a random sample of them is described")
        sys.stdout.flush()
        trained = train_by_chunks(
            problem, split, settings, chunk_rows=chunk_rows, folder=options.save.parent
        )
    _report(trained, perf_counter() - start)
    provided = {"file": Path(table.path).name, "n_rows": trained.n_training, "seed": options.seed}
    record = Record(
        target=target.name,
        na_values=table.na_values,
        columns=trained.columns,
        scored=trained.scored,
        scores=list(trained.scores),
        known=trained.judge.to_json(),
        trained=provided | provenance(),
    )
    model = replace(trained.model, metadata=record.to_json(), formats=table.formats)
    model.save(options.save)
    print(f"Saved as {options.save}, {options.save.stat().st_size} bytes")


def _left_out(table: Table) -> str:
    """Return the columns that are left out, why, and what takes them."""
    reason = "they have no value in any row"
    if texts := [name for name, form in table.left_out.items() if form == TEXT]:
        taken = f"--categories {quote(texts[0])} takes it"
        reason = f"{texts[0]!r} has nearly as many categories as rows, {taken}"
    return f"{[*table.left_out]}: {reason}"


def _open(options: argparse.Namespace) -> Table:
    """Return the table."""
    reading = ReadingOptions(
        delimiter=options.delimiter,
        decimal=options.decimal,
        thousands=options.thousands,
        na_values=options.na_values,
        categories=options.categories,
        ignored=options.ignore,
        target=options.target,
    )
    return open_table(options.data, reading, quiet=options.quiet)


def _report(trained: Trained, seconds: float) -> None:
    """Print what the columns hold, what the networks are, and their scores."""
    print(OF_TRAINING)
    print("\n".join(lines_of(trained.columns, MOST_LINES)))
    networks = line_of_members(trained.model.members)
    print(wrapped(f"{networks}; trained on {trained.n_training} rows in {seconds:.1f} s"))
    if not trained.scores:
        print("No score: no rows were held out")
        return
    print("\n".join(table_of(trained.scored, trained.scores)))
    if trained.warning:
        print(wrapped(trained.warning))


RUN = {"train": run_train}
