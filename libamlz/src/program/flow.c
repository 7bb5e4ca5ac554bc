#include "program/flow.h"

const flow_op amlz__flow_ops[] = {
#define N 0
#define S ((int)AMLZ_SCALAR)
#define V ((int)AMLZ_VECTOR)
#define M ((int)AMLZ_MATRIX)
#define X ((int)AMLZ_CONSTANT_REAL)
#define I ((int)AMLZ_CONSTANT_INDEX)
#define OP(id, symbol, out, in1, in2, commutes, c1, c2, c3, text, base, work, power, formula) \
    [id] = {out, in1, in2, (out) != N, (c1) != I},
#include "program/ops.def"
};
#undef N
#undef S
#undef V
#undef M
#undef X
#undef I
