"""Modules of PyTorch that stand twice, that are folded, or that compute something of their own."""

import numpy as np
import pytest

from fastnn.exchange import from_torch

from ..networks import TOLERANCES, rows
from .test_torch import outputs

torch = pytest.importorskip("torch")
nn = torch.nn
utils = torch.nn.utils
prune = pytest.importorskip("torch.nn.utils.prune")


def check_agrees(module, dtype="float32"):
    """Assert that the network of a module answers as the module does; return it."""
    module, X = module.to(getattr(torch, dtype)).eval(), rows(dtype)
    net = from_torch(module)
    np.testing.assert_allclose(net.predict(X), outputs(module, X), **TOLERANCES[dtype])
    return net


def test_a_module_that_stands_twice_is_carried_twice():
    torch.manual_seed(0)
    act, tied = nn.ReLU(), nn.Linear(4, 4)
    block = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    net = check_agrees(nn.Sequential(nn.Linear(4, 4), act, nn.Linear(4, 4), act, nn.Linear(4, 1)))
    assert [layer.activation for layer in net.layers] == ["relu", "relu", "identity"]
    assert check_agrees(nn.Sequential(tied, act, tied, act, tied)).n_layers == 3
    assert check_agrees(nn.Sequential(block, block, nn.Linear(4, 2))).n_layers == 3


def test_a_module_within_itself_is_refused():
    module = nn.Sequential(nn.Linear(4, 4))
    module.add_module("1", module)
    with pytest.raises(ValueError, match="module '1' must not stand within itself"):
        from_torch(module)


def batch_norm(width, *, affine=True, mean=0.0):
    """Return a BatchNorm1d after some training."""
    module = nn.BatchNorm1d(width, affine=affine)
    module.running_mean.normal_(mean)
    module.running_var.uniform_(0.5, 2)
    if affine:
        nn.init.normal_(module.weight)
        nn.init.normal_(module.bias)
    return module


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("affine", [True, False])
def test_batch_normalisation_is_folded(affine, dtype):
    torch.manual_seed(0)

    def norm(width):
        return batch_norm(width, affine=affine)

    between = nn.Sequential(
        norm(4), nn.Linear(4, 6, bias=False), norm(6), nn.Tanh(), nn.Dropout(), norm(6),
        nn.Flatten(), nn.Linear(6, 3), nn.Sigmoid(),
    )  # fmt: skip
    net = check_agrees(between, dtype)
    assert [layer.activation for layer in net.layers] == ["tanh", "sigmoid"]
    at_the_end = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), norm(3))
    net = check_agrees(at_the_end, dtype)
    assert [layer.activation for layer in net.layers] == ["tanh", "identity"]
    assert net.dtype == dtype


def test_batch_normalisation_of_inputs_far_from_0_is_folded_in_float64():
    torch.manual_seed(0)
    norm = batch_norm(4, mean=5e6)
    module = nn.Sequential(norm, nn.Linear(4, 3), nn.Tanh()).eval()
    X = (norm.running_mean + torch.randn(50, 4)).numpy()
    net = from_torch(module)
    assert net.dtype == "float64"
    X = X.astype(np.float64)
    expected = outputs(module.double(), X)  # in float32 PyTorch folds too, and is off by 0.1
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-7, atol=1e-7)


def hooked(register):
    module = nn.Linear(4, 3)
    register(module)
    return module


def with_method(name, module):
    setattr(module, name, lambda x: x)
    return module


def after(change, module):
    change(module)
    return module


class Twice(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Called(nn.Sequential):
    def __call__(self, x):
        return 2 * super().__call__(x)


class Backwards(nn.Sequential):
    def __iter__(self):
        return iter([*super().__iter__()][::-1])


def double(module, inputs, output=None):
    return 2 * (inputs[0] if output is None else output)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: hooked(lambda m: m.register_forward_hook(double)),
         "Linear with the forward hook 'double', which may change what it computes"),
        (lambda: hooked(lambda m: m.register_forward_pre_hook(double)),
         "Linear with the forward pre-hook 'double', which may change what it computes"),
        (lambda: after(lambda m: m.register_forward_hook(double), nn.ReLU()),
         "ReLU with the forward hook 'double'"),
        (lambda: after(lambda m: m.register_forward_hook(double), nn.Sequential()),
         "Sequential with the forward hook 'double'"),
        (lambda: after(lambda m: m.register_forward_hook(double), nn.Dropout()),
         "Dropout with the forward hook 'double'"),
        (lambda: hooked(lambda m: prune.l1_unstructured(m, "weight", amount=0.5)),
         "Linear with the forward pre-hook 'L1Unstructured'"),
        (lambda: utils.spectral_norm(nn.Linear(4, 3)),
         "Linear with the forward pre-hook 'SpectralNorm'"),
        (lambda: utils.parametrizations.weight_norm(nn.Linear(4, 3)),
         "ParametrizedLinear with a parametrization of 'weight': call remove_parametrizations"),
        (lambda: utils.parametrizations.spectral_norm(nn.Linear(4, 3)),
         "ParametrizedLinear with a parametrization of 'weight'"),
        (lambda: with_method("forward", nn.Linear(4, 3)), "Linear with a forward of its own"),
        (lambda: with_method("forward", nn.Sequential()), "Sequential with a forward of its own"),
        (lambda: with_method("_call_impl", nn.ReLU()), "ReLU with a _call_impl of its own"),
        (lambda: torch.compile(nn.Linear(4, 3)),
         "OptimizedModule, compiled: give its _orig_mod"),
        (lambda: nn.LazyLinear(3), "LazyLinear"),
        (lambda: Twice(4, 3), "Twice"),
        (lambda: Called(nn.Linear(4, 3)), "Called"),
        (lambda: Backwards(nn.Linear(4, 3)), "Backwards"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_what_computes_something_of_its_own_is_refused(make, expected):
    module = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), make()).eval()
    with pytest.raises(ValueError, match="cannot be carried") as error:
        from_torch(module)
    assert f"module '2' ({expected}" in str(error.value)


def test_scripted_modules_are_refused():
    with pytest.warns(DeprecationWarning, match="script"):
        module = torch.jit.script(nn.Sequential(nn.Linear(4, 3)))
    with pytest.raises(ValueError, match="compiled: give the module that it was made of"):
        from_torch(module)


def test_another_forward_of_a_class_is_refused(monkeypatch):
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: x)
    with pytest.raises(ValueError, match=r"\(ReLU with the forward of "):
        from_torch(nn.Sequential(nn.Linear(4, 3), nn.ReLU()))


@pytest.mark.parametrize("kind", ["forward_hook", "forward_pre_hook"])
def test_hooks_on_all_modules_are_refused(kind):
    handle = getattr(nn.modules.module, f"register_module_{kind}")(double)
    try:
        with pytest.raises(ValueError, match=r"must have no global forward .*'double'"):
            from_torch(nn.Linear(4, 3))
    finally:
        handle.remove()


def test_hooks_of_the_backward_pass_and_what_was_removed_do_no_harm():
    torch.manual_seed(0)
    module = nn.Linear(4, 3)
    module.register_full_backward_hook(lambda *given: None)
    module.register_forward_hook(double).remove()
    module.weight.register_hook(lambda gradient: gradient)
    prune.l1_unstructured(module, "weight", amount=0.5)
    prune.remove(module, "weight")
    net = check_agrees(nn.Sequential(module))
    assert (net.weights[0] == 0).sum() == 6


@pytest.mark.parametrize("device", ["meta", "sparse"])
def test_parameters_without_a_table_are_refused(device):
    module = nn.Linear(4, 3)
    if device == "meta":
        module = module.to("meta")
    else:
        module.weight = nn.Parameter(module.weight.detach().to_sparse())
    with pytest.raises(ValueError, match="parameters must be dense tables of numbers, got a"):
        from_torch(module)
