#include "search/mark.h"

/* But those of the members, unless these are to be replaced. */
static void forget_structures(amlz_search *s)
{
    amlz__key_set_clear(&s->structures);
    for (uint32_t i = 0; i < s->now.progress.population && search_since_start(s, s->now.progress.evaluations) > 0; i++) {
        if (s->now.population.entries[i].key != 0 && s->structures.n_keys < s->structures.capacity) {
            amlz__state_load(&s->now.population, i, &s->scratch);
            amlz__evaluate_load(s->evaluator, &s->scratch);
            amlz__key_set_add(&s->structures, amlz__plan_structure(&s->evaluator->plan));
        }
    }
}

void amlz__mark_set(amlz_search *s)
{
    if (!mark_has_memory(&s->config)) {
        return;
    }
    amlz__state_copy(&s->mark, &s->now);
    s->work = 0;
    amlz__cache_clear(&s->by_key);
    amlz__cache_clear(&s->by_fingerprint);
    if (s->config.structures_size > 0) {
        forget_structures(s);
    }
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

/* Of structures as much as can be is remembered, so that marks are where they would be forgotten anyway. Else the first
 * marks come sooner, with the first population and whenever the evaluations have doubled, so that what is saved
 * of a young search is not much older than the search. */
static int is_due(const amlz_search *s)
{
    const uint64_t mark = s->mark.progress.evaluations, since = s->now.progress.evaluations - mark;
    if (s->config.structures_size > 0) {
        return search_since_start(s, s->now.progress.evaluations) == 0 || since >= s->config.cache_period ||
               s->work >= s->config.cache_work;
    }
    const uint64_t young = mark < s->config.population_size ? s->config.population_size : mark;
    return since >= (young < s->config.cache_period ? young : s->config.cache_period) || s->work >= s->config.cache_work;
}

void amlz__mark_set_if_due(amlz_search *s)
{
    if (is_due(s)) {
        amlz__mark_set(s);
    }
}
