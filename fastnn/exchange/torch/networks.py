"""`to_torch` and `from_torch`: a `Sequential` of `Linear` and activations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._checks.arrays import Array
from ..._checks.extras import optional
from ...core.activations import ACTIVATIONS
from ...heads import Heads
from ...layers import Dense
from ...losses import Loss
from ...network import Network
from .._affine import Affine
from .._arguments import as_network, check_activations
from .._layer_builder import LayerBuilder, unsupported_options
from .modules import ModuleParts

# Skipped: they do nothing in eval mode.
_DROPOUTS = ("AlphaDropout", "Dropout", "Dropout1d", "FeatureAlphaDropout")


def to_torch(net: Network) -> Any:
    """Return a PyTorch module that computes what a network does.

    Parameters
    ----------
    net : Network
        The network, which is not changed.

    Returns
    -------
    torch.nn.Sequential
        The module, with a `Linear` in the network's dtype for each layer, and an activation unless
        it is identity; of `Heads`, which come last, the output is a tuple. It has copies of the
        parameters; what is frozen requires no gradient. Dropout and penalties, which affect
        training only, are dropped.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    TypeError
        If `net` is not a network.
    ValueError
        If an activation is ascending, mean_and_spread or the user's own, which the message names.

    Examples
    --------
    >>> from fastnn import Dense, Network
    >>> from fastnn.exchange import to_torch
    >>> to_torch(Network(2, [Dense(3, "swish"), Dense(1)]))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): SiLU()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """
    torch = optional("torch", "to_torch", "torch", "PyTorch")
    net = as_network(net)
    remedy = "PyTorch has no such module; to_onnx and to_c write it"
    check_activations(net, ACTIVATIONS, remedy, heads=True)
    modules = []
    for layer, W, b in zip(net.layers, net.weights, net.biases, strict=True):
        if isinstance(layer, Heads):
            modules.append(_heads(torch, layer, W, b))
        else:
            modules += _modules_of(torch, layer, str(layer.activation), W, b)
    return torch.nn.Sequential(*modules)


def _modules_of(
    torch: Any, layer: Dense, activation: str, W: Array, b: Array | None
) -> Iterator[Any]:
    """Yield the modules of a layer, or of a head of one."""
    dtype = getattr(torch, W.dtype.name)
    linear = torch.nn.utils.skip_init(torch.nn.Linear, *W.shape, b is not None, dtype=dtype)
    linear.weight.data.copy_(torch.tensor(W.T))
    if b is not None:
        linear.bias.data.copy_(torch.tensor(b))
        linear.bias.requires_grad_(layer.trainable and layer.train_bias)
    linear.weight.requires_grad_(layer.trainable)
    yield linear
    if activation != "identity":
        yield _activation(torch, activation)


def _heads(torch: Any, layer: Heads, W: Array, b: Array | None) -> Any:
    """Return a module whose output is a tuple, one of each head: a graph, saved without fastnn."""
    graph, modules = torch.fx.Graph(), {}
    x = graph.placeholder("x")
    for k, part in enumerate(layer.parts):
        own = slice(part.start, part.stop)
        own_b = None if b is None else b[own]
        modules[f"head_{k}"] = torch.nn.Sequential(
            *_modules_of(torch, layer, str(part.activation), W[:, own], own_b)
        )
    graph.output(tuple(graph.call_module(name, (x,)) for name in modules))
    return torch.fx.GraphModule(modules, graph, "Heads")


def from_torch(module: Any, *, loss: str | Loss | None = None) -> Network:
    """Return a network that computes what a PyTorch module does, in eval mode.

    Parameters
    ----------
    module : torch.nn.Sequential
        The module, of these parts: `Linear`; the activations of `Dense`, with its options (such as
        LeakyReLU of slope 0.01, or exact GELU), and Softmax at the end only; `BatchNorm1d`, which
        is folded into the layers beside it; nested `Sequential`. Dropout, `Identity` and `Flatten`
        are skipped. A module in several places is copied to each of them.
    loss : str or Loss, optional
        The loss of the network. By default it follows from the last activation: cross_entropy from
        softmax, binary_cross_entropy from sigmoid, poisson from exp, mse from all others.

    Returns
    -------
    Network
        The network, in the module's dtype, float32 or float64; in float64 if a `BatchNorm1d` of the
        inputs has means so far from 0 that float32 could not hold the folded layer. A `Linear`
        without a parameter that requires a gradient is frozen, and so are its biases if the weights
        alone require one; if the biases alone do, it is not.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError
        If modules cannot be converted, all of which the message names. Among them is every module
        with forward hooks, with parametrizations (such as weight_norm, spectral_norm and pruning)
        or with a `forward` of its own, since it may compute something else.

    Notes
    -----
    Above its threshold of 20, PyTorch's Softplus returns z, which is up to 2e-9 less than
    fastnn's.

    Examples
    --------
    >>> from torch import nn
    >>> from fastnn.exchange import from_torch
    >>> from_torch(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), nn.Sigmoid()))
    Network(2, [Dense(3, 'tanh'), Dense(1, 'sigmoid')], loss='binary_cross_entropy',
        dtype='float32')
    """
    torch = optional("torch", "from_torch", "torch", "PyTorch")
    builder = LayerBuilder()
    if not isinstance(module, torch.nn.Module):
        raise TypeError(
            f"module must be a torch.nn.Module, got {type(module).__name__}; weights alone, such "
            "as a state_dict, do not say how the layers follow"
        )
    parts = ModuleParts(torch)
    parts.check_global_hooks()
    for name, part, unlike in parts.of(module):
        source = f"module {name!r} ({type(part).__name__}{unlike})"
        if unlike:
            builder.refuse(source, is_layer=isinstance(part, torch.nn.Linear))
        else:
            _read(torch, builder, part, source)
    return builder.network(loss)


def _read(torch: Any, builder: LayerBuilder, part: Any, source: str) -> None:
    """Read a module that computes what its class does."""
    kind = type(part)
    activations = {
        getattr(torch.nn, known.torch): (name, known.torch_options)
        for name, known in ACTIVATIONS.items()
        if hasattr(torch.nn, known.torch)
    }
    if kind is torch.nn.Linear:
        W, b = part.weight, part.bias
        trainable = W.requires_grad or (b is not None and b.requires_grad)
        train_bias = b is None or b.requires_grad or not W.requires_grad
        builder.add(
            _array(W).T, None if b is None else _array(b),
            train_bias=train_bias, trainable=trainable,
        )  # fmt: skip
    elif kind in activations:
        activation, options = activations[kind]
        if unlike := unsupported_options(options, vars(part)):
            builder.refuse(f"{source.removesuffix(')')}{unlike})")
        else:
            builder.activate(activation, source)
    elif kind is torch.nn.BatchNorm1d:
        _read_batch_norm(builder, part, source)
    elif kind is torch.nn.Flatten:
        if (part.start_dim, part.end_dim) != (1, -1):
            builder.refuse(f"{source.removesuffix(')')} of axes other than 1 to -1)")
    elif function := _function_of(torch, part):
        builder.activate(function, source)
    elif kind not in {getattr(torch.nn, name) for name in _DROPOUTS}:
        is_own = isinstance(part, torch.nn.Module) and not kind.__module__.startswith("torch.nn.")
        remedy = " with a forward of its own: build it as nn.Sequential" if is_own else ""
        builder.refuse(f"{source.removesuffix(')')}{remedy})")


def _read_batch_norm(builder: LayerBuilder, part: Any, source: str) -> None:
    """Read a BatchNorm1d whose mean and variance are known."""
    source = source.removesuffix(")")
    if part.running_mean is None or part.running_var is None:
        builder.refuse(f"{source} without running statistics, which normalises by each batch)")
    elif part.training:
        builder.refuse(f"{source} in training mode, which normalises by each batch: call eval())")
    else:
        gamma, beta = (
            None if values is None else _array(values) for values in (part.weight, part.bias)
        )
        mean, variance = _array(part.running_mean), _array(part.running_var)
        step = Affine.batch_normalisation(gamma, beta, mean, variance, part.eps)
        builder.step(step, f"{source} of {part.num_features} columns)")


def _array(parameter: Any) -> Any:
    """Return the numbers of a parameter."""
    if not parameter.is_floating_point() or parameter.itemsize < 4:
        raise ValueError(f"parameters must be in float32 or float64, got {parameter.dtype}")
    try:
        return parameter.detach().cpu().numpy()
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"parameters must be dense tables of numbers, got a {parameter.layout} tensor on "
            f"{parameter.device}: {error}"
        ) from error


def _activation(torch: Any, name: str) -> Any:
    """Return the module of an activation.

    What `torch.nn` lacks is a function of torch: as a graph it is saved without fastnn.
    """
    known = ACTIVATIONS[name]
    if hasattr(torch.nn, known.torch):
        first = {option: values[0] for option, values in known.torch_options.items()}
        return getattr(torch.nn, known.torch)(**first)
    graph = torch.fx.Graph()
    graph.output(graph.call_function(getattr(torch, known.torch), (graph.placeholder("z"),)))
    return torch.fx.GraphModule({}, graph, known.torch.capitalize())


def _function_of(torch: Any, module: Any) -> str | None:
    """Return the activation whose graph `_activation` makes, if a module is one."""
    if isinstance(module, torch.fx.GraphModule):
        targets = [node.target for node in module.graph.nodes]
        for name, known in ACTIVATIONS.items():
            if targets == ["z", getattr(torch, known.torch, None), "output"]:
                return name
    return None
