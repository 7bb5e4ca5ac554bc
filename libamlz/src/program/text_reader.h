/* The state of a text that is being read, and what parsing remembers to explain why a line is none. */
#ifndef AMLZ_TEXT_READER_H
#define AMLZ_TEXT_READER_H

#include <string.h>

#include "program/text.h"

/* What can be expected somewhere: a type of address, by amlz_type, or one of these. */
enum { EXPECT_NUMBER = AMLZ_MATRIX + 1, EXPECT_FUNCTION, EXPECT_END, EXPECT_COUNT };

/* Words and signs that one message can list; no place in the forms has more. */
#define LITERAL_COUNT 8

typedef struct text_reader {
    const char *at, *text_end;    /* the rest of the text */
    const char *line, *line_end;  /* the line that is read, without its comment */
    const char *first;            /* what stands first in it */
    uint32_t line_number;
    uint32_t n_features;
    const char *furthest;               /* where forms failed so far, those that got furthest; NULL: none has */
    unsigned expected;                  /* what they expected there, a bit each */
    const char *literal[LITERAL_COUNT]; /* words and signs that they expected; pointers into forms */
    int n_literals;
    const char *refusal;                /* a reason that says more than all that; NULL: none */
} text_reader;

static inline int text_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline int text_is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/* Length of the word at `at`, 0 if there is none; end may be NULL for what ends with a NUL. */
static inline size_t text_word_length(const char *at, const char *end)
{
    size_t length = 0;
    while (at + length != end && (text_is_letter(at[length]) || text_is_digit(at[length]) || at[length] == '.')) {
        length++;
    }
    return length;
}

/* Length of what a form has as one piece at `at`: a word or a sign. */
static inline size_t text_literal_length(const char *form)
{
    const size_t length = text_word_length(form, NULL);
    return length > 0 ? length : 1;
}

static inline int text_is_same(const char *a, size_t a_length, const char *b, size_t b_length)
{
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static inline const char *text_skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    return at;
}

/* The three ways to note that a form failed at `at` return 0, so that a caller can return what they do. */
int amlz__text_fail_expecting(text_reader *reader, const char *at, int what);
int amlz__text_fail_refusing(text_reader *reader, const char *at, const char *refusal);
int amlz__text_fail_literal(text_reader *reader, const char *at, const char *literal);

/* 1 if what was found stands for the word or sign of a form: the same, or another spelling of it. */
int amlz__text_stands_for(const char *found, size_t found_length, const char *literal, size_t length);

/* Writes why no form fits the line. */
void amlz__text_describe(const text_reader *reader, text_writer *message);

#endif
