/* Programs to text. What an op looks like is in ops.def alone: printing walks the op's form and fills it in. */
#include "program/text.h"

#include <string.h>

#include "base/portability.h"
#include "program/decimal.h"
#include "program/program.h"

const char *const amlz__text_header_forms[AMLZ_FUNCTION_COUNT] = {"def Setup():", "def Predict():", "def Learn():"};
const char amlz__text_type_letters[] = " svm";

uint8_t *amlz__text_operand(amlz_instruction *instruction, char mark)
{
    return mark == 'o' ? &instruction->out : mark == '1' ? &instruction->in1 : mark == '2' ? &instruction->in2 : NULL;
}

int amlz__text_operand_type(const amlz_op_info *info, char mark)
{
    return mark == 'o' ? info->out : mark == '1' ? info->in1 : mark == '2' ? info->in2 : AMLZ_NONE;
}

const char *amlz__text_skip_optional(const char *at)
{
    while (*at != '}' && *at != '>') {
        at++;
    }
    return at;
}

const char *amlz__text_constant_fault(int kind, double x)
{
    if (!(x - x == 0)) {
        return "constant too large";
    }
    if (kind == AMLZ_CONSTANT_INDEX && !(x >= 0 && x < 1)) {
        return "expected an index in [0, 1) or, with the number of features given, a whole number below F";
    }
    return kind == AMLZ_CONSTANT_STDEV && !(x >= 0) ? "standard deviation below 0" : NULL;
}

/* ---------------------------------------------------------------- writing */

void amlz__text_write_bytes(text_writer *writer, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++, writer->length++) {
        if (writer->length < writer->size) {
            writer->buffer[writer->length] = bytes[i];
        }
    }
}

void amlz__text_write_string(text_writer *writer, const char *string)
{
    amlz__text_write_bytes(writer, string, strlen(string));
}

static void text_write_number(text_writer *writer, unsigned number)
{
    char digits[10]; /* of 32 bits */
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    amlz__text_write_bytes(writer, digits + at, sizeof digits - at);
}

void amlz__text_write_end(text_writer *writer)
{
    if (writer->size > 0) {
        writer->buffer[writer->length < writer->size ? writer->length : writer->size - 1] = '\0';
    }
}

/* ---------------------------------------------------------------- printing */

static void print_instruction(text_writer *writer, amlz_instruction instruction)
{
    const amlz_op_info *info = amlz__ops_table[instruction.op];
    int constants = 0;
    for (const char *form = info->text; *form != '\0'; form++) {
        if (*form == '<') {
            form = amlz__text_skip_optional(form);
        } else if (*form == '$') {
            const char mark = *++form;
            if (mark == 'c') {
                char decimal[DECIMAL_SIZE];
                amlz__text_write_bytes(writer, decimal, amlz__decimal_print(instruction.constant[constants++], decimal));
            } else {
                amlz__text_write_bytes(writer, &amlz__text_type_letters[amlz__text_operand_type(info, mark)], 1);
                text_write_number(writer, *amlz__text_operand(&instruction, mark));
            }
        } else if (*form != '{' && *form != '}') {
            amlz__text_write_bytes(writer, form, 1);
        }
    }
}

amlz_status amlz_program_print(const amlz_program *program, char *buffer, size_t size, size_t *length)
{
    text_writer writer = {buffer, size, 0};
    if (program == NULL || (buffer == NULL && size > 0)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const int printable = amlz__program_code_fault(program) == NULL;
    port_fp_leave(caller);
    if (!printable) {
        return AMLZ_ERROR_PROGRAM;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz__text_write_string(&writer, amlz__text_header_forms[f]);
        amlz__text_write_string(&writer, "\n");
        for (size_t i = 0; i < program->size[f]; i++) {
            amlz__text_write_string(&writer, "  ");
            print_instruction(&writer, program->code[f][i]);
            amlz__text_write_string(&writer, "\n");
        }
    }
    amlz__text_write_end(&writer);
    if (length != NULL) {
        *length = writer.length;
    }
    return writer.length < size ? AMLZ_OK : AMLZ_ERROR_MEMORY;
}

size_t amlz_program_text_size(void)
{
    size_t longest = 0, size = 1;
    for (int op = 0; op < OPS_COUNT; op++) {
        size_t line = 3; /* indent and newline */
        for (const char *form = OPS_HAS(op) ? amlz__ops_table[op]->text : ""; *form != '\0'; form++) {
            if (*form == '<') {
                form = amlz__text_skip_optional(form);
            } else if (*form == '$') {
                line += *++form == 'c' ? DECIMAL_SIZE - 1 : 4; /* s255 */
            } else {
                line++;
            }
        }
        longest = line > longest ? line : longest;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        size += strlen(amlz__text_header_forms[f]) + 1 + AMLZ_CAPACITY * longest;
    }
    return size;
}
