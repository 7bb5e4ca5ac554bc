#include "record_put.h"

#include <string.h>

/* ---------------------------------------------------------------- fields */

void amlz__archive_put_field(archive_writer *writer, const archive_field *field, const void *object)
{
    const uint64_t value = amlz__archive_load(field, object);
    if (amlz__archive_check_field(&writer->place, field, value, AMLZ_ERROR_ARGUMENT)) {
        amlz__archive_put_value(writer, field->is_real ? ARCHIVE_REAL : ARCHIVE_INTEGER, value);
    }
}

void amlz__archive_put_fields(archive_writer *writer, const char *section, archive_fields fields, const void *object)
{
    for (int i = 0; i < fields.count; i++) {
        amlz__archive_put_key(writer, section, fields.field[i].key);
        amlz__archive_put_field(writer, &fields.field[i], object);
    }
}

void amlz__archive_put_row_fields(archive_writer *writer, archive_fields fields, const void *object)
{
    for (int i = 0; i < fields.count; i++) {
        writer->place.field = fields.field[i].key;
        amlz__archive_put_field(writer, &fields.field[i], object);
    }
}

/* ---------------------------------------------------------------- head */

static void put_writer(archive_writer *writer, const char *name, size_t length)
{
    archive_utf8 utf8 = {0, 0, 0};
    if (length > AMLZ_ARCHIVE_MAX_WRITER || !amlz__archive_utf8_accepts(&utf8, (const unsigned char *)name, length) ||
        utf8.left > 0) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "expected up to 64 bytes of UTF-8");
    } else {
        amlz__archive_put_value(writer, ARCHIVE_STRING, length);
        amlz__archive_put_bytes(writer, name, length);
    }
}

void amlz__archive_put_head(archive_writer *writer, amlz_archive_kind kind, const amlz_dims *dims, const char *name,
                            size_t length)
{
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, 4);
    amlz__archive_put_string(writer, "amlz");
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, 2);
    amlz__archive_put_value(writer, ARCHIVE_INTEGER, AMLZ_ARCHIVE_MAJOR);
    amlz__archive_put_value(writer, ARCHIVE_INTEGER, (uint64_t)amlz_archive_kind_minor((int)kind));
    amlz__archive_put_value(writer, ARCHIVE_MAP, (uint64_t)amlz__archive_kind_keys(kind));
    amlz__archive_put_key(writer, NULL, "kind");
    amlz__archive_put_string(writer, amlz_archive_kind_name((int)kind));
    amlz__archive_put_key(writer, NULL, "writer");
    put_writer(writer, name, length);
    if (kind == AMLZ_ARCHIVE_ISLANDS) {
        return; /* each has its own */
    }
    amlz__archive_put_key(writer, NULL, "dims");
    if (dims == NULL) {
        amlz__archive_put_value(writer, ARCHIVE_NIL, 0);
    } else {
        amlz__archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_DIMS_KEYS);
        amlz__archive_put_fields(writer, "dims", amlz__archive_dims_fields, dims);
    }
}

/* ---------------------------------------------------------------- programs and members */

void amlz__archive_put_program(archive_writer *writer, const amlz_program *program)
{
    size_t length = 0;
    if (amlz_program_pack(program, NULL, 0, &length) == AMLZ_ERROR_PROGRAM || length > sizeof writer->bytes) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_PROGRAM, "it cannot be written");
        return;
    }
    amlz__archive_put_value(writer, ARCHIVE_BINARY, length);
    (void)amlz_program_pack(program, amlz__archive_put_reserve(writer, length), length, NULL);
}

void amlz__archive_put_improvement(archive_writer *writer, const amlz_member *member)
{
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_HISTORY_ROW);
    amlz__archive_put_row_fields(writer, amlz__archive_member_fields, member);
}

void amlz__archive_put_member(archive_writer *writer, const amlz_program *program, const amlz_member *member)
{
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_MEMBER_ROW);
    writer->place.field = "program";
    amlz__archive_put_program(writer, program);
    amlz__archive_put_row_fields(writer, amlz__archive_member_fields, member);
}

/* ---------------------------------------------------------------- texts */

void amlz__archive_put_text(archive_writer *writer, const char *section, const char *key, const amlz_archive_text *text,
                       size_t most)
{
    archive_utf8 utf8 = {0, 0, 0};
    amlz__archive_put_key(writer, section, key);
    if (text == NULL || !text->is_there) {
        amlz__archive_put_value(writer, ARCHIVE_NIL, 0);
    } else if (text->length > most) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "expected a text of up to ");
        amlz__archive_say_integer(&writer->place, most);
        amlz__archive_say(&writer->place, " bytes, got one of ");
        amlz__archive_say_integer(&writer->place, text->length);
    } else if (!amlz__archive_utf8_accepts(&utf8, (const unsigned char *)text->bytes, text->length) || utf8.left > 0) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the text is not UTF-8");
    } else {
        amlz__archive_put_value(writer, ARCHIVE_STRING, text->length);
        amlz__archive_put_bytes(writer, text->bytes, text->length);
    }
}
