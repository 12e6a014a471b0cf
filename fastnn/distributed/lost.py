"""What dask says of work that did not come back: a share that is lost, or the whole cluster."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from distributed import CancelledError, Client, KilledWorker
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError

from ..errors import DivergenceError

# Where the cluster, or the way to it, is not there any more.
GONE = (CancelledError, ClosedClientError, CommClosedError)


@contextlib.contextmanager
def within_reach(client: Client, number: int) -> Iterator[None]:
    """Turn all that dask may raise where a cluster is gone into the one error that is promised."""
    try:
        yield
    except (Exception, CancelledError) as error:
        if client.status == "running" and not isinstance(error, GONE):
            raise
        raise no_cluster(number, type(error).__name__) from error


def no_cluster(number: int, got: str) -> RuntimeError:
    """Return the error of a cluster that is gone, whatever dask calls it."""
    return RuntimeError(f"a cluster must be there, got none in round {number}: {got}")


def _error_of(failure: Any) -> Any:
    """Return the exception in what dask says of a failure."""
    return failure[1] if isinstance(failure, tuple) else failure


def is_lost(failure: Any) -> bool:
    """Return True if a share was lost with its workers or the way to them, not by what it did."""
    return isinstance(_error_of(failure), (KilledWorker, *GONE))


def tell(failure: Any, place: str) -> None:
    """Warn of a share that was lost with its workers; raise what went wrong with any other."""
    error = _error_of(failure)
    if is_lost(failure):
        message = f"{place}: the share is lost, {type(error).__name__}"
        warnings.warn(message, RuntimeWarning, stacklevel=6)  # of who called `fit`
    elif type(error) in (ValueError, TypeError, DivergenceError):
        raise type(error)(f"{place}: {error}") from error
    else:
        error.add_note(f"fastnn.distributed: {place}")
        raise error
