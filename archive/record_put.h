/* Writing what archives of all kinds have: their head, fields of structs, programs, members, texts. */
#ifndef AMLZ_ARCHIVE_RECORD_PUT_H
#define AMLZ_ARCHIVE_RECORD_PUT_H

#include "msgpack_put.h"
#include "schema.h"

void amlz__archive_put_head(archive_writer *writer, amlz_archive_kind kind, const amlz_dims *dims, const char *name,
                            size_t length);

void amlz__archive_put_field(archive_writer *writer, const archive_field *field, const void *object);
void amlz__archive_put_fields(archive_writer *writer, const char *section, archive_fields fields, const void *object);
void amlz__archive_put_row_fields(archive_writer *writer, archive_fields fields, const void *object);

void amlz__archive_put_program(archive_writer *writer, const amlz_program *program);
void amlz__archive_put_member(archive_writer *writer, const amlz_program *program, const amlz_member *member);
void amlz__archive_put_improvement(archive_writer *writer, const amlz_member *member);

/* A text, or nil where there is none. */
void amlz__archive_put_text(archive_writer *writer, const char *section, const char *key, const amlz_archive_text *text,
                            size_t most);

#endif
