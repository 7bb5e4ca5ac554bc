/* What threads may share: a task set, programs and a learner that none of them changes. */
#include <pthread.h>

#include "search_fixtures.h"

enum { THREADS = 4, EVALUATIONS = 400, ROWS = 200 };

/* ---------------------------------------------------------------- islands: searches over the same tasks */

typedef struct island {
    pthread_t thread;
    amlz_search_config config;
    amlz_search *search;
    amlz_evaluator *evaluator;
    const amlz_tasks *tasks;
    const amlz_program *program;
    double fitness;
} island;

static void *search_alone(void *argument)
{
    island *i = argument;
    amlz_evaluation result = {.struct_size = sizeof result};
    amlz_search_run(i->search, EVALUATIONS / 2, 2, NULL);
    amlz_search_take(i->search, i->program, 1, NULL);
    amlz_search_run(i->search, EVALUATIONS / 2, 2, NULL);
    amlz_evaluate(i->evaluator, i->tasks, i->program, 3, &result, NULL);
    i->fitness = result.fitness;
    return NULL;
}

static void test_islands(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_program program = program_of("def Predict():\n s1 = dot(v0, v1)\ndef Learn():\n v1 = v0 + v1\n", F);
    static island islands[2][THREADS]; /* in threads, and one after the other */
    for (int n = 0; n < 2 * THREADS; n++) {
        island *i = &islands[n / THREADS][n % THREADS];
        i->config = config_of((uint64_t)(n % THREADS));
        i->search = search_new(&i->config, tasks, NULL);
        i->evaluator = evaluator_new(&i->config.space.dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
        i->tasks = tasks;
        i->program = &program;
    }
    for (int t = 0; t < THREADS; t++) {
        CHECK(pthread_create(&islands[0][t].thread, NULL, search_alone, &islands[0][t]) == 0);
    }
    for (int t = 0; t < THREADS; t++) {
        search_alone(&islands[1][t]);
        CHECK(pthread_join(islands[0][t].thread, NULL) == 0);
        CHECK_EQ_U64(amlz_search_digest(islands[0][t].search), amlz_search_digest(islands[1][t].search));
        CHECK_EQ_F64BITS(islands[0][t].fitness, islands[1][t].fitness);
    }
    blocks_free();
}

/* ---------------------------------------------------------------- one learner that predicts in many threads */

typedef struct reader {
    pthread_t thread;
    const amlz_learner *learner;
    const float *rows;
    float predictions[ROWS];
    void *scratch;
    size_t scratch_size;
} reader;

static void *predict(void *argument)
{
    reader *r = argument;
    for (int again = 0; again < 20; again++) {
        amlz_learner_predict_many_f32(r->learner, AMLZ_ROWS_ALONE, r->rows, F, ROWS, r->predictions, r->scratch,
                                      r->scratch_size);
    }
    return NULL;
}

static void test_a_learner(void)
{
    const amlz_program program = program_of("def Predict():\n s2 = s2 + s3\n s1 = dot(v0, v1)\n s1 = s1 + s2\n"
                                            "def Learn():\n s3 = 0.5\n v1 = v0 + v1\n", F);
    amlz_learner_config config = {.struct_size = sizeof config, .dims = search_dims()};
    const size_t size = amlz_learner_size(&config, NULL);
    amlz_learner *learner = amlz_learner_init(block_new(size), size, &config, &program, NULL);
    static reader readers[THREADS + 1];
    float rows[ROWS * F];
    uint64_t state = 4;
    for (int i = 0; i < ROWS * F; i++) {
        rows[i] = (float)draw_real(&state);
    }
    CHECK_EQ_INT(amlz_learner_learn_f32(learner, rows, 1, NULL), AMLZ_OK);
    for (int t = 0; t <= THREADS; t++) {
        readers[t].learner = learner;
        readers[t].rows = rows;
        readers[t].scratch_size = amlz_learner_scratch_size(learner);
        readers[t].scratch = block_new(readers[t].scratch_size);
    }
    for (int t = 0; t < THREADS; t++) {
        CHECK(pthread_create(&readers[t].thread, NULL, predict, &readers[t]) == 0);
    }
    predict(&readers[THREADS]);
    for (int t = 0; t < THREADS; t++) {
        CHECK(pthread_join(readers[t].thread, NULL) == 0);
        CHECK(memcmp(readers[t].predictions, readers[THREADS].predictions, sizeof readers[t].predictions) == 0);
    }
    CHECK(readers[0].predictions[0] != readers[0].predictions[1]);
    blocks_free();
}

int main(void)
{
    test_islands();
    test_a_learner();
    CHECK_MAIN_END("threads")
