"""What `MultiTaskMLP` refuses, or warns of, as targets: each message is one line with a remedy."""

import datetime
import warnings

import numpy as np
import pytest

from fastnn.sklearn import MultiTaskMLP

X = np.random.default_rng(0).normal(size=(60, 2))
CLASSES, NUMBERS = np.where(X[:, 0] > 0, "a", "b"), X.sum(axis=1)
DAYS = np.datetime64("2020-01-01", "ns") + np.arange(60) * np.timedelta64(1, "D")
COUNTS = np.arange(60) // 2


def frame(**columns):
    return pytest.importorskip("pandas").DataFrame(columns)


@pytest.mark.parametrize(
    ("y", "remedy"),
    [
        ([CLASSES, NUMBERS], "got a list of columns: give a DataFrame, .* np.column_stack"),
        ((CLASSES.tolist(), NUMBERS.tolist()), "got a tuple of columns: give a DataFrame, "),
        ({"cls": CLASSES, "num": NUMBERS}, "got a dict: give a DataFrame, .* np.column_stack"),
        ({}, "got a dict: give a DataFrame"),
    ],
)
def test_columns_that_are_no_table(y, remedy):
    with pytest.raises(ValueError, match=f"^y must be a table of columns, one for .*, {remedy}.*$"):
        MultiTaskMLP().fit(X, y)
    fitted = MultiTaskMLP(1, tol=9, n_iter_no_change=1).fit(X, frame(cls=CLASSES, num=NUMBERS))
    with pytest.raises(ValueError, match=f"^y must be a table of columns, one for .*, {remedy}.*$"):
        fitted.score(X, y)


def test_a_list_of_rows_has_columns_of_their_own_kinds():
    rows = list(zip(CLASSES.tolist(), NUMBERS.tolist(), (NUMBERS > 0).tolist(), strict=True))
    tasks = MultiTaskMLP(1, tol=9, n_iter_no_change=1).fit(X, rows)
    texts, numbers, flags = tasks.classes_
    assert texts.tolist() == ["a", "b"]
    assert numbers is None
    assert flags.tolist() == [False, True]
    assert tasks.fit(X, NUMBERS.reshape(-1, 1).tolist()).classes_ == [None]


def test_predictions_are_objects_only_where_texts_or_booleans_are_beside_another_kind():
    columns = {"i": np.arange(len(X)) % 3, "f": NUMBERS, "b": NUMBERS > 0, "U": CLASSES}
    for kinds, expected in [("if", "f"), ("f", "f"), ("ii", "i"), ("fU", "O"), ("bf", "O")]:
        rows = list(zip(*(columns[kind].tolist() for kind in kinds), strict=True))
        tasks = MultiTaskMLP(1, tol=9, n_iter_no_change=1).fit(X, rows)
        assert tasks.predict(X).dtype.kind == expected


def test_as_many_rows_as_columns_are_rows():
    tasks = MultiTaskMLP(1, tol=9, n_iter_no_change=1).fit(X[:2], [[0, 1], [1, 0]])
    assert tasks.n_outputs_ == 2


@pytest.mark.parametrize(
    "times",
    [
        DAYS,
        DAYS - DAYS[0],
        DAYS.astype("M8[us]").astype(object),
        [datetime.date(2020, 1, 1 + day % 9) for day in range(60)],
    ],
    ids=["times", "durations", "objects", "dates"],
)
@pytest.mark.parametrize("loss", ["auto", "log_loss", "squared_error"])
def test_times(times, loss):
    y = frame(cls=COUNTS % 3, when=times)
    with pytest.raises(ValueError, match=r"^y, column when: must hold .*, got times: give numbers"):
        MultiTaskMLP(loss=loss).fit(X, y)


def test_times_with_a_zone_and_without_names():
    y = frame(cls=COUNTS % 3, when=DAYS)
    y["when"] = y["when"].dt.tz_localize("UTC")
    with pytest.raises(ValueError, match=r"^y, column when: must hold .*, got times"):
        MultiTaskMLP().fit(X, y)
    with pytest.raises(ValueError, match=r"^y, column head_0: must hold .*, got times"):
        MultiTaskMLP().fit(X, np.column_stack([DAYS, DAYS]))


def trained(y, **options):
    return MultiTaskMLP(1, tol=9, n_iter_no_change=1, **options).fit(X, y)


def test_nearly_as_many_classes_as_rows_are_told():
    y = frame(cls=CLASSES, count=np.arange(60) % 31)
    remedy = (
        "give floats, or loss={'count': 'squared_error'}; of classes, loss={'count': 'log_loss'}"
    )
    with pytest.warns(
        UserWarning, match=f"^y, column count: .* has 31 in 60 rows: .*{remedy}$"
    ) as told:
        trained(y)
    assert [one.filename for one in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained(y.assign(count=y["count"].astype(float)))
        trained(y, loss={"count": "squared_error"})
        trained(y, loss={"count": "log_loss"})
        trained(y.assign(count=np.arange(60) % 30))  # a half of the rows
        MultiTaskMLP(1, tol=9, n_iter_no_change=1).fit(X[:20], frame(cls=CLASSES, n=range(60))[:20])
