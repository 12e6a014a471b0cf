"""Samples that nobody has looked at: whether they are finite, training shows.

NaN and infinity in X make a parameter so in the first epoch, for they times 0 are NaN. To look for
them ahead costs up to a seventh of an epoch; what they have spoilt can be put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .core.samples import Samples
from .training import DivergenceError
from .validation import check_samples


@contextmanager
def put_back_unless_finite(net: Any, X: Samples) -> Iterator[None]:
    """Around training from a fresh start: raise the error that `X` should have met with before."""
    params, random = net.params.copy(), net._random
    is_legacy = isinstance(random, np.random.RandomState)
    stream = random.get_state() if is_legacy else random.bit_generator.state
    kept = {name: getattr(net, name) for name in ("_state", "_past", "_latest")}
    try:
        yield
    except DivergenceError:
        try:
            check_samples(X)
        except ValueError as error:
            net.params[:] = params
            if is_legacy:
                random.set_state(stream)
            else:
                random.bit_generator.state = stream
            net.__dict__.update(kept)
            raise error from None
        raise
