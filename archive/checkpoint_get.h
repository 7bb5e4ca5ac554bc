/* Reading checkpoints. */
#ifndef AMLZ_ARCHIVE_CHECKPOINT_GET_H
#define AMLZ_ARCHIVE_CHECKPOINT_GET_H

#include "record_get.h"

/* Of a checkpoint: what comes before the numbers of the tasks. */
int amlz__archive_get_setup(amlz_archive_reader *reader, amlz_archive_text *source);

/* These, which there are just if info.has_data is 1, and the rest of the tasks. tasks and scratch may be NULL. */
int amlz__archive_get_data(amlz_archive_reader *reader, amlz_tasks *tasks, unsigned char *scratch);

/* How the search ended up. */
typedef struct archive_outcome {
    uint64_t digest;
    int has_best;
    amlz_member best;
    uint64_t best_hash; /* of its program: a program itself would take much room */
    amlz_state mark;
} archive_outcome;

/* And the rest of the body. search and session may be NULL. */
int amlz__archive_get_state(amlz_archive_reader *reader, amlz_search *search, amlz_archive_text *session,
                            archive_outcome *outcome);

#endif
