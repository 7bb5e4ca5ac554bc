/* amlz_program_parse on text that is no program: where the error is said to be and why, and that nothing else is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amlz.h"
#include "check.h"

#define INDEX_MESSAGE "expected an index in [0, 1) or, with the number of features given, a whole number below F"
#define LINE_MESSAGE "expected a scalar (s0, s1, ...), a vector (v0, v1, ...), a matrix (m0, m1, ...) or 'no_op'"
#define HEADER_MESSAGE "expected 'def Setup():', 'def Predict():' or 'def Learn():'"

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

static void expect_error(const char *text, size_t length, uint32_t n_features, unsigned line, unsigned column,
                         const char *message)
{
    amlz_program program, before;
    amlz_error error;
    memset(&program, 0x77, sizeof program);
    memset(&before, 0x77, sizeof before);
    memset(&error, 0x77, sizeof error);
    CHECK_EQ_INT(parse_bytes(text, length, n_features, &program, &error), AMLZ_ERROR_SYNTAX);
    CHECK(memcmp(&program, &before, sizeof before) == 0);
    CHECK_EQ_INT(error.line, line);
    CHECK_EQ_INT(error.column, column);
    CHECK(memchr(error.message, '\0', sizeof error.message) != NULL && strcmp(error.message, message) == 0);
    if (error.line != line || error.column != column || strcmp(error.message, message) != 0) {
        printf("  %s\n  %u:%u: %.160s\n", text, (unsigned)error.line, (unsigned)error.column, error.message);
    }
    CHECK_EQ_INT(parse_bytes(text, length, n_features, &program, NULL), AMLZ_ERROR_SYNTAX);
}

static void expect_line_error(const char *line, uint32_t n_features, unsigned column, const char *message)
{
    char text[400];
    sprintf(text, "def Predict():\n  s1 = s2 + s3\n%s\n  s1 = s2 + s3\n", line);
    expect_error(text, strlen(text), n_features, 3, column, message);
}

static void test_lines(void)
{
    static const struct {
        const char *line;
        unsigned column;
        const char *message;
    } cases[] = {
        {"foo", 1, LINE_MESSAGE},
        {"  S1 = 3", 3, LINE_MESSAGE},
        {" pass", 2, LINE_MESSAGE},
        {"s = 3", 1, LINE_MESSAGE},
        {"= 3", 1, LINE_MESSAGE},
        {"no_op 1", 7, "expected the end of the line"},
        {"s1", 3, "expected '='"},
        {"s1 # = 3", 4, "expected '='"},
        {"v1", 3, "expected '=' or '['"},
        {"s1 + s2", 4, "expected '='"},
        {"s1 =", 5, "expected a scalar (s0, s1, ...), a number or a function"},
        {"v1 =", 5, "expected a scalar (s0, s1, ...), a vector (v0, v1, ...), a function or '1'"},
        {"m1 =", 5, "expected a scalar (s0, s1, ...), a matrix (m0, m1, ...), a function or '1'"},
        {"s1 = nan", 6, "expected a scalar (s0, s1, ...), a number or a function"},
        {"s1 = v2 + s3", 6, "expected a scalar (s0, s1, ...), a number or a function"},
        {"s1 = s2", 8, "expected '+', '-', '*' or '/'"},
        {"s1 = s2 ^ s3", 9, "expected '+', '-', '*' or '/'"},
        {"s1 = s2 + v3", 11, "expected a scalar (s0, s1, ...)"},
        {"v1 = s2 + v3", 9, "expected '*'"},
        {"v1 = s2 * s3", 11, "expected a vector (v0, v1, ...)"},
        {"m1 = s2 * s3", 11, "expected a matrix (m0, m1, ...)"},
        {"s1 = s2 + s3 + s4", 14, "expected the end of the line"},
        {"s1 = s2 + s3x", 11, "expected a scalar (s0, s1, ...)"},
        {"s1 = foo(s2)", 6, "unknown function 'foo'"},
        {"s1 = Dot(v1, v2)", 6, "unknown function 'Dot'"},
        {"s1 = foo (", 6, "unknown function 'foo'"},
        {"s1 = foo", 6, "expected a scalar (s0, s1, ...), a number or a function"},
        {"s1 = outer(v1, v2)", 6, "function 'outer' does not give a scalar"},
        {"v1 = sin(v2)", 6, "function 'sin' does not give a vector"},
        {"m1 = log(m2)", 6, "function 'log' does not give a matrix"},
        {"s1 = dot(v1 v2)", 13, "expected ','"},
        {"s1 = dot(v1, s2)", 14, "expected a vector (v0, v1, ...)"},
        {"s1 = dot(v1, v2", 16, "expected ')'"},
        {"s1 = dot v1, v2", 10, "expected '('"},
        {"s1 = dot(v1, v2))", 17, "expected the end of the line"},
        {"v1 = dot(v1, v2)", 10, "expected a matrix (m0, m1, ...)"},
        {"s1 = max(v1, v2)", 10, "expected a scalar (s0, s1, ...)"},
        {"v1 = norm(m1, 0)", 15, "expected 'axis'"},
        {"v1 = norm(m1, axis=2)", 20, "expected '0' or '1'"},
        {"s1 = heaviside(s2, 2.0)", 20, "expected '1.0'"},
        {"s1 = s256", 6, "address over 255"},
        {"s4294967297 = 1", 1, "address over 255"},
        {"v99999999999999999999 = bcast(s1)", 1, "address over 255"},
        {"s1 = dot(v1, v300)", 14, "address over 255"},
        {"s1 = 1e309", 6, "constant too large"},
        {"s1 = -1e999999999999999999", 6, "constant too large"},
        {"s1 = 1.2.3", 9, "expected the end of the line"},
        {"s1 = 0x10", 7, "expected the end of the line"},
        {"s1 = - 1", 6, "expected a scalar (s0, s1, ...), a number or a function"},
        {"s1 = 1.0 / s2", 10, "expected the end of the line"},
        {"s1 = 1 / v2", 10, "expected a scalar (s0, s1, ...)"},
        {"s1 = uniform(0.1)", 17, "expected ','"},
        {"s1 = uniform(0.1, x)", 19, "expected a number"},
        {"s1 = uniform(1e400, 2)", 14, "constant too large"},
        {"s1 = gaussian(0.1, -1e-400x", 27, "expected ')'"},
        {"s1 = gaussian(0.1, -0.2)", 20, "standard deviation below 0"},
        {"s1 = gaussian(0.1, 0.2, n_features)", 23, "expected ')'"},
        {"v1 = gaussian(0.1, 0.2, n_feature)", 25, "expected 'n_features'"},
        {"m1 = gaussian(0.1, 0.2, n_features)", 25, "expected '('"},
        {"v3[1.0] = 2", 4, INDEX_MESSAGE},
        {"v3[-0.5] = 2", 4, INDEX_MESSAGE},
        {"v3[x] = 2", 4, INDEX_MESSAGE},
        {"v3[] = 2", 4, INDEX_MESSAGE},
        {"v3[0.5, 0.5] = 2", 7, "expected ']'"},
        {"m3[0.5] = 2", 7, "expected ','"},
        {"m3[0.5, 1e0] = 2", 9, INDEX_MESSAGE},
        {"v3[0.5] = s2", 11, "expected a number"},
        {"s3[0.5] = 1", 3, "expected '='"},
        {"def", 4, "expected 'Setup', 'Predict' or 'Learn'"},
        {"def Train():", 5, "expected 'Setup', 'Predict' or 'Learn'"},
        {"def learn():", 5, "expected 'Setup', 'Predict' or 'Learn'"},
        {"def Learn:", 10, "expected '('"},
        {"def Learn(x):", 11, "expected ')'"},
        {"def Learn()", 12, "expected ':'"},
        {"def Learn(): no_op", 14, "expected the end of the line"},
        {"def Predict():", 5, "function Predict stands twice"},
        {"  def  Predict():", 8, "function Predict stands twice"},
        {"Def Learn():", 1, LINE_MESSAGE},
        {"s1 = s2 \r + s3", 9, "byte 0x0D is not allowed outside comments"},
        {"s1 = \xce\xb1", 6, "byte 0xCE is not allowed outside comments"},
        {"s1 = s2 + s3 \x7f", 14, "byte 0x7F is not allowed outside comments"},
        {"\x0bs1 = s2 + s3", 1, "byte 0x0B is not allowed outside comments"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_line_error(cases[i].line, 0, cases[i].column, cases[i].message);
        expect_line_error(cases[i].line, 8, cases[i].column, cases[i].message);
    }
    expect_line_error("v3[0] = 2", 0, 4, INDEX_MESSAGE);
    expect_line_error("v3[5] = 2", 0, 4, INDEX_MESSAGE);
    expect_line_error("v3[8] = 2", 8, 4, INDEX_MESSAGE);
    expect_line_error("v3[99999999999999999999999] = 2", 8, 4, INDEX_MESSAGE);
    expect_line_error("v3[+5] = 2", 8, 4, INDEX_MESSAGE);
    expect_line_error("v3[5.0] = 2", 8, 4, INDEX_MESSAGE);
    expect_line_error("m3[7, 8] = 2", 8, 7, INDEX_MESSAGE);
}

static void test_texts(void)
{
    static const char zero[] = "def Setup():\n  s1 = \0 0.5\n", zero_at_end[] = "def Setup():\n  s1 = 0.5\n\0";
    static const char mark[] = "\xef\xbb\xbf" "def Setup():\n";
    char *text = malloc(400 + 8 * (AMLZ_CAPACITY + 1)), message[100];
    int count = 0;
    expect_error("s1 = 0.5\n", 9, 0, 1, 1, HEADER_MESSAGE);
    expect_error("\n\r\n  # x\n  pass", 15, 0, 4, 3, HEADER_MESSAGE);
    expect_error(zero, sizeof zero - 1, 0, 2, 8, "byte 0x00 is not allowed outside comments");
    expect_error(zero_at_end, sizeof zero_at_end - 1, 0, 3, 1,
                 "byte 0x00 is not allowed outside comments");
    expect_error(mark, sizeof mark - 1, 0, 1, 1, "byte 0xEF is not allowed outside comments");

    /* names of any length, also longer than a message */
    if (text == NULL) {
        abort();
    }
    memset(text, 'x', 400);
    memcpy(text, "def Learn():\ns1 = ", 18);
    text[399] = '(';
    expect_error(text, 400, 0, 2, 6,
                 "unknown function 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'");

    /* a full function and one instruction more */
    count = sprintf(text, "def Setup():\nno_op\ndef Learn():\n");
    for (int i = 0; i < AMLZ_CAPACITY; i++) {
        count += sprintf(text + count, " no_op\n");
    }
    {
        amlz_program program;
        CHECK_EQ_INT(parse_bytes(text, (size_t)count, 0, &program, NULL), AMLZ_OK);
        CHECK_EQ_INT(program.size[AMLZ_LEARN], AMLZ_CAPACITY);
    }
    count += sprintf(text + count, " no_op\n");
    sprintf(message, "more than %d instructions in Learn", AMLZ_CAPACITY);
    expect_error(text, (size_t)count, 0, AMLZ_CAPACITY + 4, 2, message);
    free(text);
}

static void test_arguments(void)
{
    amlz_program program;
    amlz_error error;
    memset(&error, 0x77, sizeof error);
    CHECK_EQ_INT(amlz_program_parse("", 0, 0, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.line, 0);
    CHECK_EQ_INT(error.column, 0);
    CHECK(strlen(error.message) > 10);
    CHECK_EQ_INT(amlz_program_parse(NULL, 1, 0, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_parse("", 0, AMLZ_MAX_FEATURES + 1, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_parse("", 0, AMLZ_MAX_FEATURES, &program, NULL), AMLZ_OK);
}

/* Whatever the text: no crash, a program that prints or an error with a place in the text, and the same twice. */
static void expect_sane(const char *text, size_t length)
{
    static char out[1 << 16];
    amlz_program program, again;
    amlz_error error;
    size_t printed = 0;
    amlz_status status;
    memset(&error, 0, sizeof error);
    status = parse_bytes(text, length, 8, &program, &error);
    if (status == AMLZ_OK) {
        CHECK_EQ_INT(amlz_program_print(&program, out, sizeof out, &printed), AMLZ_OK);
        CHECK_EQ_INT(parse_bytes(out, printed, 0, &again, NULL), AMLZ_OK);
        CHECK(memcmp(&program, &again, sizeof again) == 0);
    } else {
        CHECK_EQ_INT(status, AMLZ_ERROR_SYNTAX);
        CHECK(error.line >= 1 && error.line <= length + 1 && error.column >= 1 && error.column <= length + 1);
        CHECK(strlen(error.message) > 10 && strlen(error.message) < sizeof error.message - 1);
    }
}

static void test_damage(void)
{
    static const char text[] =
        "def Setup():\n  m1 = gaussian(-1e-10, 9e-09, (n_features, n_features))\r\n  v3[0.25] = -2.4 # c\n"
        "def Predict():\n  v6 = dot(m1, v0)\n\tv7 = max(v1, v6)\ndef Learn():\n  m1[5, 2] = 1\n"
        "  v4 = heaviside(v3, 1.0)\n";
    const size_t length = sizeof text - 1;
    char changed[sizeof text];
    for (size_t i = 0; i <= length; i++) {
        expect_sane(text, i);
        expect_sane(text + i, length - i);
    }
    for (size_t i = 0; i < length; i++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(changed, text, length);
            changed[i] = (char)byte;
            expect_sane(changed, length);
        }
        memcpy(changed, text, length); /* one byte left out */
        memmove(changed + i, changed + i + 1, length - i - 1);
        expect_sane(changed, length - 1);
    }
}

int main(void)
{
    test_lines();
    test_texts();
    test_arguments();
    test_damage();
    return check_report("text_errors");
}
