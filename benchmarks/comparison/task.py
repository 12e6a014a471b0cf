"""What every contender does: the same data, start, order of samples, loss and learning rate."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.datasets import load_digits, load_moons

Array = NDArray[Any]
Layers = list[tuple[Array, Array]]
BETAS, EPS = (0.9, 0.999), 1e-8  # of Adam: the defaults of all libraries


@dataclass(frozen=True)
class Task:
    """A network of sigmoids, half the summed squared error, and one call to be timed.

    `call` is "fit" (one epoch, a batch's gradient is the mean over it), "partial_fit" or "predict
    rows" (a call for each row), "predict table" or "predict tables" (a call for each `batch_size`
    rows). `n_rows` is how many samples, from the first, take part. `initial` weights are "glorot"
    or "normal". `optimizer` is "sgd" or "adam", whose state is new at the start of each run. Of a
    population each network has a start of its own, and the loss is the mean of theirs.
    """

    name: str
    data: str
    widths: tuple[int, ...]
    dtype: str
    n_rows: int
    call: str = "fit"
    batch_size: int = 1
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    initial: str = "glorot"
    epochs: int = 1
    n_networks: int = 0  # not a population

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Task":
        """Make what `as_json` wrote."""
        return cls(**(fields | {"widths": tuple(fields["widths"])}))

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @property
    def trains(self) -> bool:
        """Whether the call changes weights."""
        return not self.call.startswith("predict")

    def multiply_adds(self, share: float = 1.0) -> float:
        """Return those of a sample in its matrix products; `share` of its inputs takes part.

        A weight takes one forward, one for its gradient or update, and one backward above layer 1.
        """
        first, *others = (n * m for n, m in zip(self.widths[:-1], self.widths[1:], strict=True))
        if self.trains:
            return 2 * share * first + 3 * sum(others)
        return share * first + sum(others)

    def samples(self) -> tuple[Array, Array]:
        """Return inputs (n_rows, n_in) and targets (n_rows, n_out) in the task's dtype.

        They may be those of the call before: of a population the loss asks once a network.
        """
        X, Y = SOURCES[self.data](self.widths, self.n_rows)
        if len(X) < self.n_rows:
            raise ValueError(f"n_rows must be at most {len(X)}, got {self.n_rows}")
        X, Y = (np.ascontiguousarray(table[: self.n_rows], self.dtype) for table in (X, Y))
        return X, Y

    def start(self, seed: int = 0) -> Layers:
        """Draw the weights (n_in, n_out) and biases before training.

        Glorot's and small ones; or normal / sqrt(n_in), and zeros.
        """
        random = np.random.RandomState(seed)
        layers = []
        for n_in, n_out in zip(self.widths[:-1], self.widths[1:], strict=True):
            limit = np.sqrt(6 / (n_in + n_out))
            if self.initial == "normal":
                W, b = random.standard_normal((n_in, n_out)) / np.sqrt(n_in), np.zeros(n_out)
            else:
                W, b = random.uniform(-limit, limit, (n_in, n_out)), random.uniform(0, 0.1, n_out)
            layers.append((W.astype(self.dtype), b.astype(self.dtype)))
        return layers

    def starts(self) -> list[Layers]:
        """Draw those of each network."""
        return [self.start(seed) for seed in range(self.n_networks)]

    def outputs(self, layers: Layers) -> Array:
        """Compute the outputs in float64, whatever the dtype of the weights."""
        a = self.samples()[0].astype("float64")
        for W, b in layers:
            a = 1 / (1 + np.exp(-(a @ W.astype("float64") + b.astype("float64"))))
        return a

    def loss(self, outputs: Array) -> float:
        """Return half the squared error of one sample, summed over outputs: mean over samples."""
        error = outputs.astype("float64") - self.samples()[1]
        return float(0.5 * (error**2).sum() / self.n_rows)

    def mean_loss(self, networks: Iterable[Layers]) -> float:
        """Return the mean of the networks' losses."""
        return float(np.mean([self.loss(self.outputs(layers)) for layers in networks]))


@cache
def digits(widths: tuple[int, ...], n_rows: int) -> tuple[Array, Array]:
    """5000 digits of 400 or 784 pixels, shuffled once: the file is sorted by class."""
    X, y = load_digits(size={400: 20, 784: 28}[widths[0]])
    order = np.random.RandomState(0).permutation(len(X))
    return X[order], np.eye(10)[y[order]]


@cache
def moons(widths: tuple[int, ...], n_rows: int) -> tuple[Array, Array]:
    """1400 points of the plane, in the order of the tutorial."""
    X, _, y, _ = load_moons()
    return X, np.eye(2)[y]


@cache
def normal(widths: tuple[int, ...], n_rows: int) -> tuple[Array, Array]:
    """A dense table; one output is to say whether the first input is positive, more are random."""
    X = np.random.default_rng(5).standard_normal((n_rows, widths[0]))
    if widths[-1] == 1:
        return X, X[:, :1] > 0
    classes = np.random.default_rng(6).integers(widths[-1], size=n_rows)
    return X, classes[:, np.newaxis] == np.arange(widths[-1])


SOURCES = {"digits": digits, "moons": moons, "normal": normal}
