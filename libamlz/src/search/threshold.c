#include "search/threshold.h"

#include <string.h>

void amlz__threshold_place(threshold *t, arena *a, uint32_t capacity, double percentile)
{
    t->sorted = arena_take(a, capacity, sizeof *t->sorted);
    t->ring = arena_take(a, capacity, sizeof *t->ring);
    t->capacity = capacity;
    t->percentile = percentile;
    amlz__threshold_clear(t);
}

void amlz__threshold_clear(threshold *t) { t->count = t->oldest = 0; }

double amlz__threshold_value(const threshold *t)
{
    return t->count < t->capacity ? -1 : t->sorted[(uint32_t)(t->percentile * t->capacity)];
}

/* How many are below x. */
static uint32_t rank_of(const threshold *t, double x)
{
    uint32_t low = 0, high = t->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (t->sorted[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void drop_oldest(threshold *t)
{
    const uint32_t rank = rank_of(t, t->ring[t->oldest]);
    t->count--;
    memmove(t->sorted + rank, t->sorted + rank + 1, (t->count - rank) * sizeof *t->sorted);
}

void amlz__threshold_see(threshold *t, double fitness)
{
    uint32_t rank = rank_of(t, fitness);
    if (rank < t->count && t->sorted[rank] == fitness) {
        return;
    }
    if (t->count == t->capacity) {
        drop_oldest(t);
        rank = rank_of(t, fitness);
        t->ring[t->oldest] = fitness;
        t->oldest = t->oldest + 1 == t->capacity ? 0 : t->oldest + 1;
    } else {
        t->ring[t->count] = fitness;
    }
    memmove(t->sorted + rank + 1, t->sorted + rank, (t->count - rank) * sizeof *t->sorted);
    t->sorted[rank] = fitness;
    t->count++;
}
