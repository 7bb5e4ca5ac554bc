/* Searches: the cycle of regularized evolution, random search, caches, what is refused. */
#include <fenv.h>

#include "check.h"
#include "fixtures.h"

enum { D = 3, F = 4 };

static amlz_dims search_dims(void) { return dims_of(AMLZ_REGRESSION, F, 4, 4, 2); }

/* All ops but the random ones, so that a fitness does not depend on the evaluation seed. */
static amlz_search_config config_of(uint64_t seed)
{
    const amlz_dims dims = search_dims();
    uint8_t ops[AMLZ_MAX_OPS];
    size_t n = 0;
    amlz_search_config config;
    amlz_search_defaults(&config);
    config.space = space_of(&dims, 1, 8, 6);
    for (int op = 0; op < amlz_op_count(); op++) {
        if (!amlz_op(op)->is_random) {
            ops[n++] = (uint8_t)op;
        }
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        set_ops(&config.space.function[f], ops, n);
    }
    config.seed = seed;
    config.population_size = 20;
    config.tournament_size = 4;
    config.combine = AMLZ_MEAN;
    config.cache_size = config.fec_size = 50;
    config.fec_train = 5;
    config.fec_valid = 3;
    return config;
}

static amlz_tasks *tasks_for(amlz_precision precision)
{
    const amlz_dims dims = search_dims();
    const amlz_tasks_config config = tasks_config_of(&dims, precision, D, 20, 10, 1);
    return task_set_new(&config, 7).tasks;
}

static amlz_search *search_new(const amlz_search_config *config, const amlz_tasks *tasks, const amlz_program *start)
{
    const char *reason = NULL;
    const size_t size = amlz_search_size(config, D, &reason);
    amlz_search *search = amlz_search_init(block_new(size), size, config, tasks, start, &reason); /* an unaligned block */
    if (search == NULL) {
        printf("  %s\n", reason);
        exit(2);
    }
    return search;
}

static uint64_t digest_of(const amlz_search_config *config, const amlz_tasks *tasks, uint64_t evaluations)
{
    amlz_search *search = search_new(config, tasks, NULL);
    CHECK_EQ_INT(amlz_search_run(search, evaluations, 2, NULL), AMLZ_OK);
    return amlz_search_digest(search);
}

/* Recorded once; every build on every machine has to give them. */
static void test_golden_digests(void)
{
    static const uint64_t expected[2] = {UINT64_C(0xc3ae6b0390108bea), UINT64_C(0xf37db35c3de13d31)};
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        amlz_search_config config = config_of(1);
        config.precision = (uint8_t)precision;
        CHECK_EQ_U64(digest_of(&config, tasks_for((amlz_precision)precision), 3000), expected[precision]);
    }
    blocks_free();
}

static void test_repeats(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_search_config one = config_of(1), two = config_of(2);
    const uint64_t whole = digest_of(&one, tasks, 500);
    CHECK_EQ_U64(digest_of(&one, tasks, 500), whole);
    CHECK(digest_of(&two, tasks, 500) != whole);
    for (uint64_t cut = 0; cut <= 500; cut += 7) { /* also within the first population */
        amlz_search *search = search_new(&one, tasks, NULL);
        amlz_search_run(search, cut, 2, NULL);
        amlz_search_run(search, 500 - cut, 2, NULL);
        CHECK_EQ_U64(amlz_search_digest(search), whole);
    }
    for (int variant = AMLZ_VARIANT_BASELINE; variant < AMLZ_VARIANT_COUNT; variant++) {
        amlz_search_config forced = one;
        forced.variant = (uint8_t)variant;
        if (amlz_variant_available(variant)) {
            CHECK_EQ_U64(digest_of(&forced, tasks, 500), whole);
        }
    }
    fesetround(FE_UPWARD);
    const uint64_t rounded_up = digest_of(&one, tasks, 500);
    CHECK_EQ_INT(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
    CHECK_EQ_U64(rounded_up, whole);
    blocks_free();
}

/* The child takes the place of the oldest: member i becomes member i - 1, and the child the last. */
static void test_ages(void)
{
    const amlz_search_config config = config_of(3);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_program before[20], now;
    amlz_progress progress;
    double fitness, best = -1;
    CHECK_EQ_INT(amlz_search_best(search, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    for (uint32_t n = 1; n <= 300; n++) {
        CHECK_EQ_INT(amlz_search_run(search, 1, 2, &progress), AMLZ_OK);
        CHECK_EQ_U64(progress.evaluations, n);
        CHECK_EQ_U64(progress.population, n < 20 ? n : 20);
        const uint32_t last = progress.population - 1;
        for (uint32_t i = 0; i < last; i++) {
            CHECK_EQ_INT(amlz_search_member(search, i, &now, NULL), AMLZ_OK);
            CHECK(amlz_program_equal(&now, &before[n > 20 ? i + 1 : i]));
        }
        for (uint32_t i = 0; i <= last; i++) {
            amlz_search_member(search, i, &before[i], &fitness);
            CHECK(fitness <= progress.best_fitness);
            CHECK_EQ_INT(amlz_program_check(&before[i], &config.space.dims, NULL), AMLZ_OK);
        }
        amlz_search_member(search, last, &now, &fitness);
        if (fitness > best) { /* the newest is the best, and is kept as such */
            amlz_program kept;
            best = fitness;
            CHECK_EQ_U64(progress.best_evaluation, n);
            CHECK_EQ_INT(amlz_search_best(search, &kept, NULL), AMLZ_OK);
            CHECK(amlz_program_equal(&kept, &now));
        }
        CHECK_EQ_F64BITS(progress.best_fitness, best);
    }
    CHECK_EQ_INT(amlz_search_member(search, 20, &now, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

/* With a tournament that leaves nobody out and no mutation, all become copies of the fittest (there may be equals). */
static void test_selection(void)
{
    amlz_search_config config = config_of(4);
    double fitness;
    config.tournament_size = 400;
    config.mutate_prob = 0;
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(search, 20, 2, NULL);
    amlz_search_best(search, NULL, &fitness);
    amlz_search_run(search, 20, 2, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        double own;
        amlz_search_member(search, i, NULL, &own);
        CHECK_EQ_F64BITS(own, fitness);
    }
    blocks_free();
}

static void test_fitness_and_counts(void)
{
    for (int fec = 0; fec < 2; fec++) {
        amlz_search_config config = config_of(5);
        config.precision = AMLZ_FLOAT64;
        config.fec_size = fec ? 50 : 0;
        config.max_cost = 25;
        const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT64);
        amlz_search *search = search_new(&config, tasks, NULL);
        amlz_evaluator *evaluator = evaluator_new(&config.space.dims, AMLZ_FLOAT64, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
        amlz_progress p;
        amlz_search_run(search, 2000, 2, &p);
        CHECK_EQ_U64(p.cache_hits + p.fec_hits + p.full_evaluations + p.over_budget, 2000);
        CHECK_EQ_U64(p.probes, fec ? p.fec_hits + p.full_evaluations : 0);
        CHECK(p.cache_hits > 0 && p.over_budget > 0 && p.full_evaluations > 0 && (p.fec_hits > 0) == fec);
        for (uint32_t i = 0; i < 20 && !fec; i++) {
            amlz_program member;
            amlz_evaluation result;
            double fitness;
            amlz_search_member(search, i, &member, &fitness);
            amlz_evaluate(evaluator, tasks, &member, 1, &result, NULL);
            CHECK_EQ_F64BITS(fitness, amlz_program_cost(&member, F) > 25 ? 0 : result.fitness);
        }
        blocks_free();
    }
}

static void test_starts(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_program start =
        program_of("def Setup():\n s2 = 0.1\ndef Predict():\n s1 = dot(v0, v1)\ndef Learn():\n s3 = s0 - s1\n", F);
    amlz_program member;
    amlz_search_config config = config_of(6);
    config.start = AMLZ_START_PROGRAM;
    amlz_search *search = search_new(&config, tasks, &start);
    amlz_search_run(search, 20, 2, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        amlz_search_member(search, i, &member, NULL);
        CHECK(amlz_program_equal(&member, &start));
    }
    config.start = AMLZ_START_EMPTY;
    config.space.function[AMLZ_PREDICT].n_ops = 0; /* that one is the start program's, for ever */
    search = search_new(&config, tasks, &start);
    amlz_search_run(search, 20, 2, NULL);
    amlz_search_member(search, 0, &member, NULL);
    CHECK(member.size[AMLZ_SETUP] == 0 && member.size[AMLZ_PREDICT] == 1 && member.size[AMLZ_LEARN] == 0);
    for (int algorithm = AMLZ_EVOLUTION; algorithm <= AMLZ_RANDOM_SEARCH; algorithm++) {
        config.start = AMLZ_START_RANDOM;
        config.algorithm = (uint8_t)algorithm;
        search = search_new(&config, tasks, &start);
        amlz_search_run(search, 400, 2, NULL);
        for (uint32_t i = 0; i < 20; i++) {
            amlz_search_member(search, i, &member, NULL);
            CHECK_EQ_INT(member.size[AMLZ_PREDICT], 1);
            CHECK_EQ_INT(member.code[AMLZ_PREDICT][0].op, 27);
            CHECK(algorithm == AMLZ_EVOLUTION || member.size[AMLZ_LEARN] == 6); /* always drawn with the initial size */
        }
    }
    blocks_free();
}

static void test_stops(void)
{
    const amlz_search_config config = config_of(8);
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search *search = search_new(&config, tasks, NULL), *again = search_new(&config, tasks, NULL);
    amlz_progress whole, p;
    amlz_search_run(search, 1000, 2, &whole);
    amlz_search_run(again, 1000, whole.best_fitness, &p);
    CHECK_EQ_U64(p.evaluations, whole.best_evaluation);
    amlz_search_run(again, 1000, whole.best_fitness, &p);
    CHECK_EQ_U64(p.evaluations, whole.best_evaluation); /* good enough already */
    blocks_free();
}

static void test_refusals(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const char *reason;
    amlz_search_config c;
#define REFUSED(member, value, word)                                           \
    do {                                                                       \
        c = config_of(1);                                                      \
        c.member = (value);                                                    \
        CHECK(amlz_search_size(&c, D, &reason) == 0);                          \
        CHECK(reason != NULL && strstr(reason, word) != NULL);                 \
        CHECK(amlz_search_init(block_new(8), 8, &c, tasks, NULL, NULL) == NULL); \
    } while (0)
    REFUSED(struct_size, 3, "struct_size");
    REFUSED(algorithm, 2, "algorithm");
    REFUSED(start, 3, "start");
    REFUSED(combine, 2, "combine");
    REFUSED(precision, 2, "precision");
    REFUSED(variant, AMLZ_VARIANT_COUNT, "variant");
    REFUSED(population_size, 0, "population_size");
    REFUSED(tournament_size, 0, "tournament_size");
    REFUSED(mutate_prob, 1.5, "mutate_prob");
    REFUSED(mutation_weight[0], -1, "mutations");
    REFUSED(fec_train, 0, "fec_train");
    REFUSED(max_cost, -1, "max_cost");
    REFUSED(space.dims.n_scalars, 1, "n_scalars");
    REFUSED(space.function[1].max_size, AMLZ_CAPACITY + 1, "max_size");
    c = config_of(1);
    const size_t size = amlz_search_size(&c, D, &reason);
    CHECK(size > 0 && reason == NULL);
    CHECK(amlz_search_init(block_new(size - 1), size - 1, &c, tasks, NULL, &reason) == NULL);
    CHECK(strstr(reason, "amlz_search_size") != NULL);
    c.fec_train = 21; /* the tasks have 20 */
    CHECK(amlz_search_init(block_new(size), size, &c, tasks, NULL, &reason) == NULL && strstr(reason, "fec_train") != NULL);
    c = config_of(1);
    c.precision = AMLZ_FLOAT64;
    CHECK(amlz_search_init(block_new(2 * size), 2 * size, &c, tasks, NULL, &reason) == NULL &&
          strstr(reason, "precision") != NULL);
    c = config_of(1);
    c.start = AMLZ_START_PROGRAM;
    CHECK(amlz_search_init(block_new(size), size, &c, tasks, NULL, &reason) == NULL && strstr(reason, "start_program") != NULL);
    CHECK_EQ_INT(amlz_search_run(NULL, 1, 2, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

int main(void)
{
    test_golden_digests();
    test_repeats();
    test_ages();
    test_selection();
    test_fitness_and_counts();
    test_starts();
    test_stops();
    test_refusals();
    return check_report("search");
}
