/* A model out of an archive that lies in flash: it answers rows of its table and learns from them. */
#include "amlz_archive.h"
#include "board.h"
#include "stream.h"

#include "archive_bytes.h" /* the archive, as it is in ../../archive/golden */

enum { N_ROWS = 20, N_COLUMNS = 3 };

static unsigned char memory[MEMORY_BYTES];
static unsigned char scratch[SCRATCH_BYTES]; /* of the reader at first, then of the model */

static amlz_model *load(void)
{
    amlz_model *model = NULL;
    amlz_archive_reader *reader = amlz_archive_reader_init(scratch, sizeof scratch, NULL);
    if (reader == NULL ||
        amlz_archive_open(reader, amlz_archive_from_block(archive_bytes, sizeof archive_bytes), NULL, NULL) != AMLZ_OK ||
        amlz_archive_read_model(reader, memory, sizeof memory, &model, NULL, NULL) != AMLZ_OK) {
        return NULL;
    }
    return model;
}

uint64_t run(void)
{
    static const char *const cities[] = {"Bern", "Oslo", "Rome", "Paris", NULL};
    stream s = {1, 0};
    amlz_model *model = load();
    for (uint32_t i = 0; i < N_ROWS && model != NULL; i++) {
        float drawn[2];
        double answer, probabilities[2];
        const double label = (double)(stream_example(&s, drawn, 2) > 0);
        const double row[N_COLUMNS] = {1000 + 2 * (double)drawn[0],
                                       i % 4 == 0 ? amlz_model_find_category(model, 1, NULL) : 0.004 * (double)drawn[1],
                                       amlz_model_find_category(model, 2, cities[i % 5])};
        if (amlz_model_predict(model, row, &answer, probabilities, scratch, sizeof scratch) != AMLZ_OK ||
            amlz_model_learn(model, row, label, scratch, sizeof scratch) != AMLZ_OK) {
            return 0;
        }
        stream_take(&s, (float)answer);
        stream_take(&s, (float)probabilities[1]);
    }
    return model == NULL ? 0 : s.digest;
}
