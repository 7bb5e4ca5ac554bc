/* Defaults of a search, what is refused, and how it lies in memory. */
#include "search/layout.h"

#include <string.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/mathfn.h"
#include "base/portability.h"
#include "base/structs.h"
#include "search/mark.h"
#include "search/mutate.h"

static void set_defaults(amlz_search_config *config)
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
    config->max_mutations = 1;
    config->tunings = 1;
    config->constant_high = 1;
}

amlz_status amlz_search_defaults(amlz_search_config *config)
{
    amlz_search_config defaults;
    if (!STRUCTS_KNOWN(amlz_search_config, config)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    set_defaults(&defaults);
    STRUCTS_WRITE(config, &defaults);
    return AMLZ_OK;
}

static int has_weights(const amlz_search_config *config)
{
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        if (config->mutation_weight[i] != 0) {
            return 1;
        }
    }
    return 0;
}

static uint32_t at_most(uint32_t n, uint32_t most) { return n < most ? n : most; }

/* Puts defaults in place of zeros, but for zeros that say something. tasks may be NULL. */
static void fill_in(amlz_search_config *config, const amlz_tasks_config *tasks)
{
    amlz_search_config defaults;
    set_defaults(&defaults);
    if (!has_weights(config)) {
        memcpy(config->mutation_weight, defaults.mutation_weight, sizeof config->mutation_weight);
        config->mutate_prob = config->mutate_prob == 0 ? defaults.mutate_prob : config->mutate_prob;
    }
#define FILL_IN(member, value) config->member = config->member == 0 ? (value) : config->member
    FILL_IN(population_size, defaults.population_size);
    FILL_IN(tournament_size, defaults.tournament_size);
    FILL_IN(cache_period, defaults.cache_period);
    FILL_IN(cache_work, defaults.cache_work);
    FILL_IN(max_mutations, defaults.max_mutations);
    FILL_IN(tunings, defaults.tunings);
    FILL_IN(constant_high, defaults.constant_high);
    if (config->fec_size > 0) {
        FILL_IN(fec_train, at_most(defaults.fec_train, tasks == NULL ? UINT32_MAX : tasks->n_train));
        FILL_IN(fec_valid, at_most(defaults.fec_valid, tasks == NULL ? UINT32_MAX : tasks->n_valid));
    }
    if (config->n_hurdles > 0) {
        FILL_IN(hurdle_percentile, defaults.hurdle_percentile);
        FILL_IN(hurdle_window, defaults.hurdle_window);
    }
#undef FILL_IN
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
    return NULL;
}

/* NULL, or what is wrong in the configuration but its space and what the evaluator looks at. */
static PORT_NOINLINE const char *fault_of_search(const amlz_search_config *config)
{
    if (config->algorithm > AMLZ_RANDOM_SEARCH) {
        return "algorithm must be evolution or random search";
    }
    if (config->start > AMLZ_START_GROWN) {
        return "start must be random, empty, a program or grown";
    }
    if (!(config->mutate_prob >= 0 && config->mutate_prob <= 1)) {
        return "mutate_prob must be from 0 to 1";
    }
    if (!amlz__mutate_weights_valid(config->mutation_weight)) {
        return "mutations must have finite weights, none negative and one of them over 0";
    }
    if (config->must_learn > 1) {
        return "must_learn must be 0 or 1";
    }
    if (config->simplify > 1) {
        return "simplify must be 0 or 1";
    }
    if (config->redraw_rejected > 1) {
        return "redraw_rejected must be 0 or 1";
    }
    if (!(config->fresh_prob >= 0 && config->fresh_prob <= 1)) {
        return "fresh_prob must be from 0 to 1";
    }
    if (config->restart_period > 0 && config->restart_period < config->population_size) {
        return "restart_period must be 0 (never), or population_size or more";
    }
    if (!(config->constant_low >= 0 && config->constant_high >= config->constant_low) ||
        !math_is_finite(config->constant_high)) {
        return "constant_low and constant_high must be finite, and 0 or more, the second not below the first";
    }
    if (!(config->max_cost >= 0) || !math_is_finite(config->max_cost)) {
        return "max_cost must be finite, and 0 (no limit) or more";
    }
    return fault_of_hurdles(config);
}

/* NULL, or why the tasks are not for this search. */
static const char *fault_of_tasks(const amlz_search_config *config, const amlz_tasks_config *tasks)
{
    const amlz_dims *dims = &config->space.dims;
    if (tasks->n_features != dims->n_features || tasks->label != dims->label || tasks->precision != config->precision ||
        (tasks->label == AMLZ_MULTICLASS && tasks->n_classes != dims->n_classes)) {
        return "tasks must have the features, labels and precision of the search";
    }
    if (config->fec_size > 0 && (config->fec_train > tasks->n_train || config->fec_valid > tasks->n_valid)) {
        return "fec_train and fec_valid must be at most what the tasks have";
    }
    for (uint32_t i = 0; i < config->n_hurdles; i++) {
        if (config->hurdle[i].n_train > tasks->n_train || config->hurdle[i].n_valid > tasks->n_valid) {
            return "hurdles must have n_train and n_valid of at most what the tasks have";
        }
    }
    return NULL;
}

/* Makes the caller's configuration whole, for tasks that are checked or NULL, and checks it. */
static amlz_status take_search_config(amlz_search_config *config, const amlz_search_config *given,
                                      const amlz_tasks_config *tasks, const char **reason)
{
    if (!STRUCTS_KNOWN(amlz_search_config, given)) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "search: " STRUCTS_FAULT(amlz_search_config));
    }
    STRUCTS_READ(amlz_search_config, config, given);
    const port_fp_state caller = port_fp_enter();
    fill_in(config, tasks);
    const char *fault = fault_of_search(config);
    port_fp_leave(caller);
    if (fault != NULL) {
        return judge(fault, reason);
    }
    const amlz_evaluator_config e = evaluator_config(config, 1);
    amlz_status status = amlz__evaluate_check(&e, reason);
    if (status == AMLZ_OK) {
        status = amlz_space_check(&config->space, reason);
    }
    return status == AMLZ_OK && tasks != NULL ? judge(fault_of_tasks(config, tasks), reason) : status;
}

amlz_status amlz_search_check(const amlz_search_config *config, const amlz_tasks_config *tasks, const char **reason)
{
    amlz_search_config whole;
    amlz_tasks_config shape;
    const char *fault = tasks == NULL ? NULL : amlz__tasks_take_config(&shape, tasks);
    return fault != NULL ? judge(fault, reason) : take_search_config(&whole, config, tasks == NULL ? NULL : &shape, reason);
}

static amlz_search *lay_out_search(arena *a, const amlz_search_config *config, uint32_t n_tasks)
{
    const amlz_evaluator_config e = evaluator_config(config, n_tasks);
    threshold thresholds[AMLZ_MAX_HURDLES] = {{0}};
    key_set members = {0}, structures = {0};
    cache by_key, by_fingerprint;
    amlz_search *s = arena_take(a, 1, sizeof *s);
    if (s != NULL) {
        memset(s, 0, sizeof *s);
    }
    amlz__state_place(s == NULL ? NULL : &s->now, a, config);
    if (mark_has_memory(config)) {
        amlz__state_place(s == NULL ? NULL : &s->mark, a, config);
    }
    for (uint32_t i = 0; i < config->n_hurdles; i++) {
        amlz__threshold_place(&thresholds[i], a, config->hurdle_window, config->hurdle_percentile);
    }
    if (config->redraws > 0) {
        amlz__key_set_place(&members, a, config->population_size);
    }
    if (config->structures_size > 0) {
        amlz__key_set_place(&structures, a, config->structures_size);
    }
    amlz__cache_place(&by_key, a, config->cache_size);
    amlz__cache_place(&by_fingerprint, a, config->fec_size);
    amlz_evaluator *evaluator = amlz__evaluate_place(a, &e);
    if (s != NULL) {
        s->config = *config;
        s->evaluator = evaluator;
        memcpy(s->thresholds, thresholds, sizeof thresholds);
        s->members = members;
        s->structures = structures;
        s->by_key = by_key;
        s->by_fingerprint = by_fingerprint;
        s->asked.children = &s->own;
        s->asked.capacity = 1;
    }
    return s;
}

size_t amlz_search_size(const amlz_search_config *config, uint32_t n_tasks, const char **reason)
{
    arena a = arena_over(NULL);
    amlz_search_config whole;
    if (take_search_config(&whole, config, NULL, reason) != AMLZ_OK) {
        return 0;
    }
    if (n_tasks == 0) {
        refuse(AMLZ_ERROR_ARGUMENT, reason, "n_tasks must be 1 or more");
        return 0;
    }
    lay_out_search(&a, &whole, n_tasks);
    return amlz__check_total(&a, reason);
}

/* The start program gives what the space does not draw: with AMLZ_START_PROGRAM everything, else functions without ops. */
static amlz_status check_start(const amlz_search_config *config, const amlz_program *start, const char **reason)
{
    if (start == NULL) {
        return config->start == AMLZ_START_PROGRAM
                   ? refuse(AMLZ_ERROR_ARGUMENT, reason, "start_program must be given to start from a program")
                   : AMLZ_OK;
    }
    if (amlz_program_check(start, &config->space.dims, NULL) != AMLZ_OK) {
        return refuse(AMLZ_ERROR_PROGRAM, reason, "start_program must fit the memory of the space");
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &config->space.function[f];
        if (config->start == AMLZ_START_PROGRAM && function->n_ops > 0 &&
            (start->size[f] > function->max_size || start->size[f] < function->min_size)) {
            return refuse(AMLZ_ERROR_PROGRAM, reason, "start_program must have sizes from min_size to max_size");
        }
    }
    return AMLZ_OK;
}

/* Only what is used of it, which fits the places that members have. */
static void take_start(amlz_search *s, const amlz_program *start)
{
    amlz__state_copy_program(&s->start, start);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (s->config.start != AMLZ_START_PROGRAM && s->config.space.function[f].n_ops > 0) {
            s->start.size[f] = 0;
        }
    }
}

amlz_search *amlz_search_init(void *memory, size_t size, const amlz_search_config *config, const amlz_tasks *tasks,
                              const amlz_program *start_program, const char **reason)
{
    if (tasks == NULL) {
        refuse(AMLZ_ERROR_ARGUMENT, reason, "tasks must not be NULL");
        return NULL;
    }
    amlz_search_config whole;
    const size_t needed = amlz_search_size(config, tasks->config.n_tasks, reason);
    if (!amlz__check_block(memory, size, needed, CHECK_SMALLER_THAN("amlz_search_size"), reason) ||
        take_search_config(&whole, config, &tasks->config, reason) != AMLZ_OK ||
        check_start(&whole, start_program, reason) != AMLZ_OK) {
        return NULL;
    }
    arena a = arena_over(memory);
    amlz_search *s = lay_out_search(&a, &whole, tasks->config.n_tasks);
    s->tasks = tasks;
    s->tasks_digest = amlz_tasks_digest(tasks);
    if (start_program != NULL) {
        take_start(s, start_program);
    }
    rng_seed(&s->now.rng, whole.seed);
    s->evaluation_seed = rng_next(&s->now.rng);
    amlz__mark_set(s);
    return s;
}

amlz_status amlz__layout_check_program(const amlz_search *s, const amlz_program *program, const char **reason)
{
    if (amlz_program_check(program, &s->config.space.dims, NULL) != AMLZ_OK) {
        return refuse(AMLZ_ERROR_PROGRAM, reason, "program must fit the memory of the space");
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (program->size[f] > amlz__state_room(&s->config, f)) {
            return refuse(AMLZ_ERROR_PROGRAM, reason, "program must have sizes up to max_size");
        }
    }
    return AMLZ_OK;
}
