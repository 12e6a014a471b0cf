"""5000 handwritten digits, 400-25-10: find your tutorial's line.

============================  ==================================================
the tutorial                  fastnn
============================  ==================================================
the file, its sheets X and y  ``load_digits()``, or ``load_digits(path)``;
                              10 becomes 0
one-hot columns of y          made by ``fit`` from the labels
its network                   ``Network(400, [Dense(25, "sigmoid"),
                              Dense(10, "sigmoid")],
                              loss="binary_cross_entropy", seed=0)``
``theta1``, ``b1``            ``weights[0]``, (400, 25); ``biases[0]``
``theta2``, ``b2``            ``weights[1]``, (25, 10); ``biases[1]``
``sigmoid``                   ``Dense(25, "sigmoid")``, ``Dense(10, "sigmoid")``
``z1``, ``a1``                ``trace(X, y)[0].z``, ``trace(X, y)[0].a``
``z2``, ``a2``                ``trace(X, y)[1].z``, ``trace(X, y)[1].a``
``cost``                      ``loss="binary_cross_entropy"``;
                              ``history["val_loss"]``
``delta3``                    ``trace(X, y)[1].delta``: of other sign
``delta2``                    ``trace(X, y)[0].delta``: of other sign
``alpha = 0.003``, 20 epochs  ``fit(X, y, learning_rate=0.003, epochs=20,
                              validation_data=(X, y), metrics=["accuracy"])``
``accuracy``                  ``history["val_accuracy"]``;
                              ``fastnn.metrics.accuracy``
============================  ==================================================

The pitfalls: the tutorial overwrites its weights where it should add to them
and so never trains (the accuracy that it claims counts a saturated net); its
file is sorted by class, and training sample by sample without a shuffle ends at
about 60 %; all samples at once, at its rate, hardly move (``--batch-size all``:
9 to 15 % after 20 epochs, by the start) or stick at 10 % (and ``--reduction
sum``), while with the mean ``--learning-rate 1`` gives about 69 % after 20 and
93 % after 400.
"""

from __future__ import annotations

import argparse
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import History, Network, metrics
from ..cli.arguments import whole_number, widths
from ..datasets import load_digits
from ._arguments import add_shared_arguments, each_rate
from ._explain import print_step
from ._pictures import write_pictures
from ._progress import live_epochs, say
from ._timing import compile_kernels, print_times
from .programs import digits as program

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    parser.add_argument(
        "--hidden",
        type=widths,
        default=[25],
        metavar="N,N",
        help="widths of the hidden layers, as in 25,25; default: 25",
    )
    parser.add_argument(
        "--batch-size",
        type=batch_size,
        default=1,
        metavar="N",
        help="samples an update, or all; default: 1",
    )
    parser.add_argument(
        "--reduction",
        choices=("mean", "sum"),
        default="mean",
        help="of the gradients of a batch; default: mean",
    )
    parser.add_argument(
        "--holdout",
        type=whole_number(1, 4999),
        default=0,
        metavar="N",
        help="keep N random images back from training, and show the accuracy on them too",
    )
    add_shared_arguments(parser, program)


def batch_size(text: str) -> int | None:
    """Return a number of samples, or None for all of them."""
    if text == "all":
        return None
    try:
        return whole_number(1)(text)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"must be all, or {str(error).removeprefix('must be ')}") from None


def build(options: argparse.Namespace) -> Network:
    """Return the untrained network."""
    net: Network = program.build(*options.hidden, seed=options.seed, dtype=options.dtype)
    return net


def run(options: argparse.Namespace) -> None:
    """Train, with the cost and the accuracy after each epoch."""
    X, y = load_digits()
    X = X.astype(options.dtype)
    program.print_data(X, y)
    order = np.random.default_rng(options.seed).permutation(len(X))
    held = order[: options.holdout]
    X_held, y_held = X[held], y[held]
    X, y = np.delete(X, held, axis=0), np.delete(y, held)
    net = build(options)
    if options.explain:
        print("The tutorial's step, of all samples at once")
        rate = options.learning_rate[0]
        print_step(net, X, np.eye(10)[y], learning_rate=rate, reduction=options.reduction)
        print()
    compiling = compile_kernels(net, X, y, batch_size=options.batch_size)

    histories = {}
    for rate in each_rate(options):
        net, history = build(options), History()
        print("Cost and accuracy after each epoch")
        for epoch in live_epochs(options.epochs, quiet=options.quiet):
            latest = net.fit(
                X,
                y,
                batch_size=options.batch_size,
                reduction=options.reduction,
                learning_rate=rate,
                metrics=["accuracy"],
                validation_data=(X, y),  # the training data: figures after the epoch
                resume=epoch > 0,
            )
            history.record(epoch, {name: values[0] for name, values in latest.items()})
            line = program.line_of(epoch, latest)
            if options.holdout:
                on_held = metrics.accuracy(y_held, net.predict(X_held))
                line += f"  held out {100 * on_held:.2f} %"
            say(line)
        histories[f"rate {rate:g}"] = history
        print(
            f"Final accuracy: {100 * history['val_accuracy'][-1]:.2f} % of {len(X)} images", end=""
        )
        print(f", {100 * on_held:.2f} % of {len(X_held)} held out" if options.holdout else "")
        print(net.summary())

    if options.plot:
        shown = (X_held, y_held) if options.holdout else (X, y)
        write_pictures(options.plot, pictures(net, histories, *shown))
    print_times(
        build(options),
        X,
        y,
        epochs=1,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate[0],
        reduction=options.reduction,
        compiling=compiling,
    )


def pictures(
    net: Network, histories: Mapping[str, History], X: Any, y: Any
) -> dict[str, Callable[[], Axes]]:
    """Return what draws each picture, by name."""
    from ..plotting import (
        ConfusionMatrixDisplay,
        LearningCurvesDisplay,
        SamplesDisplay,
        WeightsDisplay,
    )

    def draw_curve(key: str, name: str) -> Axes:
        ax = LearningCurvesDisplay.from_history(histories, keys=key, best=False).ax_
        ax.set(title=f"{name} after each epoch", ylabel=name)
        return ax

    curves = {"loss": lambda: draw_curve("val_loss", "Cost")}
    if len(histories) > 1:
        return curves
    some = np.random.default_rng(0).choice(len(X), size=min(64, len(X)), replace=False)
    return {
        "digits": lambda: SamplesDisplay.from_samples(X[some], y[some], net.predict(X[some])).ax_,
        "weights": lambda: WeightsDisplay.from_network(net, shape=(20, 20)).ax_,
        "confusion": lambda: ConfusionMatrixDisplay.from_predictions(y, net.predict(X)).ax_,
        **curves,
        "accuracy": lambda: draw_curve("val_accuracy", "Accuracy"),
    }
