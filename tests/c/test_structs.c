/* What zeros in configurations stand for, and structs of callers that were compiled with an older header. */
#include "search_fixtures.h"

/* ---------------------------------------------------------------- zeros */

/* Nothing but a struct_size, what must be given, and what 0 would say of its own. */
static amlz_search_config bare_config(void)
{
    const amlz_search_config whole = config_of(5);
    amlz_search_config config = {.struct_size = sizeof config};
    config.space = whole.space;
    config.seed = whole.seed;
    return config;
}

static void check_members(const amlz_search_config *a, const amlz_search_config *b)
{
    CHECK_EQ_INT(a->population_size, b->population_size);
    CHECK_EQ_INT(a->tournament_size, b->tournament_size);
    CHECK(a->mutate_prob == b->mutate_prob);
    CHECK(memcmp(a->mutation_weight, b->mutation_weight, sizeof a->mutation_weight) == 0);
    CHECK_EQ_INT(a->cache_period, b->cache_period);
    CHECK_EQ_U64(a->cache_work, b->cache_work);
    CHECK_EQ_INT(a->cache_size, b->cache_size);
    CHECK_EQ_INT(a->fec_size, b->fec_size);
    CHECK_EQ_INT(a->history_size, b->history_size);
}

static void check_same(const amlz_search_config *config, const amlz_search_config *other, const amlz_tasks *tasks)
{
    CHECK_EQ_U64(digest_of(config, tasks, 700), digest_of(other, tasks, 700));
}

static void test_a_search_of_zeros(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search_config said = bare_config(), made = {.struct_size = sizeof made};
    const amlz_search_config bare = bare_config();
    amlz_progress progress = {.struct_size = sizeof progress};
    amlz_search *search = search_new(&bare, tasks, NULL);
    CHECK_EQ_INT(amlz_search_run(search, 700, 2, &progress), AMLZ_OK);
    CHECK_EQ_U64(progress.evaluations, 700);
    CHECK(progress.best_fitness > 0);

    said.population_size = 100;
    said.tournament_size = 10;
    said.mutate_prob = 0.9;
    said.mutation_weight[AMLZ_MUTATE_INSERT] = 1.0 / 9;
    said.mutation_weight[AMLZ_MUTATE_REMOVE] = 2.0 / 9;
    said.mutation_weight[AMLZ_MUTATE_RANDOMIZE_FUNCTION] = 1.0 / 3;
    said.mutation_weight[AMLZ_MUTATE_ALTER_ARGUMENT] = 1.0 / 3;
    said.cache_period = 100000;
    said.cache_work = UINT64_C(200000000000);
    check_same(&bare, &said, tasks);
    CHECK_EQ_INT(amlz_search_made_of(search, &made, NULL, NULL, NULL), AMLZ_OK);
    check_members(&made, &said);
    blocks_free();
}

/* Members that other members ask for. */
static void test_zeros_of_fingerprints_and_hurdles(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32); /* 20 and 10 examples */
    const amlz_dims dims = search_dims();
    const amlz_tasks_config few = tasks_config_of(&dims, AMLZ_FLOAT32, D, 6, 12, 1);
    amlz_search_config config = bare_config(), said, made = {.struct_size = sizeof made};
    config.fec_size = 50;
    said = config;
    said.fec_train = said.fec_valid = 10;
    check_same(&config, &said, tasks);

    config.n_hurdles = 1;
    config.hurdle[0].n_train = 4;
    config.hurdle[0].n_valid = 2;
    said = config;
    said.hurdle_percentile = 0.75;
    said.hurdle_window = 100;
    check_same(&config, &said, tasks);

    amlz_search_made_of(search_new(&config, task_set_new(&few, 7).tasks, NULL), &made, NULL, NULL, NULL);
    CHECK_EQ_INT(made.fec_train, 6); /* all that the tasks have */
    CHECK_EQ_INT(made.fec_valid, 10);
    config.fec_size = config.n_hurdles = 0;
    config.hurdle[0] = (amlz_hurdle){0, 0};
    amlz_search_made_of(search_new(&config, tasks, NULL), &made, NULL, NULL, NULL);
    CHECK(made.fec_train == 0 && made.fec_valid == 0 && made.hurdle_percentile == 0 && made.hurdle_window == 0);
    blocks_free();
}

/* These zeros are values: copies only, one weight among others, no cache, no history. */
static void test_zeros_that_say_something(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search_config config = config_of(5), made = {.struct_size = sizeof made};
    config.mutate_prob = 0;
    config.mutation_weight[AMLZ_MUTATE_REMOVE] = 0;
    config.cache_size = config.fec_size = config.history_size = 0;
    amlz_search_made_of(search_new(&config, tasks, NULL), &made, NULL, NULL, NULL);
    check_members(&made, &config);
    memset(config.mutation_weight, 0, sizeof config.mutation_weight);
    config.mutate_prob = 0.5; /* no weights, but a probability */
    amlz_search_made_of(search_new(&config, tasks, NULL), &made, NULL, NULL, NULL);
    CHECK(made.mutate_prob == 0.5 && made.mutation_weight[AMLZ_MUTATE_REMOVE] == 2.0 / 9);
    blocks_free();
}

static void test_defaults(void)
{
    amlz_search_config config, zeros = {.struct_size = sizeof zeros};
    memset(&config, 0xff, sizeof config);
    config.struct_size = sizeof config;
    CHECK_EQ_INT(amlz_search_defaults(&config), AMLZ_OK);
    CHECK(memcmp(&config.space, &zeros.space, sizeof config.space) == 0 && config.seed == 0);
    CHECK_EQ_INT(config.population_size, 100);
    CHECK_EQ_INT(config.combine, AMLZ_MEDIAN);
    CHECK_EQ_INT(config.cache_size, 100000);
    CHECK_EQ_INT(config.fec_size, 100000);
    CHECK_EQ_INT(config.history_size, 1000);
    config.struct_size = sizeof config + 1;
    CHECK_EQ_INT(amlz_search_defaults(&config), AMLZ_ERROR_ARGUMENT);
}

/* ---------------------------------------------------------------- structs of older headers */

/* As they could have been before the members that are left out here. */
typedef struct old_search_config {
    size_t struct_size;
    amlz_space space;
    uint64_t seed;
    uint8_t algorithm, start, combine, precision, variant;
    uint32_t population_size, tournament_size;
    double mutate_prob;
    double mutation_weight[AMLZ_MUTATION_COUNT];
} old_search_config;

typedef struct old_tasks_config {
    size_t struct_size;
    uint32_t n_tasks, n_features, n_train, n_valid;
} old_tasks_config;

typedef struct old_learner_config {
    size_t struct_size;
    amlz_dims dims;
} old_learner_config;

/* A copy in a block of its own, beyond which a sanitizer sees every read and write. */
static void *alone(const void *bytes, size_t size)
{
    CHECK(size % sizeof(double) == 0);
    return memcpy(numbers_new(size / sizeof(double)), bytes, size);
}

static void test_older_configurations(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_search_config whole = config_of(5);
    const amlz_dims dims = search_dims();
    old_search_config old = {sizeof old, whole.space, 5, 0, 0, AMLZ_MEAN, 0, 0, 20, 4, 0.9, {0}};
    amlz_search_config same = bare_config();
    same.population_size = 20;
    same.tournament_size = 4;
    memcpy(old.mutation_weight, whole.mutation_weight, sizeof old.mutation_weight);
    memcpy(same.mutation_weight, whole.mutation_weight, sizeof old.mutation_weight);
    same.mutate_prob = 0.9;
    check_same(alone(&old, sizeof old), &same, tasks);
    CHECK_EQ_INT(amlz_search_check(alone(&old, sizeof old), NULL, NULL), AMLZ_OK);

    const old_tasks_config old_tasks = {sizeof old_tasks, D, F, 20, 10};
    amlz_tasks_config these = tasks_config_of(&dims, AMLZ_FLOAT32, D, 20, 10, 1);
    these.order_seed = 0;
    CHECK_EQ_U64(amlz_tasks_size(alone(&old_tasks, sizeof old_tasks), NULL), amlz_tasks_size(&these, NULL));
    CHECK(tasks_new(alone(&old_tasks, sizeof old_tasks)) != NULL);
    CHECK_EQ_INT(amlz_search_check(&same, alone(&old_tasks, sizeof old_tasks), NULL), AMLZ_OK);

    const old_learner_config old_learner = {sizeof old_learner, dims};
    const amlz_learner_config learner = {.struct_size = sizeof learner, .dims = dims};
    CHECK_EQ_U64(amlz_learner_size(alone(&old_learner, sizeof old_learner), NULL), amlz_learner_size(&learner, NULL));
    const size_t size = amlz_learner_size(&learner, NULL);
    const amlz_program program = program_of("def Predict():\n s1 = norm(v0)\n", F);
    CHECK(amlz_learner_init(block_new(size), size, alone(&old_learner, sizeof old_learner), &program, NULL) != NULL);
    blocks_free();
}

static void test_older_outputs(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_search_config config = config_of(5);
    const amlz_search *search = search_new(&config, tasks, NULL);
    old_search_config empty = {.struct_size = sizeof empty};
    old_tasks_config no_tasks = {.struct_size = sizeof no_tasks};
    old_search_config *old = alone(&empty, sizeof empty);
    old_tasks_config *shape = alone(&no_tasks, sizeof no_tasks);
    CHECK_EQ_INT(amlz_search_made_of(search, (void *)old, (void *)shape, NULL, NULL), AMLZ_OK);
    CHECK_EQ_U64(old->struct_size, sizeof *old);
    CHECK_EQ_INT(old->population_size, 20);
    CHECK(old->mutation_weight[AMLZ_MUTATE_REMOVE] == 2.0 / 9);
    CHECK_EQ_U64(shape->struct_size, sizeof *shape);
    CHECK_EQ_INT(shape->n_valid, 10);
    CHECK_EQ_INT(amlz_search_defaults((void *)old), AMLZ_OK);
    CHECK_EQ_INT(old->population_size, 100);
    blocks_free();
}

typedef struct old_progress {
    size_t struct_size;
    uint64_t evaluations, cache_hits, fec_hits, rejected, probes, full_evaluations, train_steps, valid_steps;
    double best_fitness;
} old_progress;

typedef struct old_state {
    size_t struct_size;
    uint64_t rng[4];
    old_progress progress;
} old_state;

typedef struct old_evaluation {
    size_t struct_size;
    double fitness;
} old_evaluation;

static void test_older_numbers(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search_config config = config_of(5);
    amlz_progress progress = {.struct_size = sizeof progress};
    amlz_state state = {.struct_size = sizeof state};
    amlz_evaluation result = {.struct_size = sizeof result};
    const old_progress no_progress = {.struct_size = sizeof no_progress};
    const old_state no_state = {.struct_size = sizeof no_state};
    const old_evaluation no_result = {.struct_size = sizeof no_result};
    old_progress *counts = alone(&no_progress, sizeof no_progress);
    old_state *numbers = alone(&no_state, sizeof no_state);
    old_evaluation *fitness = alone(&no_result, sizeof no_result);
    amlz_search *search = search_new(&config, tasks, NULL);
    CHECK_EQ_INT(amlz_search_run(search, 300, 2, (void *)counts), AMLZ_OK);
    amlz_search_progress(search, &progress);
    CHECK_EQ_U64(counts->struct_size, sizeof *counts);
    CHECK(memcmp(&counts->evaluations, &progress.evaluations, sizeof *counts - sizeof(size_t)) == 0);
    CHECK_EQ_U64(counts->evaluations, 300);

    CHECK_EQ_INT(amlz_search_state(search, AMLZ_AT_MARK, (void *)numbers), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_state(search, AMLZ_AT_MARK, &state), AMLZ_OK);
    CHECK_EQ_U64(numbers->struct_size, sizeof *numbers);
    CHECK_EQ_U64(numbers->progress.struct_size, sizeof numbers->progress);
    CHECK_EQ_U64(state.progress.struct_size, sizeof state.progress);
    CHECK(memcmp(numbers->rng, state.rng, sizeof state.rng) == 0);
    CHECK_EQ_U64(numbers->progress.evaluations, state.progress.evaluations);

    amlz_evaluator *evaluator = evaluator_new(&config.space.dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
    const amlz_program program = program_of("def Predict():\n s1 = norm(v0)\n", F);
    CHECK_EQ_INT(amlz_evaluate(evaluator, tasks, &program, 1, (void *)fitness, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_evaluate(evaluator, tasks, &program, 1, &result, NULL), AMLZ_OK);
    CHECK(fitness->fitness == result.fitness && result.fitness > 0);

    /* refused before anything is done */
    progress.struct_size = 0;
    state.struct_size = sizeof state + 1;
    result.struct_size = 1;
    CHECK_EQ_INT(amlz_search_run(search, 300, 2, &progress), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_progress(search, &progress), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_state(search, AMLZ_NOW, &state), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_evaluate(evaluator, tasks, &program, 1, &result, NULL), AMLZ_ERROR_ARGUMENT);
    amlz_search_progress(search, (void *)counts);
    CHECK_EQ_U64(counts->evaluations, 300);
    blocks_free();
}

/* A search without hurdles resumed from the numbers of an older header. */
static void test_resuming_from_an_older_state(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_search_config config = config_of(5);
    const old_state no_state = {.struct_size = sizeof no_state};
    old_state *numbers = alone(&no_state, sizeof no_state);
    amlz_search *search = search_new(&config, tasks, NULL);
    const char *reason = NULL;
    amlz_search_state(search, AMLZ_NOW, (void *)numbers);
    amlz_search *copy = search_new(&config, tasks, NULL);
    CHECK_EQ_INT(amlz_search_resume(copy, (void *)numbers, &reason), AMLZ_OK);
    amlz_search_run(search, 200, 2, NULL);
    amlz_search_run(copy, 200, 2, NULL);
    CHECK_EQ_U64(amlz_search_digest(copy), amlz_search_digest(search));
    numbers->struct_size = 16;
    CHECK_EQ_INT(amlz_search_resume(search_new(&config, tasks, NULL), (void *)numbers, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strstr(reason, "struct_size") != NULL);
    blocks_free();
}

/* Sizes that no header had. */
static void test_other_sizes(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search_config config = config_of(5), made;
    amlz_tasks_config shape = tasks_config_of(&config.space.dims, AMLZ_FLOAT32, D, 20, 10, 1);
    const amlz_search *search = search_new(&config, tasks, NULL);
    const size_t sizes[] = {0, 8, offsetof(amlz_search_config, seed) - 1, sizeof config + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *reason = NULL;
        config.struct_size = made.struct_size = sizes[i];
        CHECK(amlz_search_size(&config, D, &reason) == 0 && strstr(reason, "search: struct_size") != NULL);
        CHECK_EQ_INT(amlz_search_made_of(search, &made, NULL, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    }
    config = config_of(5);
    shape.struct_size = sizeof shape + 8;
    CHECK_EQ_INT(amlz_search_check(&config, &shape, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_made_of(search, NULL, &shape, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

int main(void)
{
    test_a_search_of_zeros();
    test_zeros_of_fingerprints_and_hurdles();
    test_zeros_that_say_something();
    test_defaults();
    test_older_configurations();
    test_older_outputs();
    test_older_numbers();
    test_resuming_from_an_older_state();
    test_other_sizes();
    CHECK_MAIN_END("structs")
