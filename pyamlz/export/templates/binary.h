/* The probability of class 1, given LEARNER_FEATURES features. What was learned stays as it is. */
static inline REAL learner_predict(learner_state *state, const REAL *features)
{
$keep    learner_run_predict(state, features);
    const REAL probability = learner_probability(state->s1);
$put_back    return probability;
}

/* Learns from one example, whose label is 0 or 1; the probability predicted before the label was seen. */
static inline REAL learner_learn(learner_state *state, const REAL *features, REAL label)
{
    learner_run_predict(state, features);
    state->s1 = learner_probability(state->s1);
    const REAL prediction = state->s1;
    learner_run_learn(state, features, label);
    return prediction;
}
