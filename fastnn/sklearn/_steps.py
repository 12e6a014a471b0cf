"""The steps of the stochastic solvers: optimisers, rates and orders as scikit-learn has them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks.arrays import Array
from .._training.rates import Schedule, per_of, rates_of
from .._training.state import set_stream, state_of, stream_of
from ..initializers import Random
from ..network import Network
from ..optimizers import SGD, Adam, AdamW, CompiledOptimizer, Momentum, Nesterov

if TYPE_CHECKING:
    from ._base import BaseMLP

SOLVERS = ("sgd", "adam", "adamw")
LEAST_RATE = 1e-6  # from there an adaptive rate falls no further, and training stops


def most_epochs(estimator: Any, *, incremental: bool) -> int:
    """Return how many epochs, or iterations of lbfgs, a call of `fit` or `partial_fit` may take."""
    is_one = incremental and estimator.solver in SOLVERS
    return 1 if is_one else estimator.max_iter


@dataclass(eq=False)
class StepSchedule:
    """The solver's state that `partial_fit` keeps between calls, beside the network's.

    `curve` is a schedule of fastnn's, which replaces `learning_rate`. `scale` is that of the
    objective (`_design`).
    """

    optimizer: CompiledOptimizer
    schedule: str
    power_t: float
    learning_rate: float
    curve: Schedule | None = None
    scale: float = 1.0

    @classmethod
    def of(cls, estimator: BaseMLP) -> StepSchedule:
        """Return the schedule that the estimator's parameters describe."""
        rate, momentum = estimator.learning_rate_init, estimator.momentum
        given: str | Schedule = estimator.learning_rate
        curve: Schedule | None = None
        if not isinstance(given, str):
            start = getattr(given, "start", None)  # one that goes by what epochs recorded
            curve, given = given if start is None else start(), "constant"
        optimizer: CompiledOptimizer
        if estimator.solver == "sgd":
            if momentum == 0:
                optimizer = SGD(rate)
            else:
                kind = Nesterov if estimator.nesterovs_momentum else Momentum
                optimizer = kind(rate, min(momentum, math.nextafter(1, 0)))
            return cls(optimizer, given, estimator.power_t, rate, curve)
        betas = (estimator.beta_1, estimator.beta_2)
        optimizer = Adam(rate, betas, eps=estimator.epsilon, eps_hat=True)
        if estimator.solver == "adamw":
            optimizer = AdamW(
                rate, betas, eps=estimator.epsilon, eps_hat=True, weight_decay=estimator.alpha
            )
        return cls(optimizer, "constant", 0.0, rate, curve)

    def network_optimizer(self) -> CompiledOptimizer:
        """Return the optimiser for the gradients of the network, which lack `scale`."""
        # Adam divides gradients by their size, but for `eps`.
        if isinstance(self.optimizer, Adam) and self.scale != 1:
            return replace(self.optimizer, eps=self.optimizer.eps / self.scale)
        return self.optimizer

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, or an update, for the gradients of the network."""
        return float(self.rates(epoch, 1)[0])

    @property
    def per(self) -> str:
        """What the rate is a function of: the "epoch" or the "update"."""
        return "epoch" if self.curve is None else per_of(self.curve)

    def rates(self, first: int, n: int) -> Array:
        """Return the rates of some epochs, or updates."""
        curve = self.curve
        rates = np.full(n, self.learning_rate) if curve is None else rates_of(curve, first, n)
        return rates if isinstance(self.optimizer, Adam) else rates * self.scale

    @property
    def is_steady(self) -> bool:
        """Whether there is one rate for all epochs."""
        return self.schedule == "constant" and self.curve is None

    def expect(self, recorded: Collection[str]) -> None:
        """Raise unless the schedule goes by one of these names, or by none."""
        if (expect := getattr(self.curve, "expect", None)) is not None:
            expect(recorded)

    def change(self, learning_rate: float, network: Network) -> None:
        """Change the rate, and keep the velocity."""
        if isinstance(self.optimizer, Momentum | Nesterov):
            training = state_of(network).training
            assert training is not None
            training.slots *= self.learning_rate / learning_rate
        self.learning_rate = learning_rate

    def end_epoch(self, n_seen: int, network: Network, recorded: Mapping[str, float]) -> None:
        """Update a rate that is a function of the samples seen, or of what was recorded."""
        if self.schedule == "invscaling":
            rate = self.optimizer.learning_rate / (n_seen + 1) ** self.power_t
            self.change(rate, network)
        if (observe := getattr(self.curve, "observe", None)) is not None:
            observe(recorded)

    def stops(self, network: Network) -> tuple[bool, str]:
        """Return whether to stop for lack of progress; an adaptive rate is lowered first."""
        if self.schedule != "adaptive":
            return True, "Stopping."
        if self.learning_rate <= LEAST_RATE:
            return True, "Learning rate too small. Stopping."
        self.change(self.learning_rate / 5.0, network)
        return False, f"Setting learning rate to {self.learning_rate:f}"


class EpochOrders:
    """The order of each epoch, drawn as in scikit-learn: the previous order, permuted."""

    def __init__(self, n_samples: int, shuffle: bool, random: Random) -> None:
        self._last, self._shuffle, self._random = np.arange(n_samples), shuffle, random
        self._drawn: dict[int, Array] = {}
        self._ahead: tuple[int, Any] | None = None  # an epoch, and the random state before it

    def __call__(self, first: int, n: int) -> Array:
        """Return the sample numbers of some epochs in order, a row each; asked again, the same."""
        orders = []
        if n > 1 and self._shuffle and first not in self._drawn:
            self._ahead = first, stream_of(self._random)
        for epoch in range(first, first + n):
            if epoch not in self._drawn:
                if self._shuffle:
                    self._last = self._last[self._random.permutation(len(self._last))]
                self._drawn[epoch] = self._last
            orders.append(self._drawn[epoch])
        for epoch in [epoch for epoch in self._drawn if epoch < first]:
            del self._drawn[epoch]
        return np.array(orders)

    def put_back(self, n_epochs: int) -> None:
        """Leave the random state as after the epochs that were trained and the one begun, if any.

        Of a span that ends early, the orders of further ones were drawn too.
        """
        if self._ahead is None or max(self._drawn) <= n_epochs:
            return
        first, random_state = self._ahead
        set_stream(self._random, random_state)
        for _ in range(first, n_epochs + 1):
            self._random.permutation(len(self._last))


@dataclass(eq=False)
class SolverState:
    """What a solver keeps between calls, beside the network's own state."""

    steps: StepSchedule | None = None  # None before any step
    n_without_progress: int = 0  # epochs
    best_params: Array | None = None
