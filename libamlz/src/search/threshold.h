/* What a program must reach at a hurdle: a percentile of the different fitnesses that were last seen there. */
#ifndef AMLZ_THRESHOLD_H
#define AMLZ_THRESHOLD_H

#include "base/arena.h"

typedef struct threshold {
    double *sorted; /* no two the same */
    double *ring;   /* the same numbers in the order in which they came */
    uint32_t count, capacity;
    uint32_t oldest; /* its place in the ring, once that is full */
    double percentile;
} threshold;

/* Lays an empty one out in the arena; capacity is 1 or more, percentile in (0, 1). */
void amlz__threshold_place(threshold *t, arena *a, uint32_t capacity, double percentile);

/* Forgets everything. */
void amlz__threshold_clear(threshold *t);

/* The number that lies over floor(percentile * capacity) of those seen; below every fitness until there are as many as
 * the capacity. */
double amlz__threshold_value(const threshold *t);

/* Takes in a fitness, in the place of the oldest when it is full; nothing happens if it is there already. */
void amlz__threshold_see(threshold *t, double fitness);

#endif
