"""What training recorded: of one `fit`, and of all since training last started afresh."""

import pytest

from fastnn import History
from fastnn.callbacks import Callback

from .support.networks import make_data, small_network
from .support.training import Recorder

X, Y = make_data(6, 3, 2)


def same(one, other):
    return one.epoch == other.epoch and one.columns() == other.columns()


def test_a_history_is_extended_by_others():
    whole, parts = History(), [History(), History()]
    for epoch in range(5):
        figures = {"loss": float(epoch)} | ({"val_loss": 1.0} if epoch % 3 == 0 else {})
        whole.record(epoch, figures)
        parts[epoch // 2 > 0].record(epoch, figures)
    got = History()
    for part in parts:
        got.extend(part.epoch, part.columns())
    assert same(got, whole)
    got.record(5, {"loss": 0.0})
    assert [len(part["loss"]) for part in (whole, *parts)] == [5, 2, 3]


def test_a_network_knows_what_was_recorded_since_training_started_afresh():
    net, whole = small_network(), small_network()
    assert net.history.epoch == []
    how = {"validation_data": (X, Y), "evaluate_every": 2, "metrics": ["mse"]}
    whole.fit(X, Y, epochs=7, **how)
    parts = [net.fit(X, Y, epochs=n, resume=n > 1, **how) for n in (1, 2, 4)]
    assert same(net.history, whole.history)
    assert [part.epoch for part in parts] == [[0], [1, 2], [3, 4, 5, 6]]
    afresh = net.fit(X, Y, epochs=2)
    assert same(net.history, afresh)
    assert list(net.history) == ["loss"]


def test_it_is_a_copy():
    net = small_network()
    returned = net.fit(X, Y, epochs=2)
    net.history.record(2, {"loss": 0.0})
    assert same(net.history, returned)
    returned.epoch.clear()
    net.fit(X, Y, resume=True)
    assert len(net.history["loss"]) == 3


def test_rows_of_a_stream_are_not_recorded():
    net = small_network()
    net.partial_fit(X, Y)
    assert net.history.epoch == []
    expected = net.fit(X, Y, epochs=2)
    net.partial_fit(X, Y)
    assert same(net.history, expected)
    net.fit(X, Y, resume=True)
    assert net.history.epoch == [0, 1, 2]


def test_callbacks_see_both():
    class Watch(Callback):
        def __init__(self):
            self.seen = []

        def epoch(self, run):
            self.seen.append((len(run.history.epoch), len(run.network.history.epoch)))

    net, watch = small_network(), Watch()
    for resume in (False, True):
        net.fit(X, Y, epochs=2, resume=resume, callbacks=[watch])
    assert watch.seen == [(1, 1), (2, 2), (1, 3), (2, 4)]


def test_training_that_fails_leaves_what_it_has_recorded():
    net = small_network()
    net.fit(X, Y, epochs=2)
    for fail_in, expected in (("start", [0, 1]), ("epoch", [0, 1, 2])):
        with pytest.raises(OSError, match=fail_in):
            net.fit(X, Y, epochs=3, resume=True, callbacks=[Recorder(fail_in=fail_in)])
        assert net.history.epoch == expected
    with pytest.raises(OSError, match="start"):
        net.fit(X, Y, epochs=3, callbacks=[Recorder(fail_in="start")])
    assert net.history.epoch == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("val_loss", "; val_ are those of validation_data or validation_fraction, given to fit"),
        ("acc", "; did you mean 'accuracy'?"),
        (3, ""),
    ],
)
def test_a_metric_that_is_not_there_is_told_with_those_that_are(name, more):
    history = History()
    history.record(0, {"loss": 0.5, "accuracy": 1.0})
    for get in (history.__getitem__, history.epochs_of):
        with pytest.raises(KeyError) as caught:
            get(name)
        known = f"a history must have the metric {name!r}, got 'loss', 'accuracy'{more}"
        assert caught.value.args == (known,)
    assert name not in history
    assert history.get(name) is None
