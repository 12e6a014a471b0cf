"""Schedules against numbers worked out by hand, and against PyTorch where it is installed."""

import copy
import math
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    OneCycle,
    ReduceOnPlateau,
    Step,
)

WORKED = [
    (Constant(0.3), [0.3, 0.3, 0.3]),
    (Step(0.8, step_size=2), [0.8, 0.8, 0.08, 0.08, 0.008]),
    (Step(0.8, step_size=1, gamma=0.5), [0.8, 0.4, 0.2]),
    (Exponential(0.8, gamma=0.5), [0.8, 0.4, 0.2, 0.1]),
    (InverseScaling(0.6), [0.6, 0.6 / math.sqrt(2), 0.6 / math.sqrt(3), 0.3]),
    (InverseScaling(0.6, power=1), [0.6, 0.3, 0.2]),
    (InverseScaling(0.6, power=0), [0.6, 0.6]),
    # cos of 0, 60, 120 and 180 degrees: 1, 1/2, -1/2, -1; then back
    (Cosine(0.8, epochs=3), [0.8, 0.6, 0.2, 0, 0.2, 0.6, 0.8]),
    (Cosine(0.9, epochs=3, eta_min=0.1), [0.9, 0.7, 0.3, 0.1]),
    # up from 1 / 25 through 90 degrees in 0.5 * 6 - 1 = 2 epochs; down to 1 / 25e4 in 3
    (
        OneCycle(1.0, epochs=6, pct_start=0.5),
        [0.04, 0.52, 1, (3 + 4e-6) / 4, (1 + 12e-6) / 4, 4e-6],
    ),
    # the top is at 0.3 * 4 - 1 = 0.2: half way down at 1.6, which is no epoch
    (
        OneCycle(2.0, epochs=4, div_factor=2, final_div_factor=1),
        [1, *(1 + (1 + math.cos(math.pi * share)) / 2 for share in (0.8 / 2.8, 1.8 / 2.8)), 1],
    ),
    (OneCycle(1.0, epochs=4, pct_start=0.25), [1, (3 + 4e-6) / 4, (1 + 12e-6) / 4, 4e-6]),
    (OneCycle(1.0, epochs=3, pct_start=1), [0.04, 0.52, 1]),
    (OneCycle(1.0, epochs=1), [4e-6]),
]


@pytest.mark.parametrize(("schedule", "expected"), WORKED, ids=repr)
def test_worked_by_hand(schedule, expected):
    got = [schedule(epoch) for epoch in range(len(expected))]
    assert got == pytest.approx(expected, rel=1e-14, abs=1e-16)


def rates_on(schedule, figures):
    """Return the rate of each epoch, and that after the last one, for these figures."""
    schedule = schedule.start()
    rates = [schedule(0)]
    for epoch, figure in enumerate(figures):
        schedule.observe({schedule.monitor: figure})
        rates.append(schedule(epoch + 1))
    return rates


PLATEAUS = [  # the rate after each figure, beside it
    ({"factor": 0.5, "patience": 0}, [(3, 8), (2, 8), (2, 4), (2, 2), (1, 2), (1, 1)]),
    ({"factor": 0.5, "patience": 1}, [(3, 8), (3, 8), (3, 4), (3, 4), (3, 2), (2, 2)]),
    ({"factor": 0.5, "patience": 0, "threshold": 0.25}, [(4, 8), (3, 4), (2.9, 4), (2.9, 2)]),
    (
        {"factor": 0.5, "patience": 0, "cooldown": 2},
        [(3, 8), (3, 4), (3, 4), (3, 4), (3, 2), (3, 2)],
    ),
    ({"factor": 0.25, "patience": 0, "min_lr": 1}, [(3, 8), (3, 2), (3, 1), (3, 1)]),
    ({"factor": 0.5, "patience": 0, "mode": "max"}, [(1, 8), (2, 8), (2, 4), (1, 2), (3, 2)]),
    ({"factor": 0.5, "patience": 0}, [(math.nan, 4), (1, 4), (math.nan, 2), (0.5, 2)]),
]


@pytest.mark.parametrize(("options", "figures_and_rates"), PLATEAUS)
def test_plateau_worked_by_hand(options, figures_and_rates):
    figures, expected = zip(*figures_and_rates, strict=True)
    assert rates_on(ReduceOnPlateau(8, **options), figures) == [8, *expected]


def test_plateau_makes_no_change_below_1e_8():
    assert rates_on(ReduceOnPlateau(1.05e-8, patience=0), [1, 1]) == [1.05e-8] * 3


def test_plateau_starts_anew():
    used = ReduceOnPlateau(1.0, patience=0).start()
    for _ in range(2):
        used.observe({"loss": 1.0})
    fresh = used.start()
    assert (used(2), fresh(0)) == (0.1, 1.0)
    assert fresh == used  # of one description
    fresh.observe({"loss": 5.0})
    assert fresh(1) == 1.0  # it does not know the best one of `used`


def test_plateau_skips_epochs_without_the_figure():
    schedule = ReduceOnPlateau(1.0, patience=1, monitor="val_loss").start()
    for figures in ({"val_loss": 1.0}, {"loss": 1.0}, {"val_loss": 1.0}, {"loss": 1.0}):
        schedule.observe(figures)
    assert schedule(4) == 1.0
    schedule.observe({"val_loss": 1.0})
    assert schedule(5) == 0.1


def test_plateau_names_what_is_recorded():
    schedule = ReduceOnPlateau(1.0, monitor="val_los", mode="min").start()
    with pytest.raises(ValueError, match=r"one of 'loss', 'val_loss'; got 'val_los'"):
        schedule.observe({"loss": 1.0, "val_loss": 2.0})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_go_on_by_themselves(copied):
    for schedule, expected in WORKED:
        assert copied(schedule) == schedule
        assert copied(schedule)(0) == pytest.approx(expected[0])
    schedule = ReduceOnPlateau(1.0, patience=0).start()
    schedule.observe({"loss": 1.0})
    twin = copied(schedule)
    twin.observe({"loss": 1.0})
    assert (schedule(2), twin(2)) == (1.0, 0.1)


def test_one_cycle_ends():
    with pytest.raises(ValueError, match="epoch must be below 3 in a OneCycle, got 3"):
        OneCycle(1.0, epochs=3)(3)
    schedule = OneCycle(1.0, epochs=3, per="update", warmup=2)
    with pytest.raises(ValueError, match="update must be below 5 in a OneCycle, got 6: epochs is"):
        schedule.rates(1, 6)


@pytest.mark.parametrize("warmup", [0, 1, 4])
@pytest.mark.parametrize("per", ["epoch", "update"])
@pytest.mark.parametrize(("schedule", "worked"), WORKED, ids=repr)
def test_rates_at_once_are_those_one_by_one(schedule, worked, per, warmup):
    schedule, n = replace(schedule, per=per, warmup=warmup), warmup + len(worked)
    expected = [schedule(number) for number in range(n)]
    np.testing.assert_allclose(schedule.rates(0, n), expected, rtol=1e-14, atol=1e-16)
    for first in range(n + 1):  # however they are cut, to the bit
        parts = [schedule.rates(0, first), schedule.rates(first, n - first)]
        np.testing.assert_array_equal(np.concatenate(parts), schedule.rates(0, n))


@pytest.mark.parametrize(("schedule", "worked"), WORKED, ids=repr)
def test_warmup_is_a_line_and_the_schedule_comes_after(schedule, worked):
    schedule = replace(schedule, warmup=3)
    got = [schedule(epoch) for epoch in range(3 + len(worked))]
    expected = [worked[0] * share for share in (0.25, 0.5, 0.75)] + worked
    assert got == pytest.approx(expected, rel=1e-14, abs=1e-16)


def test_what_is_usual_is_not_shown():
    assert repr(Exponential(0.1, 0.5)) == "Exponential(learning_rate=0.1, gamma=0.5)"
    shown = "Constant(learning_rate=0.1, per='update', warmup=3)"
    assert repr(Constant(0.1, per="update", warmup=3)) == shown


def test_plateau_warms_up():
    schedule = ReduceOnPlateau(0.8, factor=0.5, patience=0, warmup=3)
    assert rates_on(schedule, [3.0, 2.0, 1.0, 1.0]) == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.4])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Constant(0), ValueError, "learning_rate must be finite and above 0, got 0"),
        (lambda: Constant("fast"), TypeError, "learning_rate must be a number, got 'fast'"),
        (lambda: Step(1.0, 0), ValueError, "step_size must be at least 1, got 0"),
        (lambda: Step(1.0, 2, gamma=-1), ValueError, "gamma must be finite and above 0, got -1"),
        (lambda: InverseScaling(1.0, -1), ValueError, "power must be at least 0 .* got -1"),
        (lambda: InverseScaling(1.0, "a"), TypeError, "power must be a number, got 'a'"),
        (lambda: Cosine(1.0, 2.5), TypeError, "epochs must be a whole number, got 2.5"),
        (lambda: Cosine(1.0, 2, math.nan), ValueError, "eta_min must be at least 0 .* got nan"),
        (lambda: OneCycle(1.0, 9, pct_start=2), ValueError, "pct_start must be at most 1, got 2"),
        (lambda: ReduceOnPlateau(1.0, factor=1), ValueError, "factor must be .* below 1, got 1"),
        (lambda: ReduceOnPlateau(1.0, patience=-1), ValueError, "patience must be at least 0"),
        (lambda: ReduceOnPlateau(1.0, cooldown=0.5), TypeError, "cooldown must be a whole number"),
        (lambda: ReduceOnPlateau(1.0, monitor=3), TypeError, "monitor must be the name .* got 3"),
        (lambda: ReduceOnPlateau(1.0, mode="low"), ValueError, "mode must be one of 'auto', 'min'"),
        (lambda: ReduceOnPlateau(1.0, per="update"), ValueError, "per must be 'epoch' in Reduce"),
        (lambda: Constant(1.0, per="step"), ValueError, "per must be one of 'epoch', 'update'"),
        (lambda: Constant(1.0, warmup=-1), ValueError, "warmup must be at least 0, got -1"),
    ],
)
def test_what_cannot_be_built(build, error, message):
    with pytest.raises(error, match=message):
        build()


# ---- against PyTorch -----------------------------------------------------------------------------


def rates_of_torch(name, learning_rate, options, epochs, figures=None):
    """Return the rates of epochs 0 ... `epochs` - 1 in `torch.optim.lr_scheduler`."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=learning_rate)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    rates = []
    for epoch in range(epochs):
        if epoch > 0:
            scheduler.step(*([] if figures is None else [figures[epoch - 1]]))
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
    return rates


@pytest.mark.parametrize(
    ("schedule", "name", "options"),
    [
        (Constant(0.3), "ConstantLR", {"factor": 1.0}),
        (Step(0.3, 7), "StepLR", {"step_size": 7}),
        (Step(0.3, 3, gamma=0.8), "StepLR", {"step_size": 3, "gamma": 0.8}),
        (Exponential(0.3, 0.9), "ExponentialLR", {"gamma": 0.9}),
        (InverseScaling(0.3), "LambdaLR", {"lr_lambda": lambda epoch: (epoch + 1) ** -0.5}),
        (Cosine(0.3, 30), "CosineAnnealingLR", {"T_max": 30}),
        (Cosine(0.3, 7, eta_min=0.01), "CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_equals_torch(schedule, name, options):
    expected = rates_of_torch(name, 0.3, options, 30)
    got = [schedule(epoch) for epoch in range(30)]
    assert got == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 30])
@pytest.mark.parametrize(
    "options", [{}, {"pct_start": 0.0}, {"pct_start": 0.9, "div_factor": 5, "final_div_factor": 9}]
)
def test_one_cycle_equals_torch(epochs, options):
    extra = {"max_lr": 0.3, "total_steps": epochs, "cycle_momentum": False}
    expected = rates_of_torch("OneCycleLR", 0.3, extra | options, epochs)
    schedule = OneCycle(0.3, epochs, **options)
    got = [schedule(epoch) for epoch in range(epochs)]
    assert got == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"factor": 0.7, "patience": 2},
        {"factor": 0.3, "patience": 0, "cooldown": 3, "min_lr": 1e-3},
        {"factor": 0.5, "patience": 1, "threshold": 0.05, "mode": "max"},
    ],
)
@pytest.mark.parametrize("level", [1.0, -1.0])
def test_plateau_equals_torch(options, level):
    # A fall or a rise with a ripple, then a plateau; far below 0 also, where relative is odd
    slope = 1 if options.get("mode") == "max" else -1
    figures = [level + slope * min(k, 20) / 20 + math.sin(3 * k) / 8 for k in range(60)]
    expected = rates_of_torch("ReduceLROnPlateau", 0.3, options, 60, figures)
    got = rates_on(ReduceOnPlateau(0.3, **options), figures)[:-1]
    assert got == pytest.approx(expected, rel=1e-14)
    assert len(set(got)) > 1


@dataclass(frozen=True)
class Cosines(Cosine):
    """A class of the user's with a field of its own."""

    floor: float = 0.0

    def _curve(self, at):
        return np.maximum(super()._curve(at), self.floor)


def test_a_class_of_ones_own_may_add_a_field():
    net = Network(1, [Dense(1)], seed=0)
    schedule = Cosines(0.8, epochs=3, floor=0.5)
    assert [schedule(epoch) for epoch in range(4)] == pytest.approx([0.8, 0.6, 0.5, 0.5])
    net.fit([[1.0]], [1.0], epochs=2, learning_rate=schedule)
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        Cosines(0.8, epochs=0)
