"""LaTeX: a program as formulas."""

from __future__ import annotations

import re
from typing import Final

from pyamlz.program import FUNCTIONS, Address, Code, Dims, LiveInstruction, Program, Type, live_code

__all__ = ["to_latex"]

# A formula an op: a and b inputs, x y z constants.
OPS: Final[dict[str, str]] = {
    **{f"{kind}_sum": "{a} + {b}" for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_difference": "{a} - {b}" for kind in ("scalar", "vector", "matrix")},
    "scalar_product": r"{a} \, {b}",
    "scalar_vector_product": r"{a} \, {b}",
    "scalar_matrix_product": r"{a} \, {b}",
    **{f"{kind}_product": r"{a} \odot {b}" for kind in ("vector", "matrix")},
    "scalar_division": r"{a} / {b}",
    **{f"{kind}_division": r"{a} \oslash {b}" for kind in ("vector", "matrix")},
    **{f"{kind}_abs": r"\lvert {a} \rvert" for kind in ("scalar", "vector", "matrix")},
    "scalar_reciprocal": r"1 / {a}",
    **{f"{kind}_reciprocal": r"1 \oslash {a}" for kind in ("vector", "matrix")},
    **{f"scalar_{name}": rf"\{name}({{a}})" for name in ("sin", "cos", "tan", "exp", "log")},
    **{f"scalar_arc{name}": rf"\arc{name}({{a}})" for name in ("sin", "cos", "tan")},
    "scalar_heaviside": r"[{a} \ge 0]",
    **{f"{kind}_heaviside": r"[{a} > 0]" for kind in ("vector", "matrix")},
    **{f"{kind}_minimum": r"\min({a}, {b})" for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_maximum": r"\max({a}, {b})" for kind in ("scalar", "vector", "matrix")},
    "vector_fill": r"{a} \, \mathbf{{1}}",
    "vector_norm": r"\lVert {a} \rVert",
    "matrix_norm": r"\lVert {a} \rVert_F",
    **{f"{kind}_mean": r"\operatorname{{mean}}({a})" for kind in ("vector", "matrix")},
    **{f"{kind}_std": r"\operatorname{{std}}({a})" for kind in ("vector", "matrix")},
    "dot_product": r"{a}^\top {b}",
    "outer_product": r"{a} \, {b}^\top",
    "matrix_vector_product": r"{a} \, {b}",
    "matrix_multiply": r"{a} \, {b}",
    "matrix_transpose": r"{a}^\top",
    "column_broadcast": r"{a} \, \mathbf{{1}}^\top",
    "row_broadcast": r"\mathbf{{1}} \, {a}^\top",
    **{
        f"{where}_{name}": rf"\operatorname{{{{{name}}}}}_{{{{\text{{{{{where}s}}}}}}}}({{a}})"
        for where, name in (("column", "norm"), ("row", "norm"), ("row", "mean"), ("row", "std"))
    },
    "scalar_constant": "{x}",
    "vector_element": "{y}",
    "matrix_element": "{z}",
    **{f"{kind}_uniform": r"\mathcal{{U}}({x}, {y})" for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_gaussian": r"\mathcal{{N}}(\mu={x}, \sigma={y})" for kind in ("scalar", "vector", "matrix")},
}


def to_latex(program: Program, dims: Dims) -> str:
    """The live code as an ``align*`` environment of LaTeX, for which amsmath is needed.

    >>> from pyamlz.program import baselines
    >>> program = baselines.linear_regressor()
    >>> print(to_latex(program, program.dims(4)).splitlines()[4])
    \\hat{y} &\\leftarrow \\mathbf{x}^\\top \\mathbf{v}_{1} \\\\

    Vectors are bold and small, matrices bold and large; x are the features, y the label and \\hat{y} the prediction.
    Assignments follow each other in time.

    Args:
        program: the program.
        dims: its memory.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    code = live_code(program, dims)
    lines = []
    for function in FUNCTIONS:
        lines.append(rf"&\textbf{{{function.capitalize()}}} \\")
        lines += [rf"{_target(line, code)} &\leftarrow {_formula(line, code)} \\" for line in code.lines[function]]
    return "\\begin{align*}\n" + "\n".join(lines).removesuffix(r" \\") + "\n\\end{align*}\n"


def _symbol(x: Address, code: Code) -> str:
    if code.is_zero(x):
        return "0" if x.type is Type.SCALAR else r"\mathbf{0}"
    names = {code.dims.features: "x", code.dims.label: "y", code.dims.prediction: "y"}
    name = names.get(x, {Type.SCALAR: "s", Type.VECTOR: "v", Type.MATRIX: "M"}[x.type])
    symbol = name if x.type is Type.SCALAR else rf"\mathbf{{{name}}}"
    if x == code.dims.prediction:
        return rf"\hat{{{symbol}}}"
    return symbol if x in names else f"{symbol}_{{{x.number}}}"


def _target(line: LiveInstruction, code: Code) -> str:
    symbol = _symbol(line.out, code)
    n_indexes = {"vector_element": 1, "matrix_element": 2}.get(line.op.name, 0)
    indexes = ", ".join(str(int(value) + 1) for value in line.constants[:n_indexes])
    return f"({symbol})_{{{indexes}}}" if indexes else symbol


def _formula(line: LiveInstruction, code: Code) -> str:
    a, b, *_ = [*(_symbol(x, code) for x in line.inputs), "", ""]
    x, y, z, *_ = [*(_number(value) for value in line.constants), "", "", ""]
    return OPS[line.op.name].format(a=a, b=b, x=x, y=y, z=z)


def _number(value: float) -> str:
    """As short as it can be said exactly; 1e-05 as a power of ten."""
    text = repr(value).removesuffix(".0")
    return re.sub(r"e([+-]?)0*(\d+)", lambda m: rf" \cdot 10^{{{m[1].replace('+', '')}{m[2]}}}", text)
