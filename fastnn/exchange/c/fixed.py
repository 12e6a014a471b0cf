"""The C source of a network in fixed point: integers in all but inputs and outputs."""

from __future__ import annotations

from string import Template
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from .._centres import Centred
from .ends import buffers, mean_tables, predict
from .floating import activate
from .functions import functions_called
from .quantise import Fixed, Lookup, Scale, quantise
from .text import Layer, definition, in_precision

_QUANTISED = """\
/* The input in steps, as near as int8 has it. */
static int8_t quantised(double input)
{
    const double q = input / input_step + input_zero;

    return (int8_t)(q > -128.0 ? (q < 127.0 ? lrint(q) : 127) : -128);
}
"""

_TABLE_INDEX = """\
/* Where in its table the activation of a sum is. */
static int table_index(int32_t sum, int32_t factor, int shift)
{
    if (sum < 0) {
        return 0;
    }

    const int64_t index = ((int64_t)sum * factor) >> shift;

    return index < 255 ? (int)index : 255;
}
"""

_SUM = """\
        int32_t sum = b_$k[j];

        for (int i = 0; i < $n_in; i++) {
            sum += W_$k[j][i] * x[i];
        }"""

_HIDDEN_LAYER = Template(f"""\
/* Layer $k: a = f(x W + b), where f is $activation, in whole numbers. */
static void layer_$k(const int8_t x[$n_in], int8_t a[$n_out])
{{
    for (int j = 0; j < $n_out; j++) {{
{_SUM}
        a[j] = f_$k[table_index(sum, factor_$k[j], shift_$k)];
    }}
}}
""")

_LAST_LAYER = Template(f"""\
/* Layer $k: z = x W + b in whole numbers, then a = f(z), where f is $activation. */
static void layer_$k(const int8_t x[$n_in], double a[$n_out])
{{
    for (int j = 0; j < $n_out; j++) {{
{_SUM}
        z_$k[j] = step_$k[j] * (double)sum;
    }}
$activate
}}
""")


def int8_source(
    name: str, layers: list[Layer], own: Centred, dtype: np.dtype[Any], X: Array
) -> str:
    """Return the source that follows the widths, for centred samples like `X`."""
    net = quantise(layers, X)
    *hidden, last = layers
    functions = [
        *(_HIDDEN_LAYER.substitute(layer._asdict()) for layer in hidden),
        _LAST_LAYER.substitute(last._asdict(), activate=activate(last)),
        predict(name, layers, own, quantised=True),
    ]
    called = functions_called("".join(functions))
    code = [
        _units(layers) + buffers(own, inputs=False),
        _QUANTISED,
        *([_TABLE_INDEX] if hidden else []),
        *called,
        *functions,
    ]
    tables = [*mean_tables(own, dtype), _input_scale(net.scale, dtype)]
    for layer, fixed, lookup in zip(layers, net.layers, [*net.lookups, None], strict=True):
        tables += _parameters(layer, fixed)
        if lookup is None:
            steps = fixed.steps.astype(dtype)
            tables.append(definition(f"static const double step_{layer.k}[N_OUT]", steps))
        else:
            tables += _lookup(layer, lookup)
    return "\n".join([*tables, *(in_precision(block, dtype) for block in code)])


def _input_scale(scale: Scale, dtype: np.dtype[Any]) -> str:
    return (
        "/* An input is input_step (q - input_zero), of a whole number q. */\n"
        + definition("static const double input_step", np.array(scale.step, dtype))
        + definition("static const double input_zero", np.array(scale.zero, dtype))
    )


def _units(layers: list[Layer]) -> str:
    """Return the declarations of units: integers, except the z of outputs."""
    *hidden, last = layers
    whole = ["inputs[N_IN]", *(f"a_{layer.k}[{layer.n_out}]" for layer in hidden)]
    return f"static int8_t {', '.join(whole)};\nstatic double z_{last.k}[N_OUT];\n"


def _parameters(layer: Layer, fixed: Fixed) -> list[str]:
    k, n_in, n_out = layer.k, layer.n_in, layer.n_out
    return [
        f"/* Layer {k}: weights into a unit are in steps of its own, b in those of its sum. */\n"
        + definition(f"static const int8_t W_{k}[{n_out}][{n_in}]", fixed.W),
        definition(f"static const int32_t b_{k}[{n_out}]", fixed.b),
    ]


def _lookup(layer: Layer, lookup: Lookup) -> list[str]:
    k, (step, zero) = layer.k, lookup.scale
    low, high = lookup.low, lookup.low + 255 * lookup.z_step
    return [
        f"enum {{ shift_{k} = {lookup.shift} }};\n",
        definition(f"static const int32_t factor_{k}[{layer.n_out}]", lookup.factors),
        f"/* f(z) = {step:.4g} (q - ({zero})) of z = {low:.4g} ... {high:.4g}. */\n"
        + definition(f"static const int8_t f_{k}[256]", lookup.table),
    ]
