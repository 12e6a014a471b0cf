"""What readers and writers are given: networks, and what cannot be carried."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..activations import OwnActivation
from ..heads import Heads
from ..network import Network
from ..population.networks import common_heads
from ..population.population import Population
from ._centres import folded

if TYPE_CHECKING:  # which needs scikit-learn
    from ..tables.model import TableModel


def model_of(estimator: Any) -> TableModel | None:
    """Return the model of a fitted estimator of tables; None if it is something else."""
    if not hasattr(type(estimator), "from_model"):
        return None
    if not hasattr(estimator, "model_"):
        name = type(estimator).__name__
        raise ValueError(f"net must be fitted, got a {name} that is not: call its `fit` first")
    model: TableModel = estimator.model_
    return model


def networks_of(population: Any) -> Sequence[Network] | None:
    """Return the networks of a population; None if it is something else."""
    if not isinstance(population, Population):
        return None
    networks = tuple(map(folded, population.networks))
    first = networks[0].n_in, networks[0].n_out
    for k, net in enumerate(networks):
        if (net.n_in, net.n_out) != first:
            raise ValueError(
                "networks must have the same n_in and n_out for their mean, got "
                f"{first} at 0 and {(net.n_in, net.n_out)} at {k}"
            )
    common_heads(networks)
    return networks


def as_network(net: Any) -> Network:
    """Return `net` if it is a network, with `Standardize` folded into its first layer."""
    if isinstance(net, Network):
        return folded(net)
    hint = ""
    if hasattr(net, "from_model"):
        hint = "; it holds several: give the network of one of its members_"
    elif hasattr(net, "task_names_"):
        hint = (
            "; give its network_, of whose outputs numbers are standard scores (y_mean_, y_scale_)"
        )
    elif hasattr(net, "hidden_layer_sizes") or hasattr(net, "named_steps"):  # of a Pipeline
        hint = "; from_sklearn makes one of a fitted estimator or Pipeline"
    elif hasattr(net, "networks"):
        hint = "; it holds several: give one of its networks"
    raise TypeError(f"net must be a fastnn.Network, got {type(net).__name__}{hint}")


def check_activations(
    net: Network, known: Collection[str], remedy: str = "", *, heads: bool = False
) -> None:
    """Raise, and name them all, if a writer does not know activations; `remedy` says who does.

    Those of several heads are refused unless it knows `heads`.
    """
    if not heads:
        refuse_heads(net)
    refused = [
        f"{where}: {name_in_error(activation)} cannot be carried: "
        + ("net.save keeps it" if isinstance(activation, OwnActivation) else remedy)
        for where, activation in activations_of(net)
        if activation not in known
    ]
    if refused:
        raise ValueError("\n".join(refused))


def activations_of(net: Network) -> Iterator[tuple[str, Any]]:
    """Yield where a network has its activations, and these."""
    for k, layer in enumerate(net.layers):
        if isinstance(layer, Heads):
            for part in layer.parts:
                yield f"head {part.name}", part.activation
        else:
            yield f"layer {k}", layer.activation


def refuse_heads(net: Network) -> None:
    """Raise if a network has several outputs, for a writer that has one."""
    if isinstance(net.layers[-1], Heads):
        raise ValueError(
            f"net must have one output, got {net.layers[-1]}: export one head at a time, that of "
            "Network(net.n_in, [*net.layers[:-1], net.layers[-1].heads[0]], "
            "loss=net.loss_function.losses[0]); to_onnx, to_c and to_torch write all those of a "
            "network"
        )


def name_in_error(activation: Any) -> str:
    """Return how an error calls an activation: a user's may have the name of one of fastnn's."""
    is_own = isinstance(activation, OwnActivation)
    return f"{activation}, a function of the user's," if is_own else str(activation)
