/* What printing and parsing programs have in common. */
#ifndef AMLZ_TEXT_H
#define AMLZ_TEXT_H

#include "program/ops.h"

/* "def Setup():" ..., by amlz_function */
extern const char *const amlz__text_header_forms[AMLZ_FUNCTION_COUNT];

/* " svm", by amlz_type */
extern const char amlz__text_type_letters[];

/* A text that is cut off where its room ends; length counts on. */
typedef struct text_writer {
    char *buffer;
    size_t size, length;
} text_writer;

void amlz__text_write_bytes(text_writer *writer, const char *bytes, size_t count);
void amlz__text_write_string(text_writer *writer, const char *string);
/* Puts the NUL, in the place of the last byte if need be. */
void amlz__text_write_end(text_writer *writer);

/* What a mark of a form ($o, $1, $2) stands for; AMLZ_NONE and NULL for $c. */
int amlz__text_operand_type(const amlz_op_info *info, char mark);
uint8_t *amlz__text_operand(amlz_instruction *instruction, char mark);

/* The last character of the optional part of a form that `at` leads into. */
const char *amlz__text_skip_optional(const char *at);

/* NULL, or why a number cannot be a constant of this kind. */
const char *amlz__text_constant_fault(int kind, double x);

#endif
