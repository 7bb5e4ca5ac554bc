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
    if (fault == NULL && !amlz_variant_available((int)variant)) {
        return refuse(AMLZ_ERROR_UNSUPPORTED, reason, "this machine or build does not have the variant");
    }
    return judge(fault, reason);
}

static const kernel_set *const (*table_of(amlz_variant variant))[4]
{
#if PORT_X86
    if (variant == AMLZ_VARIANT_AVX2) {
        return amlz__kernels_avx2;
    }
    if (variant == AMLZ_VARIANT_AVX512) {
        return amlz__kernels_avx512;
    }
#endif
    (void)variant;
    return amlz__kernels_baseline;
}

const kernel_set *amlz__kernels_find(amlz_variant variant, amlz_precision precision, unsigned lanes)
{
    const kernel_set *const *sets = table_of(variant)[precision == AMLZ_FLOAT64];
    for (int i = 0; i < 4; i++) {
        if (sets[i]->lanes == lanes) {
            return sets[i];
        }
    }
    return NULL;
}
