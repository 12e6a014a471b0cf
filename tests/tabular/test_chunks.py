import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("narwhals")
pytest.importorskip("pyarrow")

import pyarrow as pa

from fastnn.tables.columns import columns_of
from fastnn.tabular import chunks, samples
from fastnn.tabular.chunks import SampleEncoder, rows_at_a_time, train_by_chunks
from fastnn.tabular.reading import open_table
from fastnn.tabular.rows import Split
from fastnn.tabular.samples import joined, read_samples
from fastnn.tabular.target import Problem, choose_target
from fastnn.tabular.training import Settings

from .tables import flowers, prices, write

FIFTH = Split(0.2, 0, 0)


def settings(**others):
    defaults = {
        "hidden": [8], "epochs": 30, "learning_rate": 0.01, "time_limit": None, "fast": True,
        "seed": 0, "quiet": True,
    }  # fmt: skip
    return Settings(**defaults | others)


def opened(path, text, target):
    table = open_table(write(path / "t.csv", text))
    target, n_rows = choose_target(table, target, "auto")
    names = [name for name in table.names if name != target.name]
    return Problem(table, names, target, n_rows)


def trained(path, text, target, split=FIFTH, chunk_rows=50, **others):
    problem = opened(path, text, target)
    return train_by_chunks(problem, split, settings(**others), chunk_rows=chunk_rows, folder=path)


def test_the_parts_of_a_table(tmp_path):
    got = trained(tmp_path, flowers(500), "species")
    assert got.scored == "held out: 100 rows"
    assert got.n_training == pytest.approx(360, abs=15), "a tenth of the rest chooses the epoch"
    assert [score.model for score in got.scores] == [
        "this model", "a linear model of a sample", got.judge.baseline(np.array([0, 1])).model,
    ]  # fmt: skip
    assert got.scores[0].metrics["accuracy"] > 0.97


def test_the_model_is_scored_as_it_predicts(tmp_path):
    got = trained(tmp_path, prices(300), "rent", Split(0.3, 0, 1))
    rows = joined([*read_samples(opened(tmp_path, prices(300), "rent"))])
    held = rows.taken(np.flatnonzero(Split(0.3, 0, 1).parts(0, 300) == 2))
    outputs = got.model.outputs(held.columns)[0][:, 0]
    expected = np.abs(outputs - held.targets).mean()
    assert got.scores[0].metrics["mean absolute error"] == pytest.approx(expected, rel=1e-5)
    frame = pa.table({"area": [50.0], "place": ["town"]})
    assert got.model.outputs(columns_of(frame))[0].item() == pytest.approx(900, rel=0.1)


def test_rows_held_out_are_no_more_than_memory_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "_MOST_SCORED", 400)
    got = trained(tmp_path, flowers(500), "species", epochs=1)
    assert 15 <= int(got.scored.split()[2]) <= 25


def test_same_seed_same_bits(tmp_path):
    nets = [
        trained(tmp_path, flowers(100), "species", epochs=2, seed=seed).model.members[0].network
        for seed in (0, 0, 1)
    ]
    assert nets[0].params.tobytes() == nets[1].params.tobytes()
    assert nets[0].params.tobytes() != nets[2].params.tobytes()


def test_a_time_limit(tmp_path):
    got = trained(tmp_path, flowers(100), "species", epochs=50, time_limit=1e-9)
    assert len(got.model.members[0].network.history.epoch) == 1


def test_statistics_of_the_target_do_not_give_a_row_away(tmp_path):
    # Each category has two rows, and the target is noise: what a category's rows are says nothing.
    random = np.random.default_rng(0)
    labels = random.choice(["u", "v"], 400)
    text = "a,y\n" + "".join(f"c{k % 200},{label}\n" for k, label in enumerate(labels))
    problem = opened(tmp_path, text, "y")
    rows = joined([*read_samples(problem)])
    encoder = SampleEncoder(rows, problem.target.classes, seed=0)
    crossed = encoder.encode(rows)[:, -2]
    plain = encoder.encode(rows._replace(numbers=rows.numbers + 1000))[:, -2]
    assert abs(np.corrcoef(crossed, rows.targets)[0, 1]) < 0.2
    assert np.corrcoef(plain, rows.targets)[0, 1] > 0.5


def test_a_table_is_trained_on_at_once_while_its_inputs_are_few(tmp_path, monkeypatch):
    given = opened(tmp_path, flowers(300), "species"), settings()
    assert rows_at_a_time(*given) is None
    monkeypatch.setattr(chunks, "_AT_ONCE", 300 * 4 * 3)
    monkeypatch.setattr(samples, "_ROWS", 100)
    monkeypatch.setattr(chunks, "_CHUNK", 4 * 20 * 10)
    # length and width are a scaled number and eight bins each, and the colour two inputs.
    assert rows_at_a_time(*given) == 10
