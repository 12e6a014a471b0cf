import io
import sys

import pytest

from fastnn.examples._progress import live_epochs, say


class Terminal(io.StringIO):
    def isatty(self):
        return True


def work(*, quiet):
    for epoch in live_epochs(3, quiet=quiet):
        say(f"epoch {epoch}")


def test_a_terminal_shows_a_bar(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", Terminal())
    work(quiet=False)
    assert "/3" in sys.stderr.getvalue()
    assert capsys.readouterr().out == "epoch 0\nepoch 1\nepoch 2\n"


@pytest.mark.parametrize(("stderr", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
def test_quiet_or_without_a_terminal_results_alone_are_shown(monkeypatch, capsys, stderr, quiet):
    monkeypatch.setattr(sys, "stderr", stderr)
    work(quiet=quiet)
    assert stderr.getvalue() == ""
    assert capsys.readouterr().out == "epoch 0\nepoch 1\nepoch 2\n"
