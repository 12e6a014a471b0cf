"""`warmup`: compile the kernels in advance, so that no later call has to wait for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ._checks.arrays import Array, as_dtype, as_flag
from ._checks.names import explained
from .core.dispatch import FEW
from .core.waiting import telling
from .layers import Dense
from .network import Network

_WIDE = 1 << 10  # inputs: enough that layer 0 uses look-ahead


def _fit_wide(net: Network, _: Array, Y: Array) -> object:
    wide = Network(_WIDE, [Dense(8)], dtype=net.dtype, seed=0)
    return wide.fit(np.zeros((len(Y), _WIDE)), np.zeros((len(Y), 8)))


# Between them these reach every compiled entry point: test_warmup looks for one left out.
_CALLS: dict[str, Callable[[Network, Array, Array], object]] = {
    "fit": lambda net, X, Y: net.fit(X, Y),
    "fit a wide network": _fit_wide,
    "train on a row": lambda net, X, Y: net.partial_fit(X[0], Y[0]).partial_fit(X[0], Y[0]),
    "fit by an optimiser": lambda net, X, Y: net.fit(X, Y, optimizer="momentum"),
    "train on a row by one": lambda net, X, Y: net.partial_fit(
        X[0], Y[0], optimizer="momentum"
    ).partial_fit(X[0], Y[0]),
    "fit in batches": lambda net, X, Y: net.fit(X, Y, batch_size=len(X)),
    "predict": lambda net, X, Y: net.predict(X),
    "predict a few rows": lambda net, X, Y: net.predict(X[:2]),
    "predict a row": lambda net, X, Y: net.predict(X[0]),
    "loss": lambda net, X, Y: net.loss(X, Y),
    "gradient": lambda net, X, Y: net.gradient(X, Y),
    "trace": lambda net, X, Y: net.trace(X, Y),
    "hidden": lambda net, X, Y: net.hidden(X),
    "gradient per sample": lambda net, X, Y: net.gradient_per_sample(X, Y),
    "gradient of inputs": lambda net, X, Y: net.gradient_of_inputs(X, Y),
    "jacobian": lambda net, X, Y: net.jacobian(X),
}


@explained
def warmup(
    dtypes: DTypeLike | Sequence[DTypeLike] = ("float64", "float32"), *, progress: bool = False
) -> None:
    """Compile every kernel, or load it from the cache on disk.

    Without a warm-up, the first call that needs a kernel compiles it, which takes seconds. `warmup`
    changes no network and no random stream.

    Parameters
    ----------
    dtypes : str or numpy.dtype, or a list or tuple of them
        The dtypes of the networks to be used, by default both float64 and float32.
    progress : bool
        Whether to show a progress bar on a terminal or in a notebook, by default False.

    Raises
    ------
    ValueError
        If a dtype is neither float64 nor float32; nothing has been compiled then.

    Notes
    -----
    The cache is the first of these folders that is writable: the one in ``NUMBA_CACHE_DIR``, that
    of fastnn's sources, the user's cache folder. If none is, kernels last as long as the process.

    Examples
    --------
    >>> import fastnn
    >>> fastnn.warmup("float64")
    """
    from tqdm.auto import tqdm  # as in the training loop

    progress = as_flag("progress", progress)
    several: Sequence[Any] = dtypes if isinstance(dtypes, list | tuple) else [dtypes]
    names = [as_dtype(dtype).name for dtype in several]
    steps = [(name, call) for name in names for call in _CALLS]
    disable = None if progress else True
    with telling(str), tqdm(steps, unit="call", leave=False, disable=disable) as bar:
        for name, call in bar:
            bar.set_description(f"{name} {call}")
            X, Y = np.zeros((2, FEW + 1, 1), name)
            _CALLS[call](Network(1, [Dense(1)], dtype=name, seed=0), X, Y)
