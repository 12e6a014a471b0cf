"""The C source of the mean of a population: one network after the other."""

from __future__ import annotations

from collections.abc import Sequence
from string import Template
from typing import Any

import numpy as np

from ...network import Network
from .floating import layer_function, parameters, units
from .functions import functions_called
from .text import Layer, in_precision, layer_calls, layers_of

_MEMBER = Template("""\
static void member_$k(const $real input[N_IN])
{
$calls
    for (int j = 0; j < N_OUT; j++) {
        total[j] += (double)outputs[j];
    }
}
""")

_PREDICT = Template("""\
void ${name}_predict(const $real input[N_IN], $real output[N_OUT])
{
    for (int j = 0; j < N_OUT; j++) {
        total[j] = 0.0;
    }
$members
    for (int j = 0; j < N_OUT; j++) {
        output[j] = ($real)(total[j] / $n_networks.0);
    }
}
""")


def mean_source(networks: Sequence[Network], name: str, dtype: np.dtype[Any]) -> str:
    """Return the source, in `dtype`."""
    real = "float" if dtype == np.float32 else "double"
    members = [layers_of(net, dtype, member=k) for k, net in enumerate(networks)]
    layers = [layer for member in members for layer in member]
    functions = [layer_function(layer) for layer in layers]
    code = [
        *(f"static double {units(layer)};\n" for layer in layers),
        *functions_called("".join(functions)),
        *functions,
    ]
    names = {"name": name, "real": real, "n_networks": len(networks)}
    calls = "\n".join(f"    member_{k}(input);" for k in range(len(networks)))
    widths = {"N_IN": f"{name.upper()}_N_IN", "N_OUT": f"{name.upper()}_N_OUT"} | _widths(members)
    listed = ",\n".join(f"    {width} = {value}" for width, value in widths.items())
    return "\n".join([
        f'#include <math.h>\n\n#include "{name}.h"\n\nenum {{\n{listed}\n}};\n',
        *(table for layer in layers for table in parameters(layer)),
        *(in_precision(block, dtype) for block in code),
        f"static {real} outputs[N_OUT];\nstatic double total[N_OUT];\n",
        *(
            _MEMBER.substitute(k=k, real=real, calls=layer_calls("input", member, "outputs"))
            for k, member in enumerate(members)
        ),
        _PREDICT.substitute(names, members=calls),
    ])  # fmt: skip


def _widths(members: Sequence[Sequence[Layer]]) -> dict[str, object]:
    """Return the widths of each network by their names."""
    widths: dict[str, object] = {}
    for layers in members:
        widths[layers[0].n_in] = "N_IN"
        widths |= {layer.n_out: layer.W.shape[1] for layer in layers[:-1]}
    return widths
