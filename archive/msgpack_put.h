/* Writing msgpack values: to a buffer, and from that to the output. */
#ifndef AMLZ_ARCHIVE_MSGPACK_PUT_H
#define AMLZ_ARCHIVE_MSGPACK_PUT_H

#include "msgpack.h"
#include "place.h"

/* Takes any program, whose instructions have at most 28 bytes each, and any list of ops: see FORMAT.md. */
#define ARCHIVE_BUFFER (AMLZ_MAX_OPS + AMLZ_FUNCTION_COUNT * (2 + 28 * AMLZ_CAPACITY))

typedef struct archive_writer {
    amlz_archive_output output;
    archive_place place; /* its offset counts all bytes, also those in the buffer */
    uint32_t crc;             /* of what was given to the output; of an island, of what is in it */
    size_t used;              /* of the buffer */
    uint32_t outer_crc;       /* in an island */
    uint64_t island_start;    /* offset of the island */
    int is_measuring;         /* nothing is given to the output */
    unsigned char bytes[ARCHIVE_BUFFER];
} archive_writer;

/* Values. After an error nothing more is written. */
void amlz__archive_put_start(archive_writer *writer, amlz_archive_output output, amlz_archive_error *error);
void amlz__archive_put_bytes(archive_writer *writer, const void *bytes, size_t length);
/* Room in the buffer for bytes that it can hold, which the caller then writes there. */
unsigned char *amlz__archive_put_reserve(archive_writer *writer, size_t length);

void amlz__archive_put_value(archive_writer *writer, archive_type type, uint64_t value); /* or just its header */
void amlz__archive_put_string(archive_writer *writer, const char *text);
void amlz__archive_put_key(archive_writer *writer, const char *section, const char *key);
void amlz__archive_put_checksum(archive_writer *writer); /* and gives all that is left to the output */
amlz_status amlz__archive_put_end(archive_writer *writer); /* the checksum, and whether everything was written */

/* What comes between these is an island, an archive of its own, of so many bytes. Where length is NULL it is only
 * measured: how many they are, with the checksum, is what the second gives. */
void amlz__archive_put_island(archive_writer *writer, uint32_t index, const uint64_t *length);
uint64_t amlz__archive_put_island_end(archive_writer *writer);

#endif
