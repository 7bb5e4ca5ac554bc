/* A task set, packed for lanes. */
#ifndef AMLZ_TASKS_H
#define AMLZ_TASKS_H

#include "amlz.h"
#include "kernels/kernels.h"

/* Tasks that run side by side. */
typedef struct tasks_block {
    uint32_t first_task, n_tasks; /* n_tasks <= lanes; the other lanes hold zeros */
    uint32_t lanes;
    void *train_x, *train_y, *valid_x, *valid_y; /* [example][F][lanes] and [example][lanes] */
} tasks_block;

struct amlz_tasks {
    amlz_tasks_config config;
    uint32_t n_blocks;
    tasks_block *blocks;
    uint32_t *order; /* [epoch - 1][n_train], for all epochs but the first */
};

/* Makes a caller's configuration whole, with defaults for what is 0; NULL, or what is wrong with it. */
const char *amlz__tasks_take_config(amlz_tasks_config *config, const amlz_tasks_config *given);

/* The widest block whose matrices leave room in a first-level cache; where none does, one task at a time, vectorised over
 * features, is the faster layout. */
uint32_t amlz__tasks_widest_block(uint32_t n_features, size_t real_size);

/* 1 if y is a label of that kind: a finite number, 0 or 1, or one of the classes. */
int amlz__tasks_label_valid(uint8_t label, uint32_t n_classes, double y);

/* The order of an epoch's examples: NULL for as they lie. */
static inline const uint32_t *tasks_order(const amlz_tasks *tasks, uint32_t epoch)
{
    return epoch == 0 ? NULL : tasks->order + (size_t)(epoch - 1) * tasks->config.n_train;
}

#endif
