/* All op kernels, once. Include it with
 *   REAL, REAL_BYTES  float and 4, or double and 8
 *   LANES             1, 4, 8 or 16 tasks side by side
 *   VECTOR_BYTES      width of the machine's vectors: 16, 32 or 64
 *   TARGET            attribute for the instruction set, or empty
 *   FN(name)          the name with a suffix of its own
 * Every combination is legal and gives the same bits. REAL, REAL_BYTES, LANES and what is defined here end with it.
 *
 * Every operand is a run of n * LANES numbers, so an elementwise kernel is one loop over vectors of VL numbers, be it
 * that a vector holds lanes or, with LANES == 1, neighbouring elements; then the n % VL that are left go one by one.
 *
 * Sums have one order, whatever LANES and VL: element i goes to partial sum i mod 8, in rising i; the partial sums are
 * then added as ((p0+p4)+(p2+p6))+((p1+p5)+(p3+p7)). Those that got no element are left out, which is the same as letting
 * all start from -0.0, the number that changes nothing when added.
 *
 * Each operation is the result of a function of its own, so that it rounds to REAL even where the compiler may evaluate
 * wider. */

#if !PORT_HAS_VECTORS
#  define VL 1
#elif LANES == 1
#  define VL (VECTOR_BYTES / REAL_BYTES < 8 ? VECTOR_BYTES / REAL_BYTES : 8)
#else
#  define VL (VECTOR_BYTES / REAL_BYTES < LANES ? VECTOR_BYTES / REAL_BYTES : LANES)
#endif

#if REAL_BYTES == 4
#  define INTEGER int32_t
#  define UNSIGNED uint32_t
#  define SQRT port_sqrtf
#else
#  define INTEGER int64_t
#  define UNSIGNED uint64_t
#  define SQRT port_sqrt
#endif
#define MAGNITUDE ((UNSIGNED)-1 >> 1) /* all bits but the sign */

/* ---- one number: names end in _1; VL numbers: names end in _v. SELECT takes a comparison's result. */

static inline TARGET REAL FN(add_1)(REAL x, REAL y) { REAL r = x + y; return r; }
static inline TARGET REAL FN(sub_1)(REAL x, REAL y) { REAL r = x - y; return r; }
static inline TARGET REAL FN(mul_1)(REAL x, REAL y) { REAL r = x * y; return r; }
static inline TARGET REAL FN(div_1)(REAL x, REAL y) { REAL r = x / y; return r; }
static inline TARGET REAL FN(abs_1)(REAL x)
{
    UNSIGNED bits;
    memcpy(&bits, &x, sizeof x);
    bits &= MAGNITUDE;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static inline TARGET REAL FN(spread_1)(REAL x) { return x; }
#define SELECT_1(condition, x, y) ((condition) ? (x) : (y))

#if PORT_HAS_VECTORS
typedef REAL FN(vector) PORT_VECTOR(REAL, VL);
typedef INTEGER FN(mask) PORT_VECTOR(INTEGER, VL);
#  define VECTOR FN(vector)
#  define MASK FN(mask)
static inline TARGET VECTOR FN(add_v)(VECTOR x, VECTOR y) { return x + y; }
static inline TARGET VECTOR FN(sub_v)(VECTOR x, VECTOR y) { return x - y; }
static inline TARGET VECTOR FN(mul_v)(VECTOR x, VECTOR y) { return x * y; }
static inline TARGET VECTOR FN(div_v)(VECTOR x, VECTOR y) { return x / y; }
static inline TARGET VECTOR FN(abs_v)(VECTOR x) { return (VECTOR)((MASK)x & (INTEGER)MAGNITUDE); }
static inline TARGET VECTOR FN(spread_v)(REAL x) { return x - (VECTOR){0}; } /* x - 0 is x, even for -0 */
#  define SELECT_V(condition, x, y) ((VECTOR)(((condition) & (MASK)(x)) | (~(condition) & (MASK)(y))))
#else
#  define VECTOR REAL
#  define MASK int
#  define add_v add_1
#  define sub_v sub_1
#  define mul_v mul_1
#  define div_v div_1
#  define abs_v abs_1
#  define spread_v spread_1
#  define SELECT_V SELECT_1
#endif

#define LOAD(address) (*(const VECTOR *)(address))
#define STORE(address, value) (*(VECTOR *)(address) = (value))

/* VL numbers of a lane-wise operand for the elements at `offset`: each lane's own number, or the one there is. */
#if LANES == 1
#  define LOAD_LANES(address, offset) FN(spread_v)(*(address))
#else
#  define LOAD_LANES(address, offset) LOAD((address) + (offset) % LANES)
#endif

#define COUNT_SCALAR(call) ((size_t)LANES)
#define COUNT_VECTOR(call) ((call)->n_features * LANES)
#define COUNT_MATRIX(call) ((call)->n_features * (call)->n_features * LANES)

/* ---- elementwise ops. An expression is a macro over the suffix of its functions, _v or _1. */

/* LOAD_A says what `a` is for the elements from i on: as many numbers as the output, or one scalar for all. */
#define ONE_LOOP(op, COUNT, LOAD_A, ONE_A, EXPRESSION)                      \
    static TARGET void FN(op)(const kernel_call *call, kernel_state *state) \
    {                                                                       \
        REAL *out = call->out;                                              \
        const REAL *in1 = call->in1, *in2 = call->in2;                      \
        const size_t n = COUNT(call);                                       \
        size_t i = 0;                                                       \
        PORT_UNROLL(4)                                                      \
        for (; i + VL <= n; i += VL) {                                      \
            const VECTOR a = LOAD_A, b = LOAD(in2 + i);                     \
            STORE(out + i, EXPRESSION(_v, SELECT_V));                       \
            (void)b;                                                        \
        }                                                                   \
        if (LANES == 1) {                                                   \
            for (; i < n; i++) {                                            \
                const REAL a = ONE_A, b = in2[i];                           \
                out[i] = EXPRESSION(_1, SELECT_1);                          \
                (void)b;                                                    \
            }                                                               \
        }                                                                   \
        (void)state;                                                        \
    }
#define ELEMENTWISE(op, COUNT, EXPRESSION) ONE_LOOP(op, COUNT, LOAD(in1 + i), in1[i], EXPRESSION)
#define SCALED(op, COUNT, EXPRESSION) ONE_LOOP(op, COUNT, LOAD_LANES(in1, i), in1[0], EXPRESSION)

#define PASTE(name, suffix) PASTE_(name, suffix)
#define PASTE_(name, suffix) name##suffix
#define CALL(name, suffix) FN(PASTE(name, suffix))

#define ADD(suffix, SELECT) CALL(add, suffix)(a, b)
#define SUBTRACT(suffix, SELECT) CALL(sub, suffix)(a, b)
#define MULTIPLY(suffix, SELECT) CALL(mul, suffix)(a, b)
#define DIVIDE(suffix, SELECT) CALL(div, suffix)(a, b)
#define ABSOLUTE(suffix, SELECT) CALL(abs, suffix)(a)
#define RECIPROCAL(suffix, SELECT) CALL(div, suffix)(CALL(spread, suffix)(1), a)
#define STEP_FROM_0(suffix, SELECT) SELECT(a >= CALL(spread, suffix)(0), CALL(spread, suffix)(1), CALL(spread, suffix)(0))
#define STEP_ABOVE_0(suffix, SELECT) SELECT(a > CALL(spread, suffix)(0), CALL(spread, suffix)(1), CALL(spread, suffix)(0))
#define MINIMUM_OF_SCALARS(suffix, SELECT) SELECT(b < a, b, a)
#define MAXIMUM_OF_SCALARS(suffix, SELECT) SELECT(a < b, b, a)
#define MINIMUM(suffix, SELECT) SELECT(a < b, a, b)
#define MAXIMUM(suffix, SELECT) SELECT(a > b, a, b)

ELEMENTWISE(scalar_sum, COUNT_SCALAR, ADD)
ELEMENTWISE(scalar_difference, COUNT_SCALAR, SUBTRACT)
ELEMENTWISE(scalar_product, COUNT_SCALAR, MULTIPLY)
ELEMENTWISE(scalar_division, COUNT_SCALAR, DIVIDE)
ELEMENTWISE(scalar_abs, COUNT_SCALAR, ABSOLUTE)
ELEMENTWISE(scalar_reciprocal, COUNT_SCALAR, RECIPROCAL)
ELEMENTWISE(scalar_heaviside, COUNT_SCALAR, STEP_FROM_0)
ELEMENTWISE(scalar_minimum, COUNT_SCALAR, MINIMUM_OF_SCALARS)
ELEMENTWISE(scalar_maximum, COUNT_SCALAR, MAXIMUM_OF_SCALARS)

ELEMENTWISE(vector_heaviside, COUNT_VECTOR, STEP_ABOVE_0)
ELEMENTWISE(vector_reciprocal, COUNT_VECTOR, RECIPROCAL)
ELEMENTWISE(vector_abs, COUNT_VECTOR, ABSOLUTE)
ELEMENTWISE(vector_sum, COUNT_VECTOR, ADD)
ELEMENTWISE(vector_difference, COUNT_VECTOR, SUBTRACT)
ELEMENTWISE(vector_product, COUNT_VECTOR, MULTIPLY)
ELEMENTWISE(vector_division, COUNT_VECTOR, DIVIDE)
ELEMENTWISE(vector_minimum, COUNT_VECTOR, MINIMUM)
ELEMENTWISE(vector_maximum, COUNT_VECTOR, MAXIMUM)
SCALED(scalar_vector_product, COUNT_VECTOR, MULTIPLY)

ELEMENTWISE(matrix_heaviside, COUNT_MATRIX, STEP_ABOVE_0)
ELEMENTWISE(matrix_reciprocal, COUNT_MATRIX, RECIPROCAL)
ELEMENTWISE(matrix_abs, COUNT_MATRIX, ABSOLUTE)
ELEMENTWISE(matrix_sum, COUNT_MATRIX, ADD)
ELEMENTWISE(matrix_difference, COUNT_MATRIX, SUBTRACT)
ELEMENTWISE(matrix_product, COUNT_MATRIX, MULTIPLY)
ELEMENTWISE(matrix_division, COUNT_MATRIX, DIVIDE)
ELEMENTWISE(matrix_minimum, COUNT_MATRIX, MINIMUM)
ELEMENTWISE(matrix_maximum, COUNT_MATRIX, MAXIMUM)
SCALED(scalar_matrix_product, COUNT_MATRIX, MULTIPLY)

/* ---- functions of a scalar: evaluated in double, rounded once */

#define SCALAR_FUNCTION(op, function)                                  \
    static TARGET void FN(op)(const kernel_call *call, kernel_state *state) \
    {                                                                  \
        REAL *out = call->out;                                         \
        const REAL *in1 = call->in1;                                   \
        for (int l = 0; l < LANES; l++) {                              \
            out[l] = (REAL)function((double)in1[l]);                   \
        }                                                              \
        (void)state;                                                   \
    }

SCALAR_FUNCTION(scalar_sin, math_sin)
SCALAR_FUNCTION(scalar_cos, math_cos)
SCALAR_FUNCTION(scalar_tan, math_tan)
SCALAR_FUNCTION(scalar_arcsin, math_asin)
SCALAR_FUNCTION(scalar_arccos, math_acos)
SCALAR_FUNCTION(scalar_arctan, math_atan)
SCALAR_FUNCTION(scalar_exp, math_exp)
SCALAR_FUNCTION(scalar_log, math_log)

#include "kernels/sum_template.h"

/* ---- shapes */

static TARGET void FN(no_op)(const kernel_call *call, kernel_state *state)
{
    (void)call, (void)state;
}

static TARGET void FN(outer_product)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features, row = n * LANES;
    const REAL *in1 = call->in1, *in2 = call->in2;
    REAL *out = call->out;
    for (size_t r = 0; r < n; r++, out += row, in1 += LANES) {
        size_t q = 0;
        PORT_UNROLL(4)
        for (; q + VL <= row; q += VL) {
            STORE(out + q, FN(mul_v)(LOAD_LANES(in1, q), LOAD(in2 + q)));
        }
        if (LANES == 1) {
            for (; q < row; q++) {
                out[q] = FN(mul_1)(*in1, in2[q]);
            }
        }
    }
    (void)state;
}

static TARGET void FN(vector_fill)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features * LANES;
    const REAL *in = call->in1;
    REAL *out = call->out;
    for (size_t i = 0; i < n; i += LANES) {
        memcpy(out + i, in, LANES * sizeof(REAL));
    }
    (void)state;
}

static TARGET void FN(column_broadcast)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features;
    const REAL *in = call->in1;
    REAL *out = call->out;
    for (size_t r = 0; r < n; r++, in += LANES) {
        for (size_t c = 0; c < n; c++, out += LANES) {
            memcpy(out, in, LANES * sizeof(REAL));
        }
    }
    (void)state;
}

static TARGET void FN(row_broadcast)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features, row = n * LANES;
    REAL *out = call->out;
    for (size_t r = 0; r < n; r++) {
        memcpy(out + r * row, call->in1, row * sizeof(REAL));
    }
    (void)state;
}

static TARGET void FN(matrix_transpose)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features, row = n * LANES;
    const REAL *in = call->in1;
    REAL *out = FN(apart)(call, state);
    for (size_t r = 0; r < n; r++) {
        for (size_t c = 0; c < n; c++) {
            memcpy(out + c * row + r * LANES, in + r * row + c * LANES, LANES * sizeof(REAL));
        }
    }
    FN(deliver)(call, out, n * row);
}

/* ---- constants */

static inline TARGET void FN(fill)(REAL *out, REAL value)
{
    for (int l = 0; l < LANES; l++) {
        out[l] = value;
    }
}
static TARGET void FN(scalar_constant)(const kernel_call *call, kernel_state *state)
{
    FN(fill)(call->out, (REAL)call->constant[0]);
    (void)state;
}
static TARGET void FN(vector_element)(const kernel_call *call, kernel_state *state)
{
    FN(fill)((REAL *)call->out + (size_t)call->constant[0] * LANES, (REAL)call->constant[1]);
    (void)state;
}
static TARGET void FN(matrix_element)(const kernel_call *call, kernel_state *state)
{
    const size_t element = (size_t)call->constant[0] * call->n_features + (size_t)call->constant[1];
    FN(fill)((REAL *)call->out + element * LANES, (REAL)call->constant[2]);
    (void)state;
}

#include "kernels/fused_template.h"
#include "kernels/random_template.h"
#include "kernels/loop_template.h"

static const kernel_set FN(kernels) = {
    LANES,
    {
#define OP(id, symbol, out, in1, in2, commutes, c1, c2, c3, text, base, work, power, formula) [id] = OPS_HAS(id) ? FN(symbol) : NULL,
#include "program/ops.def"
    },
    {
#define FORM(name, second, first) [KERNEL_FORM_##name] = OPS_HAS(OP_##second) && OPS_HAS(OP_##first) ? FN(name) : NULL,
        KERNEL_FORMS(FORM)
#undef FORM
    },
    FN(predict), FN(to_probabilities), FN(learn), FN(run_function),
};

static const kernel_loops FN(loops) = {FN(train), FN(validate)};

#undef REAL
#undef REAL_BYTES
#undef LANES
#undef FN
#undef VL
#undef INTEGER
#undef UNSIGNED
#undef SQRT
#undef MAGNITUDE
#undef VECTOR
#undef MASK
#undef SELECT_V
#undef LOAD_LANES
#undef DEFINE_SUM
#undef ROWS
