"""The tables of "Find your tutorial's line": the page has those of the examples, and they hold."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from fastnn import Dense, Network, datasets
from fastnn.examples import TUTORIALS, source
from fastnn.initializers import normal, uniform
from fastnn.play.greeting import tables

LINES = Path(__file__).parents[2] / "fastnn" / "docs" / "lines.md"
NAMES = {"np": np, "math": math, "Dense": Dense, "Network": Network} | {
    "normal": normal,
    "uniform": uniform,
}
# Of each tutorial, which of its lines make the network and train it.
BUILT = {
    "xor": "NeuralNetwork(layer1, layer2)",
    "digits": "its network",
    "gender": "OurNeuralNetwork()",
    "moons": "its network",
    "first_column": "NeuralNetwork(inputs, outputs)",
}
TRAINED = {
    "xor": "train(inputs, outputs, 60000)",
    "digits": "alpha = 0.003, 20 epochs",
    "gender": "train(data, all_y_trues)",
    "moons": "train(X, y, 0.01, 1000)",
    "first_column": "train(epochs=25000)",
}


def sections():
    """Return the text below the heading of each tutorial, without what marks code."""
    parts = re.split(r"^## (\w+)\n", LINES.read_text("utf-8").replace("`", ""), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_has_the_tables_of_the_examples():
    expected = tables(TUTORIALS)
    assert list(sections()) == list(expected)
    for name, text in sections().items():
        lines = re.findall(r"^\| (.*) \| (.*) \|$", text, re.M)
        assert [list(row) for row in lines[2:]] == expected[name]["rows"], name
        assert lines[:2] == [("the tutorial", "fastnn"), ("---", "---")]
        first, *_, note = text.strip().split("\n\n")
        assert expected[name]["title"].startswith(first.rstrip("."))
        assert " ".join(note.split()) == expected[name]["note"]


def layers_of(name, lines):
    """Return the layers that the network of a table names, where it does not list them."""
    if name == "xor":
        kinds = ("NeuronLayer(4, 3)", "NeuronLayer(1, 4)")
        return {f"layer{k}": eval(lines[kind], NAMES) for k, kind in enumerate(kinds, start=1)}
    if name == "moons":
        one = lines['Layer(2, 25, "sigmoid")']
        return {"layers": [eval(one.replace("25", n), NAMES) for n in ("25", "50", "25", "2")]}
    return {}


@pytest.mark.compiled
@pytest.mark.parametrize("name", TUTORIALS)
def test_who_follows_a_table_gets_the_network_of_the_program(name):
    program = {"__name__": "__main__"}
    exec(compile(source(name), name, "exec"), program)
    lines = dict(tables([name])[name]["rows"])
    net = eval(lines[BUILT[name]], NAMES | layers_of(name, lines))
    X, y = datasets.load_moons()[::2] if name == "moons" else getattr(datasets, f"load_{name}")()
    if name == "gender":  # which draws its start by nine numbers, w1 to b3
        start = program["build"](np.random.RandomState(program["SEED"]).normal(size=9))
        net.weights, net.biases = start.weights, start.biases
    eval(f"net.{lines[TRAINED[name]]}", {"net": net, "X": X, "y": y})
    np.testing.assert_array_equal(net.params, program["net"].params)
