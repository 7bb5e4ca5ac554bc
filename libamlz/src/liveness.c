/* Backward data flow over Setup, then Predict and Learn in turn, then Predict again and again (validation). An address is
 * one unit: an op that writes a part of its output keeps the rest alive. Labels and features need no case of their own:
 * programs never write them, so no instruction lives for their sake. */
#include "liveness.h"

#include <string.h>

/* The live addresses, a bit each, by type. */
typedef struct address_set {
    uint64_t bits[AMLZ_MATRIX + 1][AMLZ_MAX_ADDRESSES / 64];
} address_set;

static void unite(address_set *set, const address_set *other)
{
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        for (int i = 0; i < AMLZ_MAX_ADDRESSES / 64; i++) {
            set->bits[type][i] |= other->bits[type][i];
        }
    }
}

/* From what is live behind the function to what is live before it; marks live instructions on the way. Without branches:
 * which instructions live is as good as random. The bits of AMLZ_NONE, where operands that are not there go, mean nothing. */
static void pass_backward(const amlz_program *program, int f, address_set *set, uint8_t live[AMLZ_CAPACITY])
{
    for (size_t i = program->size[f]; i-- > 0;) {
        const amlz_instruction *x = &program->code[f][i];
        const amlz_op_info *info = &ops_table[x->op];
        uint64_t *out = &set->bits[info->out][x->out / 64];
        const uint64_t lives = (*out >> (x->out % 64) & 1) & (info->out != AMLZ_NONE);
        live[i] = (uint8_t)lives;
        *out &= ~((lives & !info->is_partial) << (x->out % 64));
        set->bits[info->in1][x->in1 / 64] |= lives << (x->in1 % 64);
        set->bits[info->in2][x->in2 / 64] |= lives << (x->in2 % 64);
    }
}

static void add(address_set *set, int type, unsigned address)
{
    set->bits[type][address / 64] |= UINT64_C(1) << (address % 64);
}

static int is_same(const address_set *a, const address_set *b)
{
    return memcmp(a->bits[AMLZ_SCALAR], b->bits[AMLZ_SCALAR], sizeof a->bits - sizeof a->bits[AMLZ_NONE]) == 0;
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
        if (is_same(&set, &before_predict)) {
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
