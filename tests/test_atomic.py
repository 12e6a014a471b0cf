"""Replacing a file: the old one or the new one, whatever fails."""

import builtins
import os
import random
import signal
import stat
import subprocess
import sys
import time

import pytest

from fastnn import Dense, Network
from fastnn._atomic import replace_file, replace_files, replaced_at_once
from fastnn.exchange import to_c

needs_posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")


def test_a_new_file_and_one_replaced(tmp_path):
    path = tmp_path / "net"
    for content in (b"old", b"", b"new"):
        replace_file(path, content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["net"]


@pytest.mark.parametrize("name", ["open", "fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, name, error):
    path = tmp_path / "net"
    path.write_bytes(b"old")

    def fail(*arguments, **options):
        if name != "open" or "xb" in arguments:
            raise error
        return opened(*arguments, **options)

    opened = builtins.open
    monkeypatch.setattr(builtins if name == "open" else os, name, fail)
    with pytest.raises(type(error)):
        replace_file(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["net"]


class Full:
    """A file on a disk that is full after a few bytes."""

    def __init__(self, file, fail_in):
        self.file, self.fail_in = file, fail_in

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(content[:2])
        if self.fail_in == "write":
            raise OSError("no space left")

    def flush(self):
        if self.fail_in == "flush":
            raise OSError("no space left")


@pytest.mark.parametrize("fail_in", ["write", "flush"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, fail_in):
    path, opened = tmp_path / "net", builtins.open
    path.write_bytes(b"old")

    def open_full(name, mode="r", *arguments):
        file = opened(name, mode, *arguments)
        return Full(file, fail_in) if mode == "xb" else file

    monkeypatch.setattr(builtins, "open", open_full)
    with pytest.raises(OSError, match="no space left"):
        replace_file(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["net"]


# ---- more than one file --------------------------------------------------------------------------


def test_files_take_their_place_at_the_end(tmp_path):
    paths = [tmp_path / "a.c", tmp_path / "a.h"]
    paths[0].write_text("old")
    with replaced_at_once(*paths) as partial:
        assert [path.name for path in partial] == ["a.c", "a.h"]
        for path in partial:
            path.write_text("new")
        assert paths[0].read_text() == "old"
    assert [path.read_text() for path in paths] == ["new", "new"]
    assert sorted(tmp_path.iterdir()) == paths


def test_what_fails_within_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail():
        with replaced_at_once(path) as (partial,):
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_second_file_that_fails_leaves_both(tmp_path, monkeypatch):
    """A full disk: the new source must not come beside the old header."""
    paths, opened = [tmp_path / "a.c", tmp_path / "a.h"], builtins.open
    for path in paths:
        path.write_bytes(b"old")

    def open_full(name, mode="r", *arguments):
        file = opened(name, mode, *arguments)
        return Full(file, "write") if mode == "xb" and str(name).endswith(".h") else file

    monkeypatch.setattr(builtins, "open", open_full)
    with pytest.raises(OSError, match="no space left"):
        replace_files(dict.fromkeys(paths, b"new"))
    monkeypatch.undo()
    assert [path.read_bytes() for path in paths] == [b"old", b"old"]
    assert sorted(tmp_path.iterdir()) == paths


@needs_posix
def test_links_into_other_folders(tmp_path):
    paths = [tmp_path / "a.c", tmp_path / "a.h"]
    for path in paths:
        (tmp_path / path.stem / path.suffix[1:]).mkdir(parents=True)
        path.symlink_to(tmp_path / path.stem / path.suffix[1:] / "target")
    replace_files(dict.fromkeys(paths, b"new"))
    for path in paths:
        assert path.is_symlink()
        assert os.listdir(path.resolve().parent) == ["target"]
        assert path.read_bytes() == b"new"


# ---- permissions ---------------------------------------------------------------------------------


@needs_posix
def test_nobody_else_reads_what_is_being_written(tmp_path, monkeypatch):
    path, seen, fsync = tmp_path / "net", [], os.fsync
    path.write_bytes(b"old")
    path.chmod(0o600)

    def look(descriptor):
        for folder, _, names in os.walk(tmp_path):
            is_private = os.stat(folder).st_mode & 0o077 == 0
            seen.extend(
                is_private or os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0
                for name in names
            )
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    replace_file(path, b"new")
    with replaced_at_once(path) as (partial,):
        partial.write_bytes(b"newer")
        look(os.open(partial, os.O_RDONLY))
    assert len(seen) > 4
    assert all(seen)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@needs_posix
def test_the_owner_stays(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    path = tmp_path / "net"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    replace_file(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    n_calls, fsync = [], os.fsync

    def fail_for_folders(descriptor):
        n_calls.append(descriptor)
        if len(n_calls) > 1:
            raise OSError("invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_for_folders)
    replace_file(tmp_path / "net", b"new")
    assert (tmp_path / "net").read_bytes() == b"new"
    assert len(n_calls) == (2 if os.name == "posix" else 1)


@needs_posix
@pytest.mark.parametrize("permissions", [0o600, 0o644, 0o664, 0o755])
def test_permissions_stay(tmp_path, permissions):
    path = tmp_path / "net"
    path.write_bytes(b"old")
    path.chmod(permissions)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o7777 == permissions


@needs_posix
def test_permissions_of_a_new_file_are_the_usual_ones(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    replace_file(tmp_path / "net", b"new")
    assert (tmp_path / "net").stat().st_mode == (tmp_path / "usual").stat().st_mode


@needs_posix
def test_a_file_that_may_not_be_written_to_is_not_replaced(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write to any file")
    path = tmp_path / "net"
    path.write_bytes(b"old")
    path.chmod(0o400)
    with pytest.raises(PermissionError):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"


@needs_posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(tmp_path, there):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    if there:
        target.write_bytes(b"old")
    link.symlink_to(target)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@needs_posix
def test_neither_a_folder_nor_a_device_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "folder", b"new")
    with pytest.raises(OSError, match="path must be a file, or new, got a device"):
        replace_file(tmp_path / "pipe", b"new")
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_name_may_be_as_long_as_the_system_takes(tmp_path):
    path = tmp_path / ("n" * 255)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "none" / "net"
    with pytest.raises(FileNotFoundError, match=r"path must be in a folder that exists, got .*net"):
        replace_file(path, b"new")


SAVE_FOR_EVER = """
import os, sys
from pathlib import Path
from fastnn import Dense, Network
path = Path(sys.argv[1])
nets = [Network(40, [Dense(50, "tanh"), Dense(10)], seed=seed) for seed in range(2)]
nets[0].save(path)
print("ready", flush=True)
for command in sys.stdin:
    child = os.fork()
    if child == 0:
        while True:
            for net in nets:
                net.save(path)
    print(child, flush=True)
    os.waitpid(child, 0)
    Network.load(path)
    print("whole", path.read_bytes()[-64:].decode(), flush=True)
"""


@needs_posix
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_file(tmp_path):
    rng, seen = random.Random(0), []
    process = subprocess.Popen(
        [sys.executable, "-c", SAVE_FOR_EVER, str(tmp_path / "net")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        for _ in range(100):
            process.stdin.write("go\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            time.sleep(rng.random() * 0.06)  # a save takes some 0.015 s, most of it on the disk
            os.kill(child, signal.SIGKILL)
            seen.append(process.stdout.readline())
        process.stdin.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert all(line.startswith("whole") for line in seen)
    assert len(set(seen)) == 2  # kills fell on either network


def test_to_c_leaves_both_files_on_a_full_disk(tmp_path, monkeypatch):
    path, opened = tmp_path / "digits.c", builtins.open
    to_c(Network(2, [Dense(1)], seed=0), path)
    before = [path.read_bytes(), path.with_suffix(".h").read_bytes()]

    def open_full(name, mode="r", *arguments, **options):
        file = opened(name, mode, *arguments, **options)
        return Full(file, "write") if mode == "xb" else file

    monkeypatch.setattr(builtins, "open", open_full)
    with pytest.raises(OSError, match="no space left"):
        to_c(Network(3, [Dense(1)], seed=1), path)
    monkeypatch.undo()
    assert [path.read_bytes(), path.with_suffix(".h").read_bytes()] == before
    assert sorted(os.listdir(tmp_path)) == ["digits.c", "digits.h"]
