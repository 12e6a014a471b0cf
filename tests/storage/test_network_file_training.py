"""Networks in files train on as if they had never stopped."""

import copy
import pickle
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from fastnn import Dense, Network, initializers, optimizers, schedules
from fastnn._storage import network_file
from fastnn._training.state import TrainingState, state_of
from fastnn.callbacks import Callback, Checkpoint
from fastnn.optimizers import LBFGS, Adagrad, Adam, AdamW, IRprop, RMSprop

from ..support.networks import noisy_network, small_network
from ..support.stored_networks import X, Y, check_same, through_file

pytestmark = pytest.mark.filterwarnings("ignore:batch_size must be None for irprop")

OPTIMIZERS = [
    *optimizers.NAMED,
    RMSprop(centered=True, momentum=0.5),
    Adagrad(0.1, lr_decay=0.1, initial_accumulator_value=0.5),
    IRprop(0.02, etas=(0.4, 1.3)),
    Adam(clip_norm=0.1, weight_decay=0.01),
    AdamW(weight_decay=0.3, decay_biases=True),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_training_goes_on_as_if_it_had_never_stopped(path, optimizer, dtype):
    is_lbfgs = optimizer == "lbfgs" or isinstance(optimizer, LBFGS)
    make = small_network if is_lbfgs else noisy_network
    how = {"optimizer": optimizer, "batch_size": None if is_lbfgs else 5}
    how |= {} if is_lbfgs else {"validation_fraction": 0.25, "input_noise": 0.1}
    net = make(dtype=dtype)
    net.fit(X, Y, epochs=2, **how)
    twin = through_file(net, path)
    for one in (net, twin):
        one.fit(X, Y, epochs=3, resume=True, **how)
    check_same(twin, net)


SCHEDULES = [
    schedules.Cosine(0.1, epochs=7),
    schedules.OneCycle(0.1, epochs=90, per="update", warmup=7),
    schedules.Constant(0.1, warmup=5),
    schedules.ReduceOnPlateau(0.1, patience=0, factor=0.5, threshold=0.5),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
@pytest.mark.parametrize("given", [True, False])
def test_schedules_go_on(path, schedule, given):
    net = noisy_network()
    net.fit(X, Y, epochs=3, learning_rate=schedule, optimizer="momentum", batch_size=5)
    twin = through_file(net, path)
    for one in (net, twin):
        one.fit(X, Y, epochs=4, learning_rate=schedule if given else None, resume=True)
        one.partial_fit(X, Y)
        one.fit(X, Y, epochs=1, resume=True, learning_rate=0.1)
    check_same(twin, net)


@pytest.mark.parametrize(
    "seed", [3, np.random.RandomState(3), np.random.Generator(np.random.SFC64(3))]
)
def test_shuffles_go_on(path, seed):
    net = small_network(seed=seed)
    net.fit(X, Y, epochs=2)
    twin = through_file(net, path)
    assert state_of(twin).random is not seed
    for one in (twin, net):
        one.fit(X, Y, epochs=2, resume=True)
        one.fit(X, Y)
    check_same(twin, net)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("make", [small_network, noisy_network])
def test_a_stream_goes_on(path, optimizer, make):
    net = make()
    net.partial_fit(X[0], Y[0], optimizer=optimizer, learning_rate=0.1)
    twin = through_file(net, path)
    for n, (x, y) in enumerate(zip(X, Y, strict=True)):
        net.partial_fit(x, y)
        twin = through_file(twin, path) if n % 4 == 0 else twin
        twin.partial_fit(x, y)
    check_same(twin, net)


def test_every_checkpoint_is_the_network_of_its_epoch(path):
    """Saved within `fit`, where the history and the optimiser's state are those of that moment."""

    class Look(Callback):
        def epoch(self, run):
            check_same(Network.load(path), run.network)

    how = {"optimizer": "adam", "batch_size": 4, "validation_fraction": 0.25}
    whole, net = noisy_network(), noisy_network()
    whole.fit(X, Y, epochs=9, **how)
    for resume in (False, True):
        net.fit(X, Y, epochs=3, resume=resume, callbacks=[Checkpoint(path), Look()], **how)
    saved = Network.load(path)
    saved.fit(X, Y, epochs=3, resume=True, **how)
    check_same(saved, whole)


def test_nothing_of_training_is_lost():
    """A field that is added to the state must be added to the format: a new version of it."""
    names = [item.name for item in fields(TrainingState)]
    assert names == [
        "optimizer", "schedule", "reduction", "slots", "counters", "epochs", "updates",
    ]  # fmt: skip
    assert len(network_file._COUNTERS) == network_file.N_COUNTERS


# ---- functions of one's own ----------------------------------------------------------------------


def halving(epoch):
    return 0.1 * 0.5**epoch


def test_a_schedule_of_ones_own_must_be_given_again(path):
    net = small_network()
    net.fit(X, Y, epochs=2, learning_rate=halving, optimizer="adam")
    twin = through_file(through_file(net, path), path)
    before = twin.params.copy()
    match = "learning_rate must be given: it was halving, a function of the user's, which a file do"
    for train in (
        lambda: twin.fit(X, Y, resume=True),
        lambda: twin.fit(X, Y, resume=True, optimizer="adam"),
        lambda: twin.partial_fit(X, Y),
    ):
        with pytest.raises(ValueError, match=match):
            train()
        np.testing.assert_array_equal(twin.params, before)
    assert twin.history.epoch == [0, 1]
    for one in (net, twin):
        one.fit(X, Y, epochs=2, resume=True, learning_rate=halving)
    check_same(twin, net)
    through_file(net, path).partial_fit(X, Y, learning_rate=0.1)
    through_file(net, path).fit(X, Y)


def test_a_lambda_as_a_schedule_can_be_saved_but_not_pickled(path):
    net = small_network()
    net.fit(X, Y, learning_rate=lambda epoch: 0.1)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(net)
    for twin in (copy.deepcopy(net), through_file(net, path)):
        np.testing.assert_array_equal(twin.params, net.params)
    net.fit(X, Y, learning_rate=halving)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(net)).params, net.params)


def draw(random, shape):
    return random.random(shape)


def test_an_initialiser_of_ones_own_is_not_needed_any_more(path):
    layers = [Dense(4, initializer=draw, bias_initializer=initializers.zeros), Dense(2)]
    net = Network(3, layers, seed=0)
    twin = through_file(net, path)
    for one in (net, twin):
        one.fit(X, Y, epochs=2)
    check_same(twin, net)
    assert twin.layers[0].bias_initializer == "zeros"
    np.testing.assert_array_equal(Network(3, twin.layers).predict(X), twin.predict(X))
    with pytest.raises(ValueError, match="initializer must be given: it was draw, a function of"):
        Network(3, [replace(layer, weights=None) for layer in twin.layers])


@dataclass(frozen=True)
class MyAdam(Adam):
    learning_rate: float = 0.02


def test_an_optimizer_of_ones_own_must_be_given_again(path):
    net = small_network()
    net.fit(X, Y, epochs=3, optimizer=MyAdam(), callbacks=[Checkpoint(path)])
    twin = through_file(through_file(net, path), path)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    assert twin.history.epoch == net.history.epoch
    match = "optimizer must be given: it was MyAdam, a class of the user's, which a file does not"
    for train in (
        lambda: twin.fit(X, Y, resume=True),
        lambda: twin.fit(X, Y, resume=True, learning_rate=0.1),
        lambda: twin.partial_fit(X, Y),
        lambda: twin.partial_fit(X[0], Y[0]),
        lambda: twin.partial_fit(X, Y, learning_rate=0.1),
    ):
        with pytest.raises(ValueError, match=match):
            train()
        np.testing.assert_array_equal(twin.params, net.params)
    history = twin.fit(X, Y, epochs=2, resume=True, optimizer=MyAdam())
    assert history.epoch == [3, 4]
    assert not np.array_equal(twin.params, net.params)
    for optimizer in ("adam", MyAdam()):
        copied = through_file(net, path)
        copied.partial_fit(X, Y, optimizer=optimizer)
        copied.fit(X, Y)
    kept = pickle.loads(pickle.dumps(net))
    for one in (net, kept):
        one.fit(X, Y, epochs=2, resume=True)
    check_same(kept, net)
