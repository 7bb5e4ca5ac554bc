/* A caller's memory block, handed out from its beginning. The same calls on a block of none count the bytes. */
#ifndef AMLZ_ARENA_H
#define AMLZ_ARENA_H

#include "base/portability.h"
#include "base/size.h"

/* That of the widest vectors; without any, of a double. */
#if PORT_HAS_VECTORS
#  define ARENA_ALIGNMENT 64
#else
#  define ARENA_ALIGNMENT 8
#endif

typedef struct arena {
    unsigned char *base; /* NULL: only count */
    size_t used;         /* SIZE_MAX once that is more than there can be */
} arena;

/* A block of any alignment; the slack for aligning it is part of the count. */
static inline arena arena_over(void *memory)
{
    arena a = {memory, ARENA_ALIGNMENT};
    if (memory != NULL) {
        a.base = (unsigned char *)memory + (ARENA_ALIGNMENT - (uintptr_t)memory % ARENA_ALIGNMENT) % ARENA_ALIGNMENT;
        a.used = 0;
    }
    return a;
}

/* n * size bytes, aligned; NULL when counting. Check arena_total before the block is used. */
static inline void *arena_take(arena *a, size_t n, size_t size)
{
    const size_t place = a->used, end = size_plus(place, size_times(n, size));
    if (end > SIZE_MAX / 2 - ARENA_ALIGNMENT) { /* differences of pointers have half of the range */
        a->used = SIZE_MAX;
        return NULL;
    }
    a->used = (end + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    return a->base == NULL ? NULL : a->base + place;
}

/* The bytes counted; 0 if they are more than there can be. */
static inline size_t arena_total(const arena *a) { return a->used == SIZE_MAX ? 0 : a->used; }

#endif
