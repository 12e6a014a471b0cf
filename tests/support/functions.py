"""Losses and activations of a user's own, as module functions: a pickle finds them by name."""

import fastnn


@fastnn.loss
def tilted(y, a):
    """Return twice e^2 where a is too large, e^2 elsewhere."""
    e = a - y
    return (2 * e * e, 4 * e) if e > 0 else (e * e, 2 * e)


@fastnn.loss
def fourth(y, a, error):
    """Return the sum of e^4 / 4."""
    value = 0.0
    for j in range(y.shape[0]):
        e = a[j] - y[j]
        error[j] = e * e * e
        value += e * e * e * e / 4
    return value


@fastnn.loss
def own_half_sse(y, a):
    """Return e^2 / 2."""
    return 0.5 * (a - y) ** 2, a - y


@fastnn.loss
def picky(y, a):
    """Return e^2 / 2 of targets that are not too low."""
    if y < -2:
        raise ValueError("y is too low")
    return 0.5 * (a - y) ** 2, a - y


@fastnn.activation
def bent(z):
    """Return a bent identity."""
    root = (1 + z * z) ** 0.5
    return z / 2 + root, 0.5 + z / root


@fastnn.activation
def steep(z):
    """Return 3 z, unless it is far from 0."""
    if abs(z) > 1000:
        raise ValueError("z is too far")
    return 3 * z, 3.0
