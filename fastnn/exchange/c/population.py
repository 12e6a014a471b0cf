"""The C source of the mean of a population: one network after the other."""

from __future__ import annotations

from collections.abc import Sequence
from string import Template
from typing import Any

import numpy as np

from ...network import Network
from .floating import network_code, parameters
from .text import enum, in_precision, layer_calls, layers_of, widths_of

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
    real = in_precision("double", dtype)
    members = [layers_of(net, dtype, member=k) for k, net in enumerate(networks)]
    layers = [layer for member in members for layer in member]
    names = {"name": name, "real": real, "n_networks": len(networks)}
    calls = "\n".join(f"    member_{k}(input);" for k in range(len(networks)))
    ends = {"N_IN": f"{name.upper()}_N_IN", "N_OUT": f"{name.upper()}_N_OUT"}
    widths = ends | widths_of(members) | {member[0].n_in: "N_IN" for member in members}
    return "\n".join([
        f'#include <math.h>\n\n#include "{name}.h"\n\n{enum(widths)}',
        *(table for layer in layers for table in parameters(layer)),
        *network_code(layers, dtype),
        f"static {real} outputs[N_OUT];\nstatic double total[N_OUT];\n",
        *(
            _MEMBER.substitute(k=k, real=real, calls=layer_calls("input", member, "outputs"))
            for k, member in enumerate(members)
        ),
        _PREDICT.substitute(names, members=calls),
    ])  # fmt: skip
