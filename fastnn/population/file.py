"""Save a population and load it, in version 1 of the format, which is described here.

The file is an `.npz`, as that of a network (`_storage.network_file`): NumPy alone can read it, it
is replaced atomically, and reading it runs no code.

    networks                    uint8: the files of the networks, one after the other
    network_ends                int64: where each ends
    held                        int64: samples that were held out, one set of them after the other
    held_ends                   int64: where each set ends

The header is JSON:

    format, version             "fastnn population", 1
    best_epochs                 for each network the epoch whose weights `EarlyStopping` has
                                restored, or null
    held                        for each network the number of the set that it held out, or null
    n_samples                   for each network the number of all samples of its last training
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from .._checks.arrays import Array
from .._storage import network_file
from .._storage.files import read_file, write_file
from .._storage.functions import as_functions, check_names
from .._storage.metadata import check_metadata
from .._storage.npz import POPULATION, Archive, pack
from .._storage.specs import as_list, as_object, as_whole
from ..network import Network
from .record import Note, Record

VERSION = 1
_NOTES = ("best_epochs", "held", "n_samples")
_HEADER = ("format", "version", *_NOTES)
_INT, _BYTES = "<i8", "|u1"


def write(file: str | os.PathLike[str] | BinaryIO, record: Record) -> None:
    """Write networks and the notes on them to a path or an open binary file."""
    for net in record.networks:
        check_metadata(net.metadata)
    check_names((net.layers, net.loss_function) for net in record.networks)
    write_file(file, lambda: _packed(record))


def read(
    file: str | os.PathLike[str] | BinaryIO, functions: Any = ()
) -> tuple[list[Network], dict[int, Note]]:
    """Return the networks in a file and the notes on them; `functions` are the user's own."""
    return read_file(file, partial(state_in, functions=as_functions(functions)))


def _packed(record: Record) -> bytes:
    """Return the content of the file."""
    notes = record.notes()
    sets = {note.held.tobytes(): note.held for note in notes if note.held is not None}
    places = {key: place for place, key in enumerate(sets)}
    header = {
        "format": POPULATION,
        "version": VERSION,
        "best_epochs": [note.best_epoch for note in notes],
        "held": [None if note.held is None else places[note.held.tobytes()] for note in notes],
        "n_samples": [note.n_samples for note in notes],
    }
    contents = [network_file.packed(net.__getstate__()) for net in record.networks]
    files = [np.frombuffer(content, np.uint8) for content in contents]
    arrays = {"networks": np.concatenate(files), "network_ends": _ends(files)}
    if sets:
        arrays |= {"held": np.concatenate([*sets.values()]), "held_ends": _ends(sets.values())}
    return pack(header, arrays)


def _ends(parts: Iterable[Array]) -> Array:
    return np.cumsum([len(part) for part in parts], dtype=_INT)


def state_in(archive: Archive, functions: Any = ()) -> tuple[list[Network], dict[int, Note]]:
    """Return the networks and the notes on them."""
    header = as_object(archive.header_of(POPULATION, VERSION), _HEADER)
    best_epochs, held, sizes = (as_list(name, header[name]) for name in _NOTES)
    files = _parts_in(archive, "networks", "network_ends", _BYTES)
    networks = [Network.load(io.BytesIO(part.tobytes()), functions=functions) for part in files]
    numbers = [len(best_epochs), len(held), len(sizes)]
    if {*numbers} != {len(networks)}:
        raise ValueError(f"there must be notes on each of {len(networks)}, got {numbers}")
    sets: list[Array] = []
    if any(place is not None for place in held):
        sets = _parts_in(archive, "held", "held_ends", _INT)
    archive.check_all_taken()
    for rows in sets:
        if rows[0] < 0 or (np.diff(rows) <= 0).any():
            raise ValueError("held must be numbers of samples in order, got others")
    notes = {
        k: Note(
            None if epoch is None else as_whole("best_epochs", epoch),
            None if place is None else sets[as_whole("held", place)],
            as_whole("n_samples", n_samples),
        )
        for k, (epoch, place, n_samples) in enumerate(zip(best_epochs, held, sizes, strict=True))
    }
    for note in notes.values():
        if note.held is not None and note.held[-1] >= note.n_samples:
            raise ValueError(f"held must be of {note.n_samples} samples, got {note.held[-1]}")
    return networks, notes


def _parts_in(archive: Archive, name: str, ends: str, dtype: str) -> list[Array]:
    """Return the parts of an array: one at least, none of them empty."""
    values, stops = archive.take(name, dtype), archive.take(ends, _INT)
    if not len(stops) or stops[-1] != len(values) or (np.diff(stops, prepend=0) <= 0).any():
        raise ValueError(f"{ends} must rise to the length of {name}, got other numbers")
    return np.split(values, stops[:-1])
