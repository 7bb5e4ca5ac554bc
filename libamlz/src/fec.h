/* Functional equivalence checking: programs that err alike on a few examples count as the same (the paper's section 3.2). */
#ifndef AMLZ_FEC_H
#define AMLZ_FEC_H

#include "evaluate.h"

/* Runs the first examples of the loaded program; a hash of its truncated errors on all tasks. */
uint64_t fec_fingerprint(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, uint32_t n_train,
                         uint32_t n_valid, amlz_evaluation *steps);

#endif
