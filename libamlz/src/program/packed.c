/* Programs as bytes. */
#include <string.h>

#include "base/mathfn.h"
#include "base/portability.h"
#include "program/program.h"

/* Bytes that are cut off where their room ends; length counts on. */
typedef struct byte_writer {
    uint8_t *bytes;
    size_t size, length;
} byte_writer;

/* `count` bytes of a number, the lowest first. */
static void write_number(byte_writer *writer, uint64_t number, int count)
{
    for (int i = 0; i < count; i++, writer->length++) {
        if (writer->length < writer->size) {
            writer->bytes[writer->length] = (uint8_t)(number >> (8 * i));
        }
    }
}

static void write_instruction(byte_writer *writer, const amlz_instruction *instruction)
{
    const amlz_op_info *info = amlz__ops_table[instruction->op];
    write_number(writer, instruction->op, 1);
    if (info->out != AMLZ_NONE) {
        write_number(writer, instruction->out, 1);
    }
    if (info->in1 != AMLZ_NONE) {
        write_number(writer, instruction->in1, 1);
    }
    if (info->in2 != AMLZ_NONE) {
        write_number(writer, instruction->in2, 1);
    }
    for (int i = 0; i < AMLZ_CONSTANT_COUNT; i++) {
        if (info->constant[i] != AMLZ_CONSTANT_NONE) {
            write_number(writer, math_shown_bits(instruction->constant[i]), 8);
        }
    }
}

amlz_status amlz_program_pack(const amlz_program *program, void *bytes, size_t size, size_t *length)
{
    byte_writer writer = {bytes, size, 0};
    if (program == NULL || (bytes == NULL && size > 0)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const int is_whole = amlz__program_code_fault(program) == NULL;
    port_fp_leave(caller);
    if (!is_whole) {
        return AMLZ_ERROR_PROGRAM;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        write_number(&writer, program->size[f], 2);
        for (size_t i = 0; i < program->size[f]; i++) {
            write_instruction(&writer, &program->code[f][i]);
        }
    }
    if (length != NULL) {
        *length = writer.length;
    }
    return writer.length <= size ? AMLZ_OK : AMLZ_ERROR_MEMORY;
}

typedef struct byte_reader {
    const uint8_t *bytes;
    size_t length, at;
    int is_short; /* more was asked for than there is */
} byte_reader;

static uint64_t read_number(byte_reader *reader, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++) {
        if (reader->at == reader->length) {
            reader->is_short = 1;
            return 0;
        }
        number |= (uint64_t)reader->bytes[reader->at++] << (8 * i);
    }
    return number;
}

/* NULL, or what is wrong with the bytes. */
static const char *read_instruction(byte_reader *reader, amlz_instruction *instruction)
{
    memset(instruction, 0, sizeof *instruction);
    instruction->op = (uint8_t)read_number(reader, 1);
    const char *fault = amlz__ops_fault(instruction->op);
    if (reader->is_short || fault != NULL) {
        return reader->is_short ? NULL : fault;
    }
    const amlz_op_info *info = amlz__ops_table[instruction->op];
    instruction->out = (uint8_t)(info->out == AMLZ_NONE ? 0 : read_number(reader, 1));
    instruction->in1 = (uint8_t)(info->in1 == AMLZ_NONE ? 0 : read_number(reader, 1));
    instruction->in2 = (uint8_t)(info->in2 == AMLZ_NONE ? 0 : read_number(reader, 1));
    for (int i = 0; i < AMLZ_CONSTANT_COUNT; i++) {
        if (info->constant[i] != AMLZ_CONSTANT_NONE) {
            const uint64_t bits = read_number(reader, 8);
            memcpy(&instruction->constant[i], &bits, sizeof bits);
        }
    }
    return reader->is_short ? NULL : amlz__program_instruction_fault(instruction);
}

static PORT_NOINLINE const char *unpack_program(byte_reader *reader, amlz_program *program)
{
    const char *fault = NULL;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const uint64_t size = read_number(reader, 2);
        if (size > AMLZ_CAPACITY) {
            return "a function has more instructions than the capacity";
        }
        program->size[f] = (uint16_t)size;
        for (size_t i = 0; i < size && fault == NULL && !reader->is_short; i++) {
            fault = read_instruction(reader, &program->code[f][i]);
        }
        if (fault != NULL || reader->is_short) {
            return fault != NULL ? fault : "the program ends too early";
        }
    }
    return reader->at == reader->length ? NULL : "bytes after the end of the program";
}

amlz_status amlz_program_unpack(const void *bytes, size_t length, amlz_program *program, amlz_error *error)
{
    byte_reader reader = {bytes, length, 0, 0};
    amlz_program result;
    if (bytes == NULL || program == NULL) {
        amlz__program_refuse(error, 0, 0, "bytes and program must be given");
        return AMLZ_ERROR_ARGUMENT;
    }
    memset(&result, 0, sizeof result);
    const port_fp_state caller = port_fp_enter();
    const char *fault = unpack_program(&reader, &result);
    port_fp_leave(caller);
    if (fault != NULL) {
        return amlz__program_refuse(error, 0, reader.at + 1, fault);
    }
    *program = result;
    return AMLZ_OK;
}

size_t amlz_program_packed_size(void)
{
    return AMLZ_FUNCTION_COUNT * (2 + AMLZ_CAPACITY * (4 + AMLZ_CONSTANT_COUNT * sizeof(double)));
}
