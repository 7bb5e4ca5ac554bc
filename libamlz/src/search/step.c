/* Regularized evolution (the paper's section 3.2, figure 2) and random search. */
#include "search/step.h"

#include "base/portability.h"
#include "program/liveness.h"
#include "search/mark.h"
#include "search/measure.h"
#include "search/mutate.h"

static void draw_program(amlz_search *s, amlz_program *program)
{
    amlz__state_copy_program(program, &s->start);
    amlz__mutate_random_program(&s->config.space, &s->now.rng, program);
}

static void first_program(amlz_search *s, amlz_program *program)
{
    if (s->config.start == AMLZ_START_RANDOM) {
        draw_program(s, program);
        return;
    }
    amlz__state_copy_program(program, &s->start);
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
        amlz__state_load(&s->now.population, parent, program);
        measure_lap(s, AMLZ_PHASE_SELECTION);
        if (rng_chance(&s->now.rng, s->config.mutate_prob)) {
            const amlz_mutation action = amlz__mutate_draw(s->config.mutation_weight, &s->now.rng);
            amlz__mutate_apply(&s->config.space, action, &s->now.rng, program);
            origin->action = (uint8_t)action;
        }
    }
}

int amlz__step_is_rejected(const amlz_search *s, const amlz_program *program)
{
    const amlz_search_config *c = &s->config;
    return (c->max_cost > 0 && amlz_program_cost(program, c->space.dims.n_features) > c->max_cost) ||
           (c->must_learn && !amlz__liveness_can_learn(program, &c->space.dims));
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
        amlz__evaluate_first(s->evaluator, s->tasks, s->evaluation_seed, hurdle->n_train, hurdle->n_valid, result);
        const int is_stopped = result->fitness < amlz__threshold_value(&s->thresholds[i]);
        amlz__threshold_see(&s->thresholds[i], result->fitness);
        if (is_stopped) {
            p->hurdle_stops[i]++;
            return 0;
        }
    }
    amlz__evaluate_run(s->evaluator, s->tasks, s->evaluation_seed, result);
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
    const cache_entry *known = amlz__cache_find(&s->by_key, key);
    measure_lap(s, AMLZ_PHASE_CACHES);
    if (known != NULL) {
        p->cache_hits++;
        *fitness = known->fitness;
        return known->is_complete;
    }
    if (s->config.fec_size > 0) {
        fingerprint = amlz__evaluate_fingerprint(s->evaluator, s->tasks, s->evaluation_seed, s->config.fec_train,
                                                 s->config.fec_valid, &result);
        p->probes++;
        measure_lap(s, AMLZ_PHASE_PROBES);
        known = amlz__cache_find(&s->by_fingerprint, fingerprint);
    }
    if (known != NULL) {
        p->fec_hits++;
        *fitness = known->fitness;
        is_complete = known->is_complete;
    } else {
        measure_lap(s, AMLZ_PHASE_CACHES);
        is_complete = run(s, &result);
        measure_lap(s, AMLZ_PHASE_EVALUATION);
        *fitness = result.fitness;
        amlz__cache_insert(&s->by_fingerprint, fingerprint, *fitness, is_complete);
    }
    amlz__cache_insert(&s->by_key, key, *fitness, is_complete);
    measure_lap(s, AMLZ_PHASE_CACHES);
    count_work(s, &result);
    return is_complete;
}

int amlz__step_load(amlz_search *s, const amlz_program *program)
{
    const int is_rejected = amlz__step_is_rejected(s, program);
    if (!is_rejected) {
        amlz__evaluate_load(s->evaluator, program);
    }
    measure_lap(s, AMLZ_PHASE_ANALYSIS);
    return !is_rejected;
}

/* Takes a program into the population. */
static void join(amlz_search *s, const amlz_program *program, const amlz_member *member, uint64_t key)
{
    const search_state *now = &s->now;
    if (s->config.redraws > 0) {
        if (now->progress.population == s->config.population_size) {
            amlz__key_set_remove(&s->members, now->population.entries[now->oldest].key);
        }
        amlz__key_set_add(&s->members, key);
    }
    amlz__state_add(&s->now, program, member, key);
}

void amlz__step_add(amlz_search *s, const amlz_program *program, amlz_member *member, int is_loaded, const double *told)
{
    amlz_progress *p = &s->now.progress;
    const uint64_t key = is_loaded ? s->evaluator->plan.key : 0;
    member->birth = p->evaluations + 1;
    if (!is_loaded) {
        p->rejected++;
        amlz__state_record(&s->now, program, member, 0, -1);
    } else if (told != NULL) {
        p->full_evaluations++;
        member->fitness = *told;
        amlz__state_record(&s->now, program, member, key, plan_size(&s->evaluator->plan));
    } else if (score(s, &member->fitness)) {
        amlz__state_record(&s->now, program, member, key, plan_size(&s->evaluator->plan));
    }
    join(s, program, member, key);
    p->evaluations++;
}

/* 1 if the loaded program is a child that may be drawn again, and computes what a member computes. */
static int is_duplicate(const amlz_search *s)
{
    return s->config.algorithm == AMLZ_EVOLUTION && s->now.progress.population == s->config.population_size &&
           amlz__key_set_has(&s->members, s->evaluator->plan.key);
}

/* Makes and loads the next program; 0 if it is rejected. */
static int make_child(amlz_search *s, amlz_member *origin)
{
    next_program(s, &s->child, origin);
    measure_lap(s, AMLZ_PHASE_MUTATION);
    return amlz__step_load(s, &s->child);
}

int amlz__step_make_child(amlz_search *s, amlz_member *origin)
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
    const int is_loaded = amlz__step_make_child(s, &member);
    amlz__step_add(s, &s->child, &member, is_loaded, NULL);
    amlz__mark_set_if_due(s);
    measure_lap(s, AMLZ_PHASE_RECORDS);
}

amlz_status amlz_search_run(amlz_search *search, uint64_t evaluations, double stop_fitness, amlz_progress *progress)
{
    if (search == NULL || search->asked.ticket != 0) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const amlz_progress *p = &search->now.progress;
    measure_start(search);
    for (uint64_t i = 0; i < evaluations && !(p->evaluations > 0 && p->best_fitness >= stop_fitness); i++) {
        advance(search);
    }
    port_fp_leave(caller);
    if (progress != NULL) {
        amlz_search_progress(search, progress);
    }
    return AMLZ_OK;
}
