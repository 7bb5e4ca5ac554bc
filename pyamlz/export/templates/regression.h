/* The number predicted for LEARNER_FEATURES features. */
static inline REAL learner_predict(learner_state *state, const REAL *features)
{
    learner_run_predict(state, features);
    return state->s1;
}

/* Learns from one example; what was predicted before its label was seen. */
static inline REAL learner_learn(learner_state *state, const REAL *features, REAL label)
{
    learner_run_predict(state, features);
    const REAL prediction = state->s1;
    learner_run_learn(state, features, label);
    return prediction;
}
