#include "base/structs.h"

#include <string.h>

static size_t size_of(const void *given)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

int amlz__structs_known(const void *given, size_t least, size_t most)
{
    return given != NULL && size_of(given) >= least && size_of(given) <= most;
}

void amlz__structs_read(void *whole, const void *given, size_t size)
{
    memset(whole, 0, size);
    memcpy(whole, given, size_of(given));
    memcpy(whole, &size, sizeof size);
}

void amlz__structs_write(void *given, const void *whole)
{
    const size_t size = size_of(given);
    memcpy(given, whole, size);
    memcpy(given, &size, sizeof size);
}
