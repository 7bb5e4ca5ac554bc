/* What a search tells of itself: counts, programs, and where it stands. */
#include <string.h>

#include "base/portability.h"
#include "base/structs.h"
#include "search/mark.h"

/* NULL for a moment that is none. */
static const search_state *state_at(const amlz_search *s, int moment)
{
    if (s == NULL || (moment != AMLZ_NOW && moment != AMLZ_AT_MARK)) {
        return NULL;
    }
    return moment == AMLZ_AT_MARK && mark_has_memory(&s->config) ? &s->mark : &s->now;
}

amlz_status amlz_search_made_of(const amlz_search *search, amlz_search_config *config, amlz_tasks_config *tasks,
                                uint64_t *tasks_digest, amlz_program *start_program)
{
    if (search == NULL || (config != NULL && !STRUCTS_KNOWN(amlz_search_config, config)) ||
        (tasks != NULL && !STRUCTS_KNOWN(amlz_tasks_config, tasks))) {
        return AMLZ_ERROR_ARGUMENT;
    }
    if (config != NULL) {
        STRUCTS_WRITE(config, &search->config);
    }
    if (tasks != NULL) {
        STRUCTS_WRITE(tasks, &search->tasks->config);
    }
    if (tasks_digest != NULL) {
        *tasks_digest = search->tasks_digest;
    }
    if (start_program != NULL) {
        *start_program = search->start;
    }
    return AMLZ_OK;
}

/* Of each program that was stopped at a hurdle, all steps that a full evaluation can have. */
static uint64_t saved_steps(const amlz_search *s, const amlz_progress *progress)
{
    const amlz_tasks_config *tasks = &s->tasks->config;
    uint64_t stops = 0;
    for (uint32_t i = 0; i < s->config.n_hurdles; i++) {
        stops += progress->hurdle_stops[i];
    }
    return stops * tasks->n_tasks * tasks->n_epochs * ((uint64_t)tasks->n_train + tasks->n_valid);
}

/* Populations that were made anew, the last one perhaps in part. */
static uint64_t restarts(const amlz_search *s, uint64_t evaluations)
{
    return s->config.restart_period == 0 || evaluations == 0 ? 0 : (evaluations - 1) / s->config.restart_period;
}

static amlz_progress progress_of(const amlz_search *search, const search_state *state)
{
    amlz_progress progress = state->progress;
    const port_fp_state caller = port_fp_enter();
    const uint32_t n = state->progress.population;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += state->population.entries[amlz__state_by_age(state, i)].member.fitness;
    }
    progress.mean_fitness = n == 0 ? 0 : sum / n;
    progress.saved_steps = saved_steps(search, &progress);
    progress.restarts = restarts(search, progress.evaluations);
    port_fp_leave(caller);
    return progress;
}

amlz_status amlz_search_state(const amlz_search *search, int moment, amlz_state *state)
{
    const search_state *from = state_at(search, moment);
    amlz_state whole;
    if (from == NULL || !STRUCTS_KNOWN(amlz_state, state)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    memcpy(whole.rng, from->rng.s, sizeof whole.rng);
    whole.progress = progress_of(search, from);
    whole.progress.struct_size = state->struct_size - offsetof(amlz_state, progress);
    STRUCTS_WRITE(state, &whole);
    return AMLZ_OK;
}

/* The place in the hall of its item number `index`; the hall's capacity if there are not so many. */
static uint32_t hall_place(const search_state *state, uint32_t index)
{
    uint32_t place = 0;
    while (place < state->hall.capacity && (state->hall.entries[place].member.birth == 0 || index-- > 0)) {
        place++;
    }
    return place;
}

uint32_t amlz_search_count(const amlz_search *search, int moment, int part)
{
    const search_state *state = state_at(search, moment);
    uint32_t count = 0;
    if (state == NULL) {
        return 0;
    }
    switch (part) {
    case AMLZ_POPULATION: return state->progress.population;
    case AMLZ_HALL:
        for (uint32_t i = 0; i < state->hall.capacity; i++) {
            count += state->hall.entries[i].member.birth != 0;
        }
        return count;
    case AMLZ_HISTORY: return state->n_history;
    case AMLZ_BEST: return state->best_member.birth != 0;
    default: return 0;
    }
}

/* Item `index`, which is there; either output may be NULL. */
static void read_item(const search_state *state, int part, uint32_t index, amlz_program *program, amlz_member *member)
{
    const shelf *from = part == AMLZ_POPULATION ? &state->population : part == AMLZ_HALL ? &state->hall : NULL;
    const uint32_t place = part == AMLZ_POPULATION ? amlz__state_by_age(state, index)
                           : part == AMLZ_HALL     ? hall_place(state, index)
                                                   : index;
    if (program != NULL) {
        memset(program, 0, sizeof *program);
        if (from != NULL) {
            amlz__state_load(from, place, program);
        } else if (part == AMLZ_BEST) {
            amlz__state_copy_program(program, &state->best);
        }
    }
    if (member != NULL) {
        *member = from != NULL          ? from->entries[place].member
                  : part == AMLZ_BEST   ? state->best_member
                                        : state->history[place];
    }
}

amlz_status amlz_search_item(const amlz_search *search, int moment, int part, uint32_t index, amlz_program *program,
                             amlz_member *member)
{
    if (index >= amlz_search_count(search, moment, part)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    read_item(state_at(search, moment), part, index, program, member);
    return AMLZ_OK;
}

uint32_t amlz_search_items(const amlz_search *search, int moment, int part, uint32_t first, uint32_t count,
                           amlz_member *members, void *bytes, size_t size, size_t *ends)
{
    const search_state *state = state_at(search, moment);
    const uint32_t there = amlz_search_count(search, moment, part);
    const int has_programs = bytes != NULL && ends != NULL && part != AMLZ_HISTORY;
    amlz_program program;
    size_t at = 0, length = 0;
    uint32_t i = 0;
    if (first >= there || members == NULL) {
        return 0;
    }
    for (; i < count && i < there - first; i++) {
        read_item(state, part, first + i, has_programs ? &program : NULL, &members[i]);
        if (has_programs) {
            if (amlz_program_pack(&program, (unsigned char *)bytes + at, size - at, &length) != AMLZ_OK) {
                break;
            }
            at += length;
            ends[i] = at;
        }
    }
    return i;
}

amlz_status amlz_search_progress(const amlz_search *search, amlz_progress *progress)
{
    if (search == NULL || !STRUCTS_KNOWN(amlz_progress, progress)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const amlz_progress whole = progress_of(search, &search->now);
    STRUCTS_WRITE(progress, &whole);
    return AMLZ_OK;
}

amlz_status amlz_search_best(const amlz_search *search, amlz_program *program, double *fitness)
{
    amlz_member member;
    const amlz_status status = amlz_search_item(search, AMLZ_NOW, AMLZ_BEST, 0, program, &member);
    if (status == AMLZ_OK && fitness != NULL) {
        *fitness = member.fitness;
    }
    return status;
}

amlz_status amlz_search_member(const amlz_search *search, uint32_t index, amlz_program *program, double *fitness)
{
    amlz_member member;
    const amlz_status status = amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, index, program, &member);
    if (status == AMLZ_OK && fitness != NULL) {
        *fitness = member.fitness;
    }
    return status;
}

uint64_t amlz_search_digest(const amlz_search *search)
{
    uint64_t hash = 0;
    amlz_program program;
    if (search == NULL) {
        return 0;
    }
    const search_state *now = &search->now;
    for (uint32_t i = 0; i < now->progress.population; i++) {
        const uint32_t place = amlz__state_by_age(now, i);
        amlz__state_load(&now->population, place, &program);
        hash = rng_mix(hash ^ amlz_program_hash(&program));
        hash = rng_mix(hash ^ math_shown_bits(now->population.entries[place].member.fitness));
    }
    hash = rng_mix(hash ^ amlz_program_hash(&now->best));
    hash = rng_mix(hash ^ math_shown_bits(now->progress.best_fitness));
    for (int i = 0; i < 4; i++) {
        hash = rng_mix(hash ^ now->rng.s[i]);
    }
    const amlz_progress *p = &now->progress;
    const uint64_t counts[] = {p->evaluations, p->cache_hits, p->fec_hits, p->rejected, p->probes, p->full_evaluations,
                               p->train_steps, p->valid_steps, p->best_evaluation};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        hash = rng_mix(hash ^ counts[i]);
    }
    for (uint32_t i = 0; i < search->config.n_hurdles; i++) {
        hash = rng_mix(hash ^ p->hurdle_stops[i]);
    }
    hash = search->config.redraws > 0 ? rng_mix(hash ^ p->duplicates) : hash;
    return search->config.tunings > 1 ? rng_mix(hash ^ p->tunings) : hash;
}
