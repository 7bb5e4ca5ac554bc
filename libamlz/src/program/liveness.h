/* Which instructions can reach a prediction. */
#ifndef AMLZ_LIVENESS_H
#define AMLZ_LIVENESS_H

#include "program/flow.h"

/* live[f][i] becomes 1 or 0 for each instruction of a checked program. */
void amlz__liveness_mark(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY]);

/* The same, and the addresses that somebody wants behind each function: what is there may reach a prediction. */
void amlz__liveness_wanted(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY],
                           uint64_t behind[AMLZ_FUNCTION_COUNT][FLOW_WORDS]);

/* 1 if the prediction may depend on the example's features and on labels that were learned from. */
int amlz__liveness_can_learn(const amlz_program *program, const amlz_dims *dims);

#endif
