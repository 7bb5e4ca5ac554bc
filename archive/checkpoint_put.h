/* Writing checkpoints: their parts, in the order in which they come, and all of them. */
#ifndef AMLZ_ARCHIVE_CHECKPOINT_PUT_H
#define AMLZ_ARCHIVE_CHECKPOINT_PUT_H

#include "record_put.h"

void amlz__archive_put_config(archive_writer *writer, const amlz_search_config *config,
                              const amlz_program *start_program);
void amlz__archive_put_tasks(archive_writer *writer, const amlz_tasks_config *tasks, uint64_t digest);
void amlz__archive_put_outcome(archive_writer *writer, uint64_t evaluations, uint64_t digest);
void amlz__archive_put_state(archive_writer *writer, const amlz_state *state, uint32_t n_hurdles); /* and `mark` before */

/* What comes after the head. config is that of content->search; program is room for one. */
void amlz__archive_put_checkpoint(archive_writer *writer, const amlz_archive_content *content,
                                  const amlz_search_config *config, amlz_program *program);

#endif
