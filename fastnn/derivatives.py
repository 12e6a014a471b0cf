"""The derivatives of a network: of its loss or its outputs, by its parameters or its inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .core import derivatives, losses
from .trainable import Trainable
from .validation import Array, as_count, as_samples, as_weights


class Differentiable(Trainable):
    """The part of a network that gives derivatives and changes nothing."""

    def gradient(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        n_threads: int = 1,
    ) -> Array:
        """Return the gradient of `loss` with respect to the parameters.

        Parameters
        ----------
        X, y, sample_weight
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
        samples, targets = self._as_pair(X, y)
        weights = as_weights(sample_weight, len(targets), self.dtype)
        return self._model.gradient(samples, targets, weights, n_threads)[0]

    def gradient_per_sample(self, X: ArrayLike, y: ArrayLike) -> Array:
        """Return the gradient of each sample's own loss with respect to the parameters.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
        y : array_like
            As for `partial_fit`.

        Returns
        -------
        grads : ndarray, shape (n_samples, params.size) or (params.size,)
            Rows laid out as `params`; zero in the padding and for frozen biases. Their mean is
            `gradient`, up to rounding.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Notes
        -----
        The array takes n_samples times the bytes of `params`; a mean alone is `gradient`.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(1, [Dense(1, weights=[[1]], bias=False)], loss="half_sse")
        >>> net.gradient_per_sample([[1], [2]], [0, 0])[:, 0]
        array([1., 4.])
        """
        return self._gradients(derivatives.gradients_of_rows, X, y, self.params.size)

    def gradient_of_inputs(self, X: ArrayLike, y: ArrayLike) -> Array:
        """Return the gradient of each sample's own loss with respect to the sample.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)
        y : array_like
            As for `partial_fit`.

        Returns
        -------
        grads : ndarray, shape (n_samples, n_in) or (n_in,)

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1, weights=[[1], [2]])], loss="half_sse")
        >>> net.gradient_of_inputs([[1, 1], [0, 1]], [0, 0])
        array([[3., 6.],
               [2., 4.]])
        """
        return self._gradients(derivatives.input_gradients_of_rows, X, y, self.n_in)

    def _gradients(
        self, kernel: Callable[..., None], X: ArrayLike, y: ArrayLike, size: int
    ) -> Array:
        """Return what a kernel fills for each sample, `size` elements."""
        samples, targets = self._as_pair(X, y, row=True)
        model, code = self._model, losses.CODES[self.loss_name]
        grads = np.empty((len(targets), size), self.dtype)
        for rows in model.slices(samples, 0, len(targets), model.params.size, size):
            kernel(model.params, model.table, code, samples, targets, *rows, grads)
        return grads[0] if np.ndim(X) == 1 else grads

    def jacobian(self, X: ArrayLike) -> Array:
        """Return the derivatives of the outputs with respect to the inputs.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (n_samples, n_in), or array_like, shape (n_in,)

        Returns
        -------
        jacobian : ndarray, shape (n_samples, n_out, n_in) or (n_out, n_in)
            Of output j by input i at [..., j, i]; it takes a pass backward for each output.

        Raises
        ------
        ValueError, TypeError
            If `X` is not as described.

        Examples
        --------
        >>> from fastnn import Dense, Network
        >>> net = Network(2, [Dense(1, "exp", weights=[[1], [2]])])
        >>> net.jacobian([0, 0])
        array([[1., 2.]])
        """
        samples = as_samples(X, self.n_in, self.dtype, row=True)
        n_samples, model = samples.n_samples, self._model
        jacobian = np.empty((n_samples, self.n_out, self.n_in), self.dtype)
        costs = self.n_out * model.params.size, self.n_out * self.n_in
        for rows in model.slices(samples, 0, n_samples, *costs):
            derivatives.jacobian_of_rows(model.params, model.table, samples, *rows, jacobian)
        return jacobian[0] if np.ndim(X) == 1 else jacobian
