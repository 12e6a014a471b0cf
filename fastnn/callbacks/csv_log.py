"""A callback that writes what training records to a table."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import KW_ONLY, dataclass
from typing import IO

from .._atomic import check_folder, replace_file
from .._checks.callers import warn_caller
from .._checks.names import explained
from .._checks.paths import as_path
from .._checks.scalars import as_flag
from .base import Callback, Run


@explained
@dataclass(eq=False)
class CSVLog(Callback):  # numpydoc ignore=PR02
    """Write the metrics of each epoch to a CSV file.

    There is one row for each epoch, with the columns epoch, learning_rate and every name in
    `History`; a cell is empty if the metric was not computed. Numbers have all their digits. Each
    row is written when its epoch ends.

    Parameters
    ----------
    path : str or os.PathLike
        The file, in an existing folder.
    append : bool or "auto"
        Whether to append to an existing file instead of overwriting it. By default "auto": only
        where training is resumed (``fit(resume=True)``), so that the rows so far stay. With True, a
        training that starts afresh appends its epochs, from 0 on, to those of others.

    Raises
    ------
    OSError
        From `fit`, before training, if the file cannot be written.
    ValueError
        From `fit`, before training, if the file to append to is another kind of table.

    Notes
    -----
    Where training is resumed from a file that `Checkpoint` saved some epochs before it ended, these
    epochs take place again: their rows, at the end of the table, are replaced. A last line without
    its end, which is what a training that was killed may leave, is dropped, with a warning unless
    its epoch takes place again.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import CSVLog
    >>> net = Network(1, [Dense(1, weights=[[0.0]])], loss="half_sse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "log.csv"
    ...     history = net.fit([[1]], [2], epochs=2, learning_rate=0.25, callbacks=[CSVLog(path)])
    ...     print(path.read_text().strip())
    epoch,learning_rate,loss
    0,0.25,2.0
    1,0.25,0.5
    """

    path: str | os.PathLike[str]
    _: KW_ONLY
    append: bool | str = "auto"

    def __post_init__(self) -> None:
        self._path = as_path(self.path)
        if not (isinstance(self.append, str) and self.append == "auto"):
            self.append = as_flag("append", self.append)
        self._columns: list[str] = []

    def start(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Create the file, or check the one to append to."""
        check_folder(self._path)
        is_kept = run.epoch >= 0 if self.append == "auto" else self.append
        with open(self._path, "a+" if is_kept else "w+", newline="", encoding="utf-8") as file:
            file.seek(0)
            text = self._text_of(file)
        whole = text[: 1 + max(text.rfind("\n"), text.rfind("\r"))]
        self._columns = next(csv.reader(io.StringIO(whole or text, newline="")), [])
        is_cut = not whole and (_START.startswith(text) or text.startswith(_START))
        if self._columns and self._columns[0] != "epoch" and not is_cut:
            raise ValueError(
                f"{self._path} must have epoch as its first column, got {self._columns[0]!r}"
            )
        if len(whole) < len(text):
            self._drop_torn(whole, run.epoch)
        if is_kept and run.epoch >= 0:
            self._drop_after(run.epoch)

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Write the row of an epoch."""
        row = {"epoch": run.epoch, "learning_rate": run.learning_rate, **run.figures()}
        if new := [name for name in row if name not in self._columns]:
            self._widen(new)
        with open(self._path, "a", newline="", encoding="utf-8") as file:
            self._writer(file).writerow(row)

    def _text_of(self, file: IO[str]) -> str:
        """Return all that a file holds, which must be text."""
        try:
            return file.read()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{self._path} must be a table in UTF-8 to append to, got a file that is none: "
                "give another path, or append=False to overwrite it"
            ) from error

    def _drop_torn(self, whole: str, epoch: int) -> None:
        """Keep the whole lines; warn if what follows them does not take place again."""
        if not whole:
            self._columns = []  # that were cut, too
        replace_file(self._path, whole.encode())
        rows = self._rows()
        if epoch < 0 or not rows or _epoch_of(rows[-1]) < epoch:
            warn_caller(f"{self._path} had a last line that was cut short: that row was dropped")

    def _drop_after(self, epoch: int) -> None:
        """Drop the last rows, of epochs after this one, which are about to take place again."""
        rows = self._rows()
        n_kept = len(rows)
        while n_kept and _epoch_of(rows[n_kept - 1]) > epoch:
            n_kept -= 1
        if n_kept < len(rows):
            self._replace(rows[:n_kept])

    def _widen(self, new: list[str]) -> None:
        """Add columns to the table, empty in the existing rows."""
        rows = self._rows()
        self._columns += new
        self._replace(rows)

    def _rows(self) -> list[dict[str, str]]:
        with open(self._path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def _replace(self, rows: list[dict[str, str]]) -> None:
        """Write the whole table."""
        table = io.StringIO()
        writer = self._writer(table)
        writer.writeheader()
        writer.writerows(rows)
        replace_file(self._path, table.getvalue().encode())

    def _writer(self, file: IO[str]) -> csv.DictWriter[str]:
        return csv.DictWriter(file, self._columns, lineterminator="\n")


_START = "epoch,"  # of the line of columns


def _epoch_of(row: dict[str, str]) -> int:
    """Return the epoch of a row, -1 if it is none."""
    text = row["epoch"]
    return int(text) if text.isdecimal() else -1
