/* Reading models. */
#ifndef AMLZ_ARCHIVE_MODEL_GET_H
#define AMLZ_ARCHIVE_MODEL_GET_H

#include "model.h"
#include "record_get.h"

/* What comes before the memory. The program is then the reader's. */
int amlz__archive_get_model_header(amlz_archive_reader *reader);

/* The rest, to the end of the archive. Without memory (NULL) it is read, checked, and copied where the reader copies; */
int amlz__archive_skip_model(amlz_archive_reader *reader);

/* measured; or read into a block. session may be NULL. */
int amlz__archive_measure_model(amlz_archive_reader *reader, uint64_t *size);
int amlz__archive_get_model(amlz_archive_reader *reader, void *memory, size_t size, amlz_model **model,
                            amlz_archive_text *session);

#endif
