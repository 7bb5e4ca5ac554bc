/* A program's fitness on a task set. */
#ifndef AMLZ_EVALUATE_H
#define AMLZ_EVALUATE_H

#include "kernels/machine.h"
#include "run/tasks.h"

struct amlz_evaluator {
    amlz_evaluator_config config;
    amlz_variant variant;
    plan plan;          /* what is evaluated */
    machine *machine;
    uint32_t bound;     /* lanes that the machine is bound for; 0: not yet for this plan */
    const kernel_loops *loops; /* for so many */
    double *fitness, *sorted; /* room for max_tasks numbers each */
};

/* Lays an evaluator out in the arena; NULL when it only counts. config must be valid. */
amlz_evaluator *amlz__evaluate_place(arena *a, const amlz_evaluator_config *config);

/* OK, or what is wrong with the configuration. */
amlz_status amlz__evaluate_check(const amlz_evaluator_config *config, const char **reason);

/* 1 if the tasks are of the kind that the evaluator was made for. */
int amlz__evaluate_accepts(const amlz_evaluator *evaluator, const amlz_tasks *tasks);

/* Takes a checked program. */
void amlz__evaluate_load(amlz_evaluator *evaluator, const amlz_program *program);

/* Runs the loaded program. Steps are added to *result; fitness and n_stopped are set. */
void amlz__evaluate_run(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, amlz_evaluation *result);

/* The same for one pass over the first examples of each task, from fresh memory. */
void amlz__evaluate_first(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, uint32_t n_train, uint32_t n_valid,
                          amlz_evaluation *result);

/* Functional equivalence checking (the paper's section 3.2): runs the first examples of the loaded program from fresh memory;
 * a hash of its truncated errors on all tasks. Programs that err alike count as the same. Steps are added to *result. */
uint64_t amlz__evaluate_fingerprint(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, uint32_t n_train,
                                    uint32_t n_valid, amlz_evaluation *result);

#endif
