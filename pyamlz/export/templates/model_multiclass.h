/* The likeliest class of a row, a place in learner_class_names. probabilities, which may be NULL: of each class. */
static inline int learner_answer(learner_state *state, const double *row, REAL *probabilities)
{
    REAL features[LEARNER_FEATURES], found[LEARNER_CLASSES];
    int best = 0;
    learner_prepare(row, features);
    learner_predict(state, features, found);
    for (int i = 0; i < LEARNER_CLASSES; i++) {
        if (probabilities != NULL) {
            probabilities[i] = found[i];
        }
        if (found[i] > found[best] || found[best] != found[best]) {
            best = i;
        }
    }
    return best;
}

/* Learns that a row is of a class. */
static inline void learner_learn_answer(learner_state *state, const double *row, int answer)
{
    REAL features[LEARNER_FEATURES];
    learner_prepare(row, features);
    learner_learn(state, features, (uint32_t)answer, NULL);
}
