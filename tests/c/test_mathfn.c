/* The elementary functions: special values, values and identities known from elsewhere, and that the bits of many
 * results are the same in each build. How near they are to the exact values, tests/python/lib/test_mathfn.py tests. */
#include "base/mathfn.h"
#include "base/rng.h"
#include "check.h"

typedef double function(double);

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

/* at most n doubles apart, for results of one sign */
static int near(double a, double b, uint64_t n) { return math_bits(a) - math_bits(b) + n <= 2 * n; }

static void special_values(void)
{
    const double inf = math_infinity(), nan = math_nan(), tiny = 0x1p-1074, huge = 0x1.fffffffffffffp+1023;

    const struct {
        function *f;
        double x, y;
    } exact[] = {
        {math_exp, 0.0, 1}, {math_exp, -0.0, 1}, {math_exp, inf, inf}, {math_exp, -inf, 0},
        {math_exp, tiny, 1}, {math_exp, -tiny, 1}, {math_exp, huge, inf}, {math_exp, -huge, 0},
        {math_exp, 0x1.62e42fefa39efp+9, 0x1.fffffffffff2ap+1023}, {math_exp, 0x1.62e42fefa39f0p+9, inf},
        {math_exp, -0x1.74910d52d3051p+9, tiny}, {math_exp, -0x1.74910d52d3052p+9, 0},
        {math_exp, 999.5, inf}, {math_exp, -999.5, 0}, {math_exp, 1000, inf}, {math_exp, -1000, 0},

        {math_log, 1, 0.0}, {math_log, 0.0, -inf}, {math_log, -0.0, -inf}, {math_log, inf, inf},
        {math_log, -tiny, nan}, {math_log, -1, nan}, {math_log, -inf, nan},

        {math_sin, 0.0, 0.0}, {math_sin, -0.0, -0.0}, {math_sin, inf, nan}, {math_sin, -inf, nan},
        {math_sin, tiny, tiny}, {math_sin, -tiny, -tiny}, {math_sin, 0x1p-1022, 0x1p-1022},
        {math_cos, 0.0, 1}, {math_cos, -0.0, 1}, {math_cos, inf, nan}, {math_cos, -inf, nan},
        {math_cos, tiny, 1}, {math_cos, 0x1p-26, 0x1.fffffffffffffp-1}, {math_cos, 0x1p-27, 1},
        {math_tan, 0.0, 0.0}, {math_tan, -0.0, -0.0}, {math_tan, inf, nan}, {math_tan, -inf, nan},
        {math_tan, tiny, tiny}, {math_tan, -tiny, -tiny}, {math_tan, 0x1p-1022, 0x1p-1022},

        {math_asin, 0.0, 0.0}, {math_asin, -0.0, -0.0}, {math_asin, tiny, tiny}, {math_asin, -tiny, -tiny},
        {math_asin, 1, 0x1.921fb54442d18p+0}, {math_asin, -1, -0x1.921fb54442d18p+0},
        {math_asin, 0x1.0000000000001p+0, nan}, {math_asin, -0x1.0000000000001p+0, nan},
        {math_asin, inf, nan}, {math_asin, -inf, nan},
        {math_acos, 0.0, 0x1.921fb54442d18p+0}, {math_acos, -0.0, 0x1.921fb54442d18p+0},
        {math_acos, 1, 0.0}, {math_acos, -1, 0x1.921fb54442d18p+1},
        {math_acos, 0x1.0000000000001p+0, nan}, {math_acos, -0x1.0000000000001p+0, nan},
        {math_acos, inf, nan}, {math_acos, -inf, nan},
        {math_atan, 0.0, 0.0}, {math_atan, -0.0, -0.0}, {math_atan, tiny, tiny}, {math_atan, -tiny, -tiny},
        {math_atan, inf, 0x1.921fb54442d18p+0}, {math_atan, -inf, -0x1.921fb54442d18p+0},
        {math_atan, huge, 0x1.921fb54442d18p+0}, {math_atan, -huge, -0x1.921fb54442d18p+0},
        {math_atan, 1, 0x1.921fb54442d18p-1}, {math_atan, -1, -0x1.921fb54442d18p-1},
    };
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        if (!CHECK_EQ_F64BITS(exact[i].f(exact[i].x), exact[i].y)) {
            printf("    exact[%d], of %a\n", (int)i, exact[i].x);
        }
    }

    /* Every NaN that is returned has the same bits. */
    function *const all[] = {math_exp, math_log, math_sin, math_cos, math_tan, math_asin, math_acos, math_atan};
    const uint64_t nans[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff8000000000123, 0xffffffffffffffff};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t k = 0; k < sizeof nans / sizeof nans[0]; k++) {
            CHECK_EQ_U64(math_bits(all[i](math_from_bits(nans[k]))), UINT64_C(0x7ff8000000000000));
        }
    }
    CHECK_EQ_U64(math_bits(math_log(-1)), UINT64_C(0x7ff8000000000000));
    CHECK_EQ_U64(math_bits(math_sin(-inf)), UINT64_C(0x7ff8000000000000));
    CHECK_EQ_U64(math_bits(math_asin(-2)), UINT64_C(0x7ff8000000000000));
    CHECK_EQ_U64(math_bits(math_acos(2)), UINT64_C(0x7ff8000000000000));
}

/* Exact values, rounded, from a multiple-precision computation. */
static void known_values(void)
{
    static const struct {
        function *f;
        double x, y;
    } known[] = {
        {math_exp, 0x1.0000000000000p+0, 0x1.5bf0a8b145769p+1},
        {math_exp, -0x1.0000000000000p+0, 0x1.78b56362cef38p-2},
        {math_exp, 0x1.0000000000000p-1, 0x1.a61298e1e069cp+0},
        {math_exp, 0x1.9000000000000p+6, 0x1.3494a9b171bf5p+144},
        {math_exp, -0x1.9000000000000p+6, 0x1.a8c1f14e2af5dp-145},
        {math_exp, 0x1.62c0000000000p+9, 0x1.81e9b4b52d0c9p+1023},
        {math_exp, -0x1.6240000000000p+9, 0x0.e6cf6d08897acp-1022},
        {math_exp, -0x1.7220000000000p+9, 0x0.0000000000042p-1022},
        {math_exp, 0x1.b7cdfd9d7bdbbp-34, 0x1.000000006df38p+0},
        {math_exp, 0x1.62e42fefa39efp-2, 0x1.6a09e667f3bccp+0},
        {math_log, 0x1.0000000000000p+1, 0x1.62e42fefa39efp-1},
        {math_log, 0x1.4000000000000p+3, 0x1.26bb1bbb55516p+1},
        {math_log, 0x1.0000000000000p-1, -0x1.62e42fefa39efp-1},
        {math_log, 0x0.0000000000001p-1022, -0x1.74385446d71c3p+9},
        {math_log, 0x0.fffffffffffffp-1022, -0x1.6232bdd7abcd2p+9},
        {math_log, 0x1.fffffffffffffp+1023, 0x1.62e42fefa39efp+9},
        {math_log, 0x1.0000000000001p+0, 0x1.fffffffffffffp-53},
        {math_log, 0x1.fffffffffffffp-1, -0x1.0000000000000p-53},
        {math_log, 0x1.6a09e667f3bccp-1, -0x1.62e42fefa39f1p-2},
        {math_log, 0x1.8000000000000p+1, 0x1.193ea7aad030bp+0},
        {math_sin, 0x1.0000000000000p+0, 0x1.aed548f090ceep-1},
        {math_sin, 0x1.0000000000000p+1, 0x1.d18f6ead1b446p-1},
        {math_sin, 0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53},
        {math_sin, 0x1.86a0000000000p+16, 0x1.24daa9c527e96p-5},
        {math_sin, 0x1.0f0cf064dd592p+73, -0x1.b453ab76bf397p-1},
        {math_sin, 0x1.fffffffffffffp+1023, 0x1.452fc98b34e97p-8},
        {math_sin, 0x1.6ac5b262ca1ffp+849, 0x1.0000000000000p+0},
        {math_sin, 0x1.921fb54442d18p-1, 0x1.6a09e667f3bccp-1},
        {math_sin, -0x1.6300000000000p+8, 0x1.f9bd0307d1de3p-16},
        {math_cos, 0x1.0000000000000p+0, 0x1.14a280fb5068cp-1},
        {math_cos, 0x1.0000000000000p+1, -0x1.aa22657537205p-2},
        {math_cos, 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54},
        {math_cos, 0x1.86a0000000000p+16, -0x1.ffac3841b3da7p-1},
        {math_cos, 0x1.0f0cf064dd592p+73, 0x1.0be2cef01c8f4p-1},
        {math_cos, 0x1.fffffffffffffp+1023, -0x1.fffe62ecfab75p-1},
        {math_cos, 0x1.6ac5b262ca1ffp+849, -0x1.14ae72e6ba22fp-61},
        {math_cos, 0x1.921fb54442d19p-1, 0x1.6a09e667f3bccp-1},
        {math_cos, 0x1.6000000000000p+3, 0x1.220ae41ee2fdfp-8},
        {math_tan, 0x1.0000000000000p+0, 0x1.8eb245cbee3a6p+0},
        {math_tan, 0x1.0000000000000p+1, -0x1.17af62e0950f8p+1},
        {math_tan, 0x1.921fb54442d18p+0, 0x1.d02967c31cdb5p+53},
        {math_tan, 0x1.86a0000000000p+16, -0x1.250a9d503313dp-5},
        {math_tan, 0x1.0f0cf064dd592p+73, -0x1.a0f79c1b6b257p+0},
        {math_tan, 0x1.fffffffffffffp+1023, -0x1.4530cfe729484p-8},
        {math_tan, 0x1.6ac5b262ca1ffp+849, -0x1.d9ba9a7975636p+60},
        {math_tan, 0x1.921fb54442d18p-1, 0x1.fffffffffffffp-1},
        {math_tan, -0x1.6000000000000p+3, 0x1.c3e6d558b0924p+7},
        {math_asin, 0x1.0000000000000p-1, 0x1.0c152382d7366p-1},
        {math_asin, 0x1.0000000000001p-1, 0x1.0c152382d7367p-1},
        {math_asin, 0x1.fffffffffffffp-1, 0x1.921fb50442d18p+0},
        {math_asin, -0x1.8000000000000p-1, -0x1.b235315c680dcp-1},
        {math_asin, 0x1.4f8b588e368f1p-17, 0x1.4f8b588e4e940p-17},
        {math_acos, 0x1.0000000000000p-1, 0x1.0c152382d7366p+0},
        {math_acos, -0x1.0000000000000p-1, 0x1.0c152382d7366p+1},
        {math_acos, 0x1.0000000000001p-1, 0x1.0c152382d7365p+0},
        {math_acos, 0x1.fffffffffffffp-1, 0x1.0000000000000p-26},
        {math_acos, -0x1.8000000000000p-1, 0x1.359d26f93b6c3p+1},
        {math_acos, 0x1.4f8b588e368f1p-17, 0x1.921f0d7e968a6p+0},
        {math_acos, -0x1.fffffffffffffp-1, 0x1.921fb52442d18p+1},
        {math_atan, 0x1.0000000000000p-2, 0x1.f5b75f92c80ddp-3},
        {math_atan, 0x1.ffffffffffffcp-3, 0x1.f5b75f92c80dap-3},
        {math_atan, 0x1.0000000000000p-1, 0x1.dac670561bb4fp-2},
        {math_atan, 0x1.6666666666666p-1, 0x1.38b112d7bd4adp-1},
        {math_atan, 0x1.7000000000000p+0, 0x1.ed0d97c9041c9p-1},
        {math_atan, 0x1.0000000000000p+1, 0x1.1b6e192ebbe44p+0},
        {math_atan, 0x1.0000000000000p+2, 0x1.5368c951e9cfdp+0},
        {math_atan, 0x1.9000000000000p+6, 0x1.8f905eb2def22p+0},
        {math_atan, -0x1.2a05f20000000p+33, -0x1.921fb543d4de0p+0},
        {math_atan, 0x1.4f8b588e368f1p-17, 0x1.4f8b588e06854p-17},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const double y = known[i].f(known[i].x);
        if (!CHECK(near(y, known[i].y, 1))) {
            printf("    known[%d], of %a: %a instead of %a\n", (int)i, known[i].x, y, known[i].y);
        }
    }
}

static void identities(void)
{
    rng_state rng;
    rng_seed(&rng, 1);
    unsigned long bad[11] = {0};
    for (int i = 0; i < 20000; i++) {
        const double u = rng_uniform(&rng), x = 200 * u - 100, v = 2 * u - 1;
        const double s = math_sin(x), c = math_cos(x);
        bad[0] += math_bits(math_sin(-x)) != math_bits(-s) || math_bits(math_cos(-x)) != math_bits(c);
        bad[1] += math_bits(math_tan(-x)) != math_bits(-math_tan(x));
        bad[2] += math_bits(math_atan(-x)) != math_bits(-math_atan(x));
        bad[10] += math_bits(math_asin(-v)) != math_bits(-math_asin(v));
        bad[3] += !near(s * s + c * c, 1, 4);
        bad[4] += !near(math_tan(x), s / c, 4);
        bad[5] += !near(math_exp(x) * math_exp(-x), 1, 6);
        bad[6] += math_abs(math_log(math_exp(x)) - x) > 0x1p-46;
        bad[7] += math_abs(math_asin(v) + math_acos(v) - MATH_HALF_PI) > 0x1p-51;
        bad[8] += math_abs(math_tan(math_atan(x)) - x) > math_abs(x) * 0x1p-45;
        bad[9] += math_bits(math_log_unit(u)) != math_bits(math_log(u));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ_INT((long long)bad[i], 0);
    }
}

static void turns(void)
{
    static const double cosines[] = {1, 0, -1, 0, 1};
    for (int q = 0; q < 4; q++) {
        CHECK(cos_turn(q * 0.25) == cosines[q]);
        CHECK(sin_turn(q * 0.25) == cosines[(q + 3) % 4]);
    }
    rng_state rng;
    rng_seed(&rng, 2);
    unsigned long bad = 0;
    for (int i = 0; i < 20000; i++) {
        const double u = rng_uniform(&rng), angle = 4 * MATH_HALF_PI * u;
        bad += math_abs(sin_turn(u) - math_sin(angle)) > 0x1p-50 || math_abs(cos_turn(u) - math_cos(angle)) > 0x1p-50;
    }
    CHECK_EQ_INT((long long)bad, 0);
}

/* Loops that a compiler may turn into vector code, against calls that it can't see through. */
static void vector_code(void)
{
    enum { N = 1024 };
    static double x[N], exps[N], logs[N], asins[N], sines[N], cosines[N];
    function *volatile one_exp = math_exp, *volatile one_log = math_log_unit, *volatile one_asin = math_asin;
    function *volatile one_sine = sin_turn, *volatile one_cosine = cos_turn;
    rng_state rng;
    rng_seed(&rng, 8);
    for (int i = 0; i < N; i++) {
        x[i] = rng_uniform(&rng);
    }
    for (int i = 0; i < N; i++) {
        exps[i] = math_exp(x[i]);
    }
    for (int i = 0; i < N; i++) {
        logs[i] = math_log_unit(x[i]);
    }
    for (int i = 0; i < N; i++) {
        asins[i] = math_asin(x[i]);
    }
    for (int i = 0; i < N; i++) {
        math_sincos_turn(x[i], &sines[i], &cosines[i]);
    }
    for (int i = 0; i < N; i++) {
        CHECK_EQ_F64BITS(exps[i], one_exp(x[i]));
        CHECK_EQ_F64BITS(logs[i], one_log(x[i]));
        CHECK_EQ_F64BITS(asins[i], one_asin(x[i]));
        CHECK_EQ_F64BITS(sines[i], one_sine(x[i]));
        CHECK_EQ_F64BITS(cosines[i], one_cosine(x[i]));
    }
}

/* Arguments of all kinds; only bits are moved and exact operations done, so that they are the same everywhere. */
static double argument(rng_state *rng, int i)
{
    const uint64_t word = rng_next(rng);
    const double v = rng_uniform(rng) * 2 - 1;
    switch (i % 8) {
    case 0: return math_from_bits(word);                                                         /* any double */
    case 1: return math_from_bits((word & ~(UINT64_C(0x7ff) << 52)) | (960 + word % 128) << 52); /* 2^-63 .. 2^65 */
    case 2: return v;
    case 3: return v * 8;
    case 4: return v * 1024;
    case 5: return v * 131072;
    case 6: return (double)(int)(v * 100000) * MATH_HALF_PI;                                     /* near sin's zeros */
    default: return math_from_bits(math_bits(v) | UINT64_C(0x3fe0000000000000));                 /* 1/2 .. 2 */
    }
}

static void same_bits_everywhere(void)
{
    static const struct {
        const char *name;
        function *f;
        uint64_t golden, golden_float;
    } all[] = {
        {"exp", math_exp, 0x7580c5f12575b9c6, 0xaceda61c3ae3a44c},
        {"log", math_log, 0xadd1ac41202f29fd, 0x45f889e4eed3cc01},
        {"sin", math_sin, 0xebc86f1b37527ed4, 0xef981f469473f9b6},
        {"cos", math_cos, 0xedcdb438dca8b5eb, 0x306f13e15ee215ce},
        {"tan", math_tan, 0x24957e66dd796f83, 0x5caad720b508c44b},
        {"asin", math_asin, 0xc8dd67d55f7d1c2e, 0xcc1e3d7786be0c67},
        {"acos", math_acos, 0x092eb22afc8bf5fc, 0xc50fc786a111e639},
        {"atan", math_atan, 0xe3d844fbaa963d0a, 0xd64055dac35549f8},
        {"sin_turn", sin_turn, 0x9d21778381e8edb5, 0xe1d4620f99c17c6d},
        {"cos_turn", cos_turn, 0x98273f9b249c0e2f, 0x052f51df43af3337},
        {"log_unit", math_log_unit, 0xdf60e9cfcca64fc5, 0x459f94fd7041df0c},
    };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        rng_state rng;
        rng_seed(&rng, 3);
        uint64_t hash = 0, hash_float = 0;
        for (int i = 0; i < 200000; i++) {
            const double x = k < 8 ? argument(&rng, i) : rng_uniform(&rng);
            const float rounded = (float)all[k].f((double)(float)x);
            uint32_t bits;
            memcpy(&bits, &rounded, sizeof bits);
            hash = rng_mix(hash ^ math_bits(all[k].f(x)));
            hash_float = rng_mix(hash_float ^ bits);
        }
        if (!CHECK_EQ_U64(hash, all[k].golden) + !CHECK_EQ_U64(hash_float, all[k].golden_float)) {
            printf("    {\"%s\", 0x%016" PRIx64 ", 0x%016" PRIx64 "}\n", all[k].name, hash, hash_float);
        }
    }
}

int main(void)
{
    special_values();
    known_values();
    identities();
    turns();
    vector_code();
    same_bits_everywhere();
    return check_report("mathfn");
}
