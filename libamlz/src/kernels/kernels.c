/* Which instruction sets there are, and their kernels. */
#include "kernels/kernels.h"

#include "base/check.h"
#include "base/fail.h"
#include "base/portability.h"

int amlz_variant_available(int variant)
{
    switch (variant) {
    case AMLZ_VARIANT_AUTO:
    case AMLZ_VARIANT_BASELINE: return 1;
    case AMLZ_VARIANT_AVX2: return port_has_avx2();
    case AMLZ_VARIANT_AVX512: return port_has_avx512();
    default: return 0;
    }
}

const char *amlz_variant_name(int variant)
{
    switch (variant) {
    case AMLZ_VARIANT_AUTO: return "auto";
    case AMLZ_VARIANT_BASELINE: return "baseline";
    case AMLZ_VARIANT_AVX2: return "avx2";
    case AMLZ_VARIANT_AVX512: return "avx512";
    default: return NULL;
    }
}

amlz_variant amlz_variant_best(void)
{
    return port_has_avx512() ? AMLZ_VARIANT_AVX512 : port_has_avx2() ? AMLZ_VARIANT_AVX2 : AMLZ_VARIANT_BASELINE;
}

amlz_status amlz__kernels_check(unsigned precision, unsigned variant, const char **reason)
{
    const char *fault = amlz__check_precision(precision);
    fault = fault != NULL ? fault : amlz__check_variant(variant);
    if (fault == NULL && !(precision == AMLZ_FLOAT64 ? BUILD_FLOAT64 : BUILD_FLOAT32)) {
        return refuse(AMLZ_ERROR_UNSUPPORTED, reason, "this build of the library leaves the precision out");
    }
    if (fault == NULL && !amlz_variant_available((int)variant)) {
        return refuse(AMLZ_ERROR_UNSUPPORTED, reason, "this machine or build does not have the variant");
    }
    return judge(fault, reason);
}

/* Where so many lanes are in a table; -1 for a number that is none. */
static int column_of(unsigned lanes)
{
    return lanes == 1 ? 0 : lanes == 4 ? 1 : lanes == 8 ? 2 : lanes == 16 ? 3 : -1;
}

const kernel_set *amlz__kernels_find(amlz_variant variant, amlz_precision precision, unsigned lanes)
{
    const int row = precision == AMLZ_FLOAT64, column = column_of(lanes);
    if (column < 0) {
        return NULL;
    }
#if PORT_HAS_AVX
    if (variant == AMLZ_VARIANT_AVX2) {
        return amlz__kernels_avx2[row][column];
    }
    if (variant == AMLZ_VARIANT_AVX512) {
        return amlz__kernels_avx512[row][column];
    }
#endif
    (void)variant;
    return amlz__kernels_baseline[row][column];
}

const kernel_loops *amlz__kernels_find_loops(amlz_variant variant, amlz_precision precision, unsigned lanes)
{
    const int row = precision == AMLZ_FLOAT64, column = column_of(lanes);
    if (column < 0) {
        return NULL;
    }
#if PORT_HAS_AVX
    if (variant == AMLZ_VARIANT_AVX2) {
        return amlz__kernels_avx2_loops[row][column];
    }
    if (variant == AMLZ_VARIANT_AVX512) {
        return amlz__kernels_avx512_loops[row][column];
    }
#endif
    (void)variant;
    return amlz__kernels_baseline_loops[row][column];
}
