/* A learner and nothing else: the program that the build was tailored to, on examples that are drawn. */
#include "amlz.h"
#include "board.h"
#include "stream.h"

enum { N_EXAMPLES = 200 };

static const amlz_program program = TAILORED_PROGRAM;
static const amlz_learner_config config = {sizeof config, TAILORED_DIMS, TAILORED_PRECISION, AMLZ_VARIANT_AUTO, 0, 0, 0};
static unsigned char memory[MEMORY_BYTES]; /* amlz_learner_size tells, on this machine, how many it must have */

uint64_t run(void)
{
    float features[TAILORED_FEATURES], prediction;
    stream s = {1, 0};
    amlz_learner *learner = amlz_learner_init(memory, sizeof memory, &config, &program, NULL);
    for (int i = 0; i < N_EXAMPLES && learner != NULL; i++) {
        float label = stream_example(&s, features, TAILORED_FEATURES);
        if (config.dims.label == AMLZ_BINARY) {
            label = label > 0;
        }
        if (amlz_learner_learn_f32(learner, features, label, &prediction) != AMLZ_OK) {
            return 0;
        }
        stream_take(&s, prediction);
    }
    return learner == NULL ? 0 : s.digest;
}
