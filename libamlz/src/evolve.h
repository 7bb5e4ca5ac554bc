/* The inside of a search. */
#ifndef AMLZ_EVOLVE_H
#define AMLZ_EVOLVE_H

#include "cache.h"
#include "evaluate.h"
#include "key_set.h"
#include "state.h"
#include "threshold.h"

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

/* 1 if the search remembers fitnesses, so that what follows depends on more than its state. */
static inline int evolve_has_memory(const amlz_search_config *config)
{
    return config->cache_size > 0 || config->fec_size > 0 || config->n_hurdles > 0;
}

/* OK, or why the program cannot be in the search. */
amlz_status evolve_check_program(const amlz_search *s, const amlz_program *program, const char **reason);

/* 1 if the program scores 0 unrun. */
int evolve_is_rejected(const amlz_search *s, const amlz_program *program);

/* Puts the keys of the members in place, where something is drawn again for them. */
void evolve_collect_keys(amlz_search *s);

/* Makes the state as it is the mark: caches and thresholds are emptied, but for what the population itself tells. */
void evolve_set_mark(amlz_search *s);

#endif
