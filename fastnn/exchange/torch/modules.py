"""The modules of a PyTorch model in order, with whatever makes one compute something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Attributes of a module that hold hooks which may change what it computes, and what they are
# called. Those of the backward pass and of state_dict change nothing that is carried.
_HOOKS = {"_forward_pre_hooks": "forward pre-hook", "_forward_hooks": "forward hook"}
_METHODS = ("__call__", "__iter__", "_call_impl", "forward")


class ModuleParts:
    """Splits a model into its modules, with those of nested `Sequential`, one for each place."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._within: list[int] = []  # the ids of the modules that are being taken apart

    def check_global_hooks(self) -> None:
        """Raise if there are forward hooks on all modules."""
        shared = self._torch.nn.modules.module
        for attribute, kind in _HOOKS.items():
            hooks = getattr(shared, f"_global{attribute}")
            if hooks:
                raise ValueError(
                    f"PyTorch must have no global {kind}, got {_named(hooks)}: it may change what "
                    "every module computes; call remove() of its handle"
                )

    def of(self, module: Any, name: str = "") -> Iterator[tuple[str, Any, str]]:
        """Yield the name of each module, the module, and its additions to its class, if any."""
        unlike = self._unlike(module)
        if unlike or not self._is_sequential(module):
            yield name, module, unlike
            return
        if id(module) in self._within:
            raise ValueError(f"module {name!r} must not stand within itself, got a Sequential")
        self._within.append(id(module))
        for number, part in module._modules.items():
            yield from self.of(part, f"{name}.{number}" if name else number)
        self._within.pop()

    def _is_sequential(self, module: Any) -> bool:
        """Return True if a module only calls its parts in order."""
        sequential = self._torch.nn.Sequential
        return isinstance(module, sequential) and all(
            getattr(type(module), method) is getattr(sequential, method) for method in _METHODS
        )

    def _unlike(self, module: Any) -> str:
        """Return a text that names the additions of a module to its class, or an empty string."""
        if not isinstance(module, self._torch.nn.Module):
            return ""
        if hasattr(module, "_orig_mod"):
            return ", compiled: give its _orig_mod"
        if isinstance(module, self._torch.jit.ScriptModule):
            return ", compiled: give the module that it was made of"
        for attribute, kind in _HOOKS.items():
            if hooks := getattr(module, attribute):
                return f" with the {kind} {_named(hooks)}, which may change what it computes"
        if self._torch.nn.utils.parametrize.is_parametrized(module):
            names = ", ".join(map(repr, module.parametrizations))
            return f" with a parametrization of {names}: call remove_parametrizations"
        if own := [method for method in _METHODS if method in vars(module)]:
            return f" with a {own[0]} of its own"
        plain = (self._torch.Tensor, self._torch.nn.Parameter)
        for name in ("weight", "bias"):
            value = getattr(module, name, None)
            if isinstance(value, self._torch.Tensor) and type(value) not in plain:
                return f" whose {name} is a {type(value).__name__}"
        home, of_forward = type(module).__module__, type(module).forward.__module__
        if home.startswith("torch.nn.") and of_forward != home:
            return f" with the forward of {of_forward}"
        return ""


def _named(hooks: Any) -> str:
    """Return the names of hooks, which are functions or objects."""
    names = [getattr(hook, "__name__", type(hook).__name__) for hook in hooks.values()]
    return ", ".join(map(repr, names))
