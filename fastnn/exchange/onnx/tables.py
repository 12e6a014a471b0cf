"""An ensemble for tables as an ONNX graph: from the columns, as they are, to the answer.

Encoding is in float64, as in `TableEncoder`; the inputs of the networks and all that follows is in
the dtype of the file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from ..._checks.callers import warn_caller
from ...tables.columns import NUMBER, TEXT, TIMES
from ...tables.encoder import ENCODINGS, Categories, TableEncoder
from ...tables.model import TableModel
from ...tables.numbers import CLIP, LARGEST_SCALED
from .graph import GraphWriter

_FLOAT32, _FLOAT64, _INT64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
_NEVER = np.iinfo(np.int64).min  # NaT
_HOUR = 3_600_000_000  # microseconds
_DAY = 24 * _HOUR


def as_graph(onnx: Any, model: TableModel, dtype: np.dtype[Any]) -> Any:
    """Return a model of a table as an ONNX model."""
    if "" in model.names:
        raise ValueError(
            "columns must have a name each to be written to ONNX, got '': rename it, and fit again"
        )
    both = [name for name, found in model.encoder.categories_.items() if "" in found.texts]
    if both:
        warn_caller(
            "columns of texts must have no empty one in training for '' to mean a missing text in "
            f"ONNX, got '' as a category of {', '.join(map(repr, both))}: in the file '' is that "
            "category, and no text is missing; replace '' by None before fit"
        )
    writer = _TableWriter(onnx, model, dtype)
    inputs = writer.inputs()
    encoded = writer.encoded()
    outputs = writer.outputs([writer.member(k, encoded) for k in range(len(model.members))])
    notes = {"fastnn.model": "classes" if model.classes is not None else "value"}
    if model.classes is not None:
        notes["fastnn.classes"] = json.dumps([str(label) for label in model.classes.tolist()])
    return writer.graph.model(inputs, outputs, notes)


def is_coarse(places: Array, steps: Array) -> bool:
    """Return True if float32 has no digits for a thousandth of a step at one of the places."""
    with np.errstate(over="ignore", invalid="ignore"):
        spacing = np.spacing(np.abs(places).astype(np.float32)).astype(np.float64)
    return not bool((spacing <= 1e-3 * steps).all())


def coarse_numbers(encoder: TableEncoder) -> set[str]:
    """Return the columns of numbers that float32 is too coarse for."""
    scale, bins, found = encoder.scale_, encoder.bins_, set()
    for name, place in encoder.places.items():
        if encoder.kinds_[name] == NUMBER:
            places, steps = scale.center[place], scale.scale[place]
            if bins is not None:
                own = bins.column == place.start
                places = np.concatenate([places, bins.low[own]])
                steps = np.concatenate([steps, bins.width[own]])
            if is_coarse(places, steps):
                found.add(name)
    return found


class _TableWriter:
    """The parts of the graph. All that is no column has a name that begins with `root`."""

    def __init__(self, onnx: Any, model: TableModel, dtype: np.dtype[Any]) -> None:
        self.model, self.encoder = model, model.encoder
        self.graph = GraphWriter(onnx, dtype)
        self.root = "fastnn"
        while any(name.startswith(self.root) for name in model.names):
            self.root += "_"
        self.coarse = coarse_numbers(model.encoder)
        self.codes: dict[str, str] = {}  # the name of the codes of each column of texts

    def inputs(self) -> list[Any]:
        """Return the descriptions of the columns."""
        # ONNX knows strings as objects.
        dtypes = {TEXT: np.dtype(object), **dict.fromkeys(TIMES, _INT64)}
        return [
            self.graph.description(
                name, dtypes.get(kind, _FLOAT64 if name in self.coarse else _FLOAT32), 1
            )
            for name, kind in self.encoder.kinds_.items()
        ]

    def encoded(self) -> dict[str, str]:
        """Return the name of the inputs of each encoding in use."""
        kinds = self.encoder.kinds_
        self.codes = {name: self._codes(name) for name, kind in kinds.items() if kind == TEXT}
        blocks = self._number_blocks() if self.encoder.widths["scaled"] else {}
        if self.encoder.widths["category"]:
            found = [self._one_hot(name) for name in self.codes]
            blocks["category"] = self._joined(f"{self.root}/category", found)
        return {
            encoding: self._to_network(
                self._joined(
                    f"{self.root}/inputs_{encoding}",
                    [blocks[name] for name in ENCODINGS[encoding] if self.encoder.widths[name]],
                )
            )
            for encoding in {member.encoding: None for member in self.model.members}
        }

    def member(self, k: int, encoded: dict[str, str]) -> str:
        """Return the name of the outputs of a member, times its weight."""
        member, root = self.model.members[k], f"{self.root}/member_{k}"
        values = encoded[member.encoding]
        if member.by_target is not None:
            found = []
            for j, name in enumerate(self.encoder.many_valued_):
                table = self.graph.stored(f"{root}/table_{j}", member.by_target.tables[j])
                rows = self.graph.node("Gather", [table, self.codes[name]], f"{root}/rows_{j}")
                found.append(
                    self.graph.node("Transpose", [rows], f"{root}/column_{j}", perm=[0, 2, 1])
                )
            joined = self._joined(f"{root}/columns", found, axis=2)
            more = self._to_network(self._flat(f"{root}/by_target", joined))
            values = self._joined(f"{root}/inputs", [values, more])
        network = member.network
        for i, (layer, W, b) in enumerate(
            zip(network.layers, network.weights, network.biases, strict=True)
        ):
            values = self.graph.layer(f"{root}/{i}", values, str(layer.activation), W, b)
        weight = self.graph.constant(f"{root}/weight", np.array(self.model.shares[k]))
        return self.graph.node("Mul", [values, weight], f"{root}/weighted")

    def outputs(self, found: Sequence[str]) -> list[Any]:
        """Add the mean of the members, and return the descriptions of the outputs."""
        total = self.graph.node("Sum", found, f"{self.root}/total")
        classes = self.model.classes
        if classes is None:
            return [self._value(total)]
        name = self._free("probabilities")
        self.graph.node("Identity", [total], name)
        place = self.graph.node("ArgMax", [total], f"{self.root}/place", axis=1, keepdims=0)
        if classes.dtype.kind in "iu":
            labels = classes.astype(np.int64)
        elif classes.dtype.kind in "bf":
            labels = classes.astype(bool if classes.dtype.kind == "b" else np.float64)
        else:
            labels = np.array([str(label) for label in classes.tolist()], object)
        constant = self.graph.stored(f"{self.root}/labels", labels)
        label = self.graph.node("Gather", [constant, place], self._free("label"))
        return [
            self.graph.description(name, self.graph.dtype, len(classes)),
            self.graph.description(label, labels.dtype),
        ]

    def _value(self, total: str) -> Any:
        """Add the number in the unit of the target, and return its description."""
        center, scale = np.array([self.model.center]), np.array([self.model.scale])
        dtype = self.graph.dtype
        if is_coarse(np.append(center, scale), scale):
            dtype = _FLOAT64
        values = self._as(total, _FLOAT64)
        ratio = self.graph.constant(f"{self.root}/center", center / scale, _FLOAT64)
        values = self.graph.node("Add", [values, ratio], f"{self.root}/value/Add")
        values = self._times(f"{self.root}/value", values, scale)
        name = self.graph.cast(values, dtype, self._free("value"))
        return self.graph.description(name, dtype, 1)

    # ---- columns of numbers and times ------------------------------------------------------------

    def _number_blocks(self) -> dict[str, str]:
        """Return the names of the blocks that are made of numbers."""
        root, encoder = self.root, self.encoder
        parts: list[str] = []
        for name, kind in encoder.kinds_.items():
            if kind == NUMBER:
                parts.append(self._as(name, _FLOAT64) if name not in self.coarse else name)
            elif kind in TIMES:
                parts += self._parts_of(name)
        numbers = self._joined(f"{root}/numbers", parts)
        missing = self.graph.node("IsNaN", [numbers], f"{root}/missing")
        center = self.graph.constant(f"{root}/medians", encoder.scale_.center, _FLOAT64)
        numbers = self.graph.node("Where", [missing, center, numbers], f"{root}/filled")
        scaled = self._scaled(numbers)
        block = [self._to(scaled)]
        if len(encoder.with_indicator_):
            block.append(self._to(self._taken(missing, encoder.with_indicator_, "indicators")))
        blocks = {"scaled": self._joined(f"{root}/scaled", block)}
        if encoder.bins_ is not None and encoder.widths["bins"]:
            blocks["bins"] = self._bins(numbers)
        if encoder.periodic_ is not None:
            blocks["periodic"] = self._periodic(scaled)
        return blocks

    def _scaled(self, numbers: str) -> str:
        """Return the name of numbers in robust scale, clipped smoothly."""
        root, node = f"{self.root}/robust", self.graph.node
        scale = self.encoder.scale_
        z = self._standardised(f"{root}/z", numbers, scale.center, scale.scale)
        limits = [
            self.graph.constant(f"{root}/{side}", np.array(sign * LARGEST_SCALED), _FLOAT64)
            for side, sign in (("low", -1), ("high", 1))
        ]
        z = node("Clip", [z, *limits], f"{root}/Clip")
        share = self._over(f"{root}/share", z, np.array(CLIP))
        square = node("Mul", [share, share], f"{root}/square")
        one = self.graph.constant(f"{root}/one", np.array(1.0), _FLOAT64)
        root_of = node("Sqrt", [node("Add", [square, one], f"{root}/Add")], f"{root}/Sqrt")
        return node("Div", [z, root_of], f"{root}/clipped")

    def _bins(self, numbers: str) -> str:
        """Return the name of the places in bins."""
        bins, root, node = self.encoder.bins_, f"{self.root}/in_bins", self.graph.node
        assert bins is not None
        values = self._taken(numbers, bins.column, "in_bins")
        values = self._standardised(f"{root}/share", values, bins.low, bins.width)
        ends = [self.graph.constant(f"{root}/{n}", np.array(float(n)), _FLOAT64) for n in (0, 1)]
        values = self._to(node("Clip", [values, *ends], f"{root}/Clip"))
        two = self.graph.constant(f"{root}/two", np.array(2.0), _FLOAT32)
        one = self.graph.constant(f"{root}/less", np.array(1.0), _FLOAT32)
        values = node("Mul", [values, two], f"{root}/Mul")
        return node("Sub", [values, one], f"{root}/place")

    def _periodic(self, scaled: str) -> str:
        """Return the name of the cosines of scaled numbers.

        They are sines, a quarter of a turn on: onnxruntime before 1.29 has no Cos in float64.
        """
        periodic, root, node = self.encoder.periodic_, f"{self.root}/waves", self.graph.node
        assert periodic is not None
        axis = self.graph.stored(f"{root}/axis", np.array([2]))
        z = node("Unsqueeze", [scaled, axis], f"{root}/z")
        turns = self._times(f"{root}/turns", z, periodic.frequency)
        phase = self.graph.constant(f"{root}/phase", periodic.phase + 0.25, _FLOAT64)
        turns = node("Add", [turns, phase], f"{root}/Add")
        waves = node("Sin", [self._times(f"{root}/angle", turns, np.array(2 * np.pi))], root)
        return self._flat(f"{root}/flat", self._to(waves))

    def _parts_of(self, time: str) -> list[str]:
        """Return the names of the numbers that a time is, as `encoder` has them.

        The date of a day is H. Hinnant's algorithm of days from 1 March of the year 0, in eras of
        400 years. All numbers that are divided are positive: ONNX rounds towards 0.
        """
        root = self._root_of(time)
        never = self._whole(f"{root}/never", _NEVER)
        missing = self.graph.node("Equal", [time, never], f"{root}/missing")
        w = _Whole(self, root)
        now = self.graph.node("Where", [missing, self._whole(f"{root}/0", 0), time], f"{root}/now")
        microseconds = w.mod(now, _DAY)
        day = w.over(w.less(now, microseconds), _DAY)  # since 1970, exact
        since = w.add(day, 719_468)
        of_era = w.mod(since, 146_097)
        era = w.over(w.less(since, of_era), 146_097)
        years = w.over(of_era, 1460)
        years = w.less(of_era, years)
        years = w.add(years, w.over(of_era, 36_524))
        years = w.over(w.less(years, w.over(of_era, 146_096)), 365)
        leaps = w.less(w.over(years, 4), w.over(years, 100))
        of_year = w.less(of_era, w.add(w.times(years, 365), leaps))
        month = w.over(w.add(w.times(of_year, 5), 2), 153)  # from March
        turned = w.over(month, 10)  # 1 in January and February
        numbers = [
            self._over(f"{root}/days", self._as(now, _FLOAT64), np.array(float(_DAY))),
            w.add(w.add(years, w.times(era, 400)), turned),
            w.less(w.add(month, 3), w.times(turned, 12)),
            w.mod(w.add(day, 3), 7),
            self._over(f"{root}/hours", self._as(microseconds, _FLOAT64), np.array(float(_HOUR))),
        ]
        nan = self.graph.stored(f"{root}/nan", np.array(np.nan))
        return [
            self.graph.node("Where", [missing, nan, self._as(number, _FLOAT64)], f"{root}/part_{i}")
            for i, number in enumerate(numbers)
        ]

    # ---- columns of texts ------------------------------------------------------------------------

    def _codes(self, name: str) -> str:
        """Return the name of the codes of a column."""
        categories, root = self.encoder.categories_[name], self._root_of(name)
        codes = {t: k for k, t in enumerate(categories.texts) if t is not None}
        if categories.texts[-1] is None:
            codes.setdefault("", len(categories.texts) - 1)
        known = {text.encode("utf-8", "surrogatepass"): code for text, code in codes.items()}
        return self.graph.node(
            "LabelEncoder", [name], f"{root}/code", domain="ai.onnx.ml",
            keys_strings=[*known], values_int64s=[*known.values()],
            default_int64=len(categories.texts),
        )  # fmt: skip

    def _one_hot(self, name: str) -> str:
        """Return the name of the categories of a column, one-hot."""
        categories: Categories = self.encoder.categories_[name]
        root, node = self._root_of(name), self.graph.node
        places = self.graph.stored(f"{root}/places", categories.place.astype(np.int64))
        place = node("Gather", [places, self.codes[name]], f"{root}/place")
        inputs = self.graph.stored(f"{root}/inputs", np.arange(categories.n_inputs))
        return self._to(node("Equal", [place, inputs], f"{root}/Equal"))

    def _root_of(self, name: str) -> str:
        return f"{self.root}/column_{self.model.names.index(name)}"

    # ---- single nodes ----------------------------------------------------------------------------

    def _free(self, name: str) -> str:
        """Return a name for an output that no column has."""
        while name in self.model.names:
            name += "_"
        return name

    def _as(self, values: str, dtype: np.dtype[Any]) -> str:
        if not values.startswith(self.root):  # a column
            return self.graph.cast(values, dtype, f"{self._root_of(values)}/{dtype.name}")
        return self.graph.cast(values, dtype, f"{values}/{dtype.name}")

    def _to(self, values: str) -> str:
        """Return the name of values in float32, as `TableEncoder` returns them."""
        return self._as(values, _FLOAT32)

    def _to_network(self, values: str) -> str:
        """Return the name of inputs in the dtype of the networks."""
        return values if self.graph.dtype == _FLOAT32 else self._as(values, self.graph.dtype)

    def _joined(self, name: str, parts: Sequence[str], axis: int = 1) -> str:
        return self.graph.node("Concat", parts, name, axis=axis)

    def _taken(self, values: str, columns: Array, name: str) -> str:
        """Return the name of some columns of values."""
        indices = self.graph.stored(f"{self.root}/{name}/columns", columns.astype(np.int64))
        return self.graph.node("Gather", [values, indices], f"{self.root}/{name}/taken", axis=1)

    def _times(self, name: str, values: str, factor: Array) -> str:
        constant = self.graph.constant(f"{name}/factor", factor, _FLOAT64)
        return self.graph.node("Mul", [values, constant], f"{name}/Mul")

    def _over(self, name: str, values: str, divisor: Array) -> str:
        constant = self.graph.constant(f"{name}/divisor", divisor, _FLOAT64)
        return self.graph.node("Div", [values, constant], f"{name}/Div")

    def _standardised(self, name: str, values: str, center: Array, scale: Array) -> str:
        """Return the name of (x - center) / scale, as x / scale - center / scale.

        onnxruntime takes a constant below the numbers of float32 for 0, and leaves it out.
        """
        ratio = self.graph.constant(f"{name}/ratio", center / scale, _FLOAT64)
        return self.graph.node("Sub", [self._over(name, values, scale), ratio], f"{name}/Sub")

    def _flat(self, name: str, values: str) -> str:
        return self.graph.node("Flatten", [values], name, axis=1)

    def _whole(self, name: str, value: int) -> str:
        return self.graph.stored(name, np.array(value, np.int64))


class _Whole:
    """Arithmetic of whole numbers below one name."""

    def __init__(self, writer: _TableWriter, root: str) -> None:
        self._writer, self._root, self._n = writer, f"{root}/whole", 0

    def _node(self, operator: str, x: str, y: str | int) -> str:
        name = f"{self._root}/{self._n}"
        self._n += 1
        graph = self._writer.graph
        operand = y if isinstance(y, str) else graph.stored(f"{name}/constant", np.array(y))
        return graph.node(operator, [x, operand], f"{name}/{operator}")

    def add(self, x: str, y: str | int) -> str:
        """Return the name of x + y."""
        return self._node("Add", x, y)

    def less(self, x: str, y: str) -> str:
        """Return the name of x - y."""
        return self._node("Sub", x, y)

    def times(self, x: str, n: int) -> str:
        """Return the name of n x."""
        return self._node("Mul", x, n)

    def over(self, x: str, n: int) -> str:
        """Return the name of x / n, rounded towards 0."""
        return self._node("Div", x, n)

    def mod(self, x: str, n: int) -> str:
        """Return the name of the remainder, from 0 to n - 1, be x negative."""
        return self._node("Mod", x, n)
