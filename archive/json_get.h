/* Reading JSON out of a text of an archive, a value at a time, as it comes: functions give 1, or 0 after an error. */
#ifndef AMLZ_ARCHIVE_JSON_GET_H
#define AMLZ_ARCHIVE_JSON_GET_H

#include "msgpack_get.h"

/* Where what was read is kept: one thing behind the other in a block, or, where that is NULL, only measured. */
typedef struct archive_room {
    unsigned char *memory; /* aligned for a double */
    uint64_t size, used;   /* what does not fit is counted, too */
} archive_room;

archive_room amlz__archive_room_over(void *memory, size_t size); /* in a block of any alignment, or of none */

/* The next so many bytes, aligned for a double if that is wanted; NULL where they do not fit, or are only measured. */
void *amlz__archive_room_take(archive_room *room, uint64_t size, int is_aligned);

typedef struct archive_json {
    amlz_archive_reader *reader;
    uint64_t left; /* bytes of the text that are still to be read */
    archive_utf8 utf8;
    int next; /* the character at hand; JSON_END behind the last one */
} archive_json;

#define JSON_END (-1)

/* Begins with a text of so many bytes, which comes next; and sees to it that nothing but a value was there. */
int amlz__archive_json_start(archive_json *json, amlz_archive_reader *reader, uint64_t length);
int amlz__archive_json_end(archive_json *json);

/* Goes to the next element of an array or an object, of which n were read: 1 if there is one, else 0 (or after an error, of
 * which the reader knows). open: '[' or '{'. */
int amlz__archive_json_more(archive_json *json, char open, uint64_t n);

/* The key of an element and its colon: its place among names of up to 31 bytes; -1 after an error. */
int amlz__archive_json_key(archive_json *json, const char *const *names, int count);

int amlz__archive_json_real(archive_json *json, double *value); /* a finite one */
int amlz__archive_json_integer(archive_json *json, uint64_t most, uint64_t *value);
int amlz__archive_json_bool(archive_json *json, uint8_t *value);

/* A text in UTF-8 with a NUL after it, which must not be in it. */
int amlz__archive_json_string(archive_json *json, archive_room *room);

#endif
