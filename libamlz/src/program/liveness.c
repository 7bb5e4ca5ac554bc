/* What depends on what.
 *
 * Live code: backward data flow over Setup, then Predict and Learn in turn, then Predict again and again (validation). An address is
 * one unit: an op that writes a part of its output keeps the rest alive. Labels and features need no case of their own:
 * programs never write them, so no instruction lives for their sake. */
#include "program/liveness.h"

#include <string.h>

/* From what is live behind the function to what is live before it; marks live instructions on the way. */
static inline void pass_backward(const amlz_program *program, const flow_places *p, int f, uint64_t *set, size_t n_words,
                                 uint8_t live[AMLZ_CAPACITY])
{
    for (size_t i = program->size[f]; i-- > 0;) {
        live[i] = (uint8_t)flow_step_back(p, &program->code[f][i], set, n_words == 1);
    }
}

/* Sets that are wanted before and behind Predict; the former are those behind Setup and Learn too. */
typedef struct wanted_sets {
    uint64_t before_predict[FLOW_WORDS], behind_predict[FLOW_WORDS];
} wanted_sets;

/* n_words is a constant where this is called, so that a set of one word stays in a register. */
static inline void mark(const amlz_program *program, const flow_places *p, size_t n_words, wanted_sets *wanted,
                        uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    uint64_t set[FLOW_WORDS], *before = wanted->before_predict, *behind = wanted->behind_predict;
    int is_same;
    memset(before, 0, n_words * sizeof *before);
    memset(behind, 0, n_words * sizeof *behind);
    flow_add(behind, p->prediction);
    do { /* the sets only grow, so this ends */
        memcpy(set, before, n_words * sizeof *set); /* what is live behind Learn */
        pass_backward(program, p, AMLZ_LEARN, set, n_words, live[AMLZ_LEARN]);
        for (size_t w = 0; w < n_words; w++) {
            set[w] = behind[w] |= set[w] | before[w];
        }
        pass_backward(program, p, AMLZ_PREDICT, set, n_words, live[AMLZ_PREDICT]);
        is_same = 1;
        for (size_t w = 0; w < n_words; w++) {
            is_same &= ((set[w] & ~before[w]) >> (w == 0)) == 0; /* bit 0 means nothing */
            before[w] |= set[w];
        }
    } while (!is_same);
    pass_backward(program, p, AMLZ_SETUP, set, n_words, live[AMLZ_SETUP]);
}

static inline int is_one_word(const amlz_dims *dims) { return 1 + dims->n_scalars + dims->n_vectors + dims->n_matrices <= 64; }

void amlz__liveness_mark(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY])
{
    const flow_places p = flow_places_of(dims);
    wanted_sets wanted;
    if (is_one_word(dims)) {
        mark(program, &p, 1, &wanted, live);
    } else {
        mark(program, &p, FLOW_WORDS, &wanted, live);
    }
}

void amlz__liveness_wanted(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY],
                           uint64_t behind[AMLZ_FUNCTION_COUNT][FLOW_WORDS])
{
    const flow_places p = flow_places_of(dims);
    wanted_sets wanted = {{0}, {0}};
    if (is_one_word(dims)) {
        mark(program, &p, 1, &wanted, live);
    } else {
        mark(program, &p, FLOW_WORDS, &wanted, live);
    }
    memcpy(behind[AMLZ_SETUP], wanted.before_predict, sizeof behind[AMLZ_SETUP]);
    memcpy(behind[AMLZ_PREDICT], wanted.behind_predict, sizeof behind[AMLZ_PREDICT]);
    memcpy(behind[AMLZ_LEARN], wanted.before_predict, sizeof behind[AMLZ_LEARN]);
}

/* ---- the other way about: where what is in some addresses may get to */

/* From the addresses that depend on something before the function to those behind it. */
static void pass_forward(const amlz_program *program, const flow_places *p, int f, uint64_t *set)
{
    for (size_t i = 0; i < program->size[f]; i++) {
        const amlz_instruction *x = &program->code[f][i];
        const unsigned op = x->op, out = p->first[amlz__flow_ops[op].out] + x->out;
        const unsigned in1 = p->first[amlz__flow_ops[op].in1] + x->in1, in2 = p->first[amlz__flow_ops[op].in2] + x->in2;
        const uint64_t writes = amlz__flow_ops[op].writes, before = flow_has(set, out) & !amlz__flow_ops[op].replaces;
        const uint64_t depends = (flow_has(set, in1) | flow_has(set, in2) | before) & writes;
        set[out / 64] = (set[out / 64] & ~(writes << (out % 64))) | depends << (out % 64);
    }
}

int amlz__liveness_can_learn(const amlz_program *program, const amlz_dims *dims)
{
    uint64_t features[FLOW_WORDS] = {0}, learned[FLOW_WORDS] = {0}, set[FLOW_WORDS];
    const flow_places p = flow_places_of(dims);
    int is_same;
    flow_add(features, p.features);
    pass_forward(program, &p, AMLZ_PREDICT, features);
    do { /* what depends on a label behind Learn does so before the next Predict */
        memcpy(set, learned, sizeof set);
        pass_forward(program, &p, AMLZ_PREDICT, set);
        flow_add(set, p.label);
        pass_forward(program, &p, AMLZ_LEARN, set);
        set[p.label / 64] &= ~(UINT64_C(1) << (p.label % 64)); /* not there when Predict runs */
        is_same = 1;
        for (size_t w = 0; w < FLOW_WORDS; w++) {
            is_same &= (set[w] & ~learned[w]) == 0;
            learned[w] |= set[w];
        }
    } while (!is_same);
    pass_forward(program, &p, AMLZ_PREDICT, learned);
    return (int)(flow_has(features, p.prediction) & flow_has(learned, p.prediction));
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
