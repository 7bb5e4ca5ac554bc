/* What a search is made of. The other files of this folder lay it out, let it advance, tell of it and resume it. */
#ifndef AMLZ_SEARCH_H
#define AMLZ_SEARCH_H

#include "run/evaluate.h"
#include "search/cache.h"
#include "search/key_set.h"
#include "search/state.h"
#include "search/threshold.h"
#include "search/tune.h"

/* What is known already of a program that is to be scored: a function of the program alone, whoever found it out. */
typedef struct evidence {
    int has_fingerprint, is_whole; /* is_whole: of a full evaluation */
    int is_tuned;
    uint32_t n_hurdles;            /* of which the fitness is known */
    uint64_t fingerprint;
    amlz_evaluation probe, at_hurdle[AMLZ_MAX_HURDLES], whole;
    tuning tuned; /* a function of its seed too */
} evidence;

typedef enum child_stage {
    CHILD_DRAWN, /* to be run */
    CHILD_OUT,   /* somebody runs it */
    CHILD_READY  /* to be taken in when its turn has come */
} child_stage;

/* A child that was drawn ahead of its turn (crew.c) or is evaluated elsewhere (ask.c): it is no member yet, but has its place
 * in the population. */
typedef struct pending_child {
    amlz_program program;
    amlz_member member;  /* its fitness is a guess, -1 where nothing is known */
    rng_state after;     /* the draws that made it */
    uint64_t duplicates; /* of the search, with its own */
    uint64_t ticket;     /* no two have the same */
    uint64_t key, structure; /* like n_live, of a program that is not rejected */
    int n_live, is_rejected;
    int is_guess;        /* a fitness that was not known yet had a say */
    child_stage stage;
    evidence known;
} pending_child;

typedef struct pending {
    pending_child *children;         /* a ring */
    uint32_t capacity, first, count; /* count: at most the population's size */
} pending;

static inline pending_child *pending_at(const pending *p, uint32_t index)
{
    return &p->children[(p->first + index) % p->capacity];
}

struct amlz_search {
    amlz_search_config config;
    const amlz_tasks *tasks;
    uint64_t tasks_digest;
    amlz_evaluator *evaluator;
    uint64_t evaluation_seed; /* of random ops: one for the whole search, so that a fitness is a function of the program */
    cache by_key, by_fingerprint;
    threshold thresholds[AMLZ_MAX_HURDLES]; /* as many as there are hurdles */
    key_set members; /* laid out only where children are drawn again: the keys of the population */
    key_set structures; /* laid out only where they are remembered */
    search_state now;
    search_state mark; /* laid out only where something is remembered, which makes a mark differ from now */
    uint64_t work;     /* since the mark */
    amlz_program start, child, scratch; /* scratch: for the moment */
    int is_put;        /* 1: items were put, and the search was not resumed yet */
    pending asked;     /* programs that were asked for; the search is as it was before, until their fitness is told */
    pending_child own; /* room for one of them */
    pending ahead;     /* empty but while a crew is at work, or a program is asked for */
    uint64_t (*clock)(void); /* NULL: phases are not measured */
    uint64_t *ticks, last_tick;
};

/* Evaluations since the population was last begun, once so many are done in all. */
static inline uint64_t search_since_start(const amlz_search *s, uint64_t evaluations)
{
    return s->config.restart_period == 0 ? evaluations : evaluations % s->config.restart_period;
}

#endif
