"""What stands around a network in C: the title, the header, and the frame of a source."""

from __future__ import annotations

from string import Template
from textwrap import wrap

from ... import __version__
from ..._checks.heads import Part
from ..._storage.functions import shown_loss
from ...heads import Heads
from ...network import Network
from .._centres import Centred
from .ends import real_of
from .text import enum, shown

MARK = "/* A network written by fastnn"
ENSEMBLE = "/* An ensemble written by fastnn"
_LONGEST = 90  # columns of a title

_HEADER = Template("""\
#ifndef ${NAME}_H
#define ${NAME}_H

#define ${NAME}_N_IN $n_in
#define ${NAME}_N_OUT $n_out

#ifdef __cplusplus
extern "C" {
#endif

/* Overwrite output with $what of input. Memory is static: one call at a time. */
void ${name}_predict(const $real_in input[${NAME}_N_IN], $real_out output[${NAME}_N_OUT]);
$train
#ifdef __cplusplus
}
#endif

#endif
""")

_TRAIN = Template("""
/* Take a step of gradient descent on the loss of one sample; return the loss before it. */
double ${name}_train(
    const double input[${NAME}_N_IN], const double target[${NAME}_N_OUT], double learning_rate);
""")

_SOURCE = Template("""\
$includes

#include "$name.h"

$widths
$body""")


def title_of(net: Network, arithmetic: str) -> str:
    """Return the comment that says what network it is."""
    lines = [f"{MARK} {__version__}, in {arithmetic}.", "", f"{net.n_in:>8} inputs"]
    for layer in net.layers:
        frozen = "" if layer.train_bias else ", biases frozen"
        biases = frozen if layer.bias and layer.trainable else "" if layer.bias else ", no biases"
        whole = "" if layer.trainable else ", frozen"
        if not isinstance(layer, Heads):
            lines.append(f"{layer.n_out:>8} {layer.activation}{whole}{biases}")
            continue
        lines += [
            f"{part.n_out:>8} {part.activation}{whole}{biases}: {place_of(part)}"
            for part in layer.parts
        ]
    loss = shown_loss(net.loss_function)
    told = f"Trained for the loss {loss}; {net.n_params} parameters in {net.dtype}."
    lines += ["", *wrap(told, _LONGEST, break_long_words=False, break_on_hyphens=False)]
    return "\n".join(f" * {line}".rstrip() for line in lines).removeprefix(" * ") + "\n */\n"


def place_of(part: Part) -> str:
    """Return the name of a head, and where its outputs are."""
    return f"{shown(part.name)}, from output[{part.start}] on"


def header_of(net: Network, name: str, own: Centred, what: str, *, train: bool = False) -> str:
    """Return the header of a network; `what` is what the function overwrites its output with."""
    names = {"name": name, "NAME": name.upper()}
    step = _TRAIN.substitute(names) if train else ""
    reals = {"real_in": real_of(own.inputs), "real_out": real_of(own.outputs)}
    ends = {"n_in": net.n_in, "n_out": net.n_out}
    return _HEADER.substitute(names, **reals, **ends, what=what, train=step)


def source_of(net: Network, name: str, body: str, *, int8: bool) -> str:
    """Return the source of a network, without its title, around the functions in `body`."""
    hidden = {f"N_{k}": layer.n_out for k, layer in enumerate(net.layers[:-1])}
    n_in, n_out = f"{name.upper()}_N_IN", f"{name.upper()}_N_OUT"
    return _SOURCE.substitute(
        includes="#include <math.h>" + "\n#include <stdint.h>" * int8,
        name=name,
        widths=enum({"N_IN": n_in, **hidden, "N_OUT": n_out}),
        body=body,
    )
