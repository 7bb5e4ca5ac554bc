#include "record_get.h"

#include <string.h>

/* ---------------------------------------------------------------- fields */

int amlz__archive_get_field(amlz_archive_reader *reader, const archive_field *field, void *object)
{
    archive_token t;
    if (!amlz__archive_get_token(reader, &t)) {
        return 0;
    }
    if (t.type != (field->is_real ? ARCHIVE_REAL : ARCHIVE_INTEGER)) {
        amlz__archive_say_range(&reader->place, field, AMLZ_ERROR_DATA);
        amlz__archive_say_token(&reader->place, t);
        return 0;
    }
    if (!amlz__archive_check_field(&reader->place, field, t.value, AMLZ_ERROR_DATA)) {
        return 0;
    }
    amlz__archive_store(field, object, t.value);
    return 1;
}

int amlz__archive_get_fields(amlz_archive_reader *reader, const char *section, archive_fields fields, void *object)
{
    for (int i = 0; i < fields.count; i++) {
        if (!amlz__archive_get_key(reader, section, fields.field[i].key) ||
            !amlz__archive_get_field(reader, &fields.field[i], object)) {
            return 0;
        }
    }
    return 1;
}

int amlz__archive_get_row_fields(amlz_archive_reader *reader, archive_fields fields, void *object)
{
    for (int i = 0; i < fields.count; i++) {
        reader->place.field = fields.field[i].key;
        if (!amlz__archive_get_field(reader, &fields.field[i], object)) {
            return 0;
        }
    }
    reader->place.field = NULL;
    return 1;
}

/* ---------------------------------------------------------------- head and end */

static int get_version(amlz_archive_reader *reader)
{
    static const unsigned char first[] = {0x94, 0xa4, 'a', 'm', 'l', 'z'};
    const unsigned char *bytes = amlz__archive_get_bytes(reader, sizeof first);
    uint64_t major;
    if (bytes == NULL || memcmp(bytes, first, sizeof first) != 0) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "this is not an archive of libamlz: it begins otherwise");
    }
    amlz__archive_go(&reader->place, NULL, "version");
    if (!amlz__archive_get_array(reader, 2) || !amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &major)) {
        return 0;
    }
    if (major != AMLZ_ARCHIVE_MAJOR) {
        amlz__archive_fail(&reader->place, AMLZ_ERROR_UNSUPPORTED,
                           "archives of version 1 can be read, this one has version ");
        amlz__archive_say_integer(&reader->place, major);
        return 0;
    }
    if (!amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &reader->info.minor)) {
        return 0;
    }
    if (reader->place.is_island && reader->info.minor != reader->outer.minor) {
        amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "expected minor version ");
        amlz__archive_say_integer(&reader->place, reader->outer.minor);
        amlz__archive_say(&reader->place, ", that of the archive around it, got ");
        amlz__archive_say_integer(&reader->place, reader->info.minor);
        return 0;
    }
    return 1;
}

/* Islands hold checkpoints; other kinds are there from some version on. */
static int is_possible(const amlz_archive_reader *reader, int kind)
{
    return reader->place.is_island ? kind == AMLZ_ARCHIVE_CHECKPOINT : amlz__archive_kind_since(kind) <= reader->info.minor;
}

/* "'program', 'population' or 'checkpoint'" */
static void say_possible(amlz_archive_reader *reader)
{
    int last = AMLZ_ARCHIVE_MODEL;
    while (!is_possible(reader, last)) {
        last--;
    }
    for (int kind = AMLZ_ARCHIVE_PROGRAM, n = 0; kind <= last; kind++) {
        if (is_possible(reader, kind)) {
            amlz__archive_say(&reader->place, n++ == 0 ? "'" : kind < last ? "', '" : "' or '");
            amlz__archive_say(&reader->place, amlz_archive_kind_name(kind));
        }
    }
}

static int get_kind(amlz_archive_reader *reader)
{
    uint64_t length;
    if (!amlz__archive_get_key(reader, NULL, "kind") || !amlz__archive_get_value(reader, ARCHIVE_STRING, "a string", &length)) {
        return 0;
    }
    const size_t most = strlen("population"); /* as long as the longest */
    const unsigned char *bytes = length == 0 || length > most ? NULL : amlz__archive_get_bytes(reader, (size_t)length);
    for (int kind = AMLZ_ARCHIVE_PROGRAM; bytes != NULL && kind <= AMLZ_ARCHIVE_MODEL; kind++) {
        const char *name = amlz_archive_kind_name(kind);
        if (is_possible(reader, kind) && length == strlen(name) && memcmp(bytes, name, strlen(name)) == 0) {
            reader->info.kind = (amlz_archive_kind)kind;
            return 1;
        }
    }
    amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "expected ");
    say_possible(reader);
    amlz__archive_say(&reader->place, "', got '");
    amlz__archive_say_bytes(&reader->place, bytes, bytes == NULL ? 0 : (size_t)length);
    amlz__archive_say(&reader->place, "'");
    return 0;
}

static int get_writer(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    uint64_t length;
    if (!amlz__archive_get_key(reader, NULL, "writer") ||
        !amlz__archive_get_value(reader, ARCHIVE_STRING, "a string", &length)) {
        return 0;
    }
    if (length > AMLZ_ARCHIVE_MAX_WRITER) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "expected up to 64 bytes");
    }
    info->writer_length = (size_t)length;
    return amlz__archive_get_long(reader, length, 1, (unsigned char *)info->writer, NULL);
}

static int get_dims(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    const char *reason;
    uint64_t surplus;
    int is_nil = 0;
    if (!amlz__archive_get_key(reader, NULL, "dims") ||
        (info->kind == AMLZ_ARCHIVE_PROGRAM && !amlz__archive_get_nil(reader, &is_nil))) {
        return 0;
    }
    info->has_dims = !is_nil;
    if (is_nil) {
        return 1;
    }
    if (!amlz__archive_get_map(reader, ARCHIVE_DIMS_KEYS, &surplus) ||
        !amlz__archive_get_fields(reader, "dims", amlz__archive_dims_fields, &info->dims)) {
        return 0;
    }
    if (amlz_dims_check(&info->dims, &reason) != AMLZ_OK) {
        amlz__archive_go(&reader->place, NULL, "dims");
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, reason);
    }
    return amlz__archive_skip_keys(reader, surplus);
}

/* The map of the body is longer by what is only known when its first key was read: the kind. */
int amlz__archive_get_head(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    uint64_t count;
    if (!get_version(reader) || !amlz__archive_check_block(reader)) {
        return 0;
    }
    amlz__archive_go(&reader->place, NULL, "body");
    if (!amlz__archive_get_value(reader, ARCHIVE_MAP, "a map", &count) || !get_kind(reader) ||
        !amlz__archive_check_count(reader, count, (uint64_t)amlz__archive_kind_keys(info->kind), &reader->body_surplus) ||
        !get_writer(reader) || (info->kind != AMLZ_ARCHIVE_ISLANDS && !get_dims(reader))) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_head(reader->copy, info->kind, info->has_dims ? &info->dims : NULL, info->writer,
                               info->writer_length);
    }
    return 1;
}

int amlz__archive_get_end(amlz_archive_reader *reader)
{
    return amlz__archive_skip_keys(reader, reader->body_surplus) && amlz__archive_get_checksum(reader);
}

/* ---------------------------------------------------------------- programs and members */

int amlz__archive_get_program(amlz_archive_reader *reader, const amlz_dims *dims, const amlz_search_config *config,
                              amlz_program *program)
{
    amlz_error error;
    uint64_t length;
    if (!amlz__archive_get_value(reader, ARCHIVE_BINARY, "a binary", &length)) {
        return 0;
    }
    const unsigned char *bytes =
        length == 0 || length > sizeof reader->bytes ? NULL : amlz__archive_get_bytes(reader, (size_t)length);
    if (bytes == NULL) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "no program has such a length");
    }
    if (amlz_program_unpack(bytes, (size_t)length, program, &error) != AMLZ_OK) {
        reader->place.offset = reader->taken - length + error.column - 1;
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, error.message);
    }
    return (config == NULL || amlz__archive_check_sizes(&reader->place, program, config, AMLZ_ERROR_DATA)) &&
           (dims == NULL || amlz__archive_check_program(&reader->place, program, dims, AMLZ_ERROR_DATA));
}

int amlz__archive_get_member(amlz_archive_reader *reader, uint64_t surplus, uint64_t last, amlz_member *member)
{
    memset(member, 0, sizeof *member);
    return amlz__archive_get_row_fields(reader, amlz__archive_member_fields, member) &&
           amlz__archive_check_member(&reader->place, member, last, AMLZ_ERROR_DATA) &&
           amlz__archive_skip_elements(reader, surplus);
}

/* ---------------------------------------------------------------- texts */

int amlz__archive_get_text(amlz_archive_reader *reader, const char *section, const char *key, size_t most,
                           amlz_archive_text *text)
{
    amlz_archive_text unwanted = {NULL, 0, 0, 0};
    uint64_t length;
    int is_nil;
    text = text != NULL ? text : &unwanted;
    text->length = 0;
    text->is_there = 0;
    if (!amlz__archive_get_key(reader, section, key) || !amlz__archive_get_nil(reader, &is_nil)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, section, key);
    }
    if (is_nil) {
        if (reader->copy != NULL) {
            amlz__archive_put_value(reader->copy, ARCHIVE_NIL, 0);
        }
        return 1;
    }
    if (!amlz__archive_get_value(reader, ARCHIVE_STRING, "a string or nil", &length)) {
        return 0;
    }
    if (length > most) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "the text is too long");
    }
    text->length = (size_t)length;
    text->is_there = 1;
    if (text->bytes != NULL && text->length > text->size) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_MEMORY, "the buffer for the text is too small");
    }
    if (reader->copy != NULL) {
        amlz__archive_put_value(reader->copy, ARCHIVE_STRING, length);
    }
    return amlz__archive_get_long(reader, length, 1, (unsigned char *)text->bytes, reader->copy);
}
