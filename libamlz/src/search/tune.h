/* Other settings of a program's constants. Setting number 1, 2 ... is a function of the program, a seed and the number; 0 is
 * the program as it is. */
#ifndef AMLZ_TUNE_H
#define AMLZ_TUNE_H

#include "run/evaluate.h"

/* What came of judging a program by several settings. */
typedef struct tuning {
    uint64_t seed;          /* of the settings */
    uint32_t n, best;       /* settings that were run, the program as it is not among them; number of the best one */
    amlz_evaluation result; /* of the best one, with the steps of all that were run */
} tuning;

/* Gives the constants of live code another setting. */
void amlz__tune_program(const amlz_search_config *config, uint64_t seed, uint32_t number, amlz_program *program);

/* Runs all other settings of a program whose own fitness is known. Of equals the first is the best. */
void amlz__tune_run(const amlz_search_config *config, amlz_evaluator *evaluator, const amlz_tasks *tasks,
                    uint64_t evaluation_seed, const amlz_program *program, double fitness, tuning *t);

#endif
