"""A callback that prints what training records."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass

from .._checks.names import explained
from .._checks.scalars import as_count
from .base import Callback, Run

_N_COLUMNS = 80


@explained
@dataclass(eq=False)
class PrintMetrics(Callback):  # numpydoc ignore=PR02
    """Print a line after every few epochs: the epoch and its metrics, of validation too.

    That is after epochs 0, k, 2k ... for `every` = k, and after the last one. ``fit(verbose=k)``
    does it. Epochs between are trained in one compiled call where they are small.

    Parameters
    ----------
    every : int
        The number of epochs between lines, at least 1, by default 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Notes
    -----
    Lines go to `sys.stdout`, above a progress bar if there is one. What does not fit into 80
    columns goes on in the next line.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.callbacks import PrintMetrics
    >>> net = Network(1, [Dense(1, weights=[[0.0]])], loss="half_sse")
    >>> options = {"learning_rate": 0.25, "callbacks": [PrintMetrics(every=2)]}
    >>> history = net.fit([[1]], [2], epochs=4, **options)
    epoch 0: loss=2.000
    epoch 2: loss=0.1250
    epoch 3: loss=0.03125
    """

    every: int = 1

    def __post_init__(self) -> None:
        self.every = as_count("every", self.every)
        self._last_printed = -1

    def start(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Remember where training begins."""
        self._last_printed = run.epoch

    def next_epoch(self, epoch: int) -> int:  # numpydoc ignore=PR01,RT01
        """Return the next epoch after which there is a line."""
        return epoch + -epoch % self.every

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Print the line of an epoch if one is due."""
        if run.epoch % self.every == 0:
            self._print(run)

    def end(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Print the line of the last epoch if there is none yet."""
        if run.epoch != self._last_printed:
            self._print(run)

    def _print(self, run: Run) -> None:
        from tqdm.auto import tqdm  # as in the training loop

        self._last_printed = run.epoch
        metrics = " ".join(f"{name}={value:#.4g}" for name, value in run.figures().items())
        line = textwrap.fill(
            f"epoch {run.epoch}: {metrics}",
            _N_COLUMNS,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()
