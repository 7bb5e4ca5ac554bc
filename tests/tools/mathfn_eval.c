/* Evaluates the library's elementary functions and its keyed generator on numbers from outside, for tests in other
 * languages. All input and output is raw, in the machine's byte order.
 *
 *   mathfn_eval FUNCTION                one double out for each double in: exp log sin cos tan asin acos atan log_unit
 *                                       sin_turn cos_turn
 *   mathfn_eval philox                  4 words out for each 6 in: 4 of the counter, 2 of the key
 *   mathfn_eval --all-floats FUNCTION   one of the first eight, rounded to float, for each float there is, against the
 *                                       C library's; prints the largest error; takes a few minutes */
#include <math.h>
#include <stdio.h>

#include "base/mathfn.h"
#include "base/rng.h"

static double sin_turn(double u)
{
    double s, c;
    math_sincos_turn(u, &s, &c);
    return s;
}
static double cos_turn(double u)
{
    double s, c;
    math_sincos_turn(u, &s, &c);
    return c;
}

static const struct {
    const char *name;
    double (*function)(double);
    double (*reference)(double); /* the C library's */
} functions[] = {
    {"exp", math_exp, exp},
    {"log", math_log, log},
    {"sin", math_sin, sin},
    {"cos", math_cos, cos},
    {"tan", math_tan, tan},
    {"asin", math_asin, asin},
    {"acos", math_acos, acos},
    {"atan", math_atan, atan},
    {"log_unit", math_log_unit, NULL},
    {"sin_turn", sin_turn, NULL},
    {"cos_turn", cos_turn, NULL},
};

static int evaluate(double (*function)(double))
{
    double x;
    while (fread(&x, sizeof x, 1, stdin) == 1) {
        x = function(x);
        fwrite(&x, sizeof x, 1, stdout);
    }
    return 0;
}

static int philox(void)
{
    uint32_t in[6], out[4];
    while (fread(in, sizeof in, 1, stdin) == 1) {
        rng_philox(in, in + 4, out);
        fwrite(out, sizeof out, 1, stdout);
    }
    return 0;
}

/* |result - exact| in ulps of a float near exact; an infinite result counts as 2^128, where the range ends. */
static double float_error(float result, double exact)
{
    const double end = ldexp(1, 128), value = isinf(result) ? copysign(end, result) : (double)result;
    if (isnan(exact) || isnan(result)) {
        return isnan(exact) && isnan(result) ? 0 : HUGE_VAL;
    }
    exact = fmax(-end, fmin(exact, end));
    return fabs(value - exact) / ldexp(1, exact == 0 ? -149 : (int)fmax(-149, fmin(ilogb(exact) - 23, 104)));
}

static int all_floats(const char *name, double (*function)(double), double (*reference)(double))
{
    unsigned long misrounded = 0;
    double largest = 0;
    uint32_t bits = 0, worst = 0;
    do {
        float x;
        memcpy(&x, &bits, sizeof x);
        const float result = (float)function((double)x);
        const double exact = reference((double)x);
        if (result != (float)exact) {
            const double error = float_error(result, exact);
            misrounded += error > 0;
            if (error > largest) {
                largest = error;
                worst = bits;
            }
        }
    } while (++bits != 0);
    printf("%s: %lu of 2^32 results differ from the C library's rounded double", name, misrounded);
    if (misrounded > 0) {
        printf("; largest error %.8f ulp, at 0x%08lx", largest, (unsigned long)worst);
    }
    printf("\n");
    return largest > 1;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[argc - 1] : "";
    if (argc == 2 && strcmp(name, "philox") == 0) {
        return philox();
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(name, functions[i].name) == 0) {
            if (argc == 2) {
                return evaluate(functions[i].function);
            }
            if (argc == 3 && strcmp(argv[1], "--all-floats") == 0 && functions[i].reference) {
                return all_floats(name, functions[i].function, functions[i].reference);
            }
        }
    }
    fputs("usage: mathfn_eval [--all-floats] FUNCTION, or mathfn_eval philox\n", stderr);
    return 2;
}
