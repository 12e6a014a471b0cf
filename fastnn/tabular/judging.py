"""Scores of predictions, of a model and of simpler ones beside it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_absolute_error, r2_score, roc_auc_score
from sklearn.utils import resample

from .._checks.arrays import Array
from .report import Score

OURS = "this model"
LINEAR_ROWS = 20_000  # that the linear model learns from: more change it little and take minutes


def score_classes(model: str, targets: Array, probabilities: Array) -> Score:
    """Return the scores of probabilities, shape (n_rows, n_classes), for classes 0, 1, 2 ..."""
    classes = np.arange(probabilities.shape[1])
    probabilities = probabilities.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    auc = math.nan
    if len(np.unique(targets)) == len(classes):  # else some class has no rows to be found among
        of_classes = probabilities[:, 1] if len(classes) == 2 else probabilities
        auc = float(roc_auc_score(targets, of_classes, multi_class="ovr"))
    metrics = {
        "log loss": float(log_loss(targets, probabilities, labels=classes)),
        "AUC": auc,
        "accuracy": float((probabilities.argmax(axis=1) == targets).mean()),
    }
    return Score(model, metrics)


def score_numbers(model: str, targets: Array, predicted: Array) -> Score:
    """Return the scores of predicted numbers."""
    varies = len(targets) > 1 and targets.min() < targets.max()
    metrics = {
        "R2": float(r2_score(targets, predicted)) if varies else math.nan,
        "mean absolute error": float(mean_absolute_error(targets, predicted)),
    }
    return Score(model, metrics)


class Judge:
    """Scores what is predicted, beside who knows but the targets that were trained on.

    Where classes are predicted that is the share of each class, else the mean.
    """

    def __init__(self, classes: Sequence[str] | None, shares: Array, mean: float) -> None:
        self.classes, self._shares, self._mean = classes, shares, mean

    @classmethod
    def trained_on(cls, targets: Array, classes: Sequence[str] | None) -> Self:
        """Return the judge who knows targets: codes of classes, or numbers."""
        if classes is None:
            return cls(None, np.array([]), float(targets.mean()))
        return cls(classes, np.bincount(targets, minlength=len(classes)) / len(targets), 0.0)

    def score(self, model: str, targets: Array, outputs: Array) -> Score:
        """Return the scores of outputs, probabilities or numbers."""
        if self.classes is None:
            return score_numbers(model, targets, outputs.reshape(len(targets)))
        return score_classes(model, targets, outputs)

    def targets(self, values: Array) -> Array:
        """Return values of a column as targets; -1 is a label that is no class."""
        if self.classes is None:
            return values
        place = {label: code for code, label in enumerate(self.classes)}
        return np.array([place.get(label, -1) for label in values.tolist()], np.int64)

    def beside(
        self, targets: Array, ours: Array, other: str, others: Array
    ) -> tuple[list[Score], str | None]:
        """Return the scores of a model, of another and of none, and a warning if ours is worse."""
        scores = [
            self.score(OURS, targets, ours),
            self.score(other, targets, others),
            self.baseline(targets),
        ]
        return scores, self.comparison(targets, ours, others, other)

    def comparison(self, targets: Array, ours: Array, others: Array, other: str) -> str | None:
        """Return a sentence if another model is better by more than one standard error."""
        difference = self._losses(targets, ours) - self._losses(targets, others)
        error = difference.std() / math.sqrt(len(difference))
        if difference.mean() <= error:
            return None
        return f"Here {other} is better by {difference.mean() / error:.1f} standard errors"

    def _losses(self, targets: Array, outputs: Array) -> Array:
        """Return the loss of each row: the log loss, or the squared error."""
        if self.classes is None:
            squares: Array = np.square(outputs.reshape(len(targets)) - targets)
            return squares
        chosen = outputs[np.arange(len(targets)), targets]
        losses: Array = -np.log(np.maximum(chosen, np.finfo(np.float32).tiny))
        return losses

    def baseline(self, targets: Array) -> Score:
        """Return the scores of always saying the same."""
        if self.classes is None:
            always = np.full(len(targets), self._mean)
            return self.score(f"always the mean, {self._mean:.6g}", targets, always)
        commonest = self.classes[int(np.argmax(self._shares))]
        always = np.tile(self._shares, (len(targets), 1))
        return self.score(f"always {commonest!r}", targets, always)

    def to_json(self) -> dict[str, Any]:
        """Return what it knows, for `from_json`."""
        return {"shares": self._shares.tolist(), "mean": self._mean}

    @classmethod
    def from_json(cls, known: Mapping[str, Any], classes: Sequence[str] | None) -> Self:
        """Return the judge; raise LookupError, TypeError or ValueError if it is malformed."""
        shares = np.array(known["shares"], np.float64)
        if len(shares) != len(classes or ()):
            raise ValueError(f"shares must be {len(classes or ())}, got {len(shares)}")
        return cls(classes, shares, float(known["mean"]))


class LinearModel:
    """Logistic or ridge regression with scikit-learn's defaults, on the inputs of a network."""

    def __init__(self, inputs: Array, targets: Array, *, n_classes: int) -> None:
        self.name = "a linear model"
        self._n_classes = n_classes
        if len(targets) > LINEAR_ROWS:
            self.name += f" of {LINEAR_ROWS} rows"
            inputs, targets = resample(
                inputs, targets, replace=False, n_samples=LINEAR_ROWS, random_state=0
            )
        self._center, self._scale = 0.0, 1.0
        if not n_classes:  # the inputs are float32, and a target of 1e9 is not
            self._center, self._scale = float(targets.mean()), float(targets.std()) or 1.0
            targets = (targets - self._center) / self._scale
        self._constant = targets[0] if (targets == targets[0]).all() else None
        self._fitted = LogisticRegression(max_iter=1000) if n_classes else Ridge()
        if self._constant is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                self._fitted.fit(inputs, targets)

    def outputs(self, inputs: Array) -> Array:
        """Return probabilities, a column for each class, or numbers."""
        if not self._n_classes:
            predicted = np.zeros(len(inputs))
            if self._constant is None:
                predicted += self._fitted.predict(inputs)
            return predicted * self._scale + self._center
        outputs = np.zeros((len(inputs), self._n_classes))
        if self._constant is not None:
            outputs[:, int(self._constant)] = 1
        else:
            outputs[:, self._fitted.classes_.astype(np.int64)] = self._fitted.predict_proba(inputs)
        return outputs
