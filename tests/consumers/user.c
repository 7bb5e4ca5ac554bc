/* A program of somebody else's, who has the two libraries from one build system or another. It goes through each of them
 * and prints what it got. */
#include <stdio.h>
#include <string.h>

#include "amlz_archive.h"

static const char text[] = "def Setup():\n  s2 = 0.5\ndef Predict():\n  s1 = s2 + s2\ndef Learn():\n";

int main(void)
{
    static amlz_program program;
    static unsigned char bytes[1000];
    amlz_archive_block block = {bytes, sizeof bytes, 0};
    amlz_archive_content content;
    amlz_archive_error archive_error;
    amlz_error error;
    const char *reason = NULL;
    if (amlz_program_parse(text, sizeof text - 1, 1, &program, &error) != AMLZ_OK) {
        return printf("%s\n", error.message);
    }
    memset(&content, 0, sizeof content);
    content.kind = AMLZ_ARCHIVE_PROGRAM;
    content.program = &program;
    if (amlz_archive_write(&content, amlz_archive_to_block(&block), &archive_error) != AMLZ_OK) {
        return printf("%s\n", archive_error.message);
    }
    printf("version %s, capacity %d, ", amlz_version(), amlz_program_capacity());
    printf("archive of %u bytes, ", (unsigned)block.length);
    printf("self-test: %s\n", amlz_self_test(&reason) == AMLZ_OK ? "passed" : reason);
    return amlz_program_capacity() != AMLZ_CAPACITY;
}
