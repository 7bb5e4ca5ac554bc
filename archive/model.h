/* A model in memory. */
#ifndef AMLZ_ARCHIVE_MODEL_H
#define AMLZ_ARCHIVE_MODEL_H

#include "preparation.h"

struct amlz_model {
    amlz_model_info info;
    amlz_learner *learner;
    archive_preparation preparation;
};

#endif
