"""Estimators of tables for the tests of exports, and tables of all kinds of columns."""

import numpy as np

from fastnn.sklearn import TabularClassifier, TabularRegressor

N_ROWS = 240
FAST = {"n_members": 2, "max_epochs": 4, "hidden_layer_sizes": [8, 5], "random_state": 0}
ALL = ["linear", "scaled", "bins", "periodic"]
PLACES = [f"place {k}" for k in range(100)]


def make_table(pd):
    """Return a table of numbers, identifiers, flags, texts, digits as categories and times."""
    random = np.random.default_rng(0)
    k = np.arange(N_ROWS)
    size = random.normal(50, 20, N_ROWS).astype(np.float32).astype(np.float64)
    hours = random.integers(0, 250 * 365 * 24, N_ROWS)
    return pd.DataFrame({
        "size": np.where(random.random(N_ROWS) < 0.1, np.nan, size),
        "id": 1e12 + 7 * k,
        "is new": pd.array([True, None, False] * (N_ROWS // 3), dtype="boolean"),
        "label": pd.Series(random.choice(["red", 'gr"\u00fc?/n', "", "blue"], N_ROWS), dtype=object)
        .mask(random.random(N_ROWS) < 0.1, None),
        "grade": random.choice(["7", "10", "007"], N_ROWS),
        "place": [PLACES[i % 100] for i in k],
        "sold /* when */": pd.to_datetime("1850-01-01") + pd.to_timedelta(hours, unit="h"),
    })  # fmt: skip


def make_strange(table):
    """Return rows of what training did not see, of what is missing, and of extremes."""
    strange = table[:6].copy()
    strange["size"] = [np.nan, 1e30, -1e30, 0.0, 50.0, 1e-30]
    strange["label"] = [None, "new", "", "re", "redd", "zzz"]
    strange["grade"] = ["8", None, "07", "", "7", "10"]
    strange["place"] = ["nowhere", None, "place 1", "place 99", "a", "place"]
    strange["sold /* when */"] = np.array([  # pandas 2 has the year 1600 not by to_datetime
        "NaT", "1600-02-29T23:59:59.999999", "1969-12-31T23:00", "2000-02-29", "2100-03-01",
        "1700-12-31T12:00",
    ], "datetime64[us]")  # fmt: skip
    return strange


def make_target(table):
    """Return numbers that depend on the table."""
    random = np.random.default_rng(1)
    signal = table["size"].fillna(50) / 20 + 2 * (table["label"] == "red")
    return (signal + random.normal(0, 0.5, N_ROWS)).to_numpy()


def make_estimator(pd, kind, **options):
    """Return a fitted estimator: two classes, three, or numbers."""
    table = make_table(pd)
    y = make_target(table)
    options = FAST | {"encodings": ALL} | options
    if kind == "value":
        return TabularRegressor(**options).fit(table, 3e8 + 1e-3 * y)
    labels = np.array(["low", "middle", "high"])[np.digitize(y, [2.5, 3.5] if kind == 3 else [3])]
    return TabularClassifier(**options).fit(table, labels)
