"""The network as its user sees it: check, allocate, call a kernel, return arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .architecture import Architecture
from .core import evaluation, figures, layout, losses
from .history import History
from .optimizers import SGD, as_optimizer
from .training import Plan, train
from .validation import Array, as_choice, as_count, as_ready_row, as_samples, as_targets


class LayerTrace(NamedTuple):
    """One layer in one opened step.

    Attributes
    ----------
    z, a : ndarray, shape (n_samples, n_out)
        Pre-activations x W + b and activations f(z).
    error, delta : ndarray, shape (n_samples, n_out)
        dLoss/da and dLoss/dz of each sample. The cross-entropies have no dLoss/da at the outputs
        that is finite: there `error` is `delta`.
    grad_W : ndarray, shape (n_in, n_out)
    grad_b : ndarray, shape (n_out,), or None
        Means over the samples; zero where biases are frozen, None where there are none.
    """

    z: Array
    a: Array
    error: Array
    delta: Array
    grad_W: Array
    grad_b: Array | None


class Network(Architecture):
    """A dense feed-forward network: layers, a loss, and the parameters in one flat vector.

    Parameters
    ----------
    n_in : int
        Number of inputs, at least 1.
    layers : sequence of Dense
        From the first hidden layer to the outputs.
    loss : str
        Of one sample: half_sse (sum of e^2 / 2), sse, mse (mean over the outputs), mae, huber
        (delta 1), binary_cross_entropy (summed over sigmoid outputs) or cross_entropy (softmax).
    dtype : str or numpy.dtype
        float64 or float32, of parameters and arithmetic.
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        The source of initial parameters (layer by layer, W row by row, then b) and of shuffles.

    Attributes
    ----------
    n_in, n_out, n_layers : int
    layers : tuple of Dense
    loss_name : str
    dtype : numpy.dtype
    weights : tuple of ndarray, shape (n_in, n_out)
        Views of `params`, without a copy: writing to them changes the network.
    biases : tuple of ndarray, shape (n_out,), or None where a layer has none

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or layers and loss do not go together.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.datasets import load_xor
    >>> X, y = load_xor()
    >>> net = Network(3, [Dense(4, "sigmoid"), Dense(1, "sigmoid")], loss="half_sse", seed=1)
    >>> history = net.fit(X, y, epochs=5000, batch_size=None, learning_rate=1.0, reduction="sum")
    >>> net.predict([1, 1, 0]).round(1)
    array([0.])
    """

    # ---- training --------------------------------------------------------------------------------

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        epochs: int = 1,
        batch_size: int | None = 1,
        optimizer: str | SGD = "sgd",
        learning_rate: float | None = None,
        shuffle: bool = True,
        reduction: str = "mean",
        metrics: Sequence[str] = (),
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        evaluate_every: int = 1,
        resume: bool = False,
        progress: bool = False,
    ) -> History:
        """Train for some epochs; go on from the present parameters and random stream.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_in)
        y : array_like, shape (n_samples, n_out), or (n_samples,)
            Targets; one-dimensional where n_out is 1, or class labels 0 ... n_out-1.
        epochs : int
        batch_size : int or None
            Samples an update; 1 is per-sample, None is all of them.
        optimizer : str or SGD
        learning_rate : float, optional
            Above 0; None is the optimiser's default (0.01 for sgd) or, with `resume`, what
            training last used.
        shuffle : bool
            Whether to draw a new order of the samples each epoch.
        reduction : str
            "mean" or "sum": what is made of the gradients of a batch, and of nothing else.
        metrics : sequence of str
            Of accuracy, mse, mae.
        validation_data : tuple of array_like, optional
            (X, y) to be evaluated after epochs 0, k, 2k ... for `evaluate_every` = k.
        evaluate_every : int
        resume : bool
            Whether to continue the optimiser and the numbering of epochs: fit(10) and then
            fit(10, resume=True) equal fit(20), to the bit.
        progress : bool
            Whether to show a progress bar, where there is a terminal.

        Returns
        -------
        history : History
            "loss" and each metric, the mean over the samples of the value before each one's
            update; "val_loss" and "val_" + metric on `validation_data`.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described; the network is as it was.
        RuntimeError
            If another thread is training this network.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> history = net.fit([[0], [1], [2]], [1, 3, 5], epochs=500, learning_rate=0.1)
        >>> net.predict([3.0]).round(6)
        array([7.])
        """
        samples, targets = self._as_pair(X, y)
        if isinstance(metrics, str):
            raise TypeError(f"metrics must be a sequence of names, got {metrics!r}")
        plan = Plan(
            epochs=as_count("epochs", epochs),
            batch_size=len(samples) if batch_size is None else as_count("batch_size", batch_size),
            optimizer=as_optimizer(optimizer, learning_rate, self._optimizer if resume else None),
            shuffle=shuffle,
            reduction=as_choice("reduction", reduction, ("mean", "sum")),
            metrics=[as_choice("a metric", name, figures.CODES) for name in metrics],
            validation_data=self._as_validation_data(validation_data),
            evaluate_every=as_count("evaluate_every", evaluate_every),
            first_epoch=self._epochs_trained if resume else 0,
            progress=progress,
        )
        history = self._train(samples, targets, plan)
        self._epochs_trained = plan.first_epoch + plan.epochs
        return history

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        batch_size: int | None = 1,
        optimizer: str | SGD | None = None,
        learning_rate: float | None = None,
    ) -> Network:
        """Go once through the rows in their order, one update a batch.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_in) or (n_in,)
        y : array_like
            As for `fit`; for a single row also of shape (n_out,), or one number.
        batch_size : int or None
        optimizer : str, SGD or None
            None is what training last used, sgd before any.
        learning_rate : float, optional
            None is what training last used, 0.01 before any.

        Returns
        -------
        self : Network

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described; the network is as it was.
        RuntimeError
            If another thread is training this network.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[0.0]])])
        >>> net.partial_fit([1.0], 2.0, learning_rate=0.1).predict([1.0]).round(6)
        array([0.8])
        """
        samples, targets = self._as_pair(X, y, row=True)
        plan = Plan(
            epochs=1,
            batch_size=len(samples) if batch_size is None else as_count("batch_size", batch_size),
            optimizer=as_optimizer(optimizer, learning_rate, self._optimizer),
            shuffle=False,
            reduction=self._reduction,
        )
        self._train(samples, targets, plan)
        return self

    def _train(self, X: Array, Y: Array, plan: Plan) -> History:
        if not self._training.acquire(blocking=False):
            raise RuntimeError("a network must be trained by one thread at a time, got a second")
        try:
            history = train(self._model, X, Y, plan, self._random)
            self._optimizer, self._reduction = plan.optimizer, plan.reduction
        finally:
            self._training.release()
        return history

    # ---- use -------------------------------------------------------------------------------------

    def predict(self, X: ArrayLike, *, n_threads: int = 1) -> Array:
        """Return the outputs of the network.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_in) or (n_in,)
        n_threads : int
            How many threads may share the rows; fewer do where there is too little for each.

        Returns
        -------
        outputs : ndarray, shape (n_samples, n_out) or (n_out,)
            A row has the same bits whatever table it is in, and whatever `n_threads` is.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1, weights=[[1], [2]])])
        >>> net.predict([[1, 1], [0, 1]])
        array([[3.],
               [2.]])
        """
        n_threads = as_count("n_threads", n_threads)
        model = self._model
        row = as_ready_row(X, self.n_in, self.dtype)
        if row is not None:
            outputs = np.empty(self.n_out, self.dtype)
            finite = evaluation.predict_row(model.params, model.table, row, outputs)
        else:
            samples = as_samples(X, self.n_in, self.dtype, row=True, finite=False)
            outputs = np.empty((len(samples), self.n_out), self.dtype)
            finite = model.predict(samples, outputs, n_threads)
            if np.ndim(X) == 1:
                outputs = outputs[0]
        if not finite:
            as_samples(X, self.n_in, self.dtype, row=True)  # raises, and says where
        return outputs

    def loss(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the mean loss over the samples.

        Parameters
        ----------
        X, y
            As for `fit`.

        Returns
        -------
        loss : float

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[1]])], loss="half_sse")
        >>> net.loss([[1], [2]], [0, 0])
        1.25
        """
        return self._model.evaluate(*self._as_pair(X, y))["loss"]

    def gradient(self, X: ArrayLike, y: ArrayLike, *, n_threads: int = 1) -> Array:
        """Return the gradient of the mean loss with respect to the parameters.

        Parameters
        ----------
        X, y
            As for `fit`.
        n_threads : int
            How many threads may share the rows; fewer do where there is too little for each.

        Returns
        -------
        grad : ndarray
            One flat vector, laid out as `params`; zero in the padding and for frozen biases. It
            has the same bits whatever `n_threads` is.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[1]], bias=False)], loss="half_sse")
        >>> float(net.gradient([[1], [2]], [0, 0])[0])
        2.5
        """
        n_threads = as_count("n_threads", n_threads)
        return self._model.gradient(*self._as_pair(X, y), n_threads)

    def trace(self, x: ArrayLike, y: ArrayLike) -> tuple[LayerTrace, ...]:
        """Open one step: return all that goes forward and backward, layer by layer.

        Parameters
        ----------
        x : array_like, shape (n_samples, n_in) or (n_in,)
        y : array_like
            As for `partial_fit`.

        Returns
        -------
        layers : tuple of LayerTrace
            For one row the arrays lack the axis of samples.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[2]])], loss="half_sse")
        >>> step, = net.trace([3], 5)
        >>> step.a, step.delta, step.grad_W
        (array([6.]), array([1.]), array([[3.]]))
        """
        samples, targets = self._as_pair(x, y, row=True)
        table = self._model.table
        units = np.zeros((4, len(samples), layout.units_size(table)), self.dtype)
        grad = layout.aligned_zeros(self.params.size, self.dtype)
        evaluation.trace_rows(
            self.params, table, losses.CODES[self.loss_name], samples, targets, *units, grad
        )
        grad /= len(samples)
        if np.ndim(x) == 1:
            units = units[:, 0]
        return tuple(
            LayerTrace(*layer)
            for layer in zip(
                *(layout.unit_views(role, table) for role in units),
                layout.weight_views(grad, table),
                layout.bias_views(grad, table),
                strict=True,
            )
        )

    def _as_validation_data(self, data: Any) -> tuple[Array, Array] | None:
        if data is None:
            return None
        if not isinstance(data, tuple | list) or len(data) != 2:
            raise ValueError(f"validation_data must be a pair (X, y), got {type(data).__name__}")
        return self._as_pair(*data)

    def _as_pair(self, X: ArrayLike, y: ArrayLike, *, row: bool = False) -> tuple[Array, Array]:
        samples = as_samples(X, self.n_in, self.dtype, row=row)
        is_row = row and np.ndim(X) == 1
        return samples, as_targets(y, len(samples), self.n_out, self.dtype, row=is_row)
