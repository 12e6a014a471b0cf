"""`warmup`: compile the kernels in advance, so that no later call has to wait for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from . import callbacks
from ._checks.arrays import Array, as_dtype
from ._checks.names import explained
from ._checks.scalars import as_choice, as_flag
from .core.dispatch import FEW
from .core.jit import numbers_of_forms
from .core.waiting import telling
from .layers import Dense
from .network import Network

_Counts = Generator[tuple[int, int], None, None]  # of kernels compiled and loaded
_WIDE = 1 << 10  # inputs: enough that layer 0 uses look-ahead


def _fit_wide(optimizer: str) -> Callable[[Network, Array, Array], object]:
    """Return a call that trains a network whose layer 0 looks ahead."""

    def run(net: Network, _: Array, Y: Array) -> object:
        wide = Network(_WIDE, [Dense(8)], dtype=net.dtype, seed=0)
        return wide.fit(np.zeros((len(Y), _WIDE)), np.zeros((len(Y), 8)), optimizer=optimizer)

    return run


def _fit_averaging(**options: Any) -> Callable[[Network, Array, Array], object]:
    """Return a call that trains with an average by updates."""

    def run(net: Network, X: Array, Y: Array) -> object:
        average = callbacks.AveragedWeights(0.5, per="update")
        return net.fit(X, Y, callbacks=[average], **options)

    return run


def _predict_by_many(net: Network, X: Array) -> object:
    from .population import Population  # a seventh of the import of fastnn

    return Population([net]).outputs(X)


class _Call(NamedTuple):
    """A call that compiles kernels, and the words by which a user asks for it."""

    words: str
    run: Callable[[Network, Array, Array], object]


# Between them these reach every compiled entry point: test_warmup looks for one left out. Those
# that compile for the longest come first, so that processes end together.
_CALLS = {
    "fit by an optimiser": _Call(
        "fit sklearn", lambda net, X, Y: net.fit(X, Y, optimizer="momentum")
    ),
    "fit in batches": _Call("fit sklearn", lambda net, X, Y: net.fit(X, Y, batch_size=len(X))),
    "fit, averaging by updates": _Call("average", _fit_averaging(batch_size=1)),
    "fit in batches, averaging by updates": _Call("average", _fit_averaging(batch_size=FEW)),
    "fit a wide network by an optimiser": _Call("fit sklearn", _fit_wide("momentum")),
    "fit a wide network": _Call("fit", _fit_wide("sgd")),
    "fit": _Call("fit", lambda net, X, Y: net.fit(X, Y)),
    "gradient": _Call("derivatives sklearn", lambda net, X, Y: net.gradient(X, Y)),
    "predict": _Call("predict sklearn", lambda net, X, Y: net.predict(X)),
    "train on a row by an optimiser": _Call(
        "partial_fit",
        lambda net, X, Y: net.partial_fit(X[0], Y[0], optimizer="momentum").partial_fit(X[0], Y[0]),
    ),
    "gradient per sample": _Call("derivatives", lambda net, X, Y: net.gradient_per_sample(X, Y)),
    "train on a row": _Call(
        "partial_fit", lambda net, X, Y: net.partial_fit(X[0], Y[0]).partial_fit(X[0], Y[0])
    ),
    "gradient of inputs": _Call("derivatives", lambda net, X, Y: net.gradient_of_inputs(X, Y)),
    "jacobian": _Call("derivatives", lambda net, X, Y: net.jacobian(X)),
    "loss": _Call("fit predict sklearn", lambda net, X, Y: net.loss(X, Y)),
    "trace": _Call("derivatives", lambda net, X, Y: net.trace(X, Y)),
    "hidden": _Call("derivatives", lambda net, X, Y: net.hidden(X)),
    "predict a row": _Call("predict sklearn", lambda net, X, Y: net.predict(X[0])),
    "predict a few rows": _Call("predict sklearn", lambda net, X, Y: net.predict(X[:2])),
    "predict by many networks": _Call("predict", lambda net, X, _: _predict_by_many(net, X)),
}
WORDS = tuple(sorted({word for call in _CALLS.values() for word in call.words.split()}))


@explained
def warmup(
    dtypes: DTypeLike | Sequence[DTypeLike] = ("float64", "float32"),
    *,
    only: str | Sequence[str] = WORDS,
    progress: bool = False,
) -> None:
    """Compile every kernel, or load it from the cache on disk.

    Without a warm-up, the first call that needs a kernel compiles it, which takes seconds. `warmup`
    changes no network and no random stream.

    Parameters
    ----------
    dtypes : str or numpy.dtype, or a list or tuple of them
        The dtypes of the networks to be used, by default both float64 and float32.
    only : str, or a list or tuple of them
        What is to be used, by default all: "average", of weights by updates; "derivatives", "fit",
        "partial_fit", "predict" or "sklearn", the estimators.
    progress : bool
        Whether to show a progress bar on a terminal or in a notebook, by default False.

    Raises
    ------
    ValueError
        If a dtype is neither float64 nor float32, or a word is not one of these; nothing has been
        compiled then.

    Notes
    -----
    The cache is the first of these folders that is writable: the one in ``NUMBA_CACHE_DIR``, that
    of fastnn's sources, the user's cache folder. If none is, kernels last as long as the process.
    ``fastnn warmup`` on the command line compiles in several processes.

    Examples
    --------
    >>> import fastnn
    >>> fastnn.warmup("float64", only="predict")
    """
    warm_up(dtypes, only, progress=as_flag("progress", progress))


def warm_up(
    dtypes: Any, only: Any = WORDS, *, progress: bool = False, n_processes: int = 1
) -> tuple[int, int]:
    """Do the work of `warmup`; return how many kernels were compiled, and how many were there.

    Several processes leave their kernels on disk alone.
    """
    from tqdm.auto import tqdm  # as in the training loop

    names = [as_dtype(dtype).name for dtype in _several(dtypes)]
    words = {as_choice("only", word, WORDS) for word in _several(only)}
    calls = [name for name, call in _CALLS.items() if words.intersection(call.words.split())]
    steps = [(dtype, call) for call in calls for dtype in names]
    n_processes = min(n_processes, len(steps))
    disable = None if progress else True
    n_compiled = n_loaded = 0
    with tqdm(total=len(steps), unit="call", leave=False, disable=disable) as bar:
        several = _in_processes(steps, n_processes) if n_processes > 1 else _here(steps, bar)
        with closing(several) as done:
            for compiled, loaded in done:
                n_compiled, n_loaded = n_compiled + compiled, n_loaded + loaded
                bar.update()
    return n_compiled, n_loaded


def _here(steps: Sequence[tuple[str, str]], bar: Any) -> _Counts:
    for dtype, call in steps:
        bar.set_description(f"{dtype} {call}")
        yield _run(dtype, call)


def _in_processes(steps: Sequence[tuple[str, str]], n_processes: int) -> _Counts:
    """Run the steps in processes of their own, each with a share; all write to one pipe.

    They are no children of `multiprocessing`, which imports the caller's main module in each.
    """
    import subprocess  # with what it imports, for few calls

    reader, writer = os.pipe()
    workers = []
    try:
        for k in range(n_processes):
            share = [word for step in steps[k::n_processes] for word in step]
            command = [sys.executable, "-c", _WORK, *share]
            # Ctrl-C is for this process alone, which ends the others.
            worker = subprocess.Popen(
                command,
                stdout=writer,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
            workers.append(worker)
        os.close(writer)
        with open(reader) as lines:
            for line in lines:
                n_compiled, n_loaded = map(int, line.split())
                yield n_compiled, n_loaded
        if codes := [worker.returncode for worker in workers if worker.wait() != 0]:
            raise ChildProcessError(
                f"the processes that compile must exit with 0, got {codes}: what they left out is "
                "compiled when it is used"
            )
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


_WORK = """
import sys
from fastnn.warmup import work
work(sys.argv[1::2], sys.argv[2::2])
"""


def work(dtypes: Sequence[str], calls: Sequence[str]) -> None:
    """Run a share of the steps in this process; write a line of what became of each."""
    for dtype, call in zip(dtypes, calls, strict=True):
        n_compiled, n_loaded = _run(dtype, call)
        sys.stdout.write(f"{n_compiled} {n_loaded}\n")
        sys.stdout.flush()


def _run(dtype: str, call: str) -> tuple[int, int]:
    """Make a call; return how many kernels it has compiled, and how many loaded."""
    before = numbers_of_forms()
    X, Y = np.zeros((2, FEW + 1, 1), dtype)
    with telling(str):  # nobody: who warms up knows
        _CALLS[call].run(Network(1, [Dense(1)], dtype=dtype, seed=0), X, Y)
    (compiled, loaded), (compiled_before, loaded_before) = numbers_of_forms(), before
    return compiled - compiled_before, loaded - loaded_before


def _several(one_or_more: Any) -> Sequence[Any]:
    return one_or_more if isinstance(one_or_more, list | tuple) else [one_or_more]
