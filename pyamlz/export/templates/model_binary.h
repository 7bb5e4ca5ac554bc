/* The probability that a row is of the class learner_class_names[1]; NAN where the program has lost its way. */
static inline double learner_probability_of(learner_state *state, const double *row)
{
    REAL features[LEARNER_FEATURES];
    learner_prepare(row, features);
    return (double)learner_predict(state, features);
}

/* The likelier class of a row: 0 or 1, a place in learner_class_names. */
static inline int learner_answer(learner_state *state, const double *row)
{
    return learner_probability_of(state, row) > 0.5;
}

/* Learns that a row is of a class. */
static inline void learner_learn_answer(learner_state *state, const double *row, int answer)
{
    REAL features[LEARNER_FEATURES];
    learner_prepare(row, features);
    learner_learn(state, features, (REAL)answer);
}
