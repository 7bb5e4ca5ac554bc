/* Why a line of text is none: of all forms that it was tried against those that got furthest say what they expected. */
#include "program/text_reader.h"

static const char *const expectations[EXPECT_COUNT] = {
    NULL, "a scalar (s0, s1, ...)", "a vector (v0, v1, ...)", "a matrix (m0, m1, ...)", "a number", "a function",
    "the end of the line"};

/* Forgets what failed before `at` and says whether a failure there counts. */
static int is_furthest(text_reader *reader, const char *at)
{
    if (reader->furthest == NULL || at > reader->furthest) {
        reader->furthest = at;
        reader->expected = 0;
        reader->n_literals = 0;
        reader->refusal = NULL;
    }
    return at == reader->furthest;
}

int amlz__text_fail_expecting(text_reader *reader, const char *at, int what)
{
    if (is_furthest(reader, at)) {
        reader->expected |= 1U << what;
    }
    return 0;
}

int amlz__text_fail_refusing(text_reader *reader, const char *at, const char *refusal)
{
    if (is_furthest(reader, at) && reader->refusal == NULL) {
        reader->refusal = refusal;
    }
    return 0;
}

int amlz__text_fail_literal(text_reader *reader, const char *at, const char *literal)
{
    const size_t length = text_literal_length(literal);
    if (!is_furthest(reader, at)) {
        return 0;
    }
    for (int i = 0; i < reader->n_literals; i++) {
        if (text_is_same(literal, length, reader->literal[i], text_literal_length(reader->literal[i]))) {
            return 0;
        }
    }
    if (reader->n_literals < LITERAL_COUNT) {
        reader->literal[reader->n_literals++] = literal;
    }
    return 0;
}

int amlz__text_stands_for(const char *found, size_t found_length, const char *literal, size_t length)
{
    static const char *const spellings[][2] = {{"max", "maximum"}, {"min", "minimum"}};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        if (text_is_same(found, found_length, spellings[i][0], strlen(spellings[i][0])) &&
            text_is_same(literal, length, spellings[i][1], strlen(spellings[i][1]))) {
            return 1;
        }
    }
    return text_is_same(found, found_length, literal, length);
}

/* 1 if an op has this name for its function. */
static int is_function(const char *name, size_t length)
{
    for (int op = 0; op < OPS_COUNT; op++) {
        for (const char *form = OPS_HAS(op) ? amlz__ops_table[op]->text : ""; *form != '\0'; form += text_literal_length(form)) {
            const size_t word = text_literal_length(form);
            if (form[word] == '(' && amlz__text_stands_for(name, length, form, word)) {
                return 1;
            }
        }
    }
    return 0;
}

static int is_expected(const text_reader *reader, int what) { return (int)(reader->expected >> what & 1); }

static void describe_byte(text_writer *message, unsigned byte)
{
    static const char digits[] = "0123456789ABCDEF";
    amlz__text_write_string(message, "byte 0x");
    amlz__text_write_bytes(message, &digits[byte >> 4], 1);
    amlz__text_write_bytes(message, &digits[byte & 15], 1);
    amlz__text_write_string(message, " is not allowed outside comments");
}

static void describe_function(const text_reader *reader, text_writer *message, const char *name, size_t length)
{
    const int known = is_function(name, length);
    const char type = *reader->first;
    amlz__text_write_string(message, known ? "function '" : "unknown function '");
    amlz__text_write_bytes(message, name, length < 60 ? length : 60);
    amlz__text_write_string(message, known ? "' does not give " : "'");
    if (known) {
        amlz__text_write_string(message, type == 's' ? "a scalar" : type == 'v' ? "a vector" : "a matrix");
    }
}

/* "expected A, B or C" */
static void describe_expected(const text_reader *reader, text_writer *message)
{
    const char *item[EXPECT_COUNT + LITERAL_COUNT];
    int count = 0, phrases;
    for (int what = 0; what < EXPECT_COUNT; what++) {
        if (is_expected(reader, what)) {
            item[count++] = expectations[what];
        }
    }
    phrases = count;
    for (int i = 0; i < reader->n_literals; i++) {
        /* the 1 of 1 / s0 is a number too */
        if (!(text_is_digit(*reader->literal[i]) && is_expected(reader, EXPECT_NUMBER))) {
            item[count++] = reader->literal[i];
        }
    }
    for (int i = 0; i < count; i++) {
        amlz__text_write_string(message, i == 0 ? "expected " : i < count - 1 ? ", " : " or ");
        if (i < phrases) {
            amlz__text_write_string(message, item[i]);
        } else {
            amlz__text_write_string(message, "'");
            amlz__text_write_bytes(message, item[i], text_literal_length(item[i]));
            amlz__text_write_string(message, "'");
        }
    }
}

void amlz__text_describe(const text_reader *reader, text_writer *message)
{
    const char *at = reader->furthest, *end = reader->line_end;
    const size_t word = text_word_length(at, end);
    const char *after = text_skip_space(at + word, end);
    const int is_call = word > 0 && text_is_letter(*at) && after < end && *after == '(';
    if (at < end && (*at < ' ' || *at > '~')) {
        describe_byte(message, (unsigned char)*at);
    } else if (reader->refusal != NULL) {
        amlz__text_write_string(message, reader->refusal);
    } else if (is_call && is_expected(reader, EXPECT_FUNCTION)) {
        describe_function(reader, message, at, word);
    } else {
        describe_expected(reader, message);
    }
}
