/* The parts of the profile `valid`, each alone: structures, tunings, steady state, fresh programs, restarts, constants, and
 * programs that are grown. */
#include "search_fixtures.h"

static uint64_t structure_of(const amlz_program *program)
{
    const amlz_dims dims = search_dims();
    amlz_program bare = *program;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (int i = 0; i < bare.size[f]; i++) {
            for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                bare.code[f][i].constant[c] = 0;
            }
        }
    }
    return amlz_program_key(&bare, &dims);
}

/* Pairs of members with the same structure. */
static int count_pairs(const amlz_search *search)
{
    enum { MOST = 400 };
    uint64_t keys[MOST];
    const uint32_t n = amlz_search_count(search, AMLZ_NOW, AMLZ_POPULATION);
    int pairs = 0;
    for (uint32_t i = 0; i < n; i++) {
        amlz_program program;
        amlz_search_member(search, i, &program, NULL);
        keys[i] = structure_of(&program);
        for (uint32_t k = 0; k < i; k++) {
            pairs += keys[k] == keys[i];
        }
    }
    return pairs;
}

static amlz_progress progress_of(const amlz_search *search)
{
    amlz_progress p = {.struct_size = sizeof p};
    amlz_search_progress(search, &p);
    return p;
}

/* Of a few ops, so that many programs can learn. */
static void set_few_ops(amlz_search_config *config)
{
    static const char *const names[] = {"scalar_constant", "dot_product", "scalar_difference", "scalar_product",
                                        "scalar_vector_product", "vector_sum"};
    uint8_t ops[AMLZ_MAX_OPS];
    size_t n = 0;
    for (int op = 0; op < amlz_op_count(); op++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (amlz_op(op) != NULL && strcmp(amlz_op(op)->name, names[i]) == 0) {
                ops[n++] = (uint8_t)op;
            }
        }
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        set_ops(&config->space.function[f], ops, n);
    }
}

/* Small programs, of which there are few: some structure comes again and again, but not where it is remembered. */
static void test_structures_are_new(void)
{
    amlz_search_config config = config_of(3);
    set_few_ops(&config);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        config.space.function[f].min_size = 0;
        config.space.function[f].init_size = 3;
    }
    config.population_size = 150;
    config.must_learn = 1;
    config.redraws = 100000;
    config.redraw_rejected = 1;
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(search, 150, 2, NULL);
    CHECK(count_pairs(search) > 0);
    CHECK_EQ_U64(progress_of(search).rejected, 0); /* each could learn */
    CHECK(progress_of(search).duplicates > 0);

    config.structures_size = 150;
    search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(search, 150, 2, NULL);
    CHECK_EQ_INT(count_pairs(search), 0);
    config.structures_size = 20; /* too few */
    search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(search, 150, 2, NULL);
    CHECK(count_pairs(search) > 0);

    config.redraw_rejected = 0;
    search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(search, 150, 2, NULL);
    CHECK(progress_of(search).rejected > 0);
    blocks_free();
}

/* A tuned member has the fitness of the very program that it is, which is no worse than without. */
static void test_tunings(void)
{
    amlz_search_config config = config_of(4);
    amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_evaluator_config own = {.struct_size = sizeof own, .dims = search_dims(), .precision = AMLZ_FLOAT32,
                                       .combine = AMLZ_MEAN, .max_tasks = D};
    const size_t size = amlz_evaluator_size(&own, NULL);
    amlz_evaluator *evaluator = amlz_evaluator_init(block_new(size), size, &own, NULL);
    config.population_size = 200;
    config.cache_size = config.fec_size = 0;
    amlz_search *plain = search_new(&config, tasks, NULL);
    config.tunings = 5;
    amlz_search *search = search_new(&config, tasks, NULL);
    amlz_search_run(plain, 200, 2, NULL);
    amlz_search_run(search, 200, 2, NULL);
    uint64_t n_tuned = 0;
    int better = 0;
    for (uint32_t i = 0; i < 200; i++) {
        amlz_program program, before;
        double fitness, own_fitness;
        amlz_evaluation result = {.struct_size = sizeof result};
        amlz_search_member(search, i, &program, &fitness);
        amlz_search_member(plain, i, &before, &own_fitness);
        amlz_evaluate(evaluator, tasks, &program, 0, &result, NULL);
        CHECK_EQ_F64BITS(result.fitness, fitness);
        CHECK_EQ_U64(structure_of(&program), structure_of(&before));
        better += fitness > own_fitness;
        uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
        int has_constants = 0;
        amlz_program_live(&program, &own.dims, live);
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            for (int k = 0; k < program.size[f]; k++) {
                has_constants |= live[f][k] && amlz_op(program.code[f][k].op)->constant[0] != AMLZ_CONSTANT_NONE;
            }
        }
        n_tuned += has_constants ? 4 : 0;
    }
    CHECK(better > 0);
    CHECK_EQ_U64(progress_of(search).tunings, n_tuned);
    CHECK_EQ_U64(progress_of(search).full_evaluations, 200);
    CHECK_EQ_U64(progress_of(plain).tunings, 0);
    blocks_free();
}

static double best_of(const amlz_search *search, double *worst)
{
    double best = -1;
    *worst = 2;
    for (uint32_t i = 0; i < amlz_search_count(search, AMLZ_NOW, AMLZ_POPULATION); i++) {
        double fitness;
        amlz_search_member(search, i, NULL, &fitness);
        best = fitness > best ? fitness : best;
        *worst = fitness < *worst ? fitness : *worst;
    }
    return best;
}

/* In steady state nobody goes but for one that is no worse, so that mean, best and worst never fall; by age they do. */
static void test_steady_state(void)
{
    for (int is_steady = 0; is_steady <= 1; is_steady++) {
        amlz_search_config config = config_of(5);
        config.replace_worst_of = is_steady ? 3 : 0;
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_search_run(search, config.population_size, 2, NULL);
        int falls = 0;
        double worst, mean = progress_of(search).mean_fitness, best = best_of(search, &worst);
        for (int i = 0; i < 300; i++) {
            double worst_now;
            amlz_search_run(search, 1, 2, NULL);
            const double best_now = best_of(search, &worst_now), mean_now = progress_of(search).mean_fitness;
            falls += mean_now < mean - 1e-12 || best_now < best || worst_now < worst;
            mean = mean_now;
            best = best_now;
            worst = worst_now;
        }
        CHECK((falls == 0) == is_steady);
    }
    blocks_free();
}

/* The births of the population that has just been made anew are those of its last P evaluations; and what was best stays. */
static void test_restarts(void)
{
    for (uint32_t worst_of = 0; worst_of <= 3; worst_of += 3) {
        amlz_search_config config = config_of(6);
        config.replace_worst_of = worst_of;
        config.restart_period = 50;
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_search_run(search, 100, 2, NULL);
        CHECK_EQ_U64(progress_of(search).restarts, 1); /* the second one is to begin */
        const double best = progress_of(search).best_fitness;
        amlz_search_run(search, 20, 2, NULL);
        CHECK_EQ_U64(progress_of(search).restarts, 2);
        CHECK(progress_of(search).best_fitness >= best);
        for (uint32_t i = 0; i < 20; i++) {
            amlz_member member;
            amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, i, NULL, &member);
            CHECK(member.birth > 100 && member.parent == 0);
        }
        amlz_search_run(search, 1, 2, NULL); /* and evolution goes on */
        CHECK_EQ_U64(progress_of(search).restarts, 2);
    }
    blocks_free();
}

static void test_fresh_programs(void)
{
    amlz_search_config config = config_of(7);
    config.fresh_prob = 0.25;
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    int fresh = 0;
    amlz_search_run(search, 20, 2, NULL);
    for (int i = 0; i < 400; i++) {
        amlz_member member;
        amlz_search_run(search, 1, 2, NULL);
        amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, 19, NULL, &member);
        fresh += member.parent == 0;
    }
    CHECK(fresh > 60 && fresh < 140); /* 100 and 4.6 deviations */
    blocks_free();
}

/* What is drawn lies in the range, on both sides of 0, and each decade has its share. */
static void test_log_uniform_constants(void)
{
    amlz_search_config config = config_of(8);
    config.population_size = 2000;
    config.constant_low = 0.01;
    config.constant_high = 100;
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(search, 2000, 2, NULL);
    int n = 0, negative = 0, decade[4] = {0};
    for (uint32_t i = 0; i < 2000; i++) {
        amlz_program program;
        amlz_search_member(search, i, &program, NULL);
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            for (int k = 0; k < program.size[f]; k++) {
                if (amlz_op(program.code[f][k].op)->constant[0] == AMLZ_CONSTANT_REAL) {
                    const double x = program.code[f][k].constant[0], size = x < 0 ? -x : x;
                    CHECK(size > 0.00999999 && size < 100.000001);
                    negative += x < 0;
                    decade[size < 0.1 ? 0 : size < 1 ? 1 : size < 10 ? 2 : 3]++;
                    n++;
                }
            }
        }
    }
    CHECK(n > 200);
    CHECK(negative > 0.4 * n && negative < 0.6 * n);
    for (int i = 0; i < 4; i++) {
        CHECK(decade[i] > 0.17 * n && decade[i] < 0.33 * n);
    }
    blocks_free();
}

/* Every line of a grown program is live, but for those that fill a function up; and their sizes fit. */
static void test_grown_programs(void)
{
    for (int has_least = 0; has_least <= 1; has_least++) {
        amlz_search_config config = config_of(9);
        config.population_size = 200;
        config.start = AMLZ_START_GROWN;
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            config.space.function[f].min_size = has_least ? 6 : 0;
        }
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_search_run(search, 200, 2, NULL);
        for (uint32_t i = 0; i < 200; i++) {
            amlz_program program, lean;
            amlz_search_member(search, i, &program, NULL);
            CHECK(program.size[AMLZ_PREDICT] > 0);
            amlz_program_simplify(&program, &config.space.dims, &lean);
            for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
                CHECK(program.size[f] <= config.space.function[f].max_size);
                CHECK(has_least ? program.size[f] >= 6 : program.size[f] == lean.size[f]);
            }
        }
    }
    blocks_free();
}

static void check_refused(amlz_search_config config, const char *wanted)
{
    const char *reason = NULL;
    CHECK(amlz_search_check(&config, NULL, &reason) == AMLZ_ERROR_ARGUMENT);
    CHECK(reason != NULL && strcmp(reason, wanted) == 0);
}

static void test_what_is_refused(void)
{
    amlz_search_config config = valid_config(1);
    CHECK(amlz_search_check(&config, NULL, NULL) == AMLZ_OK);
    config.restart_period = 19;
    check_refused(config, "restart_period must be 0 (never), or population_size or more");
    config = valid_config(1);
    config.fresh_prob = 1.5;
    check_refused(config, "fresh_prob must be from 0 to 1");
    config = valid_config(1);
    config.redraw_rejected = 2;
    check_refused(config, "redraw_rejected must be 0 or 1");
    config = valid_config(1);
    config.constant_low = 2; /* over the default of the other */
    check_refused(config, "constant_low and constant_high must be finite, and 0 or more, the second not below the first");
    config.constant_low = -1;
    check_refused(config, "constant_low and constant_high must be finite, and 0 or more, the second not below the first");
    config = valid_config(1);
    config.start = AMLZ_START_GROWN + 1;
    check_refused(config, "start must be random, empty, a program or grown");
}

int main(void)
{
    test_structures_are_new();
    test_tunings();
    test_steady_state();
    test_restarts();
    test_fresh_programs();
    test_log_uniform_constants();
    test_grown_programs();
    test_what_is_refused();
    return check_report("valid");
}
