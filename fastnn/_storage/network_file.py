"""Save a network to a file and load it, in version 1 of the format, which is described here.

The file is an `.npz` under any name, which NumPy alone can read; `npz` packs and checks it. It is
replaced atomically (`_atomic`), and reading it runs no code. An open file is written, and read to
its end, from its present position: what precedes is kept.

    >>> import json, tempfile
    >>> import numpy as np
    >>> from fastnn import Dense, Network
    >>> path = tempfile.NamedTemporaryFile().name
    >>> Network(3, [Dense(2, "tanh"), Dense(1)], seed=0).save(path)
    >>> with np.load(path) as file:
    ...     header = json.loads(file["header"].tobytes())
    ...     W0, b0 = file["W0"], file["b0"]
    >>> header["layers"][0]["activation"], W0.shape, b0
    ('tanh', (3, 2), array([0., 0.]))

Arrays are little-endian, in C order, without padding. With k for a layer and i for a metric:

    W{k}, b{k}                  parameters, (n_in, n_out) and (n_out,), of the network's dtype; no
                                b{k} if there is no bias
    given_W{k}, given_b{k}      float64, from older fastnn only: the weights and biases that `Dense`
                                was given, which are not used any more
    slots_W{k}, slots_b{k}      (n_slots, ...): the state of an optimiser of fastnn that has one
    standardize_mean,           float64, (n_in,) each: those of `Standardize`, if they are known
    standardize_scale
    history_epoch               int64: the epochs recorded
    history_{i}_epochs          int64: those of metric i
    history_{i}                 float64: its values

The header is JSON:

    format, version             "fastnn network", 1
    n_in, loss, dtype           as `Network` takes them
    layers                      as `Dense` takes them; weights and biases: whether they are given;
                                trainable only if it is false. Of `Heads`: {"heads": {name: the
                                same}}, and the loss is a list of [loss, weight] then
    random                      NumPy's state of the random source, and "source", its class:
                                Generator or RandomState
    training                    null before any training, or an object of optimizer, schedule (null
                                for the optimiser's own rate), reduction, n_updates, n_seen, key (0,
                                or the key of all random draws within epochs), epochs and, only if
                                it differs from n_updates or, where that is 0, from n_seen, updates:
                                those in all epochs
    history                     the names of the metrics
    metadata                    the user's own data
    feature_names               the column names of X, only if training has seen any
    standardize                 with_mean of `Standardize`, and is_known, whether its mean and scale
                                are; only if the network has one

Initialisers, optimisers and schedules are as in `specs`, losses and activations as in `functions`.
A reader refuses names that it does not know, so every addition makes a new version. To this one
were added `feature_names`, losses and activations that are no names, heads, `trainable`,
`standardize`, `updates`, `per` and `warmup` of schedules, and optimisers of a user's class: an
earlier reader takes all files but those that have them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from .._checks.arrays import Array, as_dtype, as_numbers
from .._checks.scalars import as_choice, as_count, as_flag
from .._training.state import TrainingState
from ..core import layout
from ..core.optimizers import KEY, N_COUNTERS, N_SEEN, N_UPDATES
from ..heads import as_loss_of
from ..history import History
from ..layers import net_parts
from ..losses import Loss
from ..standardize import Standardize
from .files import read_file, write_file
from .functions import Functions, as_functions, build_loss, check_names, describe_loss
from .layers import describe_layer, layers_in
from .npz import NETWORK, Archive, pack
from .specs import (
    JSON,
    as_list,
    as_object,
    as_whole,
    build_optimizer,
    build_random,
    build_schedule,
    describe_optimizer,
    describe_random,
    describe_schedule,
    short,
)

VERSION = 1

_FLOAT, _INT = "<f8", "<i8"
_DESCR = {"float64": "<f8", "float32": "<f4"}
_COUNTERS = {"n_updates": N_UPDATES, "n_seen": N_SEEN, "key": KEY}
_HEADER = (
    "format", "version", "n_in", "loss", "dtype", "layers", "random", "training", "history",
    "metadata",
)  # fmt: skip
_LATER = "feature_names", "standardize"  # in some files only
_TRAINING = ("optimizer", "schedule", "reduction", "epochs", *_COUNTERS)


def write(file: str | os.PathLike[str] | BinaryIO, state: Mapping[str, Any]) -> None:
    """Write a state of `Network.__getstate__` to a path or an open binary file."""
    write_file(file, lambda: packed(state))


def packed(state: Mapping[str, Any]) -> bytes:
    """Return the content of the file of a state."""
    check_names([(state["layers"], state["loss_name"])])
    header = {
        "format": NETWORK,
        "version": VERSION,
        "n_in": state["n_in"],
        "loss": describe_loss(state["loss_name"]),
        "dtype": state["dtype"].name,
        "layers": [describe_layer(layer) for layer in state["layers"]],
        "random": describe_random(state["_random"]),
        "training": _describe_training(state["_state"]),
        "history": [*state["history"]],
        "metadata": state["metadata"],
    }
    if (names := state.get("_feature_names")) is not None:
        header["feature_names"] = list(names)
    step = state.get("_standardize")
    if step is not None:
        header["standardize"] = {"with_mean": step.with_mean, "is_known": step.scale is not None}
    arrays = {
        name: as_numbers(name, view, state["dtype"])
        for name, view in _views(state["params"], state["table"]).items()
    }
    if header["training"] is not None and "own" not in header["training"]["optimizer"]:
        arrays |= _slot_arrays(state["_state"].slots, state["table"])
    for name in _moments(header):
        arrays[f"standardize_{name}"] = np.array(getattr(step, name))
    return pack(header, arrays | _history_arrays(state["history"]))


def read(file: str | os.PathLike[str] | BinaryIO, functions: Any = ()) -> dict[str, Any]:
    """Return the state in a file, for `Network.__setstate__`; `functions` are the user's own."""
    return read_file(file, partial(state_in, functions=as_functions(functions)))


def _views(flat: Array, table: Array) -> dict[str, Array]:
    """Return views of the parameters in a flat vector, by the names of their arrays."""
    views = {}
    layers = zip(layout.weight_views(flat, table), layout.bias_views(flat, table), strict=True)
    for k, (W, b) in enumerate(layers):
        views[f"W{k}"] = W
        if b is not None:
            views[f"b{k}"] = b
    return views


# ---- from a network ------------------------------------------------------------------------------


def _describe_training(state: TrainingState | None) -> JSON | None:
    """Return the training state without the optimiser state."""
    if state is None:
        return None
    counters = {name: int(state.counters[place]) for name, place in _COUNTERS.items()}
    is_as_counted = state.updates == _n_updates_in(counters)
    return {
        "optimizer": describe_optimizer(state.optimizer),
        "schedule": describe_schedule(state.schedule),
        "reduction": state.reduction,
        "epochs": state.epochs,
        **({} if is_as_counted else {"updates": state.updates}),
        **counters,
    }


def _n_updates_in(counters: JSON) -> Any:
    """Return the number of updates, which plain steps of single samples count as samples alone."""
    return counters.get("n_updates") or counters.get("n_seen")


def _slot_arrays(slots: Array, table: Array) -> dict[str, Array]:
    """Return the optimiser state, layer by layer."""
    views = [_views(slot, table) for slot in slots]
    names = views[0] if views else ()
    return {f"slots_{name}": np.stack([view[name] for view in views]) for name in names}


def _history_arrays(history: History) -> dict[str, Array]:
    """Return the epochs and the metrics."""
    arrays = {"history_epoch": np.array(history.epoch, _INT)}
    for i, name in enumerate(history):
        arrays[f"history_{i}_epochs"] = np.array(history.epochs_of(name), _INT)
        arrays[f"history_{i}"] = np.array(history[name], _FLOAT)
    return arrays


# ---- from a file ---------------------------------------------------------------------------------


def state_in(archive: Archive, functions: Functions = ()) -> dict[str, Any]:
    """Return the state of a network; allocate no more memory than the file holds."""
    header = _header_in(archive)
    n_in = as_count("n_in", header["n_in"])
    losses = _losses_in(header["loss"], functions)
    dtype = as_dtype(as_choice("dtype", header["dtype"], _DESCR))
    layers = layers_in(archive, n_in, header["layers"], functions)
    loss = as_loss_of(layers, losses)
    table, _ = net_parts(n_in, layers, loss, dtype)
    shapes = _shapes(table)
    arrays = {name: archive.take(name, _DESCR[dtype.name], shapes[name]) for name in shapes}
    training = header["training"]
    if training is not None:
        training = _training_in(archive, training, table, dtype)
    step = _standardize_in(archive, header, n_in)
    history = _history_in(archive, header["history"])
    archive.check_all_taken()
    params = np.zeros(layout.params_size(table), dtype)
    for name, view in _views(params, table).items():
        view[:] = as_numbers(name, arrays[name], dtype)
    return {
        "n_in": n_in,
        "layers": layers,
        "loss_name": loss,
        "dtype": dtype,
        "params": params,
        "table": table,
        "has_narrow": True,
        "_random": build_random(header["random"]),
        "_state": training,
        "history": history,
        "metadata": header["metadata"],
        "_feature_names": _names_in(header, n_in),
        "_standardize": step,
    }


def _header_in(archive: Archive) -> JSON:
    """Return the header of a file of this version."""
    header = archive.header_of(NETWORK, VERSION)
    names = (*_HEADER, *(name for name in _LATER if name in header))
    if not isinstance(as_object(header, names)["metadata"], dict):
        raise ValueError("metadata must be an object, got another kind of JSON")
    return header


def _names_in(header: JSON, n_in: int) -> tuple[str, ...] | None:
    """Return the column names of X, if there are any."""
    if "feature_names" not in header:
        return None
    names = as_list("feature_names", header["feature_names"])
    if len(names) != n_in or not all(isinstance(name, str) for name in names):
        raise ValueError(f"feature_names must be {n_in} names, got {short(names)}")
    return tuple(names)


def _moments(header: JSON) -> tuple[str, ...]:
    """Return which of mean and scale of a `Standardize` a file has."""
    described = header.get("standardize", {"is_known": False})
    names = ("mean", "scale") if described.get("with_mean") else ("scale",)
    return names if described["is_known"] else ()


def _standardize_in(archive: Archive, header: JSON, n_in: int) -> Standardize | None:
    """Return what standardises the inputs, if anything does."""
    if "standardize" not in header:
        return None
    described = as_object(header["standardize"], ("with_mean", "is_known"))
    for name, flag in described.items():
        as_flag(name, flag)
    entries = {name: f"standardize_{name}" for name in _moments(header)}
    known = {name: archive.take(entry, _FLOAT, (n_in,)) for name, entry in entries.items()}
    return Standardize(**known, with_mean=described["with_mean"])


def _losses_in(description: Any, functions: Functions) -> Loss | list[tuple[Loss, Any]]:
    """Return the loss, or a list of pairs, of the loss of a head and its weight."""
    if not isinstance(description, list):
        return build_loss(description, functions)
    pairs = []
    for pair in description:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f"a head must have a loss and a weight, got {short(pair)}")
        pairs.append((build_loss(pair[0], functions), pair[1]))
    return pairs


def _shapes(table: Array) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters, by the names of their arrays."""
    shapes: dict[str, tuple[int, ...]] = {}
    for k, row in enumerate(table.tolist()):
        shapes[f"W{k}"] = row[layout.N_IN], row[layout.N_OUT]
        if row[layout.HAS_BIAS]:
            shapes[f"b{k}"] = (row[layout.N_OUT],)
    return shapes


def _training_in(
    archive: Archive, description: Any, table: Array, dtype: np.dtype[Any]
) -> TrainingState:
    """Return the training state."""
    if isinstance(description, dict) and "updates" not in description:
        description = {**description, "updates": _n_updates_in(description)}
    as_object(description, (*_TRAINING, "updates"))
    optimizer = build_optimizer(description["optimizer"])
    n_slots = len(optimizer.initial_slots(1, dtype))
    arrays = {}
    if n_slots:
        for name, shape in _shapes(table).items():
            entry = f"slots_{name}"
            arrays[name] = archive.take(entry, _DESCR[dtype.name], (n_slots, *shape))
    slots = optimizer.initial_slots(layout.params_size(table), dtype)
    for s, slot in enumerate(slots):
        for name, view in _views(slot, table).items():
            view[:] = arrays[name][s]
    counters = np.zeros(N_COUNTERS, np.int64)
    for name, place in _COUNTERS.items():
        counters[place] = as_whole(name, description[name])
    return TrainingState(
        optimizer=optimizer,
        schedule=build_schedule(description["schedule"]),
        reduction=as_choice("reduction", description["reduction"], ("mean", "sum")),
        slots=slots,
        counters=counters,
        epochs=as_whole("epochs", description["epochs"]),
        updates=as_whole("updates", description["updates"]),
    )


def _history_in(archive: Archive, names: Any) -> History:
    """Return the history."""
    columns: dict[str, tuple[list[int], list[float]]] = {}
    for i, name in enumerate(as_list("history", names)):
        epochs = archive.take(f"history_{i}_epochs", _INT)
        figures = archive.take(f"history_{i}", _FLOAT)
        if not isinstance(name, str) or name in columns or len(epochs) != len(figures):
            raise ValueError(
                "history must have names that differ, and an epoch for each figure, got others"
            )
        columns[name] = epochs.tolist(), figures.tolist()
    history = History()
    history.extend(archive.take("history_epoch", _INT).tolist(), columns)
    return history
