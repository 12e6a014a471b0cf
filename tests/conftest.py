"""What every test shares."""

import signal

import pytest
from numba import config


def pytest_configure():
    """Let tests interrupt themselves, though a shell that runs them in the background forbids it.

    It has them ignore Ctrl-C, so that a training which a test ends by it would go on for an hour.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Leave out what is about the compiler, or needs it to end in time, when it is off."""
    if not config.DISABLE_JIT:
        return
    skip = pytest.mark.skip(reason="needs the compiler, which NUMBA_DISABLE_JIT turned off")
    for item in items:
        if item.get_closest_marker("compiled"):
            item.add_marker(skip)
