"""`CSVLog`: the table of a training, and of one that goes on."""

import csv
import os

import pytest

from fastnn import Dense, Network
from fastnn.callbacks import Callback, Checkpoint, CSVLog

from ..support.training import make_run, run_through


def read(path):
    return path.read_bytes().decode()


def test_log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("an older log, which is overwritten\n")
    third = 1 / 3
    run_through(CSVLog(path), {"loss": [third, 2e-300, 1.0], "val_loss": [3.0, None, 4.0]})
    assert read(path) == (
        "epoch,learning_rate,loss,val_loss\n"
        "0,0.1,0.3333333333333333,3.0\n"
        "1,0.1,2e-300,\n"
        "2,0.1,1.0,4.0\n"
    )
    with open(path, newline="") as file:
        assert float(next(csv.DictReader(file))["loss"]) == third


def test_log_can_be_read_while_training_goes_on(tmp_path):
    path = tmp_path / "log.csv"
    run_through(CSVLog(path), {"loss": [3.0]}, end=False)
    assert read(path) == "epoch,learning_rate,loss\n0,0.1,3.0\n"


def test_log_is_appended_to(tmp_path):
    path = tmp_path / "log.csv"
    run_through(CSVLog(path, append=True), {"loss": [3.0], "val_loss": [5.0]})
    run_through(CSVLog(path, append=True), {"loss": [2.0]}, first_epoch=1)
    assert read(path) == "epoch,learning_rate,loss,val_loss\n0,0.1,3.0,5.0\n1,0.1,2.0,\n"


def test_log_of_resumed_training_keeps_the_rows(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("an older log, which is overwritten\n")
    net = Network(2, [Dense(1)], seed=0)
    epochs = []
    for options in ({}, {"resume": True}, {}):
        net.fit([[0, 1]], [1], epochs=2, callbacks=[CSVLog(path)], **options)
        epochs.append([line.split(",")[0] for line in read(path).splitlines()[1:]])
    assert epochs == [["0", "1"], ["0", "1", "2", "3"], ["0", "1"]]
    net.fit([[0, 1]], [1], resume=True, callbacks=[CSVLog(path, append=False)])
    assert len(read(path).splitlines()) == 2


class Outage(Callback):
    def epoch(self, run):
        if run.epoch == 6:
            raise OSError("the power fails")


def epochs_in(path):
    with open(path, newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


def test_epochs_after_a_checkpoint_are_logged_once(tmp_path):
    path, saved = tmp_path / "log.csv", tmp_path / "net.fastnn"
    X, y = [[0, 1], [1, 1]], [1, 2]
    net = Network(2, [Dense(1)], seed=0)
    with pytest.raises(OSError, match="the power fails"):
        net.fit(X, y, epochs=9, callbacks=[CSVLog(path), Checkpoint(saved, every=5), Outage()])
    assert epochs_in(path) == [*range(7)]
    cut_short = read(path)
    net = Network.load(saved)
    history = net.fit(X, y, epochs=4, resume=True, callbacks=[CSVLog(path)])
    assert history.epoch == [5, 6, 7, 8]
    assert epochs_in(path) == net.history.epoch == [*range(9)]
    assert read(path).startswith(cut_short)  # training is the same to the bit
    fresh = Network(2, [Dense(1)], seed=0)
    for resume in (False, True):
        fresh.fit(X, y, epochs=2, resume=resume, callbacks=[CSVLog(path, append=True)])
    assert epochs_in(path) == [*range(9), 0, 1, 2, 3]  # only the last rows are of these epochs


def test_what_is_no_text_is_not_appended_to(tmp_path):
    path = tmp_path / "net.fastnn"
    net = Network(2, [Dense(1)], seed=0)
    net.save(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"net\.fastnn must be a table in UTF-8 .* append=False"):
        net.fit([[0, 1]], [1], callbacks=[CSVLog(path, append=True)])
    assert path.read_bytes() == before


def cut(path, n):
    """Leave what a kill may leave: a last line without its end."""
    path.write_bytes(path.read_bytes()[:-n])


def test_a_torn_line_whose_epoch_takes_place_again_is_replaced(tmp_path):
    path, saved = tmp_path / "log.csv", tmp_path / "net.fastnn"
    X, y = [[0, 1], [1, 1]], [1, 2]
    net = Network(2, [Dense(1)], seed=0)
    net.fit(X, y, epochs=6, callbacks=[CSVLog(path), Checkpoint(saved, every=4)])
    whole = read(path)
    cut(path, 10)
    Network.load(saved).fit(X, y, epochs=2, resume=True, callbacks=[CSVLog(path)])
    assert read(path) == whole


@pytest.mark.parametrize("n", [1, 10])
def test_a_torn_line_whose_epoch_does_not_take_place_again_is_dropped_and_told(tmp_path, n):
    path = tmp_path / "log.csv"
    X, y = [[0, 1], [1, 1]], [1, 2]
    net = Network(2, [Dense(1)], seed=0)
    net.fit(X, y, epochs=3, callbacks=[CSVLog(path)])
    cut(path, n)
    kept = read(path)[: read(path).rfind("\n") + 1]
    with pytest.warns(UserWarning, match=r"log\.csv had a last line that was cut short: that row"):
        net.fit(X, y, epochs=2, resume=True, callbacks=[CSVLog(path)])
    assert read(path).startswith(kept)
    assert epochs_in(path) == [0, 1, 3, 4]


@pytest.mark.parametrize("header", ["epo", "epoch,learn"])
def test_columns_that_were_cut_short_are_written_anew(tmp_path, header):
    path = tmp_path / "log.csv"
    path.write_text(header)
    with pytest.warns(UserWarning, match="cut short"):
        run_through(CSVLog(path, append=True), {"loss": [3.0]})
    assert read(path) == "epoch,learning_rate,loss\n0,0.1,3.0\n"


def test_log_gets_wider_where_a_figure_comes_later(tmp_path):
    path = tmp_path / "log.csv"
    run_through(CSVLog(path), {"loss": [3.0, 2.0], "val_loss": [None, 5.0]})
    run_through(CSVLog(path, append=True), {"mae, my own": [1.0]}, first_epoch=2)
    assert read(path) == (
        'epoch,learning_rate,loss,val_loss,"mae, my own"\n'
        "0,0.1,3.0,,\n"
        "1,0.1,2.0,5.0,\n"
        "2,0.1,,,1.0\n"
    )
    assert os.listdir(tmp_path) == ["log.csv"]


def test_another_kind_of_table_is_not_appended_to(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("name,age\nEmily,20\n")
    with pytest.raises(ValueError, match=r"people\.csv must have epoch as its first .* got 'name'"):
        CSVLog(path, append=True).start(make_run())
    assert path.read_text() == "name,age\nEmily,20\n"
