/* One program, one lane: it predicts and learns from one example at a time. */
#include "run/learner.h"

#include <string.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/portability.h"
#include "base/structs.h"
#include "run/tasks.h"

static amlz_learner *lay_out_learner(arena *a, const amlz_learner_config *config)
{
    amlz_learner *l = arena_take(a, 1, sizeof *l);
    amlz__machine_place(l == NULL ? NULL : &l->machine, a, &config->dims, (amlz_precision)config->precision, 1);
    return l;
}

/* The caller's configuration made whole, and the bytes that it needs; 0 if it is not valid. */
static size_t take_learner_config(amlz_learner_config *config, const amlz_learner_config *given, const char **reason)
{
    arena a = arena_over(NULL);
    if (!STRUCTS_KNOWN(amlz_learner_config, given)) {
        refuse(AMLZ_ERROR_ARGUMENT, reason, "learner: " STRUCTS_FAULT(amlz_learner_config));
        return 0;
    }
    STRUCTS_READ(amlz_learner_config, config, given);
    if (amlz__kernels_check(config->precision, config->variant, reason) != AMLZ_OK ||
        amlz_dims_check(&config->dims, reason) != AMLZ_OK) {
        return 0;
    }
    lay_out_learner(&a, config);
    return amlz__check_total(&a, reason);
}

size_t amlz_learner_size(const amlz_learner_config *config, const char **reason)
{
    amlz_learner_config whole;
    return take_learner_config(&whole, config, reason);
}

amlz_learner *amlz_learner_init(void *memory, size_t size, const amlz_learner_config *config, const amlz_program *program,
                                const char **reason)
{
    amlz_learner_config whole;
    const size_t needed = take_learner_config(&whole, config, reason);
    if (!amlz__check_block(memory, size, needed, CHECK_SMALLER_THAN("amlz_learner_size"), reason)) {
        return NULL;
    }
    if (program == NULL || amlz_program_check(program, &whole.dims, NULL) != AMLZ_OK) {
        refuse(AMLZ_ERROR_PROGRAM, reason, "the program does not fit dims: amlz_program_check says where");
        return NULL;
    }
    arena a = arena_over(memory);
    amlz_learner *l = lay_out_learner(&a, &whole);
    l->config = whole;
    const port_fp_state caller = port_fp_enter();
    amlz__plan_build(program, &whole.dims, whole.keep_dead_code ? PLAN_EVERYTHING : PLAN_LIVE, &l->plan);
    port_fp_leave(caller);
    amlz__machine_bind(&l->machine, &l->plan, kernels_variant(whole.variant), 1);
    amlz_learner_reset(l);
    return l;
}

void amlz_learner_reset(amlz_learner *learner)
{
    if (learner == NULL) {
        return;
    }
    const port_fp_state caller = port_fp_enter();
    amlz__machine_start(&learner->machine, learner->config.seed, learner->config.task, 1);
    port_fp_leave(caller);
}

/* Features and label lie in their own addresses here, so that all of memory can be looked at. */
static void *features_of(const amlz_learner *l) { return machine_at(&l->machine, AMLZ_VECTOR, 0); }
static void *label_of(const amlz_learner *l) { return machine_at(&l->machine, AMLZ_SCALAR, 0); }

static void run_predict(amlz_learner *l, const void *features)
{
    memcpy(features_of(l), features, l->machine.dims.n_features * learner_real_size(l));
    memset(label_of(l), 0, learner_real_size(l));
    l->machine.kernels->predict(&l->machine.run, features_of(l));
}

static void exchange(unsigned char *a, unsigned char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

void amlz__learner_take_prediction(machine *m, void *prediction, size_t size)
{
    memcpy(prediction, m->run.prediction, size);
    m->kernels->to_probabilities(&m->run);
    exchange(prediction, m->run.prediction, size);
}

static amlz_status predict(amlz_learner *l, amlz_precision precision, const void *features, void *prediction)
{
    if (!learner_accepts(l, precision, features) || prediction == NULL) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    run_predict(l, features);
    amlz__learner_take_prediction(&l->machine, prediction, learner_prediction_size(l));
    port_fp_leave(caller);
    return AMLZ_OK;
}

PORT_NOINLINE int amlz__learner_takes_labels(const amlz_learner *l, const void *labels, size_t count)
{
    const amlz_dims *dims = &l->machine.dims;
    for (size_t i = 0; i < count; i++) {
        const double y = l->machine.precision == AMLZ_FLOAT64 ? ((const double *)labels)[i]
                                                              : (double)((const float *)labels)[i];
        if (!amlz__tasks_label_valid(dims->label, dims->n_classes, y)) {
            return 0;
        }
    }
    return 1;
}

void amlz__learner_learn(amlz_learner *l, const void *features, const void *label, void *prediction)
{
    machine *m = &l->machine;
    run_predict(l, features);
    m->kernels->to_probabilities(&m->run);
    if (prediction != NULL) {
        memcpy(prediction, m->run.prediction, learner_prediction_size(l));
    }
    if (BUILD_LABEL_IS(m->dims.label, AMLZ_MULTICLASS)) {
        m->kernels->learn(&m->run, features_of(l), label);
    } else {
        memcpy(label_of(l), label, learner_real_size(l));
        m->kernels->learn(&m->run, features_of(l), label_of(l));
    }
}

static amlz_status learn(amlz_learner *l, amlz_precision precision, const void *features, const void *label,
                         void *prediction)
{
    if (!learner_accepts(l, precision, features)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const int is_label = amlz__learner_takes_labels(l, label, 1);
    if (is_label) {
        amlz__learner_learn(l, features, label, prediction);
    }
    port_fp_leave(caller);
    return is_label ? AMLZ_OK : AMLZ_ERROR_DATA;
}

amlz_status amlz_learner_predict_f32(amlz_learner *learner, const float *features, float *prediction)
{
    return predict(learner, AMLZ_FLOAT32, features, prediction);
}

amlz_status amlz_learner_predict_f64(amlz_learner *learner, const double *features, double *prediction)
{
    return predict(learner, AMLZ_FLOAT64, features, prediction);
}

amlz_status amlz_learner_learn_f32(amlz_learner *learner, const float *features, float label, float *prediction)
{
    return learn(learner, AMLZ_FLOAT32, features, &label, prediction);
}

amlz_status amlz_learner_learn_f64(amlz_learner *learner, const double *features, double label, double *prediction)
{
    return learn(learner, AMLZ_FLOAT64, features, &label, prediction);
}

static amlz_status locate(const amlz_learner *l, int type, int address, void **where, size_t *count)
{
    if (l == NULL || !l->config.keep_dead_code || type < AMLZ_SCALAR || type > AMLZ_MATRIX || address < 0 ||
        (unsigned)address >= program_addresses(&l->machine.dims, type)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    *where = machine_at(&l->machine, type, (unsigned)address);
    *count = l->machine.stride[type] / learner_real_size(l);
    return AMLZ_OK;
}

amlz_status amlz_learner_get(const amlz_learner *learner, int type, int address, double *values)
{
    void *where;
    size_t count;
    const amlz_status status = values == NULL ? AMLZ_ERROR_ARGUMENT : locate(learner, type, address, &where, &count);
    const port_fp_state caller = port_fp_enter();
    for (size_t i = 0; status == AMLZ_OK && i < count; i++) {
        values[i] = learner->machine.precision == AMLZ_FLOAT64 ? ((const double *)where)[i]
                                                                : (double)((const float *)where)[i];
    }
    port_fp_leave(caller);
    return status;
}

amlz_status amlz_learner_set(amlz_learner *learner, int type, int address, const double *values)
{
    void *where;
    size_t count;
    const amlz_status status = values == NULL ? AMLZ_ERROR_ARGUMENT : locate(learner, type, address, &where, &count);
    const port_fp_state caller = port_fp_enter();
    for (size_t i = 0; status == AMLZ_OK && i < count; i++) {
        if (learner->machine.precision == AMLZ_FLOAT64) {
            ((double *)where)[i] = values[i];
        } else {
            ((float *)where)[i] = (float)values[i];
        }
    }
    port_fp_leave(caller);
    return status;
}

amlz_status amlz_learner_run(amlz_learner *learner, int function)
{
    if (learner == NULL || function < AMLZ_SETUP || function > AMLZ_LEARN) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    learner->machine.kernels->run_function(&learner->machine.run, function);
    port_fp_leave(caller);
    return AMLZ_OK;
}

amlz_status amlz_learner_get_runs(const amlz_learner *learner, uint64_t runs[AMLZ_FUNCTION_COUNT])
{
    if (learner == NULL || runs == NULL) {
        return AMLZ_ERROR_ARGUMENT;
    }
    memcpy(runs, learner->machine.run.state.runs, sizeof learner->machine.run.state.runs);
    return AMLZ_OK;
}

amlz_status amlz_learner_set_runs(amlz_learner *learner, const uint64_t runs[AMLZ_FUNCTION_COUNT])
{
    if (learner == NULL || runs == NULL) {
        return AMLZ_ERROR_ARGUMENT;
    }
    memcpy(learner->machine.run.state.runs, runs, sizeof learner->machine.run.state.runs);
    return AMLZ_OK;
}
