/* What functions do with NULL is part of their contract: nothing worse than an error. */
#include "search_fixtures.h"

static void test_numbers_and_programs(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 2, 3, 2, 0);
    const amlz_space space = space_of(&dims, 0, 4, 2);
    const double weights[AMLZ_MUTATION_COUNT] = {1};
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    amlz_program program = program_of("def Predict():\n s1 = norm(v0)\n", 2);
    const amlz_program before = program;
    uint64_t seed = 1;
    size_t length;
    char text[8];

    amlz_fill_gaussian(1, 2, NULL, 3);
    amlz_fill_uniform(1, 2, NULL, 3);
    CHECK_EQ_INT(amlz_dims_check(NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_space_check(NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_check(NULL, &dims, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_check(&program, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_equal(NULL, &program), 0);
    CHECK_EQ_INT(amlz_program_equal(&program, NULL), 0);
    CHECK_EQ_INT(amlz_program_equal(NULL, NULL), 0);
    CHECK_EQ_U64(amlz_program_hash(NULL), 0);
    CHECK(amlz_program_cost(NULL, 3) == 0);
    CHECK_EQ_INT(amlz_program_print(NULL, text, sizeof text, &length), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_parse(NULL, 1, 2, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_parse("", 0, 2, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_pack(NULL, text, sizeof text, &length), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_unpack(NULL, 1, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_unpack("\0\0\0\0\0\0", 6, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_live(NULL, &dims, live), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_live(&program, NULL, live), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_live(&program, &dims, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_simplify(NULL, &dims, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_simplify(&program, &dims, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_can_learn(NULL, &dims), 0);
    CHECK_EQ_INT(amlz_program_can_learn(&program, NULL), 0);
    CHECK_EQ_U64(amlz_program_key(NULL, &dims), 0);
    CHECK_EQ_U64(amlz_program_key(&program, NULL), 0);
    CHECK_EQ_INT(amlz_program_random(NULL, 1, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_random(&space, 1, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_mutate(NULL, weights, &seed, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_mutate(&space, NULL, &seed, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_mutate(&space, weights, NULL, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_mutate(&space, weights, &seed, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_program_equal(&program, &before));
}

static void test_tasks_evaluators_learners(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 2, 3, 2, 0);
    const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT64, 1, 2, 1, 1);
    const amlz_program program = program_of("def Predict():\n s1 = norm(v0)\n", 2);
    const task_set set = task_set_new(&config, 1);
    amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT64, AMLZ_VARIANT_AUTO, AMLZ_MEAN, 1);
    amlz_evaluation result = {.struct_size = sizeof result};
    const char *reason = NULL;
    double x[2] = {1, 2}, out = 0;
    uint64_t runs[AMLZ_FUNCTION_COUNT];
    unsigned char memory[64];

    CHECK(amlz_tasks_size(NULL, &reason) == 0 && reason != NULL);
    CHECK(amlz_tasks_init(memory, sizeof memory, NULL, NULL) == NULL);
    CHECK(amlz_tasks_init(NULL, 1 << 20, &config, NULL) == NULL);
    CHECK_EQ_INT(amlz_tasks_set_f64(NULL, 0, x, x, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f64(set.tasks, 0, NULL, x, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_tasks_value(NULL, 0, 0, 0, 0) != amlz_tasks_value(NULL, 0, 0, 0, 0)); /* NaN */
    CHECK_EQ_U64(amlz_tasks_digest(NULL), 0);
    CHECK(amlz_evaluator_size(NULL, NULL) == 0);
    CHECK(amlz_evaluator_init(memory, sizeof memory, NULL, NULL) == NULL);
    CHECK_EQ_INT(amlz_evaluator_variant(NULL), AMLZ_VARIANT_AUTO);
    CHECK_EQ_INT(amlz_evaluate(NULL, set.tasks, &program, 1, &result, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_evaluate(evaluator, NULL, &program, 1, &result, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_evaluate(evaluator, set.tasks, NULL, 1, &result, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_evaluate(evaluator, set.tasks, &program, 1, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_probe(NULL, set.tasks, &program, 1, 1, 1, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_probe(evaluator, set.tasks, &program, 1, 1, 1, NULL, x), AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_learner_size(NULL, NULL) == 0);
    CHECK(amlz_learner_init(memory, sizeof memory, NULL, &program, NULL) == NULL);
    amlz_learner_reset(NULL);
    CHECK_EQ_INT(amlz_learner_predict_f64(NULL, x, &out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_learn_f64(NULL, x, 1, &out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_get(NULL, AMLZ_SCALAR, 0, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_set(NULL, AMLZ_SCALAR, 0, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_run(NULL, AMLZ_SETUP), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_get_runs(NULL, runs), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_set_runs(NULL, runs), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

static void test_searches(void)
{
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_progress progress = {.struct_size = sizeof progress};
    amlz_member member = {0};
    amlz_program program = program_of("", 2);
    amlz_state state = {.struct_size = sizeof state};
    const char *reason = NULL;
    uint64_t ticket;
    double fitness;
    unsigned char memory[64];

    amlz_search_defaults(NULL);
    CHECK_EQ_INT(amlz_search_check(NULL, NULL, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_search_size(NULL, 1, &reason) == 0 && reason != NULL);
    amlz_search_defaults(&config);
    CHECK(amlz_search_init(memory, sizeof memory, &config, NULL, NULL, &reason) == NULL && reason != NULL);
    CHECK_EQ_INT(amlz_search_run(NULL, 1, 2, &progress), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_take(NULL, &program, 1, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_ask(NULL, &program, &ticket, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_tell(NULL, 1, 0.5, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_lend(NULL, NULL, 0, 1, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_progress(NULL, &progress), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_best(NULL, &program, &fitness), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_member(NULL, 0, &program, &fitness), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_U64(amlz_search_digest(NULL), 0);
    amlz_search_measure(NULL, NULL, NULL);
    CHECK_EQ_INT(amlz_search_made_of(NULL, &config, NULL, NULL, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_state(NULL, AMLZ_NOW, &state), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_U64(amlz_search_count(NULL, AMLZ_NOW, AMLZ_POPULATION), 0);
    CHECK_EQ_INT(amlz_search_item(NULL, AMLZ_NOW, AMLZ_BEST, 0, &program, &member), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_put(NULL, AMLZ_BEST, &program, &member, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_resume(NULL, &state, &reason), AMLZ_ERROR_ARGUMENT);
}

int main(void)
{
    test_numbers_and_programs();
    test_tasks_evaluators_learners();
    test_searches();
    CHECK_MAIN_END("null")
