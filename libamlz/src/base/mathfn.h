/* Elementary functions in double precision, at most 1 ulp from the exact value.
 *
 * They are made of +, -, *, /, sqrt and integer arithmetic alone, in a fixed order, so every compiler and CPU gives the
 * same bits; compile with -ffp-contract=off. A NaN that they return is always 0x7ff8000000000000. For float, call with
 * (double)x and round the result: for none of the 2^32 floats was that found different from the rounded result of a C
 * library (tests/tools/mathfn_eval.c --all-floats).
 *
 * "Fitted" means a minimax polynomial, found by Remez exchange, its coefficients then rounded to double; the figure is
 * the largest relative error of the whole function with these. "Measured" is the largest distance from the exact value,
 * in ulps of that, over 10^6 arguments: all exponents of the domain, its ordinary part, the neighbourhood of its ends
 * and of zeros and poles, subnormals. */
#ifndef AMLZ_MATHFN_H
#define AMLZ_MATHFN_H

#include <stdint.h>
#include <string.h>

#include "base/portability.h"

#define MATH_SIGN UINT64_C(0x8000000000000000)
#define MATH_FRACTION UINT64_C(0x000fffffffffffff)

/* pi/2 to 107 bits */
#define MATH_HALF_PI 0x1.921fb54442d18p+0
#define MATH_HALF_PI_LOW 0x1.1a62633145c07p-54

/* A double that this is added to ends up, rounded to an integer, in the sum's lowest bits. */
#define MATH_ROUNDER 0x1.8p52

/* The number hi + lo, |lo| much smaller than |hi|: more digits than a double has. */
typedef struct {
    double hi, lo;
} math_pair;

static inline uint64_t math_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double math_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define MATH_INFINITY_BITS UINT64_C(0x7ff0000000000000)

/* The one NaN that is ever shown. */
#define MATH_NAN_BITS UINT64_C(0x7ff8000000000000)
static inline double math_nan(void) { return math_from_bits(MATH_NAN_BITS); }

/* Bits of a number, every NaN's being the same. */
static inline uint64_t math_shown_bits(double x)
{
    return (math_bits(x) & ~MATH_SIGN) > MATH_INFINITY_BITS ? MATH_NAN_BITS : math_bits(x);
}

static inline double math_infinity(void) { return math_from_bits(MATH_INFINITY_BITS); }

/* By its bits, which needs no arithmetic where that is software. */
static inline int math_is_finite(double x) { return (math_bits(x) & ~MATH_SIGN) < MATH_INFINITY_BITS; }
static inline double math_abs(double x) { return math_from_bits(math_bits(x) & ~MATH_SIGN); }

/* magnitude with the sign of x, for odd functions: it keeps -0, too */
static inline double math_signed(double magnitude, double x)
{
    return math_from_bits(math_bits(magnitude) | (math_bits(x) & MATH_SIGN));
}

/* The leading 26 bits of x: the product of two such numbers is exact, and so is x minus them. */
static inline double math_leading(double x) { return math_from_bits(math_bits(x) & ~UINT64_C(0x7ffffff)); }

/* The same sum, with its rounded value first. */
static inline math_pair math_settled(math_pair x)
{
    const double sum = x.hi + x.lo;
    const math_pair settled = {sum, (x.hi - sum) + x.lo};
    return settled;
}

/* n / d to about 75 bits: a quotient of 26 bits, and what the remainder adds. */
static inline math_pair math_ratio(math_pair n, math_pair d)
{
    const double inverse = 1 / d.hi;
    const double q = math_leading(n.hi * inverse);
    const double d_leading = math_leading(d.hi);
    const double remainder = ((n.hi - q * d_leading) - q * (d.hi - d_leading)) + (n.lo - q * d.lo);
    const math_pair ratio = {q, remainder * inverse};
    return ratio;
}

/* ---- exp and log; ln 2 has a leading part of 41 bits, which times an exponent is exact */

#define MATH_LN2 0x1.62e42fefa3000p-1
#define MATH_LN2_LOW 0x1.3de6af278ece6p-42

/* exp(k ln 2 + r) = 2^k (1 + r + r^2 P(r)); P fitted on |r| <= ln(2)/2 to 2^-60.2.
 * Measured 0.771 (subnormal results; 0.67 otherwise). */
static PORT_ALWAYS_INLINE double math_exp_finite(double x) /* |x| < 1000 */
{
    const double rounded = x * 0x1.71547652b82fep+0 + MATH_ROUNDER, k = rounded - MATH_ROUNDER;
    const double hi = x - k * MATH_LN2, lo = k * MATH_LN2_LOW;
    const double r = hi - lo, tail = (hi - r) - lo;
    const double r2 = r * r, r4 = r2 * r2;
    const double p0 = (0x1p-1 + 0x1.555555555555bp-3 * r) + r2 * (0x1.5555555555504p-5 + 0x1.111111110ec3cp-7 * r);
    const double p4 = (0x1.6c16c16c2fd4bp-10 + 0x1.a01a01b38b754p-13 * r) +
                      r2 * (0x1.a01a0138e9805p-16 + 0x1.71ddeffeea34dp-19 * r);
    const double p8 = (0x1.27e5aef58af4dp-22 + 0x1.af6c243babad9p-26 * r) + r2 * 0x1.1e45dffba7699p-29;
    const double curve = r2 * (p0 + r4 * (p4 + r4 * p8));
    const double line = 1 + r;
    const double y = line + (((1 - line) + r) + (tail + curve));

    /* 2^k may be beyond the range while y 2^k is not; of the two factors only the last can make it round. */
    const uint64_t shifted = math_bits(rounded) - math_bits(MATH_ROUNDER) + 2048, half = shifted >> 1; /* k + 2048 */
    return y * math_from_bits((half - 1) << 52) * math_from_bits((shifted - half - 1) << 52);
}

/* Cases are told apart by masks of bits, without a branch, so that compilers take several numbers at once. */
static PORT_ALWAYS_INLINE double math_exp(double x)
{
    const uint64_t bits = math_bits(x);
    const int64_t magnitude = (int64_t)(bits & ~MATH_SIGN), infinity = (int64_t)math_bits(math_infinity());
    const uint64_t is_finite = -(uint64_t)(magnitude < (int64_t)math_bits(1000)); /* all bits or none */
    const uint64_t limit = magnitude > infinity ? MATH_NAN_BITS : bits < MATH_SIGN ? (uint64_t)infinity : 0;
    const double y = math_exp_finite(math_from_bits(bits & is_finite));
    return math_from_bits((math_bits(y) & is_finite) | (limit & ~is_finite));
}

/* log(x * 2^(1023 - bias)) for normal x > 0, without a branch. x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), and
 * log(1 + f) = 2s + s z P(z) = f - (f^2 / 2 - s (f^2 / 2 + z P(z))), where s = f / (2 + f) and z = s^2;
 * P fitted on z <= 0.0294 to 2^-59.3. Measured 0.791. */
static inline double math_log_normal(double x, double bias)
{
    const uint64_t one = UINT64_C(0x3ff0000000000000), sqrt_half = UINT64_C(0x3fe6a09e667f3bcd);
    const uint64_t bits = math_bits(x) + (one - sqrt_half);
    const double f = math_from_bits((bits & MATH_FRACTION) + sqrt_half) - 1;
    const double k = math_from_bits(UINT64_C(0x4330000000000000) | bits >> 52) - (0x1p52 + bias); /* 2^52 + exponent */
    const double s = f / (2 + f), z = s * s, z2 = z * z;
    const double p = ((0x1.5555555555592p-1 + 0x1.999999997ff4dp-2 * z) +
                      z2 * (0x1.24924941dd4cfp-2 + 0x1.c71c5217f6c7cp-3 * z)) +
                     z2 * z2 * ((0x1.74663c292ca45p-3 + 0x1.39a1fc3cd427fp-3 * z) + z2 * 0x1.2f02fc7772790p-3);
    const double half_square = 0.5 * f * f, k_ln2 = k * MATH_LN2;
    const double hi = k_ln2 + f, lo = (k_ln2 - hi) + f;
    return hi + (lo - (half_square - (s * (half_square + z * p) + k * MATH_LN2_LOW)));
}

/* For u in (0, 1), normal; branch-free. */
static inline double math_log_unit(double u) { return math_log_normal(u, 1023); }

static inline double math_log(double x)
{
    if (x >= 0x1p-1022 && x < math_infinity()) {
        return math_log_normal(x, 1023);
    }
    if (x > 0) {
        return x < 1 ? math_log_normal(x * 0x1p54, 1023 + 54) : x;
    }
    return x < 0 || x != x ? math_nan() : -math_infinity();
}

/* ---- sin, cos and tan: an angle is r plus a number of right angles, the quadrant, of which the low 2 bits matter */

/* Payne and Hanek's reduction, for 0.5 <= a < infinity. a = mantissa * 2^e. Those bits of 2/pi that give multiples of 4
 * when multiplied by a are of no interest; the 192 that follow, times the mantissa, modulo 2^192, are
 * (a * 2/pi mod 4) * 2^190 with an error below 2^53. The double nearest to a multiple of pi/2 is 2^-61.5 right angles
 * away from it, so r is right to 2^-75 at least. */
static inline unsigned math_reduce_exactly(double a, math_pair *r)
{
    static const uint32_t two_over_pi[] = { /* after 64 zero bits, so that no position is negative */
        0,          0,          0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041,
        0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e,
        0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b,
        0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d,
        0x7527bac7, 0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046};
    const uint64_t bits = math_bits(a), mantissa = (bits & MATH_FRACTION) | (MATH_FRACTION + 1);
    const uint64_t low_half = mantissa & 0xffffffff, high_half = mantissa >> 32;
    const unsigned position = (unsigned)(bits >> 52) - 1013; /* e - 2 + 64 */
    const uint32_t *word = two_over_pi + position / 32;
    uint32_t product[6];
    uint64_t carry = 0, previous = 0;
    for (int i = 5; i >= 0; i--) {
        const uint64_t digits = (((uint64_t)word[i] << 32 | word[i + 1]) << position % 32) >> 32;
        const uint64_t low = low_half * digits;
        const uint64_t sum = (low & 0xffffffff) + high_half * previous + carry;
        product[i] = (uint32_t)sum;
        carry = (sum >> 32) + (low >> 32);
        previous = digits;
    }
    uint64_t top = (uint64_t)product[0] << 32 | product[1];
    uint64_t middle = (uint64_t)product[2] << 32 | product[3];
    uint64_t bottom = (uint64_t)product[4] << 32 | product[5];
    const unsigned quadrant = (unsigned)((top + (UINT64_C(1) << 61)) >> 62);

    /* What is left of the nearest quadrant, in [-1/2, 1/2), as magnitude and sign. */
    double scale = 0x1p-26;
    top = top << 2 | middle >> 62;
    middle = middle << 2 | bottom >> 62;
    bottom <<= 2;
    if (top >> 63) {
        top = ~top;
        middle = ~middle;
        bottom = ~bottom;
        scale = -scale;
    }
    while (!(top >> 63)) {
        top = top << 1 | middle >> 63;
        middle = middle << 1 | bottom >> 63;
        bottom <<= 1;
        scale *= 0.5;
    }
    /* Its leading 80 bits times pi/2, both in parts so short that the products that matter are exact. */
    const double f0 = (double)(top >> 38);
    const double f1 = (double)(top >> 11 & 0x7ffffff) * 0x1p-27;
    const double f2 = (double)((top & 0x7ff) << 16 | middle >> 48) * 0x1p-54;
    const double p0 = 0x1.921fb5p+0, p1 = 0x1.110b46p-26, p2 = MATH_HALF_PI_LOW;
    const double hi = f0 * p0, lo = (f0 * p1 + f1 * p0) + (f0 * p2 + f1 * p1 + f2 * p0);
    r->hi = (hi + lo) * scale;
    r->lo = ((hi - (hi + lo)) + lo) * scale;
    return quadrant;
}

/* a >= 0, finite; r is in [-pi/4, pi/4] or a rounding error outside. */
static inline unsigned math_reduce(double a, math_pair *r)
{
    if (a <= MATH_HALF_PI / 2) {
        r->hi = a;
        r->lo = 0;
        return 0;
    }
    if (a < 100000) {
        /* k < 2^16, and two of the three parts of pi/2 have 37 bits: but for the last step of lo, all is exact
         * unless |r| is so small that the exact way has to be taken. */
        const double rounded = a * 0x1.45f306dc9c883p-1 + MATH_ROUNDER, k = rounded - MATH_ROUNDER;
        const double first = a - k * 0x1.921fb5444p+0, second = k * 0x1.68c234c4cp-39;
        r->hi = first - second;
        r->lo = ((first - r->hi) - second) - k * 0x1.98a2e03707345p-77;
        if (math_abs(r->hi) >= 0x1p-20) {
            return (unsigned)(math_bits(rounded) & 3);
        }
    }
    return math_reduce_exactly(a, r);
}

/* sin r = r + r^3 P(r^2); P fitted on |r| <= pi/4 to 2^-57.9. */
static inline math_pair math_sin_reduced(math_pair r)
{
    const double z = r.hi * r.hi, z2 = z * z;
    const double p = (-0x1.5555555555548p-3 + 0x1.111111110f730p-7 * z) +
                     z2 * ((-0x1.a01a019be9223p-13 + 0x1.71de35552be5ap-19 * z) +
                           z2 * (-0x1.ae5e4b83db61ep-26 + 0x1.5d8b5569fb03ep-33 * z));
    const math_pair sine = {r.hi, r.hi * z * p + r.lo * (1 - 0.5 * z)};
    return sine;
}

/* cos r = 1 - r^2 / 2 + r^4 P(r^2); P fitted on |r| <= pi/4 to 2^-63.9. */
static inline math_pair math_cos_reduced(math_pair r)
{
    const double z = r.hi * r.hi, z2 = z * z;
    const double p = (0x1.555555555554bp-5 + -0x1.6c16c16c15014p-10 * z) +
                     z2 * ((0x1.a01a019c8ef79p-16 + -0x1.27e4f7f163e14p-22 * z) +
                           z2 * (0x1.1ee9dba9030c0p-29 + -0x1.8fa66db1f5072p-37 * z));
    /* r^2 / 2 is the largest term: its rounding error would show. */
    const double leading = math_leading(r.hi), rest = r.hi - leading;
    const double half_square = 0.5 * leading * leading, hi = 1 - half_square;
    const double lo = z2 * p - (0.5 * rest * (r.hi + leading) + r.hi * r.lo);
    const math_pair cosine = {hi, ((1 - hi) - half_square) + lo};
    return cosine;
}

/* sin(a + right_angles * pi/2), a >= 0 */
static inline double math_sin_shifted(double a, unsigned right_angles)
{
    if (!(a < math_infinity())) {
        return math_nan();
    }
    math_pair r;
    const unsigned quadrant = math_reduce(a, &r) + right_angles;
    const math_pair y = quadrant & 1 ? math_cos_reduced(r) : math_sin_reduced(r);
    return math_from_bits(math_bits(y.hi + y.lo) ^ (uint64_t)(quadrant & 2) << 62);
}

/* Measured 0.748. */
static inline double math_cos(double x) { return math_sin_shifted(math_abs(x), 1); }

/* sin(-a) = sin(a + pi). Measured 0.762. */
static inline double math_sin(double x) { return math_sin_shifted(math_abs(x), (unsigned)(math_bits(x) >> 63) * 2); }

/* sin / cos, and beyond an odd number of right angles -cos / sin. Measured 0.858. */
static inline double math_tan(double x)
{
    const double a = math_abs(x);
    if (!(a < math_infinity())) {
        return math_nan();
    }
    math_pair r;
    const unsigned odd = math_reduce(a, &r) & 1;
    const math_pair sine = math_settled(math_sin_reduced(r)), cosine = math_settled(math_cos_reduced(r));
    const math_pair y = odd ? math_ratio(cosine, sine) : math_ratio(sine, cosine);
    return math_from_bits(math_bits(y.hi + y.lo) ^ (math_bits(x) & MATH_SIGN) ^ (uint64_t)odd << 63);
}

/* sin and cos of 2 pi u, 0 <= u < 1; branch-free. u = (q + 4f) / 4 with |f| <= 1/8, q an integer;
 * sin 2 pi f = 6 f + f P(f^2), fitted to 2^-57.9, where 6 f does not round for the sampler's u, and
 * cos 2 pi f = 1 + f^2 P(f^2), fitted to 2^-61.4. Measured 1.40, both. */
static inline void math_sincos_turn(double u, double *s, double *c)
{
    const double rounded = 4 * u + MATH_ROUNDER;
    const double f = u - (rounded - MATH_ROUNDER) * 0.25, z = f * f, z2 = z * z;
    const double sin_p = ((0x1.21fb54442d184p-2 + -0x1.4abbce625be3fp+5 * z) +
                          z2 * (0x1.466bc67758451p+6 + -0x1.32d2cce2a2568p+6 * z)) +
                         z2 * z2 * ((0x1.50782f946893bp+5 + -0x1.e3002fad9c618p+3 * z) + z2 * 0x1.e3dc2ee930ef8p+1);
    const double cos_p = ((-0x1.3bd3cc9be45dep+4 + 0x1.03c1f081b5a52p+6 * z) +
                          z2 * (-0x1.55d3c7e3bfe56p+6 + 0x1.e1f50675b213dp+5 * z)) +
                         z2 * z2 * ((-0x1.a6d1e238fd1ebp+4 + 0x1.f9c4add3fe975p+2 * z) + z2 * -0x1.b03467fd08ebfp+0);
    const uint64_t sine = math_bits(6 * f + f * sin_p), cosine = math_bits(1 + z * cos_p);
    const uint64_t q = math_bits(rounded), swap = (sine ^ cosine) & (0 - (q & 1));
    *s = math_from_bits(sine ^ swap ^ (q & 2) << 62);
    *c = math_from_bits(cosine ^ swap ^ ((q + 1) & 2) << 62);
}

/* ---- inverse functions */

/* atan a = atan c + atan t, t = (a - c) / (1 + c a), where c is 0, 1/2, 1, 2 or infinity, so that |t| <= 1/4;
 * atan t = t + t^3 P(t^2); P fitted on |t| <= 1/4 to 2^-63.7. Measured 0.545. */
static inline double math_atan(double x)
{
    static const struct {
        double n_a, n_1, d_a, d_1; /* t = (n_a a + n_1) / (d_a a + d_1) */
        double hi, lo;             /* atan c */
    } steps[] = {{1, 0, 0, 1, 0, 0},
                 {1, -0.5, 0.5, 1, 0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
                 {1, -1, 1, 1, MATH_HALF_PI / 2, MATH_HALF_PI_LOW / 2},
                 {1, -2, 2, 1, 0x1.1b6e192ebbe44p+0, 0x1.b1b466a88828ep-54},
                 {0, -1, 1, 0, MATH_HALF_PI, MATH_HALF_PI_LOW}};
    if (x != x) {
        return math_nan();
    }
    const double a = math_abs(x) < 0x1p60 ? math_abs(x) : 0x1p60; /* beyond, pi/2 is all there is */
    const int i = (a >= 0.25) + (a >= 0.7) + (a >= 1.4375) + (a >= 4);
    const double d_a = steps[i].d_a * a, d = d_a + steps[i].d_1;
    const math_pair numerator = {steps[i].n_a * a + steps[i].n_1, 0}, denominator = {d, d_a - (d - steps[i].d_1)};
    const math_pair q = math_ratio(numerator, denominator);
    const double t = q.hi + q.lo, z = t * t, z2 = z * z, z4 = z2 * z2;
    const double p = ((-0x1.5555555555553p-2 + 0x1.9999999998db5p-3 * z) +
                      z2 * (-0x1.24924923ec295p-3 + 0x1.c71c713917a78p-4 * z)) +
                     z4 * (((-0x1.745cf4e9b6a63p-4 + 0x1.3b0ea904ead2ep-4 * z) +
                            z2 * (-0x1.109c457804bf0p-4 + 0x1.d4fc670285f64p-5 * z)) +
                           z4 * -0x1.47b22b67eb69ap-5);
    const double hi = steps[i].hi + q.hi, lo = (steps[i].hi - hi) + q.hi;
    return math_signed(hi + (lo + (q.lo + (t * z * p + steps[i].lo))), x);
}

/* asin of a in [0, 1/2], or, for larger a, of b = sqrt((1 - a) / 2), which is half of acos a.
 * asin b = b + b^3 P(b^2); P fitted on b <= 1/2 to 2^-59.8. */
static inline math_pair math_asin_reduced(double a)
{
    math_pair b = {a, 0};
    double z = a * a;
    if (a > 0.5) {
        z = (1 - a) / 2;
        const double root = port_sqrt(z);
        b.hi = math_leading(root);
        b.lo = (z - b.hi * b.hi) / (root + b.hi + 0x1p-1000); /* for a = 1: 0, not 0/0 */
    }
    const double z2 = z * z, z4 = z2 * z2;
    const double p0 = (0x1.5555555555577p-3 + 0x1.333333332e131p-4 * z) +
                      z2 * (0x1.6db6db7212683p-5 + 0x1.f1c71a94f2838p-6 * z);
    const double p4 = (0x1.6e8bdee0576c9p-6 + 0x1.1c49f05a4bde3p-6 * z) +
                      z2 * (0x1.ca1f8dc37398ep-7 + 0x1.7585865c5f0aap-7 * z);
    const double p8 = (0x1.613ca1f0a096dp-7 + 0x1.e5f41ef5053a8p-9 * z) +
                      z2 * (0x1.639ce885474e0p-6 + -0x1.57fe2c7ac72f3p-6 * z) + z4 * 0x1.0b46f6b784d35p-5;
    b.lo += (b.hi + b.lo) * z * (p0 + z4 * (p4 + z4 * p8));
    return b;
}

/* pi/2 - factor * y, for factors that are powers of 2 */
static inline math_pair math_from_half_pi(double factor, math_pair y)
{
    const double hi = MATH_HALF_PI - factor * y.hi;
    const math_pair rest = {hi, ((MATH_HALF_PI - hi) - factor * y.hi) + (MATH_HALF_PI_LOW - factor * y.lo)};
    return rest;
}

/* Measured 0.645. */
static inline double math_asin(double x)
{
    const double a = math_abs(x);
    if (!(a <= 1)) {
        return math_nan();
    }
    math_pair y = math_asin_reduced(a);
    if (a > 0.5) {
        y = math_from_half_pi(2, y);
    }
    return math_signed(y.hi + y.lo, x);
}

/* Measured 0.639. */
static inline double math_acos(double x)
{
    const double a = math_abs(x);
    if (!(a <= 1)) {
        return math_nan();
    }
    math_pair y = math_asin_reduced(a);
    if (a <= 0.5) {
        y = math_from_half_pi(x < 0 ? -1 : 1, y);
        return y.hi + y.lo;
    }
    if (x < 0) {
        y = math_from_half_pi(1, y);
    }
    return 2 * (y.hi + y.lo);
}

#endif
