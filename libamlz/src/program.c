#include "program.h"

#include <string.h>

#include "portability.h"
#include "rng.h"

static const char over_capacity[] = "a function has more instructions than the capacity";

int amlz_program_capacity(void) { return AMLZ_CAPACITY; }

amlz_status amlz_dims_check(const amlz_dims *dims, const char **reason)
{
#define REFUSE_UNLESS(condition, text)                                 \
    if (!(condition)) {                                                \
        return program_fail(AMLZ_ERROR_ARGUMENT, reason, text);        \
    }
    REFUSE_UNLESS(dims != NULL, "dims must not be NULL")
    const int vector_labels = dims->label == AMLZ_MULTICLASS;
    REFUSE_UNLESS(dims->label <= AMLZ_MULTICLASS, "label must be regression, binary or multiclass")
    REFUSE_UNLESS(dims->n_features >= 1 && dims->n_features <= AMLZ_MAX_FEATURES, "n_features must be from 1 to 65536")
    REFUSE_UNLESS(dims->n_scalars >= 2 && dims->n_scalars <= AMLZ_MAX_ADDRESSES, "n_scalars must be from 2 to 256")
    REFUSE_UNLESS(dims->n_vectors >= 1 && dims->n_vectors <= AMLZ_MAX_ADDRESSES, "n_vectors must be from 1 to 256")
    REFUSE_UNLESS(!vector_labels || dims->n_vectors >= 3, "n_vectors must be 3 or more with vector labels")
    REFUSE_UNLESS(dims->n_matrices <= AMLZ_MAX_ADDRESSES, "n_matrices must be from 0 to 256")
    REFUSE_UNLESS(!vector_labels || (dims->n_classes >= 2 && dims->n_classes <= dims->n_features),
                  "n_classes must be from 2 to n_features")
    REFUSE_UNLESS(vector_labels || dims->n_classes == 0, "n_classes must be 0 without vector labels")
    return program_fail(AMLZ_OK, reason, NULL);
}

static int has_operands(const amlz_dims *dims, const amlz_op_info *info)
{
    const int in1 = info->in1 == AMLZ_NONE || program_addresses(dims, info->in1) > 0;
    const int in2 = info->in2 == AMLZ_NONE || program_addresses(dims, info->in2) > 0;
    const int out =
        info->out == AMLZ_NONE || program_addresses(dims, info->out) > program_first_writable(dims, info->out);
    return in1 && in2 && out;
}

amlz_status amlz_space_check(const amlz_space *space, const char **reason)
{
    REFUSE_UNLESS(space != NULL, "space must not be NULL")
    const amlz_status status = amlz_dims_check(&space->dims, reason);
    if (status != AMLZ_OK) {
        return status;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &space->function[f];
        uint8_t seen[AMLZ_MAX_OPS] = {0};
        REFUSE_UNLESS(function->max_size <= AMLZ_CAPACITY, "max_size must be at most the capacity of a function")
        REFUSE_UNLESS(function->min_size <= function->max_size, "min_size must be at most max_size")
        REFUSE_UNLESS(function->init_size <= function->max_size && function->init_size >= function->min_size,
                      "init_size must be from min_size to max_size")
        REFUSE_UNLESS(function->n_ops <= OPS_COUNT, "n_ops must be at most the number of ops there are")
        for (unsigned i = 0; i < function->n_ops; i++) {
            const int op = function->ops[i];
            REFUSE_UNLESS(op < OPS_COUNT, "ops must be ids of ops that exist")
            REFUSE_UNLESS(!seen[op], "ops must not name an op twice in one function")
            REFUSE_UNLESS(has_operands(&space->dims, &ops_table[op]),
                          "ops must have operands: one needs a vector or matrix to write and there is none")
            seen[op] = 1;
        }
    }
    return program_fail(AMLZ_OK, reason, NULL);
#undef REFUSE_UNLESS
}

amlz_status program_refuse(amlz_error *error, size_t line, size_t column, const char *message)
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
    const double largest = 1.7976931348623157e308;
    if (!(x >= -largest && x <= largest)) {
        return "constants must be finite";
    }
    switch ((amlz_constant)kind) {
    case AMLZ_CONSTANT_NONE: return port_bits(x) != 0 ? "a constant that the op does not use must be 0" : NULL;
    case AMLZ_CONSTANT_INDEX: return !(x >= 0 && x < 1) ? "an index must be in [0, 1)" : NULL;
    case AMLZ_CONSTANT_STDEV: return !(x >= 0) ? "a standard deviation must not be negative" : NULL;
    case AMLZ_CONSTANT_REAL: break;
    }
    return NULL;
}

const char *program_instruction_fault(const amlz_instruction *instruction)
{
    if (instruction->op >= OPS_COUNT) {
        return "unknown op";
    }
    const amlz_op_info *info = &ops_table[instruction->op];
    if ((info->out == AMLZ_NONE && instruction->out != 0) || (info->in1 == AMLZ_NONE && instruction->in1 != 0) ||
        (info->in2 == AMLZ_NONE && instruction->in2 != 0)) {
        return "an address that the op does not use must be 0";
    }
    const char *fault = NULL;
    for (int i = 0; i < AMLZ_CONSTANT_COUNT && fault == NULL; i++) {
        fault = constant_fault(info->constant[i], instruction->constant[i]);
    }
    return fault;
}

/* NULL, or what is wrong with the instruction on this memory. */
static const char *fault_of(const amlz_instruction *instruction, const amlz_dims *dims)
{
    const char *fault = program_instruction_fault(instruction);
    if (fault != NULL) {
        return fault;
    }
    const amlz_op_info *info = &ops_table[instruction->op];
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

PORT_NOINLINE const char *program_code_fault(const amlz_program *program)
{
    const char *fault = NULL;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT && fault == NULL; f++) {
        if (program->size[f] > AMLZ_CAPACITY) {
            return over_capacity;
        }
        for (size_t i = 0; i < program->size[f] && fault == NULL; i++) {
            fault = program_instruction_fault(&program->code[f][i]);
        }
    }
    return fault;
}

static PORT_NOINLINE amlz_status check_code(const amlz_program *program, const amlz_dims *dims, amlz_error *error)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (program->size[f] > AMLZ_CAPACITY) {
            return program_refuse(error, 0, 0, over_capacity);
        }
        for (size_t i = 0; i < program->size[f]; i++) {
            const char *fault = fault_of(&program->code[f][i], dims);
            if (fault != NULL) {
                return program_refuse(error, i + 1, 0, fault);
            }
        }
    }
    return AMLZ_OK;
}

amlz_status amlz_program_check(const amlz_program *program, const amlz_dims *dims, amlz_error *error)
{
    if (program == NULL || amlz_dims_check(dims, NULL) != AMLZ_OK) {
        program_refuse(error, 0, 0, "program and dims must be given, and dims be valid");
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const amlz_status status = check_code(program, dims, error);
    port_fp_leave(caller);
    return status;
}

int amlz_program_equal(const amlz_program *a, const amlz_program *b)
{
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
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        hash = rng_mix(hash + program->size[f] + 1);
        for (size_t i = 0; i < program->size[f] && i < AMLZ_CAPACITY; i++) {
            const amlz_instruction *x = &program->code[f][i];
            hash = rng_mix(hash + ((uint64_t)x->op | (uint64_t)x->out << 8 | (uint64_t)x->in1 << 16 | (uint64_t)x->in2 << 24));
            for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                hash = rng_mix(hash + port_bits(x->constant[c]));
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
            double work = info->cost_work;
            for (int k = 0; k < info->cost_power; k++) {
                work *= n_features;
            }
            cost += info->cost_base + work;
        }
    }
    return cost;
}

double amlz_program_cost(const amlz_program *program, uint32_t n_features)
{
    const port_fp_state caller = port_fp_enter();
    const double cost = cost_of(program, n_features);
    port_fp_leave(caller);
    return cost;
}
