/* Sizes at their limits: what memory cannot hold is refused, what it can hold is not, and all of it is arithmetic. What is
 * too large depends on the machine, so this says more where a size has 32 bits: `make i386`. */
#include <time.h>

#include "archives.h"
#include "base/arena.h"

/* ---------------------------------------------------------------- arithmetic */

static void test_arithmetic(void)
{
    const size_t half = SIZE_MAX / 2 + 1; /* a power of 2 */
    CHECK(size_times(0, SIZE_MAX) == 0 && size_times(SIZE_MAX, 0) == 0);
    CHECK(size_times(SIZE_MAX, 1) == SIZE_MAX && size_times(1, SIZE_MAX) == SIZE_MAX);
    CHECK(size_times(half, 2) == SIZE_MAX && size_times(2, half) == SIZE_MAX);
    CHECK(size_times(half, 3) == SIZE_MAX);
    CHECK(size_times(half - 1, 2) == SIZE_MAX - 1);
    CHECK(size_times(3, 5) == 15);
    CHECK(size_plus(SIZE_MAX, 0) == SIZE_MAX && size_plus(SIZE_MAX, 1) == SIZE_MAX);
    CHECK(size_plus(SIZE_MAX - 1, 1) == SIZE_MAX && size_plus(half, half) == SIZE_MAX);
    CHECK(size_plus(3, 5) == 8);
}

/* An arena that counts too much stays so. */
static void test_arena(void)
{
    arena a = arena_over(NULL);
    CHECK(arena_take(&a, 3, 5) == NULL && arena_total(&a) == 2 * ARENA_ALIGNMENT);
    CHECK(arena_take(&a, SIZE_MAX / 2, 3) == NULL); /* n * m */
    CHECK(arena_total(&a) == 0);
    arena_take(&a, 1, 1);
    CHECK(arena_total(&a) == 0);
    a = arena_over(NULL);
    arena_take(&a, SIZE_MAX / 2 - 64, 1); /* the sum */
    CHECK(arena_total(&a) == 0);
    a = arena_over(NULL);
    arena_take(&a, 1, SIZE_MAX / 4);
    CHECK(arena_total(&a) >= SIZE_MAX / 4);
    arena_take(&a, 1, SIZE_MAX / 4);
    arena_take(&a, 1, SIZE_MAX / 4);
    CHECK(arena_total(&a) == 0);
}

/* What is handed out lies in the block, aligned, one behind the other. */
static void test_arena_places(void)
{
    for (size_t shift = 0; shift < 70; shift += 7) {
        arena counted = arena_over(NULL);
        arena_take(&counted, 3, 5);
        arena_take(&counted, 1, 64);
        arena_take(&counted, 2, 100);
        const size_t size = arena_total(&counted);
        unsigned char *block = block_at(size, shift);
        arena a = arena_over(block);
        unsigned char *x = arena_take(&a, 3, 5), *y = arena_take(&a, 1, 64), *z = arena_take(&a, 2, 100);
        CHECK(x >= block && y >= x + 15 && z >= y + 64 && z + 200 <= block + size);
        CHECK(((uintptr_t)x | (uintptr_t)y | (uintptr_t)z) % ARENA_ALIGNMENT == 0);
        blocks_free();
    }
}

/* ---------------------------------------------------------------- objects */

static uint32_t draw_size(uint64_t *state)
{
    const uint32_t bits = (uint32_t)draw(state);
    return bits >> draw_below(state, 32) | 1;
}

static double real_of(int precision) { return precision == AMLZ_FLOAT64 ? 8 : 4; }

/* The size is as large as what must lie in it; it is refused only if that is near to what there can be. */
static void check_size(size_t size, const char *const *said, double least, double most)
{
    const char *reason = *said;
    CHECK(size == 0 ? reason != NULL && strstr(reason, "address space") != NULL : reason == NULL);
    CHECK(size == 0 ? most > (double)(SIZE_MAX / 4) : (double)size >= least && (double)size <= most);
    CHECK(size > 0 || most > 1e6);
}

static void test_tasks(void)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        amlz_tasks_config c;
        const char *reason = "";
        memset(&c, 0, sizeof c);
        c.struct_size = sizeof c;
        c.n_tasks = draw_size(&state);
        c.n_features = 1 + draw_size(&state) % AMLZ_MAX_FEATURES;
        c.n_train = 1 + draw_size(&state) % INT32_MAX;
        c.n_valid = 1 + draw_size(&state) % INT32_MAX;
        c.n_epochs = draw_size(&state);
        c.precision = (uint8_t)draw_below(&state, 2);
        const double real = real_of(c.precision);
        const double examples = ((double)c.n_train + c.n_valid) * c.n_tasks * (c.n_features + 1.0) * real;
        const double orders = (c.n_epochs - 1.0) * c.n_train * 4;
        /* lanes without a task are laid out, and each array is rounded up */
        check_size(amlz_tasks_size(&c, &reason), &reason, examples + orders,
                   16 * examples + orders + (c.n_tasks + 16.0) * (4 * 64 + 64) + 1000);
    }
}

static void test_tasks_by_arithmetic(void)
{
    const clock_t begin = clock();
    amlz_tasks_config c;
    memset(&c, 0, sizeof c);
    c.struct_size = sizeof c;
    c.n_tasks = UINT32_MAX;
    c.n_features = c.n_train = c.n_valid = 1;
    for (int i = 0; i < 1000; i++) {
        amlz_tasks_size(&c, NULL);
    }
    CHECK(clock() - begin < CLOCKS_PER_SEC);
}

/* The arithmetic counts what is then laid out. */
static void test_tasks_fill_their_size(void)
{
    for (uint32_t n_tasks = 1; n_tasks < 70; n_tasks++) {
        for (uint32_t n_features = 1; n_features < 200; n_features = n_features * 3 + 2) {
            const amlz_dims dims = dims_of(AMLZ_REGRESSION, n_features, 2, 1, 0);
            const amlz_tasks_config c = tasks_config_of(&dims, AMLZ_FLOAT64, n_tasks, 2, 1, 2);
            const task_set set = task_set_new(&c, n_tasks); /* in a block of just that size */
            CHECK(amlz_tasks_value(set.tasks, n_tasks - 1, 1, 0, n_features) == set.valid_y[n_tasks - 1]);
            blocks_free();
        }
    }
}

static amlz_dims draw_dims(uint64_t *state)
{
    amlz_dims dims = dims_of(AMLZ_REGRESSION, 1 + draw_size(state) % AMLZ_MAX_FEATURES, 2 + draw_below(state, 255),
                             1 + draw_below(state, 256), draw_below(state, 2) * draw_below(state, 257));
    return dims;
}

/* Numbers in the memory of a program. */
static double numbers_in(const amlz_dims *dims, int with_scratch)
{
    const double f = dims->n_features;
    return dims->n_scalars + (dims->n_vectors + (double)with_scratch) * f +
           (dims->n_matrices + (double)(with_scratch && dims->n_matrices > 0)) * f * f;
}

static void test_learners_and_evaluators(void)
{
    uint64_t state = 2;
    for (int i = 0; i < 20000; i++) {
        const char *reason = "";
        amlz_learner_config l;
        amlz_evaluator_config e;
        memset(&l, 0, sizeof l);
        memset(&e, 0, sizeof e);
        l.struct_size = sizeof l;
        e.struct_size = sizeof e;
        l.dims = e.dims = draw_dims(&state);
        l.precision = e.precision = (uint8_t)draw_below(&state, 2);
        e.max_tasks = draw_size(&state);
        const double real = real_of(l.precision), least = numbers_in(&l.dims, 0) * real;
        const double most = numbers_in(&l.dims, 1) * real + 100000;
        check_size(amlz_learner_size(&l, &reason), &reason, least, most);
        check_size(amlz_evaluator_size(&e, &reason), &reason, least + 16.0 * e.max_tasks,
                   16 * most + 16.0 * e.max_tasks + 200000);
    }
}

static void test_searches(void)
{
    uint64_t state = 3;
    for (int i = 0; i < 20000; i++) {
        const char *reason = "";
        amlz_search_config c = {.struct_size = sizeof c};
        const amlz_dims dims = draw_dims(&state);
        amlz_search_defaults(&c);
        c.space = space_of(&dims, 0, 10, 5);
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            c.space.function[f].n_ops = 1;
        }
        c.population_size = draw_size(&state);
        c.cache_size = draw_size(&state);
        c.fec_size = draw_size(&state);
        c.history_size = draw_size(&state);
        c.redraws = draw_below(&state, 2);
        c.n_hurdles = draw_below(&state, 2);
        c.hurdle[0].n_train = c.hurdle[0].n_valid = c.n_hurdles;
        c.hurdle_window = draw_size(&state);
        const double states = (c.cache_size > 0 || c.fec_size > 0 || c.n_hurdles > 0) + 1;
        const double least = states * (c.population_size * (30.0 * 28 + 40) + c.history_size * 25.0) +
                             (c.cache_size + (double)c.fec_size) * 33 + c.n_hurdles * 16.0 * c.hurdle_window +
                             numbers_in(&dims, 0) * 4;
        check_size(amlz_search_size(&c, 1, &reason), &reason, least, 16 * (least + numbers_in(&dims, 1) * 4) + 1e6);
    }
}

/* ---------------------------------------------------------------- what 32 bits can hold */

/* A square of features that nobody needs must not be in the way. */
static void test_many_features_without_matrices(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, AMLZ_MAX_FEATURES, 2, 2, 0);
    const amlz_program program = program_of("def Predict():\n s1 = dot(v0, v0)\n", 0);
    const char *reason = "";
    amlz_learner_config config;
    double *x = numbers_new(AMLZ_MAX_FEATURES), prediction = 0;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims = dims;
    config.precision = AMLZ_FLOAT64;
    const size_t size = amlz_learner_size(&config, &reason);
    CHECK(size > 0 && size < 4u * AMLZ_MAX_FEATURES * sizeof(double));
    amlz_learner *learner = amlz_learner_init(block_new(size), size, &config, &program, &reason);
    for (size_t i = 0; i < AMLZ_MAX_FEATURES; i++) {
        x[i] = 1;
    }
    CHECK_EQ_INT(amlz_learner_predict_f64(learner, x, &prediction), AMLZ_OK);
    CHECK(prediction == AMLZ_MAX_FEATURES);
    blocks_free();
}

static void test_lanes_of_large_matrices(void)
{
    CHECK_EQ_INT(amlz__tasks_widest_block(16, 4), 16);
    for (uint32_t n_features = 256; n_features <= AMLZ_MAX_FEATURES; n_features *= 2) {
        CHECK_EQ_INT(amlz__tasks_widest_block(n_features, 4), 1);
        CHECK_EQ_INT(amlz__tasks_widest_block(n_features, 8), 1);
    }
}

/* An archive whose search has a cache of 2^30 keys: 40 GB. */
static void test_archive_with_a_huge_cache(void)
{
    static const unsigned char key[] = "\252cache_size", huge[] = {0xce, 0x40, 0, 0, 0};
    size_t length, at = 0;
    const unsigned char *bytes = sample_bytes(SAMPLE_FLOAT32, &length);
    unsigned char *larger = block_new(length + 4);
    amlz_archive_error error;
    while (memcmp(bytes + at, key, sizeof key - 1) != 0) {
        at++;
    }
    at += sizeof key - 1;
    CHECK_EQ_INT(bytes[at], 20);
    memcpy(larger, bytes, at);
    memcpy(larger + at, huge, sizeof huge);
    memcpy(larger + at + sizeof huge, bytes + at + 1, length - at - 1);
    mend_checksum(larger, length + 4);
    const amlz_status status = amlz_archive_open(the_reader(), amlz_archive_from_block(larger, length + 4), NULL, &error);
    if (SIZE_MAX > UINT32_MAX) {
        CHECK_EQ_INT(status, AMLZ_OK);
        CHECK(amlz_search_size(&the_info()->search, 2, NULL) > (size_t)SIZE_MAX / UINT32_MAX * 9);
    } else {
        CHECK_EQ_INT(status, AMLZ_ERROR_DATA);
        CHECK(strstr(error.message, "config: this needs more memory than the address space has") != NULL);
    }
    blocks_free();
}

int main(void)
{
    test_arithmetic();
    test_arena();
    test_arena_places();
    test_tasks();
    test_tasks_by_arithmetic();
    test_tasks_fill_their_size();
    test_learners_and_evaluators();
    test_searches();
    test_many_features_without_matrices();
    test_lanes_of_large_matrices();
    test_archive_with_a_huge_cache();
    CHECK_MAIN_END("sizes")
