"""The network: forward, backward, an update, training."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from .functions import (
    Activation,
    Array,
    Loss,
    as_activation,
    as_loss,
    check_names,
    derivative_of,
    pulled_back,
)
from .optimizers import SGD, Optimizer
from .parametric import activation_like, loss_like
from .samples import Weights, batches_of, check_weights, mean_of, part_of, total_weight

Reduction = Literal["mean", "sum"]
Masks = Sequence[ArrayLike | None]


class ReferenceNetwork:
    """A dense network in plain NumPy, trained by gradient descent.

    Parameters
    ----------
    weights : sequence of array_like, shape (n_in, n_out) each
        Copied, then updated in place. Their dtype, float32 or float64, is the network's.
    biases : sequence of array_like, shape (n_out,) each, or None
        Copied, then updated in place. None is a layer without a bias.
    activations : sequence of str or Activation
        Names in `ACTIVATIONS`, one a layer, or other activations.
    loss : str or Loss
        A name in `LOSSES`, or another loss. Per sample: half_sse is sum (a - y)^2 / 2 over the
        outputs, sse the sum without the half; mse, mae and huber (delta 1) are means over the
        outputs; binary_cross_entropy, of a sigmoid layer, cross_entropy, of a softmax layer, and
        poisson, of an exp layer, are sums.
    train_biases : sequence of bool, optional
        False freezes a layer's bias: it is used, its gradient is zero. By default all are trained.
    trainable : sequence of bool, optional
        False freezes a layer, weights and bias: no penalty, decay or limit acts on it either. By
        default all are trained.
    l1, l2 : sequence of float, optional
        Of each layer, the factors of its penalty. By default 0.
    max_norm : sequence of float or None, optional
        Of each layer, the largest norm of a unit's incoming weights. By default there is none.
    dropout : sequence of float, optional
        Of each layer, the share p of its outputs that masks are made to drop. By default 0.

    Raises
    ------
    ValueError
        For an unknown activation or loss, lists of different lengths, or an activation of the last
        layer that the loss does not go with.

    Examples
    --------
    Is it a woman? Weight less 135 lb and height less 66 in, of two people:

    >>> X, Y = [[-2.0, -1.0], [25.0, 6.0]], [[1.0], [0.0]]
    >>> weights = [[[1.0, 1.0], [1.0, 1.0]], [[1.0], [1.0]]]
    >>> net = ReferenceNetwork(weights, [[0.0, 0.0], [0.0]], ["sigmoid", "sigmoid"], "half_sse")
    >>> net.predict(X).round(3)
    array([[0.524],
           [0.881]])
    >>> losses = net.fit(X, Y, epochs=1000, batch_size=1, learning_rate=0.1)
    >>> net.predict(X).round(3)
    array([[0.867],
           [0.092]])
    """

    def __init__(
        self,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike | None],
        activations: Sequence[str | Activation],
        loss: str | Loss = "mse",
        *,
        train_biases: Sequence[bool] | None = None,
        trainable: Sequence[bool] | None = None,
        l1: Sequence[float] | None = None,
        l2: Sequence[float] | None = None,
        max_norm: Sequence[float | None] | None = None,
        dropout: Sequence[float] | None = None,
    ) -> None:
        check_names(activations, loss)
        self.weights: list[Array] = [1.0 * np.array(W, order="C") for W in weights]
        self.dtype = self.weights[0].dtype
        self.biases: list[Array | None] = [
            None if b is None else np.array(b, dtype=self.dtype) for b in biases
        ]
        self.activations = list(activations)
        self.loss_name = loss
        self.train_biases = [True] * len(weights) if train_biases is None else list(train_biases)
        self.trainable = [True] * len(weights) if trainable is None else list(trainable)
        self.l1 = [*(l1 or [0.0] * len(weights))]
        self.l2 = [*(l2 or [0.0] * len(weights))]
        self.max_norm = [*(max_norm or [None] * len(weights))]
        self.dropout = [*(dropout or [0.0] * len(weights))]
        options: list[Sequence[Any]] = [
            self.train_biases,
            self.trainable,
            self.l1,
            self.l2,
            self.max_norm,
            self.dropout,
        ]
        lengths = [len(each) for each in (weights, biases, activations, *options)]
        if len(set(lengths)) > 1:
            raise ValueError(f"each list must have one entry a layer, got {lengths} entries")
        self._is_regularized = any([*self.l1, *self.l2, *self.max_norm])

    @classmethod
    def like(cls, net: Any) -> Self:
        """Copy a `fastnn.Network` without `Standardize`: parameters, what layers and loss are."""
        if getattr(net, "standardize", None) is not None:
            raise ValueError(
                "net must be without Standardize, got one: make a network of net.layers alone"
            )
        return cls(
            net.weights,
            net.biases,
            [activation_like(layer.activation) for layer in net.layers],
            loss_like(net.loss_function, net.layers[-1].activation),
            train_biases=[layer.train_bias for layer in net.layers],
            trainable=[getattr(layer, "trainable", True) for layer in net.layers],
            l1=[getattr(layer, "l1", 0.0) for layer in net.layers],
            l2=[getattr(layer, "l2", 0.0) for layer in net.layers],
            max_norm=[getattr(layer, "max_norm", None) for layer in net.layers],
            dropout=[getattr(layer, "dropout", 0.0) for layer in net.layers],
        )

    def forward(self, X: ArrayLike, masks: Masks | None = None) -> tuple[list[Array], list[Array]]:
        """Compute z = a W + b and a = f(z) of every layer, for X (n_samples, n_in) or (n_in,).

        Parameters
        ----------
        X : array_like, shape (n_samples, n_in) or (n_in,)
        masks : sequence of array_like of bool, optional
            Of each layer but the last, which outputs are handed on, shape (n_samples, n_out) or
            (n_out,); None for all.

        Returns
        -------
        zs, activations : lists of ndarray, shape (n_samples, n_out) or (n_out,) each
            The input is not among them. The activations are as they were before the masks.
        """
        a = np.asarray(X, dtype=self.dtype)
        zs: list[Array] = []
        activations: list[Array] = []
        for k, (W, b, name) in enumerate(
            zip(self.weights, self.biases, self.activations, strict=True)
        ):
            z = a @ W if b is None else a @ W + b
            a = as_activation(name).function(z)
            zs.append(z)
            activations.append(a)
            if masks is not None:
                a = self._dropped(k, a, masks)
        return zs, activations

    def predict(self, X: ArrayLike) -> Array:
        """Compute the last layer's activations, shape (n_samples, n_out); (n_out,) for one row."""
        return self.forward(X)[1][-1]

    def loss(self, X: ArrayLike, Y: ArrayLike, *, sample_weight: Weights | None = None) -> float:
        """Compute the mean loss of predicting Y, (n_samples, n_out), from X, (n_samples, n_in).

        It divides by the sum of the weights, shape (n_samples,), and holds no penalty.
        """
        zs, activations = self.forward(X)
        losses = as_loss(self.loss_name).value(zs[-1], activations[-1], np.asarray(Y, self.dtype))
        return mean_of(losses, sample_weight)

    def penalty(self) -> float:
        """Compute the sum over the layers of l1 sum abs(W) + l2/2 sum W^2."""
        layers = zip(self.weights, self.l1, self.l2, self.trainable, strict=True)
        return sum(
            l1 * float(np.abs(W).sum()) + 0.5 * l2 * float(np.square(W).sum())
            for W, l1, l2, is_trained in layers
            if is_trained
        )

    def gradient(
        self, X: ArrayLike, Y: ArrayLike, *, sample_weight: Weights | None = None
    ) -> tuple[list[Array], list[Array | None]]:
        """Compute the gradient of `loss(X, Y)`: a mean over the samples.

        Returns
        -------
        grad_weights, grad_biases : lists of ndarray
            Shaped as `weights` and `biases`; zeros for what is frozen, None for an absent bias.
        """
        scale = 1 / total_weight(X, sample_weight)
        _, grad_weights, grad_biases = self._backward(X, Y, scale, sample_weight)
        return grad_weights, grad_biases

    def update(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        learning_rate: float,
        reduction: Reduction = "mean",
        *,
        optimizer: Optimizer | None = None,
        sample_weight: Weights | None = None,
        masks: Masks | None = None,
    ) -> Array:
        """Take one step down the gradient of a batch, in place.

        Parameters
        ----------
        X, Y : array_like, shape (n_samples, n_in) and (n_samples, n_out)
            Or (n_in,) and (n_out,) for one sample, whose step is in proportion to its weight.
        learning_rate : float
        reduction : {"mean", "sum"}
            Of the samples' gradients.
        optimizer : Optimizer, optional
            By default plain gradient descent.
        sample_weight : array_like, shape (n_samples,), or a scalar for one sample, optional
        masks : sequence of array_like of bool, optional
            As for `forward`.

        Returns
        -------
        losses : ndarray, shape (n_samples,), or a scalar for one sample
            Of each sample, before the step: not weighted, without the penalty.
        """
        is_batch_mean = reduction == "mean" and np.ndim(X) == 2
        divisor = total_weight(X, sample_weight) if is_batch_mean else 1.0
        if optimizer is None and not self._is_regularized:
            scale = float(learning_rate) / divisor
            losses, steps, bias_steps = self._backward(X, Y, scale, sample_weight, masks)
            for k in self._trained():
                self.weights[k] -= steps[k]
                b, bias_step = self.biases[k], bias_steps[k]
                if b is not None and bias_step is not None:
                    b -= bias_step
            return losses
        losses, grad_weights, grad_biases = self._backward(X, Y, 1 / divisor, sample_weight, masks)
        trained = self._trained()
        for k in trained:
            W = self.weights[k]
            grad_weights[k] += self.l1[k] * np.sign(W) + self.l2[k] * W
        optimizer = SGD() if optimizer is None else optimizer
        optimizer.step(
            [self.weights[k] for k in trained],
            [self.biases[k] for k in trained],
            [grad_weights[k] for k in trained],
            [grad_biases[k] for k in trained],
            learning_rate,
            train_biases=[self.train_biases[k] for k in trained],
        )
        for k in trained:
            if (limit := self.max_norm[k]) is not None:
                W = self.weights[k]
                W *= limit / np.maximum(np.linalg.norm(W, axis=0), limit)
        return losses

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        epochs: int = 1,
        batch_size: int | None = 1,
        learning_rate: float | None = None,
        orders: Iterable[ArrayLike] | None = None,
        reduction: Reduction = "mean",
        optimizer: Optimizer | None = None,
        sample_weight: Weights | None = None,
        masks: Masks | None = None,
        noise: ArrayLike | None = None,
    ) -> list[float]:
        """Train in place, an update a batch; none where a batch weighs nothing.

        Parameters
        ----------
        X, Y : array_like, shape (n_samples, n_in) and (n_samples, n_out)
        epochs : int
        batch_size : int or None
            None is one batch of all samples. A shorter last batch is averaged over its own length.
        learning_rate : float, optional
            By default the optimiser's own, 0.01 for plain gradient descent.
        orders : iterable of array_like of int, shape (n_samples,) each
            The order of the samples, exactly one an epoch. By default as they are in X.
        reduction : {"mean", "sum"}
            Of the gradients in a batch.
        optimizer : Optimizer, optional
            As for `update`; it goes on from where it is.
        sample_weight : array_like, shape (n_samples,), optional
        masks : sequence of array_like of bool, optional
            Of each layer but the last, shape (epochs, n_samples, n_out): which outputs are handed
            on, of the samples in the order in which they are taken; None for all.
        noise : array_like, shape (epochs, n_samples, n_in), optional
            What is added to the inputs, of the samples in the order in which they are taken.

        Returns
        -------
        losses : list of float, length epochs
            The running loss: the mean over the samples of the value before each one's update.
        """
        check_weights(sample_weight)
        rate = (optimizer or SGD()).learning_rate if learning_rate is None else learning_rate
        X, Y = np.asarray(X, dtype=self.dtype), np.asarray(Y, dtype=self.dtype)
        epoch_orders: Iterable[Any] = [slice(None)] * epochs if orders is None else orders
        history = []
        for epoch, order in zip(range(epochs), epoch_orders, strict=True):
            X_epoch, Y_epoch, weights = X[order], Y[order], part_of(sample_weight, order)
            if noise is not None:
                X_epoch = X_epoch + np.asarray(noise, dtype=self.dtype)[epoch]
            losses = np.zeros(len(X_epoch))
            for rows in batches_of(len(X_epoch), batch_size):
                w = part_of(weights, rows)
                if w is None or w.any():
                    losses[rows] = self.update(
                        X_epoch[rows],
                        Y_epoch[rows],
                        rate,
                        reduction,
                        optimizer=optimizer,
                        sample_weight=w,
                        masks=masks and [part_of(mask, (epoch, rows)) for mask in masks],
                    )
            history.append(mean_of(losses, weights))
        return history

    def _trained(self) -> list[int]:
        """Return the numbers of the layers that are trained."""
        return [k for k, is_trained in enumerate(self.trainable) if is_trained]

    def _dropped(self, k: int, a: Array, masks: Masks) -> Array:
        """Return the outputs of layer k, or their derivatives, as dropout leaves them."""
        mask = masks[k] if k < len(masks) else None
        return a if mask is None else a * np.asarray(mask, self.dtype) / (1 - self.dropout[k])

    def _backward(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        scale: float,
        sample_weight: Weights | None = None,
        masks: Masks | None = None,
    ) -> tuple[Array, list[Array], list[Array | None]]:
        """Return each sample's loss, and the gradient of `scale` times their sum, by layers."""
        X, Y = np.asarray(X, dtype=self.dtype), np.asarray(Y, dtype=self.dtype)
        zs, activations = self.forward(X, masks)
        loss = as_loss(self.loss_name)
        losses = loss.value(zs[-1], activations[-1], Y)
        counted = None if sample_weight is None or X.ndim == 1 else np.asarray(sample_weight) != 0
        if counted is not None and not counted.all():  # without the others: infinity times 0 is NaN
            if masks is not None:
                masks = [part_of(mask, counted) for mask in masks]
            _, grad_weights, grad_biases = self._backward(
                X[counted], Y[counted], scale, part_of(sample_weight, counted), masks
            )
            return losses, grad_weights, grad_biases
        delta = scale * loss.derivative(zs[-1], activations[-1], Y)
        if not loss.partner:
            delta = pulled_back(self.activations[-1], delta, zs[-1], activations[-1])
        if sample_weight is not None:
            delta = delta * np.asarray(sample_weight, dtype=self.dtype)[..., None]
        deltas = [delta]
        for k in reversed(range(len(zs) - 1)):
            slope = derivative_of(self.activations[k], zs[k], activations[k])
            if masks is not None:
                slope = self._dropped(k, slope, masks)
            deltas.insert(0, (deltas[0] @ self.weights[k + 1].T) * slope)

        one_sample = X.ndim == 1  # else @ and sum add up the samples
        inputs = [X, *activations[:-1]]
        if masks is not None:
            inputs[1:] = [self._dropped(k, a, masks) for k, a in enumerate(inputs[1:])]
        grad_weights, grad_biases = [], []
        for k, (a, delta, b) in enumerate(zip(inputs, deltas, self.biases, strict=True)):
            grad_W = np.outer(a, delta) if one_sample else a.T @ delta
            grad_b = delta if one_sample else delta.sum(axis=0)
            is_trained = self.trainable[k]
            grad_weights.append(grad_W if is_trained else np.zeros_like(grad_W))
            if b is not None and not (is_trained and self.train_biases[k]):
                grad_b = np.zeros_like(b)
            grad_biases.append(None if b is None else grad_b)
        return losses, grad_weights, grad_biases
