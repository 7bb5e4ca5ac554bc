/* Which instructions can reach a prediction. */
#ifndef AMLZ_LIVENESS_H
#define AMLZ_LIVENESS_H

#include "program.h"

/* live[f][i] becomes 1 or 0 for each instruction of a checked program. */
void liveness_mark(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY]);

#endif
