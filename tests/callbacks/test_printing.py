"""Lines that training prints."""

import io

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn._training.epochs import CompiledEpochs
from fastnn.callbacks import Checkpoint, EarlyStopping, PrintMetrics
from fastnn.schedules import Exponential

from ..support.networks import make_data, small_network
from ..support.training import Recorder

X, Y = make_data(12, 3, 2)


def epochs_printed(text):
    return [int(line.removeprefix("epoch ").split(":")[0]) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("epochs", "verbose", "expected"),
    [
        (4, 1, [0, 1, 2, 3]),
        (7, 3, [0, 3, 6]),
        (6, 3, [0, 3, 5]),
        (3, 100, [0, 2]),
        (1, np.int64(5), [0]),
        (4, True, [0, 1, 2, 3]),
        (21, True, [*range(0, 21, 2)]),
        (1000, True, [*range(0, 1000, 50), 999]),
        (3, False, []),
        (3, 0, []),
    ],
)
def test_a_line_after_every_few_epochs_and_the_last(epochs, verbose, expected, capsys):
    small_network().fit(X, Y, epochs=epochs, verbose=verbose)
    out, err = capsys.readouterr()
    assert epochs_printed(out) == expected
    assert err == ""


def test_a_line_has_what_was_recorded(capsys):
    net = small_network()
    options = {"metrics": ["mse", "r2"], "validation_data": (X, Y), "evaluate_every": 2}
    history = net.fit(X, Y, epochs=2, verbose=1, **options)
    first, second = capsys.readouterr().out.splitlines()
    names = ["loss", "mse", "val_loss", "val_mse", "val_r2"]
    assert first == "epoch 0: " + " ".join(f"{name}={history[name][0]:#.4g}" for name in names)
    assert second == f"epoch 1: loss={history['loss'][1]:#.4g} mse={history['mse'][1]:#.4g}"


def test_a_long_line_goes_on_in_the_next(capsys):
    def a_figure_with_a_rather_long_name(y, outputs):
        return -1234567.0

    def another_figure_with_a_longer_name_still(y, outputs):
        return 1e-30

    metrics = [
        "mse",
        "mae",
        a_figure_with_a_rather_long_name,
        another_figure_with_a_longer_name_still,
    ]
    small_network().fit(X, Y, metrics=metrics, validation_data=(X, Y), verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("epoch 0: loss=")
    assert all(line.startswith("    ") for line in lines[1:])
    assert " ".join(lines).count("=") == 8


def test_epochs_between_lines_are_trained_at_once(capsys, monkeypatch):
    spans = []
    train = CompiledEpochs.pass_over
    monkeypatch.setattr(
        CompiledEpochs,
        "pass_over",
        lambda self, data, rates, *rest: (
            spans.append(len(rates)) or train(self, data, rates, *rest)
        ),
    )
    net, expected = small_network(), small_network()
    net.fit(X, Y, epochs=25, learning_rate=Exponential(0.3, 0.9), verbose=10)
    assert spans == [1, 10, 10, 4]
    expected.fit(X, Y, epochs=25, learning_rate=Exponential(0.3, 0.9))
    np.testing.assert_array_equal(net.params, expected.params)
    assert net.history.columns() == expected.history.columns()


def test_a_callback_of_each_epoch_is_called_for_each(capsys, tmp_path):
    seen, path = Recorder(), tmp_path / "net.fastnn"
    callbacks = [seen, Checkpoint(path, every=4), PrintMetrics(5)]
    small_network().fit(X, Y, epochs=11, callbacks=callbacks)
    assert len(seen.params) == 11
    assert epochs_printed(capsys.readouterr().out) == [0, 5, 10]
    assert len(Network.load(path).history.epoch) == 8


def test_resumed_and_stopped_training(capsys):
    net = small_network()
    net.fit(X, Y, epochs=5, verbose=3)
    net.fit(X, Y, epochs=5, verbose=3, resume=True)
    assert epochs_printed(capsys.readouterr().out) == [0, 3, 4, 6, 9]
    net.fit(X, Y, epochs=50, callbacks=[PrintMetrics(20), Recorder(stop_at=7)])
    assert epochs_printed(capsys.readouterr().out) == [0, 7]


def test_lines_stand_above_a_progress_bar(capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    small_network().fit(X, Y, epochs=3, verbose=1, progress=True)
    assert epochs_printed(capsys.readouterr().out) == [0, 1, 2]
    assert "sample/s" in terminal.getvalue()


def test_lines_come_after_what_callbacks_record(capsys):
    class Record(Recorder):
        def epoch(self, run):
            run.history.record(run.epoch, {"norm": 2.0})

    small_network().fit(X, Y, callbacks=[Record()], verbose=True)
    assert capsys.readouterr().out.endswith(" norm=2.000\n")


@pytest.mark.parametrize("data", ["chunks", "lbfgs"])
def test_other_ways_to_train(data, capsys):
    if data == "lbfgs":
        pytest.importorskip("scipy")
        small_network().fit(X, Y, epochs=5, optimizer="lbfgs", batch_size=None, verbose=2)
    else:
        small_network().fit([(X[:6], Y[:6]), (X[6:], Y[6:])], epochs=5, verbose=2)
    assert epochs_printed(capsys.readouterr().out) == [0, 2, 4]


@pytest.mark.parametrize(
    ("verbose", "error"),
    [(-1, ValueError), (1.5, TypeError), ("yes", TypeError), (None, TypeError)],
)
def test_what_verbose_must_be(verbose, error, capsys):
    net = small_network()
    with pytest.raises(error, match="verbose must be"):
        net.fit(X, Y, verbose=verbose)
    assert not net.history.epoch
    assert capsys.readouterr().out == ""


def test_the_monitor_of_another_callback_is_checked_all_the_same(capsys):
    with pytest.raises(ValueError, match="monitor must be a metric that is recorded"):
        small_network().fit(X, Y, verbose=1, callbacks=[EarlyStopping("val_loss")])
    assert capsys.readouterr().out == ""


def test_a_population_prints_none():
    with pytest.raises(
        TypeError,
        match=r"got \['verbose'\], which a network .* has not: give progress=True.*PrintMetrics",
    ):
        Population([Network(3, [Dense(2)])]).fit(X, Y, settings=[{"verbose": 1}])
