#include "msgpack_put.h"

#include <string.h>

/* ---------------------------------------------------------------- values */

void amlz__archive_put_start(archive_writer *writer, amlz_archive_output output, amlz_archive_error *error)
{
    writer->output = output;
    writer->place = amlz__archive_place_at_start(error);
    writer->crc = 0;
    writer->used = 0;
    writer->is_measuring = 0;
}

static void deliver(archive_writer *writer, const void *bytes, size_t length)
{
    if (writer->is_measuring) {
        return;
    }
    writer->crc = amlz__archive_crc(writer->crc, bytes, length);
    if (writer->place.is_island) {
        writer->outer_crc = amlz__archive_crc(writer->outer_crc, bytes, length);
    }
    if (writer->place.status == AMLZ_OK && length > 0 &&
        writer->output.write(writer->output.context, bytes, length) != 0) {
        writer->place.key = NULL;
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the output took no more");
    }
}

static void flush(archive_writer *writer)
{
    deliver(writer, writer->bytes, writer->used);
    writer->used = 0;
}

unsigned char *amlz__archive_put_reserve(archive_writer *writer, size_t length)
{
    if (length > sizeof writer->bytes - writer->used) {
        flush(writer);
    }
    unsigned char *room = writer->bytes + writer->used;
    writer->used += length;
    writer->place.offset += length;
    return room;
}

void amlz__archive_put_bytes(archive_writer *writer, const void *bytes, size_t length)
{
    if (length == 0) {
        return;
    }
    if (length <= sizeof writer->bytes) {
        memcpy(amlz__archive_put_reserve(writer, length), bytes, length);
    } else {
        flush(writer);
        deliver(writer, bytes, length);
        writer->place.offset += length;
    }
}

/* The lowest bytes of a number, the highest of them first. */
static void put_big_endian(unsigned char *to, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        to[i] = (unsigned char)(number >> (8 * (size - 1 - i)));
    }
}

void amlz__archive_put_value(archive_writer *writer, archive_type type, uint64_t value)
{
    const archive_form *form = amlz__archive_forms;
    while (form->type != type || value > form->most) {
        form++;
    }
    unsigned char *to = amlz__archive_put_reserve(writer, (size_t)form->size + 1);
    to[0] = (unsigned char)(form->first + (form->size == 0 ? value : 0));
    put_big_endian(to + 1, value, form->size);
}

void amlz__archive_put_string(archive_writer *writer, const char *text)
{
    const size_t length = strlen(text);
    amlz__archive_put_value(writer, ARCHIVE_STRING, length);
    amlz__archive_put_bytes(writer, text, length);
}

void amlz__archive_put_key(archive_writer *writer, const char *section, const char *key)
{
    amlz__archive_go(&writer->place, section, key);
    amlz__archive_put_string(writer, key);
}

void amlz__archive_put_checksum(archive_writer *writer)
{
    unsigned char bytes[ARCHIVE_CHECKSUM_SIZE] = {ARCHIVE_CHECKSUM_FIRST};
    flush(writer);
    put_big_endian(bytes + 1, writer->crc, 4);
    amlz__archive_put_bytes(writer, bytes, sizeof bytes);
    flush(writer);
}

/* ---------------------------------------------------------------- islands */

void amlz__archive_put_island(archive_writer *writer, uint32_t index, const uint64_t *length)
{
    amlz__archive_go(&writer->place, NULL, "islands");
    amlz__archive_go_index(&writer->place, index);
    if (length != NULL && *length > UINT32_MAX) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "it takes more than an archive can hold");
    } else if (length != NULL) {
        amlz__archive_put_value(writer, ARCHIVE_BINARY, *length);
    }
    flush(writer);
    writer->is_measuring = length == NULL;
    writer->island_start = writer->place.offset;
    writer->outer_crc = writer->crc;
    writer->crc = 0;
    writer->place.is_island = 1;
    writer->place.island = index;
}

uint64_t amlz__archive_put_island_end(archive_writer *writer)
{
    amlz__archive_put_checksum(writer);
    const uint64_t length = writer->place.offset - writer->island_start;
    if (writer->is_measuring) {
        writer->place.offset = writer->island_start;
    }
    writer->is_measuring = 0;
    writer->crc = writer->outer_crc;
    writer->place.is_island = 0;
    return length;
}

/* ---------------------------------------------------------------- blocks of memory */

static int write_to_block(void *context, const void *bytes, size_t size)
{
    amlz_archive_block *block = context;
    const size_t room = block->length < block->size ? block->size - block->length : 0;
    if (room > 0) {
        memcpy((unsigned char *)block->bytes + block->length, bytes, size < room ? size : room);
    }
    block->length = block->length > SIZE_MAX - size ? SIZE_MAX : block->length + size;
    return 0;
}

amlz_archive_output amlz_archive_to_block(amlz_archive_block *block)
{
    const amlz_archive_output output = {write_to_block, block};
    block->length = 0;
    return output;
}

amlz_status amlz__archive_put_end(archive_writer *writer)
{
    amlz__archive_put_checksum(writer);
    if (writer->place.status == AMLZ_OK && writer->output.write == write_to_block) {
        const amlz_archive_block *block = writer->output.context;
        if (block->length > block->size) {
            writer->place.key = NULL;
            amlz__archive_fail(&writer->place, AMLZ_ERROR_MEMORY, "the block is too small: the archive takes ");
            amlz__archive_say_integer(&writer->place, block->length);
            amlz__archive_say(&writer->place, " bytes");
        }
    }
    return writer->place.status;
}
