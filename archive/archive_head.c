/* Reads what archives of all kinds begin and end with. */
#include "archive_internal.h"

static int get_version(amlz_archive_reader *reader)
{
    static const unsigned char first[] = {0x94, 0xa4, 'a', 'm', 'l', 'z'};
    const unsigned char *bytes = archive_get_bytes(reader, sizeof first);
    uint64_t major;
    if (bytes == NULL || memcmp(bytes, first, sizeof first) != 0) {
        return archive_fail(&reader->place, AMLZ_ERROR_DATA, "this is not an archive of libamlz: it begins otherwise");
    }
    archive_go(&reader->place, NULL, "version");
    if (!archive_get_array(reader, 2) || !archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &major)) {
        return 0;
    }
    if (major != AMLZ_ARCHIVE_MAJOR) {
        archive_fail(&reader->place, AMLZ_ERROR_UNSUPPORTED,
                     "archives of version 1 can be read, this one has version ");
        archive_say_integer(&reader->place, major);
        return 0;
    }
    if (!archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &reader->info.minor)) {
        return 0;
    }
    if (reader->place.is_island && reader->info.minor != reader->outer.minor) {
        archive_fail(&reader->place, AMLZ_ERROR_DATA, "expected minor version ");
        archive_say_integer(&reader->place, reader->outer.minor);
        archive_say(&reader->place, ", that of the archive around it, got ");
        archive_say_integer(&reader->place, reader->info.minor);
        return 0;
    }
    return 1;
}

/* Islands hold checkpoints, and came with version 1.1. */
static int is_possible(const amlz_archive_reader *reader, int kind)
{
    return reader->place.is_island ? kind == AMLZ_ARCHIVE_CHECKPOINT
                                   : kind != AMLZ_ARCHIVE_ISLANDS || reader->info.minor >= 1;
}

static int get_kind(amlz_archive_reader *reader)
{
    uint64_t length;
    if (!archive_get_key(reader, NULL, "kind") || !archive_get_value(reader, ARCHIVE_STRING, "a string", &length)) {
        return 0;
    }
    const size_t most = strlen("population"); /* as long as the longest */
    const unsigned char *bytes = length == 0 || length > most ? NULL : archive_get_bytes(reader, (size_t)length);
    for (int kind = AMLZ_ARCHIVE_PROGRAM; bytes != NULL && kind <= AMLZ_ARCHIVE_ISLANDS; kind++) {
        const char *name = amlz_archive_kind_name(kind);
        if (is_possible(reader, kind) && length == strlen(name) && memcmp(bytes, name, strlen(name)) == 0) {
            reader->info.kind = (amlz_archive_kind)kind;
            return 1;
        }
    }
    archive_fail(&reader->place, AMLZ_ERROR_DATA, "expected ");
    archive_say(&reader->place, reader->place.is_island   ? "'checkpoint'"
                                : reader->info.minor == 0 ? "'program', 'population' or 'checkpoint'"
                                                          : "'program', 'population', 'checkpoint' or 'islands'");
    archive_say(&reader->place, ", got '");
    archive_say_bytes(&reader->place, bytes, bytes == NULL ? 0 : (size_t)length);
    archive_say(&reader->place, "'");
    return 0;
}

static int get_writer(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    uint64_t length;
    if (!archive_get_key(reader, NULL, "writer") || !archive_get_value(reader, ARCHIVE_STRING, "a string", &length)) {
        return 0;
    }
    if (length > AMLZ_ARCHIVE_MAX_WRITER) {
        return archive_fail(&reader->place, AMLZ_ERROR_DATA, "expected up to 64 bytes");
    }
    info->writer_length = (size_t)length;
    return archive_get_long(reader, length, 1, (unsigned char *)info->writer, NULL);
}

static int get_dims(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    const char *reason;
    uint64_t surplus;
    int is_nil = 0;
    if (!archive_get_key(reader, NULL, "dims") ||
        (info->kind == AMLZ_ARCHIVE_PROGRAM && !archive_get_nil(reader, &is_nil))) {
        return 0;
    }
    info->has_dims = !is_nil;
    if (is_nil) {
        return 1;
    }
    if (!archive_get_map(reader, ARCHIVE_DIMS_KEYS, &surplus) ||
        !archive_get_fields(reader, "dims", archive_dims_fields, &info->dims)) {
        return 0;
    }
    if (amlz_dims_check(&info->dims, &reason) != AMLZ_OK) {
        archive_go(&reader->place, NULL, "dims");
        return archive_fail(&reader->place, AMLZ_ERROR_DATA, reason);
    }
    return archive_skip_keys(reader, surplus);
}

/* The map of the body is longer by what is only known when its first key was read: the kind. */
int archive_get_head(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    uint64_t count;
    if (!get_version(reader) || !archive_check_block(reader)) {
        return 0;
    }
    archive_go(&reader->place, NULL, "body");
    if (!archive_get_value(reader, ARCHIVE_MAP, "a map", &count) || !get_kind(reader) ||
        !archive_check_count(reader, count, (uint64_t)archive_kind_keys(info->kind), &reader->body_surplus) ||
        !get_writer(reader) || (info->kind != AMLZ_ARCHIVE_ISLANDS && !get_dims(reader))) {
        return 0;
    }
    if (reader->copy != NULL) {
        archive_put_head(reader->copy, info->kind, info->has_dims ? &info->dims : NULL, info->writer,
                         info->writer_length);
    }
    return 1;
}

int archive_get_end(amlz_archive_reader *reader)
{
    return archive_skip_keys(reader, reader->body_surplus) && archive_get_checksum(reader);
}
