import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network
from fastnn.tabular.encoding import Category, Encoding, Number
from fastnn.tabular.rows import SpillBuffer
from fastnn.tabular.training import Settings, score, train_at_once, train_by_chunks

LINE = Encoding((Number("x", 0.0, 1.0),), Number("y", 100.0, 50.0), fills_missing=False)
SIGN = Encoding(
    (Number("x", 0.0, 1.0),), Category("sign", ("minus", "plus"), (0.4, 0.6)), fills_missing=False
)


def rows_of(*table):
    rows = SpillBuffer(2, np.dtype(np.float64), None)
    if table:
        rows.append(np.array(table, float))
    return rows


def line_rows(n):
    x = np.linspace(-1, 1, n)
    return rows_of(*zip(x, 0.5 * x + 0.25, strict=True))


def settings(**others):
    defaults = {
        "epochs": 60, "batch_size": 4, "optimizer": "sgd", "learning_rate": 0.1,
        "early_stopping": False, "seed": 0, "quiet": True,
    }  # fmt: skip
    return Settings(**defaults | others)


def line_net():
    return Network(1, [Dense(1)], seed=0)


def test_at_once_and_by_chunks_learn_the_same():
    at_once, by_chunks = line_net(), line_net()
    train_at_once(at_once, LINE, line_rows(40), rows_of(), settings())
    train_by_chunks(by_chunks, LINE, line_rows(40), rows_of(), settings(), 7)
    for net in (at_once, by_chunks):
        assert net.predict([[0.0], [1.0]]).ravel() == pytest.approx([0.25, 0.75], abs=1e-3)


def test_chunks_make_epochs():
    net = line_net()
    history = train_by_chunks(net, LINE, line_rows(40), rows_of(), settings(epochs=5), 7)
    assert history.epoch == [0, 1, 2, 3, 4]
    assert net.history.epoch == history.epoch
    assert net.history["loss"] == history["loss"]
    assert net.fit([[0.0]], [0.25], resume=True).epoch == [5]


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows():
    rows = rows_of([0, 1], [0, 1], [0, 4])
    frozen = settings(epochs=1, learning_rate=1e-12)
    net = Network(1, [Dense(1, weights=[[0.0]])])
    history = train_by_chunks(net, LINE, rows, rows_of(), frozen, 2)
    assert history["loss"] == [pytest.approx(6)]


def test_same_seed_same_bits():
    nets = [line_net(), line_net(), line_net()]
    for net, seed in zip(nets, (0, 0, 1), strict=True):
        train_by_chunks(net, LINE, line_rows(40), rows_of(), settings(epochs=3, seed=seed), 7)
    assert nets[0].params.tobytes() == nets[1].params.tobytes()
    assert nets[0].params.tobytes() != nets[2].params.tobytes()


@pytest.mark.parametrize("chunk_rows", [None, 7])
def test_early_stopping_restores_the_best_epoch(chunk_rows):
    # What is best for the rows to train on is ever worse for those to stop by.
    training, validation = rows_of([1, 1], [1, 1], [1, 1]), rows_of([1, 0.2])
    net = Network(1, [Dense(1, weights=[[0.0]], bias=False)])
    options = settings(epochs=500, batch_size=1, learning_rate=0.01, early_stopping=True)
    if chunk_rows is None:
        history = train_at_once(net, LINE, training, validation, options)
    else:
        history = train_by_chunks(net, LINE, training, validation, options, chunk_rows)
    best = int(np.argmin(history["val_loss"]))
    assert len(history.epoch) == best + 11
    assert net.loss([[1.0]], [0.2]) == pytest.approx(history["val_loss"][best], rel=1e-9)


def test_divergence_names_the_epoch_not_the_chunk():
    net = Network(1, [Dense(1, weights=[[0.0]])])
    rows = rows_of(*[[1e8, 1]] * 50)
    with pytest.raises(DivergenceError, match="in epoch 0 at"):
        train_by_chunks(net, LINE, rows, rows_of(), settings(batch_size=2, learning_rate=1.0), 2)


def test_the_score_of_a_regression_is_in_the_units_of_the_target():
    net = Network(1, [Dense(1, weights=[[1.0]])])
    got = score(net, LINE, rows_of([0, 0], [1, 2], [2, 1]))
    # In the target's units: 100, 200, 150, predicted as 100, 150, 200.
    assert got["mae"] == pytest.approx(100 / 3)
    assert got["baseline_mae"] == pytest.approx((0 + 100 + 50) / 3)
    assert got["r2"] == pytest.approx(1 - 5000 / 5000)
    assert (got["n_rows"], got["baseline"]) == (3, 100.0)


def test_the_score_of_a_single_row_has_no_r2():
    net = Network(1, [Dense(1, weights=[[1.0]])])
    assert score(net, LINE, rows_of([1, 2]))["r2"] is None
    assert score(net, LINE, rows_of([1, 0.1], [3, 0.1], [4, 0.1]))["r2"] is None


def test_the_score_of_a_classification():
    net = Network(1, [Dense(2, "softmax", weights=[[-1.0, 1.0]])], loss="cross_entropy")
    got = score(net, SIGN, rows_of([-1, 0], [2, 1], [3, 1], [1, 0]))
    assert got == {"n_rows": 4, "accuracy": 0.75, "baseline_accuracy": 0.5, "baseline": "plus"}
