"""One thread at a time."""

from __future__ import annotations

import threading


class TrainingLock:
    """A context that only one thread at a time can enter; a second one gets an error."""

    __slots__ = ("acquire", "release")

    def __init__(self) -> None:
        lock = threading.Lock()
        self.acquire, self.release = lock.acquire, lock.release

    def __enter__(self) -> None:
        if not self.acquire(False):
            raise self.refusal()

    def refusal(self) -> RuntimeError:
        """Return the error for a second thread."""
        return RuntimeError("a network must be trained by one thread at a time, got a second")

    def __exit__(self, *error: object) -> None:
        self.release()
