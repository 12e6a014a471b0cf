"""Every number that --explain prints follows from those printed before it."""

import re

import numpy as np
import pytest

from fastnn.cli.main import main
from fastnn.examples import TUTORIALS

WHOLE = {"xor", "gender", "first_column"}  # of the others, the corners of large arrays are printed
LOSSES = {
    "half_sse": lambda a, y: ((a - y) ** 2).sum(axis=1) / 2,
    "sse": lambda a, y: ((a - y) ** 2).sum(axis=1),
    "binary_cross_entropy": lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=1),
}
FORMULAS = {
    "half_sse": ("sum (a - y)^2 / 2", "a - y"),
    "sse": ("sum (a - y)^2", "2 (a - y)"),
    "binary_cross_entropy": ("-sum (y log a + (1 - y) log(1 - a))", "a - y"),
}
CLOSE = {"rtol": 0, "atol": 3e-7}  # seven digits, and sums over seven rows


def explained(capsys, *argv):
    """Return the rate, the rows, the reduction, the loss's name, and the arrays by part and name.

    A part is "Forward, layer 0", say, a name all before the shape. Of an array that is not printed
    whole there are the corners.
    """
    assert main([*argv, "--explain", "--epochs", "1", "--quiet"]) == 0
    text = capsys.readouterr().out
    _, n_rows, reduction, rate, body = re.split(
        r"The first step, opened: (\d+) rows?(?:, (mean|sum) of their gradients)?, rate = (\S+)\n",
        text,
    )
    parts = dict(re.findall(r"\n((?:Forward|Loss|Backward)[^:\n]*).*\n((?:  .*\n)+)", body))
    (loss,) = (part.removeprefix("Loss, ") for part in parts if part.startswith("Loss"))
    arrays = {}
    for part, lines in parts.items():
        for name, numbers in re.findall(r"^  (\S.*)\n((?:    .*\n)+)", lines, re.MULTILINE):
            what = re.sub(r", [\dx]+$", "", name)
            rows = [
                re.findall(r"-?[\d.]*\d[\d.]*(?:e-?\d+)?", row)
                for row in re.findall(r"[^\[\]]+", numbers)
            ]
            rows = [[float(number) for number in row] for row in rows if row]
            arrays[part, what] = np.array(rows if "[[" in numbers else np.concatenate(rows))
    return float(rate), int(n_rows), reduction, loss, arrays


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.compiled
@pytest.mark.parametrize(
    "argv",
    [
        *([name] for name in TUTORIALS),
        ["xor", "--no-hidden"],
        ["first_column", "--bias", "--learning-rate", "0.5"],
        ["moons", "--train-biases"],
        ["digits", "--reduction", "sum"],
    ],
    ids=" ".join,
)
def test_each_number_follows_from_those_before(argv, capsys, monkeypatch):
    monkeypatch.setattr("fastnn.examples._timing.ROUNDS", 1)  # the times are not looked at
    name = argv[0]
    rate, n_rows, reduction, loss, arrays = explained(capsys, *argv)
    per = n_rows if reduction == "mean" else 1
    n_layers = sum(what == "a = f(z)" for _, what in arrays)
    used = set()

    def take(part, start):
        (key,) = [key for key in arrays if key[0] == part and re.match(start, key[1])]
        used.add(key)
        return arrays[key]

    def check(got, expected):
        np.testing.assert_allclose(got, expected, **CLOSE)

    a = take("Forward, layer 0", "x$")
    inputs, weights = [], []
    for k in range(n_layers):
        part = f"Forward, layer {k}"
        W, z = take(part, "W$"), take(part, f"z = {'x' if k == 0 else re.escape(f'a[{k - 1}]')} W")
        weights.append(W)
        inputs.append(a)
        if name in WHOLE:
            check(z, a @ W + (take(part, "b$") if (part, "b") in arrays else 0))
        a = take(part, r"a = f\(z\)$")
        check(a, sigmoid(z))

    y = take(f"Loss, {loss}", "y$")
    of_rows = take(f"Loss, {loss}", re.escape(f"loss of each row = {FORMULAS[loss][0]}"))
    if name in WHOLE | {"moons"}:
        check(of_rows, LOSSES[loss](a, y))
    if n_rows > 1:
        total = take(f"Loss, {loss}", f"loss of the batch, {reduction} of its rows")
        if name in WHOLE:
            check(total, getattr(of_rows, reduction)())

    factor = 2 if loss == "sse" else 1
    for k in reversed(range(n_layers)):
        part = f"Backward, layer {k}"
        formula = re.escape(FORMULAS[loss][1])
        if loss == "binary_cross_entropy" and k == n_layers - 1:
            delta = take(part, f"delta = dLoss/dz = {formula}$")
            check(delta, a - y)
        else:
            if k == n_layers - 1:
                error = take(part, f"error = dLoss/da = {formula}$")
                check(error, factor * (a - y))
            else:
                error = take(part, re.escape(f"error = dLoss/da = delta[{k + 1}] W[{k + 1}]^T"))
                if name in WHOLE:
                    check(error, delta @ weights[k + 1].T)
            slope = take(part, r"f'\(z\)")
            check(slope, a * (1 - a))
            delta = take(part, r"delta = dLoss/dz = error \* f'\(z\)$")
            check(delta, error * slope)
        a = inputs[k]
        source = "x" if k == 0 else f"a[{k - 1}]"
        adjustment = take(part, re.escape(f"adjustment of W = -rate * {source}^T delta"))
        if name in WHOLE:
            check(adjustment, -rate * a.T @ delta / per)
        check(take(part, "W after the step"), weights[k] + adjustment)
        if (part, "b after the step") in arrays:
            adjustment = take(part, r"adjustment of b = -rate \* ")
            if name in WHOLE:
                check(adjustment, -rate * delta.sum(axis=0) / per)
            check(take(part, "b after the step"), take(f"Forward, layer {k}", "b$") + adjustment)
    unused = arrays.keys() - used
    assert {what for _, what in unused} <= ({"b"} if argv == ["moons"] else set())  # frozen there
