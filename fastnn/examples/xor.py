"""The exclusive or, 3-4-1: find your tutorial's line.

==============================================  ==================================================
the tutorial                                    fastnn
==============================================  ==================================================
``random.seed(1)``                              ``Network(..., seed=np.random.RandomState(1))``
``NeuronLayer(4, 3)``, ``NeuronLayer(1, 4)``    ``Dense(4, "sigmoid")``, ``Dense(1, "sigmoid")``
``2 * random.random((3, 4)) - 1``               ``initializer=uniform(-1, 1)``
``NeuralNetwork(layer1, layer2)``               ``Network(3, [Dense(...), Dense(...)])``
``print_weights``, ``layer1.synaptic_weights``  ``weights[0]``
``train(inputs, outputs, 60000)``               ``fit(X, y, epochs=60000, batch_size=None)``
``think``                                       ``predict``; opened, ``trace``
``layer2_error``, ``layer2_delta``              ``trace(X, y)[1].error``, ``.delta``: of other sign
``layer1_adjustment``                           ``-n_samples * trace(X, y)[0].grad_W``
==============================================  ==================================================

The contrast: without its hidden layer (``--no-hidden``) the network cannot learn the exclusive or,
however long it tries; after the default number of updates it answers 1 where 0 is right.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .. import Dense, History, Network
from ..datasets import load_xor
from ..initializers import uniform
from ._arguments import add_shared_arguments, each_rate
from ._explain import print_step
from ._pictures import write_pictures
from ._timing import compile_kernels, print_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEW_SITUATION = [1, 1, 0]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    parser.add_argument(
        "--no-hidden", action="store_true", help="leave the hidden layer out, and see it fail"
    )
    add_shared_arguments(parser, epochs=60000, learning_rate=1.0, seed=1)


def build(options: argparse.Namespace) -> Network:
    """Return the untrained network."""
    hidden = Dense(4, "sigmoid", bias=False, initializer=uniform(-1, 1))
    output = Dense(1, "sigmoid", bias=False, initializer=uniform(-1, 1))
    return Network(
        3,
        [output] if options.no_hidden else [hidden, output],
        loss="half_sse",
        dtype=options.dtype,
        seed=np.random.RandomState(options.seed),
    )


def run(options: argparse.Namespace) -> None:
    """Train on seven of the eight rows and ask for the eighth."""
    X, y = load_xor()
    net = build(options)
    print("Stage 1) Random starting weights")
    print_weights(net)
    if options.explain:
        print()
        print_step(net, X, y, learning_rate=options.learning_rate[0], reduction="sum")
    compiling = compile_kernels(net, X, y, batch_size=None)

    histories = {}
    for rate in each_rate(options):
        net = build(options)
        histories[f"rate {rate:g}"] = net.fit(
            X,
            y,
            epochs=options.epochs,
            batch_size=None,
            reduction="sum",
            shuffle=False,
            learning_rate=rate,
            progress=not options.quiet,
        )
        print(f"\nStage 2) New weights after {options.epochs} updates")
        print_weights(net)
        answer = net.predict(NEW_SITUATION)
        print(f"\nStage 3) A new situation, {NEW_SITUATION} -> ?")
        print(answer)
        if options.no_hidden:
            print(f"{answer[0]:.10f} without a hidden layer, where 0 is right")

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


def print_weights(net: Network) -> None:
    """Print the weights as the tutorial does."""
    for k, W in enumerate(net.weights):
        n_in, n_out = W.shape
        neurons = "1 neuron" if n_out == 1 else f"{n_out} neurons, each"
        print(f"    Layer {k + 1} ({neurons} with {n_in} inputs):")
        print(W)


def pictures(net: Network, histories: Mapping[str, History]) -> dict[str, Callable[[], Axes]]:
    """Return what draws each picture, by name."""
    from ..plotting import (
        ActivationDisplay,
        LearningCurvesDisplay,
        NetworkDisplay,
        PointsDisplay,
    )

    def draw_points() -> Axes:
        X, y = load_xor()
        ax = PointsDisplay.from_samples(X[:, :2], y).ax_
        ax.set_title("The exclusive or of $x_1$ and $x_2$: no straight line parts the classes")
        return ax

    curves = {"loss": lambda: LearningCurvesDisplay.from_history(histories).ax_}
    if len(histories) > 1:
        return curves
    return {
        "network": lambda: NetworkDisplay.from_network(net).ax_,
        "sample": lambda: NetworkDisplay.from_trace(net, NEW_SITUATION, [0]).ax_,
        **curves,
        "sigmoid": lambda: ActivationDisplay.from_name("sigmoid").ax_,
        "points": draw_points,
    }
