"""Compilers of C, and the examples that need a package which may be missing."""

from importlib.util import find_spec

import pytest

from .c_programs import Compiler, find_compilers

OPTIONAL = ("onnx", "sklearn", "torch")  # modules of `fastnn.exchange` and the packages they need


@pytest.fixture(scope="session", params=["gcc", "clang"])
def compiler(request, tmp_path_factory):
    """Each compiler that is there."""
    found = find_compilers()
    if request.param not in found:
        pytest.skip(f"{request.param} is not installed")
    return Compiler(found[request.param], tmp_path_factory.mktemp("cache"))


def pytest_collection_modifyitems(items):
    """Leave out the examples of functions whose optional package is missing."""
    missing = [name for name in OPTIONAL if find_spec(name) is None]
    for item in items:
        package, _, rest = item.name.partition(".exchange.")
        name = rest.partition(".")[0]
        if package == "fastnn" and name in missing:
            item.add_marker(pytest.mark.skip(reason=f"{name} is missing"))
