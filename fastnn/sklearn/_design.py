"""What network is behind an estimator: its layers, its penalty and its loss.

A loss that is a network's mean over several targets is for an estimator their sum, as scikit-learn
has it for poisson, so that rates and `alpha` mean the same for any number of targets:

    objective of the estimator = scale (objective of the network)

But half the squared error is recorded as the mean, which scikit-learn does too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._checks.arrays import Array
from .._checks.targets import check_targets
from ..activations import OwnActivation, as_activation
from ..layers import Dense
from ..losses import NAMED, BinaryCrossEntropy, CrossEntropy, Loss, Quantile
from ..network import Network

HALF_SQUARED_ERROR, POISSON = NAMED["half_sse"], NAMED["poisson"]
NUMBERS: dict[str, Loss | None] = {  # the names of losses of numbers
    "squared_error": HALF_SQUARED_ERROR,
    "absolute_error": NAMED["mae"],
    "huber": NAMED["huber"],
    "poisson": POISSON,
    "quantile": None,  # whose level is another parameter
    "gamma": NAMED["gamma"],
    "log_cosh": NAMED["log_cosh"],
    "gaussian_nll": NAMED["gaussian_nll"],
}
CLASSES = {"log_loss": NAMED["cross_entropy"], "focal": NAMED["focal"]}


class Design(NamedTuple):
    """The architecture of a network, its penalty and its loss."""

    n_in: int
    widths: tuple[int, ...]
    activations: tuple[str | OwnActivation, ...]
    dropout: tuple[float, ...]
    l2: float
    loss: Loss

    def build(self, dtype: np.dtype[Any]) -> Network:
        """Return a network of a dtype whose parameters are zero."""
        layers = [
            Dense(n_out, name, initializer="zeros", dropout=p, l2=self.l2)
            for n_out, name, p in zip(self.widths, self.activations, self.dropout, strict=True)
        ]
        return Network(self.n_in, layers, loss=self.loss, dtype=dtype)


def loss_of_numbers(given: str | Loss, quantile: float) -> Loss:
    """Return the loss that a regressor minimises; `quantile` is the level for that name."""
    loss = given if isinstance(given, Loss) else NUMBERS[given] or Quantile(quantile)
    if "softmax" in loss.partners:
        raise ValueError(
            f"loss must be one for numbers, got {loss!r}, which is for classes: MLPClassifier "
            "takes it"
        )
    return loss


def outputs_of(loss: Loss) -> str:
    """Return the activation of a regressor's outputs, by scikit-learn's name."""
    activation = loss.partners[0] if loss.partners else "identity"
    return "logistic" if activation == "sigmoid" else activation


def loss_of_classes(given: str | Loss, outputs: str) -> Loss:
    """Return the loss that a classifier minimises after softmax or logistic outputs.

    The cross-entropy of two classes is the binary one of the second.
    """
    loss = given if isinstance(given, Loss) else CLASSES[given]
    if outputs == "logistic" and loss.partners == ("softmax",):
        loss = BinaryCrossEntropy(getattr(loss, "label_smoothing", 0.0))
    if isinstance(loss, CrossEntropy | BinaryCrossEntropy) and not loss.label_smoothing:
        loss = NAMED[loss.name]  # the same, in the kernels
    check_outputs(loss, outputs)
    return loss


def check_outputs(loss: Loss, outputs: str) -> None:
    """Raise unless the loss goes with the activation of the outputs."""
    if loss.partners and as_activation("activation", outputs) not in loss.partners:
        raise ValueError(
            f"loss must be one that goes with {outputs} outputs, as these targets or an earlier "
            f"fit have them, got {loss!r}, which goes with {' or '.join(loss.partners)}"
        )


def check_number_of_outputs(loss: Loss, outputs: str, n_outputs: int, n_targets: int) -> None:
    """Raise unless the loss goes with the number of outputs that an earlier fit has made."""
    n = loss.n_per_target
    if n * n_targets != n_outputs:
        raise ValueError(
            f"loss must be one that goes with {n_outputs} {outputs} outputs for {n_targets} "
            f"target{'s' * (n_targets > 1)}, as an earlier fit has them, got {loss!r}, which goes "
            f"with {n} for each target"
        )


def check_data_for(loss: Loss, targets: Array) -> None:
    """Raise unless the loss is defined for a table of targets."""
    check_targets(targets, loss)
    if isinstance(loss, Quantile) and loss.n_per_target > 1 and targets.shape[1] > 1:
        raise ValueError(
            f"y must be one target for the loss {loss!r}, got {targets.shape[1]}: fit a regressor "
            "for each, or give one level"
        )


def scale_of(loss: Loss, n_targets: int) -> float:
    """Return the objective of an estimator divided by that of its network."""
    return float(n_targets) if loss.is_mean else 1.0


def share_of_loss(loss: Loss, n_targets: int) -> float:
    """Return the loss that an estimator records divided by that of its network."""
    return 1.0 / n_targets if loss == HALF_SQUARED_ERROR else scale_of(loss, n_targets)
