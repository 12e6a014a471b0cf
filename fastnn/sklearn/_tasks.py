"""The tasks of `MultiTaskMLP`: what each column of y is to the network, and back."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.metrics import r2_score
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.utils import check_array

from .._checks.arrays import Array
from .._checks.frames import is_frame, names_of
from .._checks.scalars import as_amount, as_choice
from ..heads import Heads
from ..layers import Dense
from ..losses import Loss
from ..network import Network
from ._checked import TIMES, check_has_columns, text_in
from ._design import CLASSES, NUMBERS, loss_of_classes, loss_of_numbers, outputs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# Losses of one output for each target, by the names that the other estimators have for them.
LOSSES = (*CLASSES, *(name for name in NUMBERS if name not in ("quantile", "gaussian_nll")))
AUTO = "auto"
MANY_CLASSES = 20  # so many may be of a small table


class Task(NamedTuple):
    """A column of y: its name, its loss with a weight, and how its values are encoded.

    `labels` is for classes, and `scaler` for numbers, unless the loss wants these as they are.
    """

    name: str
    loss: Loss
    weight: float
    outputs: str
    n_out: int
    labels: LabelEncoder | None
    scaler: StandardScaler | None

    @property
    def head(self) -> Dense:
        """The layer that predicts it."""
        activation = "sigmoid" if self.outputs == "logistic" else self.outputs
        return Dense(self.n_out, activation)

    @property
    def unit(self) -> tuple[float | None, float | None]:
        """Mean and deviation, by which outputs are numbers as in y; None for classes."""
        if self.labels is not None:
            return None, None
        if self.scaler is None:
            return 0.0, 1.0
        return float(self.scaler.mean_[0]), float(self.scaler.scale_[0])

    def encoded(self, column: Array) -> Array:
        """Return what the network learns: numbers of classes, or numbers."""
        with naming(self.name):
            if self.labels is not None:
                codes: Array = self.labels.transform(column)
                return codes
            numbers = as_numbers(column)
            return numbers if self.scaler is None else self.scaler.transform(numbers)

    def probabilities(self, outputs: Array) -> Array | None:
        """Return those of the classes; None for numbers."""
        if self.labels is None:
            return None
        return np.hstack([1 - outputs, outputs]) if self.n_out == 1 else outputs

    def predicted(self, outputs: Array) -> Array:
        """Return the column that the outputs mean."""
        if self.labels is None:
            numbers = outputs if self.scaler is None else self.scaler.inverse_transform(outputs)
            column: Array = numbers[:, 0]
            return column
        codes = outputs[:, 0] > 0.5 if self.n_out == 1 else outputs.argmax(axis=1)
        labels: Array = self.labels.classes_[codes.astype(np.intp)]
        return labels

    def score(self, column: Array, outputs: Array, weights: Array | None) -> float:
        """Return the accuracy of classes, or R2 of numbers."""
        predicted = self.predicted(outputs)
        if self.labels is not None:
            return float(np.average(column == predicted, weights=weights))
        with naming(self.name):
            numbers = as_numbers(column)
            unit = power_of_two(numbers)  # squares of the numbers may be beyond float64, or 0
            return float(r2_score(numbers / unit, predicted / unit, sample_weight=weights))


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Let an error of a column name it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"y, column {name}: {error}") from error


def columns_of(y: Any, n_samples: int) -> dict[str, Array]:
    """Return the columns of y by name, each with the dtype that its own values have."""
    if y is None:
        raise ValueError("MultiTaskMLP requires y to be passed, but the target y is None.")
    _check_rows(y, n_samples)
    check_has_columns(y)
    names = names_of(y)
    if names is not None:
        if len(set(names)) < len(names):
            raise ValueError(f"y must have names of columns that differ, got {', '.join(names)}")
        columns = {name: np.asarray(y[name]) for name in names}
    else:
        if isinstance(y, list | tuple) and np.ndim(rows := np.array(y, object)) == 2:
            y = rows  # whose columns keep their kinds: an array of all would make 1.5 a text
        table = check_array(y, dtype=None, ensure_2d=False, ensure_all_finite=False, input_name="y")
        if table.ndim != 2:
            raise ValueError(
                "y must have two dimensions, a column for each task, got shape "
                f"{table.shape}: of a single task, MLPClassifier and MLPRegressor take one"
            )
        columns = {f"head_{k}": column for k, column in enumerate(table.T)}
    return {name: _of_own_dtype(name, column) for name, column in columns.items()}


def _check_rows(y: Any, n_samples: int) -> None:
    """Raise if y is a list or dict of columns, not a table, whose rows are samples."""
    if isinstance(y, Mapping):
        raise ValueError(
            f"y must be a table of columns, one for each task, got a {type(y).__name__}: give a "
            "DataFrame, such as pandas.DataFrame(y), or np.column_stack([*y.values()]) of columns "
            "of one kind"
        )
    is_list = isinstance(y, list | tuple) and len(y) not in (0, n_samples)
    if is_list and all(np.shape(one) == (n_samples,) for one in y):
        raise ValueError(
            f"y must be a table of columns, one for each task, got a {type(y).__name__} of "
            "columns: give a DataFrame, such as pandas.DataFrame({'a': y[0], ...}), or "
            "np.column_stack(y) of columns of one kind"
        )


def _of_own_dtype(name: str, column: Array) -> Array:
    """Return a column of objects as the numbers or texts that it holds; refuse times."""
    own = column if column.dtype != object else _of_values(name, column)
    if own.dtype.kind in "mM" or (own.dtype == object and isinstance(own.flat[0], TIMES)):
        raise ValueError(
            f"y, column {name}: must hold classes or numbers, got times: give numbers, such as "
            "(times - times.min()) / np.timedelta64(1, 'D'), or texts as classes, astype(str)"
        )
    return own


def _of_values(name: str, column: Array) -> Array:
    """Return a column of objects as an array of their dtype."""
    missing = [k for k, value in enumerate(column) if value is None or value != value]
    if missing:
        raise ValueError(
            f"y, column {name}: must have no missing values, got one in row {missing[0]}"
        )
    values = column.tolist()
    kinds = {*map(type, values)}
    if Decimal in kinds and all(issubclass(kind, Decimal | Real) for kind in kinds):
        return np.array(values, np.float64)
    return np.array(values)


def frame_of(y: Any) -> Any:
    """Return the class of a table with names that is made of a dict of columns; else None."""
    is_known = type(y).__module__.partition(".")[0] in ("pandas", "polars")
    return type(y) if is_known and names_of(y) is not None else None


def table_of(columns: Mapping[str, Array], frame: Any, X: Any) -> Any:
    """Return the columns as a table of that class, with the index of `X`, or as an array."""
    if frame is not None:
        is_indexed = is_frame(X) and hasattr(X, "index") and frame.__module__.startswith("pandas")
        return frame(dict(columns), **({"index": X.index} if is_indexed else {}))
    arrays = [*columns.values()]
    kinds = {array.dtype.kind for array in arrays}
    if len(kinds) == 1 or kinds <= set("iuf"):
        return np.column_stack(arrays)
    table = np.empty((len(arrays[0]), len(arrays)), object)
    for k, array in enumerate(arrays):
        table[:, k] = array
    return table


def network_of(
    n_in: int, hidden: Sequence[Dense], tasks: Sequence[Task], *, l2: float, dtype: str, seed: Any
) -> Network:
    """Return a network with a head for each task, or with one layer for a single task."""
    heads = {task.name: replace(task.head, l2=l2) for task in tasks}
    last, loss = heads[tasks[0].name], tasks[0].loss
    if len(tasks) == 1:
        return Network(n_in, [*hidden, last], loss=loss, dtype=dtype, seed=seed)
    losses = [(task.loss, task.weight) for task in tasks]
    return Network(n_in, [*hidden, Heads(**heads)], loss=losses, dtype=dtype, seed=seed)


def tasks_of(columns: Mapping[str, Array], given: Any, weights: Array | None) -> list[Task]:
    """Return the tasks that the columns are, by the parameter `loss`."""
    tasks = []
    for (name, column), one in zip(columns.items(), _losses(columns, given), strict=True):
        with naming(name):
            tasks.append(_task(name, column, one, weights))
    return tasks


def _losses(columns: Mapping[str, Array], given: Any) -> Sequence[Any]:
    """Return the loss of each column, as it is given."""
    if isinstance(given, str):
        return [given] * len(columns)
    if isinstance(given, Mapping):
        if unknown := set(given).difference(columns):
            raise ValueError(
                f"loss must be by names of columns of y ({', '.join(columns)}), got "
                f"{', '.join(sorted(map(str, unknown)))}"
            )
        return [given.get(name, AUTO) for name in columns]
    if len(given) != len(columns):
        raise ValueError(
            f"loss must hold one for each of the {len(columns)} columns of y, got {len(given)}"
        )
    return list(given)


def _task(name: str, column: Array, given: Any, weights: Array | None) -> Task:
    """Return the task of a column; "auto" takes floats for numbers, and all else for classes."""
    weight = 1.0
    if isinstance(given, tuple | list) and len(given) == 2:
        given, weight = given[0], float(as_amount("the weight of a loss", given[1]))
    how = as_choice("loss", given, (AUTO, *LOSSES))
    is_auto = how == AUTO
    if is_auto:
        how = "squared_error" if column.dtype.kind == "f" else "log_loss"
    if how in CLASSES:
        check_array(column.reshape(-1, 1), dtype=None, input_name="y")
        _check_are_whole(column, how)
        labels = LabelEncoder().fit(column)
        n_classes = len(labels.classes_)
        if n_classes < 2:
            raise ValueError(f"must have two classes or more, got 1 class, {column[0]}")
        if is_auto and n_classes > max(MANY_CLASSES, len(column) / 2):
            warnings.warn(
                f"y, column {name}: is taken for one of classes, and has {n_classes} in "
                f"{len(column)} rows: if it is one of numbers, give floats, or "
                f"loss={{{name!r}: 'squared_error'}}; of classes, loss={{{name!r}: 'log_loss'}}",
                stacklevel=6,
            )
        outputs = "logistic" if n_classes == 2 else "softmax"
        n_out = 1 if n_classes == 2 else n_classes
        return Task(name, loss_of_classes(how, outputs), weight, outputs, n_out, labels, None)
    if (text := text_in(column)) is not None:
        raise ValueError(
            f"must hold numbers for the loss {how}, got the text {text!r}: of texts, as classes, "
            "the loss is log_loss"
        )
    loss = loss_of_numbers(how, 0.5)
    outputs, numbers = outputs_of(loss), as_numbers(column)
    scaler = _scaler_of(numbers, weights) if outputs == "identity" else None
    return Task(name, loss, weight, outputs, 1, None, scaler)


def _check_are_whole(labels: Array, loss: str) -> None:
    """Raise if numbers of classes have fractions, as scikit-learn's classifiers do."""
    if labels.dtype.kind == "f" and len(broken := labels[labels != np.round(labels)]):
        raise ValueError(
            f"must hold classes for the loss {loss}, got numbers with fractions, {broken[0]:g} "
            "say: of numbers, the loss is squared_error; where they are classes, give texts, "
            "astype(str)"
        )


def _scaler_of(numbers: Array, weights: Array | None) -> StandardScaler:
    """Return what standardises numbers whose squares may be beyond float64, or 0."""
    unit = power_of_two(numbers)
    if 2.0**-400 < unit < 2.0**400:
        return StandardScaler().fit(numbers, sample_weight=weights)
    scaler = StandardScaler().fit(numbers / unit, sample_weight=weights)
    scaler.mean_, scaler.scale_ = scaler.mean_ * unit, scaler.scale_ * unit
    return scaler


def power_of_two(numbers: Array) -> float:
    """Return the power of two about the largest of the numbers: dividing by it rounds nothing."""
    return float(np.ldexp(1.0, np.frexp(np.abs(numbers).max())[1] - 1))


def as_numbers(column: Array) -> Array:
    """Return a column of finite numbers, shape (n_samples, 1)."""
    numbers: Array = check_array(column.reshape(-1, 1), dtype=np.float64, input_name="y")
    return numbers
