"""What the file of a model tells of its table and its training, beside the model itself."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numba
import numpy as np

from .. import Network, Population, __version__
from .._storage.specs import as_object
from ..models import load_model
from ..tables.errors import TableError
from . import report

if TYPE_CHECKING:
    from ..tables.model import TableModel

_KEY = "fastnn train"  # in the metadata of a model
_TRAINED = ("file", "n_rows", "seed", "date", "platform", "versions")


@dataclass(frozen=True)
class Record:
    """The table that a model was trained on, and its scores."""

    target: str
    na_values: Sequence[str]  # those that mean a missing value
    columns: Mapping[str, str]  # a line on each
    scored: str
    scores: list[report.Score]
    known: Mapping[str, Any]  # of the targets: what `Judge.from_json` takes
    trained: Mapping[str, Any]  # when, where, on which file ...

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON can hold it."""
        return {_KEY: vars(self) | {"scores": report.to_json(self.scores)}}

    @classmethod
    def in_model(cls, model: TableModel) -> Self | None:
        """Return the record in the metadata of a model, None if there is none.

        LookupError, TypeError or ValueError: it is malformed.
        """
        if _KEY not in model.metadata:
            return None
        description = dict(model.metadata[_KEY])
        na_values = description["na_values"]
        if not all(isinstance(text, str) for text in [description["target"], *na_values]):
            raise TypeError("a name must be a text")
        as_object(description["trained"], _TRAINED)
        dict(description["columns"])
        return cls(**description | {"scores": report.from_json(description["scores"])})


def provenance() -> dict[str, str]:
    """Return the date, the platform and the versions, for the metadata."""
    versions = {"fastnn": __version__, "numpy": np.__version__, "numba": numba.__version__}
    versions["python"] = platform.python_version()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "platform": platform.platform(),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }


def load(path: Path) -> tuple[Any, Record | None]:
    """Return the model in a file, and its record if `fastnn train` wrote it."""
    loaded = load_model(path)
    if isinstance(loaded, Network | Population):
        return loaded, None
    try:
        return loaded, Record.in_model(loaded.model_)
    except (LookupError, TypeError, ValueError) as error:
        raise TableError(f"{path} must have metadata of fastnn train, got other") from error
