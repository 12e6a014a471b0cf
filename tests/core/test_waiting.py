"""The word while a kernel is compiled, on functions that compile in no time but wait for it."""

import io
import logging
import sys
import threading

import numpy as np
import pytest
from numba import config, njit
from numba.core import event
from numba.core.errors import TypingError

from fastnn.core import waiting
from fastnn.core.jit import entry, inner
from fastnn.core.waiting import telling

from ..support.processes import run_python

pytestmark = pytest.mark.compiled

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


def broken(values):
    return values.nothing


first_of_fastnn = inner(first)


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Have the word said at once, and functions here pass for fastnn's, in a cache of their own."""
    monkeypatch.setattr(waiting, "AFTER", 0.0)
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    for function in (first, first_of_fastnn, broken):
        monkeypatch.setattr(function, "__module__", "fastnn.core.tests")
    handler, logger = Said(), logging.getLogger("fastnn")
    monkeypatch.setattr(logger, "handlers", [handler])
    logger.setLevel("INFO")
    with event.install_listener("numba:compile", handler):
        yield handler
    logger.setLevel("NOTSET")


@pytest.mark.parametrize(
    ("stream", "level"),
    [(Terminal(), "WARNING"), (OutStream(), "WARNING"), (io.StringIO(), "INFO"), (None, "INFO")],
    ids=["terminal", "notebook", "file", "none"],
)
def test_a_record_once_a_kernel(monkeypatch, said, stream, level):
    monkeypatch.setattr(sys, "stderr", stream)
    kernel = entry(first)
    for dtype in ("float64", "float32"):
        for _ in range(2):
            kernel(VALUES.astype(dtype))
    entry(first)(VALUES)  # loaded
    assert said.records == [
        (
            level,
            f"fastnn compiles first for {dtype}, once: it is kept in {kernel.stats.cache_path}; "
            "`fastnn warmup` compiles all kernels ahead",
        )
        for dtype in ("float64", "float32")
    ]


def test_a_kernel_that_cannot_be_kept(monkeypatch, said):
    def refuse(**options):
        raise OSError

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    entry(first)(VALUES)
    assert "first for float64, as no folder can be written to;" in said.records[0][1]


def test_in_a_users_function_the_word_is_on_fastnns(said):
    said.is_said.set()  # of the user's own function nothing will be
    njit(through_another)(VALUES)
    assert [text.split(",")[0] for _, text in said.records] == ["fastnn compiles first for float64"]


def test_a_part_of_a_kernel_has_no_word(monkeypatch, said):
    monkeypatch.setattr(through_another, "__module__", "fastnn.core.tests")
    entry(through_another)(VALUES)
    said.is_said.set()
    assert ["through_another" in text for _, text in said.records] == [True]


@pytest.mark.parametrize("function", [first, broken])
def test_another_tells_it_and_hears_of_the_end(said, function):
    told = []

    def tell(text):
        told.append(text)
        said.is_said.set()

    with telling(tell):
        try:
            entry(function)(VALUES)
        except TypingError:
            assert function is broken
    assert told == [f"compiling {function.__name__} for float64", ""]
    assert said.records == []


def test_what_compiles_within_the_time_has_no_word(monkeypatch, said):
    monkeypatch.setattr(waiting, "AFTER", 30.0)
    said.is_said.set()
    entry(first)(VALUES)
    assert said.records == []


WITHOUT_LOGGING = """
import io, logging, sys, threading
from fastnn.core import evaluate, waiting

class Terminal(io.StringIO):
    def isatty(self):
        return True

waiting.AFTER = 0.0
sys.stderr = Terminal()
if {silence}:
    logging.getLogger("fastnn").setLevel("ERROR")
word = waiting._Word(evaluate.predict_few, ())
word._timer.join()
word.end()
print(sys.stderr.getvalue().partition(",")[0])
"""


@pytest.mark.parametrize("silence", [False, True])
def test_without_a_set_up_of_logging_a_line_on_stderr_which_can_be_silenced(silence):
    expected = "" if silence else "fastnn compiles predict_few for float64"
    assert run_python(WITHOUT_LOGGING.format(silence=silence)).strip() == expected
