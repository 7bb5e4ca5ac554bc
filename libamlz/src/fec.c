#include "fec.h"

#include "portability.h"
#include "rng.h"

/* 13 of float's 23 bits of mantissa are kept: programs that differ by rounding alone mostly agree in them. */
#define DROPPED_BITS 10

typedef struct fingerprint {
    uint64_t lanes[KERNELS_MAX_LANES];
    uint64_t whole;
    uint32_t last_example;
} fingerprint;

static uint32_t truncated(double error)
{
    const float rounded = (float)error;
    uint32_t bits;
    if (error != error) {
        return UINT32_MAX; /* the task was stopped */
    }
    memcpy(&bits, &rounded, sizeof bits);
    return bits >> DROPPED_BITS;
}

static void observe(void *context, const tasks_block *block, uint32_t example, const double *errors)
{
    fingerprint *f = context;
    for (uint32_t l = 0; l < block->n_tasks; l++) {
        const uint64_t before = example == 0 ? 0 : f->lanes[l];
        const uint64_t mixed = (before ^ truncated(errors[l])) * UINT64_C(0x9e3779b97f4a7c15);
        f->lanes[l] = mixed ^ mixed >> 32;
        if (example == f->last_example) {
            f->whole = rng_mix(f->whole ^ f->lanes[l]);
        }
    }
}

uint64_t fec_fingerprint(amlz_evaluator *evaluator, const amlz_tasks *tasks, uint64_t seed, uint32_t n_train,
                         uint32_t n_valid, amlz_evaluation *steps)
{
    fingerprint f = {{0}, 0, n_train + n_valid - 1};
    evaluate_first(evaluator, tasks, seed, n_train, n_valid, observe, &f, steps);
    return f.whole;
}
