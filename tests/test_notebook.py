"""What a notebook shows of a network, its summary, its trace and a history."""

import copy
import html.parser
import pickle

import numpy as np
import pytest

from fastnn import Dense, History, Network
from fastnn.network import Trace

X, Y = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]], [0, 1, 1]


class Cells(html.parser.HTMLParser):
    """The texts of cells and captions; it refuses what is not a table of texts."""

    allowed = frozenset({"table", "caption", "thead", "tbody", "tr", "th", "td"})

    def __init__(self, page):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in self.allowed
        assert {name for name, _ in attrs} <= {"style"}
        assert "color" not in str(attrs)  # the notebook's own, on light and on dark pages
        self.open.append(tag)
        if tag in ("caption", "th", "td"):
            self.texts.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts[-1] += data


def cells_of(shown):
    return Cells(shown._repr_html_()).texts


def small():
    return Network(2, [Dense(2, "tanh"), Dense(1, "sigmoid", bias=False)], seed=0)


def test_a_summary_is_text_and_a_table():
    summary = small().summary()
    assert isinstance(summary, str)
    text = [line.split() for line in summary.splitlines()]
    assert str(summary) == summary == f"{summary}"
    assert text[0] == cells_of(summary)[:6]
    assert cells_of(summary)[6:12] == ["0", "(2, 2)", "(2,)", "tanh", "6", "48"]
    assert cells_of(summary)[-6:] == ["total", "", "", "", "8", "64"]
    for same in (copy.copy(summary), copy.deepcopy(summary), pickle.loads(pickle.dumps(summary))):
        assert same == summary


def test_a_network_shows_its_summary():
    net = small()
    caption, *table = cells_of(net)
    assert caption == "Network 2-2-1, loss 'mse', float64"
    assert table == cells_of(net.summary())


def test_a_trace_shows_its_values():
    trace = small().trace(X[0], Y[0])
    assert isinstance(trace, tuple)
    cells = cells_of(trace)
    assert [text for text in cells if text.startswith("Layer")] == ["Layer 0", "Layer 1"]
    assert cells.count("z") == cells.count("grad_W") == 2
    assert np.array2string(trace[0].z, precision=4) in cells
    assert cells[-3:] == ["grad_b", "-", "-"]
    assert cells_of(trace[1])[1:] == cells[cells.index("Layer 1") + 1 :]


def test_a_trace_of_many_samples_is_cut():
    net = Network(400, [Dense(50, "tanh"), Dense(1)], seed=0)
    shown = net.trace(np.ones((100, 400)), np.ones(100))._repr_html_()
    assert "..." in shown
    assert "(100, 50)" in shown
    assert len(shown) < 10_000


def test_a_trace_is_pickled_and_copied():
    trace = small().trace(X, Y)
    for same in (copy.deepcopy(trace), pickle.loads(pickle.dumps(trace))):
        assert type(same) is Trace
        np.testing.assert_array_equal(same[1].delta, trace[1].delta)


def test_a_history_shows_first_last_and_best():
    history = History()
    for epoch, loss in enumerate((0.5, float("nan"), 0.25, 0.75)):
        history.record(epoch, {"loss": loss, "val_accuracy": 1 - loss, "own": loss})
    caption, *cells = cells_of(history)
    assert caption == "History, 4 epochs"
    assert cells == [
        *("metric", "values", "first", "last", "best", "at epoch"),
        *("loss", "4", "0.5", "0.75", "0.25", "2"),
        *("val_accuracy", "4", "0.5", "0.25", "0.75", "2"),
        *("own", "4", "0.5", "0.75", "-", "-"),  # of which nobody knows what is better
    ]


def test_a_history_of_nothing():
    assert cells_of(History())[0] == "History, 0 epochs"


def test_names_are_escaped():
    history = History()
    history.record(0, {"<script>alert(1)</script>": 1.0})
    assert "<script>" not in history._repr_html_()
    assert "<script>alert(1)</script>" in cells_of(history)


@pytest.mark.parametrize("shown", [small(), small().summary(), History()], ids=repr)
def test_printing_stays_text(shown):
    assert "<" not in str(shown)
