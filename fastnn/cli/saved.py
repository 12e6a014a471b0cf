"""What `fastnn export` and `fastnn info` do with a model that was saved."""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from typing import Any

from .. import Network, Population
from .._atomic import replaced_at_once
from .._storage.functions import shown_loss
from ..tabular.model import load
from ..tabular.outputs import check_output
from ..tabular.report import OF_TRAINING, line_of_members, lines_of, table_of, wrapped


def run_export(options: argparse.Namespace) -> None:
    """Write a model for other programs."""
    paths = [options.onnx] if options.c is None else [options.c, options.c.with_suffix(".h")]
    for path in paths:
        check_output(path, options.model, force=options.force)
    loaded, _ = load(options.model)
    given: dict[str, Any] = {} if options.dtype is None else {"dtype": options.dtype}
    with replaced_at_once(*paths) as partial:
        if options.c is None:
            from ..exchange.onnx.files import to_onnx

            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always", UserWarning)
                to_onnx(loaded, partial[0], **given)
            for each in told:
                print(wrapped(f"note: {each.message}"))
        else:
            from ..exchange.c.writer import to_c

            to_c(loaded, partial[0], **given)
    print(f"Wrote {' and '.join(map(str, paths))}")
    if isinstance(loaded, Network | Population):
        network = loaded if isinstance(loaded, Network) else loaded[0]
        print(f"{network.n_in} inputs and {network.n_out} outputs, as they are")
        return
    from ..tables.columns import NUMBER  # which needs scikit-learn, as a model of a table does

    model = loaded.model_
    print("Inputs are the columns of the table as they are, in this order:")
    print("\n".join(lines_of(model.encoder.kinds_)))
    if NUMBER in model.encoder.kinds_.values():
        print("Durations are numbers of days, times of day of hours")
    outputs = ["the prediction"] if model.classes is None else model.classes.tolist()
    what = "Output" if model.classes is None else "Outputs, in this order, the probability of"
    print(wrapped(f"{what}: {', '.join(map(str, outputs))}"))


def run_info(options: argparse.Namespace) -> None:
    """Print a model, and what its file tells of its table and training."""
    loaded, record = load(options.model)
    print(f"{options.model}: {options.model.stat().st_size} bytes")
    if isinstance(loaded, Network):
        _print_network(loaded)
        return
    if isinstance(loaded, Population):
        _print_population(loaded)
        return
    model = loaded.model_
    kind = "regression" if model.classes is None else "classification"
    of_target = "" if record is None else f" of {record.target!r}"
    print(wrapped(f"{kind}{of_target}, columns {len(model.names)}"))
    if model.classes is not None:
        print(wrapped(f"  classes {', '.join(map(str, model.classes))}"))
    if record is not None:
        print(OF_TRAINING)
        print("\n".join(lines_of(record.columns)))
    print(line_of_members(model.members))
    if record is not None:
        if record.scores:
            print("\n".join(table_of(record.scored, record.scores)))
        trained = record.trained
        print(wrapped(f"Trained {trained['date']} on {trained['platform']}"))
        print(f"  {trained['n_rows']} rows of {trained['file']}, seed {trained['seed']}")
        print(wrapped(f"  {trained['versions']}"))


def _print_network(net: Network) -> None:
    """Print the layers and how a network was trained."""
    print(net.summary())
    loss = shown_loss(net.loss_function)
    print(wrapped(f"{net.n_in} inputs, loss {loss}, {net.dtype}"))
    if net.history:
        last = ", ".join(f"{name} {values[-1]:.6g}" for name, values in net.history.items())
        print(wrapped(f"{len(net.history.epoch)} epochs: {last}"))


def _print_population(population: Population) -> None:
    """Print how many networks there are of each kind, and how they were trained."""
    print(f"population of {len(population)} networks, whose mean is predicted")
    for kind, n in Counter(map(repr, population)).items():
        print(wrapped(f"{n:>8} {kind}"))
    names = dict.fromkeys(name for net in population for name in net.history)
    for name in names:
        last = [net.history[name][-1] for net in population if name in net.history]
        print(f"{name} from {min(last):.6g} to {max(last):.6g}")


RUN = {"export": run_export, "info": run_info}
