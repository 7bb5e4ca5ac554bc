/* A search that tests can run: quick, and with every part that a search has. */
#ifndef AMLZ_SEARCH_FIXTURES_H
#define AMLZ_SEARCH_FIXTURES_H

#include "check.h"
#include "fixtures.h"

enum { D = 3, F = 4 };

static inline amlz_dims search_dims(void) { return dims_of(AMLZ_REGRESSION, F, 4, 4, 2); }

/* All ops but the random ones, so that a fitness does not depend on the evaluation seed. */
static inline amlz_search_config config_of(uint64_t seed)
{
    const amlz_dims dims = search_dims();
    uint8_t ops[AMLZ_MAX_OPS];
    size_t n = 0;
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_search_defaults(&config);
    config.space = space_of(&dims, 1, 8, 6);
    for (int op = 0; op < amlz_op_count(); op++) {
        if (!amlz_op(op)->is_random) {
            ops[n++] = (uint8_t)op;
        }
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        set_ops(&config.space.function[f], ops, n);
    }
    config.seed = seed;
    config.population_size = 20;
    config.tournament_size = 4;
    config.combine = AMLZ_MEAN;
    config.cache_size = config.fec_size = 50;
    config.fec_train = 5;
    config.fec_valid = 3;
    return config;
}

/* Each part of the profile `valid`. */
static inline amlz_search_config valid_config(uint64_t seed)
{
    amlz_search_config config = config_of(seed);
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        config.mutation_weight[i] = i >= AMLZ_MUTATE_REWIRE;
    }
    config.start = AMLZ_START_GROWN;
    config.cache_size = config.fec_size = 0;
    config.max_mutations = 3;
    config.simplify = 1;
    config.must_learn = config.redraw_rejected = 1;
    config.redraws = 50;
    config.structures_size = 1000;
    config.tunings = 4;
    config.replace_worst_of = 3;
    config.fresh_prob = 0.05;
    config.restart_period = 150;
    config.constant_low = 1e-3;
    return config;
}

static inline amlz_tasks *tasks_for(amlz_precision precision)
{
    const amlz_dims dims = search_dims();
    const amlz_tasks_config config = tasks_config_of(&dims, precision, D, 20, 10, 1);
    return task_set_new(&config, 7).tasks;
}

static inline amlz_search *search_new(const amlz_search_config *config, const amlz_tasks *tasks, const amlz_program *start)
{
    const char *reason = NULL;
    const size_t size = amlz_search_size(config, D, &reason);
    amlz_search *search = amlz_search_init(block_new(size), size, config, tasks, start, &reason); /* an unaligned block */
    if (search == NULL) {
        printf("  %s\n", reason);
        exit(2);
    }
    return search;
}

static inline uint64_t digest_of(const amlz_search_config *config, const amlz_tasks *tasks, uint64_t evaluations)
{
    amlz_search *search = search_new(config, tasks, NULL);
    CHECK_EQ_INT(amlz_search_run(search, evaluations, 2, NULL), AMLZ_OK);
    return amlz_search_digest(search);
}

#endif
