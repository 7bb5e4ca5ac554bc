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

/* The sizes that constants are drawn from, log-uniformly; low is 0 where they are drawn uniformly up to 1. */
typedef struct draw_range {
    double low, high;
} draw_range;

static const draw_range DRAW_AS_THE_PAPER = {0, 0};

static inline draw_range draw_range_of(const amlz_search_config *config)
{
    const draw_range range = {config->constant_low, config->constant_high};
    return range;
}

static inline double draw_size(draw_range range, rng_state *rng)
{
    const double low = math_log(range.low);
    return math_exp(low + rng_uniform(rng) * (math_log(range.high) - low));
}

static inline double draw_constant(int constant, draw_range range, rng_state *rng)
{
    switch ((amlz_constant)constant) {
    case AMLZ_CONSTANT_REAL:
        if (range.low > 0) {
            const double size = draw_size(range, rng);
            return rng_chance(rng, 0.5) ? -size : size;
        }
        return 2 * rng_uniform(rng) - 1;
    case AMLZ_CONSTANT_STDEV: return range.low > 0 ? draw_size(range, rng) : rng_uniform(rng);
    case AMLZ_CONSTANT_INDEX: return rng_uniform(rng);
    case AMLZ_CONSTANT_NONE: break;
    }
    return 0;
}

static inline void draw_constants(const amlz_op_info *info, draw_range range, rng_state *rng, amlz_instruction *out)
{
    for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
        out->constant[c] = draw_constant(info->constant[c], range, rng);
    }
}

#endif
