/* Reading msgpack values: functions give 1, or 0 after an error; then nothing more is to be read. */
#ifndef AMLZ_ARCHIVE_MSGPACK_GET_H
#define AMLZ_ARCHIVE_MSGPACK_GET_H

#include "msgpack_put.h"

/* The state of reading. */
struct amlz_archive_reader {
    amlz_archive_info info;
    amlz_program program; /* after amlz_archive_open, until more is read: a checkpoint's start program, a model's program */
    archive_place place;
    amlz_archive_input input;
    const unsigned char *at, *end; /* bytes at hand */
    uint64_t taken;                /* bytes before `at` */
    uint64_t start, limit;         /* where the archive at hand begins and ends, if that is known: an island, or all */
    uint32_t crc;                  /* of the archive at hand */
    uint32_t n_read;               /* members of a population, or islands, so far */
    uint64_t runs[AMLZ_FUNCTION_COUNT]; /* of a model: how often its functions have run */
    uint64_t body_surplus, tasks_surplus; /* keys that a newer minor version added */
    int stage;
    archive_writer *copy; /* NULL, or what is read is written there, too */
    amlz_archive_info outer;       /* in an island: those of the archive around it */
    uint64_t outer_surplus;
    uint64_t outer_limit;
    uint32_t outer_crc;
    unsigned char bytes[ARCHIVE_BUFFER];
};

/* Says what is wrong with the bytes just read. Gives 0. */
int amlz__archive_refuse(amlz_archive_reader *reader, const char *message);

void amlz__archive_get_start(amlz_archive_reader *reader, amlz_archive_input input);

/* The next bytes, more than 0 and at most as many as the reader's buffer has. They stay until more are read. NULL after
 * an error. */
const unsigned char *amlz__archive_get_bytes(amlz_archive_reader *reader, size_t length);

/* Bytes of any number: to a block and to a copy, both of which may be NULL. With is_text they must be UTF-8. */
int amlz__archive_get_long(amlz_archive_reader *reader, uint64_t length, int is_text, unsigned char *to,
                           archive_writer *copy);

/* A value, or the header of one that is longer; and what messages say of it. */
typedef struct archive_token {
    archive_type type;
    uint64_t value;
} archive_token;

int amlz__archive_get_token(amlz_archive_reader *reader, archive_token *t);
void amlz__archive_say_token(archive_place *place, archive_token t);

/* A value of the type, or the header of one. expected: what messages call it. */
int amlz__archive_get_value(amlz_archive_reader *reader, archive_type type, const char *expected, uint64_t *value);
int amlz__archive_get_nil(amlz_archive_reader *reader, int *is_nil); /* if something else is there, it stays there */
int amlz__archive_get_array(amlz_archive_reader *reader, uint64_t count);

/* Maps and rows, which in a newer minor version may have more than is known here: surplus is by how much. */
int amlz__archive_is_newer(const amlz_archive_reader *reader); /* than the kind's version here */
int amlz__archive_get_map(amlz_archive_reader *reader, uint64_t known, uint64_t *surplus);
int amlz__archive_get_row(amlz_archive_reader *reader, uint64_t known, uint64_t *surplus);
int amlz__archive_check_count(amlz_archive_reader *reader, uint64_t count, uint64_t known, uint64_t *surplus);
int amlz__archive_skip_keys(amlz_archive_reader *reader, uint64_t surplus);
int amlz__archive_skip_elements(amlz_archive_reader *reader, uint64_t surplus);

int amlz__archive_get_key(amlz_archive_reader *reader, const char *section, const char *key);

#define ARCHIVE_NO_LIMIT UINT64_MAX

int amlz__archive_check_block(amlz_archive_reader *reader);  /* the checksum of a block, all of which lies there already */
int amlz__archive_get_checksum(amlz_archive_reader *reader); /* that of other inputs; and the end */

#endif
