/* A learner on a microcontroller: no heap, no operating system, one block of memory that is there from the start.
 *
 * The program is linear regression by stochastic gradient descent, a classic that AutoML-Zero finds by itself. Examples
 * (x, y) with y = w . x come in one by one; the learner predicts each y, is told the right one and becomes better. It
 * is never told w.
 *
 *     cc -std=c99 embed.c -lamlz
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "amlz.h"

enum { N_FEATURES = 8, N_ROUNDS = 8, EXAMPLES_PER_ROUND = 50 };

static const char program_text[] =
    "def Setup():\n"
    "  s2 = 0.02\n"           /* the learning rate */
    "def Predict():\n"
    "  s1 = dot(v0, v1)\n"    /* prediction: features times weights */
    "def Learn():\n"
    "  s3 = s0 - s1\n"        /* error: label minus prediction */
    "  s3 = s3 * s2\n"
    "  v2 = s3 * v0\n"
    "  v1 = v1 + v2\n";       /* a step down the gradient */

/* amlz_learner_size tells how much a learner needs; a device reserves that much once and for all. */
static unsigned char memory[32 * 1024];
static amlz_program program;

int main(void)
{
    amlz_learner_config config;
    amlz_learner *learner;
    amlz_error error;
    const char *reason;
    double weights[N_FEATURES];
    double first_round = 0.0, last_round = 0.0;
    uint64_t stream = 0;

    if (amlz_program_parse(program_text, sizeof program_text - 1, N_FEATURES, &program, &error) != AMLZ_OK) {
        printf("line %u: %s\n", (unsigned)error.line, error.message);
        return 1;
    }

    /* Addresses that the program uses: s0 to s3, v0 to v2 and no matrix. Members that are zero take the default. */
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims.n_features = N_FEATURES;
    config.dims.n_scalars = 4;
    config.dims.n_vectors = 3;
    config.dims.label = AMLZ_REGRESSION;
    config.precision = AMLZ_FLOAT32;

    learner = amlz_learner_init(memory, sizeof memory, &config, &program, &reason);
    if (learner == NULL) {
        printf("%s\n", reason);
        return 1;
    }
    printf("the learner takes %lu bytes\n", (unsigned long)amlz_learner_size(&config, NULL));

    /* The world that it shall learn; on a device, a sensor. */
    amlz_fill_gaussian(1, stream++, weights, N_FEATURES);

    for (int round = 0; round < N_ROUNDS; round++) {
        double sum = 0.0;

        for (int i = 0; i < EXAMPLES_PER_ROUND; i++) {
            double x[N_FEATURES];
            float features[N_FEATURES], prediction;
            double y = 0.0, miss;

            amlz_fill_gaussian(1, stream++, x, N_FEATURES);
            for (int j = 0; j < N_FEATURES; j++) {
                features[j] = (float)x[j];
                y += weights[j] * x[j];
            }
            if (amlz_learner_learn_f32(learner, features, (float)y, &prediction) != AMLZ_OK) {
                printf("the learner refused an example\n");
                return 1;
            }
            miss = y - (double)prediction;
            sum += miss * miss;
        }
        last_round = sum / EXAMPLES_PER_ROUND;
        if (round == 0) {
            first_round = last_round;
        }
        printf("examples %3d to %3d: mean squared error %.6f\n", round * EXAMPLES_PER_ROUND + 1,
               (round + 1) * EXAMPLES_PER_ROUND, last_round);
    }
    return last_round < 0.001 * first_round ? 0 : 1;
}
