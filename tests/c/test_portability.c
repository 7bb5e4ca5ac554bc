/* The same bits everywhere: numbers recorded once that each build has to give, whatever its compiler, flags and CPU, and
 * whatever floating-point environment the caller has. */
#include <fenv.h>

#include "base/portability.h"
#include "fixtures.h"

/* ---------------------------------------------------------------- portability.h */

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void test_bits(void)
{
    static const uint64_t nans[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0xfff8000000000000), UINT64_C(0x7ff8000000000001),
                                    UINT64_C(0x7fffffffffffffff), UINT64_C(0xffffffffffffffff)};
    static const uint64_t others[] = {0, UINT64_C(0x8000000000000000), 1, UINT64_C(0x8000000000000001),
                                      UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000),
                                      UINT64_C(0x3ff0000000000000), UINT64_C(0x7fefffffffffffff)};
    for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
        CHECK_EQ_U64(math_shown_bits(from_bits(nans[i])), UINT64_C(0x7ff8000000000000));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_EQ_U64(math_shown_bits(from_bits(others[i])), others[i]);
    }
    const double nan = math_nan();
    CHECK(nan != nan);
    CHECK_EQ_U64(math_shown_bits(nan), MATH_NAN_BITS);
}

static void test_sqrt(void)
{
    CHECK_EQ_F64BITS(port_sqrt(2), 0x1.6a09e667f3bcdp+0);
    CHECK_EQ_F64BITS(port_sqrt(0x1p-1074), 0x1p-537);
    CHECK_EQ_F64BITS(port_sqrt(-0.0), -0.0);
    CHECK_EQ_F64BITS(port_sqrt(-1), (double)NAN);
    CHECK_EQ_F64BITS((double)port_sqrtf(2), 0x1.6a09e6p+0);
    CHECK_EQ_F64BITS((double)port_sqrtf(0x1p-149F), 0x1.6a09e6p-75);
}

/* Strict C has no instruction sets to choose from. */
static void test_plain_build(void)
{
#ifdef AMLZ_PLAIN_C
    CHECK_EQ_INT(amlz_variant_best(), AMLZ_VARIANT_BASELINE);
    CHECK_EQ_INT(amlz_variant_available(AMLZ_VARIANT_AVX2) + amlz_variant_available(AMLZ_VARIANT_AVX512), 0);
#else
    CHECK(amlz_variant_available(AMLZ_VARIANT_AVX2) >= amlz_variant_available(AMLZ_VARIANT_AVX512));
#endif
}

/* ---------------------------------------------------------------- results as one number; only integers are used here */

static uint64_t mix(uint64_t hash, uint64_t x)
{
    hash ^= x;
    return draw(&hash);
}

static uint64_t mix_numbers(uint64_t hash, const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        hash = mix(hash, (bits & ~(UINT64_C(1) << 63)) > UINT64_C(0x7ff0000000000000) ? MATH_NAN_BITS : bits);
    }
    return hash;
}

static amlz_dims some_dims(int label) { return dims_of((amlz_label)label, 5, 5, 5, 3); }

static uint64_t fills(void)
{
    double x[101];
    uint64_t hash = 0;
    for (uint64_t stream = 0; stream < 5; stream++) {
        amlz_fill_gaussian(UINT64_C(0x123456789), stream << 31, x, 101);
        hash = mix_numbers(hash, x, 101);
        amlz_fill_uniform(7, stream << 31, x, 101);
        hash = mix_numbers(hash, x, 101);
    }
    return hash;
}

static uint64_t programs(void)
{
    static const double weights[AMLZ_MUTATION_COUNT] = {4, 3, 2, 1, 4, 1, 1, 1};
    const amlz_dims dims = some_dims(AMLZ_MULTICLASS);
    const amlz_space space = space_of(&dims, 0, 20, 9);
    amlz_program program;
    uint64_t hash = 0, seed = 3;
    memset(&program, 0, sizeof program);
    amlz_program_random(&space, 5, &program);
    for (int i = 0; i < 300; i++) {
        amlz_mutate(&space, weights, &seed, &program, NULL);
        hash = mix(hash, amlz_program_hash(&program));
        hash = mix(hash, amlz_program_key(&program, &dims));
    }
    return mix(hash, seed);
}

static uint64_t costs(void)
{
    const amlz_dims dims = some_dims(AMLZ_REGRESSION);
    const amlz_space space = space_of(&dims, 0, 20, 9);
    uint64_t hash = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        amlz_program program;
        amlz_program_random(&space, seed, &program);
        const double cost[] = {amlz_program_cost(&program, 3), amlz_program_cost(&program, 1000)};
        hash = mix_numbers(hash, cost, 2);
    }
    return hash;
}

static uint64_t texts(void)
{
    static const double values[] = {0.1, -2.5e-5, 1.7976931348623157e308, 5e-324, -5e-324, 2.2250738585072014e-308, 1e23,
                                    9007199254740993.0, 123456.789, 0x1.fffffffffffffp-1};
    amlz_program program, back;
    char text[4000];
    uint64_t hash = 0;
    size_t length;
    memset(&program, 0, sizeof program);
    for (int i = 0; i < 10; i++) {
        amlz_instruction *x = &program.code[AMLZ_SETUP][program.size[AMLZ_SETUP]++];
        x->op = 56;
        x->out = 1;
        x->constant[0] = values[i];
    }
    memset(&back, 0, sizeof back);
    hash = mix(hash, (uint64_t)amlz_program_print(&program, text, sizeof text, &length));
    for (size_t i = 0; i < length; i++) {
        hash = mix(hash, (unsigned char)text[i]);
    }
    hash = mix(hash, (uint64_t)amlz_program_parse(text, length, 0, &back, NULL));
    return mix(hash, (uint64_t)amlz_program_equal(&program, &back));
}

/* Fitness, steps and errors of random programs; the tasks hold denormals too. */
static uint64_t evaluations(int label, int precision)
{
    enum { D = 7, N = 6 };
    static task_set sets[3][2];
    const amlz_dims dims = some_dims(label);
    const amlz_space space = space_of(&dims, 0, 12, 9);
    const amlz_tasks_config config = tasks_config_of(&dims, (amlz_precision)precision, D, N, 3, 2);
    task_set *set = &sets[label][precision];
    amlz_evaluator *evaluator = evaluator_new(&dims, (amlz_precision)precision, AMLZ_VARIANT_AUTO, AMLZ_MEDIAN, D);
    uint64_t hash = 0;
    if (set->tasks == NULL) {
        *set = task_set_new(&config, 5);
        set->train_x[3] = set->valid_x[7] = precision == AMLZ_FLOAT32 ? 0x1p-149 : 0x1p-1074;
    }
    amlz_tasks_set_f64(set->tasks, 0, set->train_x, set->train_y, set->valid_x, set->valid_y);
    for (uint64_t seed = 0; seed < 200; seed++) {
        amlz_program program;
        amlz_evaluation result = {.struct_size = sizeof result};
        double fitness[D], errors[D * N];
        memset(&program, 0, sizeof program);
        amlz_program_random(&space, seed, &program);
        program.code[AMLZ_PREDICT][8] = (amlz_instruction){(uint8_t)(label == AMLZ_MULTICLASS ? 23 : 27),
                                                           (uint8_t)(label == AMLZ_MULTICLASS ? 2 : 1), 0, 3, {0, 0, 0}};
        amlz_evaluate(evaluator, set->tasks, &program, seed, &result, fitness);
        amlz_probe(evaluator, set->tasks, &program, seed, N, 0, errors, NULL);
        hash = mix_numbers(hash, &result.fitness, 1);
        hash = mix_numbers(hash, fitness, D);
        hash = mix_numbers(hash, errors, D * N);
        hash = mix(mix(hash, result.train_steps), result.valid_steps);
    }
    return hash;
}

/* A short search with everything switched on; its digest, or the mean fitness of its population. */
static uint64_t search_result(int label, int precision, int mean)
{
    static task_set sets[3][2];
    const amlz_dims dims = some_dims(label);
    const amlz_tasks_config tasks = tasks_config_of(&dims, (amlz_precision)precision, 6, 20, 10, 2);
    task_set *set = &sets[label][precision];
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_progress progress = {.struct_size = sizeof progress};
    if (set->tasks == NULL) {
        *set = task_set_new(&tasks, 9);
    }
    amlz_search_defaults(&config);
    config.space = space_of(&dims, 0, 12, 8);
    config.precision = (uint8_t)precision;
    config.seed = 11;
    config.population_size = 30;
    config.tournament_size = 5;
    config.cache_size = config.fec_size = 100;
    config.max_cost = 60;
    const size_t size = amlz_search_size(&config, 6, NULL);
    amlz_search *search = amlz_search_init(block_new(size), size, &config, set->tasks, NULL, NULL);
    amlz_search_run(search, 700, 2, NULL);
    amlz_search_progress(search, &progress);
    return mean ? mix_numbers(0, &progress.mean_fitness, 1) : amlz_search_digest(search);
}

static amlz_learner *learner_of(int label, int precision, const amlz_program *program)
{
    amlz_learner_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims = some_dims(label);
    config.precision = (uint8_t)precision;
    config.keep_dead_code = 1;
    const size_t size = amlz_learner_size(&config, NULL);
    return amlz_learner_init(block_new(size), size, &config, program, NULL);
}

/* A learner's predictions, or a denormal that goes into its memory and comes back. */
static uint64_t learner_result(int precision, int memory)
{
    static const float x32[5] = {1, 0x1p-149F, -2, 0.1F, 3};
    static const double x64[5] = {1, 0x1p-1074, -2, 0.1, 3}, tiny32[1] = {0x1p-149}, tiny64[1] = {0x1p-1074};
    uint64_t hash = 0;
    amlz_program program = program_of("def Setup():\n v1 = gaussian(0, 1)\n v2[0.9] = 5\n s2 = 0.1\n"
                                      "def Predict():\n v1 = v1 + v2\n s1 = dot(v0, v1)\n"
                                      "def Learn():\n s3 = s0 - s1\n s3 = s3 * s2\n v2 = s3 * v0\n", 5);
    program.code[AMLZ_SETUP][1].constant[0] = 1 - 0x1p-53; /* times 5, rounded up, it is 5 */
    amlz_learner *learner = learner_of(AMLZ_BINARY, precision, &program);
    for (int i = 0; i < 20; i++) {
        double value[1];
        float p32 = 0;
        uint32_t bits;
        if (memory) {
            amlz_learner_set(learner, AMLZ_SCALAR, 4, precision == AMLZ_FLOAT32 ? tiny32 : tiny64);
            amlz_learner_get(learner, AMLZ_SCALAR, 4, value);
            hash = mix_numbers(hash, value, 1);
        } else if (precision == AMLZ_FLOAT32) {
            amlz_learner_learn_f32(learner, x32, i % 2 == 0 ? 1 : 0, &p32);
            memcpy(&bits, &p32, sizeof bits);
            hash = mix(hash, bits);
        } else {
            amlz_learner_learn_f64(learner, x64, i % 2 == 0 ? 1 : 0, value);
            hash = mix_numbers(hash, value, 1);
        }
    }
    return hash;
}

/* What is accepted and what is not, where a denormal decides. */
static uint64_t statuses(void)
{
    static const double tiny_weights[AMLZ_MUTATION_COUNT] = {5e-324}, negative_weights[AMLZ_MUTATION_COUNT] = {1, -5e-324};
    const amlz_dims dims = some_dims(AMLZ_REGRESSION);
    const amlz_space space = space_of(&dims, 0, 9, 5);
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_program program;
    uint64_t hash = 0, seed = 1;
    memset(&program, 0, sizeof program);
    hash = mix(hash, (uint64_t)amlz_mutate(&space, tiny_weights, &seed, &program, NULL));
    hash = mix(hash, (uint64_t)amlz_mutate(&space, negative_weights, &seed, &program, NULL));
    memset(&program, 0, sizeof program);
    program.size[AMLZ_SETUP] = 1;
    for (uint8_t op = 57; op <= 62; op = (uint8_t)(op + 5)) { /* a negative index, a negative standard deviation */
        amlz_instruction *x = &program.code[AMLZ_SETUP][0];
        *x = (amlz_instruction){op, 1, 0, 0, {0, 0, 0}};
        x->constant[op == 57 ? 0 : 1] = -5e-324;
        hash = mix(hash, (uint64_t)amlz_program_check(&program, &dims, NULL));
    }
    amlz_search_defaults(&config);
    config.space = space;
    config.mutate_prob = -5e-324;
    hash = mix(hash, amlz_search_size(&config, 1, NULL) != 0);
    config.mutate_prob = 0;
    config.max_cost = -5e-324;
    hash = mix(hash, amlz_search_size(&config, 1, NULL) != 0);
    for (int label = AMLZ_BINARY; label <= AMLZ_MULTICLASS; label++) { /* a denormal is neither 0 nor class 0 */
        static const float x32[5] = {0};
        static const double x64[5] = {0};
        const amlz_program nothing = {{0, 0, 0}, {{{0, 0, 0, 0, {0, 0, 0}}}}};
        hash = mix(hash, (uint64_t)amlz_learner_learn_f32(learner_of(label, AMLZ_FLOAT32, &nothing), x32, 0x1p-149F, NULL));
        hash = mix(hash, (uint64_t)amlz_learner_learn_f64(learner_of(label, AMLZ_FLOAT64, &nothing), x64, 5e-324, NULL));
        hash = mix(hash, (uint64_t)amlz_learner_learn_f64(learner_of(label, AMLZ_FLOAT64, &nothing), x64, -5e-324, NULL));
    }
    return hash;
}

/* ---------------------------------------------------------------- recorded */

static void expect(const char *what, uint64_t got, uint64_t recorded)
{
    if (!CHECK_EQ_U64(got, recorded)) {
        printf("  %s\n", what);
    }
}

static void test_recorded(void)
{
    static const uint64_t of_evaluations[3][2] = {{UINT64_C(0xb1e40aed60e73431), UINT64_C(0x59e4da71e57f4254)},
                                                  {UINT64_C(0x7c510b15fae390bf), UINT64_C(0x4fec3104c703f5b9)},
                                                  {UINT64_C(0x342228c50aaa5d5d), UINT64_C(0xd96f8e5c23647181)}};
    static const uint64_t of_searches[3][2] = {{UINT64_C(0x4ecb874261335fc6), UINT64_C(0x8aaded31e20b4c7d)},
                                               {UINT64_C(0xb4e54ceda61f1237), UINT64_C(0x15403c184aafba7e)},
                                               {UINT64_C(0xe7b1d9e25d0f1a39), UINT64_C(0x0f07386fca05732d)}};
    static const uint64_t of_learners[2] = {UINT64_C(0xc4f1279aba3c612c), UINT64_C(0x157c853ba4e5b853)};
    expect("fills", fills(), UINT64_C(0x7878c310306d6a31));
    expect("programs", programs(), UINT64_C(0xe4ee281f829f03e0));
    expect("costs", costs(), UINT64_C(0x9e1d82d6c7ccba34));
    expect("texts", texts(), UINT64_C(0xd7b2ec8ba233a45e));
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
            expect("evaluations", evaluations(label, precision), of_evaluations[label][precision]);
            expect("searches", search_result(label, precision, 0), of_searches[label][precision]);
        }
        expect("learners", learner_result(precision, 0), of_learners[precision]);
    }
}

/* ---------------------------------------------------------------- the caller's floating-point environment */

static uint64_t fills_of(int unused) { return (void)unused, fills(); }
static uint64_t programs_of(int unused) { return (void)unused, programs(); }
static uint64_t costs_of(int unused) { return (void)unused, costs(); }
static uint64_t texts_of(int unused) { return (void)unused, texts(); }
static uint64_t statuses_of(int unused) { return (void)unused, statuses(); }
static uint64_t evaluations_of(int precision) { return evaluations(AMLZ_REGRESSION, precision); }
static uint64_t searches_of(int precision) { return search_result(AMLZ_BINARY, precision, 0); }
static uint64_t means_of(int precision) { return search_result(AMLZ_BINARY, precision, 1); }
static uint64_t learners_of(int precision) { return learner_result(precision, 0); }
static uint64_t memories_of(int precision) { return learner_result(precision, 1); }

static void test_environment(void)
{
    static const struct {
        const char *what;
        uint64_t (*run)(int precision);
    } parts[] = {{"amlz_fill_*", fills_of},
                 {"programs, keys, hashes", programs_of},
                 {"amlz_program_cost", costs_of},
                 {"texts", texts_of},
                 {"what is refused", statuses_of},
                 {"evaluations", evaluations_of},
                 {"search digests", searches_of},
                 {"mean_fitness", means_of},
                 {"predictions of learners", learners_of},
                 {"amlz_learner_get, _set", memories_of}};
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            const uint64_t expected = parts[i].run(precision);
            for (int mode = 0; mode < 4; mode++) {
                fesetround(modes[mode]);
#if HAS_MXCSR
                const unsigned mine = __builtin_ia32_stmxcsr() | 0x8040; /* flush to zero, denormals are zero */
                __builtin_ia32_ldmxcsr(mine);
#endif
                const uint64_t got = parts[i].run(precision);
                const int after = fegetround();
#if HAS_MXCSR
                const unsigned mxcsr = __builtin_ia32_stmxcsr();
                __builtin_ia32_ldmxcsr(0x1f80);
                CHECK_EQ_INT(mxcsr & ~0x3fU, mine & ~0x3fU); /* all but the exception flags */
#endif
                fesetround(FE_TONEAREST);
                CHECK_EQ_INT(after, modes[mode]);
                if (!CHECK_EQ_U64(got, expected)) {
                    printf("  %s, float%d, rounding mode %d\n", parts[i].what, precision ? 64 : 32, mode);
                }
            }
        }
    }
}

static void test_no_avx_by_gcc_for_windows(void)
{
#if defined(_WIN64) && !defined(__clang__)
    CHECK(!amlz_variant_available(AMLZ_VARIANT_AVX2) && !amlz_variant_available(AMLZ_VARIANT_AVX512));
#endif
    CHECK(amlz_variant_available(AMLZ_VARIANT_BASELINE));
}

int main(void)
{
    test_no_avx_by_gcc_for_windows();
    test_bits();
    test_sqrt();
    test_plain_build();
    test_recorded();
    test_environment();
    blocks_free();
    return check_report("portability");
}
