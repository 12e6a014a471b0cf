"""PyTorch, by hand without autograd, and in the usual way with it."""

from typing import Any

import torch

from .task import Array, Layers, Task

torch.set_num_threads(1)
torch.set_num_interop_threads(1)
Tensors = list[tuple[torch.Tensor, torch.Tensor]]


class Training:
    """Both ways; the usual one is `nn.Sequential` and an optimiser; fused if that is named."""

    def __init__(self, task: Task, variant: str) -> None:
        self._task = task
        self._start = tensors(task.start())
        X, Y = map(torch.from_numpy, task.samples())
        size = task.batch_size
        self._batches = list(zip(X.split(size), Y.split(size), strict=True))
        way, _, form = variant.partition(", ")
        self.run = {"by hand": self._by_hand, "autograd": self._autograd}[way]
        self._options: dict[str, Any] = {form: True} if form else {}

        self._layers = tensors(task.start())
        modules: list[torch.nn.Module] = []
        for W, b in self._layers if way == "autograd" else ():
            linear = torch.nn.Linear(*W.shape)
            linear.weight.data, linear.bias.data = W.T.contiguous(), b
            self._layers[len(modules) // 2] = linear.weight.data.T, b
            modules += [linear, torch.nn.Sigmoid()]
        self._net = torch.nn.Sequential(*modules)

    def restore(self) -> None:
        """Go back to the start."""
        for (W, b), (W_start, b_start) in zip(self._layers, self._start, strict=True):
            W.copy_(W_start)
            b.copy_(b_start)

    def weights(self) -> Layers:
        """Return the layers."""
        return [(W.numpy(), b.numpy()) for W, b in self._layers]

    def _by_hand(self) -> None:
        if self._task.batch_size == 1:
            for x, y in self._batches:
                step_row(self._layers, x[0], y[0], self._task.learning_rate)
        else:
            for x, y in self._batches:
                step_batch(self._layers, x, y, self._task.learning_rate)

    def _autograd(self) -> None:
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[self._task.optimizer]
        rate = self._task.learning_rate
        optimizer = kind(self._net.parameters(), lr=rate, **self._options)
        for x, y in self._batches:
            optimizer.zero_grad()
            loss = 0.5 * ((self._net(x) - y) ** 2).sum() / len(x)
            loss.backward()
            optimizer.step()


class Prediction:
    """Matrix operations on tensors: the inputs are tensors already."""

    def __init__(self, task: Task, variant: str) -> None:
        self._layers = tensors(task.start())

    def prepare(self, X: Array) -> torch.Tensor:
        """Make a tensor."""
        return torch.from_numpy(X)

    def predict(self, X: torch.Tensor) -> torch.Tensor:
        """Compute the outputs."""
        for W, b in self._layers:
            X = torch.sigmoid(X @ W + b)
        return X


def tensors(layers: Layers) -> Tensors:
    """Turn arrays into tensors that share their memory."""
    return [(torch.from_numpy(W), torch.from_numpy(b)) for W, b in layers]


def step_row(layers: Tensors, x: torch.Tensor, y: torch.Tensor, rate: float) -> None:
    """Update in place by one sample."""
    inputs, a = [], x
    for W, b in layers:
        inputs.append(a)
        a = torch.addmv(b, W.T, a).sigmoid_()
    delta = (a - y) * a * (1 - a)
    for (W, b), a in zip(reversed(layers), reversed(inputs), strict=True):
        below = torch.mv(W, delta) * a * (1 - a) if a is not x else delta
        W.addr_(a, delta, alpha=-rate)
        b.sub_(delta, alpha=rate)
        delta = below


def step_batch(layers: Tensors, x: torch.Tensor, y: torch.Tensor, rate: float) -> None:
    """Update in place by the mean gradient of a batch."""
    inputs, a = [], x
    for W, b in layers:
        inputs.append(a)
        a = torch.addmm(b, a, W).sigmoid_()
    delta = (a - y) * a * (1 - a)
    delta /= len(x)
    for (W, b), a in zip(reversed(layers), reversed(inputs), strict=True):
        below = (delta @ W.T) * a * (1 - a) if a is not x else delta
        W.addmm_(a.T, delta, alpha=-rate)
        b.sub_(delta.sum(0), alpha=rate)
        delta = below
