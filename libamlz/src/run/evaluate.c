/* Runs programs on task sets, and makes fitnesses and fingerprints of what they err. */
#include "run/evaluate.h"

#include <string.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/mathfn.h"
#include "base/portability.h"
#include "base/rng.h"
#include "base/structs.h"

amlz_status amlz__evaluate_check(const amlz_evaluator_config *config, const char **reason)
{
    if (config->combine > AMLZ_MEDIAN) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "combine must be mean or median");
    }
    if (config->max_tasks == 0) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "max_tasks must be 1 or more");
    }
    const amlz_status status = amlz__kernels_check(config->precision, config->variant, reason);
    return status != AMLZ_OK ? status : amlz_dims_check(&config->dims, reason);
}

amlz_evaluator *amlz__evaluate_place(arena *a, const amlz_evaluator_config *config)
{
    const amlz_precision precision = (amlz_precision)config->precision;
    const uint32_t lanes = amlz__tasks_widest_block(config->dims.n_features, kernels_real_size(precision));
    amlz_evaluator *e = arena_take(a, 1, sizeof *e);
    machine *m = arena_take(a, 1, sizeof *m);
    double *fitness = arena_take(a, config->max_tasks, sizeof *fitness);
    double *sorted = arena_take(a, config->max_tasks, sizeof *sorted);
    amlz__machine_place(m, a, &config->dims, precision, lanes);
    if (e != NULL) {
        e->config = *config;
        e->variant = kernels_variant(config->variant);
        e->machine = m;
        e->bound = 0;
        e->fitness = fitness;
        e->sorted = sorted;
    }
    return e;
}

/* The caller's configuration made whole, and the bytes that it needs; 0 if it is not valid. */
static size_t take_evaluator_config(amlz_evaluator_config *config, const amlz_evaluator_config *given, const char **reason)
{
    arena a = arena_over(NULL);
    if (!STRUCTS_KNOWN(amlz_evaluator_config, given)) {
        refuse(AMLZ_ERROR_ARGUMENT, reason, "evaluator: " STRUCTS_FAULT(amlz_evaluator_config));
        return 0;
    }
    STRUCTS_READ(amlz_evaluator_config, config, given);
    if (amlz__evaluate_check(config, reason) != AMLZ_OK) {
        return 0;
    }
    amlz__evaluate_place(&a, config);
    return amlz__check_total(&a, reason);
}

size_t amlz_evaluator_size(const amlz_evaluator_config *config, const char **reason)
{
    amlz_evaluator_config whole;
    return take_evaluator_config(&whole, config, reason);
}

amlz_evaluator *amlz_evaluator_init(void *memory, size_t size, const amlz_evaluator_config *config, const char **reason)
{
    amlz_evaluator_config whole;
    const size_t needed = take_evaluator_config(&whole, config, reason);
    if (!amlz__check_block(memory, size, needed, CHECK_SMALLER_THAN("amlz_evaluator_size"), reason)) {
        return NULL;
    }
    arena a = arena_over(memory);
    return amlz__evaluate_place(&a, &whole);
}

amlz_variant amlz_evaluator_variant(const amlz_evaluator *evaluator)
{
    return evaluator == NULL ? AMLZ_VARIANT_AUTO : evaluator->variant;
}

int amlz__evaluate_accepts(const amlz_evaluator *evaluator, const amlz_tasks *tasks)
{
    const amlz_evaluator_config *c = &evaluator->config;
    const amlz_tasks_config *t = &tasks->config;
    return t->n_features == c->dims.n_features && t->label == c->dims.label && t->precision == c->precision &&
           t->n_tasks <= c->max_tasks && (t->label != AMLZ_MULTICLASS || t->n_classes == c->dims.n_classes);
}

void amlz__evaluate_load(amlz_evaluator *evaluator, const amlz_program *program)
{
    amlz__plan_build(program, &evaluator->config.dims, PLAN_LIVE, &evaluator->plan);
    evaluator->bound = 0;
}

static void start_block(amlz_evaluator *e, const tasks_block *block, uint64_t seed)
{
    if (e->bound != block->lanes) {
        amlz__machine_bind(e->machine, &e->plan, e->variant, block->lanes);
        e->loops = amlz__kernels_find_loops(e->variant, (amlz_precision)e->config.precision, block->lanes);
        e->bound = block->lanes;
    }
    amlz__machine_start(e->machine, seed, block->first_task, block->n_tasks);
}

static uint64_t sum_steps(const kernel_run *run)
{
    uint64_t sum = 0;
    for (int l = 0; l < KERNELS_MAX_LANES; l++) {
        sum += (uint64_t)run->steps[l];
    }
    return sum;
}

static double fitness_of(uint8_t label, double loss, uint32_t n)
{
    const double two_over_pi = 0.63661977236758134308, mean = loss / n;
    return BUILD_LABEL_IS(label, AMLZ_REGRESSION) ? 1 - two_over_pi * math_atan(port_sqrt(mean)) : 1 - mean;
}

/* How much of the tasks is run. */
typedef struct extent {
    uint32_t n_train, n_valid, n_epochs;
} extent;

/* The best epoch counts; a task that is stopped keeps the best it had, 0 in the first epoch. */
static void run_block(amlz_evaluator *e, const amlz_tasks *tasks, const tasks_block *block, extent part, uint64_t seed,
                      amlz_evaluation *result)
{
    machine *m = e->machine;
    double *fitness = e->fitness + block->first_task;
    kernel_examples train = {block->train_x, block->train_y, NULL, part.n_train};
    const kernel_examples valid = {block->valid_x, block->valid_y, NULL, part.n_valid};
    start_block(e, block, seed);
    memset(fitness, 0, block->n_tasks * sizeof *fitness);
    for (uint32_t epoch = 0; epoch < part.n_epochs; epoch++) {
        int any_alive = 0;
        train.order = tasks_order(tasks, epoch);
        e->loops->train(&m->run, &train, NULL);
        result->train_steps += sum_steps(&m->run);
        e->loops->validate(&m->run, &valid, NULL);
        result->valid_steps += sum_steps(&m->run);
        for (uint32_t l = 0; l < block->n_tasks; l++) {
            if (m->run.alive[l]) {
                const double now = fitness_of(tasks->config.label, m->run.loss[l], part.n_valid);
                fitness[l] = now > fitness[l] ? now : fitness[l];
                any_alive = 1;
            }
        }
        if (!any_alive) {
            break;
        }
    }
    for (uint32_t l = 0; l < block->n_tasks; l++) {
        result->n_stopped += m->run.alive[l] == 0;
    }
}

/* Shell's sort: in place, no recursion, and fast enough for the number of tasks that anyone has. */
static void sort(double *x, uint32_t n)
{
    for (uint32_t gap = n / 2; gap > 0; gap /= 2) {
        for (uint32_t i = gap; i < n; i++) {
            const double moving = x[i];
            uint32_t j = i;
            for (; j >= gap && x[j - gap] > moving; j -= gap) {
                x[j] = x[j - gap];
            }
            x[j] = moving;
        }
    }
}

static double combined(amlz_evaluator *e, uint32_t n)
{
    if (e->config.combine == AMLZ_MEDIAN) {
        memcpy(e->sorted, e->fitness, n * sizeof *e->fitness);
        sort(e->sorted, n);
        return n % 2 == 1 ? e->sorted[n / 2] : (e->sorted[n / 2 - 1] + e->sorted[n / 2]) / 2;
    }
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += e->fitness[i];
    }
    return sum / n;
}

static void run_part(amlz_evaluator *e, const amlz_tasks *tasks, extent part, uint64_t seed, amlz_evaluation *result)
{
    result->n_stopped = 0;
    for (uint32_t b = 0; b < tasks->n_blocks; b++) {
        run_block(e, tasks, &tasks->blocks[b], part, seed, result);
    }
    result->fitness = combined(e, tasks->config.n_tasks);
}

void amlz__evaluate_run(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, amlz_evaluation *result)
{
    const extent all = {tasks->config.n_train, tasks->config.n_valid, tasks->config.n_epochs};
    run_part(evaluator, tasks, all, seed, result);
}

void amlz__evaluate_first(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, uint32_t n_train, uint32_t n_valid,
                          amlz_evaluation *result)
{
    const extent first = {n_train, n_valid, 1};
    run_part(evaluator, tasks, first, seed, result);
}

/* The errors of a block's tasks are hashed one after the other, tasks side by side; then the tasks' hashes are. */
uint64_t amlz__evaluate_fingerprint(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, uint32_t n_train,
                                    uint32_t n_valid, amlz_evaluation *result)
{
    uint64_t whole = 0;
    machine *m = evaluator->machine;
    for (uint32_t b = 0; b < tasks->n_blocks; b++) {
        const tasks_block *block = &tasks->blocks[b];
        const kernel_examples train = {block->train_x, block->train_y, NULL, n_train};
        const kernel_examples valid = {block->valid_x, block->valid_y, NULL, n_valid};
        uint64_t hashes[KERNELS_MAX_LANES] = {0};
        start_block(evaluator, block, seed);
        m->run.hashes = hashes;
        evaluator->loops->train(&m->run, &train, NULL);
        result->train_steps += sum_steps(&m->run);
        evaluator->loops->validate(&m->run, &valid, NULL);
        result->valid_steps += sum_steps(&m->run);
        m->run.hashes = NULL;
        for (uint32_t l = 0; l < block->n_tasks; l++) {
            whole = rng_mix(whole ^ hashes[l]);
        }
    }
    return whole;
}

static amlz_status check_call(const amlz_evaluator *evaluator, const amlz_tasks *tasks, const amlz_program *program)
{
    if (evaluator == NULL || tasks == NULL || program == NULL || !amlz__evaluate_accepts(evaluator, tasks)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    return amlz_program_check(program, &evaluator->config.dims, NULL);
}

amlz_status amlz_evaluate(amlz_evaluator *evaluator, const amlz_tasks *tasks, const amlz_program *program, uint64_t seed,
                          amlz_evaluation *result, double *task_fitness)
{
    amlz_evaluation whole = {0};
    const amlz_status status = STRUCTS_KNOWN(amlz_evaluation, result) ? check_call(evaluator, tasks, program)
                                                                      : AMLZ_ERROR_ARGUMENT;
    if (status != AMLZ_OK) {
        return status;
    }
    const port_fp_state caller = port_fp_enter();
    amlz__evaluate_load(evaluator, program);
    amlz__evaluate_run(evaluator, tasks, seed, &whole);
    port_fp_leave(caller);
    STRUCTS_WRITE(result, &whole);
    if (task_fitness != NULL) {
        memcpy(task_fitness, evaluator->fitness, tasks->config.n_tasks * sizeof *task_fitness);
    }
    return AMLZ_OK;
}

/* Examples that amlz_probe runs at a time. */
#define PROBED_AT_ONCE 16

/* Runs examples by train or validate; the errors of task t go to errors[t * n + example]. */
static void probe_block(machine *m, const tasks_block *block, size_t real,
                        kernel_loop *run, kernel_examples examples, double *errors)
{
    const size_t labels = block->lanes * real, features = labels * m->dims.n_features;
    const uint32_t n = examples.count;
    double now[PROBED_AT_ONCE * KERNELS_MAX_LANES];
    for (uint32_t i = 0; i < n; i += PROBED_AT_ONCE) {
        examples.count = n - i < PROBED_AT_ONCE ? n - i : PROBED_AT_ONCE;
        const uint32_t seen = run(&m->run, &examples, now);
        for (uint32_t k = 0; k < examples.count; k++) {
            for (size_t l = 0; l < block->n_tasks; l++) {
                errors[(block->first_task + l) * n + i + k] = k < seen ? now[(size_t)k * block->lanes + l] : math_nan();
            }
        }
        examples.features = (const char *)examples.features + PROBED_AT_ONCE * features;
        examples.labels = (const char *)examples.labels + PROBED_AT_ONCE * labels;
    }
}

amlz_status amlz_probe(amlz_evaluator *evaluator, const amlz_tasks *tasks, const amlz_program *program, uint64_t seed,
                       uint32_t n_train, uint32_t n_valid, double *train_errors, double *valid_errors)
{
    const amlz_status status = check_call(evaluator, tasks, program);
    if (status != AMLZ_OK) {
        return status;
    }
    if (n_train > tasks->config.n_train || n_valid > tasks->config.n_valid || (n_train > 0 && train_errors == NULL) ||
        (n_valid > 0 && valid_errors == NULL)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    amlz__evaluate_load(evaluator, program);
    machine *m = evaluator->machine;
    for (uint32_t b = 0; b < tasks->n_blocks; b++) {
        const tasks_block *block = &tasks->blocks[b];
        const kernel_examples train = {block->train_x, block->train_y, NULL, n_train};
        const kernel_examples valid = {block->valid_x, block->valid_y, NULL, n_valid};
        const size_t real = kernels_real_size(tasks->config.precision);
        start_block(evaluator, block, seed);
        probe_block(m, block, real, evaluator->loops->train, train, train_errors);
        probe_block(m, block, real, evaluator->loops->validate, valid, valid_errors);
    }
    port_fp_leave(caller);
    return AMLZ_OK;
}
