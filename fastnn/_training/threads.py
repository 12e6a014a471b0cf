"""Run jobs in Python threads in parallel: compiled calls release the interpreter's lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator


def n_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    jobs: Iterable[Iterator[None]], n_threads: int, errors: list[BaseException] | None = None
) -> None:
    """Run all jobs, up to `n_threads` at once; the calling thread takes part.

    A job yields where it may be abandoned: on Ctrl-C, or when another job has raised an error. Or
    it watches `errors`, an empty list that gets the first error, and ends by itself.
    """
    waiting = iter(tuple(jobs))  # the threads share it: each `next` is one step of the interpreter
    if errors is None:
        errors = []

    def work() -> None:
        try:
            for job in waiting:
                for _ in job:
                    if errors:
                        return
                if errors:
                    return
        except BaseException as error:
            errors.append(error)

    # Plain threads: a pool of them, made for the call, takes 0.1 ms more to start and to end.
    others = [threading.Thread(target=work) for _ in range(n_threads - 1)]
    try:
        for other in others:
            other.start()
        work()
        for other in others:
            other.join()
    except BaseException as error:
        errors.append(error)
        for other in others:  # what they work on is left to the caller only when they have ended
            if other.ident is not None:
                other.join()
    if errors:
        raise errors[0]
