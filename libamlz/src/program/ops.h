/* The op table, made from ops.def. */
#ifndef AMLZ_OPS_H
#define AMLZ_OPS_H

#include "amlz.h"

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

extern const amlz_op_info amlz__ops_table[];

#endif
