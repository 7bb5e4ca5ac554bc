/* The self-test passes here, in no time, in whatever floating-point environment; that it can fail, tests of builds show. */
#include <time.h>

#include "fixtures.h"

int main(void)
{
    const char *reason = "";
    const clock_t begin = clock();
    CHECK_EQ_INT(amlz_self_test(&reason), AMLZ_OK);
    CHECK(reason == NULL);
    CHECK(clock() - begin < CLOCKS_PER_SEC / 2); /* of 50 ms at most, but this may run under an emulator */
    CHECK_EQ_INT(amlz_self_test(NULL), AMLZ_OK);
#if HAS_MXCSR
    __builtin_ia32_ldmxcsr(0x1f80 | 0x8040);
    CHECK_EQ_INT(amlz_self_test(&reason), AMLZ_OK);
    __builtin_ia32_ldmxcsr(0x1f80);
#endif
    CHECK_MAIN_END("self_test")
