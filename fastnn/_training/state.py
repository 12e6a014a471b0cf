"""The state of a network: what it is, what it has learnt, and how training goes on from there."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks.arrays import Array, as_weights
from .._checks.frames import names_of
from .._checks.heads import targets_of_heads
from .._checks.inputs import Names, as_inputs, check_samples
from .._checks.stored import Inputs
from .._checks.targets import as_targets
from ..core import layout
from ..core.layout import Net
from ..core.optimizers import KEY, N_COUNTERS, N_UPDATES
from ..history import History
from ..initializers import Random
from ..layers import Dense, net_parts, penalty_table, with_arrays
from ..losses import Loss
from ..optimizers import Optimizer
from ..standardize import Standardize
from .lock import TrainingLock
from .model import Model
from .rates import Schedule, per_of, rates_of
from .standardise import check_known, check_sparse, standardised

if TYPE_CHECKING:
    from .config import FitConfig, UsualFit
    from .stream import BatchStep, SingleSampleStep


@dataclass
class TrainingState:
    """The training state, beside the parameters and the random source.

    `updates` counts those of the epochs, as a schedule does: a batch without weight is one, too.
    """

    optimizer: Optimizer
    schedule: Schedule | None
    reduction: str
    slots: Array
    counters: Array
    epochs: int = 0
    updates: int = 0
    # No fields, for no file has them: a rate ahead, and the average that kernels are to make.
    _known = cast("tuple[int, float] | None", None)
    average = cast("Array | None", None)

    @classmethod
    def begun(cls, config: FitConfig, model: Model, last: TrainingState | None) -> TrainingState:
        """Return the state to start from: that of the last training, or a fresh one.

        Another kind of optimiser than the last one starts with fresh slots.
        """
        if not model.params.flags.writeable:
            model.check_writable()
        schedule = config.schedule
        if schedule is not None:  # one that is shown what epochs recorded starts anew
            start = getattr(schedule, "start", None)
            schedule = schedule if start is None else start()
            per_of(schedule)
        slots = config.optimizer.initial_slots(model.params.size, model.dtype)
        counters = np.zeros(N_COUNTERS, np.int64)
        state = cls(config.optimizer, schedule, config.reduction, slots, counters)
        if last is None:
            return state
        state.counters, state.epochs = last.counters.copy(), last.epochs
        state.updates = last.updates
        if type(state.optimizer) is type(last.optimizer) and slots.shape == last.slots.shape:
            state.slots = last.slots
        else:
            state.counters[N_UPDATES] = 0
        if config.schedule == last.schedule:
            state.schedule = last.schedule
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take arrays of its own: joblib's may be files, mapped read-only."""
        self.__dict__.update(state)
        self.slots, self.counters = layout.aligned_copy(self.slots), np.array(self.counters)

    def relay(self, old_table: Array, table: Array, *, has_narrow: bool) -> None:
        """Bring the slots of another machine, or of an earlier fastnn, into this layout."""
        slots = self.optimizer.initial_slots(layout.params_size(table), self.slots.dtype)
        for own, old in zip(slots, self.slots, strict=True):
            own[:] = layout.relaid(old, old_table, table, has_narrow=has_narrow)
        self.slots = slots

    def arrays(self) -> tuple[Array, ...]:
        """Return the arrays that a compiled call changes beside the parameters."""
        if self.average is None:
            return self.slots, self.counters
        return self.slots, self.counters, self.average

    def rate(self) -> float | None:
        """Return the last learning rate; None means the optimiser's own."""
        if self.schedule is None:
            return None
        n_done = self.updates if self.is_per_update else self.epochs
        return float(rates_of(self.schedule, max(0, n_done - 1), 1)[0])

    @property
    def is_per_update(self) -> bool:
        """Whether the learning rate changes within an epoch."""
        return self.schedule is not None and per_of(self.schedule) == "update"

    def rate_ahead(self) -> float:
        """Return the learning rate of the next update, which the schedule is not asked again."""
        rate = float(self.rates_ahead()[0, 0])
        if self.schedule is not None:
            self._known = self.updates if self.is_per_update else self.epochs, rate
        return rate

    def rates_ahead(self, n_epochs: int = 1, n_updates: int = 1, n_before: int = 0) -> Array:
        """Return the rates of the next epochs, shape (n_epochs, 1 or n_updates), as kernels do.

        `n_updates` is the number of updates of an epoch, or of a part of it that `n_before` others
        precede.
        """
        if self.schedule is None:
            rates = np.empty((n_epochs, 1))
            rates.fill(getattr(self.optimizer, "learning_rate", 1.0))
            return rates
        first, width = self.epochs, 1
        if self.is_per_update:
            first, width = self.updates + n_before, n_updates
        n, known, self._known = n_epochs * width, self._known, None
        if known is None or known[0] != first or n == 0 or hasattr(self.schedule, "rates"):
            rates = rates_of(self.schedule, first, n)
        else:  # a user's function, which is called once for each
            rates = np.concatenate([[known[1]], rates_of(self.schedule, first + 1, n - 1)])
        return rates.reshape(n_epochs, width)

    def draw_key(self, random: Random) -> int:
        """Return the key of all random draws within an epoch; draw it if there is none."""
        if self.counters[KEY] == 0:
            self.counters[KEY] = 1 + int(random.random() * 2**53)
        return int(self.counters[KEY])


# What the next call that trains may find ready; NaN is no rate.
_NOTHING_READY: dict[str, Any] = {
    "row_step": None, "batch_step": None, "ready_rate": math.nan, "usual_fit": None,
}  # fmt: skip


class NetworkState:
    """The parameters of a network, its random source, and what training goes on from.

    `training` is None before any training. `past` holds what earlier calls of `fit` have recorded,
    `latest` what the last one did. `row_step` and `batch_step`, if not None, are ready for the next
    call of `partial_fit`, also for one that asks for `ready_rate`; `usual_fit` is for the next of
    `fit`. `standardize` is what comes before the layers, if anything does.
    """

    def __init__(
        self,
        layers: Sequence[Dense],
        net: Net,
        loss: Loss,
        random: Random,
        standardize: Standardize | None = None,
    ) -> None:
        self.model = Model(net, loss, penalty_table(layers))
        self.weights = layout.weight_views(net.params, net.layer_table)
        self.biases = layout.bias_views(net.params, net.layer_table)
        self.layers = tuple(map(with_arrays, layers, self.weights, self.biases))
        self.has_dropout = any(map(attrgetter("dropout"), layers))
        self.random, self.standardize = random, standardize
        self.training: TrainingState | None = None
        self.past, self.latest = History(), History()
        self.feature_names: Names = None
        self.lock = TrainingLock()
        # Not by an update of `__dict__`, after which an attribute takes longer to find.
        self.row_step: SingleSampleStep | None = None
        self.batch_step: BatchStep | None = None
        self.ready_rate = math.nan
        self.usual_fit: UsualFit | None = None

    def set_trainable(self, flags: Sequence[bool]) -> None:
        """Say of each layer whether training changes it; the caller has the lock."""
        own = zip(self.layers, self.weights, self.biases, flags, strict=True)
        layers = tuple(with_arrays(layer, W, b, trainable=flag) for layer, W, b, flag in own)
        last = self.model
        table, code = net_parts(last.n_in, layers, last.loss, last.dtype)
        model = Model(Net(last.params, table, code), last.loss, penalty_table(layers))
        self.__dict__.update(_NOTHING_READY, model=model, layers=layers)

    # ---- checks ----------------------------------------------------------------------------------

    def as_inputs(
        self,
        X: Any,
        *,
        row: bool = False,
        finite: bool = True,
        names: Names = None,
        raw: bool = False,
    ) -> Inputs:
        """Return inputs for the kernels: as the first layer of `layers` takes them.

        A large X is not converted but left as it is stored (`whole` converts it). With `row`, X may
        be a single row. With `finite` False, X may hold NaN and infinity. A table with column names
        must have those in `names`. With `raw` inputs are not yet standardised (`standardised` does
        it), nor in the network's dtype if they are to be.
        """
        model, step = self.model, self.standardize
        if step is None:
            return as_inputs(X, model.n_in, model.dtype, row=row, finite=finite, names=names)
        if not raw:
            check_known(step)
        is_single = getattr(X, "dtype", None) == np.float32  # which needs no copy in float64
        dtype = np.dtype(np.float32 if is_single else np.float64)
        inputs = as_inputs(X, model.n_in, dtype, row=row, finite=finite and raw, names=names)
        check_sparse(step, inputs)
        if raw:
            return inputs
        inputs = self.standardised(inputs)
        if finite or inputs.is_sparse:  # of which no kernel tells
            check_samples(inputs, names_of(X), is_row=row and np.ndim(X) == 1)
        return inputs

    def standardised(self, X: Inputs) -> Inputs:
        """Return raw inputs as the first layer of `layers` takes them."""
        step = self.standardize
        return X if step is None else standardised(step, X, self.model.dtype)

    def as_pair(
        self,
        X: Any,
        y: ArrayLike,
        *,
        row: bool = False,
        finite: bool = True,
        names: Names = None,
        raw: bool = False,
    ) -> tuple[Inputs, Array]:
        """Return inputs (`as_inputs`) and targets for the kernels."""
        model = self.model
        inputs = self.as_inputs(X, row=row, finite=finite, names=names, raw=raw)
        is_table = type(X) is np.ndarray and X.ndim == 2
        n_samples = len(X) if is_table else inputs.n_samples
        row = row and not is_table and np.ndim(X) == 1
        if model.parts:
            return inputs, targets_of_heads(y, n_samples, model.dtype, model.loss, row=row)
        return inputs, as_targets(y, n_samples, model.n_out, model.dtype, model.rule, row=row)

    def as_weights(self, sample_weight: ArrayLike | None, n_samples: int) -> Array:
        """Return the weights of the samples, or an empty array if all are 1."""
        if sample_weight is None:
            return self.model.no_weights
        return as_weights(sample_weight, n_samples, self.model.dtype)

    # ---- training --------------------------------------------------------------------------------

    def history(self) -> History:
        """Return a copy of all that was recorded since training last started afresh."""
        history = History()
        for part in (self.past, self.latest):
            history.extend(part.epoch, part.columns())
        return history

    def begin(self, training: TrainingState, names: Names, history: History | None) -> None:
        """Let training start: from `training`, its `history` after what was recorded, or anew.

        What was ready for other training is dropped. All of it or, if Ctrl-C comes, nothing: one
        call of C.
        """
        new = {**_NOTHING_READY, "training": training, "feature_names": names}
        if history is None:
            self.__dict__.update(new)
            return
        past = self.past
        if training.epochs == 0:
            past = History() if past.epoch else past
            self.__dict__.update(new, past=past, latest=history)
            return
        n_past = past.epoch[-1] + 1 if past.epoch else 0
        try:
            past.extend(self.latest.epoch, self.latest.columns())
            self.__dict__.update(new, latest=history)
        except BaseException:
            if self.latest is not history:
                past.drop_from(n_past)
            raise

    def take_over(self, last: NetworkState) -> None:
        """Go on from another network of the same layers; its training state is for the caller."""
        self.model.params[:] = last.model.params
        past, latest = last.history(), History()
        self.__dict__.update(
            random=last.random, standardize=last.standardize, past=past, latest=latest
        )

    def forget_training(self) -> None:
        """Drop the training state and all that was recorded."""
        self.__dict__.update(training=None, past=History(), latest=History())


class Snapshot:
    """The parts of a network that training changes, to restore them.

    Without `draws`, nothing is drawn from the random source until the snapshot is restored or
    dropped. `like` is an earlier one, since which neither parameters nor random source have
    changed. `next_training` is the training state that is about to begin, whose arrays the kernels
    will change; by default the present one goes on.
    """

    __slots__ = (
        "_ends",
        "_epochs",
        "_refs",
        "_schedule",
        "_standardize",
        "_state",
        "_training",
        "_updates",
        "arrays",
        "params",
        "stream",
    )

    def __init__(
        self,
        state: NetworkState,
        *,
        draws: bool = True,
        like: Snapshot | None = None,
        next_training: TrainingState | None = None,
    ) -> None:
        self._state = state
        if like is None:
            self.params = state.model.params.copy()
            self.stream = stream_of(state.random) if draws else None
        else:
            self.params, self.stream = like.params, like.stream
        training, past, latest = state.training, state.past.epoch, state.latest.epoch
        self._refs = training, state.past, state.latest, state.feature_names, state.random
        self._standardize = state.standardize
        self._ends = past[-1] + 1 if past else 0, latest[-1] + 1 if latest else 0
        training = self._training = training if next_training is None else next_training
        if training is not None:
            # Copies of all that a compiled call changes.
            self.arrays = self.params, *map(np.ndarray.copy, training.arrays())
            self._epochs, self._schedule = training.epochs, training.schedule
            self._updates = training.updates
            if self._schedule is not None and hasattr(self._schedule, "observe"):
                self._schedule = copy.deepcopy(self._schedule)

    def restore(self) -> None:
        """Make the network as it was."""
        state = self._state
        last, past, latest, names, random = self._refs
        state.model.params[:] = self.params
        if self.stream is not None:
            set_stream(random, self.stream)
        training = self._training
        if training is not None:  # with the slots of the last training, or with other ones
            for array, copied in zip(training.arrays(), self.arrays[1:], strict=True):
                array[...] = copied
            if last is not None and last.schedule is training.schedule:
                last.schedule = self._schedule
            training.epochs, training.schedule = self._epochs, self._schedule
            training.updates = self._updates
        past.drop_from(self._ends[0])
        latest.drop_from(self._ends[1])
        state.training, state.past, state.latest = last, past, latest
        state.feature_names, state.random = names, random
        state.standardize = self._standardize


# How other modules reach the state of a network, which is no part of its interface to users.
state_of: Callable[[Any], NetworkState] = attrgetter("_state")


def set_stream(random: Any, stream: Any) -> None:
    """Let a source of random numbers go on from where one stood."""
    if isinstance(random, np.random.RandomState):
        random.set_state(stream)
    else:
        random.bit_generator.state = stream


def stream_of(random: Any) -> Any:
    """Return the state of a random source."""
    if isinstance(random, np.random.RandomState):
        return random.get_state()
    return random.bit_generator.state
