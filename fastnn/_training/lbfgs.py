"""Train by L-BFGS of SciPy: an epoch is an iteration, and its metrics are those before it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks.arrays import Array
from ..core.layout import BIASES, WEIGHTS
from ..core.optimizers import L1, L2
from ..layers import Dense
from ..optimizers import LBFGS
from .loop import Training
from .model import Model, total_weight
from .request import FitConfig


def check_lbfgs(plan: FitConfig, layers: Sequence[Dense], batch_size: int | None) -> None:
    """Raise unless L-BFGS can train with these options, and SciPy is installed."""
    if importlib.util.find_spec("scipy") is None:
        raise ImportError('L-BFGS needs SciPy: pip install "fastnn-numba[lbfgs]"')
    if batch_size is not None:
        raise ValueError(f"batch_size must be None with L-BFGS, got {batch_size}")
    if plan.noise.size or any(layer.max_norm is not None for layer in layers):
        raise ValueError("L-BFGS must go without dropout, input_noise and max_norm, got one")


def train_by_lbfgs(this: Training) -> None:
    """Train all epochs, or fewer if L-BFGS converges."""
    from scipy.optimize import minimize

    model, plan, optimizer = this.model, this.plan, this.plan.optimizer
    assert isinstance(optimizer, LBFGS)
    total = total_weight(plan.weights, len(this.Y))
    scale = total if plan.reduction == "sum" else 1.0
    share = 1 / total if plan.divide_penalty else 1.0
    rates = np.array([this.state.rate_ahead()])
    accepted = model.params.copy()
    terms = np.zeros(2)  # the loss and the penalty where they were computed last

    def objective(x: Array) -> tuple[float, Array]:
        model.params[:] = x
        grad, terms[0] = model.gradient(this.X, this.Y, plan.weights)
        terms[1], of_penalty = _penalty(model)
        terms[1] *= share
        of_all = scale * grad + share * of_penalty
        return float(scale * terms[0] + terms[1]), of_all.astype(np.float64)

    def figures() -> Array:
        values = {}
        if plan.metrics:
            values = model.evaluate(this.X, this.Y, plan.weights, plan.metrics)
        return np.array([[terms[0], *(values[name] for name in plan.metrics), terms[1]]])

    def finish_iteration(intermediate_result: Any) -> None:
        model.params[:] = accepted[:] = intermediate_result.x
        before, record["figures"] = record["figures"], figures()
        this.advance(len(this.Y))
        this.finish_epochs(before, rates)
        accepted[:] = model.params  # a callback may have changed them
        this.begin_span()
        if this.run.stopping:
            raise StopIteration

    objective(accepted)
    record = {"figures": figures()}
    if not this.is_finite(record["figures"]):
        raise this.divergence(record["figures"], rates)
    try:
        minimize(
            objective,
            accepted.astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=finish_iteration,
            options={
                "maxiter": this.epochs_left(),
                "maxfun": np.inf,
                "maxcor": optimizer.memory,
                "gtol": optimizer.gtol,
                "ftol": optimizer.ftol,
                "maxls": optimizer.max_line_search,
            },
        )
    finally:
        model.params[:] = accepted
    if not this.run.history.epoch:  # there was nothing to gain
        this.finish_epochs(record["figures"], rates)
    this.run.stop()


def _penalty(model: Model) -> tuple[float, Array]:
    """Return the l1 and l2 penalties of the layers, and their gradient, laid out as `params`."""
    grad, value = np.zeros_like(model.params), 0.0
    layers = zip(model.penalties[:, [L1, L2]], model.table[:, [WEIGHTS, BIASES]], strict=False)
    for (l1, l2), (start, stop) in layers:
        W = model.params[start:stop]
        value += float(l1 * np.abs(W).sum() + 0.5 * l2 * np.square(W).sum())
        grad[start:stop] = l1 * np.sign(W) + l2 * W
    return value, grad
