/* What depends on what.
 *
 * Live code: backward data flow over Setup, then Predict and Learn in turn, then Predict again and again (validation). An address is
 * one unit: an op that writes a part of its output keeps the rest alive. Labels and features need no case of their own:
 * programs never write them, so no instruction lives for their sake. */
#include "program/liveness.h"

#include <string.h>

/* Sets of addresses have a bit for each, by type, and bit 0 for operands that are not there. */
#define WORDS ((1 + 3 * AMLZ_ADDRESSES + 63) / 64)

/* Where the addresses of a memory are in a set. */
typedef struct places {
    unsigned first[AMLZ_MATRIX + 1]; /* bit of a type's first address */
    unsigned prediction, features, label;
} places;

static places places_of(const amlz_dims *dims)
{
    places p = {{0, 1, 1U + dims->n_scalars, 1U + dims->n_scalars + dims->n_vectors}, 0, 0, 0};
    p.prediction = p.first[program_prediction_type(dims)] + program_prediction_address(dims);
    p.features = p.first[AMLZ_VECTOR];
    p.label = BUILD_LABEL_IS(dims->label, AMLZ_MULTICLASS) ? p.first[AMLZ_VECTOR] + 1 : p.first[AMLZ_SCALAR];
    return p;
}

/* What matters of an op: types of its operands; whether it writes, and whether that wipes out what was there. A table of its
 * own, since that of ops.c is too large for where every cycle counts. */
static const struct {
    uint8_t out, in1, in2, writes, replaces;
} op_flows[] = {
#define N 0
#define S ((int)AMLZ_SCALAR)
#define V ((int)AMLZ_VECTOR)
#define M ((int)AMLZ_MATRIX)
#define X ((int)AMLZ_CONSTANT_REAL)
#define I ((int)AMLZ_CONSTANT_INDEX)
#define OP(id, symbol, out, in1, in2, commutes, c1, c2, c3, text, base, work, power, formula) \
    [id] = {out, in1, in2, (out) != N, (c1) != I},
#include "program/ops.def"
#undef N
#undef S
#undef V
#undef M
#undef X
#undef I
};

/* From what is live behind the function to what is live before it; marks live instructions on the way. Without branches:
 * which instructions live is as good as random. */
static inline void pass_backward(const amlz_program *program, const places *p, int f, uint64_t *set, size_t n_words,
                                 uint8_t live[AMLZ_CAPACITY])
{
    const int one = n_words == 1; /* then there is but word 0 */
    for (size_t i = program->size[f]; i-- > 0;) {
        const amlz_instruction *x = &program->code[f][i]; /* addresses that are not used are 0 */
        const unsigned op = x->op, out = p->first[op_flows[op].out] + x->out;
        const unsigned in1 = p->first[op_flows[op].in1] + x->in1, in2 = p->first[op_flows[op].in2] + x->in2;
        const uint64_t lives = set[one ? 0 : out / 64] >> (out % 64) & op_flows[op].writes;
        live[i] = (uint8_t)lives;
        set[one ? 0 : out / 64] &= ~((lives & op_flows[op].replaces) << (out % 64));
        set[one ? 0 : in1 / 64] |= lives << (in1 % 64);
        set[one ? 0 : in2 / 64] |= lives << (in2 % 64);
    }
}

/* n_words is a constant where this is called, so that a set of one word stays in a register. */
static inline void mark(const amlz_program *program, const places *p, size_t n_words,
                        uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    uint64_t before_predict[WORDS] = {0}, behind_predict[WORDS] = {0}, set[WORDS];
    int is_same;
    behind_predict[p->prediction / 64] = UINT64_C(1) << (p->prediction % 64);
    do { /* the sets only grow, so this ends */
        memcpy(set, before_predict, n_words * sizeof *set); /* what is live behind Learn */
        pass_backward(program, p, AMLZ_LEARN, set, n_words, live[AMLZ_LEARN]);
        for (size_t w = 0; w < n_words; w++) {
            set[w] = behind_predict[w] |= set[w] | before_predict[w];
        }
        pass_backward(program, p, AMLZ_PREDICT, set, n_words, live[AMLZ_PREDICT]);
        is_same = 1;
        for (size_t w = 0; w < n_words; w++) {
            is_same &= ((set[w] & ~before_predict[w]) >> (w == 0)) == 0; /* bit 0 means nothing */
            before_predict[w] |= set[w];
        }
    } while (!is_same);
    pass_backward(program, p, AMLZ_SETUP, set, n_words, live[AMLZ_SETUP]);
}

void amlz__liveness_mark(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    const places p = places_of(dims);
    if (1 + dims->n_scalars + dims->n_vectors + dims->n_matrices <= 64) {
        mark(program, &p, 1, live);
    } else {
        mark(program, &p, WORDS, live);
    }
}

/* ---- the other way about: where what is in some addresses may get to */

static inline void set_bit(uint64_t *set, unsigned bit) { set[bit / 64] |= UINT64_C(1) << (bit % 64); }
static inline uint64_t get_bit(const uint64_t *set, unsigned bit) { return set[bit / 64] >> (bit % 64) & 1; }

/* From the addresses that depend on something before the function to those behind it. */
static void pass_forward(const amlz_program *program, const places *p, int f, uint64_t *set)
{
    for (size_t i = 0; i < program->size[f]; i++) {
        const amlz_instruction *x = &program->code[f][i];
        const unsigned op = x->op, out = p->first[op_flows[op].out] + x->out;
        const unsigned in1 = p->first[op_flows[op].in1] + x->in1, in2 = p->first[op_flows[op].in2] + x->in2;
        const uint64_t writes = op_flows[op].writes, before = get_bit(set, out) & !op_flows[op].replaces;
        const uint64_t depends = (get_bit(set, in1) | get_bit(set, in2) | before) & writes;
        set[out / 64] = (set[out / 64] & ~(writes << (out % 64))) | depends << (out % 64);
    }
}

int amlz__liveness_can_learn(const amlz_program *program, const amlz_dims *dims)
{
    uint64_t features[WORDS] = {0}, learned[WORDS] = {0}, set[WORDS];
    const places p = places_of(dims);
    int is_same;
    set_bit(features, p.features);
    pass_forward(program, &p, AMLZ_PREDICT, features);
    do { /* what depends on a label behind Learn does so before the next Predict */
        memcpy(set, learned, sizeof set);
        pass_forward(program, &p, AMLZ_PREDICT, set);
        set_bit(set, p.label);
        pass_forward(program, &p, AMLZ_LEARN, set);
        set[p.label / 64] &= ~(UINT64_C(1) << (p.label % 64)); /* not there when Predict runs */
        is_same = 1;
        for (size_t w = 0; w < WORDS; w++) {
            is_same &= (set[w] & ~learned[w]) == 0;
            learned[w] |= set[w];
        }
    } while (!is_same);
    pass_forward(program, &p, AMLZ_PREDICT, learned);
    return (int)(get_bit(features, p.prediction) & get_bit(learned, p.prediction));
}

int amlz_program_can_learn(const amlz_program *program, const amlz_dims *dims)
{
    return amlz_program_check(program, dims, NULL) == AMLZ_OK && amlz__liveness_can_learn(program, dims);
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
    amlz__liveness_mark(program, dims, live);
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
