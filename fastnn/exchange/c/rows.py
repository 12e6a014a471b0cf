"""The header of an ensemble for tables in C: a row as a struct, whose fields are the columns."""

from __future__ import annotations

import re
from string import Template

from ...tables.columns import NOTHING, NUMBER, TEXT, TIMES
from ...tables.model import TableModel
from .text import shown

_FIELDS = {
    NUMBER: "double ", NOTHING: "double ", TEXT: "const char *",
    **dict.fromkeys(TIMES, "int64_t "),
}  # fmt: skip
# Names that a field may not have: words of C and C++, and macros of the headers and compilers.
_TAKEN = {
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
    "case", "catch", "char", "char8_t", "char16_t", "char32_t", "class", "compl", "complex",
    "concept", "const", "const_cast", "consteval", "constexpr", "constinit", "continue",
    "co_await", "co_return", "co_yield", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for",
    "friend", "goto", "if", "imaginary", "inline", "int", "long", "mutable", "namespace", "new",
    "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected",
    "public", "register", "reinterpret_cast", "requires", "restrict", "return", "short",
    "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch",
    "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename",
    "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor",
    "xor_eq", "linux", "unix", "errno", "i386", "DOMAIN", "EOF", "INFINITY", "NAN", "NULL",
    "OVERFLOW", "PLOSS", "SING", "TLOSS", "UNDERFLOW",
}  # fmt: skip
_MACRO = re.compile(r"_|(HUGE|FP|U?INT\w*|M|SIZE|WINT|WCHAR|PTRDIFF|SIG|MATH)_")

_HEADER = Template("""\
#ifndef ${NAME}_H
#define ${NAME}_H

#include <stdint.h>

#define ${NAME}_N_OUT $n_out

#ifdef __cplusplus
extern "C" {
#endif

/* A row of the table. What is missing is NAN, NULL or INT64_MIN; texts are in UTF-8, times are in
 * microseconds since 1970, of UTC if training had them with a zone. Durations are doubles in days,
 * times of day in hours. */
typedef struct {
$fields
} ${name}_row;
$classes
/* Overwrite output with what the ensemble makes of a row. Memory is static: one call at a time. */
void ${name}_predict(const ${name}_row *row, double output[${NAME}_N_OUT]);

#ifdef __cplusplus
}
#endif

#endif
""")


def ensemble_header(model: TableModel, name: str) -> str:
    """Return the header."""
    lines = []
    for column, field in fields_of(model.names).items():
        line = f"    {_FIELDS[model.encoder.kinds_[column]]}{field};"
        lines.append(line if field == column else f"{line} /* {shown(column)} */")
    classes = ""
    if model.classes is not None:
        classes = f"\nextern const char *const {name}_classes[{name.upper()}_N_OUT];\n"
    return _HEADER.substitute(
        name=name,
        NAME=name.upper(),
        n_out=1 if model.classes is None else len(model.classes),
        fields="\n".join(lines),
        classes=classes,
    )


def fields_of(names: list[str]) -> dict[str, str]:
    """Return the field of each column: its name, or an identifier like it."""
    fields: dict[str, str] = {}
    for name in names:
        field = re.sub(r"[^A-Za-z0-9_]", "_", name)
        if not re.match("[A-Za-z]", field):
            field = f"x_{field}"
        if field in _TAKEN or _MACRO.match(field):
            field += "_"
        base, n = field, 1
        while field in fields.values() or (field != name and field in names):
            n += 1
            field = f"{base}_{n}"
        fields[name] = field
    return fields
