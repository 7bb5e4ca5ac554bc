/* How a search is made to go on from where another one was saved. */
#include <string.h>

#include "base/fail.h"
#include "base/portability.h"
#include "base/structs.h"
#include "search/layout.h"
#include "search/mark.h"
#include "search/step.h"

/* NULL, or why an item cannot have come from any search. */
static PORT_NOINLINE const char *fault_of_member(const amlz_member *member)
{
    if (!(member->fitness >= 0 && member->fitness <= 1)) {
        return "fitness must be from 0 to 1";
    }
    if (member->birth == 0) {
        return "birth must be 1 or more";
    }
    if (member->parent >= member->birth) {
        return "parent must be before birth";
    }
    if (member->action >= AMLZ_MUTATION_COUNT) {
        return "action must be a mutation";
    }
    return NULL;
}

/* The structural key, which tells nothing of programs that were never run for their cost; *n_live are live instructions. */
static uint64_t analyse(amlz_search *s, const amlz_program *program, int *n_live)
{
    amlz__evaluate_load(s->evaluator, program);
    *n_live = plan_size(&s->evaluator->plan);
    return amlz__step_is_rejected(s, program) ? 0 : s->evaluator->plan.key;
}

static const char *put_program(amlz_search *s, int part, const amlz_program *program, const amlz_member *member)
{
    search_state *state = &s->now;
    int n_live;
    const uint64_t key = analyse(s, program, &n_live);
    switch (part) {
    case AMLZ_POPULATION:
        if (state->progress.population == state->population.capacity) {
            return "there must not be more members than population_size";
        }
        amlz__state_store(&state->population, state->progress.population++, program, member, key);
        return NULL;
    case AMLZ_HALL:
        for (uint32_t i = (uint32_t)n_live; i < state->hall.capacity; i++) {
            if (state->hall.entries[i].member.birth != 0) {
                return "programs of the hall must have more and more live instructions";
            }
        }
        amlz__state_store(&state->hall, (uint32_t)n_live, program, member, key);
        return NULL;
    default:
        if (state->best_member.birth != 0) {
            return "there must be one best program";
        }
        state->best_member = *member;
        amlz__state_copy_program(&state->best, program);
        return NULL;
    }
}

static const char *put_history(search_state *state, const amlz_member *member)
{
    if (state->n_history == state->history_size) {
        return "there must not be more improvements than history_size";
    }
    if (state->n_history > 0) {
        const amlz_member *last = &state->history[state->n_history - 1];
        if (!(member->birth > last->birth && member->fitness > last->fitness)) {
            return "improvements must come one after the other, each better than the one before";
        }
    }
    state->history[state->n_history++] = *member;
    return NULL;
}

amlz_status amlz_search_put(amlz_search *search, int part, const amlz_program *program, const amlz_member *member,
                            const char **reason)
{
    const char *fault = NULL;
    if (search == NULL || member == NULL || part < AMLZ_POPULATION || part > AMLZ_BEST ||
        (program == NULL) != (part == AMLZ_HISTORY)) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "an item must have a part, a member and, but in the history, a program");
    }
    if (search->now.progress.evaluations > 0 || search->asked.count != 0) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "items must be put before the search is run");
    }
    if (program != NULL) {
        const amlz_status status = amlz__layout_check_program(search, program, reason);
        if (status != AMLZ_OK) {
            return status;
        }
    }
    search->is_put = 1;
    const port_fp_state caller = port_fp_enter();
    fault = fault_of_member(member);
    if (fault == NULL) {
        fault = program == NULL ? put_history(&search->now, member) : put_program(search, part, program, member);
    }
    port_fp_leave(caller);
    return judge(fault, reason);
}

/* 1 if each evaluation was of one kind; subtracting, so that nothing overflows. */
static int is_sum_of_kinds(const amlz_progress *p)
{
    uint64_t kinds[4 + AMLZ_MAX_HURDLES] = {p->cache_hits, p->fec_hits, p->rejected, p->full_evaluations};
    uint64_t left = p->evaluations;
    memcpy(kinds + 4, p->hurdle_stops, sizeof p->hurdle_stops);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i] > left) {
            return 0;
        }
        left -= kinds[i];
    }
    return left == 0;
}

/* NULL, or why these numbers and the items that were put are not those of one search. */
static const char *contradiction(const amlz_search *search, const amlz_state *numbers)
{
    const search_state *state = &search->now;
    const amlz_search_config *config = &search->config;
    const amlz_progress *p = &numbers->progress;
    const uint64_t size = state->population.capacity, n = p->evaluations;
    if (state->progress.population != (n < size ? n : size)) {
        return "there must be as many members as evaluations, up to population_size";
    }
    if ((state->best_member.birth != 0) != (n > 0)) {
        return "there must be a best program just if there were evaluations";
    }
    if (!is_sum_of_kinds(p) || p->probes > n) {
        return "each evaluation must have been a cache hit, a fingerprint hit, over budget, stopped at a hurdle or full";
    }
    for (uint32_t i = config->n_hurdles; i < AMLZ_MAX_HURDLES; i++) {
        if (p->hurdle_stops[i] > 0) {
            return "programs must have been stopped at hurdles that there are";
        }
    }
    if (p->duplicates > 0 && (config->redraws == 0 || (p->duplicates - 1) / config->redraws >= n)) {
        return "children must have been drawn again at most redraws times each";
    }
    if (p->tunings > 0 && (config->tunings == 1 || (p->tunings - 1) / (config->tunings - 1) >= n)) {
        return "programs must have been tuned at most tunings - 1 times each";
    }
    if ((numbers->rng[0] | numbers->rng[1] | numbers->rng[2] | numbers->rng[3]) == 0) {
        return "the random state must not be all zero";
    }
    for (uint32_t i = 0; i < state->progress.population; i++) {
        if (state->population.entries[i].member.birth > n) {
            return "births must not be after the last evaluation";
        }
    }
    for (uint32_t i = 0; i < state->hall.capacity; i++) {
        if (state->hall.entries[i].member.birth > n) {
            return "births must not be after the last evaluation";
        }
    }
    if (state->best_member.birth > n) {
        return "births must not be after the last evaluation";
    }
    if (state->history_size > 0 && n > 0 &&
        (state->n_history == 0 || state->history[state->n_history - 1].birth != state->best_member.birth)) {
        return "the last improvement must be the best program";
    }
    return NULL;
}

/* Puts the keys of the members in place, where something is drawn again for them. */
static void collect_keys(amlz_search *s)
{
    for (uint32_t i = 0; s->config.redraws > 0 && i < s->now.progress.population; i++) {
        amlz__key_set_add(&s->members, s->now.population.entries[i].key);
    }
}

amlz_status amlz_search_resume(amlz_search *search, const amlz_state *state, const char **reason)
{
    amlz_state whole, *numbers = &whole;
    if (search == NULL || search->now.progress.evaluations > 0 || search->asked.count != 0) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "a search must be resumed before it is run");
    }
    if (!STRUCTS_KNOWN(amlz_state, state)) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "state: " STRUCTS_FAULT(amlz_state));
    }
    STRUCTS_READ(amlz_state, numbers, state);
    search_state *now = &search->now;
    const char *fault = contradiction(search, numbers);
    if (fault != NULL) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, fault);
    }
    const uint32_t population = now->progress.population;
    search->is_put = 0;
    now->progress = numbers->progress;
    now->progress.population = population;
    now->progress.best_fitness = population == 0 ? -1 : now->best_member.fitness;
    now->progress.best_evaluation = now->best_member.birth;
    memcpy(now->rng.s, numbers->rng, sizeof now->rng.s);
    if (population == now->population.capacity && search->config.replace_worst_of == 0) {
        amlz__state_turn_ring(now);
    }
    collect_keys(search);
    amlz__mark_set(search);
    return accept(reason);
}
