"""Compilers of C."""

import pytest

from .c.c_programs import Compiler, find_compilers


@pytest.fixture(scope="session", params=["gcc", "clang"])
def compiler(request, tmp_path_factory):
    """Each compiler that is there."""
    found = find_compilers()
    if request.param not in found:
        pytest.skip(f"{request.param} is not installed, or without the headers of C")
    return Compiler(found[request.param], tmp_path_factory.mktemp("cache"))
