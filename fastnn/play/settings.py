"""What a user may set on the page, its limits, and the settings of each tutorial."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from .. import initializers, optimizers
from ..core.activations import CODES
from ..core.losses import LOSSES

MOST_LAYERS = 6
MOST_UNITS = 256
MOST_SEED = 2**32 - 1
MOST_EPOCHS = 2_000_000  # a network remembers the loss of each, in some 120 bytes
MOST_WORK = 500_000_000  # parameters times samples: an epoch then takes a third of a second

TUTORIALS = ("xor", "digits", "gender", "moons", "first_column")
DATA = (*TUTORIALS, "circles", "spirals", "csv")
STARTS = ("tutorial", "ones", *initializers.NAMED)
BIASES = ("trained", "frozen", "none")
ACTIVATIONS = tuple(CODES)
SCHEDULES = ("constant", "step", "exponential", "cosine")
REDUCTIONS = ("mean", "sum")
# L-BFGS has no learning rate and no step for a single sample.
OPTIMIZERS = tuple(name for name in optimizers.NAMED if name != "lbfgs")


@dataclass(frozen=True)
class Settings:
    """All that the address of a page holds."""

    data: str = "xor"
    noise: float = 0.1  # of circles and spirals
    inputs: tuple[str, ...] = ()  # columns of a CSV file
    label: str = ""
    layers: tuple[int, ...] = (4,)  # the widths of the hidden ones
    activation: str = "sigmoid"
    output: str = "sigmoid"
    loss: str = "half_sse"
    bias: str = "trained"
    start: str = "glorot_uniform"
    seed: int = 0
    optimizer: str = "sgd"
    rate: float = 0.1
    schedule: str = "constant"
    span: int = 100  # epochs in which the rate is halved, or falls to 0 by a cosine
    dropout: float = 0.0  # of the hidden layers
    l2: float = 0.0  # of all weights
    batch: int = 1  # 0: all samples
    reduction: str = "mean"
    shuffle: bool = True
    epochs: int = 0  # after which training pauses; 0: never
    speed: int = 0  # epochs a second; 0: as many as there can be

    def as_json(self) -> dict[str, Any]:
        """Return the settings as JSON holds them."""
        return asdict(self)

    def needs_another_network(self, other: Settings) -> bool:
        """Return True if training cannot go on from `other` under these settings."""
        return replace(self, **{name: getattr(other, name) for name in LIVE}) != other


LIVE = ("optimizer", "rate", "batch", "reduction", "shuffle", "epochs", "speed")

_PLANE = Settings(
    layers=(8, 4), activation="tanh", output="sigmoid", loss="binary_cross_entropy",
    rate=0.03, batch=10, speed=100,
)  # fmt: skip
PRESETS = {
    "xor": Settings(
        "xor", layers=(4,), bias="none", start="tutorial", seed=1, rate=1.0, batch=0,
        reduction="sum", shuffle=False, epochs=60000, speed=10000,
    ),
    "digits": Settings(
        "digits", layers=(25,), loss="binary_cross_entropy", start="tutorial", rate=0.003,
        epochs=20, speed=5,
    ),
    "gender": Settings(
        "gender", layers=(2,), loss="sse", start="tutorial", seed=44, shuffle=False, epochs=1000,
        speed=100,
    ),
    "moons": Settings(
        "moons", layers=(25, 50, 25), bias="frozen", start="tutorial", rate=0.01, shuffle=False,
        epochs=1000,
    ),
    "first_column": Settings(
        "first_column", layers=(), bias="none", start="tutorial", rate=1.0, batch=0,
        reduction="sum", shuffle=False, epochs=25000, speed=5000,
    ),
    "circles": replace(_PLANE, data="circles"),
    "spirals": replace(_PLANE, data="spirals", noise=0.05, layers=(16, 12, 8), optimizer="adam",
                       rate=0.01),
    "csv": replace(_PLANE, data="csv", layers=(8,), output="softmax", loss="cross_entropy",
                   optimizer="adam", rate=0.01),
}  # fmt: skip
CHOICES = {
    "data": DATA, "activation": ACTIVATIONS, "output": ACTIVATIONS, "loss": tuple(LOSSES),
    "bias": BIASES, "start": STARTS, "optimizer": OPTIMIZERS, "reduction": REDUCTIONS,
    "schedule": SCHEDULES,
}  # fmt: skip
