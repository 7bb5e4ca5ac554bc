/* A plan bound to memory: what runs. */
#ifndef AMLZ_MACHINE_H
#define AMLZ_MACHINE_H

#include "base/arena.h"
#include "kernels/kernels.h"
#include "program/plan.h"

typedef struct machine {
    kernel_run run;
    const kernel_set *kernels; /* NULL: nothing bound yet */
    kernel_call calls[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    amlz_dims dims;
    amlz_precision precision;
    unsigned char *memory; /* scalars, then vectors, then matrices that the plan uses */
    size_t memory_used;    /* bytes of it */
    size_t start[AMLZ_MATRIX + 1], stride[AMLZ_MATRIX + 1]; /* bytes, by type */
} machine;

/* Takes what programs of these dims can need with up to `lanes` lanes; only counts where the arena does (m is NULL). */
void amlz__machine_place(machine *m, arena *a, const amlz_dims *dims, amlz_precision precision, uint32_t lanes);

/* Finds kernels and operands for each instruction of the plan, which must stay where it is. */
void amlz__machine_bind(machine *m, const plan *p, amlz_variant variant, uint32_t lanes);

/* A fresh start: memory zeroed, all draws from the beginning, lanes alive as many as n_tasks, Setup run. */
void amlz__machine_start(machine *m, uint64_t seed, uint32_t first_task, uint32_t n_tasks);

/* Where an address lies. */
static inline void *machine_at(const machine *m, int type, unsigned address)
{
    return m->memory + m->start[type] + address * m->stride[type];
}

#endif
