/* The learner: the same numbers as an evaluation, step by step; its memory; what it refuses. */
#include <fenv.h>

#include "fixtures.h"

static amlz_learner_config config_of(const amlz_dims *dims, amlz_precision precision, int keep_dead_code)
{
    amlz_learner_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims = *dims;
    config.precision = (uint8_t)precision;
    config.keep_dead_code = (uint8_t)keep_dead_code;
    return config;
}

static amlz_learner *learner_new(const amlz_learner_config *config, const amlz_program *program)
{
    const size_t size = amlz_learner_size(config, NULL);
    amlz_learner *learner = amlz_learner_init(block_new(size), size, config, program, NULL);
    if (!CHECK(learner != NULL)) {
        exit(1);
    }
    return learner;
}

/* One call in whichever precision the learner has; learns if y is not NULL. */
static void step(amlz_learner *learner, int precision, const double *x, const double *y, uint32_t n_features, double *out,
                 uint32_t n_out)
{
    float features[PLAIN_MAX], prediction[PLAIN_MAX];
    amlz_status status;
    if (precision == AMLZ_FLOAT64) {
        status = y != NULL ? amlz_learner_learn_f64(learner, x, *y, out) : amlz_learner_predict_f64(learner, x, out);
    } else {
        for (uint32_t i = 0; i < n_features; i++) {
            features[i] = (float)x[i];
        }
        status = y != NULL ? amlz_learner_learn_f32(learner, features, (float)*y, prediction)
                           : amlz_learner_predict_f32(learner, features, prediction);
        for (uint32_t i = 0; i < n_out; i++) {
            out[i] = (double)prediction[i];
        }
    }
    CHECK_EQ_INT(status, AMLZ_OK);
}

/* ---------------------------------------------------------------- the same as evaluation */

/* Trains and predicts with a learner, the plain machine and a probe: the predictions and errors are the same bits. */
static unsigned compare(amlz_learner *learner, plain_machine *m, const task_set *set, const amlz_program *program,
                        uint64_t seed, uint32_t task, const double *probed)
{
    const amlz_tasks_config *c = &set->config;
    const uint32_t n_out = c->label == AMLZ_MULTICLASS ? c->n_classes : 1;
    double got[PLAIN_MAX], expected[PLAIN_MAX];
    unsigned wrong = 0;
    plain_start(m, program, seed, task);
    for (size_t i = 0; i < c->n_train + c->n_valid; i++) {
        const int training = i < c->n_train;
        const size_t k = training ? task * c->n_train + i : task * c->n_valid + (i - c->n_train);
        const double *x = (training ? set->train_x : set->valid_x) + k * c->n_features;
        const double *y = (training ? set->train_y : set->valid_y) + k;
        const double error = training ? plain_learn(m, x, *y) : plain_validate(m, x, *y);
        if (!(error <= 100)) {
            break;
        }
        step(learner, c->precision, x, training ? y : NULL, c->n_features, got, n_out);
        if (training) { /* the plain machine has run Learn; what it predicted is known by its error */
            const double hit = c->label == AMLZ_MULTICLASS ? 1 - got[(size_t)*y] : *y - got[0];
            wrong += bits_of(fabs(round_to(c->precision, hit))) != bits_of(error);
            wrong += bits_of(error) != bits_of(probed[k]);
        } else {
            expected[0] = *plain_prediction(m);
            if (c->label != AMLZ_REGRESSION) {
                plain_probabilities(m, plain_prediction(m), expected);
            }
            for (uint32_t o = 0; o < n_out; o++) {
                wrong += bits_of(got[o]) != bits_of(expected[o]);
            }
        }
    }
    return wrong;
}

static void test_against_evaluation(void)
{
    enum { D = 5, N_TRAIN = 9, N_VALID = 4 };
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            const amlz_dims dims = dims_of((amlz_label)label, 4, 4, 5, 3);
            const amlz_tasks_config config = tasks_config_of(&dims, (amlz_precision)precision, D, N_TRAIN, N_VALID, 1);
            const amlz_space space = space_of(&dims, 0, 12, 8);
            for (uint64_t seed = 0; seed < 200; seed++) {
                const task_set set = task_set_new(&config, 2);
                const amlz_program program = random_program(&space, seed);
                amlz_evaluator *evaluator = evaluator_new(&dims, (amlz_precision)precision, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
                plain_machine m = plain_new(&dims, (amlz_precision)precision);
                double *probed = numbers_new(D * N_TRAIN);
                CHECK_EQ_INT(amlz_probe(evaluator, set.tasks, &program, seed, N_TRAIN, 0, probed, NULL), AMLZ_OK);
                for (int keep = 0; keep < 2; keep++) {
                    amlz_learner_config c = config_of(&dims, (amlz_precision)precision, keep);
                    c.seed = seed;
                    c.task = (uint32_t)(seed % D);
                    c.variant = (uint8_t)(seed % 2 == 0 ? AMLZ_VARIANT_AUTO : AMLZ_VARIANT_BASELINE);
                    amlz_learner *learner = learner_new(&c, &program);
                    for (int again = 0; again < 2; again++) {
                        const unsigned wrong = compare(learner, &m, &set, &program, seed, c.task, probed);
                        if (!CHECK_EQ_INT(wrong, 0)) {
                            printf("  label %d, float%d, keep_dead_code %d\n%s", label, precision ? 64 : 32, keep,
                                   text_of(&program));
                        }
                        amlz_learner_reset(learner);
                    }
                }
                blocks_free();
            }
        }
    }
}

/* With keep_dead_code every instruction runs: all of memory is as on the plain machine. */
static void test_whole_memory(void)
{
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            const amlz_dims dims = dims_of((amlz_label)label, 3, 4, 5, 3);
            const amlz_learner_config config = config_of(&dims, (amlz_precision)precision, 1);
            const amlz_space space = space_of(&dims, 0, 12, 10);
            for (uint64_t seed = 0; seed < 100; seed++) {
                const amlz_program program = random_program(&space, seed);
                amlz_learner *learner = learner_new(&config, &program);
                plain_machine m = plain_new(&dims, (amlz_precision)precision);
                const double x[3] = {0.5, -1, 0.25}, y = 1;
                const unsigned counts[] = {0, dims.n_scalars, dims.n_vectors, dims.n_matrices};
                double out[3], values[9];
                unsigned wrong = 0;
                plain_start(&m, &program, 0, 0);
                for (int i = 0; i < 3; i++) {
                    if (!(plain_learn(&m, x, y) <= 100)) {
                        plain_run(&m, AMLZ_LEARN); /* a learner does not stop */
                    }
                    step(learner, precision, x, &y, 3, out, 1);
                }
                for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
                    for (unsigned address = 0; address < counts[type]; address++) {
                        CHECK_EQ_INT(amlz_learner_get(learner, type, (int)address, values), AMLZ_OK);
                        for (size_t i = 0; i < plain_count(&dims, type); i++) {
                            wrong += bits_of(values[i]) != bits_of(plain_at(&m, type, address)[i]);
                        }
                    }
                }
                if (!CHECK_EQ_INT(wrong, 0)) {
                    printf("  label %d, float%d\n%s", label, precision ? 64 : 32, text_of(&program));
                }
                blocks_free();
            }
        }
    }
}

/* Draws are counted among live random instructions, so dead ones beside them change nothing. */
static void test_dead_random_instructions(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 3, 4, 5, 3);
    const amlz_program program = program_of("def Setup():\n s3 = uniform(0, 1)\n v1 = gaussian(0, 1)\n"
                                            "def Predict():\n v3 = uniform(0, 1)\n s1 = dot(v0, v1)\n", 3);
    const double x[3] = {1, 2, 3};
    double prediction[2];
    for (int keep = 0; keep < 2; keep++) {
        const amlz_learner_config config = config_of(&dims, AMLZ_FLOAT64, keep);
        CHECK_EQ_INT(amlz_learner_predict_f64(learner_new(&config, &program), x, &prediction[keep]), AMLZ_OK);
    }
    CHECK_EQ_F64BITS(prediction[1], prediction[0]);
    blocks_free();
}

/* ---------------------------------------------------------------- by hand */

static const char *const regressor = "def Setup():\n s2 = 0.1\ndef Predict():\n s1 = dot(v0, v1)\n"
                                     "def Learn():\n s3 = s0 - s1\n s3 = s3 * s2\n v2 = s3 * v0\n v1 = v1 + v2\n";

static void test_learns_a_linear_function(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 0);
    const amlz_program program = program_of(regressor, 4);
    const double w[4] = {0.5, -1.5, 2, 0.25};
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        const amlz_learner_config config = config_of(&dims, (amlz_precision)precision, 0);
        amlz_learner *learner = learner_new(&config, &program);
        uint64_t state = 1;
        double out = 0, largest = 0;
        for (int i = 0; i < 1100; i++) {
            double x[4], y = 0;
            for (int k = 0; k < 4; k++) {
                x[k] = draw_real(&state);
                y += w[k] * x[k];
            }
            step(learner, precision, x, i < 1000 ? &y : NULL, 4, &out, 1);
            largest = i >= 1000 && fabs(out - y) > largest ? fabs(out - y) : largest;
        }
        CHECK(largest < (precision == AMLZ_FLOAT64 ? 1e-9 : 1e-5));
    }
    blocks_free();
}

/* Logits log 3 and (log 1, log 2, log 5) are the probabilities 3/4 and (1, 2, 5) / 8; Learn sees those, Predict alone
 * leaves the logit where it is. */
static void test_probabilities(void)
{
    const amlz_dims binary = dims_of(AMLZ_BINARY, 1, 4, 2, 0), classes = dims_of(AMLZ_MULTICLASS, 5, 4, 4, 0);
    amlz_learner_config config = config_of(&binary, AMLZ_FLOAT64, 1);
    amlz_program program = program_of("def Predict():\n s1 = norm(v0)\ndef Learn():\n s2 = abs(s1)\n s3 = abs(s0)\n", 1);
    amlz_learner *learner = learner_new(&config, &program);
    const double logit = log(3);
    double p[5], value;
    CHECK_EQ_INT(amlz_learner_predict_f64(learner, &logit, p), AMLZ_OK);
    CHECK(fabs(p[0] - 0.75) < 1e-15);
    CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 1, &value), AMLZ_OK);
    CHECK_EQ_F64BITS(value, logit);
    p[0] = 0;
    CHECK_EQ_INT(amlz_learner_learn_f64(learner, &logit, 1, p), AMLZ_OK);
    CHECK(fabs(p[0] - 0.75) < 1e-15);
    for (int address = 1; address <= 2; address++) {
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, address, &value), AMLZ_OK);
        CHECK_EQ_F64BITS(value, p[0]);
    }
    CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 3, &value), AMLZ_OK);
    CHECK_EQ_F64BITS(value, 1.0);
    CHECK_EQ_INT(amlz_learner_learn_f64(learner, &logit, 0, NULL), AMLZ_OK);

    config = config_of(&classes, AMLZ_FLOAT64, 1);
    program = program_of("def Predict():\n v2 = abs(v0)\ndef Learn():\n v3 = v2 + v1\n", 5);
    learner = learner_new(&config, &program);
    const double logits[5] = {0, log(2), log(5), 9, 9};
    const double expected[5] = {0.125, 0.25, 0.625, 9, 9};
    double v[5];
    for (int learning = 0; learning < 2; learning++) {
        p[3] = p[4] = -7; /* three classes, so three numbers */
        CHECK_EQ_INT(learning ? amlz_learner_learn_f64(learner, logits, 2, p) : amlz_learner_predict_f64(learner, logits, p),
                     AMLZ_OK);
        CHECK(p[3] == -7 && p[4] == -7);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_VECTOR, 2, v), AMLZ_OK);
        for (int i = 0; i < 5; i++) {
            CHECK(i >= 3 || fabs(p[i] - expected[i]) < 1e-15);
            CHECK(fabs(v[i] - (learning ? expected : logits)[i]) < 1e-15);
        }
    }
    CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_VECTOR, 3, v), AMLZ_OK); /* probabilities and the one-hot label */
    CHECK(fabs(v[0] - 0.125) < 1e-15 && fabs(v[2] - 1.625) < 1e-15 && v[4] == 9);
    CHECK_EQ_INT(amlz_learner_predict_f64(learner, logits, p), AMLZ_OK);
    CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_VECTOR, 1, v), AMLZ_OK);
    CHECK(v[2] == 0); /* no label in Predict */
    blocks_free();
}

static void test_memory_and_run(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 3, 4, 3, 2);
    const amlz_program program = program_of("def Setup():\n s2 = 0.25\ndef Predict():\n s1 = s2 + s2\n"
                                            "def Learn():\n s2 = s0 * s2\n v1 = dot(m1, v2)\n", 3);
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        const amlz_learner_config config = config_of(&dims, (amlz_precision)precision, 1);
        amlz_learner *learner = learner_new(&config, &program);
        const double s = 1 + 0x1p-30, v[3] = {1, 10, 100}, m[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, three = 3;
        double got[9];
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 2, got), AMLZ_OK);
        CHECK_EQ_F64BITS(got[0], 0.25);
        CHECK_EQ_INT(amlz_learner_set(learner, AMLZ_SCALAR, 3, &s), AMLZ_OK);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 3, got), AMLZ_OK);
        CHECK_EQ_F64BITS(got[0], round_to(precision, s));
        CHECK_EQ_INT(amlz_learner_set(learner, AMLZ_SCALAR, 0, &three), AMLZ_OK);
        CHECK_EQ_INT(amlz_learner_set(learner, AMLZ_VECTOR, 2, v), AMLZ_OK);
        CHECK_EQ_INT(amlz_learner_set(learner, AMLZ_MATRIX, 1, m), AMLZ_OK);
        CHECK_EQ_INT(amlz_learner_run(learner, AMLZ_LEARN), AMLZ_OK);
        CHECK_EQ_INT(amlz_learner_run(learner, AMLZ_PREDICT), AMLZ_OK);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 1, got), AMLZ_OK);
        CHECK_EQ_F64BITS(got[0], 1.5);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_VECTOR, 1, got), AMLZ_OK);
        CHECK(got[0] == 321 && got[1] == 654 && got[2] == 987);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_MATRIX, 1, got), AMLZ_OK);
        CHECK(memcmp(got, m, sizeof m) == 0);
        CHECK_EQ_INT(amlz_learner_run(learner, AMLZ_SETUP), AMLZ_OK); /* on the memory as it is */
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_VECTOR, 1, got), AMLZ_OK);
        CHECK(got[0] == 321);
        amlz_learner_reset(learner);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_VECTOR, 1, got), AMLZ_OK);
        CHECK(got[0] == 0 && got[1] == 0 && got[2] == 0);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 2, got), AMLZ_OK);
        CHECK_EQ_F64BITS(got[0], 0.25);
        /* what there is not */
        static const int bad[][2] = {{AMLZ_NONE, 0}, {4, 0}, {-1, 0}, {AMLZ_SCALAR, 4}, {AMLZ_VECTOR, 3}, {AMLZ_MATRIX, 2},
                                     {AMLZ_SCALAR, -1}, {AMLZ_SCALAR, 1 << 30}};
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            CHECK_EQ_INT(amlz_learner_get(learner, bad[i][0], bad[i][1], got), AMLZ_ERROR_ARGUMENT);
            CHECK_EQ_INT(amlz_learner_set(learner, bad[i][0], bad[i][1], m), AMLZ_ERROR_ARGUMENT);
        }
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 0, NULL), AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(amlz_learner_set(learner, AMLZ_SCALAR, 0, NULL), AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(amlz_learner_get(NULL, AMLZ_SCALAR, 0, got), AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(amlz_learner_run(learner, 3), AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(amlz_learner_run(learner, -1), AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(amlz_learner_run(NULL, AMLZ_SETUP), AMLZ_ERROR_ARGUMENT);
        const amlz_learner_config live_only = config_of(&dims, (amlz_precision)precision, 0);
        learner = learner_new(&live_only, &program);
        CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_SCALAR, 1, got), AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(amlz_learner_set(learner, AMLZ_SCALAR, 1, m), AMLZ_ERROR_ARGUMENT);
    }
    blocks_free();
}

/* ---------------------------------------------------------------- refusals */

static void test_calls(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 4, 3, 0), classes = dims_of(AMLZ_MULTICLASS, 3, 4, 3, 0);
    const amlz_program program = program_of("def Predict():\n s1 = norm(v0)\n", 1);
    const amlz_learner_config single = config_of(&dims, AMLZ_FLOAT32, 0), twice = config_of(&dims, AMLZ_FLOAT64, 0);
    const amlz_learner_config of_classes = config_of(&classes, AMLZ_FLOAT32, 0);
    amlz_learner *f32 = learner_new(&single, &program), *f64 = learner_new(&twice, &program);
    amlz_learner *c = learner_new(&of_classes, &program);
    const float x[3] = {1, 2, 3};
    const double d[3] = {1, 2, 3};
    float out[3] = {-7, -7, -7};
    double out_d = -7;
    CHECK_EQ_INT(amlz_learner_predict_f64(f32, d, &out_d), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_learn_f64(f32, d, 1, &out_d), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_f32(f64, x, out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_learn_f32(f64, x, 1, out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_f32(f32, NULL, out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_f32(f32, x, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_f64(f64, d, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_f32(NULL, x, out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_learn_f32(f32, NULL, 1, out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_learn_f32(NULL, x, 1, out), AMLZ_ERROR_ARGUMENT);
    CHECK(out[0] == -7 && out_d == -7);
    CHECK_EQ_INT(amlz_learner_learn_f32(c, x, 2, out), AMLZ_OK);
    CHECK_EQ_INT(amlz_learner_learn_f32(f32, x, 1, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_learner_learn_f64(f64, d, 1, NULL), AMLZ_OK);
    blocks_free();
}

/* A label that is none: an error, and nothing is done. Each Learn would add to s2. */
static void test_labels(void)
{
    static const float bad[][5] = {{(float)NAN, (float)INFINITY, -(float)INFINITY, (float)NAN, (float)NAN},
                                   {(float)NAN, 0.5F, 2, -1, (float)INFINITY},
                                   {(float)NAN, 1.5F, 3, -1, 1e9F}};
    static const float good[][2] = {{-1.5F, 3e38F}, {0, 1}, {0, 2}};
    const amlz_program program = program_of("def Setup():\n s3 = 1\ndef Learn():\n s2 = s2 + s3\n", 3);
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        const amlz_dims dims = dims_of((amlz_label)label, 3, 4, 3, 0);
        const amlz_learner_config single = config_of(&dims, AMLZ_FLOAT32, 1), twice = config_of(&dims, AMLZ_FLOAT64, 1);
        amlz_learner *f32 = learner_new(&single, &program), *f64 = learner_new(&twice, &program);
        const float x[3] = {1, 2, 3};
        const double d[3] = {1, 2, 3};
        float out[3] = {-7, -7, -7};
        double out_d[3] = {-7, -7, -7}, steps;
        for (int i = 0; i < 5; i++) {
            CHECK_EQ_INT(amlz_learner_learn_f32(f32, x, bad[label][i], out), AMLZ_ERROR_DATA);
            CHECK_EQ_INT(amlz_learner_learn_f64(f64, d, (double)bad[label][i], out_d), AMLZ_ERROR_DATA);
        }
        CHECK(out[0] == -7 && out_d[0] == -7);
        for (int i = 0; i < 2; i++) {
            CHECK_EQ_INT(amlz_learner_learn_f32(f32, x, good[label][i], out), AMLZ_OK);
            CHECK_EQ_INT(amlz_learner_learn_f64(f64, d, (double)good[label][i], out_d), AMLZ_OK);
        }
        CHECK_EQ_INT(amlz_learner_get(f32, AMLZ_SCALAR, 2, &steps), AMLZ_OK);
        CHECK_EQ_F64BITS(steps, 2.0);
        CHECK_EQ_INT(amlz_learner_get(f64, AMLZ_SCALAR, 2, &steps), AMLZ_OK);
        CHECK_EQ_F64BITS(steps, 2.0);
    }
    blocks_free();
}

static void test_config(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 3, 4, 3, 1);
    const amlz_program program = program_of("def Predict():\n m0 = matmul(m0, m0)\n s1 = norm(m0)\n", 3);
    const amlz_learner_config base = config_of(&dims, AMLZ_FLOAT32, 1);
    const size_t size = amlz_learner_size(&base, NULL);
    amlz_learner_config c;
    const char *reason = "untouched";
    for (size_t shift = 0; shift <= 64; shift++) {
        const float x[3] = {1, 2, 3};
        float out;
        amlz_learner *learner = amlz_learner_init(block_at(size, shift), size, &base, &program, &reason);
        CHECK(learner != NULL && reason == NULL);
        CHECK_EQ_INT(amlz_learner_learn_f32(learner, x, 1, &out), AMLZ_OK);
    }
    CHECK(amlz_learner_init(block_new(size), size - 1, &base, &program, &reason) == NULL);
    CHECK(reason != NULL);
    CHECK(amlz_learner_init(NULL, size, &base, &program, NULL) == NULL);
    CHECK(amlz_learner_init(block_new(size), size, &base, NULL, NULL) == NULL);
    amlz_program bad = program;
    bad.code[AMLZ_PREDICT][0].in1 = 1;
    reason = NULL;
    CHECK(amlz_learner_init(block_new(size), size, &base, &bad, &reason) == NULL);
    CHECK(reason != NULL);
#define REFUSED(member, value, word)                                                \
    do {                                                                            \
        c = base;                                                                   \
        c.member = (value);                                                         \
        reason = NULL;                                                              \
        CHECK(amlz_learner_size(&c, &reason) == 0);                                 \
        CHECK(reason != NULL && strstr(reason, word) != NULL);                      \
        CHECK(amlz_learner_init(block_new(size), size, &c, &program, NULL) == NULL); \
    } while (0)
    REFUSED(struct_size, 1, "struct_size");
    REFUSED(precision, 2, "precision");
    REFUSED(variant, AMLZ_VARIANT_COUNT, "variant");
    REFUSED(dims.n_scalars, 1, "n_scalars");
    CHECK(amlz_learner_size(NULL, NULL) == 0);
    blocks_free();
}

/* An index just below 1 is the last element, also where the caller rounds up. */
static void test_rounding_up(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 3, 2, 2, 0);
    amlz_program program = program_of("def Setup():\n v1[0] = 7\ndef Predict():\n s1 = norm(v1)\n", 3);
    const amlz_learner_config config = config_of(&dims, AMLZ_FLOAT64, 1);
    double v[3];
    program.code[AMLZ_SETUP][0].constant[0] = 1 - 0x1p-53;
    fesetround(FE_UPWARD);
    amlz_learner *learner = learner_new(&config, &program);
    fesetround(FE_TONEAREST);
    CHECK_EQ_INT(amlz_learner_get(learner, AMLZ_VECTOR, 1, v), AMLZ_OK);
    CHECK(v[0] == 0 && v[1] == 0 && v[2] == 7);
    blocks_free();
}

/* What one learner knows goes to a new one, which draws, predicts and learns as the first does. */
static void test_handing_over(void)
{
    const amlz_dims dims = dims_of(AMLZ_BINARY, 4, 8, 14, 3);
    const amlz_program program = program_of("def Setup():\n v2 = gaussian(0, 1)\ndef Predict():\n s1 = dot(v1, v0)\n"
                                            "def Learn():\n s3 = s0 - s1\n v3 = uniform(0.5, 1)\n v3 = v3 * v0\n"
                                            " v3 = s3 * v3\n v1 = v1 + v3\n v2 = v2 + v3\n", 4);
    const amlz_learner_config config = config_of(&dims, AMLZ_FLOAT64, 1);
    amlz_learner *one = learner_new(&config, &program), *other = learner_new(&config, &program);
    uint64_t runs[AMLZ_FUNCTION_COUNT];
    double x[4] = {1, -0.5, 0.25, 2}, p, q, numbers[16];
    for (int i = 0; i < 10; i++) {
        x[i % 4] = -x[i % 4] * 0.75;
        CHECK_EQ_INT(amlz_learner_learn_f64(one, x, i % 2, NULL), AMLZ_OK);
    }
    CHECK_EQ_INT(amlz_learner_get_runs(one, runs), AMLZ_OK);
    CHECK(runs[AMLZ_SETUP] == 1 && runs[AMLZ_PREDICT] == 10 && runs[AMLZ_LEARN] == 10);
    CHECK_EQ_INT(amlz_learner_set_runs(other, runs), AMLZ_OK);
    const int counts[] = {dims.n_scalars, dims.n_vectors, dims.n_matrices};
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        for (int i = 0; i < counts[type - AMLZ_SCALAR]; i++) {
            CHECK_EQ_INT(amlz_learner_get(one, type, i, numbers), AMLZ_OK);
            CHECK_EQ_INT(amlz_learner_set(other, type, i, numbers), AMLZ_OK);
        }
    }
    for (int i = 0; i < 10; i++) {
        CHECK_EQ_INT(amlz_learner_learn_f64(one, x, i % 2, &p), AMLZ_OK);
        CHECK_EQ_INT(amlz_learner_learn_f64(other, x, i % 2, &q), AMLZ_OK);
        CHECK_EQ_F64BITS(p, q);
    }
    CHECK_EQ_INT(amlz_learner_get_runs(NULL, runs), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_get_runs(one, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_set_runs(NULL, runs), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_set_runs(one, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

int main(void)
{
    test_handing_over();
    test_against_evaluation();
    test_whole_memory();
    test_dead_random_instructions();
    test_learns_a_linear_function();
    test_probabilities();
    test_memory_and_run();
    test_calls();
    test_labels();
    test_config();
    test_rounding_up();
    return check_report("learner");
}
