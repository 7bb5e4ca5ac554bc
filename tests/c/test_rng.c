/* The random numbers: published answers of Philox4x32-10, xoshiro256** and splitmix64, bounds, and the distributions,
 * with fixed seeds, so that no run is unlucky. */
#include <math.h>

#include "base/rng.h"
#include "check.h"

static void philox(void)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t out[4];
        rng_philox(known[i].counter, known[i].key, out);
        for (int k = 0; k < 4; k++) {
            CHECK_EQ_U64(out[k], known[i].out[k]);
        }
    }
}

static void sequence(void)
{
    static const uint64_t first[] = {UINT64_C(11520), 0, UINT64_C(1509978240), UINT64_C(1215971899390074240),
                                     UINT64_C(1216172134540287360), UINT64_C(607988272756665600),
                                     UINT64_C(16172922978634559625), UINT64_C(8476171486693032832),
                                     UINT64_C(10595114339597558777), UINT64_C(2904607092377533576)};
    rng_state rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        CHECK_EQ_U64(rng_next(&rng), first[i]);
    }

    static const uint64_t splitmix64[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                          UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)};
    rng_seed(&rng, 1234567);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ_U64(rng.s[i], splitmix64[i]);
    }
}

static void units(void)
{
    CHECK(rng_unit_f32(0) == 0x1p-24f);
    CHECK(rng_unit_f32(0x1ff) == 0x1p-24f);
    CHECK(rng_unit_f32(0x200) == 0x1.8p-23f);
    CHECK(rng_unit_f32(0x80000000) == 0.5f + 0x1p-24f);
    CHECK(rng_unit_f32(0xffffffff) == 1 - 0x1p-24f);
    CHECK_EQ_F64BITS(rng_unit_f64(0, 0), 0x1p-53);
    CHECK_EQ_F64BITS(rng_unit_f64(0xfff, 0), 0x1p-53);
    CHECK_EQ_F64BITS(rng_unit_f64(0x1000, 0), 0x1.8p-52);
    CHECK_EQ_F64BITS(rng_unit_f64(0, 1), 0x1p-32 + 0x1p-53);
    CHECK_EQ_F64BITS(rng_unit_f64(0, 0x80000000), 0.5 + 0x1p-53);
    CHECK_EQ_F64BITS(rng_unit_f64(0xffffffff, 0xffffffff), 1 - 0x1p-53);

    rng_state rng, same;
    rng_seed(&rng, 4);
    same = rng;
    unsigned long bad = 0;
    for (int i = 0; i < 10000; i++) {
        bad += rng_uniform(&rng) != ((double)(rng_next(&same) >> 12) + 0.5) * 0x1p-52;
    }
    CHECK_EQ_INT((long long)bad, 0);
}

/* chi^2 of counts that should all be the same */
static double chi2(const unsigned *counts, size_t n, double expected)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return sum;
}

/* That chi^2 of `freedom` degrees is within 5 standard deviations. */
static int plausible(double sum, double freedom) { return fabs(sum - freedom) < 5 * sqrt(2 * freedom); }

static void below(void)
{
    static const uint32_t limits[] = {1, 2, 3, 7, 10, 64, 100};
    rng_state rng;
    rng_seed(&rng, 5);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        unsigned counts[100] = {0};
        const uint32_t n = limits[i];
        int ok = 1;
        for (uint32_t k = 0; k < 10000 * n; k++) {
            const uint32_t r = rng_below(&rng, n);
            ok &= r < n;
            counts[r % n]++;
        }
        CHECK(ok);
        CHECK(n == 1 || plausible(chi2(counts, n, 10000), n - 1));
    }

    /* A limit with which a plain remainder, or a product without rejection, would favour a third of the results. */
    const uint32_t n = 0xc0000000;
    unsigned thirds[3] = {0}, residues[3] = {0};
    for (int k = 0; k < 300000; k++) {
        const uint32_t r = rng_below(&rng, n);
        thirds[r >> 30]++;
        residues[r % 3]++;
    }
    CHECK(plausible(chi2(thirds, 3, 100000), 2));
    CHECK(plausible(chi2(residues, 3, 100000), 2));
    uint32_t largest = 0;
    for (int k = 0; k < 1000; k++) {
        const uint32_t r = rng_below(&rng, UINT32_MAX);
        largest = r > largest ? r : largest;
    }
    CHECK(largest > 0xff000000 && largest < UINT32_MAX);
}

static void uniform(void)
{
    enum { N = 1000000, CELLS = 256 };
    static unsigned counts[CELLS], pairs[CELLS];
    rng_state rng;
    rng_seed(&rng, 6);
    double sum = 0, sum2 = 0, least = 1, greatest = 0, previous = 0.5;
    for (int i = 0; i < N; i++) {
        const double u = rng_uniform(&rng);
        counts[(int)(u * CELLS)]++;
        pairs[(int)(previous * 16) * 16 + (int)(u * 16)]++;
        sum += u;
        sum2 += u * u;
        least = u < least ? u : least;
        greatest = u > greatest ? u : greatest;
        previous = u;
    }
    CHECK(least > 0 && least < 1e-4);
    CHECK(greatest < 1 && greatest > 1 - 1e-4);
    CHECK(fabs(sum / N - 0.5) < 5 * sqrt(1. / 12 / N));
    CHECK(fabs(sum2 / N - 1. / 3) < 5 * sqrt(4. / 45 / N));
    CHECK(plausible(chi2(counts, CELLS, (double)N / CELLS), CELLS - 1));
    CHECK(plausible(chi2(pairs, CELLS, (double)N / CELLS), CELLS - 1));

    int hits = 0, never = 0, always = 0;
    for (int i = 0; i < N; i++) {
        hits += rng_chance(&rng, 0.3);
        never += rng_chance(&rng, 0);
        always += rng_chance(&rng, 1);
    }
    CHECK(fabs((double)hits / N - 0.3) < 5 * sqrt(0.3 * 0.7 / N));
    CHECK_EQ_INT(never, 0);
    CHECK_EQ_INT(always, N);
}

/* Neighbouring counters and keys must give unrelated numbers: moments of z0 and z1, and where they fall. */
static void gauss(void)
{
    enum { N = 200000 };
    static const double edges[] = {-2, -1, -0.5, 0, 0.5, 1, 2};
    static const double below_edge[] = {0.022750131948179, 0.158655253931457, 0.308537538725987, 0.5,
                                        0.691462461274013, 0.841344746068543, 0.977249868051821};
    double moment[5] = {0}, product = 0;
    unsigned under[7] = {0};
    int ok = 1;
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t counter[4] = {i, 0, 0, 0}, key[2] = {7, i / 1000};
        uint32_t w[4];
        double z[2];
        rng_philox(counter, key, w);
        if (i % 2) {
            rng_gauss_pair(rng_unit_f64(w[0], w[1]), rng_unit_f64(w[2], w[3]), &z[0], &z[1]);
        } else {
            rng_gauss_pair((double)rng_unit_f32(w[0]), (double)rng_unit_f32(w[1]), &z[0], &z[1]);
        }
        product += z[0] * z[1];
        for (int k = 0; k < 2; k++) {
            double power = 1;
            for (int m = 1; m <= 4; m++) {
                power *= z[k];
                moment[m] += power;
            }
            ok &= fabs(z[k]) < 8.6;
            for (int e = 0; e < 7; e++) {
                under[e] += z[k] < edges[e];
            }
        }
    }
    CHECK(ok);
    const double n = 2. * N;
    CHECK(fabs(moment[1] / n) < 5 * sqrt(1 / n));
    CHECK(fabs(moment[2] / n - 1) < 5 * sqrt(2 / n));
    CHECK(fabs(moment[3] / n) < 5 * sqrt(15 / n));
    CHECK(fabs(moment[4] / n - 3) < 5 * sqrt(96 / n));
    CHECK(fabs(product / N) < 5 * sqrt(1. / N));
    for (int e = 0; e < 7; e++) {
        CHECK(fabs(under[e] / n - below_edge[e]) < 5 * sqrt(below_edge[e] * (1 - below_edge[e]) / n));
    }

    /* by the definition, and at the ends of the unit interval */
    double z0, z1;
    rng_gauss_pair(exp(-2), 0.125, &z0, &z1);
    CHECK(fabs(z0 - sqrt(2)) < 1e-15 && fabs(z1 - sqrt(2)) < 1e-15);
    rng_gauss_pair(0x1p-53, 0x1p-53, &z0, &z1);
    CHECK(fabs(z0 - sqrt(106 * log(2))) < 1e-14 && z1 > 0 && z1 < 1e-14);
    rng_gauss_pair(1 - 0x1p-53, 1 - 0x1p-53, &z0, &z1);
    CHECK(fabs(z0 - 0x1p-26) < 1e-20 && z1 < 0 && z1 > -1e-20);
}

/* A loop that a compiler may turn into vector code, against calls that it can't see through. */
static void vector_code(void)
{
    enum { N = 1024 };
    static uint32_t words[N][4];
    static double z[N][2];
    void (*volatile one_philox)(const uint32_t *, const uint32_t *, uint32_t *) = rng_philox;
    void (*volatile one_pair)(double, double, double *, double *) = rng_gauss_pair;
    const uint32_t key[2] = {8, 9};
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t counter[4] = {i, 1, 2, 3};
        rng_philox(counter, key, words[i]);
    }
    for (int i = 0; i < N; i++) {
        const uint32_t *w = words[i];
        rng_gauss_pair(rng_unit_f64(w[0], w[1]), rng_unit_f64(w[2], w[3]), &z[i][0], &z[i][1]);
    }
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t counter[4] = {i, 1, 2, 3};
        uint32_t w[4];
        double pair[2];
        one_philox(counter, key, w);
        one_pair(rng_unit_f64(w[0], w[1]), rng_unit_f64(w[2], w[3]), &pair[0], &pair[1]);
        CHECK(memcmp(w, words[i], sizeof w) == 0);
        CHECK_EQ_F64BITS(pair[0], z[i][0]);
        CHECK_EQ_F64BITS(pair[1], z[i][1]);
    }
}

/* Flipping any bit of the argument changes about half of the result's. */
static void mix(void)
{
    double flipped = 0;
    for (uint64_t x = 1; x <= 1000; x++) {
        for (int bit = 0; bit < 64; bit++) {
            for (uint64_t change = rng_mix(x) ^ rng_mix(x ^ UINT64_C(1) << bit); change; change &= change - 1) {
                flipped++;
            }
        }
    }
    CHECK(fabs(flipped / 64000 - 32) < 0.1);
    CHECK_EQ_U64(rng_mix(0), 0);
}

static void same_bits_everywhere(void)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < 50000; i++) {
        const uint32_t counter[4] = {i, 1, 2, 3}, key[2] = {4, 5};
        uint32_t w[4];
        double z[4];
        rng_philox(counter, key, w);
        rng_gauss_pair(rng_unit_f64(w[0], w[1]), rng_unit_f64(w[2], w[3]), &z[0], &z[1]);
        rng_gauss_pair((double)rng_unit_f32(w[0]), (double)rng_unit_f32(w[1]), &z[2], &z[3]);
        for (int k = 0; k < 4; k++) {
            hash = rng_mix(hash ^ math_bits(z[k]));
        }
    }
    CHECK_EQ_U64(hash, UINT64_C(0xa962b47fe916a73d));
}

int main(void)
{
    philox();
    sequence();
    units();
    below();
    uniform();
    gauss();
    vector_code();
    mix();
    same_bits_everywhere();
    return check_report("rng");
}
