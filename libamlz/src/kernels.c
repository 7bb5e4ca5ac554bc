#include "kernels.h"

#include "portability.h"

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

static const kernel_set *const (*table_of(amlz_variant variant))[4]
{
#if PORT_X86
    if (variant == AMLZ_VARIANT_AVX2) {
        return kernels_avx2;
    }
    if (variant == AMLZ_VARIANT_AVX512) {
        return kernels_avx512;
    }
#endif
    (void)variant;
    return kernels_baseline;
}

const kernel_set *kernels_find(amlz_variant variant, amlz_precision precision, unsigned lanes)
{
    const kernel_set *const *sets = table_of(variant)[precision == AMLZ_FLOAT64];
    for (int i = 0; i < 4; i++) {
        if (sets[i]->lanes == lanes) {
            return sets[i];
        }
    }
    return NULL;
}
