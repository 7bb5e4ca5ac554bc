"""The C text that exported headers are put together from.

Each text is a :class:`string.Template`. `learner_` and `LEARNER_` stand for the name that the user chose, and REAL for
float or double.
"""

from __future__ import annotations

from string import Template
from typing import Final

HEAD: Final = Template("""\
/* A learner that was evolved, made by pyamlz $version. It predicts and goes on learning, to the interpreter's bits.
 *
 * State: $state bytes.$zeros Examples: $features features, $kind$classes.
 *
 *     learner_state state;
 *     learner_init(&state);
 *     REAL features[LEARNER_FEATURES];
 *     $predict
 *     $learn
 *
 * learner_self_test(&state) is 0 if this compiler and machine compute what the interpreter did, else how many numbers
 * differ; it uses the state and leaves it as learner_init does. Compile without -ffast-math.
$draws *
 * The program:
 *
$program
 */
""")

BEGIN: Final = """\
#ifndef LEARNER_H
#define LEARNER_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__)
#  error "learner: compile without -ffast-math, which changes what is computed"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#  error "learner: numbers must be evaluated in their own type; on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif

/* A product and a sum must round twice, also where the machine could do both at once. */
#if defined(__clang__)
#  pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#  pragma GCC push_options
#  pragma GCC optimize("fp-contract=off")
#endif
"""

END: Final = """\
#if defined(__GNUC__) && !defined(__clang__)
#  pragma GCC pop_options
#endif

#endif
"""

SIZES: Final = Template("""\
#define LEARNER_FEATURES $features
""")

CLASSES: Final = Template("""\
#define LEARNER_CLASSES $classes
""")

STATE: Final = Template("""\
typedef struct learner_state {
$members
} learner_state;

typedef char learner_size_is_as_stated[sizeof(learner_state) == $bytes ? 1 : -1];
""")

SQRT: Final = """\
static inline double port_sqrt(double x) { return sqrt(x); }
"""

ZEROS: Final = "learner_zeros"  #: the array that addresses are read from which nobody writes

# ---------------------------------------------------------------- ops

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

# ---------------------------------------------------------------- functions that statements call

FLOAT: Final = {
    "sqrt": "sqrtf", "word": "uint32_t", "magnitude": "UINT32_C(0x7fffffff)", "per_block": "4",
    "unit": "rng_unit_f32(word[i % 4])",
    "u1": "(double)rng_unit_f32(word[i % 4])", "u2": "(double)rng_unit_f32(word[i % 4 + 1])",
}  # fmt: skip
DOUBLE: Final = {
    "sqrt": "sqrt", "word": "uint64_t", "magnitude": "UINT64_C(0x7fffffffffffffff)", "per_block": "2",
    "unit": "rng_unit_f64(word[i % 2 * 2], word[i % 2 * 2 + 1])",
    "u1": "rng_unit_f64(word[0], word[1])", "u2": "rng_unit_f64(word[2], word[3])",
}  # fmt: skip


def _loop(name: str, inputs: str, expression: str) -> Template:
    """A function that makes each element of `out` by an expression."""
    return Template(f"""\
static inline void learner_{name}(REAL *out, {inputs}, size_t n)
{{
    for (size_t i = 0; i < n; i++) {{
        out[i] = {expression};
    }}
}}
""")


_TWO: Final = "const REAL *a, const REAL *b"

# In an order in which each is behind those that it calls.
HELPERS: Final[dict[str, Template]] = {
    "magnitude": Template("""\
static inline REAL learner_magnitude(REAL x)
{
    $word bits;
    memcpy(&bits, &x, sizeof x);
    bits &= $magnitude;
    memcpy(&x, &bits, sizeof x);
    return x;
}
"""),
    "add": _loop("add", _TWO, "a[i] + b[i]"),
    "subtract": _loop("subtract", _TWO, "a[i] - b[i]"),
    "multiply": _loop("multiply", _TWO, "a[i] * b[i]"),
    "divide": _loop("divide", _TWO, "a[i] / b[i]"),
    "minimum": _loop("minimum", _TWO, "a[i] < b[i] ? a[i] : b[i]"),
    "maximum": _loop("maximum", _TWO, "a[i] > b[i] ? a[i] : b[i]"),
    "step": _loop("step", "const REAL *a", "a[i] > 0 ? (REAL)1 : (REAL)0"),
    "invert": _loop("invert", "const REAL *a", "1 / a[i]"),
    "absolute": _loop("absolute", "const REAL *a", "learner_magnitude(a[i])"),
    "scale": _loop("scale", "REAL a, const REAL *b", "a * b[i]"),
    "fill": _loop("fill", "REAL a", "a"),
    "total": Template("""\
/* Sums have one order: element i goes to partial sum i mod 8, and these are added as follows. */
static inline REAL learner_total(const REAL p[8])
{
    const REAL a = p[0] + p[4], b = p[2] + p[6], c = p[1] + p[5], d = p[3] + p[7];
    const REAL even = a + b, odd = c + d;
    return even + odd;
}
"""),
    "start": Template("""\
/* -0 is the number that changes nothing when added. */
static inline void learner_start(REAL p[8])
{
    for (size_t i = 0; i < 8; i++) {
        p[i] = (REAL)-0.0;
    }
}
"""),
    "dot": Template("""\
static inline REAL learner_dot(const REAL *a, const REAL *b, size_t n)
{
    REAL p[8];
    learner_start(p);
    for (size_t i = 0; i < n; i++) {
        p[i % 8] += a[i] * b[i];
    }
    return learner_total(p);
}
"""),
    "norm": Template("""\
static inline REAL learner_norm(const REAL *a, size_t n) { return $sqrt(learner_dot(a, a, n)); }
"""),
    "mean": Template("""\
static inline REAL learner_mean(const REAL *a, size_t n)
{
    REAL p[8];
    learner_start(p);
    for (size_t i = 0; i < n; i++) {
        p[i % 8] += a[i];
    }
    return learner_total(p) / (REAL)n;
}
"""),
    "std": Template("""\
static inline REAL learner_std(const REAL *a, size_t n)
{
    const REAL mean = learner_mean(a, n);
    REAL p[8];
    learner_start(p);
    for (size_t i = 0; i < n; i++) {
        const REAL deviation = a[i] - mean;
        p[i % 8] += deviation * deviation;
    }
    const REAL variance = learner_total(p) / (REAL)n;
    return $sqrt(variance);
}
"""),
    "outer": Template("""\
static inline void learner_outer(REAL *out, const REAL *a, const REAL *b)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        for (size_t c = 0; c < LEARNER_FEATURES; c++) {
            out[r * LEARNER_FEATURES + c] = a[r] * b[c];
        }
    }
}
"""),
    "matrix_vector": Template("""\
static inline void learner_matrix_vector(REAL *out, const REAL *matrix, const REAL *vector)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        out[r] = learner_dot(matrix + r * LEARNER_FEATURES, vector, LEARNER_FEATURES);
    }
}
"""),
    "matrix_multiply": Template("""\
static inline void learner_matrix_multiply(REAL *out, const REAL *a, const REAL *b)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        for (size_t c = 0; c < LEARNER_FEATURES; c++) {
            REAL p[8];
            learner_start(p);
            for (size_t k = 0; k < LEARNER_FEATURES; k++) {
                p[k % 8] += a[r * LEARNER_FEATURES + k] * b[k * LEARNER_FEATURES + c];
            }
            out[r * LEARNER_FEATURES + c] = learner_total(p);
        }
    }
}
"""),
    "transpose": Template("""\
static inline void learner_transpose(REAL *out, const REAL *matrix)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        for (size_t c = 0; c < LEARNER_FEATURES; c++) {
            out[c * LEARNER_FEATURES + r] = matrix[r * LEARNER_FEATURES + c];
        }
    }
}
"""),
    "column_broadcast": Template("""\
static inline void learner_column_broadcast(REAL *out, const REAL *vector)
{
    for (size_t i = 0; i < LEARNER_FEATURES * LEARNER_FEATURES; i++) {
        out[i] = vector[i / LEARNER_FEATURES];
    }
}
"""),
    "row_broadcast": Template("""\
static inline void learner_row_broadcast(REAL *out, const REAL *vector)
{
    for (size_t i = 0; i < LEARNER_FEATURES * LEARNER_FEATURES; i++) {
        out[i] = vector[i % LEARNER_FEATURES];
    }
}
"""),
    "column_norm": Template("""\
static inline void learner_column_norm(REAL *out, const REAL *matrix)
{
    for (size_t c = 0; c < LEARNER_FEATURES; c++) {
        REAL p[8];
        learner_start(p);
        for (size_t r = 0; r < LEARNER_FEATURES; r++) {
            const REAL x = matrix[r * LEARNER_FEATURES + c];
            p[r % 8] += x * x;
        }
        out[c] = $sqrt(learner_total(p));
    }
}
"""),
    "draw": Template("""\
/* Block number `block` of what the ordinal-th random instruction of a function draws in the function's present run. */
static inline void learner_draw(const learner_state *state, uint32_t function, uint32_t ordinal, size_t block,
                                uint32_t word[4])
{
    const uint64_t runs = state->runs[function];
    const uint32_t last = function << 30 | ordinal << 22 | (uint32_t)(runs >> 32 & 0x3fffff);
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)runs, state->task, last};
    rng_philox(counter, state->key, word);
}
"""),
    "uniform": Template("""\
static inline void learner_uniform(const learner_state *state, uint32_t function, uint32_t ordinal, REAL low,
                                   REAL high, REAL *out, size_t n)
{
    const REAL width = high - low;
    uint32_t word[4];
    for (size_t i = 0; i < n; i++) {
        if (i % $per_block == 0) {
            learner_draw(state, function, ordinal, i / $per_block, word);
        }
        const REAL u = $unit;
        const REAL above = width * u;
        out[i] = low + above;
    }
}
"""),
    "gaussian": Template("""\
static inline void learner_gaussian(const learner_state *state, uint32_t function, uint32_t ordinal, REAL mean,
                                    REAL stdev, REAL *out, size_t n)
{
    uint32_t word[4];
    for (size_t i = 0; i < n; i += 2) {
        double z[2];
        if (i % $per_block == 0) {
            learner_draw(state, function, ordinal, i / $per_block, word);
        }
        rng_gauss_pair($u1, $u2, &z[0], &z[1]);
        for (size_t k = 0; k < 2 && i + k < n; k++) {
            const REAL deviation = stdev * (REAL)z[k];
            out[i + k] = mean + deviation;
        }
    }
}
"""),
    "probability": Template("""\
static inline REAL learner_probability(REAL logit) { return (REAL)(1 / (1 + math_exp(-(double)logit))); }
"""),
    "softmax": Template("""\
static inline void learner_softmax(const REAL *logits, REAL *out)
{
    double largest = (double)logits[0], sum = 0;
    for (size_t c = 1; c < LEARNER_CLASSES; c++) {
        largest = (double)logits[c] > largest ? (double)logits[c] : largest;
    }
    for (size_t c = 0; c < LEARNER_CLASSES; c++) {
        sum += math_exp((double)logits[c] - largest);
    }
    for (size_t c = 0; c < LEARNER_CLASSES; c++) {
        out[c] = (REAL)(math_exp((double)logits[c] - largest) / sum);
    }
}
"""),
    "test_word": Template("""\
/* The self-test's numbers: a linear congruential generator. */
static inline uint32_t learner_test_word(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random;
}
"""),
    "test_number": Template("""\
/* In [-1, 1), exact in every precision. */
static inline REAL learner_test_number(uint32_t *random)
{
    return (REAL)(learner_test_word(random) >> 16) / 32768 - 1;
}
"""),
    "test_differs": Template("""\
static inline int learner_test_differs(REAL x, $word expected)
{
    $word bits;
    memcpy(&bits, &x, sizeof x);
    return bits != expected && !(x != x && (expected & $magnitude) > $infinity); /* all NaN are one */
}
"""),
}
FLOAT["infinity"] = "UINT32_C(0x7f800000)"
DOUBLE["infinity"] = "UINT64_C(0x7ff0000000000000)"

# ---------------------------------------------------------------- what the user calls

INIT: Final = Template("""\
/* Forgets everything. Call it before all others. */
static inline void learner_init(learner_state *state)
{
    memset(state, 0, sizeof *state);
${seeds}    learner_run_setup(state);
}
""")

SEEDS: Final = Template("""\
    state->key[0] = ${low}u;
    state->key[1] = ${high}u;
    state->task = ${task}u;
""")

_CALLS_REGRESSION: Final = """\
/* The number predicted for LEARNER_FEATURES features. */
static inline REAL learner_predict(learner_state *state, const REAL *features)
{
    learner_run_predict(state, features);
    return state->s1;
}

/* Learns from one example; what was predicted before its label was seen. */
static inline REAL learner_learn(learner_state *state, const REAL *features, REAL label)
{
    learner_run_predict(state, features);
    const REAL prediction = state->s1;
    learner_run_learn(state, features, label);
    return prediction;
}
"""

_CALLS_BINARY: Final = """\
/* The probability of class 1, given LEARNER_FEATURES features. */
static inline REAL learner_predict(learner_state *state, const REAL *features)
{
    learner_run_predict(state, features);
    return learner_probability(state->s1);
}

/* Learns from one example, whose label is 0 or 1; the probability predicted before the label was seen. */
static inline REAL learner_learn(learner_state *state, const REAL *features, REAL label)
{
    learner_run_predict(state, features);
    state->s1 = learner_probability(state->s1);
    const REAL prediction = state->s1;
    learner_run_learn(state, features, label);
    return prediction;
}
"""

_CALLS_CLASSES: Final = """\
/* The probabilities of LEARNER_CLASSES classes, given LEARNER_FEATURES features. */
static inline void learner_predict(learner_state *state, const REAL *features, REAL *probabilities)
{
    learner_run_predict(state, features);
    learner_softmax(state->v2, probabilities);
}

/* Learns from one example, whose label is a class from 0. probabilities, which may be NULL: those predicted before. */
static inline void learner_learn(learner_state *state, const REAL *features, uint32_t label, REAL *probabilities)
{
    REAL one_hot[LEARNER_FEATURES] = {0};
    one_hot[label] = 1;
    learner_run_predict(state, features);
    learner_softmax(state->v2, state->v2);
    if (probabilities != NULL) {
        memcpy(probabilities, state->v2, LEARNER_CLASSES * sizeof(REAL));
    }
    learner_run_learn(state, features, one_hot);
}
"""

CALLS: Final = {"regression": _CALLS_REGRESSION, "binary": _CALLS_BINARY, "multiclass": _CALLS_CLASSES}

USE: Final = {
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
}  #: in the header's comment

TEST_LABEL: Final = {
    "regression": "learner_test_number(&random)",
    "binary": "(REAL)(learner_test_word(&random) >> 31)",
    "multiclass": "(learner_test_word(&random) >> 8) % LEARNER_CLASSES",
}

SELF_TEST: Final = Template("""\
static inline int learner_self_test(learner_state *state)
{
    static const $word expected[$all] = {
$bits};
    uint32_t random = 1;
    int differences = 0;
    learner_init(state);
    for (int example = 0; example < $all; example++) {
        REAL features[LEARNER_FEATURES];
        for (size_t i = 0; i < LEARNER_FEATURES; i++) {
            features[i] = learner_test_number(&random);
        }
        const REAL label = $label;
        const REAL prediction =
            example < $learned ? learner_learn(state, features, label) : learner_predict(state, features);
        differences += learner_test_differs(prediction, expected[example]);
    }
    learner_init(state);
    return differences;
}
""")

SELF_TEST_CLASSES: Final = Template("""\
static inline int learner_self_test(learner_state *state)
{
    static const $word expected[$all * LEARNER_CLASSES] = {
$bits};
    uint32_t random = 1;
    int differences = 0;
    learner_init(state);
    for (int example = 0; example < $all; example++) {
        REAL features[LEARNER_FEATURES], probabilities[LEARNER_CLASSES];
        for (size_t i = 0; i < LEARNER_FEATURES; i++) {
            features[i] = learner_test_number(&random);
        }
        const uint32_t label = $label;
        if (example < $learned) {
            learner_learn(state, features, label, probabilities);
        } else {
            learner_predict(state, features, probabilities);
        }
        for (int c = 0; c < LEARNER_CLASSES; c++) {
            differences += learner_test_differs(probabilities[c], expected[example * LEARNER_CLASSES + c]);
        }
    }
    learner_init(state);
    return differences;
}
""")
