"""The loss of a network in the metadata of an ONNX file: what tells it, and what is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ..._storage.functions import build_loss, describe_loss, plain_name
from ...losses import HeadLosses, Loss, OwnLoss

_LOSS, _OWN, _HEADS = "fastnn.loss", "fastnn.own_loss", "fastnn.heads"


def note_of(loss: Loss) -> dict[str, str]:
    """Return what is noted: a loss's name, its parameters as JSON, a user's name, or the heads."""
    if isinstance(loss, OwnLoss):
        return {_OWN: loss.name}
    if isinstance(loss, HeadLosses):
        return {_HEADS: ", ".join(part.name for part in loss.parts)}
    return {_LOSS: plain_name(loss) or json.dumps(describe_loss(loss))}


def refuse_heads_in(noted: Mapping[str, str], path: Path) -> None:
    """Raise if `to_onnx` has noted that there are several outputs."""
    if names := noted.get(_HEADS):
        raise ValueError(
            f"{path} must have one output, got the heads {names[:100]}: a network with Heads is "
            "loaded from the file that its save has written"
        )


def loss_in(noted: Mapping[str, str], path: Path) -> Loss | None:
    """Return the loss that was noted, or None."""
    if name := noted.get(_OWN):
        raise ValueError(
            f"loss must be given for {path}, which was trained for {name}, a function of the "
            f"user's: from_onnx(path, loss={name}), or any other loss"
        )
    if _LOSS not in noted:
        return None
    text = noted[_LOSS]
    try:
        return build_loss(json.loads(text) if text.startswith("{") else text, ())
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} must have the name of a loss in its metadata, got {text[:100]!r}: give "
            "from_onnx a loss"
        ) from error
