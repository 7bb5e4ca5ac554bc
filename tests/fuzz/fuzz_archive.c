/* For libFuzzer: make -C libamlz fuzz. Everything is tried as it is, and with its checksum mended, so that there is
 * something to be found behind that. */
#include "try_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    ASSERT(bytes != NULL);
    memcpy(bytes, data, size);
    (void)try_archive(bytes, size);
    mend_checksum(bytes, size);
    (void)try_archive(bytes, size);
    free(bytes);
    return 0;
}
