/* Random numbers for data: keyed, so that any part of any stream is the same everywhere. */
#include "amlz.h"
#include "base/portability.h"
#include "base/rng.h"

/* The two uniform numbers of a block. */
static void draw_pair(uint64_t seed, uint64_t stream, uint64_t block, double u[2])
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    uint32_t words[4];
    rng_philox(counter, key, words);
    u[0] = rng_unit_f64(words[0], words[1]);
    u[1] = rng_unit_f64(words[2], words[3]);
}

static void fill_stream(uint64_t seed, uint64_t stream, double *out, size_t count, int gaussian)
{
    const port_fp_state caller = port_fp_enter();
    for (size_t i = 0; out != NULL && i < count; i += 2) {
        double x[2];
        draw_pair(seed, stream, i / 2, x);
        if (gaussian) {
            rng_gauss_pair(x[0], x[1], &x[0], &x[1]);
        }
        out[i] = x[0];
        if (i + 1 < count) {
            out[i + 1] = x[1];
        }
    }
    port_fp_leave(caller);
}

void amlz_fill_gaussian(uint64_t seed, uint64_t stream, double *out, size_t count) { fill_stream(seed, stream, out, count, 1); }

void amlz_fill_uniform(uint64_t seed, uint64_t stream, double *out, size_t count) { fill_stream(seed, stream, out, count, 0); }
