"""Python: a class in plain NumPy, to be read and changed."""

from __future__ import annotations

import textwrap
from typing import Final

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision, checked_precision
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

__all__ = ["to_python"]

# An expression an op: a and b inputs, x y z constants. What an op makes is a new array.
OPS: Final[dict[str, str]] = {
    **{f"{kind}_sum": "{a} + {b}" for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_difference": "{a} - {b}" for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_product": "{a} * {b}" for kind in ("scalar", "vector", "matrix", "scalar_vector", "scalar_matrix")},
    **{f"{kind}_division": "{a} / {b}" for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_abs": "np.abs({a})" for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_reciprocal": "REAL(1) / {a}" for kind in ("scalar", "vector", "matrix")},
    **{f"scalar_{name}": f"np.{name}({{a}})" for name in ("sin", "cos", "tan", "arcsin", "arccos", "arctan", "exp")},
    "scalar_log": "np.log({a})",
    "scalar_heaviside": "REAL({a} >= 0)",
    **{f"{kind}_heaviside": "({a} > 0).astype(REAL)" for kind in ("vector", "matrix")},
    "scalar_minimum": "{b} if {b} < {a} else {a}",
    "scalar_maximum": "{b} if {a} < {b} else {a}",
    **{f"{kind}_minimum": "np.where({a} < {b}, {a}, {b})" for kind in ("vector", "matrix")},
    **{f"{kind}_maximum": "np.where({a} > {b}, {a}, {b})" for kind in ("vector", "matrix")},
    "vector_fill": "np.full(N_FEATURES, {a})",
    **{f"{kind}_norm": "np.linalg.norm({a})" for kind in ("vector", "matrix")},
    **{f"{kind}_mean": "np.mean({a})" for kind in ("vector", "matrix")},
    **{f"{kind}_std": "np.std({a})" for kind in ("vector", "matrix")},
    "dot_product": "{a} @ {b}",
    "outer_product": "np.outer({a}, {b})",
    "matrix_vector_product": "{a} @ {b}",
    "matrix_multiply": "{a} @ {b}",
    "matrix_transpose": "{a}.T.copy()",
    "column_broadcast": "np.repeat({a}[:, np.newaxis], N_FEATURES, axis=1)",
    "row_broadcast": "np.repeat({a}[np.newaxis, :], N_FEATURES, axis=0)",
    "column_norm": "np.linalg.norm({a}, axis=0)",
    "row_norm": "np.linalg.norm({a}, axis=1)",
    "row_mean": "np.mean({a}, axis=1)",
    "row_std": "np.std({a}, axis=1)",
    "scalar_constant": "REAL({x})",
    "scalar_uniform": "REAL({x} + ({y} - {x}) * self.rng.random())",
    "scalar_gaussian": "REAL({x} + {y} * self.rng.standard_normal())",
    **{
        f"{kind}_uniform": f"({{x}} + ({{y}} - {{x}}) * self.rng.random({shape})).astype(REAL)"
        for kind, shape in (("vector", "N_FEATURES"), ("matrix", "(N_FEATURES, N_FEATURES)"))
    },
    **{
        f"{kind}_gaussian": f"({{x}} + {{y}} * self.rng.standard_normal({shape})).astype(REAL)"
        for kind, shape in (("vector", "N_FEATURES"), ("matrix", "(N_FEATURES, N_FEATURES)"))
    },
}

# These change a part of what is there.
_ELEMENTS: Final = {"vector_element": "{o}[{x}] = {y}", "matrix_element": "{o}[{x}, {y}] = {z}"}

_ZEROS: Final = {
    Type.SCALAR: "REAL(0)",
    Type.VECTOR: "np.zeros(N_FEATURES, REAL)",
    Type.MATRIX: "np.zeros((N_FEATURES, N_FEATURES), REAL)",
}

_TEXT: Final = '''\
"""A learner that was evolved, made by pyamlz {version}. It predicts, and goes on learning from each example.

The numbers are those of the interpreter but for the order in which NumPy adds{draws}.
"""

import numpy as np

N_FEATURES = {n_features}
{classes}REAL = np.{precision}


class {name}:
    """An online learner for {kind}."""

    def __init__(self{seed}):
{init}

    def predict(self, x):
        """{predicts} for one example, x of shape ({n_features},)."""
        with np.errstate(all="ignore"):
            {keep}self._predict(np.asarray(x, REAL))
            prediction = {prediction}
            {put_back}return prediction

    def learn(self, x, y):
        """Learns from one example, y being {label}; what was predicted before y was seen."""
        with np.errstate(all="ignore"):
            self._predict(np.asarray(x, REAL))
            {to_probability}prediction = {given}
            self._learn(np.asarray(x, REAL), {y})
            return prediction

{functions}'''

_SIGMOID: Final = '''

def sigmoid(x):
    """The logistic function, worked out in float64."""
    return REAL(1 / (1 + np.exp(-np.float64(x))))
'''

_SOFTMAX: Final = '''

def softmax(logits):
    """Probabilities, worked out in float64."""
    e = np.exp(np.float64(logits) - np.float64(logits).max())
    return (e / e.sum()).astype(REAL)
'''


def to_python(program: Program, dims: Dims, *, name: str = "Learner", precision: Precision = "float32") -> str:
    """The text of a Python module with a class that holds the program as a learner, in plain NumPy.

    >>> from pyamlz.program import baselines
    >>> program = baselines.linear_regressor()
    >>> for line in to_python(program, program.dims(4)).splitlines()[-4:]:
    ...     print(line.strip())
    self.s3 = s0 - self.s1
    self.s3 = self.s3 * self.s2
    self.v2 = self.s3 * v0
    self.v1 = self.v1 + self.v2

    It is for reading, and for use where pyamlz is not: `predict(x)` and `learn(x, y)` take one example. NumPy adds in
    an order of its own, and random ops draw from its generator, so bits differ from :class:`pyamlz.Learner`'s.

    Args:
        program: the program; only its live code is exported.
        dims: the memory, which says F and the kind of the labels.
        name: of the class.
        precision: "float32" or "float64".

    Raises:
        ProgramError: the program does not fit the memory.
        InputError: another argument is wrong.
    """
    code = live_code(program, dims)
    name, precision = checked_name(name), checked_precision("precision", precision)
    kind = {
        "regression": {
            "predicts": "The number predicted",
            "prediction": "self.s1",
            "label": "the number",
            "to_probability": "",
            "given": "self.s1",
            "y": "REAL(y)",
        },
        "binary": {
            "predicts": "The probability of class 1",
            "prediction": "sigmoid(self.s1)",
            "label": "0 or 1",
            "to_probability": "self.s1 = sigmoid(self.s1)\n            ",
            "given": "self.s1",
            "y": "REAL(y)",
        },
        "multiclass": {
            "predicts": "The probabilities of the classes",
            "prediction": "softmax(self.v2[:N_CLASSES])",
            "label": "a class from 0",
            "to_probability": "self.v2[:N_CLASSES] = softmax(self.v2[:N_CLASSES])\n            ",
            "given": "self.v2[:N_CLASSES].copy()",
            "y": "np.eye(1, N_FEATURES, y, dtype=REAL)[0]",
        },
    }[dims.kind]
    keep, put_back = _kept(code)
    text = _TEXT.format(
        version=ffi.string(lib.amlz_version()).decode("ascii"),
        draws=", and for what random instructions draw" if code.is_random else "",
        n_features=dims.n_features,
        classes=f"N_CLASSES = {dims.n_classes}\n" if dims.n_classes else "",
        precision=precision,
        name=name,
        kind=dims.kind if dims.kind == "regression" else f"{dims.kind} classification",
        seed=", seed=0" if code.is_random else "",
        init=textwrap.indent(_init(code), " " * 8),
        keep=keep,
        put_back=put_back,
        functions=textwrap.indent("\n".join(_function(code, f) for f in FUNCTIONS), " " * 4),
        **kind,
    )
    return text + {"regression": "", "binary": _SIGMOID, "multiclass": _SOFTMAX}[dims.kind]


def _kept(code: Code) -> tuple[str, str]:
    """What is done before and after Predict so that predicting changes nothing."""
    names = [str(x) for x in sorted(carried(code))]
    line = "\n" + " " * 12
    before = [f"kept_{name} = self.{name}.copy()" for name in names]
    after = [f"self.{name} = kept_{name}" for name in names]
    if any(line.op.is_random for line in code.lines["predict"]):
        before.append("draws = self.rng.bit_generator.state")
        after.append("self.rng.bit_generator.state = draws")
    return "".join(x + line for x in before), "".join(x + line for x in after)


def _init(code: Code) -> str:
    lines = ["self.rng = np.random.default_rng(seed)"] if code.is_random else []
    lines += [f"self.{x} = {_ZEROS[x.type]}" for x in code.kept]
    lines += ['with np.errstate(all="ignore"):', "    self._setup()"]
    return "\n".join(lines)


def _operand(x: Address, code: Code, function: FunctionName) -> str:
    if code.is_zero(x, function):
        return _ZEROS[x.type]
    return str(x) if code.is_example(x) else f"self.{x}"


def _statement(line: LiveInstruction, code: Code, function: FunctionName) -> str:
    a, b, *_ = [*(_operand(x, code, function) for x in line.inputs), "", ""]
    n_indexes = {"vector_element": 1, "matrix_element": 2}.get(line.op.name, 0)
    x, y, z, *_ = [*(int(v) if i < n_indexes else v for i, v in enumerate(line.constants)), "", "", ""]
    fields = {"o": f"self.{line.out}", "a": a, "b": b, "x": x, "y": y, "z": z}
    if line.op.name in _ELEMENTS:
        return _ELEMENTS[line.op.name].format(**fields)
    return f"self.{line.out} = " + OPS[line.op.name].format(**fields)


def _function(code: Code, function: FunctionName) -> str:
    parameters = {"setup": "self", "predict": "self, v0", "learn": f"self, v0, {code.dims.label}"}[function]
    lines = [_statement(line, code, function) for line in code.lines[function]] or ["pass"]
    return f"def _{function}({parameters}):\n" + textwrap.indent("\n".join(lines), "    ") + "\n"
