/* Data for programs to learn from, in the order in which lanes read them. */
#include "run/tasks.h"

#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/mathfn.h"
#include "base/portability.h"
#include "base/rng.h"
#include "base/structs.h"

uint32_t amlz__tasks_widest_block(uint32_t n_features, size_t real_size)
{
    const size_t matrix = size_times(size_times(n_features, n_features), real_size), room = 32 * 1024;
    const uint32_t lanes = matrix <= room / 16 ? 16 : matrix <= room / 8 ? 8 : matrix <= room / 4 ? 4 : 1;
    return lanes < AMLZ_LANES ? lanes : AMLZ_LANES;
}

/* The narrowest block that holds n tasks. */
static uint32_t block_lanes(uint32_t n) { return n <= 1 ? 1 : n <= 4 ? 4 : n <= 8 ? 8 : 16; }

static const char *fault_of_tasks_config(const amlz_tasks_config *config)
{
    if (config->n_tasks == 0) {
        return "n_tasks must be 1 or more";
    }
    if (config->n_train == 0 || config->n_valid == 0) {
        return "n_train and n_valid must be 1 or more";
    }
    if (config->n_train > INT32_MAX || config->n_valid > INT32_MAX) {
        return "n_train and n_valid must be below 2147483648";
    }
    const char *fault = amlz__check_labels(config->label, config->n_features, config->n_classes);
    return fault != NULL ? fault : amlz__check_precision(config->precision);
}

/* Takes what a block of so many lanes has. */
static void place_block(tasks_block *block, arena *a, const amlz_tasks_config *config, uint32_t lanes)
{
    const size_t labels = lanes * kernels_real_size(config->precision);
    const size_t features = size_times(config->n_features, labels);
    block->lanes = lanes;
    block->train_x = arena_take(a, config->n_train, features);
    block->train_y = arena_take(a, config->n_train, labels);
    block->valid_x = arena_take(a, config->n_valid, features);
    block->valid_y = arena_take(a, config->n_valid, labels);
}

/* n blocks of the widest kind that are only counted: what one takes, n times. */
static void count_blocks(arena *a, const amlz_tasks_config *config, uint32_t lanes, uint32_t n)
{
    tasks_block block;
    const size_t before = a->used;
    if (n > 0) {
        place_block(&block, a, config, lanes);
        arena_take(a, n - 1, a->used - before);
    }
}

/* Lays everything out; with an arena over NULL, only counts. As many tasks as can be are in blocks of the widest kind. */
static amlz_tasks *lay_out_tasks(arena *a, const amlz_tasks_config *config)
{
    const uint32_t widest = amlz__tasks_widest_block(config->n_features, kernels_real_size(config->precision));
    const uint32_t n_full = config->n_tasks / widest, left = config->n_tasks % widest;
    amlz_tasks *tasks = arena_take(a, 1, sizeof *tasks);
    tasks_block *blocks = arena_take(a, size_plus(n_full, left > 0), sizeof *blocks), last;
    uint32_t *order = arena_take(a, size_times(config->n_epochs - 1, config->n_train), sizeof *order);
    if (tasks == NULL) {
        count_blocks(a, config, widest, n_full);
    }
    for (uint32_t b = 0; tasks != NULL && b < n_full; b++) {
        place_block(&blocks[b], a, config, widest);
        blocks[b].first_task = b * widest;
        blocks[b].n_tasks = widest;
    }
    if (left > 0) {
        place_block(&last, a, config, block_lanes(left));
        last.first_task = n_full * widest;
        last.n_tasks = left;
    }
    if (tasks != NULL) {
        tasks->config = *config;
        tasks->n_blocks = n_full + (left > 0);
        tasks->blocks = blocks;
        tasks->order = order;
        if (left > 0) {
            blocks[n_full] = last;
        }
    }
    return tasks;
}

const char *amlz__tasks_take_config(amlz_tasks_config *config, const amlz_tasks_config *given)
{
    if (!STRUCTS_KNOWN(amlz_tasks_config, given)) {
        return "tasks: " STRUCTS_FAULT(amlz_tasks_config);
    }
    STRUCTS_READ(amlz_tasks_config, config, given);
    config->n_epochs += config->n_epochs == 0;
    return fault_of_tasks_config(config);
}

static size_t take_tasks_config(amlz_tasks_config *config, const amlz_tasks_config *given, const char **reason)
{
    arena a = arena_over(NULL);
    if (judge(amlz__tasks_take_config(config, given), reason) != AMLZ_OK) {
        return 0;
    }
    lay_out_tasks(&a, config);
    return amlz__check_total(&a, reason);
}

size_t amlz_tasks_size(const amlz_tasks_config *config, const char **reason)
{
    amlz_tasks_config whole;
    return take_tasks_config(&whole, config, reason);
}

/* Fisher and Yates, a generator an epoch, the same order for all tasks. */
static void shuffle_epochs(amlz_tasks *tasks)
{
    const uint32_t n = tasks->config.n_train;
    for (uint32_t epoch = 1; epoch < tasks->config.n_epochs; epoch++) {
        uint32_t *order = tasks->order + (size_t)(epoch - 1) * n;
        rng_state rng;
        rng_seed(&rng, rng_mix(tasks->config.order_seed + epoch));
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t j = rng_below(&rng, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }
}

amlz_tasks *amlz_tasks_init(void *memory, size_t size, const amlz_tasks_config *config, const char **reason)
{
    amlz_tasks_config whole;
    const size_t needed = take_tasks_config(&whole, config, reason);
    if (!amlz__check_block(memory, size, needed, CHECK_SMALLER_THAN("amlz_tasks_size"), reason)) {
        return NULL;
    }
    memset(memory, 0, needed);
    arena a = arena_over(memory);
    amlz_tasks *tasks = lay_out_tasks(&a, &whole);
    shuffle_epochs(tasks);
    return tasks;
}

int amlz__tasks_label_valid(uint8_t label, uint32_t n_classes, double y)
{
    if (BUILD_LABEL_IS(label, AMLZ_REGRESSION)) {
        return math_is_finite(y);
    }
    return BUILD_LABEL_IS(label, AMLZ_BINARY) ? y == 0 || y == 1 : y >= 0 && y < n_classes && y == (double)(uint32_t)y;
}

static void store(void *array, int precision, size_t i, double x)
{
    if (precision == AMLZ_FLOAT64) {
        ((double *)array)[i] = x;
    } else {
        ((float *)array)[i] = (float)x;
    }
}

/* Numbers of the caller's type; x[i] as a double. */
typedef struct numbers {
    const void *data;
    int precision;
} numbers;

static double number_at(numbers n, size_t i)
{
    return n.precision == AMLZ_FLOAT64 ? ((const double *)n.data)[i] : (double)((const float *)n.data)[i];
}

/* After rounding to float a finite double may be infinite, which is no more use than one that came so. */
static int finite_as(double x, int precision)
{
    const double largest = precision == AMLZ_FLOAT64 ? 1.7976931348623157e308 : 3.4028234663852886e38;
    return x >= -largest && x <= largest;
}

static PORT_NOINLINE amlz_status pack(const amlz_tasks *tasks, const tasks_block *block, uint32_t lane, void *out_x,
                                      void *out_y, numbers x, numbers y, uint32_t n)
{
    const amlz_tasks_config *config = &tasks->config;
    const size_t width = config->n_features, lanes = block->lanes;
    for (size_t i = 0; i < n; i++) {
        const double label = number_at(y, i);
        if (!finite_as(label, config->precision) || !amlz__tasks_label_valid(config->label, config->n_classes, label)) {
            return AMLZ_ERROR_DATA;
        }
        store(out_y, config->precision, i * lanes + lane, label);
        for (size_t f = 0; f < width; f++) {
            const double feature = number_at(x, i * width + f);
            if (!finite_as(feature, config->precision)) {
                return AMLZ_ERROR_DATA;
            }
            store(out_x, config->precision, (i * width + f) * lanes + lane, feature);
        }
    }
    return AMLZ_OK;
}

static const tasks_block *block_of(const amlz_tasks *tasks, uint32_t task)
{
    return &tasks->blocks[task / tasks->blocks[0].n_tasks]; /* all but the last have as many as the first */
}

static amlz_status set_task(amlz_tasks *tasks, uint32_t task, int precision, const void *train_x, const void *train_y,
                            const void *valid_x, const void *valid_y)
{
    if (tasks == NULL || task >= tasks->config.n_tasks || train_x == NULL || train_y == NULL || valid_x == NULL ||
        valid_y == NULL) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const tasks_block *block = block_of(tasks, task);
    const uint32_t lane = task - block->first_task;
    const numbers tx = {train_x, precision}, ty = {train_y, precision}, vx = {valid_x, precision}, vy = {valid_y, precision};
    const port_fp_state caller = port_fp_enter();
    amlz_status status = pack(tasks, block, lane, block->train_x, block->train_y, tx, ty, tasks->config.n_train);
    if (status == AMLZ_OK) {
        status = pack(tasks, block, lane, block->valid_x, block->valid_y, vx, vy, tasks->config.n_valid);
    }
    port_fp_leave(caller);
    return status;
}

amlz_status amlz_tasks_set_f32(amlz_tasks *tasks, uint32_t task, const float *train_x, const float *train_y,
                               const float *valid_x, const float *valid_y)
{
    return set_task(tasks, task, AMLZ_FLOAT32, train_x, train_y, valid_x, valid_y);
}

amlz_status amlz_tasks_set_f64(amlz_tasks *tasks, uint32_t task, const double *train_x, const double *train_y,
                               const double *valid_x, const double *valid_y)
{
    return set_task(tasks, task, AMLZ_FLOAT64, train_x, train_y, valid_x, valid_y);
}

/* Number `i` of each lane lies at i * lanes + lane. */
static PORT_NOINLINE double value_at(const amlz_tasks *tasks, const tasks_block *block, uint32_t lane, int is_valid,
                                     uint32_t example, uint32_t feature)
{
    const uint32_t width = tasks->config.n_features;
    const numbers x = {is_valid ? block->valid_x : block->train_x, tasks->config.precision};
    const numbers y = {is_valid ? block->valid_y : block->train_y, tasks->config.precision};
    return feature == width ? number_at(y, (size_t)example * block->lanes + lane)
                            : number_at(x, ((size_t)example * width + feature) * block->lanes + lane);
}

double amlz_tasks_value(const amlz_tasks *tasks, uint32_t task, int is_valid, uint32_t example, uint32_t feature)
{
    if (tasks == NULL || task >= tasks->config.n_tasks || feature > tasks->config.n_features ||
        example >= (is_valid ? tasks->config.n_valid : tasks->config.n_train)) {
        return math_nan();
    }
    const tasks_block *block = block_of(tasks, task);
    const port_fp_state caller = port_fp_enter(); /* who flushes denormals to zero would see others */
    const double value = value_at(tasks, block, task - block->first_task, is_valid, example, feature);
    port_fp_leave(caller);
    return value;
}

static PORT_NOINLINE uint64_t digest_of(const amlz_tasks *tasks)
{
    const amlz_tasks_config *c = &tasks->config;
    const uint64_t shape[] = {c->n_tasks, c->n_features, c->n_train, c->n_valid, c->label, c->n_classes, c->precision};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        hash = rng_mix(hash ^ shape[i]);
    }
    for (uint32_t task = 0; task < c->n_tasks; task++) {
        const tasks_block *block = block_of(tasks, task);
        for (int is_valid = 0; is_valid <= 1; is_valid++) {
            const uint32_t n = is_valid ? c->n_valid : c->n_train;
            for (uint32_t i = 0; i < n; i++) {
                for (uint32_t f = 0; f <= c->n_features; f++) {
                    hash = rng_mix(hash ^ math_shown_bits(value_at(tasks, block, task - block->first_task, is_valid, i, f)));
                }
            }
        }
    }
    return hash;
}

uint64_t amlz_tasks_digest(const amlz_tasks *tasks)
{
    if (tasks == NULL) {
        return 0;
    }
    const port_fp_state caller = port_fp_enter();
    const uint64_t digest = digest_of(tasks);
    port_fp_leave(caller);
    return digest;
}
