/* Which instructions of a plan are run as one: kernels.h has the list of fused forms. */
#ifndef AMLZ_FUSE_H
#define AMLZ_FUSE_H

#include "kernels/kernels.h"
#include "program/plan.h"

typedef struct fuse_choice {
    uint8_t form;     /* kernel_form that runs this instruction and the one before it that it takes in */
    uint8_t first;    /* place of that one in the function */
    uint8_t is_taken; /* 1: taken in by another, not run by itself */
} fuse_choice;

/* Chooses for one function of a plan. */
void amlz__fuse_choose(const plan *p, const amlz_dims *dims, int function, fuse_choice choice[AMLZ_CAPACITY]);

#endif
