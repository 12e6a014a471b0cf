"""The C source of an ensemble for tables: the encoding of a row, and all networks."""

from __future__ import annotations

from collections.abc import Iterator
from string import Template
from typing import Any

import numpy as np

from ..._checks.arrays import Array
from ...tables.columns import NUMBER, TIMES
from ...tables.encoder import ENCODINGS, TableEncoder
from ...tables.model import TableModel
from ...tables.numbers import CLIP, LARGEST_SCALED
from .floating import network_code, parameters
from .rows import fields_of
from .text import (
    Layer,
    definition,
    enum,
    in_precision,
    layer_calls,
    layers_of,
    shown,
    string,
    widths_of,
)

_CODE_OF = """\
/* The code of a text: its place among those of training, which are in order. */
static int code_of(const char *text, const char *const texts[], int n, int missing, int unknown)
{
    int low = 0, high = n;

    if (text == NULL) {
        return missing;
    }
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order = strcmp(text, texts[middle]);

        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return unknown;
}
"""

_TAKE_APART = """\
/* A time as numbers: days since 1970, year, month, day of the week and hour. The date is that of
 * H. Hinnant's algorithm, in eras of 400 years that begin on 1 March. */
static void take_apart(int64_t time, double parts[5])
{
    const int64_t an_hour = 3600000000, a_day = 24 * an_hour;

    if (time == INT64_MIN) {
        for (int i = 0; i < 5; i++) {
            parts[i] = (double)NAN;
        }
        return;
    }

    const int64_t of_day = (time % a_day + a_day) % a_day;
    const int64_t day = (time - of_day) / a_day, since = day + 719468;
    const int64_t of_era = (since % 146097 + 146097) % 146097;
    const int64_t era = (since - of_era) / 146097;
    const int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    const int64_t month = (5 * of_year + 2) / 153; /* from March */
    const int64_t turned = month / 10;

    parts[0] = (double)time / (double)a_day;
    parts[1] = (double)(years + 400 * era + turned);
    parts[2] = (double)(month + 3 - 12 * turned);
    parts[3] = (double)(((day + 3) % 7 + 7) % 7);
    parts[4] = (double)of_day / (double)an_hour;
}
"""

_SCALE = f"""\
    for (int i = 0; i < N_NUMBERS; i++) {{
        is_missing[i] = isnan(numbers[i]) ? 1 : 0;
        if (is_missing[i]) {{
            numbers[i] = center[i];
        }}

        double z = (numbers[i] - center[i]) / scale[i];

        if (fabs(z) > {LARGEST_SCALED!r}) {{
            z = z > 0.0 ? {LARGEST_SCALED!r} : -{LARGEST_SCALED!r};
        }}
        z /= sqrt(1.0 + (z / {CLIP!r}) * (z / {CLIP!r}));
        scaled[i] = z;
        block_scaled[i] = (float)z;
    }}"""

_INDICATE = """\
    for (int i = 0; i < N_INDICATORS; i++) {
        block_scaled[N_NUMBERS + i] = (float)is_missing[with_indicator[i]];
    }"""

_BIN = """\
    for (int i = 0; i < N_BINS; i++) {
        const double share = (numbers[bin_column[i]] - bin_low[i]) / bin_width[i];

        block_bins[i] = (float)(share > 0.0 ? (share < 1.0 ? share : 1.0) : 0.0) * 2.0f - 1.0f;
    }"""

_WAVE = f"""\
    for (int i = 0; i < N_NUMBERS; i++) {{
        for (int j = 0; j < N_WAVES; j++) {{
            const double turns = scaled[i] * frequency[j] + phase[i][j];

            block_periodic[N_WAVES * i + j] = (float)cos({2 * np.pi!r} * turns);
        }}
    }}"""

_APPEND = Template("""\
/* Copy inputs, and return where more go. */
static $real *append($real *end, const float *block, int n)
{
    for (int i = 0; i < n; i++) {
        *end++ = ($real)block[i];
    }
    return end;
}
""")

_MEMBER = Template("""\
static void member_$k(void)
{
    $real *end = inputs;

$appended
$calls
    for (int j = 0; j < N_OUT; j++) {
        total[j] += $share * (double)outputs[j];
    }
}
""")

_PREDICT = Template("""\
void ${name}_predict(const ${name}_row *row, double output[N_OUT])
{
    encode(row);
    for (int j = 0; j < N_OUT; j++) {
        total[j] = 0.0;
    }
$members
$end
}
""")

_PROBABILITIES = """\

    double sum = 0.0;

    for (int j = 0; j < N_OUT; j++) {
        sum += total[j];
    }
    for (int j = 0; j < N_OUT; j++) {
        output[j] = total[j] / sum;
    }"""


def ensemble_source(model: TableModel, name: str, dtype: np.dtype[Any]) -> str:
    """Return the source, with networks in `dtype`."""
    encoder, real = model.encoder, in_precision("double", dtype)
    members = [layers_of(m.network, dtype, member=k) for k, m in enumerate(model.members)]
    widths = {"N_OUT": f"{name.upper()}_N_OUT"} | _widths(model, members)
    layers = [layer for member in members for layer in member]
    blocks = [
        _ends(encoder),
        *([_CODE_OF] if encoder.categories_ else []),
        *([] if set(TIMES).isdisjoint(encoder.kinds_.values()) else [_TAKE_APART]),
        _encode(model, name),
        *network_code(layers, dtype),
        f"static {real} inputs[N_INPUTS], outputs[N_OUT];\nstatic double total[N_OUT];\n",
        _APPEND.substitute(real=real),
        *(_member(model, k, member, real) for k, member in enumerate(members)),
        _predict(model, name),
    ]
    start = f"""\
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "{name}.h"

{enum(widths)}"""
    return "\n".join([start, *_tables(model, name, layers), *blocks])


def _widths(model: TableModel, members: list[list[Layer]]) -> dict[str, int]:
    """Return the widths by their names."""
    encoder, blocks = model.encoder, model.encoder.widths
    widths = {
        "N_NUMBERS": len(encoder.scale_.center),
        "N_INDICATORS": len(encoder.with_indicator_),
        "N_WAVES": 0 if encoder.periodic_ is None else len(encoder.periodic_.frequency),
        **{f"N_{name.upper()}": width for name, width in blocks.items()},
        "N_CODES": len(encoder.categories_),
        "N_INPUTS": max(member.network.n_in for member in model.members),
    }
    widths |= widths_of(members)
    return {name: width for name, width in widths.items() if width}


def _tables(model: TableModel, name: str, layers: list[Layer]) -> Iterator[str]:
    """Yield the definitions of all constants."""
    encoder = model.encoder
    if model.classes is not None:
        labels = [str(label) for label in model.classes.tolist()]
        yield _texts(f"const char *const {name}_classes[N_OUT]", labels)
    if encoder.widths["scaled"]:
        yield definition("static const double center[N_NUMBERS]", encoder.scale_.center)
        yield definition("static const double scale[N_NUMBERS]", encoder.scale_.scale)
    if len(encoder.with_indicator_):
        yield _integers("with_indicator[N_INDICATORS]", encoder.with_indicator_)
    if (bins := encoder.bins_) is not None and encoder.widths["bins"]:
        yield _integers("bin_column[N_BINS]", bins.column)
        yield definition("static const double bin_low[N_BINS]", bins.low)
        yield definition("static const double bin_width[N_BINS]", bins.width)
    if (waves := encoder.periodic_) is not None and encoder.widths["periodic"]:
        yield definition("static const double frequency[N_WAVES]", waves.frequency)
        yield definition("static const double phase[N_NUMBERS][N_WAVES]", waves.phase)
    for j, (column, categories) in enumerate(encoder.categories_.items()):
        texts = [text for text in categories.texts if text is not None]
        if any("\0" in text for text in texts):
            raise ValueError(
                f"column {column!r} must hold no text with a NUL to be written in C, got one: "
                "replace it, and fit again"
            )
        yield f"/* {shown(column)} */\n" + _texts(
            f"static const char *const texts_{j}[{len(texts)}]", texts
        )
        yield _integers(f"place_{j}[{len(categories.place)}]", categories.place)
    for k, member in enumerate(model.members):
        if member.by_target is not None:
            for j, table in enumerate(member.by_target.tables):
                n, n_targets = table.shape
                yield definition(f"static const double table_{k}_{j}[{n}][{n_targets}]", table)
    for layer in layers:
        yield from parameters(layer)


def _texts(declaration: str, texts: list[str]) -> str:
    lines = "".join(f"    {string(text)},\n" for text in texts)
    return f"{declaration} = {{\n{lines}}};\n"


def _integers(declaration: str, values: Array) -> str:
    return definition(f"static const int {declaration}", values)


def _ends(encoder: TableEncoder) -> str:
    """Return the declarations of what a row is encoded to."""
    lines = [
        f"static float block_{name}[N_{name.upper()}];"
        for name, width in encoder.widths.items()
        if width
    ]
    if encoder.widths["scaled"]:
        lines.append("static double numbers[N_NUMBERS], scaled[N_NUMBERS];")
        lines.append("static int is_missing[N_NUMBERS];")
    if encoder.categories_:
        lines.append("static int codes[N_CODES];")
    return "\n".join(lines) + "\n"


def _encode(model: TableModel, name: str) -> str:
    """Return the function that encodes a row."""
    encoder, fields, lines = model.encoder, fields_of(model.names), []
    for column, place in encoder.places.items():
        field = f"row->{fields[column]}"
        if encoder.kinds_[column] == NUMBER:
            lines.append(f"    numbers[{place.start}] = {field};")
        else:
            lines.append(f"    take_apart({field}, numbers + {place.start});")
    if encoder.widths["scaled"]:
        lines.append(_SCALE)
        lines += [_INDICATE] if len(encoder.with_indicator_) else []
        lines += [_BIN] if encoder.widths.get("bins") else []
        lines += [_WAVE] if encoder.widths.get("periodic") else []
    if encoder.categories_:
        lines.append(
            "    for (int i = 0; i < N_CATEGORY; i++) {\n        block_category[i] = 0.0f;\n    }"
        )
    start = 0
    for j, (column, categories) in enumerate(encoder.categories_.items()):
        unknown = len(categories.texts)
        n = unknown - (categories.texts[-1] is None)
        missing = n  # the code of the last text, None, or that of what is unknown
        field = f"row->{fields[column]}"
        input_of = f"place_{j}[codes[{j}]]"
        lines.append(
            f"    codes[{j}] = code_of({field}, texts_{j}, {n}, {missing}, {unknown});\n"
            f"    if ({input_of} >= 0) {{\n"
            f"        block_category[{start} + {input_of}] = 1.0f;\n"
            "    }"
        )
        start += categories.n_inputs
    body = "\n".join(lines)
    return f"static void encode(const {name}_row *row)\n{{\n{body}\n}}\n"


def _member(model: TableModel, k: int, layers: list[Layer], real: str) -> str:
    """Return the function that adds the outputs of a network to the total."""
    member, encoder = model.members[k], model.encoder
    lines = [
        f"    end = append(end, block_{name}, N_{name.upper()});"
        for name in ENCODINGS[member.encoding]
        if encoder.widths[name]
    ]
    if member.by_target is not None:
        places = [[*encoder.categories_].index(name) for name in encoder.many_valued_]
        for target in range(member.by_target.tables[0].shape[1]):
            lines += [
                f"    *end++ = ({real})table_{k}_{j}[codes[{place}]][{target}];"
                for j, place in enumerate(places)
            ]
    return _MEMBER.substitute(
        k=k,
        real=real,
        appended="\n".join(lines),
        calls=layer_calls("inputs", layers, "outputs"),
        share=repr(model.shares[k]),
    )


def _predict(model: TableModel, name: str) -> str:
    """Return the function that predicts."""
    end = _PROBABILITIES
    if model.classes is None:
        end = f"    output[0] = total[0] * {model.scale!r} + {model.center!r};"
    calls = "\n".join(f"    member_{k}();" for k in range(len(model.members)))
    return _PREDICT.substitute(name=name, members=calls, end=end)
