"""Every optimiser beside PyTorch's."""

from dataclasses import replace

import numpy as np
import pytest

from fastnn.optimizers import (
    Adagrad,
    Adam,
    AdamW,
    IRprop,
    RMSprop,
)

from .support.networks import (
    make_data,
    small_network,
)
from .support.optimizers import OPTIMIZERS

pytestmark = pytest.mark.filterwarnings("ignore:batch_size must be None for irprop")


def torch_twin(optimizer, weights, biases):
    """Return PyTorch's optimiser: decay may be for weights only, hence groups of parameters."""
    torch = pytest.importorskip("torch")
    name, options = type(optimizer).__name__, dict(vars(optimizer))
    if name in ("SGD", "Momentum", "Nesterov"):
        options["nesterov"] = name == "Nesterov"
        name = "SGD"
    name = {"IRprop": "Rprop"}.get(name, name)
    options["lr"] = options.pop("learning_rate")
    decay = options.pop("weight_decay")
    for ours in ("clip_value", "clip_norm", "eps_hat"):
        options.pop(ours, None)
    of_biases = decay if options.pop("decay_biases") else 0.0
    groups = [
        {"params": parameters} | ({} if name == "Rprop" else {"weight_decay": each})  # it has none
        for parameters, each in ((weights, decay), (biases, of_biases))
    ]
    return getattr(torch.optim, name)(groups, **options)


def train_torch(net, optimizer, X, Y, epochs, batch_size):
    """Return the parameters after each epoch of PyTorch, from those of `net`, as our views."""
    torch = pytest.importorskip("torch")
    weights, biases = (
        [torch.tensor(array.copy(), requires_grad=True) for array in arrays]
        for arrays in (net.weights, net.biases)
    )
    X, Y = torch.tensor(X), torch.tensor(Y)
    twin = torch_twin(optimizer, weights, biases)
    snapshots = []
    for _ in range(epochs):
        for x, y in zip(X.split(batch_size), Y.split(batch_size), strict=True):
            twin.zero_grad()
            hidden = torch.tanh(x @ weights[0] + biases[0])
            outputs = torch.sigmoid(hidden @ weights[1] + biases[1])
            torch.nn.functional.mse_loss(outputs, y).backward()
            if optimizer.clip_value is not None:
                torch.nn.utils.clip_grad_value_(weights + biases, optimizer.clip_value)
            if optimizer.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(weights + biases, optimizer.clip_norm)
            twin.step()
        snapshots.append([parameter.detach().numpy().copy() for parameter in weights + biases])
    return snapshots


class Snapshots:
    """A callback that keeps the parameters of each epoch."""

    def __init__(self):
        self.taken = []

    def start(self, run):
        pass

    def epoch(self, run):
        self.taken.append([view.copy() for view in (*run.network.weights, *run.network.biases)])

    def end(self, run):
        pass


@pytest.mark.parametrize("batch_size", [1, 3, 8])
@pytest.mark.parametrize(
    "optimizer", [one for one in OPTIMIZERS if not getattr(one, "eps_hat", False)], ids=repr
)
def test_equals_torch_step_for_step(optimizer, batch_size):
    if isinstance(optimizer, IRprop):
        optimizer = replace(optimizer, weight_decay=0.0)  # PyTorch's has none
    X, Y = make_data(8, 3, 2)
    net, kept = small_network(loss="mse"), Snapshots()
    expected = train_torch(net, optimizer, X, Y, 25, batch_size)
    how = {"epochs": 25, "batch_size": batch_size, "shuffle": False, "callbacks": [kept]}
    net.fit(X, Y, optimizer=optimizer, **how)
    for got, theirs in zip(kept.taken, expected, strict=True):
        for ours, one in zip(got, theirs, strict=True):
            np.testing.assert_allclose(ours, one, rtol=1e-10, atol=1e-12)


def test_our_defaults_are_those_of_torch():
    torch = pytest.importorskip("torch")
    theta = [torch.zeros(1, requires_grad=True)]
    for ours, theirs in (
        (RMSprop(), torch.optim.RMSprop(theta)),
        (Adagrad(), torch.optim.Adagrad(theta)),
        (Adam(), torch.optim.Adam(theta)),
        (AdamW(), torch.optim.AdamW(theta)),
        (IRprop(), torch.optim.Rprop(theta)),
    ):
        expected = theirs.defaults | {"learning_rate": theirs.defaults["lr"]}
        for name, value in vars(ours).items():
            if name in expected:
                assert value == pytest.approx(expected[name]), (ours, name)
