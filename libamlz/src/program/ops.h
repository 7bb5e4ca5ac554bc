/* The op table, made from ops.def. */
#ifndef AMLZ_OPS_H
#define AMLZ_OPS_H

#include "base/build.h"

enum {
#define OP(id, symbol, out, in1, in2, commutes, c1, c2, c3, text, base, work, power, formula) OP_##symbol = (id),
#include "program/ops.def"
};

/* Counted, not written: one more than the largest id. */
typedef struct ops_census {
#define OP(id, symbol, out, in1, in2, commutes, c1, c2, c3, text, base, work, power, formula) char symbol;
#include "program/ops.def"
} ops_census;
#define OPS_COUNT ((int)sizeof(ops_census))

/* 1 for the ops that are built (base/build.h): two words have a bit for each. A constant where the id is one. Numbers are
 * read and written by scalar_constant, so that is always there. */
#ifdef AMLZ_OPS
#  define OPS_LOW_BIT(symbol) | (OP_##symbol < 64 ? UINT64_C(1) << OP_##symbol % 64 : 0)
#  define OPS_HIGH_BIT(symbol) | (OP_##symbol >= 64 ? UINT64_C(1) << OP_##symbol % 64 : 0)
#  define OPS_HAS(id)                                                                                   \
      (((id) < 64 ? (1 OPS_LOW_BIT(scalar_constant) AMLZ_OPS(OPS_LOW_BIT)) >> (id) % 64 : (0 AMLZ_OPS(OPS_HIGH_BIT)) >> (id) % 64) & 1)
#else
#  define OPS_HAS(id) 1
#endif

/* NULL, or why there is no op with this id. */
const char *amlz__ops_fault(unsigned id);

/* By id; NULL for those that are not built. */
extern const amlz_op_info *const amlz__ops_table[];

#endif
