/* Regularized evolution (the paper's section 3.2, figure 2) and random search. */
#include "evolve.h"

#include <string.h>

#include "liveness.h"
#include "mutate.h"
#include "portability.h"

void evolve_set_mark(amlz_search *s)
{
    if (!evolve_has_memory(&s->config)) {
        return;
    }
    state_copy(&s->mark, &s->now);
    s->work = 0;
    cache_clear(&s->by_key);
    cache_clear(&s->by_fingerprint);
    for (uint32_t i = 0; i < s->config.n_hurdles; i++) {
        threshold_clear(&s->thresholds[i]);
    }
    if (s->config.n_hurdles > 0) {
        return; /* members do not tell whether their fitness is that of a hurdle */
    }
    for (uint32_t i = 0; i < s->now.progress.population; i++) {
        const shelf_entry *entry = &s->now.population.entries[state_by_age(&s->now, i)];
        if (entry->key != 0 && cache_find(&s->by_key, entry->key) == NULL) {
            cache_insert(&s->by_key, entry->key, entry->member.fitness, 1);
        }
    }
}

void evolve_collect_keys(amlz_search *s)
{
    for (uint32_t i = 0; s->config.redraws > 0 && i < s->now.progress.population; i++) {
        key_set_add(&s->members, s->now.population.entries[i].key);
    }
}

/* The end of a phase. */
static inline void lap(amlz_search *s, amlz_phase phase)
{
    if (s->clock != NULL) {
        const uint64_t now = s->clock();
        s->ticks[phase] += now - s->last_tick;
        s->last_tick = now;
    }
}

static void draw_program(amlz_search *s, amlz_program *program)
{
    state_copy_program(program, &s->start);
    mutate_random_program(&s->config.space, &s->now.rng, program);
}

static void first_program(amlz_search *s, amlz_program *program)
{
    if (s->config.start == AMLZ_START_RANDOM) {
        draw_program(s, program);
        return;
    }
    state_copy_program(program, &s->start);
    if (s->config.start == AMLZ_START_EMPTY) {
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            if (s->config.space.function[f].n_ops > 0) {
                program->size[f] = 0;
            }
        }
    }
}

/* The fittest of T members drawn with replacement; of equals the first drawn. */
static uint32_t hold_tournament(amlz_search *s)
{
    const shelf_entry *entries = s->now.population.entries;
    uint32_t winner = rng_below(&s->now.rng, s->config.population_size);
    for (uint32_t i = 1; i < s->config.tournament_size; i++) {
        const uint32_t rival = rng_below(&s->now.rng, s->config.population_size);
        if (entries[rival].member.fitness > entries[winner].member.fitness) {
            winner = rival;
        }
    }
    return winner;
}

/* Makes the next program, and says where it came from. */
static void next_program(amlz_search *s, amlz_program *program, amlz_member *origin)
{
    origin->parent = 0;
    origin->action = AMLZ_MUTATE_IDENTITY;
    if (s->now.progress.population < s->config.population_size) {
        first_program(s, program);
    } else if (s->config.algorithm == AMLZ_RANDOM_SEARCH) {
        draw_program(s, program);
    } else {
        const uint32_t parent = hold_tournament(s);
        origin->parent = s->now.population.entries[parent].member.birth;
        state_load(&s->now.population, parent, program);
        lap(s, AMLZ_PHASE_SELECTION);
        if (rng_chance(&s->now.rng, s->config.mutate_prob)) {
            const amlz_mutation action = mutate_draw(s->config.mutation_weight, &s->now.rng);
            mutate_apply(&s->config.space, action, &s->now.rng, program);
            origin->action = (uint8_t)action;
        }
    }
}

amlz_status evolve_check_program(const amlz_search *s, const amlz_program *program, const char **reason)
{
    if (amlz_program_check(program, &s->config.space.dims, NULL) != AMLZ_OK) {
        return program_fail(AMLZ_ERROR_PROGRAM, reason, "program must fit the memory of the space");
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (program->size[f] > state_room(&s->config, f)) {
            return program_fail(AMLZ_ERROR_PROGRAM, reason, "program must have sizes up to max_size");
        }
    }
    return AMLZ_OK;
}

int evolve_is_rejected(const amlz_search *s, const amlz_program *program)
{
    const amlz_search_config *c = &s->config;
    return (c->max_cost > 0 && amlz_program_cost(program, c->space.dims.n_features) > c->max_cost) ||
           (c->must_learn && !liveness_can_learn(program, &c->space.dims));
}

static void count_work(amlz_search *s, const amlz_evaluation *result)
{
    const amlz_dims *dims = &s->config.space.dims;
    const uint64_t per_step = dims->n_matrices > 0 ? (uint64_t)dims->n_features * dims->n_features : dims->n_features;
    s->now.progress.train_steps += result->train_steps;
    s->now.progress.valid_steps += result->valid_steps;
    s->work += (result->train_steps + result->valid_steps) * per_step;
}

/* Runs the loaded program from hurdle to hurdle, and on all examples if none stops it: 1 if so, and else 0. The last
 * fitness is left in *result. */
static int run(amlz_search *s, amlz_evaluation *result)
{
    amlz_progress *p = &s->now.progress;
    for (uint32_t i = 0; i < s->config.n_hurdles; i++) {
        const amlz_hurdle *hurdle = &s->config.hurdle[i];
        evaluate_first(s->evaluator, s->tasks, s->evaluation_seed, hurdle->n_train, hurdle->n_valid, result);
        const int is_stopped = result->fitness < threshold_value(&s->thresholds[i]);
        threshold_see(&s->thresholds[i], result->fitness);
        if (is_stopped) {
            p->hurdle_stops[i]++;
            return 0;
        }
    }
    evaluate_run(s->evaluator, s->tasks, s->evaluation_seed, result);
    p->full_evaluations++;
    return 1;
}

/* Fitness of the loaded program by the cheapest way that knows it: structural key, fingerprint, running it. 1 if it was
 * measured on all examples, 0 if at a hurdle; the caches keep this with the fitness, so that no program gets among the
 * best by a fitness of fewer examples. */
static int score(amlz_search *s, double *fitness)
{
    amlz_progress *p = &s->now.progress;
    amlz_evaluation result = {0};
    int is_complete;
    uint64_t fingerprint = 0;
    const uint64_t key = s->evaluator->plan.key;
    const cache_entry *known = cache_find(&s->by_key, key);
    lap(s, AMLZ_PHASE_CACHES);
    if (known != NULL) {
        p->cache_hits++;
        *fitness = known->fitness;
        return known->is_complete;
    }
    if (s->config.fec_size > 0) {
        fingerprint = evaluate_fingerprint(s->evaluator, s->tasks, s->evaluation_seed, s->config.fec_train,
                                           s->config.fec_valid, &result);
        p->probes++;
        lap(s, AMLZ_PHASE_PROBES);
        known = cache_find(&s->by_fingerprint, fingerprint);
    }
    if (known != NULL) {
        p->fec_hits++;
        *fitness = known->fitness;
        is_complete = known->is_complete;
    } else {
        lap(s, AMLZ_PHASE_CACHES);
        is_complete = run(s, &result);
        lap(s, AMLZ_PHASE_EVALUATION);
        *fitness = result.fitness;
        cache_insert(&s->by_fingerprint, fingerprint, *fitness, is_complete);
    }
    cache_insert(&s->by_key, key, *fitness, is_complete);
    lap(s, AMLZ_PHASE_CACHES);
    count_work(s, &result);
    return is_complete;
}

/* The first marks come sooner, with the first population and whenever the evaluations have doubled, so that what is saved
 * of a young search is not much older than the search. */
static int is_time_for_mark(const amlz_search *s)
{
    const uint64_t mark = s->mark.progress.evaluations, since = s->now.progress.evaluations - mark;
    const uint64_t young = mark < s->config.population_size ? s->config.population_size : mark;
    return since >= (young < s->config.cache_period ? young : s->config.cache_period) || s->work >= s->config.cache_work;
}

/* Loads a program that is to be scored; 0 if it is rejected. */
static int load(amlz_search *s, const amlz_program *program)
{
    const int is_rejected = evolve_is_rejected(s, program);
    if (!is_rejected) {
        evaluate_load(s->evaluator, program);
    }
    lap(s, AMLZ_PHASE_ANALYSIS);
    return !is_rejected;
}

/* Takes a program into the population. */
static void join(amlz_search *s, const amlz_program *program, const amlz_member *member, uint64_t key)
{
    const search_state *now = &s->now;
    if (s->config.redraws > 0) {
        if (now->progress.population == s->config.population_size) {
            key_set_remove(&s->members, now->population.entries[now->oldest].key);
        }
        key_set_add(&s->members, key);
    }
    state_add(&s->now, program, member, key);
}

/* Scores a program that was loaded or rejected, and takes it in. told: the fitness that was measured elsewhere, or NULL. */
static void add(amlz_search *s, const amlz_program *program, amlz_member *member, int is_loaded, const double *told)
{
    amlz_progress *p = &s->now.progress;
    const uint64_t key = is_loaded ? s->evaluator->plan.key : 0;
    member->birth = p->evaluations + 1;
    if (!is_loaded) {
        p->rejected++;
        state_record(&s->now, program, member, 0, -1);
    } else if (told != NULL) {
        p->full_evaluations++;
        member->fitness = *told;
        state_record(&s->now, program, member, key, plan_size(&s->evaluator->plan));
    } else if (score(s, &member->fitness)) {
        state_record(&s->now, program, member, key, plan_size(&s->evaluator->plan));
    }
    join(s, program, member, key);
    p->evaluations++;
}

/* 1 if the loaded program is a child that may be drawn again, and computes what a member computes. */
static int is_duplicate(const amlz_search *s)
{
    return s->config.algorithm == AMLZ_EVOLUTION && s->now.progress.population == s->config.population_size &&
           key_set_has(&s->members, s->evaluator->plan.key);
}

/* Makes and loads the next program; 0 if it is rejected. */
static int make_child(amlz_search *s, amlz_member *origin)
{
    next_program(s, &s->child, origin);
    lap(s, AMLZ_PHASE_MUTATION);
    return load(s, &s->child);
}

/* The same, again and again for one that a member equals. */
static int make_new_child(amlz_search *s, amlz_member *origin)
{
    int is_loaded = make_child(s, origin);
    for (uint32_t i = 0; i < s->config.redraws && is_loaded && is_duplicate(s); i++) {
        s->now.progress.duplicates++;
        is_loaded = make_child(s, origin);
    }
    return is_loaded;
}

/* One cycle: a program is made and added. */
static void advance(amlz_search *s)
{
    amlz_member member = {0};
    const int is_loaded = make_new_child(s, &member);
    add(s, &s->child, &member, is_loaded, NULL);
    if (is_time_for_mark(s)) {
        evolve_set_mark(s);
    }
    lap(s, AMLZ_PHASE_RECORDS);
}

static const char NOT_TOLD[] = "the fitness of the program that was asked for must be told first";

amlz_status amlz_search_run(amlz_search *search, uint64_t evaluations, double stop_fitness, amlz_progress *progress)
{
    if (search == NULL || search->asked.ticket != 0) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const amlz_progress *p = &search->now.progress;
    search->last_tick = search->clock == NULL ? 0 : search->clock();
    for (uint64_t i = 0; i < evaluations && !(p->evaluations > 0 && p->best_fitness >= stop_fitness); i++) {
        advance(search);
    }
    port_fp_leave(caller);
    if (progress != NULL) {
        amlz_search_progress(search, progress);
    }
    return AMLZ_OK;
}

amlz_status amlz_search_take(amlz_search *search, const amlz_program *programs, uint32_t count, const char **reason)
{
    if (search == NULL || (programs == NULL && count > 0)) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, "search and programs must not be NULL");
    }
    if (search->asked.ticket != 0) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, NOT_TOLD);
    }
    for (uint32_t i = 0; i < count; i++) {
        const amlz_status status = evolve_check_program(search, &programs[i], reason);
        if (status != AMLZ_OK) {
            return status;
        }
    }
    const port_fp_state caller = port_fp_enter();
    search->last_tick = search->clock == NULL ? 0 : search->clock();
    for (uint32_t i = 0; i < count; i++) {
        amlz_member member = {0};
        member.action = AMLZ_MUTATE_IDENTITY;
        add(search, &programs[i], &member, load(search, &programs[i]), NULL);
        lap(search, AMLZ_PHASE_RECORDS);
    }
    evolve_set_mark(search);
    lap(search, AMLZ_PHASE_RECORDS);
    port_fp_leave(caller);
    return program_fail(AMLZ_OK, reason, NULL);
}

amlz_status amlz_search_ask(amlz_search *search, amlz_program *program, uint64_t *ticket, const char **reason)
{
    if (search == NULL || program == NULL || ticket == NULL) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, "search, program and ticket must not be NULL");
    }
    if (search->asked.ticket != 0) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, NOT_TOLD);
    }
    const port_fp_state caller = port_fp_enter();
    asked_program *asked = &search->asked;
    const rng_state rng = search->now.rng;
    const uint64_t duplicates = search->now.progress.duplicates;
    search->last_tick = search->clock == NULL ? 0 : search->clock();
    memset(&asked->origin, 0, sizeof asked->origin);
    make_new_child(search, &asked->origin);
    asked->ticket = search->now.progress.evaluations + 1;
    asked->rng = search->now.rng;
    asked->duplicates = search->now.progress.duplicates;
    search->now.rng = rng;
    search->now.progress.duplicates = duplicates;
    port_fp_leave(caller);
    memset(program, 0, sizeof *program);
    state_copy_program(program, &search->child);
    *ticket = asked->ticket;
    return program_fail(AMLZ_OK, reason, NULL);
}

amlz_status amlz_search_tell(amlz_search *search, uint64_t ticket, double fitness, const char **reason)
{
    if (search == NULL) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, "search must not be NULL");
    }
    asked_program *asked = &search->asked;
    if (asked->ticket == 0) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, "a program must be asked for before its fitness is told");
    }
    if (ticket != asked->ticket) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, "ticket must be that of the program that was asked for last");
    }
    const port_fp_state caller = port_fp_enter();
    const int is_fitness = fitness >= 0 && fitness <= 1;
    if (is_fitness) {
        const double told = fitness > 0 ? fitness : 0; /* no -0 */
        amlz_member member = asked->origin;
        search->last_tick = search->clock == NULL ? 0 : search->clock();
        search->now.rng = asked->rng;
        search->now.progress.duplicates = asked->duplicates;
        asked->ticket = 0;
        add(search, &search->child, &member, load(search, &search->child), &told);
        evolve_set_mark(search);
        lap(search, AMLZ_PHASE_RECORDS);
    }
    port_fp_leave(caller);
    return is_fitness ? program_fail(AMLZ_OK, reason, NULL)
                      : program_fail(AMLZ_ERROR_ARGUMENT, reason, "fitness must be from 0 to 1");
}

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
