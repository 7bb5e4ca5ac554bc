#include "search/mark.h"

void amlz__mark_set(amlz_search *s)
{
    if (!mark_has_memory(&s->config)) {
        return;
    }
    amlz__state_copy(&s->mark, &s->now);
    s->work = 0;
    amlz__cache_clear(&s->by_key);
    amlz__cache_clear(&s->by_fingerprint);
    for (uint32_t i = 0; i < s->config.n_hurdles; i++) {
        amlz__threshold_clear(&s->thresholds[i]);
    }
    if (s->config.n_hurdles > 0) {
        return; /* members do not tell whether their fitness is that of a hurdle */
    }
    for (uint32_t i = 0; i < s->now.progress.population; i++) {
        const shelf_entry *entry = &s->now.population.entries[amlz__state_by_age(&s->now, i)];
        if (entry->key != 0 && amlz__cache_find(&s->by_key, entry->key) == NULL) {
            amlz__cache_insert(&s->by_key, entry->key, entry->member.fitness, 1);
        }
    }
}

/* The first marks come sooner, with the first population and whenever the evaluations have doubled, so that what is saved
 * of a young search is not much older than the search. */
static int is_due(const amlz_search *s)
{
    const uint64_t mark = s->mark.progress.evaluations, since = s->now.progress.evaluations - mark;
    const uint64_t young = mark < s->config.population_size ? s->config.population_size : mark;
    return since >= (young < s->config.cache_period ? young : s->config.cache_period) || s->work >= s->config.cache_work;
}

void amlz__mark_set_if_due(amlz_search *s)
{
    if (is_due(s)) {
        amlz__mark_set(s);
    }
}
