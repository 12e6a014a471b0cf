"""What a page draws: the data and the network once, and then picture after picture."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import Dense, Network
from .data import N_IMAGES, N_SHOWN, Floats
from .run import Run
from .settings import MOST_EPOCHS
from .wire import packed

GRID = 60  # points along each side of the boundary
_UNIT_GRID = 24  # and of the picture of a unit
MOST_SHOWN = 10  # units of a layer
_MOST_POINTS = 1500  # of the data
_SIDE = 20  # of a digit


class Camera:
    """Takes the pictures of one run; may be used while another thread trains."""

    def __init__(self, run: Run) -> None:
        self._run, self._data, self._net = run, run.data, run.net
        data = self._data
        self._asked = np.array([row for _, row in data.new]).reshape(-1, data.X.shape[1])
        if data.kind == "digits":
            self._shown = np.linspace(0, len(data.X) - 1, N_IMAGES).astype(int)
        else:
            self._shown = np.arange(min(N_SHOWN, len(data.X)))

    # ---- once ------------------------------------------------------------------------------------

    def scene(self) -> bytes:
        """Return all that stays as long as the network does."""
        data, net = self._data, self._net
        head: dict[str, Any] = {
            "type": "scene",
            "settings": self._run.settings.as_json(),
            "kind": data.kind,
            "inputs": list(data.inputs[:MOST_SHOWN]),
            "n_in": net.n_in,
            "n_samples": len(data.X),
            "classes": list(data.classes),
            "widths": [layer.n_out for layer in net.layers],
            "activations": [str(layer.activation) for layer in net.layers],
            "n_params": net.n_params,
            "rows": self._rows(),
            "most_epochs": MOST_EPOCHS,
        }
        parts: dict[str, NDArray[Any]] = {"curve": activation_curve(str(net.layers[0].activation))}
        if data.kind == "plane":
            few = np.linspace(0, len(data.X) - 1, min(_MOST_POINTS, len(data.X))).astype(int)
            corners = np.reshape(self._extent, (2, 2)).T  # (x1, x2), the least and the greatest
            head["extent"] = self._extent
            head["own_extent"] = data.in_own_units(corners).T.ravel().tolist()
            parts |= {"points": data.X[few], "labels": data.y[few].astype(np.uint8)}
        if data.kind == "digits":
            images = data.X[self._shown].reshape(-1, _SIDE, _SIDE).transpose(0, 2, 1)
            parts["images"] = (255 * np.clip(images, 0, 1)).astype(np.uint8)
        return packed(head, parts)

    def _rows(self) -> list[dict[str, Any]]:
        """Return the rows of the table of predictions."""
        data = self._data
        names = data.rows or [str(s + 1) for s in self._shown]
        rows = []
        for name, s in zip(names, self._shown, strict=False):
            x = [] if data.kind == "digits" else data.shown[s, :MOST_SHOWN].tolist()
            rows.append({"name": name, "x": x, "y": data.classes[int(data.y[s])]})
        for name, x in data.new:
            rows.append({"name": name, "x": list(x), "y": None})
        return rows

    @cached_property
    def _extent(self) -> list[float]:
        """The least and the greatest of x1, then of x2, with a margin."""
        points = np.concatenate((self._data.X, self._asked))
        least, greatest = points.min(axis=0), points.max(axis=0)
        margin = 0.12 * (greatest - least)
        (a, c), (b, d) = least - margin, greatest + margin
        return [float(a), float(b), float(c), float(d)]

    def _grid(self, n: int) -> Floats:
        """Return the centres of n x n squares, row by row from the top."""
        x0, x1, y0, y1 = self._extent
        steps = (np.arange(n) + 0.5) / n
        x, y = np.meshgrid(x0 + (x1 - x0) * steps, y1 - (y1 - y0) * steps)
        return np.column_stack((x.ravel(), y.ravel()))

    @cached_property
    def _surface(self) -> Floats:
        return self._grid(GRID)

    @cached_property
    def _probe(self) -> tuple[Floats, tuple[int, int]]:
        """Inputs on which each unit is shown, and the shape of its picture."""
        data = self._data
        if data.kind == "plane":
            return self._grid(_UNIT_GRID), (_UNIT_GRID, _UNIT_GRID)
        if data.kind == "digits":
            first = [int(np.flatnonzero(data.y == digit)[0]) for digit in range(10)]
            return data.X[first], (2, 5)
        if data.name in ("xor", "first_column"):
            bits = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], float)
            return bits, (2, 4)
        n = min(16, len(data.X))
        return data.X[np.linspace(0, len(data.X) - 1, n).astype(int)], (1, n)

    # ---- again and again -------------------------------------------------------------------------

    @np.errstate(all="ignore")  # an exploding network is drawn, as far as it can be
    def frame(self, head: dict[str, Any]) -> bytes:
        """Return the present picture; `head` is what the session adds."""
        run, data, net = self._run, self._data, self._net
        outputs = net.predict(np.concatenate((data.X[self._shown], self._asked)))
        parts: dict[str, NDArray[Any]] = {"outputs": outputs, "losses": run.curve.points()}
        if data.kind == "plane":
            parts["boundary"] = _colours(net.predict(self._surface))
        probe, shape = self._probe
        for k, values in enumerate(net.hidden(probe)):
            units = values[:, :MOST_SHOWN].T.reshape(-1, *shape)
            parts[f"units{k}"] = _levels(units, str(net.layers[k].activation))
            weights = net.weights[k][:MOST_SHOWN, :MOST_SHOWN]
            parts[f"weights{k}"] = weights if k or data.kind != "digits" else weights[:0]
        if data.kind == "digits":
            images = net.weights[0][:, :MOST_SHOWN].T.reshape(-1, _SIDE, _SIDE)
            most = np.quantile(np.abs(images), 0.98, axis=(1, 2), keepdims=True)
            parts["units0"] = _levels(images.transpose(0, 2, 1) / most, "tanh")
        return packed({"type": "frame", "epoch": run.epoch, "samples": run.samples} | head, parts)

    @np.errstate(all="ignore")
    def figures(self) -> dict[str, float]:
        """Return the loss of all samples as the network is now, and the accuracy."""
        data, net = self._data, self._net
        outputs = net.predict(data.X)
        figures = {"loss": net.loss(data.X, self._run.y), "accuracy": _accuracy(data.y, outputs)}
        wanted = self._run.y if net.n_out == 1 else np.eye(net.n_out)[self._run.y]
        errors = wanted.reshape(outputs.shape) - outputs
        figures |= {"mse": float((errors**2).mean()), "mae": float(np.abs(errors).mean())}
        if data.test is not None:
            X, y = data.test
            figures["test_accuracy"] = _accuracy(y, net.predict(X))
        return figures


def _accuracy(y: NDArray[Any], outputs: NDArray[Any]) -> float:
    said = outputs[:, 0] > 0.5 if outputs.shape[1] == 1 else outputs.argmax(axis=1)
    return float((said == y).mean())


def _colours(outputs: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the class of each point of the grid, and how sure it is, shape (GRID, GRID, 2)."""
    outputs = np.nan_to_num(outputs)
    if outputs.shape[1] == 1:
        said, sure = outputs[:, 0] > 0.5, np.abs(2 * outputs[:, 0] - 1)
    else:
        two = np.sort(outputs, axis=1)[:, -2:]
        said, sure = outputs.argmax(axis=1), two[:, 1] - two[:, 0]
    both = np.column_stack((said, 255 * np.clip(sure, 0, 1)))
    return both.astype(np.uint8).reshape(GRID, GRID, 2)


def _levels(values: NDArray[Any], activation: str) -> NDArray[np.uint8]:
    """Return values as 0 (lowest) to 255, with 128 for the middle of the activation."""
    if activation in ("sigmoid", "softmax"):
        return (255 * values).astype(np.uint8)
    values = np.nan_to_num(values)
    most = np.abs(values).max(initial=1e-12) if activation != "tanh" else 1.0
    return (127.5 + 127.5 * np.clip(values / most, -1, 1)).astype(np.uint8)


def activation_curve(name: str) -> NDArray[np.float64]:
    """Return z, f(z) and f'(z) for z from -6 to 6, shape (61, 3); of softmax, of the logistic."""
    z = np.linspace(-6, 6, 61)[:, None]
    one = Network(1, [Dense(1, "sigmoid" if name == "softmax" else name, weights=[[1.0]])])
    return np.column_stack((z, one.predict(z), one.jacobian(z)[:, 0]))
