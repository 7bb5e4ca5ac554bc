/* The inside of a search. */
#ifndef AMLZ_EVOLVE_H
#define AMLZ_EVOLVE_H

#include "cache.h"
#include "evaluate.h"
#include "state.h"

struct amlz_search {
    amlz_search_config config;
    const amlz_tasks *tasks;
    uint64_t tasks_digest;
    amlz_evaluator *evaluator;
    uint64_t evaluation_seed; /* of random ops: one for the whole search, so that a fitness is a function of the program */
    cache by_key, by_fingerprint;
    search_state now;
    search_state mark; /* laid out only where there are caches, which make a mark differ from now */
    uint64_t work;     /* since the mark */
    amlz_program start, child;
    uint64_t (*clock)(void); /* NULL: phases are not measured */
    uint64_t *ticks, last_tick;
};

/* 1 if the search remembers fitnesses, so that what follows depends on more than its state. */
static inline int evolve_has_caches(const amlz_search_config *config)
{
    return config->cache_size > 0 || config->fec_size > 0;
}

/* OK, or why the program cannot be in the search. */
amlz_status evolve_check_program(const amlz_search *s, const amlz_program *program, const char **reason);

/* 1 if the program scores 0 unrun. */
int evolve_is_rejected(const amlz_search *s, const amlz_program *program);

/* Makes the state as it is the mark: caches are emptied, but for what the population itself tells. */
void evolve_set_mark(amlz_search *s);

#endif
