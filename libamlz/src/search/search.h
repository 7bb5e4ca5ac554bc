/* What a search is made of. The other files of this folder lay it out, let it advance, tell of it and resume it. */
#ifndef AMLZ_SEARCH_H
#define AMLZ_SEARCH_H

#include "run/evaluate.h"
#include "search/cache.h"
#include "search/key_set.h"
#include "search/state.h"
#include "search/threshold.h"

/* A program that was asked for: the search itself is as it was before, until its fitness is told. */
typedef struct asked_program {
    uint64_t ticket; /* 0: there is none; the program is the search's child */
    uint64_t duplicates;
    amlz_member origin;
    rng_state rng;   /* after the draws that made it */
} asked_program;

struct amlz_search {
    amlz_search_config config;
    const amlz_tasks *tasks;
    uint64_t tasks_digest;
    amlz_evaluator *evaluator;
    uint64_t evaluation_seed; /* of random ops: one for the whole search, so that a fitness is a function of the program */
    cache by_key, by_fingerprint;
    threshold thresholds[AMLZ_MAX_HURDLES]; /* as many as there are hurdles */
    key_set members; /* laid out only where children are drawn again: the keys of the population */
    search_state now;
    search_state mark; /* laid out only where something is remembered, which makes a mark differ from now */
    uint64_t work;     /* since the mark */
    amlz_program start, child;
    asked_program asked;
    uint64_t (*clock)(void); /* NULL: phases are not measured */
    uint64_t *ticks, last_tick;
};

#endif
