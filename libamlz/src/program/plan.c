#include "program/plan.h"

#include <string.h>

#include "base/portability.h"
#include "base/rng.h"
#include "program/liveness.h"

#define UNNAMED 0xffff

/* New names for addresses, given in order of first use. */
typedef struct names {
    uint16_t name[AMLZ_MATRIX + 1][AMLZ_ADDRESSES];
    uint8_t written[AMLZ_MATRIX + 1][AMLZ_ADDRESSES];
    uint16_t count[AMLZ_MATRIX + 1];
    uint16_t zero[AMLZ_MATRIX + 1]; /* the one name of all addresses that nobody writes: they hold zeros */
} names;

static unsigned reserved(const amlz_dims *dims, int type)
{
    const int vector_labels = BUILD_LABEL_IS(dims->label, AMLZ_MULTICLASS);
    return type == AMLZ_SCALAR ? (vector_labels ? 1 : 2) : type == AMLZ_VECTOR ? (vector_labels ? 3 : 1) : 0;
}

static void start_names(const amlz_dims *dims, names *n)
{
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        const unsigned count = program_addresses(dims, type), kept = reserved(dims, type);
        for (unsigned i = 0; i < count; i++) {
            n->name[type][i] = i < kept ? (uint16_t)i : UNNAMED;
            n->written[type][i] = 0;
        }
        n->count[type] = (uint16_t)kept;
        n->zero[type] = UNNAMED;
    }
}

static uint8_t name_of(names *n, int type, uint8_t address)
{
    if (type == AMLZ_NONE) {
        return 0;
    }
    uint16_t *name = &n->name[type][address];
    if (*name == UNNAMED) {
        uint16_t *source = n->written[type][address] ? name : &n->zero[type];
        if (*source == UNNAMED) {
            *source = n->count[type]++;
        }
        *name = *source;
    }
    return (uint8_t)*name;
}

#define HAS_INDEXES (OPS_HAS(OP_vector_element) || OPS_HAS(OP_matrix_element)) /* which need arithmetic */

static void copy_constants(const amlz_instruction *from, const amlz_op_info *info, uint32_t n_features, double out[])
{
    for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
        const double x = from->constant[c];
        out[c] = info->constant[c] == AMLZ_CONSTANT_INDEX && HAS_INDEXES ? (double)program_index(x, n_features) : x;
    }
}

static uint64_t mix_constants(uint64_t hash, const double constant[], const amlz_op_info *info)
{
    for (int c = 0; c < AMLZ_CONSTANT_COUNT && info->constant[c] != AMLZ_CONSTANT_NONE; c++) {
        hash = rng_mix(hash ^ math_shown_bits(constant[c]));
    }
    return hash;
}

static unsigned count_live_random(const amlz_program *program, int f, const uint8_t live[AMLZ_CAPACITY])
{
    unsigned n = 0;
    for (size_t i = 0; i < program->size[f]; i++) {
        n += live[i] && amlz__ops_table[program->code[f][i].op]->is_random;
    }
    return n;
}

/* Dead random instructions are numbered behind the live ones, so that these draw what they draw in PLAN_LIVE. */
static void plan_everything(const amlz_program *program, const amlz_dims *dims, plan *out)
{
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    amlz__liveness_mark(program, dims, live);
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        out->n_addresses[type] = (uint16_t)program_addresses(dims, type);
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        unsigned next[2] = {count_live_random(program, f, live[f]), 0}; /* of dead, of live ones */
        out->size[f] = program->size[f];
        for (size_t i = 0; i < program->size[f]; i++) {
            const amlz_instruction *x = &program->code[f][i];
            const amlz_op_info *info = amlz__ops_table[x->op];
            plan_instruction *y = &out->code[f][i];
            *y = (plan_instruction){x->op, x->out, x->in1, x->in2, (uint8_t)next[live[f][i]], {0}};
            copy_constants(x, info, dims->n_features, y->constant);
            next[live[f][i]] += info->is_random;
        }
    }
    out->key = 0;
    out->is_observed = 1;
}

/* Operands of a commuting op are put in rising order. Where that exchanges two that are both new, the names differ from those
 * of the program written the other way about, and the two are not recognised as the same: no harm is done. */
static void plan_live(const amlz_program *program, const amlz_dims *dims, plan *out)
{
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY], place[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY]; /* of live ones */
    names n;
    amlz__liveness_mark(program, dims, live);
    start_names(dims, &n);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        uint16_t kept = 0;
        for (size_t i = 0; i < program->size[f]; i++) { /* without branches, for there is no telling which way they go */
            place[f][kept] = (uint8_t)i;
            kept = (uint16_t)(kept + live[f][i]);
            n.written[amlz__ops_table[program->code[f][i].op]->out][program->code[f][i].out] |= live[f][i];
        }
        out->size[f] = kept;
    }
    uint64_t hash = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        uint8_t ordinal = 0;
        for (size_t k = 0; k < out->size[f]; k++) {
            const amlz_instruction *x = &program->code[f][place[f][k]];
            const amlz_op_info *info = amlz__ops_table[x->op];
            plan_instruction *y = &out->code[f][k];
            uint8_t in1 = name_of(&n, info->in1, x->in1), in2 = name_of(&n, info->in2, x->in2);
            const uint8_t out_name = name_of(&n, info->out, x->out);
            if (info->is_commutative && in1 > in2) {
                const uint8_t smaller = in2;
                in2 = in1;
                in1 = smaller;
            }
            *y = (plan_instruction){x->op, out_name, in1, in2, ordinal, {0}};
            copy_constants(x, info, dims->n_features, y->constant);
            /* the word is not read back from y, where it was just written byte by byte */
            hash = rng_mix(hash ^ ((uint64_t)x->op | (uint64_t)out_name << 8 | (uint64_t)in1 << 16 | (uint64_t)in2 << 24));
            hash = mix_constants(hash, y->constant, info);
            ordinal = (uint8_t)(ordinal + info->is_random);
        }
        hash = rng_mix(hash ^ (uint64_t)(f + 1) << 32);
    }
    memcpy(out->n_addresses, n.count, sizeof n.count);
    out->key = hash;
    out->is_observed = 0;
}

void amlz__plan_build(const amlz_program *program, const amlz_dims *dims, enum plan_scope scope, plan *out)
{
    if (scope == PLAN_EVERYTHING) {
        plan_everything(program, dims, out);
    } else {
        plan_live(program, dims, out);
    }
}

uint64_t amlz__plan_structure(const plan *p)
{
    uint64_t hash = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < p->size[f]; i++) {
            const plan_instruction *x = &p->code[f][i];
            hash = rng_mix(hash ^ ((uint64_t)x->op | (uint64_t)x->out << 8 | (uint64_t)x->in1 << 16 | (uint64_t)x->in2 << 24));
        }
        hash = rng_mix(hash ^ (uint64_t)(f + 1) << 32);
    }
    return hash + (hash == 0);
}

uint64_t amlz_program_key(const amlz_program *program, const amlz_dims *dims)
{
    plan p;
    if (program == NULL || amlz_program_check(program, dims, NULL) != AMLZ_OK) {
        return 0;
    }
    const port_fp_state caller = port_fp_enter();
    amlz__plan_build(program, dims, PLAN_LIVE, &p);
    port_fp_leave(caller);
    return p.key;
}
