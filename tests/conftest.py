"""What every test shares."""

import pytest
from numba import config


def pytest_collection_modifyitems(items):
    """Leave out what is about the compiler, or needs it to end in time, when it is off."""
    if not config.DISABLE_JIT:
        return
    skip = pytest.mark.skip(reason="needs the compiler, which NUMBA_DISABLE_JIT turned off")
    for item in items:
        if item.get_closest_marker("compiled"):
            item.add_marker(skip)
