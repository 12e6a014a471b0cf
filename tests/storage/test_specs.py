"""Parts of a network as JSON: they come back equal, and nonsense is refused."""

import json
import math

import numpy as np
import pytest
from numpy.lib import NumpyVersion

from fastnn import initializers, optimizers, schedules
from fastnn._storage import specs
from fastnn._storage.npz import MALFORMED
from fastnn._storage.specs import (
    FunctionStub,
    build_initializer,
    build_optimizer,
    build_random,
    build_schedule,
    describe_initializer,
    describe_optimizer,
    describe_random,
    describe_schedule,
)
from fastnn.optimizers import IRprop, Momentum, RMSprop
from fastnn.optimizers.unknown import OptimizerStub
from fastnn.schedules import curves


def through_json(description):
    return json.loads(json.dumps(description, allow_nan=False))


def warm_up(epoch):
    return 0.1


# ---- initialisers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "initializer",
    [
        *initializers.NAMED,
        initializers.uniform(-0.1, 1 / 3),
        initializers.normal(0.1),
        initializers.constant(-2),
    ],
)
def test_initializers(initializer):
    description = through_json(describe_initializer(initializer))
    assert build_initializer(description, "initializer") == initializer


def test_a_named_function_is_its_name():
    assert describe_initializer(initializers.he_normal) == "he_normal"


class Draw:
    def __call__(self, random, shape):
        return np.zeros(shape)


class Narrow(initializers.normal):
    pass


@pytest.mark.parametrize(
    ("function", "name"),
    [(warm_up, "warm_up"), (Draw(), "Draw"), (Narrow(0.1), "Narrow"), (math.sin, "sin")],
)
def test_functions_of_ones_own_are_known_by_name_only(function, name):
    description = through_json(describe_initializer(function))
    got = build_initializer(description, "bias_initializer")
    assert describe_initializer(got) == description == {"own": name}
    with pytest.raises(ValueError, match=f"bias_initializer must be given: it was {name}, a funct"):
        got(np.random.default_rng(0), (3,))


# ---- optimisers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "optimizer",
    [
        *(kind() for kind in optimizers.NAMED.values()),
        Momentum(1 / 3, momentum=0.5, dampening=0.1, weight_decay=1e-3, clip_norm=2, clip_value=1),
        RMSprop(centered=True, momentum=0.9),
        IRprop(weight_decay=0.1, decay_biases=True),
        IRprop(0.1, etas=[0.25, 1.5], step_sizes=(1e-3, 1)),
    ],
)
def test_optimizers(optimizer):
    got = build_optimizer(through_json(describe_optimizer(optimizer)))
    assert (type(got), got) == (type(optimizer), optimizer)


@pytest.mark.parametrize("kind", [Momentum, IRprop])
def test_decay_of_biases_is_not_written_where_there_is_none(kind):
    """So files are as they were before there was any, and an older fastnn reads them."""
    description = through_json(describe_optimizer(kind()))
    assert "weight_decay" in description
    assert "decay_biases" not in description
    assert build_optimizer({**description, "decay_biases": True}) == kind(decay_biases=True)


class Mine(optimizers.SGD):
    pass


def test_an_optimizer_of_ones_own_is_known_by_name_only():
    description = through_json(describe_optimizer(Mine()))
    got = build_optimizer(description)
    assert got == OptimizerStub("Mine")
    assert describe_optimizer(got) == description == {"own": "Mine"}


# ---- schedules -----------------------------------------------------------------------------------

SCHEDULES = [
    schedules.Constant(0.1),
    schedules.Step(0.1, step_size=2),
    schedules.Exponential(0.1, gamma=0.9),
    schedules.InverseScaling(0.1),
    schedules.Cosine(0.1, epochs=7, eta_min=1 / 3),
    schedules.OneCycle(0.1, epochs=7),
    schedules.ReduceOnPlateau(0.1),
]


def test_all_schedules_are_known():
    assert {type(schedule) for schedule in SCHEDULES} == {*specs._SCHEDULES.values()}
    assert {*curves.CheckedSchedule.__subclasses__()} == {*specs._SCHEDULES.values()}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules(schedule):
    got = build_schedule(through_json(describe_schedule(schedule)))
    assert (type(got), got) == (type(schedule), schedule)
    assert [got(epoch) for epoch in range(7)] == [schedule(epoch) for epoch in range(7)]


@pytest.mark.parametrize(
    ("mode", "figures"),
    [
        ("min", []),
        ("max", []),
        ("min", [1.0, 0.5, 0.5]),
        ("max", [1, 1, 1, 1]),
        ("max", [math.inf]),
    ],
)
def test_a_plateau_goes_on_where_it_stood(mode, figures):
    options = {"factor": 0.5, "patience": 1, "cooldown": 2, "mode": mode}
    schedule = schedules.ReduceOnPlateau(0.1, **options).start()
    for figure in figures:
        schedule.observe({"loss": figure})
    got = build_schedule(through_json(describe_schedule(schedule)))
    assert got._state == schedule._state
    for figure in [1.0, 1.0, 1.0, 2.0, 0.0, 1.0, 1.0, 1.0, 1.0]:
        for one in (got, schedule):
            one.observe({"loss": figure})
        assert got(0) == schedule(0)
    assert got(0) < 0.1


def test_no_schedule_and_one_of_ones_own():
    assert build_schedule(describe_schedule(None)) is None
    got = build_schedule(describe_schedule(warm_up))
    assert got == FunctionStub("learning_rate", "warm_up")
    with pytest.raises(ValueError, match="learning_rate must be given: it was warm_up, a function"):
        got(0)


# ---- random sources ------------------------------------------------------------------------------

BITS = [*specs._BIT_GENERATORS.values()]


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("source", [np.random.Generator, np.random.RandomState])
@pytest.mark.parametrize("n_drawn", [0, 1, 623, 624])
def test_random_sources(bits, source, n_drawn):
    random = source(bits(3))
    for _ in range(n_drawn):
        random.bytes(4)  # half of what most of them make at a time
    random.standard_normal()  # of which RandomState keeps a second one
    got = build_random(through_json(describe_random(random)))
    assert type(got) is source
    for draw in ("standard_normal", "random"):
        np.testing.assert_array_equal(getattr(got, draw)(700), getattr(random, draw)(700))
    assert got.bytes(12) == random.bytes(12)
    np.testing.assert_array_equal(got.permutation(9), random.permutation(9))


def test_a_subclass_of_a_source_is_carried_as_the_source():
    class Mine(np.random.RandomState):
        pass

    got = build_random(through_json(describe_random(Mine(3))))
    assert got.random() == np.random.RandomState(3).random()


def test_random_numbers_of_another_kind_are_not_described():
    class Bits(np.random.PCG64):
        @property
        def state(self):
            return {"bit_generator": "Bits"}

    with pytest.raises(TypeError, match=r"random numbers must be of MT19937, .* to be saved, got"):
        describe_random(np.random.Generator(Bits(0)))


@pytest.mark.skipif(NumpyVersion(np.__version__) >= "2.5.0", reason="NumPy looks from 2.5 on")
def test_numpy_itself_does_not_look_where_a_generator_stands():
    """When only versions that look are supported, `_PLACES` is one check too many."""
    bits = np.random.MT19937(0)
    bits.state = bits.state | {"state": bits.state["state"] | {"pos": 625}}
    assert bits.state["state"]["pos"] == 625


# ---- nonsense ------------------------------------------------------------------------------------


def changed(description, **changes):
    return through_json(description) | changes


RANDOM = {bits.__name__: describe_random(np.random.Generator(bits(0))) for bits in BITS}
PLATEAU = describe_schedule(schedules.ReduceOnPlateau(0.1))


@pytest.mark.parametrize(
    ("build", "description"),
    [
        (build_optimizer, None),
        (build_optimizer, []),
        (build_optimizer, "sgd"),
        (build_optimizer, {"own": 1}),
        (build_optimizer, {"name": "eval"}),
        (build_optimizer, {"name": ["SGD"]}),
        (build_optimizer, {"name": "SGD"}),
        (build_optimizer, changed(describe_optimizer(Momentum()), momentum=1.5)),
        (build_optimizer, changed(describe_optimizer(Momentum()), learning_rate="fast")),
        (build_optimizer, changed(describe_optimizer(Momentum()), more=1)),
        (build_schedule, 0.1),
        (build_schedule, {"name": "_Schedule", "learning_rate": 0.1}),
        (build_schedule, {"name": "Constant", "learning_rate": -1}),
        (build_schedule, {"name": "Constant", "learning_rate": 1, "state": {}}),
        (build_schedule, {"name": "Step", "learning_rate": 1, "step_size": 0.5, "gamma": 1}),
        (build_schedule, changed(PLATEAU, state=None)),
        (build_schedule, changed(PLATEAU, state={})),
        (build_schedule, changed(PLATEAU, state=PLATEAU["state"] | {"rate": -1})),
        (build_schedule, changed(PLATEAU, state=PLATEAU["state"] | {"rate": 1e999})),
        (build_schedule, changed(PLATEAU, state=PLATEAU["state"] | {"best": "good"})),
        (build_schedule, changed(PLATEAU, state=PLATEAU["state"] | {"n_bad": -1})),
        (build_schedule, changed(PLATEAU, state=PLATEAU["state"] | {"n_cooling": 2**64})),
        (build_random, None),
        (build_random, {}),
        (build_random, {"bit_generator": "SystemRandom"}),
        (build_random, {"bit_generator": "PCG64"}),
        (build_random, changed(RANDOM["PCG64"], state=[])),
        (build_random, changed(RANDOM["PCG64"], state={"state": -1, "inc": 1})),
        (build_random, changed(RANDOM["PCG64"], state={"state": 2**128, "inc": 1})),
        (build_random, changed(RANDOM["PCG64"], has_uint32="yes")),
        (build_random, changed(RANDOM["PCG64"], more=1)),
        (build_random, changed(RANDOM["PCG64"], source="Random")),
        (build_random, changed(RANDOM["Philox"], buffer_pos=5)),
        (build_random, changed(RANDOM["Philox"], buffer_pos=-1)),
        (build_random, changed(RANDOM["Philox"], buffer=[1, 2, 3])),
        (build_random, changed(RANDOM["Philox"], buffer=[1, 2, 3, 4, 5])),
        (build_random, changed(RANDOM["SFC64"], state={"state": [1]})),
        (build_random, changed(RANDOM["MT19937"], state={"key": [1] * 624, "pos": 625})),
        (build_random, changed(RANDOM["MT19937"], state={"key": [1] * 624, "pos": -1})),
        (build_random, changed(RANDOM["MT19937"], state={"key": [1] * 624, "pos": 1.0})),
        (build_random, changed(RANDOM["MT19937"], state={"key": [1] * 625, "pos": 1})),
        (build_random, changed(RANDOM["MT19937"], state={"key": [1] * 623, "pos": 1})),
        (build_random, changed(RANDOM["MT19937"], state={"key": [2**32] * 624, "pos": 1})),
    ],
)
def test_nonsense_is_refused(build, description):
    with pytest.raises(MALFORMED):
        build(description)


@pytest.mark.parametrize("description", [None, 3, [], {"name": "normal"}, {"name": "zeros"}])
def test_nonsense_is_no_initializer(description):
    with pytest.raises(MALFORMED):
        build_initializer(description, "initializer")
