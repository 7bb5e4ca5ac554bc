/* Random numbers, of two kinds: keyed draws, where a counter and a key alone determine the number (Philox4x32-10, by
 * Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), for what programs and data sets draw; and a
 * sequence (xoshiro256**, by Blackman and Vigna, 2018) for the search. */
#ifndef AMLZ_RNG_H
#define AMLZ_RNG_H

#include <stdint.h>

#include "base/mathfn.h"
#include "base/portability.h"

/* ---- keyed draws; all are branch-free, so that loops over them become vector code */

static inline void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t product0 = (uint64_t)0xd2511f53 * c0, product2 = (uint64_t)0xcd9e8d57 * c2;
        c0 = (uint32_t)(product2 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product2;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
        k0 += 0x9e3779b9;
        k1 += 0xbb67ae85;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Uniform in the open interval (0, 1); exact, and symmetric about 1/2. */
static inline float rng_unit_f32(uint32_t word) { return ((float)(word >> 9) + 0.5f) * 0x1p-23f; }

/* The 52 bits are put behind the leading bit of a number in [1, 2): a conversion of integers has no vector form on many
 * machines. */
static inline double rng_unit_from_bits(uint64_t bits)
{
    return math_from_bits(UINT64_C(0x3ff0000000000000) | bits >> 12) - (1 - 0x1p-53);
}
static inline double rng_unit_f64(uint32_t lo, uint32_t hi) { return rng_unit_from_bits((uint64_t)hi << 32 | lo); }

/* Two independent standard normal numbers from u1 and u2 in (0, 1), by Box and Muller. */
static inline void rng_gauss_pair(double u1, double u2, double *z0, double *z1)
{
    const double radius = port_sqrt(-2 * math_log_unit(u1));
    double sine, cosine;
    math_sincos_turn(u2, &sine, &cosine);
    *z0 = radius * cosine;
    *z1 = radius * sine;
}

/* ---- the search's sequence */

typedef struct {
    uint64_t s[4];
} rng_state;

/* The finaliser of splitmix64, a bijection in which each bit of x changes half of the result's. */
static inline uint64_t rng_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* The first four numbers of splitmix64; they are never all 0. */
static inline void rng_seed(rng_state *state, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        state->s[i] = rng_mix(seed);
    }
}

static inline uint64_t rng_rotate(uint64_t x, int n) { return x << n | x >> (64 - n); }

static inline uint64_t rng_next(rng_state *state)
{
    uint64_t *s = state->s;
    const uint64_t result = rng_rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rng_rotate(s[3], 45);
    return result;
}

/* Uniform in 0 .. n - 1, n >= 1, without bias: the upper half of w * n, w a word, unless w is one of the 2^32 mod n
 * words that would make some results likelier (Lemire, "Fast random integer generation in an interval", 2019). */
static inline uint32_t rng_below(rng_state *state, uint32_t n)
{
    uint64_t product = (rng_next(state) >> 32) * n;
    if ((uint32_t)product < n) {
        const uint32_t surplus = (0 - n) % n; /* 2^32 mod n */
        while ((uint32_t)product < surplus) {
            product = (rng_next(state) >> 32) * n;
        }
    }
    return (uint32_t)(product >> 32);
}

/* Uniform in the open interval (0, 1). */
static inline double rng_uniform(rng_state *state) { return rng_unit_from_bits(rng_next(state)); }

/* 1 with probability p. */
static inline int rng_chance(rng_state *state, double p) { return rng_uniform(state) < p; }

#endif
