/* Regularized evolution (the paper's section 3.2, figure 2) and random search. */
#include <string.h>

#include "cache.h"
#include "evaluate.h"
#include "fec.h"
#include "mutate.h"
#include "portability.h"

/* Members are kept packed: of each function just as many instructions as the space allows. */
typedef struct member {
    double fitness;
    uint16_t size[AMLZ_FUNCTION_COUNT];
} member;

struct amlz_search {
    amlz_search_config config;
    const amlz_tasks *tasks;
    amlz_evaluator *evaluator;
    rng_state rng;
    uint64_t evaluation_seed; /* of random ops: one for the whole search, so that a fitness is a function of the program */
    cache by_key, by_fingerprint;
    amlz_progress progress;
    member *members; /* a ring: the oldest is at `oldest` once the population is full */
    amlz_instruction *code; /* [member][code_size] */
    size_t code_size, code_start[AMLZ_FUNCTION_COUNT];
    uint32_t oldest;
    amlz_program start, child, best;
};

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
    if (!(config->max_cost >= 0)) {
        return "max_cost must be 0 (no limit) or more";
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

/* A function without ops is the start program's, whatever its size. */
static uint16_t room_for(const amlz_search_config *config, int f)
{
    const amlz_function_space *function = &config->space.function[f];
    return function->n_ops > 0 ? function->max_size : AMLZ_CAPACITY;
}

static amlz_search *lay_out(arena *a, const amlz_search_config *config, uint32_t n_tasks)
{
    const amlz_evaluator_config e = evaluator_config(config, n_tasks);
    size_t code_size = 0, code_start[AMLZ_FUNCTION_COUNT];
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        code_start[f] = code_size;
        code_size += room_for(config, f);
    }
    amlz_search *s = arena_take(a, 1, sizeof *s);
    member *members = arena_take(a, config->population_size, sizeof *members);
    amlz_instruction *code = arena_take(a, arena_times(a, config->population_size, code_size), sizeof *code);
    void *by_key = arena_take(a, 1, cache_size(config->cache_size));
    void *by_fingerprint = arena_take(a, 1, cache_size(config->fec_size));
    amlz_evaluator *evaluator = evaluate_place(a, &e);
    if (s != NULL) {
        memset(s, 0, sizeof *s);
        s->config = *config;
        s->members = members;
        s->code = code;
        s->code_size = code_size;
        memcpy(s->code_start, code_start, sizeof code_start);
        s->evaluator = evaluator;
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
    if (start_program != NULL) {
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            s->start.size[f] = start_program->size[f];
            memcpy(s->start.code[f], start_program->code[f], start_program->size[f] * sizeof(amlz_instruction));
        }
    }
    rng_seed(&s->rng, config->seed);
    s->evaluation_seed = rng_next(&s->rng);
    s->progress.best_fitness = -1;
    return s;
}

static void copy_code(amlz_program *to, const amlz_program *from)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        to->size[f] = from->size[f];
        memcpy(to->code[f], from->code[f], from->size[f] * sizeof(amlz_instruction));
    }
}

static void load_member(const amlz_search *s, uint32_t i, amlz_program *program)
{
    const amlz_instruction *code = s->code + i * s->code_size;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        program->size[f] = s->members[i].size[f];
        memcpy(program->code[f], code + s->code_start[f], program->size[f] * sizeof *code);
    }
}

static void store_member(amlz_search *s, uint32_t i, const amlz_program *program, double fitness)
{
    amlz_instruction *code = s->code + i * s->code_size;
    s->members[i].fitness = fitness;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        s->members[i].size[f] = program->size[f];
        memcpy(code + s->code_start[f], program->code[f], program->size[f] * sizeof *code);
    }
}

static void draw_program(amlz_search *s, amlz_program *program)
{
    copy_code(program, &s->start);
    mutate_random_program(&s->config.space, &s->rng, program);
}

static void first_program(amlz_search *s, amlz_program *program)
{
    if (s->config.start == AMLZ_START_RANDOM) {
        draw_program(s, program);
        return;
    }
    copy_code(program, &s->start);
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
    uint32_t winner = rng_below(&s->rng, s->config.population_size);
    for (uint32_t i = 1; i < s->config.tournament_size; i++) {
        const uint32_t rival = rng_below(&s->rng, s->config.population_size);
        if (s->members[rival].fitness > s->members[winner].fitness) {
            winner = rival;
        }
    }
    return winner;
}

static void next_program(amlz_search *s, amlz_program *program)
{
    if (s->progress.population < s->config.population_size) {
        first_program(s, program);
    } else if (s->config.algorithm == AMLZ_RANDOM_SEARCH) {
        draw_program(s, program);
    } else {
        load_member(s, hold_tournament(s), program);
        if (rng_chance(&s->rng, s->config.mutate_prob)) {
            const amlz_mutation action = mutate_draw(s->config.mutation_weight, &s->rng);
            mutate_apply(&s->config.space, action, &s->rng, program);
        }
    }
}

/* Fitness by the cheapest way that knows it: cost, structural key, fingerprint, running on all examples. */
static double score(amlz_search *s, const amlz_program *program)
{
    amlz_progress *p = &s->progress;
    amlz_evaluation result = {0};
    double fitness;
    uint64_t fingerprint = 0;
    if (s->config.max_cost > 0 && amlz_program_cost(program, s->config.space.dims.n_features) > s->config.max_cost) {
        p->over_budget++;
        return 0;
    }
    evaluate_load(s->evaluator, program);
    const uint64_t key = s->evaluator->plan.key;
    if (cache_find(&s->by_key, key, &fitness)) {
        p->cache_hits++;
        return fitness;
    }
    if (s->config.fec_size > 0) {
        fingerprint = fec_fingerprint(s->evaluator, s->tasks, s->evaluation_seed, s->config.fec_train, s->config.fec_valid,
                                      &result);
        p->probes++;
    }
    if (s->config.fec_size > 0 && cache_find(&s->by_fingerprint, fingerprint, &fitness)) {
        p->fec_hits++;
    } else {
        evaluate_run(s->evaluator, s->tasks, s->evaluation_seed, &result);
        fitness = result.fitness;
        p->full_evaluations++;
        cache_insert(&s->by_fingerprint, fingerprint, fitness);
    }
    cache_insert(&s->by_key, key, fitness);
    p->train_steps += result.train_steps;
    p->valid_steps += result.valid_steps;
    return fitness;
}

/* One cycle: a program is made, scored, and takes the place of the oldest. */
static void advance(amlz_search *s)
{
    amlz_progress *p = &s->progress;
    next_program(s, &s->child);
    const double fitness = score(s, &s->child);
    p->evaluations++;
    if (fitness > p->best_fitness) {
        p->best_fitness = fitness;
        p->best_evaluation = p->evaluations;
        copy_code(&s->best, &s->child);
    }
    if (p->population < s->config.population_size) {
        store_member(s, p->population++, &s->child, fitness);
    } else {
        store_member(s, s->oldest, &s->child, fitness);
        s->oldest = s->oldest + 1 == s->config.population_size ? 0 : s->oldest + 1;
    }
}

amlz_status amlz_search_run(amlz_search *search, uint64_t evaluations, double stop_fitness, amlz_progress *progress)
{
    if (search == NULL) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const amlz_progress *p = &search->progress;
    for (uint64_t i = 0; i < evaluations && !(p->evaluations > 0 && p->best_fitness >= stop_fitness); i++) {
        advance(search);
    }
    port_fp_leave(caller);
    if (progress != NULL) {
        amlz_search_progress(search, progress);
    }
    return AMLZ_OK;
}

/* Member number `index` by age. */
static uint32_t by_age(const amlz_search *s, uint32_t index)
{
    const uint32_t i = s->oldest + index;
    return i >= s->progress.population ? i - s->progress.population : i;
}

void amlz_search_progress(const amlz_search *search, amlz_progress *progress)
{
    if (search == NULL || progress == NULL) {
        return;
    }
    const port_fp_state caller = port_fp_enter();
    double sum = 0;
    *progress = search->progress;
    for (uint32_t i = 0; i < search->progress.population; i++) {
        sum += search->members[by_age(search, i)].fitness;
    }
    progress->mean_fitness = search->progress.population == 0 ? 0 : sum / search->progress.population;
    port_fp_leave(caller);
}

amlz_status amlz_search_best(const amlz_search *search, amlz_program *program, double *fitness)
{
    if (search == NULL || search->progress.evaluations == 0) {
        return AMLZ_ERROR_ARGUMENT;
    }
    if (program != NULL) {
        memset(program, 0, sizeof *program);
        copy_code(program, &search->best);
    }
    if (fitness != NULL) {
        *fitness = search->progress.best_fitness;
    }
    return AMLZ_OK;
}

amlz_status amlz_search_member(const amlz_search *search, uint32_t index, amlz_program *program, double *fitness)
{
    if (search == NULL || index >= search->progress.population) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const uint32_t i = by_age(search, index);
    if (program != NULL) {
        memset(program, 0, sizeof *program);
        load_member(search, i, program);
    }
    if (fitness != NULL) {
        *fitness = search->members[i].fitness;
    }
    return AMLZ_OK;
}

uint64_t amlz_search_digest(const amlz_search *search)
{
    uint64_t hash = 0;
    amlz_program program;
    if (search == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < search->progress.population; i++) {
        const uint32_t m = by_age(search, i);
        load_member(search, m, &program);
        hash = rng_mix(hash ^ amlz_program_hash(&program));
        hash = rng_mix(hash ^ port_bits(search->members[m].fitness));
    }
    hash = rng_mix(hash ^ amlz_program_hash(&search->best));
    hash = rng_mix(hash ^ port_bits(search->progress.best_fitness));
    for (int i = 0; i < 4; i++) {
        hash = rng_mix(hash ^ search->rng.s[i]);
    }
    const amlz_progress *p = &search->progress;
    const uint64_t counts[] = {p->evaluations, p->cache_hits, p->fec_hits, p->over_budget, p->probes, p->full_evaluations,
                               p->train_steps, p->valid_steps, p->best_evaluation};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        hash = rng_mix(hash ^ counts[i]);
    }
    return hash;
}
