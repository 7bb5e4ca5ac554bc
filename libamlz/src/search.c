/* What a search is made of: defaults, what is refused, and how it lies in memory. */
#include <string.h>

#include "evolve.h"
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
    config->hurdle_window = 100; /* as many as the paper's population has members */
}

static amlz_evaluator_config evaluator_config(const amlz_search_config *config, uint32_t n_tasks)
{
    amlz_evaluator_config e = {sizeof e, config->space.dims, config->precision, config->variant, config->combine, n_tasks};
    return e;
}

/* NULL, or what is wrong with the hurdles but that they may be too long for the tasks. */
static const char *fault_of_hurdles(const amlz_search_config *config)
{
    if (config->n_hurdles > AMLZ_MAX_HURDLES) {
        return "n_hurdles must be at most AMLZ_MAX_HURDLES";
    }
    for (uint32_t i = 0; i < AMLZ_MAX_HURDLES; i++) {
        const amlz_hurdle *hurdle = &config->hurdle[i];
        if (i >= config->n_hurdles) {
            if (hurdle->n_train != 0 || hurdle->n_valid != 0) {
                return "hurdles after n_hurdles must be zero";
            }
        } else if (hurdle->n_train == 0 || hurdle->n_valid == 0) {
            return "hurdles must have n_train and n_valid of 1 or more";
        } else if (i > 0 && hurdle->n_train <= hurdle[-1].n_train) {
            return "hurdles must have larger n_train from one to the next";
        }
    }
    if (config->n_hurdles > 0 && !(config->hurdle_percentile > 0 && config->hurdle_percentile < 1)) {
        return "hurdle_percentile must be over 0 and under 1";
    }
    if (config->n_hurdles > 0 && config->hurdle_window == 0) {
        return "hurdle_window must be 1 or more";
    }
    return NULL;
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
    return fault_of_hurdles(config);
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
    threshold thresholds[AMLZ_MAX_HURDLES] = {{0}};
    key_set members = {0};
    search_state now, mark;
    amlz_search *s = arena_take(a, 1, sizeof *s);
    state_place(&now, a, config);
    if (evolve_has_memory(config)) {
        state_place(&mark, a, config);
    }
    for (uint32_t i = 0; i < config->n_hurdles; i++) {
        threshold_place(&thresholds[i], a, config->hurdle_window, config->hurdle_percentile);
    }
    if (config->redraws > 0) {
        key_set_place(&members, a, config->population_size);
    }
    void *by_key = arena_take(a, 1, cache_size(config->cache_size));
    void *by_fingerprint = arena_take(a, 1, cache_size(config->fec_size));
    amlz_evaluator *evaluator = evaluate_place(a, &e);
    if (s != NULL) {
        memset(s, 0, sizeof *s);
        s->config = *config;
        s->evaluator = evaluator;
        s->now = now;
        if (evolve_has_memory(config)) {
            s->mark = mark;
        }
        memcpy(s->thresholds, thresholds, sizeof thresholds);
        s->members = members;
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
    for (uint32_t i = 0; i < config->n_hurdles; i++) {
        const amlz_hurdle *hurdle = &config->hurdle[i];
        if (hurdle->n_train > tasks->config.n_train || hurdle->n_valid > tasks->config.n_valid) {
            program_fail(AMLZ_ERROR_ARGUMENT, reason, "hurdles must have n_train and n_valid of at most what the tasks have");
            return NULL;
        }
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
