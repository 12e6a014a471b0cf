"""What `MultiTaskMLP` refuses, or warns of, as targets: each message is one line with a remedy."""

import datetime
import warnings
from decimal import Decimal

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


@pytest.mark.parametrize("dtype", [object, str])
def test_texts_for_a_loss_of_numbers(dtype):
    y = frame(cls=np.array(["1", "b", "c"] * 20, dtype), x=COUNTS * 0.5)
    told = "y, column cls: must hold numbers for the loss huber, got the text 'b': of texts, as cla"
    with pytest.raises(ValueError, match=f"^{told}sses, the loss is log_loss$"):
        MultiTaskMLP(loss={"cls": "huber"}).fit(X, y)


def test_fractions_for_a_loss_of_classes():
    y = frame(cls=COUNTS % 3, x=COUNTS * 0.25)
    told = "^y, column x: must hold classes for the loss log_loss, got numbers with fractions, 0"
    with pytest.raises(ValueError, match=told):
        MultiTaskMLP(loss="log_loss").fit(X, y)
    trained(frame(cls=COUNTS % 3, x=(COUNTS % 2) * 1.0), loss="log_loss")


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


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (np.r_[-1.0, np.ones(59)], "Negative values"),
        (np.ones(59), r"\(59,\), expected \(60,\)"),
        (np.r_[np.nan, np.ones(59)], "contains NaN"),
        (np.zeros(60), "(?i)sample.weight.*zero"),
        (np.ones((60, 1)), "must be 1D"),
    ],
)
def test_weights_that_are_none(weights, expected):
    y = frame(cls=CLASSES, flag=NUMBERS > 0)
    tasks = trained(y)
    for call in (tasks.score, MultiTaskMLP().fit):
        with pytest.raises(ValueError, match=expected):
            call(X, y, sample_weight=weights)
    assert tasks.score(X, y, sample_weight=[2] * 60) == tasks.score(X, y)


def test_frames_without_columns():
    y = frame(cls=CLASSES, num=NUMBERS)
    tasks, empty = trained(y), y[[]]
    for call in (lambda: tasks.fit(X, empty), lambda: tasks.score(X, empty)):
        with pytest.raises(ValueError, match=r"^Found array with 0 feature\(s\) \(shape=\(60, 0\)"):
            call()
    for call in (lambda: tasks.fit(empty, y), lambda: tasks.predict(empty)):
        with pytest.raises(ValueError, match=r"^Found array with 0 feature\(s\) \(shape=\(60, 0\)"):
            call()


@pytest.mark.parametrize("beside", [Decimal(2), 2, 2.5])
def test_decimals_are_numbers(beside):
    money = [Decimal(f"{number:.3f}") for number in NUMBERS[1:]] + [beside]
    y = frame(cls=CLASSES, money=money)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tasks = trained(y)
        rows = trained(list(zip(CLASSES.tolist(), money, strict=True)))
    assert tasks.classes_[1] is rows.classes_[1] is None
    floats = y.assign(money=y["money"].astype(float))
    assert tasks.score(X, y) == tasks.score(X, floats)


@pytest.mark.parametrize("unit", [2.0**1000, 2.0**-900, 2.0**3])
def test_numbers_of_any_size_are_learnt_alike(unit):
    y = frame(cls=CLASSES, num=NUMBERS)
    tasks, expected = (
        MultiTaskMLP(3, max_iter=5, tol=0, random_state=0, n_iter_no_change=9) for _ in range(2)
    )
    for one, target in ((tasks, NUMBERS * unit), (expected, NUMBERS)):
        with pytest.warns(UserWarning, match="max_iter=5"):
            one.fit(X, y.assign(num=target))
    got = tasks.predict(X)["num"]
    np.testing.assert_allclose(got / unit, expected.predict(X)["num"], rtol=1e-12)
    assert tasks.score(X, y.assign(num=NUMBERS * unit)) == pytest.approx(expected.score(X, y))
