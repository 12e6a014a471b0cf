"""Woman or man, by weight and height, 2-2-1: find your tutorial's line.

============================  ================================================
the tutorial                  fastnn
============================  ================================================
``sigmoid(x)``                ``fastnn.reference.ACTIVATIONS["sigmoid"]``,
                              its ``function(x)``
``deriv_sigmoid(x)``          its ``derivative(x)``
``Neuron(weights, bias)``     ``Dense(1, "sigmoid", weights=..., biases=...)``
``feedforward``               ``predict``; opened, ``trace``
``mse_loss``                  ``fastnn.metrics.mse``
``OurNeuralNetwork()``        ``Network(2, [Dense(2, "sigmoid"),
                              Dense(1, "sigmoid")], loss="sse")``
``w1``, ``w2`` (h1)           ``weights[0][0, 0]``, ``weights[0][1, 0]``
``w3``, ``w4`` (h2)           ``weights[0][0, 1]``, ``weights[0][1, 1]``
``w5``, ``w6`` (o1)           ``weights[1][0, 0]``, ``weights[1][1, 0]``
``b1``, ``b2``, ``b3``        ``biases[0][0]``, ``biases[0][1]``,
                              ``biases[1][0]``
``train(data, all_y_trues)``  ``fit(X, y, epochs=1000, learning_rate=0.1,
                              shuffle=False, validation_data=(X, y),
                              evaluate_every=10)``
``learn_rate = 0.1``          ``learning_rate=0.1``
``sum_h1``, ``h1``            ``trace(x, y)[0].z[0]``, ``trace(x, y)[0].a[0]``
``d_L_d_ypred``               ``trace(x, y)[1].error``
``d_L_d_w1`` ...              ``trace(x, y)[0].grad_W[0, 0]`` ...
``"Epoch %d loss: %.3f"``     ``history["val_loss"]``, with
                              ``evaluate_every=10``
============================  ================================================

The pitfalls: the tutorial's derivatives keep the factor 2 of the squared error,
hence the loss "sse"; it prints dL/dw1 as 0.0214, which is cut, not rounded; and
it draws its start without a seed (``--seed 44`` prints its answers to the last
digit).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import Dense, History, Network, metrics
from ..datasets import load_gender
from ..reference import ReferenceNetwork
from ._arguments import add_shared_arguments, each_rate
from ._explain import print_step
from ._pictures import recorded, write_pictures
from ._timing import compile_kernels, print_times
from .programs import gender as program
from .programs.gender import build

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..plotting import SurfaceAnimation
    from ._pictures import Picture

GENDERS = ("M", "F")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this example."""
    add_shared_arguments(parser, program, animated=True)


def run(options: argparse.Namespace) -> None:
    """Work the pieces by hand, train on four people, and judge two more."""
    X, y = load_gender()
    ones = build([1, 1, 1, 1, 1, 1, 0, 0, 0])
    print_pieces(ones, X, y)
    if options.explain:
        print("\nAlice alone, all weights 1, all biases 0")
        print("W[0] is [[w1 w3] [w2 w4]], b[0] is [b1 b2], W[1] is [[w5] [w6]], b[1] is [b3]")
        print_step(ones, X[:1], y[:1], learning_rate=options.learning_rate[0])
    start = np.random.RandomState(options.seed).normal(size=9)
    net = build(start, options.dtype)
    compiling = compile_kernels(net, X, y, batch_size=1)

    histories = {}
    for rate in each_rate(options):
        net = build(start, options.dtype)
        frames = recorded(options.plot, X, y, every=25, class_names=GENDERS)
        history = net.fit(
            X,
            y,
            epochs=options.epochs,
            learning_rate=rate,
            validation_data=(X, y),
            callbacks=list(frames.values()),
            progress=not options.quiet,
            **program.FIT,
        )
        histories[f"rate {rate:g}"] = history
        print()
        program.print_results(net, X, y, history)

    if options.plot:
        write_pictures(options.plot, pictures(net, histories, frames=frames))
    print_times(
        build(start, options.dtype),
        X,
        y,
        epochs=200,
        batch_size=1,
        learning_rate=options.learning_rate[0],
        compiling=compiling,
    )


def print_pieces(ones: Network, X: Any, y: Any) -> None:
    """Print what the tutorial works by hand, the derivatives on a network `ones` of ones."""
    neuron = Network(2, [Dense(1, "sigmoid", weights=[[0], [1]], biases=[4])])
    zero_one = build([0, 1, 0, 1, 0, 1, 0, 0, 0])
    alice, bob_to_all = X[0], np.zeros(4)
    # in NumPy, as the tutorial does: a kernel's sigmoid may differ in the last of 16 digits
    by_hand = [ReferenceNetwork.like(net).predict([2, 3])[0] for net in (neuron, zero_one)]
    print(f"One neuron, weights [0, 1] and bias 4, on [2, 3]: {by_hand[0]}")
    print(f"Three such neurons without bias, 2-2-1, on [2, 3]: {by_hand[1]}")
    print(f"Mean squared error of answering 0 for everyone: {metrics.mse(y, bob_to_all)}")
    print("Alice, all weights 1, all biases 0")
    print(f"  prediction: {ones.predict(alice)[0]:.3f}")
    steps = ones.trace(alice, y[0])
    print(f"  dL/dypred = {steps[1].error[0]:.9f}")
    derivatives = named([step.grad_W for step in steps], [step.grad_b for step in steps])
    for name, derivative in derivatives.items():
        print(f"  dL/d{name} = {derivative:.9f}")


def named(weights: Sequence[Any], biases: Sequence[Any]) -> dict[str, float]:
    """Return the nine numbers by the tutorial's names."""
    numbers = [*weights[0].T.ravel(), *weights[1].ravel(), *biases[0], *biases[1]]
    return dict(zip(("w1", "w2", "w3", "w4", "w5", "w6", "b1", "b2", "b3"), numbers, strict=True))


def pictures(
    net: Network,
    histories: Mapping[str, History],
    *,
    frames: Mapping[str, SurfaceAnimation] | None = None,
) -> dict[str, Picture]:
    """Return what draws each picture, by name."""
    from ..plotting import (
        DecisionSurfaceDisplay,
        LearningCurvesDisplay,
        NetworkDisplay,
        PointsDisplay,
    )

    X, y = load_gender()
    ones = build([1, 1, 1, 1, 1, 1, 0, 0, 0])  # which the tutorial works by hand
    names: dict[str, Any] = {
        "names": ["w1", "w2", "b1", "w3", "w4", "b2", "w5", "w6", "b3"],
        "input_names": ["weight", "height"],
        "output_names": ["gender"],
    }

    def told(ax: Axes) -> Axes:
        for name, place in zip(load_gender(raw=True)["name"], X, strict=True):
            ax.annotate(str(name), place, xytext=(7, 4), textcoords="offset points")
        ax.set(xlabel="weight - 135 lb", ylabel="height - 66 inches")
        ax.margins(0.15)  # for the names
        return ax

    curves: dict[str, Picture] = {
        "loss": lambda: (
            LearningCurvesDisplay.from_history(histories, keys="val_loss", best=False).ax_
        )
    }
    if len(histories) > 1:
        return curves
    return {
        **(frames or {}),
        "network": lambda: NetworkDisplay.from_network(net, **names).ax_,
        "sample": lambda: NetworkDisplay.from_trace(ones, X[0], y[:1], **names).ax_,
        **curves,
        "points": lambda: told(PointsDisplay.from_samples(X, y, class_names=GENDERS).ax_),
        "decisions": lambda: told(
            DecisionSurfaceDisplay.from_network(net, X, y, class_names=GENDERS).ax_
        ),
    }
