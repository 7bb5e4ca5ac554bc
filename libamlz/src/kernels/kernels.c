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

/* The table of a variant; each use refers to tables of its own kind only, so that linkers can leave the others out. */
#if PORT_HAS_AVX
#  define TABLE_OF(variant, kind)                                 \
      ((variant) == AMLZ_VARIANT_AVX2     ? amlz__kernels_avx2##kind   \
       : (variant) == AMLZ_VARIANT_AVX512 ? amlz__kernels_avx512##kind \
                                          : amlz__kernels_baseline##kind)
#else
#  define TABLE_OF(variant, kind) ((void)(variant), amlz__kernels_baseline##kind)
#endif

const kernel_set *amlz__kernels_find(amlz_variant variant, amlz_precision precision, unsigned lanes)
{
    const int column = column_of(lanes);
    return column < 0 ? NULL : TABLE_OF(variant, )[precision == AMLZ_FLOAT64][column];
}

const kernel_loops *amlz__kernels_find_loops(amlz_variant variant, amlz_precision precision, unsigned lanes)
{
    const int column = column_of(lanes);
    return column < 0 ? NULL : TABLE_OF(variant, _loops)[precision == AMLZ_FLOAT64][column];
}
