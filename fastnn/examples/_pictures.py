"""Writing the pictures of an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .._atomic import replaced_at_once

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def write_pictures(path: Path, pictures: Mapping[str, Callable[[], Axes]]) -> None:
    """Draw the pictures and write the first to `path`, each other to `path` with its name added."""
    from matplotlib import pyplot as plt

    print()
    for number, (name, draw) in enumerate(pictures.items()):
        file = path if number == 0 else path.with_stem(f"{path.stem}-{name}")
        figure = cast("Figure", draw().figure)
        with replaced_at_once(file) as (partial,):
            figure.savefig(partial)
        plt.close(figure)
        print(f"Wrote {file}: {name}")
