"""The exclusive or, 3-4-1: find your tutorial's line.

=================================  ==========================================
the tutorial                       fastnn
=================================  ==========================================
``random.seed(1)``                 ``seed=np.random.RandomState(1)``
``NeuronLayer(4, 3)``              ``Dense(4, "sigmoid", bias=False,
                                   initializer=uniform(-1, 1))``
``NeuronLayer(1, 4)``              ``Dense(1, "sigmoid", bias=False,
                                   initializer=uniform(-1, 1))``
``2 * random.random((3, 4)) - 1``  ``initializer=uniform(-1, 1)``
``NeuralNetwork(layer1, layer2)``  ``Network(3, [layer1, layer2],
                                   loss="half_sse",
                                   seed=np.random.RandomState(1))``
``layer1.synaptic_weights``        ``weights[0]``; so ``print_weights``
``train(inputs, outputs, 60000)``  ``fit(X, y, epochs=60000, batch_size=None,
                                   reduction="sum", shuffle=False,
                                   learning_rate=1.0)``
``think``                          ``predict``; opened, ``trace``
``layer2_error``                   ``trace(X, y)[1].error``: of other sign
``layer2_delta``                   ``trace(X, y)[1].delta``: of other sign
``layer1_adjustment``              ``-n_samples * trace(X, y)[0].grad_W``
=================================  ==========================================

The contrast: without its hidden layer (``--no-hidden``) the network cannot
learn the exclusive or, however long it tries; after the default number of
updates it answers 1 where 0 is right.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .. import History, Network
from ..datasets import load_xor
from ._arguments import add_shared_arguments, each_rate
from ._explain import print_step
from ._pictures import write_pictures
from ._timing import compile_kernels, print_times
from .programs import xor as program

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    parser.add_argument(
        "--no-hidden", action="store_true", help="leave the hidden layer out, and see it fail"
    )
    add_shared_arguments(parser, program)


def build(options: argparse.Namespace) -> Network:
    """Return the untrained network."""
    widths = (1,) if options.no_hidden else (4, 1)
    net: Network = program.build(*widths, seed=options.seed, dtype=options.dtype)
    return net


def run(options: argparse.Namespace) -> None:
    """Train on seven of the eight rows and ask for the eighth."""
    X, y = load_xor()
    net = build(options)
    program.print_weights("Stage 1) Random starting weights", net)
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
            learning_rate=rate,
            progress=not options.quiet,
            **program.FIT,
        )
        program.print_weights(f"\nStage 2) New weights after {options.epochs} updates", net)
        program.print_answers(net)
        if options.no_hidden:
            (answer,) = net.predict([1, 1, 0])
            print(f"{answer:.10f} without a hidden layer, where 0 is right")

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
    from ..plotting import ActivationDisplay, LearningCurvesDisplay, NetworkDisplay, PointsDisplay

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
        "sample": lambda: NetworkDisplay.from_trace(net, program.QUESTION, [0]).ax_,
        **curves,
        "sigmoid": lambda: ActivationDisplay.from_name("sigmoid").ax_,
        "points": draw_points,
    }
