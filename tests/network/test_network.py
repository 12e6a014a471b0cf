import copy
import pickle
import threading

import numpy as np
import pytest

from fastnn import Dense, History, Network
from fastnn._training.state import state_of
from fastnn.core import layout
from fastnn.initializers import normal
from fastnn.optimizers import SGD
from fastnn.reference import ReferenceNetwork

from ..support.networks import make_data, small_network


def test_hand_worked_step():
    # 2-2-1, sigmoid, all weights 1, no bias used: h = f(-3), o = f(2 h); half_sse against 1
    layers = [Dense(2, "sigmoid", weights=np.ones((2, 2))), Dense(1, "sigmoid", weights=[[1], [1]])]
    net = Network(2, layers, loss="half_sse")
    h = 1 / (1 + np.exp(3))
    o = 1 / (1 + np.exp(-2 * h))
    assert net.predict([-2, -1]) == pytest.approx([o], rel=1e-15)
    delta_o = (o - 1) * o * (1 - o)
    delta_h = delta_o * h * (1 - h)
    net.partial_fit([-2, -1], 1, learning_rate=0.1)
    np.testing.assert_allclose(net.weights[1], np.full((2, 1), 1 - 0.1 * delta_o * h), rtol=1e-15)
    np.testing.assert_allclose(net.biases[1], [-0.1 * delta_o], rtol=1e-15)
    expected = 1 - 0.1 * delta_h * np.array([[-2, -2], [-1, -1]])
    np.testing.assert_allclose(net.weights[0], expected, rtol=1e-15)
    np.testing.assert_allclose(net.biases[0], np.full(2, -0.1 * delta_h), rtol=1e-15)


def test_initial_parameters_are_drawn_layer_by_layer():
    layers = [
        Dense(4, initializer=normal(0.1), bias_initializer="glorot_uniform"),
        Dense(2, bias=False),
    ]
    net = Network(3, layers, seed=np.random.RandomState(7))
    draws = np.random.RandomState(7)
    np.testing.assert_array_equal(net.weights[0], draws.standard_normal((3, 4)) * 0.1)
    expected = (2 * draws.random((4,)) - 1) * np.sqrt(6 / 8)
    np.testing.assert_array_equal(net.biases[0], expected)
    expected = (2 * draws.random((4, 2)) - 1) * np.sqrt(6 / 6)
    np.testing.assert_array_equal(net.weights[1], expected)
    assert net.biases[1] is None


def test_given_parameters_are_copied_and_nothing_is_drawn_for_them():
    W, b, random = np.ones((3, 2)), np.ones(2), np.random.RandomState(0)
    net = Network(3, [Dense(2, weights=W, biases=b)], seed=random)
    W[:], b[:] = 5, 5
    np.testing.assert_array_equal(net.weights[0], np.ones((3, 2)))
    np.testing.assert_array_equal(net.biases[0], np.ones(2))
    assert random.random() == np.random.RandomState(0).random()


@pytest.mark.parametrize("seed", [3, np.int64(3), np.random.default_rng(3)])
def test_seeds(seed):
    net = small_network(seed=seed)
    np.testing.assert_array_equal(net.params, small_network(seed=3).params)


def test_views_and_params_are_one_memory():
    net = small_network()
    net.weights[0][:] = 0
    net.biases[0][:] = 3
    layer_0 = net.params[: state_of(net).model.table[1, layout.WEIGHTS]]
    np.testing.assert_array_equal(np.unique(layer_0), [0, 3])
    assert net.n_params == 3 * 5 + 5 + 5 * 2 + 2
    assert net.params.size >= net.n_params
    vector = np.arange(net.params.size, dtype=float)
    net.params = vector
    vector[:] = -1
    assert net.weights[0][0].tolist() == [0, 1, 2, 3, 4]
    assert sum(view.size for view in net._views(net.params)) == net.n_params
    assert (net.params != 0).sum() == net.n_params - 1  # padding stayed zero, one weight is 0


def test_frozen_and_absent_biases():
    X, Y = make_data(5, 3, 2)
    layers = [Dense(4, "tanh", train_bias=False, biases=[1, 2, 3, 4]), Dense(2, bias=False)]
    net = Network(3, layers, seed=0)
    net.fit(X, Y, epochs=3, learning_rate=0.1)
    net.fit(X, Y, epochs=3, learning_rate=0.1, batch_size=2)
    np.testing.assert_array_equal(net.biases[0], [1, 2, 3, 4])
    assert net.biases[1] is None
    steps = net.trace(X, Y)
    np.testing.assert_array_equal(steps[0].grad_b, np.zeros(4))
    assert steps[1].grad_b is None
    assert net.n_params == 12 + 4 + 8


def test_partial_fit_goes_once_through_the_rows_in_order():
    X, Y = make_data(7, 3, 2)
    net, other, reference = small_network(), small_network(), ReferenceNetwork.like(small_network())
    assert net.partial_fit(X, Y, learning_rate=0.2) is net
    for x, y in zip(X, Y, strict=True):
        other.partial_fit(x, y, learning_rate=0.2)
    np.testing.assert_array_equal(net.params, other.params)
    reference.fit(X, Y, learning_rate=0.2)
    np.testing.assert_allclose(net.weights[0], reference.weights[0], rtol=1e-12)


def test_partial_fit_keeps_what_training_last_used():
    X, Y = make_data(6, 3, 2)
    nets = [small_network() for _ in range(3)]
    for net in nets:
        net.fit(X, Y, learning_rate=0.5, batch_size=3, reduction="sum")
    nets[0].partial_fit(X, Y, batch_size=2)
    nets[1].fit(X, Y, batch_size=2, reduction="sum", learning_rate=0.5, shuffle=False)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    nets[2].partial_fit(X, Y, batch_size=2, optimizer=SGD(0.1))
    assert (nets[2].params != nets[0].params).any()
    fresh, default = small_network(), small_network()
    fresh.partial_fit(X, Y)
    default.fit(X, Y, learning_rate=0.01, shuffle=False)
    np.testing.assert_array_equal(fresh.params, default.params)


def test_fit_starts_a_fresh_optimizer():
    X, Y = make_data(6, 3, 2)
    net, other = small_network(), small_network()
    net.fit(X, Y, learning_rate=0.5)
    other.fit(X, Y, learning_rate=0.5)
    net.fit(X, Y)
    other.fit(X, Y, learning_rate=0.01)
    np.testing.assert_array_equal(net.params, other.params)


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        ([0, 2, 1, 0], [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]),
        ([[0.0], [2.0], [1.0], [0.0]], [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]),
        (np.array([0, 2, 1, 0], dtype=np.uint8), [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]),
    ],
)
def test_labels_are_one_hot_rows(labels, rows):
    X, _ = make_data(4, 2, 3)
    net = Network(2, [Dense(3, "softmax")], loss="cross_entropy", seed=0)
    assert net.loss(X, labels) == net.loss(X, rows)
    assert net.trace(X[1], 2)[0].delta.tolist() == net.trace(X[1], [0, 0, 1])[0].delta.tolist()


def test_one_output_takes_one_dimensional_targets():
    X, Y = make_data(4, 3, 1)
    net = Network(3, [Dense(1)], seed=0)
    assert net.loss(X, Y[:, 0]) == net.loss(X, Y)
    np.testing.assert_array_equal(net.gradient(X, Y[:, 0]), net.gradient(X, Y))
    assert net.predict(X).shape == (4, 1)
    assert net.predict(X[0]).shape == (1,)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_many_kinds_of_arrays_give_the_same_and_are_not_written_to(dtype, tmp_path):
    X = np.arange(12).reshape(4, 3) % 5
    Y = np.eye(2)[[0, 1, 1, 0]]
    stored = np.memmap(tmp_path / "x.bin", dtype="float64", mode="w+", shape=X.shape)
    stored[:] = X
    locked = X.astype(dtype)
    locked.flags.writeable = False
    kinds = [
        X, X.tolist(), X.astype("float16"), X.astype("int8"), np.asfortranarray(X.astype(dtype)),
        np.repeat(X, 2, axis=1)[:, ::2], stored, locked, X.astype(">f4"),
    ]  # fmt: skip
    expected = small_network(dtype=dtype)
    expected.fit(X, Y, shuffle=False)
    for kind in kinds:
        before = np.array(kind)
        net = small_network(dtype=dtype)
        net.fit(kind, Y, shuffle=False)
        np.testing.assert_array_equal(net.params, expected.params)
        np.testing.assert_array_equal(net.predict(kind), expected.predict(X))
        np.testing.assert_array_equal(np.array(kind), before)
    assert net.predict(X).dtype == dtype


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_frames_and_series_give_the_same_and_are_not_written_to(dtype):
    pd = pytest.importorskip("pandas")
    X, Y = np.arange(12).reshape(4, 3) % 5, np.eye(2)[[0, 1, 1, 0]]
    expected, net = small_network(dtype=dtype), small_network(dtype=dtype)
    expected.fit(X, Y, shuffle=False)
    frame, row = pd.DataFrame(X), pd.Series(X[1])
    net.fit(frame, pd.DataFrame(Y), shuffle=False)
    np.testing.assert_array_equal(net.params, expected.params)
    np.testing.assert_array_equal(net.predict(frame), expected.predict(X))
    got = net.predict(row)
    assert type(got) is np.ndarray
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, expected.predict(X[1]))
    np.testing.assert_array_equal(frame, X)
    np.testing.assert_array_equal(row, X[1])


@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_history_holds_running_figures_and_validation(batch_size):
    X, Y = make_data(7, 3, 2)
    net, reference = small_network(), ReferenceNetwork.like(small_network())
    metrics = ["mse", "accuracy", "mae"]
    history = net.fit(
        X, Y, epochs=5, batch_size=batch_size, shuffle=False, learning_rate=0.5,
        metrics=metrics, validation_data=(X[:4], Y[:4]), evaluate_every=2,
    )  # fmt: skip
    assert isinstance(history, History)
    assert list(history) == ["loss", *metrics, "val_loss", *(f"val_{name}" for name in metrics)]
    assert history.epoch == history.epochs_of("loss") == [0, 1, 2, 3, 4]
    assert history.epochs_of("val_mae") == [0, 2, 4]
    step = batch_size or 7
    for epoch in range(5):
        outputs = np.empty((7, 2))
        for start in range(0, 7, step):
            rows = slice(start, start + step)
            outputs[rows] = reference.predict(X[rows])
            reference.update(X[rows], Y[rows], 0.5)
        hits = outputs.argmax(axis=1) == Y.argmax(axis=1)
        assert history["mse"][epoch] == pytest.approx(((outputs - Y) ** 2).mean(), rel=1e-12)
        assert history["mae"][epoch] == pytest.approx(abs(outputs - Y).mean(), rel=1e-12)
        assert history["accuracy"][epoch] == hits.mean()
        assert history["loss"][epoch] == pytest.approx(history["mse"][epoch], rel=1e-12)
        if epoch % 2 == 0:
            expected = reference.loss(X[:4], Y[:4])
            assert history["val_loss"][epoch // 2] == pytest.approx(expected, rel=1e-12)
    frame = history.to_frame()
    assert frame.shape == (5, 8)
    assert frame["val_loss"].isna().tolist() == [False, True, False, True, False]


def test_copies_are_whole_and_apart():
    X, Y = make_data(6, 3, 2)
    net = small_network()
    net.fit(X, Y, epochs=2, learning_rate=0.3)
    for twin in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.params.ctypes.data % 64 == 0
        assert twin.params.base is not net.params.base
        assert np.shares_memory(twin.weights[0], twin.params)
        np.testing.assert_array_equal(twin.params, net.params)
        expected = copy.deepcopy(net)
        twin.fit(X, Y, epochs=2, resume=True)
        expected.fit(X, Y, epochs=2, resume=True)
        np.testing.assert_array_equal(twin.params, expected.params)
        assert (twin.params != net.params).any()


class Labelled(np.ndarray):
    """What other libraries hand in: an array of their own class."""


def rows_of_all_kinds(x, folder):
    """Return the row in all shapes of memory that NumPy knows, and as what is not NumPy's."""
    locked = x.copy()
    locked.flags.writeable = False
    stored = np.memmap(folder / "x.bin", dtype=x.dtype, mode="w+", shape=x.shape)
    stored[:] = x
    unaligned = np.frombuffer(b"?" + x.tobytes(), x.dtype, offset=1)
    return {
        "as it is": x, "list": x.tolist(), "tuple": tuple(x), "read-only": locked,
        "strided": np.repeat(x, 2)[::2], "backwards": x[::-1].copy()[::-1],
        "column": np.array([x, x]).T[:, 1], "subclass": x.view(Labelled), "file": stored,
        "big-endian": x.astype(x.dtype.newbyteorder(">")), "unaligned": unaligned,
        "integers": x.astype("int8"),
        "float32": x.astype("float32"), "float64": x.astype("float64"),
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_row_of_any_kind_gives_the_same_bits(dtype, tmp_path):
    X = np.array([[1, -2, 3], [0, 4, 5]], dtype)
    net = small_network(dtype=dtype)
    expected = net.predict(X)[0]
    for kind, row in rows_of_all_kinds(X[0], tmp_path).items():
        before = np.array(row)
        got = net.predict(row)
        assert type(got) is np.ndarray, kind
        assert got.dtype == dtype, kind
        np.testing.assert_array_equal(got, expected, err_msg=kind)
        np.testing.assert_array_equal(np.array(row), before, err_msg=kind)
        got[:] = 0  # the caller's own
    np.testing.assert_array_equal(net.predict(X[0]), expected)
    np.testing.assert_array_equal(net.predict(X[:1]), expected[np.newaxis])


def test_a_row_of_an_unpickled_dtype():
    x = pickle.loads(pickle.dumps(np.array([1.0, -2.0, 3.0])))
    net = pickle.loads(pickle.dumps(small_network()))
    np.testing.assert_array_equal(net.predict(x), small_network().predict(x.copy()))


def test_threads_may_predict_at_once():
    X, _ = make_data(300, 3, 2)
    net, outputs = small_network(), [None] * 4
    expected = net.predict(X)

    def work(k):
        rows = [net.predict(x) for x in X]
        outputs[k] = net.predict(X, n_threads=1 + k), np.array(rows)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for table, rows in outputs:
        np.testing.assert_array_equal(table, expected)
        np.testing.assert_array_equal(rows, expected)


def test_a_second_trainer_gets_an_error():
    X, Y = make_data(6, 3, 2)
    net = small_network()
    state_of(net).lock.acquire(False)
    before = net.params.copy()
    for train in (net.fit, net.partial_fit):
        with pytest.raises(RuntimeError, match="one thread at a time"):
            train(X, Y)
    np.testing.assert_array_equal(net.params, before)
    state_of(net).lock.release()
    net.fit(X, Y)


def test_an_interrupt_leaves_a_network_that_trains_on(monkeypatch):
    X, Y = make_data(6, 3, 2)
    net, calls = small_network(), []

    def interrupted(*args):
        calls.append(args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fastnn.core.train_samples.train_samples", interrupted)
        with pytest.raises(KeyboardInterrupt):
            net.fit(X, Y)
    assert len(calls) == 1
    assert np.isfinite(net.fit(X, Y)["loss"]).all()


def test_progress_bar_needs_a_terminal(capsys):
    X, Y = make_data(6, 3, 2)
    small_network().fit(X, Y, progress=True)
    assert capsys.readouterr() == ("", "")


def test_description():
    net = Network(3, [Dense(4, "relu", bias=False), Dense(2, train_bias=False)], dtype="float32")
    assert repr(net) == (
        "Network(3, [Dense(4, 'relu', bias=False), Dense(2, 'identity', train_bias=False)], "
        "loss='mse', dtype='float32')"
    )
    lines = net.summary().splitlines()
    assert lines[0].split() == ["layer", "W", "b", "activation", "parameters", "bytes"]
    assert lines[1].split() == ["0", "(3,", "4)", "-", "relu", "12", "48"]
    assert lines[2].split() == ["1", "(4,", "2)", "(2,)", "frozen", "identity", "10", "40"]
    assert lines[3].split() == ["total", "22", "88"]
