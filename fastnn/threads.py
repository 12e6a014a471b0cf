"""Jobs side by side in Python threads: compiled calls do without the interpreter's lock."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator


def run(jobs: Iterable[Iterator[None]], n_threads: int) -> None:
    """Run every job to its end, up to `n_threads` of them at once; the calling thread takes part.

    A job yields wherever it may be abandoned: on Ctrl-C, or when another has raised an error.
    """
    waiting = iter(tuple(jobs))  # the threads share it: each `next` is one step of the interpreter
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for job in waiting:
                for _ in job:
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
    if errors:
        raise errors[0]
