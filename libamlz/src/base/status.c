#include "amlz.h"

const char *amlz_status_name(int status)
{
    switch ((amlz_status)status) {
    case AMLZ_OK: return "ok";
    case AMLZ_ERROR_ARGUMENT: return "invalid argument";
    case AMLZ_ERROR_MEMORY: return "too little memory";
    case AMLZ_ERROR_PROGRAM: return "invalid program";
    case AMLZ_ERROR_SYNTAX: return "syntax error";
    case AMLZ_ERROR_DATA: return "invalid data";
    case AMLZ_ERROR_UNSUPPORTED: return "not supported here";
    }
    return "unknown status";
}

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

const char *amlz_version(void)
{
    return TEXT(AMLZ_VERSION_MAJOR) "." TEXT(AMLZ_VERSION_MINOR) "." TEXT(AMLZ_VERSION_PATCH);
}

const char *amlz_compiler(void)
{
#if defined(__clang__)
    return "clang " TEXT(__clang_major__) "." TEXT(__clang_minor__) "." TEXT(__clang_patchlevel__);
#elif defined(__GNUC__)
    return "gcc " TEXT(__GNUC__) "." TEXT(__GNUC_MINOR__) "." TEXT(__GNUC_PATCHLEVEL__);
#else
    return "a C99 compiler";
#endif
}
