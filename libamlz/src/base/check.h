/* What several kinds of configurations have in common, each of its sentences written once: a check gives NULL, or what is
 * wrong. */
#ifndef AMLZ_CHECK_H
#define AMLZ_CHECK_H

#include "amlz.h"
#include "base/arena.h"

const char *amlz__check_precision(unsigned precision);
const char *amlz__check_variant(unsigned variant); /* whether there is one of this number, here or elsewhere */
const char *amlz__check_labels(unsigned label, uint32_t n_features, uint32_t n_classes);
const char *amlz__check_dims(const amlz_dims *dims); /* which may be NULL */

/* What objects need, counted by an arena over NULL; 0 and the reason where no memory can be so large. */
size_t amlz__check_total(const arena *counted, const char **reason);

/* Of an init function: whether the block can hold what is needed, which is 0 after an error that was reported. */
#define CHECK_SMALLER_THAN(size_function) "the memory block is smaller than " size_function
int amlz__check_block(const void *memory, size_t size, size_t needed, const char *too_small, const char **reason);

#endif
