"""The failures that dask reports: a replica that is lost with its worker, or a lost cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from distributed import CancelledError, Client, KilledWorker
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError

from .._checks.callers import warn_caller
from ..errors import DivergenceError

# The errors of a cluster that is gone or cannot be reached.
GONE = (CancelledError, ClosedClientError, CommClosedError)


@contextlib.contextmanager
def within_reach(client: Client, number: int) -> Iterator[None]:
    """Replace the various errors of dask for a lost cluster by the documented RuntimeError."""
    try:
        yield
    except (Exception, CancelledError) as error:
        if client.status == "running" and not isinstance(error, GONE):
            raise
        raise no_cluster(number, type(error).__name__) from error


def no_cluster(number: int, got: str) -> RuntimeError:
    """Return the error for a cluster that is gone."""
    return RuntimeError(f"a cluster must be there, got none in round {number}: {got}")


def _error_of(failure: Any) -> Any:
    """Return the exception in dask's description of a failure."""
    return failure[1] if isinstance(failure, tuple) else failure


def is_lost(failure: Any) -> bool:
    """Return True if a replica was lost with its worker or connection, not by an error in it."""
    return isinstance(_error_of(failure), (KilledWorker, *GONE))


def tell(failure: Any, place: str) -> None:
    """Warn of a replica that was lost with its worker; raise any other error."""
    error = _error_of(failure)
    if is_lost(failure):
        message = f"{place}: the share is lost, {type(error).__name__}"
        warn_caller(message, RuntimeWarning)
    elif type(error) in (ValueError, TypeError, DivergenceError):
        raise type(error)(f"{place}: {error}") from error
    else:
        error.add_note(f"fastnn.distributed: {place}")
        raise error
