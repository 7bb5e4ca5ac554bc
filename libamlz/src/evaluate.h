/* A program's fitness on a task set. */
#ifndef AMLZ_EVALUATE_H
#define AMLZ_EVALUATE_H

#include "machine.h"
#include "tasks.h"

struct amlz_evaluator {
    amlz_evaluator_config config;
    amlz_variant variant;
    plan plan;          /* what is evaluated */
    machine *machine;
    uint32_t bound;     /* lanes that the machine is bound for; 0: not yet for this plan */
    double *fitness, *sorted; /* room for max_tasks numbers each */
};

/* Lays an evaluator out in the arena; NULL when it only counts. config must be valid. */
amlz_evaluator *evaluate_place(arena *a, const amlz_evaluator_config *config);

/* OK, or what is wrong with the configuration. */
amlz_status evaluate_check(const amlz_evaluator_config *config, const char **reason);

/* 1 if the tasks are of the kind that the evaluator was made for. */
int evaluate_accepts(const amlz_evaluator *evaluator, const amlz_tasks *tasks);

/* Takes a checked program. */
void evaluate_load(amlz_evaluator *evaluator, const amlz_program *program);

/* Runs the loaded program. Steps are added to *result; fitness and n_stopped are set. */
void evaluate_run(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, amlz_evaluation *result);

/* Called with the absolute errors of one example in all lanes of a block; examples count on from training to validation. */
typedef void evaluate_observer(void *context, const tasks_block *block, uint32_t example, const double *errors);

/* Runs the first examples of the loaded program from fresh memory, and shows each error to the observer. */
void evaluate_first(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, uint32_t n_train, uint32_t n_valid,
                    evaluate_observer *observer, void *context, amlz_evaluation *result);

#endif
