"""Train by L-BFGS of SciPy: an epoch is an iteration, and its metrics are those before it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks.arrays import Array, is_finite
from .._checks.extras import missing_package
from ..core.layout import BIASES, WEIGHTS
from ..core.optimizers import L1, L2, MAX_NORM
from ..optimizers import LBFGS
from .config import FitConfig
from .epochs import divergence
from .model import Model
from .sources import Arrays
from .state import TrainingState

if TYPE_CHECKING:
    from .loop import TrainingLoop


def check_lbfgs(config: FitConfig, model: Model, batch_size: int | None) -> None:
    """Raise unless L-BFGS can train with these options, and SciPy is installed."""
    if importlib.util.find_spec("scipy") is None:
        raise missing_package("L-BFGS", "SciPy", "lbfgs")
    if batch_size is not None:
        raise ValueError(
            f"batch_size must be None with L-BFGS, got {batch_size}: give batch_size=None, which "
            "is all samples (the default is 1)"
        )
    if config.average is not None:
        raise ValueError(
            "AveragedWeights must have per='epoch' with L-BFGS, whose epochs are its updates, got "
            f"{config.average}"
        )
    if config.noise.size or np.isfinite(model.penalties[:, MAX_NORM]).any():
        raise ValueError("L-BFGS must go without dropout, input_noise and max_norm, got one")


class Objective:
    """What L-BFGS minimises, as SciPy takes it: `of_loss` loss + `of_penalty` penalty.

    The gradient of the loss is multiplied by `of_gradient`. `loss` and `penalty`, with its factor,
    are those of the last call.
    """

    def __init__(
        self, model: Model, data: Arrays, *, of_loss: float, of_gradient: float, of_penalty: float
    ) -> None:
        self._model, self._data = model, data
        self._factors = of_loss, of_gradient, of_penalty
        self.loss = self.penalty = 0.0

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Set the parameters to `x`; return the value and its gradient in float64."""
        model, data = self._model, self._data
        of_loss, of_gradient, of_penalty = self._factors
        model.put(x)
        grad, self.loss = model.gradient(data.X, data.Y, data.weights)
        penalty, grad_penalty = _penalty(model)
        self.penalty = of_penalty * penalty
        of_all = of_gradient * grad + of_penalty * grad_penalty
        return of_loss * self.loss + self.penalty, of_all.astype(np.float64)


def minimize(
    objective: Objective, start: Array, callback: Callable[..., None] | None = None, **options: Any
) -> Any:
    """Return SciPy's result of L-BFGS-B, with SciPy's options."""
    from scipy.optimize import minimize as minimize_by

    return minimize_by(
        objective,
        start.astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options=options,
    )


class LBFGSEpochs:
    """The runner of L-BFGS."""

    def __init__(
        self, model: Model, data: Arrays, config: FitConfig, training: TrainingState
    ) -> None:
        self._model, self._data, self._config, self._training = model, data, config, training
        total = data.total_weight()
        scale = total if config.reduction == "sum" else 1.0
        share = 1 / total if config.divide_penalty else 1.0
        self._objective = Objective(model, data, of_loss=scale, of_gradient=scale, of_penalty=share)

    def train_span(self, loop: TrainingLoop) -> None:
        """Train all epochs, or fewer if L-BFGS converges."""
        model, objective, optimizer = self._model, self._objective, self._config.optimizer
        assert isinstance(optimizer, LBFGS)
        rates = self._training.rates_ahead()
        rate = float(rates[0, 0])
        accepted = model.params.copy()
        objective(accepted)
        metrics = self._metrics()
        if not (np.isfinite(metrics[0, 0]) and is_finite(accepted)):
            raise loop.diverged(
                divergence(self._data, metrics, rates, self._training.epochs, loop.state)
            )

        def finish_iteration(intermediate_result: Any) -> None:
            nonlocal metrics
            model.put(intermediate_result.x)
            accepted[:] = model.params
            before, metrics = metrics, self._metrics()
            loop.advance(len(self._data.Y))
            loop.finish_epochs(before, rate)
            accepted[:] = model.params  # a callback may have changed them
            loop.begin_span()
            if loop.run.stopping:
                raise StopIteration

        try:
            minimize(
                objective,
                accepted,
                finish_iteration,
                maxiter=loop.stop_epoch - self._training.epochs,
                maxfun=np.inf,
                maxcor=optimizer.memory,
                gtol=optimizer.gtol,
                ftol=optimizer.ftol,
                maxls=optimizer.max_line_search,
            )
        finally:
            model.params[:] = accepted
        if not loop.run.history.epoch:  # there was nothing to gain
            loop.finish_epochs(metrics, rate)
        loop.run.stop()

    def _metrics(self) -> Array:
        """Return loss, metrics and penalty where the objective was computed last."""
        data, names = self._data, self._config.metrics
        values = self._model.evaluate(data.X, data.Y, data.weights, names) if names else {}
        of_names = (values[name] for name in names)
        return np.array([[self._objective.loss, *of_names, self._objective.penalty]])


def _penalty(model: Model) -> tuple[float, Array]:
    """Return the l1 and l2 penalties of the layers, and their gradient, laid out as `params`."""
    grad, value = np.zeros_like(model.params), 0.0
    layers = zip(model.penalties[:, [L1, L2]], model.table[:, [WEIGHTS, BIASES]], strict=False)
    for (l1, l2), (start, stop) in layers:
        W = model.params[start:stop]
        value += float(l1 * np.abs(W).sum() + 0.5 * l2 * np.square(W).sum())
        grad[start:stop] = l1 * np.sign(W) + l2 * W
    return value, grad
