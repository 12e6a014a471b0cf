"""The network as its user sees it: check, allocate, call a kernel, return arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .core import Handle, derivatives, evaluation, layout, losses
from .core.handle import handle_of
from .derivatives import Differentiable
from .optimizers import CompiledOptimizer, Optimizer, as_optimizer
from .validation import Array, as_count, as_ready_row, as_samples, as_weights


class LayerTrace(NamedTuple):
    """One layer in one opened step.

    Attributes
    ----------
    z, a : ndarray, shape (n_samples, n_out)
        Pre-activations x W + b and activations f(z).
    error, delta : ndarray, shape (n_samples, n_out)
        dLoss/da and dLoss/dz of each sample. The cross-entropies and poisson have no dLoss/da at
        the outputs that is finite: there `error` is `delta`.
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


class Network(Differentiable):
    """A dense feed-forward network: layers, a loss, and the parameters in one flat vector.

    Parameters
    ----------
    n_in : int
        Number of inputs, at least 1.
    layers : sequence of Dense
        From the first hidden layer to the outputs.
    loss : str
        Of one sample: half_sse (sum of e^2 / 2), sse, mse (mean over the outputs), mae, huber
        (delta 1), binary_cross_entropy (summed over sigmoid outputs), cross_entropy (softmax) or
        poisson (sum of a - y + y log(y / a) over exp outputs a).
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

    def predict(self, X: ArrayLike, *, n_threads: int = 1) -> Array:
        """Return the outputs of the network.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
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
            outputs = np.empty((samples.n_samples, self.n_out), self.dtype)
            finite = model.predict(samples, outputs, n_threads)
            if np.ndim(X) == 1:
                outputs = outputs[0]
        if not finite:
            as_samples(X, self.n_in, self.dtype, row=True)  # raises, and says where
        return outputs

    def hidden(self, X: ArrayLike) -> tuple[Array, ...]:
        """Return the activations of every layer; the last layer's are the outputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)

        Returns
        -------
        layers : tuple of ndarray, shape (n_samples, n_out) or (n_out,)
            One for each layer, n_out being the layer's own.

        Raises
        ------
        ValueError, TypeError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(2, weights=[[1, 2]]), Dense(1, weights=[[1], [1]])])
        >>> net.hidden([[1], [2]])
        (array([[1., 2.],
               [2., 4.]]), array([[3.],
               [6.]]))
        """
        samples = as_samples(X, self.n_in, self.dtype, row=True)
        n_samples, model = samples.n_samples, self._model
        widths = np.array([layer.n_out for layer in self.layers])
        units = np.empty(n_samples * widths.sum(), self.dtype)
        for rows in model.slices(samples, 0, n_samples, n_written=int(widths.sum())):
            derivatives.activations_of_rows(model.params, model.table, samples, *rows, units)
        tables = np.split(units, n_samples * widths.cumsum()[:-1])
        shape = (-1,) if np.ndim(X) == 1 else (n_samples, -1)
        return tuple(table.reshape(shape) for table in tables)

    def loss(self, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean loss over the samples, without the layers' penalties.

        Parameters
        ----------
        X, y, sample_weight
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
        samples, targets = self._as_pair(X, y)
        weights = as_weights(sample_weight, len(targets), self.dtype)
        return self._model.evaluate(samples, targets, weights)["loss"]

    def handle(self, *, optimizer: str | Optimizer = "sgd", frozen: bool = False) -> Handle:
        """Return the network as functions of your own under `numba.njit` take it.

        They call the functions of `fastnn.core` with it: `predict` and `predict_rows`;
        `add_gradient`, `add_gradient_rows`, `add_vjp`, `add_vjp_rows` and `gradient_of_inputs`;
        `update` and `train_row`. None of these calls Python or allocates anything.

        Parameters
        ----------
        optimizer : str or Optimizer
            What `update` does; any but lbfgs.
        frozen : bool
            Whether the handle has parameters of its own, a copy. By default they are the network's:
            what one does to them the other sees.

        Returns
        -------
        handle : fastnn.core.Handle
            With scratch and optimiser state of its own, for one thread; take one for each. It does
            not keep `fit` in another thread from training the network at the same time.

        Raises
        ------
        ValueError, TypeError
            If there is no such optimiser, or it is L-BFGS.

        Examples
        --------
        >>> import numba
        >>> import numpy as np
        >>> from fastnn import Dense, Network, core
        >>> @numba.njit
        ... def learn(handle, X, Y, epochs):
        ...     for _ in range(epochs):
        ...         for s in range(len(X)):
        ...             core.add_gradient(handle, X[s], Y[s], 1.0)
        ...             core.update(handle, 0.1)
        >>> net = Network(1, [Dense(1)], seed=0)
        >>> X, Y = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [3.0], [5.0]])
        >>> learn(net.handle(optimizer="momentum"), X, Y, 500)
        >>> net.predict([3.0]).round(6)
        array([7.])
        """
        rule = as_optimizer(optimizer, None, None)
        if not isinstance(rule, CompiledOptimizer):
            raise ValueError(f"optimizer must be one that is compiled, got {rule}")
        model = self._model
        params = model.params
        if frozen:
            params = layout.aligned_zeros(params.size, params.dtype)
            params[:] = model.params
        slots = rule.initial_slots(params.size, params.dtype)
        code, penalties = losses.CODES[model.loss], model.penalties
        return handle_of(params, model.table, code, penalties, rule.settings(), slots)

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
        samples, targets = self._as_pair(x.toarray() if hasattr(x, "toarray") else x, y, row=True)
        table = self._model.table
        units = np.zeros((4, len(targets), layout.units_size(table)), self.dtype)
        grad = layout.aligned_zeros(self.params.size, self.dtype)
        evaluation.trace_rows(
            self.params, table, losses.CODES[self.loss_name], samples.values, targets, *units, grad
        )
        grad /= len(targets)
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
