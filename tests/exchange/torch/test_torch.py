"""Modules of PyTorch: the same outputs, there and back."""

import copy
import pickle
import sys

import numpy as np
import pytest

from fastnn import Dense, Heads, Network
from fastnn.core import activations
from fastnn.exchange import from_torch, to_torch

from ...support.properties import given, settings
from ..networks import TOLERANCES, check_equal, drawn_networks, network_of, rows

torch = pytest.importorskip("torch")
nn = torch.nn


def outputs(module, X):
    """Return what a module answers, as an array."""
    with torch.no_grad():
        return module(torch.tensor(X)).numpy()


# ---- to_torch ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("activation", activations.CODES)
def test_torch_agrees(activation, dtype):
    net, X = network_of(activation, dtype), rows(dtype)
    module = to_torch(net)
    assert type(module) is nn.Sequential
    got = outputs(module, X)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_softplus_agrees_on_both_sides_of_thresholds(dtype):
    net = Network(1, [Dense(1, "softplus", weights=[[1.0]])], dtype=dtype)
    X = np.linspace(-60, 60, 241, dtype=dtype)[:, np.newaxis]
    np.testing.assert_allclose(outputs(to_torch(net), X), net.predict(X), **TOLERANCES[dtype])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_the_output_of_heads_is_a_tuple(dtype, bias, tmp_path):
    heads = Heads(
        Dense(1, "sigmoid", bias=bias), Dense(3, "softmax", bias=bias), d=Dense(2, bias=bias)
    )
    net = Network(4, [Dense(5, "tanh"), heads], loss="mse", dtype=dtype, seed=0)
    net.trainable = [False, True]
    X = np.random.default_rng(0).normal(size=(6, 4)).astype(dtype)
    module = to_torch(net)
    torch.save(module, tmp_path / "module.pt")
    for own in (module, torch.load(tmp_path / "module.pt", weights_only=False)):
        got = own(torch.tensor(X))
        assert type(got) is tuple
        for part, expected in zip(got, net.predict(X), strict=True):
            np.testing.assert_allclose(part.detach().numpy(), expected, **TOLERANCES[dtype])
    sum(part.sum() for part in got).backward()
    hidden, _, last = own
    assert hidden.weight.grad is None
    assert all(parameter.grad is not None for parameter in last.parameters())
    with pytest.raises(ValueError, match=r"module '2' \(Heads with a forward of its own"):
        from_torch(module)


def test_a_module_owns_its_parameters():
    net = network_of("tanh", "float64")
    expected = net.params.copy()
    for parameter in to_torch(net).parameters():
        parameter.data.zero_()
    np.testing.assert_array_equal(net.params, expected)


def test_torch_draws_no_random_numbers():
    before = torch.random.get_rng_state()
    to_torch(network_of("relu", "float32"))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_frozen_biases_need_no_gradient():
    layers = [Dense(3, train_bias=False), Dense(3, bias=False), Dense(3)]
    got = [parameter.requires_grad for parameter in to_torch(Network(2, layers)).parameters()]
    assert got == [True, False, True, True, True]


def test_a_module_trains():
    net, X = network_of("exp", "float32"), torch.tensor(rows("float32"))
    module = to_torch(net)
    nn.functional.poisson_nll_loss(module(X), torch.ones(len(X), 3), log_input=False).backward()
    gradients = [parameter.grad for parameter in module.parameters()]
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


@pytest.mark.parametrize("activation", ["exp", "gelu"])
def test_a_module_is_copied_and_pickled(activation):
    net, X = network_of(activation, "float64"), rows("float64")
    module = to_torch(net)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        np.testing.assert_array_equal(outputs(twin, X), outputs(module, X))
        check_equal(from_torch(twin), from_torch(module))


# ---- from_torch ----------------------------------------------------------------------------------


@settings(max_examples=50)
@given(drawn_networks())
def test_a_network_comes_back_to_the_bit(net):
    check_equal(from_torch(to_torch(net)), net)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Sigmoid(), "sigmoid"),
        (nn.Tanh(), "tanh"),
        (nn.ReLU(inplace=True), "relu"),
        (nn.LeakyReLU(), "leaky_relu"),
        (nn.ELU(), "elu"),
        (nn.Softplus(), "softplus"),
        (nn.SiLU(), "swish"),
        (nn.SELU(), "selu"),
        (nn.Mish(), "mish"),
        (nn.GELU(), "gelu"),
        (nn.Softmax(dim=1), "softmax"),
        (nn.Softmax(dim=-1), "softmax"),
        (nn.Identity(), "identity"),
        (nn.Dropout(0.5), "identity"),
    ],
)
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_modules_as_torch_makes_them(module, expected, dtype):
    torch.manual_seed(0)
    whole = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(), nn.Linear(8, 3), module)
    whole = whole.to(getattr(torch, dtype)).eval()
    net, X = from_torch(whole), rows(dtype)
    assert [layer.activation for layer in net.layers] == ["tanh", expected]
    assert [layer.dropout for layer in net.layers] == [0, 0]
    np.testing.assert_allclose(net.predict(X), outputs(whole, X), **TOLERANCES[dtype])


def test_sequences_of_sequences():
    class Perceptron(nn.Sequential):
        pass

    torch.manual_seed(0)
    block = nn.Sequential(nn.Linear(4, 5, bias=False), nn.Sequential(nn.ReLU(), nn.Dropout()))
    module = Perceptron(block, nn.Sequential(), nn.Linear(5, 2)).eval()
    net, X = from_torch(module), rows("float32")
    assert repr(net.layers) == "(Dense(5, 'relu', bias=False), Dense(2, 'identity'))"
    np.testing.assert_allclose(net.predict(X), outputs(module, X), **TOLERANCES["float32"])


def test_one_linear_module_is_a_network():
    assert repr(from_torch(nn.Linear(3, 2)).layers) == "(Dense(2, 'identity'),)"


def test_a_network_owns_its_parameters():
    module = nn.Linear(3, 2)
    net = from_torch(module)
    expected = net.params.copy()
    module.weight.data.zero_()
    np.testing.assert_array_equal(net.params, expected)


def test_biases_are_frozen_only_where_weights_are_not():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    module[1].bias.requires_grad_(False)
    module[2].requires_grad_(False)
    assert [layer.train_bias for layer in from_torch(module).layers] == [True, False, True]


def test_the_loss_may_be_chosen():
    module = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    assert from_torch(module).loss_name == "binary_cross_entropy"
    assert from_torch(module, loss="half_sse").loss_name == "half_sse"
    with pytest.raises(ValueError, match="cross_entropy must follow a softmax layer"):
        from_torch(module, loss="cross_entropy")


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.LeakyReLU(0.2), "LeakyReLU, negative_slope is 0.2, ours 0.01"),
        (nn.LeakyReLU(0.010001), "LeakyReLU, negative_slope is 0.010001, ours 0.01"),
        (nn.ELU(0.5), "ELU, alpha is 0.5, ours 1"),
        (nn.Softplus(2.0), "Softplus, beta is 2, ours 1"),
        (nn.Softplus(threshold=3), "Softplus, threshold is 3, ours 40"),
        (nn.GELU("tanh"), "GELU, approximate is tanh, ours none"),
        (nn.Softmax(dim=0), "Softmax, dim is 0, ours -1"),
        (nn.Hardswish(), "Hardswish"),
        (nn.LayerNorm(2), "LayerNorm"),
        (
            nn.BatchNorm1d(2),
            "BatchNorm1d in training mode, which normalises by each batch: call eval()",
        ),
        (
            nn.BatchNorm1d(2, track_running_stats=False),
            "BatchNorm1d without running statistics, which normalises by each batch",
        ),
        (nn.BatchNorm1d(3).eval(), "BatchNorm1d of 3 columns"),
        (nn.Flatten(0), "Flatten of axes other than 1 to -1"),
        (None, "NoneType"),
        (nn.LogSoftmax(dim=1), "LogSoftmax"),
    ],
)
def test_what_is_not_ours_is_refused(module, expected):
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_torch(nn.Sequential(nn.Linear(2, 2), module))
    assert str(error.value) == f"layer 0: module '1' ({expected}) cannot be carried"


def test_all_that_cannot_be_carried_is_named():
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    module = nn.Sequential(
        nn.Linear(2, 2), nn.Sequential(nn.Tanh(), nn.Conv1d(1, 1, 1)), nn.Linear(2, 2),
        Residual(nn.Linear(2, 2)), nn.Linear(2, 2), nn.ReLU(), nn.Tanh(),
    )  # fmt: skip
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_torch(module)
    assert str(error.value).splitlines() == [
        "layer 1: module '1.1' (Conv1d) cannot be carried",
        "layer 1: module '3' (Residual with a forward of its own: build it as nn.Sequential) "
        "cannot be carried",
        "layer 3: module '6' (Tanh) cannot be carried",
    ]


def test_softmax_must_be_last():
    with pytest.raises(
        ValueError, match="softmax must be on the last layer only, got it on layer 0"
    ):
        from_torch(nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=-1), nn.Linear(2, 1)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match=f"must be in float32 or float64, got {dtype}"):
        from_torch(nn.Linear(2, 2).to(dtype))


def test_something_else_is_refused():
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module, got list"):
        from_torch([nn.Linear(2, 2)])


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"^to_torch needs PyTorch, of the extra torch: pip"):
        to_torch(network_of("tanh", "float64"))
    with pytest.raises(ImportError, match=r"^from_torch needs PyTorch"):
        from_torch(None)


def test_a_refused_layer_is_named_and_its_activation_is_not():
    linear = nn.Linear(2, 3)
    linear.register_forward_hook(lambda module, inputs, output: output * 2)
    with pytest.raises(ValueError, match="forward hook") as caught:
        from_torch(nn.Sequential(linear, nn.ReLU(), nn.Linear(3, 1)))
    assert len(str(caught.value).splitlines()) == 1


def test_a_forward_of_the_users_own_is_said():
    class Twice(nn.Module):
        def forward(self, x):
            return 2 * x

    with pytest.raises(ValueError, match=r"Twice with a forward of its own: build it as nn\.Seq"):
        from_torch(Twice())


@pytest.mark.parametrize("module", ["net.pt", nn.Linear(2, 3).state_dict()])
def test_what_is_no_module_is_a_type_error(module):
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module"):
        from_torch(module)
