/* Sizes that are worked out: what is larger than a size_t can say becomes SIZE_MAX, and no block is so large. */
#ifndef AMLZ_SIZE_H
#define AMLZ_SIZE_H

#include <stddef.h>
#include <stdint.h>

static inline size_t size_times(size_t n, size_t m) { return m != 0 && n > SIZE_MAX / m ? SIZE_MAX : n * m; }
static inline size_t size_plus(size_t n, size_t m) { return n > SIZE_MAX - m ? SIZE_MAX : n + m; }

#endif
