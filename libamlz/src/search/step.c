/* Regularized evolution (the paper's section 3.2, figure 2) and random search. */
#include "search/step.h"

#include <string.h>

#include "base/portability.h"
#include "base/structs.h"
#include "program/liveness.h"
#include "search/edit.h"
#include "search/mark.h"
#include "search/measure.h"
#include "search/mutate.h"

static void draw_program(amlz_search *s, amlz_program *program)
{
    amlz__state_copy_program(program, &s->start);
    amlz__mutate_random_program(&s->config.space, draw_range_of(&s->config), &s->now.rng, program);
}

static void first_program(amlz_search *s, amlz_program *program)
{
    if (s->config.start == AMLZ_START_RANDOM) {
        draw_program(s, program);
        return;
    }
    amlz__state_copy_program(program, &s->start);
    if (s->config.start == AMLZ_START_GROWN) {
        amlz__edit_grow_program(&s->config.space, draw_range_of(&s->config), &s->now.rng, program);
    } else if (s->config.start == AMLZ_START_EMPTY) {
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            if (s->config.space.function[f].n_ops > 0) {
                program->size[f] = 0;
            }
        }
    }
}

/* Who takes part in a tournament: a member, or a pending child in the place that it will have. */
typedef struct contender {
    double fitness;
    uint32_t place;
    const pending_child *child; /* NULL: a member */
} contender;

/* A pending child's fitness is a guess. So is its place where that depends on its fitness: none, that is. */
static contender contender_at(const amlz_search *s, uint32_t place, int *is_guess)
{
    const uint32_t size = s->config.population_size, population = s->now.progress.population;
    const uint32_t next = population < size ? population : s->now.oldest; /* where the first pending child will be */
    const uint32_t turn = place >= next ? place - next : place + (size - next);
    const int is_steady = s->config.replace_worst_of > 0 && place < population;
    if (turn >= s->ahead.count || is_steady) {
        *is_guess |= is_steady;
        const contender member = {s->now.population.entries[place].member.fitness, place, NULL};
        return member;
    }
    const pending_child *child = pending_at(&s->ahead, turn);
    const contender guess = {child->member.fitness, place, child};
    *is_guess = 1;
    return guess;
}

/* A tournament where nobody is pending, as in a search by one thread. */
static contender hold_among_members(amlz_search *s)
{
    const shelf_entry *entries = s->now.population.entries;
    uint32_t winner = rng_below(&s->now.rng, s->config.population_size);
    for (uint32_t i = 1; i < s->config.tournament_size; i++) {
        const uint32_t rival = rng_below(&s->now.rng, s->config.population_size);
        if (entries[rival].member.fitness > entries[winner].member.fitness) {
            winner = rival;
        }
    }
    const contender member = {entries[winner].member.fitness, winner, NULL};
    return member;
}

/* The fittest of T members drawn with replacement; of equals the first drawn. */
static contender hold_tournament(amlz_search *s, int *is_guess)
{
    if (s->ahead.count == 0) {
        return hold_among_members(s);
    }
    contender winner = contender_at(s, rng_below(&s->now.rng, s->config.population_size), is_guess);
    for (uint32_t i = 1; i < s->config.tournament_size; i++) {
        const contender rival = contender_at(s, rng_below(&s->now.rng, s->config.population_size), is_guess);
        if (rival.fitness > winner.fitness) {
            winner = rival;
        }
    }
    return winner;
}

static uint32_t members_and_pending(const amlz_search *s) { return s->now.progress.population + s->ahead.count; }

/* 1 if the next program is one of the first ones of the search, or after a restart. */
static int is_beginning(const amlz_search *s)
{
    return search_since_start(s, s->now.progress.evaluations + s->ahead.count) < s->config.population_size;
}

/* Makes the next program, and says where it came from. */
static void next_program(amlz_search *s, amlz_program *program, amlz_member *origin, int *is_guess)
{
    origin->parent = 0;
    origin->action = AMLZ_MUTATE_IDENTITY;
    if (is_beginning(s) || (s->config.fresh_prob > 0 && rng_chance(&s->now.rng, s->config.fresh_prob))) {
        first_program(s, program);
    } else if (s->config.algorithm == AMLZ_RANDOM_SEARCH) {
        draw_program(s, program);
    } else {
        const contender parent = hold_tournament(s, is_guess);
        if (parent.child == NULL) {
            origin->parent = s->now.population.entries[parent.place].member.birth;
            amlz__state_load(&s->now.population, parent.place, program);
        } else {
            origin->parent = parent.child->member.birth;
            amlz__state_copy_program(program, &parent.child->program);
        }
        measure_lap(s, AMLZ_PHASE_SELECTION);
        if (rng_chance(&s->now.rng, s->config.mutate_prob)) {
            origin->action = (uint8_t)amlz__mutate_child(&s->config, &s->now.rng, program);
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

/* A candidate that is being scored: what is known of it is taken, the rest found out. */
typedef struct scoring {
    amlz_search *search;
    const candidate *candidate;
    int is_loaded;
    amlz_evaluation result; /* with the steps of all that a search on one core would have run */
} scoring;

static void load_unless_loaded(scoring *x)
{
    if (!x->is_loaded) {
        amlz__evaluate_load(x->search->evaluator, x->candidate->program);
        x->is_loaded = 1;
    }
}

static void take_result(amlz_evaluation *sum, const amlz_evaluation *part)
{
    sum->fitness = part->fitness;
    sum->n_stopped = part->n_stopped;
    sum->train_steps += part->train_steps;
    sum->valid_steps += part->valid_steps;
}

static uint64_t fingerprint_of(scoring *x)
{
    const amlz_search *s = x->search;
    const evidence *known = x->candidate->known;
    if (known != NULL && known->has_fingerprint) {
        take_result(&x->result, &known->probe);
        return known->fingerprint;
    }
    load_unless_loaded(x);
    return amlz__evaluate_fingerprint(s->evaluator, s->tasks, s->evaluation_seed, s->config.fec_train, s->config.fec_valid,
                                      &x->result);
}

static void run_at_hurdle(scoring *x, uint32_t i)
{
    const amlz_search *s = x->search;
    const evidence *known = x->candidate->known;
    if (known != NULL && i < known->n_hurdles) {
        take_result(&x->result, &known->at_hurdle[i]);
        return;
    }
    load_unless_loaded(x);
    amlz__evaluate_first(s->evaluator, s->tasks, s->evaluation_seed, s->config.hurdle[i].n_train,
                         s->config.hurdle[i].n_valid, &x->result);
}

static void run_whole(scoring *x)
{
    const amlz_search *s = x->search;
    const evidence *known = x->candidate->known;
    if (known != NULL && known->is_whole) {
        take_result(&x->result, &known->whole);
        return;
    }
    load_unless_loaded(x);
    amlz__evaluate_run(s->evaluator, s->tasks, s->evaluation_seed, &x->result);
}

/* Runs the program from hurdle to hurdle, and on all examples if none stops it: 1 if so, and else 0. The last fitness is
 * left in the result. */
static int run_scoring(scoring *x)
{
    amlz_search *s = x->search;
    amlz_progress *p = &s->now.progress;
    for (uint32_t i = 0; i < s->config.n_hurdles; i++) {
        run_at_hurdle(x, i);
        const int is_stopped = x->result.fitness < amlz__threshold_value(&s->thresholds[i]);
        amlz__threshold_see(&s->thresholds[i], x->result.fitness);
        if (is_stopped) {
            p->hurdle_stops[i]++;
            return 0;
        }
    }
    run_whole(x);
    p->full_evaluations++;
    return 1;
}

/* Judges the candidate by other settings of its constants; the best one takes its place. */
static void tune(amlz_search *s, candidate *c, double *fitness)
{
    tuning t = {step_seed(&s->now.rng, c->member->birth), 0, 0, {0}};
    if (c->known != NULL && c->known->is_tuned && c->known->tuned.seed == t.seed) {
        t = c->known->tuned;
    } else {
        amlz__tune_run(&s->config, s->evaluator, s->tasks, s->evaluation_seed, c->program, *fitness, &t);
    }
    if (t.best > 0) {
        amlz__state_copy_program(&s->scratch, c->program);
        amlz__tune_program(&s->config, t.seed, t.best, &s->scratch);
        amlz__evaluate_load(s->evaluator, &s->scratch);
        c->program = &s->scratch;
        c->key = s->evaluator->plan.key;
        *fitness = t.result.fitness;
    }
    s->now.progress.tunings += t.n;
    count_work(s, &t.result);
    measure_lap(s, AMLZ_PHASE_EVALUATION);
}

/* Fitness of the program by the cheapest way that knows it: structural key, fingerprint, running it. 1 if it was measured
 * on all examples, 0 if at a hurdle; the caches keep this with the fitness, so that no program gets among the best by a
 * fitness of fewer examples. */
static int score(amlz_search *s, candidate *c, double *fitness)
{
    amlz_progress *p = &s->now.progress;
    scoring x = {s, c, c->known == NULL, {0, 0, 0, 0, 0}};
    int is_complete;
    uint64_t fingerprint = 0;
    const cache_entry *entry = amlz__cache_find(&s->by_key, c->key);
    measure_lap(s, AMLZ_PHASE_CACHES);
    if (entry != NULL) {
        p->cache_hits++;
        *fitness = entry->fitness;
        return entry->is_complete;
    }
    if (s->config.fec_size > 0) {
        fingerprint = fingerprint_of(&x);
        p->probes++;
        measure_lap(s, AMLZ_PHASE_PROBES);
        entry = amlz__cache_find(&s->by_fingerprint, fingerprint);
    }
    if (entry != NULL) {
        p->fec_hits++;
        *fitness = entry->fitness;
        is_complete = entry->is_complete;
    } else {
        measure_lap(s, AMLZ_PHASE_CACHES);
        is_complete = run_scoring(&x);
        measure_lap(s, AMLZ_PHASE_EVALUATION);
        *fitness = x.result.fitness;
        amlz__cache_insert(&s->by_fingerprint, fingerprint, *fitness, is_complete);
    }
    amlz__cache_insert(&s->by_key, c->key, *fitness, is_complete);
    measure_lap(s, AMLZ_PHASE_CACHES);
    count_work(s, &x.result);
    if (is_complete && entry == NULL && s->config.tunings > 1) {
        tune(s, c, fitness);
    }
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

/* The place of the worst of some members drawn; of equals that of the first drawn. */
static uint32_t worst_of_drawn(const amlz_search *s, const amlz_member *member)
{
    const shelf_entry *entries = s->now.population.entries;
    rng_state rng;
    rng_seed(&rng, step_seed(&s->now.rng, member->birth));
    uint32_t worst = rng_below(&rng, s->config.population_size);
    for (uint32_t i = 1; i < s->config.replace_worst_of; i++) {
        const uint32_t rival = rng_below(&rng, s->config.population_size);
        if (entries[rival].member.fitness < entries[worst].member.fitness) {
            worst = rival;
        }
    }
    return worst;
}

/* Takes a program into the population, or leaves it where those that it could replace are better. */
static void join(amlz_search *s, const amlz_program *program, const amlz_member *member, uint64_t key)
{
    search_state *now = &s->now;
    const int is_full = now->progress.population == s->config.population_size;
    const int is_steady = is_full && s->config.replace_worst_of > 0;
    uint32_t place = now->oldest;
    if (is_steady) {
        const uint64_t since = search_since_start(s, now->progress.evaluations);
        const int is_first = since < s->config.population_size;
        place = is_first ? (uint32_t)since : worst_of_drawn(s, member);
        if (!is_first && member->fitness < now->population.entries[place].member.fitness) {
            return;
        }
    }
    if (s->config.redraws > 0) {
        if (is_full) {
            amlz__key_set_remove(&s->members, now->population.entries[place].key);
        }
        amlz__key_set_add(&s->members, key);
    }
    if (is_steady) {
        amlz__state_store(&now->population, place, program, member, key);
    } else {
        amlz__state_add(now, program, member, key);
    }
}

/* Remembers a structure, and forgets all others where there are too many. */
static void remember_structure(amlz_search *s, uint64_t structure)
{
    if (s->config.structures_size > 0 && amlz__key_set_count(&s->structures, structure) == 0) {
        if (s->structures.n_keys == s->structures.capacity) {
            amlz__key_set_clear(&s->structures);
        }
        amlz__key_set_add(&s->structures, structure);
    }
}

candidate amlz__step_candidate(const amlz_search *s, const amlz_program *program, amlz_member *member, int is_loaded)
{
    candidate c = {program, member, !is_loaded, 0, 0, -1, NULL, NULL};
    if (is_loaded) {
        c.key = s->evaluator->plan.key;
        c.structure = s->config.structures_size > 0 ? amlz__plan_structure(&s->evaluator->plan) : 0;
        c.n_live = plan_size(&s->evaluator->plan);
    }
    return c;
}

void amlz__step_add(amlz_search *s, const candidate *given)
{
    candidate made = *given, *c = &made;
    amlz_progress *p = &s->now.progress;
    amlz_member *member = c->member;
    member->birth = p->evaluations + 1;
    if (c->is_rejected) {
        p->rejected++;
        member->fitness = 0;
        amlz__state_record(&s->now, c->program, member, 0, -1);
    } else if (c->told != NULL) {
        p->full_evaluations++;
        member->fitness = *c->told;
        amlz__state_record(&s->now, c->program, member, c->key, c->n_live);
    } else if (score(s, c, &member->fitness)) {
        amlz__state_record(&s->now, c->program, member, c->key, c->n_live);
    }
    join(s, c->program, member, c->key);
    remember_structure(s, c->structure);
    p->evaluations++;
}

/* 1 if the program is in the population when all that are pending are. */
static int will_have(const amlz_search *s, uint64_t key)
{
    uint32_t copies = amlz__key_set_count(&s->members, key);
    const uint32_t n_leaving = members_and_pending(s) - s->config.population_size;
    for (uint32_t i = 0; i < s->ahead.count; i++) {
        copies += pending_at(&s->ahead, i)->key == key;
    }
    for (uint32_t i = 0; i < n_leaving; i++) {
        copies -= s->now.population.entries[amlz__state_by_age(&s->now, i)].key == key;
    }
    return copies > 0;
}

/* 1 if the loaded program is a child that may be drawn again, and computes what a member computes. */
static int is_duplicate(const amlz_search *s)
{
    return s->config.algorithm == AMLZ_EVOLUTION && !is_beginning(s) &&
           s->evaluator->plan.key != 0 && will_have(s, s->evaluator->plan.key);
}

/* 1 if what the next program must not be is not certain yet. */
static int is_a_guess_ahead(const amlz_search *s)
{
    const amlz_search_config *c = &s->config;
    if (s->ahead.count > 0 &&
        (c->structures_size > 0 || c->tunings > 1 || c->replace_worst_of > 0 || c->restart_period > 0)) {
        return 1;
    }
    for (uint32_t i = 0; i < s->ahead.count; i++) {
        if (pending_at(&s->ahead, i)->is_guess) {
            return 1;
        }
    }
    return 0;
}

/* 1 if the structure of the loaded program was there before, or is that of a pending child. */
static int is_known_structure(const amlz_search *s)
{
    const uint64_t structure = amlz__plan_structure(&s->evaluator->plan);
    for (uint32_t i = 0; i < s->ahead.count; i++) {
        if (pending_at(&s->ahead, i)->structure == structure) {
            return 1;
        }
    }
    return amlz__key_set_count(&s->structures, structure) > 0;
}

/* 1 if the next program is to be drawn again, of which a first look has shown no more than that. */
static int is_refused(const amlz_search *s, const amlz_member *origin, int is_loaded)
{
    const int is_first = origin->parent == 0 && s->config.algorithm == AMLZ_EVOLUTION;
    const int is_fixed = is_first && (s->config.start == AMLZ_START_EMPTY || s->config.start == AMLZ_START_PROGRAM);
    const int is_tuned_again = origin->parent > 0 && origin->action == AMLZ_MUTATE_IDENTITY && s->config.tunings > 1;
    if (is_fixed || (is_loaded && is_tuned_again)) {
        return 0;
    }
    if (!is_loaded) {
        return s->config.redraw_rejected;
    }
    return s->config.structures_size > 0 ? is_known_structure(s) : is_duplicate(s);
}

/* Makes and loads the next program; 0 if it is rejected. */
static int make_child(amlz_search *s, amlz_program *program, amlz_member *origin, int *is_guess)
{
    next_program(s, program, origin, is_guess);
    if (s->config.simplify) {
        amlz__edit_simplify(&s->config.space, program);
    }
    measure_lap(s, AMLZ_PHASE_MUTATION);
    return amlz__step_load(s, program);
}

int amlz__step_make_child(amlz_search *s, amlz_program *program, amlz_member *origin, int *is_guess)
{
    *is_guess = s->config.redraws > 0 && is_a_guess_ahead(s); /* by what it must not be */
    int is_loaded = make_child(s, program, origin, is_guess);
    for (uint32_t i = 0; i < s->config.redraws && is_refused(s, origin, is_loaded); i++) {
        s->now.progress.duplicates++;
        is_loaded = make_child(s, program, origin, is_guess);
    }
    return is_loaded;
}

void amlz__step_make_pending(amlz_search *s, pending_child *child)
{
    amlz_progress *p = &s->now.progress;
    const uint32_t n_before = s->ahead.count;
    const rng_state rng = s->now.rng;
    const uint64_t duplicates = p->duplicates;
    if (n_before > 0) {
        const pending_child *last = pending_at(&s->ahead, n_before - 1);
        s->now.rng = last->after;
        p->duplicates = last->duplicates;
    }
    memset(&child->member, 0, sizeof child->member);
    memset(&child->known, 0, sizeof child->known);
    const int is_loaded = amlz__step_make_child(s, &child->program, &child->member, &child->is_guess);
    const candidate made = amlz__step_candidate(s, &child->program, &child->member, is_loaded);
    child->member.birth = p->evaluations + n_before + 1;
    child->member.fitness = made.is_rejected ? 0 : -1;
    child->after = s->now.rng;
    child->duplicates = p->duplicates;
    child->key = made.key;
    child->structure = made.structure;
    child->n_live = made.n_live;
    child->is_rejected = made.is_rejected;
    s->now.rng = rng;
    p->duplicates = duplicates;
}

void amlz__step_take_pending(amlz_search *s, pending *children, const double *told)
{
    pending_child *first = pending_at(children, 0);
    const candidate child = {&first->program,  &first->member, first->is_rejected, first->key,
                             first->structure, first->n_live,  told,               &first->known};
    s->now.rng = first->after;
    s->now.progress.duplicates = first->duplicates;
    children->first = (children->first + 1) % children->capacity;
    children->count--;
    amlz__step_add(s, &child);
}

/* One cycle: a program is made and added. */
static void advance(amlz_search *s)
{
    amlz_member member = {0};
    int is_guess;
    const int is_loaded = amlz__step_make_child(s, &s->child, &member, &is_guess);
    const candidate child = amlz__step_candidate(s, &s->child, &member, is_loaded);
    amlz__step_add(s, &child);
    amlz__mark_set_if_due(s);
    measure_lap(s, AMLZ_PHASE_RECORDS);
}

amlz_status amlz_search_run(amlz_search *search, uint64_t evaluations, double stop_fitness, amlz_progress *progress)
{
    if (search == NULL || search->asked.count != 0 || search->is_put ||
        (progress != NULL && !STRUCTS_KNOWN(amlz_progress, progress))) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const amlz_progress *p = &search->now.progress;
    measure_start(search);
    for (uint64_t i = 0; i < evaluations && !(p->evaluations > 0 && p->best_fitness >= stop_fitness); i++) {
        advance(search);
    }
    port_fp_leave(caller);
    return progress == NULL ? AMLZ_OK : amlz_search_progress(search, progress);
}
