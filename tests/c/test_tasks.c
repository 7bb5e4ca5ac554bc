/* Task sets: what is refused, that the numbers arrive where they belong, the orders of epochs, exact memory. */
#include "fixtures.h"

static void expect_refused(const amlz_tasks_config *config, const char *word)
{
    const char *reason = NULL;
    CHECK_EQ_INT(amlz_tasks_size(config, &reason) != 0, 0);
    if (!CHECK(reason != NULL && strstr(reason, word) != NULL)) {
        printf("  expected a reason with %s, got %s\n", word, reason == NULL ? "none" : reason);
    }
    CHECK_EQ_INT(amlz_tasks_size(config, NULL) != 0, 0);
    void *memory = block_new(100000);
    reason = NULL;
    CHECK(amlz_tasks_init(memory, 100000, config, &reason) == NULL);
    CHECK(reason != NULL && strstr(reason, word) != NULL);
}

static void test_config(void)
{
    const amlz_dims scalar = dims_of(AMLZ_BINARY, 4, 2, 1, 0), vector = dims_of(AMLZ_MULTICLASS, 4, 2, 3, 0);
    const amlz_tasks_config base = tasks_config_of(&scalar, AMLZ_FLOAT32, 3, 5, 2, 2);
    const amlz_tasks_config classes = tasks_config_of(&vector, AMLZ_FLOAT64, 3, 5, 2, 2);
    amlz_tasks_config c;
    const char *reason = "untouched";
    CHECK(amlz_tasks_size(&base, &reason) > 0);
    CHECK(reason == NULL);
    CHECK(amlz_tasks_size(&classes, NULL) > 0);
#define REFUSED(start, member, value, word) (c = (start), c.member = (value), expect_refused(&c, word))
#define ACCEPTED(start, member, value) (c = (start), c.member = (value), CHECK(amlz_tasks_size(&c, NULL) > 0))
    REFUSED(base, struct_size, 0, "struct_size");
    REFUSED(base, struct_size, sizeof c + 8, "struct_size");
    REFUSED(base, n_tasks, 0, "n_tasks");
    REFUSED(base, n_features, 0, "n_features");
    REFUSED(base, n_features, AMLZ_MAX_FEATURES + 1, "n_features");
    ACCEPTED(base, n_features, AMLZ_MAX_FEATURES);
    ACCEPTED(base, n_features, 1);
    REFUSED(base, n_train, 0, "n_train");
    REFUSED(base, n_valid, 0, "n_valid");
    ACCEPTED(base, n_epochs, 0);
    REFUSED(base, label, 3, "label");
    REFUSED(base, precision, 2, "precision");
    REFUSED(classes, n_classes, 0, "n_classes");
    REFUSED(classes, n_classes, 1, "n_classes");
    REFUSED(classes, n_classes, 5, "n_classes");
    ACCEPTED(classes, n_classes, 4);
    CHECK_EQ_INT(amlz_tasks_size(NULL, NULL) != 0, 0);
    /* more bytes than there are addresses */
    c = base;
    c.n_tasks = 65536;
    c.n_features = 65536;
    c.n_train = c.n_valid = INT32_MAX;
    reason = NULL;
    CHECK_EQ_INT(amlz_tasks_size(&c, &reason) != 0, 0);
    CHECK(reason != NULL);
    blocks_free();
}

static void test_memory(void)
{
    static const uint32_t counts[] = {1, 4, 5, 16, 17, 33};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 3, 2, 1, 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, counts[i], 5, 2, 3);
        const size_t size = amlz_tasks_size(&config, NULL);
        const char *reason = NULL;
        for (size_t shift = 0; shift <= 64; shift += i == 0 ? 1 : 13) {
            const double x[15] = {0}, y[5] = {0};
            amlz_tasks *tasks = amlz_tasks_init(block_at(size, shift), size, &config, &reason);
            CHECK(tasks != NULL && reason == NULL);
            for (uint32_t t = 0; t < counts[i]; t++) { /* the last byte of each array is written */
                CHECK_EQ_INT(amlz_tasks_set_f64(tasks, t, x, y, x, y), AMLZ_OK);
            }
        }
        CHECK(amlz_tasks_init(block_new(size), size - 1, &config, &reason) == NULL);
        CHECK(reason != NULL);
        CHECK(amlz_tasks_init(block_new(0), 0, &config, NULL) == NULL);
        CHECK(amlz_tasks_init(NULL, size, &config, NULL) == NULL);
    }
    blocks_free();
}

/* A set of one task with 2 + 1 examples of 2 features, one of whose numbers is bad. */
static void expect_data(int label, int precision, const char *array, double value, amlz_status expected)
{
    const amlz_dims dims = dims_of((amlz_label)label, 3, 2, 3, 0);
    const amlz_tasks_config config = tasks_config_of(&dims, (amlz_precision)precision, 2, 2, 1, 1);
    amlz_tasks *tasks = tasks_new(&config);
    double train_x[6] = {0}, train_y[2] = {0}, valid_x[3] = {0}, valid_y[1] = {0};
    double *const last = strcmp(array, "train_x") == 0   ? &train_x[5]
                         : strcmp(array, "train_y") == 0 ? &train_y[1]
                         : strcmp(array, "valid_x") == 0 ? &valid_x[2]
                                                         : &valid_y[0];
    float as_float[4][6] = {{0}};
    *last = value;
    if (!CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 1, train_x, train_y, valid_x, valid_y), expected)) {
        printf("  label %d, precision %d, %s %g\n", label, precision, array, value);
    }
    if (!(fabs(value) <= 3e38) || (double)(float)value == value) {
        for (int i = 0; i < 6; i++) {
            as_float[0][i] = (float)train_x[i];
            as_float[1][i % 2] = (float)train_y[i % 2];
            as_float[2][i % 3] = (float)valid_x[i % 3];
        }
        as_float[3][0] = (float)valid_y[0];
        const amlz_status status = amlz_tasks_set_f32(tasks, 1, as_float[0], as_float[1], as_float[2], as_float[3]);
        CHECK_EQ_INT(status, fabs(value) > 3e38 ? AMLZ_ERROR_DATA : expected);
    }
    blocks_free();
}

static void test_data(void)
{
    static const char *const arrays[] = {"train_x", "train_y", "valid_x", "valid_y"};
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
            for (int a = 0; a < 4; a++) {
                const int is_label = a % 2 == 1, classes = label != AMLZ_REGRESSION && is_label;
                const amlz_status huge = precision == AMLZ_FLOAT32 || classes ? AMLZ_ERROR_DATA : AMLZ_OK;
                expect_data(label, precision, arrays[a], (double)NAN, AMLZ_ERROR_DATA);
                expect_data(label, precision, arrays[a], (double)INFINITY, AMLZ_ERROR_DATA);
                expect_data(label, precision, arrays[a], -(double)INFINITY, AMLZ_ERROR_DATA);
                expect_data(label, precision, arrays[a], 1e39, huge);
                expect_data(label, precision, arrays[a], -1e308, huge);
                expect_data(label, precision, arrays[a], 1, AMLZ_OK);
                expect_data(label, precision, arrays[a], 0.5, classes ? AMLZ_ERROR_DATA : AMLZ_OK);
                expect_data(label, precision, arrays[a], -1, classes ? AMLZ_ERROR_DATA : AMLZ_OK);
                expect_data(label, precision, arrays[a], 2,
                            is_label && label == AMLZ_BINARY ? AMLZ_ERROR_DATA : AMLZ_OK);
                expect_data(label, precision, arrays[a], 3, classes ? AMLZ_ERROR_DATA : AMLZ_OK);
                expect_data(label, precision, arrays[a], 5e9, classes ? AMLZ_ERROR_DATA : AMLZ_OK);
            }
        }
    }
}

static void test_set_arguments(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 2, 1, 0);
    const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT64, 2, 1, 1, 1);
    amlz_tasks *tasks = tasks_new(&config);
    const double x[1] = {1};
    const float y[1] = {1};
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 1, x, x, x, x), AMLZ_OK);
    CHECK_EQ_INT(amlz_tasks_set_f32(tasks, 1, y, y, y, y), AMLZ_OK);
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 2, x, x, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, UINT32_MAX, x, x, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f64(NULL, 0, x, x, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 0, NULL, x, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 0, x, NULL, x, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 0, x, x, NULL, x), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 0, x, x, x, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_tasks_set_f32(tasks, 2, y, y, y, y), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

/* Reads each number back: the program predicts feature k, so that the probe shows |label - feature k|. */
static void check_packing(uint32_t n_features, uint32_t n_tasks, amlz_precision precision)
{
    enum { N_TRAIN = 3, N_VALID = 2 };
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, n_features, 2, 2, 0);
    const amlz_tasks_config config = tasks_config_of(&dims, precision, n_tasks, N_TRAIN, N_VALID, 1);
    const task_set set = task_set_new(&config, 6);
    amlz_evaluator *evaluator = evaluator_new(&dims, precision, AMLZ_VARIANT_AUTO, AMLZ_MEAN, n_tasks);
    double *train = numbers_new((size_t)n_tasks * N_TRAIN), *valid = numbers_new((size_t)n_tasks * N_VALID);
    amlz_program program = program_of("def Setup():\n v1[0] = 1\ndef Predict():\n s1 = dot(v0, v1)\n", n_features);
    unsigned wrong = 0;
    for (uint32_t k = 0; k < n_features; k += n_features < 8 ? 1 : n_features - 1) {
        program.code[AMLZ_SETUP][0].constant[0] = (k + 0.5) / n_features;
        CHECK_EQ_INT(amlz_probe(evaluator, set.tasks, &program, 0, N_TRAIN, N_VALID, train, valid), AMLZ_OK);
        for (size_t i = 0; i < (size_t)n_tasks * N_TRAIN; i++) {
            wrong += train[i] != fabs(round_to((int)precision, set.train_y[i] - set.train_x[i * n_features + k]));
        }
        for (size_t i = 0; i < (size_t)n_tasks * N_VALID; i++) {
            wrong += valid[i] != fabs(round_to((int)precision, set.valid_y[i] - set.valid_x[i * n_features + k]));
        }
    }
    if (!CHECK_EQ_INT(wrong, 0)) {
        printf("  F = %u, D = %u, precision %d\n", (unsigned)n_features, (unsigned)n_tasks, (int)precision);
    }
    blocks_free();
}

static void test_packing(void)
{
    static const uint32_t features[] = {1, 2, 7, 16, 20, 25, 31, 40, 60};
    for (size_t f = 0; f < sizeof features / sizeof *features; f++) {
        for (uint32_t n_tasks = 1; n_tasks <= 37; n_tasks += n_tasks < 9 ? 1 : 7) {
            check_packing(features[f], n_tasks, AMLZ_FLOAT32);
            check_packing(features[f], n_tasks, AMLZ_FLOAT64);
        }
    }
}

/* Doubles become floats by rounding to nearest; a task may be set again, and leaves the others alone. */
static void test_rounding_and_setting_again(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 2, 1, 0);
    const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, 5, 1, 1, 1);
    amlz_tasks *tasks = tasks_new(&config);
    amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, 5);
    const amlz_program program = program_of("def Predict():\n s1 = norm(v0)\n", 1);
    const double x = 1 + 0x1.8p-24, y = 2 - 0x1p-26, nan = (double)NAN;
    double train[5], valid[5];
    for (uint32_t t = 0; t < 5; t++) {
        CHECK_EQ_INT(amlz_tasks_set_f64(tasks, t, &x, &y, &y, &x), AMLZ_OK);
    }
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 2, &y, &y, &y, &y), AMLZ_OK);
    CHECK_EQ_INT(amlz_tasks_set_f64(tasks, 3, &nan, &y, &y, &y), AMLZ_ERROR_DATA);
    CHECK_EQ_INT(amlz_probe(evaluator, tasks, &program, 0, 1, 1, train, valid), AMLZ_OK);
    for (int t = 0; t < 5; t++) {
        if (t != 3) {
            CHECK_EQ_F64BITS(train[t], t == 2 ? 0.0 : 1 - 0x1p-23); /* 2 - (1 + 2^-23) */
            CHECK_EQ_F64BITS(valid[t], t == 2 ? 0.0 : 1 - 0x1p-23);
        }
    }
    blocks_free();
}

/* The first epoch as given; each other one a permutation of its own that order_seed decides. */
static void test_orders(void)
{
    static const uint32_t counts[] = {1, 2, 3, 10, 1000};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 2, 1, 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const uint32_t n = counts[i];
        amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, 1, n, 1, 6);
        const amlz_tasks *tasks = tasks_new(&config), *again = tasks_new(&config);
        config.order_seed = 99;
        const amlz_tasks *other = tasks_new(&config);
        CHECK(tasks_order(tasks, 0) == NULL);
        for (uint32_t epoch = 1; epoch < 6; epoch++) {
            const uint32_t *order = tasks_order(tasks, epoch);
            unsigned in_place = 0, missing = 0;
            double *seen = numbers_new(n);
            for (uint32_t k = 0; k < n; k++) {
                if (CHECK(order[k] < n)) {
                    seen[order[k]]++;
                }
                in_place += order[k] == k;
            }
            for (uint32_t k = 0; k < n; k++) {
                missing += seen[k] != 1;
            }
            CHECK_EQ_INT(missing, 0);
            CHECK(memcmp(order, tasks_order(again, epoch), n * sizeof *order) == 0);
            if (n == 1000) {
                CHECK(in_place < 10);
                CHECK(memcmp(order, tasks_order(other, epoch), n * sizeof *order) != 0);
                for (uint32_t before = 1; before < epoch; before++) {
                    CHECK(memcmp(order, tasks_order(tasks, before), n * sizeof *order) != 0);
                }
            }
        }
    }
    /* each of the six orders of three examples is as likely */
    unsigned found[3][3] = {{0}};
    for (uint64_t seed = 0; seed < 600; seed++) {
        amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, 1, 3, 1, 2);
        config.order_seed = seed;
        const uint32_t *order = tasks_order(tasks_new(&config), 1);
        found[order[0]][order[1]]++;
    }
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            CHECK(a == b ? found[a][b] == 0 : found[a][b] > 60 && found[a][b] < 140);
        }
    }
    blocks_free();
}

/* Values are the examples as they were rounded, and the digest is of them all and of nothing else. */
static void test_values_and_digest(void)
{
    const amlz_dims dims = dims_of(AMLZ_BINARY, 3, 2, 1, 0);
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        const amlz_tasks_config config = tasks_config_of(&dims, (amlz_precision)precision, 5, 4, 2, 1);
        const task_set set = task_set_new(&config, 3), again = task_set_new(&config, 3), other = task_set_new(&config, 4);
        for (uint32_t task = 0; task < 5; task++) {
            for (uint32_t i = 0; i < 4; i++) {
                for (uint32_t f = 0; f < 3; f++) {
                    CHECK_EQ_F64BITS(amlz_tasks_value(set.tasks, task, 0, i, f),
                                     round_to(precision, set.train_x[(task * 4 + i) * 3 + f]));
                }
                CHECK_EQ_F64BITS(amlz_tasks_value(set.tasks, task, 0, i, 3), set.train_y[task * 4 + i]);
            }
            CHECK_EQ_F64BITS(amlz_tasks_value(set.tasks, task, 1, 1, 2), round_to(precision, set.valid_x[(task * 2 + 1) * 3 + 2]));
            CHECK_EQ_F64BITS(amlz_tasks_value(set.tasks, task, 1, 1, 3), set.valid_y[task * 2 + 1]);
        }
        CHECK(amlz_tasks_value(set.tasks, 5, 0, 0, 0) != amlz_tasks_value(set.tasks, 5, 0, 0, 0)); /* NaN */
        CHECK(amlz_tasks_value(set.tasks, 0, 1, 2, 0) != amlz_tasks_value(set.tasks, 0, 1, 2, 0));
        CHECK(amlz_tasks_value(set.tasks, 0, 0, 0, 4) != amlz_tasks_value(set.tasks, 0, 0, 0, 4));
        CHECK(amlz_tasks_value(NULL, 0, 0, 0, 0) != amlz_tasks_value(NULL, 0, 0, 0, 0));

        const uint64_t digest = amlz_tasks_digest(set.tasks);
        CHECK_EQ_U64(amlz_tasks_digest(again.tasks), digest);
        CHECK(amlz_tasks_digest(other.tasks) != digest);
        again.valid_y[9] = 1 - again.valid_y[9];
        amlz_tasks_set_f64(again.tasks, 4, again.train_x + 48, again.train_y + 16, again.valid_x + 24, again.valid_y + 8);
        CHECK(amlz_tasks_digest(again.tasks) != digest);
        amlz_tasks_config epochs = config;
        epochs.n_epochs = 3;
        CHECK_EQ_U64(amlz_tasks_digest(task_set_new(&epochs, 3).tasks), digest);
    }
    CHECK_EQ_U64(amlz_tasks_digest(NULL), 0);
    blocks_free();
}

int main(void)
{
    test_config();
    test_memory();
    test_data();
    test_set_arguments();
    test_packing();
    test_rounding_and_setting_again();
    test_orders();
    test_values_and_digest();
    return check_report("tasks");
}
