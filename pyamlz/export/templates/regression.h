/* The number predicted for LEARNER_FEATURES features. What was learned stays as it is. */
static inline REAL learner_predict(learner_state *state, const REAL *features)
{
$keep    learner_run_predict(state, features);
    const REAL prediction = state->s1;
$put_back    return prediction;
}

/* Learns from one example; what was predicted before its label was seen. */
static inline REAL learner_learn(learner_state *state, const REAL *features, REAL label)
{
    learner_run_predict(state, features);
    const REAL prediction = state->s1;
    learner_run_learn(state, features, label);
    return prediction;
}
