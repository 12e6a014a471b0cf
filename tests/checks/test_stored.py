"""Large tables that must be converted: part by part, with the same bits, in little memory."""

import subprocess
import sys

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn._checks import stored
from fastnn._checks.inputs import as_inputs
from fastnn._checks.stored import Stored

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(500, 20)).astype("float32")
Y = (X[:, 0] > 0).astype(float)
WEIGHTS = RANDOM.random(500)
WAYS = [
    {},
    {"batch_size": 7},
    {"batch_size": None},
    {"batch_size": 50, "optimizer": "adam", "sample_weight": WEIGHTS},
    {"batch_size": None, "sample_weight": WEIGHTS},
    {"sample_weight": WEIGHTS, "shuffle": False},
    {"validation_fraction": 0.3, "batch_size": 8, "metrics": ["accuracy", "r2"]},
    {"validation_fraction": 0.3, "sample_weight": WEIGHTS},
    {"batch_size": None, "optimizer": "irprop"},
    {"class_weight": "balanced", "input_noise": 0.1},
]


def network(n_in=20, **options):
    layers = [Dense(9, "tanh"), Dense(1, "sigmoid")]
    return Network(n_in, layers, loss="binary_cross_entropy", seed=0, **options)


@pytest.fixture
def parts(monkeypatch):
    """Have every table taken part by part."""

    def begin():
        monkeypatch.setattr(stored, "MOST_OF_FILE", 0)
        monkeypatch.setattr(stored, "MOST_OF_MEMORY", 0)
        monkeypatch.setattr(stored, "_PART", 20 * 8 * 99)

    return begin


def answers(net, table):
    yield net.predict(table)
    yield net.predict(table, n_threads=2)
    yield net.loss(table, Y, sample_weight=WEIGHTS)
    yield net.gradient(table, Y, sample_weight=WEIGHTS, n_threads=2)
    yield net.hidden(table)[0]
    yield net.jacobian(table)
    yield Population([net]).predict(table).mean


def check_same_bits(parts, tables, how):
    whole, other = network(), network()
    expected = whole.fit(X.astype(float), Y, epochs=3, **how)
    expected_answers = list(answers(whole, X.astype(float)))
    parts()
    for table in tables:
        other = network()
        assert isinstance(as_inputs(table, 20, other.dtype), Stored)
        assert other.fit(table, Y, epochs=3, **how) == expected
        np.testing.assert_array_equal(other.params, whole.params)
        for got, answer in zip(answers(other, table), expected_answers, strict=True):
            np.testing.assert_array_equal(got, answer)


@pytest.mark.parametrize("how", WAYS)
def test_the_bits_are_the_same(parts, how):
    check_same_bits(parts, [X], how)


def test_with_lbfgs(parts):
    pytest.importorskip("scipy")
    how = {"validation_fraction": 0.3, "batch_size": None, "optimizer": "lbfgs"}
    check_same_bits(parts, [X], how)


def test_whatever_the_layout(parts):
    wide = np.zeros((500, 40), "float32")
    wide[:, ::2] = X
    tables = [np.asfortranarray(X, float), X.astype(">f8"), wide[:, ::2], X.astype("longdouble")]
    check_same_bits(parts, tables, {"batch_size": 8})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_found_where_it_is(parts, value):
    parts()
    bad = X.copy()
    bad[333, 7] = value
    net = network()
    before = net.params.copy()
    for call in (
        lambda: net.fit(bad, Y),
        lambda: net.fit(bad, Y, sample_weight=WEIGHTS),
        lambda: net.predict(bad),
        lambda: net.loss(bad, Y),
    ):
        with pytest.raises(ValueError, match=rf"X must be finite .* got {value} at \(333, 7\)"):
            call()
    np.testing.assert_array_equal(net.params, before)
    with pytest.raises(ValueError, match=r"in float32, got inf at \(0, 3\)"):
        network(dtype="float32").predict(np.where(np.arange(20) == 3, 1e300, np.ones((500, 20))))


def test_which_tables_stay(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, np.zeros((100, 20), "float32"))
    on_file, in_memory = np.load(path, mmap_mode="r"), np.zeros((100, 20), "float32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "MOST_OF_FILE", 10_000)
        for table, dtype, expected in (
            (on_file, "float64", True),
            (on_file[:50], "float64", False),
            (on_file[:, :].T.T, "float64", True),
            (on_file, "float32", False),
            (in_memory, "float64", False),
        ):
            got = stored.must_stay(np.asarray(table), np.dtype(dtype))
            assert got == expected
        held = stored.taken(as_inputs(on_file, 20, np.dtype("float32")), np.arange(90))
        assert not isinstance(held, Stored)  # 7 kB
        held = stored.taken(as_inputs(on_file, 20, np.dtype("float64")), np.arange(90))
        assert isinstance(held, Stored)


_PEAK = """
import sys, threading, time
import numpy as np
from fastnn import Dense, Network

def own():  # bytes that are not of a file
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

def most_during(call):
    top, done = own(), threading.Event()
    before = top
    def watch():
        nonlocal top
        while not done.is_set():
            top = max(top, own())
            time.sleep(0.001)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        call()
    finally:
        done.set()
        watcher.join()
    return top - before

X = np.load(sys.argv[1], mmap_mode="r")
y = np.arange(len(X)) % 2
net = Network(400, [Dense(4, "tanh"), Dense(1, "sigmoid")], loss="binary_cross_entropy", seed=0)
few = X[:100].astype(float), y[:100]
net.fit(*few, batch_size=8, validation_fraction=0.5)
net.predict(few[0]), net.loss(*few), net.gradient(*few)
for call, most in (
    (lambda: net.fit(X, y, batch_size=8), 10),
    (lambda: net.fit(X, y, batch_size=8, validation_fraction=0.5), 10),
    (lambda: net.fit(X, y, batch_size=8, validation_data=(X, y)), 10),
    (lambda: net.predict(X), 5),
    (lambda: net.loss(X, y), 5),
    (lambda: net.gradient(X, y), 5),
):
    got = most_during(call) / 1e6
    assert got < most, (got, most)
"""


@pytest.mark.compiled
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_file_is_not_copied_into_memory(tmp_path, dtype):
    path = tmp_path / "X.npy"
    n_samples = 64_000_000 // (400 * np.dtype(dtype).itemsize)
    table = np.lib.format.open_memmap(path, "w+", dtype, (n_samples, 400))
    table[:] = np.random.default_rng(0).random(400)
    del table
    result = subprocess.run([sys.executable, "-c", _PEAK, path], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
