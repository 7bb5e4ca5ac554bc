/* Reading what archives of all kinds have: their head, fields of structs, programs, members, texts. */
#ifndef AMLZ_ARCHIVE_RECORD_GET_H
#define AMLZ_ARCHIVE_RECORD_GET_H

#include "msgpack_get.h"
#include "record_put.h"
#include "schema.h"

int amlz__archive_get_field(amlz_archive_reader *reader, const archive_field *field, void *object);
int amlz__archive_get_fields(amlz_archive_reader *reader, const char *section, archive_fields fields, void *object);
int amlz__archive_get_row_fields(amlz_archive_reader *reader, archive_fields fields, void *object);

/* The body up to what only its kind has; and what comes after that, to the end of the archive. */
int amlz__archive_get_head(amlz_archive_reader *reader);
int amlz__archive_get_end(amlz_archive_reader *reader);

/* A program that fits the memory, or where dims is NULL any; and with config as large as it allows. */
int amlz__archive_get_program(amlz_archive_reader *reader, const amlz_dims *dims, const amlz_search_config *config,
                              amlz_program *program);

/* The rest of a row, and whether the member is possible; last: see amlz__archive_check_member. */
int amlz__archive_get_member(amlz_archive_reader *reader, uint64_t surplus, uint64_t last, amlz_member *member);

/* A text or nil. text may be NULL. */
int amlz__archive_get_text(amlz_archive_reader *reader, const char *section, const char *key, size_t most,
                           amlz_archive_text *text);

#endif
