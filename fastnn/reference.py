"""The naive NumPy network: what fastnn computes, written to be read.

It is the specification of the compiled kernels, the oracle of their tests and the baseline of the
benchmarks. It needs NumPy only, and nothing of the rest of the package.

Of every layer k, with a_0 = x the input, f its activation and L the loss of one sample:

    forward     z_k = a_(k-1) W_k + b_k         a_k = f(z_k)
    backward    delta_k = dL/dz_k               last layer: dL/da f'(z), others: below
                delta_(k-1) = (delta_k W_k^T) f'(z_(k-1))
    gradient    dL/dW_k = a_(k-1)^T delta_k     dL/db_k = delta_k
    update      W_k -= learning_rate dL/dW_k    b_k -= learning_rate dL/db_k

W_k has the shape (n_in, n_out). One sample is a 1-D array, a batch is 2-D with a sample a row; the
same lines serve both, for `@` does, and the outputs are the last axis.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]
Reduction = Literal["mean", "sum"]


class Activation(NamedTuple):
    """An activation a = f(z) and its derivative f'(z), both elementwise functions of z."""

    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array]


class Loss(NamedTuple):
    """The loss of each sample, and its derivative, both functions of (z, a, y) of the last layer.

    `value` sums or averages over the last axis, the outputs. `derivative` is taken with respect to
    `of`: "a", or "z" where the loss is bound to one activation and dLoss/dz is the simpler.
    """

    value: Callable[[Array, Array, Array], Array]
    derivative: Callable[[Array, Array, Array], Array]
    of: Literal["a", "z"] = "a"


# Every constant below is a Python number, which leaves a float32 array float32.


@np.errstate(over="ignore")  # exp(-z) may become inf, and 1 / (1 + inf) = 0 is the right answer
def _sigmoid(z: Array) -> Array:
    a: Array = 1 / (1 + np.exp(-z))
    return a


def _softplus(z: Array) -> Array:
    """log(1 + exp(z)), by way of an exp that cannot overflow."""
    a: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return a


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _normal_cdf(z: Array) -> Array:
    """(1 + erf(z / sqrt 2)) / 2, as an erfc: that sum would cancel where erf nears -1."""
    p: Array = 0.5 * _erfc(-z / math.sqrt(2))
    return p.astype(z.dtype)


@np.errstate(over="ignore")  # z^2 may become inf, and exp(-inf) = 0 is the right answer
def _gelu_derivative(z: Array) -> Array:
    density: Array = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return _normal_cdf(z) + z * density


def _log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=-1, keepdims=True)  # at most 0: exp cannot overflow
    log_a: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_a


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    a: Array = e / e.sum(axis=-1, keepdims=True)
    return a


def _softmax_derivative(z: Array) -> Array:
    """The matrix da_i/dz_j, shape (..., n_out, n_out): softmax is not elementwise."""
    a = _softmax(z)
    return a[..., :, None] * (np.eye(a.shape[-1], dtype=a.dtype) - a[..., None, :])


# Where f'(z) follows from a = f(z), as every tutorial has it: no second exp.
_DERIVATIVE_FROM_OUTPUT: dict[str, Callable[[Array], Array]] = {
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a * a,
}

ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(np.copy, np.ones_like),
    "sigmoid": Activation(_sigmoid, lambda z: _DERIVATIVE_FROM_OUTPUT["sigmoid"](_sigmoid(z))),
    "tanh": Activation(np.tanh, lambda z: _DERIVATIVE_FROM_OUTPUT["tanh"](np.tanh(z))),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z: np.heaviside(z, 0)),  # f'(0) = 0
    "leaky_relu": Activation(
        lambda z: np.maximum(z, 0.01 * z),
        lambda z: np.maximum(np.heaviside(z, 0), 0.01),  # f'(0) = 0.01
    ),
    "elu": Activation(
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "softplus": Activation(_softplus, _sigmoid),
    "swish": Activation(
        lambda z: z * _sigmoid(z),
        lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z))),
    ),
    "gelu": Activation(lambda z: z * _normal_cdf(z), _gelu_derivative),
    "softmax": Activation(_softmax, _softmax_derivative),
}


def _huber(error: Array) -> Array:
    """error^2 / 2 where |error| <= 1, |error| - 1/2 beyond."""
    clipped = np.clip(error, -1, 1)
    return clipped * (error - 0.5 * clipped)


LOSSES: dict[str, Loss] = {
    "half_sse": Loss(lambda z, a, y: 0.5 * np.square(a - y).sum(axis=-1), lambda z, a, y: a - y),
    "sse": Loss(lambda z, a, y: np.square(a - y).sum(axis=-1), lambda z, a, y: 2 * (a - y)),
    "mse": Loss(
        lambda z, a, y: np.square(a - y).mean(axis=-1),
        lambda z, a, y: 2 * (a - y) / y.shape[-1],
    ),
    "mae": Loss(
        lambda z, a, y: np.abs(a - y).mean(axis=-1),
        lambda z, a, y: np.sign(a - y) / y.shape[-1],  # 0 where a = y
    ),
    "huber": Loss(
        lambda z, a, y: _huber(a - y).mean(axis=-1),
        lambda z, a, y: np.clip(a - y, -1, 1) / y.shape[-1],
    ),
    # The cross-entropies never form log(a), which is infinite once a has rounded to 0.
    "binary_cross_entropy": Loss(  # -sum y log a + (1 - y) log(1 - a), with a = sigmoid(z)
        lambda z, a, y: (_softplus(z) - y * z).sum(axis=-1),
        lambda z, a, y: a - y,
        of="z",
    ),
    "cross_entropy": Loss(  # -sum y log a, with a = softmax(z)
        lambda z, a, y: -(y * _log_softmax(z)).sum(axis=-1),
        lambda z, a, y: a * y.sum(axis=-1, keepdims=True) - y,  # a - y if y sums to 1
        of="z",
    ),
}


class ReferenceNetwork:
    """A dense network in plain NumPy, trained by gradient descent.

    Parameters
    ----------
    weights : sequence of array_like, shape (n_in, n_out) each
        Copied, then updated in place. Their dtype, float32 or float64, is the network's.
    biases : sequence of array_like, shape (n_out,) each, or None
        Copied, then updated in place. None is a layer without a bias.
    activations : sequence of str
        Names in `ACTIVATIONS`, one a layer.
    loss : str
        A name in `LOSSES`. Per sample: half_sse is sum (a - y)^2 / 2 over the outputs, sse the sum
        without the half; mse, mae and huber (delta 1) are means over the outputs;
        binary_cross_entropy, of a sigmoid layer, and cross_entropy, of a softmax layer, are sums.
    train_biases : sequence of bool, optional
        False freezes a layer's bias: it is used, its gradient is zero. By default all are trained.

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
        activations: Sequence[str],
        loss: str = "mse",
        *,
        train_biases: Sequence[bool] | None = None,
    ) -> None:
        _check_names(activations, loss)
        self.weights: list[Array] = [1.0 * np.array(W, order="C") for W in weights]
        self.dtype = self.weights[0].dtype
        self.biases: list[Array | None] = [
            None if b is None else np.array(b, dtype=self.dtype) for b in biases
        ]
        self.activations = list(activations)
        self.loss_name = loss
        self.train_biases = [True] * len(weights) if train_biases is None else list(train_biases)
        lengths = [len(weights), len(biases), len(activations), len(self.train_biases)]
        if len(set(lengths)) > 1:
            raise ValueError(f"each list must have one entry a layer, got {lengths} entries")

    @classmethod
    def like(cls, net: Any) -> Self:
        """Copy a `fastnn.Network`: its parameters, activations, loss and frozen biases."""
        return cls(
            net.weights,
            net.biases,
            [layer.activation for layer in net.layers],
            net.loss_name,
            train_biases=[layer.train_bias for layer in net.layers],
        )

    def forward(self, X: ArrayLike) -> tuple[list[Array], list[Array]]:
        """Compute z = a W + b and a = f(z) of every layer, for X (n_samples, n_in) or (n_in,).

        Returns
        -------
        zs, activations : lists of ndarray, shape (n_samples, n_out) or (n_out,) each
            The input is not among them.
        """
        a = np.asarray(X, dtype=self.dtype)
        zs: list[Array] = []
        activations: list[Array] = []
        for W, b, name in zip(self.weights, self.biases, self.activations, strict=True):
            z = a @ W if b is None else a @ W + b
            a = ACTIVATIONS[name].function(z)
            zs.append(z)
            activations.append(a)
        return zs, activations

    def predict(self, X: ArrayLike) -> Array:
        """Compute the last layer's activations, shape (n_samples, n_out); (n_out,) for one row."""
        return self.forward(X)[1][-1]

    def loss(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Compute the mean loss of predicting Y, (n_samples, n_out), from X, (n_samples, n_in)."""
        zs, activations = self.forward(X)
        losses = LOSSES[self.loss_name].value(zs[-1], activations[-1], np.asarray(Y, self.dtype))
        return float(np.mean(losses))

    def gradient(self, X: ArrayLike, Y: ArrayLike) -> tuple[list[Array], list[Array | None]]:
        """Compute the gradient of `loss(X, Y)`: a mean over the samples.

        Returns
        -------
        grad_weights, grad_biases : lists of ndarray
            Shaped as `weights` and `biases`; zeros for a frozen bias, None for an absent one.
        """
        _, grad_weights, grad_biases = self._backward(X, Y, scale=1 / _n_samples(X))
        return grad_weights, grad_biases

    def update(
        self, X: ArrayLike, Y: ArrayLike, learning_rate: float, reduction: Reduction = "mean"
    ) -> Array:
        """Take one step of gradient descent on a batch, in place.

        Parameters
        ----------
        X, Y : array_like, shape (n_samples, n_in) and (n_samples, n_out)
            Or (n_in,) and (n_out,) for one sample.
        learning_rate : float
        reduction : {"mean", "sum"}
            Of the samples' gradients.

        Returns
        -------
        losses : ndarray, shape (n_samples,), or a scalar for one sample
            Of each sample, before the step.
        """
        scale = float(learning_rate) / (_n_samples(X) if reduction == "mean" else 1)
        losses, steps, bias_steps = self._backward(X, Y, scale)
        for W, step in zip(self.weights, steps, strict=True):
            W -= step
        for b, bias_step in zip(self.biases, bias_steps, strict=True):
            if b is not None and bias_step is not None:
                b -= bias_step
        return losses

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        epochs: int = 1,
        batch_size: int | None = 1,
        learning_rate: float = 0.01,
        orders: Iterable[ArrayLike] | None = None,
        reduction: Reduction = "mean",
    ) -> list[float]:
        """Train in place, an update a batch.

        Parameters
        ----------
        X, Y : array_like, shape (n_samples, n_in) and (n_samples, n_out)
        epochs : int
        batch_size : int or None
            None is one batch of all samples. A shorter last batch is averaged over its own length.
        learning_rate : float
        orders : iterable of array_like of int, shape (n_samples,) each
            The order of the samples, exactly one an epoch. By default as they are in X.
        reduction : {"mean", "sum"}
            Of the gradients in a batch.

        Returns
        -------
        losses : list of float, length epochs
            The running loss: the mean over the samples of the value before each one's update.
        """
        X, Y = np.asarray(X, dtype=self.dtype), np.asarray(Y, dtype=self.dtype)
        epoch_orders: Iterable[Any] = [slice(None)] * epochs if orders is None else orders
        history = []
        for _, order in zip(range(epochs), epoch_orders, strict=True):
            X_epoch, Y_epoch = X[order], Y[order]
            losses = np.empty(len(X_epoch))
            for rows in _batches(len(X_epoch), batch_size):
                losses[rows] = self.update(X_epoch[rows], Y_epoch[rows], learning_rate, reduction)
            history.append(float(losses.mean()))
        return history

    def _backward(
        self, X: ArrayLike, Y: ArrayLike, scale: float
    ) -> tuple[Array, list[Array], list[Array | None]]:
        """Return each sample's loss, and the gradient of `scale` times their sum, by layers."""
        X, Y = np.asarray(X, dtype=self.dtype), np.asarray(Y, dtype=self.dtype)
        zs, activations = self.forward(X)
        loss = LOSSES[self.loss_name]
        losses = loss.value(zs[-1], activations[-1], Y)
        delta = scale * loss.derivative(zs[-1], activations[-1], Y)
        if loss.of == "a":
            delta = delta * _derivative(self.activations[-1], zs[-1], activations[-1])
        deltas = [delta]
        for k in reversed(range(len(zs) - 1)):
            slope = _derivative(self.activations[k], zs[k], activations[k])
            deltas.insert(0, (deltas[0] @ self.weights[k + 1].T) * slope)

        one_sample = X.ndim == 1  # else @ and sum add up the samples
        inputs = [X, *activations[:-1]]
        grad_weights: list[Array] = []
        grad_biases: list[Array | None] = []
        for a, delta, b, train in zip(inputs, deltas, self.biases, self.train_biases, strict=True):
            grad_weights.append(np.outer(a, delta) if one_sample else a.T @ delta)
            grad_b = delta if one_sample else delta.sum(axis=0)
            grad_biases.append(None if b is None else grad_b if train else np.zeros_like(b))
        return losses, grad_weights, grad_biases


def _n_samples(X: ArrayLike) -> int:
    return 1 if np.ndim(X) == 1 else np.shape(X)[0]


def _derivative(name: str, z: Array, a: Array) -> Array:
    """Return f'(z), from a = f(z) where that is quicker."""
    if name in _DERIVATIVE_FROM_OUTPUT:
        return _DERIVATIVE_FROM_OUTPUT[name](a)
    return ACTIVATIONS[name].derivative(z)


def _batches(n_samples: int, batch_size: int | None) -> Iterable[int] | Iterable[slice]:
    """Return each batch's rows; for size 1 an index: 2-D rows of one sample cost 1.26 times 1-D."""
    if batch_size == 1:
        return range(n_samples)
    size = n_samples if batch_size is None else batch_size
    return [slice(start, start + size) for start in range(0, n_samples, size)]


def _check_names(activations: Sequence[str], loss: str) -> None:
    """Raise ValueError for an unknown name, or an output layer that the loss does not go with."""
    for name in activations:
        if name not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    if "softmax" in activations[:-1]:
        raise ValueError(f"softmax must be the last activation, got {', '.join(activations)}")
    if (activations[-1] == "softmax") != (loss == "cross_entropy"):
        raise ValueError(f"softmax and cross_entropy go together, got {activations[-1]} and {loss}")
    if loss == "binary_cross_entropy" and activations[-1] != "sigmoid":
        raise ValueError(f"binary_cross_entropy requires sigmoid outputs, got {activations[-1]}")
