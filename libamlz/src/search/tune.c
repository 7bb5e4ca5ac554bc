#include "search/tune.h"

#include <string.h>

#include "program/liveness.h"
#include "search/draw.h"

enum { MAX_CONSTANTS = AMLZ_FUNCTION_COUNT * AMLZ_CAPACITY * AMLZ_CONSTANT_COUNT };

/* The constants of live code, in its order. */
typedef struct constants {
    double *at[MAX_CONSTANTS];
    uint8_t kind[MAX_CONSTANTS];
    uint32_t n;
} constants;

static void collect_line(constants *all, uint8_t op, double constant[])
{
    const amlz_op_info *info = amlz__ops_table[op];
    for (int c = 0; c < AMLZ_CONSTANT_COUNT && info->constant[c] != AMLZ_CONSTANT_NONE; c++) {
        all->at[all->n] = &constant[c];
        all->kind[all->n++] = info->constant[c];
    }
}

static void collect_of_plan(plan *p, constants *all)
{
    all->n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < p->size[f]; i++) {
            collect_line(all, p->code[f][i].op, p->code[f][i].constant);
        }
    }
}

static void collect_of_program(amlz_program *program, const amlz_dims *dims, constants *all)
{
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    amlz__liveness_mark(program, dims, live);
    all->n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < program->size[f]; i++) {
            if (live[f][i]) {
                collect_line(all, program->code[f][i].op, program->code[f][i].constant);
            }
        }
    }
}

/* A factor from 1/4 to 4, log-uniformly; one sign in ten changes. */
static double perturbed(double x, int kind, rng_state *rng)
{
    const double factor = math_exp(1.3862943611198906 * (2 * rng_uniform(rng) - 1));
    const int flips = kind == AMLZ_CONSTANT_REAL && rng_chance(rng, 0.1);
    const double scaled = flips ? -(x * factor) : x * factor;
    return math_is_finite(scaled) ? scaled : x;
}

/* Odd settings draw half of the constants anew; even ones perturb one of them, or in three of ten cases all. n_features: 0
 * where indexes are fractions, else F. */
static void set(const amlz_search_config *config, uint64_t seed, uint32_t number, uint32_t n_features, const constants *all)
{
    const draw_range range = draw_range_of(config);
    rng_state rng;
    rng_seed(&rng, rng_mix(seed + number));
    const int is_drawn = number % 2 == 1, hits_all = !is_drawn && rng_chance(&rng, 0.3);
    const uint32_t hit = rng_below(&rng, all->n);
    for (uint32_t i = 0; i < all->n; i++) {
        const int kind = all->kind[i];
        double *constant = all->at[i];
        if (is_drawn ? rng_chance(&rng, 0.5) : hits_all || i == hit) {
            if (kind == AMLZ_CONSTANT_INDEX) {
                const double fraction = rng_uniform(&rng);
                *constant = n_features == 0 ? fraction : (double)program_index(fraction, n_features);
            } else {
                *constant = is_drawn ? draw_constant(kind, range, &rng) : perturbed(*constant, kind, &rng);
            }
        }
    }
}

void amlz__tune_program(const amlz_search_config *config, uint64_t seed, uint32_t number, amlz_program *program)
{
    constants all;
    collect_of_program(program, &config->space.dims, &all);
    set(config, seed, number, 0, &all);
}

static uint32_t tune_plan(const amlz_search_config *config, uint64_t seed, uint32_t number, plan *p)
{
    constants all;
    collect_of_plan(p, &all);
    if (all.n > 0) {
        set(config, seed, number, config->space.dims.n_features, &all);
    }
    return all.n;
}

void amlz__tune_run(const amlz_search_config *config, amlz_evaluator *evaluator, const amlz_tasks *tasks,
                    uint64_t evaluation_seed, const amlz_program *program, double fitness, tuning *t)
{
    amlz_evaluation *best = &t->result;
    t->n = t->best = 0;
    memset(best, 0, sizeof *best);
    best->fitness = fitness;
    for (uint32_t number = 1; number < config->tunings; number++) {
        amlz_evaluation result = {0};
        amlz__evaluate_load(evaluator, program);
        if (tune_plan(config, t->seed, number, &evaluator->plan) == 0) {
            return;
        }
        amlz__evaluate_run(evaluator, tasks, evaluation_seed, &result);
        best->train_steps += result.train_steps;
        best->valid_steps += result.valid_steps;
        t->n++;
        if (result.fitness > best->fitness) {
            best->fitness = result.fitness;
            t->best = number;
        }
    }
}
