"""No module takes a private name of another one; ruff's SLF001 holds the same of attributes."""

import ast
from pathlib import Path

import pytest

import fastnn

ROOT = Path(fastnn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def private_names_in(source):
    """Return the private names that a module imports from modules of fastnn."""
    return [
        alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
        and (node.level or (node.module or "").startswith("fastnn"))
        and node.module is not None  # `from . import _module` takes a module
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_private_name_of_another_module_is_imported(path):
    assert not private_names_in(path.read_text(encoding="utf-8"))


def test_an_import_of_a_private_name_is_found():
    assert private_names_in("from .a import _b\nfrom fastnn.c import _d, e\n") == ["_b", "_d"]
    assert not private_names_in("from . import _module\nfrom sklearn.base import _fit_context\n")
