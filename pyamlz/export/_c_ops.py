"""What C text an op becomes, and what differs between the precisions.

Each text is a :class:`string.Template`. As in `templates/`, `learner_` stands for the name that the user chose, and
REAL for float or double.
"""

from __future__ import annotations

from string import Template
from typing import Final

__all__ = ["DOUBLE", "FLOAT", "OPS", "ZEROS"]

ZEROS: Final = "learner_zeros"  #: the array that addresses are read from which nobody writes

# A statement an op: o out, a and b inputs, x y z constants, n elements, f function, k ordinal among the random ones.
_SCALAR_FUNCTIONS: Final = {
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "exp": "exp",
    "log": "log",
}  # fmt: skip
_BINARY: Final = {"sum": "add", "difference": "subtract", "product": "multiply", "division": "divide"}

OPS: Final[dict[str, Template]] = {
    name: Template(text)
    for name, text in {
        "no_op": ";",
        "scalar_sum": "$o = $a + $b;",
        "scalar_difference": "$o = $a - $b;",
        "scalar_product": "$o = $a * $b;",
        "scalar_division": "$o = $a / $b;",
        "scalar_abs": "$o = learner_magnitude($a);",
        "scalar_reciprocal": "$o = 1 / $a;",
        **{
            f"scalar_{name}": f"$o = (REAL)math_{function}((double)$a);" for name, function in _SCALAR_FUNCTIONS.items()
        },
        "scalar_heaviside": "$o = $a >= 0 ? (REAL)1 : (REAL)0;",
        "scalar_minimum": "$o = $b < $a ? $b : $a;",
        "scalar_maximum": "$o = $a < $b ? $b : $a;",
        **{
            f"{kind}_{name}": f"learner_{function}($o, $a, $b, $n);"
            for kind in ("vector", "matrix")
            for name, function in _BINARY.items()
        },
        **{
            f"{kind}_{name}": f"learner_{function}($o, $a, $n);"
            for kind in ("vector", "matrix")
            for name, function in {"heaviside": "step", "reciprocal": "invert", "abs": "absolute"}.items()
        },
        **{
            f"{kind}_{name}": f"learner_{name}($o, $a, $b, $n);"
            for kind in ("vector", "matrix")
            for name in ("minimum", "maximum")
        },
        **{f"scalar_{kind}_product": "learner_scale($o, $a, $b, $n);" for kind in ("vector", "matrix")},
        **{
            f"{kind}_{name}": f"$o = learner_{name}($a, $n);"
            for kind in ("vector", "matrix")
            for name in ("norm", "mean", "std")
        },
        **{
            f"row_{name}": f"for (size_t r = 0; r < LEARNER_FEATURES; r++) {{\n        "
            f"$o[r] = learner_{name}($a + r * LEARNER_FEATURES, LEARNER_FEATURES);\n    }}"
            for name in ("norm", "mean", "std")
        },
        "vector_fill": "learner_fill($o, $a, $n);",
        "dot_product": "$o = learner_dot($a, $b, $n);",
        "outer_product": "learner_outer($o, $a, $b);",
        "matrix_vector_product": "learner_matrix_vector($o, $a, $b);",
        "matrix_multiply": "learner_matrix_multiply($o, $a, $b);",
        "matrix_transpose": "learner_transpose($o, $a);",
        "column_broadcast": "learner_column_broadcast($o, $a);",
        "row_broadcast": "learner_row_broadcast($o, $a);",
        "column_norm": "learner_column_norm($o, $a);",
        "scalar_constant": "$o = $x;",
        "vector_element": "$o[$x] = $y;",
        "matrix_element": "$o[$x * LEARNER_FEATURES + $y] = $z;",
        "scalar_uniform": "learner_uniform(state, $f, $k, $x, $y, &$o, 1);",
        "vector_uniform": "learner_uniform(state, $f, $k, $x, $y, $o, $n);",
        "matrix_uniform": "learner_uniform(state, $f, $k, $x, $y, $o, $n);",
        "scalar_gaussian": "learner_gaussian(state, $f, $k, $x, $y, &$o, 1);",
        "vector_gaussian": "learner_gaussian(state, $f, $k, $x, $y, $o, $n);",
        "matrix_gaussian": "learner_gaussian(state, $f, $k, $x, $y, $o, $n);",
    }.items()
}

# What templates/ take from the precision.
FLOAT: Final = {
    "sqrt": "sqrtf", "word": "uint32_t", "magnitude": "UINT32_C(0x7fffffff)", "per_block": "4",
    "unit": "rng_unit_f32(word[i % 4])",
    "u1": "(double)rng_unit_f32(word[i % 4])", "u2": "(double)rng_unit_f32(word[i % 4 + 1])",
    "infinity": "UINT32_C(0x7f800000)",
}  # fmt: skip
DOUBLE: Final = {
    "sqrt": "sqrt", "word": "uint64_t", "magnitude": "UINT64_C(0x7fffffffffffffff)", "per_block": "2",
    "unit": "rng_unit_f64(word[i % 2 * 2], word[i % 2 * 2 + 1])",
    "u1": "rng_unit_f64(word[0], word[1])", "u2": "rng_unit_f64(word[2], word[3])",
    "infinity": "UINT64_C(0x7ff0000000000000)",
}  # fmt: skip
