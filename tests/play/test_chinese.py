"""What the page has only in English at first is all said in Chinese: reasons and tutorials."""

# ruff: noqa: RUF001 - the punctuation of Chinese

import ast
import itertools
import json
import re
from dataclasses import replace
from importlib.resources import files

import pytest

from fastnn.examples import TUTORIALS
from fastnn.play.data import load as load_data
from fastnn.play.greeting import tables
from fastnn.play.networks import build
from fastnn.play.settings import ACTIVATIONS, CHOICES, PRESETS, Settings

PLAY = files("fastnn.play")
CHINESE = json.loads(PLAY.joinpath("page", "chinese.json").read_text("utf-8"))
REASONS = [(re.compile(pattern, re.DOTALL), text) for pattern, text in CHINESE["reasons"]]
MODULES = sorted(entry.name for entry in PLAY.iterdir() if entry.name.endswith(".py"))


def reason(why):
    """Return what the page says of an error in Chinese, or None."""
    for pattern, text in REASONS:
        if found := pattern.fullmatch(why):
            return re.sub(r"\{(\d)\}", lambda place: found[int(place[1])] or "-", text)
    return None


def filled(part):
    """Return a part of an f-string with the number 3 put in, or its repr if that is wanted."""
    if isinstance(part, ast.Constant):
        return part.value
    return "'3'" if part.conversion == ord("r") else "3"


def raised(module):
    """Return an example of each message that a module raises: of what is put in, the number 3."""
    texts = []
    for node in ast.walk(ast.parse(PLAY.joinpath(module).read_text("utf-8"))):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
            continue
        message = node.exc.args[0]
        if isinstance(message, ast.Constant) and isinstance(message.value, str):
            texts.append(message.value)
        elif isinstance(message, ast.JoinedStr):
            texts.append("".join(map(filled, message.values)))
    return texts


@pytest.mark.parametrize("module", [name for name in MODULES if name != "server.py"])
def test_every_reason_of_an_error_has_its_words(module):
    for text in raised(module):
        assert reason(text), text


def test_there_are_reasons_to_say():
    assert sum(len(raised(module)) for module in MODULES) >= 25


def test_every_network_that_cannot_be_has_its_words():
    data, seen = load_data(PRESETS["circles"], None), set()
    choices = itertools.product(ACTIVATIONS[:3] + ("softmax",), ACTIVATIONS, CHOICES["loss"])
    for activation, output, loss in choices:
        changes = {"activation": activation, "output": output, "loss": loss, "layers": (2,)}
        try:
            build(replace(PRESETS["circles"], **changes), data)
        except ValueError as error:
            seen.add(str(error))
    assert len(seen) > 20
    for text in seen:
        assert reason(text), text


def test_reasons_are_told_apart():
    got = reason("rate must be a number from 1e-09 to 1000, got -1")
    assert got == "rate 必须是 1e-09 到 1000 之间的数字，收到的是 -1"
    assert reason("layers must be a list of 0 to 5, got 6").endswith("收到 6 项")
    assert reason("nothing that is said") is None


def test_fields_are_settings_with_a_word():
    words = json.loads(PLAY.joinpath("page", "zh.json").read_text("utf-8"))
    assert set(CHINESE["fields"]) == set(Settings().as_json())
    assert set(CHINESE["fields"].values()) <= set(words)


@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorials_have_no_english_prose(name, monkeypatch):
    assert set(CHINESE["tutorials"][name]) == {"title", "note"}
    plain = tables([name])[name]
    monkeypatch.setattr("fastnn.play.greeting._plain", str.strip)  # with the marks of code
    marked = tables([name])[name]
    (shape,) = re.findall(r"\d+(?:-\d+)+", plain["title"])
    assert shape in CHINESE["tutorials"][name]["title"]
    for number in re.findall(r"\d[\d.]*\d", plain["note"]):
        assert number in CHINESE["tutorials"][name]["note"]
    for row, marked_row in zip(plain["rows"], marked["rows"], strict=True):
        for cell, marked_cell in zip(row, marked_row, strict=True):
            prose = set(re.findall(r"[a-z]{2,}", re.sub(r"``.*?``", "", marked_cell)))
            for phrase, text in CHINESE["phrases"].items():
                cell = cell.replace(phrase, text, 1)
            assert not prose & set(re.findall(r"[a-z]{2,}", cell)), cell


def test_every_phrase_is_in_a_tutorial():
    cells = [cell for table in tables(TUTORIALS).values() for row in table["rows"] for cell in row]
    for phrase in CHINESE["phrases"]:
        assert any(phrase in cell for cell in cells), phrase
