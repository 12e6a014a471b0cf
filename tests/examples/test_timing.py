import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.datasets import load_gender
from fastnn.examples._timing import HEADING, compile_kernels, print_times

X, y = load_gender()


def small_network(n_out):
    layers = [Dense(2, "sigmoid"), Dense(n_out, "sigmoid")]
    return Network(2, layers, loss="half_sse", seed=0)


@pytest.mark.parametrize("labels", [y, y.astype(int)], ids=["numbers", "classes"])
@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_both_train_alike_and_the_network_stays(capsys, labels, batch_size):
    net = small_network(1 if labels is y else 2)
    before = net.params.copy()
    print_times(
        net,
        X,
        labels,
        epochs=2,
        batch_size=batch_size,
        learning_rate=0.1,
        reduction="sum",
        compiling=1.0,
    )
    got = capsys.readouterr().out
    assert HEADING in got
    apart = float(got.split("weights differ by ")[1].split()[0])
    assert apart < 1e-14
    np.testing.assert_array_equal(net.params, before)


def test_compiling_leaves_the_network_and_its_random_stream():
    net, twin = small_network(1), small_network(1)
    assert compile_kernels(net, X, y, batch_size=1) > 0
    net.fit(X, y, epochs=2)
    twin.fit(X, y, epochs=2)
    np.testing.assert_array_equal(net.params, twin.params)
