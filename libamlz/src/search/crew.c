/* Many threads at one search, which stays the search of one: children are drawn ahead of their turn, run by whoever is free,
 * and taken in in the order in which they were drawn, by the very steps of a search on one core. What was run ahead is but
 * evidence for these steps: a function of the program, which is found out again where it is missing.
 *
 * Which program is drawn may depend on the fitness of one that is still pending. It is then guessed that this one loses its
 * tournament, as most do, unless a cache knows better; and the child is made again when its turn has come. If another comes
 * out by other draws, those drawn after it are forgotten. */
#include <string.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/portability.h"
#include "base/structs.h"
#include "search/mark.h"
#include "search/step.h"

struct amlz_crew {
    amlz_crew_config config;
    amlz_search *search;
    pending_child *children;
    pending_child again; /* the first of them, made again */
    uint64_t goal; /* evaluations of the search when the work is done */
    double stop_fitness;
    uint64_t last_ticket;
    int is_over;
};

static const char *fault_of_crew(const amlz_crew_config *config, const amlz_search *search)
{
    if (!STRUCTS_KNOWN(amlz_crew_config, config)) {
        return "crew: " STRUCTS_FAULT(amlz_crew_config);
    }
    if (search == NULL) {
        return "search must not be NULL";
    }
    if (config->n_ahead == 0) {
        return "n_ahead must be 1 or more";
    }
    if (config->lock == NULL || config->unlock == NULL || config->wait == NULL || config->wake == NULL) {
        return "lock, unlock, wait and wake must not be NULL";
    }
    return NULL;
}

static amlz_crew *lay_out_crew(arena *a, const amlz_crew_config *config, amlz_search *search)
{
    amlz_crew *crew = arena_take(a, 1, sizeof *crew);
    pending_child *children = arena_take(a, config->n_ahead, sizeof *children);
    if (crew != NULL) {
        memset(crew, 0, sizeof *crew);
        STRUCTS_READ(amlz_crew_config, &crew->config, config);
        crew->search = search;
        crew->children = children;
        crew->is_over = 1;
    }
    return crew;
}

size_t amlz_crew_size(const amlz_crew_config *config, amlz_search *search, const char **reason)
{
    arena a = arena_over(NULL);
    if (judge(fault_of_crew(config, search), reason) != AMLZ_OK) {
        return 0;
    }
    lay_out_crew(&a, config, search);
    return amlz__check_total(&a, reason);
}

amlz_crew *amlz_crew_init(void *memory, size_t size, const amlz_crew_config *config, amlz_search *search, const char **reason)
{
    const size_t needed = amlz_crew_size(config, search, reason);
    if (!amlz__check_block(memory, size, needed, CHECK_SMALLER_THAN("amlz_crew_size"), reason)) {
        return NULL;
    }
    arena a = arena_over(memory);
    return lay_out_crew(&a, config, search);
}

static void forget_pending(amlz_search *s) { s->ahead.count = 0; }

static int is_done(const amlz_crew *crew)
{
    const amlz_progress *p = &crew->search->now.progress;
    return p->evaluations >= crew->goal || (p->evaluations > 0 && p->best_fitness >= crew->stop_fitness);
}

amlz_status amlz_crew_begin(amlz_crew *crew, uint64_t evaluations, double stop_fitness)
{
    if (crew == NULL || crew->search->asked.count != 0 || crew->search->is_put) {
        return AMLZ_ERROR_ARGUMENT;
    }
    amlz_search *s = crew->search;
    const uint64_t done = s->now.progress.evaluations;
    const uint32_t population = s->config.population_size;
    const port_fp_state caller = port_fp_enter();
    s->ahead.children = crew->children;
    s->ahead.capacity = crew->config.n_ahead < population ? crew->config.n_ahead : population;
    s->ahead.first = s->ahead.count = 0;
    crew->goal = evaluations > UINT64_MAX - done ? UINT64_MAX : done + evaluations;
    crew->stop_fitness = stop_fitness;
    crew->is_over = is_done(crew);
    port_fp_leave(caller);
    return AMLZ_OK;
}

/* ---------------------------------------------------------------- drawing */

/* 1 if the caches will know the program, unless they forget it before its turn; *fitness then becomes its fitness, as far as
 * that is known already. */
static int will_be_known(const amlz_search *s, uint64_t key, double *fitness)
{
    if (s->config.cache_size == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < s->ahead.count; i++) {
        const pending_child *other = pending_at(&s->ahead, i);
        if (!other->is_rejected && other->key == key) {
            *fitness = other->member.fitness;
            return 1;
        }
    }
    return amlz__cache_look(&s->by_key, key, fitness);
}

/* The same of a child's fingerprint. */
static int will_be_known_by_fingerprint(const amlz_search *s, const pending_child *child, double *fitness)
{
    for (uint32_t i = 0; i < s->ahead.count; i++) {
        const pending_child *other = pending_at(&s->ahead, i);
        if (other == child) {
            break;
        }
        if (other->known.has_fingerprint && other->known.fingerprint == child->known.fingerprint) {
            *fitness = other->member.fitness;
            return 1;
        }
    }
    return amlz__cache_look(&s->by_fingerprint, child->known.fingerprint, fitness);
}

/* Makes the next child. */
static void make(amlz_crew *crew, pending_child *child)
{
    amlz_search *s = crew->search;
    amlz__step_make_pending(s, child);
    child->ticket = ++crew->last_ticket;
    child->stage =
        child->is_rejected || will_be_known(s, child->key, &child->member.fitness) ? CHILD_READY : CHILD_DRAWN;
}

static pending_child *draw(amlz_crew *crew)
{
    pending_child *child = pending_at(&crew->search->ahead, crew->search->ahead.count);
    make(crew, child);
    crew->search->ahead.count++;
    return child;
}

/* The first child that is worth running and that nobody runs; NULL if there is none, and none can be drawn. */
static pending_child *next_to_run(amlz_crew *crew)
{
    const amlz_search *s = crew->search;
    for (uint32_t i = 0; i < s->ahead.count; i++) {
        pending_child *child = pending_at(&s->ahead, i);
        if (child->stage == CHILD_DRAWN) {
            return child;
        }
    }
    while (s->ahead.count < s->ahead.capacity && s->now.progress.evaluations + s->ahead.count < crew->goal) {
        pending_child *child = draw(crew);
        if (child->stage == CHILD_DRAWN) {
            return child;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- taking in */

/* Makes the first pending child again, now that all before it are members. Where another one comes out, those drawn after it
 * stay if their draws do: whichever of them met it in a tournament is a guess, and is made again too. */
static void make_first_again(amlz_crew *crew)
{
    amlz_search *s = crew->search;
    pending_child *first = pending_at(&s->ahead, 0), *again = &crew->again;
    const uint32_t count = s->ahead.count;
    s->ahead.count = 0;
    make(crew, again);
    const int are_draws_same = memcmp(&again->after, &first->after, sizeof first->after) == 0;
    if (amlz_program_equal(&again->program, &first->program)) {
        first->member.parent = again->member.parent;
        first->member.action = again->member.action;
        first->after = again->after;
        first->duplicates = again->duplicates;
        first->is_guess = 0;
    } else {
        *first = *again;
        crew->config.wake(crew->config.context);
    }
    s->ahead.count = are_draws_same ? count : 1;
}

/* 1 if something is known of the child that tells its fitness, or the caches know it. */
static int is_known(const amlz_search *s, const pending_child *child)
{
    const evidence *known = &child->known;
    return child->is_rejected || known->is_whole || known->n_hurdles > 0 || amlz__cache_has(&s->by_key, child->key) ||
           (known->has_fingerprint && amlz__cache_has(&s->by_fingerprint, known->fingerprint));
}

/* Takes in all whose turn has come. */
static void take_in(amlz_crew *crew)
{
    amlz_search *s = crew->search;
    while (s->ahead.count > 0) {
        pending_child *first = pending_at(&s->ahead, 0);
        if (first->is_guess) {
            make_first_again(crew);
        }
        if (first->stage == CHILD_READY && !is_known(s, first)) {
            first->stage = CHILD_DRAWN; /* it counted on one that did not come, or on what was forgotten */
        }
        if (first->stage != CHILD_READY) {
            return;
        }
        amlz__step_take_pending(s, &s->ahead, NULL);
        amlz__mark_set_if_due(s);
        if (is_done(crew)) {
            forget_pending(s);
            crew->is_over = 1;
            crew->config.wake(crew->config.context);
            return;
        }
    }
}

/* ---------------------------------------------------------------- running */

/* The child of a ticket; NULL if it has been forgotten. */
static pending_child *find(amlz_search *s, uint64_t ticket)
{
    for (uint32_t i = 0; i < s->ahead.count; i++) {
        pending_child *child = pending_at(&s->ahead, i);
        if (child->ticket == ticket) {
            return child;
        }
    }
    return NULL;
}

/* 1 if the program need not be run further: it was forgotten, or one before it errs alike. */
static int fingerprint_is_enough(amlz_crew *crew, uint64_t ticket, const evidence *known)
{
    amlz_search *s = crew->search;
    crew->config.lock(crew->config.context);
    pending_child *child = find(s, ticket);
    if (child != NULL) {
        child->known = *known;
    }
    const int is_enough = child == NULL || will_be_known_by_fingerprint(s, child, &child->member.fitness);
    crew->config.unlock(crew->config.context);
    return is_enough;
}

/* What a thread is given to run: a copy, for the child may be forgotten meanwhile. */
typedef struct order {
    uint64_t ticket, seed;           /* seed: of what is drawn when its turn has come */
    amlz_program program;            /* loaded */
    double limits[AMLZ_MAX_HURDLES]; /* what hurdles want now */
} order;

/* Finds out about a program what its turn will most likely ask for. */
static void find_out(amlz_crew *crew, amlz_evaluator *evaluator, const order *given, evidence *known)
{
    const amlz_search *s = crew->search;
    const amlz_search_config *c = &s->config;
    memset(known, 0, sizeof *known);
    if (c->fec_size > 0) {
        known->fingerprint = amlz__evaluate_fingerprint(evaluator, s->tasks, s->evaluation_seed, c->fec_train, c->fec_valid,
                                                        &known->probe);
        known->has_fingerprint = 1;
        if (fingerprint_is_enough(crew, given->ticket, known)) {
            return;
        }
    }
    for (uint32_t i = 0; i < c->n_hurdles; i++) {
        amlz_evaluation *result = &known->at_hurdle[known->n_hurdles++];
        amlz__evaluate_first(evaluator, s->tasks, s->evaluation_seed, c->hurdle[i].n_train, c->hurdle[i].n_valid, result);
        if (result->fitness < given->limits[i]) {
            return;
        }
    }
    amlz__evaluate_run(evaluator, s->tasks, s->evaluation_seed, &known->whole);
    known->is_whole = 1;
    if (c->tunings > 1) {
        known->tuned.seed = given->seed;
        amlz__tune_run(c, evaluator, s->tasks, s->evaluation_seed, &given->program, known->whole.fitness, &known->tuned);
        known->is_tuned = 1;
    }
}

/* Called and left with the lock held, which is open while the program runs. */
static void run_child(amlz_crew *crew, amlz_evaluator *evaluator, pending_child *child)
{
    amlz_search *s = crew->search;
    order given;
    evidence known;
    child->stage = CHILD_OUT;
    given.ticket = child->ticket;
    given.seed = step_seed(&child->after, child->member.birth);
    amlz__state_copy_program(&given.program, &child->program);
    amlz__evaluate_load(evaluator, &given.program);
    for (uint32_t i = 0; i < s->config.n_hurdles; i++) {
        given.limits[i] = amlz__threshold_value(&s->thresholds[i]);
    }
    crew->config.unlock(crew->config.context);
    find_out(crew, evaluator, &given, &known);
    crew->config.lock(crew->config.context);
    child = find(s, given.ticket);
    if (child != NULL) {
        child->known = known;
        child->stage = CHILD_READY;
        if (known.is_whole) {
            child->member.fitness = known.is_tuned ? known.tuned.result.fitness : known.whole.fitness;
        } else if (known.n_hurdles > 0) {
            child->member.fitness = known.at_hurdle[known.n_hurdles - 1].fitness;
        }
        crew->config.wake(crew->config.context);
    }
}

static int accepts(const amlz_search *s, const amlz_evaluator *evaluator)
{
    const amlz_dims *own = &evaluator->config.dims, *dims = &s->config.space.dims;
    return amlz__evaluate_accepts(evaluator, s->tasks) && evaluator->config.combine == s->config.combine &&
           own->n_scalars == dims->n_scalars && own->n_vectors == dims->n_vectors && own->n_matrices == dims->n_matrices;
}

amlz_status amlz_crew_work(amlz_crew *crew, amlz_evaluator *evaluator)
{
    if (crew == NULL || evaluator == NULL || !accepts(crew->search, evaluator)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    crew->config.lock(crew->config.context);
    for (;;) {
        take_in(crew);
        if (crew->is_over) {
            break;
        }
        pending_child *child = next_to_run(crew);
        if (child != NULL) {
            run_child(crew, evaluator, child);
        } else if (pending_at(&crew->search->ahead, 0)->stage == CHILD_OUT) {
            crew->config.wait(crew->config.context);
        }
    }
    crew->config.unlock(crew->config.context);
    port_fp_leave(caller);
    return AMLZ_OK;
}
