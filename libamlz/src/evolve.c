/* Regularized evolution (the paper's section 3.2, figure 2) and random search. */
#include "evolve.h"

#include <string.h>

#include "liveness.h"
#include "mutate.h"
#include "portability.h"

void amlz_search_defaults(amlz_search_config *config)
{
    memset(config, 0, sizeof *config);
    config->struct_size = sizeof *config;
    config->algorithm = AMLZ_EVOLUTION;
    config->start = AMLZ_START_RANDOM;
    config->combine = AMLZ_MEDIAN;
    config->population_size = 100;
    config->tournament_size = 10;
    config->mutate_prob = 0.9;
    /* insert or remove, removing being twice as likely; randomize a function; alter an argument: each as likely */
    config->mutation_weight[AMLZ_MUTATE_INSERT] = 1.0 / 9;
    config->mutation_weight[AMLZ_MUTATE_REMOVE] = 2.0 / 9;
    config->mutation_weight[AMLZ_MUTATE_RANDOMIZE_FUNCTION] = 1.0 / 3;
    config->mutation_weight[AMLZ_MUTATE_ALTER_ARGUMENT] = 1.0 / 3;
    config->cache_size = 100000;
    config->fec_size = 100000;
    config->fec_train = 10;
    config->fec_valid = 10;
    /* So many programs take a second or less where they are quick to run, and emptying the caches as seldom as that has
     * no cost that could be measured; where programs are slow, the work bounds what a resumed search must do again. */
    config->cache_period = 100000;
    config->cache_work = UINT64_C(200000000000);
    config->history_size = 1000;
    config->hurdle_percentile = 0.75;
    config->hurdle_window = 100;
}

static amlz_evaluator_config evaluator_config(const amlz_search_config *config, uint32_t n_tasks)
{
    amlz_evaluator_config e = {sizeof e, config->space.dims, config->precision, config->variant, config->combine, n_tasks};
    return e;
}

/* NULL, or what is wrong in the configuration but its space and what the evaluator looks at. */
static PORT_NOINLINE const char *fault_of(const amlz_search_config *config)
{
    if (config->algorithm > AMLZ_RANDOM_SEARCH) {
        return "algorithm must be evolution or random search";
    }
    if (config->start > AMLZ_START_PROGRAM) {
        return "start must be random, empty or a program";
    }
    if (config->population_size == 0) {
        return "population_size must be 1 or more";
    }
    if (config->tournament_size == 0) {
        return "tournament_size must be 1 or more";
    }
    if (!(config->mutate_prob >= 0 && config->mutate_prob <= 1)) {
        return "mutate_prob must be from 0 to 1";
    }
    if (!mutate_weights_valid(config->mutation_weight)) {
        return "mutations must have finite weights, none negative and one of them over 0";
    }
    if (config->fec_size > 0 && (config->fec_train == 0 || config->fec_valid == 0)) {
        return "fec_train and fec_valid must be 1 or more";
    }
    if (config->cache_period == 0 || config->cache_work == 0) {
        return "cache_period and cache_work must be 1 or more";
    }
    if (config->must_learn > 1) {
        return "must_learn must be 0 or 1";
    }
    if (!(config->max_cost >= 0 && config->max_cost <= 1.7976931348623157e308)) {
        return "max_cost must be finite, and 0 (no limit) or more";
    }
    return NULL;
}

static amlz_status check_config(const amlz_search_config *config, const char **reason)
{
    if (config == NULL || config->struct_size != sizeof *config) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, "search: struct_size must be the size of amlz_search_config");
    }
    const port_fp_state caller = port_fp_enter();
    const char *fault = fault_of(config);
    port_fp_leave(caller);
    if (fault != NULL) {
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, fault);
    }
    const amlz_evaluator_config e = evaluator_config(config, 1);
    const amlz_status status = evaluate_check(&e, reason);
    return status != AMLZ_OK ? status : amlz_space_check(&config->space, reason);
}

static amlz_search *lay_out(arena *a, const amlz_search_config *config, uint32_t n_tasks)
{
    const amlz_evaluator_config e = evaluator_config(config, n_tasks);
    search_state now, mark;
    amlz_search *s = arena_take(a, 1, sizeof *s);
    state_place(&now, a, config);
    if (evolve_has_caches(config)) {
        state_place(&mark, a, config);
    }
    void *by_key = arena_take(a, 1, cache_size(config->cache_size));
    void *by_fingerprint = arena_take(a, 1, cache_size(config->fec_size));
    amlz_evaluator *evaluator = evaluate_place(a, &e);
    if (s != NULL) {
        memset(s, 0, sizeof *s);
        s->config = *config;
        s->evaluator = evaluator;
        s->now = now;
        if (evolve_has_caches(config)) {
            s->mark = mark;
        }
        cache_init(&s->by_key, by_key, config->cache_size);
        cache_init(&s->by_fingerprint, by_fingerprint, config->fec_size);
    }
    return s;
}

size_t amlz_search_size(const amlz_search_config *config, uint32_t n_tasks, const char **reason)
{
    arena a = arena_over(NULL);
    if (check_config(config, reason) != AMLZ_OK) {
        return 0;
    }
    if (n_tasks == 0) {
        program_fail(AMLZ_ERROR_ARGUMENT, reason, "n_tasks must be 1 or more");
        return 0;
    }
    lay_out(&a, config, n_tasks);
    if (arena_total(&a) == 0) {
        program_fail(AMLZ_ERROR_ARGUMENT, reason, "the search needs more memory than the address space has");
    }
    return arena_total(&a);
}

/* The start program gives what the space does not draw: with AMLZ_START_PROGRAM everything, else functions without ops. */
static amlz_status check_start(const amlz_search_config *config, const amlz_program *start, const char **reason)
{
    if (start == NULL) {
        return config->start == AMLZ_START_PROGRAM
                   ? program_fail(AMLZ_ERROR_ARGUMENT, reason, "start_program must be given to start from a program")
                   : AMLZ_OK;
    }
    if (amlz_program_check(start, &config->space.dims, NULL) != AMLZ_OK) {
        return program_fail(AMLZ_ERROR_PROGRAM, reason, "start_program must fit the memory of the space");
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &config->space.function[f];
        if (config->start == AMLZ_START_PROGRAM && function->n_ops > 0 &&
            (start->size[f] > function->max_size || start->size[f] < function->min_size)) {
            return program_fail(AMLZ_ERROR_PROGRAM, reason, "start_program must have sizes from min_size to max_size");
        }
    }
    return AMLZ_OK;
}

/* Only what is used of it, which fits the places that members have. */
static void take_start(amlz_search *s, const amlz_program *start)
{
    state_copy_program(&s->start, start);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (s->config.start != AMLZ_START_PROGRAM && s->config.space.function[f].n_ops > 0) {
            s->start.size[f] = 0;
        }
    }
}

amlz_search *amlz_search_init(void *memory, size_t size, const amlz_search_config *config, const amlz_tasks *tasks,
                              const amlz_program *start_program, const char **reason)
{
    const size_t needed = tasks == NULL ? 0 : amlz_search_size(config, tasks->config.n_tasks, reason);
    if (needed == 0) {
        if (tasks == NULL) {
            program_fail(AMLZ_ERROR_ARGUMENT, reason, "tasks must not be NULL");
        }
        return NULL;
    }
    if (memory == NULL || size < needed) {
        program_fail(AMLZ_ERROR_MEMORY, reason, "the memory block is smaller than amlz_search_size");
        return NULL;
    }
    if (check_start(config, start_program, reason) != AMLZ_OK) {
        return NULL;
    }
    if (config->fec_size > 0 &&
        (config->fec_train > tasks->config.n_train || config->fec_valid > tasks->config.n_valid)) {
        program_fail(AMLZ_ERROR_ARGUMENT, reason, "fec_train and fec_valid must be at most what the tasks have");
        return NULL;
    }
    arena a = arena_over(memory);
    amlz_search *s = lay_out(&a, config, tasks->config.n_tasks);
    if (!evaluate_accepts(s->evaluator, tasks)) {
        program_fail(AMLZ_ERROR_ARGUMENT, reason, "tasks must have the features, labels and precision of the search");
        return NULL;
    }
    s->tasks = tasks;
    s->tasks_digest = amlz_tasks_digest(tasks);
    if (start_program != NULL) {
        take_start(s, start_program);
    }
    rng_seed(&s->now.rng, config->seed);
    s->evaluation_seed = rng_next(&s->now.rng);
    evolve_set_mark(s);
    return s;
}

void evolve_set_mark(amlz_search *s)
{
    if (!evolve_has_caches(&s->config)) {
        return;
    }
    state_copy(&s->mark, &s->now);
    s->work = 0;
    cache_clear(&s->by_key);
    cache_clear(&s->by_fingerprint);
    for (uint32_t i = 0; i < s->now.progress.population; i++) {
        const shelf_entry *entry = &s->now.population.entries[state_by_age(&s->now, i)];
        double known;
        if (entry->key != 0 && !cache_find(&s->by_key, entry->key, &known)) {
            cache_insert(&s->by_key, entry->key, entry->member.fitness);
        }
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

/* Fitness of the loaded program by the cheapest way that knows it: structural key, fingerprint, running on all examples. */
static double score(amlz_search *s)
{
    amlz_progress *p = &s->now.progress;
    amlz_evaluation result = {0};
    double fitness;
    uint64_t fingerprint = 0;
    const uint64_t key = s->evaluator->plan.key;
    const int is_known = cache_find(&s->by_key, key, &fitness);
    lap(s, AMLZ_PHASE_CACHES);
    if (is_known) {
        p->cache_hits++;
        return fitness;
    }
    if (s->config.fec_size > 0) {
        fingerprint = evaluate_fingerprint(s->evaluator, s->tasks, s->evaluation_seed, s->config.fec_train,
                                           s->config.fec_valid, &result);
        p->probes++;
        lap(s, AMLZ_PHASE_PROBES);
    }
    if (s->config.fec_size > 0 && cache_find(&s->by_fingerprint, fingerprint, &fitness)) {
        p->fec_hits++;
    } else {
        lap(s, AMLZ_PHASE_CACHES);
        evaluate_run(s->evaluator, s->tasks, s->evaluation_seed, &result);
        lap(s, AMLZ_PHASE_EVALUATION);
        fitness = result.fitness;
        p->full_evaluations++;
        cache_insert(&s->by_fingerprint, fingerprint, fitness);
    }
    cache_insert(&s->by_key, key, fitness);
    lap(s, AMLZ_PHASE_CACHES);
    count_work(s, &result);
    return fitness;
}

/* The first marks come sooner, with the first population and whenever the evaluations have doubled, so that what is saved
 * of a young search is not much older than the search. */
static int is_time_for_mark(const amlz_search *s)
{
    const uint64_t mark = s->mark.progress.evaluations, since = s->now.progress.evaluations - mark;
    const uint64_t young = mark < s->config.population_size ? s->config.population_size : mark;
    return since >= (young < s->config.cache_period ? young : s->config.cache_period) || s->work >= s->config.cache_work;
}

/* Scores a program, which takes the place of the oldest. */
static void add(amlz_search *s, const amlz_program *program, amlz_member *member)
{
    amlz_progress *p = &s->now.progress;
    member->birth = p->evaluations + 1;
    if (evolve_is_rejected(s, program)) {
        lap(s, AMLZ_PHASE_ANALYSIS);
        p->rejected++;
        state_add(&s->now, program, member, 0, -1);
    } else {
        evaluate_load(s->evaluator, program);
        lap(s, AMLZ_PHASE_ANALYSIS);
        member->fitness = score(s);
        state_add(&s->now, program, member, s->evaluator->plan.key, plan_size(&s->evaluator->plan));
    }
    p->evaluations++;
}

/* One cycle: a program is made and added. */
static void advance(amlz_search *s)
{
    amlz_member member = {0};
    next_program(s, &s->child, &member);
    lap(s, AMLZ_PHASE_MUTATION);
    add(s, &s->child, &member);
    if (is_time_for_mark(s)) {
        evolve_set_mark(s);
    }
    lap(s, AMLZ_PHASE_RECORDS);
}

amlz_status amlz_search_run(amlz_search *search, uint64_t evaluations, double stop_fitness, amlz_progress *progress)
{
    if (search == NULL) {
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
        add(search, &programs[i], &member);
    }
    evolve_set_mark(search);
    lap(search, AMLZ_PHASE_RECORDS);
    port_fp_leave(caller);
    return program_fail(AMLZ_OK, reason, NULL);
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

void amlz_search_progress(const amlz_search *search, amlz_progress *progress)
{
    amlz_state state;
    if (search != NULL && progress != NULL) {
        amlz_search_state(search, AMLZ_NOW, &state);
        *progress = state.progress;
    }
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
        const uint32_t place = state_by_age(now, i);
        state_load(&now->population, place, &program);
        hash = rng_mix(hash ^ amlz_program_hash(&program));
        hash = rng_mix(hash ^ port_bits(now->population.entries[place].member.fitness));
    }
    hash = rng_mix(hash ^ amlz_program_hash(&now->best));
    hash = rng_mix(hash ^ port_bits(now->progress.best_fitness));
    for (int i = 0; i < 4; i++) {
        hash = rng_mix(hash ^ now->rng.s[i]);
    }
    const amlz_progress *p = &now->progress;
    const uint64_t counts[] = {p->evaluations, p->cache_hits, p->fec_hits, p->rejected, p->probes, p->full_evaluations,
                               p->train_steps, p->valid_steps, p->best_evaluation};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        hash = rng_mix(hash ^ counts[i]);
    }
    return hash;
}
