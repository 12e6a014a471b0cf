import os
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.examples.compiled import ode

from .output import printed

pytestmark = pytest.mark.compiled


def problem(*, n=3, n_steps=6, seed=0):
    """Return a network, measurements, and memory for so many steps of them."""
    random = np.random.default_rng(seed)
    net = Network(n, [Dense(7, "tanh"), Dense(5, "swish"), Dense(n)], seed=seed)
    data = random.standard_normal((n_steps + 1, n))
    return net, data, (np.empty_like(data), np.empty((n_steps, 4, n)), np.empty((4, n)))


def naive_trajectory(net, h, start, n_steps):
    """Return the trajectory by Runge and Kutta as their formulas stand."""
    states = [np.array(start)]
    for _ in range(n_steps):
        x = states[-1]
        k1 = net.predict(x)
        k2 = net.predict(x + h / 2 * k1)
        k3 = net.predict(x + h / 2 * k2)
        k4 = net.predict(x + h * k3)
        states.append(x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return np.array(states)


def test_integrates_as_naive_runge_and_kutta_do():
    net, data, (states, stages, work) = problem()
    states[0] = data[0]
    ode.integrate(net.handle(), 0.3, states, stages, work)
    expected = naive_trajectory(net, 0.3, data[0], len(stages))
    np.testing.assert_allclose(states, expected, rtol=1e-12, atol=1e-12)
    assert abs(states[-1] - states[0]).max() > 0.1


@pytest.mark.parametrize("h", [0.05, 0.8])
@pytest.mark.parametrize("n_steps", [1, 6])
def test_the_gradient_is_that_of_the_loss_however_long_the_steps(h, n_steps):
    net, data, memory = problem(n_steps=n_steps)
    handle = net.handle()
    loss = ode.add_gradient(handle, h, data, *memory)
    assert loss == pytest.approx(np.square(memory[0] - data).sum(), rel=1e-13)

    got, scratch, eps = handle.grad.copy(), net.handle(), 1e-5
    expected = np.empty_like(got)
    for p in range(len(net.params)):
        before, losses = net.params[p], []
        for value in (before + eps, before - eps):
            net.params[p] = value
            losses.append(ode.add_gradient(scratch, h, data, *memory))
        net.params[p] = before
        expected[p] = (losses[0] - losses[1]) / (2 * eps)
    assert np.count_nonzero(got) > 50
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8 * abs(got).max())


def test_an_error_is_taken_back_to_the_state_before_the_step():
    net, data, (states, stages, work) = problem(n_steps=1)

    def end(start):
        states[0] = start
        ode.integrate(net.handle(), 0.5, states, stages, work)
        return states[1] @ error

    error = np.array([1.0, -2.0, 0.5])
    changes = 1e-5 * np.eye(3)
    expected = [(end(data[0] + change) - end(data[0] - change)) / 2e-5 for change in changes]
    end(data[0])
    work[0] = error
    ode.step_back(net.handle(), 0.5, stages[0], work)
    np.testing.assert_allclose(work[0], expected, rtol=1e-8)


def test_the_loss_is_the_mean_over_all_pieces():
    net, data, _ = problem(n_steps=6)
    got = ode.fit(net.handle(), 0.3, data, 2, 0.0, 1)
    misses = [
        naive_trajectory(net, 0.3, data[first], 2)[1:] - data[first + 1 : first + 3]
        for first in (0, 2, 4)
    ]
    assert got == pytest.approx(np.mean(np.square(misses)), rel=1e-12)


def test_two_calls_of_ten_updates_are_one_of_twenty():
    (once, data, _), (twice, _, _) = problem(), problem()
    ode.fit(once.handle(optimizer="adam"), 0.3, data, 3, 0.01, 20)
    handle = twice.handle(optimizer="adam")
    for _ in range(2):
        ode.fit(handle, 0.3, data, 3, 0.01, 10)
    np.testing.assert_array_equal(once.params, twice.params)
    assert abs(once.params - problem()[0].params).max() > 0.05


def test_the_true_trajectory_keeps_what_the_law_keeps():
    prey, predators = ode.true_trajectory(ode.START, 240).T
    kept = 0.8 * prey - 1.8 * np.log(prey) + 0.9 * predators - 1.3 * np.log(predators)
    np.testing.assert_allclose(kept, kept[0], rtol=1e-7)
    peaks = (prey[1:-1] > prey[:-2]) & (prey[1:-1] > prey[2:])
    assert peaks[: ode.N_STEPS].sum() == 3  # nearly three cycles are measured


def test_a_fit_is_closer_to_the_truth_than_the_measurements_and_lost_elsewhere(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "a.png"
    text = printed(capsys, ode, "--updates", "500", "--plot", str(picture), "--quiet")
    assert picture.stat().st_size > 10_000
    (measured,) = re.findall(r"time measured +(\S+)", text)
    (beyond,) = re.findall(r"as long again +(\S+)", text)
    (elsewhere,) = re.findall(r"off the cycle +(\S+)", text)
    (of_mean,) = re.findall(r"mean state, to compare +(\S+)", text)
    assert float(measured) < 0.035 < ode.NOISE
    assert float(beyond) < 0.05
    assert float(elsewhere) > 0.3
    assert float(of_mean) == pytest.approx(1.066, abs=0.01)


ALLOCATIONS = """
    from numba.core.runtime import rtsys
    from fastnn.examples.compiled import ode
    from tests.examples.compiled.test_ode import problem

    net, data, _ = problem()
    handle = net.handle(optimizer="adam")
    ode.fit(handle, 0.1, data, 2, 0.01, 1)  # what counts is there once something is compiled
    for updates in (1, 1, 50):
        before = rtsys.get_allocation_stats().alloc
        ode.fit(handle, 0.1, data, 2, 0.01, updates)
        print(rtsys.get_allocation_stats().alloc - before)
"""


def test_the_loops_allocate_nothing():
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ALLOCATIONS)],
        env=os.environ | {"NUMBA_NRT_STATS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    _, once, often = map(int, run.stdout.split())
    assert once == often > 0
