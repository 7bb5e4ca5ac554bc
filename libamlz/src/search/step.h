/* What a step of a search is made of: making a program, loading it, scoring it and taking it in. */
#ifndef AMLZ_STEP_H
#define AMLZ_STEP_H

#include "search/search.h"

/* 1 if the program scores 0 unrun. */
int amlz__step_is_rejected(const amlz_search *s, const amlz_program *program);

/* Loads a program that is to be scored; 0 if it is rejected. */
int amlz__step_load(amlz_search *s, const amlz_program *program);

/* Makes the next program and loads it; again and again where a member equals it. 0 if it is rejected. Children that are
 * pending count as members; *is_guess becomes 1 where that may not be what comes out in the end. */
int amlz__step_make_child(amlz_search *s, amlz_program *program, amlz_member *origin, int *is_guess);

/* A program that is to be taken in. */
typedef struct candidate {
    const amlz_program *program;
    amlz_member *member;
    int is_rejected;
    uint64_t key, structure; /* these and n_live: unless it is rejected */
    int n_live;
    const double *told;    /* the fitness that was measured elsewhere, or NULL */
    const evidence *known; /* NULL: nothing, and the evaluator has the program loaded */
} candidate;

/* The candidate that was just loaded or rejected. */
candidate amlz__step_candidate(const amlz_search *s, const amlz_program *program, amlz_member *member, int is_loaded);

/* Seed of the draws that are made when it is taken in, given the state after those that made it. */
static inline uint64_t step_seed(const rng_state *after, uint64_t birth) { return rng_mix(after->s[0] ^ birth); }

/* Scores it and takes it in. */
void amlz__step_add(amlz_search *s, const candidate *c);

/* Makes the child that comes after those that are pending ahead; the search stays as it is. Neither its stage nor its ticket
 * is set. */
void amlz__step_make_pending(amlz_search *s, pending_child *child);

/* Takes in the first of them, by the fitness told, or scores it where told is NULL. */
void amlz__step_take_pending(amlz_search *s, pending *children, const double *told);

#endif
