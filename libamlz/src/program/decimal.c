#include "program/decimal.h"

#include <stdint.h>
#include <string.h>

#include "program/decimal_big.h"

/* The point halfway between two neighbouring doubles has at most 767 significant digits, so a number's digits after the
 * 770th decide only whether it is exactly on such a point. One more digit, 1, stands for them all. */
#define DECIMAL_DIGITS 770

/* Parsing: 771 digits are 2562 bits, the largest divisor 5^(771 + 323) is 2541; alignment adds up to 62. */
#define DECIMAL_PARSE_WORDS 84

/* Printing: divisors reach 2^770 (the smallest normal number) and 5^309 * 4; alignment and one digit add up to 35. */
#define DECIMAL_PRINT_WORDS 28

/* 0.1 * 10^309 is still finite and 0.1 * 10^-323 not quite 0, but beyond these nothing need be computed. */
#define DECIMAL_MAX_POINT 309
#define DECIMAL_MIN_POINT (-323)

/* Large enough to be out of those limits whatever number of zeros stands before, and no sum with it overflows. */
#define DECIMAL_EXPONENT_LIMIT INT64_C(1000000000000000)

#define DECIMAL_MANTISSA_BITS 52
#define DECIMAL_EXPONENT_MASK 0x7ff
#define DECIMAL_MIN_EXPONENT (-1074) /* of the unit in the last place */

/* ---------------------------------------------------------------- printing */

/* floor(x * log10(2)), exact for |x| < 1100 */
static int decimal_floor_log10(int x)
{
    const int64_t log10_of_2 = 1292913986; /* times 2^32 */
    const int64_t bias = 400;              /* keeps what is shifted positive */
    return (int)((log10_of_2 * x + bias * (INT64_C(1) << 32)) >> 32) - (int)bias;
}

static int decimal_larger(int a, int b) { return a > b ? a : b; }

/* Free-format digits of fraction * 2^exponent (Steele and White 1990): keeps what is left of it, remainder / divisor,
 * and the distance to the midpoint below, margin / divisor, both scaled by 10 from digit to digit, and stops as soon as
 * the digits lie between the midpoints. Returns how many; *point becomes the power of ten of the first. */
static int decimal_shortest(uint64_t fraction, int exponent, char *digits, int *point)
{
    uint32_t remainder_words[DECIMAL_PRINT_WORDS], divisor_words[DECIMAL_PRINT_WORDS];
    uint32_t margin_words[DECIMAL_PRINT_WORDS];
    decimal_big remainder, divisor, margin;
    /* under a power of two doubles lie twice as dense as over it */
    const int uneven = fraction == (uint64_t)1 << DECIMAL_MANTISSA_BITS && exponent > DECIMAL_MIN_EXPONENT;
    const uint32_t upper = uneven ? 2 : 1; /* the upper margin, in lower ones */
    const int open = (int)(fraction & 1);  /* a midpoint is read as the even neighbour */
    int power, twos_of_remainder, twos_of_divisor, shift, count = 0;

    remainder.word = remainder_words;
    divisor.word = divisor_words;
    margin.word = margin_words;
    big_set(&remainder, fraction);
    big_set(&divisor, 1);
    big_set(&margin, 1);

    power = decimal_floor_log10(big_bits(&remainder) + exponent - 1) + 1;
    twos_of_remainder = decimal_larger(exponent, 0) + decimal_larger(-power, 0);
    twos_of_divisor = 1 + uneven + decimal_larger(-exponent, 0) + decimal_larger(power, 0);
    shift = twos_of_remainder < twos_of_divisor ? twos_of_remainder : twos_of_divisor;
    twos_of_remainder -= shift;
    twos_of_divisor -= shift;
    if (power >= 0) {
        big_multiply_power_of_5(&divisor, power);
    } else {
        big_multiply_power_of_5(&remainder, -power);
        big_multiply_power_of_5(&margin, -power);
    }
    shift = big_alignment(big_bits(&divisor) + twos_of_divisor);
    big_shift(&divisor, twos_of_divisor + shift);
    big_shift(&remainder, twos_of_remainder + shift + 1 + uneven);
    big_shift(&margin, twos_of_remainder + shift);

    if (big_compare_sum(&remainder, upper, &margin, &divisor) < open) { /* the estimate was one too high */
        power--;
        big_multiply_add(&remainder, 10, 0);
        big_multiply_add(&margin, 10, 0);
    }
    *point = power;
    for (;;) {
        const int digit = (int)big_divide(&remainder, &divisor);
        const int low = big_compare(&remainder, &margin) < 1 - open;
        const int high = big_compare_sum(&remainder, upper, &margin, &divisor) > open - 1;
        int up = high;
        if (low && high) {
            const int half = big_compare_sum(&remainder, 1, &remainder, &divisor);
            up = half > 0 || (half == 0 && digit % 2 == 1);
        }
        digits[count++] = (char)('0' + digit + up);
        if (low || high) {
            return count;
        }
        big_multiply_add(&remainder, 10, 0);
        big_multiply_add(&margin, 10, 0);
    }
}

static char *decimal_append(char *out, const char *text, int length)
{
    memcpy(out, text, (size_t)length);
    return out + length;
}

static char *decimal_exponent(char *out, int exponent)
{
    const int size = exponent < 0 ? -exponent : exponent;
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    if (size >= 100) {
        *out++ = (char)('0' + size / 100);
    }
    *out++ = (char)('0' + size / 10 % 10);
    *out++ = (char)('0' + size % 10);
    return out;
}

size_t amlz__decimal_print(double x, char *out)
{
    char digits[17];
    char *end = out;
    uint64_t bits, fraction;
    int exponent, count, point;

    memcpy(&bits, &x, sizeof bits);
    fraction = bits & (((uint64_t)1 << DECIMAL_MANTISSA_BITS) - 1);
    exponent = (int)(bits >> DECIMAL_MANTISSA_BITS) & DECIMAL_EXPONENT_MASK;
    if (bits >> 63 && !(exponent == DECIMAL_EXPONENT_MASK && fraction != 0)) {
        *end++ = '-';
    }
    if (exponent == DECIMAL_EXPONENT_MASK) {
        end = decimal_append(end, fraction != 0 ? "nan" : "inf", 3);
    } else if (exponent == 0 && fraction == 0) {
        end = decimal_append(end, "0.0", 3);
    } else {
        if (exponent > 0) {
            fraction |= (uint64_t)1 << DECIMAL_MANTISSA_BITS;
            exponent--;
        }
        count = decimal_shortest(fraction, exponent + DECIMAL_MIN_EXPONENT, digits, &point);
        if (point < -4 || point >= 16) {
            *end++ = digits[0];
            if (count > 1) {
                *end++ = '.';
                end = decimal_append(end, digits + 1, count - 1);
            }
            end = decimal_exponent(end, point);
        } else if (point < 0) {
            end = decimal_append(end, "0.0000", 1 - point);
            end = decimal_append(end, digits, count);
        } else {
            const int whole = point + 1;
            end = decimal_append(end, digits, count < whole ? count : whole);
            for (; count < whole; count++) {
                *end++ = '0';
            }
            *end++ = '.';
            end = count > whole ? decimal_append(end, digits + whole, count - whole) : decimal_append(end, "0", 1);
        }
    }
    *end = '\0';
    return (size_t)(end - out);
}

/* ---------------------------------------------------------------- parsing */

static int decimal_is_digit(char c) { return c >= '0' && c <= '9'; }

/* The bits of the double nearest to scaled * 2^exponent, where inexact says that a little was cut off. One of scaled's
 * two highest bits must be set. */
static uint64_t decimal_round(uint64_t scaled, int exponent, int inexact)
{
    uint64_t fraction, rest, half;
    int field, cut = 63 - DECIMAL_MANTISSA_BITS;
    if (!(scaled >> 63)) {
        scaled <<= 1;
        exponent--;
    }
    field = exponent + cut - DECIMAL_MIN_EXPONENT + 1;
    if (field >= DECIMAL_EXPONENT_MASK) {
        return (uint64_t)DECIMAL_EXPONENT_MASK << DECIMAL_MANTISSA_BITS;
    }
    if (field < 1) { /* subnormal: the lowest bit that counts is fixed */
        cut += 1 - field;
        field = 1;
    }
    if (cut > 64) {
        return 0;
    }
    fraction = cut < 64 ? scaled >> cut : 0;
    rest = cut < 64 ? scaled & (((uint64_t)1 << cut) - 1) : scaled;
    half = (uint64_t)1 << (cut - 1);
    if (rest > half || (rest == half && (inexact || (fraction & 1)))) {
        fraction++;
    }
    /* added, not or-ed: the leading bit and a carry out of rounding both count the exponent up */
    return ((uint64_t)(field - 1) << DECIMAL_MANTISSA_BITS) + fraction;
}

/* The bits of the double nearest to 0.d1 d2 d3 ... * 10^point. digits leads to the first that is not 0; count of them
 * are read, a point among them passed over, and if more_follow, a 1 after them. */
static uint64_t decimal_nearest(const char *digits, int count, int more_follow, int64_t point)
{
    uint32_t number_words[DECIMAL_PARSE_WORDS], divisor_words[DECIMAL_PARSE_WORDS];
    decimal_big number, divisor;
    uint32_t chunk = 0, chunk_scale = 1;
    uint64_t quotient;
    int tens, shift, up, i;

    if (point > DECIMAL_MAX_POINT) {
        return (uint64_t)DECIMAL_EXPONENT_MASK << DECIMAL_MANTISSA_BITS;
    }
    if (point < DECIMAL_MIN_POINT) {
        return 0;
    }
    number.word = number_words;
    divisor.word = divisor_words;
    big_set(&number, 0);
    big_set(&divisor, 1);
    for (i = 0; i < count; digits++) {
        if (*digits != '.') {
            chunk = chunk * 10 + (uint32_t)(*digits - '0');
            chunk_scale *= 10;
            i++;
            if (chunk_scale == 1000000000 || i == count) {
                big_multiply_add(&number, chunk_scale, chunk);
                chunk = 0;
                chunk_scale = 1;
            }
        }
    }
    tens = (int)point - count;
    if (more_follow) {
        big_multiply_add(&number, 10, 1);
        tens--;
    }
    if (tens >= 0) {
        big_multiply_power_of_5(&number, tens);
    } else {
        big_multiply_power_of_5(&divisor, -tens);
    }
    /* shift both so that the quotient's first word has 31 or 32 bits and the divisor is aligned */
    up = big_bits(&divisor) + 31 - big_bits(&number);
    shift = decimal_larger(-up, 0);
    shift += big_alignment(big_bits(&divisor) + shift);
    up += shift;
    big_shift(&divisor, shift);
    big_shift(&number, up);
    quotient = (uint64_t)big_divide(&number, &divisor) << 32;
    big_shift(&number, 32);
    quotient |= big_divide(&number, &divisor);
    return decimal_round(quotient, tens + shift - up - 32, number.count > 0);
}

/* Reads [+-]digits after an e and returns the length, 0 if there are none. */
static size_t decimal_read_exponent(const char *text, size_t length, int64_t *exponent)
{
    const int negative = length > 0 && text[0] == '-';
    const size_t sign = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    int64_t size = 0;
    size_t at;
    for (at = sign; at < length && decimal_is_digit(text[at]); at++) {
        if (size < DECIMAL_EXPONENT_LIMIT) {
            size = size * 10 + (text[at] - '0');
        }
    }
    *exponent = negative ? -size : size;
    return at > sign ? at : 0;
}

size_t amlz__decimal_parse(const char *text, size_t length, double *value)
{
    const int negative = length > 0 && text[0] == '-';
    size_t at = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    size_t first = 0;      /* of the significant digits */
    int count = 0;         /* of those that are kept */
    int more_follow = 0;   /* a digit other than 0 after those */
    int any_digit = 0, after_point = 0;
    int64_t point = 0;
    uint64_t bits = 0;

    for (; at < length && (decimal_is_digit(text[at]) || (text[at] == '.' && !after_point)); at++) {
        if (text[at] == '.') {
            after_point = 1;
            continue;
        }
        any_digit = 1;
        if (count == 0 && text[at] == '0') {
            point -= after_point; /* a leading zero */
            continue;
        }
        if (count == 0) {
            first = at;
        }
        if (count < DECIMAL_DIGITS) {
            count++;
        } else {
            more_follow |= text[at] != '0';
        }
        point += !after_point;
    }
    if (!any_digit) {
        return 0;
    }
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        int64_t exponent;
        const size_t taken = decimal_read_exponent(text + at + 1, length - at - 1, &exponent);
        if (taken > 0) {
            at += 1 + taken;
            point += exponent;
        }
    }
    if (count > 0) {
        bits = decimal_nearest(text + first, count, more_follow, point);
    }
    bits |= (uint64_t)negative << 63;
    memcpy(value, &bits, sizeof *value);
    return at;
}
