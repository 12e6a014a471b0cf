"""What the C does is what the network does: compiled by gcc and clang without a warning."""

import re
import subprocess

import numpy as np
import pytest

import fastnn
from fastnn import Dense, Network
from fastnn.datasets import load_digits
from fastnn.exchange import to_c

from ...support.networks import HIDDEN, OUTPUTS, make_data
from .c_programs import STRICT

# As the docstring of `to_c` has it.
TOLERANCES = {
    "float64": {"rtol": 1e-14, "atol": 1e-14},
    "float32": {"rtol": 5e-6, "atol": 5e-6},
}
AFTER_STEPS = {
    "float64": {"rtol": 1e-11, "atol": 1e-11},
    "float32": {"rtol": 1e-3, "atol": 1e-4},
}
DTYPES = list(TOLERANCES)
A_PARTNER = {loss: output for output, loss in reversed(OUTPUTS) if output != "identity"}
EXTREMES = np.array([0.0, 1e-30, 1e-8, 0.3, 1, 3, 20, 40, 87, 300, 700, 1e4, 1e30])

MAIN = """\
#include <stdio.h>
#include <stdlib.h>

#include "net.h"

int main(int argc, char **argv)
{
    double input[NET_N_IN], output[NET_N_OUT];

    if (argc != NET_N_IN + 1) {
        return 1;
    }
    for (int i = 0; i < NET_N_IN; i++) {
        input[i] = atof(argv[i + 1]);
    }
    net_predict(input, output);
    for (int j = 0; j < NET_N_OUT; j++) {
        printf("%.17g\\n", output[j]);
    }
    return 0;
}
"""
TITLE = """\
/* A network written by fastnn {version}, in float64.
 *
 *        4 inputs
 *       30 relu, no biases
 *        2 identity, biases frozen
 *
 * Trained for the loss mse; 182 parameters in float64.
 */
"""


def make_network(activation, output="identity", loss="mse", dtype="float64"):
    """Return a 6-5-4-3 network with a layer without biases and, at its end, frozen ones."""
    layers = [
        Dense(5, activation, bias_initializer="glorot_normal"),
        Dense(4, activation, bias=False),
        Dense(3, output, train_bias=False, bias_initializer="glorot_normal"),
    ]
    return Network(6, layers, loss=loss, dtype=dtype, seed=0)


def numbers_of(source, name):
    """Return the numbers of a table, as they are written."""
    body = re.search(rf"{name}\[.*?= \{{(.*?)\n\}};", source, re.DOTALL)[1]
    return re.findall(r"[^\s{},]+", body)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["tanh", "gelu"])  # the others: test_trains_as_the_network
def test_predicts_as_the_network(activation, dtype, compiler, tmp_path):
    net = make_network(activation, dtype=dtype)
    X = 0.5 * make_data(20, 6, 3)[0]
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", dtype).predict(X, 3)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_out", [1, 4])
def test_softmax(n_out, dtype, compiler, tmp_path):
    net = Network(3, [Dense(n_out, "softmax")], loss="cross_entropy", dtype=dtype, seed=0)
    X = make_data(20, 3, 1)[0] * np.logspace(-1, 6, 20)[:, np.newaxis]
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", dtype).predict(X, n_out)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES[dtype])


@pytest.mark.parametrize("n_layers", [1, 2, 12])
def test_any_depth(n_layers, compiler, tmp_path):
    net = Network(2, [Dense(7 + k, "tanh") for k in range(n_layers)], seed=0)
    X, _ = make_data(20, 2, 1)
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", "float64").predict(X, net.n_out)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES["float64"])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", HIDDEN)
def test_activations_far_from_zero(activation, dtype, compiler, tmp_path):
    net = Network(1, [Dense(1, activation, weights=[[1.0]], bias=False)], dtype=dtype)
    z = np.concatenate([-EXTREMES, EXTREMES[EXTREMES < 80] if activation == "exp" else EXTREMES])
    to_c(net, tmp_path / "net.c")
    got = compiler.load(tmp_path / "net.c", dtype).predict(z[:, np.newaxis], 1)
    tolerance = TOLERANCES[dtype] | {"atol": np.finfo(dtype).smallest_normal}
    if activation == "gelu":  # its tail is exact to a unit of 1 in `Network`
        tolerance["atol"] = np.finfo(dtype).eps
    np.testing.assert_allclose(got, net.predict(z[:, np.newaxis]), **tolerance)


@pytest.mark.parametrize("activation", [*HIDDEN, "softmax"])
def test_nan_stays_nan(activation, compiler, tmp_path):
    output, loss = ("softmax", "cross_entropy") if activation == "softmax" else ("tanh", "mse")
    hidden = "relu" if activation == "softmax" else activation
    to_c(make_network(hidden, output, loss), tmp_path / "net.c")
    X = np.ones((1, 6))
    X[0, 3] = np.nan
    assert np.isnan(compiler.load(tmp_path / "net.c", "float64").predict(X, 3)).all()


def test_another_precision(compiler, tmp_path):
    net = make_network("sigmoid")
    X, _ = make_data(20, 6, 3)
    to_c(net, tmp_path / "net.c", dtype="float32")
    got = compiler.load(tmp_path / "net.c", "float32").predict(X, 3)
    np.testing.assert_allclose(got, net.predict(X), **TOLERANCES["float32"])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("hidden", "output", "loss"),
    [
        *((activation, "identity", "half_sse") for activation in HIDDEN),
        *(("tanh", output, loss) for loss, output in A_PARTNER.items()),
    ],
)
def test_trains_as_the_network(hidden, output, loss, dtype, compiler, tmp_path):
    net = make_network(hidden, output, loss, dtype)
    X, Y = make_data(30, 6, 3)
    X *= 0.5  # a stack of exp diverges soon
    Y[:, 0] = 0  # for poisson, 0 is a case of its own
    if loss == "cross_entropy":
        Y /= Y.sum(axis=1, keepdims=True)
    to_c(net, tmp_path / "net.c", train=True)
    program = compiler.load(tmp_path / "net.c", dtype)
    np.testing.assert_allclose(program.predict(X, 3), net.predict(X), **TOLERANCES[dtype])
    for x, y in zip(X, Y, strict=True):
        expected = net.loss([x], [y])
        net.partial_fit(x, y, optimizer="sgd", learning_rate=0.02)
        assert program.train(x, y, 0.02) == pytest.approx(expected, **_named(AFTER_STEPS[dtype]))
    np.testing.assert_allclose(program.predict(X, 3), net.predict(X), **AFTER_STEPS[dtype])


def _named(tolerance):
    return {"rel": tolerance["rtol"], "abs": tolerance["atol"]}


@pytest.mark.parametrize(
    ("output", "loss"), [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")]
)
def test_loss_of_a_sure_and_wrong_network(output, loss, compiler, tmp_path):
    net = Network(1, [Dense(2, output, weights=[[1e3, -1e3]])], loss=loss)
    expected = net.loss([[1.0]], [[0.0, 1.0]])
    to_c(net, tmp_path / "net.c", train=True)
    got = compiler.load(tmp_path / "net.c", "float64").train([1.0], [0.0, 1.0], 0.0)
    assert got == pytest.approx(expected, rel=1e-13)
    assert 1e3 < got < 1e4


@pytest.mark.compiled
def test_an_epoch_of_digits(compiler, tmp_path):
    X, y = load_digits()
    order = np.random.default_rng(0).permutation(len(y))
    layers = [Dense(25, "sigmoid"), Dense(10, "sigmoid")]
    net = Network(400, layers, loss="binary_cross_entropy", seed=0)
    to_c(net, tmp_path / "digits.c", train=True)
    program = compiler.load(tmp_path / "digits.c", "float64")
    targets = np.eye(10)[y]
    losses = [program.train(X[s], targets[s], 0.1) for s in order]
    history = net.fit(X[order], y[order], shuffle=False, learning_rate=0.1)
    assert np.mean(losses) == pytest.approx(history["loss"][0], rel=1e-9)
    np.testing.assert_allclose(program.predict(X[:100], 10), net.predict(X[:100]), atol=1e-9)


def test_a_program(compiler, tmp_path):
    net = make_network("gelu")
    x = np.linspace(-1, 1, 6)
    to_c(net, tmp_path / "net.c")
    (tmp_path / "main.c").write_text(MAIN)
    program = tmp_path / f"main.{compiler.command[-1]}"
    sources = (tmp_path / "main.c", tmp_path / "net.c")
    compiler.run(*STRICT, "-O2", *sources, "-o", program, "-lm")
    got = subprocess.run([program, *map(str, x)], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(np.array(got.stdout.split(), float), net.predict(x), rtol=1e-13)


def test_header_serves_cplusplus(compiler, tmp_path):
    if not compiler.knows_cplusplus():
        pytest.skip(f"{compiler.command[-1]} is installed without C++")
    to_c(make_network("relu"), tmp_path / "net.c", train=True)
    source = tmp_path / "main.cpp"
    source.write_text('#include "net.h"\n')
    compiler.run("-std=c++11", *STRICT[1:], "-c", source, "-o", tmp_path / "main.o")


@pytest.mark.parametrize("dtype", DTYPES)
def test_literals_are_exact_and_short(dtype, tmp_path):
    net = make_network("relu", dtype=dtype)
    to_c(net, tmp_path / "net.c")
    source = (tmp_path / "net.c").read_text()
    for k, W in enumerate(net.weights):
        words = [word.removesuffix("f") for word in numbers_of(source, f"W_{k}")]
        assert np.array_equal(np.array(words, dtype).reshape(W.shape), W)
        assert words == [str(value) for value in W.ravel()]


def test_source_reads_well(tmp_path):
    net = Network(4, [Dense(30, "relu", bias=False), Dense(2, train_bias=False)], seed=0)
    to_c(net, tmp_path / "price.c", train=True)
    source = (tmp_path / "price.c").read_text()
    header = (tmp_path / "price.h").read_text()
    title = TITLE.format(version=fastnn.__version__)
    assert source.startswith(title)
    assert header.startswith(title)
    assert "#define PRICE_N_IN 4\n#define PRICE_N_OUT 2\n" in header
    assert "enum {\n    N_IN = PRICE_N_IN,\n    N_0 = 30,\n    N_OUT = PRICE_N_OUT\n};\n" in source
    assert "static double W_0[N_IN][N_0] = {\n" in source
    assert "static const double b_1[N_OUT] = {\n    0.0, 0.0\n};\n" in source
    for line in (source + header).splitlines():
        assert len(line) <= 100
        assert line == line.rstrip()


def test_parameters_are_constant_unless_trained(tmp_path):
    to_c(make_network("relu"), tmp_path / "net.c")
    source = (tmp_path / "net.c").read_text()
    assert len(re.findall("static const double [Wb]_", source)) == 5
    assert "static double W" not in source


@pytest.mark.parametrize("stem", ["2nd", "a-b", "_net", "café", "a b", ""])
def test_name_is_an_identifier(stem, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in a C identifier and \.c, like"):
        to_c(make_network("relu"), tmp_path / f"{stem}.c")
    assert list(tmp_path.iterdir()) == []


def test_path_is_of_a_source(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in a C identifier and \.c, like .*net\.h"):
        to_c(make_network("relu"), tmp_path / "net.h")
    with pytest.raises(FileNotFoundError, match="path must be in a folder that exists, got"):
        to_c(make_network("relu"), tmp_path / "none" / "net.c")


@pytest.mark.parametrize("suffix", [".c", ".h"])
def test_overwrites_nothing_but_its_own(suffix, tmp_path):
    to_c(make_network("relu"), tmp_path / "net.c")
    to_c(make_network("tanh"), tmp_path / "net.c")
    assert "tanh" in (tmp_path / "net.c").read_text()
    other = tmp_path / f"main{suffix}"
    other.write_text("int x;\n")
    with pytest.raises(FileExistsError, match=f"must not be a file .*main{suffix}"):
        to_c(make_network("relu"), tmp_path / "main.c")
    assert other.read_text() == "int x;\n"
    assert {path.name for path in tmp_path.iterdir()} == {"net.c", "net.h", other.name}


@pytest.mark.parametrize(
    "option", [{"dropout": 0.5}, {"l1": 0.1}, {"l2": 0.1}, {"max_norm": 2.0}], ids=str
)
def test_step_without_what_training_adds(option, tmp_path):
    ((name, value),) = option.items()
    net = Network(2, [Dense(3), Dense(2, **option), Dense(1)])
    to_c(net, tmp_path / "net.c")
    with pytest.raises(ValueError, match=f"train must be False .*, got {name}={value} on layer 1$"):
        to_c(net, tmp_path / "net.c", train=True)


def test_arguments(tmp_path):
    net, path = make_network("relu"), tmp_path / "net.c"
    with pytest.raises(TypeError, match=r"net must be a fastnn\.Network, got int"):
        to_c(1, path)
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'int8'"):
        to_c(net, path, dtype="int8")
    net.weights[1][2, 3] = 1e300
    with pytest.raises(ValueError, match=r"weights of layer 1 must be finite in float32, got"):
        to_c(net, path, dtype="float32")
    net.biases[2][1] = np.nan
    with pytest.raises(ValueError, match=r"biases of layer 2 must be finite .*, got nan at \(1,\)"):
        to_c(net, path)
    assert list(tmp_path.iterdir()) == []
