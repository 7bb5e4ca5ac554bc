/* Marks: where a search forgets all that its state does not tell, so that it can be resumed from there. */
#ifndef AMLZ_MARK_H
#define AMLZ_MARK_H

#include "search/search.h"

/* 1 if the search remembers fitnesses, so that what follows depends on more than its state. */
static inline int mark_has_memory(const amlz_search_config *config)
{
    return config->cache_size > 0 || config->fec_size > 0 || config->n_hurdles > 0 || config->structures_size > 0;
}

/* Makes the state as it is the mark: caches and thresholds are emptied, but for what the population itself tells. */
void amlz__mark_set(amlz_search *s);

/* Does so where it is time for one. */
void amlz__mark_set_if_due(amlz_search *s);

#endif
