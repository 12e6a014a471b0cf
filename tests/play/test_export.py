"""The network of a page as a program, as ONNX and as C."""

import io
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from fastnn.play.data import load
from fastnn.play.export import exported, program
from fastnn.play.run import Run
from fastnn.play.settings import DATA, PRESETS
from fastnn.play.table import read

pytestmark = pytest.mark.compiled
ROWS = [(x / 7, -x % 3, "ab"[x % 2]) for x in range(20)]
TEXT = "first;second;kind\n" + "".join(f"{a};{b};{c}\n" for a, b, c in ROWS)


def network_of(text, folder):
    """Run a program, and return the network that it makes."""
    session = {"__name__": "program"}
    exec(compile(text, "program.py", "exec"), session)
    return session["net"]


@pytest.mark.parametrize("name", DATA)
def test_a_program_makes_the_same_network(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my own.csv").write_text(TEXT)
    run = Run(PRESETS[name], load(PRESETS[name], read(TEXT, "my own.csv")))
    run.step("sample")
    run.step("batch")
    for _ in range(3):
        run.train(2)
    run.settings = replace(run.settings, rate=0.002)
    run.train(1)
    net = network_of(program(run), tmp_path)
    np.testing.assert_array_equal(net.params, run.net.params)
    assert f"loss {net.loss(run.data.X, run.y)}" in capsys.readouterr().out


@pytest.mark.parametrize("schedule", ["step", "exponential", "cosine"])
def test_a_program_has_the_schedule_dropout_and_penalty(schedule, tmp_path, capsys):
    changes = {"schedule": schedule, "span": 3, "dropout": 0.25, "l2": 0.01}
    settings = replace(PRESETS["circles"], **changes)
    run = Run(settings, load(settings, None))
    plain = Run(PRESETS["circles"], load(settings, None))
    for each in (run, plain):
        each.step("sample")
        each.step("batch")
        each.train(4)
    text = program(run)
    assert f"import {schedule.capitalize()}" in text
    assert "dropout=0.25, l2=0.01" in text
    net = network_of(text, tmp_path)
    np.testing.assert_array_equal(net.params, run.net.params)
    assert not np.array_equal(net.params, plain.net.params)


@pytest.mark.parametrize("start", ["ones", "he_normal", "orthogonal"])
def test_a_program_starts_as_the_page_did(start, tmp_path, capsys):
    settings = replace(PRESETS["circles"], start=start, bias="frozen", seed=7)
    run = Run(settings, load(settings, None))
    net = network_of(program(run), tmp_path)
    np.testing.assert_array_equal(net.params, run.net.params)


def test_a_program_is_a_file_of_its_own(tmp_path):
    run = Run(PRESETS["xor"], load(PRESETS["xor"], None))
    run.train(5)
    name, content = exported(run, "python")
    (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, tmp_path / name], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    answers = run.net.predict([*run.data.X[:5], [1, 1, 0]]).round(6)
    *rows, new = done.stdout.splitlines()[-6:]
    assert rows == [
        f"row {k + 1} target {run.y[k]} answer {answer}" for k, answer in enumerate(answers[:5])
    ]
    assert new == f"answer to [1, 1, 0] {answers[5]}"


def test_onnx_and_c_hold_the_network_as_it_is(tmp_path):
    pytest.importorskip("onnx")
    from fastnn.exchange import from_onnx

    run = Run(PRESETS["gender"], load(PRESETS["gender"], None))
    run.train(50)
    name, content = exported(run, "onnx")
    (tmp_path / name).write_bytes(content)
    X = run.data.X
    np.testing.assert_allclose(
        from_onnx(tmp_path / name).predict(X), run.net.predict(X), atol=1e-12
    )
    name, content = exported(run, "c")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["play_gender.c", "play_gender.h"]
        assert b"play_gender_predict" in archive.read("play_gender.h")


@pytest.mark.parametrize("bias", ["trained", "none"])
def test_onnx_and_c_take_the_numbers_of_a_users_file(bias, tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    from fastnn.exchange import from_onnx

    settings = replace(PRESETS["csv"], bias=bias)
    run = Run(settings, load(settings, read(TEXT, "own.csv")))
    run.train(20)
    own = np.array([row[:2] for row in ROWS])
    _, content = exported(run, "onnx")
    (tmp_path / "x.onnx").write_bytes(content)
    expected = run.net.predict(run.data.X)
    got = from_onnx(tmp_path / "x.onnx").predict(own)
    np.testing.assert_allclose(got, expected, atol=1e-12)
    written = []
    monkeypatch.setattr("fastnn.exchange.to_c", lambda net, path: written.append(net))
    exported(run, "c")
    np.testing.assert_allclose(written[0].predict(own), expected, atol=1e-12)


def test_onnx_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    run = Run(PRESETS["xor"], load(PRESETS["xor"], None))
    with pytest.raises(ImportError, match="needs onnx, of the extra onnx"):
        exported(run, "onnx")


def test_too_many_single_steps_are_no_program(monkeypatch):
    monkeypatch.setattr("fastnn.play.export._MOST_ACTIONS", 3)
    run = Run(PRESETS["xor"], load(PRESETS["xor"], None))
    for _ in range(4):
        run.step("sample")
    with pytest.raises(ValueError, match="at most 3 steps, got 4"):
        program(run)
