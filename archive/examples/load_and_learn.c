/* A program out of an archive at work, with no heap: every byte that it needs is there from the start.
 *
 *     load_and_learn FILE
 *
 * The program must be one for regression, with its memory in the archive, as `pyamlz` and libamlz_archive save it.
 * Examples (x, y) with y = w . x come in one by one; it predicts each y, is told the right one, and should get better.
 * The exit status is 0 if it did, 2 if it did not, 1 after an error.
 *
 *     cc -std=c99 load_and_learn.c -lamlz_archive -lamlz
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "amlz.h"
#include "amlz_archive.h"

enum { MAX_FEATURES = 64, N_ROUNDS = 8, EXAMPLES_PER_ROUND = 50 };

static unsigned char memory[64 * 1024];        /* of the learner: amlz_learner_size tells how much one needs */
static unsigned char reader_memory[16 * 1024]; /* of the reader: amlz_archive_reader_size tells */
static amlz_program program;
static amlz_dims dims;

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "load_and_learn: %s: %s\n", what, why);
    return 1;
}

/* 0, or 1 after an error. A device would read from its flash: amlz_archive_from_block. */
static int load(const char *path)
{
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error;
    const char *reason;
    amlz_archive_reader *reader = amlz_archive_reader_init(reader_memory, sizeof reader_memory, &reason);
    const amlz_archive_info *info = amlz_archive_reader_info(reader);
    amlz_status status = amlz_archive_open_file(path, &file, &input, &error);

    if (reader == NULL) {
        return fail("reader", reason);
    }
    if (status != AMLZ_OK) {
        return fail(path, error.message);
    }
    status = amlz_archive_open(reader, input, NULL, &error);
    if (status == AMLZ_OK) {
        status = amlz_archive_read_program(reader, &program, &error);
    }
    if (amlz_archive_close_file(&file, &error) != AMLZ_OK || status != AMLZ_OK) {
        return fail(path, error.message);
    }
    dims = info->dims;
    if (!info->has_dims || dims.label != AMLZ_REGRESSION || dims.n_features > MAX_FEATURES) {
        return fail(path, "this is not a program for regression on up to 64 features");
    }
    return 0;
}

static amlz_learner *make_learner(const char **reason)
{
    amlz_learner_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims = dims;
    config.precision = AMLZ_FLOAT32;
    return amlz_learner_init(memory, sizeof memory, &config, &program, reason);
}

/* Mean squared error of a round, over which the learner learns. */
static double learn_round(amlz_learner *learner, const double *weights, uint64_t *stream)
{
    const uint32_t n_features = dims.n_features;
    double sum = 0.0;

    for (int i = 0; i < EXAMPLES_PER_ROUND; i++) {
        double x[MAX_FEATURES], y = 0.0, miss;
        float features[MAX_FEATURES], prediction = 0.0F;

        amlz_fill_gaussian(1, (*stream)++, x, n_features);
        for (uint32_t j = 0; j < n_features; j++) {
            features[j] = (float)x[j];
            y += weights[j] * x[j];
        }
        (void)amlz_learner_learn_f32(learner, features, (float)y, &prediction); /* any label is one for regression */
        miss = y - (double)prediction;
        sum += miss * miss;
    }
    return sum / EXAMPLES_PER_ROUND;
}

int main(int argc, char **argv)
{
    amlz_learner *learner;
    const char *reason;
    double weights[MAX_FEATURES], first_round = 0.0, last_round = 0.0;
    uint64_t stream = 0;

    if (argc != 2) {
        return fail("arguments", "FILE");
    }
    if (load(argv[1]) != 0) {
        return 1;
    }
    learner = make_learner(&reason);
    if (learner == NULL) {
        return fail("learner", reason);
    }
    amlz_fill_gaussian(1, stream++, weights, dims.n_features); /* the world that it shall learn */

    for (int round = 0; round < N_ROUNDS; round++) {
        last_round = learn_round(learner, weights, &stream);
        if (round == 0) {
            first_round = last_round;
        }
        printf("examples %3d to %3d: mean squared error %.6f\n", round * EXAMPLES_PER_ROUND + 1,
               (round + 1) * EXAMPLES_PER_ROUND, last_round);
    }
    return last_round < 0.1 * first_round ? 0 : 2;
}
