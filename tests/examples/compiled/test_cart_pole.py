import argparse
import json
import math
from pathlib import Path

import numpy as np
import pytest

from fastnn.examples.compiled import cart_pole

RECORD = Path(__file__).parents[2] / "data" / "cart_pole.json"
EPISODES = json.loads(RECORD.read_text())["episodes"]


def transcribed(state, action):
    """Solve the equations of motion of cart and pole, then take a step of Euler's."""
    _, speed, angle, spin = state
    force = 10.0 if action else -10.0
    mass, pole, length, gravity = 1.1, 0.1, 0.5, 9.8  # of both, of the pole, half of its length
    left = [[mass, pole * length * np.cos(angle)], [np.cos(angle), 4 / 3 * length]]
    right = [force + pole * length * spin**2 * np.sin(angle), gravity * np.sin(angle)]
    speed_rate, spin_rate = np.linalg.solve(left, right)
    return state + 0.02 * np.array([speed, speed_rate, spin, spin_rate])


@pytest.mark.parametrize("episode", EPISODES, ids=["in turn", "random", "left"])
def test_an_episode_is_gymnasiums_step_by_step(episode):
    state = np.array(episode["states"][0])
    falls = []
    for action, expected in zip(episode["actions"], episode["states"][1:], strict=True):
        falls.append(cart_pole.push(state, action))
        np.testing.assert_allclose(state, expected, rtol=0, atol=1e-14)
    assert falls == [False] * (len(falls) - 1) + [True]


def test_a_step_solves_the_equations_of_motion():
    random = np.random.default_rng(0)
    for start in random.uniform(-1, 1, (200, 4)) * [2.4, 3.0, 1.0, 3.0]:
        for action in (0, 1):
            state = start.copy()
            cart_pole.push(state, action)
            np.testing.assert_allclose(state, transcribed(start, action), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("which", "limit"), [(0, 2.4), (2, math.radians(12))])
def test_the_pole_has_fallen_past_either_limit(sign, which, limit):
    for share, expected in ((1 - 1e-9, False), (1 + 1e-9, True)):
        state = np.zeros(4)
        state[which] = sign * limit * share  # at rest, so that a step leaves it there
        assert cart_pole.push(state, 0) is expected


def test_an_episode_starts_within_five_hundredths():
    random, states = np.random.default_rng(0), np.empty((1000, 4))
    for state in states:
        cart_pole.set_up(random, state)
    assert (states == np.random.default_rng(0).uniform(-0.05, 0.05, (1000, 4))).all()


def adam(params, grad, rate, memory):
    """Change `params` by a step of Adam, as its authors write it."""
    memory["n"] = memory.get("n", 0) + 1
    for name, power, beta in (("m", 1, 0.9), ("v", 2, 0.999)):
        memory[name] = beta * memory.get(name, 0.0) + (1 - beta) * grad**power
    m, v = memory["m"] / (1 - 0.9 ** memory["n"]), memory["v"] / (1 - 0.999 ** memory["n"])
    params -= rate * m / (np.sqrt(v) + 1e-8)


def test_learning_is_the_algorithm_written_out():
    random = np.random.default_rng(5)
    actor, critic = cart_pole.build(random)
    of_actor, of_critic = {}, {}
    returns = []
    for _ in range(5):
        state, fallen = random.uniform(-0.05, 0.05, 4), False
        returns.append(0)
        while not fallen:
            action = int(random.random() < actor.predict(state)[1])
            after = transcribed(state, action)
            fallen = abs(after[0]) > 2.4 or abs(after[2]) > math.radians(12)
            target = 1.0 if fallen else 1.0 + 0.99 * critic.predict(after)[0]
            error = target - critic.predict(state)[0]
            adam(actor.params, error * actor.gradient(state[None], [action]), 0.0005, of_actor)
            adam(critic.params, critic.gradient(state[None], [[target]]), 0.005, of_critic)
            state = after
            returns[-1] += 1
    got = cart_pole.train(seed=5, most_episodes=5)
    assert got.returns.tolist() == returns
    np.testing.assert_allclose(got.actor.params, actor.params, rtol=0, atol=1e-9)
    np.testing.assert_allclose(got.critic.params, critic.params, rtol=0, atol=1e-9)


@pytest.mark.compiled
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_reaches_475_over_100_fresh_episodes(seed, dtype):
    actor, critic, returns = cart_pole.train(seed, dtype)
    assert actor.dtype == critic.dtype == dtype
    assert returns[-50:].mean() >= 475
    assert returns[-51:-1].mean() < 475  # it stops at once
    assert returns.max() == 500
    fresh = cart_pole.evaluate(actor, seed=seed + 100)
    assert len(fresh) == 100
    assert fresh.max() == 500
    assert fresh.mean() >= 475


def test_an_untrained_actor_lets_the_pole_fall():
    actor, _ = cart_pole.build(np.random.default_rng(0))
    assert cart_pole.evaluate(actor, seed=0, n_episodes=20).mean() < 200


def test_a_seed_gives_the_same_bits():
    first, second, other = (cart_pole.train(seed, most_episodes=30) for seed in (3, 3, 4))
    assert first.returns.tolist() == second.returns.tolist() != other.returns.tolist()
    assert first.actor.params.tobytes() == second.actor.params.tobytes()
    assert first.critic.params.tobytes() == second.critic.params.tobytes()


def ran(*arguments):
    """Run the example as the command line does."""
    parser = argparse.ArgumentParser()
    cart_pole.add_arguments(parser)
    cart_pole.run(parser.parse_args(arguments))


@pytest.mark.compiled
def test_prints_how_the_returns_grew(capsys):
    ran("--seed", "2")
    got = capsys.readouterr()
    actor, _, returns = cart_pole.train(seed=2)
    lines = got.out.splitlines()
    assert lines[2] == f"Episodes 1 to 50: {returns[:50].mean():.1f} on average"
    fresh = cart_pole.evaluate(actor, seed=3).mean()
    assert lines[-2].endswith(f"the likelier push always: {fresh:.1f} on average")
    assert f", {returns.sum():.0f} steps: " in lines[-1]
    assert not got.err


@pytest.mark.compiled
def test_the_picture_has_a_point_for_each_episode(capsys, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    path = tmp_path / "returns.png"
    ran("--dtype", "float32", "--plot", str(path))
    assert path.stat().st_size > 1000
    returns = np.array([10.0, 20.0, 15.0])
    axes = cart_pole.picture(returns)
    (line,) = axes.lines
    assert line.get_ydata().tolist() == returns.tolist()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Episode", "Return")
    pyplot.close(axes.figure)
