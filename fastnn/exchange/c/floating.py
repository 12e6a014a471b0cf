"""The C source of a network in floating point: its layers, and a step of gradient descent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import Template
from typing import Any

import numpy as np

from ...core.losses import LOSSES
from .._centres import Centred
from .ends import buffers, mean_tables, predict
from .functions import (
    activated_row,
    error_of,
    functions_called,
    pulled_back_row,
    scaled_by_derivative,
    term_of,
    value_of,
)
from .text import Layer, Span, definition, in_precision

_LAYER = Template("""\
/* Layer $k: z = x W + b, a = f(z), where f is $activation. */
static void layer_$k(const double x[$n_in], double a[$n_out])
{
    for (int j = 0; j < $n_out; j++) {
        z_$k[j] = $start;
    }
    for (int i = 0; i < $n_in; i++) {
        for (int j = 0; j < $n_out; j++) {
            z_$k[j] += x[i] * W_$k[i][j];
        }
    }
$activate
}
""")

_ACTIVATE = Template("""\
    for (int j = $start; j < $stop; j++) {
        a[j] = $value;
    }""")

_FIND_DELTA = Template("""\
/* Overwrite delta_$k with dLoss/dz and return the loss, $loss. */
static double find_delta$head(const double y[N_OUT])
{
    double loss = 0.0;

    for (int j = $start; j < $stop; j++) {
        const double e = a_$k[j] - y[j];

        loss += $term;
        delta_$k[j] = $delta;
    }
$pull_back    return loss;
}
""")

_FIND_DELTA_OF_SOFTMAX = Template("""\
/* Overwrite delta_$k with dLoss/dz and return the loss, the sum of y (ln sum e^z - z). */
static double find_delta$head(const double y[N_OUT])
{
    const double largest = largest_of($n, $z);
    double sum = 0.0, mass = 0.0, loss = 0.0;

    for (int j = $start; j < $stop; j++) {
        sum += exp(z_$k[j] - largest);
        mass += y[j];
    }

    const double log_sum = log(sum);

    for (int j = $start; j < $stop; j++) {
        loss += y[j] * (log_sum + (largest - z_$k[j]));
        delta_$k[j] = mass * a_$k[j] - y[j];
    }
    return loss;
}
""")

_FIND_DELTA_OF_HEADS = Template("""\
/* Overwrite delta_$k with dLoss/dz and return the loss, the weighted sum of those of the heads. */
static double find_delta(const double y[N_OUT])
{
    double loss = 0.0;

$heads    return loss;
}
""")

_HEAD = Template("""\
    loss += head_weight[$head] * find_delta_$head(y);
    for (int j = $start; j < $stop; j++) {
        delta_$k[j] *= head_weight[$head];
    }
""")

_HEAD_WITHOUT_WEIGHT = Template("""\
    for (int j = $start; j < $stop; j++) {
        delta_$k[j] = 0.0;
    }
""")

_BACKWARD = Template("""\
/* Overwrite delta_$below with dLoss/dz of the layer below. */
static void backward_$k(void)
{
    for (int i = 0; i < $n_in; i++) {
        double error = 0.0;

        for (int j = 0; j < $n_out; j++) {
            error += W_$k[i][j] * delta_$k[j];
        }
        delta_$below[i] = $delta;
    }
}
""")

_UPDATE = Template("""\
static void update_$k(const double x[$n_in], double learning_rate)
{
    for (int i = 0; i < $n_in; i++) {
        for (int j = 0; j < $n_out; j++) {
            W_$k[i][j] -= learning_rate * x[i] * delta_$k[j];
        }
    }
$update_b}
""")

_UPDATE_B = Template("""\
    for (int j = 0; j < $n_out; j++) {
        b_$k[j] -= learning_rate * delta_$k[j];
    }
""")

_TRAIN = Template("""\
double ${name}_train(
    const double input[N_IN], const double target[N_OUT], double learning_rate)
{
    ${name}_predict(input, a_$last);

    const double loss = find_delta(target);

$calls
    return loss;
}
""")


def float_source(
    name: str,
    layers: list[Layer],
    own: Centred,
    losses: Sequence[tuple[str, float]],
    dtype: np.dtype[Any],
    *,
    train: bool,
) -> str:
    """Return the source that follows the widths.

    `losses` are the name and the weight of the loss, or of that of each head.
    """
    steps = [*map(layer_function, layers), predict(name, layers, own)]
    if train:
        trained = [layer for layer in layers if layer.trainable]
        passed = _passed_back(layers)
        steps += [*_find_delta(layers[-1], losses), *(_backward(*pair) for pair in passed)]
        steps += [*map(_update, trained), _train(name, layers)]
    with_delta = {layers[-1].k, *(below.k for _, below in _passed_back(layers))} if train else set()
    own_units = "".join(
        f"static double {units(layer, train=train, has_delta=layer.k in with_delta)};\n"
        for layer in layers
    )
    code = [own_units + buffers(own, inputs=True), *functions_called("".join(steps)), *steps]
    tables = [table for layer in layers for table in parameters(layer, train=train)]
    tables += mean_tables(own, dtype)
    weights = [weight for _, weight in losses]
    if train and len(weights) > 1 and any(weights):
        tables.append(
            "/* How much the loss of each head counts. */\n"
            + definition(
                f"static const double head_weight[{len(weights)}]", np.array(weights, dtype)
            )
        )
    return "\n".join([*tables, *(in_precision(block, dtype) for block in code)])


def network_code(layers: Sequence[Layer], dtype: np.dtype[Any]) -> list[str]:
    """Return the declarations of units, and the functions, of layers that only predict."""
    functions = [layer_function(layer) for layer in layers]
    own_units = [f"static double {units(layer)};\n" for layer in layers]
    code = [*own_units, *functions_called("".join(functions)), *functions]
    return [in_precision(block, dtype) for block in code]


def activate(layer: Layer) -> str:
    """Return the statements that compute a from the layer's z."""
    return "\n".join(_activate(span, f"z_{layer.k}") for span in layer.spans)


def _activate(span: Span, z: str) -> str:
    if row := activated_row(span.activation, span.n, span.of(z), span.of("a")):
        return f"    {row}"
    return _ACTIVATE.substitute(span._asdict(), value=value_of(span.activation, f"{z}[j]"))


def parameters(layer: Layer, *, train: bool = False) -> list[str]:
    """Return the definitions of W and b, which are constant unless a step changes them."""
    k, n_in, n_out = layer.k, layer.n_in, layer.n_out
    kind = "static double" if train and layer.trainable else "static const double"
    tables = [definition(f"{kind} W_{k}[{n_in}][{n_out}]", layer.W)]
    if layer.b is not None:
        kind = "static double" if train and layer.train_bias else "static const double"
        tables.append(definition(f"{kind} b_{k}[{n_out}]", layer.b))
    return tables


def units(layer: Layer, *, train: bool = False, has_delta: bool = False) -> str:
    """Return the declarations of a layer's units; in prediction the last a is the caller's."""
    roles = ["z"]
    if train or layer.n_out != "N_OUT":
        roles.append("a")
    if has_delta:
        roles.append("delta")
    return ", ".join(f"{role}_{layer.k}[{layer.n_out}]" for role in roles)


def layer_function(layer: Layer) -> str:
    """Return the function that computes a layer."""
    start = "0.0" if layer.b is None else f"b_{layer.k}[j]"
    return _LAYER.substitute(layer._asdict(), start=start, activate=activate(layer))


def _find_delta(layer: Layer, losses: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Yield the function that finds the loss and delta, after those for single heads."""
    if len(losses) == 1:
        yield _find_delta_of(layer.k, layer.spans[0], losses[0][0], "")
        return
    heads = []
    for head, (span, (loss, weight)) in enumerate(zip(layer.spans, losses, strict=True)):
        if weight != 0:  # else not even an infinite loss counts
            yield _find_delta_of(layer.k, span, loss, f"_{head}")
        template = _HEAD if weight != 0 else _HEAD_WITHOUT_WEIGHT
        heads.append(template.substitute(span._asdict(), k=layer.k, head=head))
    yield _FIND_DELTA_OF_HEADS.substitute(k=layer.k, heads="".join(heads))


def _find_delta_of(k: str, span: Span, loss: str, head: str) -> str:
    if loss == "cross_entropy":
        return _FIND_DELTA_OF_SOFTMAX.substitute(
            span._asdict(), k=k, head=head, z=span.of(f"z_{k}")
        )
    z, a = f"z_{k}[j]", f"a_{k}[j]"
    delta, pull_back = error_of(loss, span.n, z, a), ""
    if not LOSSES[loss].partner:
        row = [span.of(f"{role}_{k}") for role in ("z", "a", "delta")]
        if pull_back := pulled_back_row(span.activation, span.n, *row):
            pull_back = f"    {pull_back}\n"
        else:
            delta = scaled_by_derivative(span.activation, delta, z, a)
    term = term_of(loss, span.n, z, a)
    return _FIND_DELTA.substitute(
        span._asdict(), k=k, head=head, loss=loss, term=term, delta=delta, pull_back=pull_back
    )


def _backward(layer: Layer, below: Layer) -> str:
    units = f"z_{below.k}[i]", f"a_{below.k}[i]"
    delta = scaled_by_derivative(below.activation, "error", *units)
    return _BACKWARD.substitute(layer._asdict(), below=below.k, delta=delta)


def _update(layer: Layer) -> str:
    is_trained = layer.b is not None and layer.train_bias
    update_b = _UPDATE_B.substitute(layer._asdict()) if is_trained else ""
    return _UPDATE.substitute(layer._asdict(), update_b=update_b)


def _passed_back(layers: list[Layer]) -> list[tuple[Layer, Layer]]:
    """Return the layers, last first, that have a trained one below them, and what is below each."""
    first = next((k for k, layer in enumerate(layers) if layer.trainable), len(layers))
    return [(layers[k], layers[k - 1]) for k in range(len(layers) - 1, first, -1)]


def _train(name: str, layers: list[Layer]) -> str:
    lines = [f"backward_{layer.k}();" for layer, _ in _passed_back(layers)]
    inputs = ["input", *(f"a_{layer.k}" for layer in layers[:-1])]
    lines += [
        f"update_{layer.k}({x}, learning_rate);"
        for layer, x in zip(layers, inputs, strict=True)
        if layer.trainable
    ]
    calls = "\n".join(f"    {line}" for line in lines)
    return _TRAIN.substitute(name=name, last=layers[-1].k, calls=calls)
