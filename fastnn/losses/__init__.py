"""The losses: what training minimises, and losses of the user's own.

`Network` takes a name, or one of these. All but those of `core.losses` are compiled apart from the
kernels, on first use, in some tenths of a second.
"""

from __future__ import annotations

from typing import Any

from .._checks.functions import check_decorated
from .._checks.scalars import as_choice
from ..core.losses import LOSSES
from .base import Loss as Loss
from .base import NamedLoss as NamedLoss
from .classification import BinaryCrossEntropy as BinaryCrossEntropy
from .classification import CrossEntropy as CrossEntropy
from .classification import Focal as Focal
from .heads import HeadLosses as HeadLosses
from .own import OwnLoss as OwnLoss
from .own import loss as loss
from .regression import Gamma as Gamma
from .regression import GaussianNLL as GaussianNLL
from .regression import LogCosh as LogCosh
from .regression import Quantile as Quantile

NAMED: dict[str, Loss] = {name: NamedLoss(name) for name in LOSSES} | {
    known.name: known for known in (Quantile(), GaussianNLL(), LogCosh(), Focal(), Gamma())
}


def as_loss(name: str, value: Any) -> Loss:
    """Return a loss; `value` may be its name. Errors call it `name`."""
    if isinstance(value, Loss):
        return value
    if isinstance(value, type) and issubclass(value, Loss):
        raise TypeError(f"{name} must be an object, got the class: write {value.__name__}()")
    check_decorated(name, value, "a loss", NAMED)
    return NAMED[as_choice(name, value, NAMED)]
