/* Programs: what is allowed in them. */
#ifndef AMLZ_PROGRAM_H
#define AMLZ_PROGRAM_H

#include "program/ops.h"

/* How many addresses of a type there are. */
static inline unsigned program_addresses(const amlz_dims *dims, int type)
{
    return type == AMLZ_SCALAR ? dims->n_scalars : type == AMLZ_VECTOR ? dims->n_vectors : dims->n_matrices;
}

/* The first address of a type that programs may write: labels and features come before it. */
static inline unsigned program_first_writable(const amlz_dims *dims, int type)
{
    return type == AMLZ_SCALAR ? 1 : type == AMLZ_VECTOR ? (BUILD_LABEL_IS(dims->label, AMLZ_MULTICLASS) ? 2 : 1) : 0;
}

/* Where predictions lie. */
static inline int program_prediction_type(const amlz_dims *dims)
{
    return BUILD_LABEL_IS(dims->label, AMLZ_MULTICLASS) ? AMLZ_VECTOR : AMLZ_SCALAR;
}
static inline unsigned program_prediction_address(const amlz_dims *dims) { return BUILD_LABEL_IS(dims->label, AMLZ_MULTICLASS) ? 2 : 1; }

/* Static cost of an op at F features. */
static inline double program_op_cost(const amlz_op_info *info, uint32_t n_features)
{
    double work = info->cost_work;
    for (int k = 0; k < info->cost_power; k++) {
        work *= n_features;
    }
    return info->cost_base + work;
}

/* NULL, or what is wrong with an instruction on any memory. */
const char *amlz__program_instruction_fault(const amlz_instruction *instruction);

/* The same of all its instructions, and of its sizes. */
const char *amlz__program_code_fault(const amlz_program *program);

/* Fills error, which may be NULL; AMLZ_ERROR_PROGRAM. */
amlz_status amlz__program_refuse(amlz_error *error, size_t line, size_t column, const char *message);

/* trunc(fraction * n), what a fractional index in [0, 1) stands for; never n, however the product was rounded. */
static inline size_t program_index(double fraction, uint32_t n_features)
{
    const size_t index = (size_t)(fraction * n_features);
    return index < n_features ? index : n_features - 1;
}

#endif
