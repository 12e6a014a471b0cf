"""Two interleaved half circles, 2-25-50-25-2: find your tutorial's line.

===================================  =========================================
the tutorial                         fastnn
===================================  =========================================
``make_moons``                       ``fastnn.datasets.load_moons``
``train_test_split``                 done in ``load_moons``
``make_plot``                        ``fastnn.plotting.PointsDisplay``
``make_plot`` with ``preds``         ``DecisionSurfaceDisplay``
``Layer(2, 25, "sigmoid")``          ``Dense(25, "sigmoid",
                                     initializer=normal(1 / math.sqrt(25)),
                                     bias_initializer=uniform(0, 0.1),
                                     train_bias=False)``
``np.random.randn() * sqrt(1 / n)``  ``initializer=normal(1 / math.sqrt(25))``
``np.random.rand() * 0.1``           ``bias_initializer=uniform(0, 0.1)``
``apply_activation``                 ``trace(x, y)[k].a``
``add_layer``                        the list of ``Dense``
its network                          ``Network(2, layers, loss="half_sse",
                                     seed=np.random.RandomState(0))``
``feed_forward``                     ``predict``; opened, ``trace``
``backpropagation``                  ``partial_fit``
``layer.error``, ``layer.delta``     ``trace(x, y)[k].error``, ``.delta``:
                                     of other sign
``train(X, y, 0.01, 1000)``          ``fit(X, y, learning_rate=0.01,
                                     epochs=1000, shuffle=False)``
``y_onehot``                         made by ``fit`` from the labels
``mses``                             ``history["mse"]``, as recorded below
``accuracy``                         ``fastnn.metrics.accuracy``
===================================  =========================================

The pitfall: the tutorial draws biases, uses them, and never updates them, so
they are frozen here (``train_bias=False``) to give its numbers;
``--train-biases`` frees them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import History, Network
from ..datasets import load_moons
from ._arguments import add_shared_arguments, each_rate
from ._explain import print_step
from ._pictures import recorded, write_pictures
from ._progress import live_epochs, say
from ._timing import compile_kernels, print_times
from .programs import moons as program

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..plotting import SurfaceAnimation
    from ._pictures import Picture

PLATEAU_ENDS = 0.95  # accuracy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    parser.add_argument("--train-biases", action="store_true", help="let the biases learn too")
    parser.add_argument("--dark", action="store_true", help="dark pictures")
    add_shared_arguments(parser, program, animated=True)


def build(options: argparse.Namespace) -> Network:
    """Return the untrained network."""
    net: Network = program.build(options.train_biases, options.seed, options.dtype)
    return net


def run(options: argparse.Namespace) -> None:
    """Train on 1400 points and look at 600 others every ten epochs."""
    X_train, X_test, y_train, y_test = data = load_moons()
    net = build(options)
    print(f"{len(X_train)} points to train on, {len(X_test)} to test on")
    if options.explain:
        print_step(net, X_train[:1], y_train[:1], learning_rate=options.learning_rate[0])
        print()
    compiling = compile_kernels(net, X_train, y_train, batch_size=1)

    histories = {}
    for rate in each_rate(options):
        net, history = build(options), History()
        frames = recorded(options.plot, X_train, y_train, X_test, y_test, every=25)
        for epoch in live_epochs(options.epochs, quiet=options.quiet):
            net.fit(
                X_train,
                y_train,
                learning_rate=rate,
                shuffle=False,
                resume=epoch > 0,
                callbacks=list(frames.values()),
            )
            if epoch % 10 == 0:
                figures = program.figures(net, *data)
                history.record(epoch, figures)
                say(f"Epoch: #{epoch}, {program.line_of(**figures)}")
        histories[f"rate {rate:g}"] = history
        figures = program.figures(net, *data)
        print(f"After {options.epochs} epochs: {program.line_of(**figures)}")
        print_end_of_plateau(history)

    if options.plot:
        drawn = pictures(net, histories, X_test, y_test, frames=frames)
        write_pictures(options.plot, drawn, dark=options.dark)
    print_times(
        build(options),
        X_train,
        y_train,
        epochs=1,
        batch_size=1,
        learning_rate=options.learning_rate[0],
        compiling=compiling,
    )


def print_end_of_plateau(history: History) -> None:
    """Print when the accuracy first was above that of the plateau, near 89 %, if it ever was."""
    pairs = zip(history.epoch, history["test_accuracy"], strict=True)
    beyond = [epoch for epoch, accuracy in pairs if accuracy >= PLATEAU_ENDS]
    if beyond:
        share = f"{100 * PLATEAU_ENDS:.0f} % or more"
        print(f"Of every tenth epoch, {beyond[0]} is the first with {share}")


def pictures(
    net: Network,
    histories: Mapping[str, History],
    X: Any,
    y: Any,
    *,
    frames: Mapping[str, SurfaceAnimation] | None = None,
) -> dict[str, Picture]:
    """Return what draws each picture, by name; X and y are the test points."""
    from ..plotting import (
        DecisionSurfaceDisplay,
        HiddenUnitsDisplay,
        LearningCurvesDisplay,
        PointsDisplay,
    )

    X_train, _, y_train, _ = load_moons()
    everything = np.concatenate([X_train, X]), np.concatenate([y_train, y])
    draw: dict[str, Callable[[], Axes]] = {
        "loss": lambda: LearningCurvesDisplay.from_history(histories, keys="mse").ax_
    }
    if len(histories) == 1:
        draw = {
            "decisions": lambda: (
                DecisionSurfaceDisplay.from_network(net, X_train, y_train, X, y).ax_
            ),
            "points": lambda: PointsDisplay.from_samples(*everything).ax_,
            **draw,
            "accuracy": lambda: (
                LearningCurvesDisplay.from_history(histories, keys="test_accuracy").ax_
            ),
            "units": lambda: HiddenUnitsDisplay.from_network(net, *everything).ax_,
        }
    return {**(frames or {}), **draw}
