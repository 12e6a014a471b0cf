"""Filling weights and biases from a random source, or with a constant.

An initializer is a function of the random source and a shape; a name stands for one. Weights have
the shape (n_in, n_out), and are drawn row by row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .validation import Array, as_choice, as_positive

Random = np.random.Generator | np.random.RandomState
Initializer = Callable[[Random, tuple[int, ...]], Array]


def uniform(a: float, b: float) -> Initializer:
    """Return an initializer that draws from [a, b).

    Parameters
    ----------
    a, b : float
        Finite, a < b; units of a parameter.

    Raises
    ------
    ValueError
        If a < b does not hold.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import Dense, Network
    >>> from fastnn.initializers import uniform
    >>> net = Network(3, [Dense(2, initializer=uniform(-1, 1))], seed=np.random.RandomState(1))
    >>> net.weights[0].round(4)
    array([[-0.166 ,  0.4406],
           [-0.9998, -0.3953],
           [-0.7065, -0.8153]])
    """
    if not (math.isfinite(a) and math.isfinite(b) and a < b):
        raise ValueError(f"uniform(a, b) must have finite a < b, got a = {a!r}, b = {b!r}")
    return lambda random, shape: a + (b - a) * random.random(shape)


def normal(std: float) -> Initializer:
    """Return an initializer that draws from the normal distribution of mean 0.

    Parameters
    ----------
    std : float
        Standard deviation, above 0; units of a parameter.

    Raises
    ------
    ValueError
        If `std` is not finite and above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.initializers import normal
    >>> normal(0.1)(np.random.RandomState(0), (3,)).round(4)
    array([0.1764, 0.04  , 0.0979])
    """
    std = as_positive("std", std)
    return lambda random, shape: random.standard_normal(shape) * std


def zeros(random: Random, shape: tuple[int, ...]) -> Array:
    """Return zeros; nothing is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> zeros(np.random.default_rng(0), (2,))
    array([0., 0.])
    """
    return np.zeros(shape)


def glorot_uniform(random: Random, shape: tuple[int, ...]) -> Array:
    """Draw from [-r, r) with r = sqrt(6 / (n_in + n_out)).

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural
       networks, 2010, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> glorot_uniform(np.random.RandomState(0), (2, 2)).round(4)
    array([[0.1196, 0.5271],
           [0.2517, 0.1099]])
    """
    return (2 * random.random(shape) - 1) * math.sqrt(6 / _fan_sum(shape))


def glorot_normal(random: Random, shape: tuple[int, ...]) -> Array:
    """Draw from the normal distribution of variance 2 / (n_in + n_out).

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural
       networks, 2010, equation 12.

    Examples
    --------
    >>> import numpy as np
    >>> glorot_normal(np.random.RandomState(0), (2, 2)).round(4)
    array([[1.2474, 0.283 ],
           [0.6921, 1.5846]])
    """
    return random.standard_normal(shape) * math.sqrt(2 / _fan_sum(shape))


def he_uniform(random: Random, shape: tuple[int, ...]) -> Array:
    """Draw from [-r, r) with r = sqrt(6 / n_in).

    References
    ----------
    .. [1] K. He et al., Delving deep into rectifiers, 2015, equation 10, as a uniform distribution.

    Examples
    --------
    >>> import numpy as np
    >>> he_uniform(np.random.RandomState(0), (2, 2)).round(4)
    array([[0.1691, 0.7454],
           [0.356 , 0.1555]])
    """
    return (2 * random.random(shape) - 1) * math.sqrt(6 / shape[0])


def he_normal(random: Random, shape: tuple[int, ...]) -> Array:
    """Draw from the normal distribution of variance 2 / n_in.

    References
    ----------
    .. [1] K. He et al., Delving deep into rectifiers, 2015, equation 10.

    Examples
    --------
    >>> import numpy as np
    >>> he_normal(np.random.RandomState(0), (2, 2)).round(4)
    array([[1.7641, 0.4002],
           [0.9787, 2.2409]])
    """
    return random.standard_normal(shape) * math.sqrt(2 / shape[0])


def _fan_sum(shape: tuple[int, ...]) -> int:
    """Return n_in + n_out; a bias counts as one row of weights."""
    return shape[0] + shape[-1]


NAMED: dict[str, Initializer] = {
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "zeros": zeros,
}


def as_initializer(name: str, value: Any) -> Initializer:
    """Return the initializer that a name or a function stands for; `name` is the parameter's."""
    if callable(value):
        return value  # type: ignore[no-any-return]
    return NAMED[as_choice(name, value, NAMED)]
