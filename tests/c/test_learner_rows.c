/* Many examples by one call: the same bits as one by one, and a learner that is only looked at. */
#include "fixtures.h"

enum { MAX_ROWS = 40, MAX_OUT = 8, STRIDE_MORE = 3 };

static amlz_learner_config config_of(const amlz_dims *dims, amlz_precision precision, uint64_t seed)
{
    amlz_learner_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims = *dims;
    config.precision = (uint8_t)precision;
    config.keep_dead_code = (uint8_t)(seed % 3 == 0);
    config.variant = (uint8_t)(seed % 2 == 0 ? AMLZ_VARIANT_AUTO : AMLZ_VARIANT_BASELINE);
    config.seed = seed;
    config.task = (uint32_t)seed % 5;
    return config;
}

/* A learner in a block whose bytes can be compared. */
typedef struct held {
    amlz_learner *learner;
    unsigned char *memory;
    size_t size;
} held;

static held hold(const amlz_learner_config *config, const amlz_program *program)
{
    held h;
    h.size = amlz_learner_size(config, NULL);
    h.memory = block_new(h.size);
    h.learner = amlz_learner_init(h.memory, h.size, config, program, NULL);
    if (!CHECK(h.learner != NULL)) {
        exit(1);
    }
    return h;
}

/* Rows, wider than they need to be, and their labels; in both precisions. */
typedef struct rows {
    uint32_t n_features, n_out;
    size_t stride;
    double *x, *y;
    float *x32, *y32;
} rows;

static rows rows_new(const amlz_dims *dims, uint64_t seed)
{
    rows r = {dims->n_features, dims->label == AMLZ_MULTICLASS ? dims->n_classes : 1, dims->n_features + STRIDE_MORE,
              NULL, NULL, NULL, NULL};
    r.x = numbers_new(MAX_ROWS * r.stride);
    r.y = numbers_new(MAX_ROWS);
    r.x32 = (float *)(void *)numbers_new(MAX_ROWS * r.stride);
    r.y32 = (float *)(void *)numbers_new(MAX_ROWS);
    for (size_t i = 0; i < MAX_ROWS * r.stride; i++) {
        r.x32[i] = (float)draw_real(&seed);
        r.x[i] = (double)r.x32[i];
    }
    for (size_t i = 0; i < MAX_ROWS; i++) {
        r.y[i] = dims->label == AMLZ_REGRESSION ? r.x[i * r.stride]
                                                : (double)draw_below(&seed, dims->label == AMLZ_BINARY ? 2 : dims->n_classes);
        r.y32[i] = (float)r.y[i];
    }
    return r;
}

static void widen(int precision, const float *from, double *to, size_t n)
{
    for (size_t i = 0; precision == AMLZ_FLOAT32 && i < n; i++) {
        to[i] = (double)from[i];
    }
}

static void predict_one(amlz_learner *learner, int precision, const rows *r, size_t row, double *out)
{
    float out32[MAX_OUT];
    CHECK_EQ_INT(precision == AMLZ_FLOAT64 ? amlz_learner_predict_f64(learner, r->x + row * r->stride, out)
                                           : amlz_learner_predict_f32(learner, r->x32 + row * r->stride, out32),
                 AMLZ_OK);
    widen(precision, out32, out, r->n_out);
}

static void learn_one(amlz_learner *learner, int precision, const rows *r, size_t row, double *out)
{
    float out32[MAX_OUT];
    CHECK_EQ_INT(precision == AMLZ_FLOAT64 ? amlz_learner_learn_f64(learner, r->x + row * r->stride, r->y[row], out)
                                           : amlz_learner_learn_f32(learner, r->x32 + row * r->stride, r->y32[row], out32),
                 AMLZ_OK);
    widen(precision, out32, out, r->n_out);
}

static void predict_many(const amlz_learner *learner, int precision, int how, const rows *r, size_t n, double *out)
{
    float out32[MAX_ROWS * MAX_OUT];
    const size_t size = amlz_learner_scratch_size(learner);
    void *scratch = block_new(size);
    CHECK_EQ_INT(precision == AMLZ_FLOAT64
                     ? amlz_learner_predict_many_f64(learner, how, r->x, r->stride, n, out, scratch, size)
                     : amlz_learner_predict_many_f32(learner, how, r->x32, r->stride, n, out32, scratch, size),
                 AMLZ_OK);
    widen(precision, out32, out, n * r->n_out);
}

static void learn_many(amlz_learner *learner, int precision, const rows *r, size_t n, double *out)
{
    float out32[MAX_ROWS * MAX_OUT];
    CHECK_EQ_INT(precision == AMLZ_FLOAT64
                     ? amlz_learner_learn_many_f64(learner, r->x, r->stride, r->y, n, out)
                     : amlz_learner_learn_many_f32(learner, r->x32, r->stride, r->y32, n, out == NULL ? NULL : out32),
                 AMLZ_OK);
    if (out != NULL) {
        widen(precision, out32, out, n * r->n_out);
    }
}

static unsigned differing(const double *a, const double *b, size_t n)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < n; i++) {
        wrong += bits_of(a[i]) != bits_of(b[i]);
    }
    return wrong;
}

/* Learns by many rows and by one after the other, and predicts in all ways that there are. Gives how many rows differ
 * between the two ways to see memory. */
static unsigned compare(const amlz_dims *dims, int precision, const amlz_program *program, uint64_t seed)
{
    enum { N_LEARNED = 7, N = 9 };
    const amlz_learner_config config = config_of(dims, (amlz_precision)precision, seed);
    const rows r = rows_new(dims, seed);
    const size_t n_out = r.n_out;
    held many = hold(&config, program), single = hold(&config, program);
    double learned[N * MAX_OUT], expected[N * MAX_OUT], alone[N * MAX_OUT], in_turn[N * MAX_OUT], again[N * MAX_OUT];

    learn_many(many.learner, precision, &r, N_LEARNED, learned);
    for (size_t i = 0; i < N_LEARNED; i++) {
        learn_one(single.learner, precision, &r, i, expected + i * n_out);
    }
    unsigned wrong = differing(learned, expected, N_LEARNED * n_out);

    unsigned char *before = block_new(many.size);
    memcpy(before, many.memory, many.size);
    predict_many(many.learner, precision, AMLZ_ROWS_ALONE, &r, N, alone);
    predict_many(many.learner, precision, AMLZ_ROWS_IN_TURN, &r, N, in_turn);
    predict_many(many.learner, precision, AMLZ_ROWS_ALONE, &r, N, again);
    wrong += memcmp(before, many.memory, many.size) != 0;
    wrong += differing(alone, again, N * n_out);

    for (size_t i = 0; i < N; i++) { /* each row by a learner that has only learned */
        held fresh = hold(&config, program);
        for (size_t k = 0; k < N_LEARNED; k++) {
            learn_one(fresh.learner, precision, &r, k, again);
        }
        predict_one(fresh.learner, precision, &r, i, expected + i * n_out);
    }
    wrong += differing(alone, expected, N * n_out);
    for (size_t i = 0; i < N; i++) {
        predict_one(single.learner, precision, &r, i, expected + i * n_out);
    }
    wrong += differing(in_turn, expected, N * n_out);
    if (!CHECK_EQ_INT(wrong, 0)) {
        printf("  label %d, float%d, seed %d\n%s", dims->label, precision == AMLZ_FLOAT64 ? 64 : 32, (int)seed,
               text_of(program));
    }
    wrong = differing(alone, in_turn, N * n_out);
    blocks_free();
    return wrong;
}

static void test_random_programs(void)
{
    unsigned differ = 0;
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            const amlz_dims dims = dims_of((amlz_label)label, 5, 4, 5, 2);
            const amlz_space space = space_of(&dims, 0, 12, 9);
            for (uint64_t seed = 0; seed < 300; seed++) {
                const amlz_program program = random_program(&space, seed);
                differ += compare(&dims, precision, &program, seed) != 0;
            }
        }
    }
    CHECK(differ > 100); /* so it was seen that rows are restored */
}

/* Programs in which a row would see what the row before it left, each by another way. */
static void test_what_is_carried(void)
{
    static const char *const carrying[] = {
        "def Setup():\n s3 = 1.0\ndef Predict():\n s2 = s2 + s3\n s1 = s2 + s4\n", /* a sum that grows */
        "def Predict():\n s1 = norm(v1)\n v1 = v1 + v0\n",                    /* read first, written last */
        "def Predict():\n s1 = norm(v1)\n v1[0.5] = 2.0\ndef Learn():\n v1 = v1 - v1\n", /* an element */
        "def Predict():\n s2 = norm(v0)\n s1 = s1 + s2\n",                    /* the prediction itself */
        "def Predict():\n s2 = gaussian(0, 1)\n s3 = norm(v0)\n s1 = s2 + s3\n", /* draws go on */
        "def Predict():\n m1 = m1 + m0\n m0 = outer(v0, v0)\n s1 = norm(m1)\n",
    };
    static const char *const not_carrying[] = {
        "def Setup():\n s3 = 0.1\ndef Predict():\n s2 = norm(v0)\n s2 = s2 * s3\n s1 = s2 + s3\n",
        "def Predict():\n v1 = v0 + v0\n v1 = v1 + v0\n s1 = norm(v1)\n",
        "def Learn():\n s1 = 0.5\n", /* Predict does not write what it predicts */
    };
    const amlz_dims dims = dims_of(AMLZ_BINARY, 4, 5, 4, 2);
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        for (size_t i = 0; i < sizeof carrying / sizeof *carrying; i++) {
            const amlz_program program = program_of(carrying[i], 4);
            CHECK(compare(&dims, precision, &program, i) > 0);
        }
        for (size_t i = 0; i < sizeof not_carrying / sizeof *not_carrying; i++) {
            const amlz_program program = program_of(not_carrying[i], 4);
            CHECK_EQ_INT(compare(&dims, precision, &program, i), 0);
        }
    }
}

/* By hand: s1 = the sum of what was seen; alone each row sees the learner's sum, which is 10. */
static void test_by_hand(void)
{
    const amlz_program program = program_of("def Setup():\n s2 = 10.0\ndef Predict():\n s3 = dot(v0, v1)\n s2 = s2 + s3\n"
                                            " s1 = s2 + s4\n v1 = v2 + v3\n",
                                            2);
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 2, 5, 4, 0);
    const amlz_learner_config config = config_of(&dims, AMLZ_FLOAT64, 0);
    const double x[] = {1, 2, 3, 4, 5, 6}, ones[] = {1, 1};
    double out[3];
    held h = hold(&config, &program);
    const size_t size = amlz_learner_scratch_size(h.learner);
    void *scratch = block_new(size);
    CHECK_EQ_INT(amlz_learner_set(h.learner, AMLZ_VECTOR, 1, ones), AMLZ_OK);
    CHECK_EQ_INT(amlz_learner_set(h.learner, AMLZ_VECTOR, 2, ones), AMLZ_OK);
    CHECK_EQ_INT(amlz_learner_predict_many_f64(h.learner, AMLZ_ROWS_ALONE, x, 2, 3, out, scratch, size), AMLZ_OK);
    CHECK(out[0] == 13 && out[1] == 17 && out[2] == 21);
    CHECK_EQ_INT(amlz_learner_predict_many_f64(h.learner, AMLZ_ROWS_IN_TURN, x, 2, 3, out, scratch, size), AMLZ_OK);
    CHECK(out[0] == 13 && out[1] == 20 && out[2] == 31);
    CHECK_EQ_INT(amlz_learner_predict_many_f64(h.learner, AMLZ_ROWS_ALONE, x, 0, 3, out, scratch, size), AMLZ_OK);
    CHECK(out[0] == 13 && out[1] == 13 && out[2] == 13); /* a stride of 0: the same row */
    blocks_free();
}

static void test_refusals(void)
{
    const amlz_program program = program_of("def Learn():\n s1 = s0 + s1\n", 2);
    const amlz_dims dims = dims_of(AMLZ_BINARY, 2, 3, 2, 0);
    const amlz_learner_config config = config_of(&dims, AMLZ_FLOAT32, 0);
    const float x[] = {1, 2, 3, 4}, good[] = {1, 0}, bad[] = {1, 0.5F};
    const double wide[] = {1, 2};
    float out[2] = {7, 7};
    double wide_out[1] = {7};
    held h = hold(&config, &program);
    const size_t size = amlz_learner_scratch_size(h.learner);
    unsigned char *scratch = block_new(size), *before = block_new(h.size);
    amlz_learner *l = h.learner;
    memcpy(before, h.memory, h.size);
    CHECK_EQ_INT(amlz_learner_scratch_size(NULL) == 0, 1);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(NULL, 0, x, 2, 2, out, scratch, size), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(l, 0, NULL, 2, 2, out, scratch, size), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(l, 0, x, 2, 2, NULL, scratch, size), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(l, 2, x, 2, 2, out, scratch, size), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(l, -1, x, 2, 2, out, scratch, size), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_many_f64(l, 0, wide, 2, 1, wide_out, scratch, size), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(l, 0, x, 2, 2, out, NULL, size), AMLZ_ERROR_MEMORY);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(l, 0, x, 2, 2, out, scratch, size - 1), AMLZ_ERROR_MEMORY);
    CHECK_EQ_INT(amlz_learner_learn_many_f32(l, x, 2, bad, 2, out), AMLZ_ERROR_DATA);
    CHECK_EQ_INT(amlz_learner_learn_many_f32(l, x, 2, NULL, 2, out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_learn_many_f32(NULL, x, 2, good, 2, out), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_learner_learn_many_f64(l, wide, 2, wide, 1, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK(memcmp(before, h.memory, h.size) == 0);
    CHECK(out[0] == 7 && out[1] == 7 && wide_out[0] == 7);
    CHECK_EQ_INT(amlz_learner_predict_many_f32(l, 0, x, 2, 0, out, scratch, size), AMLZ_OK); /* no rows */
    CHECK_EQ_INT(amlz_learner_learn_many_f32(l, x, 2, bad, 1, NULL), AMLZ_OK);               /* only the first label */
    blocks_free();
}

int main(void)
{
    test_by_hand();
    test_random_programs();
    test_what_is_carried();
    test_refusals();
    CHECK_MAIN_END("learner_rows")
