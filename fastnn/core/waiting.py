"""While a kernel is compiled: a word, for the first call of each kind takes seconds; no collection.

Nor does Numba do what no kernel needs (`spared`).

The word is a record of the logger "fastnn" and comes after a second: as a warning where a user may
be looking, on a terminal or in a notebook, and as information elsewhere. So it stands on stderr,
unless a program has set up `logging` otherwise. What shows progress says it in its own place.

Numba makes many objects and drops few of them before the end. Python's cyclic garbage collector,
which would walk through them again and again, rests: a tenth of the time.
"""

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, Timer

from numba.core import event

from .spared import sparing

AFTER = 1.0  # seconds
AHEAD = "; `fastnn warmup` compiles all kernels ahead"
_LOGGER = logging.getLogger("fastnn")
_tellers: list[Callable[[str], object]] = []


@contextmanager
def telling(tell: Callable[[str], object]) -> Iterator[None]:
    """Call `tell` with what is being compiled and, at its end, with "", in place of the record."""
    _tellers.append(tell)
    try:
        yield
    finally:
        _tellers.remove(tell)


def _is_looked_at(stream):
    """Return whether what is written to a stream may be read at once."""
    if stream is None or getattr(stream, "closed", False):
        return False
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")


class _Word:
    """The word on one kernel."""

    def __init__(self, kernel, args):
        self._kernel, self._tell = kernel, None
        name = kernel.__name__.lstrip("_")
        dtype = "float32" if "float32" in str(args) else "float64"
        self._what = f"{name} for {dtype}"
        self._lock, self._timer = Lock(), Timer(AFTER, self._say)
        self._timer.daemon = True
        self._timer.start()

    def _say(self):
        with self._lock:
            if self._timer.finished.is_set():
                return
            if _tellers:
                self._tell = _tellers[-1]
                self._tell(f"compiling {self._what}")
                return
        folder = self._kernel.stats.cache_path
        kept = f"once: it is kept in {folder}" if folder else "as no folder can be written to"
        module = self._kernel.__module__
        ahead = AHEAD if module.startswith("fastnn.core.") and not module.endswith(".api") else ""
        level = logging.WARNING if _is_looked_at(sys.stderr) else logging.INFO
        _LOGGER.log(level, "fastnn compiles %s, %s%s", self._what, kept, ahead)

    def end(self):
        with self._lock:
            self._timer.cancel()
        if self._tell is not None:
            self._tell("")


class Waiting(event.Listener):
    """Hears from Numba, which compiles in one thread at a time.

    What is compiled as a part of another kernel of fastnn has no word of its own.
    """

    def __init__(self):
        self._depth, self._word, self._collects = 0, None, False
        self._spared = ExitStack()

    def on_start(self, event):
        """Begin a word and stop the collector, unless a caller's compilation is under way."""
        kernel = event.data["dispatcher"]
        if _is_ours(kernel):
            if self._depth == 0:
                self._word = _Word(kernel, event.data["args"])
                self._collects = gc.isenabled()
                gc.disable()
                self._spared.enter_context(sparing())
            self._depth += 1

    def on_end(self, event):
        """End both, whether the kernel is compiled or cannot be."""
        if _is_ours(event.data["dispatcher"]):
            self._depth -= 1
            if self._depth == 0:
                self._spared.close()
                if self._collects:
                    _resume_collecting()
                self._word.end()


def _resume_collecting():
    """Let the collector start with all that is there as old, which it would walk through at once.

    What the program itself has frozen stays so.
    """
    if gc.get_freeze_count() == 0:
        gc.freeze()
        gc.unfreeze()
    gc.enable()


def _is_ours(kernel):
    return str(kernel.__module__).startswith("fastnn.")
