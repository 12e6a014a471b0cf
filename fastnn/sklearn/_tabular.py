"""The base class of `TabularClassifier` and `TabularRegressor`: what `fit` does for both."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from numbers import Integral, Real
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import _fit_context
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_y,
    _num_samples,
    check_is_fitted,
    validate_data,
)

from .._checks.arrays import Array
from .._checks.frames import is_frame
from .._checks.names import explained
from ..tables.columns import columns_of
from ..tables.encoder import ENCODINGS, TableEncoder
from ..tables.ensemble import Member, Recipe, held_out_outputs, mean_and_spread, train
from ..tables.model import TableModel
from ..tables.progress import progress_shown
from ..tables.task import Task
from ._checked import weights_of
from ._estimator import HIDDEN, Estimator
from ._tabular_checks import check_present, checked_fold, warn_of

LEAST_FOLDS = 5  # even one member has a fifth of the rows held out
LARGEST_SEED = 2**31 - 1


class BaseTabular(Estimator):
    """An ensemble behind scikit-learn's interface, from the table to the outputs."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "encodings": ["array-like"],
        "hidden_layer_sizes": ["array-like"],
        "activation": [StrOptions(HIDDEN)],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
        "time_limit": [Interval(Real, 0, None, closed="left"), None],
        "random_state": ["random_state"],
        "progress": ["boolean"],
        "n_jobs": [Integral, None],
        "dtype": [StrOptions({"float32", "float64"})],
    }

    n_members: int
    encodings: Sequence[str]
    hidden_layer_sizes: Sequence[int]
    activation: str
    dropout: float
    learning_rate: float
    weight_decay: float
    max_epochs: int
    patience: int
    batch_size: int | str
    cv: Any
    time_limit: float | None
    random_state: Any
    progress: bool
    n_jobs: int | None
    dtype: str

    model_: TableModel
    oof_prediction_: Array
    oof_score_: float

    @explained
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the ensemble.

        Parameters
        ----------
        X : DataFrame or array_like, shape (n_samples, n_features)
            The table, of pandas, polars, pyarrow or NumPy.
        y : array_like, shape (n_samples,)
            The target.
        sample_weight : array_like, shape (n_samples,), optional
            The weight of each row, at least 0. By default all weights are 1.

        Returns
        -------
        BaseTabular
            The estimator itself.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, no column holds a value, one holds infinity, or `y`
            has but one value.
        ImportError
            If `X` is a DataFrame, and narwhals is not installed.

        Examples
        --------
        >>> from fastnn.sklearn import TabularRegressor
        >>> X = [["a", 1], ["a", 2], ["b", 3], ["b", None]] * 10
        >>> regressor = TabularRegressor(random_state=0).fit(X, [1.0, 2.0, 30.0, 40.0] * 10)
        >>> regressor.n_features_in_
        2
        """
        with self._unchanged_by_errors():
            return self._fit(X, y, sample_weight)

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """Train, and set all attributes."""
        begin = time.perf_counter()
        columns = columns_of(X, self)
        X, y = validate_data(self, X, y, skip_check_array=True)
        check_present(y)
        y = self._as_target(y)
        check_consistent_length(X, y)
        weights = self._as_weights(sample_weight, X, y)
        used = np.flatnonzero(weights)
        if len(used) < 2:
            raise ValueError(
                "X and y must have at least 2 samples, one to train on and one held out, got "
                f"{len(used)} sample: add rows, or weights above 0"
            )
        weights = weights / weights[used].mean()
        targets, unit = self._as_targets(y, weights)
        random = check_random_state(self.random_state)
        folds = self._folds(X, targets, used, random)
        encodings = self._checked_encodings()
        seeds = random.randint(LARGEST_SEED, size=len(encodings) * len(folds)).tolist()
        warn_of(columns)
        encoder = TableEncoder(encodings)
        n_classes = len(unit["classes"]) if "classes" in unit else 0
        task = Task(encoder.fit(columns, weights, random), targets, weights, n_classes)
        if names := encoder.without_value:
            warnings.warn(
                f"X must have a value in each column to learn from it, got none in "
                f"{', '.join(map(repr, names))}: predictions do not depend on what they will hold; "
                "leave them out",
                stacklevel=5,
            )
        seconds = self.time_limit
        if seconds is not None:
            seconds -= time.perf_counter() - begin
        with progress_shown() if self.progress else nullcontext():
            members = train(
                task,
                encodings,
                folds,
                Recipe.of(self.get_params(deep=False)),
                seeds,
                n_jobs=self.n_jobs,
                seconds=seconds,
            )
        outputs = held_out_outputs(members, task.rows)
        if len(rest := np.flatnonzero(weights == 0)):  # no member was trained on these
            outputs[rest] = mean_and_spread(members, task.rows.taken(rest).taken, len(rest))[0]
        known = used[~np.isnan(outputs[used, 0])]
        self.oof_score_ = self._score_of(outputs[known], targets[known], weights[known])
        self.model_ = TableModel(
            encoder=encoder,
            members=members,
            **unit,
            has_names=hasattr(self, "feature_names_in_"),
            parameters=self.get_params(deep=False),
            oof_score=self.oof_score_,
        )
        self.oof_prediction_ = self._as_prediction(self.model_.in_units(outputs))
        return self

    @property
    def members_(self) -> list[Member]:
        """The networks of the ensemble."""
        return list(self.model_.members)

    @explained
    def save(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the fitted estimator to a file, which `fastnn.load_model` reads.

        The file is replaced atomically: if the power fails, it is the old or the new one, whole. It
        is an `.npz`, which NumPy alone can read; `fastnn/tables/model_file.py` describes it. No
        row of the table is in it, but the categories and quantiles of its columns are.

        Parameters
        ----------
        path : str or os.PathLike, or binary file
            A file in an existing folder; no suffix is added. Or a file open in binary mode.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If something cannot be saved, such as labels that are times, or `path` is neither a path
            nor a file.
        OSError
            If the file cannot be written; an old one is unchanged.

        Notes
        -----
        Parameters that JSON cannot hold, such as a splitter as `cv`, are the defaults in the loaded
        estimator. What tells of the rows of training, `oof_prediction_` and `held_rows`, is left
        out. ``estimator.model_.metadata`` is a dict for data of your own, which the file keeps.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import fastnn
        >>> from fastnn.sklearn import TabularClassifier
        >>> X, y = [["red", 1.0], ["blue", None]] * 20, ["a", "b"] * 20
        >>> classifier = TabularClassifier(random_state=0).fit(X, y)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     classifier.save(Path(folder) / "colours.fastnn")
        ...     twin = fastnn.load_model(Path(folder) / "colours.fastnn")
        >>> twin.predict([["blue", 3.0]])
        array(['b'], dtype='<U1')
        """
        check_is_fitted(self)
        self.model_.save(path)

    @classmethod
    def from_model(cls, model: TableModel) -> Self:
        """Return the fitted estimator that a model is.

        Parameters
        ----------
        model : TableModel
            The model, with classes for a classifier and without for a regressor.

        Returns
        -------
        BaseTabular
            The estimator.

        Raises
        ------
        TypeError, ValueError
            If the model has parameters that the estimator does not have, or that are not valid.

        Examples
        --------
        >>> from fastnn.sklearn import TabularRegressor
        >>> regressor = TabularRegressor(random_state=0).fit([[1], [2], [3]] * 20, range(60))
        >>> twin = TabularRegressor.from_model(regressor.model_)
        >>> bool(twin.predict([[2]]) == regressor.predict([[2]]))
        True
        """
        estimator = cls(**model.parameters)
        estimator._validate_params()
        estimator.model_ = model
        estimator.n_features_in_ = len(model.names)
        if model.has_names:
            estimator.feature_names_in_ = np.array(model.names, dtype=object)
        if model.oof_score is not None:
            estimator.oof_score_ = model.oof_score
        return estimator

    def _checked_encodings(self) -> list[str]:
        """Return the encodings; raise if there is none, or one is unknown."""
        encodings = list(dict.fromkeys(self.encodings))
        if not encodings or not set(encodings) <= set(ENCODINGS):
            raise ValueError(
                f"encodings must be some of {', '.join(ENCODINGS)}, got {self.encodings!r}"
            )
        return encodings

    def _folds(
        self, X: Any, targets: Array, used: Array, random: np.random.RandomState
    ) -> list[tuple[Array, Array]]:
        """Return the rows to train on and those held out, for each member."""
        if self.cv is not None:
            is_classifier = hasattr(self, "predict_proba")
            cv = check_cv(self.cv, targets, classifier=is_classifier)
            try:
                splits = [*cv.split(X, targets)]
            except ValueError as error:
                if "groups" not in f"{error}":
                    raise
                raise ValueError(
                    f"cv must be splits that are made already where they go by groups, got {cv}: "
                    "give cv=list(cv.split(X, y, groups))"
                ) from error
            pairs = [checked_fold(f"cv[{k}]", pair, len(targets)) for k, pair in enumerate(splits)]
            pairs = [(np.intersect1d(a, used), np.intersect1d(b, used)) for a, b in pairs]
            folds = [(rows, held) for rows, held in pairs if len(rows) and len(held)]
            if not folds:
                raise ValueError(
                    "cv must leave rows with a weight above 0 on both sides of a split, got none"
                )
            return folds
        # Each fold has its share of every class, or of every part of the range of the target.
        order = random.permutation(used)
        order = order[np.argsort(targets[order], kind="stable")]
        n_folds = min(max(self.n_members, LEAST_FOLDS), len(used))
        fold = np.argsort(order) % n_folds  # of the rows in the order of `used`
        members = range(min(self.n_members, n_folds))
        return [(used[fold != k], used[fold == k]) for k in members]

    def _as_weights(self, sample_weight: Any, X: Any, y: Array) -> Array:
        """Return the weight of each row; a classifier multiplies them by those of the classes."""
        if sample_weight is None:
            return np.ones(_num_samples(X))
        return weights_of(sample_weight, X)

    def _outputs(self, X: Any) -> tuple[Array, Array]:
        """Return the mean of the members' outputs for a table, and their standard deviation."""
        check_is_fitted(self)
        columns = columns_of(X, self)
        try:
            validate_data(self, X, reset=False, skip_check_array=True)
        except ValueError as error:
            if not (hasattr(self, "feature_names_in_") and is_frame(X)):
                raise
            raise ValueError(
                f"{error}".rstrip() + "\nX[list(estimator.feature_names_in_)] takes the columns of "
                "training, in order; where nothing is known of one, give it missing values"
            ) from error
        return self.model_.outputs(self.model_.read(columns), effective_n_jobs(self.n_jobs))

    # ---- what a classifier and a regressor do in their own ways ----------------------------------

    def _as_target(self, y: Any) -> Array:
        """Return the target as an array."""
        checked: Array = _check_y(y, y_numeric=not hasattr(self, "predict_proba"), estimator=self)
        return checked

    def _as_targets(self, y: Array, weights: Array) -> tuple[Array, dict[str, Any]]:
        """Return what the networks learn, and what that means, as `TableModel` takes it."""
        raise NotImplementedError

    def _as_prediction(self, outputs: Array) -> Array:
        """Return the outputs of the model in the shape that a user gets."""
        raise NotImplementedError

    def _score_of(self, outputs: Array, targets: Array, weights: Array) -> float:
        """Return the accuracy of the networks' outputs, or R2."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
