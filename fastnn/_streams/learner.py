"""A network that learns from dicts, one at a time, and may grow with what turns up in them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from .._checks.arrays import Array
from .._checks.scalars import as_amount
from .._training.lock import TrainingLock
from ..core import evaluate
from ..errors import DivergenceError
from ..network import Network
from .design import Start, check_takes_rows
from .growth import grown, resized
from .rows import MALFORMED, REMEDY, Features, FixedRows, Rows, check_values, is_itself


class Learner:
    """A network, the inputs of the features by their names, and what to do with new ones.

    A row that is refused leaves nothing behind: each change for what is new in a row is undone
    unless the training on that row succeeds.

    Parameters
    ----------
    start : Start
        The network, or how to make it when the first row comes; the features of the first inputs,
        if they are known; what trains from the first row on, where that is not what the network
        was last trained with; and whether the learner grows: whether what is new gets inputs and
        outputs, and a feature that a row lacks is 0. A learner that does not grow takes the
        features of its first row, and all other rows must have them.
    """

    def __init__(self, start: Start) -> None:
        self.grows = start.grows
        self._optimizer, self._design = start.optimizer, start.design
        self._lock = TrainingLock()
        self.network: Network | None
        self._spare: Array  # the weights for the last inputs, see `growth`
        self._rows: Rows | None  # None as long as the inputs have no names
        self._target_of: Callable[[Any], Any]  # see `_reader_of_targets`
        self._columns: dict[Hashable, int] = {}
        self._adopt(start.network)
        if start.features is not None:
            self._columns = self._columns_of(tuple(start.features))
            self._renew()

    def _adopt(self, network: Network | None) -> None:
        """Go on with a network that has no spare inputs."""
        width = 0 if network is None else network.weights[0].shape[1]
        self.__dict__.update(network=network, _spare=np.empty((0, width)))
        self._renew()

    def replace_network(self, network: Network) -> None:
        """Go on with another network of the same inputs and outputs."""
        last = self.network
        check_takes_rows(network)
        if last is None or (network.n_in, network.n_out) != (last.n_in, last.n_out):
            raise ValueError(f"network must have inputs and outputs as {last!r}, got {network!r}")
        self._adopt(network)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for made_anew in ("_lock", "_rows", "_target_of"):
            del state[made_anew]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=TrainingLock())
        self._renew()

    def to_network(self) -> Network | None:
        """Return a copy of the network without spare inputs; None before there is one."""
        if self.network is None:
            return None
        return resized(self.network, self.network.n_in - len(self._spare), self.network.n_out)

    # ---- predictions -----------------------------------------------------------------------------

    def outputs(self, x: Features) -> list[float] | None:
        """Return the outputs for a row; None before there is a network."""
        rows = self._rows
        if rows is None:
            return self._first_outputs(x)
        try:
            place = rows.free.pop()
        except IndexError:
            place = rows.place()
        row, memory, outputs = place
        try:
            rows.fill(x, row, memory)
            if not evaluate.predict_row(rows.params, rows.table, row, outputs):
                raise ValueError("x must be finite")
            return outputs.tolist()  # type: ignore[no-any-return]
        except MALFORMED:
            rows.check(x)
            raise
        finally:
            rows.free.append(place)

    def _first_outputs(self, x: Features) -> list[float] | None:
        """Do it for the row that names the inputs."""
        if self.network is None:
            return None
        with self.undone_by_errors() as undo:
            self._meet_features(x, undo)
            return self.outputs(x)

    def outputs_of_table(self, names: Sequence[Hashable], X: Array) -> Array | None:
        """Return the outputs for the rows of a table with these columns; None as `outputs` does."""
        if self.network is None:
            return None
        if len(X) == 0:
            return np.empty((0, self.network.n_out))
        outputs: Array = self.network.predict(self._as_table(names, X))
        return outputs

    # ---- training --------------------------------------------------------------------------------

    def learn(self, x: Features, y: Any, w: float = 1.0) -> None:
        """Train on a row, with the weight `w`."""
        if not self._lock.acquire(False):  # as `with self._lock`, in fewer calls of Python
            raise self._lock.refusal()
        try:
            try:
                target, rows = self._target_of(y), self._rows
            except TypeError:
                self._check_target(y)
                raise
            if rows is None or target is None or not self._learn_known(rows, x, target, w):
                with self.undone_by_errors() as undo:
                    self._meet_features(x, undo)
                    self._meet_target(y, undo)
                    assert self._rows is not None
                    self._learn_known(self._rows, x, self._target_of(y), w)
        finally:
            self._lock.release()

    def _learn_known(self, rows: Rows, x: Features, target: Any, w: float) -> bool:
        """Train on a row if all of its features are known, and return whether they are."""
        row, memory, _ = rows.own
        try:
            if not rows.fill(x, row, memory):
                return False
            if w == 0:
                rows.check(x)
            elif w == 1 and self._optimizer is None:
                state = rows.state
                if (step := state.row_step) is not None and state.lock.acquire(False):
                    try:
                        if step.take(row, target):
                            return True
                    finally:
                        state.lock.release()
                self.network.partial_fit(row, target)  # type: ignore[union-attr]
            else:
                self._train(row[np.newaxis], [target], _as_weights(w, 1))
        except MALFORMED:
            rows.check(x)
            raise
        except DivergenceError as error:
            error.add_note("the columns are in the order of `features`")
            raise
        return True

    def learn_table(self, names: Sequence[Hashable], X: Array, y: Sequence[Any], w: Any) -> None:
        """Train on the rows of a table with these columns in their order, an update a row."""
        with self._lock:
            weights = _as_weights(w, len(X))
            if len(y) != len(X):
                raise ValueError(f"y must have a target for each of {len(X)} rows, got {len(y)}")
            for target in y:
                self._check_target(target)
            start = 0
            while start < len(X):
                with self.undone_by_errors() as undo:
                    if start == 0:
                        self._meet_features(dict.fromkeys(names, 0.0), undo)
                    self._meet_target(y[start], undo)
                    targets = self._known_targets(y[start:])
                    stop = start + len(targets)
                    part = None if weights is None else weights[start:stop]
                    if part is None or any(part):
                        self._train(self._as_table(names, X[start:stop]), targets, part)
                start = stop

    def _train(self, table: Array, targets: Sequence[Any], weights: Any) -> None:
        """Train on the rows of a table of all inputs."""
        assert self.network is not None
        self.network.partial_fit(table, targets, optimizer=self._optimizer, sample_weight=weights)
        self._optimizer = None

    def _known_targets(self, y: Sequence[Any]) -> list[Any]:
        """Return the targets of the first rows, up to one that is new."""
        targets = []
        for label in y:
            if (target := self._target_of(label)) is None:
                break
            targets.append(target)
        return targets

    # ---- for subclasses: targets -----------------------------------------------------------------

    def _reader_of_targets(self) -> Callable[[Any], Any]:
        """Return what makes of `y` what `Network.partial_fit` takes, and None if `y` is new."""
        raise NotImplementedError

    def _n_outputs(self) -> int:
        """Return the number of outputs that a network starts with."""
        return 1

    def _check_target(self, y: Any) -> None:
        """Raise an error unless `y` is a target, known or new."""
        raise NotImplementedError

    def _meet_target(self, y: Any, undo: ExitStack) -> None:
        """Make `y` known."""
        raise NotImplementedError

    # ---- what is new -----------------------------------------------------------------------------

    @property
    def features(self) -> tuple[Hashable, ...]:
        """The features that are known, in the order of their inputs."""
        return tuple(self._columns)

    def _columns_of(self, names: Sequence[Hashable]) -> dict[Hashable, int]:
        """Return the inputs of the features that a user has named, or that the first row has."""
        _check_names(names)
        columns = {name: column for column, name in enumerate(names)}
        n_in = len(columns) if self.network is None else self.network.n_in
        is_fit = len(names) <= n_in if self.grows else len(names) == n_in
        if not is_fit or len(columns) != len(names):
            most = "at most " if self.grows else ""
            raise ValueError(
                f"features must be {most}{n_in} different names, got {len(names)}: {names}"
            )
        return columns

    def _meet_features(self, x: Features, undo: ExitStack) -> None:
        """Give the new features of a row their inputs."""
        if not self.grows:
            if self._rows is None:
                self._change(undo, _columns=self._columns_of(tuple(x)))
            return
        network, spare, columns = self.network, self._spare, self._columns
        check_values(x, self._dtype(), REMEDY)
        new = _in_order(name for name in x if name not in columns)
        _check_names(new)
        n_needed = len(columns) + len(new)
        if network is None:
            assert self._design is not None
            network = self._design.build(max(1, n_needed), self._n_outputs())
            spare = np.empty((0, network.weights[0].shape[1]))
        elif n_needed > network.n_in:
            n_in = max(n_needed, 2 * network.n_in)
            network, spare = grown(network, n_in, network.n_out, spare)
        n_taken = max(0, n_needed - (network.n_in - len(spare)))
        if n_taken:
            weights = network.weights[0][n_needed - n_taken : n_needed]
            undo.callback(weights.fill, 0)
            weights[:] = spare[:n_taken]
        for name in new:
            undo.callback(columns.pop, name)
            columns[name] = len(columns)
        self._change(undo, network=network, _spare=spare[n_taken:])

    def _dtype(self) -> np.dtype[Any]:
        """Return the dtype that the network has or will have."""
        if self.network is not None:
            return self.network.dtype
        assert self._design is not None
        return self._design.dtype

    @contextmanager
    def undone_by_errors(self) -> Iterator[ExitStack]:
        """A context for changes, which are undone by the callbacks that it has got if one fails."""
        with ExitStack() as undo:
            undo.callback(self._renew)  # the last one
            yield undo
            undo.pop_all()

    def _change(self, undo: ExitStack, **new: Any) -> None:
        """Set attributes, and renew what depends on them."""
        undo.callback(self.__dict__.update, {name: self.__dict__[name] for name in new})
        self.__dict__.update(new)
        self._renew()

    def _renew(self) -> None:
        """Make anew what depends on the other attributes."""
        network, columns = self.network, self._columns
        self._rows, self._target_of = None, self._reader_of_targets()
        if network is not None and (self.grows or columns):
            self._rows = (Rows if self.grows else FixedRows)(network, columns)

    def _as_table(self, names: Sequence[Hashable], X: Array) -> Array:
        """Return a table of all inputs: 0 where a column is missing; unknown ones are left out."""
        assert self.network is not None
        table = np.zeros((len(X), self.network.n_in), self.network.dtype)
        known = [k for k, name in enumerate(names) if name in self._columns]
        with np.errstate(over="ignore"):  # in float32: the network finds it
            table[:, [self._columns[names[k]] for k in known]] = X[:, known]
        return table


def _check_names(names: Iterable[Hashable]) -> None:
    """Raise if a name of a feature would be another one in each row."""
    for name in names:
        if not is_itself(name):
            raise ValueError(f"a feature must have a name that equals itself, got {name!r}")


def _in_order(names: Iterable[Hashable]) -> list[Any]:
    """Return names in an order that does not depend on that of the dict."""
    listed: list[Any] = [*names]
    try:
        return sorted(listed)
    except TypeError:
        return sorted(listed, key=lambda name: (type(name).__name__, repr(name)))


def _as_weights(w: Any, n_rows: int) -> list[float] | None:
    """Return the weights of the rows, given as one for all or one for each; None if all are 1."""
    if np.ndim(w) == 0:
        w = as_amount("w", w)
        return None if w == 1 else [w] * n_rows
    if len(w) != n_rows:
        raise ValueError(f"w must have a weight for each of {n_rows} rows, got {len(w)}")
    return [as_amount("w", one) for one in w]
