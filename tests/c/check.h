/* What the C unit tests check with. A failed check is printed with its place and values; the test goes on.
 *
 *   int main(void)
 *   {
 *       CHECK(condition);
 *       CHECK_EQ_INT(sum, 4);
 *       return check_report("name");   prints "name: N passed, M failed"; 0 if all passed, else 1
 *   }
 *
 * Or, instead of the last line and the closing brace, CHECK_MAIN_END("name"). Each argument is evaluated once. */
#ifndef AMLZ_CHECK_H
#define AMLZ_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Whether denormals can be flushed to zero, by __builtin_ia32_ldmxcsr(0x1f80 | 0x8040). */
#if defined(__SSE2__) && defined(__GNUC__)
#  define HAS_MXCSR 1
#else
#  define HAS_MXCSR 0
#endif

#define CHECK(condition) check_that((condition) != 0, __FILE__, __LINE__, #condition)
#define CHECK_EQ_INT(a, b) check_int((a), (b), __FILE__, __LINE__, #a " == " #b)
#define CHECK_EQ_U64(a, b) check_u64((a), (b), __FILE__, __LINE__, #a " == " #b)
/* The same bits, so that -0 differs from 0; any NaN equals any other. */
#define CHECK_EQ_F64BITS(a, b) check_f64((a), (b), __FILE__, __LINE__, #a " == " #b)
#define CHECK_MAIN_END(name)   \
    return check_report(name); \
    }

typedef struct {
    unsigned long passed, failed;
} check_counts;

static inline check_counts *check_state(void)
{
    static check_counts counts;
    return &counts;
}

static inline int check_that(int ok, const char *file, int line, const char *text)
{
    if (ok) {
        check_state()->passed++;
    } else {
        check_state()->failed++;
        printf("%s:%d: failed: %s\n", file, line, text);
    }
    return ok;
}

static inline int check_int(long long a, long long b, const char *file, int line, const char *text)
{
    const int ok = check_that(a == b, file, line, text);
    if (!ok) {
        printf("    %lld and %lld\n", a, b);
    }
    return ok;
}

static inline int check_u64(uint64_t a, uint64_t b, const char *file, int line, const char *text)
{
    const int ok = check_that(a == b, file, line, text);
    if (!ok) {
        printf("    0x%016" PRIx64 " and 0x%016" PRIx64 "\n", a, b);
    }
    return ok;
}

static inline int check_f64(double a, double b, const char *file, int line, const char *text)
{
    const int ok = check_that((a != a && b != b) || memcmp(&a, &b, sizeof a) == 0, file, line, text);
    if (!ok) {
        printf("    %a and %a (%.17g and %.17g)\n", a, b, a, b);
    }
    return ok;
}

static inline int check_report(const char *name)
{
    printf("%s: %lu passed, %lu failed\n", name, check_state()->passed, check_state()->failed);
    return check_state()->failed != 0;
}

#endif
