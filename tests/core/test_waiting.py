"""The word while a kernel is compiled: by Numba's events, and on functions that wait for it."""

import gc
import io
import logging
import sys
import threading
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from numba import config, njit
from numba.core import event
from numba.core.errors import TypingError

from fastnn.core import waiting
from fastnn.core.jit import entry, inner
from fastnn.core.waiting import telling

from ..support.processes import run_python

VALUES = np.array([1.0, 2.0, 4.0])


class Terminal(io.StringIO):
    def isatty(self):
        return True


class OutStream(io.StringIO):
    """As a notebook has it, which is no terminal."""


OutStream.__module__ = "ipykernel.iostream"


class Said(logging.Handler, event.Listener):
    """Keeps the records; while it listens, nothing compiles before something is said."""

    def __init__(self):
        super().__init__()
        self.records, self.is_said = [], threading.Event()

    def emit(self, record):
        self.records.append((record.levelname, record.getMessage()))
        self.is_said.set()

    def on_start(self, event):
        assert self.is_said.wait(30)

    def on_end(self, event):
        self.is_said.clear()


def first(values):
    return values[0]


def through_another(values):
    return first_of_fastnn(values)


first_of_fastnn = inner(first)


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Have the word said at once, and functions here pass for fastnn's, in a cache of their own."""
    monkeypatch.setattr(waiting, "AFTER", 0.0)
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    for function in (first, first_of_fastnn):
        monkeypatch.setattr(function, "__module__", "fastnn.core.tests")
    handler, logger = Said(), logging.getLogger("fastnn")
    monkeypatch.setattr(logger, "handlers", [handler])
    logger.setLevel("INFO")
    with event.install_listener("numba:compile", handler):
        yield handler
    logger.setLevel("NOTSET")


class Kernel:
    """As much of a kernel as the word needs."""

    __module__, __name__ = "fastnn.core.tests", "_first"  # of which a user knows `first`

    def __init__(self, cache_path="here"):
        self.stats = SimpleNamespace(cache_path=cache_path)


def compiling(kernel):
    """Return a context in which Numba says that it compiles a kernel."""
    return event.trigger_event("numba:compile", {"dispatcher": kernel, "args": ("float64",)})


@pytest.mark.parametrize(
    ("stream", "level"),
    [(Terminal(), "WARNING"), (OutStream(), "WARNING"), (io.StringIO(), "INFO"), (None, "INFO")],
    ids=["terminal", "notebook", "file", "none"],
)
def test_it_is_a_warning_where_a_user_may_be_looking(monkeypatch, said, stream, level):
    monkeypatch.setattr(sys, "stderr", stream)
    with compiling(Kernel()):
        pass
    assert said.records == [
        (
            level,
            "fastnn compiles first for float64, once: it is kept in here; "
            "`fastnn warmup` compiles all kernels ahead",
        )
    ]


def test_a_kernel_that_cannot_be_kept(said):
    with compiling(Kernel(cache_path=None)):
        pass
    assert "first for float64, as no folder can be written to;" in said.records[0][1]


@pytest.mark.compiled
def test_it_comes_once_a_kernel(said):
    kernel = entry(first)
    for dtype in ("float64", "float32"):
        for _ in range(2):
            kernel(VALUES.astype(dtype))
    entry(first)(VALUES)  # loaded
    folder = kernel.stats.cache_path
    assert [text.split(";")[0] for _, text in said.records] == [
        f"fastnn compiles first for {dtype}, once: it is kept in {folder}"
        for dtype in ("float64", "float32")
    ]


@pytest.mark.compiled
def test_in_a_users_function_the_word_is_on_fastnns(said):
    said.is_said.set()  # of the user's own function nothing will be
    njit(through_another)(VALUES)
    assert [text.split(",")[0] for _, text in said.records] == ["fastnn compiles first for float64"]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_garbage_collector_rests_while_a_kernel_is_compiled(said, is_enabled):
    (gc.enable if is_enabled else gc.disable)()
    try:
        with compiling(Kernel()):
            with compiling(Kernel()):
                assert not gc.isenabled()
            assert not gc.isenabled()
        assert gc.isenabled() is is_enabled
        with pytest.raises(ZeroDivisionError), compiling(Kernel()):
            raise ZeroDivisionError
        assert gc.isenabled() is is_enabled
    finally:
        gc.enable()


def test_a_part_of_a_kernel_has_no_word(said):
    with compiling(Kernel()), compiling(Kernel()):
        pass
    assert len(said.records) == 1


def test_what_is_not_fastnns_has_no_word(said):
    kernel = Kernel()
    kernel.__module__ = None
    said.is_said.set()
    with compiling(kernel):
        pass
    assert said.records == []


@pytest.mark.parametrize("fails", [False, True])
def test_another_tells_it_and_hears_of_the_end(said, fails):
    told = []

    def tell(text):
        told.append(text)
        said.is_said.set()

    raised = pytest.raises(TypingError) if fails else nullcontext()
    with telling(tell), raised, compiling(Kernel()):
        if fails:
            raise TypingError("it cannot be compiled")
    assert told == ["compiling first for float64", ""]
    assert said.records == []


def test_what_compiles_within_the_time_has_no_word(monkeypatch, said):
    monkeypatch.setattr(waiting, "AFTER", 30.0)
    said.is_said.set()
    with compiling(Kernel()):
        pass
    assert said.records == []


FROM_A_PROGRAM = """
import io, logging, sys, threading
from fastnn.core import evaluate, waiting

class Terminal(io.StringIO):
    def isatty(self):
        return True

waiting.AFTER = 0.0
sys.stderr = {stream}()
{statement}
word = waiting._Word(evaluate.predict_few, ())
word._timer.join()
word.end()
print(sys.stderr.getvalue().partition(",")[0])
"""
SAID = "fastnn compiles predict_few for float64"


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("stream", "statement", "expected"),
    [
        ("Terminal", "", SAID),
        ("Terminal", 'logging.getLogger("fastnn").setLevel("ERROR")', ""),
        ("io.StringIO", "", ""),
        ("io.StringIO", 'logging.basicConfig(level="INFO")', f"INFO:fastnn:{SAID}"),
    ],
)
def test_what_stands_on_stderr_and_how_a_program_changes_that(stream, statement, expected):
    code = FROM_A_PROGRAM.format(stream=stream, statement=statement)
    assert run_python(code).strip() == expected


def test_what_a_program_has_frozen_stays_frozen(said):
    gc.freeze()
    try:
        with compiling(Kernel()):
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
    with compiling(Kernel()):
        pass
    assert gc.get_freeze_count() == 0
