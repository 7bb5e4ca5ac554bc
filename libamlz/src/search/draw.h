/* What a new instruction is made of, drawn as the paper has it. */
#ifndef AMLZ_DRAW_H
#define AMLZ_DRAW_H

#include "base/rng.h"
#include "program/program.h"

static inline uint8_t draw_address(const amlz_dims *dims, int type, unsigned first, rng_state *rng)
{
    return (uint8_t)(first + rng_below(rng, program_addresses(dims, type) - first));
}

static inline uint8_t draw_input(const amlz_dims *dims, int type, rng_state *rng)
{
    return type == AMLZ_NONE ? 0 : draw_address(dims, type, 0, rng);
}

static inline uint8_t draw_output(const amlz_dims *dims, int type, rng_state *rng)
{
    return type == AMLZ_NONE ? 0 : draw_address(dims, type, program_first_writable(dims, type), rng);
}

static inline double draw_constant(int constant, rng_state *rng)
{
    switch ((amlz_constant)constant) {
    case AMLZ_CONSTANT_REAL: return 2 * rng_uniform(rng) - 1;
    case AMLZ_CONSTANT_INDEX:
    case AMLZ_CONSTANT_STDEV: return rng_uniform(rng);
    case AMLZ_CONSTANT_NONE: break;
    }
    return 0;
}

static inline void draw_constants(const amlz_op_info *info, rng_state *rng, amlz_instruction *out)
{
    for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
        out->constant[c] = draw_constant(info->constant[c], rng);
    }
}

#endif
