/* A search from C: evolves a program that learns linear regression, starting from random programs.
 *
 *     evolve [seed [evaluations]]          default: 1 2000000
 *
 * Prints the progress, the best program, its fitness and a digest of the search: the same seed and evaluations give the
 * same digest on every machine. The exit status is 0 when a good learner was found, 2 when the evaluations were used up
 * before, 1 after an error.
 *
 *     cc -std=c99 evolve.c -lamlz
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amlz.h"

enum { N_TASKS = 10, N_FEATURES = 4, N_TRAIN = 100, N_VALID = 100, N_EXAMPLES = N_TRAIN + N_VALID };
enum { SLICE = 100000 }; /* evaluations between two lines of progress */

static const double good_fitness = 0.999;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "evolve: %s: %s\n", what, why);
    exit(1);
}

static void check(amlz_status status, const char *what)
{
    if (status != AMLZ_OK) {
        fail(what, amlz_status_name((int)status));
    }
}

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) {
        fail("memory", "there is not enough");
    }
    return memory;
}

/* Ops are known by number; names read better. */
static uint8_t op_named(const char *name)
{
    for (int id = 0; id < amlz_op_count(); id++) {
        if (strcmp(amlz_op(id)->name, name) == 0) {
            return (uint8_t)id;
        }
    }
    fail(name, "no such op");
    return 0;
}

/* Tasks: y = w . x, each with weights and features of its own, drawn from normal distributions. Whatever scores well on
 * all of them cannot know any weights by heart: it has to learn. *memory becomes the block that they live in. */
static amlz_tasks *make_tasks(uint64_t seed, void **memory)
{
    amlz_tasks_config config;
    amlz_tasks *tasks;
    const char *reason;
    size_t size;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.n_tasks = N_TASKS;
    config.n_features = N_FEATURES;
    config.n_train = N_TRAIN;
    config.n_valid = N_VALID;
    config.label = AMLZ_REGRESSION;
    config.precision = AMLZ_FLOAT32;

    size = amlz_tasks_size(&config, &reason);
    if (size == 0) {
        fail("tasks", reason);
    }
    *memory = allocate(size);
    tasks = amlz_tasks_init(*memory, size, &config, &reason);
    if (tasks == NULL) {
        fail("tasks", reason);
    }

    for (uint32_t task = 0; task < N_TASKS; task++) {
        double w[N_FEATURES], x[N_EXAMPLES][N_FEATURES], y[N_EXAMPLES];

        amlz_fill_gaussian(seed, 2 * (uint64_t)task, w, N_FEATURES);
        amlz_fill_gaussian(seed, 2 * (uint64_t)task + 1, x[0], (size_t)N_EXAMPLES * N_FEATURES);
        for (int i = 0; i < N_EXAMPLES; i++) {
            y[i] = 0.0;
            for (int j = 0; j < N_FEATURES; j++) {
                y[i] += w[j] * x[i][j];
            }
        }
        check(amlz_tasks_set_f64(tasks, task, x[0], y, x[N_TRAIN], y + N_TRAIN), "a task's data");
    }
    return tasks;
}

/* Programs of a fixed size, made of the six ops that linear regression needs, in any place and any order. */
static void describe_space(amlz_space *space)
{
    static const char *const ops[] = {"scalar_constant", "dot_product",           "scalar_difference",
                                      "scalar_product",  "scalar_vector_product", "vector_sum"};
    static const uint16_t sizes[AMLZ_FUNCTION_COUNT] = {10, 2, 8}; /* of Setup, Predict, Learn */

    memset(space, 0, sizeof *space);
    space->dims.n_features = N_FEATURES;
    space->dims.n_scalars = 4;
    space->dims.n_vectors = 3;
    space->dims.n_matrices = 1;
    space->dims.label = AMLZ_REGRESSION;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz_function_space *function = &space->function[f];

        function->min_size = function->max_size = function->init_size = sizes[f];
        function->n_ops = sizeof ops / sizeof ops[0];
        for (int i = 0; i < function->n_ops; i++) {
            function->ops[i] = op_named(ops[i]);
        }
    }
}

static amlz_search *make_search(const amlz_tasks *tasks, uint64_t seed, void **memory)
{
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_search *search;
    const char *reason;
    size_t size;

    amlz_search_defaults(&config);
    describe_space(&config.space);
    config.seed = seed;
    config.precision = AMLZ_FLOAT32;
    config.population_size = 1000;
    config.tournament_size = 10;
    config.mutate_prob = 0.9;
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        config.mutation_weight[i] = 0.0;
    }
    config.mutation_weight[AMLZ_MUTATE_ALTER_ARGUMENT] = 1.0;
    config.mutation_weight[AMLZ_MUTATE_RANDOMIZE_INSTRUCTION] = 1.0;
    config.mutation_weight[AMLZ_MUTATE_RANDOMIZE_FUNCTION] = 1.0;

    size = amlz_search_size(&config, N_TASKS, &reason);
    if (size == 0) {
        fail("search", reason);
    }
    *memory = allocate(size);
    search = amlz_search_init(*memory, size, &config, tasks, NULL, &reason);
    if (search == NULL) {
        fail("search", reason);
    }
    return search;
}

static void print_best(const amlz_search *search)
{
    amlz_program program;
    double fitness;
    size_t size = amlz_program_text_size();
    char *text = allocate(size);

    check(amlz_search_best(search, &program, &fitness), "the best program");
    check(amlz_program_print(&program, text, size, NULL), "its text");
    printf("\n%s\nfitness %.6f\n", text, fitness);
    free(text);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0') {
        fail(text, "not a number");
    }
    return value;
}

int main(int argc, char **argv)
{
    const uint64_t seed = argc > 1 ? number(argv[1]) : 1;
    const uint64_t budget = argc > 2 ? number(argv[2]) : 2000000;
    void *tasks_memory, *search_memory; /* what malloc gave and free takes: the objects start where they are aligned */
    amlz_tasks *tasks = make_tasks(seed, &tasks_memory);
    amlz_search *search = make_search(tasks, seed, &search_memory);
    amlz_progress progress = {.struct_size = sizeof progress};

    /* In slices, so that there is something to see: running n and then m is the same as running n + m. */
    amlz_search_progress(search, &progress);
    while (progress.evaluations < budget && progress.best_fitness < good_fitness) {
        const uint64_t left = budget - progress.evaluations;

        check(amlz_search_run(search, left < SLICE ? left : SLICE, good_fitness, &progress), "the search");
        printf("%9" PRIu64 " evaluations, best fitness %.6f\n", progress.evaluations, progress.best_fitness);
    }
    if (progress.evaluations == 0) {
        fail("evaluations", "at least one is needed");
    }

    print_best(search);
    printf("digest %016" PRIx64 "\n", amlz_search_digest(search));

    free(search_memory);
    free(tasks_memory);
    return progress.best_fitness >= good_fitness ? 0 : 2;
}
