"""Callbacks, called as training calls them, on figures that are made up."""

import math
import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastnn import Dense, Network
from fastnn.callbacks import Callback, Checkpoint, CSVLog, EarlyStopping

from ..support.training import make_run, run_through


def epoch_of(net):
    """Return the epoch that the parameters of `net` are of."""
    (epoch,) = np.unique(np.concatenate([W.ravel() for W in net.weights]))
    return epoch


# ---- the protocol --------------------------------------------------------------------------------


def test_a_run_stops_when_it_is_told_to():
    run = make_run()
    assert (run.epoch, run.stopping) == (-1, False)
    run.stop()
    assert run.stopping


class SetsRate(Callback):
    """Sets the rate before or after the first epoch, and counts its ends."""

    n_ends = 0

    def __init__(self, when):
        self.when = when

    def start(self, run):
        if self.when == "start":
            run.learning_rate = 0.5

    def epoch(self, run):
        if self.when == "epoch":
            run.learning_rate /= 2

    def end(self, run):
        self.n_ends += 1


@pytest.mark.parametrize(("when", "got"), [("start", 0.5), ("epoch", 0.05)])
def test_a_callback_that_sets_the_rate_is_told_how(when, got):
    net, expected = (Network(2, [Dense(3, "tanh"), Dense(1)], seed=0) for _ in range(2))
    X, y, callback = [[0, 1], [1, 0]], [0, 1], SetsRate(when)
    for one in (net, expected):
        one.fit(X, y, epochs=2, learning_rate=0.1)
    message = f"must stay as training sets it, 0.1, got {got} from the callback SetsRate: give fit"
    with pytest.raises(ValueError, match=message):
        net.fit(X, y, epochs=3, learning_rate=0.1, resume=True, callbacks=[callback])
    if when == "epoch":  # which is whole
        expected.fit(X, y, learning_rate=0.1, resume=True)
    assert callback.n_ends == 1
    assert_array_equal(net.params, expected.params)
    assert net.history.columns() == expected.history.columns()


def test_figures_are_those_of_the_last_epoch():
    run = make_run()
    assert run.figures() == {}
    run.history.record(0, {"loss": 3.0, "val_loss": 4.0})
    run.epoch = 0
    assert run.figures() == {"loss": 3.0, "val_loss": 4.0}
    run.history.record(1, {"loss": 2.0})
    run.epoch = 1
    assert run.figures() == {"loss": 2.0}


def test_a_callback_does_nothing_of_itself():
    class Count(Callback):
        n_epochs = 0

        def epoch(self, run):
            self.n_epochs += 1

    count = Count()
    run = run_through(count, {"loss": [1.0, 2.0]})
    assert count.n_epochs == 2
    assert not run.stopping


# ---- early stopping ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "values", "best_epoch", "stopped_epoch"),
    [
        ({"patience": 2}, [3, 2, 2, 2, 1], 1, 3),
        ({"patience": 2}, [3, 2, 4, 1, 2, 0], 5, None),
        ({"patience": 1}, [3, 3], 0, 1),
        ({"patience": 2, "min_delta": 0.5}, [3, 2.5, 2.4, 2.3], 2, None),
        ({"patience": 2, "min_delta": 0.5}, [3, 2.6, 2.5, 2.3], 0, 2),
        ({"patience": 2, "mode": "max"}, [1, 2, 2, 1, 3], 1, 3),
        ({"patience": 1}, [math.nan, 1], None, 0),
        ({"patience": 2}, [math.nan, 1, math.nan, 2], 1, 3),
        # not taken: no count
        ({"patience": 2}, [3, None, None, 4, None, 4, 4], 0, 5),
    ],
)
def test_early_stopping(options, values, best_epoch, stopped_epoch):
    stopping = EarlyStopping("f", **{"mode": "min"} | options)
    run = run_through(stopping, {"loss": [0.0] * len(values), "f": values})
    assert stopping.best_epoch == best_epoch
    assert stopping.stopped_epoch == stopped_epoch
    assert run.stopping == (stopped_epoch is not None)
    if best_epoch is None:
        assert stopping.best == math.inf
    else:
        assert stopping.best == values[best_epoch]
        assert epoch_of(run.network) == best_epoch


@pytest.mark.parametrize(
    ("monitor", "best_epoch"),
    [("accuracy", 1), ("val_accuracy", 1), ("r2", 1), ("val_r2", 1), ("loss", 0), ("val_mae", 0)],
)
def test_which_way_is_better_goes_by_the_name(monitor, best_epoch):
    stopping = EarlyStopping(monitor)
    run_through(stopping, {monitor: [0.5, 0.6]})
    assert stopping.best_epoch == best_epoch


def test_the_last_parameters_stay_if_so_wanted():
    run = run_through(EarlyStopping("loss", patience=2, restore_best=False), {"loss": [1, 2, 3]})
    assert epoch_of(run.network) == 2


def test_early_stopping_starts_anew():
    stopping = EarlyStopping("loss", patience=1)
    run_through(stopping, {"loss": [1, 2]})
    run = run_through(stopping, {"loss": [5, 4]})
    assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (4, 1, None)
    assert not run.stopping


def test_training_that_fails_before_an_epoch_restores_nothing():
    stopping = EarlyStopping("loss")
    run_through(stopping, {"loss": [1, 2]})
    run = make_run()
    expected = run.network.params.copy()
    stopping.start(run)
    stopping.end(run)
    assert_array_equal(run.network.params, expected)


@pytest.mark.parametrize("monitor", ["val_loss", "losss"])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: EarlyStopping(name, mode="min"),
        lambda name: Checkpoint("net", monitor=name, mode="min"),
    ],
)
def test_a_figure_that_is_not_there_is_an_error(monitor, make):
    message = f"monitor must be a metric that is recorded, one of 'loss', 'mae'; got '{monitor}'"
    with pytest.raises(ValueError, match=message):
        run_through(make(monitor), {"loss": [1.0], "mae": [1.0]})


def test_training_that_is_resumed_may_evaluate_later():
    stopping = EarlyStopping(patience=1)
    run = run_through(stopping, {"loss": [1, 1, 1], "val_loss": [None, 1, 2]}, first_epoch=5)
    assert (stopping.best_epoch, stopping.stopped_epoch, epoch_of(run.network)) == (6, 7, 6)
    with pytest.raises(ValueError, match="one of 'loss'; got 'losss'; did you mean 'loss'"):
        run_through(EarlyStopping("losss", mode="min"), {"loss": [1]}, first_epoch=5)


# ---- checkpoints ---------------------------------------------------------------------------------


def test_checkpoint_keeps_the_last_of_every_so_many(tmp_path):
    path = tmp_path / "net"
    for n_epochs, expected in ((3, 2), (4, 2), (6, 5)):
        run_through(Checkpoint(path, every=3), {"loss": [1.0] * n_epochs})
        assert epoch_of(Network.load(path)) == expected
    assert os.listdir(tmp_path) == ["net"]


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({"monitor": "loss"}, [3, 1, 2], 1),
        ({"monitor": "accuracy"}, [3, 1, 2], 0),
        ({"monitor": "accuracy", "mode": "min"}, [3, 1, 2], 1),
        ({"monitor": "loss", "every": 2}, [3, 2, 1, 4], 1),
        ({"monitor": "val_loss"}, [3, None, 4, 2, None], 3),
    ],
)
def test_checkpoint_keeps_the_best(tmp_path, options, values, expected):
    checkpoint = Checkpoint(tmp_path / "net", **options)
    run_through(checkpoint, {options["monitor"]: values})
    assert epoch_of(Network.load(tmp_path / "net")) == expected
    run_through(checkpoint, {options["monitor"]: [9, 9]}, first_epoch=10)  # forgets the best
    assert epoch_of(Network.load(tmp_path / "net")) >= 10


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_checkpoint_that_fails_leaves_the_one_before(tmp_path, monkeypatch, where):
    path = tmp_path / "net"
    run = run_through(Checkpoint(path), {"loss": [1.0]})

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, where, fail)
    with pytest.raises(OSError, match="no space left"):
        run_through(Checkpoint(path), {"loss": [1.0]}, run, first_epoch=1)
    assert epoch_of(Network.load(path)) == 0
    assert os.listdir(tmp_path) == ["net"]


@pytest.mark.parametrize("callback", [Checkpoint, CSVLog])
def test_a_path_must_not_be_a_folder(tmp_path, callback):
    net = Network(2, [Dense(1)], seed=0)
    before = net.params.copy()
    with pytest.raises(IsADirectoryError, match=r"path must be that of a file, got the folder .*"):
        net.fit([[0, 1]], [1], callbacks=[callback(tmp_path)])
    np.testing.assert_array_equal(net.params, before)
    assert not list(tmp_path.iterdir())


def test_a_folder_must_be_there_before_training(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"path must be in a folder that exists, got .*net"):
        Checkpoint(tmp_path / "nowhere" / "net").start(make_run())
    with pytest.raises(FileNotFoundError, match="path must be in a folder that exists"):
        CSVLog(tmp_path / "nowhere" / "log.csv").start(make_run())


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: EarlyStopping(3), TypeError, "monitor must be the name of a metric, got 3"),
        (lambda: EarlyStopping(patience=0), ValueError, "patience must be at least 1, got 0"),
        (lambda: EarlyStopping(min_delta=-1), ValueError, "min_delta must be at least 0 .* got -1"),
        (lambda: EarlyStopping(mode="low"), ValueError, "mode must be one of 'auto', 'min', 'max'"),
        (lambda: Checkpoint("net", every=1.5), TypeError, "every must be a whole number, got 1.5"),
        (lambda: Checkpoint("net", monitor=3), TypeError, "monitor must be the name .* got 3"),
        (lambda: Checkpoint("net", mode="best"), ValueError, "mode must be one of .* got 'best'"),
        (lambda: Checkpoint(3), TypeError, "a path such as pathlib.Path"),
        (lambda: CSVLog(None), TypeError, "a path such as pathlib.Path"),
    ],
)
def test_what_cannot_be_built(build, error, message):
    with pytest.raises(error, match=message):
        build()


# ---- what a user's own callback says of itself ---------------------------------------------------


class Expecting(Callback):
    def expect(self, recorded):
        self.recorded = recorded


def test_a_users_callback_is_told_what_will_be_recorded():
    net, callback = Network(2, [Dense(1)], seed=0), Expecting()
    X, y = np.eye(2), np.ones(2)
    net.fit(
        X,
        y,
        metrics=["mse"],
        validation_data=(X, y),
        callbacks=[callback, EarlyStopping("val_loss")],
    )
    assert callback.recorded == ("loss", "mse", "val_loss", "val_mse")


class NextEpoch(Callback):
    def __init__(self, answer):
        self.answer = answer

    def next_epoch(self, epoch):
        return self.answer(epoch)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (lambda epoch: epoch - 1, "-1"),
        (lambda epoch: -7, "-7"),
        (lambda epoch: None, "None"),
        (lambda epoch: epoch + 3.0, "3.0"),
        (lambda epoch: math.nan, "nan"),
    ],
    ids=["before", "far before", "None", "a float", "NaN"],
)
def test_a_next_epoch_that_is_none_is_refused(answer, shown):
    net = Network(2, [Dense(1)], seed=0)
    before = net.params.copy()
    with pytest.raises(ValueError, match=rf"^next_epoch\(0\) of a callback must .*, got {shown}$"):
        net.fit(np.eye(2), np.ones(2), epochs=12, callbacks=[NextEpoch(answer)])
    assert_array_equal(net.params, before)


def test_a_next_epoch_may_be_a_whole_number_or_never():
    for answer in (lambda epoch: epoch + 2, lambda epoch: np.int64(epoch), lambda epoch: math.inf):
        net = Network(2, [Dense(1)], seed=0)
        history = net.fit(np.eye(2), np.ones(2), epochs=12, callbacks=[NextEpoch(answer)])
        assert history.epoch == list(range(12))
