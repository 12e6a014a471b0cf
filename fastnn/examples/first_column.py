"""One neuron repeats the first of three bits, 3-1: find your tutorial's line.

===================================  =========================================
the tutorial                         fastnn
===================================  =========================================
``NeuralNetwork(inputs, outputs)``   ``Network(3, [Dense(1, "sigmoid",
                                     bias=False, weights=[[0.5]] * 3)],
                                     loss="half_sse")``
``weights = [[.50], [.50], [.50]]``  ``Dense(..., weights=[[0.5]] * 3)``;
                                     after it ``weights[0]``
``sigmoid(x)``                       ``fastnn.reference.ACTIVATIONS``:
                                     ``["sigmoid"].function(x)``
``sigmoid(x, deriv=True)``           ``x * (1 - x)``: its x is an *output*;
                                     of z itself,
                                     ``["sigmoid"].derivative(z)``
``feed_forward``, ``hidden``         ``predict``; opened, ``trace(X, y)[0].a``
``backpropagation``                  the ``fit`` of ``train``, with
                                     ``epochs=1, resume=True``
``error``, ``delta``                 ``trace(X, y)[0].error``, ``.delta``:
                                     of other sign
``train(epochs=25000)``              ``fit(X, y, epochs=25000,
                                     batch_size=None, reduction="sum",
                                     shuffle=False, learning_rate=1.0,
                                     metrics=["mae"])``
``error_history``, ``epoch_list``    ``history["mae"]``, ``history.epoch``
``predict``                          ``predict``
===================================  =========================================

The pitfall: without a bias the row [0, 0, 0] is stuck at 0.5, whatever the
weights, so the mean error cannot fall below 1/12 (``--bias`` frees it).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .. import History, Network
from ..datasets import load_first_column
from ._arguments import add_shared_arguments, each_rate
from ._explain import print_step
from ._pictures import write_pictures
from ._timing import compile_kernels, print_times
from .programs import first_column as program

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    parser.add_argument("--bias", action="store_true", help="give the neuron a bias, at first 0")
    add_shared_arguments(parser, program)


def build(options: argparse.Namespace) -> Network:
    """Return the untrained network."""
    net: Network = program.build(options.bias, options.dtype)
    return net


def run(options: argparse.Namespace) -> None:
    """Train on six rows and ask for two more."""
    X, y = load_first_column()
    net = build(options)
    print(f"Weights at the start\n{net.weights[0]}")
    if options.explain:
        print()
        print_step(net, X, y, learning_rate=options.learning_rate[0], reduction="sum")
        print()
    compiling = compile_kernels(net, X, y, batch_size=None)

    histories = {}
    for rate in each_rate(options):
        net = build(options)
        history = net.fit(
            X,
            y,
            epochs=options.epochs,
            learning_rate=rate,
            progress=not options.quiet,
            **program.FIT,
        )
        histories[f"rate {rate:g}"] = history
        program.print_results(net, history)
        if not options.bias:
            print("  [0, 0, 0] is stuck at 0.5: the mean error cannot fall below 1/12")

    if options.plot:
        write_pictures(options.plot, pictures(net, histories))
    print_times(
        build(options),
        X,
        y,
        epochs=1000,
        batch_size=None,
        learning_rate=options.learning_rate[0],
        reduction="sum",
        compiling=compiling,
    )


def pictures(net: Network, histories: Mapping[str, History]) -> dict[str, Callable[[], Axes]]:
    """Return what draws each picture, by name."""
    from ..plotting import ActivationDisplay, LearningCurvesDisplay, NetworkDisplay

    def draw_error() -> Axes:
        ax = LearningCurvesDisplay.from_history(histories, keys="mae").ax_
        ax.set_ylabel("Loss")  # as the tutorial has it
        return ax

    if len(histories) > 1:
        return {"loss": draw_error}
    X, y = load_first_column()
    return {
        "network": lambda: NetworkDisplay.from_network(net).ax_,
        "sample": lambda: NetworkDisplay.from_trace(net, X[-1], y[-1:]).ax_,
        "loss": draw_error,
        "sigmoid": lambda: ActivationDisplay.from_name("sigmoid").ax_,
    }
