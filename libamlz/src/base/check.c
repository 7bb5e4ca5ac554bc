#include "base/check.h"

#include "base/build.h"
#include "base/fail.h"

#if AMLZ_ADDRESSES == 256
#  define MOST_ADDRESSES "256"
#else
#  define MOST_ADDRESSES "AMLZ_ADDRESSES"
#endif

const char *amlz__check_precision(unsigned precision)
{
    return precision > AMLZ_FLOAT64 ? "precision must be float32 or float64" : NULL;
}

const char *amlz__check_variant(unsigned variant)
{
    return variant >= AMLZ_VARIANT_COUNT ? "variant must be auto, baseline, avx2 or avx512" : NULL;
}

const char *amlz__check_labels(unsigned label, uint32_t n_features, uint32_t n_classes)
{
    if (label > AMLZ_MULTICLASS) {
        return "label must be regression, binary or multiclass";
    }
    if (!BUILD_HAS_LABEL(label)) {
        return "this build of the library leaves out labels of this kind";
    }
    if (n_features == 0 || n_features > AMLZ_MAX_FEATURES) {
        return "n_features must be from 1 to 65536";
    }
    if (label == AMLZ_MULTICLASS && (n_classes < 2 || n_classes > n_features)) {
        return "n_classes must be from 2 to n_features";
    }
    return NULL;
}

const char *amlz__check_dims(const amlz_dims *dims)
{
    if (dims == NULL) {
        return "dims must not be NULL";
    }
    const char *fault = amlz__check_labels(dims->label, dims->n_features, dims->n_classes);
    if (fault != NULL) {
        return fault;
    }
    if (dims->n_scalars < 2 || dims->n_scalars > AMLZ_ADDRESSES) {
        return "n_scalars must be from 2 to " MOST_ADDRESSES;
    }
    if (dims->n_vectors < 1 || dims->n_vectors > AMLZ_ADDRESSES) {
        return "n_vectors must be from 1 to " MOST_ADDRESSES;
    }
    if (dims->label == AMLZ_MULTICLASS && dims->n_vectors < 3) {
        return "n_vectors must be 3 or more with vector labels";
    }
    if (dims->n_matrices > AMLZ_ADDRESSES) {
        return "n_matrices must be from 0 to " MOST_ADDRESSES;
    }
    if (dims->label != AMLZ_MULTICLASS && dims->n_classes != 0) {
        return "n_classes must be 0 without vector labels";
    }
    return NULL;
}

size_t amlz__check_total(const arena *counted, const char **reason)
{
    const size_t total = arena_total(counted);
    if (total == 0) {
        refuse(AMLZ_ERROR_ARGUMENT, reason, "this needs more memory than the address space has");
    }
    return total;
}

int amlz__check_block(const void *memory, size_t size, size_t needed, const char *too_small, const char **reason)
{
    if (needed > 0 && (memory == NULL || size < needed)) {
        refuse(AMLZ_ERROR_MEMORY, reason, too_small);
        return 0;
    }
    return needed > 0;
}
