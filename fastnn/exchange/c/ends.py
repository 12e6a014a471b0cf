"""The C function that predicts: how it treats inputs and outputs that are far from 0."""

from __future__ import annotations

from string import Template
from typing import Any

import numpy as np

from .._centres import Centred, Column
from .text import ALWAYS_DOUBLE, Layer, definition, layer_calls

_PREDICT = Template("""\
void ${name}_predict(const $real_in input[N_IN], $real_out output[N_OUT])
{
$start$calls
$end}
""")

_START = Template("""\
    for (int i = 0; i < N_IN; i++) {
        inputs[i] = $value;
    }
""")

_END = Template("""\
    for (int j = 0; j < N_OUT; j++) {
        output[j] = $value;
    }
""")


def real_of(column: Column | None) -> str:
    """Return the type of inputs or outputs, as written before the precision is chosen."""
    return ALWAYS_DOUBLE if column is not None and column.is_double else "double"


def mean_tables(own: Centred, dtype: np.dtype[Any]) -> list[str]:
    """Return the definitions of means that are subtracted and added, and of scales."""
    tables = []
    for name, length, column in (("input", "N_IN", own.inputs), ("output", "N_OUT", own.outputs)):
        if column is not None:
            means = column.means if column.is_double else column.means.astype(dtype)
            what = "What is far from 0" if column.scale is None else "The mean"
            tables.append(
                f"/* {what} of each {name}. */\n"
                + definition(f"static const double {name}_mean[{length}]", means)
            )
            if column.scale is not None:
                scale = column.scale if column.is_double else column.scale.astype(dtype)
                tables.append(
                    f"/* The scale of each {name}. */\n"
                    + definition(f"static const double {name}_scale[{length}]", scale)
                )
    return tables


def buffers(own: Centred, *, inputs: bool) -> str:
    """Return the declarations of outputs and, unless they exist elsewhere, of inputs."""
    names = ["inputs[N_IN]"] * (inputs and own.inputs is not None)
    names += ["outputs[N_OUT]"] * (own.outputs is not None)
    return f"static double {', '.join(names)};\n" if names else ""


def predict(name: str, layers: list[Layer], own: Centred, *, quantised: bool = False) -> str:
    """Return the function that predicts."""
    start, end, value = "", "", "input[i]"
    first, last = "input", "output"
    if own.inputs is not None:
        value = f"{value} - input_mean[i]"
        if own.inputs.scale is not None:
            value = f"({value}) / input_scale[i]"
        if own.inputs.is_double:
            value = f"(double)({value})"
    if quantised:
        value = f"quantised({value})"
    if quantised or own.inputs is not None:
        start, first = _START.substitute(value=value), "inputs"
    if own.outputs is not None:
        last = "outputs"
        wide = f"({ALWAYS_DOUBLE})" if own.outputs.is_double else ""
        end = _END.substitute(value=f"{wide}outputs[j] + output_mean[j]")
    return _PREDICT.substitute(
        name=name,
        real_in=real_of(own.inputs),
        real_out=real_of(own.outputs),
        start=start,
        calls=layer_calls(first, layers, last),
        end=end,
    )
