"""What every test shares."""

import contextlib
import signal

import pytest
from numba import config


def pytest_configure():
    """Let tests interrupt themselves, and examples of Hypothesis take their time.

    A shell that runs tests in the background has them ignore Ctrl-C, so that a training which a
    test ends by it would go on for an hour. Hypothesis, unless it is new and knows of CI, gives an
    example 0.2 s, which a busy machine takes now and then.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(ModuleNotFoundError):
        from hypothesis import settings

        settings.register_profile("patient", settings(), deadline=None)
        settings.load_profile("patient")


def pytest_collection_modifyitems(items):
    """Leave out what is about the compiler, or needs it to end in time, when it is off."""
    if not config.DISABLE_JIT:
        return
    skip = pytest.mark.skip(reason="needs the compiler, which NUMBA_DISABLE_JIT turned off")
    for item in items:
        if item.get_closest_marker("compiled"):
            item.add_marker(skip)
