"""C: a model that was fitted to a table, from the table's columns to its answers, which goes on learning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Template
from typing import Final

import numpy as np

from pyamlz._lib.checks import checked_type
from pyamlz.export._c import LearnerHeader, template
from pyamlz.export._names import checked_name
from pyamlz.program import FUNCTIONS, Address, Type, live_code
from pyamlz.search import Model
from pyamlz.tasks import Preparation
from pyamlz.tasks._preparation import Column, projection_matrix

__all__ = ["model_to_c"]

_WIDTH = 100
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\?')
_PREFIX = re.compile(r"\b(?:l(?=earner_)|L(?=EARNER_)|R(?=EAL\b)|m(?=ath_)|M(?=ATH_)|p(?=ort_)|r(?=ng_))")

_USE: Final = {
    "regression": "double answer = learner_answer(&state, row);",
    "binary": "int answer = learner_answer(&state, row); (a place in learner_class_names)",
    "multiclass": "int answer = learner_answer(&state, row, NULL); (a place in learner_class_names)",
}


def model_to_c(model: Model, *, name: str = "model") -> str:
    """A C header with what :func:`pyamlz.export.to_c` gives, and besides how rows of a table become features, all that
    was learned, and the names or the units of answers. It answers as the model does, and goes on learning.

    Args:
        model: what was fitted.
        name: what all identifiers begin with.

    Raises:
        InputError: an argument is wrong.
    """
    checked_type("model", model, Model)
    learner, prepared = model.learner, model.preparation
    code = live_code(model.program, learner.dims)
    header = LearnerHeader(code, checked_name(name), learner.precision, model.seed, 0)
    parts = {
        "use": _USE[prepared.kind],
        "n_columns": str(len(prepared.columns)),
        "columns": _strings(column.name for column in prepared.columns),
        "names": _names(prepared),
        "n_coded": str(len(prepared.mean)),
        "mean": _doubles(prepared.mean),
        "deviation": _doubles(prepared.deviation),
        "code": _coding(prepared.columns),
        "project": _projection(prepared),
        "calls": template(f"model_{prepared.kind}").safe_substitute(
            label_mean=f"({prepared.label_mean!r})", label_deviation=f"({prepared.label_deviation!r})"
        ),
    }
    parts["constants"], parts["load"] = _learned(model, code.kept, code.is_random)
    return header.text(template("model").substitute(parts))


def _names(prepared: Preparation) -> str:
    lines = [
        f"static const char *const learner_category_names_{place}[] = {{{_strings(column.categories)}}};"
        for place, column in enumerate(prepared.columns)
        if column.categories
    ]
    places = [f"learner_category_names_{i}" if c.categories else "NULL" for i, c in enumerate(prepared.columns)]
    if lines:
        wanted = ", ".join(places)
        lines.append(f"static const char *const *const learner_category_names[LEARNER_COLUMNS] = {{{wanted}}};")
    if prepared.classes:
        lines.append(f"static const char *const learner_class_names[] = {{{_strings(prepared.classes)}}};")
    else:
        lines.append(f"static const char learner_target_name[] = {_string(prepared.target)};")
    return "\n".join(lines) + "\n"


def _learned(model: Model, kept: Iterable[Address], is_random: bool) -> tuple[str, str]:
    """Constants with the memory that learning left, and statements that copy it into the state."""
    constants, load = [], []
    for x in kept:
        values = np.asarray(model.learner.get(str(x)), dtype=model.learner.precision).ravel()
        if not values.any():
            continue
        if x.type is Type.SCALAR:
            load.append(f"    state->{x} = {_real(values[0])};\n")
        else:
            text = _wrapped(_real(value) for value in values)
            constants.append(f"    static const REAL learned_{x}[{len(values)}] = {{{text}}};\n")
            load.append(f"    memcpy(state->{x}, learned_{x}, sizeof state->{x});\n")
    clear = [f"    memset(&state->{x}, 0, sizeof state->{x});\n" for x in kept]
    if is_random:
        runs = model.learner.__getstate__()["runs"]
        load += [f"    state->runs[{number}] = {runs[number]}u;\n" for number in FUNCTIONS.values()]
    return "".join(constants), "".join([*clear, *load])


def _coding(columns: Iterable[Column]) -> str:
    """Statements that turn a row into features before they are scaled."""
    lines, place = [], 0
    for i, column in enumerate(columns):
        is_missing = f"row[{i}] != row[{i}]"
        if column.kind == "number":
            lines.append(f"coded[{place}] = {is_missing} ? {column.fill!r} : row[{i}];")
            place += 1
        for number in range(len(column.categories)):
            lines.append(f"coded[{place}] = row[{i}] == {number};")
            place += 1
        if column.has_other:
            known = f"row[{i}] >= 0 && row[{i}] < {len(column.categories)}"
            lines.append(f"coded[{place}] = !({is_missing}) && !({known});")
            place += 1
        if column.marks_missing:
            lines.append(f"coded[{place}] = {is_missing};")
            place += 1
    return "".join(f"    {line}\n" for line in lines)


_PROJECT: Final = Template("""\
    static const double matrix[$n][$width] = {$matrix};
    static const double projected_mean[$n] = {$mean};
    static const double projected_deviation[$n] = {$deviation};
    for (size_t i = 0; i < $n; i++) {
        double sum = 0;
        for (size_t k = 0; k < $width; k++) {
            sum += matrix[i][k] * coded[k];
        }
        features[i] = (REAL)((sum - projected_mean[i]) / projected_deviation[i]);
    }
""")


def _projection(prepared: Preparation) -> str:
    n, width = prepared.n_projected, len(prepared.mean)
    if n:
        matrix = projection_matrix(prepared.projection_seed, n, width)
        text = _PROJECT.substitute(
            n=n,
            width=width,
            matrix=",\n        ".join(f"{{{_doubles(row)}}}" for row in matrix.tolist()),
            mean=_doubles(prepared.projected_mean),
            deviation=_doubles(prepared.projected_deviation),
        )
    else:
        text = f"    for (size_t i = 0; i < {width}; i++) {{\n        features[i] = (REAL)coded[i];\n    }}\n"
    if prepared.n_padding:
        start = n or width
        text += f"    for (size_t i = {start}; i < LEARNER_FEATURES; i++) {{\n        features[i] = 0;\n    }}\n"
    return text


def _doubles(values: Iterable[float]) -> str:
    return _wrapped(repr(float(value)) for value in values)


def _wrapped(parts: Iterable[str]) -> str:
    """Parts of a list, on as many lines as they need."""
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > _WIDTH:
            lines.append("")
        lines[-1] += f"{part}, "
    return "\n        ".join(line.rstrip() for line in lines).rstrip(",")


def _real(value: np.floating) -> str:
    number = float(value)
    if number != number:
        return "(REAL)NAN"
    if abs(number) == float("inf"):
        return "(REAL)INFINITY" if number > 0 else "(REAL)-INFINITY"
    return f"(REAL){number!r}"


def _strings(texts: Iterable[str]) -> str:
    return _wrapped([_string(text) for text in texts])


def _string(text: str) -> str:
    """A C string; what is not plain, or would be taken for a name in the header, is written as octal bytes of UTF-8."""
    written = "".join(chr(b) if b in _PLAIN else f"\\{b:03o}" for b in text.encode("utf-8", "surrogateescape"))
    return '"' + _PREFIX.sub(lambda match: f"\\{ord(match[0]):03o}", written) + '"'
