"""Trials of Optuna that end early."""

import sys

import numpy as np
import pytest

from fastnn.callbacks import EarlyStopping, OptunaPruning

from ..support.networks import make_data, small_network
from ..support.training import Recorder

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)

X, Y = make_data(12, 3, 2)
ALL = optuna.pruners.ThresholdPruner(upper=-1.0)  # prunes at once


def make_study(pruner=None, **options):
    sampler = optuna.samplers.RandomSampler(seed=0)
    return optuna.create_study(
        sampler=sampler, pruner=pruner or optuna.pruners.NopPruner(), **options
    )


def test_a_study_prunes_what_is_worse_than_the_median():
    histories = {}

    def objective(trial):
        rate = trial.suggest_float("learning_rate", 1e-4, 1.0, log=True)
        net = small_network()
        callbacks = [OptunaPruning(trial)]
        options = {"learning_rate": rate, "validation_data": (X, Y), "callbacks": callbacks}
        try:
            return net.fit(X, Y, epochs=10, **options)["val_loss"][-1]
        finally:
            histories[trial.number] = net.history

    study = make_study(optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=2))
    study.optimize(objective, n_trials=12)
    states = [trial.state for trial in study.trials]
    assert {*states} == {optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED}
    for trial in study.trials:  # each epoch was reported, and none followed that which was pruned
        history = histories[trial.number]
        assert trial.intermediate_values == dict(enumerate(history["val_loss"]))
        is_whole = trial.state == optuna.trial.TrialState.COMPLETE
        assert is_whole == (len(history.epoch) == 10)
    fates = [
        trial.params["learning_rate"]
        for trial in study.trials
        if len(trial.intermediate_values) < 10
    ]
    assert max(fates) < study.best_params["learning_rate"]


def test_the_network_is_as_after_the_epoch_in_which_it_was_pruned():
    net, expected, seen = small_network(), small_network(), Recorder()
    callbacks = [OptunaPruning(make_study(ALL).ask(), "loss"), seen]
    with pytest.raises(optuna.TrialPruned, match=r"pruned after epoch 0 at loss=0\.\d+"):
        net.fit(X, Y, epochs=5, optimizer="adam", callbacks=callbacks)
    expected.fit(X, Y, optimizer="adam")
    np.testing.assert_array_equal(net.params, expected.params)
    assert net.history["loss"] == expected.history["loss"]
    assert [call for call, _, _ in seen.calls] == ["start", "end"]
    for one in (net, expected):
        one.fit(X, Y, epochs=2, resume=True)
    np.testing.assert_array_equal(net.params, expected.params)


def test_early_stopping_restores_the_best_of_what_was_pruned():
    pruner = optuna.pruners.ThresholdPruner(upper=-1.0, n_warmup_steps=5)
    net, stopping = small_network(), EarlyStopping("loss")
    callbacks = [stopping, OptunaPruning(make_study(pruner).ask(), "loss")]
    seen = Recorder()
    small_network().fit(X, Y, epochs=6, learning_rate=4.0, callbacks=[seen])
    with pytest.raises(optuna.TrialPruned):
        net.fit(X, Y, epochs=20, learning_rate=4.0, callbacks=callbacks)
    assert len(net.history.epoch) == 6
    np.testing.assert_array_equal(net.params, seen.params[stopping.best_epoch])


def test_epochs_without_the_metric_are_not_reported():
    study = make_study()
    trial = study.ask()
    options = {"validation_data": (X, Y), "evaluate_every": 3, "callbacks": [OptunaPruning(trial)]}
    small_network().fit(X, Y, epochs=5, **options)
    study.tell(trial, 1.0)
    assert [*study.trials[0].intermediate_values] == [0, 3]


def test_a_fixed_trial_goes_through():
    trial = optuna.trial.FixedTrial({})
    assert (
        len(small_network().fit(X, Y, epochs=3, callbacks=[OptunaPruning(trial, "loss")])["loss"])
        == 3
    )


def test_what_is_not_recorded():
    net = small_network()
    with pytest.raises(ValueError, match="monitor must be a metric that is recorded"):
        net.fit(X, Y, callbacks=[OptunaPruning(make_study().ask())])
    assert not net.history.epoch


def test_studies_that_go_another_way():
    trial = make_study(direction="maximize").ask()
    with pytest.raises(ValueError, match=r"must minimize 'val_loss' alone .* study of maximize"):
        OptunaPruning(trial)
    assert OptunaPruning(trial, "val_accuracy").monitor == "val_accuracy"
    assert OptunaPruning(trial, "f1", mode="max").mode == "max"
    two = make_study(directions=["minimize", "minimize"]).ask()
    with pytest.raises(ValueError, match="study of minimize, minimize"):
        OptunaPruning(two)
    with pytest.raises(TypeError, match="trial must be a trial of Optuna, got 'Study'"):
        OptunaPruning("Study")


def test_without_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna.trial", None)
    with pytest.raises(ImportError, match='needs Optuna, of the extra optuna: pip install "optuna'):
        OptunaPruning(object())
