"""What `tables.py` makes of scores, and what its models see of a table."""

import math

import pytest
from small_tables.scores import Reached, Scores, Trial, geometric_mean, mean


def scores_of(losses, path=None):
    """Enter losses by contender, one a fold."""
    scores = Scores(path)
    for contender, values in losses.items():
        for fold, loss in enumerate(values):
            scores.add(Trial("ames", contender, 0, fold), Reached(loss, 1 - loss, 2.0))
    return scores


def test_geometric_mean():
    """A half and a double make 1."""
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1.0)


def test_mean():
    """The error is that of the mean, not of a value."""
    assert mean([1.0, 2.0, 3.0]) == pytest.approx((2.0, 1 / math.sqrt(3)))


def test_ratio():
    """It is that of the means, over the folds that both have."""
    scores = scores_of({"ours": [1.0, 2.0], "theirs": [2.0, 4.0, 600.0]})
    assert scores.ratio("ames", "ours", "theirs") == pytest.approx(0.5)


def test_difference():
    """It is taken fold by fold: what is the same on each has no error."""
    scores = scores_of({"ours": [1.5, 2.5, 4.0], "theirs": [1.0, 2.0, 3.5]})
    assert scores.difference("ames", "ours", "theirs") == pytest.approx((0.5, 0.0))


def test_log(tmp_path):
    """Scores are taken up from the file as they were."""
    path = tmp_path / "scores.jsonl"
    expected = scores_of({"ours": [0.1, 0.2], "theirs": [1 / 3, 0.4]}, path).reached
    assert Scores(path).reached == expected


@pytest.fixture
def rows():
    """Numbers, one of them missing, categories of two and of more values, and a date."""
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({
        "number": [1.0, 2.0, None, 4.0, 1000.0],
        "lift": pd.Categorical(["no", "yes", "no", "no", "yes"]),
        "town": pd.Categorical(["Rome", "Bonn", None, "Rome", "Oslo"]),
        "sold": pd.to_datetime(["2024-01-01 12:00", *["2024-02-06 00:00"] * 4]),
    })  # fmt: skip


def test_dates(rows):
    """The parts of a date do not depend on other rows."""
    from small_tables.data import without_dates

    whole, part = without_dates(rows), without_dates(rows[:1])
    assert part.filter(like="sold").iloc[0].tolist() == [19723.5, 12, 1, 0]  # a Monday
    assert part.to_dict() == whole[:1].to_dict()


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize(("name", "expected"), [("one_hot", 6), ("codes", 3)])
def test_encoders(rows, name, expected):
    """What they learn of the rows trained on has a place for a category that these do not hold."""
    pytest.importorskip("sklearn")
    from small_tables import contenders

    X = rows.drop(columns="sold")
    encoder = getattr(contenders, name)(X).fit(X[:4])
    got = encoder.transform(X[4:])
    assert got.shape == (1, expected)
    if name == "one_hot":
        assert got[0, 0] > 100  # the 1000 had no part in the scale


def test_sources():
    """Eleven were looked at, and five to ten kept for the end."""
    pytest.importorskip("pandas")
    from small_tables.data import SOURCES

    kept = [name for name, source in SOURCES.items() if source.held_back]
    assert len(SOURCES) - len(kept) == 11
    assert 5 <= len(kept) <= 10
