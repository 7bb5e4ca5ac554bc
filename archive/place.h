/* Where in an archive something is, and what is said when it is wrong. */
#ifndef AMLZ_ARCHIVE_PLACE_H
#define AMLZ_ARCHIVE_PLACE_H

#include "amlz_archive.h"

/* Where in an archive something is, for messages; and the first error. */
typedef struct archive_place {
    amlz_status status;
    amlz_archive_error *error;
    uint64_t offset;
    const char *section, *key, *field; /* "section.key[index].field"; NULL: not that deep */
    uint32_t index, island;
    uint8_t has_index, is_silent, is_island; /* "islands[island]: " comes before */
} archive_place;

#define ARCHIVE_NO_INDEX UINT32_MAX

archive_place amlz__archive_place_at_start(amlz_archive_error *error);

/* Goes to "section.key"; section may be NULL. */
void amlz__archive_go(archive_place *place, const char *section, const char *key);

/* Goes to "[index]" of the key, or away from any with ARCHIVE_NO_INDEX, and to no field of it. */
void amlz__archive_go_index(archive_place *place, uint32_t index);

/* Says what is wrong here. The first error counts: later ones, and what is said of them, are left out. Gives 0, so that
 * a function whose result is 1 for success can return it. */
int amlz__archive_fail(archive_place *place, amlz_status status, const char *message);

/* More of the message of the amlz__archive_fail just called, which may go on after it. */
void amlz__archive_say(archive_place *place, const char *text);
void amlz__archive_say_bytes(archive_place *place, const void *bytes, size_t length); /* some of them; or '?' */
void amlz__archive_say_integer(archive_place *place, uint64_t number);
void amlz__archive_say_real(archive_place *place, uint64_t bits);

#endif
