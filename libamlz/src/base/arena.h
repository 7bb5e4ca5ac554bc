/* A caller's memory block, handed out from its beginning. The same calls on a block of none count the bytes. */
#ifndef AMLZ_ARENA_H
#define AMLZ_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_ALIGNMENT 64

typedef struct arena {
    unsigned char *base; /* NULL: only count */
    size_t used;
    int overflow;
} arena;

/* A block of any alignment; the slack for aligning it is part of the count. */
static inline arena arena_over(void *memory)
{
    arena a = {memory, ARENA_ALIGNMENT, 0};
    if (memory != NULL) {
        a.base = (unsigned char *)memory + (ARENA_ALIGNMENT - (uintptr_t)memory % ARENA_ALIGNMENT) % ARENA_ALIGNMENT;
        a.used = 0;
    }
    return a;
}

static inline size_t arena_times(arena *a, size_t n, size_t m)
{
    if (m != 0 && n > SIZE_MAX / m) {
        a->overflow = 1;
        return 0;
    }
    return n * m;
}

/* n * size bytes, aligned; NULL when counting. Check arena_total before the block is used. */
static inline void *arena_take(arena *a, size_t n, size_t size)
{
    const size_t bytes = arena_times(a, n, size);
    const size_t place = a->used;
    if (a->overflow || bytes > SIZE_MAX / 2 || place > SIZE_MAX / 2 - ARENA_ALIGNMENT) {
        a->overflow = 1;
        return NULL;
    }
    a->used = (place + bytes + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    return a->base == NULL ? NULL : a->base + place;
}

/* The bytes counted; 0 if they are more than a size_t can say. */
static inline size_t arena_total(const arena *a) { return a->overflow ? 0 : a->used; }

#endif
