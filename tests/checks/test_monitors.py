"""Which figure is watched: a name that is not known is an error before anything is trained."""

import numpy as np
import pytest

from fastnn import Dense, Network, Population, schedules
from fastnn._checks.monitors import check_recorded, sign_of
from fastnn.callbacks import Callback, Checkpoint, EarlyStopping

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import check_equal, snapshot

X, Y = make_data(12, 3, 2)


@pytest.mark.parametrize(
    ("monitor", "expected"),
    [("loss", -1), ("mse", -1), ("mae", -1), ("penalty", -1), ("accuracy", 1), ("r2", 1)],
)
def test_figures_of_fastnn_are_known(monitor, expected):
    for name in (monitor, f"val_{monitor}"):
        assert sign_of(name, "auto") == expected
        assert (sign_of(name, "min"), sign_of(name, "max")) == (-1, 1)


@pytest.mark.parametrize(
    "make",
    [
        EarlyStopping,
        lambda name, **mode: Checkpoint("net", monitor=name, **mode),
        lambda name, **mode: schedules.ReduceOnPlateau(0.1, monitor=name, **mode),
        lambda name, **mode: sign_of(name, **{"mode": "auto"} | mode),
    ],
)
def test_of_another_figure_nobody_knows_which_way_is_better(make):
    for name in ("val_f1", "f1", "val_auc", "my_score", "val_", ""):
        with pytest.raises(ValueError, match=f"mode must be 'min' or 'max' for '{name}'"):
            make(name)
        make(name, mode="max")
    for name, meant in {
        "val_acc": "val_accuracy",
        "val_los": "val_loss",
        "los": "loss",
        "val_sky_los": "val_sky_loss",
    }.items():
        with pytest.raises(ValueError, match=rf"for '{name}', .*; did you mean '{meant}'\?"):
            make(name)
    with pytest.raises(TypeError, match="monitor must be the name of a metric, got 3"):
        make(3)


def test_the_best_of_a_population():
    population = Population(small_network(seed=seed) for seed in range(4))

    def score(y, outputs):
        return -float(np.square(y - outputs).mean())

    population.fit(X, Y, metrics=[score], validation_data=(X, Y))
    with pytest.raises(ValueError, match="mode must be 'min' or 'max' for 'val_score'"):
        population.best("val_score")
    best = population.best("val_score", mode="max")
    assert best.figure == max(net.history["val_score"][-1] for net in population)


def test_a_plateau_of_a_score_knows_its_way():
    for monitor, figures in (("val_accuracy", (0.5, 0.6, 0.7)), ("val_loss", (0.7, 0.6, 0.5))):
        rising = schedules.ReduceOnPlateau(1.0, patience=0, monitor=monitor).start()
        for figure in figures:
            rising.observe({monitor: figure})
        assert rising(3) == 1.0
    assert schedules.ReduceOnPlateau(1.0) == schedules.ReduceOnPlateau(1.0, mode="min")


# ---- what is not recorded ------------------------------------------------------------------------

VALIDATION = {"validation_data": (X, Y)}


@pytest.mark.parametrize(
    "watch",
    [
        lambda name: {"callbacks": [EarlyStopping(name, mode="min")]},
        lambda name: {"callbacks": [Checkpoint("net", monitor=name, mode="min")]},
        lambda name: {"learning_rate": schedules.ReduceOnPlateau(0.1, monitor=name, mode="min")},
    ],
)
@pytest.mark.parametrize(
    ("monitor", "options", "hint"),
    [
        ("val_loss", {}, "without validation data, or an epoch that evaluate_every takes"),
        ("val_los", VALIDATION, "did you mean 'val_loss'"),
        ("val_r2", VALIDATION, "one of 'loss'"),
        ("mse", {}, "one of 'loss'"),
        ("val_loss", VALIDATION | {"evaluate_every": 7, "epochs": 4}, "without validation data"),
    ],
)
def test_resumed_or_not_it_is_noticed(watch, monitor, options, hint):
    net = noisy_network()
    net.fit(X, Y, epochs=3, optimizer="adam", validation_fraction=0.25)
    before = snapshot(net)
    for resume in (False, True):
        if "evaluate_every" in options and not resume:
            continue  # its epoch 0 is evaluated
        with pytest.raises(ValueError, match="monitor must be a metric that is recorded") as caught:
            net.fit(X, Y, resume=resume, **options, **watch(monitor))
        assert hint in str(caught.value)
        check_equal(snapshot(net), before)


def test_evaluation_that_comes_later_is_awaited():
    net = small_network()
    net.fit(X, Y, epochs=3)
    stopping = EarlyStopping(patience=1)
    net.fit(X, Y, epochs=4, resume=True, evaluate_every=5, callbacks=[stopping], **VALIDATION)
    assert stopping.best_epoch == 5
    plateau = schedules.ReduceOnPlateau(0.1, monitor="val_loss")
    options = {"epochs": 4, "resume": True, "evaluate_every": 5, "learning_rate": plateau}
    history = net.fit(X, Y, **options, **VALIDATION)
    assert history.epochs_of("val_loss") == [10]


def test_a_figure_that_another_callback_records():
    class Record(Callback):
        def epoch(self, run):
            run.history.record(run.epoch, {"norm": float(np.square(run.network.params).sum())})

    net, stopping = small_network(), EarlyStopping("norm", mode="min")
    for resume in (False, True):
        net.fit(X, Y, epochs=2, resume=resume, callbacks=[Record(), stopping])
        assert np.isfinite(stopping.best)
        with pytest.raises(
            ValueError, match="one of 'loss', 'norm'; got 'nrm'; did you mean 'norm'"
        ):
            net.fit(X, Y, resume=True, callbacks=[Record(), EarlyStopping("nrm", mode="min")])


def test_what_is_recorded_is_what_is_announced():
    seen = []

    class Look(Callback):
        def epoch(self, run):
            seen.append((set(run.recorded), set(run.history)))

    net = Network(3, [Dense(4, "tanh", l2=0.1), Dense(2, "sigmoid")], seed=0)
    net.fit(X, Y, metrics=["mse", "r2"], callbacks=[Look()], **VALIDATION)
    net.fit(X, Y, validation_fraction=0.25, callbacks=[Look()])
    net.fit(X, Y, optimizer="lbfgs", batch_size=None, metrics=["mae"], callbacks=[Look()])
    net.fit(lambda: iter([(X, Y)]), callbacks=[Look()])
    assert len(seen) == 4
    assert all(announced == recorded for announced, recorded in seen)


def test_names_are_suggested():
    with pytest.raises(ValueError, match=r"one of 'loss', 'mae'; got 'mea'; did you mean 'mae'\?"):
        check_recorded("mea", ["loss", "mae"])
