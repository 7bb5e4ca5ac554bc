#include "search/measure.h"

const char *amlz_phase_name(int phase)
{
    static const char *const names[AMLZ_PHASE_COUNT] = {"selection", "mutation",   "analysis", "caches",
                                                        "probes",    "evaluation", "records"};
    return phase >= 0 && phase < AMLZ_PHASE_COUNT ? names[phase] : NULL;
}

void amlz_search_measure(amlz_search *search, uint64_t (*clock)(void), uint64_t ticks[AMLZ_PHASE_COUNT])
{
    if (search != NULL) {
        search->clock = ticks == NULL ? NULL : clock;
        search->ticks = ticks;
    }
}
