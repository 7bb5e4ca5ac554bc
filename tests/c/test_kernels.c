/* Each kernel of each instruction set, precision and number of lanes, against the plain machine's op, bit for bit. */
#include "fixtures.h"

static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33};
static const unsigned lane_counts[] = {1, 4, 8, 16};
#define N_SIZES (sizeof sizes / sizeof *sizes)
#define MAX_COUNT (33 * 33)

/* Where an operand lies: out, or an input of its own. */
enum { SAME_NONE, SAME_IN1, SAME_IN2, SAME_BOTH, SAME_COUNT };

/* One op to be run: its operands in each lane, and what must come out. */
typedef struct experiment {
    int op, precision, same;
    uint32_t n_features;
    double constant[AMLZ_CONSTANT_COUNT];
    double in1[KERNELS_MAX_LANES][MAX_COUNT], in2[KERNELS_MAX_LANES][MAX_COUNT], out[KERNELS_MAX_LANES][MAX_COUNT];
    double expected[KERNELS_MAX_LANES][MAX_COUNT];
} experiment;

static size_t count_of(int type, uint32_t n_features)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, n_features, 2, 1, 0);
    return plain_count(&dims, type);
}

static double number_of(uint64_t *state, int precision, int special)
{
    return special ? draw_special(state, precision) : round_to(precision, 4 * draw_real(state));
}

/* Operands for all lanes, and the result; the output holds numbers too, since some ops keep a part of it. */
static void prepare(experiment *e, uint64_t *state, int special)
{
    const amlz_op_info *info = amlz_op(e->op);
    for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
        const double x = draw_real(state);
        const int kind = info->constant[c];
        e->constant[c] = kind == AMLZ_CONSTANT_NONE ? 0 : kind == AMLZ_CONSTANT_REAL ? x : fabs(x) * 0.999;
    }
    for (unsigned l = 0; l < KERNELS_MAX_LANES; l++) {
        for (size_t i = 0; i < count_of(info->in1, e->n_features); i++) {
            e->in1[l][i] = number_of(state, e->precision, special);
        }
        for (size_t i = 0; i < count_of(info->in2, e->n_features); i++) {
            e->in2[l][i] = e->same == SAME_BOTH ? e->in1[l][i] : number_of(state, e->precision, special);
        }
        for (size_t i = 0; i < count_of(info->out, e->n_features); i++) {
            e->out[l][i] = e->same == SAME_IN1 || e->same == SAME_BOTH ? e->in1[l][i]
                           : e->same == SAME_IN2                       ? e->in2[l][i]
                                                                       : number_of(state, e->precision, special);
            e->expected[l][i] = e->out[l][i];
        }
        plain_op(e->op, e->precision, e->n_features, e->constant, e->expected[l], e->in1[l], e->in2[l]);
    }
}

static void write_real(void *array, int precision, size_t i, double x)
{
    if (precision == AMLZ_FLOAT64) {
        memcpy((char *)array + i * sizeof x, &x, sizeof x);
    } else {
        const float rounded = (float)x;
        memcpy((char *)array + i * sizeof rounded, &rounded, sizeof rounded);
    }
}

static double read_real(const void *array, int precision, size_t i)
{
    double x;
    float rounded;
    if (precision == AMLZ_FLOAT64) {
        memcpy(&x, (const char *)array + i * sizeof x, sizeof x);
        return x;
    }
    memcpy(&rounded, (const char *)array + i * sizeof rounded, sizeof rounded);
    return (double)rounded;
}

/* An operand in the kernel's layout, at an address that only numbers are aligned for. poison: NaN in all lanes but one. */
static void *pack(const double numbers[][MAX_COUNT], size_t count, int precision, unsigned lanes, int only_lane)
{
    const size_t real = kernels_real_size((unsigned)precision);
    unsigned char *block = block_new((count * lanes + 1) * real);
    unsigned char *packed = block + (real - (uintptr_t)block % real);
    for (size_t i = 0; i < count; i++) {
        for (unsigned l = 0; l < lanes; l++) {
            const int poisoned = only_lane >= 0 && l != (unsigned)only_lane;
            write_real(packed, precision, i * lanes + l, poisoned ? (double)NAN : numbers[l][i]);
        }
    }
    return packed;
}

/* Runs one kernel; the number of elements that are wrong. only_lane: the one lane that is not poisoned, or -1 for all. */
static unsigned run_kernel(const experiment *e, const kernel_set *set, int only_lane)
{
    const amlz_op_info *info = amlz_op(e->op);
    const size_t n_out = count_of(info->out, e->n_features), n1 = count_of(info->in1, e->n_features),
                 n2 = count_of(info->in2, e->n_features);
    const unsigned lanes = set->lanes;
    unsigned wrong = 0;
    double constant[AMLZ_CONSTANT_COUNT];
    kernel_call call;
    kernel_state state;
    memset(&call, 0, sizeof call);
    memset(&state, 0, sizeof state);
    call.out = pack(e->out, n_out, e->precision, lanes, only_lane);
    call.in1 = n1 == 0 || e->same == SAME_IN1 || e->same == SAME_BOTH
                   ? call.out
                   : pack(e->in1, n1, e->precision, lanes, only_lane);
    call.in2 = n2 == 0                                              ? call.in1
               : e->same == SAME_IN2 || e->same == SAME_BOTH ? call.out
                                                                    : pack(e->in2, n2, e->precision, lanes, only_lane);
    call.n_features = e->n_features;
    for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
        constant[c] = info->constant[c] == AMLZ_CONSTANT_INDEX ? floor(e->constant[c] * e->n_features) : e->constant[c];
    }
    call.constant = constant;
    state.scratch = block_at(count_of(AMLZ_MATRIX, e->n_features) * lanes * kernels_real_size((unsigned)e->precision), 0);
    set->op[e->op](&call, &state);
    for (size_t i = 0; i < n_out; i++) {
        for (unsigned l = 0; l < lanes; l++) {
            if (only_lane < 0 || l == (unsigned)only_lane) {
                wrong += bits_of(read_real(call.out, e->precision, i * lanes + l)) != bits_of(e->expected[l][i]);
            }
        }
    }
    return wrong;
}

static void check_experiment(const experiment *e, uint64_t *state)
{
    for (int v = AMLZ_VARIANT_BASELINE; v < AMLZ_VARIANT_COUNT; v++) {
        for (unsigned i = 0; i < 4 && amlz_variant_available(v); i++) {
            const kernel_set *set = amlz__kernels_find((amlz_variant)v, (amlz_precision)e->precision, lane_counts[i]);
            unsigned wrong = run_kernel(e, set, -1);
            if (lane_counts[i] > 1) { /* what other lanes hold must not matter */
                wrong += run_kernel(e, set, (int)draw_below(state, lane_counts[i]));
            }
            if (!CHECK_EQ_INT(wrong, 0)) {
                printf("  %s, F = %u, %s, float%d, %u lanes, out %s\n", amlz_op(e->op)->name, (unsigned)e->n_features,
                       amlz_variant_name(v), e->precision == AMLZ_FLOAT64 ? 64 : 32, lane_counts[i],
                       e->same == SAME_NONE ? "apart" : "in place");
            }
            blocks_free();
        }
    }
}

static int can_be_in_place(const amlz_op_info *info, int same)
{
    const int first = info->out != AMLZ_NONE && info->in1 == info->out;
    const int second = info->out != AMLZ_NONE && info->in2 == info->out;
    return same == SAME_NONE || (same == SAME_IN1 ? first : same == SAME_IN2 ? second : first && second);
}

static void test_against_plain_ops(void)
{
    static experiment e;
    uint64_t state = 1;
    for (e.op = 0; e.op < amlz_op_count(); e.op++) {
        for (e.precision = AMLZ_FLOAT32; e.precision <= AMLZ_FLOAT64 && !amlz_op(e.op)->is_random; e.precision++) {
            for (e.same = SAME_NONE; e.same < SAME_COUNT; e.same++) {
                for (size_t s = 0; s < N_SIZES && can_be_in_place(amlz_op(e.op), e.same); s++) {
                    e.n_features = sizes[s];
                    for (int special = 0; special < 2; special++) {
                        prepare(&e, &state, special);
                        check_experiment(&e, &state);
                    }
                }
            }
        }
    }
}

/* The order of a sum shows where it decides about the result: 2^60 is added early or late. */
static void test_order_by_hand(void)
{
    static experiment e;
    e.op = 50; /* mean(v) */
    e.precision = AMLZ_FLOAT64;
    e.same = SAME_NONE;
    e.n_features = 9;
    for (int l = 0; l < KERNELS_MAX_LANES; l++) {
        /* p0 = 2^60 + 1 loses the 1; with -2^60 in p4 first, 2^60 goes; the rest is 2 + 3 + 4 + 5 + 6 + 7 */
        static const double x[9] = {0x1p60, 2, 3, 4, -0x1p60, 5, 6, 7, 1};
        memcpy(e.in1[l], x, sizeof x);
        e.expected[l][0] = 27.0 / 9;
    }
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ_INT(run_kernel(&e, amlz__kernels_find(AMLZ_VARIANT_BASELINE, AMLZ_FLOAT64, lane_counts[i]), -1), 0);
    }
    blocks_free();
}

/* ---------------------------------------------------------------- random ops */

typedef struct drawing {
    int op;
    int precision;
    double constant[2];
    uint64_t seed, runs;
    uint32_t task;
    uint8_t function, ordinal;
} drawing;

/* Runs a random op; out: [element][lane]. */
static void run_random(const drawing *d, amlz_variant variant, unsigned lanes, uint32_t n_features, double *out)
{
    const size_t count = count_of(amlz_op(d->op)->out, n_features) * lanes;
    const kernel_set *set = amlz__kernels_find(variant, (amlz_precision)d->precision, lanes);
    kernel_call call;
    kernel_state state;
    memset(&call, 0, sizeof call);
    memset(&state, 0, sizeof state);
    call.out = numbers_new(count);
    call.in1 = call.in2 = call.out;
    call.n_features = n_features;
    call.constant = d->constant;
    call.function = d->function;
    call.ordinal = d->ordinal;
    state.key[0] = (uint32_t)d->seed;
    state.key[1] = (uint32_t)(d->seed >> 32);
    state.task = d->task;
    state.runs[d->function] = d->runs;
    set->op[d->op](&call, &state);
    for (size_t i = 0; i < count; i++) {
        out[i] = read_real(call.out, d->precision, i);
    }
}

/* What the plain machine draws. */
static void draw_plainly(const drawing *d, uint32_t n_features, double *out)
{
    amlz_instruction x = {(uint8_t)d->op, 0, 0, 0, {d->constant[0], d->constant[1], 0}};
    plain_machine m;
    memset(&m, 0, sizeof m);
    m.dims = dims_of(AMLZ_REGRESSION, n_features, 2, 1, 0);
    m.precision = d->precision;
    m.seed = d->seed;
    m.task = d->task;
    m.runs[d->function] = d->runs;
    plain_draw(&m, &x, d->function, d->ordinal, out);
}

/* A task draws the same numbers in whatever lane, block and instruction set it runs: those of the plain machine. */
static void test_draws_depend_on_task_alone(void)
{
    static double alone[MAX_COUNT], together[MAX_COUNT * KERNELS_MAX_LANES];
    for (int op = 59; op <= 64; op++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            drawing d = {op, precision, {-0.3, 0.7}, UINT64_C(0x123456789abcdef), UINT64_C(0x23fffffff), 20, AMLZ_LEARN, 63};
            for (size_t s = 0; s < N_SIZES; s++) {
                const size_t count = count_of(amlz_op(op)->out, sizes[s]);
                unsigned wrong = 0;
                for (unsigned i = 0; i < 4; i++) {
                    const unsigned lanes = lane_counts[i];
                    for (int v = AMLZ_VARIANT_BASELINE; v < AMLZ_VARIANT_COUNT && amlz_variant_available(v); v++) {
                        d.task = 20;
                        run_random(&d, (amlz_variant)v, lanes, sizes[s], together);
                        for (uint32_t l = 0; l < lanes; l += 3) {
                            d.task = 20 + l;
                            draw_plainly(&d, sizes[s], alone);
                            for (size_t k = 0; k < count; k++) {
                                wrong += bits_of(alone[k]) != bits_of(together[k * lanes + l]);
                            }
                        }
                    }
                }
                CHECK_EQ_INT(wrong, 0);
                blocks_free();
            }
        }
    }
}

/* Each part of the key gives another stream, and the same key the same. */
static void test_draws_are_keyed(void)
{
    enum { N = 33, STREAMS = 12 };
    static double streams[STREAMS][N];
    for (int op = 60; op <= 63; op += 3) { /* uniform, gaussian vectors */
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            const drawing base = {op, precision, {0, 1}, 7, 1, 1, AMLZ_PREDICT, 1};
            drawing d[STREAMS];
            unsigned equal = 0;
            for (int i = 0; i < STREAMS; i++) {
                d[i] = base;
            }
            d[1].seed = 8;
            d[2].seed = 7 | UINT64_C(1) << 32;
            d[3].runs = 2;
            d[4].runs = 1 | UINT64_C(1) << 32;
            d[5].task = 2;
            d[6].task = 1 | UINT32_C(1) << 31;
            d[7].function = AMLZ_LEARN;
            d[8].function = AMLZ_SETUP;
            d[9].ordinal = 2;
            d[10].ordinal = 63;
            for (int i = 0; i < STREAMS; i++) {
                run_random(&d[i], AMLZ_VARIANT_BASELINE, 1, N, streams[i]);
            }
            CHECK(memcmp(streams[0], streams[STREAMS - 1], sizeof streams[0]) == 0);
            for (int i = 0; i < (STREAMS - 1) * N; i++) { /* 363 draws, all elements and streams: all differ */
                for (int k = 0; k < i; k++) {
                    equal += streams[i / N][i % N] == streams[k / N][k % N];
                }
            }
            CHECK(equal <= 1); /* in float, two of them may agree by chance */
            blocks_free();
        }
    }
}

/* Bounds and moments; low may exceed high. */
static void test_distributions(void)
{
    static double x[MAX_COUNT];
    static const double bounds[][2] = {{0, 1}, {-2, 3}, {0.6, 0.2}, {1, 1}, {-1e30, 1e30}};
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
            const double low = round_to(precision, bounds[b][0]), high = round_to(precision, bounds[b][1]);
            const drawing d = {61, precision, {bounds[b][0], bounds[b][1]}, 11, 0, 0, AMLZ_SETUP, 0};
            double sum = 0;
            unsigned outside = 0;
            run_random(&d, AMLZ_VARIANT_BASELINE, 1, 33, x);
            for (size_t i = 0; i < MAX_COUNT; i++) {
                outside += x[i] < fmin(low, high) || x[i] > fmax(low, high);
                sum += x[i];
            }
            CHECK_EQ_INT(outside, 0);
            CHECK(fabs(sum / MAX_COUNT - (low + high) / 2) <= 0.05 * fabs(high - low));
        }
        const drawing d = {64, precision, {3, 0.5}, 11, 0, 0, AMLZ_SETUP, 0};
        double sum = 0, squares = 0;
        unsigned within = 0;
        run_random(&d, AMLZ_VARIANT_BASELINE, 1, 33, x);
        for (size_t i = 0; i < MAX_COUNT; i++) {
            sum += x[i];
            squares += (x[i] - 3) * (x[i] - 3);
            within += fabs(x[i] - 3) < 0.5;
        }
        CHECK(fabs(sum / MAX_COUNT - 3) < 0.06); /* four standard errors */
        CHECK(fabs(sqrt(squares / MAX_COUNT) - 0.5) < 0.05);
        CHECK(fabs((double)within / MAX_COUNT - 0.6827) < 0.06);
    }
    const drawing still = {62, AMLZ_FLOAT64, {-1.5, 0}, 1, 0, 0, AMLZ_SETUP, 0};
    run_random(&still, AMLZ_VARIANT_BASELINE, 1, 1, x);
    CHECK_EQ_F64BITS(x[0], -1.5);
    blocks_free();
}

int main(void)
{
    test_against_plain_ops();
    test_order_by_hand();
    test_draws_depend_on_task_alone();
    test_draws_are_keyed();
    test_distributions();
    return check_report("kernels");
}
