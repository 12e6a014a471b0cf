"""Where training stands: it goes on from there, to the bit."""

import copy
import gc
import inspect
import pickle
import re
import warnings
import weakref

import numpy as np
import pytest

import fastnn
from fastnn import Network, Population, schedules
from fastnn._training.request import FitOptions
from fastnn._training.state import state_of
from fastnn.callbacks import Checkpoint
from fastnn.optimizers import Adam

from ..support.networks import make_data, noisy_network, small_network
from ..support.pages import DOCS
from ..support.training import Recorder

X, Y = make_data(12, 3, 2)


# ---- going on ------------------------------------------------------------------------------------


EVERYTHING = {
    "batch_size": 4,
    "optimizer": Adam(0.01),
    "input_noise": 0.2,
    "validation_fraction": 0.25,
    "metrics": ["mse", "r2"],
    "sample_weight": np.arange(1.0, 13),
}


@pytest.mark.parametrize(
    "schedule", [None, schedules.ReduceOnPlateau(0.01, patience=0, factor=0.5)]
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_checkpoint_resumed_equals_training_uninterrupted(schedule, dtype, tmp_path):
    whole, parts = noisy_network(dtype=dtype), noisy_network(dtype=dtype)
    expected = whole.fit(X, Y, epochs=9, learning_rate=schedule, **EVERYTHING)
    checkpoint = Checkpoint(tmp_path / "net", every=5)
    failing = Recorder(fail_in="epoch", fail_at=6)
    with pytest.raises(OSError, match="in epoch"):
        parts.fit(
            X, Y, epochs=9, learning_rate=schedule, callbacks=[checkpoint, failing], **EVERYTHING
        )
    saved = Network.load(tmp_path / "net")
    got = saved.fit(X, Y, epochs=4, resume=True, **EVERYTHING)
    np.testing.assert_array_equal(saved.params, whole.params)
    np.testing.assert_array_equal(state_of(saved).training.slots, state_of(whole).training.slots)
    assert got.epoch == [5, 6, 7, 8]
    for name in expected:
        assert got[name] == expected[name][5:]


def test_resuming_keeps_the_optimiser_and_has_the_defaults_of_all_else():
    nets = [noisy_network() for _ in range(3)]
    for net in nets:
        net.fit(X, Y, epochs=2, **EVERYTHING)
    history = nets[0].fit(X, Y, resume=True)
    assert [*history] == ["loss", "penalty"]
    assert state_of(nets[0]).training.optimizer == EVERYTHING["optimizer"]
    nets[1].fit(X, Y, resume=True, optimizer=EVERYTHING["optimizer"], batch_size=1)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    nets[2].fit(X, Y, resume=True, **EVERYTHING)
    assert not np.array_equal(nets[0].params, nets[2].params)


@pytest.mark.parametrize("where", ["docstring", "page"])
def test_what_has_to_be_given_again_is_named(where):
    page = DOCS / "training.md"
    text = Network.fit.__doc__ if where == "docstring" else page.read_text("utf-8")
    _, _, told = text.partition("be given again")
    kept = {"epochs", "optimizer", "learning_rate", "resume", "progress", "verbose"}
    again = {*FitOptions._fields} - kept - {"validation_data", "validation_fraction"}
    assert again <= {*re.findall(r"`(\w+)`", told.partition("to the bit")[0])}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_copies_train_on_alike_and_apart(copied, optimizer):
    net = noisy_network()
    how = {"optimizer": optimizer, "input_noise": 0.1, "batch_size": 4}
    net.fit(X, Y, epochs=2, **how)
    twin, before = copied(net), state_of(net).training.slots.copy()
    twin.fit(X, Y, epochs=3, resume=True, **how)
    np.testing.assert_array_equal(state_of(net).training.slots, before)
    net.fit(X, Y, epochs=3, resume=True, **how)
    np.testing.assert_array_equal(twin.params, net.params)
    np.testing.assert_array_equal(state_of(twin).training.slots, state_of(net).training.slots)


def test_a_network_that_joblib_maps_from_a_file_trains_on(tmp_path):
    joblib = pytest.importorskip("joblib")
    net = noisy_network()
    how = {"optimizer": "adam", "batch_size": 4}
    net.fit(X, Y, epochs=2, **how)
    joblib.dump(net, tmp_path / "net")
    twin = joblib.load(tmp_path / "net", mmap_mode="r")
    for array in (
        twin.params,
        state_of(twin).model.table,
        state_of(twin).training.slots,
        state_of(twin).training.counters,
    ):
        assert type(array) is np.ndarray
        assert array.flags.writeable
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    for one in (net, twin):
        one.fit(X, Y, resume=True, **how)
    np.testing.assert_array_equal(twin.params, net.params)


def test_partial_fit_keeps_the_state_of_adam():
    net, whole, fresh = small_network(), small_network(), small_network()
    for x, y in zip(X, Y, strict=True):
        net.partial_fit(x, y, optimizer="adam")
        fresh.fit(x[np.newaxis], y[np.newaxis], optimizer="adam")
    whole.fit(X, Y, optimizer="adam", shuffle=False)
    np.testing.assert_array_equal(net.params, whole.params)
    assert (net.params != fresh.params).any()


def test_partial_fit_goes_on_drawing_dropout():
    net, other = noisy_network(), noisy_network()
    for one in (net, other):
        one.partial_fit(X, Y)
        one.partial_fit(X, Y)
    np.testing.assert_array_equal(net.params, other.params)
    key, seen = state_of(net).training.counters[[2, 1]]
    assert (key > 0, seen) == (True, 24)


def test_the_defaults_of_fit_are_those_that_need_no_check():
    parameters = inspect.signature(Network.fit).parameters.values()
    got = {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}
    assert got == FitOptions()._asdict()


# ---- what a network keeps from one call of fit to the next ---------------------------------------

USUAL = [
    {},
    {"epochs": 3},
    {"learning_rate": 0.5},
    {"batch_size": 4},
    {"batch_size": None},
    {"batch_size": 4, "optimizer": "adam"},
    {"optimizer": "momentum"},
    {"input_noise": 0.5},
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", USUAL, ids=str)
def test_a_call_like_the_last_trains_as_a_new_network_would(options, dtype):
    net, rng = small_network(dtype=dtype), np.random.default_rng(1)
    parts = [(X, Y), (X, Y), (X[:5], Y[:5]), (X[:5], Y[:5]), (X, Y), (X, Y)]
    for n_calls, (x, y) in enumerate(parts):
        twin = copy.deepcopy(net)  # keeps nothing
        expected, got = twin.fit(x, y, **options), net.fit(x, y, **options)
        np.testing.assert_array_equal(net.params, twin.params)
        assert dict(got) == dict(expected)
        assert state_of(net).usual_fit.n_samples == len(x)
        if n_calls % 2:
            net.params = rng.normal(size=net.params.size)


def test_what_is_kept_serves_no_other_options():
    net, rng = small_network(), np.random.default_rng(2)
    for k in rng.integers(len(USUAL), size=40):
        twin = copy.deepcopy(net)
        for one in (net, twin):
            one.fit(X, Y, **USUAL[k])
        np.testing.assert_array_equal(net.params, twin.params)


def test_nothing_is_kept_of_a_call_with_what_may_change():
    net, rate = small_network(), np.array(0.5)
    for options in ({"learning_rate": rate}, {"learning_rate": lambda epoch: 0.1}, {"metrics": []}):
        net.fit(X, Y)
        net.fit(X, Y, **options)
        assert state_of(net).usual_fit is None


def test_nothing_is_kept_of_a_call_that_fails_or_of_other_layers():
    net = small_network()
    net.fit(X, Y)
    with pytest.raises(ValueError, match="finite"):
        net.fit(np.full_like(X, np.nan), Y)
    net.fit(X, Y)
    with pytest.raises(fastnn.DivergenceError):
        net.fit(X, Y * 1e200)
    assert state_of(net).usual_fit is None
    net.fit(X, Y)
    net.trainable = [False, True]
    before = net.weights[0].copy()
    net.fit(X, Y)
    np.testing.assert_array_equal(net.weights[0], before)


def fit(net, x, **options):
    net.fit(x, Y, **options)


def stream(net, x, **options):
    for _ in range(2):  # the second time it is ready
        net.partial_fit(x, Y, **options)


@pytest.mark.parametrize(
    ("train", "options"),
    [*((fit, options) for options in USUAL), (stream, {}), (stream, {"batch_size": 4})],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_a_network_and_its_samples_are_freed_without_a_collection(train, options):
    net, x = small_network(), X.copy()
    train(net, x, **options)
    alive = weakref.ref(state_of(net)), weakref.ref(x)
    gc.collect()
    gc.disable()
    try:
        del net, x
        assert [ref() for ref in alive] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        ({}, True),
        ({"batch_size": 5}, True),
        ({"batch_size": 12, "validation_fraction": 0.25}, False),  # 9 samples are left
        ({"batch_size": 8, "validation_fraction": 0.25}, True),
        ({"batch_size": None}, False),
        ({"batch_size": 12}, False),
        ({"optimizer": "adam"}, False),
    ],
)
def test_irprop_says_that_it_is_for_full_batches(options, warns):
    net = small_network()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        net.fit(X, Y, **{"optimizer": "irprop"} | options)
    assert [each.filename for each in told] == [__file__] * warns  # where `fit` is called
    assert all(
        f"batch_size must be None for irprop to learn well, got {options.get('batch_size', 1)}: it"
        in str(each.message)
        for each in told
    )


def test_a_population_says_so_where_its_fit_is_called():
    with pytest.warns(UserWarning, match="batch_size must be None for irprop") as told:
        Population([small_network(), small_network()]).fit(X, Y, optimizer="irprop")
    assert {each.filename for each in told} == {__file__}


def test_chunks_are_no_full_batch():
    with pytest.warns(UserWarning, match="batch_size must be None for irprop"):
        small_network().fit([(X, Y)], batch_size=12, optimizer="irprop")
