/* What of a program is run: its live code, in canonical form. */
#ifndef AMLZ_PLAN_H
#define AMLZ_PLAN_H

#include "program/program.h"

typedef struct plan_instruction {
    uint8_t op, out, in1, in2;
    uint8_t ordinal; /* among the random instructions of its function */
    double constant[AMLZ_CONSTANT_COUNT]; /* fractional indexes turned into whole ones */
} plan_instruction;

typedef struct plan {
    uint16_t size[AMLZ_FUNCTION_COUNT];
    uint16_t n_addresses[AMLZ_MATRIX + 1]; /* by type: addresses 0 .. n - 1 are in use */
    plan_instruction code[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    uint64_t key; /* structural key; 0 with PLAN_EVERYTHING */
    uint8_t is_observed; /* PLAN_EVERYTHING: somebody may look at any address at any time */
} plan;

enum plan_scope {
    PLAN_LIVE,      /* dead code left out, addresses renamed in order of first use, addresses that nobody writes made one */
    PLAN_EVERYTHING /* all instructions, on the addresses that they name */
};

/* Instructions in all. */
static inline int plan_size(const plan *p) { return p->size[AMLZ_SETUP] + p->size[AMLZ_PREDICT] + p->size[AMLZ_LEARN]; }

/* Builds the plan of a checked program. Reserved addresses keep their numbers. */
void amlz__plan_build(const amlz_program *program, const amlz_dims *dims, enum plan_scope scope, plan *out);

/* A hash of a plan without its constants; never 0. */
uint64_t amlz__plan_structure(const plan *p);

#endif
