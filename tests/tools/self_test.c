/* Says whether this build computes the bits that all builds compute; the exit status is 0 if it does. */
#include <stdio.h>

#include "amlz.h"

int main(void)
{
    const char *reason;
    const amlz_status status = amlz_self_test(&reason);
    printf("%s: %s\n", amlz_compiler(), status == AMLZ_OK ? "the same bits" : reason);
    return status != AMLZ_OK;
}
