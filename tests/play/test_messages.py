"""Messages of a page are checked field by field."""

import json

import pytest

from fastnn.play.messages import MessageError, parse
from fastnn.play.settings import PRESETS

SETTINGS = PRESETS["xor"].as_json()


def changed(**changes):
    return json.dumps({"type": "set", "settings": SETTINGS | changes})


@pytest.mark.parametrize("name", PRESETS)
def test_the_settings_of_each_data_pass(name):
    text = json.dumps({"type": "set", "settings": PRESETS[name].as_json()})
    assert parse(text) == {"type": "set", "settings": PRESETS[name]}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"{}", "must be text"),
        ("", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("[]", "must be an object"),
        ("{}", "type must be one of"),
        ('{"type": ["set"]}', "type must be one of"),
        ('{"type": "quit"}', "type must be one of"),
        ('{"type": "play", "now": 1}', "no field 'now'"),
        ('{"type": "step"}', "field of is missing"),
        ('{"type": "step", "of": "all"}', "of must be one of sample, batch"),
        ('{"type": "set", "settings": 3}', "settings must be an object"),
        ('{"type": "ask", "x": [1, NaN]}', "numbers must be finite, got NaN"),
        ('{"type": "ask", "x": [1e999]}', "x must be a number"),
        ('{"type": "ask", "x": []}', "x must be a list of 1 to"),
        ('{"type": "ask", "x": [true]}', "x must be a number"),
        ('{"type": "draw", "pixels": [0, 1]}', "pixels must be a list of 400 to 400, got 2"),
        ('{"type": "export", "format": "../../etc"}', "format must be one of"),
        ('{"type": "csv", "name": "own.csv", "text": 7}', "text must be text"),
    ],
)
def test_bad_messages_are_named(text, what):
    with pytest.raises(MessageError, match=what):
        parse(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": "/etc/passwd"},
        {"layers": [4] * 6},
        {"layers": [257]},
        {"layers": [0]},
        {"layers": [4.0]},
        {"layers": "4"},
        {"activation": "__import__('os')"},
        {"rate": 0},
        {"rate": "1"},
        {"rate": 10**400},
        {"batch": -1},
        {"seed": 2**32},
        {"seed": True},
        {"epochs": 10**9},
        {"noise": 0.6},
        {"shuffle": 1},
        {"inputs": ["a"] * 65},
        {"inputs": ["a" * 201]},
        {"optimizer": "lbfgs"},
        {"optimizer": "irprop", "schedule": "step"},
        {"schedule": "one_cycle"},
        {"span": 0},
        {"dropout": 0.95},
        {"dropout": -0.1},
        {"l2": -1},
        {"more": 1},
    ],
)
def test_bad_settings_are_refused(changes):
    with pytest.raises(MessageError):
        parse(changed(**changes))


def test_an_error_is_short():
    with pytest.raises(MessageError) as error:
        parse(changed(data="x" * 100_000))
    assert len(str(error.value)) < 300
