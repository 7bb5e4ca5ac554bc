/* The probabilities of LEARNER_CLASSES classes, given LEARNER_FEATURES features. What was learned stays as it is. */
static inline void learner_predict(learner_state *state, const REAL *features, REAL *probabilities)
{
$keep    learner_run_predict(state, features);
    learner_softmax(state->v2, probabilities);
$put_back}

/* Learns from one example, whose label is a class from 0. probabilities, which may be NULL: those predicted before. */
static inline void learner_learn(learner_state *state, const REAL *features, uint32_t label, REAL *probabilities)
{
    REAL one_hot[LEARNER_FEATURES] = {0};
    one_hot[label] = 1;
    learner_run_predict(state, features);
    learner_softmax(state->v2, state->v2);
    if (probabilities != NULL) {
        memcpy(probabilities, state->v2, LEARNER_CLASSES * sizeof(REAL));
    }
    learner_run_learn(state, features, one_hot);
}
