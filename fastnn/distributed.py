"""Training on a cluster by local SGD, whose replicas are averaged in each round.

    p_c(r) = p(r), trained on chunk c for some epochs
    p(r+1) = sum_c n_c p_c(r) / sum_c n_c        over the chunks c that returned, of n_c samples

Chunks stay on the workers. In a round the parameters are sent to the workers, which pass them on to
each other, and the replica of each chunk is returned. A replica depends only on the parameters, the
network's seed, the round and the number of the chunk, and the sum is taken in the order of the
chunks. So the bits depend on the division into chunks, but not on which worker trained a chunk,
when, or how often it was repeated.

References
----------
.. [1] H. B. McMahan et al., Communication-efficient learning of deep networks from decentralized
   data, 2017, algorithm 1, with all clients in each round.
.. [2] S. U. Stich, Local SGD converges fast and communicates little, 2019.
"""

from __future__ import annotations

import contextlib
import copy
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from ._checks.extras import missing_package
from ._checks.heads import check_metrics_of
from ._checks.names import explained
from ._checks.scalars import as_choice, as_count, as_flag, as_positive
from ._cluster.replicas import Share, mean, same, train_replica
from ._training.config import FitConfig, FitRequest, Metric
from ._training.loop import TrainingLoop
from ._training.rates import Schedule, per_of
from ._training.request import as_callbacks, as_metrics, as_rule, as_validation
from ._training.sources import Arrays
from ._training.standardise import check_known
from ._training.state import Snapshot, TrainingState, state_of
from .activations import OwnActivation
from .callbacks import Callback, Checkpoint
from .history import History
from .losses import OwnLoss
from .network import Network
from .optimizers import Optimizer

try:
    import dask
    from distributed import Client, Future, as_completed, get_client

    from ._cluster.chunks import as_chunks
    from ._cluster.lost import GONE, is_lost, no_cluster, tell, within_reach
except ImportError as error:
    raise missing_package("fastnn.distributed", "dask", "distributed") from error

_POLL, _LOOK = 0.005, 1.0  # seconds between polls of the results, and of the workers


@explained
def fit(
    net: Network,
    X: Any,
    y: Any = None,
    *,
    client: Client | None = None,
    rounds: int = 1,
    epochs_per_round: int = 1,
    batch_size: int | None = 1,
    optimizer: str | Optimizer | None = None,
    learning_rate: float | Schedule | None = None,
    shuffle: bool = True,
    reduction: str = "mean",
    metrics: Sequence[str | Metric] = (),
    validation_data: tuple[ArrayLike, ArrayLike] | None = None,
    evaluate_every: int = 1,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
    progress: bool = False,
) -> History:
    """Train a network on a cluster, from its present parameters, by rounds of local SGD.

    In each round, every chunk of the data trains a replica of the network. The network then becomes
    the mean of its replicas, weighted by their samples.

    Parameters
    ----------
    net : Network
        The network, which is trained in place. Mean and scale of a `Standardize` must be known.
    X : dask array, shape (n_samples, n_in)
        The inputs. The blocks of rows are the chunks; empty ones are skipped. Or, without `y`, a
        sequence of dask delayed objects or futures, each a chunk (X, y) or (X, y, sample_weight),
        as `Network.fit` takes them.
    y : dask array, shape (n_samples, n_out), or (n_samples,)
        The targets, in the blocks of `X`. If the lengths of blocks are not known, it must have as
        many blocks. None, the default, is for chunks.
    client : distributed.Client, optional
        The client of the cluster, by default the one that was opened last.
    rounds : int
        The number of rounds, at least 1, by default 1. Rounds before a checkpoint count.
    epochs_per_round : int
        The number of epochs of a replica on its chunk in each round, by default 1.
    batch_size : int or None
        The number of samples in an update, by default 1. None means the whole chunk.
    optimizer : str or Optimizer, optional
        The optimiser, as for `Network.fit`, by default sgd. Its state is reset in every round.
    learning_rate : float or callable, optional
        The rate, or a schedule as a function of the round. By default the optimiser's own rate.
    shuffle : bool
        Whether to draw a new order of the samples of a chunk each epoch, by default True.
    reduction : str
        How the gradients of a batch are combined, "mean" or "sum", by default "mean".
    metrics : sequence of str or callable
        The metrics to record, as for `Network.fit`, by default none.
    validation_data : tuple of array_like, optional
        A pair (X, y) in the memory of this process, which evaluates it. By default none.
    evaluate_every : int
        The number of rounds between evaluations of the validation data, by default 1.
    callbacks : sequence of Callback
        The callbacks, as for `Network.fit`, with rounds as epochs; by default none.
    checkpoint : str or os.PathLike, optional
        The file in which to save the network after each round. If it exists, training resumes from
        it: with the same arguments the result is the same, to the bit, as without a break. By
        default nothing is saved.
    timeout : float
        The time in seconds without any worker after which training ends, by default 30.
    progress : bool
        Whether to show a progress bar of chunks on a terminal, by default False.

    Returns
    -------
    History
        The record by round, including rounds before the checkpoint. Training metrics are means over
        the samples and the epochs of a round, each taken on its replica before the update.

    Raises
    ------
    ValueError, TypeError
        If an argument, or a chunk, which the message names, is not as described, or all chunks are
        empty. The network is as it was before the call.
    DivergenceError
        If a replica diverges.
    RuntimeError
        If the cluster or its last worker is gone, if no replica has returned from a round, or if
        another thread is training this network.
    Exception
        Any exception that making a chunk raises. All errors but ValueError and TypeError leave the
        network as after the last whole round.

    Warns
    -----
    RuntimeWarning
        If a replica was lost. The mean of that round is over the others.

    Notes
    -----
    If a worker dies, dask gives its work to another one, which makes the chunk again from its
    graph; the bits are the same. If more workers die on a chunk than
    `distributed.scheduler.allowed-failures` allows (3 by default, in the scheduler's
    configuration), its replica is lost for the round; 0 allows no second try. The next round uses
    all chunks again. Scattered data cannot be made again, so let the workers load the chunks.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from fastnn import Dense, Network
    >>> from fastnn.distributed import fit
    >>> X = da.arange(8, chunks=4).reshape(8, 1) / 8
    >>> y = 2 * X + 1
    >>> net = Network(1, [Dense(1)], seed=0)
    >>> with Client(processes=False, dashboard_address=None) as client:
    ...     history = fit(net, X, y, rounds=20, epochs_per_round=20, learning_rate=0.1)
    >>> net.predict([0.5]).round(3), len(history["loss"])
    (array([2.]), 20)
    """
    client = _open_client() if client is None else client
    last = None
    if checkpoint is not None:
        callbacks = (*as_callbacks(callbacks), Checkpoint(checkpoint))
        last = _read_checkpoint(checkpoint, net)
    state = state_of(net)
    if state.standardize is not None:
        check_known(state.standardize)  # each chunk would tell another mean
    rule, schedule = as_rule(optimizer, learning_rate, None)
    if schedule is not None and per_of(schedule) != "epoch":
        raise ValueError(
            f"a schedule must be a function of the round here, per 'epoch', got {schedule}"
        )
    running, on_validation = as_metrics(
        metrics, net.loss_function, is_evaluated=validation_data is not None
    )
    config = FitConfig(
        epochs=as_count("rounds", rounds),
        batch_size=1 if batch_size is None else as_count("batch_size", batch_size),
        optimizer=rule,
        schedule=schedule,
        reduction=as_choice("reduction", reduction, ("mean", "sum")),
        metrics=running,
        validation_metrics=on_validation,
        evaluate_every=as_count("evaluate_every", evaluate_every),
        callbacks=as_callbacks(callbacks),
    )
    if config.average is not None:
        raise ValueError(
            "AveragedWeights must have per='epoch' here, where the updates are those of replicas, "
            f"got {config.average}"
        )
    if validation_data is not None:
        config.validation = as_validation(state, validation_data)
        check_metrics_of(running, config.validation.Y, net.loss_function)
    options = {
        "epochs": as_count("epochs_per_round", epochs_per_round),
        "batch_size": batch_size,
        "optimizer": rule,
        "shuffle": as_flag("shuffle", shuffle),
        "reduction": reduction,
        "metrics": running,
    }
    timeout, progress = as_positive("timeout", timeout), as_flag("progress", progress)
    parts = as_chunks(net.n_in, X, y)
    with within_reach(client, 0):
        chunks = client.compute(parts)
    last_training = None if last is None else state_of(last).training
    training = TrainingState.begun(config, state.model, last_training)
    config.epochs = max(0, rounds - training.epochs)
    request = FitRequest(
        Arrays.none(state.model), config, training, state.feature_names,
        is_raw=state.standardize is not None,
    )  # fmt: skip
    request.check_monitors(state.model)
    disable = None if progress else True  # None: silent where there is no terminal
    with (
        state.lock,
        tqdm(total=config.epochs * len(chunks), unit="chunk", disable=disable) as bar,
    ):
        before = Snapshot(state)
        if last is not None:
            state.take_over(state_of(last))
        loop = TrainingLoop(net, request, before=before)
        loop.train(_Round(net, client, chunks, options, timeout, bar))
    return net.history


class _Round:
    """One round on the cluster, which is an epoch of the training loop in this process."""

    def __init__(
        self,
        net: Network,
        client: Client,
        chunks: Sequence[Future],
        options: dict[str, Any],
        timeout: float,
        bar: tqdm[NoReturn],
    ) -> None:
        self.net, self.client, self.chunks, self.options = net, client, chunks, options
        self.timeout, self.bar = timeout, bar
        bare = copy.copy(net)
        bare.metadata = {}
        state_of(bare).forget_training()
        with within_reach(client, 0):
            self.bare = _as_result(client, bare)

    def train_span(self, loop: TrainingLoop) -> None:
        """Make the network the mean of its replicas, and record their metrics."""
        rate = loop.training.rate_ahead()
        weights, params, metrics = zip(*self._shares(loop, rate), strict=True)
        state_of(self.net).model.put(mean(weights, params))
        loop.finish_epochs(mean(weights, metrics)[np.newaxis], rate)
        shown = {name: f"{value:.4g}" for name, value in loop.run.figures().items()}
        self.bar.set_postfix(shown, refresh=False)

    def _shares(self, loop: TrainingLoop, rate: float) -> list[Share]:
        """Return the replicas of chunks that are not empty, in the order of the chunks."""
        number = loop.training.epochs
        with within_reach(self.client, number):
            shares, failed = self._answers(loop.training, number, rate)
        if failed and self.client.status != "running" and all(map(is_lost, failed.values())):
            raise no_cluster(number, self.client.status)
        try:
            for c, failure in sorted(failed.items()):
                tell(failure, f"round {number}, chunk {c}")
            if not shares:
                raise RuntimeError(f"a share must come back, got none in round {number}")
            filled = [share for _, share in sorted(shares.items()) if share.weight > 0]
            if not filled:
                raise ValueError(
                    f"round {number}: chunks must hold a sample, got {len(shares)} that are empty"
                )
        except (ValueError, TypeError) as error:
            loop.refuse(error)
            raise
        return filled

    def _answers(
        self, training: TrainingState, number: int, rate: float
    ) -> tuple[dict[int, Share], dict[int, Any]]:
        """Return the replicas and the failures of a round, by the numbers of the chunks."""
        client = self.client
        if died := [it for it in (self.bare, *self.chunks) if it.status == "error"]:
            client.retry(died)
        futures = client.map(
            train_replica,
            self.chunks,
            range(len(self.chunks)),
            bare=self.bare,
            params=_as_result(client, self.net.params),
            seed=(training.draw_key(state_of(self.net).random), number),
            rate=None if training.schedule is None else rate,
            options=self.options,
            pure=False,
        )
        places = {future.key: c for c, future in enumerate(futures)}
        shares: dict[int, Share] = {}
        failed: dict[int, Any] = {}
        try:
            for future, result in _as_they_come(client, futures, number, self.timeout):
                # Test the result: if its worker has died since, the future has another status.
                answers = shares if isinstance(result, Share) else failed
                answers[places[future.key]] = result
                if answers is failed and not is_lost(result):
                    return shares, {places[future.key]: result}
                self.bar.update()
        finally:
            with contextlib.suppress(*GONE):
                client.cancel(futures)
        return shares, failed


def _as_they_come(
    client: Client, futures: Iterable[Future], number: int, timeout: float
) -> Iterator[tuple[Future, Any]]:
    """Yield futures with their results, or with dask's description of their failure."""
    coming = as_completed(futures, client.loop, with_results=True, raise_errors=False)
    looked = time.monotonic()
    while coming.count():
        batch = coming.next_batch(block=False)
        yield from batch
        if not batch:
            time.sleep(_POLL)
        if time.monotonic() - looked > _LOOK:
            try:
                client.wait_for_workers(1, timeout)
            except TimeoutError:
                raise RuntimeError(
                    f"a worker must be there, got none for {timeout:g} s in round {number}"
                ) from None
            looked = time.monotonic()


def _as_result(client: Client, value: Any) -> Future:
    """Return a value as the result of a task, since dask cannot make scattered data again."""
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
        return client.submit(same, value, pure=False)


def _open_client() -> Client:
    try:
        return get_client()
    except ValueError:
        raise ValueError("a client of dask must be given or open, got none") from None


def _read_checkpoint(path: str | os.PathLike[str], net: Network) -> Network | None:
    """Return the network in the file, which must be like `net`, or None if there is no file."""
    if not Path(path).exists():
        return None
    loss, activations = net.loss_function, [layer.activation for layer in net.layers]
    known = (loss, *loss.losses, *activations, *(part.activation for part in loss.parts))
    own = [each for each in known if isinstance(each, OwnLoss | OwnActivation)]
    last = Network.load(path, functions=own)
    is_alike = np.array_equal(state_of(last).model.table, state_of(net).model.table)
    if not is_alike or (last.loss_function, last.dtype) != (net.loss_function, net.dtype):
        raise ValueError(f"the checkpoint must be of {net}, got {last}")
    return last
