"""Roll back training when an unchecked X turns out to hold NaN or infinity.

Such values make a parameter NaN or infinite in the first epoch, since 0 times them is NaN. To check
X in advance takes up to a seventh of an epoch; the rollback takes nothing unless it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._checks.inputs import Names, check_samples
from .._checks.stored import Inputs
from ..errors import DivergenceError
from .snapshot import Snapshot


@contextmanager
def rolled_back_unless_finite(net: Any, X: Inputs, names: Names) -> Iterator[None]:
    """Surround training from a fresh state: if `X` is not finite, restore the network and raise."""
    before = Snapshot(net, history=False)
    try:
        yield
    except DivergenceError:
        try:
            check_samples(X, names)
        except ValueError as error:
            before.put_back()
            raise error from None
        raise
