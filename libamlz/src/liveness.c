/* What depends on what.
 *
 * Live code: backward data flow over Setup, then Predict and Learn in turn, then Predict again and again (validation). An address is
 * one unit: an op that writes a part of its output keeps the rest alive. Labels and features need no case of their own:
 * programs never write them, so no instruction lives for their sake. */
#include "liveness.h"

#include <string.h>

/* Sets of addresses have a bit for each, by type, and bit 0 for operands that are not there. */
#define WORDS ((1 + 3 * AMLZ_MAX_ADDRESSES + 63) / 64)

/* What of an instruction matters: bits of its operands; whether it writes, and whether that wipes out what was there. */
typedef struct flow {
    uint16_t out, in1, in2;
    uint8_t writes, replaces;
} flow;

typedef struct flows {
    flow code[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    size_t size[AMLZ_FUNCTION_COUNT];
    unsigned prediction, features, label; /* their bits */
} flows;

static void take_flows(const amlz_program *program, const amlz_dims *dims, flows *all)
{
    const unsigned first[] = {0, 1, 1U + dims->n_scalars, 1U + dims->n_scalars + dims->n_vectors}; /* bit, by type */
    all->prediction = first[program_prediction_type(dims)] + program_prediction_address(dims);
    all->features = first[AMLZ_VECTOR];
    all->label = dims->label == AMLZ_MULTICLASS ? first[AMLZ_VECTOR] + 1 : first[AMLZ_SCALAR];
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        all->size[f] = program->size[f];
        for (size_t i = 0; i < program->size[f]; i++) {
            const amlz_instruction *x = &program->code[f][i]; /* addresses that are not used are 0 */
            const amlz_op_info *info = &ops_table[x->op];
            flow *y = &all->code[f][i];
            y->out = (uint16_t)(first[info->out] + x->out);
            y->in1 = (uint16_t)(first[info->in1] + x->in1);
            y->in2 = (uint16_t)(first[info->in2] + x->in2);
            y->writes = info->out != AMLZ_NONE;
            y->replaces = !info->is_partial;
        }
    }
}

/* From what is live behind the function to what is live before it; marks live instructions on the way. Without branches:
 * which instructions live is as good as random. */
static inline void pass_backward(const flows *all, int f, uint64_t *set, size_t n_words, uint8_t live[AMLZ_CAPACITY])
{
    for (size_t i = all->size[f]; i-- > 0;) {
        const flow *x = &all->code[f][i];
        const int one = n_words == 1; /* then there is but word 0 */
        uint64_t *out = &set[one ? 0 : x->out / 64], *in1 = &set[one ? 0 : x->in1 / 64], *in2 = &set[one ? 0 : x->in2 / 64];
        const uint64_t lives = *out >> (x->out % 64) & x->writes;
        live[i] = (uint8_t)lives;
        *out &= ~((lives & x->replaces) << (x->out % 64));
        *in1 |= lives << (x->in1 % 64);
        *in2 |= lives << (x->in2 % 64);
    }
}

/* n_words is a constant where this is called, so that a set of one word stays in a register. */
static inline void mark(const flows *all, size_t n_words, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    uint64_t before_predict[WORDS] = {0}, behind_predict[WORDS] = {0}, set[WORDS];
    int is_same;
    behind_predict[all->prediction / 64] = UINT64_C(1) << (all->prediction % 64);
    do { /* the sets only grow, so this ends */
        memcpy(set, before_predict, n_words * sizeof *set); /* what is live behind Learn */
        pass_backward(all, AMLZ_LEARN, set, n_words, live[AMLZ_LEARN]);
        for (size_t w = 0; w < n_words; w++) {
            set[w] = behind_predict[w] |= set[w] | before_predict[w];
        }
        pass_backward(all, AMLZ_PREDICT, set, n_words, live[AMLZ_PREDICT]);
        is_same = 1;
        for (size_t w = 0; w < n_words; w++) {
            is_same &= ((set[w] & ~before_predict[w]) >> (w == 0)) == 0; /* bit 0 means nothing */
            before_predict[w] |= set[w];
        }
    } while (!is_same);
    pass_backward(all, AMLZ_SETUP, set, n_words, live[AMLZ_SETUP]);
}

void liveness_mark(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    flows all;
    take_flows(program, dims, &all);
    if (1 + dims->n_scalars + dims->n_vectors + dims->n_matrices <= 64) {
        mark(&all, 1, live);
    } else {
        mark(&all, WORDS, live);
    }
}

/* ---- the other way about: where what is in some addresses may get to */

static inline void set_bit(uint64_t *set, unsigned bit) { set[bit / 64] |= UINT64_C(1) << (bit % 64); }
static inline uint64_t get_bit(const uint64_t *set, unsigned bit) { return set[bit / 64] >> (bit % 64) & 1; }

/* From the addresses that depend on something before the function to those behind it. */
static void pass_forward(const flows *all, int f, uint64_t *set)
{
    for (size_t i = 0; i < all->size[f]; i++) {
        const flow *x = &all->code[f][i];
        const uint64_t before = get_bit(set, x->out) & !x->replaces;
        const uint64_t depends = (get_bit(set, x->in1) | get_bit(set, x->in2) | before) & x->writes;
        set[x->out / 64] = (set[x->out / 64] & ~((uint64_t)x->writes << (x->out % 64))) | depends << (x->out % 64);
    }
}

int liveness_can_learn(const amlz_program *program, const amlz_dims *dims)
{
    uint64_t features[WORDS] = {0}, learned[WORDS] = {0}, set[WORDS];
    flows all;
    int is_same;
    take_flows(program, dims, &all);
    set_bit(features, all.features);
    pass_forward(&all, AMLZ_PREDICT, features);
    do { /* what depends on a label behind Learn does so before the next Predict */
        memcpy(set, learned, sizeof set);
        pass_forward(&all, AMLZ_PREDICT, set);
        set_bit(set, all.label);
        pass_forward(&all, AMLZ_LEARN, set);
        set[all.label / 64] &= ~(UINT64_C(1) << (all.label % 64)); /* not there when Predict runs */
        is_same = 1;
        for (size_t w = 0; w < WORDS; w++) {
            is_same &= (set[w] & ~learned[w]) == 0;
            learned[w] |= set[w];
        }
    } while (!is_same);
    pass_forward(&all, AMLZ_PREDICT, learned);
    return (int)(get_bit(features, all.prediction) & get_bit(learned, all.prediction));
}

int amlz_program_can_learn(const amlz_program *program, const amlz_dims *dims)
{
    return amlz_program_check(program, dims, NULL) == AMLZ_OK && liveness_can_learn(program, dims);
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
