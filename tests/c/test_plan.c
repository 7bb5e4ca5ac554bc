/* The structural key: what may be changed without changing it, and what may not; and the plan it is taken of. */
#include "fixtures.h"
#include "program/plan.h"

static uint64_t key_of(const amlz_dims *dims, const char *text)
{
    const amlz_program program = program_of(text, dims->n_features);
    const uint64_t key = amlz_program_key(&program, dims);
    CHECK(key != 0);
    return key;
}

#define SAME(dims, a, b) CHECK_EQ_U64(key_of(dims, a), key_of(dims, b))
#define DIFFERENT(dims, a, b) CHECK(key_of(dims, a) != key_of(dims, b))

static const char *const regressor = "def Setup():\n s2 = 0.1\ndef Predict():\n s1 = dot(v0, v1)\n"
                                     "def Learn():\n s3 = s0 - s1\n s3 = s3 * s2\n v2 = s3 * v0\n v1 = v1 + v2\n";

static void test_same_by_hand(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 8, 8, 3);
    /* other addresses, commuting operands the other way about, dead code */
    SAME(&dims, regressor,
         "def Setup():\n s7 = 0.3\n s5 = 0.1\n v4 = gaussian(0, 1)\ndef Predict():\n s1 = dot(v5, v0)\n"
         "def Learn():\n s2 = s0 - s1\n s2 = s5 * s2\n v7 = s2 * v0\n v5 = v7 + v5\n m0 = outer(v0, v0)\n no_op\n");
    /* a scalar that is written anew may change its address on the way, if the old one is not read again */
    SAME(&dims, "def Predict():\n s2 = norm(v0)\n s1 = s2 + s2\n", "def Predict():\n s3 = norm(v0)\n s1 = s3 + s3\n");
    /* addresses that nobody writes hold zeros, all of them */
    SAME(&dims, "def Predict():\n s1 = s2 + s3\n", "def Predict():\n s1 = s4 + s4\n");
    SAME(&dims, "def Predict():\n s1 = dot(v1, v2)\n", "def Predict():\n s1 = dot(v3, v3)\n");
    SAME(&dims, "def Predict():\n v1 = v0 + v2\n s1 = norm(v1)\n", "def Predict():\n v3 = v0 + v1\n s1 = norm(v3)\n");
    /* also those that only dead code writes */
    SAME(&dims, "def Predict():\n s1 = abs(s2)\n s3 = abs(s4)\n", "def Predict():\n s1 = abs(s3)\n");
    /* indexes that mean the same element of four */
    SAME(&dims, "def Setup():\n v1[0.3] = 2\ndef Predict():\n s1 = dot(v0, v1)\n",
         "def Setup():\n v1[0.49] = 2\ndef Predict():\n s1 = dot(v0, v1)\n");
    SAME(&dims, "def Setup():\n m1[0.3, 0.999] = 2\ndef Predict():\n s1 = norm(m1)\n",
         "def Setup():\n m1[0.25, 0.75] = 2\ndef Predict():\n s1 = norm(m1)\n");
    /* nothing is alive */
    SAME(&dims, "def Setup():\n s3 = 1\n", "def Learn():\n v1 = v0 + v0\n");
}

static void test_different_by_hand(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 8, 8, 3), five = dims_of(AMLZ_REGRESSION, 5, 8, 8, 3);
    DIFFERENT(&dims, "def Setup():\n v1[0.3] = 2\ndef Predict():\n s1 = dot(v0, v1)\n",
              "def Setup():\n v1[0.5] = 2\ndef Predict():\n s1 = dot(v0, v1)\n");
    DIFFERENT(&dims, "def Setup():\n m1[0.3, 0.6] = 2\ndef Predict():\n s1 = norm(m1)\n",
              "def Setup():\n m1[0.6, 0.3] = 2\ndef Predict():\n s1 = norm(m1)\n");
    DIFFERENT(&five, "def Setup():\n v1[0.3] = 2\ndef Predict():\n s1 = dot(v0, v1)\n",
              "def Setup():\n v1[0.49] = 2\ndef Predict():\n s1 = dot(v0, v1)\n");
    /* a live constant, by its last bit, and by its sign */
    DIFFERENT(&dims, "def Predict():\n s1 = 0.1\n", "def Predict():\n s1 = 0.10000000000000002\n");
    DIFFERENT(&dims, "def Predict():\n s1 = 0.0\n", "def Predict():\n s1 = -0.0\n");
    DIFFERENT(&dims, "def Predict():\n s1 = uniform(0, 1)\n", "def Predict():\n s1 = uniform(0, 2)\n");
    DIFFERENT(&dims, "def Predict():\n s1 = uniform(0, 1)\n", "def Predict():\n s1 = gaussian(0, 1)\n");
    /* an op, an operand, operands that do not commute */
    DIFFERENT(&dims, "def Predict():\n s1 = norm(v0)\n", "def Predict():\n s1 = mean(v0)\n");
    DIFFERENT(&dims, "def Predict():\n s2 = norm(v0)\n s1 = abs(s2)\n", "def Predict():\n s2 = norm(v0)\n s1 = abs(s3)\n");
    DIFFERENT(&dims, "def Predict():\n s2 = norm(v0)\n s1 = s2 - s3\n", "def Predict():\n s2 = norm(v0)\n s1 = s3 - s2\n");
    DIFFERENT(&dims, "def Learn():\n s1 = s1 - s0\n", "def Learn():\n s1 = s0 - s1\n");
    DIFFERENT(&dims, "def Predict():\n s2 = norm(v0)\n s1 = minimum(s2, s3)\n",
              "def Predict():\n s2 = norm(v0)\n s1 = minimum(s3, s2)\n");
    /* the label is not a zero like others, even where Predict reads it as 0 */
    DIFFERENT(&dims, "def Learn():\n s1 = abs(s0)\n", "def Learn():\n s1 = abs(s2)\n");
    DIFFERENT(&dims, "def Predict():\n s1 = norm(v0)\n", "def Predict():\n s1 = norm(v1)\n");
    /* where an instruction stands */
    DIFFERENT(&dims, "def Setup():\n s1 = s1 + s2\n", "def Predict():\n s1 = s1 + s2\n");
    DIFFERENT(&dims, "def Predict():\n s1 = s1 + s2\n", "def Learn():\n s1 = s1 + s2\n");
    DIFFERENT(&dims, "def Predict():\n s1 = abs(s1)\n s1 = sin(s1)\n", "def Predict():\n s1 = sin(s1)\n s1 = abs(s1)\n");
    /* one address for two uses, or two addresses: here the old value is read again */
    DIFFERENT(&dims, "def Predict():\n s2 = norm(v0)\n s3 = sin(s2)\n s1 = s2 + s3\n",
              "def Predict():\n s2 = norm(v0)\n s2 = sin(s2)\n s1 = s2 + s2\n");
    amlz_program program = program_of("def Predict():\n s1 = s1 + s2\n", 4);
    program.code[AMLZ_PREDICT][0].in1 = 99;
    CHECK_EQ_U64(amlz_program_key(&program, &dims), 0);
    CHECK_EQ_U64(amlz_program_key(NULL, &dims), 0);
}

static unsigned first_free(const amlz_dims *dims, int type)
{
    const int vector_labels = dims->label == AMLZ_MULTICLASS;
    return type == AMLZ_SCALAR ? (vector_labels ? 1 : 2) : type == AMLZ_VECTOR ? (vector_labels ? 3 : 1) : 0;
}

/* Gives all addresses that are not reserved other numbers. */
static amlz_program renamed(const amlz_program *program, const amlz_dims *dims, uint64_t *state)
{
    const unsigned counts[] = {1, dims->n_scalars, dims->n_vectors, dims->n_matrices};
    uint8_t names[AMLZ_MATRIX + 1][AMLZ_MAX_ADDRESSES] = {{0}};
    amlz_program result = *program;
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        const unsigned first = first_free(dims, type);
        for (unsigned i = 0; i < counts[type]; i++) {
            const unsigned k = i <= first ? i : first + draw_below(state, i - first + 1);
            names[type][i] = names[type][k];
            names[type][k] = (uint8_t)i;
        }
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < result.size[f]; i++) {
            amlz_instruction *x = &result.code[f][i];
            const amlz_op_info *info = amlz_op(x->op);
            x->out = info->out == AMLZ_NONE ? 0 : names[info->out][x->out];
            x->in1 = info->in1 == AMLZ_NONE ? 0 : names[info->in1][x->in1];
            x->in2 = info->in2 == AMLZ_NONE ? 0 : names[info->in2][x->in2];
        }
    }
    return result;
}

/* Exchanges commuting operands that live instructions have mentioned before. */
static amlz_program swapped(const amlz_program *program, const amlz_dims *dims)
{
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    uint8_t known[AMLZ_MATRIX + 1][AMLZ_MAX_ADDRESSES] = {{0}};
    amlz_program result = *program;
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        memset(known[type], 1, first_free(dims, type));
    }
    CHECK_EQ_INT(amlz_program_live(program, dims, live), AMLZ_OK);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < result.size[f]; i++) {
            amlz_instruction *x = &result.code[f][i];
            const amlz_op_info *info = amlz_op(x->op);
            if (!live[f][i]) {
                continue;
            }
            if (info->is_commutative && known[info->in1][x->in1] && known[info->in2][x->in2]) {
                const uint8_t in1 = x->in1;
                x->in1 = x->in2;
                x->in2 = in1;
            }
            known[info->in1][x->in1] = known[info->in2][x->in2] = known[info->out][x->out] = 1;
        }
    }
    return result;
}

/* The fractional indexes drawn anew within their elements. */
static amlz_program reindexed(const amlz_program *program, const amlz_dims *dims, uint64_t *state)
{
    const double n = dims->n_features;
    amlz_program result = *program;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < result.size[f]; i++) {
            amlz_instruction *x = &result.code[f][i];
            for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                if (amlz_op(x->op)->constant[c] == AMLZ_CONSTANT_INDEX) {
                    x->constant[c] = (floor(x->constant[c] * n) + 0.01 + 0.98 * fabs(draw_real(state))) / n;
                }
            }
        }
    }
    return result;
}

static void test_random_programs(void)
{
    uint64_t state = 3;
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        const amlz_dims dims = dims_of((amlz_label)label, 5, 6, 6, 4), all = dims_of((amlz_label)label, 5, 256, 256, 256);
        for (uint64_t seed = 0; seed < 2000; seed++) {
            const amlz_dims *d = seed % 4 == 0 ? &all : &dims;
            const amlz_space space = space_of(d, 0, AMLZ_CAPACITY, seed % 3 == 0 ? AMLZ_CAPACITY : 15);
            const amlz_program program = random_program(&space, seed);
            const uint64_t key = amlz_program_key(&program, d);
            amlz_program other = renamed(&program, d, &state);
            int ok = CHECK_EQ_U64(amlz_program_key(&other, d), key);
            other = swapped(&program, d);
            ok &= CHECK_EQ_U64(amlz_program_key(&other, d), key);
            other = reindexed(&program, d, &state);
            ok &= CHECK_EQ_U64(amlz_program_key(&other, d), key);
            amlz_program_simplify(&program, d, &other);
            ok &= CHECK_EQ_U64(amlz_program_key(&other, d), key);
            other = reindexed(&other, d, &state);
            other = swapped(&other, d);
            other = renamed(&other, d, &state);
            ok &= CHECK_EQ_U64(amlz_program_key(&other, d), key);
            if (!ok) {
                printf("  label %d\n%s", label, text_of(&program));
            }
        }
    }
}

/* 1 if either op can stand where the other does. */
static int alike(const amlz_op_info *a, const amlz_op_info *b)
{
    return a->out == b->out && a->in1 == b->in1 && a->in2 == b->in2 && !a->is_partial && !b->is_partial &&
           memcmp(a->constant, b->constant, sizeof a->constant) == 0;
}

/* Changing a real constant, or the op to another of the same types, in live code changes the key; in dead code not. */
static void test_sensitivity(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 5, 6, 6, 4);
    const amlz_space space = space_of(&dims, 0, 20, 15);
    unsigned changed_live = 0;
    for (uint64_t seed = 0; seed < 500; seed++) {
        const amlz_program program = random_program(&space, seed);
        const uint64_t key = amlz_program_key(&program, &dims);
        uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
        amlz_program_live(&program, &dims, live);
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            for (size_t i = 0; i < program.size[f]; i++) {
                amlz_program other = program;
                amlz_instruction *x = &other.code[f][i];
                const amlz_op_info *info = amlz_op(x->op);
                for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                    if (info->constant[c] == AMLZ_CONSTANT_REAL || info->constant[c] == AMLZ_CONSTANT_STDEV) {
                        x->constant[c] = nextafter(x->constant[c], 9);
                        CHECK((amlz_program_key(&other, &dims) != key) == (live[f][i] != 0));
                        changed_live += live[f][i];
                    }
                }
                other = program;
                for (int op = 1; op < amlz_op_count(); op++) {
                    if (op != program.code[f][i].op && alike(amlz_op(op), info)) {
                        x->op = (uint8_t)op;
                        CHECK((amlz_program_key(&other, &dims) != key) == (live[f][i] != 0));
                        changed_live += live[f][i];
                    }
                }
            }
        }
    }
    CHECK(changed_live > 1000);
}

/* A plan is the live code on addresses without gaps; or everything, on the addresses that it names. */
static void test_plans(void)
{
    const amlz_dims dims = dims_of(AMLZ_MULTICLASS, 5, 200, 200, 200);
    const amlz_space space = space_of(&dims, 0, 20, 15);
    for (uint64_t seed = 0; seed < 300; seed++) {
        const amlz_program program = random_program(&space, seed);
        uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
        static plan reduced, everything;
        amlz_program_live(&program, &dims, live);
        amlz__plan_build(&program, &dims, PLAN_LIVE, &reduced);
        amlz__plan_build(&program, &dims, PLAN_EVERYTHING, &everything);
        CHECK_EQ_U64(reduced.key, amlz_program_key(&program, &dims));
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            int kept = 0;
            unsigned ordinal = 0;
            CHECK_EQ_INT(everything.size[f], program.size[f]);
            for (size_t i = 0; i < program.size[f]; i++) {
                const amlz_instruction *x = &program.code[f][i];
                const plan_instruction *all = &everything.code[f][i], *y = &reduced.code[f][kept];
                CHECK(all->op == x->op && all->out == x->out && all->in1 == x->in1 && all->in2 == x->in2);
                if (!live[f][i]) {
                    continue;
                }
                kept++;
                CHECK_EQ_INT(y->op, x->op);
                CHECK(y->out < reduced.n_addresses[amlz_op(x->op)->out]);
                CHECK(amlz_op(x->op)->in1 == AMLZ_NONE || y->in1 < reduced.n_addresses[amlz_op(x->op)->in1]);
                CHECK(amlz_op(x->op)->in2 == AMLZ_NONE || y->in2 < reduced.n_addresses[amlz_op(x->op)->in2]);
                if (amlz_op(x->op)->is_random) {
                    CHECK_EQ_INT(y->ordinal, ordinal);
                    ordinal++;
                }
            }
            CHECK_EQ_INT(reduced.size[f], kept);
        }
    }
}

/* Small programs of few ops, many of which are the same but for their names: those must have the same fitness. */
static void test_equal_keys_mean_equal_fitness(void)
{
    enum { N = 8000 };
    static const uint8_t ops[AMLZ_FUNCTION_COUNT][6] = {
        {56, 57, 59, 62, 23, 60}, {27, 1, 3, 25, 23, 59}, {2, 3, 18, 23, 1, 60}};
    static uint64_t keys[N];
    static double fitness[N];
    static amlz_program programs[N];
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 0);
    const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, 2, 10, 5, 1);
    const task_set set = task_set_new(&config, 4);
    amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, 2);
    amlz_space space = space_of(&dims, 0, 3, 2);
    unsigned pairs = 0, differing_keys = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        set_ops(&space.function[f], ops[f], 6);
    }
    for (uint64_t i = 0; i < N; i++) {
        amlz_evaluation result = {.struct_size = sizeof result};
        programs[i] = random_program(&space, i);
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) { /* few values, so that constants agree now and then */
            for (size_t k = 0; k < programs[i].size[f]; k++) {
                for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                    double *x = &programs[i].code[f][k].constant[c];
                    *x = amlz_op(programs[i].code[f][k].op)->constant[c] == AMLZ_CONSTANT_NONE ? 0 : floor(fabs(*x) * 2) / 2;
                }
            }
        }
        CHECK_EQ_INT(amlz_evaluate(evaluator, set.tasks, &programs[i], 1, &result, NULL), AMLZ_OK);
        keys[i] = amlz_program_key(&programs[i], &dims);
        fitness[i] = result.fitness;
    }
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < i; k++) {
            if (keys[i] != keys[k]) {
                differing_keys += fitness[i] != fitness[k];
            } else if (!amlz_program_equal(&programs[i], &programs[k])) {
                pairs++;
                if (bits_of(fitness[i]) != bits_of(fitness[k]) && !CHECK_EQ_F64BITS(fitness[i], fitness[k])) {
                    printf("%s\n%s", text_of(&programs[i]), "and\n");
                    printf("%s", text_of(&programs[k]));
                    return;
                }
            }
        }
    }
    CHECK(pairs > 10000);
    CHECK(differing_keys > 10000);
    blocks_free();
}

int main(void)
{
    test_same_by_hand();
    test_different_by_hand();
    test_random_programs();
    test_sensitivity();
    test_plans();
    test_equal_keys_mean_equal_fitness();
    return check_report("plan");
}
