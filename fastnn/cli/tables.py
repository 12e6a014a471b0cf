"""What `fastnn train`, `predict`, `export` and `info` do."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from time import perf_counter
from typing import Any

from .. import Network
from .._atomic import replaced_at_once
from .._storage.npz import LARGEST_HEADER
from ..tabular.encoding import Encoding
from ..tabular.fields import TableError
from ..tabular.model import build_network, describe_table, load_model, on_raw_numbers, provenance
from ..tabular.outputs import check_output
from ..tabular.passes import TableOptions, encode_table, take_profile
from ..tabular.predicting import numbers_predictor, table_predictor
from ..tabular.report import (
    describe_score,
    print_doubles,
    print_interface,
    print_kinds,
    print_network,
    print_table,
)
from ..tabular.rows import N_PARTS, SpillBuffer, Split
from ..tabular.streaming import open_table
from ..tabular.training import VALIDATION_PART, Settings, score, train_at_once, train_by_chunks
from . import flags

_AT_ONCE = 500_000_000  # bytes of inputs and targets that are trained on all at once
_CHUNK = 50_000_000  # and of a chunk, where there are more
_ROOM = 2**16  # bytes of a model's header for what is not its table


def run_train(options: argparse.Namespace) -> None:
    """Train on a table, and save the network."""
    check_output(options.save, options.data, force=options.force)
    start = perf_counter()
    table = open_table(options.data, options.delimiter)
    table_options = TableOptions(
        options.target, options.task, options.missing, options.categories, options.ignore
    )
    split = Split(options.holdout, VALIDATION_PART * options.early_stopping, options.seed)
    profile = take_profile(table, table_options, split, quiet=options.quiet)
    seconds = perf_counter() - start
    dropped = f", {profile.n_dropped} of them dropped" if profile.n_dropped else ""
    print(
        f"{table.path}: {profile.n_rows} rows{dropped}; read in {seconds:.1f} s, "
        f"{profile.n_rows / seconds:.0f} rows a second"
    )
    encoding = profile.encoding
    _check_describable(encoding)
    kind = "classification" if encoding.is_classification else "regression"
    print(f"{kind}, since {profile.reason}")
    print_kinds(encoding)
    settings = Settings(
        options.epochs,
        options.batch_size,
        options.optimizer,
        options.learning_rate,
        options.early_stopping,
        options.seed,
        options.quiet,
    )
    net = build_network(encoding, options.hidden, options.activation, options.dtype, options.seed)
    chunk_rows = _chunk_rows(net, profile.n_rows, options.chunk_rows)
    folder = options.save.parent if chunk_rows else None
    with ExitStack() as around:
        parts = [
            around.enter_context(closing(SpillBuffer(len(encoding.columns) + 1, net.dtype, folder)))
            for _ in range(N_PARTS)
        ]
        encode_table(table, table_options, split, encoding, parts, quiet=options.quiet)
        result = _train(net, encoding, parts, settings, chunk_rows)
    trained = {"file": table.path.name, "n_rows": parts[0].n_rows} | vars(settings)
    del trained["quiet"]
    describe_table(net, encoding, result, trained | provenance())
    net.save(options.save)
    print(f"Saved as {options.save}, {options.save.stat().st_size} bytes")


def _check_describable(encoding: Encoding) -> None:
    """Raise if the columns are too many for a model's file, before the training."""
    n_bytes = len(json.dumps(encoding.to_json()))
    if n_bytes > LARGEST_HEADER - _ROOM:
        raise TableError(
            f"the columns must have a description of at most {LARGEST_HEADER - _ROOM} bytes, "
            f"categories included, to be saved, got {n_bytes}"
        )


def _chunk_rows(net: Network, n_rows: int, asked: int | None) -> int | None:
    """Return how many rows to train on at a time, None for all."""
    n_bytes = (net.n_in + net.n_out) * net.dtype.itemsize  # of a row
    if asked is None and n_rows * n_bytes > _AT_ONCE:
        return max(1, _CHUNK // n_bytes)
    return asked


def _train(
    net: Network,
    encoding: Encoding,
    parts: list[SpillBuffer],
    settings: Settings,
    chunk_rows: int | None,
) -> dict[str, Any] | None:
    """Train, print the loss and the score, and return the score, None without held-out rows."""
    training, validation, held_out = parts
    if not training.n_rows or (settings.early_stopping and not validation.n_rows):
        raise TableError(
            "a table must have rows to train on and, for --early-stopping, others to stop by, got "
            f"{training.n_rows} and {validation.n_rows}"
        )
    widths = "-".join(str(n) for n in (net.n_in, *(layer.n_out for layer in net.layers)))
    chunks = f", {chunk_rows} at a time" if chunk_rows else ""
    stopping = f"{validation.n_rows} for early stopping, " if settings.early_stopping else ""
    print(
        f"{widths}, {net.n_params} parameters; {training.n_rows} rows to train on{chunks}, "
        f"{stopping}{held_out.n_rows} held out",
        flush=True,
    )
    if chunk_rows is None:
        history = train_at_once(net, encoding, training, validation, settings)
    else:
        history = train_by_chunks(net, encoding, training, validation, settings, chunk_rows)
    print(f"After {len(history.epoch)} epochs: loss {history['loss'][-1]:.6g}")
    result = score(net, encoding, held_out) if held_out.n_rows else None
    print(describe_score(encoding, result))
    return result


def run_predict(options: argparse.Namespace) -> None:
    """Predict for the rows of a table."""
    if options.output is not None:
        check_output(options.output, options.data, options.model, force=options.force)
    net, encoding, _ = load_model(options.model)
    if options.probabilities and (encoding is None or not encoding.is_classification):
        raise TableError("--probabilities must go with a classification, got another network")
    table = open_table(options.data, options.delimiter, bare=encoding is None)
    predictor = (
        numbers_predictor(net, table)
        if encoding is None
        else table_predictor(net, table, encoding, probabilities=options.probabilities)
    )
    if predictor.ignored:
        ignored = ", ".join(map(repr, predictor.ignored))
        print(f"fastnn: the network does not use the columns {ignored}", file=sys.stderr)
    if options.output is None:
        predictor.write(sys.stdout)
        return
    with (
        replaced_at_once(options.output) as (path,),
        open(path, "w", newline="", encoding="utf-8") as file,
    ):
        predictor.write(file)


def run_export(options: argparse.Namespace) -> None:
    """Write a network for other programs, on numbers as they are in the table."""
    paths = [options.onnx] if options.c is None else [options.c, options.c.with_suffix(".h")]
    for path in paths:
        check_output(path, options.model, force=options.force)
    net, encoding, _ = load_model(options.model)
    dtype = options.dtype or net.dtype.name
    if encoding is not None:
        net = on_raw_numbers(net, encoding)
    with replaced_at_once(*paths) as partial:
        if options.c is None:
            from ..exchange.onnx.files import to_onnx

            to_onnx(net, partial[0], dtype=dtype)
        else:
            from ..exchange.c.writer import to_c

            to_c(net, partial[0], dtype=dtype)
    print(f"Wrote {' and '.join(map(str, paths))}, in {dtype}")
    print_interface(net, encoding)
    print_doubles(net, dtype)


def run_info(options: argparse.Namespace) -> None:
    """Print a network, and what its file tells of its table and training."""
    net, encoding, description = load_model(options.model)
    print(f"{options.model}: {options.model.stat().st_size} bytes")
    print_network(net)
    if encoding is None:
        return
    try:
        print_table(encoding, description)
    except (LookupError, TypeError) as error:
        raise TableError(
            f"{options.model} must have metadata of fastnn train, got other"
        ) from error


ADD_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "train": flags.add_train_arguments,
    "predict": flags.add_predict_arguments,
    "export": flags.add_export_arguments,
    "info": flags.add_info_arguments,
}
RUN: dict[str, Callable[[argparse.Namespace], None]] = {
    "train": run_train,
    "predict": run_predict,
    "export": run_export,
    "info": run_info,
}
