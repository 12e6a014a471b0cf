"""Initializers of weights and biases, from a random source or with a constant.

An initializer is a function of the random source and a shape; some have names that `Dense` accepts.
Weights have the shape (n_in, n_out), and are drawn row by row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._checks.arrays import Array
from ._checks.frozen import frozen
from ._checks.names import explained
from ._checks.scalars import as_choice, as_finite, as_positive, check_fields, check_generator

Random = np.random.Generator | np.random.RandomState
Initializer = Callable[[Random, tuple[int, ...]], Array]


def _uniform(random: Random, shape: tuple[int, ...]) -> Array:
    """Draw from [0, 1)."""
    check_generator(random)
    return random.random(shape)


def _normal(random: Random, shape: tuple[int, ...]) -> Array:
    """Draw from the standard normal distribution."""
    check_generator(random)
    return random.standard_normal(shape)


# Lower case, like the functions beside it.
@explained
@frozen
class uniform:  # numpydoc ignore=PR02
    """Draw from the uniform distribution on [a, b).

    Parameters
    ----------
    a, b : float
        The bounds, finite, with a < b.

    Raises
    ------
    ValueError, TypeError
        If a bound is not finite, or a < b does not hold.

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

    a: float
    b: float

    def __post_init__(self) -> None:
        check_fields(self, a=as_finite, b=as_finite)
        if not (self.a < self.b and math.isfinite(self.b - self.a)):
            raise ValueError(
                f"uniform(a, b) must have finite a < b, got a = {self.a}, b = {self.b}"
            )

    def __call__(self, random: Random, shape: tuple[int, ...]) -> Array:
        """Return an array of this shape, filled by the rule of the class."""
        return self.a + (self.b - self.a) * _uniform(random, shape)


@explained
@frozen
class normal:  # numpydoc ignore=PR02
    """Draw from the normal distribution of mean 0.

    Parameters
    ----------
    std : float
        The standard deviation, finite and above 0.

    Raises
    ------
    ValueError, TypeError
        If `std` is not finite and above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.initializers import normal
    >>> normal(0.1)(np.random.RandomState(0), (3,)).round(4)
    array([0.1764, 0.04  , 0.0979])
    """

    std: float

    def __post_init__(self) -> None:
        check_fields(self, std=as_positive)

    def __call__(self, random: Random, shape: tuple[int, ...]) -> Array:
        """Return an array of this shape, filled by the rule of the class."""
        return _normal(random, shape) * self.std


@explained
@frozen
class constant:  # numpydoc ignore=PR02
    """Set every parameter to one value, without a random draw.

    Parameters
    ----------
    value : float
        The value, finite.

    Raises
    ------
    ValueError, TypeError
        If `value` is not finite.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.initializers import constant
    >>> Network(3, [Dense(2, bias_initializer=constant(0.1))]).biases[0]
    array([0.1, 0.1])
    """

    value: float

    def __post_init__(self) -> None:
        check_fields(self, value=as_finite)

    def __call__(self, random: Random, shape: tuple[int, ...]) -> Array:
        """Return an array of this shape, filled by the rule of the class."""
        return np.full(shape, self.value)


@frozen
class _Scaled:
    """Draw with mean 0 and a variance that keeps the signals of all layers at one scale.

    ================================  ===================  ================================
    names                             variance             reference
    ================================  ===================  ================================
    glorot_uniform, glorot_normal     2 / (n_in + n_out)   [1]_, equations 16 and 12
    he_uniform, he_normal             2 / n_in             [2]_, equation 10
    lecun_uniform, lecun_normal       1 / n_in             [3]_, equation 16
    ================================  ===================  ================================

    The uniform distributions are on [-r, r) with r = sqrt(3 variance).

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural
       networks, 2010.
    .. [2] K. He et al., Delving deep into rectifiers, 2015.
    .. [3] Y. LeCun et al., Efficient BackProp, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.initializers import glorot_uniform, he_normal
    >>> glorot_uniform(np.random.RandomState(0), (2, 2)).round(4)
    array([[0.1196, 0.5271],
           [0.2517, 0.1099]])
    >>> he_normal(np.random.RandomState(0), (2, 2)).round(4)
    array([[1.7641, 0.4002],
           [0.9787, 2.2409]])
    """

    name: str
    gain: int
    draw: Callable[[Random, tuple[int, ...]], Array]
    of_both: bool = False  # whether the variance falls with n_out too

    def __call__(self, random: Random, shape: tuple[int, ...]) -> Array:
        """Return an array of this shape, filled by the rule of the name."""
        n = shape[0] + shape[-1] if self.of_both else shape[0]  # of a bias, as of a row of weights
        if self.draw is _normal:
            return _normal(random, shape) * math.sqrt(self.gain / n)
        return (2 * _uniform(random, shape) - 1) * math.sqrt(3 * self.gain / n)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        """Copy and pickle it as a function is, by its name."""
        return self.name


def zeros(random: Random, shape: tuple[int, ...]) -> Array:
    """Return zeros, without a random draw.

    Parameters
    ----------
    random : numpy.random.Generator or numpy.random.RandomState
        The random source.
    shape : tuple of int
        The shape, (n_in, n_out) of weights or (n_out,) of biases.

    Returns
    -------
    ndarray
        An array of this shape.

    Examples
    --------
    >>> import numpy as np
    >>> zeros(np.random.default_rng(0), (2,))
    array([0., 0.])
    """
    return np.zeros(shape)


def orthogonal(random: Random, shape: tuple[int, ...]) -> Array:
    """Draw orthonormal columns, or rows if there are fewer rows, uniformly distributed.

    They are Q of Q R = N, with N of the standard normal distribution and the diagonal of R above 0.

    Parameters
    ----------
    random : numpy.random.Generator or numpy.random.RandomState
        The random source.
    shape : tuple of int
        The shape, (n_in, n_out) of weights.

    Returns
    -------
    ndarray
        An array of this shape.

    Raises
    ------
    ValueError
        If the shape is not that of weights, (n_in, n_out).

    References
    ----------
    .. [1] A. M. Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear
       neural networks, 2014, section 3.
    .. [2] F. Mezzadri, How to generate random matrices from the classical compact groups, 2007,
       section 5: why the signs matter.

    Examples
    --------
    >>> import numpy as np
    >>> W = orthogonal(np.random.RandomState(0), (4, 2))
    >>> np.allclose(W.T @ W, np.eye(2))
    True
    """
    if len(shape) != 2:
        raise ValueError(f"orthogonal must be given weights, shape (n_in, n_out), got {shape}")
    drawn = _normal(random, shape)
    n_in, n_out = shape
    Q, R = np.linalg.qr(drawn if n_in >= n_out else drawn.T)
    Q *= np.copysign(1, np.diagonal(R))
    return Q if n_in >= n_out else Q.T


_SCALED = (
    glorot_uniform := _Scaled("glorot_uniform", 2, _uniform, of_both=True),
    glorot_normal := _Scaled("glorot_normal", 2, _normal, of_both=True),
    he_uniform := _Scaled("he_uniform", 2, _uniform),
    he_normal := _Scaled("he_normal", 2, _normal),
    lecun_uniform := _Scaled("lecun_uniform", 1, _uniform),
    lecun_normal := _Scaled("lecun_normal", 1, _normal),
)
NAMED: dict[str, Initializer] = {
    **{scaled.name: scaled for scaled in _SCALED},
    "orthogonal": orthogonal,
    "zeros": zeros,
}
_USAGES = {  # of those that need numbers, and of what others have instead
    "uniform": "uniform(a, b)",
    "normal": "normal(std)",
    "constant": "constant(value)",
    "ones": "constant(1.0)",
}


def as_initializer(name: str, value: Any) -> Initializer:
    """Return the initializer that a name or a function means; errors call it `name`."""
    if callable(value):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str) and (usage := _USAGES.get(value.lower().removeprefix("random_"))):
        raise ValueError(
            f"{name} {value!r} needs numbers: give the function fastnn.initializers.{usage}"
        )
    return NAMED[as_choice(name, value, NAMED)]
