"""What each optimiser makes of a gradient, in the formulas of PyTorch's documentation.

In all of them theta is an array of weights or biases, g its gradient, `rate` the learning rate and
t the number of the update, the first one 1. Before a rule is applied the gradient is clipped, then
the weights decay, and the biases where `decay_biases` is True and they are not frozen:

    g = g cut off at -clip_value and clip_value
    g = g min(1, clip_norm / (|g| + 1e-6))          |g| over all parameters of the network
    g = g + weight_decay W                          AdamW: W = W - rate weight_decay W
"""

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
State = dict[str, Any]


@dataclass
class Optimizer:
    """What optimisers share; each has its own state, so it serves one network.

    Parameters
    ----------
    learning_rate : float
    weight_decay : float
    decay_biases : bool
    clip_value, clip_norm : float, optional
        By default nothing is clipped.

    Attributes
    ----------
    n_updates : int
    states : list of dict, one for each array of weights, then of biases
        What a rule remembers of it.

    Examples
    --------
    >>> from fastnn.reference import OPTIMIZERS, ReferenceNetwork
    >>> net = ReferenceNetwork([[[0.0]]], [None], ["identity"])
    >>> losses = net.fit([[1.0]], [[1.0]], epochs=3, optimizer=OPTIMIZERS["Adam"](0.1))
    >>> net.weights[0].round(2)
    array([[0.3]])
    """

    learning_rate: float = 0.01
    _: KW_ONLY
    weight_decay: float = 0.0
    decay_biases: bool = False
    clip_value: float | None = None
    clip_norm: float | None = None
    n_updates: int = field(default=0, init=False)
    states: list[State] = field(default_factory=list, init=False, repr=False)

    @staticmethod
    def like(optimizer: Any) -> "Optimizer":
        """Make the naive twin, before any update, of one of `fastnn.optimizers`."""
        twin = OPTIMIZERS[type(optimizer).__name__]
        return twin(**{f.name: getattr(optimizer, f.name) for f in fields(twin) if f.init})

    def step(
        self,
        weights: Sequence[Array],
        biases: Sequence[Array | None],
        grad_weights: Sequence[Array],
        grad_biases: Sequence[Array | None],
        learning_rate: float | None = None,
        *,
        train_biases: Sequence[bool] | None = None,
    ) -> None:
        """Update all parameters in place; a rate that is given takes the place of its own.

        `train_biases` says of each layer whether its biases are not frozen; None, that none are.
        """
        rate = self.learning_rate if learning_rate is None else float(learning_rate)
        thetas = [*weights, *(b for b in biases if b is not None)]
        gradients = self._clipped([*grad_weights, *(g for g in grad_biases if g is not None)])
        self.states = self.states or [{} for _ in thetas]
        self.n_updates += 1
        trained = [True] * len(biases) if train_biases is None else train_biases
        decays = [True] * len(weights)
        for b, is_trained in zip(biases, trained, strict=True):
            if b is not None:
                decays.append(self.decay_biases and is_trained)
        for theta, g, state, is_decayed in zip(thetas, gradients, self.states, decays, strict=True):
            if is_decayed and self.weight_decay:
                g = self._decayed(theta, g, rate)
            self._rule(theta, g, rate, state)

    def _clipped(self, gradients: list[Array]) -> list[Array]:
        if self.clip_value is not None:
            gradients = [np.clip(g, -self.clip_value, self.clip_value) for g in gradients]
        if self.clip_norm is not None:
            norm = math.sqrt(sum(float(np.square(g).sum()) for g in gradients))
            factor = min(1.0, self.clip_norm / (norm + 1e-6))
            gradients = [factor * g for g in gradients]
        return gradients

    def _decayed(self, W: Array, g: Array, rate: float) -> Array:
        """Return the gradient with the decay in it."""
        return g + self.weight_decay * W

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        """Update one array, and what is remembered of it, in place."""
        raise NotImplementedError


@dataclass
class SGD(Optimizer):
    """theta -= rate g."""

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        theta -= rate * g


@dataclass
class Momentum(Optimizer):
    """theta -= rate b, b = momentum b + (1 - dampening) g, but b = g in the first update."""

    momentum: float = 0.9
    dampening: float = 0.0

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        b = self.momentum * state["b"] + (1 - self.dampening) * g if state else g
        theta -= rate * b
        state["b"] = b


@dataclass
class Nesterov(Optimizer):
    """theta -= rate (g + momentum b), b = momentum b + g."""

    momentum: float = 0.9

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        b = state["b"] = self.momentum * state.get("b", 0.0) + g
        theta -= rate * (g + self.momentum * b)


@dataclass
class RMSprop(Optimizer):
    """theta -= rate b, b = momentum b + g / (sqrt v + eps), v = alpha v + (1 - alpha) g^2.

    Where it is centered, m = alpha m + (1 - alpha) g, and v - m^2 is in the place of v.
    """

    alpha: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0
    centered: bool = False

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        v = state["v"] = self.alpha * state.get("v", 0.0) + (1 - self.alpha) * g**2
        if self.centered:
            m = state["m"] = self.alpha * state.get("m", 0.0) + (1 - self.alpha) * g
            v = v - m**2
        b = state["b"] = self.momentum * state.get("b", 0.0) + g / (np.sqrt(v) + self.eps)
        theta -= rate * b


@dataclass
class Adagrad(Optimizer):
    """theta -= rate / (1 + (t - 1) lr_decay) g / (sqrt s + eps), s = s + g^2."""

    lr_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        s = state["s"] = state.get("s", self.initial_accumulator_value) + g**2
        theta -= rate / (1 + (self.n_updates - 1) * self.lr_decay) * g / (np.sqrt(s) + self.eps)


@dataclass
class Adam(Optimizer):
    """theta -= rate m' / (sqrt v' + eps), m' = m / (1 - beta1^t), v' = v / (1 - beta2^t).

    m = beta1 m + (1 - beta1) g and v = beta2 v + (1 - beta2) g^2. With `eps_hat` it is added before
    the correction: theta -= rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt v + eps), as [1]_ has
    it at the end of section 2, and Keras and scikit-learn.

    References
    ----------
    .. [1] D. P. Kingma and J. L. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    learning_rate: float = 0.001
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    eps_hat: bool = False

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        beta1, beta2 = self.betas
        m = state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
        m_scale, v_scale = 1 - beta1**self.n_updates, 1 - beta2**self.n_updates
        if self.eps_hat:
            theta -= rate * math.sqrt(v_scale) / m_scale * m / (np.sqrt(v) + self.eps)
        else:
            theta -= rate * (m / m_scale) / (np.sqrt(v / v_scale) + self.eps)


@dataclass
class AdamW(Adam):
    """Adam, but the decay is no part of the gradient: W -= rate weight_decay W."""

    _: KW_ONLY
    weight_decay: float = 0.01

    def _decayed(self, W: Array, g: Array, rate: float) -> Array:
        W -= rate * self.weight_decay * W
        return g


@dataclass
class IRprop(Optimizer):
    """A step for each parameter, the first `learning_rate`: theta -= sign(g) step.

    Where g has the sign of the last one the step grows, eta+ times, up to the largest; where it has
    the other sign the step shrinks, eta- times, down to the least, and g counts as 0.
    """

    etas: tuple[float, float] = (0.5, 1.2)
    step_sizes: tuple[float, float] = (1e-6, 50.0)

    def _rule(self, theta: Array, g: Array, rate: float, state: State) -> None:
        agreement = g * state.get("g", 0.0)
        factor = np.select([agreement < 0, agreement > 0], self.etas, default=1.0)
        step = np.clip(factor * state.get("step", rate), *self.step_sizes).astype(theta.dtype)
        g = np.where(agreement < 0, 0, g)
        theta -= np.sign(g) * step
        state["g"], state["step"] = g, step


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__: kind for kind in (SGD, Momentum, Nesterov, RMSprop, Adagrad, Adam, AdamW, IRprop)
}
