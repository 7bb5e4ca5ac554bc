#include "search/key_set.h"

#include <string.h>

void amlz__key_set_place(key_set *set, arena *a, uint32_t capacity)
{
    set->capacity = capacity;
    set->n_slots = 2;
    while (set->n_slots / 2 < capacity && set->n_slots <= SIZE_MAX / 4) { /* where that ends it, no population fits */
        set->n_slots *= 2;
    }
    set->keys = arena_take(a, set->n_slots, sizeof *set->keys);
    set->counts = arena_take(a, set->n_slots, sizeof *set->counts);
    if (a->base != NULL) {
        amlz__key_set_clear(set);
    }
}

void amlz__key_set_clear(key_set *set)
{
    memset(set->keys, 0, set->n_slots * sizeof *set->keys);
    memset(set->counts, 0, set->n_slots * sizeof *set->counts);
    set->n_keys = 0;
}

/* Where the key is, or else where it would be put. */
static size_t slot_of(const key_set *set, uint64_t key)
{
    const size_t mask = set->n_slots - 1;
    size_t slot = (size_t)key & mask;
    while (set->keys[slot] != 0 && set->keys[slot] != key) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

uint32_t amlz__key_set_count(const key_set *set, uint64_t key) { return key == 0 ? 0 : set->counts[slot_of(set, key)]; }

void amlz__key_set_add(key_set *set, uint64_t key)
{
    if (key != 0) {
        const size_t slot = slot_of(set, key);
        set->n_keys += set->keys[slot] == 0;
        set->keys[slot] = key;
        set->counts[slot]++;
    }
}

/* Keys further on come nearer to their own slots, so that none is cut off from its slot by the one that gets free. */
static void free_slot(key_set *set, size_t free)
{
    const size_t mask = set->n_slots - 1;
    for (size_t slot = (free + 1) & mask; set->keys[slot] != 0; slot = (slot + 1) & mask) {
        const size_t own = (size_t)set->keys[slot] & mask;
        if (((slot - own) & mask) >= ((slot - free) & mask)) {
            set->keys[free] = set->keys[slot];
            set->counts[free] = set->counts[slot];
            free = slot;
        }
    }
    set->keys[free] = 0;
    set->counts[free] = 0;
}

void amlz__key_set_remove(key_set *set, uint64_t key)
{
    if (key != 0) {
        const size_t slot = slot_of(set, key);
        if (--set->counts[slot] == 0) {
            free_slot(set, slot);
            set->n_keys--;
        }
    }
}
