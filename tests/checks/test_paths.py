"""Paths as users give them: what is none is refused, and what has no end is not read."""

import os
from pathlib import Path

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._checks.paths import as_path, open_regular
from fastnn.callbacks import Checkpoint, CSVLog
from fastnn.exchange import to_c


class Somewhere:
    def __fspath__(self):
        return "there"


def test_what_is_a_path():
    assert [as_path(path) for path in ("there", Path("there"), Somewhere())] == [Path("there")] * 3


@pytest.mark.parametrize("other", [1, True, None, b"there", 1.5, np.zeros(2)])
def test_what_is_no_path(other):
    net = Network(1, [Dense(1)])
    for use in (as_path, Checkpoint, CSVLog, lambda path: to_c(net, path)):
        with pytest.raises(TypeError, match=r"path must be a str or a path such as pathlib\.Path"):
            use(other)


def test_regular_files_are_opened(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"content"
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
    with pytest.raises(OSError, match=r"directory|Permission"):
        open_regular(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_devices_are_not(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match="a file must be a regular one, got a device"):
            open_regular(path)
