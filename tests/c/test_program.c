/* amlz_dims_check, amlz_space_check, amlz_program_check: each refusal and each boundary; equal, hash, random. */
#include <float.h>

#include "fixtures.h"

/* A reason is a sentence that has this word in it. */
static void check_dims(amlz_dims dims, const char *word)
{
    const char *reason = "untouched";
    const amlz_status status = amlz_dims_check(&dims, &reason);
    CHECK_EQ_INT(amlz_dims_check(&dims, NULL), status);
    if (word == NULL) {
        CHECK_EQ_INT(status, AMLZ_OK);
        CHECK(reason == NULL);
    } else if (!(CHECK_EQ_INT(status, AMLZ_ERROR_ARGUMENT) && CHECK(reason != NULL && strstr(reason, word) != NULL))) {
        printf("  expected a reason with %s\n", word);
    }
}

static void test_dims(void)
{
    const amlz_dims base = dims_of(AMLZ_REGRESSION, 4, 4, 3, 1), classes = dims_of(AMLZ_MULTICLASS, 4, 2, 3, 0);
    amlz_dims d;
    check_dims(base, NULL);
    check_dims(classes, NULL);
#define WITH(start, member, value, word) (d = (start), d.member = (value), check_dims(d, word))
    WITH(base, n_features, 0, "n_features");
    WITH(base, n_features, 1, NULL);
    WITH(base, n_features, 4096, NULL);
    WITH(base, n_features, AMLZ_MAX_FEATURES, NULL);
    WITH(base, n_features, AMLZ_MAX_FEATURES + 1, "n_features");
    WITH(base, n_scalars, 0, "n_scalars");
    WITH(base, n_scalars, 1, "n_scalars");
    WITH(base, n_scalars, 2, NULL);
    WITH(base, n_scalars, 256, NULL);
    WITH(base, n_scalars, 257, "n_scalars");
    WITH(base, n_vectors, 0, "n_vectors");
    WITH(base, n_vectors, 1, NULL);
    WITH(base, n_vectors, 256, NULL);
    WITH(base, n_vectors, 257, "n_vectors");
    WITH(base, n_matrices, 0, NULL);
    WITH(base, n_matrices, 256, NULL);
    WITH(base, n_matrices, 257, "n_matrices");
    WITH(base, label, AMLZ_BINARY, NULL);
    WITH(base, label, 3, "label");
    WITH(base, n_classes, 2, "n_classes");
    WITH(classes, n_classes, 0, "n_classes");
    WITH(classes, n_classes, 1, "n_classes");
    WITH(classes, n_classes, 2, NULL);
    WITH(classes, n_classes, 4, NULL);
    WITH(classes, n_classes, 5, "n_classes");
    WITH(classes, n_vectors, 2, "n_vectors");
    WITH(classes, n_vectors, 3, NULL);
    CHECK_EQ_INT(amlz_dims_check(NULL, NULL), AMLZ_ERROR_ARGUMENT);
}

static void check_space(const amlz_space *space, const char *word)
{
    const char *reason = "untouched";
    const amlz_status status = amlz_space_check(space, &reason);
    CHECK_EQ_INT(amlz_space_check(space, NULL), status);
    if (word == NULL) {
        CHECK_EQ_INT(status, AMLZ_OK);
        CHECK(reason == NULL);
    } else if (!(CHECK_EQ_INT(status, AMLZ_ERROR_ARGUMENT) && CHECK(reason != NULL && strstr(reason, word) != NULL))) {
        printf("  expected a reason with %s\n", word);
    }
}

static void test_space(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 1);
    const uint8_t matrix_sum = 39, vector_sum = 23, matrix_norm = 34, scalar_sum = 1;
    const amlz_space base = space_of(&dims, 1, 10, 5);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz_space s = base;
        amlz_function_space *function = &s.function[f];
        check_space(&s, NULL);
        function->max_size = AMLZ_CAPACITY;
        check_space(&s, NULL);
        function->max_size = AMLZ_CAPACITY + 1;
        check_space(&s, "max_size");
        s = base;
        function->min_size = 11;
        check_space(&s, "min_size");
        function->min_size = function->max_size = function->init_size = 0;
        check_space(&s, NULL);
        s = base;
        function->init_size = 0;
        check_space(&s, "init_size");
        function->init_size = 11;
        check_space(&s, "init_size");
        function->init_size = 10;
        check_space(&s, NULL);
        s = base;
        function->ops[3] = (uint8_t)amlz_op_count();
        check_space(&s, "ops");
        function->ops[3] = function->ops[4];
        check_space(&s, "ops");
        s = base;
        function->n_ops = (uint16_t)(amlz_op_count() + 1);
        check_space(&s, "n_ops");
        function->n_ops = AMLZ_MAX_OPS + 1;
        check_space(&s, "n_ops");
        function->n_ops = 0;
        check_space(&s, NULL);
    }
    /* ops that have nothing to read or to write */
    amlz_space s = base;
    s.dims.n_matrices = 0;
    check_space(&s, "ops");
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        set_ops(&s.function[f], &scalar_sum, 1);
    }
    check_space(&s, NULL);
    set_ops(&s.function[1], &matrix_sum, 1);
    check_space(&s, "ops");
    set_ops(&s.function[1], &matrix_norm, 1);
    check_space(&s, "ops");
    set_ops(&s.function[1], &vector_sum, 1);
    check_space(&s, NULL);
    s.dims.n_vectors = 1; /* v0 cannot be written */
    check_space(&s, "ops");
    s = base;
    s.dims.n_features = 0;
    check_space(&s, "n_features");
    CHECK_EQ_INT(amlz_space_check(NULL, NULL), AMLZ_ERROR_ARGUMENT);
}

/* Puts x behind `before` instructions that are right, and checks. NULL: it is accepted. */
static void check_instruction(const amlz_dims *dims, amlz_instruction x, const char *word)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (uint16_t before = 0; before < AMLZ_CAPACITY; before = (uint16_t)(before + AMLZ_CAPACITY - 1)) {
            amlz_program program;
            amlz_error error = {77, 77, "untouched"};
            memset(&program, 0, sizeof program);
            program.code[f][before] = x;
            program.size[f] = (uint16_t)(before + 1);
            const amlz_status status = amlz_program_check(&program, dims, &error);
            CHECK_EQ_INT(amlz_program_check(&program, dims, NULL), status);
            if (word == NULL) {
                CHECK_EQ_INT(status, AMLZ_OK);
                CHECK(error.line == 77 && error.column == 77); /* left alone */
            } else {
                CHECK_EQ_INT(status, AMLZ_ERROR_PROGRAM);
                CHECK_EQ_INT(error.line, before + 1);
                CHECK_EQ_INT(error.column, 0);
                if (!CHECK(strstr(error.message, word) != NULL)) {
                    printf("  expected %s in: %s\n", word, error.message);
                }
            }
        }
    }
}

static void test_addresses(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 2), full = dims_of(AMLZ_REGRESSION, 1, 256, 256, 256);
    const amlz_dims classes = dims_of(AMLZ_MULTICLASS, 4, 4, 4, 2), none = dims_of(AMLZ_REGRESSION, 4096, 2, 1, 0);
#define CODE(...) ((amlz_instruction){__VA_ARGS__, {0, 0, 0}})
    check_instruction(&dims, CODE(0, 0, 0, 0), NULL);
    check_instruction(&dims, CODE(1, 3, 3, 3), NULL);
    check_instruction(&dims, CODE(1, 4, 3, 3), "out of range");
    check_instruction(&dims, CODE(1, 3, 4, 3), "out of range");
    check_instruction(&dims, CODE(1, 3, 3, 4), "out of range");
    check_instruction(&dims, CODE(28, 1, 2, 2), NULL); /* m1 = outer(v2, v2) */
    check_instruction(&dims, CODE(28, 2, 2, 2), "out of range");
    check_instruction(&dims, CODE(28, 1, 3, 2), "out of range");
    check_instruction(&dims, CODE(28, 1, 2, 3), "out of range");
    check_instruction(&dims, CODE(31, 2, 1, 2), NULL); /* v2 = dot(m1, v2) */
    check_instruction(&dims, CODE(31, 2, 2, 2), "out of range");
    check_instruction(&full, CODE(1, 255, 255, 255), NULL);
    check_instruction(&full, CODE(23, 255, 255, 255), NULL);
    check_instruction(&full, CODE(39, 255, 255, 255), NULL);
    check_instruction(&none, CODE(37, 0, 0, 0), "out of range");
    /* labels and features are read, not written */
    check_instruction(&dims, CODE(1, 1, 0, 0), NULL);
    check_instruction(&dims, CODE(1, 0, 1, 1), "must not write");
    check_instruction(&dims, CODE(23, 1, 0, 0), NULL);
    check_instruction(&dims, CODE(23, 0, 1, 1), "must not write");
    check_instruction(&dims, CODE(39, 0, 1, 1), NULL);
    check_instruction(&classes, CODE(1, 0, 1, 1), "must not write");
    check_instruction(&classes, CODE(23, 0, 1, 1), "must not write");
    check_instruction(&classes, CODE(23, 1, 0, 0), "must not write");
    check_instruction(&classes, CODE(23, 2, 1, 1), NULL);
    check_instruction(&classes, CODE(57, 1, 0, 0), "must not write");
    check_instruction(&classes, CODE(63, 0, 0, 0), "must not write");
    /* what an op does not use is 0 */
    check_instruction(&dims, CODE(5, 1, 1, 1), "must be 0");
    check_instruction(&dims, CODE(56, 1, 1, 0), "must be 0");
    check_instruction(&dims, CODE(0, 1, 0, 0), "must be 0");
    /* ops that there are not */
    check_instruction(&dims, CODE(65, 1, 0, 0), "unknown op");
    check_instruction(&dims, CODE(255, 1, 0, 0), "unknown op");
}

static void test_constants(void)
{
    static const double not_finite[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 2);
    for (int id = 0; id < amlz_op_count(); id++) {
        const amlz_op_info *info = amlz_op(id);
        for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
            amlz_instruction x = {(uint8_t)id, info->out == AMLZ_NONE ? 0 : 1, 0, 0, {0, 0, 0}};
            const int kind = info->constant[c];
            check_instruction(&dims, x, NULL);
            for (int i = 0; i < 3; i++) {
                x.constant[c] = not_finite[i];
                check_instruction(&dims, x, "finite");
            }
            x.constant[c] = -0.0;
            check_instruction(&dims, x, kind == AMLZ_CONSTANT_NONE ? "must be 0" : NULL);
            x.constant[c] = 5e-324;
            check_instruction(&dims, x, kind == AMLZ_CONSTANT_NONE ? "must be 0" : NULL);
            x.constant[c] = -5e-324;
            check_instruction(&dims, x, kind == AMLZ_CONSTANT_NONE    ? "must be 0"
                                        : kind == AMLZ_CONSTANT_INDEX ? "[0, 1)"
                                        : kind == AMLZ_CONSTANT_STDEV ? "negative"
                                                                      : NULL);
            const char *from_1_on = kind == AMLZ_CONSTANT_NONE    ? "must be 0"
                                    : kind == AMLZ_CONSTANT_INDEX ? "[0, 1)"
                                                                  : NULL;
            x.constant[c] = DBL_MAX;
            check_instruction(&dims, x, from_1_on);
            x.constant[c] = 1;
            check_instruction(&dims, x, from_1_on);
            if (kind == AMLZ_CONSTANT_INDEX) {
                x.constant[c] = 1 - 0x1p-53;
                check_instruction(&dims, x, NULL);
            }
        }
    }
}

static void test_program_arguments(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 2);
    amlz_dims bad = dims;
    amlz_program program;
    amlz_error error = {0, 0, ""};
    memset(&program, 0, sizeof program);
    CHECK_EQ_INT(amlz_program_check(&program, &dims, NULL), AMLZ_OK); /* an empty program */
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        program.size[f] = AMLZ_CAPACITY;
        CHECK_EQ_INT(amlz_program_check(&program, &dims, &error), AMLZ_OK);
        program.size[f] = AMLZ_CAPACITY + 1;
        CHECK_EQ_INT(amlz_program_check(&program, &dims, &error), AMLZ_ERROR_PROGRAM);
        CHECK(error.message[0] != 0);
        program.size[f] = 65535;
        CHECK_EQ_INT(amlz_program_check(&program, &dims, &error), AMLZ_ERROR_PROGRAM);
        program.size[f] = 0;
    }
    bad.n_scalars = 1;
    CHECK_EQ_INT(amlz_program_check(&program, &bad, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_check(&program, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_check(NULL, &dims, NULL), AMLZ_ERROR_ARGUMENT);
    program.size[AMLZ_LEARN] = AMLZ_CAPACITY + 1;
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    amlz_program out;
    CHECK_EQ_INT(amlz_program_live(&program, &dims, live), AMLZ_ERROR_PROGRAM);
    CHECK_EQ_INT(amlz_program_simplify(&program, &dims, &out), AMLZ_ERROR_PROGRAM);
    CHECK_EQ_INT(amlz_program_live(NULL, &dims, live), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_live(&program, NULL, live), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_simplify(&program, &dims, NULL), AMLZ_ERROR_ARGUMENT);
}

/* Each field of each live instruction counts; what lies behind a function's end does not. */
static void test_equal_and_hash(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 256, 256, 256);
    const amlz_space space = space_of(&dims, 5, 5, 5);
    for (uint64_t seed = 0; seed < 50; seed++) {
        const amlz_program a = random_program(&space, seed);
        amlz_program b = a;
        memset(&b.code[AMLZ_SETUP][5], 0x5a, sizeof b.code[AMLZ_SETUP][5]);
        CHECK(amlz_program_equal(&a, &b));
        CHECK_EQ_U64(amlz_program_hash(&a), amlz_program_hash(&b));
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            for (int field = 0; field < 8; field++) {
                amlz_instruction *x = &b.code[f][(seed + (uint64_t)field) % 5];
                uint8_t *const bytes[] = {&x->op, &x->out, &x->in1, &x->in2};
                b = a;
                if (field < 4) {
                    *bytes[field] ^= 1;
                } else if (field < 7) {
                    x->constant[field - 4] = x->constant[field - 4] == 0 ? -0.0 : nextafter(x->constant[field - 4], 9);
                } else {
                    b.size[f]--;
                }
                CHECK(!amlz_program_equal(&a, &b));
                CHECK(amlz_program_hash(&a) != amlz_program_hash(&b));
            }
        }
        b = a; /* the same instructions elsewhere are another program */
        b.size[AMLZ_PREDICT]--;
        b.code[AMLZ_LEARN][b.size[AMLZ_LEARN]++] = a.code[AMLZ_PREDICT][4];
        CHECK(!amlz_program_equal(&a, &b));
        CHECK(amlz_program_hash(&a) != amlz_program_hash(&b));
    }
}

static void test_random(void)
{
    const amlz_dims dims = dims_of(AMLZ_MULTICLASS, 5, 5, 5, 2);
    amlz_space space = space_of(&dims, 0, 20, 7);
    amlz_program a, b;
    space.function[AMLZ_LEARN].init_size = 20;
    for (uint64_t seed = 0; seed < 200; seed++) {
        memset(&a, 0, sizeof a);
        memset(&b, 0xff, sizeof b);
        CHECK_EQ_INT(amlz_program_random(&space, seed, &a), AMLZ_OK);
        CHECK_EQ_INT(amlz_program_random(&space, seed, &b), AMLZ_OK);
        CHECK(amlz_program_equal(&a, &b)); /* whatever was there before */
        CHECK_EQ_INT(amlz_program_check(&a, &dims, NULL), AMLZ_OK);
        CHECK_EQ_INT(a.size[AMLZ_SETUP], 7);
        CHECK_EQ_INT(a.size[AMLZ_LEARN], 20);
        CHECK_EQ_INT(amlz_program_random(&space, seed + 1, &b), AMLZ_OK);
        CHECK(!amlz_program_equal(&a, &b));
    }
    space.function[AMLZ_PREDICT].n_ops = 0;
    b = program_of("def Predict():\n  s1 = s2 + s3\n", 5);
    CHECK_EQ_INT(amlz_program_random(&space, 1, &b), AMLZ_OK);
    CHECK_EQ_INT(b.size[AMLZ_PREDICT], 1);
    CHECK_EQ_INT(b.code[AMLZ_PREDICT][0].op, 1);
    CHECK_EQ_INT(b.size[AMLZ_LEARN], 20);
    space.dims.n_scalars = 0;
    a = b;
    CHECK_EQ_INT(amlz_program_random(&space, 2, &b), AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_program_equal(&a, &b));
    CHECK_EQ_INT(amlz_program_random(&space, 2, NULL), AMLZ_ERROR_ARGUMENT);
}

int main(void)
{
    test_dims();
    test_space();
    test_addresses();
    test_constants();
    test_program_arguments();
    test_equal_and_hash();
    test_random();
    return check_report("program");
}
