"""The mean of a population in C is that of `Population.predict`, compiled without a warning."""

import re

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn.core.activations import ACTIVATIONS
from fastnn.core.heads import HEADS
from fastnn.exchange import to_c

from ...support.functions import bent
from ..populations import X, far_network, make_mixed, make_population

pytestmark = pytest.mark.compiled
ATOL = {"float64": 1e-12, "float32": 5e-6}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, *HEADS])
def test_the_mean_by_activation(tmp_path, compiler, activation, dtype):
    population = make_population(activation, dtype)
    to_c(population, tmp_path / "mean.c")
    got = compiler.load(tmp_path / "mean.c", dtype).predict(X, 4)
    np.testing.assert_allclose(got, population.predict(X).mean, atol=ATOL[dtype])


@pytest.mark.parametrize("dtype", [None, "float32"])
def test_networks_that_differ(tmp_path, compiler, dtype):
    population = make_mixed()
    to_c(population, tmp_path / "mean.c", dtype=dtype)
    got = compiler.load(tmp_path / "mean.c", dtype or "float64").predict(X, 2)
    np.testing.assert_allclose(got, population.predict(X).mean, atol=ATOL["float32"])


def test_what_the_files_say(tmp_path):
    to_c(make_population("tanh", "float32"), tmp_path / "mean.c")
    header = (tmp_path / "mean.h").read_text()
    assert "the mean of its networks, in float32" in header
    assert re.search(r"#define MEAN_N_IN 3\n#define MEAN_N_OUT 4\n", header)
    assert "with what the networks make, on average, of input." in header
    assert "void mean_predict(const float input[MEAN_N_IN], float output[MEAN_N_OUT]);" in header
    to_c(make_mixed(), tmp_path / "mean.c")  # over files of its own


def test_an_activation_of_the_users_own_is_refused(tmp_path):
    population = Population([Network(3, [Dense(2, bent)], seed=0)])
    with pytest.raises(ValueError, match="bent, a function of the user's, cannot be carried"):
        to_c(population, tmp_path / "mean.c")


@pytest.mark.parametrize("bad", [{"train": True}, {"int8": True}, {"calibration": X}])
def test_what_is_for_a_network_alone(tmp_path, bad):
    with pytest.raises(ValueError, match=r"must be left out for a population.*one of its networks"):
        to_c(make_population("tanh", "float64"), tmp_path / "mean.c", **bad)


def test_what_has_no_mean_is_refused(tmp_path):
    path = tmp_path / "mean.c"
    with pytest.raises(ValueError, match=r"same n_in and n_out.*\(1, 1\) at 0 and \(1, 2\) at 1"):
        to_c(Population([Network(1, [Dense(1)]), Network(1, [Dense(2)])]), path)
    with pytest.raises(ValueError, match="far from 0, of which the metadata of network 1 tell"):
        to_c(Population([Network(3, [Dense(1)]), far_network()]), path, dtype="float32")
    assert not [*tmp_path.iterdir()]
