/* The answer for a row, in the units of the table; NAN where the program has lost its way. */
static inline double learner_answer(learner_state *state, const double *row)
{
    REAL features[LEARNER_FEATURES];
    learner_prepare(row, features);
    return (double)learner_predict(state, features) * $label_deviation + $label_mean;
}

/* Learns a row's answer. */
static inline void learner_learn_answer(learner_state *state, const double *row, double answer)
{
    REAL features[LEARNER_FEATURES];
    learner_prepare(row, features);
    learner_learn(state, features, (REAL)((answer - $label_mean) / $label_deviation));
}
