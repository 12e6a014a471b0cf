"""Writing the pictures of an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .._atomic import replaced_at_once

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..plotting import SurfaceAnimation

    Picture: TypeAlias = "Callable[[], Axes] | SurfaceAnimation"

MOVING = (".gif", ".html")


def write_pictures(path: Path, pictures: Mapping[str, Picture], *, dark: bool = False) -> None:
    """Draw the pictures and write the first to `path`, each other to `path` with its name added.

    If `path` is that of an animation, pictures that do not move are written as .png. Dark ones are
    drawn on black.
    """
    from matplotlib import pyplot as plt

    print()
    with plt.style.context("dark_background" if dark else {}):
        _write(path, pictures)


def _write(path: Path, pictures: Mapping[str, Picture]) -> None:
    from matplotlib import pyplot as plt

    for number, (name, picture) in enumerate(pictures.items()):
        file = path if number == 0 else path.with_stem(f"{path.stem}-{name}")
        if callable(picture):
            if file.suffix.lower() in MOVING:
                file = file.with_suffix(".png")
            figure = cast("Figure", picture().figure)
            with replaced_at_once(file) as (partial,):
                figure.savefig(partial)
            plt.close(figure)
        else:
            picture.save(file)
        print(f"Wrote {file}: {name}")


def recorded(
    path: Path | None, *data: Any, every: int, **options: Any
) -> dict[str, SurfaceAnimation]:
    """Return the callback that records the training, if `path` is that of an animation, by name."""
    if path is None or path.suffix.lower() not in MOVING:
        return {}
    from ..plotting import SurfaceAnimation

    return {"training": SurfaceAnimation(*data, every=every, **options)}
