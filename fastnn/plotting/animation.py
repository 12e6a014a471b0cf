"""`SurfaceAnimation`: the decision surface over the epochs, as a GIF or as HTML with a slider."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation, PillowWriter

from .._atomic import check_folder, replace_file, replaced_at_once
from .._checks.paths import as_path
from .._checks.scalars import as_count, as_positive
from ..callbacks import Callback, Run
from ._data import as_class_names, as_labels, as_rows, as_test_set, n_classes_in
from ._plane import answers_on, check_two_inputs, plane_around, shape_of
from ._style import new_axes
from .surfaces import DecisionSurfaceDisplay

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from .._checks.arrays import Array

GRID = 120  # points along each axis of a frame
# matplotlib's player takes these from a font on the web; the file here has all within itself
ICONS = {
    "minus": "-",
    "fast-backward": "|◀◀",
    "step-backward": "|◀",
    "play": "▶",
    "pause": "||",
    "step-forward": "▶|",
    "fast-forward": "▶▶|",
    "plus": "+",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: sans-serif }}
.animation img {{ max-width: 100% }}
</style>
</head>
<body>
{player}
</body>
</html>
"""


class SurfaceAnimation(Callback):
    """A callback that records a network every few epochs, to show its decision surface change.

    Pass it to `Network.fit`; afterwards `save` writes a GIF, or one HTML file with a slider that
    needs no network connection. It keeps a copy of the parameters for each frame, and computes the
    surfaces only when they are to be shown. A training that starts afresh begins a new recording,
    one that is resumed goes on with it.

    Parameters
    ----------
    X : array_like, shape (n_samples, 2)
        The coordinates of the training samples to show.
    y : array_like, shape (n_samples,), (n_samples, 1) or (n_samples, n_classes)
        The class labels 0, 1, 2 ...; of several columns, the largest gives the class.
    X_test, y_test : array_like, optional
        The test samples to show and their labels, as `X` and `y`, by default none.
    every : int
        The number of epochs between frames, at least 1, by default 1. The start of the training and
        its last epoch are frames too.
    class_names : sequence of str, optional
        The names of the classes, by default "class 0", "class 1" ....

    Raises
    ------
    TypeError
        If an array does not hold real numbers, or `every` is not an int.
    ValueError
        If shapes do not match, numbers are not finite, labels are not whole numbers from 0, a class
        has no name, or `every` is less than 1. From `fit`, if the network does not have two inputs.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fastnn import Dense, Network
    >>> from fastnn.plotting import SurfaceAnimation
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> frames = SurfaceAnimation(X, y, every=200)
    >>> net = Network(2, [Dense(4, "tanh"), Dense(1, "sigmoid")], seed=0)
    >>> history = net.fit(X, y, epochs=500, learning_rate=0.5, callbacks=[frames])
    >>> frames.epochs
    [-1, 199, 399, 499]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "xor.html"
    ...     frames.save(path)
    ...     "<!doctype html>" in path.read_text(encoding="utf-8")
    True
    """

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_test: ArrayLike | None = None,
        y_test: ArrayLike | None = None,
        *,
        every: int = 1,
        class_names: Sequence[str] | None = None,
    ) -> None:
        self.every = as_count("every", every)
        points = as_rows(X, 2).copy()  # frames are drawn later, when the user may have changed X
        self._samples = points, as_labels("y", y, len(points)), as_test_set(X_test, y_test)
        n_classes = n_classes_in(*self._samples[1:])
        self._names = as_class_names(class_names, n_classes)
        self._net: Any = None
        self._recorded: dict[int, Array] = {}
        self._last: tuple[int, Array] | None = None

    @property
    def epochs(self) -> list[int]:
        """The epochs of the frames; -1 is the network before the first one.

        Examples
        --------
        >>> from fastnn.plotting import SurfaceAnimation
        >>> SurfaceAnimation([[0, 0], [1, 1]], [0, 1]).epochs
        []
        """
        return list(self._frames())

    def start(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Record the network as training finds it."""
        check_two_inputs(run.network)
        params = run.network.params.copy()
        last = (-1, None) if self._last is None else (self._last[0], self._last[1].shape)
        if run.epoch < 0 or last != (run.epoch, params.shape):
            self._net = copy.deepcopy(run.network)
            self._recorded = {run.epoch: params}
        self._last = run.epoch, params

    def epoch(self, run: Run) -> None:  # numpydoc ignore=PR01
        """Record the network if a frame is due, and always as that of the last epoch so far."""
        self._last = run.epoch, run.network.params.copy()
        if (run.epoch + 1) % self.every == 0:
            self._recorded[run.epoch] = self._last[1]

    def save(self, path: str | os.PathLike[str], *, fps: int = 5, dpi: float = 100.0) -> None:
        """Write the frames to a file: a GIF, or HTML with a slider.

        Parameters
        ----------
        path : str or os.PathLike
            The file, in an existing folder, whose name ends in .gif or .html. It is overwritten.
        fps : int
            The frames a second, at least 1, by default 5.
        dpi : float
            The dots an inch, by default 100, which makes frames of 800 times 500 pixels.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, no network has been recorded, or the outputs of one
            are not finite.
        FileNotFoundError
            If the folder does not exist.

        Examples
        --------
        >>> from fastnn.plotting import SurfaceAnimation
        >>> SurfaceAnimation([[0, 0], [1, 1]], [0, 1]).save("xor.mp4")
        Traceback (most recent call last):
            ...
        ValueError: path must end in .gif or .html, got xor.mp4
        """
        file = as_path(path)
        kind = file.suffix.lower()
        if kind not in (".gif", ".html"):
            raise ValueError(f"path must end in .gif or .html, got {file}")
        check_folder(file)
        if kind == ".html":
            replace_file(file, self.to_html(fps=fps, dpi=dpi).encode())
            return
        fps, dpi = as_count("fps", fps), as_positive("dpi", dpi)
        with self._animation(fps) as frames, replaced_at_once(file) as (partial,):
            frames.save(partial, writer=PillowWriter(fps=fps), dpi=dpi)

    def to_html(self, *, fps: int = 5, dpi: float = 100.0) -> str:
        """Return a page of HTML that shows the frames, with a slider.

        The images are inside the page, and it refers to no other file. It holds a script, which
        plays them.

        Parameters
        ----------
        fps : int
            The frames a second, at least 1, by default 5.
        dpi : float
            The dots an inch, by default 100, which makes frames of 800 times 500 pixels.

        Returns
        -------
        str
            The page.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, no network has been recorded, or the outputs of one
            are not finite.

        Examples
        --------
        >>> from fastnn.plotting import SurfaceAnimation
        >>> SurfaceAnimation([[0, 0], [1, 1]], [0, 1]).to_html()
        Traceback (most recent call last):
            ...
        ValueError: a network must have been recorded: pass this to fit in callbacks=[...]
        """
        title = "Decision surface by epoch"
        return PAGE.format(title=escape(title), player=self._player(fps, dpi))

    def _repr_html_(self) -> str | None:
        """Return the player, which a notebook shows; nothing before a training."""
        return self._player(5, 100.0) if self._recorded else None

    def _player(self, fps: int, dpi: float) -> str:
        """Return matplotlib's player, without what it loads from the web."""
        fps, dpi = as_count("fps", fps), as_positive("dpi", dpi)
        # the limit, in MB, beyond which matplotlib leaves out frames
        settings: Any = {"animation.embed_limit": 1000.0, "savefig.dpi": dpi, "figure.dpi": dpi}
        with mpl.rc_context(settings), self._animation(fps) as frames:
            player = frames.to_jshtml(fps=fps, default_mode="once")
        icons = "".join(
            f'.fa-{name}::before {{ content: "{icon}"; font-style: normal }}\n'
            for name, icon in ICONS.items()
        )
        flip = ".fa-flip-horizontal { display: inline-block; transform: scaleX(-1) }\n"
        return f"<style>\n{icons}{flip}</style>\n" + re.sub(r"<link[^>]*>", "", player)

    def _frames(self) -> dict[int, Array]:
        """Return the parameters of each frame by its epoch, those of the last epoch too."""
        last = {} if self._last is None else dict([self._last])
        return self._recorded | last

    @contextmanager
    def _animation(self, fps: int) -> Iterator[FuncAnimation]:
        """Yield the animation; its figure is closed afterwards."""
        frames = self._frames()
        if not frames:
            raise ValueError(
                "a network must have been recorded: pass this to fit in callbacks=[...]"
            )
        points, labels, test = self._samples
        x1, x2 = plane_around(points, GRID, test)
        surfaces = {}
        for epoch, params in frames.items():
            self._net.params = params
            surfaces[epoch] = answers_on(self._net, x1, x2)
        shape, ax = shape_of(self._net), new_axes(5)
        figure = cast("Figure", ax.figure)

        def draw(epoch: int) -> list[Any]:
            ax.clear()
            when = "before training" if epoch < 0 else f"after epoch {epoch}"
            title = f"{shape}, {when}"
            answers = surfaces[epoch]
            DecisionSurfaceDisplay(x1, x2, answers, points, labels, test, self._names, title).plot(
                ax
            )
            if figure.get_layout_engine() is not None:
                figure.draw_without_rendering()
                figure.set_layout_engine("none")  # so that the axes stay in their place
            return []

        try:
            yield FuncAnimation(
                figure, draw, frames=list(frames), interval=1000 / fps, init_func=lambda: []
            )
        finally:
            plt.close(figure)
