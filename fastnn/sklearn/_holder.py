"""The network behind an estimator, and its parameters as scikit-learn has them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._checks.arrays import Array
from .._training.state import state_of
from ..activations import OwnActivation
from ..losses import Loss
from ..network import Network
from ._design import Design, scale_of
from ._estimator import Estimator
from ._steps import SOLVERS, SolverState


class NetworkHolder(Estimator):
    """An estimator whose `coefs_` and `intercepts_` are lists of views of a network's parameters.

    If a user assigns other arrays, a new network takes their values.
    """

    activation: str | OwnActivation | Sequence[str | OwnActivation]
    solver: str
    alpha: float
    early_stopping: bool
    dropout: float | Sequence[float]

    coefs_: Any  # lists of arrays, whatever a user assigns
    intercepts_: Any
    out_activation_: str
    _loss: Loss | None = None  # None before any fit
    _network: Network | None = None
    _solver: SolverState | None = None
    _network_design: Design

    @property
    def network_(self) -> Network:
        """The fitted network; it and `coefs_` are views of the same parameters."""
        check_is_fitted(self)
        network = self._connected()
        if network is not self._network:
            self._connect(network)
        return network

    def _connected(self) -> Network:
        """Return a network with the values of `coefs_` and `intercepts_`.

        It is the present one, unless the user has assigned arrays or changed the parameters.
        """
        last, design = self._network, self._design()
        if last is not None and design == self._network_design and self._holds_views_of(last):
            return last
        dtype = np.result_type(np.float32, *self.coefs_) if last is None else last.dtype
        network = design.build(dtype)
        for own, given in zip(_views(network), [*self.coefs_, *self.intercepts_], strict=True):
            own[:] = given
        if last is not None and last.params.size == network.params.size:
            state_of(network).training = state_of(last).training
        return network

    def _connect(self, network: Network) -> None:
        """Make `coefs_` and `intercepts_` views of a network's parameters."""
        self._network, self._network_design = network, self._design()
        self.coefs_, self.intercepts_ = list(network.weights), list(network.biases)

    def _holds_views_of(self, network: Network) -> bool:
        """Return True if the user has not assigned other arrays than the network's."""
        held = [*self.coefs_, *self.intercepts_]
        views = _views(network)
        return len(held) == len(views) and all(map(operator.is_, held, views))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        if self._network is not None and self._holds_views_of(self._network):
            state = state | {"coefs_": None, "intercepts_": None}  # the network has them
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._network is not None and self.coefs_ is None:
            self.coefs_, self.intercepts_ = list(self._network.weights), list(self._network.biases)

    def _design(self) -> Design:
        """Return the architecture that `coefs_` and the constructor's parameters describe."""
        n_hidden = len(self.coefs_) - 1
        shapes = [np.shape(W) for W in self.coefs_]
        loss = self._fitted_loss()
        scale = scale_of(loss, shapes[-1][1] // loss.n_per_target)
        return Design(
            shapes[0][0],
            tuple(n_out for _, n_out in shapes),
            (*self._each_hidden("activation", n_hidden), self.out_activation_),
            (*self._each_hidden("dropout", n_hidden), 0.0),
            0.0 if self.solver == "adamw" else self.alpha / scale,  # adamw decays the weights
            loss,
        )

    def _each_hidden(self, name: str, n_hidden: int) -> list[Any]:
        """Return a parameter's value for each hidden layer."""
        value = getattr(self, name)
        if isinstance(value, str | Real | OwnActivation):
            return [value] * n_hidden
        values = list(value)
        if len(values) != n_hidden:
            raise ValueError(
                f"{name} must have one value for each of the {n_hidden} hidden layers, got {values}"
            )
        return values

    def _as_if_stopped(self) -> dict[str, Any]:
        """Return the attributes of the estimator that it would be if training stopped now."""
        assert self._network is not None
        network = self._network_design.build(self._network.dtype)
        solver, early = self._solver, self.early_stopping and self.solver in SOLVERS
        best = solver.best_params if early and solver is not None else None
        network.params = self._network.params if best is None else best
        curves = {
            name: list(getattr(self, name))
            for name in ("loss_curve_", "validation_scores_")
            if getattr(self, name, None) is not None
        }
        views = {"coefs_": list(network.weights), "intercepts_": list(network.biases)}
        return {"_network": network, "_solver": None, **views, **curves}

    def _fitted_loss(self) -> Loss:
        """Return the loss that the network was trained by; of one made by hand, the parameter's."""
        return self._loss or self._last_layer(first_pass=False)[0]

    def _last_layer(self, first_pass: bool) -> tuple[Loss, str]:
        """Return the loss that the parameters ask for, and the activation of the outputs."""
        raise NotImplementedError


def _views(network: Network) -> list[Array]:
    """Return the parameters of all layers: weights, then biases."""
    return [view for view in network.weights + network.biases if view is not None]
