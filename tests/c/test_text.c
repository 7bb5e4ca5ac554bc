/* amlz_program_print and amlz_program_parse. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amlz.h"
#include "check.h"

static uint64_t random_state = 42;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(2685821657736338717);
}

static unsigned random_below(unsigned limit) { return (unsigned)((random_bits() >> 32) % limit); }

/* Parses a copy that ends where the text ends, so that a sanitizer sees a byte read too many. */
static amlz_status parse_bytes(const char *text, size_t length, uint32_t n_features, amlz_program *program,
                               amlz_error *error)
{
    char *copy = malloc(length > 0 ? length : 1);
    amlz_status status;
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, length);
    status = amlz_program_parse(copy, length, n_features, program, error);
    free(copy);
    return status;
}

static amlz_status parse(const char *text, uint32_t n_features, amlz_program *program)
{
    amlz_error error;
    const amlz_status status = parse_bytes(text, strlen(text), n_features, program, &error);
    CHECK_EQ_INT(status, AMLZ_OK);
    if (status != AMLZ_OK) {
        printf("  %u:%u: %s\n%s", (unsigned)error.line, (unsigned)error.column, error.message, text);
    }
    return status;
}

static char *print(const amlz_program *program)
{
    static char text[1 << 16];
    CHECK(amlz_program_text_size() <= sizeof text);
    CHECK_EQ_INT(amlz_program_print(program, text, sizeof text, NULL), AMLZ_OK);
    return text;
}

static void expect_text(const char *text, const char *expected)
{
    CHECK(strcmp(text, expected) == 0);
    if (strcmp(text, expected) != 0) {
        printf("  got:\n%s\n  expected:\n%s\n", text, expected);
    }
}

/* How each op is written with out 3, in1 1, in2 2 and constants: index .25 and .75, real -2.4 and 5e-324, stdev .5. */
static const char *const op_texts[] = {
    "no_op", "s3 = s1 + s2", "s3 = s1 - s2", "s3 = s1 * s2", "s3 = s1 / s2", "s3 = abs(s1)", "s3 = 1 / s1",
    "s3 = sin(s1)", "s3 = cos(s1)", "s3 = tan(s1)", "s3 = arcsin(s1)", "s3 = arccos(s1)", "s3 = arctan(s1)",
    "s3 = exp(s1)", "s3 = log(s1)", "s3 = heaviside(s1, 1.0)", "v3 = heaviside(v1, 1.0)", "m3 = heaviside(m1, 1.0)",
    "v3 = s1 * v2", "v3 = bcast(s1)", "v3 = 1 / v1", "s3 = norm(v1)", "v3 = abs(v1)", "v3 = v1 + v2", "v3 = v1 - v2",
    "v3 = v1 * v2", "v3 = v1 / v2", "s3 = dot(v1, v2)", "m3 = outer(v1, v2)", "m3 = s1 * m2", "m3 = 1 / m1",
    "v3 = dot(m1, v2)", "m3 = bcast(v1, axis=0)", "m3 = bcast(v1, axis=1)", "s3 = norm(m1)", "v3 = norm(m1, axis=0)",
    "v3 = norm(m1, axis=1)", "m3 = transpose(m1)", "m3 = abs(m1)", "m3 = m1 + m2", "m3 = m1 - m2", "m3 = m1 * m2",
    "m3 = m1 / m2", "m3 = matmul(m1, m2)", "s3 = minimum(s1, s2)", "v3 = minimum(v1, v2)", "m3 = minimum(m1, m2)",
    "s3 = maximum(s1, s2)", "v3 = maximum(v1, v2)", "m3 = maximum(m1, m2)", "s3 = mean(v1)", "s3 = mean(m1)",
    "v3 = mean(m1, axis=1)", "v3 = std(m1, axis=1)", "s3 = std(v1)", "s3 = std(m1)", "s3 = -2.4", "v3[0.25] = -2.4",
    "m3[0.25, 0.75] = -2.4", "s3 = uniform(-2.4, 5e-324)", "v3 = uniform(-2.4, 5e-324)", "m3 = uniform(-2.4, 5e-324)",
    "s3 = gaussian(-2.4, 0.5)", "v3 = gaussian(-2.4, 0.5)", "m3 = gaussian(-2.4, 0.5)"};
#define OP_TEXTS ((int)(sizeof op_texts / sizeof op_texts[0]))

/* A program whose Predict is this one instruction; all its other bytes are 0. */
static amlz_instruction *single(amlz_program *program, int op)
{
    const amlz_op_info *info = amlz_op(op);
    amlz_instruction *instruction = &program->code[AMLZ_PREDICT][0];
    int indexes = 0, reals = 0;
    memset(program, 0, sizeof *program);
    program->size[AMLZ_PREDICT] = 1;
    instruction->op = (uint8_t)op;
    instruction->out = info->out != AMLZ_NONE ? 3 : 0;
    instruction->in1 = info->in1 != AMLZ_NONE ? 1 : 0;
    instruction->in2 = info->in2 != AMLZ_NONE ? 2 : 0;
    for (int i = 0; i < AMLZ_CONSTANT_COUNT; i++) {
        switch (info->constant[i]) {
        case AMLZ_CONSTANT_REAL: instruction->constant[i] = reals++ == 0 ? -2.4 : 5e-324; break;
        case AMLZ_CONSTANT_INDEX: instruction->constant[i] = indexes++ == 0 ? 0.25 : 0.75; break;
        case AMLZ_CONSTANT_STDEV: instruction->constant[i] = 0.5; break;
        default: break;
        }
    }
    return instruction;
}

static void test_each_op(void)
{
    char expected[200];
    amlz_program program, back;
    CHECK_EQ_INT(amlz_op_count(), OP_TEXTS);
    for (int op = 0; op < OP_TEXTS; op++) {
        single(&program, op);
        sprintf(expected, "def Setup():\ndef Predict():\n  %s\ndef Learn():\n", op_texts[op]);
        expect_text(print(&program), expected);
        memset(&back, 0xa5, sizeof back);
        if (parse(expected, 0, &back) == AMLZ_OK) {
            CHECK(memcmp(&program, &back, sizeof back) == 0); /* unused fields, padding and all */
        }
    }
}

static double random_constant(int kind)
{
    static const double extremes[] = {0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, DBL_MIN, DBL_MAX, -DBL_MAX, DBL_EPSILON,
                                      0.9999999999999999, 2.2250738585072011e-308, 1e16, 1e-5};
    double x = 0;
    uint64_t bits;
    for (;;) {
        if (random_below(2) == 0) {
            x = extremes[random_below(sizeof extremes / sizeof extremes[0])];
        } else {
            bits = random_bits();
            if (random_below(2) == 0) { /* near 1 */
                bits = (bits & UINT64_C(0x803fffffffffffff)) | UINT64_C(0x3fc0000000000000);
            }
            memcpy(&x, &bits, sizeof x);
        }
        if (x - x == 0 && (kind == AMLZ_CONSTANT_REAL || (kind == AMLZ_CONSTANT_STDEV && x >= 0) ||
                           (kind == AMLZ_CONSTANT_INDEX && x >= 0 && x < 1))) {
            return x;
        }
    }
}

static void random_instruction(amlz_instruction *instruction)
{
    const int op = (int)random_below((unsigned)amlz_op_count());
    const amlz_op_info *info = amlz_op(op);
    instruction->op = (uint8_t)op;
    instruction->out = info->out != AMLZ_NONE ? (uint8_t)random_below(256) : 0;
    instruction->in1 = info->in1 != AMLZ_NONE ? (uint8_t)random_below(256) : 0;
    instruction->in2 = info->in2 != AMLZ_NONE ? (uint8_t)random_below(256) : 0;
    for (int i = 0; i < AMLZ_CONSTANT_COUNT; i++) {
        if (info->constant[i] != AMLZ_CONSTANT_NONE) {
            instruction->constant[i] = random_constant(info->constant[i]);
        }
    }
}

static void random_program(amlz_program *program)
{
    memset(program, 0, sizeof *program);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        program->size[f] = (uint16_t)random_below(AMLZ_CAPACITY + 1);
        for (unsigned i = 0; i < program->size[f]; i++) {
            random_instruction(&program->code[f][i]);
        }
    }
}

static void test_round_trip(void)
{
    amlz_program program, back;
    for (int n = 0; n < 400; n++) {
        random_program(&program);
        memset(&back, 0x5a, sizeof back);
        if (parse(print(&program), n % 2 == 0 ? 0 : 7, &back) == AMLZ_OK) {
            CHECK(memcmp(&program, &back, sizeof back) == 0);
        }
    }
}

static void test_text_size(void)
{
    amlz_program program;
    size_t longest = 0, length = 0;
    for (int op = 0; op < amlz_op_count(); op++) { /* full of the longest line that the op can have */
        amlz_instruction *first = single(&program, op);
        const amlz_op_info *info = amlz_op(op);
        first->out = info->out != AMLZ_NONE ? 255 : 0;
        first->in1 = info->in1 != AMLZ_NONE ? 255 : 0;
        first->in2 = info->in2 != AMLZ_NONE ? 255 : 0;
        for (int i = 0; i < AMLZ_CONSTANT_COUNT; i++) {
            first->constant[i] = info->constant[i] == AMLZ_CONSTANT_NONE   ? 0
                                 : info->constant[i] == AMLZ_CONSTANT_REAL ? -DBL_MIN
                                                                           : DBL_MIN;
        }
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            program.size[f] = AMLZ_CAPACITY;
            for (int i = 0; i < AMLZ_CAPACITY; i++) {
                if (f != AMLZ_PREDICT || i > 0) {
                    program.code[f][i] = *first;
                }
            }
        }
        CHECK_EQ_INT(amlz_program_print(&program, NULL, 0, &length), AMLZ_ERROR_MEMORY);
        CHECK(length < amlz_program_text_size());
        longest = length > longest ? length : longest;
    }
    CHECK(amlz_program_text_size() < longest + longest / 8); /* not wildly larger than need be */
}

static void test_truncation(void)
{
    static char whole[1 << 16], part[1 << 16];
    amlz_program program;
    size_t length = 0, size;
    random_program(&program);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        program.size[f] = program.size[f] > 5 ? 5 : program.size[f];
    }
    CHECK_EQ_INT(amlz_program_print(&program, whole, sizeof whole, &length), AMLZ_OK);
    CHECK_EQ_U64(length, strlen(whole));
    for (size = 0; size <= length + 2; size++) {
        size_t told = 0;
        memset(part, '!', length + 4);
        CHECK_EQ_INT(amlz_program_print(&program, size > 0 ? part : NULL, size, &told),
                     size > length ? AMLZ_OK : AMLZ_ERROR_MEMORY);
        CHECK_EQ_U64(told, length);
        if (size > 0) {
            const size_t kept = size > length ? length : size - 1;
            CHECK(memcmp(part, whole, kept) == 0 && part[kept] == '\0');
        }
        CHECK(part[size > length ? length + 1 : size] == '!');
    }
}

static void test_print_refusals(void)
{
    const double infinite = HUGE_VAL;
    char text[64] = "as it was";
    amlz_program program;
    size_t length = 77;
    amlz_instruction *instruction = single(&program, 62);
    CHECK_EQ_INT(amlz_program_print(NULL, text, sizeof text, &length), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_print(&program, NULL, 1, &length), AMLZ_ERROR_ARGUMENT);
#define REFUSES(change)                                                                           \
    instruction = single(&program, 62);                                                           \
    change;                                                                                       \
    CHECK_EQ_INT(amlz_program_print(&program, text, sizeof text, &length), AMLZ_ERROR_PROGRAM);
    REFUSES(instruction->op = (uint8_t)amlz_op_count())
    REFUSES(instruction->op = 255)
    REFUSES(program.size[AMLZ_LEARN] = AMLZ_CAPACITY + 1)
    REFUSES(program.size[AMLZ_SETUP] = 65535)
    REFUSES(instruction->in1 = 1)
    REFUSES(instruction->in2 = 1)
    REFUSES(instruction->constant[0] = infinite)
    REFUSES(instruction->constant[0] = infinite - infinite)
    REFUSES(instruction->constant[1] = -1)
    REFUSES(instruction->constant[2] = -0.0)
    REFUSES(instruction->op = 57; instruction->constant[0] = 1)
    REFUSES(instruction->op = 57; instruction->constant[0] = -5e-324)
    CHECK_EQ_U64(length, 77);
    CHECK(strcmp(text, "as it was") == 0);
    memset(&program, 0, sizeof program);
    expect_text(print(&program), "def Setup():\ndef Predict():\ndef Learn():\n");
}

/* ---------------------------------------------------------------- reading what people write */

static const char figure_5[] =
    "def Setup():\n  m1 = gaussian(-1e-10, 9e-09)\n  s3 = 4.1\n  v4 = gaussian(-0.033, 0.01)\n"
    "def Predict():\n  v6 = dot(m1, v0)\n  v7 = maximum(v1, v6)      # the paper prints 0\n  s1 = dot(v7, v4)\n"
    "def Learn():\n  v3 = heaviside(v6, 1.0)\n  s1 = s0 - s1\n  s2 = s1 * s3\n  v2 = s2 * v3\n  v3 = v2 * v4\n"
    "  m0 = outer(v3, v0)\n  m1 = m1 + m0\n  v4 = v2 + v4\n";

static const char figure_s1a[] =
    "def Setup():\n  s4 = uniform(0.6, 0.2)\n  v3 = gaussian(0.7, 0.4)\n  v12 = gaussian(0.2, 0.6)\n"
    "  s1 = uniform(-0.1, -0.2)\n"
    "def Predict():\n  v1 = v0 - v9\n  v5 = v0 + v9\n  v6 = dot(m1, v5)\n  m1 = s2 * m2\n  s1 = dot(v6, v1)\n"
    "  s6 = cos(s4)\n"
    "def Learn():\n  s4 = s0 - s1\n  s3 = abs(s1)\n  m1 = outer(v1, v0)\n  s5 = sin(s4)\n  s2 = norm(m1)\n"
    "  s7 = s5 / s2\n  s4 = s4 + s6\n  v11 = s7 * v1\n  m1 = heaviside(m2)\n  m1 = outer(v11, v5)\n  m0 = m1 + m0\n"
    "  v9 = uniform(0.002, 0.7)\n  s7 = log(s0)\n  s4 = std(m0)\n  m2 = m2 + m0\n  m1 = s4 * m0\n";

static const char figure_s2a[] =
    "def Setup():\n  s3 = 0.004\n"
    "def Predict():\n  v7 = v5 - v0\n  v3 = dot(m0, v0)\n  s8 = s9 / s3\n  v3 = v3 + v1\n  m1 = heaviside(m3)\n"
    "  v4 = maximum(v3, v7)\n  s1 = dot(v4, v2)\n  s4 = log(s9)\n  v3 = bcast(s8)\n  s7 = std(v1)\n  v3 = v14 + v0\n"
    "  m2 = matmul(m0, m2)\n"
    "def Learn():\n  v1 = gaussian(-0.50, 0.41)\n  s4 = std(m0)\n  s4 = s0 - s1\n  v5 = gaussian(-0.48, 0.48)\n"
    "  m1 = transpose(m3)\n  s4 = s3 * s4\n  v15 = v15 * v6\n  v6 = s4 * v4\n  v2 = v2 + v6\n  v7 = s4 * v2\n"
    "  v8 = heaviside(v3)\n  v7 = v8 * v7\n  m1 = outer(v7, v0)\n  m0 = m0 + m1\n";

static void expect_ops(const char *text, const int *ops, const int *sizes)
{
    amlz_program program;
    if (AMLZ_CAPACITY < 16 || parse(text, 0, &program) != AMLZ_OK) { /* the longest function of the paper's */
        return;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        CHECK_EQ_INT(program.size[f], sizes[f]);
        for (int i = 0; i < program.size[f] && i < sizes[f]; i++) {
            CHECK_EQ_INT(program.code[f][i].op, *ops++);
        }
    }
}

static void test_paper(void)
{
    static const int ops_5[] = {64, 56, 63, 31, 48, 27, 16, 2, 3, 18, 25, 28, 39, 23}, sizes_5[] = {3, 3, 8};
    static const int ops_s1a[] = {59, 63, 63, 59, 24, 23, 31, 29, 27, 8,  2,  5,  28,
                                  7,  34, 4,  1,  18, 17, 28, 39, 60, 14, 55, 39, 29};
    static const int sizes_s1a[] = {4, 6, 16};
    static const int ops_s2a[] = {56, 24, 31, 4,  23, 17, 48, 27, 14, 19, 54, 23, 43, 63,
                                  55, 2,  63, 37, 3,  25, 18, 23, 18, 16, 25, 28, 39};
    static const int sizes_s2a[] = {1, 12, 14};
    amlz_program program;
    expect_ops(figure_5, ops_5, sizes_5);
    expect_ops(figure_s1a, ops_s1a, sizes_s1a);
    expect_ops(figure_s2a, ops_s2a, sizes_s2a);
    if (parse(figure_5, 0, &program) == AMLZ_OK) {
        const amlz_instruction *first = &program.code[AMLZ_SETUP][0], *relu = &program.code[AMLZ_PREDICT][1];
        CHECK_EQ_INT(first->out, 1);
        CHECK_EQ_F64BITS(first->constant[0], -1e-10);
        CHECK_EQ_F64BITS(first->constant[1], 9e-09);
        CHECK_EQ_INT(relu->out, 7);
        CHECK_EQ_INT(relu->in1, 1);
        CHECK_EQ_INT(relu->in2, 6);
    }
}

/* A line of any spelling and the text of the instruction that it is. */
static void expect_line(const char *line, uint32_t n_features, const char *canonical)
{
    char text[400], expected[400];
    amlz_program program;
    sprintf(text, "def Predict():\n%s\n", line);
    sprintf(expected, "def Setup():\ndef Predict():\n  %s\ndef Learn():\n", canonical);
    if (parse(text, n_features, &program) == AMLZ_OK) {
        expect_text(print(&program), expected);
    }
}

static void test_spellings(void)
{
    amlz_program program, other;
    expect_line("s1=s2+s3", 0, "s1 = s2 + s3");
    expect_line("\t s1\t=  s2  -s3  \t", 0, "s1 = s2 - s3");
    expect_line("s1 = s2 * s3# product", 0, "s1 = s2 * s3");
    expect_line("s1 = s2 * s3 # \xc3\xa9 \x01 # again", 0, "s1 = s2 * s3");
    expect_line("s1 = s2 / s3\r", 0, "s1 = s2 / s3");
    expect_line("s1 = s2 / s3 # comment\r", 0, "s1 = s2 / s3");
    expect_line("v1 = max(v2, v3)", 0, "v1 = maximum(v2, v3)");
    expect_line("m1 = min( m2 , m255 )", 0, "m1 = minimum(m2, m255)");
    expect_line("s1 = heaviside(s2)", 0, "s1 = heaviside(s2, 1.0)");
    expect_line("m1 = heaviside (m2 ,1.0)", 0, "m1 = heaviside(m2, 1.0)");
    expect_line("v1 = gaussian(0.1, 0.2, n_features)", 0, "v1 = gaussian(0.1, 0.2)");
    expect_line("m1 = gaussian(0.1, 0.2, (n_features, n_features))", 0, "m1 = gaussian(0.1, 0.2)");
    expect_line("v1 = uniform(-1, 1, n_features)", 0, "v1 = uniform(-1.0, 1.0)");
    expect_line("m1 = uniform(-1, 1,(n_features,n_features))", 0, "m1 = uniform(-1.0, 1.0)");
    expect_line("v1 = norm(m1,axis = 0)", 0, "v1 = norm(m1, axis=0)");
    expect_line("s1 = 1/s2", 0, "s1 = 1 / s2");
    expect_line("s1 = 1", 0, "s1 = 1.0");
    expect_line("s1 = -1", 0, "s1 = -1.0");
    expect_line("s1 = +.5E1", 0, "s1 = 5.0");
    expect_line("s1 = 1e-10", 0, "s1 = 1e-10");
    expect_line("s1 = -0", 0, "s1 = -0.0");
    expect_line("v3[0] = 5", 4, "v3[0.125] = 5.0");
    expect_line("v3[3] = 5", 4, "v3[0.875] = 5.0");
    expect_line("v3 [ 0.3 ] = 5", 4, "v3[0.3] = 5.0");
    expect_line("m1[5, 2] = -2.4", 8, "m1[0.6875, 0.3125] = -2.4");
    expect_line("m1[5, 0.2] = -2.4", 8, "m1[0.6875, 0.2] = -2.4");
    expect_line("\n\n  \n# nothing\n\r\nno_op\n", 0, "no_op");

    parse("", 0, &program);
    memset(&other, 0, sizeof other);
    CHECK(memcmp(&program, &other, sizeof other) == 0);
    CHECK_EQ_INT(amlz_program_parse(NULL, 0, 0, &program, NULL), AMLZ_OK);
    parse("def Learn():\n s2 = 3\ndef Setup ( ) :\r\n s1 = 2\n def Predict():", 0, &program); /* no last newline */
    expect_text(print(&program), "def Setup():\n  s1 = 2.0\ndef Predict():\ndef Learn():\n  s2 = 3.0\n");
}

/* A whole number becomes a fraction that stands for the same place, whatever F is. */
static void test_indexes(void)
{
    static const uint32_t sizes[] = {1, 2, 3, 5, 7, 8, 10, 31, 100, 769, 4096, 65535, 65536};
    char text[80];
    amlz_program program;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (uint32_t k = 0; k < sizes[i]; k += 1 + sizes[i] / 400) {
            const uint32_t last = sizes[i] - 1 - k;
            sprintf(text, "def Setup():\nm0[%u, %u] = 1", (unsigned)k, (unsigned)last);
            if (parse(text, sizes[i], &program) == AMLZ_OK) {
                const amlz_instruction *instruction = &program.code[AMLZ_SETUP][0];
                CHECK_EQ_INT((uint32_t)(instruction->constant[0] * sizes[i]), k);
                CHECK_EQ_INT((uint32_t)(instruction->constant[1] * sizes[i]), last);
                CHECK(instruction->constant[1] < 1);
            }
        }
    }
}

int main(void)
{
    test_each_op();
    test_round_trip();
    test_text_size();
    test_truncation();
    test_print_refusals();
    test_paper();
    test_spellings();
    test_indexes();
    return check_report("text");
}
