"""Replace files atomically: a reader finds the whole old file or the whole new one.

Everything that overwrites a user's file uses one of these functions.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path


def check_folder(path: Path) -> None:
    """Raise unless the folder of a file to be written exists, and the file is no folder."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path must be in a folder that exists, got {path}")
    if path.is_dir():
        raise IsADirectoryError(f"path must be that of a file, got the folder {path}: add a name")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically: if the power fails, it is the old or the new one.

    Permissions and links are kept. If an error occurs, the old file remains.
    """
    replace_files({path: content})


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Write several files as `replace_file` does, all of them before the first is replaced."""
    with replaced_at_once(*contents) as partial:
        for path, content in zip(partial, contents.values(), strict=True):
            with open(path, "xb") as file:
                file.write(content)
                file.flush()


@contextlib.contextmanager
def replaced_at_once(*paths: Path) -> Iterator[list[Path]]:
    """Yield temporary paths of the same names; the files written there then replace the originals.

    They are in a folder that no other user can read, so that private data stay private while they
    are written. If an error occurs, the original files remain.
    """
    targets = [Path(os.path.realpath(path)) for path in paths]
    for target in targets:
        check_folder(target)
    before = [_status_of(target) for target in targets]
    folders: dict[Path, Path] = {}
    try:
        for target in targets:  # a link may lead into another folder, on another disk
            if target.parent not in folders:
                folders[target.parent] = Path(
                    tempfile.mkdtemp(prefix=".fastnn-", dir=target.parent)
                )
        partial = [
            folders[target.parent] / path.name for path, target in zip(paths, targets, strict=True)
        ]
        yield partial
        for source, status in zip(partial, before, strict=True):
            _finish(source, status)
        for source, target in zip(partial, targets, strict=True):
            os.replace(source, target)
    finally:
        for folder in folders.values():
            _remove(folder)
    for parent in folders:
        _sync(parent)


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Keep a file that is to be written later for this call; raise if another has claimed it.

    The claim is a hidden file beside it, which the system gives free however the process ends.
    """
    target = Path(os.path.realpath(path))
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    claim = target.parent / f".fastnn-{digest}.lock"
    try:
        descriptor = _open_alone(claim)
    except BlockingIOError:
        raise FileExistsError(
            f"{path} must be written by one program at a time, got another that is at it: wait for "
            "its end, or name another file"
        ) from None
    except PermissionError as error:
        raise PermissionError(
            f"{path} must be in a folder that may be written to, got {path.parent}"
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes it when it is closed
            os.unlink(claim)
        os.close(descriptor)


if sys.platform == "win32":

    def _open_alone(path: Path) -> int:
        """Open a file that nobody else has opened; raise BlockingIOError if one has."""
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_TEMPORARY)
        except FileExistsError as error:
            raise BlockingIOError from error

else:
    import fcntl

    def _open_alone(path: Path) -> int:
        """Open a file that nobody else has locked, and lock it; raise BlockingIOError if one has.

        Where the file system has no locks, it is opened only.
        """
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise
            except OSError:
                return descriptor
            if os.fstat(descriptor).st_nlink:
                return descriptor
            os.close(descriptor)  # who held it has just removed it: what is locked has no name


def _remove(folder: Path) -> None:
    """Remove a folder of files, as far as that goes.

    `shutil.rmtree` may turn Ctrl-C into an OSError about a descriptor that it has closed.
    """
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            os.unlink(folder / name)
        os.rmdir(folder)


def _status_of(path: Path) -> os.stat_result | None:
    """Return the status of a writable file, or None if there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise OSError(f"path must be a file, or new, got a device: {path}")  # root could replace it
    with open(path, "r+b"):  # raises where it may not be written to, and for a folder
        return status


def _finish(path: Path, status: os.stat_result | None) -> None:
    """Flush a file to disk, with the owner and the permissions of the file that it replaces."""
    if status is not None:
        new = path.stat()
        if (new.st_uid, new.st_gid) != (status.st_uid, status.st_gid):
            with contextlib.suppress(OSError):  # only root may give a file away
                os.chown(path, status.st_uid, status.st_gid)
        os.chmod(path, stat.S_IMODE(status.st_mode))
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Flush the name of a new file to disk too, if the system can do that for a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
