#include "search/cache.h"

#define NONE UINT32_MAX

static uint32_t bucket_count(uint32_t capacity)
{
    uint32_t n = 1;
    while (n < capacity && n < UINT32_C(1) << 31) {
        n *= 2;
    }
    return n;
}

void amlz__cache_place(cache *c, arena *a, uint32_t capacity)
{
    c->capacity = capacity;
    c->n_buckets = bucket_count(capacity);
    c->entries = arena_take(a, capacity, sizeof *c->entries);
    c->buckets = arena_take(a, capacity == 0 ? 0 : c->n_buckets, sizeof *c->buckets);
    if (a->base != NULL) {
        amlz__cache_clear(c);
    }
}

void amlz__cache_clear(cache *c)
{
    c->count = 0;
    c->oldest = c->newest = NONE;
    for (uint32_t i = 0; c->capacity > 0 && i < c->n_buckets; i++) {
        c->buckets[i] = NONE;
    }
}

static uint32_t *bucket_of(const cache *c, uint64_t key) { return &c->buckets[key & (c->n_buckets - 1)]; }

static void unlink_use(cache *c, uint32_t i)
{
    const cache_entry *e = &c->entries[i];
    *(e->older == NONE ? &c->oldest : &c->entries[e->older].newer) = e->newer;
    *(e->newer == NONE ? &c->newest : &c->entries[e->newer].older) = e->older;
}

static void link_newest(cache *c, uint32_t i)
{
    c->entries[i].older = c->newest;
    c->entries[i].newer = NONE;
    *(c->newest == NONE ? &c->oldest : &c->entries[c->newest].newer) = i;
    c->newest = i;
}

static void unlink_bucket(cache *c, uint32_t i)
{
    uint32_t *link = bucket_of(c, c->entries[i].key);
    while (*link != i) {
        link = &c->entries[*link].next;
    }
    *link = c->entries[i].next;
}

static uint32_t place_of(const cache *c, uint64_t key)
{
    uint32_t i = c->capacity == 0 ? NONE : *bucket_of(c, key);
    while (i != NONE && c->entries[i].key != key) {
        i = c->entries[i].next;
    }
    return i;
}

int amlz__cache_has(const cache *c, uint64_t key) { return place_of(c, key) != NONE; }

int amlz__cache_look(const cache *c, uint64_t key, double *fitness)
{
    const uint32_t i = place_of(c, key);
    if (i != NONE) {
        *fitness = c->entries[i].fitness;
    }
    return i != NONE;
}

const cache_entry *amlz__cache_find(cache *c, uint64_t key)
{
    const uint32_t i = place_of(c, key);
    if (i == NONE) {
        return NULL;
    }
    if (i != c->newest) {
        unlink_use(c, i);
        link_newest(c, i);
    }
    return &c->entries[i];
}

void amlz__cache_insert(cache *c, uint64_t key, double fitness, int is_complete)
{
    uint32_t i;
    if (c->capacity == 0) {
        return;
    }
    if (c->count < c->capacity) {
        i = c->count++;
    } else {
        i = c->oldest;
        unlink_use(c, i);
        unlink_bucket(c, i);
    }
    uint32_t *bucket = bucket_of(c, key);
    c->entries[i].key = key;
    c->entries[i].fitness = fitness;
    c->entries[i].is_complete = (uint8_t)is_complete;
    c->entries[i].next = *bucket;
    *bucket = i;
    link_newest(c, i);
}
