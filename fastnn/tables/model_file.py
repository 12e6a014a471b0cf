"""Save a model of a table and load it, in version 1 of the format, which is described here.

The file is an `.npz`, as that of a network (`_storage.network_file`): NumPy alone can read it, it
is replaced atomically, and reading it runs no code. It holds no row of the table it was trained on;
it does hold the categories, the range of each column of numbers in eighths, and the labels.

    network_{k}                 uint8: the file of the network of member k, without training state
    by_target_{k}               float32, (n_codes, n_targets): for its columns of many categories,
                                one after the other, the inputs that stand for each
    scale                       float64, (2, n_numbers): median and scale of each number; a time is
                                five numbers
    with_indicator              int64: the numbers that have an input for missing ones
    bin_column                  int64: the number that each bin is of
    bin_low, bin_width          float64: where it starts, and its width
    frequency, phase            float64: of periodic features, (n_frequencies,) and (n_numbers,
                                n_frequencies)
    category_texts              uint8: all categories in UTF-8, one column after the other
    category_lengths            int64: the length of each, in characters
    category_places             int64: the input of each, -1 if none; after the categories of a
                                column, that of texts that training did not see

The header is JSON:

    format, version             "fastnn table", 1
    columns                     for each its name, its kind (number, text, time, time with a zone,
                                or nothing where training had no value) and, of a text, the number
                                of categories, and whether one more, the last, is "missing"
    has_names                   whether names are those of the table, not places
    encodings                   names in `ENCODINGS`: there are blocks of these
    members                     for each its encoding, weight, best_epoch, held_loss, and by_target:
                                whether it has statistics
    target                      classes with their dtype ("int64", "str", "object", ...), or center
                                and scale
    parameters                  of the estimator, those that JSON holds
    oof_score                   a number, or null
    metadata                    the user's own data
    formats                     for columns of a file, how their texts become values (`formats`)
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from .._checks.arrays import Array, check_finite
from .._checks.scalars import as_number, as_positive
from .._storage import network_file
from .._storage.files import read_file, write_file
from .._storage.metadata import check_metadata
from .._storage.npz import TABLE, Archive, pack
from .._storage.specs import JSON, as_list, as_object, as_whole, short
from ..network import Network
from .by_target import ByTarget
from .columns import NOTHING, NUMBER, TEXT, TIMES
from .encoder import ENCODINGS, Categories, TableEncoder
from .ensemble import Member
from .model import TableModel
from .numbers import Periodic, PiecewiseBins, RobustScale

VERSION = 1
_HEADER = (
    "format", "version", "columns", "has_names", "encodings", "members", "target", "parameters",
    "oof_score", "metadata", "formats",
)  # fmt: skip
_INT, _BYTES = "<i8", "|u1"
_MEMBER = ("encoding", "weight", "best_epoch", "held_loss", "by_target")


def write(file: str | os.PathLike[str] | BinaryIO, model: TableModel) -> None:
    """Write a model to a path or an open binary file."""
    check_metadata(model.metadata)
    write_file(file, lambda: _packed(model))


def read(file: str | os.PathLike[str] | BinaryIO) -> JSON:
    """Return the attributes of the model in a file."""
    return read_file(file, state_in)


# ---- from a model --------------------------------------------------------------------------------


def _packed(model: TableModel) -> bytes:
    """Return the content of the file of a model."""
    score = model.oof_score
    header = {
        "format": TABLE,
        "version": VERSION,
        "columns": [_describe_column(model.encoder, name) for name in model.names],
        "has_names": model.has_names,
        "encodings": [n for n, blocks in ENCODINGS.items() if model.encoder.blocks >= {*blocks}],
        "members": [_describe_member(member) for member in model.members],
        "target": _describe_target(model),
        "parameters": {
            name: plain for name, value in model.parameters.items() for plain in _as_plain(value)
        },
        "oof_score": score if score is not None and math.isfinite(score) else None,
        "metadata": model.metadata,
        "formats": dict(model.formats),
    }
    arrays = _arrays_of(model.encoder)
    for k, member in enumerate(model.members):
        content = network_file.packed(member.network.__getstate__() | {"_state": None})
        arrays[f"network_{k}"] = np.frombuffer(content, np.uint8)
        if member.by_target is not None:
            arrays[f"by_target_{k}"] = np.concatenate(member.by_target.tables)
    return pack(header, arrays)


def _describe_column(encoder: TableEncoder, name: str) -> list[Any]:
    kind = encoder.kinds_[name]
    if kind != TEXT:
        return [name, kind]
    texts = encoder.categories_[name].texts
    is_missing_one = texts[-1] is None
    return [name, kind, len(texts) - is_missing_one, is_missing_one]


def _describe_member(member: Member) -> JSON:
    return {name: getattr(member, name) for name in _MEMBER} | {
        "by_target": member.by_target is not None
    }


def _describe_target(model: TableModel) -> JSON:
    """Return the classes, or the unit of the target."""
    if model.classes is None:
        return {"center": model.center, "scale": model.scale}
    dtype = model.classes.dtype
    labels = [x.item() if isinstance(x, np.generic) else x for x in model.classes.tolist()]
    for label in labels:
        if not isinstance(label, str | int | float | bool):
            raise ValueError(
                f"labels must be texts, numbers or booleans to be saved, got {label!r}: give `fit` "
                "such labels"
            )
    return {"classes": labels, "dtype": "str" if dtype.kind == "U" else dtype.name}


def _as_plain(value: Any) -> Iterator[Any]:
    """Yield a parameter as JSON, or nothing if it is an object, or would come back as another."""
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, np.generic):
        value = value.item()
    try:
        if json.loads(json.dumps(value, allow_nan=False)) == value:
            yield value
    except (TypeError, ValueError):
        return


def _arrays_of(encoder: TableEncoder) -> dict[str, Array]:
    """Return the arrays of an encoder."""
    arrays = {
        "scale": np.array([encoder.scale_.center, encoder.scale_.scale]),
        "with_indicator": encoder.with_indicator_.astype(_INT),
    }
    if (bins := encoder.bins_) is not None:
        arrays |= {"bin_low": bins.low, "bin_width": bins.width}
        arrays["bin_column"] = bins.column.astype(_INT)
    if (periodic := encoder.periodic_) is not None:
        arrays |= {"frequency": periodic.frequency, "phase": periodic.phase}
    if categories := encoder.categories_.values():
        texts = [text for each in categories for text in each.texts if text is not None]
        content = "".join(texts).encode("utf-8", "surrogatepass")
        arrays["category_texts"] = np.frombuffer(content, np.uint8)
        arrays["category_lengths"] = np.array([len(text) for text in texts], _INT)
        arrays["category_places"] = np.concatenate([each.place for each in categories])
    return arrays


# ---- from a file ---------------------------------------------------------------------------------


def state_in(archive: Archive) -> JSON:
    """Return the attributes of a model."""
    header = as_object(archive.header_of(TABLE, VERSION), _HEADER)
    for name in ("parameters", "metadata", "formats"):
        if not isinstance(header[name], dict):
            raise ValueError(f"{name} must be an object, got another kind of JSON")
    encoder = _encoder_in(archive, header["columns"], header["encodings"])
    target = _target_in(header["target"])
    n_out = len(target["classes"]) if "classes" in target else 1
    members = [
        _member_in(archive, k, description, encoder, n_out)
        for k, description in enumerate(as_list("members", header["members"]))
    ]
    if not members:
        raise ValueError("members must be at least one, got none")
    archive.check_all_taken()
    score = header["oof_score"]
    return {
        "encoder": encoder,
        "members": members,
        **target,
        "has_names": bool(header["has_names"]),
        "parameters": header["parameters"],
        "oof_score": None if score is None else float(score),
        "metadata": header["metadata"],
        "formats": header["formats"],
    }


def _encoder_in(archive: Archive, columns: Any, encodings: Any) -> TableEncoder:
    """Return the encoder."""
    for name in as_list("encodings", encodings):
        if name not in [*ENCODINGS]:
            raise ValueError(f"encodings must be of {', '.join(ENCODINGS)}, got {name!r}")
    encoder = TableEncoder(encodings)
    encoder.kinds_ = {}
    sizes = {}
    for column in as_list("columns", columns):
        name, kind, *rest = as_list("columns", column)
        if not isinstance(name, str) or name in encoder.kinds_:
            raise ValueError(f"columns must have names that differ, got {short(name)}")
        if kind not in (NUMBER, TEXT, *TIMES, NOTHING) or len(rest) != 2 * (kind == TEXT):
            raise ValueError(f"columns must be as in this version, got {short(column)}")
        encoder.kinds_[name] = kind
        if kind == TEXT:
            sizes[name] = as_whole("categories", rest[0]), bool(rest[1])
    if not encoder.kinds_:
        raise ValueError("columns must be at least one, got none")
    n_numbers = max((place.stop for place in encoder.places.values()), default=0)
    encoder.scale_ = RobustScale(*_floats_in(archive, "scale", (2, n_numbers)))
    if not (encoder.scale_.scale > 0).all():
        raise ValueError("scale must be above 0, got another number")
    encoder.with_indicator_ = archive.take("with_indicator", _INT)
    _check_range("with_indicator", encoder.with_indicator_, 0, n_numbers)
    encoder.bins_ = encoder.periodic_ = None
    if "bins" in encoder.blocks:
        column = archive.take("bin_column", _INT)
        _check_range("bin_column", column, 0, n_numbers)
        low, width = (_floats_in(archive, f"bin_{part}", column.shape) for part in ("low", "width"))
        if not (width > 0).all():
            raise ValueError("bin_width must be above 0, got another number")
        encoder.bins_ = PiecewiseBins(column, low, width)
    if "periodic" in encoder.blocks:
        frequency = _floats_in(archive, "frequency")
        phase = _floats_in(archive, "phase", (n_numbers, len(frequency)))
        encoder.periodic_ = Periodic(frequency, phase)
    encoder.categories_ = dict(_categories_in(archive, sizes)) if sizes else {}
    return encoder


def _categories_in(
    archive: Archive, sizes: Mapping[str, tuple[int, bool]]
) -> Iterator[tuple[str, Categories]]:
    """Yield the name and the categories of each column of texts."""
    content = archive.take("category_texts", _BYTES).tobytes().decode("utf-8", "surrogatepass")
    lengths, places = archive.take("category_lengths", _INT), archive.take("category_places", _INT)
    n_texts = sum(n for n, _ in sizes.values())
    n_places = sum(n + is_missing_one + 1 for n, is_missing_one in sizes.values())
    if (len(lengths), len(places)) != (n_texts, n_places):
        raise ValueError(f"there must be {n_texts} categories, got {len(lengths)}")
    _check_range("category_lengths", lengths, 0, len(content) + 1)
    _check_range("category_places", places, -1, n_places)
    ends = np.cumsum(lengths).tolist()
    if (ends[-1] if ends else 0) != len(content):
        raise ValueError("the lengths of categories must be those of their texts, got others")
    all_texts = iter([content[e - n : e] for e, n in zip(ends, lengths.tolist(), strict=True)])
    for name, (n, is_missing_one) in sizes.items():
        texts: list[str | None] = [next(all_texts) for _ in range(n)]
        texts += [None] * is_missing_one
        place, places = places[: len(texts) + 1], places[len(texts) + 1 :]
        yield name, Categories((*texts,), place)


def _member_in(
    archive: Archive, k: int, description: Any, encoder: TableEncoder, n_out: int
) -> Member:
    """Return a member, whose network takes the inputs of its encoding."""
    given = as_object(description, _MEMBER)
    if given["encoding"] not in [*ENCODINGS]:
        raise ValueError(f"encoding must be of {', '.join(ENCODINGS)}, got {given['encoding']!r}")
    n_in = sum(encoder.widths[block] for block in ENCODINGS[given["encoding"]])
    by_target = None
    if given["by_target"]:
        n_targets = 1 if n_out <= 2 else n_out
        shape = sum(encoder.n_codes), n_targets
        values = _floats_in(archive, f"by_target_{k}", shape, np.float32)
        tables = np.split(values, np.cumsum(encoder.n_codes)[:-1])
        by_target, n_in = ByTarget(tables), n_in + len(tables) * n_targets
    network = Network.load(io.BytesIO(archive.take(f"network_{k}", _BYTES).tobytes()))
    if (network.n_in, network.n_out) != (n_in, n_out):
        raise ValueError(
            f"network {k} must have {n_in} inputs and {n_out} outputs, got {network.n_in} and "
            f"{network.n_out}"
        )
    return Member(
        network,
        given["encoding"],
        None,
        as_whole("best_epoch", given["best_epoch"]),
        float(given["held_loss"]),
        as_positive("weight", given["weight"]),
        by_target,
    )


def _target_in(description: Any) -> JSON:
    """Return the classes, or the unit of the target."""
    if isinstance(description, dict) and "classes" in description:
        labels = as_list("classes", as_object(description, ("classes", "dtype"))["classes"])
        if not all(isinstance(label, str | int | float | bool) for label in labels):
            raise ValueError("classes must be texts, numbers or booleans, got others")
        dtype = np.dtype(description["dtype"])
        if dtype.kind not in "biufUO" or dtype.names or dtype.itemsize > 16:
            raise ValueError(f"classes must be of a plain dtype, got {dtype}")
        classes = np.array(labels, dtype)
        if classes.shape != (len(labels),) or len(labels) < 2:
            raise ValueError(f"classes must be at least two labels, got {short(labels)}")
        return {"classes": classes}
    as_object(description, ("center", "scale"))
    return {
        "center": as_number("center", description["center"]),
        "scale": as_positive("scale", description["scale"]),
    }


def _floats_in(
    archive: Archive,
    name: str,
    shape: tuple[int, ...] | None = None,
    dtype: type[Any] = np.float64,
) -> Array:
    """Return an array of finite numbers of a shape; None means one axis of any length."""
    values = archive.take(name, np.dtype(dtype).newbyteorder("<").str, shape).astype(dtype)
    check_finite(name, values)
    return values


def _check_range(name: str, values: Array, low: int, high: int) -> None:
    if not ((values >= low) & (values < high)).all():
        raise ValueError(f"{name} must be from {low} to {high - 1}, got other numbers")
