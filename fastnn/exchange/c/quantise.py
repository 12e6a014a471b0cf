"""Quantisation of a network: int8 weights and activations, int32 sums of their products.

    x = step (q - zero)    activations, with a step and a zero for each layer
    W = step q             weights, with a step for each unit
    b = step_x step_W q    biases, in the steps of the unit's sum of products

The sum of a hidden unit becomes an index by an integer factor and a shift. The index selects
a = f(z) in a table of 256 entries at even distances of z: over the range of the calibration,
without the ends where f is flat.

The sums, factors and shifts are those of Jacob et al., Quantization and training of neural networks
for efficient integer-arithmetic-only inference, CVPR 2018; zeros are made part of the biases.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..._checks.arrays import Array
from ...reference import ACTIVATIONS
from .text import Layer

# Products, zeros and bias each take at most a quarter of what a sum can hold.
_MOST_INPUTS = 2**15 - 1
_LARGEST_BIAS = 2**29
_GRID = 4096  # points at which is looked where an activation is flat


class Scale(NamedTuple):
    """The scale of int8 activations: they mean step (q - zero)."""

    step: float
    zero: int


class Fixed(NamedTuple):
    """The weights and biases of a layer as integers; 1 in the sum of unit j means steps[j]."""

    W: Array  # int8, (n_out, n_in)
    b: Array  # int32, (n_out,)
    steps: Array  # float64, (n_out,)


class Lookup(NamedTuple):
    """The activation of a hidden layer: a = table[i], in steps of `scale`, of z = low + i z_step.

    Of unit j, i = factors[j] sum >> shift.
    """

    table: Array  # int8, (256,)
    scale: Scale
    low: float
    z_step: float
    factors: Array  # int32, (n_out,)
    shift: int


class FixedNetwork(NamedTuple):
    """A quantised network: the scale of its inputs, all layers, and the tables of hidden layers."""

    scale: Scale
    layers: list[Fixed]
    lookups: list[Lookup]


def quantise(layers: list[Layer], X: Array) -> FixedNetwork:
    """Return the network in whole numbers, for the ranges that it takes on the samples `X`.

    Raise ValueError if a layer has so many inputs that a sum might overflow.
    """
    *hidden, last = layers
    scale = _scale_of(X)
    net = FixedNetwork(scale, [], [])
    for layer in hidden:
        z = X @ layer.W + _biases(layer)
        f = ACTIVATIONS[layer.activation].function
        low, high = _range_of(f, z.min(), z.max())
        z_step = (high - low) / 255 or 1.0
        fixed = _fixed(layer, scale, least=low - z_step / 2)  # a shift rounds down
        factors, shift = _as_factors(fixed.steps / z_step)
        values = f(low + z_step * np.arange(256))
        scale = _scale_of(values)
        net.layers.append(fixed)
        net.lookups.append(Lookup(_in_steps(values, scale), scale, low, z_step, factors, shift))
        X = f(z)
    net.layers.append(_fixed(last, scale, least=0.0))
    return net


def _scale_of(values: Array) -> Scale:
    """Return the scale whose 256 steps cover the values, and 0 exactly."""
    low, high = min(0.0, values.min()), max(0.0, values.max())
    step = float(high - low) / 255 or 1.0
    return Scale(step, round(-128 - low / step))


def _in_steps(values: Array, scale: Scale) -> Array:
    """Return the values in steps of a scale, rounded to int8."""
    return np.clip(np.rint(values / scale.step + scale.zero), -128, 127).astype(np.int8)


def _biases(layer: Layer) -> Array:
    return np.zeros(layer.W.shape[1]) if layer.b is None else layer.b


def _fixed(layer: Layer, scale: Scale, least: float) -> Fixed:
    """Return a layer as integers, for inputs in a scale; its sums are those of z - least."""
    n_in = len(layer.W)
    if n_in > _MOST_INPUTS:
        raise ValueError(
            f"int8 must be for layers of at most {_MOST_INPUTS} inputs, "
            f"got {n_in} on layer {layer.k}"
        )
    b = _biases(layer) - least
    steps_of_W = np.maximum(
        np.abs(layer.W).max(axis=0) / 127, np.abs(b) / (scale.step * _LARGEST_BIAS)
    )
    steps_of_W[steps_of_W == 0] = 1.0  # neither weights nor a bias
    W = np.rint(layer.W / steps_of_W)
    steps = scale.step * steps_of_W
    b = np.rint(b / steps) - scale.zero * W.sum(axis=0)
    return Fixed(W.T.astype(np.int8), b.astype(np.int32), steps)


def _range_of(f: Callable[[Array], Array], low: float, high: float) -> tuple[float, float]:
    """Return the range of z without the ends where f is flat, to half a step of 256."""
    z = np.linspace(low, high, _GRID)
    a = f(z)
    half_a_step = np.ptp(a) / 510
    rises, falls = np.abs(a - a[0]) > half_a_step, np.abs(a - a[-1]) > half_a_step
    if not rises.any():  # all of it
        return low, high
    return float(z[rises.argmax() - 1]), float(z[_GRID - falls[::-1].argmax()])


def _as_factors(ratios: Array) -> tuple[Array, int]:
    """Return integers, and the shift with which they approximate the ratios best in int32."""
    _, exponent = math.frexp(ratios.max())
    shift = min(max(0, 31 - exponent), 62)
    factors = np.rint(np.ldexp(ratios, shift))
    return np.minimum(factors, 2**31 - 1).astype(np.int32), shift
