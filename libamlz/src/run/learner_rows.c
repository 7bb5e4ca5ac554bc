/* Many examples by one call of a learner. */
#include <string.h>

#include "base/check.h"
#include "base/portability.h"
#include "run/learner.h"

/* ---------------------------------------------------------------- predicting
 *
 * Predict may write to memory, so it runs on a copy, in the caller's scratch: a machine of its own with the same plan. */

/* Addresses in which Predict hands something on to the next time that it runs: it writes them, and reads what was there
 * before it has written all of it. The rest of what it writes tells the next run nothing. */
typedef struct carried {
    unsigned count;
    struct {
        size_t start, size; /* bytes of the machine's memory */
    } part[AMLZ_CAPACITY];
} carried;

/* 1 if Predict, which writes the address, reads it before it has written all of it. */
static int reads_first(const plan *p, int type, unsigned address)
{
    for (size_t i = 0; i < p->size[AMLZ_PREDICT]; i++) {
        const plan_instruction *x = &p->code[AMLZ_PREDICT][i];
        const amlz_op_info *info = amlz__ops_table[x->op];
        const int is_written = info->out == type && x->out == address;
        if ((info->in1 == type && x->in1 == address) || (info->in2 == type && x->in2 == address) ||
            (is_written && info->is_partial)) {
            return 1;
        }
        if (is_written) {
            return 0;
        }
    }
    return 0;
}

static void find_carried(const machine *m, const plan *p, carried *c)
{
    c->count = 0;
    for (size_t i = 0; i < p->size[AMLZ_PREDICT]; i++) {
        const plan_instruction *x = &p->code[AMLZ_PREDICT][i];
        const int type = amlz__ops_table[x->op]->out;
        if (type != AMLZ_NONE && reads_first(p, type, x->out)) { /* twice does no harm */
            c->part[c->count].start = (size_t)((unsigned char *)machine_at(m, type, x->out) - m->memory);
            c->part[c->count++].size = m->stride[type];
        }
    }
}

/* With the addresses that the plan uses. */
static machine *lay_out_rows(arena *a, const amlz_learner *l)
{
    amlz_dims dims = l->machine.dims;
    machine *m = arena_take(a, 1, sizeof *m);
    dims.n_scalars = l->plan.n_addresses[AMLZ_SCALAR];
    dims.n_vectors = l->plan.n_addresses[AMLZ_VECTOR];
    dims.n_matrices = l->plan.n_addresses[AMLZ_MATRIX];
    amlz__machine_place(m, a, &dims, l->machine.precision, 1);
    return m;
}

size_t amlz_learner_scratch_size(const amlz_learner *learner)
{
    arena a = arena_over(NULL);
    if (learner == NULL) {
        return 0;
    }
    lay_out_rows(&a, learner);
    return arena_total(&a);
}

/* A machine that is where the learner's is, but for the label, of which there is none. */
static machine *copy_machine(const amlz_learner *l, void *scratch)
{
    const machine *from = &l->machine;
    arena a = arena_over(scratch);
    machine *m = lay_out_rows(&a, l);
    amlz__machine_bind(m, &l->plan, kernels_variant(l->config.variant), 1);
    memcpy(m->memory, from->memory, from->memory_used);
    memset(machine_at(m, AMLZ_SCALAR, 0), 0, m->stride[AMLZ_SCALAR]);
    scratch = m->run.state.scratch;
    m->run.state = from->run.state;
    m->run.state.scratch = scratch;
    return m;
}

/* What Predict is to find as the learner has it. */
static void restore(machine *m, const machine *from, const carried *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        memcpy(m->memory + c->part[i].start, from->memory + c->part[i].start, c->part[i].size);
    }
    memcpy(m->run.state.runs, from->run.state.runs, sizeof m->run.state.runs);
}

static amlz_status predict_many(const amlz_learner *l, amlz_precision precision, int rows, const void *features,
                                size_t stride, size_t n_rows, void *predictions, void *scratch, size_t scratch_size)
{
    carried c;
    if (!learner_accepts(l, precision, features) || predictions == NULL || rows < AMLZ_ROWS_ALONE ||
        rows > AMLZ_ROWS_IN_TURN) {
        return AMLZ_ERROR_ARGUMENT;
    }
    if (scratch == NULL || scratch_size < amlz_learner_scratch_size(l)) {
        return AMLZ_ERROR_MEMORY;
    }
    const size_t size = learner_prediction_size(l), step = learner_real_size(l) * stride;
    const port_fp_state caller = port_fp_enter();
    machine *m = copy_machine(l, scratch);
    find_carried(m, &l->plan, &c);
    for (size_t i = 0; i < n_rows; i++) {
        if (rows == AMLZ_ROWS_ALONE && i > 0) {
            restore(m, &l->machine, &c);
        }
        m->kernels->predict(&m->run, (const unsigned char *)features + i * step);
        amlz__learner_take_prediction(m, (unsigned char *)predictions + i * size, size);
    }
    port_fp_leave(caller);
    return AMLZ_OK;
}

amlz_status amlz_learner_predict_many_f32(const amlz_learner *learner, int rows, const float *features, size_t stride,
                                          size_t n_rows, float *predictions, void *scratch, size_t scratch_size)
{
    return predict_many(learner, AMLZ_FLOAT32, rows, features, stride, n_rows, predictions, scratch, scratch_size);
}

amlz_status amlz_learner_predict_many_f64(const amlz_learner *learner, int rows, const double *features, size_t stride,
                                          size_t n_rows, double *predictions, void *scratch, size_t scratch_size)
{
    return predict_many(learner, AMLZ_FLOAT64, rows, features, stride, n_rows, predictions, scratch, scratch_size);
}

/* ---------------------------------------------------------------- learning */

static amlz_status learn_many(amlz_learner *l, amlz_precision precision, const void *features, size_t stride,
                              const void *labels, size_t n_rows, void *predictions)
{
    if (!learner_accepts(l, precision, features) || labels == NULL) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const size_t size = learner_prediction_size(l), real = learner_real_size(l);
    const port_fp_state caller = port_fp_enter();
    const int are_labels = amlz__learner_takes_labels(l, labels, n_rows);
    for (size_t i = 0; are_labels && i < n_rows; i++) {
        amlz__learner_learn(l, (const unsigned char *)features + i * real * stride, (const unsigned char *)labels + i * real,
                            predictions == NULL ? NULL : (unsigned char *)predictions + i * size);
    }
    port_fp_leave(caller);
    return are_labels ? AMLZ_OK : AMLZ_ERROR_DATA;
}

amlz_status amlz_learner_learn_many_f32(amlz_learner *learner, const float *features, size_t stride, const float *labels,
                                        size_t n_rows, float *predictions)
{
    return learn_many(learner, AMLZ_FLOAT32, features, stride, labels, n_rows, predictions);
}

amlz_status amlz_learner_learn_many_f64(amlz_learner *learner, const double *features, size_t stride, const double *labels,
                                        size_t n_rows, double *predictions)
{
    return learn_many(learner, AMLZ_FLOAT64, features, stride, labels, n_rows, predictions);
}
