/* A build for one model in float32: that of ../../archive/golden/1.2-model.amlz. */
#define AMLZ_CAPACITY 16
#define AMLZ_ADDRESSES 13
#define AMLZ_LANES 1
#define AMLZ_ONLY_FLOAT32
#define AMLZ_ONLY_LABEL AMLZ_BINARY
#define AMLZ_OPS(OP)                                                                                               \
    OP(scalar_sum) OP(scalar_difference) OP(scalar_division) OP(scalar_abs) OP(scalar_sin) OP(scalar_cos)          \
    OP(scalar_log) OP(scalar_uniform) OP(vector_sum) OP(vector_difference) OP(vector_uniform) OP(vector_gaussian)  \
    OP(dot_product) OP(outer_product) OP(scalar_vector_product) OP(matrix_vector_product) OP(scalar_matrix_product) \
    OP(matrix_sum) OP(matrix_heaviside) OP(matrix_norm) OP(matrix_std)
