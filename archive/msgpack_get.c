#include "msgpack_get.h"

#include <string.h>

/* ---------------------------------------------------------------- bytes */

amlz_archive_input amlz_archive_from_block(const void *bytes, size_t size)
{
    const amlz_archive_input input = {bytes, size, NULL, NULL};
    return input;
}

void amlz__archive_get_start(amlz_archive_reader *reader, amlz_archive_input input)
{
    reader->input = input;
    reader->at = reader->end = reader->bytes;
    reader->limit = input.read == NULL ? input.size : ARCHIVE_NO_LIMIT;
    if (input.read == NULL && input.size > 0) {
        reader->at = input.block;
        reader->end = reader->at + input.size;
    }
    reader->taken = 0;
    reader->crc = 0;
}

/* Bytes that can follow, as far as that is known. */
static uint64_t room_left(const amlz_archive_reader *reader)
{
    return reader->limit == ARCHIVE_NO_LIMIT ? UINT64_MAX : reader->limit - reader->taken;
}

/* More bytes, until there are as many as asked for or there are no more. */
static size_t fetch(amlz_archive_reader *reader, size_t wanted)
{
    size_t count = (size_t)(reader->end - reader->at), given = 1;
    memmove(reader->bytes, reader->at, count);
    while (count < wanted && given > 0) {
        given = reader->input.read(reader->input.context, reader->bytes + count, sizeof reader->bytes - count);
        given = given <= sizeof reader->bytes - count ? given : 0;
        count += given;
    }
    reader->at = reader->bytes;
    reader->end = reader->bytes + count;
    return count;
}

/* How many bytes are at hand once there are as many as asked for, if there can be. */
static size_t at_hand(amlz_archive_reader *reader, size_t wanted)
{
    const uint64_t room = room_left(reader);
    size_t count = (size_t)(reader->end - reader->at);
    wanted = wanted < room ? wanted : (size_t)room;
    if (count < wanted && reader->input.read != NULL) {
        count = fetch(reader, wanted);
    }
    return count < room ? count : (size_t)room;
}

static const unsigned char *take_bytes(amlz_archive_reader *reader, size_t length)
{
    const unsigned char *bytes = reader->at;
    if (reader->input.read != NULL) {
        reader->crc = amlz__archive_crc(reader->crc, bytes, length);
        reader->outer_crc = amlz__archive_crc(reader->outer_crc, bytes, reader->place.is_island ? length : 0);
    }
    reader->at += length;
    reader->taken += length;
    return bytes;
}

int amlz__archive_refuse(amlz_archive_reader *reader, const char *message)
{
    return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, message);
}

static int fail_at_end(amlz_archive_reader *reader) { return amlz__archive_refuse(reader, "the archive ends too early"); }

const unsigned char *amlz__archive_get_bytes(amlz_archive_reader *reader, size_t length)
{
    if (at_hand(reader, length) < length) {
        fail_at_end(reader);
        return NULL;
    }
    return take_bytes(reader, length);
}

int amlz__archive_get_long(amlz_archive_reader *reader, uint64_t length, int is_text, unsigned char *to, archive_writer *copy)
{
    archive_utf8 utf8 = {0, 0, 0};
    while (length > 0) {
        const size_t room = at_hand(reader, 1), count = room < length ? room : (size_t)length;
        const unsigned char *bytes = take_bytes(reader, count);
        if (count == 0) {
            return fail_at_end(reader);
        }
        if (is_text && !amlz__archive_utf8_accepts(&utf8, bytes, count)) {
            return amlz__archive_refuse(reader, "the text is not UTF-8");
        }
        if (to != NULL) {
            memcpy(to, bytes, count);
            to += count;
        }
        if (copy != NULL) {
            amlz__archive_put_bytes(copy, bytes, count);
        }
        length -= count;
    }
    return utf8.left == 0 || amlz__archive_refuse(reader, "the text is not UTF-8");
}

/* ---------------------------------------------------------------- values */

static const archive_form *form_of(unsigned char first)
{
    for (int i = 0; i < ARCHIVE_FORM_COUNT; i++) {
        const archive_form *form = &amlz__archive_forms[i];
        if (first >= form->first && first - form->first <= (form->size == 0 ? (int)form->most : 0)) {
            return form;
        }
    }
    return NULL;
}

/* What of a string, binary, array or map must follow its header: at least a byte for each element. */
static uint64_t least_length(archive_token t)
{
    return t.type < ARCHIVE_STRING ? 0 : t.type == ARCHIVE_MAP ? 2 * t.value : t.value;
}

int amlz__archive_get_token(amlz_archive_reader *reader, archive_token *t)
{
    reader->place.offset = reader->taken;
    const unsigned char *bytes = amlz__archive_get_bytes(reader, 1);
    const archive_form *form = bytes == NULL ? NULL : form_of(*bytes);
    if (form == NULL) {
        return bytes == NULL ? 0 : amlz__archive_refuse(reader, "a type that archives do not have");
    }
    t->type = (archive_type)form->type;
    t->value = form->size == 0 ? (uint64_t)(*bytes - form->first) : 0;
    if (form->size > 0) {
        bytes = amlz__archive_get_bytes(reader, form->size);
        for (int i = 0; bytes != NULL && i < form->size; i++) {
            t->value = t->value << 8 | bytes[i];
        }
        if (bytes == NULL || t->value < form->least) {
            return bytes == NULL ? 0 : amlz__archive_refuse(reader, "a number or length in a longer form than it needs");
        }
    }
    if (least_length(*t) > room_left(reader)) {
        return fail_at_end(reader);
    }
    return 1;
}

void amlz__archive_say_token(archive_place *place, archive_token t)
{
    static const char *const names[] = {"nil",      "the integer ", "a number", "a string",
                                        "a binary", "an array of ", "a map of "};
    amlz__archive_say(place, names[t.type]);
    if (t.type == ARCHIVE_INTEGER || t.type == ARCHIVE_ARRAY || t.type == ARCHIVE_MAP) {
        amlz__archive_say_integer(place, t.value);
    }
}

static int fail_type(amlz_archive_reader *reader, const char *expected, archive_token got)
{
    amlz__archive_refuse(reader, "expected ");
    amlz__archive_say(&reader->place, expected);
    amlz__archive_say(&reader->place, ", got ");
    amlz__archive_say_token(&reader->place, got);
    return 0;
}

int amlz__archive_get_value(amlz_archive_reader *reader, archive_type type, const char *expected, uint64_t *value)
{
    archive_token t;
    if (!amlz__archive_get_token(reader, &t)) {
        return 0;
    }
    *value = t.value;
    return t.type == type || fail_type(reader, expected, t);
}

int amlz__archive_get_nil(amlz_archive_reader *reader, int *is_nil)
{
    archive_token t;
    reader->place.offset = reader->taken;
    if (at_hand(reader, 1) == 0) {
        return fail_at_end(reader);
    }
    *is_nil = form_of(*reader->at) != NULL && form_of(*reader->at)->type == ARCHIVE_NIL;
    return !*is_nil || amlz__archive_get_token(reader, &t);
}

static int fail_count(amlz_archive_reader *reader, uint64_t expected, uint64_t got)
{
    amlz__archive_refuse(reader, "expected ");
    amlz__archive_say_integer(&reader->place, expected);
    amlz__archive_say(&reader->place, " elements, got ");
    amlz__archive_say_integer(&reader->place, got);
    return 0;
}

int amlz__archive_get_array(amlz_archive_reader *reader, uint64_t count)
{
    uint64_t got;
    return amlz__archive_get_value(reader, ARCHIVE_ARRAY, "an array", &got) &&
           (got == count || fail_count(reader, count, got));
}

/* ---------------------------------------------------------------- what newer versions add */

int amlz__archive_is_newer(const amlz_archive_reader *reader)
{
    return reader->info.minor > (uint64_t)amlz_archive_kind_minor((int)reader->info.kind);
}

int amlz__archive_check_count(amlz_archive_reader *reader, uint64_t count, uint64_t known, uint64_t *surplus)
{
    if (count < known || (count > known && !amlz__archive_is_newer(reader))) {
        return fail_count(reader, known, count);
    }
    *surplus = count - known;
    return 1;
}

int amlz__archive_get_map(amlz_archive_reader *reader, uint64_t known, uint64_t *surplus)
{
    uint64_t count;
    return amlz__archive_get_value(reader, ARCHIVE_MAP, "a map", &count) &&
           amlz__archive_check_count(reader, count, known, surplus);
}

int amlz__archive_get_row(amlz_archive_reader *reader, uint64_t known, uint64_t *surplus)
{
    uint64_t count;
    return amlz__archive_get_value(reader, ARCHIVE_ARRAY, "an array", &count) &&
           amlz__archive_check_count(reader, count, known, surplus);
}

/* One after another, what is inside of a value coming next: there is no nesting that is too deep. */
int amlz__archive_skip_elements(amlz_archive_reader *reader, uint64_t surplus)
{
    for (; surplus > 0; surplus--) {
        archive_token t;
        if (!amlz__archive_get_token(reader, &t)) {
            return 0;
        }
        if (t.type == ARCHIVE_ARRAY || t.type == ARCHIVE_MAP) {
            surplus += least_length(t);
        } else if (!amlz__archive_get_long(reader, least_length(t), t.type == ARCHIVE_STRING, NULL, NULL)) {
            return 0;
        }
    }
    return 1;
}

int amlz__archive_skip_keys(amlz_archive_reader *reader, uint64_t surplus)
{
    amlz__archive_go(&reader->place, NULL, "a key of a newer version");
    for (; surplus > 0; surplus--) {
        uint64_t length;
        if (!amlz__archive_get_value(reader, ARCHIVE_STRING, "a string", &length) ||
            !amlz__archive_get_long(reader, length, 1, NULL, NULL) || !amlz__archive_skip_elements(reader, 1)) {
            return 0;
        }
    }
    return 1;
}

/* ---------------------------------------------------------------- keys */

int amlz__archive_get_key(amlz_archive_reader *reader, const char *section, const char *key)
{
    uint64_t length;
    amlz__archive_go(&reader->place, section, key);
    if (!amlz__archive_get_value(reader, ARCHIVE_STRING, "this key", &length)) {
        return 0;
    }
    const size_t shown = length < 32 ? (size_t)length : 32;
    const unsigned char *bytes = shown == 0 ? (const unsigned char *)"" : amlz__archive_get_bytes(reader, shown);
    if (bytes == NULL) {
        return 0;
    }
    if (length != strlen(key) || memcmp(bytes, key, shown) != 0) {
        amlz__archive_refuse(reader, "expected this key, got '");
        amlz__archive_say_bytes(&reader->place, bytes, shown);
        amlz__archive_say(&reader->place, length > shown ? "...'" : "'");
        return 0;
    }
    return 1;
}

/* ---------------------------------------------------------------- checksum */

static int check_sum(amlz_archive_reader *reader, const unsigned char *bytes, uint32_t crc)
{
    const unsigned char expected[ARCHIVE_CHECKSUM_SIZE] = {ARCHIVE_CHECKSUM_FIRST, (unsigned char)(crc >> 24),
                                                           (unsigned char)(crc >> 16), (unsigned char)(crc >> 8),
                                                           (unsigned char)crc};
    return memcmp(bytes, expected, sizeof expected) == 0 ||
           amlz__archive_refuse(reader, "it is not that of the bytes before it: the archive is damaged or cut off");
}

/* Moves the limit to before the checksum, so that lengths are measured against that. */
int amlz__archive_check_block(amlz_archive_reader *reader)
{
    const unsigned char *block = reader->input.block;
    if (reader->input.read != NULL) {
        return 1;
    }
    amlz__archive_go(&reader->place, NULL, "checksum");
    if (room_left(reader) < ARCHIVE_CHECKSUM_SIZE) {
        return fail_at_end(reader);
    }
    reader->limit -= ARCHIVE_CHECKSUM_SIZE;
    reader->place.offset = reader->limit;
    return check_sum(reader, block + (size_t)reader->limit,
                     amlz__archive_crc(0, block + (size_t)reader->start, (size_t)(reader->limit - reader->start)));
}

int amlz__archive_get_checksum(amlz_archive_reader *reader)
{
    const uint32_t crc = reader->crc;
    amlz__archive_go(&reader->place, NULL, "checksum");
    reader->place.offset = reader->taken;
    if (reader->input.read != NULL) {
        const unsigned char *bytes = amlz__archive_get_bytes(reader, ARCHIVE_CHECKSUM_SIZE);
        if (bytes == NULL || !check_sum(reader, bytes, crc)) {
            return 0;
        }
    }
    return at_hand(reader, 1) == 0 || amlz__archive_refuse(reader, "there are bytes after the end of the archive");
}
