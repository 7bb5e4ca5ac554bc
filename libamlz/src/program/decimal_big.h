/* Natural numbers of any size: the few operations that decimal.c is made of. */
#ifndef AMLZ_DECIMAL_BIG_H
#define AMLZ_DECIMAL_BIG_H

#include <stdint.h>
#include <string.h>

/* Words from the lowest up, the last one not zero; 0 has none. Operations do not check whether there is room. */
typedef struct decimal_big {
    uint32_t *word;
    int count;
} decimal_big;

static inline void big_set(decimal_big *a, uint64_t value)
{
    a->count = 0;
    for (; value != 0; value >>= 32) {
        a->word[a->count++] = (uint32_t)value;
    }
}

static inline void big_trim(decimal_big *a)
{
    while (a->count > 0 && a->word[a->count - 1] == 0) {
        a->count--;
    }
}

/* Binary digits; a must not be 0. */
static inline int big_bits(const decimal_big *a)
{
    uint32_t top;
    int bits = 32 * (a->count - 1);
    for (top = a->word[a->count - 1]; top != 0; top >>= 1) {
        bits++;
    }
    return bits;
}

/* a = a * factor + addend */
static inline void big_multiply_add(decimal_big *a, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;
    int i;
    for (i = 0; i < a->count; i++) {
        carry += (uint64_t)a->word[i] * factor;
        a->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        a->word[a->count++] = (uint32_t)carry;
    }
}

static inline void big_multiply_power_of_5(decimal_big *a, int power)
{
    const uint32_t largest = 1220703125; /* 5^13 */
    uint32_t rest = 1;
    for (; power >= 13; power -= 13) {
        big_multiply_add(a, largest, 0);
    }
    for (; power > 0; power--) {
        rest *= 5;
    }
    big_multiply_add(a, rest, 0);
}

/* a = a * 2^bits */
static inline void big_shift(decimal_big *a, int bits)
{
    const int words = bits / 32;
    int i;
    if (a->count == 0) {
        return;
    }
    big_multiply_add(a, (uint32_t)1 << (bits % 32), 0);
    if (words > 0) {
        for (i = a->count - 1; i >= 0; i--) {
            a->word[i + words] = a->word[i];
        }
        memset(a->word, 0, (size_t)words * sizeof *a->word);
        a->count += words;
    }
}

/* -1, 0, 1 as a is below, equal to, above b */
static inline int big_compare(const decimal_big *a, const decimal_big *b)
{
    int i;
    if (a->count != b->count) {
        return a->count < b->count ? -1 : 1;
    }
    for (i = a->count - 1; i >= 0; i--) {
        if (a->word[i] != b->word[i]) {
            return a->word[i] < b->word[i] ? -1 : 1;
        }
    }
    return 0;
}

static inline uint32_t big_word(const decimal_big *a, int i) { return i < a->count ? a->word[i] : 0; }

/* -1, 0, 1 as a + weight * b is below, equal to, above c; weight at most 2 */
static inline int big_compare_sum(const decimal_big *a, uint32_t weight, const decimal_big *b, const decimal_big *c)
{
    uint64_t carry = 0, borrow = 0;
    uint32_t nonzero = 0;
    int i;
    for (i = 0; i < a->count || i < b->count || i < c->count; i++) {
        uint64_t difference;
        carry += big_word(a, i) + (uint64_t)weight * big_word(b, i);
        difference = (carry & UINT32_MAX) - big_word(c, i) - borrow;
        carry >>= 32;
        borrow = difference >> 63;
        nonzero |= (uint32_t)difference;
    }
    if (carry != borrow) {
        return carry < borrow ? -1 : 1;
    }
    return nonzero != 0;
}

/* a = a - factor * b, which must not be below 0 */
static inline void big_subtract(decimal_big *a, uint32_t factor, const decimal_big *b)
{
    uint64_t carry = 0, borrow = 0;
    int i;
    for (i = 0; i < a->count; i++) {
        uint64_t difference;
        carry += (uint64_t)factor * big_word(b, i);
        difference = a->word[i] - (carry & UINT32_MAX) - borrow;
        a->word[i] = (uint32_t)difference;
        carry >>= 32;
        borrow = difference >> 63;
    }
    big_trim(a);
}

/* Returns the quotient a / b, which must be below 2^32, and leaves the remainder in a. b's highest bit must be the
 * highest of its word: then the highest words give the quotient but for a few units. */
static inline uint32_t big_divide(decimal_big *a, const decimal_big *b)
{
    const int top = b->count - 1;
    const uint64_t high = (uint64_t)big_word(a, top + 1) << 32 | big_word(a, top);
    uint32_t quotient = (uint32_t)(high / ((uint64_t)b->word[top] + 1));
    big_subtract(a, quotient, b);
    while (big_compare(a, b) >= 0) {
        big_subtract(a, 1, b);
        quotient++;
    }
    return quotient;
}

/* How far to shift so that the highest bit becomes the highest of its word. */
static inline int big_alignment(int bits) { return (32 - bits % 32) % 32; }

#endif
