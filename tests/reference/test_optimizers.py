"""The naive optimisers: their first steps by hand, and fifty beside PyTorch's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn.reference import OPTIMIZERS, Optimizer
from fastnn.reference.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    IRprop,
    Momentum,
    Nesterov,
    RMSprop,
)

from ..support.networks import random_reference

ROOT_5 = np.sqrt(5)


@pytest.mark.parametrize(
    ("optimizer", "gradients", "expected"),  # theta starts from 1
    [
        (SGD(0.1), [2, -1], [0.8, 0.9]),
        (Momentum(0.1, 0.5), [2, -1], [0.8, 0.8]),  # b = 2, 0
        (Momentum(0.1, 0.5, dampening=0.5), [2, -1], [0.8, 0.75]),  # b = 2, 1/2
        (Nesterov(0.1, 0.5), [2, -1], [0.7, 0.8]),  # b = 2, 0
        (RMSprop(0.1, 0.75, eps=0), [2, -1], [0.8, 0.9]),  # v = 1, 1
        (RMSprop(0.1, 0.75, eps=1), [2, -1], [0.9, 0.95]),
        (RMSprop(0.1, 0.75, eps=0, momentum=0.5), [2, -1], [0.8, 0.8]),  # b = 2, 0
        (RMSprop(0.1, 0.5, eps=0, centered=True), [2, -1], [0.8, 0.8 + 0.1 / np.sqrt(1.5)]),
        (Adagrad(0.1, eps=0), [2, -1], [0.9, 0.9 + 0.1 / ROOT_5]),  # s = 4, 5
        (Adagrad(0.1, lr_decay=1, eps=0), [2, -1], [0.9, 0.9 + 0.05 / ROOT_5]),
        (Adagrad(0.1, initial_accumulator_value=5, eps=1), [2], [0.95]),  # s = 9
        (Adam(0.1, (0.5, 0.75), eps=0), [2, -1], [0.9, 0.9]),  # m = 1, 0; m' = 2, v' = 4
        (Adam(0.1, (0.5, 0.75), eps=2), [2, -1], [0.95, 0.95]),
        (Adam(0.1, (0.5, 0.75), eps=1, eps_hat=True), [2, -1], [0.95, 0.95]),  # v = 1
        (AdamW(0.1, (0.5, 0.75), eps=0, weight_decay=0.5), [2, -1], [0.85, 0.8075]),
        (IRprop(0.1), [2, -1, -1, -1], [0.9, 0.9, 0.95, 1.01]),  # steps 0.1, 0.05, 0.05, 0.06
        (IRprop(0.1, step_sizes=(0.08, 0.11)), [2, 1, -1, -1], [0.9, 0.79, 0.79, 0.87]),
        (SGD(0.1, weight_decay=0.5), [2, -1], [0.75, 0.8125]),
        (SGD(0.1, clip_value=1), [2, -1], [0.9, 1]),
        (SGD(0.1, clip_norm=1), [2], [1 - 0.2 / (2 + 1e-6)]),
        (SGD(0.1, clip_norm=3), [2, -2], [0.8, 1]),
        (SGD(0.1, clip_value=3, clip_norm=5), [-4], [1.3]),
        (SGD(0.1, clip_value=1, weight_decay=10), [2], [-0.1]),  # the decay is not clipped
    ],
)  # fmt: skip
def test_steps_by_hand(optimizer, gradients, expected):
    W = np.ones((1, 1))
    for n, (gradient, value) in enumerate(zip(gradients, expected, strict=True), start=1):
        optimizer.step([W], [None], [np.full((1, 1), float(gradient))], [None])
        assert_allclose(W, [[value]], rtol=1e-14)
        assert optimizer.n_updates == n


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_biases_do_not_decay(kind):
    W, b = np.ones((2, 3)), np.ones(3)
    kind(0.1, weight_decay=0.5).step([W], [b], [np.zeros((2, 3))], [np.zeros(3)])
    assert_allclose(W, 0.95)
    assert_array_equal(b, 1)


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_biases_decay_if_told_but_frozen_ones_never(kind):
    W, biases = np.ones((2, 3)), [np.ones(3), np.ones(3)]
    kind(0.1, weight_decay=0.5, decay_biases=True).step(
        [W, W.copy()], biases, [np.zeros((2, 3))] * 2, [np.zeros(3)] * 2, train_biases=[True, False]
    )
    assert_allclose(W, 0.95)
    assert_allclose(biases[0], 0.95)
    assert_array_equal(biases[1], 1)


def test_the_norm_is_that_of_the_whole_gradient():
    W, b, last = np.zeros((1, 1)), np.zeros(1), np.zeros((1, 1))
    gradients = [np.full((1, 1), 2.0), np.full((1, 1), 3.0)]
    SGD(1, clip_norm=0.7).step([W, last], [b, None], gradients, [np.full(1, 6.0), None])
    assert_allclose([W[0, 0], last[0, 0], b[0]], [-0.2, -0.3, -0.6], rtol=1e-6)


def test_a_rate_given_takes_the_place_of_its_own():
    got, expected = np.ones((1, 1)), np.ones((1, 1))
    Adam(0.1).step([got], [None], [np.ones((1, 1))], [None], 0.5)
    Adam(0.5).step([expected], [None], [np.ones((1, 1))], [None])
    assert_array_equal(got, expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twin_starts_afresh(name):
    kind, hyperparameters = OPTIMIZERS[name], {"weight_decay": 0.5, "clip_norm": 3.0}
    used = kind(0.125, **hyperparameters)
    used.step([np.ones((1, 1))], [None], [np.ones((1, 1))], [None])
    got = Optimizer.like(used)
    assert type(got) is kind
    assert got == kind(0.125, **hyperparameters)
    assert used.n_updates == 1


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_stays_float32(name):
    W, b = np.ones((2, 3), np.float32), np.ones(3, np.float32)
    optimizer = OPTIMIZERS[name](0.1, weight_decay=0.1, clip_value=0.9, clip_norm=1.0)
    for _ in range(2):
        optimizer.step([W], [b], [W / 2], [b / 3])
    arrays = [W, b, *(array for state in optimizer.states for array in state.values())]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


# ---- beside PyTorch ------------------------------------------------------------------------------

LIMITS = {"clip_value": 0.1, "clip_norm": 0.2}
BESIDE_TORCH = [
    (SGD(0.5), "SGD", {}),
    (SGD(0.5, weight_decay=0.01), "SGD", {}),
    (SGD(0.5, weight_decay=0.1, decay_biases=True, **LIMITS), "SGD", {}),
    (Momentum(0.1, weight_decay=0.1, decay_biases=True), "SGD", {"momentum": 0.9}),
    (
        Nesterov(0.1, weight_decay=0.1, decay_biases=True),
        "SGD", {"momentum": 0.9, "nesterov": True},
    ),
    (
        RMSprop(momentum=0.5, centered=True, weight_decay=0.1, decay_biases=True),
        "RMSprop", {"momentum": 0.5, "centered": True},
    ),
    (Adagrad(weight_decay=0.1, decay_biases=True), "Adagrad", {}),
    (Adam(weight_decay=0.1, decay_biases=True), "Adam", {}),
    (AdamW(weight_decay=0.1, decay_biases=True), "AdamW", {}),
    (SGD(0.5, clip_value=0.1), "SGD", {}),
    (SGD(0.5, clip_norm=0.2), "SGD", {}),
    (SGD(0.5, weight_decay=0.1, **LIMITS), "SGD", {}),
    (Momentum(0.1), "SGD", {"momentum": 0.9}),
    (Momentum(0.1, dampening=0.25, weight_decay=0.01), "SGD", {"momentum": 0.9, "dampening": 0.25}),
    (Nesterov(0.1), "SGD", {"momentum": 0.9, "nesterov": True}),
    (Nesterov(0.1, 0.5, weight_decay=0.01), "SGD", {"momentum": 0.5, "nesterov": True}),
    (RMSprop(), "RMSprop", {}),
    (RMSprop(alpha=0.9, eps=1e-3, weight_decay=0.01), "RMSprop", {"alpha": 0.9, "eps": 1e-3}),
    (RMSprop(momentum=0.9), "RMSprop", {"momentum": 0.9}),
    (RMSprop(centered=True), "RMSprop", {"centered": True}),
    (RMSprop(momentum=0.5, centered=True), "RMSprop", {"momentum": 0.5, "centered": True}),
    (Adagrad(), "Adagrad", {}),
    (
        Adagrad(0.1, lr_decay=0.1, initial_accumulator_value=0.5, eps=1e-3, weight_decay=0.01),
        "Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3},
    ),
    (Adam(), "Adam", {}),
    (
        Adam(0.01, (0.8, 0.9), eps=1e-3, weight_decay=0.01, **LIMITS),
        "Adam", {"betas": (0.8, 0.9), "eps": 1e-3},
    ),
    (AdamW(), "AdamW", {}),
    (AdamW(0.01, (0.8, 0.9), weight_decay=0.1), "AdamW", {"betas": (0.8, 0.9)}),
    (IRprop(), "Rprop", {}),
    (
        IRprop(0.1, (0.3, 1.5), (1e-2, 0.2)),
        "Rprop", {"etas": (0.3, 1.5), "step_sizes": (1e-2, 0.2)},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("optimizer", "name", "options"), BESIDE_TORCH)
def test_fifty_steps_beside_torch(optimizer, name, options):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    net = random_reference(rng, [4, 6, 3], ["tanh", "sigmoid"], "half_sse")
    X, Y = rng.normal(size=(50, 8, 4)), rng.uniform(size=(50, 8, 3))
    if isinstance(optimizer, IRprop):
        X[:], Y[:] = X[0], Y[0]  # made for full batches

    weights = [torch.tensor(W, requires_grad=True) for W in net.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in net.biases]
    decay = {} if name == "Rprop" else {"weight_decay": optimizer.weight_decay}
    of_biases = decay if optimizer.decay_biases else dict.fromkeys(decay, 0.0)
    groups = [{"params": weights, **decay}, {"params": biases, **of_biases}]
    torch_optimizer = getattr(torch.optim, name)(groups, lr=optimizer.learning_rate, **options)
    for x, y in zip(X, Y, strict=True):
        net.update(x, y, optimizer.learning_rate, optimizer=optimizer)
        a = torch.tanh(torch.tensor(x) @ weights[0] + biases[0])
        a = torch.sigmoid(a @ weights[1] + biases[1])
        torch_optimizer.zero_grad()
        (0.5 * (a - torch.tensor(y)).square().sum(dim=1)).mean().backward()
        if optimizer.clip_value is not None:
            torch.nn.utils.clip_grad_value_(weights + biases, optimizer.clip_value)
        if optimizer.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(weights + biases, optimizer.clip_norm)
        torch_optimizer.step()
        for got, expected in zip(net.weights + net.biases, weights + biases, strict=True):
            assert_allclose(got, expected.detach().numpy(), rtol=1e-12, atol=1e-12)
