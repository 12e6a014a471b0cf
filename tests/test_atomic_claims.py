"""A file is kept for one program that will write it."""

import contextlib
import errno
import os
import subprocess
import sys

import pytest

from fastnn._atomic import claimed

needs_posix = pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")

CLAIM = """
import sys
from pathlib import Path
from fastnn._atomic import claimed
with claimed(Path(sys.argv[1])):
    print("claimed", flush=True)
    sys.stdin.read()
"""


def test_a_file_is_claimed_once_until_the_end(tmp_path):
    path, same = tmp_path / "net", tmp_path / ".." / tmp_path.name / "net"
    for error in (None, KeyboardInterrupt):
        with contextlib.suppress(KeyboardInterrupt), claimed(path), claimed(tmp_path / "other"):
            with pytest.raises(FileExistsError, match="must be written by one program at a time"):
                claimed(same).__enter__()
            if error:
                raise error
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_claim_of_another_process_ends_with_it(tmp_path, is_killed):
    path = tmp_path / ("n" * 255)
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "claimed\n"
        with pytest.raises(FileExistsError, match="got another that is at it"):
            claimed(path).__enter__()
        if is_killed:
            process.kill()
    with claimed(path):
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == []


@needs_posix
def test_a_claim_without_a_name_is_none(tmp_path, monkeypatch):
    """Who opens the claim just before its end locks a file that is no longer there."""
    import fcntl

    path, lock = tmp_path / "net", fcntl.flock
    first = claimed(path)
    first.__enter__()

    def late(descriptor, how):
        monkeypatch.setattr(fcntl, "flock", lock)
        first.__exit__(None, None, None)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with claimed(path):
        assert len(os.listdir(tmp_path)) == 1
        with pytest.raises(FileExistsError, match="one program at a time"):
            claimed(path).__enter__()


@needs_posix
def test_no_claim_where_the_file_system_has_no_locks(tmp_path, monkeypatch):
    import fcntl

    def fail(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with claimed(tmp_path / "net"), claimed(tmp_path / "net"):
        pass
    assert os.listdir(tmp_path) == []


def test_a_claim_in_a_folder_that_is_read_only(tmp_path, monkeypatch):
    def fail(*arguments):
        raise PermissionError("no")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(PermissionError, match="must be in a folder that may be written to, got "):
        claimed(tmp_path / "net").__enter__()
