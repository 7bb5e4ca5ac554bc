/* What a learner is made of. */
#ifndef AMLZ_LEARNER_H
#define AMLZ_LEARNER_H

#include "kernels/machine.h"

struct amlz_learner {
    amlz_learner_config config;
    plan plan;
    machine machine;
};

static inline size_t learner_real_size(const amlz_learner *l) { return kernels_real_size(l->machine.precision); }

/* Bytes of what is predicted for one example. */
static inline size_t learner_prediction_size(const amlz_learner *l)
{
    const amlz_dims *dims = &l->machine.dims;
    return (BUILD_LABEL_IS(dims->label, AMLZ_MULTICLASS) ? dims->n_classes : 1) * learner_real_size(l);
}

static inline int learner_accepts(const amlz_learner *l, amlz_precision precision, const void *features)
{
    return l != NULL && features != NULL && l->machine.precision == precision;
}

/* What Predict left, as the caller gets it: probabilities. Memory keeps the logits, as in validation. */
void amlz__learner_take_prediction(machine *m, void *prediction, size_t size);

/* 1 if all are labels. */
int amlz__learner_takes_labels(const amlz_learner *l, const void *labels, size_t count);

/* One training step with a label; prediction may be NULL. */
void amlz__learner_learn(amlz_learner *l, const void *features, const void *label, void *prediction);

#endif
