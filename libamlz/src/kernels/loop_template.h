/* The loops over examples, in the same terms as kernel_template.h, which includes this. */

static TARGET void FN(run_function)(kernel_run *run, int function)
{
    const kernel_call *call = run->code[function], *end = call + run->size[function];
    for (; call < end; call++) {
        call->run(call, &run->state);
    }
    run->state.runs[function]++;
}

/* v0 is never written, so instructions read it where the examples lie. */
static inline TARGET void FN(point)(const void **reads[], size_t n, const void *where)
{
    for (size_t i = 0; i < n; i++) {
        *reads[i] = where;
    }
}

/* One-hot labels into v1: classes is NULL (no label), or a class a lane. */
static TARGET void FN(set_label_vector)(const kernel_run *run, const REAL *classes)
{
    REAL *out = run->label_vector;
    memset(out, 0, run->n_features * LANES * sizeof(REAL));
    for (size_t l = 0; classes != NULL && l < LANES; l++) {
        out[(size_t)classes[l] * LANES + l] = 1;
    }
}

/* exp(x) / sum of exp over the classes, kept from overflow by the largest; the rest of the vector stays. Loops over lanes
 * are the inner ones, since these can be done at once. */
static TARGET void FN(softmax)(const kernel_run *run)
{
    double largest[LANES], sum[LANES];
    for (size_t l = 0; l < LANES; l++) {
        largest[l] = (double)((const REAL *)run->prediction)[l];
        sum[l] = 0;
    }
    for (size_t c = 1; c < run->n_classes; c++) {
        const REAL *p = (const REAL *)run->prediction + c * LANES;
        for (size_t l = 0; l < LANES; l++) {
            largest[l] = (double)p[l] > largest[l] ? (double)p[l] : largest[l];
        }
    }
    for (size_t c = 0; c < run->n_classes; c++) {
        const REAL *p = (const REAL *)run->prediction + c * LANES;
        for (size_t l = 0; l < LANES; l++) {
            sum[l] += math_exp((double)p[l] - largest[l]);
        }
    }
    for (size_t c = 0; c < run->n_classes; c++) {
        REAL *p = (REAL *)run->prediction + c * LANES;
        for (size_t l = 0; l < LANES; l++) {
            p[l] = (REAL)(math_exp((double)p[l] - largest[l]) / sum[l]);
        }
    }
}

static TARGET void FN(predict)(kernel_run *run, const void *features)
{
    FN(point)(run->feature_reads, run->n_feature_reads, features);
    if (BUILD_LABEL_IS(run->label, AMLZ_MULTICLASS)) {
        FN(set_label_vector)(run, NULL);
    }
    FN(run_function)(run, AMLZ_PREDICT);
}

/* What Learn sees in classification: probabilities in place of logits. */
static TARGET void FN(to_probabilities)(const kernel_run *run)
{
    if (BUILD_LABEL_IS(run->label, AMLZ_BINARY)) {
        REAL *s = run->prediction;
        for (int l = 0; l < LANES; l++) {
            s[l] = (REAL)(1 / (1 + math_exp(-(double)s[l])));
        }
    } else if (BUILD_LABEL_IS(run->label, AMLZ_MULTICLASS)) {
        FN(softmax)(run);
    }
}

static TARGET void FN(learn)(kernel_run *run, const void *features, const void *labels)
{
    FN(point)(run->feature_reads, run->n_feature_reads, features);
    if (BUILD_LABEL_IS(run->label, AMLZ_MULTICLASS)) {
        FN(set_label_vector)(run, labels);
    } else {
        FN(point)(run->label_reads, run->n_label_reads, labels);
    }
    FN(run_function)(run, AMLZ_LEARN);
}

/* |label - prediction|; with classes, 1 - the probability of the right one. */
static inline TARGET void FN(errors_of)(const kernel_run *run, const REAL *labels, REAL error[LANES])
{
    const REAL *s = run->prediction;
    if (BUILD_LABEL_IS(run->label, AMLZ_MULTICLASS)) {
        for (size_t l = 0; l < LANES; l++) {
            error[l] = FN(abs_1)(FN(sub_1)(1, s[(size_t)labels[l] * LANES + l]));
        }
    } else if (LANES == 1) {
        error[0] = FN(abs_1)(FN(sub_1)(labels[0], s[0]));
    } else {
        for (int l = 0; l < LANES; l += VL) {
            STORE(error + l, FN(abs_v)(FN(sub_v)(LOAD(labels + l), LOAD(s + l))));
        }
    }
}

/* Out of line, as record: where the loops could see the lanes one by one, compilers would keep them so. */
static PORT_NOINLINE TARGET int FN(any_alive)(const kernel_run *run)
{
    int32_t any = 0;
    for (int l = 0; l < LANES; l++) {
        any |= run->alive[l];
    }
    return any != 0;
}

/* NaN from the example on that stops a lane. */
static PORT_NOINLINE TARGET void FN(record)(const kernel_run *run, const REAL error[LANES], double *errors)
{
    for (int l = 0; l < LANES; l++) {
        errors[l] = run->alive[l] ? (double)error[l] : math_nan();
    }
}

/* A step of a multiply-with-carry generator that takes the error in, with the one product that all vector units have. A
 * lane that was stopped has a word of its own. */
static PORT_NOINLINE TARGET void FN(hash)(const kernel_run *run, const REAL error[LANES])
{
    for (int l = 0; l < LANES; l++) {
        const float rounded = (float)error[l];
        const uint64_t hash = run->hashes[l];
        uint32_t bits;
        memcpy(&bits, &rounded, sizeof bits);
        const uint32_t word = run->alive[l] ? bits >> KERNELS_DROPPED_BITS : UINT32_MAX;
        run->hashes[l] = (uint64_t)((uint32_t)hash ^ word) * UINT32_C(0x9e3779b9) + (hash >> 32);
    }
}

#define EXAMPLE_AT(examples, i) ((examples)->order != NULL ? (examples)->order[i] : (i))

/* A stopped lane goes on computing in its own numbers only, so it is enough to look now and then whether any is left. */
#define LOOK_EVERY 8

static TARGET uint32_t FN(train)(kernel_run *run, const kernel_examples *examples, double *errors)
{
    const size_t width = run->n_features * LANES;
    memset(run->steps, 0, sizeof run->steps);
    for (uint32_t i = 0; i < examples->count; i++) {
        const size_t example = EXAMPLE_AT(examples, i);
        const REAL *features = (const REAL *)examples->features + example * width;
        const REAL *labels = (const REAL *)examples->labels + example * LANES;
        REAL error[LANES];
        FN(predict)(run, features);
        FN(to_probabilities)(run);
        FN(errors_of)(run, labels, error);
        for (int l = 0; l < LANES; l++) {
            run->steps[l] -= run->alive[l];
            run->alive[l] &= error[l] <= 100 ? -1 : 0; /* false for NaN */
        }
        if (errors != NULL) {
            FN(record)(run, error, errors + i * LANES);
        }
        if (run->hashes != NULL) {
            FN(hash)(run, error);
        }
        if (i % LOOK_EVERY == LOOK_EVERY - 1 && !FN(any_alive)(run)) {
            return i + 1;
        }
        FN(learn)(run, features, labels);
    }
    return examples->count;
}

/* 1 where the class that the prediction favours is not the label, NaN where the prediction is none. */
static TARGET void FN(misses)(const kernel_run *run, const REAL *labels, REAL error[LANES])
{
    const REAL *s = run->prediction;
    if (BUILD_LABEL_IS(run->label, AMLZ_BINARY)) {
        for (int l = 0; l < LANES; l++) { /* the logistic function exceeds one half where its argument exceeds 0 */
            error[l] = s[l] != s[l] ? s[l] : (REAL)((labels[l] > (REAL)0.5) != (s[l] > 0));
        }
        return;
    }
    for (size_t l = 0; l < LANES; l++) {
        size_t best = 0;
        REAL nan_or_0 = 0;
        for (size_t c = 0; c < run->n_classes; c++) {
            const REAL x = s[c * LANES + l];
            nan_or_0 = x != x ? x : nan_or_0;
            best = x > s[best * LANES + l] ? c : best;
        }
        error[l] = nan_or_0 != nan_or_0 ? nan_or_0 : (REAL)(best != (size_t)labels[l]);
    }
}

static TARGET uint32_t FN(validate)(kernel_run *run, const kernel_examples *examples, double *errors)
{
    const size_t width = run->n_features * LANES;
    memset(run->steps, 0, sizeof run->steps);
    memset(run->loss, 0, sizeof run->loss);
    for (uint32_t i = 0; i < examples->count; i++) {
        const REAL *labels = (const REAL *)examples->labels + i * (size_t)LANES;
        REAL error[LANES];
        FN(predict)(run, (const REAL *)examples->features + i * width);
        if (BUILD_LABEL_IS(run->label, AMLZ_REGRESSION)) {
            FN(errors_of)(run, labels, error);
        } else {
            FN(misses)(run, labels, error);
        }
        for (int l = 0; l < LANES; l++) {
            run->steps[l] -= run->alive[l];
            run->alive[l] &= error[l] <= 100 ? -1 : 0;
            run->loss[l] += (double)error[l] * (double)error[l];
        }
        if (errors != NULL) {
            FN(record)(run, error, errors + i * LANES);
        }
        if (run->hashes != NULL) {
            FN(hash)(run, error);
        }
        if (i % LOOK_EVERY == LOOK_EVERY - 1 && !FN(any_alive)(run)) {
            return i + 1;
        }
    }
    return examples->count;
}
