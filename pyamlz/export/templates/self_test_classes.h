static inline int learner_self_test(learner_state *state)
{
    static const $word expected[$all * LEARNER_CLASSES] = {
$bits};
    uint32_t random = 1;
    int differences = 0;
    learner_init(state);
    for (int example = 0; example < $all; example++) {
        REAL features[LEARNER_FEATURES], probabilities[LEARNER_CLASSES];
        for (size_t i = 0; i < LEARNER_FEATURES; i++) {
            features[i] = learner_test_number(&random);
        }
        const uint32_t label = $label;
        if (example < $learned) {
            learner_learn(state, features, label, probabilities);
        } else {
            learner_predict(state, features, probabilities);
        }
        for (int c = 0; c < LEARNER_CLASSES; c++) {
            differences += learner_test_differs(probabilities[c], expected[example * LEARNER_CLASSES + c]);
        }
    }
    learner_init(state);
    return differences;
}
