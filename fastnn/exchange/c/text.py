"""The common part of both kinds of C source: the layers of a network, and exact literals."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..._checks.arrays import Array, as_numbers
from ...heads import Heads
from ...layers import Dense
from ...network import Network
from .._centres import Centred

ALWAYS_DOUBLE = "_REAL_"  # stands for double, in float too
_LINE = 100
_NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:e[-+]\d+)?")
_MATH = re.compile(r"\b(?:erfc|exp|expm1|fabs|log|log1p|lrint|tanh)(?=\()")


class Span(NamedTuple):
    """The units of a layer, or of a head: from `start` to before `stop`, `n` of them, in C."""

    activation: str
    start: str
    stop: str
    n: str

    def of(self, units: str) -> str:
        """Return the expression of these units of an array."""
        return units if self.start == "0" else f"{units} + {self.start}"


class Layer(NamedTuple):
    """A layer for the templates: `n_in` and `n_out` are the names of its widths in C."""

    k: str
    n_in: str
    n_out: str
    activation: str
    spans: tuple[Span, ...]  # one, or of each head
    W: Array
    b: Array | None
    train_bias: bool
    trainable: bool


def layers_of(
    net: Network, dtype: np.dtype[Any], own: Centred | None = None, member: int | None = None
) -> list[Layer]:
    """Return the layers of a network, with finite parameters of `dtype`, its own or `own`'s.

    Those of a member of an ensemble have its number in their names.
    """
    parameters, of = own or net, "" if member is None else f"_{member}"
    names = [f"N_IN{of}", *(f"N{of}_{k}" for k in range(net.n_layers - 1)), "N_OUT"]
    return [
        Layer(
            k=f"{of}_{k}".removeprefix("_"),
            n_in=names[k],
            n_out=names[k + 1],
            activation=", ".join(span.activation for span in spans),
            spans=spans,
            W=as_numbers(f"weights of layer {k}", W, dtype),
            b=None if b is None else as_numbers(f"biases of layer {k}", b, dtype),
            train_bias=layer.trainable and layer.train_bias,
            trainable=layer.trainable,
        )
        for k, (layer, W, b) in enumerate(
            zip(net.layers, parameters.weights, parameters.biases, strict=True)
        )
        for spans in [_spans_of(layer, names[k + 1])]
    ]


def _spans_of(layer: Dense, n_out: str) -> tuple[Span, ...]:
    """Return what a layer's activation, or each of several, belongs to."""
    if not isinstance(layer, Heads):
        return (Span(str(layer.activation), "0", n_out, n_out),)
    return tuple(
        Span(str(part.activation), str(part.start), str(part.stop), str(part.n_out))
        for part in layer.parts
    )


def in_precision(code: str, dtype: np.dtype[Any]) -> str:
    """Return code that is written for double, in float if that is `dtype`."""
    if dtype != np.float32:
        return code.replace(ALWAYS_DOUBLE, "double")
    code = _NUMBER.sub(r"\g<0>f", code.replace("double", "float"))
    return _MATH.sub(r"\g<0>f", code).replace(ALWAYS_DOUBLE, "double")


def shown(name: str) -> str:
    """Return a name for a comment."""
    return json.dumps(name).replace("*/", "*\\/").replace("/*", "/\\*")


def string(text: str) -> str:
    """Return a text as a literal in UTF-8; octal digits end, other than hexadecimal ones."""
    return '"' + "".join(map(_character, text.encode("utf-8", "surrogatepass"))) + '"'


def _character(byte: int) -> str:
    """Return a byte in a literal; two question marks might begin a trigraph."""
    if 32 <= byte < 127 and byte not in b'"\\?':
        return chr(byte)
    return f"\\{byte:03o}"


def definition(declaration: str, values: Array) -> str:
    """Return the definition of a number or a table, with the shortest literals that are exact.

    A declaration as double becomes one as float if the values are float32.
    """
    declaration = in_precision(declaration, values.dtype)
    words = [_literal(value) for value in values.ravel()]
    if values.ndim == 0:
        return f"{declaration} = {words[0]};\n"
    width = max(map(len, words))
    columns = [f"{word:>{width}}" for word in words]
    per_line = max(1, (_LINE - len("    {},")) // (width + len(", ")))
    if values.ndim == 1:
        return f"{declaration} = {{\n    {_lines(columns, per_line, indent=4)}\n}};\n"
    length = values.shape[1]
    rows = (columns[start : start + length] for start in range(0, values.size, length))
    body = "".join(f"    {{{_lines(row, per_line, indent=5)}}},\n" for row in rows)
    return f"{declaration} = {{\n{body}}};\n"


def _lines(columns: list[str], per_line: int, indent: int) -> str:
    """Return numbers separated by commas, so many on a line."""
    lines = [
        ", ".join(columns[start : start + per_line]) for start in range(0, len(columns), per_line)
    ]
    return (",\n" + indent * " ").join(lines)


def _literal(value: Any) -> str:
    return f"{value!s}f" if value.dtype == np.float32 else repr(value.item())


def enum(widths: Mapping[str, object]) -> str:
    """Return the definition of widths by their names."""
    listed = ",\n".join(f"    {name} = {value}" for name, value in widths.items())
    return f"enum {{\n{listed}\n}};\n"


def widths_of(members: Sequence[Sequence[Layer]]) -> dict[str, int]:
    """Return the widths of the members of an ensemble by their names, but for the outputs'."""
    widths: dict[str, int] = {}
    for layers in members:
        widths[layers[0].n_in] = len(layers[0].W)
        widths |= {layer.n_out: layer.W.shape[1] for layer in layers[:-1]}
    return widths


def layer_calls(first: str, layers: list[Layer], last: str = "output") -> str:
    """Return the calls of all layers, from the array `first` to the array `last`."""
    ends = [first, *(f"a_{layer.k}" for layer in layers[:-1]), last]
    calls = [f"    layer_{layer.k}({ends[i]}, {ends[i + 1]});" for i, layer in enumerate(layers)]
    return "\n".join(calls)
