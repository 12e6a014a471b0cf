"""What objects show of themselves in a notebook: tables of HTML, without scripts or colours.

The notebook's own style draws them, so they are legible on light and on dark pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_LINE, _GAP = 80, "  "


def html_table(
    rows: Iterable[Sequence[object]], *, head: Sequence[object] = (), caption: str = ""
) -> str:
    """Return a table of escaped texts; those of several lines keep them."""
    parts = ["<table>"]
    if caption:
        parts.append(f'<caption style="text-align: left">{escape(caption)}</caption>')
    if head:
        parts.append(f"<thead>{_row(head, 'th')}</thead>")
    parts += ["<tbody>", *(_row(row, "td") for row in rows), "</tbody>", "</table>"]
    return "\n".join(parts)


def _row(cells: Sequence[object], tag: str) -> str:
    font = "; font-family: monospace" if tag == "td" else ""
    style = f' style="text-align: left; white-space: pre; vertical-align: top{font}"'
    return (
        "<tr>" + "".join(f"<{tag}{style}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"
    )


class TextTable(str):
    """A table as text, with aligned columns; a notebook shows it as HTML.

    It is made of rows, the first of which is the head, and of the side of each column. Where a line
    would be too long for a terminal, the text cuts the column `cut`.
    """

    __slots__ = ("rows",)
    rows: tuple[tuple[str, ...], ...]

    def __new__(cls, rows: Sequence[Sequence[str]], sides: Sequence[str], cut: int) -> TextTable:
        """Align the columns to their sides, "<" or ">"."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        room = _LINE - sum(widths) - len(_GAP) * (len(widths) - 1)
        widths[cut] = max(len(rows[0][cut]), widths[cut] + min(room, 0))
        text = "\n".join(
            _GAP.join(
                f"{cell[:width]:{side}{width}}"
                for cell, side, width in zip(row, sides, widths, strict=True)
            )
            for row in rows
        )
        table = super().__new__(cls, text)
        table.rows = tuple(map(tuple, rows))
        return table

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Pickle and copy as the text alone."""
        return str, (str(self),)

    def _repr_html_(self) -> str:
        return html_table(self.rows[1:], head=self.rows[0])
