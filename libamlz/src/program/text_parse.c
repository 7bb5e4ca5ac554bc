/* Text to programs. A line is tried against the form of every op (text in ops.def) until one fits to its end. The
 * length given is the text's only end, and everything but comments must be ASCII. */
#include <string.h>

#include "base/portability.h"
#include "program/decimal.h"
#include "program/text_reader.h"

static const char *const function_names[AMLZ_FUNCTION_COUNT] = {"Setup", "Predict", "Learn"};

/* Each match_ function reads one thing at *at, moves *at behind it and returns 1, or notes a failure and returns 0. */

static int match_address(text_reader *reader, const char **at, int type, uint8_t *address)
{
    const size_t word = text_word_length(*at, reader->line_end);
    unsigned number = 0;
    if (word < 2 || **at != amlz__text_type_letters[type]) {
        return amlz__text_fail_expecting(reader, *at, type);
    }
    for (size_t i = 1; i < word; i++) {
        if (!text_is_digit((*at)[i])) {
            return amlz__text_fail_expecting(reader, *at, type);
        }
        if (number < AMLZ_MAX_ADDRESSES) {
            number = number * 10 + (unsigned)((*at)[i] - '0');
        }
    }
    if (number >= AMLZ_MAX_ADDRESSES) {
        return amlz__text_fail_refusing(reader, *at, "address over 255");
    }
    *address = (uint8_t)number;
    *at += word;
    return 1;
}

static int match_constant(text_reader *reader, const char **at, int kind, double *constant)
{
    double value = -1;
    const size_t length = amlz__decimal_parse(*at, (size_t)(reader->line_end - *at), &value);
    if (length == 0 && kind != AMLZ_CONSTANT_INDEX) {
        return amlz__text_fail_expecting(reader, *at, EXPECT_NUMBER);
    }
    if (kind == AMLZ_CONSTANT_INDEX && length > 0) {
        size_t digits = 0;
        while (digits < length && text_is_digit((*at)[digits])) {
            digits++;
        }
        if (digits == length) { /* a whole number: the middle of its place, or what is refused below */
            value = value < reader->n_features ? (value + 0.5) / reader->n_features : -1;
        }
    }
    const char *fault = amlz__text_constant_fault(kind, value);
    if (fault != NULL) {
        return amlz__text_fail_refusing(reader, *at, fault);
    }
    *constant = value;
    *at += length;
    return 1;
}

/* A word or a sign of a form; in an op's form a name before a parenthesis counts as a function. */
static int match_literal(text_reader *reader, const char **at, const char *form, int of_op)
{
    const size_t length = text_literal_length(form);
    size_t found = text_word_length(*at, reader->line_end);
    if (found == 0 && *at < reader->line_end) {
        found = 1;
    }
    if (!amlz__text_stands_for(*at, found, form, length)) {
        const int is_name = of_op && text_is_letter(*form) && form[length] == '(';
        return is_name ? amlz__text_fail_expecting(reader, *at, EXPECT_FUNCTION) : amlz__text_fail_literal(reader, *at, form);
    }
    *at += found;
    return 1;
}

/* Matches the whole line. info and instruction are NULL for a form without marks. */
static int match_form(text_reader *reader, const char *form, const amlz_op_info *info, amlz_instruction *instruction)
{
    const char *at = reader->first;
    int constants = 0;
    while (*form != '\0') {
        at = text_skip_space(at, reader->line_end);
        if (*form == ' ' || *form == '}' || *form == '>') {
            form++;
        } else if (*form == '{' || *form == '<') {
            const int stands = at < reader->line_end && *at == form[1];
            form = stands ? form + 1 : amlz__text_skip_optional(form) + 1;
        } else if (*form == '$') {
            const char mark = form[1];
            if (mark == 'c') {
                const int i = constants++;
                if (!match_constant(reader, &at, info->constant[i], &instruction->constant[i])) {
                    return 0;
                }
            } else if (!match_address(reader, &at, amlz__text_operand_type(info, mark),
                                      amlz__text_operand(instruction, mark))) {
                return 0;
            }
            form += 2;
        } else {
            if (!match_literal(reader, &at, form, info != NULL)) {
                return 0;
            }
            form += text_literal_length(form);
        }
    }
    at = text_skip_space(at, reader->line_end);
    return at == reader->line_end || amlz__text_fail_expecting(reader, at, EXPECT_END);
}

/* Fills in the error: before, name and after make the message, or describe does if before is NULL. */
static amlz_status fail_line(const text_reader *reader, amlz_error *error, const char *at, const char *before,
                             const char *name, const char *after)
{
    if (error != NULL) {
        text_writer writer = {error->message, sizeof error->message, 0};
        error->line = reader->line_number;
        error->column = (uint32_t)(at - reader->line) + 1;
        if (before == NULL) {
            amlz__text_describe(reader, &writer);
        } else {
            amlz__text_write_string(&writer, before);
            amlz__text_write_string(&writer, name);
            amlz__text_write_string(&writer, after);
        }
        amlz__text_write_end(&writer);
    }
    return AMLZ_ERROR_SYNTAX;
}

#define STRINGIFY(x) STRINGIFY_(x)
#define STRINGIFY_(x) #x

/* Moves on to the next line; 0 at the end of the text. */
static int next_line(text_reader *reader)
{
    const char *end = reader->at, *comment = NULL;
    if (reader->at == reader->text_end) {
        return 0;
    }
    reader->line = reader->at;
    reader->line_number++;
    while (end != reader->text_end && *end != '\n') {
        if (*end == '#' && comment == NULL) {
            comment = end;
        }
        end++;
    }
    reader->at = end == reader->text_end ? end : end + 1;
    if (end > reader->line && end[-1] == '\r') {
        end--;
    }
    reader->line_end = comment != NULL ? comment : end;
    reader->first = text_skip_space(reader->line, reader->line_end);
    reader->furthest = NULL;
    return 1;
}

/* Which function's header the line is, -1 if none. */
static int match_header(text_reader *reader)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (match_form(reader, amlz__text_header_forms[f], NULL, NULL)) {
            return f;
        }
    }
    return -1;
}

static int match_instruction(text_reader *reader, amlz_instruction *instruction)
{
    for (int op = 0; op < OPS_COUNT; op++) {
        memset(instruction, 0, sizeof *instruction); /* padding too */
        instruction->op = (uint8_t)op;
        if (OPS_HAS(op) && match_form(reader, amlz__ops_table[op]->text, amlz__ops_table[op], instruction)) {
            return 1;
        }
    }
    return 0;
}

/* Reads all lines; program NULL: only to find errors. */
static amlz_status parse_program(text_reader *reader, amlz_program *program, amlz_error *error)
{
    unsigned seen[AMLZ_FUNCTION_COUNT] = {0}, size[AMLZ_FUNCTION_COUNT] = {0};
    int function = -1;
    while (next_line(reader)) {
        amlz_instruction instruction;
        if (reader->first == reader->line_end) {
            continue;
        }
        if (text_is_same(reader->first, text_word_length(reader->first, reader->line_end), "def", 3)) {
            function = match_header(reader);
            if (function < 0) {
                return fail_line(reader, error, reader->furthest, NULL, NULL, NULL);
            }
            if (seen[function]++) {
                const char *name = text_skip_space(reader->first + 3, reader->line_end);
                return fail_line(reader, error, name, "function ", function_names[function], " stands twice");
            }
        } else if (function < 0) {
            amlz__text_fail_refusing(reader, reader->first, "expected 'def Setup():', 'def Predict():' or 'def Learn():'");
            return fail_line(reader, error, reader->first, NULL, NULL, NULL);
        } else if (size[function] == AMLZ_CAPACITY) {
            return fail_line(reader, error, reader->first, "more than " STRINGIFY(AMLZ_CAPACITY) " instructions in ",
                             function_names[function], "");
        } else if (!match_instruction(reader, &instruction)) {
            return fail_line(reader, error, reader->furthest, NULL, NULL, NULL);
        } else {
            if (program != NULL) {
                memcpy(&program->code[function][size[function]], &instruction, sizeof instruction);
                program->size[function]++;
            }
            size[function]++;
        }
    }
    return AMLZ_OK;
}

amlz_status amlz_program_parse(const char *text, size_t length, uint32_t n_features, amlz_program *program,
                               amlz_error *error)
{
    if (program == NULL || (text == NULL && length > 0) || n_features > AMLZ_MAX_FEATURES) {
        if (error != NULL) {
            text_writer writer = {error->message, sizeof error->message, 0};
            error->line = error->column = 0;
            amlz__text_write_string(&writer, "text and program must be given, and n_features be at most "
                                       STRINGIFY(AMLZ_MAX_FEATURES));
            amlz__text_write_end(&writer);
        }
        return AMLZ_ERROR_ARGUMENT;
    }
    text_reader start, reader;
    memset(&start, 0, sizeof start);
    start.at = text != NULL ? text : "";
    start.text_end = start.at + length;
    start.n_features = n_features;

    const port_fp_state caller = port_fp_enter();
    reader = start;
    /* read twice, so that a program of the caller's stays as it was and none need stand on the stack */
    const amlz_status status = parse_program(&reader, NULL, error);
    if (status == AMLZ_OK) {
        memset(program, 0, sizeof *program);
        reader = start;
        parse_program(&reader, program, NULL);
    }
    port_fp_leave(caller);
    return status;
}
