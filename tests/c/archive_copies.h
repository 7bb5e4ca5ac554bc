/* A reader, and copies of archives that it reads: what tests of the archive library begin with. */
#ifndef AMLZ_ARCHIVE_COPIES_H
#define AMLZ_ARCHIVE_COPIES_H

#include "archives.h"

static const amlz_archive_output nowhere = {NULL, NULL};

static int contains(const char *text, const char *part) { return strstr(text, part) != NULL; }

/* Copies an archive; the length of the copy, which is in `copied`, or 0 after an error. */
static unsigned char copied[1 << 17];
static size_t copy(const unsigned char *bytes, size_t length, amlz_archive_error *error)
{
    amlz_archive_block block = {copied, sizeof copied, 0};
    const amlz_archive_input input = amlz_archive_from_block(bytes, length);
    return amlz_archive_copy(the_reader(), input, amlz_archive_to_block(&block), error) == AMLZ_OK ? block.length : 0;
}

#endif
