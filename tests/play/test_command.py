"""The command: it prints the address, serves until Ctrl-C, and says what it needs."""

import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from fastnn.cli.main import main


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as POSIX does")
def test_it_serves_until_ctrl_c():
    pytest.importorskip("tornado")
    command = [sys.executable, "-m", "fastnn", "play", "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            address = run.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            with urlopen(address, timeout=30) as page:
                assert b"fastnn play" in page.read()
        finally:
            run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=30)
    assert run.returncode == 0
    assert errors == ""


def test_without_tornado_one_line_says_what_to_install(monkeypatch, capsys):
    # A part: from the rest a loop imports that an earlier test, of a cluster say, has left running.
    monkeypatch.delattr(pytest.importorskip("tornado"), "httpserver", raising=False)
    monkeypatch.setitem(sys.modules, "tornado.httpserver", None)
    monkeypatch.delitem(sys.modules, "fastnn.play.server", raising=False)
    assert main(["play", "--no-browser"]) == 1
    assert capsys.readouterr().err == (
        'fastnn: error: fastnn play needs tornado, of the extra play: pip install "tornado>=6.4"\n'
    )


@pytest.mark.parametrize("port", ["-1", "65536", "eighty"])
def test_a_port_that_cannot_be_is_refused(port, capsys):
    with pytest.raises(SystemExit) as end:
        main(["play", f"--port={port}"])
    assert end.value.code == 2
    assert "must be a whole number from 0 to 65535" in capsys.readouterr().err
