#include "program/ops.h"

/* ids are dense, and fit both the archive's byte and amlz_function_space */
typedef char ops_fit[OPS_COUNT <= AMLZ_MAX_OPS && OP_matrix_gaussian < OPS_COUNT ? 1 : -1];

enum { N = 0, C = 1, S = AMLZ_SCALAR, V = AMLZ_VECTOR, M = AMLZ_MATRIX, X = AMLZ_CONSTANT_REAL, I = AMLZ_CONSTANT_INDEX,
       D = AMLZ_CONSTANT_STDEV };

/* Two properties follow from the constants: the pair of parameters of a distribution, and the index of one element. */
#define OP(id, symbol, out, in1, in2, commutes, c1, c2, c3, text, base, work, power, formula) \
    static const amlz_op_info symbol = {#symbol, text, formula, out, in1, in2, {c1, c2, c3}, base, work, power, \
                                        (c1) == X && (c2) != N, (c1) == I, commutes};
#include "program/ops.def"

const amlz_op_info *const amlz__ops_table[OPS_COUNT] = {
#define OP(id, symbol, out, in1, in2, commutes, c1, c2, c3, text, base, work, power, formula) \
    [id] = OPS_HAS(id) ? &symbol : NULL,
#include "program/ops.def"
};

const char *amlz__ops_fault(unsigned id)
{
    return id >= (unsigned)OPS_COUNT ? "unknown op" : OPS_HAS(id) ? NULL : "an op that this build of the library leaves out";
}

int amlz_op_count(void) { return OPS_COUNT; }

const amlz_op_info *amlz_op(int id) { return id >= 0 && id < OPS_COUNT ? amlz__ops_table[id] : NULL; }
