"""The table of activations, and their loops over a part of a flat array of units.

One record says all of an activation: how kernels compute it, how it is written in C and ONNX, and
what other libraries call it. `ACTIVATIONS` feeds the kernels, the exchange and the documentation;
`fastnn.reference` has formulas of its own, to compare with.

A derivative is taken from z or from a = f(z), whichever is cheaper and exact. Every form is stable:
no intermediate overflows for finite z (exp itself does), and a NaN stays a NaN.

Units [start, stop) are taken in whole registers: `start` is at the beginning of one, and the last
is filled with padding. There z is 0 and `delta` stays 0; a is overwritten with something finite.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .jit import inlined, inner
from .pointers import activate_at, is_address, is_table, n_parts_of, part_at, pull_back_at
from .simd.arithmetic import where
from .simd.functions import (
    exp,
    expm1,
    gelu,
    gelu_derivative,
    mish,
    mish_derivative,
    sigmoid,
    softplus,
    swish,
    tanh,
)
from .simd.switch import vector_switch
from .simd.vectors import lanes_of, load, store, zeros
from .softmax import pull_back_softmax, softmax

LEAKY_SLOPE = 0.01
# Klambauer et al., Self-normalizing neural networks, 2017: outputs tend to mean 0 and variance 1.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
SELU_LIMIT = SELU_ALPHA * SELU_SCALE  # minus selu at minus infinity


# ---- f(z), and delta f'(z) of delta, z and a = f(z): functions of vectors ------------------------


def relu(z):
    """Return max(z, 0)."""
    return where(z < 0.0, 0.0, z)


def leaky_relu(z):
    """Return z, scaled down where it is negative."""
    return where(z < 0.0, LEAKY_SLOPE * z, z)


def elu(z):
    """Return z where it is positive, e^z - 1 elsewhere."""
    return where(z > 0.0, z, expm1(where(z > 0.0, 0.0, z)))


def selu(z):
    """Return scale z where z is positive, scale alpha (e^z - 1) elsewhere."""
    a = elu(z)
    return where(a > 0.0, SELU_SCALE * a, SELU_LIMIT * a)


def times(derivative):
    """Return a function that returns delta times a derivative of z."""
    return lambda delta, z, a: delta * derivative(z)


def scale_by_sigmoid_derivative(delta, z, a):
    """Return delta a (1 - a)."""
    return delta * (a * (1.0 - a))


def scale_by_tanh_derivative(delta, z, a):
    """Return delta (1 - a^2)."""
    return delta * (1.0 - a * a)


def scale_by_relu_derivative(delta, z, a):
    """Return delta relu'(z), where relu'(0) = 0."""
    return where(z > 0.0, delta, 0.0 * delta)


def scale_by_leaky_relu_derivative(delta, z, a):
    """Return delta leaky_relu'(z), where leaky_relu'(0) is the slope of the left."""
    return where(z > 0.0, delta, LEAKY_SLOPE * delta)


def scale_by_elu_derivative(delta, z, a):
    """Return delta, times e^z = a + 1 where z is not positive."""
    return where(a > 0.0, delta, (a + 1.0) * delta)


def scale_by_selu_derivative(delta, z, a):
    """Return scale delta, times alpha e^z where z is not positive."""
    return where(a > 0.0, SELU_SCALE * delta, (a + SELU_LIMIT) * delta)


def scale_by_swish_derivative(delta, z, a):
    """Return delta (s + a (1 - s)), s = sigmoid(z)."""
    s = sigmoid(z)
    return delta * (s + a * (1.0 - s))


def scale_by_exp_derivative(delta, z, a):
    """Return delta e^z."""
    return delta * a


# ---- the table -----------------------------------------------------------------------------------

Expression = str | float | tuple[Any, ...]
Options = dict[str, list[Any]]  # the values that are the same function; the first one is written
_NO_OPTIONS: dict[str, Any] = {}

Z = "z"
_SQRT_2 = 1.4142135623730951
_ERF = ("Add", ("Erf", ("Div", Z, _SQRT_2)), 1.0)
_EXPM1 = ("Sub", ("Exp", ("Min", Z, 0.0)), 1.0)
_LOG1P_EXP = ("Add", ("Relu", Z), ("Log", ("Add", ("Exp", ("Neg", ("Abs", Z))), 1.0)))


class Activation(NamedTuple):
    """What there is to know of an activation a = f(z).

    An ONNX expression is the letter z, a constant, or a tuple of an operator and its operands. What
    is written in float64 is what onnxruntime's CPU provider has kernels of: no Erf, Elu, Selu and
    Softplus; nor can an attribute hold the slope of LeakyRelu. It is as exact as its Sigmoid is: to
    the rounding of 1.
    """

    value: Callable[..., Any] | None  # f(z); None where f is the identity, or not elementwise
    scaled: Callable[..., Any] | None  # delta f'(z), of delta, z and a
    # f(z) and f'(z) in C for double, of z and a: expressions, or statements with a return. They may
    # call math.h, other activations of the table, and what `exchange.c.functions` has.
    c: tuple[str, str]
    onnx: Expression
    torch: str  # a class of torch.nn, or a function of torch
    onnx_float64: Expression | None = ""  # "" means as in float32; None, that it cannot be written
    onnx_also: tuple[Expression, ...] = ()  # which are read too
    onnx_options: dict[str, Options] = _NO_OPTIONS  # of operators: the attributes that are read
    torch_options: Options = _NO_OPTIONS
    keras: tuple[str | None, ...] = ()  # names
    keras_layer: str | None = None
    keras_options: Options = _NO_OPTIONS  # of that layer
    sklearn: str = ""  # the name in scikit-learn's own estimators, for hidden layers
    sklearn_outputs: str = ""  # and for outputs
    second_name: str = ""  # another name that users may give
    note: str = ""  # what documentation adds to the name
    is_often_zero: bool = False  # so often that kernels look for zeros among its outputs


ACTIVATIONS = {
    "identity": Activation(
        None, None,
        c=("z", ""),
        onnx=Z,
        torch="Identity",
        keras=(None, "linear"),
        sklearn="identity", sklearn_outputs="identity",
        second_name="linear",
    ),
    "sigmoid": Activation(
        sigmoid, scale_by_sigmoid_derivative,
        c=("1.0 / (1.0 + exp(-z))", "a * (1.0 - a)"),
        onnx=("Sigmoid", Z),
        torch="Sigmoid",
        keras=("sigmoid",),
        sklearn="logistic", sklearn_outputs="logistic",
        second_name="logistic",
    ),
    "tanh": Activation(
        tanh, scale_by_tanh_derivative,
        c=("tanh(z)", "1.0 - a * a"),
        onnx=("Tanh", Z),
        torch="Tanh",
        keras=("tanh",),
        sklearn="tanh",
    ),
    "relu": Activation(
        relu, scale_by_relu_derivative,
        c=("z < 0.0 ? 0.0 : z", "z > 0.0 ? 1.0 : 0.0"),
        onnx=("Relu", Z),
        torch="ReLU",
        keras=("relu",),
        keras_layer="ReLU",
        keras_options={"max_value": [None], "negative_slope": [0.0], "threshold": [0.0]},
        sklearn="relu",
        is_often_zero=True,  # half of them
    ),
    "leaky_relu": Activation(
        leaky_relu, scale_by_leaky_relu_derivative,
        c=(f"z < 0.0 ? {LEAKY_SLOPE} * z : z", f"z > 0.0 ? 1.0 : {LEAKY_SLOPE}"),
        onnx=("LeakyRelu", Z),
        onnx_float64=("Max", Z, ("Mul", Z, LEAKY_SLOPE)),
        onnx_options={"LeakyRelu": {"alpha": [LEAKY_SLOPE]}},
        torch="LeakyReLU", torch_options={"negative_slope": [LEAKY_SLOPE]},
        keras_layer="LeakyReLU",
        keras_options={"negative_slope": [LEAKY_SLOPE], "alpha": [LEAKY_SLOPE]},
        note=f"slope {LEAKY_SLOPE}",
    ),
    "elu": Activation(
        elu, scale_by_elu_derivative,
        c=("z > 0.0 ? z : expm1(z)", "z > 0.0 ? 1.0 : a + 1.0"),
        onnx=("Elu", Z),
        onnx_float64=("Add", ("Relu", Z), _EXPM1),
        onnx_options={"Elu": {"alpha": [1.0]}},
        torch="ELU", torch_options={"alpha": [1.0]},
        keras=("elu",),
        keras_layer="ELU", keras_options={"alpha": [1.0]},
        note="alpha 1",
    ),
    "softplus": Activation(
        softplus, times(sigmoid),
        c=("(z < 0.0 ? 0.0 : z) + log1p(exp(-fabs(z)))", "sigmoid(z)"),
        onnx=("Softplus", Z),
        onnx_float64=_LOG1P_EXP,
        onnx_also=(("Where", ("Greater", Z, 20.0), Z, ("Softplus", Z)),),
        # Above its threshold PyTorch's is z, which is exact to rounding at 40; its own is 20.
        torch="Softplus", torch_options={"beta": [1.0], "threshold": [40.0, 20.0]},
        keras=("softplus",),
    ),
    "swish": Activation(
        swish, scale_by_swish_derivative,
        c=(
            "z / (1.0 + exp(-z))",
            "const double s = sigmoid(z);\n\nreturn s + s * z * (1.0 - s);",
        ),
        onnx=("Mul", Z, ("Sigmoid", Z)),
        torch="SiLU",
        keras=("silu", "swish"),
        second_name="silu",
    ),
    "gelu": Activation(
        gelu, times(gelu_derivative),
        c=("z * normal_cdf(z)", "normal_cdf(z) + z * 0.3989422804014327 * exp(-0.5 * z * z)"),
        onnx=("Mul", ("Mul", Z, _ERF), 0.5),
        onnx_float64=None,
        onnx_also=(("Gelu", Z), ("Mul", Z, ("Mul", 0.5, _ERF))),
        onnx_options={"Gelu": {"approximate": [b"none"]}},
        torch="GELU", torch_options={"approximate": ["none"]},
        keras=("gelu",),
        note="exact",
    ),
    "softmax": Activation(
        None, None,
        c=("", ""),
        onnx=("Softmax", Z),
        onnx_options={"Softmax": {"axis": [-1, 1]}},
        torch="Softmax", torch_options={"dim": [-1, 1]},
        keras=("softmax",),
        keras_layer="Softmax", keras_options={"axis": [-1, 1]},
        sklearn_outputs="softmax",
    ),
    "exp": Activation(
        exp, scale_by_exp_derivative,
        c=("exp(z)", "a"),
        onnx=("Exp", Z),
        torch="exp",
        keras=("exponential",),
        sklearn_outputs="exp",
    ),
    "selu": Activation(
        selu, scale_by_selu_derivative,
        c=(
            f"z > 0.0 ? {SELU_SCALE} * z : {SELU_LIMIT} * expm1(z)",
            f"z > 0.0 ? {SELU_SCALE} : a + {SELU_LIMIT}",
        ),
        onnx=("Selu", Z),
        onnx_float64=("Add", ("Mul", ("Relu", Z), SELU_SCALE), ("Mul", _EXPM1, SELU_LIMIT)),
        onnx_options={"Selu": {"alpha": [SELU_ALPHA], "gamma": [SELU_SCALE]}},
        torch="SELU",
        keras=("selu",),
    ),
    "mish": Activation(
        mish, times(mish_derivative),
        c=(
            "z * tanh(softplus(z))",
            "const double t = tanh(softplus(z));\n\nreturn t + z * (1.0 - t * t) * sigmoid(z);",
        ),
        onnx=("Mul", Z, ("Tanh", ("Softplus", Z))),
        onnx_float64=("Mul", Z, ("Tanh", _LOG1P_EXP)),
        onnx_also=(("Mish", Z),),
        torch="Mish",
        keras=("mish",),
    ),
}  # fmt: skip
CODES = {name: code for code, name in enumerate(ACTIVATIONS)}
SOFTMAX = CODES["softmax"]
OFTEN_ZERO = tuple(CODES[name] for name, known in ACTIVATIONS.items() if known.is_often_zero)
# Other names of some of them, which are accepted wherever a name is.
SECOND_NAMES = {known.second_name: name for name, known in ACTIVATIONS.items() if known.second_name}


@vector_switch({CODES[name]: known.value for name, known in ACTIVATIONS.items()})
def activated(code, z):
    """Return f(z)."""
    return z


@vector_switch({CODES[name]: known.scaled for name, known in ACTIVATIONS.items()})
def scaled_by_derivative(code, delta, z, a):
    """Return delta f'(z)."""
    return delta


# ---- loops over units ----------------------------------------------------------------------------


@inner
def activate(code, z, a, start, stop, n_rows, step):
    """Overwrite a[start:stop] with f(z[start:stop]), of several parts with the f of each.

    It is done in so many rows, which are `step` units apart.
    """
    one, has_parts = zeros(z, 1), is_table(code)
    for k in range(n_parts_of(code) if has_parts else 1):
        first, last, own = part_at(code, k, start) if has_parts else (start, stop, code)
        for t in range(n_rows):  # the next part overwrites what is beyond
            row_first, row_last = first + t * step, last + t * step
            if own == SOFTMAX:
                softmax(z, a, row_first, row_last)
            elif is_address(own):
                activate_at(own, row_first, row_last, z, a)
                for j in range(row_last, row_last + (first - last) % lanes_of(one)):
                    a[j] = 0  # the padding
            else:
                for j in range(row_first, row_last, lanes_of(one)):
                    store(a, j, activated(own, load(z, j, one)))
    for t in range(n_rows if has_parts else 0):
        store(a, stop + t * step, one)  # the padding


@inner
def scale_by_derivative(code, z, a, delta, start, stop):
    """Multiply delta[start:stop] by f'(z[start:stop]) in place.

    Softmax has no elementwise derivative: see `pull_back`.
    """
    if is_address(code):
        pull_back_at(code, start, stop, z, a, delta)
        return
    one = zeros(z, 1)
    for j in range(start, stop, lanes_of(one)):
        before, outputs, scaled = load(z, j, one), load(a, j, one), load(delta, j, one)
        store(delta, j, scaled_by_derivative(code, scaled, before, outputs))


@inner
def pull_back(code, z, a, start, stop, delta):
    """Turn delta[start:stop] from dL/da into dL/dz, in place, of whatever activation."""
    if not is_table(code):
        pull_back_part(code, z, a, start, stop, delta)
        return
    for k in range(n_parts_of(code)):
        first, last, own = part_at(code, k, start)
        beyond = load(delta, last, zeros(z, 1))  # which is of the next part
        pull_back_part(own, z, a, first, last, delta)
        store(delta, last, beyond)


@inlined
def pull_back_part(code, z, a, start, stop, delta):
    """Do it for all outputs, or for a part; beyond it, up to a register is overwritten."""
    if code == SOFTMAX:
        pull_back_softmax(a, start, stop, delta)
    else:
        scale_by_derivative(code, z, a, delta, start, stop)
