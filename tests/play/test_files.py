"""The files of the page are in the package, whole, and load nothing from elsewhere."""

import json
import re
from importlib.resources import files

import pytest

PAGE = files("fastnn.play").joinpath("page")
NAMES = sorted(entry.name for entry in PAGE.iterdir())


def text_of(name):
    return PAGE.joinpath(name).read_text("utf-8")


def test_the_page_is_in_the_package():
    assert {"index.html", "style.css", "app.js", "en.json", "zh.json"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_short_and_load_nothing_from_elsewhere(name):
    text = text_of(name)
    assert len(text.splitlines()) <= 400
    addresses = set(re.findall(r"\w+://[^\s\"'`)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not a place
    assert not re.search(r"\son\w+=|\sstyle=|<script>|innerHTML|eval\(", text)


def test_modules_import_what_there_is():
    for name in NAMES:
        for other in re.findall(r'from "\./([\w.]+)"', text_of(name)):
            assert other in NAMES


def test_the_colours_are_those_of_plotting():
    pytest.importorskip("matplotlib")
    from fastnn.plotting import _style

    colours = re.findall(r'"(#[0-9a-f]{6})"', text_of("paint.js").partition("];")[0])
    assert tuple(colours) == _style.PALETTE
    style = text_of("style.css")
    assert f"--blue: {_style.BLUE}; --orange: {_style.ORANGE};" in style
    assert ".negative { background: var(--blue); }" in style
    assert ".positive { background: var(--orange); }" in style


def test_both_languages_say_the_same():
    english, chinese = (json.loads(text_of(f"{name}.json")) for name in ("en", "zh"))
    assert list(english) == list(chinese)
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


def test_every_word_that_the_page_uses_has_a_text():
    used = set(re.findall(r'data-t(?:-label)?="(\w+)"', text_of("index.html")))
    for name in NAMES:
        if name.endswith(".js"):
            used |= set(re.findall(r'\bt\("(\w+)"', text_of(name)))
    assert used <= set(json.loads(text_of("en.json")))


@pytest.mark.parametrize("name", ["en", "zh"])
def test_every_choice_has_a_text(name):
    from fastnn.play.settings import BIASES, DATA, REDUCTIONS, SCHEDULES

    words = json.loads(text_of(f"{name}.json"))
    assert {
        *BIASES,
        *REDUCTIONS,
        *SCHEDULES,
        "tutorial",
        "ones",
        *(f"data_{data}" for data in DATA),
    } <= set(words)
