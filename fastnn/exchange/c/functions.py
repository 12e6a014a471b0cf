"""Activations, derivatives and losses in C for double; `in_precision` converts them to float.

Every form is stable, as in `core.activations` and `core.losses`, and a NaN stays a NaN.
"""

from __future__ import annotations

import re
from typing import NamedTuple

FUNCTIONS = {  # each after those that it calls
    "sigmoid": """\
static double sigmoid(double z)
{
    return 1.0 / (1.0 + exp(-z));
}
""",
    "relu": """\
static double relu(double z)
{
    return z < 0.0 ? 0.0 : z;
}
""",
    "leaky_relu": """\
static double leaky_relu(double z)
{
    return z < 0.0 ? 0.01 * z : z;
}
""",
    "elu": """\
static double elu(double z)
{
    return z > 0.0 ? z : expm1(z);
}
""",
    "selu": """\
static double selu(double z)
{
    return z > 0.0 ? 1.0507009873554805 * z : 1.7580993408473766 * expm1(z);
}
""",
    "softplus": """\
/* ln (1 + e^z), by way of an exp that cannot overflow. */
static double softplus(double z)
{
    return (z < 0.0 ? 0.0 : z) + log1p(exp(-fabs(z)));
}
""",
    "swish": """\
static double swish(double z)
{
    return z / (1.0 + exp(-z));
}
""",
    "mish": """\
static double mish(double z)
{
    return z * tanh(softplus(z));
}
""",
    "mish_derivative": """\
static double mish_derivative(double z)
{
    const double t = tanh(softplus(z));

    return t + z * (1.0 - t * t) * sigmoid(z);
}
""",
    "swish_derivative": """\
static double swish_derivative(double z)
{
    const double s = sigmoid(z);

    return s + s * z * (1.0 - s);
}
""",
    "normal_cdf": """\
/* (1 + erf(z / sqrt 2)) / 2, as an erfc: that sum would cancel where erf nears -1. */
static double normal_cdf(double z)
{
    return 0.5 * erfc(-0.7071067811865476 * z);
}
""",
    "gelu": """\
static double gelu(double z)
{
    return z * normal_cdf(z);
}
""",
    "gelu_derivative": """\
static double gelu_derivative(double z)
{
    return normal_cdf(z) + z * 0.3989422804014327 * exp(-0.5 * z * z);
}
""",
    "largest_of": """\
static double largest_of(const double z[N_OUT])
{
    double largest = z[0];

    for (int j = 1; j < N_OUT; j++) {
        if (z[j] > largest) {
            largest = z[j];
        }
    }
    return largest;
}
""",
    "softmax": """\
/* a = e^z / sum(e^z), shifted by the largest z: exp cannot overflow. */
static void softmax(const double z[N_OUT], double a[N_OUT])
{
    const double largest = largest_of(z);
    double sum = 0.0;

    for (int j = 0; j < N_OUT; j++) {
        a[j] = exp(z[j] - largest);
        sum += a[j];
    }
    for (int j = 0; j < N_OUT; j++) {
        a[j] /= sum;
    }
}
""",
    "sign": """\
static double sign(double e)
{
    return e > 0.0 ? 1.0 : e < 0.0 ? -1.0 : e;
}
""",
    "huber": """\
static double huber(double e)
{
    return fabs(e) > 1.0 ? fabs(e) - 0.5 : 0.5 * e * e;
}
""",
    "clipped": """\
static double clipped(double e)
{
    return fabs(e) > 1.0 ? sign(e) : e;
}
""",
    "binary_cross_entropy": """\
/* ln (1 + e^z) - y z; its parts that grow are taken together, for they may cancel. */
static double binary_cross_entropy(double z, double y)
{
    return log1p(exp(-fabs(z))) + ((z > 0.0 ? z : 0.0) - y * z);
}
""",
    "poisson": """\
/* y (ln y - z) + a - y, where 0 ln 0 is 0. */
static double poisson(double z, double a, double y)
{
    return (y > 0.0 ? y * (log(y) - z) : 0.0) + (a - y);
}
""",
}


class Activation(NamedTuple):
    """Expressions of an activation and its derivative in $z and $a; the derivative "" is 1."""

    value: str
    derivative: str


ACTIVATIONS = {  # but softmax, which is not elementwise
    "identity": Activation("$z", ""),
    "sigmoid": Activation("sigmoid($z)", "($a * (1.0 - $a))"),
    "tanh": Activation("tanh($z)", "(1.0 - $a * $a)"),
    "relu": Activation("relu($z)", "($z > 0.0 ? 1.0 : 0.0)"),
    "leaky_relu": Activation("leaky_relu($z)", "($z > 0.0 ? 1.0 : 0.01)"),
    "elu": Activation("elu($z)", "($z > 0.0 ? 1.0 : $a + 1.0)"),
    "selu": Activation("selu($z)", "($z > 0.0 ? 1.0507009873554805 : $a + 1.7580993408473766)"),
    "softplus": Activation("softplus($z)", "sigmoid($z)"),
    "swish": Activation("swish($z)", "swish_derivative($z)"),
    "mish": Activation("mish($z)", "mish_derivative($z)"),
    "gelu": Activation("gelu($z)", "gelu_derivative($z)"),
    "exp": Activation("exp($z)", "$a"),
}


class Loss(NamedTuple):
    """Expressions of an output's part of a loss, and of dLoss/da, in $z, $a, y[j] and e = a - y."""

    term: str
    error: str


LOSSES = {  # but cross_entropy, which is not a sum over single outputs
    "half_sse": Loss("0.5 * e * e", "e"),
    "sse": Loss("e * e", "2.0 * e"),
    "mse": Loss("e * e / (double)N_OUT", "2.0 * e / (double)N_OUT"),
    "mae": Loss("fabs(e) / (double)N_OUT", "sign(e) / (double)N_OUT"),
    "huber": Loss("huber(e) / (double)N_OUT", "clipped(e) / (double)N_OUT"),
    "binary_cross_entropy": Loss("binary_cross_entropy($z, y[j])", "e"),
    "poisson": Loss("poisson($z, $a, y[j])", "e"),
}
FROM_Z = {  # their expressions are of dLoss/dz instead
    "binary_cross_entropy",
    "poisson",
}


def functions_called(code: str) -> list[str]:
    """Return the definitions of the functions above that some code calls, directly or not."""
    found: list[str] = []
    for name, function in reversed(FUNCTIONS.items()):
        if re.search(rf"\b{name}\(", "".join([code, *found])):
            found.insert(0, function)
    return found
