/* Walks each op through everything that knows about ops, and checks the table against a list of its own. */
#include "fixtures.h"
#include "program/plan.h"

/* By id, as the op table of the documentation has it: types of out, in1, in2, then constants (X real, I index, D standard
 * deviation), then P partial, R random, C commutative. */
static const char *const expected[] = {
    "---   ", "SSS  C", "SSS   ", "SSS  C", "SSS   ", "SS-   ", "SS-   ", "SS-   ", "SS-   ", "SS-   ", "SS-   ", "SS-   ",
    "SS-   ", "SS-   ", "SS-   ", "SS-   ", "VV-   ", "MM-   ", "VSV   ", "VS-   ", "VV-   ", "SV-   ", "VV-   ", "VVV  C",
    "VVV   ", "VVV  C", "VVV   ", "SVV  C", "MVV   ", "MSM   ", "MM-   ", "VMV   ", "MV-   ", "MV-   ", "SM-   ", "VM-   ",
    "VM-   ", "MM-   ", "MM-   ", "MMM  C", "MMM   ", "MMM  C", "MMM   ", "MMM   ", "SSS   ", "VVV   ", "MMM   ", "SSS   ",
    "VVV   ", "MMM   ", "SV-   ", "SM-   ", "VM-   ", "VM-   ", "SV-   ", "SM-   ", "S--X  ", "V--IXP", "M--IIXP", "S--XXR",
    "V--XXR", "M--XXR", "S--XDR", "V--XDR", "M--XDR"};
#define N_OPS ((int)(sizeof expected / sizeof *expected))

static int type_of(char letter)
{
    return letter == 'S' ? AMLZ_SCALAR : letter == 'V' ? AMLZ_VECTOR : letter == 'M' ? AMLZ_MATRIX : AMLZ_NONE;
}

static int constant_of(char letter)
{
    return letter == 'X'   ? AMLZ_CONSTANT_REAL
           : letter == 'I' ? AMLZ_CONSTANT_INDEX
           : letter == 'D' ? AMLZ_CONSTANT_STDEV
                           : AMLZ_CONSTANT_NONE;
}

static void test_table(void)
{
    CHECK_EQ_INT(amlz_op_count(), N_OPS);
    CHECK(amlz_op_count() <= AMLZ_MAX_OPS);
    CHECK(amlz_op(-1) == NULL);
    CHECK(amlz_op(amlz_op_count()) == NULL);
    CHECK(amlz_op(1000000) == NULL);
    for (int id = 0; id < N_OPS; id++) {
        const amlz_op_info *info = amlz_op(id);
        const char *e = expected[id];
        if (!CHECK(info != NULL)) {
            continue;
        }
        int n = 0;
        for (; n < AMLZ_CONSTANT_COUNT && constant_of(e[3 + n]) != AMLZ_CONSTANT_NONE; n++) {
            CHECK_EQ_INT(info->constant[n], constant_of(e[3 + n]));
        }
        for (int c = n; c < AMLZ_CONSTANT_COUNT; c++) {
            CHECK_EQ_INT(info->constant[c], AMLZ_CONSTANT_NONE);
        }
        int ok = CHECK_EQ_INT(info->out, type_of(e[0]));
        ok &= CHECK_EQ_INT(info->in1, type_of(e[1]));
        ok &= CHECK_EQ_INT(info->in2, type_of(e[2]));
        ok &= CHECK_EQ_INT(info->is_partial, strchr(e + 3, 'P') != NULL);
        ok &= CHECK_EQ_INT(info->is_random, strchr(e + 3, 'R') != NULL);
        ok &= CHECK_EQ_INT(info->is_commutative, strchr(e + 3, 'C') != NULL);
        ok &= CHECK(info->name[0] != 0 && info->text[0] != 0 && info->formula[0] != 0);
        if (!ok) {
            printf("  op %d, %s\n", id, info->name);
        }
    }
}

static void test_names_are_unique(void)
{
    for (int i = 0; i < amlz_op_count(); i++) {
        for (int k = 0; k < i; k++) {
            CHECK(strcmp(amlz_op(i)->name, amlz_op(k)->name) != 0);
        }
    }
}

/* An instruction of the op with different operands where there are such. */
static amlz_instruction instruction_of(int id)
{
    const amlz_op_info *info = amlz_op(id);
    amlz_instruction x = {(uint8_t)id, 0, 0, 0, {0, 0, 0}};
    x.out = info->out == AMLZ_NONE ? 0 : info->out == AMLZ_MATRIX ? 0 : 3;
    x.in1 = info->in1 == AMLZ_NONE ? 0 : info->in1 == AMLZ_MATRIX ? 1 : 4;
    x.in2 = info->in2 == AMLZ_NONE ? 0 : info->in2 == AMLZ_MATRIX ? 2 : 5;
    for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
        x.constant[c] = info->constant[c] == AMLZ_CONSTANT_NONE ? 0 : 0.25 * (c + 1);
    }
    return x;
}

/* Predict: the op, and what makes s1 of its output, so that it is alive. */
static amlz_program program_with(int id, int alive)
{
    static const uint8_t to_prediction[] = {0, 5 /* abs */, 21 /* norm */, 51 /* mean */};
    amlz_program program;
    memset(&program, 0, sizeof program);
    const amlz_instruction x = instruction_of(id);
    program.code[AMLZ_PREDICT][program.size[AMLZ_PREDICT]++] = x;
    if (alive && amlz_op(id)->out != AMLZ_NONE) {
        const amlz_instruction last = {to_prediction[amlz_op(id)->out], 1, x.out, 0, {0, 0, 0}};
        program.code[AMLZ_PREDICT][program.size[AMLZ_PREDICT]++] = last;
    }
    return program;
}

static void test_check_and_text(const amlz_dims *dims)
{
    for (int id = 0; id < amlz_op_count(); id++) {
        const amlz_program program = program_with(id, 1);
        amlz_program back;
        char text[1000];
        amlz_error error;
        CHECK_EQ_INT(amlz_program_check(&program, dims, &error), AMLZ_OK);
        CHECK_EQ_INT(amlz_program_print(&program, text, sizeof text, NULL), AMLZ_OK);
        CHECK_EQ_INT(amlz_program_parse(text, strlen(text), 0, &back, &error), AMLZ_OK);
        CHECK(amlz_program_equal(&program, &back));
        CHECK_EQ_U64(amlz_program_hash(&program), amlz_program_hash(&back));
    }
}

static void test_liveness_and_plan(const amlz_dims *dims)
{
    uint64_t keys[AMLZ_MAX_OPS];
    for (int id = 0; id < amlz_op_count(); id++) {
        const amlz_program alive = program_with(id, 1), dead = program_with(id, 0);
        uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
        plan p;
        CHECK_EQ_INT(amlz_program_live(&alive, dims, live), AMLZ_OK);
        CHECK_EQ_INT(live[AMLZ_PREDICT][0], id != 0);
        CHECK_EQ_INT(amlz_program_live(&dead, dims, live), AMLZ_OK);
        CHECK_EQ_INT(live[AMLZ_PREDICT][0], 0);
        amlz__plan_build(&alive, dims, PLAN_LIVE, &p);
        CHECK_EQ_INT(p.size[AMLZ_PREDICT], id == 0 ? 0 : 2);
        CHECK(id == 0 || p.code[AMLZ_PREDICT][0].op == id);
        amlz__plan_build(&alive, dims, PLAN_EVERYTHING, &p);
        CHECK_EQ_INT(p.size[AMLZ_PREDICT], id == 0 ? 1 : 2);
        keys[id] = amlz_program_key(&alive, dims);
        for (int k = 0; k < id; k++) {
            CHECK(keys[k] != keys[id]);
        }
    }
}

static void test_kernels_exist(void)
{
    static const unsigned lanes[] = {1, 4, 8, 16};
    for (int v = AMLZ_VARIANT_BASELINE; v < AMLZ_VARIANT_COUNT; v++) {
        for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64 && amlz_variant_available(v); precision++) {
            for (int i = 0; i < 4; i++) {
                const kernel_set *set = amlz__kernels_find((amlz_variant)v, (amlz_precision)precision, lanes[i]);
                if (!CHECK(set != NULL)) {
                    continue;
                }
                CHECK_EQ_INT(set->lanes, lanes[i]);
                CHECK(set->predict != NULL && set->learn != NULL && set->run_function != NULL);
                const kernel_loops *loops =
                    amlz__kernels_find_loops((amlz_variant)v, (amlz_precision)precision, lanes[i]);
                CHECK(loops != NULL && loops->train != NULL && loops->validate != NULL);
                for (int id = 0; id < amlz_op_count(); id++) {
                    CHECK(set->op[id] != NULL);
                }
            }
        }
    }
    CHECK(amlz__kernels_find(AMLZ_VARIANT_BASELINE, AMLZ_FLOAT32, 2) == NULL);
}

static void test_variants(void)
{
    static const char *const names[] = {"auto", "baseline", "avx2", "avx512"};
    for (int v = 0; v < AMLZ_VARIANT_COUNT; v++) {
        CHECK(strcmp(amlz_variant_name(v), names[v]) == 0);
    }
    CHECK(amlz_variant_name(-1) == NULL && amlz_variant_name(AMLZ_VARIANT_COUNT) == NULL);
    CHECK(!amlz_variant_available(-1) && !amlz_variant_available(AMLZ_VARIANT_COUNT));
    CHECK_EQ_INT(amlz_variant_available(AMLZ_VARIANT_AUTO), 1);
    CHECK_EQ_INT(amlz_variant_available(AMLZ_VARIANT_BASELINE), 1);
    CHECK(amlz_variant_best() != AMLZ_VARIANT_AUTO);
    CHECK_EQ_INT(amlz_variant_available((int)amlz_variant_best()), 1);
}

/* A space of one op: random programs and all mutations are made of it, and stay valid. */
static void test_random_and_mutate(const amlz_dims *dims)
{
    const double weights[AMLZ_MUTATION_COUNT] = {1, 1, 1, 1, 4, 1, 1, 1};
    for (int id = 0; id < amlz_op_count(); id++) {
        amlz_space space = space_of(dims, 1, 6, 4);
        const uint8_t op = (uint8_t)id;
        amlz_program program;
        uint64_t seed = (uint64_t)id;
        memset(&program, 0, sizeof program);
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            set_ops(&space.function[f], &op, 1);
        }
        CHECK_EQ_INT(amlz_space_check(&space, NULL), AMLZ_OK);
        CHECK_EQ_INT(amlz_program_random(&space, seed, &program), AMLZ_OK);
        for (int i = 0; i < 200; i++) {
            CHECK_EQ_INT(amlz_mutate(&space, weights, &seed, &program, NULL), AMLZ_OK);
            CHECK_EQ_INT(amlz_program_check(&program, dims, NULL), AMLZ_OK);
        }
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            for (size_t i = 0; i < program.size[f]; i++) {
                CHECK_EQ_INT(program.code[f][i].op, id);
            }
        }
    }
}

static double cost_of(int id, uint32_t n_features)
{
    const amlz_program program = program_with(id, 0);
    return amlz_program_cost(&program, n_features);
}

static void test_cost(void)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 8, 16, 100, 1024, 65536};
    CHECK_EQ_F64BITS(cost_of(0, 4), 0.0);
    CHECK_EQ_F64BITS(cost_of(1, 4), 1.0);
    CHECK_EQ_F64BITS(cost_of(1, 65536), 1.0);
    for (int id = 1; id < amlz_op_count(); id++) {
        const amlz_op_info *info = amlz_op(id);
        const int is_wide = info->out > AMLZ_SCALAR || info->in1 > AMLZ_SCALAR || info->in2 > AMLZ_SCALAR;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            double power = 1;
            for (int k = 0; k < info->cost_power; k++) {
                power *= sizes[i];
            }
            const double cost = cost_of(id, sizes[i]);
            CHECK(cost > 0 && cost - cost == 0);
            CHECK(fabs(cost - (info->cost_base + info->cost_work * power)) <= 1e-12 * cost);
            CHECK(i == 0 || cost >= cost_of(id, sizes[i - 1]));
        }
        /* whatever touches a vector or matrix costs more where it is larger, a single element apart */
        CHECK((is_wide && !info->is_partial) == (cost_of(id, 65536) > cost_of(id, 16)));
    }
    amlz_program program = program_with(1, 1);
    CHECK_EQ_F64BITS(amlz_program_cost(&program, 4), 2.0); /* a sum and abs */
    program.code[AMLZ_LEARN][0] = program.code[AMLZ_PREDICT][0];
    program.code[AMLZ_SETUP][0] = program.code[AMLZ_PREDICT][0];
    program.size[AMLZ_LEARN] = program.size[AMLZ_SETUP] = 1;
    CHECK_EQ_F64BITS(amlz_program_cost(&program, 4), 3.0); /* Setup does not count */
    program.code[AMLZ_LEARN][0].op = (uint8_t)amlz_op_count();
    CHECK_EQ_F64BITS(amlz_program_cost(&program, 4), 0.0);
}

static void test_statuses(void)
{
    for (int i = 0; i <= AMLZ_ERROR_UNSUPPORTED; i++) {
        CHECK(amlz_status_name(i)[0] != 0 && strcmp(amlz_status_name(i), "unknown status") != 0);
        for (int k = 0; k < i; k++) {
            CHECK(strcmp(amlz_status_name(i), amlz_status_name(k)) != 0);
        }
    }
    CHECK(strcmp(amlz_status_name(AMLZ_OK), "ok") == 0);
    CHECK(strcmp(amlz_status_name(AMLZ_ERROR_SYNTAX), "syntax error") == 0);
    CHECK(strcmp(amlz_status_name(-1), "unknown status") == 0);
    CHECK(strcmp(amlz_status_name(99), "unknown status") == 0);
    char version[40];
    sprintf(version, "%d.%d.%d", AMLZ_VERSION_MAJOR, AMLZ_VERSION_MINOR, AMLZ_VERSION_PATCH);
    CHECK(strcmp(amlz_version(), version) == 0);
    CHECK(amlz_compiler()[0] != 0);
    CHECK_EQ_INT(amlz_program_capacity(), AMLZ_CAPACITY);
}

int main(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 6, 6, 3);
    test_table();
    test_names_are_unique();
    test_check_and_text(&dims);
    test_liveness_and_plan(&dims);
    test_kernels_exist();
    test_variants();
    test_random_and_mutate(&dims);
    test_cost();
    test_statuses();
    return check_report("ops");
}
