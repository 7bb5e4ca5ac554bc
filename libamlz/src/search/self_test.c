/* Whether this build, on this machine, computes the bits that all builds compute: everything that does arithmetic, on
 * numbers of all kinds, made one number. */
#include <string.h>

#include "base/fail.h"
#include "base/portability.h"
#include "base/rng.h"
#include "kernels/kernels.h"

/* Recorded once; they are those of every build. */
#define DIGEST_F32 UINT64_C(0xd104647f27d471d0)
#define DIGEST_F64 UINT64_C(0x44e1e7ee6e14078b)
#define DIGEST_DRAWS UINT64_C(0xa41fcb48d0221b5c)

/* ---------------------------------------------------------------- kernels */

/* Room for a matrix in as many lanes as there are; the features are chosen so that it suffices. */
#define ROOM 256

typedef union operand {
    float f32[ROOM];
    double f64[ROOM];
} operand;

typedef struct bench {
    const kernel_set *kernels;
    const kernel_loops *loops;
    amlz_precision precision;
    size_t lanes, n_features;
    uint64_t hash;
    operand out, in1, in2, scratch;
} bench;

/* So many that their square fits; with one lane more than the longest vector, of 8, holds. */
static size_t features_for(size_t lanes) { return lanes == 1 ? 13 : lanes == 4 ? 8 : lanes == 8 ? 5 : 4; }

/* A number of either sign and ordinary size; now and then none, one that is infinite, or one so small that it is only
 * there where nothing flushes it to zero. */
static double draw_number(uint64_t *state, amlz_precision precision)
{
    const uint64_t bits = rng_mix(*state += 1), sign = bits >> 63 << 63;
    switch (bits % 61) {
    case 0: return math_nan();
    case 1: return math_from_bits(sign | math_bits(math_infinity()));
    case 2: return math_from_bits(sign);
    case 3:
    case 4: /* subnormal in its precision */
        return precision == AMLZ_FLOAT64 ? math_from_bits(sign | bits >> 14)
                                         : math_from_bits(sign | UINT64_C(0x37c0000000000000) | (bits >> 8 & MATH_FRACTION));
    default: /* exponents from -4 to 3 */
        return math_from_bits(sign | (1019 + (bits >> 8 & 7)) << 52 | (bits >> 11 & MATH_FRACTION));
    }
}

static void fill_operand(operand *x, size_t count, uint64_t seed, amlz_precision precision)
{
    uint64_t state = rng_mix(seed);
    for (size_t i = 0; i < count; i++) {
        const double number = draw_number(&state, precision);
        if (precision == AMLZ_FLOAT64) {
            x->f64[i] = number;
        } else {
            x->f32[i] = (float)number;
        }
    }
}

static void digest_in(bench *b, const operand *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double number = b->precision == AMLZ_FLOAT64 ? x->f64[i] : (double)x->f32[i];
        b->hash = rng_mix(b->hash ^ math_shown_bits(number));
    }
}

static size_t count_of(const bench *b, int type)
{
    return b->lanes * (type == AMLZ_MATRIX ? b->n_features * b->n_features : type == AMLZ_VECTOR ? b->n_features : 1);
}

static PORT_NOINLINE void run_kernel(bench *b, kernel_function *run, const amlz_op_info *info, uint64_t seed)
{
    kernel_state state = {{1, 2}, 3, {4, 5, 6}, NULL};
    double constant[AMLZ_CONSTANT_COUNT];
    kernel_call call = {run, NULL, NULL, NULL, NULL, 0, constant, AMLZ_PREDICT, 1};
    const size_t all = count_of(b, AMLZ_MATRIX);
    state.scratch = &b->scratch;
    call.out = &b->out;
    call.in1 = &b->in1;
    call.in2 = &b->in2;
    call.in3 = &b->in1;
    call.n_features = b->n_features;
    for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
        constant[c] = info->constant[c] == AMLZ_CONSTANT_INDEX ? 2 : 0.1 + 0.3 * c;
    }
    fill_operand(&b->out, all, seed, b->precision);
    fill_operand(&b->in1, all, seed + 1, b->precision);
    fill_operand(&b->in2, all, seed + 2, b->precision);
    run(&call, &state);
    digest_in(b, &b->out, count_of(b, info->out));
}

/* Probabilities, and the loss of an example, with no code. */
static PORT_NOINLINE void run_loops(bench *b, int label, uint64_t seed)
{
    static const kernel_run nothing;
    kernel_run run = nothing;
    const kernel_examples example = {&b->in1, &b->in2, NULL, 1};
    run.label = (uint8_t)label;
    run.n_features = (uint32_t)b->n_features;
    run.n_classes = label == AMLZ_MULTICLASS ? 3 : 0;
    run.prediction = &b->out;
    run.label_vector = &b->scratch;
    for (size_t l = 0; l < b->lanes; l++) {
        run.alive[l] = -1;
    }
    fill_operand(&b->out, count_of(b, AMLZ_VECTOR), seed, b->precision);
    memset(&b->in2, 0, sizeof b->in2); /* labels: 0, or the first class */
    b->loops->validate(&run, &example, NULL);
    for (size_t l = 0; l < b->lanes; l++) {
        b->hash = rng_mix(b->hash ^ math_shown_bits(run.loss[l]) ^ (uint64_t)(int64_t)run.alive[l]);
    }
    b->kernels->to_probabilities(&run);
    digest_in(b, &b->out, count_of(b, AMLZ_VECTOR));
}

static PORT_NOINLINE uint64_t digest_of_kernels(amlz_variant variant, amlz_precision precision)
{
    static const amlz_op_info no_constants;
    bench b;
    uint64_t seed = 0;
    b.hash = 0;
    b.precision = precision;
    for (b.lanes = 1; b.lanes <= KERNELS_MAX_LANES; b.lanes = b.lanes == 1 ? 4 : 2 * b.lanes) {
        b.kernels = amlz__kernels_find(variant, precision, (unsigned)b.lanes);
        b.loops = amlz__kernels_find_loops(variant, precision, (unsigned)b.lanes);
        b.n_features = features_for(b.lanes);
        for (int op = 0; op < OPS_COUNT; op++) {
            run_kernel(&b, b.kernels->op[op], amlz__ops_table[op], seed += 10);
        }
        for (int form = KERNEL_FORM_NONE + 1; form < KERNEL_FORM_COUNT; form++) {
            amlz_op_info info = no_constants;
            info.out = form < KERNEL_FORM_matrix_add_outer ? AMLZ_VECTOR : AMLZ_MATRIX;
            run_kernel(&b, b.kernels->form[form], &info, seed += 10);
        }
        for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
            run_loops(&b, label, seed += 10);
        }
    }
    return b.hash;
}

/* ---------------------------------------------------------------- what is drawn */

static PORT_NOINLINE uint64_t digest_of_draws(void)
{
    double x[2][33];
    uint64_t hash = 0;
    amlz_fill_gaussian(1, 2, x[0], 33);
    amlz_fill_uniform(1, 2, x[1], 33);
    for (int i = 0; i < 33; i++) {
        hash = rng_mix(hash ^ math_shown_bits(x[0][i]));
        hash = rng_mix(hash ^ math_shown_bits(x[1][i]));
    }
    return hash;
}

/* ---------------------------------------------------------------- all */

static const char *const variant_faults[AMLZ_VARIANT_COUNT] = {
    NULL,
    "this build computes other bits than it should, as by the compiler's flags: see docs/c-library.md",
    "the AVX2 kernels of this build compute other bits than they should: use the baseline variant, and other flags",
    "the AVX-512 kernels of this build compute other bits than they should: use the baseline variant, and other flags",
};

static const char *fault_of_build(void)
{
    for (int variant = AMLZ_VARIANT_BASELINE; variant < AMLZ_VARIANT_COUNT; variant++) {
        if (amlz_variant_available(variant) &&
            (digest_of_kernels((amlz_variant)variant, AMLZ_FLOAT32) != DIGEST_F32 ||
             digest_of_kernels((amlz_variant)variant, AMLZ_FLOAT64) != DIGEST_F64)) {
            return variant_faults[variant];
        }
    }
    return digest_of_draws() != DIGEST_DRAWS ? variant_faults[AMLZ_VARIANT_BASELINE] : NULL;
}

amlz_status amlz_self_test(const char **reason)
{
    const port_fp_state caller = port_fp_enter();
    const char *fault = BUILD_IS_PART ? "the self-test knows only what builds of the whole library compute" : fault_of_build();
    port_fp_leave(caller);
    return refuse(fault == NULL ? AMLZ_OK : AMLZ_ERROR_UNSUPPORTED, reason, fault);
}
