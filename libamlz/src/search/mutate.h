/* Random programs and changes to programs. Both need a space that amlz_space_check has passed. */
#ifndef AMLZ_MUTATE_H
#define AMLZ_MUTATE_H

#include "search/draw.h"

/* Draws each function that has ops anew, with its init_size. */
void amlz__mutate_random_program(const amlz_space *space, draw_range range, rng_state *rng, amlz_program *program);

/* Applies the action; one that cannot apply changes nothing. */
void amlz__mutate_apply(const amlz_space *space, draw_range range, amlz_mutation action, rng_state *rng,
                        amlz_program *program);

/* An action drawn by the weights, whose sum is over 0. */
amlz_mutation amlz__mutate_draw(const double weights[AMLZ_MUTATION_COUNT], rng_state *rng);

/* Mutates a child: once, and again with probability 1/2, up to max_mutations times. The last action. */
amlz_mutation amlz__mutate_child(const amlz_search_config *config, rng_state *rng, amlz_program *program);

/* 1 if the weights are finite, none negative and not all 0. */
int amlz__mutate_weights_valid(const double weights[AMLZ_MUTATION_COUNT]);

#endif
