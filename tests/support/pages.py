"""The Python of a page of the documentation, and what it prints.

Below each block of Python of a page stands a block of text with what it prints, to the digit. A
number that depends on the machine, such as a time, is printed after a tilde, "~3.5 times as fast",
and stands for any number. Notebooks have code alone: the build of the site runs them. A block of
commands may have below it some lines of what they print.

`python -m tests.support.pages PAGE ...`, in the folder of pyproject.toml, runs pages and writes
what their blocks print below them; the page in Chinese gets the blocks of the English one.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "fastnn" / "docs"

_PYTHON, _COMMANDS = (
    re.compile(
        rf"^```(?:{kind})\n(?P<code>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?",
        re.DOTALL | re.MULTILINE,
    )
    for kind in (r"python|\{code-cell\} python", "sh")
)
MEASURED = re.compile(r"~\d+(?:\.\d+)?")


class Block(NamedTuple):
    """Code, and what the page says that it prints; None where the page does not say."""

    code: str
    output: str | None


def name_of(page):
    """Return the path of a page within the documentation, or within the project."""
    return page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT).as_posix()


def is_notebook(page):
    """Return whether the build of the site runs a page and shows what it prints."""
    return page.parent.name == "notebooks"


def _found(pattern, page):
    return [Block(m["code"], m["output"]) for m in pattern.finditer(page.read_text("utf-8"))]


def blocks_of(page):
    """Return the blocks of Python of a page, in their order."""
    return _found(_PYTHON, page)


def commands_of(page):
    """Return the blocks of commands for a shell, in their order."""
    return _found(_COMMANDS, page)


def run(page, folder):
    """Run the blocks of a page in one session, in a folder; yield each with what it prints."""
    session = {"__name__": "page"}
    for block in blocks_of(page):
        with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block.code, page.name, "exec"), session)
        yield block, printed.getvalue()


def without_measured(output):
    """Return what is printed without the numbers that depend on the machine."""
    return MEASURED.sub("~", output)


def _written(blocks):
    """Return a function that replaces the matches of `_PYTHON`, one by one, by these blocks."""
    left = iter(blocks)

    def replaced(match):
        code, output = next(left)
        return f"```python\n{code}```" + (f"\n\n```text\n{output}```" if output else "")

    return replaced


def write(page):
    """Write below each block of a page what it prints, and all of them into its translation."""
    if is_notebook(page):
        raise ValueError(f"a page must be no notebook, which the build runs, got {page}")
    with tempfile.TemporaryDirectory() as folder:
        blocks = [
            block
            if block.output and without_measured(got) == without_measured(block.output)
            else block._replace(output=got)
            for block, got in run(page, folder)
        ]
    for file in (page, DOCS / "zh" / page.name):
        if file.exists():
            text = _PYTHON.sub(_written(blocks), file.read_text("utf-8"))
            file.write_text(text, "utf-8")


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    for argument in sys.argv[1:]:
        write(Path(argument).resolve())
