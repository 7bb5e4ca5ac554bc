#include "kernels/machine.h"

#include <string.h>

#include "kernels/fuse.h"

/* For results that cannot go where they belong, since their operands lie there. */
#define NEEDS_MATRIX (OPS_HAS(OP_matrix_multiply) || OPS_HAS(OP_matrix_transpose))
#define NEEDS_VECTOR OPS_HAS(OP_matrix_vector_product)

void amlz__machine_place(machine *m, arena *a, const amlz_dims *dims, amlz_precision precision, uint32_t lanes)
{
    const size_t scalar = lanes * kernels_real_size(precision);
    const size_t vector = size_times(dims->n_features, scalar), matrix = size_times(dims->n_features, vector);
    const size_t vectors = size_times(dims->n_vectors, vector), matrices = size_times(dims->n_matrices, matrix);
    void *scratch = arena_take(a, 1, dims->n_matrices == 0 ? 0 : NEEDS_MATRIX ? matrix : NEEDS_VECTOR ? vector : 0);
    void *memory = arena_take(a, 1, size_plus(dims->n_scalars * scalar, size_plus(vectors, matrices)));
    if (m != NULL) {
        memset(m, 0, sizeof *m);
        m->dims = *dims;
        m->precision = precision;
        m->memory = memory;
        m->run.state.scratch = scratch;
    }
}

/* v0 in Predict and Learn, and s0 in Learn, are read where the examples lie: the loops point these operands there. */
static void note_reads(machine *m, int f, int type, unsigned address, const void **operand)
{
    if (f == AMLZ_SETUP || address != 0) {
        return;
    }
    if (type == AMLZ_VECTOR) {
        m->run.feature_reads[m->run.n_feature_reads++] = operand;
    } else if (type == AMLZ_SCALAR && f == AMLZ_LEARN && m->dims.label != AMLZ_MULTICLASS) {
        m->run.label_reads[m->run.n_label_reads++] = operand;
    }
}

static const void *bind_input(machine *m, int f, int type, unsigned address, const void **operand)
{
    *operand = machine_at(m, type, address);
    note_reads(m, f, type, address, operand);
    return *operand;
}

static void bind_instruction(machine *m, int f, const plan_instruction *x, kernel_call *call)
{
    const amlz_op_info *info = amlz__ops_table[x->op];
    call->run = m->kernels->op[x->op];
    call->out = info->out == AMLZ_NONE ? m->memory : machine_at(m, info->out, x->out);
    call->n_features = m->dims.n_features;
    call->constant = x->constant;
    call->function = (uint8_t)f;
    call->ordinal = x->ordinal;
    /* kernels of fewer inputs may load from the others too, and ignore them */
    call->in1 = call->in2 = call->in3 = call->out;
    if (info->in1 != AMLZ_NONE) {
        call->in2 = bind_input(m, f, info->in1, x->in1, &call->in1);
    }
    if (info->in2 != AMLZ_NONE) {
        bind_input(m, f, info->in2, x->in2, &call->in2);
    }
}

/* `first` makes one of the operands of `second`. */
static void bind_form(machine *m, int f, kernel_form form, const plan_instruction *first, const plan_instruction *second,
                      kernel_call *call)
{
    const amlz_op_info *info = amlz__ops_table[second->op], *info_first = amlz__ops_table[first->op];
    const uint8_t base = second->in2 == first->out ? second->in1 : second->in2;
    call->run = m->kernels->form[form];
    call->out = machine_at(m, info->out, second->out);
    call->n_features = m->dims.n_features;
    bind_input(m, f, info->in1, base, &call->in1);
    bind_input(m, f, info_first->in1, first->in1, &call->in2);
    bind_input(m, f, info_first->in2, first->in2, &call->in3);
}

static void bind_function(machine *m, int f, const plan *p)
{
    fuse_choice choice[AMLZ_CAPACITY];
    uint16_t size = 0;
    amlz__fuse_choose(p, &m->dims, f, choice);
    for (size_t i = 0; i < p->size[f]; i++) {
        const plan_instruction *x = &p->code[f][i];
        if (choice[i].form != KERNEL_FORM_NONE) {
            bind_form(m, f, (kernel_form)choice[i].form, &p->code[f][choice[i].first], x, &m->calls[f][size++]);
        } else if (!choice[i].is_taken) {
            bind_instruction(m, f, x, &m->calls[f][size++]);
        }
    }
    m->run.code[f] = m->calls[f];
    m->run.size[f] = size;
}

void amlz__machine_bind(machine *m, const plan *p, amlz_variant variant, uint32_t lanes)
{
    const size_t scalar = lanes * kernels_real_size(m->precision), n = m->dims.n_features;
    m->kernels = amlz__kernels_find(variant, m->precision, lanes);
    m->stride[AMLZ_SCALAR] = scalar;
    m->stride[AMLZ_VECTOR] = scalar * n;
    m->stride[AMLZ_MATRIX] = size_times(scalar * n, n); /* there may be none, for one would be too large */
    m->memory_used = 0;
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        m->start[type] = m->memory_used;
        m->memory_used += size_times(p->n_addresses[type], m->stride[type]);
    }
    m->run.n_feature_reads = m->run.n_label_reads = 0;
    m->run.label = m->dims.label;
    m->run.n_classes = m->dims.n_classes;
    m->run.n_features = m->dims.n_features;
    m->run.prediction = machine_at(m, program_prediction_type(&m->dims), program_prediction_address(&m->dims));
    m->run.label_vector = BUILD_LABEL_IS(m->dims.label, AMLZ_MULTICLASS) ? machine_at(m, AMLZ_VECTOR, 1) : NULL;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        bind_function(m, f, p);
    }
}

void amlz__machine_start(machine *m, uint64_t seed, uint32_t first_task, uint32_t n_tasks)
{
    memset(m->memory, 0, m->memory_used);
    m->run.state.key[0] = (uint32_t)seed;
    m->run.state.key[1] = (uint32_t)(seed >> 32);
    m->run.state.task = first_task;
    memset(m->run.state.runs, 0, sizeof m->run.state.runs);
    for (uint32_t l = 0; l < KERNELS_MAX_LANES; l++) {
        m->run.alive[l] = l < n_tasks ? -1 : 0;
    }
    m->kernels->run_function(&m->run, AMLZ_SETUP);
}
