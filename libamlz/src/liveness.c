/* Backward data flow over Setup, then Predict and Learn in turn, then Predict again and again (validation). An address is
 * one unit: an op that writes a part of its output keeps the rest alive. Labels and features need no case of their own:
 * programs never write them, so no instruction lives for their sake. */
#include "liveness.h"

#include <string.h>

/* The live addresses, a bit each, by type. */
typedef struct address_set {
    uint64_t bits[AMLZ_MATRIX + 1][AMLZ_MAX_ADDRESSES / 64];
} address_set;

static inline int has(const address_set *set, int type, unsigned address)
{
    return (int)(set->bits[type][address / 64] >> (address % 64) & 1);
}
static inline void add(address_set *set, int type, unsigned address)
{
    set->bits[type][address / 64] |= UINT64_C(1) << (address % 64);
}
static inline void drop(address_set *set, int type, unsigned address)
{
    set->bits[type][address / 64] &= ~(UINT64_C(1) << (address % 64));
}

static void unite(address_set *set, const address_set *other)
{
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        for (int i = 0; i < AMLZ_MAX_ADDRESSES / 64; i++) {
            set->bits[type][i] |= other->bits[type][i];
        }
    }
}

/* From what is live behind the function to what is live before it; marks live instructions on the way. */
static void pass_backward(const amlz_program *program, int f, address_set *set, uint8_t live[AMLZ_CAPACITY])
{
    for (size_t i = program->size[f]; i-- > 0;) {
        const amlz_instruction *x = &program->code[f][i];
        const amlz_op_info *info = &ops_table[x->op];
        live[i] = (uint8_t)(info->out != AMLZ_NONE && has(set, info->out, x->out));
        if (live[i]) {
            if (!info->is_partial) {
                drop(set, info->out, x->out);
            }
            if (info->in1 != AMLZ_NONE) {
                add(set, info->in1, x->in1);
            }
            if (info->in2 != AMLZ_NONE) {
                add(set, info->in2, x->in2);
            }
        }
    }
}

void liveness_mark(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    address_set before_predict, before_learn, behind_predict, set;
    memset(&before_predict, 0, sizeof before_predict);
    memset(&behind_predict, 0, sizeof behind_predict);
    add(&behind_predict, program_prediction_type(dims), program_prediction_address(dims));
    for (;;) { /* the sets only grow, so this ends */
        before_learn = before_predict;
        pass_backward(program, AMLZ_LEARN, &before_learn, live[AMLZ_LEARN]);
        unite(&behind_predict, &before_learn);
        unite(&behind_predict, &before_predict);
        set = behind_predict;
        pass_backward(program, AMLZ_PREDICT, &set, live[AMLZ_PREDICT]);
        if (memcmp(&set, &before_predict, sizeof set) == 0) {
            break;
        }
        unite(&before_predict, &set);
    }
    set = before_predict;
    pass_backward(program, AMLZ_SETUP, &set, live[AMLZ_SETUP]);
}

amlz_status amlz_program_live(const amlz_program *program, const amlz_dims *dims,
                              uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    if (program == NULL || live == NULL || amlz_dims_check(dims, NULL) != AMLZ_OK) {
        return AMLZ_ERROR_ARGUMENT;
    }
    if (amlz_program_check(program, dims, NULL) != AMLZ_OK) {
        return AMLZ_ERROR_PROGRAM;
    }
    liveness_mark(program, dims, live);
    return AMLZ_OK;
}

amlz_status amlz_program_simplify(const amlz_program *program, const amlz_dims *dims, amlz_program *out)
{
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    const amlz_status status = out == NULL ? AMLZ_ERROR_ARGUMENT : amlz_program_live(program, dims, live);
    if (status != AMLZ_OK) {
        return status;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        uint16_t kept = 0;
        for (size_t i = 0; i < program->size[f]; i++) {
            if (live[f][i]) {
                out->code[f][kept++] = program->code[f][i];
            }
        }
        out->size[f] = kept;
    }
    return AMLZ_OK;
}
