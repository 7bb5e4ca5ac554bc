/* How much time a search spends on what, by the caller's clock. */
#ifndef AMLZ_MEASURE_H
#define AMLZ_MEASURE_H

#include "search/search.h"

static inline void measure_start(amlz_search *s) { s->last_tick = s->clock == NULL ? 0 : s->clock(); }

/* The end of a phase. */
static inline void measure_lap(amlz_search *s, amlz_phase phase)
{
    if (s->clock != NULL) {
        const uint64_t now = s->clock();
        s->ticks[phase] += now - s->last_tick;
        s->last_tick = now;
    }
}

#endif
