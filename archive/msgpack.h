/* The forms of msgpack that archives use, UTF-8, and the checksum. */
#ifndef AMLZ_ARCHIVE_MSGPACK_H
#define AMLZ_ARCHIVE_MSGPACK_H

#include <string.h>

#include "amlz_archive.h"

typedef enum archive_type {
    ARCHIVE_NIL,
    ARCHIVE_INTEGER,
    ARCHIVE_REAL,
    ARCHIVE_STRING,
    ARCHIVE_BINARY,
    ARCHIVE_ARRAY,
    ARCHIVE_MAP
} archive_type;

/* A way to write values of a type from `least` to `most`: a first byte, then the value in `size` bytes, or, with size
 * 0, a first byte that has the value added to it. */
typedef struct archive_form {
    uint8_t type, first, size;
    uint64_t least, most;
} archive_form;

#define ARCHIVE_FORM_COUNT 20
extern const archive_form amlz__archive_forms[ARCHIVE_FORM_COUNT];

uint32_t amlz__archive_crc(uint32_t crc, const unsigned char *bytes, size_t length); /* of more bytes; 0 to begin with */

/* Real numbers are given as their bits. */
#define ARCHIVE_REAL_ONE UINT64_C(0x3ff0000000000000)
#define ARCHIVE_REAL_LARGEST UINT64_C(0x7fefffffffffffff)
#define ARCHIVE_REAL_MINUS_ZERO UINT64_C(0x8000000000000000)

/* A number in whose order the real numbers are that are 0 or more. */
static inline uint64_t archive_real_order(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits == ARCHIVE_REAL_MINUS_ZERO ? 0 : bits;
}

#define ARCHIVE_CHECKSUM_FIRST 0xce
#define ARCHIVE_CHECKSUM_SIZE 5

/* Whether bytes are UTF-8, piece by piece. All zero at the beginning and between two characters. */
typedef struct archive_utf8 {
    uint8_t left;        /* bytes of the character that are still to come */
    uint8_t least, most; /* of the next of them */
} archive_utf8;

int amlz__archive_utf8_accepts(archive_utf8 *state, const unsigned char *bytes, size_t length); /* 0 where they are not */

#endif
