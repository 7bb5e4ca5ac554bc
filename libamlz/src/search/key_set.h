/* Keys of programs, each counted as often as it is there. */
#ifndef AMLZ_KEY_SET_H
#define AMLZ_KEY_SET_H

#include "base/arena.h"

typedef struct key_set {
    uint64_t *keys;   /* by their low bits, or in the next free slot; 0 where there is none */
    uint32_t *counts;
    size_t n_slots;   /* a power of 2, at least twice the members; 0: not laid out */
    uint32_t capacity, n_keys; /* different ones that there may be, and that there are */
} key_set;

/* Lays an empty set for so many members out in the arena; an arena over NULL only counts. */
void amlz__key_set_place(key_set *set, arena *a, uint32_t capacity);

/* Key 0 stands for none: it is never in the set, and adding or removing it does nothing. */
uint32_t amlz__key_set_count(const key_set *set, uint64_t key);
void amlz__key_set_add(key_set *set, uint64_t key);
void amlz__key_set_clear(key_set *set);
void amlz__key_set_remove(key_set *set, uint64_t key); /* one that is there */

#endif
