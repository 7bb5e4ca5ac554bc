/* Which instructions are alive: cases worked out by hand, programs of the paper, and random programs whose dead code
 * writes NaN on the plain machine. */
#include "fixtures.h"

/* live: a 1 or 0 for each instruction of Setup, Predict, Learn. */
static void expect_live(const amlz_dims *dims, const char *text, const char *setup, const char *predict, const char *learn)
{
    const char *const expected[AMLZ_FUNCTION_COUNT] = {setup, predict, learn};
    const amlz_program program = program_of(text, dims->n_features);
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    char got[AMLZ_CAPACITY + 1];
    memset(live, 77, sizeof live);
    CHECK_EQ_INT(amlz_program_live(&program, dims, live), AMLZ_OK);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < program.size[f]; i++) {
            got[i] = live[f][i] == 0 ? '0' : live[f][i] == 1 ? '1' : '?';
        }
        got[program.size[f]] = 0;
        if (!CHECK(strcmp(got, expected[f]) == 0)) {
            printf("  function %d: %s, expected %s\n%s", f, got, expected[f], text);
        }
    }
}

/* As many addresses as there are bits in a word, one being kept for operands that are not there; then one more. */
static void test_memories_of_a_word(void)
{
    for (int n_scalars = 58; n_scalars <= 61; n_scalars++) {
        const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, (uint16_t)n_scalars, 2, 3);
        expect_live(&dims, "def Predict():\n m2 = m0 + m1\n s1 = norm(v0)\n", "", "01", "");
        expect_live(&dims, "def Predict():\n m2 = m0 + m1\n s1 = norm(m2)\n", "", "11", "");
        expect_live(&dims, "def Predict():\n m1 = m0 + m2\n s1 = norm(v0)\n", "", "01", "");
    }
}

static void test_by_hand(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 8, 8, 3);
    /* the linear regressor */
    expect_live(&dims,
                "def Setup():\n s2 = 0.1\ndef Predict():\n s1 = dot(v0, v1)\n"
                "def Learn():\n s3 = s0 - s1\n s3 = s3 * s2\n v2 = s3 * v0\n v1 = v1 + v2\n",
                "1", "1", "1111");
    /* the same that never learns: what is learnt is not read */
    expect_live(&dims,
                "def Setup():\n s2 = 0.1\ndef Predict():\n s1 = dot(v0, v3)\n"
                "def Learn():\n s3 = s0 - s1\n s3 = s3 * s2\n v2 = s3 * v0\n v1 = v1 + v2\n",
                "0", "1", "0000");
    /* without Predict, the prediction is what Learn leaves there, and before that Setup */
    expect_live(&dims, "def Setup():\n s1 = 0.5\ndef Learn():\n s1 = s0 + s2\n", "1", "", "1");
    /* a prediction that is always written anew needs neither */
    expect_live(&dims, "def Setup():\n s1 = 0.5\ndef Predict():\n s1 = s2 + s2\ndef Learn():\n s1 = s0 + s2\n", "0", "1",
                "0");
    /* but a prediction that builds on itself does */
    expect_live(&dims, "def Setup():\n s1 = 0.5\ndef Predict():\n s1 = s1 + s2\ndef Learn():\n s1 = s0 - s1\n", "1", "1",
                "1");
    /* what is written twice, before and behind a use */
    expect_live(&dims, "def Predict():\n s1 = s2 + s3\n s1 = s2 * s2\n", "", "01", "");
    expect_live(&dims, "def Predict():\n s1 = s2 + s3\n s4 = abs(s1)\n s1 = s2 * s4\n", "", "111", "");
    /* a value from the Predict before, read before it is written */
    expect_live(&dims, "def Predict():\n s1 = s3 + s3\n s3 = norm(v0)\n", "", "11", "");
    /* Learn comes between in training but not in validation */
    expect_live(&dims, "def Predict():\n s1 = s3 + s3\n s3 = norm(v0)\ndef Learn():\n s3 = 0.5\n", "", "11", "1");
    /* Learn's own memory: it feeds itself alone, or, in the last line, the prediction */
    expect_live(&dims, "def Predict():\n s1 = s4 + s4\ndef Learn():\n s3 = s3 + s2\n s2 = abs(s3)\n", "", "1", "00");
    expect_live(&dims, "def Predict():\n s1 = s4 + s4\ndef Learn():\n s4 = s3 + s2\n s3 = s3 + s2\n s2 = abs(s0)\n", "",
                "1", "111");
    /* each line needs one more round through Learn */
    expect_live(&dims,
                "def Setup():\n s7 = 0.1\n s6 = 0.2\ndef Predict():\n s1 = abs(s3)\n"
                "def Learn():\n s3 = abs(s4)\n s4 = abs(s5)\n s5 = abs(s6)\n s6 = norm(v0)\n s7 = norm(v0)\n",
                "01", "1", "11110");
    /* Setup's values that Predict or Learn overwrites before they are read */
    expect_live(&dims, "def Setup():\n s2 = 0.1\n s3 = 0.2\ndef Predict():\n s2 = norm(v0)\n s1 = s2 + s3\n", "01", "11",
                "");
    expect_live(&dims, "def Setup():\n s2 = 0.1\n s2 = 0.2\n s3 = abs(s2)\ndef Predict():\n s1 = abs(s3)\n", "011", "1", "");
    /* a part that is written leaves the rest */
    expect_live(&dims, "def Setup():\n v1 = gaussian(0, 1)\n v1[0.5] = 2\ndef Predict():\n s1 = dot(v0, v1)\n", "11", "1",
                "");
    expect_live(&dims, "def Setup():\n v1[0.5] = 2\n v1 = bcast(s2)\ndef Predict():\n s1 = dot(v0, v1)\n", "01", "1", "");
    expect_live(&dims, "def Setup():\n m1[0.5, 0.1] = 2\n m1[0.5, 0.1] = 3\ndef Predict():\n s1 = norm(m1)\n", "11", "1",
                "");
    /* types have addresses of their own; no_op does nothing */
    expect_live(&dims, "def Predict():\n v1 = v0 + v0\n m1 = outer(v0, v0)\n no_op\n s1 = s2 + s3\n", "", "0001", "");
    expect_live(&dims, "def Setup():\n no_op\n", "0", "", "");
    /* random numbers live like any others */
    expect_live(&dims, "def Predict():\n s2 = uniform(0, 1)\n s3 = uniform(0, 1)\n s1 = abs(s3)\n", "", "011", "");
}

static void test_labels(void)
{
    static const char *const classifier = "def Setup():\n s1 = 0.5\ndef Predict():\n s1 = s2 + s2\n v2 = dot(m0, v0)\n"
                                          "def Learn():\n v3 = v1 - v2\n m1 = outer(v3, v0)\n m0 = m0 + m1\n v2 = v1 + v1\n";
    const amlz_dims vector = dims_of(AMLZ_MULTICLASS, 4, 8, 8, 3), binary = dims_of(AMLZ_BINARY, 4, 8, 8, 3);
    expect_live(&vector, classifier, "0", "01", "1110"); /* the prediction is v2 */
    expect_live(&vector, "def Learn():\n v2 = v1 - v0\n", "", "", "1");
    /* with a scalar label it is s1, and vectors are dead here */
    expect_live(&binary, classifier, "0", "10", "0000");
}

static const char *const evolved =
    "def Setup():\n s4 = uniform(0.6, 0.2)\n v3 = gaussian(0.7, 0.4)\n v12 = gaussian(0.2, 0.6)\n s1 = uniform(-0.1, -0.2)\n"
    "def Predict():\n v1 = v0 - v9\n v5 = v0 + v9\n v6 = dot(m1, v5)\n m1 = s2 * m2\n s1 = dot(v6, v1)\n s6 = cos(s4)\n"
    "def Learn():\n s4 = s0 - s1\n s3 = abs(s1)\n m1 = outer(v1, v0)\n s5 = sin(s4)\n s2 = norm(m1)\n s7 = s5 / s2\n"
    " s4 = s4 + s6\n v11 = s7 * v1\n m1 = heaviside(m2, 1.0)\n m1 = outer(v11, v5)\n m0 = m1 + m0\n"
    " v9 = uniform(0.002, 0.7)\n s7 = log(s0)\n s4 = std(m0)\n m2 = m2 + m0\n m1 = s4 * m0\n";

static const char *const evolved_simplified =
    "def Predict():\n v1 = v0 - v9\n v5 = v0 + v9\n v6 = dot(m1, v5)\n m1 = s2 * m2\n s1 = dot(v6, v1)\n"
    "def Learn():\n s4 = s0 - s1\n m1 = outer(v1, v0)\n s5 = sin(s4)\n s2 = norm(m1)\n s7 = s5 / s2\n v11 = s7 * v1\n"
    " m1 = outer(v11, v5)\n m0 = m1 + m0\n v9 = uniform(0.002, 0.7)\n s4 = std(m0)\n m2 = m2 + m0\n m1 = s4 * m0\n";

static void test_paper(void)
{
    const amlz_dims dims = dims_of(AMLZ_BINARY, 8, 8, 14, 3), small = dims_of(AMLZ_REGRESSION, 8, 4, 8, 2);
    expect_live(&dims, evolved, "0000", "111110", "1011110101110111");
    const amlz_program program = program_of(evolved, 8), expected = program_of(evolved_simplified, 8);
    amlz_program simplified;
    CHECK_EQ_INT(amlz_program_simplify(&program, &dims, &simplified), AMLZ_OK);
    CHECK(amlz_program_equal(&simplified, &expected));
    CHECK_EQ_U64(amlz_program_key(&program, &dims), amlz_program_key(&expected, &dims));
    expect_live(&small,
                "def Setup():\n m1 = gaussian(-1e-10, 9e-09)\n s3 = 4.1\n v4 = gaussian(-0.033, 0.01)\n"
                "def Predict():\n v6 = dot(m1, v0)\n v7 = maximum(v1, v6)\n s1 = dot(v7, v4)\n"
                "def Learn():\n v3 = heaviside(v6, 1.0)\n s1 = s0 - s1\n s2 = s1 * s3\n v2 = s2 * v3\n v3 = v2 * v4\n"
                " m0 = outer(v3, v0)\n m1 = m1 + m0\n v4 = v2 + v4\n",
                "111", "111", "11111111");
}

static void test_simplify_arguments(void)
{
    const amlz_dims dims = dims_of(AMLZ_BINARY, 8, 8, 14, 3);
    const amlz_program program = program_of(evolved, 8), expected = program_of(evolved_simplified, 8);
    amlz_program own = program, untouched = expected;
    CHECK_EQ_INT(amlz_program_simplify(&own, &dims, &own), AMLZ_OK);
    CHECK(amlz_program_equal(&own, &expected));
    amlz_program bad = program;
    bad.code[AMLZ_LEARN][3].op = 200;
    CHECK_EQ_INT(amlz_program_simplify(&bad, &dims, &untouched), AMLZ_ERROR_PROGRAM);
    CHECK(amlz_program_equal(&untouched, &expected));
}

/* Fitness of the program, of its live code, and on the plain machine with dead code writing NaN. */
static unsigned compare(plain_machine *m, amlz_evaluator *evaluator, const task_set *set, const amlz_program *program,
                        uint64_t seed)
{
    amlz_evaluation whole = {.struct_size = sizeof whole}, reduced = {.struct_size = sizeof reduced};
    amlz_program simplified, twice;
    double fitness[2][8];
    unsigned alive = 0;
    int ok = CHECK_EQ_INT(amlz_program_simplify(program, &m->dims, &simplified), AMLZ_OK);
    ok &= CHECK_EQ_INT(amlz_program_simplify(&simplified, &m->dims, &twice), AMLZ_OK);
    ok &= CHECK(amlz_program_equal(&simplified, &twice));
    ok &= CHECK_EQ_INT(amlz_evaluate(evaluator, set->tasks, program, seed, &whole, fitness[0]), AMLZ_OK);
    ok &= CHECK_EQ_INT(amlz_evaluate(evaluator, set->tasks, &simplified, seed, &reduced, fitness[1]), AMLZ_OK);
    ok &= CHECK_EQ_F64BITS(whole.fitness, reduced.fitness);
    ok &= CHECK_EQ_U64(whole.train_steps, reduced.train_steps);
    for (uint32_t t = 0; t < set->config.n_tasks; t++) {
        ok &= CHECK_EQ_F64BITS(fitness[0][t], fitness[1][t]);
        ok &= CHECK_EQ_F64BITS(fitness[0][t], plain_fitness(m, set, program, seed, t));
        alive += fitness[0][t] > 0;
    }
    if (!ok) {
        printf("  label %d, precision %d, program\n%s", m->dims.label, m->precision, text_of(program));
    }
    return alive;
}

static void test_dead_code_has_no_effect(void)
{
    enum { N_TASKS = 2, N_PROGRAMS = 400 };
    static const uint32_t features[] = {2, 3, 5};
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            for (int i = 0; i < 3; i++) {
                const amlz_dims dims = dims_of((amlz_label)label, features[i], 4, 5, 3);
                const amlz_tasks_config config = tasks_config_of(&dims, (amlz_precision)precision, N_TASKS, 12, 4, 2);
                const task_set set = task_set_new(&config, 3);
                const amlz_space space = space_of(&dims, 0, 12, 9);
                amlz_evaluator *evaluator =
                    evaluator_new(&dims, (amlz_precision)precision, AMLZ_VARIANT_AUTO, AMLZ_MEAN, N_TASKS);
                plain_machine m = plain_new(&dims, (amlz_precision)precision);
                unsigned alive = 0;
                m.poison = 1;
                for (uint64_t seed = 0; seed < N_PROGRAMS; seed++) {
                    const amlz_program program = random_program(&space, seed);
                    alive += compare(&m, evaluator, &set, &program, seed);
                }
                CHECK(alive > N_PROGRAMS * N_TASKS / 8); /* else it would show little */
                blocks_free();
            }
        }
    }
}

/* ---------------------------------------------------------------- which programs can learn */

static int can_learn(const char *text)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 5, 2);
    const amlz_program program = program_of(text, 4);
    return amlz_program_can_learn(&program, &dims);
}

static void test_can_learn(void)
{
    /* the features, and what a label got to, must both reach the prediction */
    CHECK(can_learn("def Predict():\n s1 = dot(v0, v1)\ndef Learn():\n v2 = s0 * v0\n v1 = v1 + v2\n"));
    CHECK(!can_learn("def Predict():\n s1 = dot(v0, v1)\ndef Learn():\n v1 = v1 + v0\n")); /* no label */
    CHECK(!can_learn("def Predict():\n s1 = norm(v1)\ndef Learn():\n v2 = s0 * v0\n v1 = v1 + v2\n")); /* no features */
    CHECK(!can_learn("def Predict():\n s1 = norm(v0)\ndef Learn():\n v2 = s0 * v0\n v1 = v1 + v2\n")); /* nothing learned */
    CHECK(!can_learn("def Setup():\n v1 = uniform(0, 1)\ndef Predict():\n s1 = dot(v0, v1)\n")); /* no Learn */
    CHECK(!can_learn(""));
    /* features that Learn kept are those of another example */
    CHECK(!can_learn("def Predict():\n s1 = norm(v1)\ndef Learn():\n v1 = s0 * v0\n"));
    /* a label is there in Learn only */
    CHECK(!can_learn("def Predict():\n s1 = norm(v0)\n s1 = s1 + s0\n"));
    CHECK(can_learn("def Predict():\n s1 = norm(v0)\n s1 = s1 + s2\ndef Learn():\n s2 = s0 + s2\n"));
    /* in a roundabout way, that takes three examples; wiped out on the way; but a part of it stays */
    CHECK(can_learn("def Predict():\n s1 = norm(v0)\n s1 = s1 + s4\ndef Learn():\n s4 = s3 + s3\n s3 = s2 + s2\n s2 = s0 + s1\n"));
    CHECK(!can_learn("def Predict():\n s1 = norm(v0)\n s4 = 2\n s1 = s1 + s4\ndef Learn():\n s4 = s0 + s1\n"));
    CHECK(can_learn("def Predict():\n s1 = norm(v0)\n v1[0.5] = 2\n s2 = norm(v1)\n s1 = s1 + s2\ndef Learn():\n v1 = bcast(s0)\n"));

    amlz_dims dims = dims_of(AMLZ_MULTICLASS, 4, 2, 4, 1);
    dims.n_classes = 3;
    amlz_program program = program_of("def Predict():\n v2 = dot(m0, v0)\ndef Learn():\n m0 = outer(v1, v0)\n", 4);
    CHECK(amlz_program_can_learn(&program, &dims));
    program = program_of("def Predict():\n v2 = dot(m0, v0)\ndef Learn():\n m0 = outer(v3, v0)\n", 4);
    CHECK(!amlz_program_can_learn(&program, &dims));
    program.code[AMLZ_LEARN][0].out = 9;
    CHECK_EQ_INT(amlz_program_can_learn(&program, &dims), 0);
    CHECK_EQ_INT(amlz_program_can_learn(NULL, &dims), 0);
    /* more addresses than a word has bits */
    dims = dims_of(AMLZ_REGRESSION, 4, 200, 200, 200);
    program = program_of("def Predict():\n s1 = dot(v0, v199)\ndef Learn():\n v198 = s0 * v0\n v199 = v199 + v198\n", 4);
    CHECK(amlz_program_can_learn(&program, &dims));
    program.code[AMLZ_LEARN][1].in1 = program.code[AMLZ_LEARN][1].in2 = 197;
    CHECK(!amlz_program_can_learn(&program, &dims));
}

/* The prediction on x after so many examples with these labels. */
static double predict_after(const amlz_program *program, const amlz_dims *dims, const double *labels, const double *x)
{
    amlz_learner_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims = *dims;
    config.precision = AMLZ_FLOAT64;
    const size_t size = amlz_learner_size(&config, NULL);
    amlz_learner *learner = amlz_learner_init(block_new(size), size, &config, program, NULL);
    double prediction = 0;
    for (int i = 0; i < 4; i++) {
        const double features[] = {0.5 + i, -1.5, 0.25 * i, 2};
        amlz_learner_learn_f64(learner, features, labels[i], NULL);
    }
    amlz_learner_predict_f64(learner, x, &prediction);
    blocks_free();
    return prediction;
}

/* No program whose predictions change with the features and with the labels is said to be unable to learn. */
static void test_who_learns_can_learn(void)
{
    static const double labels[4] = {1, -0.5, 3, 0.25}, other_labels[4] = {-2, 4, 0.125, 1};
    static const double x[4] = {1, 0.5, -2, 0.75}, other_x[4] = {-0.5, 3, 1, 0.1};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 1);
    const amlz_space space = space_of(&dims, 0, 8, 8);
    unsigned learned = 0, unable = 0;
    for (uint64_t seed = 0; seed < 6000; seed++) {
        const amlz_program program = random_program(&space, seed);
        const uint64_t base = bits_of(predict_after(&program, &dims, labels, x));
        const int learns = base != bits_of(predict_after(&program, &dims, other_labels, x)) &&
                           base != bits_of(predict_after(&program, &dims, labels, other_x));
        const int can = amlz_program_can_learn(&program, &dims);
        CHECK(can || !learns);
        learned += (unsigned)learns;
        unable += (unsigned)!can;
    }
    CHECK(learned > 10);
    CHECK(unable > 1000);
}

int main(void)
{
    test_by_hand();
    test_memories_of_a_word();
    test_labels();
    test_paper();
    test_simplify_arguments();
    test_dead_code_has_no_effect();
    test_can_learn();
    test_who_learns_can_learn();
    return check_report("liveness");
}
