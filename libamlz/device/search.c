/* A search: a population of 20 on two tasks. */
#include "amlz.h"
#include "board.h"
#include "stream.h"

enum { N_TASKS = 2, N_FEATURES = 4, N_TRAIN = 20, N_VALID = 10, N_EXAMPLES = N_TRAIN + N_VALID };
enum { POPULATION = 20, TOURNAMENT = 5, EVALUATIONS = 400, CACHE = 64, MOST_INSTRUCTIONS = 8 };

static unsigned char tasks_memory[TASKS_BYTES], memory[MEMORY_BYTES];

/* Every op, in functions of up to 8 instructions. */
static amlz_search_config config_of(void)
{
    static const amlz_dims dims = {N_FEATURES, 5, 4, 1, AMLZ_REGRESSION, 0};
    amlz_search_config config;
    config.struct_size = sizeof config;
    amlz_search_defaults(&config);
    config.space.dims = dims;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz_function_space *function = &config.space.function[f];
        function->min_size = 1;
        function->max_size = MOST_INSTRUCTIONS;
        function->init_size = MOST_INSTRUCTIONS / 2;
        function->n_ops = (uint16_t)amlz_op_count();
        for (int op = 0; op < amlz_op_count(); op++) {
            function->ops[op] = (uint8_t)op;
        }
    }
    config.seed = 1;
    config.precision = AMLZ_FLOAT32;
    config.population_size = POPULATION;
    config.tournament_size = TOURNAMENT;
    config.cache_size = config.fec_size = CACHE;
    config.fec_train = config.fec_valid = N_VALID;
    config.history_size = 8;
    return config;
}

static amlz_tasks *make_tasks(void)
{
    static float x[N_EXAMPLES * N_FEATURES], y[N_EXAMPLES];
    static const amlz_tasks_config config = {
        sizeof config, N_TASKS, N_FEATURES, N_TRAIN, N_VALID, 1, AMLZ_REGRESSION, 0, AMLZ_FLOAT32, 0};
    stream s = {1, 0};
    amlz_tasks *tasks = amlz_tasks_init(tasks_memory, sizeof tasks_memory, &config, NULL);
    for (uint32_t task = 0; task < N_TASKS && tasks != NULL; task++) {
        for (int i = 0; i < N_EXAMPLES; i++) {
            y[i] = stream_example(&s, x + i * N_FEATURES, N_FEATURES);
        }
        if (amlz_tasks_set_f32(tasks, task, x, y, x + N_TRAIN * N_FEATURES, y + N_TRAIN) != AMLZ_OK) {
            return NULL;
        }
    }
    return tasks;
}

uint64_t run(void)
{
    const amlz_search_config config = config_of();
    amlz_tasks *tasks = make_tasks();
    amlz_search *search = tasks == NULL ? NULL : amlz_search_init(memory, sizeof memory, &config, tasks, NULL, NULL);
    return search == NULL || amlz_search_run(search, EVALUATIONS, 2, NULL) != AMLZ_OK ? 0 : amlz_search_digest(search);
}
