/* Data flow: addresses as bits of a set, and what an instruction does to the set of those that somebody wants. */
#ifndef AMLZ_FLOW_H
#define AMLZ_FLOW_H

#include "program/program.h"

/* Sets of addresses have a bit for each, by type, and bit 0 for operands that are not there. */
#define FLOW_WORDS ((1 + 3 * AMLZ_ADDRESSES + 63) / 64)

/* Where the addresses of a memory are in a set. */
typedef struct flow_places {
    unsigned first[AMLZ_MATRIX + 1]; /* bit of a type's first address */
    unsigned prediction, features, label;
} flow_places;

static inline flow_places flow_places_of(const amlz_dims *dims)
{
    flow_places p = {{0, 1, 1U + dims->n_scalars, 1U + dims->n_scalars + dims->n_vectors}, 0, 0, 0};
    p.prediction = p.first[program_prediction_type(dims)] + program_prediction_address(dims);
    p.features = p.first[AMLZ_VECTOR];
    p.label = BUILD_LABEL_IS(dims->label, AMLZ_MULTICLASS) ? p.first[AMLZ_VECTOR] + 1 : p.first[AMLZ_SCALAR];
    return p;
}

/* What matters of an op: types of its operands; whether it writes, and whether that wipes out what was there. A table of its
 * own, since that of ops.c is too large for where every cycle counts. */
typedef struct flow_op {
    uint8_t out, in1, in2, writes, replaces;
} flow_op;
extern const flow_op amlz__flow_ops[];

static inline void flow_add(uint64_t *set, unsigned bit) { set[bit / 64] |= UINT64_C(1) << (bit % 64); }
static inline void flow_remove(uint64_t *set, unsigned bit) { set[bit / 64] &= ~(UINT64_C(1) << (bit % 64)); }
static inline uint64_t flow_has(const uint64_t *set, unsigned bit) { return set[bit / 64] >> (bit % 64) & 1; }

/* From the addresses that are wanted behind an instruction to those wanted before it; 1 if what it writes is wanted, which
 * is what makes it live. Without branches: which instructions live is as good as random. is_one_word: a constant; there is
 * but word 0. */
static inline uint64_t flow_step_back(const flow_places *p, const amlz_instruction *x, uint64_t *set, int is_one_word)
{
    const unsigned op = x->op, out = p->first[amlz__flow_ops[op].out] + x->out; /* addresses that are not used are 0 */
    const unsigned in1 = p->first[amlz__flow_ops[op].in1] + x->in1, in2 = p->first[amlz__flow_ops[op].in2] + x->in2;
    const uint64_t lives = set[is_one_word ? 0 : out / 64] >> (out % 64) & amlz__flow_ops[op].writes;
    set[is_one_word ? 0 : out / 64] &= ~((lives & amlz__flow_ops[op].replaces) << (out % 64));
    set[is_one_word ? 0 : in1 / 64] |= lives << (in1 % 64);
    set[is_one_word ? 0 : in2 / 64] |= lives << (in2 % 64);
    return lives;
}

#endif
