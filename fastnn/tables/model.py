"""`TableModel`: what predicts from the columns of a table, once it is trained."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self

from .._checks.arrays import Array
from .columns import NOTHING, TEXT, Column
from .encoder import Encoded, TableEncoder
from .ensemble import Member, mean_and_spread


@dataclass(frozen=True, kw_only=True)
class TableModel:
    """An encoder, the networks of an ensemble, and what their outputs mean.

    Attributes
    ----------
    encoder : TableEncoder
        The encoding of the columns.
    members : sequence of Member
        The networks.
    classes : ndarray or None
        The label of each output; None if the output is a number.
    center, scale : float
        That number is center + scale times the output.
    has_names : bool
        Whether the columns have names of their own, not only their places.
    parameters : mapping of str to object
        The parameters of the estimator.
    oof_score : float or None
        The accuracy or R2 out of fold; None if it is not known.
    metadata : dict
        The user's own data, as JSON has them.
    formats : mapping of str to mapping
        How `fastnn train` read the texts of each column: `formats.Format.from_json` takes them.
    """

    encoder: TableEncoder
    members: Sequence[Member]
    classes: Array | None = None
    center: float = 0.0
    scale: float = 1.0
    has_names: bool = True
    parameters: Mapping[str, Any] = field(default_factory=dict)
    oof_score: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    formats: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of training."""
        return list(self.encoder.kinds_)

    @property
    def shares(self) -> list[float]:
        """The weights of the members, of sum 1."""
        total = sum(member.weight for member in self.members)
        return [float(member.weight / total) for member in self.members]

    def read(self, columns: Sequence[Column]) -> list[Column]:
        """Return columns with texts for numbers or times, if `fastnn train` read such, as those.

        Raise ValueError if a text is not in the format of its column.
        """
        return [self._read(column) for column in columns]

    def _read(self, column: Column) -> Column:
        if column.kind != TEXT or self.encoder.kinds_.get(column.name) in (TEXT, NOTHING, None):
            return column
        if column.name not in self.formats:
            return column
        import pyarrow as pa

        from .formats import NA_VALUES, Format, Misfit
        from .parsing import values_of

        form = Format.from_json(self.formats[column.name])
        try:
            values = values_of(pa.array(column.values, pa.string()), form, NA_VALUES)
        except Misfit as misfit:
            raise ValueError(
                f"column {column.name!r} must be {misfit.required}, as in training, got "
                f"{misfit.got!r} in row {misfit.row}"
            ) from None
        numbers = values.cast(pa.float64()) if pa.types.is_boolean(values.type) else values
        return Column(column.name, numbers.to_numpy(zero_copy_only=False), form.zoned)

    def outputs(self, columns: Sequence[Column], n_threads: int = 1) -> tuple[Array, Array]:
        """Return the mean over the members and their standard deviation, a row for each of a table.

        They are probabilities, whose sum is 1 up to rounding of float64, or numbers of shape
        (n_rows, 1). The columns are those of training, in their order.
        """
        columns = self.encoder.as_trained(columns)

        def encoded(rows: slice) -> Encoded:
            return self.encoder.transform([c._replace(values=c.values[rows]) for c in columns])

        n_rows = len(columns[0].values)
        mean, spread = mean_and_spread(self.members, encoded, n_rows, n_threads)
        return self.in_units(mean), spread * self.scale

    def in_units(self, outputs: Array) -> Array:
        """Return outputs of the networks as probabilities or numbers."""
        if self.classes is not None:
            probabilities: Array = outputs / outputs.sum(axis=1, keepdims=True)
            return probabilities
        return outputs * self.scale + self.center

    def save(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the model to a file, which `model_file` describes."""
        from . import model_file

        model_file.write(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str] | BinaryIO) -> Self:
        """Return the model in a file; raise FormatError if there is none."""
        from . import model_file

        return cls(**model_file.read(path))
