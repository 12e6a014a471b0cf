"""The five tutorials on the page are those of the examples, number by number."""

import argparse

import numpy as np
import pytest

from fastnn.examples import TUTORIALS, load
from fastnn.play import settings
from fastnn.play.data import load as load_data
from fastnn.play.greeting import greeting
from fastnn.play.networks import build
from fastnn.play.run import Run


def example(name):
    """Return the untrained network of an example, and the options it has by default."""
    module, parser = load(name), argparse.ArgumentParser()
    module.add_arguments(parser)
    options = parser.parse_args([])
    if name == "gender":
        return module.build(np.random.RandomState(options.seed).normal(size=9)), options
    return module.build(options), options


def test_the_page_has_the_tutorials_that_there_are():
    assert set(settings.TUTORIALS) == set(TUTORIALS)


@pytest.mark.parametrize("name", settings.TUTORIALS)
def test_networks_begin_as_those_of_the_examples(name):
    preset = settings.PRESETS[name]
    ours, (theirs, options) = build(preset, load_data(preset, None)), example(name)
    assert repr(ours) == repr(theirs)
    np.testing.assert_array_equal(ours.params, theirs.params)
    assert preset.epochs == options.epochs
    assert [preset.rate] == options.learning_rate


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("xor", {"batch_size": None, "reduction": "sum", "shuffle": False}),
        ("gender", {"shuffle": False}),
        ("moons", {"shuffle": False}),
        ("first_column", {"batch_size": None, "reduction": "sum", "shuffle": False}),
        ("digits", {}),
    ],
)
def test_they_are_trained_as_those_of_the_examples(name, how):
    preset = settings.PRESETS[name]
    run, (theirs, options) = Run(preset, load_data(preset, None)), example(name)
    n_epochs = 3 if name in ("moons", "digits") else preset.epochs
    while run.epoch < n_epochs:
        run.train(int(n_epochs - run.epoch))
    for epoch in range(n_epochs if name == "digits" else 1):  # that example's epochs are calls
        theirs.fit(
            run.data.X,
            run.y,
            epochs=1 if name == "digits" else n_epochs,
            learning_rate=options.learning_rate[0],
            resume=epoch > 0,
            **how,
        )
    np.testing.assert_array_equal(run.net.params, theirs.params)


def test_each_tutorial_has_its_table_of_lines():
    tables = greeting()["tutorials"]
    assert list(tables) == list(settings.TUTORIALS)
    for name, table in tables.items():
        assert "find your tutorial's line" in table["title"]
        assert len(table["rows"]) >= 8, name
        assert all(left and right for left, right in table["rows"])
    assert tables["gender"]["rows"][-1] == [
        '"Epoch %d loss: %.3f"',
        'history["val_loss"], with evaluate_every=10',
    ]
    assert tables["xor"]["note"].startswith("The contrast")


@pytest.mark.parametrize("data", settings.DATA[:-1])
@pytest.mark.parametrize("bias", settings.BIASES)
def test_any_start_and_bias_goes_with_any_data(data, bias):
    from dataclasses import replace

    for start in settings.STARTS:
        preset = replace(settings.PRESETS[data], bias=bias, start=start, layers=(3, 2))
        net = build(preset, load_data(preset, None))
        assert all(b is None for b in net.biases) == (bias == "none")
        if start == "ones":
            assert all((W == 1).all() for W in net.weights)
