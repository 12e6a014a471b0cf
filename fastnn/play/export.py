"""The network of a page as a file: a Python program that trains it again, ONNX, or C."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .. import Network, Standardize
from .networks import is_drawn_by_name, is_seeded, layers_of
from .run import Run

_MOST_ACTIONS = 2000
_N_ANSWERS = 5  # rows whose answers a program prints
_BY_NAME = """\
w1, w2, w3, w4, w5, w6, b1, b2, b3 = np.random.RandomState({seed}).normal(size=9)
net.weights = [[[w1, w3], [w2, w4]], [[w5], [w6]]]
net.biases = [[b1, b2], [b3]]
"""


def exported(run: Run, form: str) -> tuple[str, bytes]:
    """Return the name and the content of a file; raise ImportError or ValueError if it cannot be.

    C is two files, source and header, in a zip.
    """
    name = f"play_{run.data.name}"  # `csv.py` alone would hide a module of Python
    if form == "python":
        return f"{name}.py", program(run).encode()
    from ..exchange import to_c, to_onnx  # not before they are needed

    with TemporaryDirectory() as folder:
        if form == "onnx":
            path = Path(folder) / f"{name}.onnx"
            to_onnx(_for_own_units(run), path)
            return path.name, path.read_bytes()
        to_c(_for_own_units(run), Path(folder) / f"{name}.c")
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.write(path, path.name)
    return f"{name}_c.zip", content.getvalue()


def _for_own_units(run: Run) -> Network:
    """Return the network, or one that takes a user's numbers as they are in the file."""
    net, scaling = run.net, run.data.scaling
    if scaling is None:
        return net
    own = Network(net.n_in, [Standardize(*scaling), *net.layers], loss=net.loss_name)
    own.params = net.params
    return own


def program(run: Run) -> str:
    """Return a Python program that makes the network and trains it as was done on the page."""
    settings, net = run.settings, run.net
    if run.has_diverged:
        raise ValueError("training must not have diverged for a program to repeat it: reset")
    if len(run.actions) > _MOST_ACTIONS:
        raise ValueError(
            f"a program must repeat at most {_MOST_ACTIONS} steps, got {len(run.actions)}: "
            "reset, and take fewer single steps"
        )
    layers, needed = [], set()
    for width, activation, options in layers_of(settings, net.n_out):
        words = "".join(f", {name}={value!r}" for name, value in options.items())
        layers.append(f'    Dense({width}, "{activation}"{words}),')
        needed |= {type(value).__name__ for value in options.values() if callable(value)}
    seed = str(settings.seed)
    imports, lines = ["from fastnn import Dense, Network"], []
    if is_seeded(settings):
        seed = f"np.random.RandomState({seed})"
        imports.insert(0, "import numpy as np\n")
    if needed:
        imports.append(f"from fastnn.initializers import {', '.join(sorted(needed))}")
    schedules = {type(action.how["learning_rate"]).__name__ for action in run.actions} - {"float"}
    if schedules:
        imports.append(f"from fastnn.schedules import {', '.join(sorted(schedules))}")
    y = "y.astype(float)" if net.n_out == 1 else "y"
    lines += [
        '"""A network trained with `fastnn play`, made and trained again."""\n',
        *imports,
        run.data.program,
        "" if y == "y" else f"y = {y}",
        "layers = [",
        *layers,
        "]",
        f'net = Network({net.n_in}, layers, loss="{settings.loss}", seed={seed})',
    ]
    if is_drawn_by_name(settings, net.n_in, net.n_out):
        lines.append(_BY_NAME.format(seed=settings.seed).rstrip())
    for number, action in enumerate(run.actions):
        rows = ""
        if action.stop - action.start < run.n_samples:
            rows = f"[{action.start}:{action.stop}]"
        how: dict[str, Any] = {"epochs": action.n_epochs} | action.how
        if number:
            how["resume"] = True
        words = "".join(f"    {name}={value!r},\n" for name, value in how.items())
        lines.append(f"net.fit(\n    X{rows},\n    y{rows},\n{words})")
    lines += ["print(net.summary())", 'print("loss", net.loss(X, y))', *_questions(run)]
    return "\n".join(line for line in lines if line) + "\n"


def _questions(run: Run) -> list[str]:
    """Return the lines of a program that print answers: to the first rows, and to the new ones."""
    n, data = min(_N_ANSWERS, run.n_samples), run.data
    lines = [
        f"for k in range({n}):",
        '    print("row", k + 1, "target", y[k], "answer", net.predict(X[k]).round(6))',
    ]
    if any(name != str(k) for k, name in enumerate(data.classes)):
        meaning = ", ".join(f"{k} is {name}" for k, name in enumerate(data.classes))
        lines.insert(0, f"print({f'classes: {meaning}'!r})")
    for name, x in data.new:
        row = [int(value) if value == int(value) else value for value in x]
        label = f"answer to {name + ' ' if name else ''}{row}"
        lines.append(f"print({label!r}, net.predict({row}).round(6))")
    return lines
