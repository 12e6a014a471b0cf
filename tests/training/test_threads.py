import itertools
import threading

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn._training import threads
from fastnn._training.state import state_of
from fastnn.core.scratch import BLOCK_ROWS

from ..support.networks import make_data, small_network


@pytest.fixture
def many_parts(monkeypatch):
    """Share out even the small work of a test, in parts of one block."""
    monkeypatch.setattr("fastnn._training.model._LEAST", 1)
    monkeypatch.setattr("fastnn._training.model._ROWS_A_PART", 1)


def deep_network():
    layers = [Dense(9, "relu"), Dense(20, "tanh"), Dense(4, "softmax")]
    return Network(5, layers, loss="cross_entropy", dtype="float32", seed=2)


@pytest.mark.parametrize("n_threads", [1, 2, 3, 4])
def test_every_job_runs_once_and_to_its_end(n_threads):
    steps = [0] * 7

    def job(k):
        for _ in range(k):
            steps[k] += 1
            yield

    threads.run((job(k) for k in range(7)), n_threads)
    assert steps == list(range(7))


def test_jobs_run_side_by_side():
    meeting = threading.Barrier(3)

    def job():
        meeting.wait(timeout=60)
        yield

    threads.run([job() for _ in range(3)], 3)
    assert not meeting.broken


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("raised_in_main", [True, False])
def test_an_error_in_any_thread_ends_all(error, raised_in_main):
    main, meeting = threading.get_ident(), threading.Barrier(2)

    def job():
        meeting.wait(timeout=60)
        for step in itertools.count():
            if (threading.get_ident() == main) == raised_in_main and step == 3:
                raise error("at step 3")
            yield

    before = set(threading.enumerate())
    with pytest.raises(error, match="at step 3"):
        threads.run([job(), job()], 2)
    for other in set(threading.enumerate()) - before:
        other.join(timeout=60)
    assert set(threading.enumerate()) <= before


@pytest.mark.usefixtures("many_parts")
@pytest.mark.parametrize("make", [small_network, deep_network])
@pytest.mark.parametrize("n_samples", [1, 32, 33, 75, 130])
@pytest.mark.parametrize("slice_rows", [1, 20, 1000])
def test_results_have_the_same_bits_whatever_the_threads(make, n_samples, slice_rows, monkeypatch):
    net = make()
    X, Y = make_data(n_samples, net.n_in, net.n_out, loss=net.loss_name)
    outputs, grad = net.predict(X), net.gradient(X, Y)
    monkeypatch.setattr(
        "fastnn._training.model._SLICE",
        slice_rows * state_of(net).model.cost(state_of(net).as_pair(X, Y)[0]),
    )
    for n_threads in (1, 2, 3, 4):
        np.testing.assert_array_equal(net.predict(X, n_threads=n_threads), outputs)
        np.testing.assert_array_equal(net.gradient(X, Y, n_threads=n_threads), grad)


@pytest.mark.usefixtures("many_parts")
def test_parts_are_whole_blocks_and_few():
    net = small_network()
    X, Y = make_data(75, 3, 2)
    whole = net.gradient(X, Y)
    cuts = [0, BLOCK_ROWS, 2 * BLOCK_ROWS, 75]
    sizes = np.diff(cuts)
    parts = [net.gradient(X[a:b], Y[a:b]) for a, b in itertools.pairwise(cuts)]
    expected = sum(size * part for size, part in zip(sizes, parts, strict=True)) / 75
    np.testing.assert_allclose(whole, expected, rtol=1e-13, atol=1e-16)


@pytest.mark.compiled  # NumPy, in place of the kernels, would warn
@pytest.mark.usefixtures("many_parts")
def test_infinite_gradients_add_up_without_a_warning():
    net = Network(1, [Dense(1, weights=[[0]])], loss="sse", dtype="float32")
    X = np.full((96, 1), 1e38)
    y = np.repeat([1e38, -1e38, 0], 32)
    assert np.isnan(net.gradient(X, y)[0])
    assert net.gradient(X[:64], abs(y[:64]))[0] == -np.inf


@pytest.mark.compiled
@pytest.mark.parametrize("n_samples", [512, 513, 5000, 8193])
def test_large_sums_of_gradients_do_not_depend_on_threads(n_samples):
    net = deep_network()
    X, Y = make_data(n_samples, net.n_in, net.n_out, loss=net.loss_name)
    expected = net.gradient(X, Y)
    for n_threads in (2, 3):
        np.testing.assert_array_equal(net.gradient(X, Y, n_threads=n_threads), expected)


@pytest.mark.usefixtures("many_parts")
def test_threads_take_part(monkeypatch):
    meeting, net = threading.Barrier(3), small_network()
    X, Y = make_data(96, 3, 2)

    def meet(*args):
        meeting.wait(timeout=60)
        return True

    monkeypatch.setattr("fastnn.core.evaluate.predict_rows", meet)
    monkeypatch.setattr("fastnn.core.evaluate.add_gradient_of_rows", meet)
    net.predict(X, n_threads=3)
    net.gradient(X, Y, n_threads=3)
    assert not meeting.broken


def test_little_work_starts_no_thread(monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("a thread was started")

    monkeypatch.setattr("threading.Thread", refuse)
    net = small_network()
    X, Y = make_data(40, 3, 2)
    net.predict(X, n_threads=8)
    net.predict(X[0], n_threads=8)
    net.gradient(X, Y, n_threads=8)


@pytest.mark.usefixtures("many_parts")
def test_what_goes_wrong_in_a_thread_is_raised_and_changes_nothing(monkeypatch):
    net = small_network()
    X, Y = make_data(96, 3, 2)
    before, expected = net.params.copy(), net.predict(X)

    def interrupted(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fastnn.core.evaluate.predict_rows", interrupted)
        patch.setattr("fastnn.core.evaluate.add_gradient_of_rows", interrupted)
        for n_threads in (1, 3):
            with pytest.raises(KeyboardInterrupt):
                net.predict(X, n_threads=n_threads)
            with pytest.raises(KeyboardInterrupt):
                net.gradient(X, Y, n_threads=n_threads)
    X[70, 1] = np.nan
    with pytest.raises(ValueError, match=r"X must be finite in float64, got nan at \(70, 1\)"):
        net.predict(X, n_threads=3)
    X[70, 1] = 0
    np.testing.assert_array_equal(net.params, before)
    np.testing.assert_array_equal(net.predict(X, n_threads=3)[:70], expected[:70])
