/* decimal.h: known hard cases, and the C library's strtod and printf as judges of random ones. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "program/decimal.h"

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(2685821657736338717);
}

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t to_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Finite, of every size; every second one has a round fraction or a tiny exponent. */
static double random_double(void)
{
    uint64_t bits;
    do {
        bits = random_bits();
        switch (random_bits() % 6) {
        case 0: bits &= UINT64_C(0xfff0000000000000); break;
        case 1: bits &= UINT64_C(0x801fffffffffffff); break;
        case 2: bits = to_bits((double)(bits % 20001) / 1000 - 10); break;
        default: break;
        }
    } while ((bits >> 52 & 0x7ff) == 0x7ff);
    return from_bits(bits);
}

static void expect_print(double x, const char *text)
{
    char out[DECIMAL_SIZE];
    const size_t length = amlz__decimal_print(x, out);
    CHECK_EQ_U64(length, strlen(text));
    CHECK(strcmp(out, text) == 0);
    if (strcmp(out, text) != 0) {
        printf("  printed %s, expected %s\n", out, text);
    }
}

static void test_print(void)
{
    expect_print(0.0, "0.0");
    expect_print(-0.0, "-0.0");
    expect_print(1.0, "1.0");
    expect_print(-2.4, "-2.4");
    expect_print(0.1, "0.1");
    expect_print(0.30000000000000004, "0.30000000000000004");
    expect_print(100.0, "100.0");
    expect_print(123456.789, "123456.789");
    expect_print(0.0001, "0.0001");
    expect_print(0.00012345678901234567, "0.00012345678901234567");
    expect_print(0.00001, "1e-05");
    expect_print(9e-09, "9e-09");
    expect_print(-1e-10, "-1e-10");
    expect_print(2.5e20, "2.5e+20");
    expect_print(1e15, "1000000000000000.0");
    expect_print(9999999999999998.0, "9999999999999998.0");
    expect_print(1e16, "1e+16");
    expect_print(1e22, "1e+22");
    expect_print(1e23, "1e+23");
    expect_print(9.999999999999997e22, "9.999999999999997e+22");
    expect_print(9007199254740992.0, "9007199254740992.0");
    expect_print(9007199254740994.0, "9007199254740994.0");
    expect_print(5e-324, "5e-324");
    expect_print(-5e-324, "-5e-324");
    expect_print(DBL_MIN, "2.2250738585072014e-308");
    expect_print(-2.225073858507201e-308, "-2.225073858507201e-308");
    expect_print(DBL_MAX, "1.7976931348623157e+308");
    expect_print(-DBL_MIN, "-2.2250738585072014e-308");
    expect_print(DBL_EPSILON, "2.220446049250313e-16");
    expect_print(from_bits(UINT64_C(0x7ff0000000000000)), "inf");
    expect_print(from_bits(UINT64_C(0xfff0000000000000)), "-inf");
    expect_print(from_bits(UINT64_C(0x7ff8000000000000)), "nan");
    expect_print(from_bits(UINT64_C(0xfff8000000000000)), "nan");
}

static void expect_parse(const char *text, size_t taken, double value)
{
    const size_t length = strlen(text);
    char *exact = malloc(length + 1); /* so that a sanitizer sees a byte read too many */
    double x = 12.5;
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, text, length);
    exact = realloc(exact, length > 0 ? length : 1);
    CHECK_EQ_U64(amlz__decimal_parse(exact, length, &x), taken);
    CHECK_EQ_F64BITS(x, value);
    free(exact);
}

/* Expects all of a text to be the number. */
static void expect_whole(const char *text, size_t length, double value)
{
    double x = 12.5;
    CHECK_EQ_U64(amlz__decimal_parse(text, length, &x), length);
    CHECK_EQ_F64BITS(x, value);
}

static void test_parse_grammar(void)
{
    static const char *const none[] = {"", "-", "+", ".", "-.", "e5", ".e5", "nan", "inf", "- 1", "--1", " 1", "x"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        expect_parse(none[i], 0, 12.5);
    }
    expect_parse("0", 1, 0.0);
    expect_parse("-0", 2, -0.0);
    expect_parse("-0.0e99", 7, -0.0);
    expect_parse("4", 1, 4.0);
    expect_parse("+4", 2, 4.0);
    expect_parse(".5", 2, 0.5);
    expect_parse("-.5", 3, -0.5);
    expect_parse("5.", 2, 5.0);
    expect_parse("5.e1", 4, 50.0);
    expect_parse("1e5", 3, 1e5);
    expect_parse("1E+5", 4, 1e5);
    expect_parse("1e-05", 5, 1e-5);
    expect_parse("5e", 1, 5.0);
    expect_parse("5e+", 1, 5.0);
    expect_parse("5e-x", 1, 5.0);
    expect_parse("1.2.3", 3, 1.2);
    expect_parse("0x10", 1, 0.0);
    expect_parse("1,5", 1, 1.0);
    expect_parse("1_000", 1, 1.0);
    expect_parse("0007.50", 7, 7.5);
}

static void test_parse_hard(void)
{
    const double inf = from_bits(UINT64_C(0x7ff0000000000000));
    expect_parse("9007199254740993", 16, 9007199254740992.0);
    expect_parse("9007199254740993.00000000000000000000001", 40, 9007199254740994.0);
    expect_parse("9007199254740995", 16, 9007199254740996.0);
    expect_parse("2.2250738585072011e-308", 23, from_bits(UINT64_C(0x000fffffffffffff)));
    expect_parse("2.2250738585072012e-308", 23, from_bits(UINT64_C(0x0010000000000000)));
    expect_parse("2.2250738585072014e-308", 23, DBL_MIN);
    expect_parse("1.7976931348623157e308", 22, DBL_MAX);
    expect_parse("1.7976931348623158e308", 22, DBL_MAX);
    expect_parse("1.7976931348623159e308", 22, inf);
    expect_parse("-1.7976931348623159e308", 23, -inf);
    expect_parse("1e309", 5, inf);
    expect_parse("1e99999999999999999999999", 25, inf);
    expect_parse("0e99999999999999999999999", 25, 0.0);
    expect_parse("1e-99999999999999999999999", 26, 0.0);
    expect_parse("-1e-400", 7, -0.0);
    expect_parse("5e-324", 6, from_bits(1));
    expect_parse("4.9e-324", 8, from_bits(1));
    expect_parse("2.48e-324", 9, from_bits(1));
    expect_parse("2.47e-324", 9, 0.0);
    expect_parse("0.1", 3, 0.1);
    expect_parse("0.1000000000000000055511151231257827021181583404541015625", 57, 0.1);
    expect_parse("6.02214076e23", 13, 6.02214076e23);
    expect_parse("8.41e21", 7, 8.41e21);
    expect_parse("1e23", 4, 1e23);
}

/* Writes odd * 2^exponent exactly, as digits and e; returns the number of digits. Plain schoolbook, to judge by. */
static int print_exactly(uint64_t odd, int exponent, char *text)
{
    static uint32_t limbs[130]; /* of nine digits, the lowest first */
    const uint32_t factor = exponent < 0 ? 5 : 2;
    int count = 0, digits;
    for (; odd != 0; odd /= 1000000000) {
        limbs[count++] = (uint32_t)(odd % 1000000000);
    }
    for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--) {
        uint64_t carry = 0;
        for (int k = 0; k < count; k++) {
            carry += (uint64_t)limbs[k] * factor;
            limbs[k] = (uint32_t)(carry % 1000000000);
            carry /= 1000000000;
        }
        if (carry != 0) {
            limbs[count++] = (uint32_t)carry;
        }
    }
    digits = sprintf(text, "%u", (unsigned)limbs[count - 1]);
    for (int k = count - 2; k >= 0; k--) {
        digits += sprintf(text + digits, "%09u", (unsigned)limbs[k]);
    }
    sprintf(text + digits, "e%d", exponent < 0 ? exponent : 0);
    return digits;
}

/* The point halfway between a positive number and the next: exactly, a little above, a little below. */
static void expect_halfway(uint64_t bits)
{
    static char text[2048], changed[2048];
    const double below = from_bits(bits), above = from_bits(bits + 1);
    const int field = (int)(bits >> 52);
    const uint64_t fraction = (bits & UINT64_C(0x000fffffffffffff)) | (field > 0 ? UINT64_C(0x0010000000000000) : 0);
    const int exponent = (field > 0 ? field : 1) - 1075 - 1;
    const int digits = print_exactly(2 * fraction + 1, exponent, text);
    const size_t length = strlen(text);
    expect_whole(text, length, bits % 2 == 0 ? below : above);
    sprintf(changed, "%.*s.%050d1%s", digits, text, 0, text + digits);
    expect_whole(changed, strlen(changed), above);
    sprintf(changed, "%.*s%c.999%s", digits - 1, text, text[digits - 1] - 1, text + digits);
    expect_whole(changed, strlen(changed), below);
}

static void test_halfway(void)
{
    expect_halfway(0);
    expect_halfway(1);
    expect_halfway(2);
    expect_halfway(UINT64_C(0x000ffffffffffffe));
    expect_halfway(UINT64_C(0x000fffffffffffff));
    expect_halfway(UINT64_C(0x0010000000000000));
    expect_halfway(UINT64_C(0x001fffffffffffff)); /* the longest: 767 digits */
    expect_halfway(UINT64_C(0x7feffffffffffffe));
    expect_halfway(UINT64_C(0x7fefffffffffffff)); /* the next is infinity */
    for (int i = 0; i < 1000; i++) { /* a last digit 0, as large numbers may have, does not fit the third case */
        const uint64_t bits = random_bits();
        expect_halfway(bits % 2 != 0 ? bits % UINT64_C(0x4340000000000000) : bits % UINT64_C(0x0020000000000000));
    }
}

/* More digits and zeros than are kept, on either side of the point. */
static void test_long(void)
{
    static char text[30000];
    memset(text, '0', sizeof text);
    memcpy(text + 20000, "15e19998", 8);
    text[1] = '.';
    expect_whole(text, 20008, 0.15);
    memset(text, '0', sizeof text);
    text[0] = '3';
    memcpy(text + 20000, "e-20000", 7);
    expect_whole(text, 20007, 0.3);
    /* 2^53 + 1, exactly between, and a lone digit far away that decides */
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17);
    expect_whole(text, 25000, 9007199254740992.0);
    text[24999] = '1';
    expect_whole(text, 25000, 9007199254740994.0);
    for (int digits = 760; digits <= 780; digits++) { /* around the number of digits that are kept */
        memset(text, '0', sizeof text);
        memcpy(text, "9007199254740993.", 17);
        text[digits] = '1';
        expect_whole(text, (size_t)digits + 1, 9007199254740994.0);
        memset(text, '9', sizeof text);
        text[0] = '0';
        text[1] = '.';
        expect_whole(text, (size_t)digits, 1.0);
        /* the largest numerators and divisors that there are */
        memcpy(text + digits, "e-323", 5);
        expect_whole(text, (size_t)digits + 5, 1e-323);
        memcpy(text + digits, "e308", 4);
        expect_whole(text, (size_t)digits + 4, 1e308);
    }
}

static void test_parse_random(void)
{
    char text[120];
    for (int i = 0; i < 100000; i++) {
        const int digits = 1 + (int)(random_bits() % 80);
        const int exponent = (int)(random_bits() % 700) - 350 - (i % 2 != 0 ? digits : 0);
        int at = 0;
        for (; at < digits; at++) {
            text[at] = (char)('0' + random_bits() % 10);
            if (i % 5 == 0 && at > digits / 2) {
                text[at] = '0';
            }
        }
        if (i % 3 == 0) {
            text[random_bits() % (uint64_t)digits] = '.';
        }
        if (digits == 1 && text[0] == '.') {
            continue;
        }
        at += sprintf(text + at, "e%d", exponent);
        expect_whole(text, (size_t)at, strtod(text, NULL));
    }
}

/* The digits of a printed number without zeros at either end. */
static size_t significant_digits(const char *text, char *digits)
{
    size_t count = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
            digits[count++] = *text;
        }
    }
    while (count > 0 && digits[count - 1] == '0') {
        count--;
    }
    digits[count] = '\0';
    return count;
}

static void expect_shortest(double x)
{
    char out[DECIMAL_SIZE], other[64], digits[40], other_digits[40];
    const size_t length = amlz__decimal_print(x, out);
    const size_t count = significant_digits(out, digits);
    int precision = 1;
    CHECK_EQ_U64(length, strlen(out));
    CHECK(strpbrk(out, ".e") != NULL);
    expect_whole(out, length, x);
    CHECK_EQ_F64BITS(strtod(out, NULL), x);
    for (; precision < 17; precision++) {
        sprintf(other, "%.*e", precision - 1, x);
        if (to_bits(strtod(other, NULL)) == to_bits(x)) {
            break;
        }
    }
    /* where neighbours lie unevenly a text that is not the nearest of its length may be shorter still */
    sprintf(other, "%.*e", precision - 1, x);
    if (significant_digits(other, other_digits) == count) {
        const int even_neighbours = (to_bits(x) & UINT64_C(0x000fffffffffffff)) != 0;
        CHECK(!even_neighbours || strcmp(digits, other_digits) == 0);
    } else {
        CHECK(count < significant_digits(other, other_digits));
    }
}

static void test_shortest(void)
{
    for (int i = 0; i < 100000; i++) {
        expect_shortest(random_double());
    }
    for (uint64_t exponent = 0; exponent < 0x7ff; exponent++) { /* all powers of two and their neighbours */
        expect_shortest(from_bits((exponent << 52) + 1));
        if (exponent > 0) {
            expect_shortest(from_bits(exponent << 52));
            expect_shortest(from_bits((exponent << 52) - 1));
        } else {
            expect_shortest(from_bits(UINT64_C(0x7fefffffffffffff)));
        }
    }
    for (int power = -323; power <= 308; power++) { /* powers of ten have one digit */
        char text[16], out[DECIMAL_SIZE], digits[40];
        sprintf(text, "1e%d", power);
        amlz__decimal_print(strtod(text, NULL), out);
        CHECK_EQ_U64(significant_digits(out, digits), 1);
        expect_shortest(-strtod(text, NULL));
    }
}

int main(void)
{
    test_print();
    test_parse_grammar();
    test_parse_hard();
    test_halfway();
    test_long();
    test_parse_random();
    test_shortest();
    return check_report("decimal");
}
