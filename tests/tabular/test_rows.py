import numpy as np
import pytest

from fastnn.tabular.rows import HELD_OUT, TRAINING, VALIDATION, SpillBuffer, Split


@pytest.mark.parametrize("fraction", [0.5, 0.3, 0.2, 0.001])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_part_held_out_is_as_large_as_asked(fraction, seed):
    held = Split(fraction, 0, seed).parts(0, 100_000) == HELD_OUT
    assert held.sum() == pytest.approx(fraction * 100_000, rel=0.13)
    if fraction <= 0.3:
        assert held.sum() == pytest.approx(fraction * 100_000, rel=0.05)


def test_a_fifth_is_one_of_each_five():
    held = Split(0.2, 0, 3).parts(0, 1000) == HELD_OUT
    assert held.reshape(-1, 5).sum(axis=1).tolist() == [1] * 200
    places = held.reshape(-1, 5).sum(axis=0)
    assert places.min() > 20, "not the same one of each five"


def test_rows_are_told_apart_by_their_number_alone():
    split = Split(0.2, 0.1, 7)
    whole = split.parts(0, 1000)
    pieces = [split.parts(start, start + 125) for start in range(0, 1000, 125)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_another_seed_holds_out_others():
    one, other = Split(0.2, 0, 0).parts(0, 1000), Split(0.2, 0, 1).parts(0, 1000)
    assert (one != other).sum() > 200


def test_validation_is_a_part_of_what_is_not_held_out():
    parts = Split(0.2, 0.1, 0).parts(0, 10_000)
    n_training, n_validation, n_held = np.bincount(parts, minlength=3)
    assert n_held == 2000
    assert n_validation == pytest.approx(800, rel=0.1)
    assert n_training == 10_000 - n_held - n_validation
    assert (TRAINING, VALIDATION, HELD_OUT) == (0, 1, 2)


def test_nothing_is_held_out_of_nothing_asked():
    assert not Split(0, 0, 0).parts(0, 1000).any()


@pytest.fixture
def rows(tmp_path):
    rows = SpillBuffer(2, tmp_path)
    for start in range(0, 100, 30):
        numbers = np.arange(start, min(100, start + 30))
        rows.append(np.stack([numbers, -numbers], axis=1))
    yield rows
    rows.close()


def test_rows_come_back(rows):
    assert rows.n_rows == 100
    got = rows.read(28, 32)
    assert got.dtype == np.float32
    assert got.tolist() == [[28, -28], [29, -29], [30, -30], [31, -31]]
    assert len(rows.read(95, 120)) == 5


def test_chunks_are_in_order(rows):
    chunks = list(rows.chunks(40))
    assert [len(chunk) for chunk in chunks] == [40, 40, 20]
    np.testing.assert_array_equal(np.concatenate(chunks)[:, 0], np.arange(100))


@pytest.mark.parametrize("n_rows", [1, 7, 64, 100, 1000])
def test_shuffled_chunks_hold_each_row_once(rows, n_rows):
    chunks = list(rows.shuffled(n_rows, np.random.default_rng(0)))
    assert max(map(len, chunks)) <= n_rows
    got = np.concatenate(chunks)[:, 0]
    assert sorted(got.tolist()) == list(range(100))
    if n_rows < 1000:
        assert got.tolist() != list(range(100))


def test_a_shuffled_chunk_is_made_of_places_all_over(tmp_path):
    rows = SpillBuffer(1, tmp_path)
    rows.append(np.arange(100_000.0)[:, np.newaxis])
    for chunk in list(rows.shuffled(6400, np.random.default_rng(0)))[:-1]:
        share = np.histogram(chunk, bins=10, range=(0, 100_000))[0] / len(chunk)
        assert share.max() < 0.35, "about a tenth in each tenth of the file"
    rows.close()


def test_a_file_leaves_nothing_behind(tmp_path):
    rows = SpillBuffer(1, tmp_path)
    rows.append(np.ones((10, 1)))
    assert list(tmp_path.iterdir()) == [], "a file without a name"
    rows.close()


def test_no_rows(tmp_path):
    rows = SpillBuffer(3, tmp_path)
    assert list(rows.chunks(10)) == []
    assert rows.read(0, 0).shape == (0, 3)
    rows.close()
