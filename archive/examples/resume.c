/* A search that can be stopped at any time, even by a power cut, and goes on where it was.
 *
 *     resume FILE [EVALUATIONS]          default: 200000
 *
 * Starts a search if there is no such file, else goes on with the one that was saved there, until so many programs were
 * evaluated; saves it every few thousand. Prints a digest of the search at the end: the same, however often the program
 * was killed and started again in between.
 *
 *     cc -std=c99 resume.c -lamlz_archive -lamlz
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amlz.h"
#include "amlz_archive.h"

enum { N_TASKS = 8, N_FEATURES = 4, N_TRAIN = 50, N_VALID = 20, N_EXAMPLES = N_TRAIN + N_VALID };
enum { EVALUATIONS_PER_SAVE = 5000 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "resume: %s: %s\n", what, why);
    exit(1);
}

static void *allocate(size_t size, const char *what, const char *reason)
{
    void *memory = size > 0 ? malloc(size) : NULL;

    if (memory == NULL) {
        fail(what, size > 0 ? "there is not enough memory" : reason);
    }
    return memory;
}

/* Linear regression, with weights of its own in each task. The tasks must be the same whenever the program is started:
 * the archive has a digest of them, and a search with other ones is not resumed. */
static amlz_tasks *make_tasks(void **memory)
{
    const uint64_t seed = 1;
    amlz_tasks_config config;
    amlz_tasks *tasks;
    const char *reason = NULL;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.n_tasks = N_TASKS;
    config.n_features = N_FEATURES;
    config.n_train = N_TRAIN;
    config.n_valid = N_VALID;
    *memory = allocate(amlz_tasks_size(&config, &reason), "tasks", reason);
    tasks = amlz_tasks_init(*memory, amlz_tasks_size(&config, NULL), &config, NULL);

    for (uint32_t task = 0; task < N_TASKS; task++) {
        double w[N_FEATURES], x[N_EXAMPLES][N_FEATURES], y[N_EXAMPLES] = {0.0};

        amlz_fill_gaussian(seed, 2 * (uint64_t)task, w, N_FEATURES);
        amlz_fill_gaussian(seed, 2 * (uint64_t)task + 1, x[0], (size_t)N_EXAMPLES * N_FEATURES);
        for (int i = 0; i < N_EXAMPLES * N_FEATURES; i++) {
            y[i / N_FEATURES] += w[i % N_FEATURES] * x[i / N_FEATURES][i % N_FEATURES];
        }
        if (amlz_tasks_set_f64(tasks, task, x[0], y, x[N_TRAIN], y + N_TRAIN) != AMLZ_OK) {
            fail("tasks", "there is a number that is none");
        }
    }
    return tasks;
}

/* All ops, in programs that are empty at first. */
static amlz_search *make_search(const amlz_tasks *tasks, void **memory)
{
    amlz_search_config config = {.struct_size = sizeof config};
    const char *reason = NULL;

    amlz_search_defaults(&config);
    config.start = AMLZ_START_EMPTY;
    config.seed = 1;
    config.space.dims.n_features = N_FEATURES;
    config.space.dims.n_scalars = 5;
    config.space.dims.n_vectors = 3;
    config.space.dims.n_matrices = 1;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        config.space.function[f].max_size = 12;
        config.space.function[f].n_ops = (uint16_t)amlz_op_count();
        for (int op = 0; op < amlz_op_count(); op++) {
            config.space.function[f].ops[op] = (uint8_t)op;
        }
    }
    *memory = allocate(amlz_search_size(&config, N_TASKS, &reason), "search", reason);
    return amlz_search_init(*memory, amlz_search_size(&config, N_TASKS, NULL), &config, tasks, NULL, NULL);
}

/* Brings a new search to where the file has it; leaves it new if there is no file. */
static void load(amlz_search *search, const char *path)
{
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error;
    const size_t size = amlz_archive_reader_size();
    void *memory = allocate(size, "reader", NULL);
    amlz_archive_reader *reader = amlz_archive_reader_init(memory, size, NULL);
    amlz_status status = amlz_archive_open_file(path, &file, &input, &error);

    if (status != AMLZ_OK && error.system_error == ENOENT) {
        free(memory);
        return;
    }
    if (status != AMLZ_OK) {
        fail("opening", error.message);
    }
    status = amlz_archive_open(reader, input, NULL, &error);
    if (status == AMLZ_OK) {
        status = amlz_archive_read_search(reader, search, NULL, &error);
    }
    if (amlz_archive_close_file(&file, &error) != AMLZ_OK || status != AMLZ_OK) {
        fail(path, error.message);
    }
    free(memory);
}

/* Whatever happens, the path has the former archive or the new one, whole. */
static void save(const amlz_search *search, const char *path)
{
    amlz_archive_content content;
    amlz_archive_error error;

    memset(&content, 0, sizeof content);
    content.kind = AMLZ_ARCHIVE_CHECKPOINT;
    content.search = search;
    if (amlz_archive_save_file(path, &content, &error) != AMLZ_OK) {
        fail("saving", error.message);
    }
}

int main(int argc, char **argv)
{
    const double never = 2.0; /* to stop for a fitness */
    const uint64_t budget = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
    void *tasks_memory, *search_memory;
    amlz_tasks *tasks = make_tasks(&tasks_memory);
    amlz_search *search = make_search(tasks, &search_memory);
    amlz_progress progress = {.struct_size = sizeof progress};

    if (argc < 2 || argc > 3 || budget == 0) {
        fail("arguments", "FILE [EVALUATIONS]");
    }
    load(search, argv[1]);
    amlz_search_progress(search, &progress);
    printf("%9" PRIu64 " evaluations were done already\n", progress.evaluations);

    while (progress.evaluations < budget) {
        const uint64_t left = budget - progress.evaluations;

        (void)amlz_search_run(search, left < EVALUATIONS_PER_SAVE ? left : EVALUATIONS_PER_SAVE, never, &progress);
        save(search, argv[1]);
        printf("%9" PRIu64 " evaluations, best fitness %.6f\n", progress.evaluations, progress.best_fitness);
    }
    printf("digest %016" PRIx64 "\n", amlz_search_digest(search));

    free(search_memory);
    free(tasks_memory);
    return 0;
}
