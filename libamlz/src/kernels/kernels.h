/* What the kernels, compiled once for each instruction set, precision and lane count, share with those who call them.
 *
 * Lanes: the same program runs on LANES tasks at once. Memory holds, for each scalar, LANES numbers side by side; for each
 * vector F times that, for each matrix F * F times that, row by row. One lane is one task; no kernel mixes lanes. */
#ifndef AMLZ_KERNELS_H
#define AMLZ_KERNELS_H

#include "program/ops.h"

#define KERNELS_MAX_LANES AMLZ_LANES

/* Fused forms: FORM(name, second, first), two ops in one pass over memory and to the same bits. `first` makes an operand t
 * of `second` that nobody else sees; the call has the other operand in in1, and the operands of `first` in in2 and in3. */
#define KERNEL_FORMS(FORM)                                           \
    FORM(vector_add_scaled, vector_sum, scalar_vector_product)       \
    FORM(vector_subtract_scaled, vector_difference, scalar_vector_product) \
    FORM(matrix_add_outer, matrix_sum, outer_product)                \
    FORM(matrix_subtract_outer, matrix_difference, outer_product)

typedef enum kernel_form {
    KERNEL_FORM_NONE,
#define FORM(name, second, first) KERNEL_FORM_##name,
    KERNEL_FORMS(FORM)
#undef FORM
    KERNEL_FORM_COUNT
} kernel_form;

typedef struct kernel_state kernel_state;
typedef struct kernel_call kernel_call;

/* Executes one instruction in all lanes. */
typedef void kernel_function(const kernel_call *call, kernel_state *state);

/* An instruction with everything found: which kernel, and where its operands lie. */
struct kernel_call {
    kernel_function *run;
    void *out;
    const void *in1, *in2, *in3;
    size_t n_features;
    const double *constant; /* the plan's, with fractional indexes turned into whole ones */
    uint8_t function;   /* amlz_function */
    uint8_t ordinal;    /* among the random instructions of its function */
};

/* What random ops are keyed by, and room for one matrix. */
struct kernel_state {
    uint32_t key[2];  /* evaluation seed */
    uint32_t task;    /* of lane 0 */
    uint64_t runs[3]; /* how often each function has been run */
    void *scratch;
};

/* Of float's 23 bits of mantissa fingerprints keep 13: programs that differ by rounding alone mostly agree in them. */
#define KERNELS_DROPPED_BITS 10

/* A bound program on its memory: what the loops over examples need. */
typedef struct kernel_run {
    kernel_state state;
    kernel_call *code[3];
    uint16_t size[3];
    uint16_t n_feature_reads, n_label_reads;
    const void **feature_reads[4 * AMLZ_CAPACITY]; /* operands that are v0 in Predict and Learn */
    const void **label_reads[2 * AMLZ_CAPACITY];   /* operands that are s0 in Learn */
    uint8_t label;       /* amlz_label */
    uint32_t n_classes;
    uint32_t n_features;
    void *prediction;    /* s1; v2 with vector labels */
    void *label_vector;  /* v1 with vector labels */
    int32_t alive[KERNELS_MAX_LANES]; /* -1, or 0 for a lane that was stopped or holds no task */
    int32_t steps[KERNELS_MAX_LANES]; /* examples seen alive in the last train or validate */
    double loss[KERNELS_MAX_LANES];   /* summed over the examples of the last validate */
    uint64_t *hashes;    /* NULL, or a hash a lane that goes on with the truncated error of each example */
} kernel_run;

/* Examples of a block of tasks: [example][F][LANES] and [example][LANES]. */
typedef struct kernel_examples {
    const void *features, *labels;
    const uint32_t *order; /* NULL: as they lie */
    uint32_t count;
} kernel_examples;

typedef struct kernel_set {
    uint8_t lanes;
    kernel_function *op[OPS_COUNT];
    kernel_function *form[KERNEL_FORM_COUNT];
    void (*predict)(kernel_run *run, const void *features);
    /* In classification, makes the logits that Predict left the probabilities that Learn sees. */
    void (*to_probabilities)(const kernel_run *run);
    /* Learn, with a label for each lane. */
    void (*learn)(kernel_run *run, const void *features, const void *labels);
    void (*run_function)(kernel_run *run, int function);
} kernel_set;

/* The loops over examples; how many of these were looked at until no lane was left. errors, if not NULL, takes so many times
 * [lanes] absolute errors, NaN for those after the one that stopped a lane. */
typedef uint32_t kernel_loop(kernel_run *run, const kernel_examples *examples, double *errors);

/* Apart from the kernels, so that a program with nothing but learners is linked without them. */
typedef struct kernel_loops {
    kernel_loop *train;    /* Predict, stop rule, Learn on each example */
    kernel_loop *validate; /* Predict and loss on each example */
} kernel_loops;

/* One table an instruction set: by precision, then by 1, 4, 8 and 16 lanes; NULL for what is not built. */
typedef const kernel_set *const kernel_table[2][4];
typedef const kernel_loops *const kernel_loop_table[2][4];
extern kernel_table amlz__kernels_baseline, amlz__kernels_avx2, amlz__kernels_avx512;
extern kernel_loop_table amlz__kernels_baseline_loops, amlz__kernels_avx2_loops, amlz__kernels_avx512_loops;

/* OK, or why precision and variant are none that can be run here. */
amlz_status amlz__kernels_check(unsigned precision, unsigned variant, const char **reason);

/* What the variant, which AUTO may be, stands for here. */
static inline amlz_variant kernels_variant(unsigned variant)
{
    return variant == AMLZ_VARIANT_AUTO ? amlz_variant_best() : (amlz_variant)variant;
}

/* The kernels of a variant that is available here (not AUTO), for 1, 4, 8 or 16 lanes. */
const kernel_set *amlz__kernels_find(amlz_variant variant, amlz_precision precision, unsigned lanes);
const kernel_loops *amlz__kernels_find_loops(amlz_variant variant, amlz_precision precision, unsigned lanes);

static inline size_t kernels_real_size(unsigned precision)
{
    return !BUILD_FLOAT32 || (BUILD_FLOAT64 && precision == AMLZ_FLOAT64) ? sizeof(double) : sizeof(float);
}

#endif
