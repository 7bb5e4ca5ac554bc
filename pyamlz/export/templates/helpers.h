static inline REAL learner_magnitude(REAL x)
{
    $word bits;
    memcpy(&bits, &x, sizeof x);
    bits &= $magnitude;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline void learner_add(REAL *out, const REAL *a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] + b[i];
    }
}

static inline void learner_subtract(REAL *out, const REAL *a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] - b[i];
    }
}

static inline void learner_multiply(REAL *out, const REAL *a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] * b[i];
    }
}

static inline void learner_divide(REAL *out, const REAL *a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] / b[i];
    }
}

static inline void learner_minimum(REAL *out, const REAL *a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] < b[i] ? a[i] : b[i];
    }
}

static inline void learner_maximum(REAL *out, const REAL *a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] > b[i] ? a[i] : b[i];
    }
}

static inline void learner_step(REAL *out, const REAL *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] > 0 ? (REAL)1 : (REAL)0;
    }
}

static inline void learner_invert(REAL *out, const REAL *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = 1 / a[i];
    }
}

static inline void learner_absolute(REAL *out, const REAL *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = learner_magnitude(a[i]);
    }
}

static inline void learner_scale(REAL *out, REAL a, const REAL *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a * b[i];
    }
}

static inline void learner_fill(REAL *out, REAL a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = a;
    }
}

/* Sums have one order: element i goes to partial sum i mod 8, and these are added as follows. */
static inline REAL learner_total(const REAL p[8])
{
    const REAL a = p[0] + p[4], b = p[2] + p[6], c = p[1] + p[5], d = p[3] + p[7];
    const REAL even = a + b, odd = c + d;
    return even + odd;
}

/* -0 is the number that changes nothing when added. */
static inline void learner_start(REAL p[8])
{
    for (size_t i = 0; i < 8; i++) {
        p[i] = (REAL)-0.0;
    }
}

static inline REAL learner_dot(const REAL *a, const REAL *b, size_t n)
{
    REAL p[8];
    learner_start(p);
    for (size_t i = 0; i < n; i++) {
        p[i % 8] += a[i] * b[i];
    }
    return learner_total(p);
}

static inline REAL learner_norm(const REAL *a, size_t n) { return $sqrt(learner_dot(a, a, n)); }

static inline REAL learner_mean(const REAL *a, size_t n)
{
    REAL p[8];
    learner_start(p);
    for (size_t i = 0; i < n; i++) {
        p[i % 8] += a[i];
    }
    return learner_total(p) / (REAL)n;
}

static inline REAL learner_std(const REAL *a, size_t n)
{
    const REAL mean = learner_mean(a, n);
    REAL p[8];
    learner_start(p);
    for (size_t i = 0; i < n; i++) {
        const REAL deviation = a[i] - mean;
        p[i % 8] += deviation * deviation;
    }
    const REAL variance = learner_total(p) / (REAL)n;
    return $sqrt(variance);
}

static inline void learner_outer(REAL *out, const REAL *a, const REAL *b)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        for (size_t c = 0; c < LEARNER_FEATURES; c++) {
            out[r * LEARNER_FEATURES + c] = a[r] * b[c];
        }
    }
}

static inline void learner_matrix_vector(REAL *out, const REAL *matrix, const REAL *vector)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        out[r] = learner_dot(matrix + r * LEARNER_FEATURES, vector, LEARNER_FEATURES);
    }
}

static inline void learner_matrix_multiply(REAL *out, const REAL *a, const REAL *b)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        for (size_t c = 0; c < LEARNER_FEATURES; c++) {
            REAL p[8];
            learner_start(p);
            for (size_t k = 0; k < LEARNER_FEATURES; k++) {
                p[k % 8] += a[r * LEARNER_FEATURES + k] * b[k * LEARNER_FEATURES + c];
            }
            out[r * LEARNER_FEATURES + c] = learner_total(p);
        }
    }
}

static inline void learner_transpose(REAL *out, const REAL *matrix)
{
    for (size_t r = 0; r < LEARNER_FEATURES; r++) {
        for (size_t c = 0; c < LEARNER_FEATURES; c++) {
            out[c * LEARNER_FEATURES + r] = matrix[r * LEARNER_FEATURES + c];
        }
    }
}

static inline void learner_column_broadcast(REAL *out, const REAL *vector)
{
    for (size_t i = 0; i < LEARNER_FEATURES * LEARNER_FEATURES; i++) {
        out[i] = vector[i / LEARNER_FEATURES];
    }
}

static inline void learner_row_broadcast(REAL *out, const REAL *vector)
{
    for (size_t i = 0; i < LEARNER_FEATURES * LEARNER_FEATURES; i++) {
        out[i] = vector[i % LEARNER_FEATURES];
    }
}

static inline void learner_column_norm(REAL *out, const REAL *matrix)
{
    for (size_t c = 0; c < LEARNER_FEATURES; c++) {
        REAL p[8];
        learner_start(p);
        for (size_t r = 0; r < LEARNER_FEATURES; r++) {
            const REAL x = matrix[r * LEARNER_FEATURES + c];
            p[r % 8] += x * x;
        }
        out[c] = $sqrt(learner_total(p));
    }
}

/* Block number `block` of what the ordinal-th random instruction of a function draws in the function's present run. */
static inline void learner_draw(const learner_state *state, uint32_t function, uint32_t ordinal, size_t block,
                                uint32_t word[4])
{
    const uint64_t runs = state->runs[function];
    const uint32_t last = function << 30 | ordinal << 22 | (uint32_t)(runs >> 32 & 0x3fffff);
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)runs, state->task, last};
    rng_philox(counter, state->key, word);
}

static inline void learner_uniform(const learner_state *state, uint32_t function, uint32_t ordinal, REAL low,
                                   REAL high, REAL *out, size_t n)
{
    const REAL width = high - low;
    uint32_t word[4];
    for (size_t i = 0; i < n; i++) {
        if (i % $per_block == 0) {
            learner_draw(state, function, ordinal, i / $per_block, word);
        }
        const REAL u = $unit;
        const REAL above = width * u;
        out[i] = low + above;
    }
}

static inline void learner_gaussian(const learner_state *state, uint32_t function, uint32_t ordinal, REAL mean,
                                    REAL stdev, REAL *out, size_t n)
{
    uint32_t word[4];
    for (size_t i = 0; i < n; i += 2) {
        double z[2];
        if (i % $per_block == 0) {
            learner_draw(state, function, ordinal, i / $per_block, word);
        }
        rng_gauss_pair($u1, $u2, &z[0], &z[1]);
        for (size_t k = 0; k < 2 && i + k < n; k++) {
            const REAL deviation = stdev * (REAL)z[k];
            out[i + k] = mean + deviation;
        }
    }
}

static inline REAL learner_probability(REAL logit) { return (REAL)(1 / (1 + math_exp(-(double)logit))); }

static inline void learner_softmax(const REAL *logits, REAL *out)
{
    double largest = (double)logits[0], sum = 0;
    for (size_t c = 1; c < LEARNER_CLASSES; c++) {
        largest = (double)logits[c] > largest ? (double)logits[c] : largest;
    }
    for (size_t c = 0; c < LEARNER_CLASSES; c++) {
        sum += math_exp((double)logits[c] - largest);
    }
    for (size_t c = 0; c < LEARNER_CLASSES; c++) {
        out[c] = (REAL)(math_exp((double)logits[c] - largest) / sum);
    }
}

/* The self-test's numbers: a linear congruential generator. */
static inline uint32_t learner_test_word(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random;
}

/* In [-1, 1), exact in every precision. */
static inline REAL learner_test_number(uint32_t *random)
{
    return (REAL)(learner_test_word(random) >> 16) / 32768 - 1;
}

static inline int learner_test_differs(REAL x, $word expected)
{
    $word bits;
    memcpy(&bits, &x, sizeof x);
    return bits != expected && !(x != x && (expected & $magnitude) > $infinity); /* all NaN are one */
}
