"""A network as C: one source of C99 and its header, for programs and microcontrollers."""

from __future__ import annotations

import os
import re
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastnn import __version__
from fastnn.atomic import check_folder, replace_files
from fastnn.exchange._c_ends import real_of
from fastnn.exchange._c_float import float_source
from fastnn.exchange._c_int8 import int8_source
from fastnn.exchange._c_text import in_precision, layers_of
from fastnn.exchange._reading import as_network
from fastnn.exchange.centres import Centred, centred
from fastnn.network import Network
from fastnn.paths import as_path
from fastnn.validation import Array, as_dtype, as_flag, as_numbers

_MARK = "/* A network written by fastnn"
_UNCARRIED = ("dropout", "l1", "l2", "max_norm")

_HEADER = Template("""\
#ifndef ${NAME}_H
#define ${NAME}_H

#define ${NAME}_N_IN $n_in
#define ${NAME}_N_OUT $n_out

#ifdef __cplusplus
extern "C" {
#endif

/* Overwrite output with what the network makes of input. Memory is static: one call at a time. */
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

enum {
$widths
};

$body""")


def to_c(
    net: Network,
    path: str | os.PathLike[str],
    *,
    train: bool = False,
    int8: bool = False,
    calibration: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> None:
    """Write a network as a C99 source that needs nothing but math.h, and its header beside it.

    For ``digits.c`` the header is ``digits.h``, with the constants ``DIGITS_N_IN`` and
    ``DIGITS_N_OUT``, and the functions are::

        void digits_predict(const double input[DIGITS_N_IN], double output[DIGITS_N_OUT]);
        double digits_train(const double input[DIGITS_N_IN],
                            const double target[DIGITS_N_OUT], double learning_rate);

    Parameters
    ----------
    net : Network
    path : str or os.PathLike
        The source, in a folder that exists; its name without ``.c`` is a C identifier. Both files
        are overwritten, unless they are not of fastnn's making.
    train : bool
        Whether there is the second function. It takes a step as
        ``net.partial_fit(input, target, optimizer="sgd", learning_rate=learning_rate)`` does, and
        returns the loss before it. Without it all parameters are constants, which need no RAM.
    int8 : bool
        Whether weights and activations are whole numbers of 8 bits: see the notes. Such a source
        needs stdint.h too.
    calibration : array_like, shape (n_samples, n_in), optional
        With `int8` only: samples like those to come. What goes beyond their range is cut off, and
        columns of theirs that are far from 0 have their means subtracted first.
    dtype : str or numpy.dtype, optional
        float64 (``double``) or float32 (``float``), in C; None is that of the network.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described or a parameter is not finite. With `train`, if it is in
        int8, or a layer has dropout, l1, l2 or max_norm. With `int8`, if a layer has more than
        32767 inputs.
    FileNotFoundError
        If the folder does not exist.
    FileExistsError
        If a file to be overwritten is not of fastnn's making.

    Notes
    -----
    Outputs are those of `Network.predict` up to rounding, since sums are taken in another order:
    where inputs and outputs are of order 1, to 1e-14 in double and 5e-6 in float. NaN in is NaN
    out.

    A network that was read with a standardisation of columns far from 0 (times, northings) holds it
    in its first layer, in float64. In float the means are subtracted from the inputs first, and
    added to such outputs last; where float is too coarse for the columns themselves (by 0.001 of
    their standard deviation), `input` or `output` is of doubles. In int8 too.

    Memory is static: nothing is allocated, and there must be one call at a time, interrupts
    included. A desktop's gcc vectorises the loops with ``-O3`` (1.5 us for a 400-25-10 network in
    float, 13 us with ``-O2``).

    In int8 the weights into a unit are whole numbers from -127 to 127 in steps of their own,
    activations from -128 to 127 in steps of their layer's, and their sums int32; f of a hidden
    layer is looked up in a table of 256. All of that is without floating point. In floating point
    are the ends: each input is divided by its step, each output's sum multiplied by one, and f of
    the outputs computed. One step serves all inputs, which should be scaled alike; a NaN becomes
    the least of them. A 400-25-10 network of sigmoid units had 92.1 % of 1000 held-out digits
    right in double and 92.3 % in int8, with the same answer for 998.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fastnn import Dense, Network
    >>> from fastnn.exchange import to_c
    >>> net = Network(2, [Dense(3, "tanh"), Dense(1)], dtype="float32", seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_c(net, Path(folder) / "price.c")
    ...     header = (Path(folder) / "price.h").read_text()
    >>> print(next(line for line in header.splitlines() if "predict" in line))
    void price_predict(const float input[PRICE_N_IN], float output[PRICE_N_OUT]);
    """
    net = as_network(net)
    train, int8 = as_flag("train", train), as_flag("int8", int8)
    source = _as_source(path)
    real = net.dtype if dtype is None else as_dtype(dtype)
    if int8 and train:
        raise ValueError("train must be False with int8: most steps are too small for 8 bits")
    if int8 != (calibration is not None):
        given = "no" if calibration is None else "a"
        raise ValueError(
            f"calibration must be given with int8 and only then, got int8={int8} and {given} "
            "calibration"
        )
    own = centred(net, real)
    if train:
        _check_plain(net)
        _check_near(own)
    name = source.stem
    if calibration is None:
        layers = layers_of(net, real, own)
        body = float_source(name, layers, own, net.loss_name, real, train=train)
    else:
        samples = _as_calibration(calibration, net.n_in)
        own = centred(net, np.dtype(np.float32), samples)  # int8 is coarser yet
        layers = layers_of(net, samples.dtype, own)
        means = 0 if own.inputs is None else own.inputs.means
        body = int8_source(name, layers, own, real, samples - means)
    title = _title(net, "int8" if int8 else real.name)
    header = in_precision(_header(net, name, own, train=train), real)
    text = _source(net, name, body, int8=int8)
    replace_files(
        {
            source: f"{title}\n{text}".encode(),
            source.with_suffix(".h"): f"{title}\n{header}".encode(),
        }
    )


def _as_source(path: str | os.PathLike[str]) -> Path:
    """Return the path of a source, if it and its header may be written there."""
    source = as_path(path)
    if source.suffix != ".c" or not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", source.stem):
        raise ValueError(
            f"path must end in a C identifier and .c, like digits.c, got {str(path)!r}"
        )
    check_folder(source)
    for file in (source, source.with_suffix(".h")):
        if file.exists() and not file.read_bytes().startswith(_MARK.encode()):
            raise FileExistsError(f"path must not be a file of another origin, got {str(file)!r}")
    return source


def _check_plain(net: Network) -> None:
    """Raise if a step of gradient descent alone is not what training does."""
    found = [
        f"{name}={getattr(layer, name)} on layer {k}"
        for k, layer in enumerate(net.layers)
        for name in _UNCARRIED
        if getattr(layer, name)
    ]
    if found:
        raise ValueError(
            f"train must be False where layers have {', '.join(_UNCARRIED)}, got {', '.join(found)}"
        )


def _check_near(own: Centred) -> None:
    """Raise if inputs or outputs are far from 0: a step on them in float is none of descent."""
    if own.inputs is not None or own.outputs is not None:
        raise ValueError(
            "train must be False in float32 where columns are far from 0, got net.metadata that "
            "tell of such: standardise them first, or give dtype='float64'"
        )


def _as_calibration(calibration: ArrayLike, n_in: int) -> Array:
    samples = as_numbers("calibration", calibration, np.dtype(np.float64))
    if samples.ndim != 2 or samples.shape[1] != n_in:
        raise ValueError(f"calibration must have shape (n_samples, {n_in}), got {samples.shape}")
    return samples


def _title(net: Network, arithmetic: str) -> str:
    """Return the comment that says what network it is."""
    lines = [f"{_MARK} {__version__}, in {arithmetic}.", "", f"{net.n_in:>8} inputs"]
    for layer in net.layers:
        frozen = "" if layer.train_bias else ", biases frozen"
        biases = frozen if layer.bias else ", no biases"
        lines.append(f"{layer.n_out:>8} {layer.activation}{biases}")
    loss, n_params = net.loss_name, net.n_params
    lines += ["", f"Trained for the loss {loss}; {n_params} parameters in {net.dtype}."]
    return "\n".join(f" * {line}".rstrip() for line in lines).removeprefix(" * ") + "\n */\n"


def _header(net: Network, name: str, own: Centred, *, train: bool) -> str:
    names = {"name": name, "NAME": name.upper()}
    step = _TRAIN.substitute(names) if train else ""
    reals = {"real_in": real_of(own.inputs), "real_out": real_of(own.outputs)}
    return _HEADER.substitute(names, **reals, n_in=net.n_in, n_out=net.n_out, train=step)


def _source(net: Network, name: str, body: str, *, int8: bool) -> str:
    hidden = [f"N_{k} = {layer.n_out}" for k, layer in enumerate(net.layers[:-1])]
    widths = [f"N_IN = {name.upper()}_N_IN", *hidden, f"N_OUT = {name.upper()}_N_OUT"]
    return _SOURCE.substitute(
        includes="#include <math.h>" + "\n#include <stdint.h>" * int8,
        name=name,
        widths=",\n".join(f"    {width}" for width in widths),
        body=body,
    )
