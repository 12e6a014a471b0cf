import argparse

import numpy as np
import pytest

from fastnn.examples.compiled import cart_pole, evolution


def ran(*arguments):
    """Run the example as the command line does."""
    parser = argparse.ArgumentParser()
    evolution.add_arguments(parser)
    evolution.run(parser.parse_args(arguments))


@pytest.mark.compiled
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_evolution_reaches_475_over_100_fresh_episodes(seed, dtype):
    network, best, returns = evolution.evolve(seed, dtype)
    assert network.dtype == dtype
    assert len(returns) < evolution.MOST_GENERATIONS
    assert returns[-1, 0] >= 475
    assert (returns[:-1, 0] < 475).all()  # it stops at once
    assert cart_pole.evaluate(network, seed=seed + 100).mean() >= 475
    assert returns[-1].mean() > 2 * returns[0].mean()
    assert len(best) == 50
    params = {net.params.tobytes() for net in best}
    assert len(params) == 50


def test_a_return_is_what_each_pole_by_itself_stays_up():
    network, best, _ = evolution.evolve(0, n_networks=20, most_generations=1, n_threads=1)
    starts = np.random.default_rng(1).uniform(-0.05, 0.05, (3, 4))
    got = evolution.balance_in_threads(network, best.params, starts, 2)
    for net, steps in zip(best, got, strict=True):
        counts = []
        for start in starts:
            state, fallen, count = start.copy(), False, 0
            while not fallen and count < 500:
                outputs = net.predict(state)
                fallen = cart_pole.push(state, int(outputs[1] > outputs[0]))
                count += 1
            counts.append(count)
        assert steps == np.mean(counts)


def test_a_seed_gives_the_same_bits_whatever_the_threads():
    how = {"n_networks": 30, "most_generations": 3}
    runs = [evolution.evolve(3, n_threads=n_threads, **how) for n_threads in (1, 2, 3)]
    for run in runs[1:]:
        np.testing.assert_array_equal(run.returns, runs[0].returns)
        np.testing.assert_array_equal(run.best.params, runs[0].best.params)
    assert (evolution.evolve(4, **how).returns != runs[0].returns).any()


@pytest.mark.compiled
def test_prints_how_the_returns_grew(capsys):
    ran("--seed", "2", "--networks", "300", "--dtype", "float32")
    got = capsys.readouterr()
    network, _, returns = evolution.evolve(2, "float32", n_networks=300)
    lines = got.out.splitlines()
    assert len(lines) == len(returns) + 4
    assert lines[2] == (
        f"Generation 0: {returns[0].mean():.1f} on average, best {returns[0].max():.1f}, "
        f"mean of the parameters {returns[0, 0]:.1f}"
    )
    fresh = cart_pole.evaluate(network, seed=3).mean()
    assert lines[-2] == f"100 fresh episodes of that mean: {fresh:.1f} on average"
    assert f", {returns.size} networks: " in lines[-1]
    assert not got.err


@pytest.mark.compiled
def test_the_picture_has_a_point_for_each_generation(capsys, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    path = tmp_path / "returns.png"
    ran("--networks", "50", "--plot", str(path))
    assert path.stat().st_size > 1000
    axes = evolution.picture(np.array([[1.0, 3.0], [5.0, 6.0], [9.0, 10.0]]))
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2.0, 5.5, 9.5], [3.0, 6.0, 10.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Generation", "Steps")
    pyplot.close(axes.figure)
