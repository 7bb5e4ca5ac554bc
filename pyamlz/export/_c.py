"""C: one header that predicts and goes on learning, without allocation, to the same bits as the interpreter."""

from __future__ import annotations

import re
import textwrap
from importlib import resources
from string import Template
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision, checked_int, checked_precision, checked_seed
from pyamlz.export import _c_ops as c
from pyamlz.export._names import checked_name
from pyamlz.program import (
    FUNCTIONS,
    Address,
    Code,
    Dims,
    FunctionName,
    LiveInstruction,
    Program,
    Type,
    carried,
    live_code,
)
from pyamlz.search import Learner

__all__ = ["to_c"]

_LEARNED, _PREDICTED = 24, 8  # examples of the self-test
_MAX_TASK = 2**32 - 1

_USE: Final = {
    "regression": (
        "REAL prediction = learner_predict(&state, features);",
        "learner_learn(&state, features, label);",
    ),
    "binary": (
        "REAL p = learner_predict(&state, features); (the probability of class 1)",
        "learner_learn(&state, features, label);     (0 or 1)",
    ),
    "multiclass": (
        "learner_predict(&state, features, probabilities);",
        "learner_learn(&state, features, label, NULL);     (a class, from 0)",
    ),
}  # in the header's comment
_TEST_LABEL: Final = {
    "regression": "learner_test_number(&random)",
    "binary": "(REAL)(learner_test_word(&random) >> 31)",
    "multiclass": "(learner_test_word(&random) >> 8) % LEARNER_CLASSES",
}


def to_c(
    program: Program,
    dims: Dims,
    *,
    name: str = "learner",
    precision: Precision = "float32",
    seed: int = 0,
    task: int = 0,
) -> str:
    """The text of a header for C99 and C++11 that holds the program as a learner.

    >>> from pyamlz.program import baselines
    >>> program = baselines.linear_regressor()
    >>> header = to_c(program, program.dims(4), name="regressor")
    >>> "regressor_learn(regressor_state *state, const float *features, float label)" in header
    True

    It has a struct with all state, and functions that initialize it, predict, learn from an example, and test
    themselves against vectors recorded from the interpreter. All are `static inline`, their names begin with `name`,
    nothing is allocated, and what is needed of the library's maths comes along. What it computes has the bits of
    :class:`pyamlz.Learner`.

    Args:
        program: the program; only its live code is exported.
        dims: the memory, which says F and the kind of the labels.
        name: what all identifiers begin with.
        precision: "float32" or "float64": what it computes in.
        seed: of random ops, as for :class:`pyamlz.Learner`.
        task: likewise.

    Raises:
        ProgramError: the program does not fit the memory.
        InputError: another argument is wrong.
    """
    code = live_code(program, dims)
    return LearnerHeader(
        code,
        checked_name(name),
        checked_precision("precision", precision),
        checked_seed("seed", seed),
        checked_int("task", task, 0, _MAX_TASK),
    ).text()


class _Member(NamedTuple):
    """A member of the state: how it is declared, the size of an element, and how many there are."""

    declaration: str
    size: int
    n: int
    comment: str = ""


class LearnerHeader:
    """The parts of the header of one program."""

    def __init__(self, code: Code, name: str, precision: Precision, seed: int, task: int) -> None:
        self.code, self.name, self.precision, self.seed, self.task = code, name, precision, seed, task
        self.dims = code.dims
        self.carried = sorted(carried(code))
        self.places = c.FLOAT if precision == "float32" else c.DOUBLE
        self.real_size = 4 if precision == "float32" else 8
        self.scratch = max((_scratch(x, self.dims) for x in code), default=0)
        inputs = ((address, x.line.function) for x in code for address in x.inputs)
        zeros = (_count(address.type, self.dims) for address, f in inputs if self._operand(address, f) == c.ZEROS)
        self.zeros = max(zeros, default=0)

    def text(self, model: str = "") -> str:
        """All of it, with what stands on the learner at its end."""
        dims, state_bytes = self.dims, self._state_bytes()
        learner = template("learner")
        parts = {
            "define_classes": f"#define LEARNER_CLASSES {dims.n_classes}" if dims.n_classes else "",
            "members": self._declarations(),
            "zero_array": f"static const REAL {c.ZEROS}[{self.zeros}] = {{0}};\n" if self.zeros else "",
            "functions": "\n".join(self._function(name) for name in FUNCTIONS),
            "seeds": self._seeds(),
            "calls": self._calls(),
            "self_test": self._self_test(),
            "model": model,
        }
        parts["helpers"] = _needed(template("helpers").substitute(self.places), "".join(parts.values()))
        library = "static inline double port_sqrt(double x) { return sqrt(x); }\n\n"
        library += ffi.string(lib.pyamlz_maths).decode("ascii").replace("PORT_ALWAYS_INLINE", "inline")
        parts["maths"] = _needed(library, learner.template + "".join(parts.values()))
        whole = learner.substitute(parts, **self._head(), state=state_bytes, features=dims.n_features)
        whole = re.sub(r"\b(?=(?:math_|MATH_|port_|rng_))", f"{self.name}_", whole)
        for word, meaning in (("learner", self.name), ("LEARNER", self.name.upper())):
            whole = re.sub(rf"\b{word}_", f"{meaning}_", whole)
        whole = re.sub(r"0x[0-9a-f.]+p[+-]?\d+", lambda literal: repr(float.fromhex(literal[0])), whole)  # for C++11
        whole = re.sub(r"\bREAL\b", "float" if self.precision == "float32" else "double", whole)
        return re.sub(r"\n{3,}", "\n\n", whole)

    # ---- state

    def _members(self) -> list[_Member]:
        members = []
        if self.code.is_random:
            members.append(_Member("uint64_t runs[3]", 8, 3, "how often Setup, Predict and Learn have run"))
            members.append(_Member("uint32_t key[2]", 4, 2, "seed of what they draw"))
            members.append(_Member("uint32_t task", 4, 1))
        for x in self.code.kept:
            size = "" if x.type is Type.SCALAR else f"[{_dimension(x.type)}]"
            comment = "prediction" if x == self.dims.prediction else ""
            members.append(_Member(f"REAL {x}{size}", self.real_size, _count(x.type, self.dims), comment))
        for x in self.carried:
            size = "" if x.type is Type.SCALAR else f"[{_dimension(x.type)}]"
            comment = f"{x} while Predict runs for a prediction"
            members.append(_Member(f"REAL kept_{x}{size}", self.real_size, _count(x.type, self.dims), comment))
        if self.scratch:
            comment = "where results wait until their inputs were read"
            members.append(_Member(f"REAL scratch[{self.scratch}]", self.real_size, self.scratch, comment))
        return members

    def _state_bytes(self) -> int:
        """sizeof the state."""
        offset, widest = 0, 1
        for member in self._members():
            offset += -offset % member.size + member.size * member.n
            widest = max(widest, member.size)
        return offset + -offset % widest

    def _declarations(self) -> str:
        return "\n".join(
            f"    {m.declaration};" + (f" /* {m.comment} */" if m.comment else "") for m in self._members()
        )

    def _seeds(self) -> str:
        """What gives the state its seed, where something draws."""
        if not self.code.is_random:
            return ""
        values = {"key[0]": self.seed & 0xFFFFFFFF, "key[1]": self.seed >> 32, "task": self.task}
        return "".join(f"    state->{name} = {value}u;\n" for name, value in values.items())

    # ---- functions

    def _operand(self, x: Address, function: FunctionName) -> str:
        """How C reads an input."""
        if self.code.is_zero(x, function):
            return "(REAL)0" if x.type is Type.SCALAR else c.ZEROS
        return str(x) if self.code.is_example(x) else f"state->{x}"

    def _statement(self, line: LiveInstruction, function: FunctionName) -> str:
        a, b, *_ = [*(self._operand(x, function) for x in line.inputs), "", ""]
        x, y, z = _constants(line, self.precision)
        n = _dimension(Type.MATRIX if Type.MATRIX in {line.out.type, *(i.type for i in line.inputs)} else Type.VECTOR)
        waits = _scratch(line, self.dims) > 0
        out = f"state->{line.out}"
        statement = c.OPS[line.op.name].substitute(
            o="state->scratch" if waits else out, a=a, b=b, x=x, y=y, z=z, n=n, f=FUNCTIONS[function], k=line.ordinal
        )
        if waits:
            statement += f"\n    memcpy({out}, state->scratch, sizeof {out});"
        return f"    /* {line.text} */\n    {statement}"

    def _function(self, function: FunctionName) -> str:
        label = ("REAL " if self.dims.label.type is Type.SCALAR else "const REAL *") + str(self.dims.label)
        parameters = {
            "setup": ["learner_state *state"],
            "predict": ["learner_state *state", "const REAL *v0"],
            "learn": ["learner_state *state", "const REAL *v0", label],
        }[function]
        lines = [self._statement(line, function) for line in self.code.lines[function]]
        if self.code.is_random:
            lines.append(f"    state->runs[{FUNCTIONS[function]}]++;")
        code = re.sub(r"/\*.*?\*/", "", "\n".join(lines))
        names = [parameter.split()[-1].lstrip("*") for parameter in parameters]
        lines += [f"    (void){name};" for name in names if not re.search(rf"\b{name}\b", code)]
        body = "\n".join(lines)
        return f"static inline void learner_run_{function}({', '.join(parameters)})\n{{\n{body}\n}}\n"

    def _calls(self) -> str:
        """What the user calls; so that predicting changes nothing, what Predict reads and writes again is put back."""
        names = [(f"kept_{x}", str(x), x.type is Type.SCALAR) for x in self.carried]
        put_back = [_copy(name, kept, is_scalar) for kept, name, is_scalar in names]
        if any(line.op.is_random for line in self.code.lines["predict"]):
            put_back.append(f"    state->runs[{FUNCTIONS['predict']}]--; /* so that it draws the same again */\n")
        keep = [_copy(*name) for name in names]
        return template(self.dims.kind).substitute(keep="".join(keep), put_back="".join(put_back))

    # ---- the rest

    def _head(self) -> dict[str, str]:
        """What the comment at the top tells."""
        draws = f" *\n * Its random numbers are those of seed {self.seed}, task {self.task}.\n"
        predict, learn = _USE[self.dims.kind]
        return {
            "version": ffi.string(lib.amlz_version()).decode("ascii"),
            "kind": self.dims.kind,
            "classes": f", {self.dims.n_classes} classes" if self.dims.n_classes else "",
            "zeros": f" Constants: {self.zeros * self.real_size} bytes." if self.zeros else "",
            "predict": predict,
            "learn": learn,
            "draws": draws if self.code.is_random else "",
            "program": textwrap.indent(str(self.code.program), " *     ").rstrip(),
        }

    def _self_test(self) -> str:
        digits = 2 * self.real_size
        suffix = "u" if self.real_size == 4 else "ull"
        bits = ", ".join(f"0x{value:0{digits}x}{suffix}" for value in self._recorded())
        return template("self_test_classes" if self.dims.kind == "multiclass" else "self_test").substitute(
            word=self.places["word"],
            bits=textwrap.fill(bits, 112, initial_indent=" " * 8, subsequent_indent=" " * 8),
            label=_TEST_LABEL[self.dims.kind],
            learned=_LEARNED,
            all=_LEARNED + _PREDICTED,
        )

    def _recorded(self) -> list[int]:
        """The bits of what the interpreter predicts in the self-test."""
        learner = Learner(self.code.program, self.dims, precision=self.precision, seed=self.seed, task=self.task)
        words = _Words()
        examples = []
        for _ in range(_LEARNED + _PREDICTED):
            features = [words.number() for _ in range(self.dims.n_features)]
            examples.append((features, words.label(self.dims)))
        learned = [learner.learn(*example) for example in examples[:_LEARNED]]
        predicted = learner.predict([features for features, _ in examples[_LEARNED:]])
        recorded: list[int] = []
        for made in (*learned, *np.asarray(predicted)):
            recorded += _bits(np.atleast_1d(np.asarray(made, dtype=self.precision)))
        return recorded


def _copy(to: str, of: str, is_scalar: bool) -> str:
    """A statement that copies a member of the state."""
    if is_scalar:
        return f"    state->{to} = state->{of};\n"
    return f"    memcpy(state->{to}, state->{of}, sizeof state->{to});\n"


class _Words:
    """The numbers of the self-test, as `templates/helpers.h` makes them: a linear congruential generator."""

    def __init__(self) -> None:
        self.state = 1

    def next(self) -> int:
        """A word of 32 bits."""
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return self.state

    def number(self) -> float:
        """In [-1, 1), exact in every precision."""
        return (self.next() >> 16) / 32768 - 1

    def label(self, dims: Dims) -> float:
        """A label of the kind."""
        if dims.kind == "regression":
            return self.number()
        return self.next() >> 31 if dims.kind == "binary" else (self.next() >> 8) % dims.n_classes


def _bits(values: npt.NDArray[np.floating]) -> list[int]:
    """The bits of numbers, every NaN's being the same."""
    is_single = values.dtype == np.float32
    nan = 0x7FC00000 if is_single else 0x7FF8000000000000
    words = values.view(np.uint32 if is_single else np.uint64)
    return [nan if np.isnan(value) else int(word) for value, word in zip(values, words, strict=True)]


def _constants(line: LiveInstruction, precision: Precision) -> list[str]:
    """The three constants as C reads them, exactly; "" for those that are not there."""
    n_indexes = {"vector_element": 1, "matrix_element": 2}.get(line.op.name, 0)
    texts = [
        str(int(value)) if place < n_indexes else _literal(value, precision)
        for place, value in enumerate(line.constants)
    ]
    return [*texts, "", "", ""][:3]


def _literal(value: float, precision: Precision) -> str:
    if precision == "float64":
        return value.hex()
    with np.errstate(over="ignore"):
        rounded = float(np.float32(value))
    return rounded.hex() + "f" if np.isfinite(rounded) else f"{'-' if value < 0 else ''}(float)INFINITY"


def _count(type_: Type, dims: Dims) -> int:
    return {Type.SCALAR: 1, Type.VECTOR: dims.n_features, Type.MATRIX: dims.n_features**2}[type_]


def _dimension(type_: Type) -> str:
    return "LEARNER_FEATURES" if type_ is Type.VECTOR else "LEARNER_FEATURES * LEARNER_FEATURES"


_READ_TO_THE_END: Final = ("matrix_vector_product", "matrix_multiply", "matrix_transpose")


def _scratch(line: LiveInstruction, dims: Dims) -> int:
    """Numbers of scratch memory that a line needs: where it would overwrite what it still has to read."""
    waits = line.op.name in _READ_TO_THE_END and line.out in line.inputs
    return _count(line.out.type, dims) if waits else 0


# ---------------------------------------------------------------- text in files

_NAMES: Final = r"\b(?:learner_|math_|MATH_|port_|rng_)\w+"


def template(name: str) -> Template:
    """A file of `templates/`. In all of them `learner_` stands for the user's name, and REAL for float or double."""
    return Template((resources.files("pyamlz.export") / "templates" / f"{name}.h").read_text(encoding="utf-8"))


def _needed(source: str, body: str) -> str:
    """Those parts of some C text that `body` uses, directly or by others, in their order."""
    parts = _split(source)
    needed: set[str] = set()
    found = set(re.findall(_NAMES, body))
    while found - needed:
        needed |= found
        found = {name for names, text in parts if names & needed for name in re.findall(_NAMES, text)}
    return "".join(f"{text}\n\n" for names, text in parts if names & needed)


def _split(source: str) -> list[tuple[set[str], str]]:
    """The pieces between empty lines (inside functions there may be some, too), each with the names that it defines."""
    parts = []
    for text in re.split(r"\n\n+(?! )", source):
        defined = set(re.findall(r"^#\s*define\s+(\w+)", text, re.MULTILINE))
        defined |= set(re.findall(r"^static inline[^\n(]*?\b(\w+)\(", text, re.MULTILINE))
        defined |= set(re.findall(r"^\}\s*(\w+);", text, re.MULTILINE))
        parts.append((defined, text.strip("\n")))
    return parts
