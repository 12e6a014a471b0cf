"""scikit-learn's callbacks, which there are from 1.9 on: the tasks of a fit that they follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import sklearn
from sklearn.utils import _safe_indexing, indexable

from .._checks.arrays import Array

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """The part of an estimator that callbacks need, where scikit-learn has none."""

        def set_callbacks(self, *callbacks: Any) -> NoReturn:
            """Raise, for scikit-learn is too old.

            Parameters
            ----------
            *callbacks : FitCallback
                The callbacks.

            Raises
            ------
            ImportError
                Always.
            """
            raise ImportError(
                f"set_callbacks needs scikit-learn 1.9 or later, got {sklearn.__version__}: "
                "pip install -U scikit-learn"
            )


__all__ = ["CallbackSupportMixin", "FitTasks"]


class FitTasks:
    """A call of `fit`, and within it each epoch, as tasks that callbacks follow.

    Callbacks get the data as `fit` was given them. `as_if_stopped` returns the attributes in which
    the estimator would differ if training stopped now; it is called only if a callback asks.
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        data: tuple[Any, Any, Any],
        as_if_stopped: Callable[[], dict[str, Any]],
    ) -> None:
        self._estimator, self._context = estimator, context
        self._epoch: Any = None
        self._all = self._of_epochs = self._as_arguments(*data)
        self._data, self._as_if_stopped = data, as_if_stopped
        context.call_on_fit_task_begin(**self._all)

    def train_on(self, rows: Array) -> None:
        """Let the epochs be of these rows only; the others are held out."""
        parts = [
            None if part is None else _safe_indexing(part, rows) for part in indexable(*self._data)
        ]
        self._of_epochs = self._as_arguments(*parts)

    def begin_epoch(self, name: str) -> None:
        """Begin an epoch."""
        self._epoch = self._context.subcontext(task_name=name)
        self._epoch.call_on_fit_task_begin(
            **self._of_epochs, reconstruction_attributes=self._as_if_stopped
        )

    def end_epoch(self) -> bool:
        """End the epoch that has begun; return whether a callback asks to stop."""
        epoch, self._epoch = self._epoch, None
        stops = epoch.call_on_fit_task_end(
            **self._of_epochs, reconstruction_attributes=self._as_if_stopped
        )
        return bool(stops)

    def end(self) -> None:
        """End the fit, and before it an epoch that has begun but was not trained to its end."""
        if self._epoch is not None:
            self._epoch.call_on_fit_task_end(estimator=self._estimator)
        self._context.call_on_fit_task_end(**self._all, reconstruction_attributes={})

    def _as_arguments(self, X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
        """Return the arguments of a hook."""
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        return {"estimator": self._estimator, "X": X, "y": y, "metadata": metadata}
