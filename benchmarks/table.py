"""Results as Markdown tables, each kept between its two markers in the README beside this file."""

import datetime
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from comparison.hold import held_to

README = Path(__file__).with_name("README.md")


class Table:
    """Rows of text under a header; `name` is also that of its markers."""

    def __init__(self, name: str, header: Sequence[str]) -> None:
        self.name = name
        self.header = header
        self.rows: list[Sequence[str]] = []

    def add(self, *row: str) -> None:
        """Append a row."""
        if len(row) != len(self.header):
            raise ValueError(f"a row must have {len(self.header)} cells, got {row}")
        self.rows.append(row)

    def markdown(self) -> str:
        """Lay it out in columns."""
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        cells = [
            [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
        ]
        cells.insert(1, ["-" * width for width in widths])
        return "\n".join(f"| {' | '.join(line)} |" for line in cells)

    def write(self, note: str) -> None:
        """Put `note` and the table between the markers."""
        begin, end = f"<!-- {self.name}: begin -->", f"<!-- {self.name}: end -->"
        before, found_begin, rest = README.read_text(encoding="utf-8").partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found_begin and found_end):
            raise ValueError(f"{README.name} must hold {begin} and {end}")
        text = f"{before}{begin}\n{note}\n\n{self.markdown()}\n{end}{after}"
        README.write_text(text, encoding="utf-8")


def publish(
    tables: Iterable[Table],
    notes: Mapping[str, str] | str,
    errors: Sequence[str] = (),
    *,
    write: bool,
) -> int:
    """Print the tables that have rows, keep them if told to and nothing is wrong; say what is.

    `notes` are by the names of the tables, or one for all.

    Returns
    -------
    code : int
        0, or 1 where there are errors.
    """
    for table in tables:
        if table.rows:
            note = notes if isinstance(notes, str) else notes[table.name]
            print(f"\n{table.name}: {note}\n\n{table.markdown()}")
            if write and not errors:
                table.write(note)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


def versions() -> dict[str, str]:
    """Return the version of Python and of each package that has a part in the times."""
    packages = ("fastnn-numba", "numpy", "numba", "llvmlite")
    return {"Python": platform.python_version()} | {name: version(name) for name in packages}


def processor() -> str:
    """Name the processor, and what it is held to."""
    import cpuinfo  # comes with pytest-benchmark; here, so that without it pytest can say so

    brand = cpuinfo.get_cpu_info().get("brand_raw", platform.machine())
    return f"{brand} held to {level}" if (level := held_to()) else str(brand)


def circumstances() -> str:
    """Say when, on what kind of machine and with which versions."""
    software = ", ".join(f"{name} {number}" for name, number in versions().items())
    machine = f"{processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"{datetime.date.today().isoformat()}. {machine}. {software}. One thread."
