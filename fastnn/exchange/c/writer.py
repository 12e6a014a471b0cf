"""`to_c`: a network as C99 source and header, for programs and microcontrollers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ... import __version__
from ..._atomic import check_folder, replace_files
from ..._checks.arrays import Array, as_dtype, as_numbers
from ..._checks.paths import as_path
from ..._checks.scalars import as_flag
from ..._storage.functions import plain_name
from ...core.losses import LOSSES
from ...heads import Heads
from ...losses import HeadLosses
from ...network import Network
from .._arguments import as_network, check_activations, model_of, networks_of
from .._centres import Centred, centred, check_near, standardising
from .fixed import int8_source
from .floating import float_source
from .frame import ENSEMBLE, MARK, header_of, place_of, source_of, title_of
from .functions import KNOWN
from .population import mean_source
from .text import in_precision, layers_of

if TYPE_CHECKING:
    from ...tables.model import TableModel

_UNCARRIED = ("dropout", "l1", "l2", "max_norm")


def to_c(
    net: Any,
    path: str | os.PathLike[str],
    *,
    train: bool = False,
    int8: bool = False,
    calibration: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> None:
    """Write a network, a population or a fitted estimator of tables as C99: source and header.

    A population is written as the mean of its networks; of `Heads` the outputs are side by side,
    and the source says where each begins. For ``digits.c`` the header is
    ``digits.h``, with the constants ``DIGITS_N_IN`` and ``DIGITS_N_OUT``, and the functions are::

        void digits_predict(const double input[DIGITS_N_IN], double output[DIGITS_N_OUT]);
        double digits_train(const double input[DIGITS_N_IN],
                            const double target[DIGITS_N_OUT], double learning_rate);

    Parameters
    ----------
    net : Network, Population, TabularClassifier or TabularRegressor
        The network, the population or the estimator, which is not changed.
    path : str or os.PathLike
        The source file, in an existing folder; its name without ``.c`` must be a C identifier. Both
        files are overwritten, but only if fastnn has written them.
    train : bool
        Whether to write the second function, by default False. It takes a step as
        ``net.partial_fit(input, target, optimizer="sgd", learning_rate=learning_rate)`` does, and
        returns the loss before the step. Without it all parameters are constants and need no RAM.
    int8 : bool
        Whether to quantise weights and activations to 8-bit integers, by default False; see Notes.
        Such a source also needs stdint.h.
    calibration : array_like, shape (n_samples, n_in), optional
        Typical inputs, which `int8` needs: values beyond their range are clipped, and columns far
        from 0 have their means subtracted first. Without `int8`, None, the default.
    dtype : str or numpy.dtype, optional
        The type of numbers in C, float64 (``double``) or float32 (``float``), by default that of
        the network; of a population float64 if any network is.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, a parameter is not finite, or an activation is the
        user's own. With `train`, if `int8` is True, if a layer has dropout, l1, l2 or max_norm, if
        all are frozen, if the network has `Standardize`, or if the loss is none of half_sse, sse,
        mse, mae, huber, binary_cross_entropy, cross_entropy (without smoothing) and poisson. With
        `int8`, if a layer has more than 32767 inputs. If an estimator is not fitted; if it or a
        population is given with `train` or `int8`. If the networks of a population differ in n_in,
        n_out or heads, or one of them standardises columns far from 0 and `dtype` is float32.
    FileNotFoundError
        If the folder does not exist.
    FileExistsError
        If an existing file was not written by fastnn.

    Notes
    -----
    Outputs are those of `Network.predict` up to rounding, since sums are taken in another order:
    if inputs and outputs are of order 1, to 1e-14 in double and 5e-6 in float. A NaN in the inputs
    gives NaN.

    An imported network may standardise columns far from 0 (times, northings) in its first layer, in
    float64. In float, the source subtracts the means from the inputs first, and adds those of the
    outputs last. If float is too coarse for the columns themselves (by 0.001 of their standard
    deviation), `input` or `output` is of doubles. The same holds in int8.

    Memory is static: nothing is allocated, and calls must not overlap, interrupts included. A
    desktop's gcc vectorises the loops with ``-O3`` (1.5 us for a 400-25-10 network in float, 13 us
    with ``-O2``).

    In int8, the weights into a unit are integers from -127 to 127 with a scale of their own,
    activations are integers from -128 to 127 with a scale for each layer, and sums are int32; the
    activation of a hidden layer is a table of 256 entries. None of this uses floating point. Only
    the ends do: each input is divided by its scale, each sum of an output is multiplied by one, and
    the activation of the outputs is computed. All inputs have one scale, so they should have
    similar ranges: begin the network with `Standardize`, which the function does before it
    quantises. A NaN becomes the smallest input. A 400-25-10 network of sigmoid units had
    92.1 % of 1000 held-out digits right in double and 92.3 % in int8, with the same answer for 998.

    The source of an estimator is the whole ensemble, from a row of the table to the answer::

        typedef struct {
            double area;          /* a number, or NAN */
            const char *quarter;  /* a text in UTF-8, or NULL */
            int64_t sold;         /* microseconds since 1970, or INT64_MIN */
        } rent_row;

        void rent_predict(const rent_row *row, double output[RENT_N_OUT]);

    NAN, NULL and INT64_MIN mean that the field is missing; a boolean is 0 or 1; a duration is
    a number of days, a time of day one of hours; a number that is a category is a text such as "7".
    The output is the probabilities, of the classes that are in ``rent_classes`` as texts, or the
    number. A column whose name is no identifier of C has one like it, and its own name beside it.
    Encoding is in double, the networks in `dtype`. Infinity counts as a large number.

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
    table, population = model_of(net), networks_of(net)
    train, int8 = as_flag("train", train), as_flag("int8", int8)
    if table is None and population is None:
        _write_network(net, path, calibration, dtype, train=train, int8=int8)
        return
    if train or int8 or calibration is not None:
        kind = "a population" if table is None else "an estimator of tables"
        got = {"train": train, "int8": int8, "calibration": calibration is not None}
        raise ValueError(
            f"train, int8 and calibration must be left out for {kind}, got "
            f"{' and '.join(name for name in got if got[name])}: give them with one of its networks"
        )
    if table is not None:
        _write_table(table, _as_source(path), dtype)
    elif population is not None:
        _write_population(population, _as_source(path), dtype)


def _write_network(
    given: Any,
    path: str | os.PathLike[str],
    calibration: ArrayLike | None,
    dtype: DTypeLike | None,
    *,
    train: bool,
    int8: bool,
) -> None:
    """Write the source and the header of a network."""
    if train and getattr(given, "standardize", None) is not None:
        raise ValueError(
            "train must be False for a network with Standardize, got True: a step on its folded "
            "layer is another; give net.folded() to take that one"
        )
    net, source = as_network(given), _as_source(path)
    real = net.dtype if dtype is None else as_dtype(dtype)
    if int8 and train:
        raise ValueError(
            "train must be False with int8, got True: most steps are too small for 8 bits"
        )
    if int8 != (calibration is not None):
        got, remedy = "a calibration without int8=True", "add int8=True, or leave calibration out"
        if int8:
            got = "int8=True without a calibration"
            remedy = "add typical inputs, rows of those for the training, as calibration=X"
        raise ValueError(f"calibration must be given with int8 and only then, got {got}: {remedy}")
    check_activations(net, KNOWN, heads=True)
    name, own = source.stem, centred(net, real)
    if train:
        _check_plain(net)
        _check_not_far(own)
    if calibration is None:
        layers = layers_of(net, real, own)
        body = float_source(name, layers, own, _losses_of(net), real, train=train)
    else:
        samples = _as_calibration(calibration, net.n_in)
        if given.standardize is None:
            own = centred(net, np.dtype(np.float32), samples)  # int8 is coarser yet
        else:
            own = standardising(given, real)
        body = _int8_body(name, net, own, real, samples)
    header = in_precision(header_of(net, name, own, "what the network makes", train=train), real)
    text = source_of(net, name, body, int8=int8)
    _write(source, title_of(net, "int8" if int8 else real.name), text, header)


def _int8_body(name: str, net: Network, own: Centred, real: np.dtype[Any], samples: Array) -> str:
    """Return the functions in 8-bit integers, for inputs like the samples."""
    layers = layers_of(net, samples.dtype, own)
    if own.inputs is not None:
        samples = samples - own.inputs.means
        samples /= 1.0 if own.inputs.scale is None else own.inputs.scale
    return int8_source(name, layers, own, real, samples)


def _write_table(table: TableModel, source: Path, dtype: DTypeLike | None) -> None:
    """Write the source and the header of an ensemble."""
    from .rows import ensemble_header  # needs scikit-learn, as an estimator does
    from .tables import ensemble_source

    real = table.members[0].network.dtype if dtype is None else as_dtype(dtype)
    lines = [f"{ENSEMBLE} {__version__}, its networks in {real.name}.", " *"]
    lines += [f" * {len(table.names):>8} columns", f" * {len(table.members):>8} networks", " */"]
    name, title = source.stem, "\n".join(lines) + "\n"
    _write(source, title, ensemble_source(table, name, real), ensemble_header(table, name))


def _write_population(networks: Sequence[Network], source: Path, dtype: DTypeLike | None) -> None:
    """Write the source and the header of a population."""
    real = np.result_type(*(net.dtype for net in networks)) if dtype is None else as_dtype(dtype)
    check_near(networks, real)
    for network in networks:
        check_activations(network, KNOWN, heads=True)
    name, first = source.stem, networks[0]
    parts = first.layers[-1].parts if isinstance(first.layers[-1], Heads) else ()
    heads = "".join(f" * {part.n_out:>8} of {place_of(part)}\n" for part in parts)
    title = f"""{ENSEMBLE} {__version__}: the mean of its networks, in {real.name}.
 *
 * {first.n_in:>8} inputs
 * {first.n_out:>8} outputs
{heads} * {len(networks):>8} networks
 */
"""
    header = header_of(first, name, centred(first, real), "what the networks make, on average,")
    _write(source, title, mean_source(networks, name, real), in_precision(header, real))


def _write(source: Path, title: str, text: str, header: str) -> None:
    """Write a source and its header."""
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
        if file.exists() and not file.read_bytes().startswith((MARK.encode(), ENSEMBLE.encode())):
            raise FileExistsError(f"path must not be a file of another origin, got {str(file)!r}")
    return source


def _check_plain(net: Network) -> None:
    """Raise if a step of gradient descent, on a loss of C's, is not what training does."""
    loss = net.loss_function
    if any(plain_name(own) not in LOSSES for own in loss.losses or [loss]):
        raise ValueError(
            f"train must be False for the loss {loss!r}, got True: C has a step of "
            f"{', '.join(LOSSES)}; without train, the file predicts"
        )
    if not any(net.trainable):
        raise ValueError(
            "train must be False where all layers are frozen, got True: there is nothing to train"
        )
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


def _losses_of(net: Network) -> list[tuple[str, float]]:
    """Return the name and the weight of a network's loss, or of that of each head."""
    loss = net.loss_function
    if isinstance(loss, HeadLosses):
        return [(own.name, weight) for own, weight in zip(loss.losses, loss.weights, strict=True)]
    return [(net.loss_name, 1.0)]


def _check_not_far(own: Centred) -> None:
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
