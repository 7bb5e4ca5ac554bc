/* How functions say that they failed, and why. */
#ifndef AMLZ_FAIL_H
#define AMLZ_FAIL_H

#include "amlz.h"

/* Sets *reason where the caller wants one; for use in `return refuse(...)`. */
static inline amlz_status refuse(amlz_status status, const char **reason, const char *text)
{
    if (reason != NULL) {
        *reason = text;
    }
    return status;
}

static inline amlz_status accept(const char **reason) { return refuse(AMLZ_OK, reason, NULL); }

/* What checks found: NULL, or a fault of the arguments. */
static inline amlz_status judge(const char *fault, const char **reason)
{
    return refuse(fault == NULL ? AMLZ_OK : AMLZ_ERROR_ARGUMENT, reason, fault);
}

#endif
