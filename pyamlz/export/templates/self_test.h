static inline int learner_self_test(learner_state *state)
{
    static const $word expected[$all] = {
$bits};
    uint32_t random = 1;
    int differences = 0;
    learner_init(state);
    for (int example = 0; example < $all; example++) {
        REAL features[LEARNER_FEATURES];
        for (size_t i = 0; i < LEARNER_FEATURES; i++) {
            features[i] = learner_test_number(&random);
        }
        const REAL label = $label;
        const REAL prediction =
            example < $learned ? learner_learn(state, features, label) : learner_predict(state, features);
        differences += learner_test_differs(prediction, expected[example]);
    }
    learner_init(state);
    return differences;
}
