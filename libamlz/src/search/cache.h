/* A table of the most recently used keys and the fitnesses of their programs, in memory of a fixed size. */
#ifndef AMLZ_CACHE_H
#define AMLZ_CACHE_H

#include "base/arena.h"

typedef struct cache_entry {
    uint64_t key;
    double fitness;
    uint32_t older, newer; /* neighbours in order of use */
    uint32_t next;         /* of the same bucket */
    uint8_t is_complete;   /* 0: the fitness is that of a hurdle which stopped the program */
} cache_entry;

typedef struct cache {
    cache_entry *entries;
    uint32_t *buckets;
    uint32_t capacity, n_buckets; /* a power of 2 */
    uint32_t count;
    uint32_t oldest, newest;
} cache;

/* Lays an empty table for that many keys out in the arena; capacity 0 remembers nothing. */
void amlz__cache_place(cache *c, arena *a, uint32_t capacity);

/* Forgets everything. */
void amlz__cache_clear(cache *c);

/* What is known of the key, up to the next insertion; NULL if nothing is. Finding it counts as a use. */
const cache_entry *amlz__cache_find(cache *c, uint64_t key);

/* 1 if the key is in the table; does not count as a use. */
int amlz__cache_has(const cache *c, uint64_t key);

/* The same, and its fitness if it is. */
int amlz__cache_look(const cache *c, uint64_t key, double *fitness);

/* Remembers a key that is not in the table, in the place of the least recently used when it is full. */
void amlz__cache_insert(cache *c, uint64_t key, double fitness, int is_complete);

#endif
