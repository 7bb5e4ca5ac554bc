/* Programs: what is allowed in them, whether they are the same, and what they cost. */
#include "program/program.h"

#include <string.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/portability.h"
#include "base/rng.h"

static const char over_capacity[] = "a function has more instructions than the capacity";

int amlz_program_capacity(void) { return AMLZ_CAPACITY; }

amlz_status amlz_dims_check(const amlz_dims *dims, const char **reason) { return judge(amlz__check_dims(dims), reason); }

static int has_operands(const amlz_dims *dims, const amlz_op_info *info)
{
    const int in1 = info->in1 == AMLZ_NONE || program_addresses(dims, info->in1) > 0;
    const int in2 = info->in2 == AMLZ_NONE || program_addresses(dims, info->in2) > 0;
    const int out =
        info->out == AMLZ_NONE || program_addresses(dims, info->out) > program_first_writable(dims, info->out);
    return in1 && in2 && out;
}

static const char *fault_of_function(const amlz_function_space *function, const amlz_dims *dims)
{
    uint8_t seen[AMLZ_MAX_OPS] = {0};
    if (function->max_size > AMLZ_CAPACITY) {
        return "max_size must be at most the capacity of a function";
    }
    if (function->min_size > function->max_size) {
        return "min_size must be at most max_size";
    }
    if (function->init_size > function->max_size || function->init_size < function->min_size) {
        return "init_size must be from min_size to max_size";
    }
    if (function->n_ops > OPS_COUNT) {
        return "n_ops must be at most the number of ops there are";
    }
    for (unsigned i = 0; i < function->n_ops; i++) {
        const int op = function->ops[i];
        if (amlz__ops_fault((unsigned)op) != NULL) {
            return "ops must be ids of ops that exist";
        }
        if (seen[op]) {
            return "ops must not name an op twice in one function";
        }
        if (!has_operands(dims, amlz__ops_table[op])) {
            return "ops must have operands: one needs a vector or matrix to write and there is none";
        }
        seen[op] = 1;
    }
    return NULL;
}

static const char *fault_of_space(const amlz_space *space)
{
    if (space == NULL) {
        return "space must not be NULL";
    }
    const char *fault = amlz__check_dims(&space->dims);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT && fault == NULL; f++) {
        fault = fault_of_function(&space->function[f], &space->dims);
    }
    return fault;
}

amlz_status amlz_space_check(const amlz_space *space, const char **reason) { return judge(fault_of_space(space), reason); }

amlz_status amlz__program_refuse(amlz_error *error, size_t line, size_t column, const char *message)
{
    if (error != NULL) {
        const size_t length = strlen(message);
        const size_t kept = length < sizeof error->message ? length : sizeof error->message - 1;
        error->line = (uint32_t)line;
        error->column = (uint32_t)column;
        memcpy(error->message, message, kept);
        error->message[kept] = 0;
    }
    return AMLZ_ERROR_PROGRAM;
}

static const char *constant_fault(int kind, double x)
{
    const uint64_t bits = math_bits(x), minus_zero = MATH_SIGN; /* those of numbers from 0 on are in the order of the numbers */
    if (!math_is_finite(x)) {
        return "constants must be finite";
    }
    switch ((amlz_constant)kind) {
    case AMLZ_CONSTANT_NONE: return math_shown_bits(x) != 0 ? "a constant that the op does not use must be 0" : NULL;
    case AMLZ_CONSTANT_INDEX: return bits >= math_bits(1.0) && bits != minus_zero ? "an index must be in [0, 1)" : NULL;
    case AMLZ_CONSTANT_STDEV: return bits > minus_zero ? "a standard deviation must not be negative" : NULL;
    case AMLZ_CONSTANT_REAL: break;
    }
    return NULL;
}

const char *amlz__program_instruction_fault(const amlz_instruction *instruction)
{
    const char *fault = amlz__ops_fault(instruction->op);
    if (fault != NULL) {
        return fault;
    }
    const amlz_op_info *info = amlz__ops_table[instruction->op];
    if ((info->out == AMLZ_NONE && instruction->out != 0) || (info->in1 == AMLZ_NONE && instruction->in1 != 0) ||
        (info->in2 == AMLZ_NONE && instruction->in2 != 0)) {
        return "an address that the op does not use must be 0";
    }
    for (int i = 0; i < AMLZ_CONSTANT_COUNT && fault == NULL; i++) {
        fault = constant_fault(info->constant[i], instruction->constant[i]);
    }
    return fault;
}

/* NULL, or what is wrong with the instruction on this memory. */
static const char *fault_of_instruction(const amlz_instruction *instruction, const amlz_dims *dims)
{
    const char *fault = amlz__program_instruction_fault(instruction);
    if (fault != NULL) {
        return fault;
    }
    const amlz_op_info *info = amlz__ops_table[instruction->op];
    const uint8_t type[3] = {info->out, info->in1, info->in2};
    const uint8_t address[3] = {instruction->out, instruction->in1, instruction->in2};
    for (int i = 0; i < 3; i++) {
        if (type[i] != AMLZ_NONE && address[i] >= program_addresses(dims, type[i])) {
            return "address out of range";
        }
    }
    if (info->out != AMLZ_NONE && instruction->out < program_first_writable(dims, info->out)) {
        return "programs must not write labels or features (s0, v0; v1 with vector labels)";
    }
    return NULL;
}

PORT_NOINLINE const char *amlz__program_code_fault(const amlz_program *program)
{
    const char *fault = NULL;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT && fault == NULL; f++) {
        if (program->size[f] > AMLZ_CAPACITY) {
            return over_capacity;
        }
        for (size_t i = 0; i < program->size[f] && fault == NULL; i++) {
            fault = amlz__program_instruction_fault(&program->code[f][i]);
        }
    }
    return fault;
}

static PORT_NOINLINE amlz_status check_code(const amlz_program *program, const amlz_dims *dims, amlz_error *error)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (program->size[f] > AMLZ_CAPACITY) {
            return amlz__program_refuse(error, 0, 0, over_capacity);
        }
        for (size_t i = 0; i < program->size[f]; i++) {
            const char *fault = fault_of_instruction(&program->code[f][i], dims);
            if (fault != NULL) {
                return amlz__program_refuse(error, i + 1, 0, fault);
            }
        }
    }
    return AMLZ_OK;
}

amlz_status amlz_program_check(const amlz_program *program, const amlz_dims *dims, amlz_error *error)
{
    if (program == NULL || amlz_dims_check(dims, NULL) != AMLZ_OK) {
        amlz__program_refuse(error, 0, 0, "program and dims must be given, and dims be valid");
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const amlz_status status = check_code(program, dims, error);
    port_fp_leave(caller);
    return status;
}

int amlz_program_equal(const amlz_program *a, const amlz_program *b)
{
    if (a == NULL || b == NULL) {
        return 0;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (a->size[f] != b->size[f]) {
            return 0;
        }
        for (size_t i = 0; i < a->size[f] && i < AMLZ_CAPACITY; i++) {
            const amlz_instruction *x = &a->code[f][i], *y = &b->code[f][i];
            if (x->op != y->op || x->out != y->out || x->in1 != y->in1 || x->in2 != y->in2 ||
                memcmp(x->constant, y->constant, sizeof x->constant) != 0) {
                return 0;
            }
        }
    }
    return 1;
}

uint64_t amlz_program_hash(const amlz_program *program)
{
    uint64_t hash = 0;
    for (int f = 0; program != NULL && f < AMLZ_FUNCTION_COUNT; f++) {
        hash = rng_mix(hash + program->size[f] + 1);
        for (size_t i = 0; i < program->size[f] && i < AMLZ_CAPACITY; i++) {
            const amlz_instruction *x = &program->code[f][i];
            hash = rng_mix(hash + ((uint64_t)x->op | (uint64_t)x->out << 8 | (uint64_t)x->in1 << 16 | (uint64_t)x->in2 << 24));
            for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                hash = rng_mix(hash + math_shown_bits(x->constant[c]));
            }
        }
    }
    return hash;
}

static PORT_NOINLINE double cost_of(const amlz_program *program, uint32_t n_features)
{
    double cost = 0;
    for (int f = AMLZ_PREDICT; f <= AMLZ_LEARN; f++) {
        for (size_t i = 0; i < program->size[f] && i < AMLZ_CAPACITY; i++) {
            const amlz_op_info *info = amlz_op(program->code[f][i].op);
            if (info == NULL) {
                return 0;
            }
            cost += program_op_cost(info, n_features);
        }
    }
    return cost;
}

double amlz_program_cost(const amlz_program *program, uint32_t n_features)
{
    const port_fp_state caller = port_fp_enter();
    const double cost = program == NULL ? 0 : cost_of(program, n_features);
    port_fp_leave(caller);
    return cost;
}
