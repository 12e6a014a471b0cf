"""C functions for double, of what the tables of the core have; `in_precision` makes them float."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent

from ...core.activations import ACTIVATIONS
from ...core.heads import LEAST_SPREAD
from ...core.losses import LOSSES

_FUNCTIONS = {
    "normal_cdf": """\
/* (1 + erf(z / sqrt 2)) / 2, as an erfc: that sum would cancel where erf nears -1. */
static double normal_cdf(double z)
{
    return 0.5 * erfc(-0.7071067811865476 * z);
}
""",
    "largest_of": """\
static double largest_of(int n, const double *z)
{
    double largest = z[0];

    for (int j = 1; j < n; j++) {
        if (z[j] > largest) {
            largest = z[j];
        }
    }
    return largest;
}
""",
    "softmax": """\
/* a = e^z / sum(e^z), shifted by the largest z: exp cannot overflow. */
static void softmax(int n, const double *z, double *a)
{
    const double largest = largest_of(n, z);
    double sum = 0.0;

    for (int j = 0; j < n; j++) {
        a[j] = exp(z[j] - largest);
        sum += a[j];
    }
    for (int j = 0; j < n; j++) {
        a[j] /= sum;
    }
}
""",
}
_FUNCTIONS_OF_ROWS = {
    "softmax_back": """\
/* Turn delta from dLoss/da into dLoss/dz. */
static void softmax_back(int n, const double *a, double *delta)
{
    double mean = 0.0;

    for (int j = 0; j < n; j++) {
        mean += a[j] * delta[j];
    }
    for (int j = 0; j < n; j++) {
        delta[j] = a[j] * (delta[j] - mean);
    }
}
""",
    "ascending": """\
/* a = z_0, then steps up of softplus(z_j). */
static void ascending(int n, const double *z, double *a)
{
    a[0] = z[0];
    for (int j = 1; j < n; j++) {
        a[j] = a[j - 1] + softplus(z[j]);
    }
}
""",
    "ascending_back": """\
/* Turn delta from dLoss/da into dLoss/dz: a step moves its own output and all that are above. */
static void ascending_back(int n, const double *z, double *delta)
{
    double total = 0.0;

    for (int j = n - 1; j > 0; j--) {
        total += delta[j];
        delta[j] = total * sigmoid(z[j]);
    }
    delta[0] += total;
}
""",
    "mean_and_spread": f"""\
/* a = z and softplus(z) in turn: a spread is positive, even where softplus rounds to 0. */
static void mean_and_spread(int n, const double *z, double *a)
{{
    for (int j = 0; j < n; j += 2) {{
        a[j] = z[j];
        a[j + 1] = softplus(z[j + 1]) + {LEAST_SPREAD:.1e};
    }}
}}
""",
    "mean_and_spread_back": """\
/* Turn delta from dLoss/da into dLoss/dz. */
static void mean_and_spread_back(int n, const double *z, double *delta)
{
    for (int j = 1; j < n; j += 2) {
        delta[j] *= sigmoid(z[j]);
    }
}
""",
}
_OF_ROWS = {  # activations of a whole row of outputs, and of what their derivative is a function
    "softmax": "a",
    "ascending": "z",
    "mean_and_spread": "z",
}
KNOWN = {*ACTIVATIONS, *_OF_ROWS}


def _units(body: str) -> list[str]:
    """Return the variables of a body, which are the arguments of its function."""
    return [unit for unit in ("e", "z", "a", "y") if re.search(rf"\b{unit}\b", body)]


def _call(name: str, body: str, units: Mapping[str, str]) -> str:
    """Return a call of a function; a body that is a variable, or a call of math.h, needs none."""
    if body in units:
        return units[body]
    return f"{name}({', '.join(units[unit] for unit in _units(body))})"


def _definition(name: str, body: str) -> str:
    """Return a function of this name, of an expression or of statements."""
    statements = body if "return" in body else f"return {body};"
    arguments = ", ".join(f"double {unit}" for unit in _units(body))
    return f"static double {name}({arguments})\n{{\n{indent(statements, '    ')}\n}}\n"


_BODIES = {
    **{name: known.c[0] for name, known in ACTIVATIONS.items()},
    **{f"{name}_derivative": known.c[1] for name, known in ACTIVATIONS.items()},
    **{name: known.c[0] for name, known in LOSSES.items()},
    **{f"{name}_error": known.c[1] for name, known in LOSSES.items()},
}
FUNCTIONS = {  # each after those that it calls
    **_FUNCTIONS,
    **{
        name: _definition(name, body)
        for name, body in _BODIES.items()
        if body and body not in "ezay" and body != f"{name}(z)"
    },
    **_FUNCTIONS_OF_ROWS,
}


def activated_row(activation: str, n: str, z: str, a: str) -> str:
    """Return the statement of an f(z) of a row of `n`; an empty string if it is elementwise."""
    return f"{activation}({n}, {z}, {a});" if activation in _OF_ROWS else ""


def pulled_back_row(activation: str, n: str, z: str, a: str, delta: str) -> str:
    """Return the statement that turns dLoss/da of a row into dLoss/dz; likewise."""
    if activation not in _OF_ROWS:
        return ""
    return f"{activation}_back({n}, {z if _OF_ROWS[activation] == 'z' else a}, {delta});"


def value_of(activation: str, z: str) -> str:
    """Return the expression of an elementwise f(z)."""
    return _call(activation, ACTIVATIONS[activation].c[0], {"z": z})


def scaled_by_derivative(activation: str, error: str, z: str, a: str) -> str:
    """Return the expression of an error times f'(z), where a = f(z)."""
    body = ACTIVATIONS[activation].c[1]
    if not body:
        return error
    return f"{error} * {_call(f'{activation}_derivative', body, {'z': z, 'a': a})}"


def term_of(loss: str, n: str, z: str, a: str) -> str:
    """Return the expression of an output's part of a loss, of its e = a - y[j]; of `n` outputs."""
    return _of_loss(loss, loss, LOSSES[loss].c[0], n, z, a)


def error_of(loss: str, n: str, z: str, a: str) -> str:
    """Return the expression of dLoss/da, or of dLoss/dz if the loss is computed from z."""
    return _of_loss(loss, f"{loss}_error", LOSSES[loss].c[1], n, z, a)


def _of_loss(loss: str, name: str, body: str, n: str, z: str, a: str) -> str:
    call = _call(name, body, {"e": "e", "z": z, "a": a, "y": "y[j]"})
    return f"{call} / (double){n}" if LOSSES[loss].is_mean else call


def functions_called(code: str) -> list[str]:
    """Return the definitions of the functions above that some code calls, directly or not."""
    found: list[str] = []
    for name, function in reversed(FUNCTIONS.items()):
        if re.search(rf"\b{name}\(", "".join([code, *found])):
            found.insert(0, function)
    return found
