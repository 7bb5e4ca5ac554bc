/* amlz_evaluate and amlz_probe: fitnesses worked out by hand, the stop rule, and random programs on the plain machine. */
#include "fixtures.h"

/* A set of one task, or of several that are all alike, from plain numbers. */
static amlz_tasks *tasks_of(const amlz_dims *dims, uint32_t n_tasks, uint32_t n_epochs, const double *train_x,
                            const double *train_y, uint32_t n_train, const double *valid_x, const double *valid_y,
                            uint32_t n_valid)
{
    const amlz_tasks_config config = tasks_config_of(dims, AMLZ_FLOAT64, n_tasks, n_train, n_valid, n_epochs);
    amlz_tasks *tasks = tasks_new(&config);
    for (uint32_t t = 0; t < n_tasks; t++) {
        CHECK_EQ_INT(amlz_tasks_set_f64(tasks, t, train_x, train_y, valid_x, valid_y), AMLZ_OK);
    }
    return tasks;
}

static amlz_evaluation evaluate(const amlz_dims *dims, const amlz_tasks *tasks, const char *text)
{
    const amlz_program program = program_of(text, dims->n_features);
    amlz_evaluation result = {sizeof result, -1, 99, 99, 99};
    double fitness[8];
    amlz_evaluator *evaluator = evaluator_new(dims, AMLZ_FLOAT64, AMLZ_VARIANT_AUTO, AMLZ_MEAN, 8);
    CHECK_EQ_INT(amlz_evaluate(evaluator, tasks, &program, 0, &result, fitness), AMLZ_OK);
    CHECK_EQ_F64BITS(result.fitness, fitness[0]);
    return result;
}

static void test_regression_by_hand(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 4, 3, 1);
    const double x[] = {1, 2, 3}, y[] = {2, 4, 6}, vx[] = {1, 5}, vy[] = {1, 2};
    const amlz_tasks *tasks = tasks_of(&dims, 1, 1, x, y, 3, vx, vy, 2);
    /* predicts 0: mean squared error (1 + 4) / 2; 1 - 2/pi atan(sqrt(2.5)) = 0.359017035971... */
    amlz_evaluation r = evaluate(&dims, tasks, "");
    CHECK(fabs(r.fitness - 0.359017035971376) < 1e-13);
    CHECK_EQ_U64(r.train_steps, 3);
    CHECK_EQ_U64(r.valid_steps, 2);
    CHECK_EQ_INT(r.n_stopped, 0);
    /* 0.2 x + 0.8 errs by 0 and by 0.2 */
    r = evaluate(&dims, tasks, "def Predict():\n s2 = mean(v0)\n s3 = 0.2\n s2 = s2 * s3\n s3 = 0.8\n s1 = s2 + s3\n");
    CHECK(fabs(r.fitness - (1 - 2 / acos(-1) * atan(sqrt(0.02)))) < 1e-13);
    /* 1 + (x - 1) / 4: exact */
    r = evaluate(&dims, tasks, "def Predict():\n s2 = mean(v0)\n s3 = 4\n s2 = s2 / s3\n s3 = 0.75\n s1 = s2 + s3\n");
    CHECK_EQ_F64BITS(r.fitness, 1.0);
    /* Learn keeps the last label, 6; the error is 5 and 4, so the mean of squares 20.5 */
    r = evaluate(&dims, tasks, "def Predict():\n s1 = abs(s2)\ndef Learn():\n s2 = abs(s0)\n");
    CHECK(fabs(r.fitness - (1 - 2 / acos(-1) * atan(sqrt(20.5)))) < 1e-13);
    /* s0 is 0 in Predict, whatever Learn saw; memory goes through validation, so its second prediction is 2 */
    r = evaluate(&dims, tasks,
                 "def Setup():\n s2 = -3\n s3 = 1\ndef Predict():\n s2 = s2 + s3\n s2 = s2 - s0\n s1 = abs(s2)\n");
    CHECK_EQ_F64BITS(r.fitness, 1.0); /* -2 -1 0 in training, then 1 and 2: exactly the labels */
    blocks_free();
}

static void test_classes_by_hand(void)
{
    const amlz_dims dims = dims_of(AMLZ_BINARY, 1, 4, 3, 1), three = dims_of(AMLZ_MULTICLASS, 3, 4, 4, 1);
    const double x[] = {1, -2}, y[] = {1, 0}, vx[] = {1, -1, 2, -3, 0}, vy[] = {1, 0, 0, 0, 0};
    const amlz_tasks *tasks = tasks_of(&dims, 1, 1, x, y, 2, vx, vy, 5);
    /* the logit x favours class 1 where x > 0: one miss of five */
    CHECK_EQ_F64BITS(evaluate(&dims, tasks, "def Predict():\n s1 = mean(v0)\n").fitness, 1 - 0.2);
    /* a logit of 0 is class 0; without a Predict it is the probability that training left, 0.62, and that is class 1 */
    CHECK_EQ_F64BITS(evaluate(&dims, tasks, "def Predict():\n s1 = s2 + s2\n").fitness, 1 - 0.2);
    CHECK_EQ_F64BITS(evaluate(&dims, tasks, "").fitness, 1 - 0.8);
    CHECK_EQ_F64BITS(evaluate(&dims, tasks, "def Predict():\n s1 = 0.5\n").fitness, 1 - 0.8);
    /* Learn sees the probability: of logit 0 it is 0.5, so s2 becomes 0.5 - 0.5 = 0, and no class 1 is predicted */
    CHECK_EQ_F64BITS(
        evaluate(&dims, tasks, "def Predict():\n s1 = abs(s2)\ndef Learn():\n s3 = 0.5\n s2 = s1 - s3\n").fitness, 1 - 0.2);
    /* and the logit 1000 is the probability 1, so this one predicts class 1 for ever */
    CHECK_EQ_F64BITS(evaluate(&dims, tasks, "def Setup():\n s2 = 1000\ndef Predict():\n s1 = s2 + s2\n"
                                            "def Learn():\n s2 = abs(s1)\n").fitness, 1 - 0.8);
    /* in validation s1 stays a logit. s1 = 4 - 2 s1: 4, of which training makes 0.98; then 2.04, class 1, and -0.07,
     * class 0, where of the probability of 2.04 it would make 2.23 */
    const amlz_tasks *one = tasks_of(&dims, 1, 1, x, y, 1, vx, vy, 2);
    static const char *const alternating =
        "def Setup():\n s2 = 4\n s3 = 2\ndef Predict():\n s1 = s1 * s3\n s1 = s2 - s1\n";
    CHECK_EQ_F64BITS(evaluate(&dims, one, alternating).fitness, 1.0);

    const double mx[] = {1, 2, 3, 0, 1, 0}, my[] = {2, 1};
    const double mvx[] = {3, 1, 2, 1, 3, 2, 1, 2, 3, 2, 2, 1}, mvy[] = {0, 0, 2, 1};
    const amlz_tasks *classes = tasks_of(&three, 1, 1, mx, my, 2, mvx, mvy, 4);
    /* logits are the features: predicted 0, 1, 2, and of equals the first, 0 */
    CHECK_EQ_F64BITS(evaluate(&three, classes, "def Predict():\n v2 = v0 + v3\n").fitness, 1 - 0.5);
    CHECK_EQ_F64BITS(evaluate(&three, classes, "").fitness, 1 - 0.5); /* always 0 */
    /* the label is one-hot in Learn: its sum over the two examples is (0, 1, 1); in Predict it is gone */
    CHECK_EQ_F64BITS(evaluate(&three, classes, "def Predict():\n v2 = v3 + v1\ndef Learn():\n v3 = v3 + v1\n").fitness,
                     1 - 0.75); /* always class 1 */
    CHECK_EQ_F64BITS(evaluate(&three, classes, "def Predict():\n v2 = v1 + v1\n").fitness, 1 - 0.5);
    blocks_free();
}

/* Classes past the first C elements do not count; probabilities are the softmax of those. */
static void test_more_features_than_classes(void)
{
    const amlz_dims dims = dims_of(AMLZ_MULTICLASS, 4, 4, 4, 1); /* 3 classes */
    const double x[] = {1, 1, 1, 9}, y[] = {2}, vx[] = {1, 2, 0, 9}, vy[] = {1};
    const amlz_tasks *tasks = tasks_of(&dims, 1, 1, x, y, 1, vx, vy, 1);
    amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT64, AMLZ_VARIANT_AUTO, AMLZ_MEAN, 1);
    const amlz_program program = program_of("def Predict():\n v2 = v0 + v3\n", 4);
    double train, valid;
    CHECK_EQ_INT(amlz_probe(evaluator, tasks, &program, 0, 1, 1, &train, &valid), AMLZ_OK);
    CHECK(fabs(train - 2.0 / 3) < 1e-15);
    CHECK_EQ_F64BITS(valid, 0.0);
    blocks_free();
}

/* ---------------------------------------------------------------- stopping */

#define EXPECT_STOP(result, fitness_, train, valid, stopped) \
    do {                                                     \
        const amlz_evaluation r_ = (result);                 \
        CHECK_EQ_F64BITS(r_.fitness, fitness_);              \
        CHECK_EQ_U64(r_.train_steps, train);                 \
        CHECK_EQ_U64(r_.valid_steps, valid);                 \
        CHECK_EQ_INT(r_.n_stopped, stopped);                 \
    } while (0)

/* The prediction is the feature, the label 0: the feature is the error. */
static void test_stop_by_error(void)
{
    static const char *const feature = "def Predict():\n s1 = norm(v0)\n";
    static const char *const to_nan = "def Predict():\n s2 = 1000\n s3 = mean(v0)\n s2 = minimum(s3, s2)\n s1 = log(s2)\n";
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 4, 3, 1), binary = dims_of(AMLZ_BINARY, 1, 4, 3, 1);
    const double zeros[20] = {0}, edge[] = {100, 100, 100}, over[] = {1, 100.00000000000001, 1};
    const double negative[] = {1, 2, -1, 1}, ones[] = {1, 1, 1, 1};
    /* 100 is allowed, more is not: training stops at its second example */
    CHECK(evaluate(&dims, tasks_of(&dims, 1, 1, edge, zeros, 3, edge, zeros, 3), feature).fitness > 0);
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, over, zeros, 3, edge, zeros, 3), feature), 0.0, 2, 0, 1);
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, edge, zeros, 3, over, zeros, 3), feature), 0.0, 3, 2, 1);
    /* NaN: the logarithm of -1 */
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, negative, zeros, 4, ones, zeros, 4), to_nan), 0.0, 3, 0, 1);
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, ones, zeros, 4, negative, zeros, 4), to_nan), 0.0, 4, 3, 1);
    /* the same with classes, where a logit may be large but not NaN */
    EXPECT_STOP(evaluate(&binary, tasks_of(&binary, 1, 1, ones, ones, 4, negative, ones, 4), to_nan), 0.0, 4, 3, 1);
    EXPECT_STOP(evaluate(&binary, tasks_of(&binary, 1, 1, negative, ones, 4, ones, ones, 4), to_nan), 0.0, 3, 0, 1);
    const double huge[] = {1e300, 1e300, 1e300};
    CHECK_EQ_F64BITS(evaluate(&binary, tasks_of(&binary, 1, 1, huge, ones, 3, huge, ones, 3), feature).fitness, 1.0);
    blocks_free();
}

static void test_stop_of_classes(void)
{
    const amlz_dims dims = dims_of(AMLZ_MULTICLASS, 4, 4, 4, 1); /* the fourth element is no class */
    const double good[] = {1, 1, 1, 1, 1, 1, 1, 1}, y[] = {0, 0};
    const double third[] = {1, 1, 1, 1, 1, 1, -1, 1}, fourth[] = {1, 1, 1, 1, 1, 1, 1, -1};
    /* (x + |x|) / (x + |x|) is 1 for a positive and NaN for a negative x */
    static const char *const text = "def Predict():\n v3 = abs(v0)\n v3 = v0 + v3\n v2 = v3 / v3\n";
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, good, y, 2, good, y, 2), text), 1.0, 2, 2, 0);
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, third, y, 2, good, y, 2), text), 0.0, 2, 0, 1);
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, good, y, 2, third, y, 2), text), 0.0, 2, 2, 1);
    EXPECT_STOP(evaluate(&dims, tasks_of(&dims, 1, 1, fourth, y, 2, fourth, y, 2), text), 1.0, 2, 2, 0);
    blocks_free();
}

/* The best epoch counts; a later stop keeps it. Predictions count the Predicts run: 1, 2, 3 ... */
static void test_epochs(void)
{
    static const char *const count = "def Setup():\n s2 = 1\ndef Predict():\n s1 = s1 + s2\n";
    static const char *const grow = "def Setup():\n s2 = 3\n s1 = 1\ndef Predict():\n s1 = s1 * s2\n";
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 4, 3, 1);
    const double x[3] = {0}, y[3] = {0}, six[1] = {6}, nine[1] = {9};
    const double off_by_3 = 1 - 2 / acos(-1) * atan(3);
    /* validated at 3, 6, 9, 12: the second epoch is exact */
    amlz_evaluation r = evaluate(&dims, tasks_of(&dims, 1, 4, x, y, 2, x, six, 1), count);
    EXPECT_STOP(r, 1.0, 8, 4, 0);
    r = evaluate(&dims, tasks_of(&dims, 1, 1, x, y, 2, x, six, 1), count);
    CHECK(fabs(r.fitness - off_by_3) < 1e-14);
    r = evaluate(&dims, tasks_of(&dims, 1, 0, x, y, 2, x, six, 1), count); /* 0 epochs mean one */
    CHECK(fabs(r.fitness - off_by_3) < 1e-14);
    /* 3, validated at 9, then 27, 81, 243: stopped in the third epoch's training, by 243 */
    r = evaluate(&dims, tasks_of(&dims, 1, 5, x, y, 1, x, nine, 1), grow);
    EXPECT_STOP(r, 1.0, 3, 2, 1);
    /* 3, 9 and validated at 27; 81, then stopped in training by 243 */
    r = evaluate(&dims, tasks_of(&dims, 1, 5, x, y, 2, x, nine, 1), grow);
    CHECK(r.fitness > 0);
    CHECK_EQ_U64(r.train_steps, 4);
    CHECK_EQ_U64(r.valid_steps, 1);
    /* 3, validated at 9, 27; 81, stopped in validation by 243 */
    r = evaluate(&dims, tasks_of(&dims, 1, 5, x, y, 1, x, y, 2), grow);
    CHECK(r.fitness > 0);
    EXPECT_STOP(r, r.fitness, 2, 3, 1);
    blocks_free();
}

/* Tasks that stop in different places and epochs do not disturb each other. */
static void test_stop_in_some_lanes(void)
{
    static const char *const grow = "def Setup():\n s2 = 1\ndef Predict():\n s3 = norm(v0)\n s2 = s2 * s3\n s1 = s2 + s1\n"
                                    "def Learn():\n s1 = s1 - s1\n";
    enum { D = 33, N = 9 };
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 4, 3, 0);
    const amlz_program program = program_of(grow, 1);
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        const amlz_tasks_config config = tasks_config_of(&dims, (amlz_precision)precision, D, N, 2, 3);
        task_set set = task_set_new(&config, 1);
        amlz_evaluator *evaluator = evaluator_new(&dims, (amlz_precision)precision, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
        plain_machine m = plain_new(&dims, (amlz_precision)precision);
        amlz_evaluation result = {.struct_size = sizeof result};
        double fitness[D];
        uint64_t train_steps = 0, valid_steps = 0;
        unsigned stopped = 0;
        for (uint32_t t = 0; t < D; t++) {
            for (int i = 0; i < N; i++) {
                set.train_x[t * N + (uint32_t)i] = round_to(precision, 0.8 + 0.03 * t);
            }
            amlz_tasks_set_f64(set.tasks, t, set.train_x + t * N, set.train_y + t * N, set.valid_x + t * 2,
                               set.valid_y + t * 2);
        }
        CHECK_EQ_INT(amlz_evaluate(evaluator, set.tasks, &program, 0, &result, fitness), AMLZ_OK);
        for (uint32_t t = 0; t < D; t++) {
            CHECK_EQ_F64BITS(fitness[t], plain_fitness(&m, &set, &program, 0, t));
            train_steps += m.train_steps;
            valid_steps += m.valid_steps;
            stopped += m.stopped != 0;
        }
        CHECK(stopped > 3 && stopped < D - 3);
        CHECK_EQ_U64(result.train_steps, train_steps);
        CHECK_EQ_U64(result.valid_steps, valid_steps);
        CHECK_EQ_INT(result.n_stopped, stopped);
    }
    blocks_free();
}

/* ---------------------------------------------------------------- many tasks */

static void test_mean_and_median(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 2, 4, 3, 0);
    const amlz_program program = program_of("def Predict():\n s1 = norm(v0)\n", 2);
    for (uint32_t n_tasks = 1; n_tasks <= 21; n_tasks++) {
        const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, n_tasks, 3, 4, 1);
        const task_set set = task_set_new(&config, n_tasks);
        amlz_evaluation mean = {.struct_size = sizeof mean}, median = {.struct_size = sizeof median};
        double fitness[21], sum = 0, middle[2] = {0};
        CHECK_EQ_INT(amlz_evaluate(evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, n_tasks), set.tasks,
                                   &program, 0, &mean, fitness), AMLZ_OK);
        CHECK_EQ_INT(amlz_evaluate(evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEDIAN, 21), set.tasks,
                                   &program, 0, &median, NULL), AMLZ_OK);
        for (uint32_t i = 0; i < n_tasks; i++) { /* the one that as many are below as above it */
            unsigned below = 0;
            sum += fitness[i];
            for (uint32_t k = 0; k < n_tasks; k++) {
                below += fitness[k] < fitness[i] || (fitness[k] == fitness[i] && k < i);
            }
            middle[0] = below == (n_tasks - 1) / 2 ? fitness[i] : middle[0];
            middle[1] = below == n_tasks / 2 ? fitness[i] : middle[1];
        }
        CHECK_EQ_F64BITS(mean.fitness, sum / n_tasks);
        CHECK_EQ_F64BITS(median.fitness, (middle[0] + middle[1]) / 2);
        CHECK_EQ_U64(mean.train_steps, 3 * n_tasks);
        CHECK_EQ_U64(mean.valid_steps, 4 * n_tasks);
        blocks_free();
    }
}

/* Fitness of each task of a set of D in each variant, for random programs, against the plain machine. */
static void compare_with_plain(const amlz_dims *dims, amlz_precision precision, uint32_t n_tasks, uint64_t n_programs)
{
    const amlz_tasks_config config = tasks_config_of(dims, precision, n_tasks, 9, 3, 2);
    const task_set set = task_set_new(&config, 8);
    const amlz_space space = space_of(dims, 0, 12, 8);
    amlz_evaluator *evaluators[AMLZ_VARIANT_COUNT] = {NULL};
    plain_machine m = plain_new(dims, precision);
    for (int v = AMLZ_VARIANT_BASELINE; v < AMLZ_VARIANT_COUNT; v++) {
        if (amlz_variant_available(v)) {
            evaluators[v] = evaluator_new(dims, precision, (amlz_variant)v, AMLZ_MEDIAN, n_tasks);
            CHECK_EQ_INT(amlz_evaluator_variant(evaluators[v]), v);
        }
    }
    for (uint64_t seed = 0; seed < n_programs; seed++) {
        const amlz_program program = random_program(&space, seed * 1000 + n_tasks);
        double expected[33], got[33];
        uint64_t train_steps = 0, valid_steps = 0;
        for (uint32_t t = 0; t < n_tasks; t++) {
            expected[t] = plain_fitness(&m, &set, &program, seed, t);
            train_steps += m.train_steps;
            valid_steps += m.valid_steps;
        }
        for (int v = AMLZ_VARIANT_BASELINE; v < AMLZ_VARIANT_COUNT && evaluators[v] != NULL; v++) {
            amlz_evaluation result = {.struct_size = sizeof result};
            unsigned wrong = 0;
            int ok = CHECK_EQ_INT(amlz_evaluate(evaluators[v], set.tasks, &program, seed, &result, got), AMLZ_OK);
            for (uint32_t t = 0; t < n_tasks; t++) {
                wrong += bits_of(got[t]) != bits_of(expected[t]);
            }
            ok &= CHECK_EQ_INT(wrong, 0);
            ok &= CHECK_EQ_U64(result.train_steps, train_steps);
            ok &= CHECK_EQ_U64(result.valid_steps, valid_steps);
            if (!ok) {
                printf("  label %d, float%d, F = %u, D = %u, %s\n%s", dims->label, precision == AMLZ_FLOAT64 ? 64 : 32,
                       (unsigned)dims->n_features, (unsigned)n_tasks, amlz_variant_name(v), text_of(&program));
            }
        }
    }
    blocks_free();
}

static void test_all_numbers_of_tasks(void)
{
    static const uint32_t counts[] = {1, 2, 3, 4, 5, 8, 9, 16, 17, 33};
    static const uint32_t features[] = {2, 4, 9, 18, 24}; /* 18 and 24: where blocks have to become narrower */
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            for (size_t f = 0; f < 5; f++) {
                const amlz_dims dims = dims_of((amlz_label)label, features[f], 4, 5, 3);
                for (size_t d = 0; d < sizeof counts / sizeof *counts; d++) {
                    compare_with_plain(&dims, (amlz_precision)precision, counts[d], features[f] < 9 ? 40 : 4);
                }
            }
        }
    }
}

/* Without random ops a task's place does not matter: each one alone gives what it gives in the set. */
static void test_each_task_alone(void)
{
    enum { D = 33 };
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 3, 4, 5, 3);
    const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, D, 9, 3, 2);
    amlz_tasks_config single = config;
    single.n_tasks = 1;
    const task_set set = task_set_new(&config, 8);
    amlz_tasks *alone = tasks_new(&single);
    amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
    amlz_space space = space_of(&dims, 0, 12, 8);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        space.function[f].n_ops = 59; /* those before the random ones */
    }
    for (uint64_t seed = 0; seed < 60; seed++) {
        const amlz_program program = random_program(&space, seed);
        amlz_evaluation result = {.struct_size = sizeof result};
        double fitness[D];
        CHECK_EQ_INT(amlz_evaluate(evaluator, set.tasks, &program, 1, &result, fitness), AMLZ_OK);
        for (uint32_t t = 0; t < D; t++) {
            amlz_tasks_set_f64(alone, 0, set.train_x + t * 27, set.train_y + t * 9, set.valid_x + t * 9,
                               set.valid_y + t * 3);
            CHECK_EQ_INT(amlz_evaluate(evaluator, alone, &program, 2, &result, NULL), AMLZ_OK);
            CHECK_EQ_F64BITS(result.fitness, fitness[t]);
        }
    }
    blocks_free();
}

/* ---------------------------------------------------------------- probe */

/* Errors as the plain machine has them; NaN from the example that stops the task on. */
static void test_probe(void)
{
    enum { D = 5, N_TRAIN = 20, N_VALID = 4, MAX = N_TRAIN + N_VALID };
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        const amlz_dims dims = dims_of((amlz_label)label, 3, 4, 5, 3);
        const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, D, N_TRAIN, N_VALID, 3);
        const task_set set = task_set_new(&config, 8);
        const amlz_space space = space_of(&dims, 0, 12, 8);
        amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
        plain_machine m = plain_new(&dims, AMLZ_FLOAT32);
        for (uint64_t seed = 0; seed < 150; seed++) {
            const amlz_program program = random_program(&space, seed);
            const uint32_t n_train = seed % 3 == 0 ? N_TRAIN : (uint32_t)seed % N_TRAIN, n_valid = (uint32_t)seed % 5;
            double *train = numbers_new(D * n_train), *valid = numbers_new(D * n_valid);
            unsigned wrong = 0;
            CHECK_EQ_INT(amlz_probe(evaluator, set.tasks, &program, seed, n_train, n_valid, n_train == 0 ? NULL : train,
                                    n_valid == 0 ? NULL : valid), AMLZ_OK);
            for (uint32_t t = 0; t < D; t++) {
                int stopped = 0;
                plain_start(&m, &program, seed, t);
                for (uint32_t i = 0; i < n_train + n_valid; i++) {
                    const uint32_t k = i < n_train ? t * N_TRAIN + i : t * N_VALID + (i - n_train);
                    double error = (double)NAN;
                    if (!stopped) {
                        error = i < n_train ? plain_learn(&m, set.train_x + k * 3, set.train_y[k])
                                            : plain_validate(&m, set.valid_x + k * 3, set.valid_y[k]);
                    }
                    stopped |= !(error <= 100);
                    const double got = i < n_train ? train[t * n_train + i] : valid[t * n_valid + (i - n_train)];
                    wrong += bits_of(got) != bits_of(stopped ? (double)NAN : error);
                }
            }
            if (!CHECK_EQ_INT(wrong, 0)) {
                printf("  label %d, seed %d\n", label, (int)seed);
            }
        }
        blocks_free();
    }
}

/* ---------------------------------------------------------------- the call */

static void test_refusals(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 3, 4, 5, 3), other = dims_of(AMLZ_REGRESSION, 4, 4, 5, 3);
    const amlz_dims binary = dims_of(AMLZ_BINARY, 3, 4, 5, 3), few = dims_of(AMLZ_REGRESSION, 3, 2, 1, 0);
    const amlz_dims two = dims_of(AMLZ_MULTICLASS, 2, 4, 5, 3), classes = dims_of(AMLZ_MULTICLASS, 3, 4, 5, 3);
    amlz_dims two_of_three = classes;
    two_of_three.n_classes = 2;
    const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, 2, 5, 5, 1);
    const task_set set = task_set_new(&config, 8);
    const amlz_tasks_config of_classes = tasks_config_of(&two_of_three, AMLZ_FLOAT32, 2, 5, 5, 1);
    const task_set class_set = task_set_new(&of_classes, 8);
    const amlz_program program = program_of("def Predict():\n s3 = dot(v0, v4)\n s1 = norm(m2)\n", 3);
    const amlz_program empty = program_of("", 3);
    amlz_evaluator *good = evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, 2);
    amlz_evaluation r = {sizeof r, -1, 1, 1, 1};
    double errors[10];
#define EVALUATE(evaluator, tasks, program) amlz_evaluate(evaluator, tasks, program, 0, &r, NULL)
#define MADE_FOR(dims, precision, max) evaluator_new(dims, precision, AMLZ_VARIANT_AUTO, AMLZ_MEAN, max)
    CHECK_EQ_INT(EVALUATE(NULL, set.tasks, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(good, NULL, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(good, set.tasks, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_evaluate(good, set.tasks, &program, 0, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&other, AMLZ_FLOAT32, 2), set.tasks, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&binary, AMLZ_FLOAT32, 2), set.tasks, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&dims, AMLZ_FLOAT64, 2), set.tasks, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&dims, AMLZ_FLOAT32, 1), set.tasks, &program), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&classes, AMLZ_FLOAT32, 2), class_set.tasks, &empty), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&two, AMLZ_FLOAT32, 2), class_set.tasks, &empty), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&few, AMLZ_FLOAT32, 2), set.tasks, &program), AMLZ_ERROR_PROGRAM);
    CHECK_EQ_INT(amlz_probe(good, set.tasks, &program, 0, 6, 0, errors, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_probe(good, set.tasks, &program, 0, 0, 6, NULL, errors), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_probe(good, set.tasks, &program, 0, 5, 0, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_probe(good, set.tasks, &program, 0, 0, 5, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_probe(good, set.tasks, &program, 0, 5, 0, errors, NULL), AMLZ_OK);
    CHECK(r.fitness == -1 && r.train_steps == 1 && r.valid_steps == 1 && r.n_stopped == 1); /* untouched so far */
    CHECK_EQ_INT(EVALUATE(MADE_FOR(&two_of_three, AMLZ_FLOAT32, 7), class_set.tasks, &empty), AMLZ_OK);
    CHECK_EQ_INT(EVALUATE(good, set.tasks, &program), AMLZ_OK);
    blocks_free();
}

static void test_config(void)
{
    amlz_evaluator_config base, c;
    memset(&base, 0, sizeof base);
    base.struct_size = sizeof base;
    base.dims = dims_of(AMLZ_REGRESSION, 3, 4, 5, 3);
    base.max_tasks = 3;
    const size_t size = amlz_evaluator_size(&base, NULL);
    const char *reason = "untouched";
    for (size_t shift = 0; shift <= 64; shift++) {
        CHECK(amlz_evaluator_init(block_at(size, shift), size, &base, &reason) != NULL);
        CHECK(reason == NULL);
    }
    CHECK(amlz_evaluator_init(block_new(size), size - 1, &base, &reason) == NULL);
    CHECK(reason != NULL);
    CHECK(amlz_evaluator_init(NULL, size, &base, NULL) == NULL);
#define REFUSED(member, value, word)                                       \
    do {                                                                   \
        c = base;                                                          \
        c.member = (value);                                                \
        reason = NULL;                                                     \
        CHECK(amlz_evaluator_size(&c, &reason) == 0);                      \
        CHECK(reason != NULL && strstr(reason, word) != NULL);             \
        CHECK(amlz_evaluator_init(block_new(size), size, &c, NULL) == NULL); \
    } while (0)
    REFUSED(struct_size, 0, "struct_size");
    REFUSED(precision, 2, "precision");
    REFUSED(variant, AMLZ_VARIANT_COUNT, "variant");
    REFUSED(combine, 2, "combine");
    REFUSED(max_tasks, 0, "max_tasks");
    REFUSED(dims.n_features, 0, "n_features");
    for (int v = 0; v < AMLZ_VARIANT_COUNT; v++) {
        if (!amlz_variant_available(v)) {
            REFUSED(variant, (uint8_t)v, "variant");
        }
    }
    CHECK(amlz_evaluator_size(NULL, NULL) == 0);
    blocks_free();
}

int main(void)
{
    test_regression_by_hand();
    test_classes_by_hand();
    test_more_features_than_classes();
    test_stop_by_error();
    test_stop_of_classes();
    test_epochs();
    test_stop_in_some_lanes();
    test_mean_and_median();
    test_all_numbers_of_tasks();
    test_each_task_alone();
    test_probe();
    test_refusals();
    test_config();
    return check_report("evaluate");
}
