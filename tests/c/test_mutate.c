/* amlz_mutate: what each action may change, what it may not, and how its draws are distributed. */
#include <float.h>

#include "fixtures.h"

static int same_instruction(const amlz_instruction *a, const amlz_instruction *b)
{
    return a->op == b->op && a->out == b->out && a->in1 == b->in1 && a->in2 == b->in2 &&
           memcmp(a->constant, b->constant, sizeof a->constant) == 0;
}

static int same_function(const amlz_program *a, const amlz_program *b, int f)
{
    int same = a->size[f] == b->size[f];
    for (size_t i = 0; same && i < a->size[f]; i++) {
        same = same_instruction(&a->code[f][i], &b->code[f][i]);
    }
    return same;
}

static int functions_changed(const amlz_program *a, const amlz_program *b)
{
    int n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        n += !same_function(a, b, f);
    }
    return n;
}

/* The most instructions that two functions have in common in the same order. */
static int in_common(const amlz_program *a, const amlz_program *b, int f)
{
    int length[AMLZ_CAPACITY + 1][AMLZ_CAPACITY + 1] = {{0}};
    for (int i = 1; i <= a->size[f]; i++) {
        for (int k = 1; k <= b->size[f]; k++) {
            const int up = length[i - 1][k], left = length[i][k - 1];
            length[i][k] = same_instruction(&a->code[f][i - 1], &b->code[f][k - 1]) ? length[i - 1][k - 1] + 1
                           : up > left                                            ? up
                                                                                  : left;
        }
    }
    return length[a->size[f]][b->size[f]];
}

/* How many of op, addresses and constants differ, in instructions side by side. */
static int fields_changed(const amlz_program *a, const amlz_program *b)
{
    int n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < a->size[f]; i++) {
            const amlz_instruction *x = &a->code[f][i], *y = &b->code[f][i];
            n += 9 * (x->op != y->op);
            n += (x->out != y->out) + (x->in1 != y->in1) + (x->in2 != y->in2);
            for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                n += bits_of(x->constant[c]) != bits_of(y->constant[c]);
            }
        }
    }
    return n;
}

static int instructions_changed(const amlz_program *a, const amlz_program *b)
{
    int n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; i < a->size[f]; i++) {
            n += !same_instruction(&a->code[f][i], &b->code[f][i]);
        }
    }
    return n;
}

static void mutate(const amlz_space *space, amlz_mutation action, uint64_t *seed, amlz_program *program)
{
    double weights[AMLZ_MUTATION_COUNT] = {0};
    int done = -1;
    weights[action] = 0.3;
    CHECK_EQ_INT(amlz_mutate(space, weights, seed, program, &done), AMLZ_OK);
    CHECK_EQ_INT(done, action);
}

static int total(const amlz_program *program)
{
    return program->size[AMLZ_SETUP] + program->size[AMLZ_PREDICT] + program->size[AMLZ_LEARN];
}

static void check_change(const amlz_program *before, const amlz_program *after, amlz_mutation action, int init_size)
{
    int common = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        common += in_common(before, after, f);
    }
    CHECK(action == AMLZ_MUTATE_RANDOMIZE_PROGRAM || functions_changed(before, after) <= 1);
    switch (action) {
    case AMLZ_MUTATE_INSERT:
        CHECK_EQ_INT(total(after), total(before) + 1);
        CHECK_EQ_INT(common, total(before));
        break;
    case AMLZ_MUTATE_REMOVE:
        CHECK_EQ_INT(total(after), total(before) - 1);
        CHECK_EQ_INT(common, total(after));
        break;
    case AMLZ_MUTATE_TRADE:
        CHECK_EQ_INT(total(after), total(before));
        CHECK(common >= total(before) - 1);
        break;
    case AMLZ_MUTATE_RANDOMIZE_INSTRUCTION:
        CHECK(memcmp(before->size, after->size, sizeof before->size) == 0);
        CHECK(instructions_changed(before, after) <= 1);
        break;
    case AMLZ_MUTATE_RANDOMIZE_FUNCTION: CHECK(memcmp(before->size, after->size, sizeof before->size) == 0); break;
    case AMLZ_MUTATE_ALTER_ARGUMENT:
        CHECK(memcmp(before->size, after->size, sizeof before->size) == 0);
        CHECK(fields_changed(before, after) <= 1);
        break;
    case AMLZ_MUTATE_RANDOMIZE_PROGRAM:
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            CHECK_EQ_INT(after->size[f], init_size);
        }
        break;
    default: CHECK(amlz_program_equal(before, after)); break; /* identity */
    }
}

static void test_each_action(void)
{
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label++) {
        const amlz_dims dims = dims_of((amlz_label)label, 4, 6, 6, 4);
        const amlz_space space = space_of(&dims, 2, 12, 7);
        for (int action = 0; action <= AMLZ_MUTATE_IDENTITY; action++) { /* the others are in test_edit.c */
            unsigned changed = 0;
            for (uint64_t i = 0; i < 1000; i++) {
                const amlz_program before = random_program(&space, i);
                amlz_program after = before;
                uint64_t seed = i;
                mutate(&space, (amlz_mutation)action, &seed, &after);
                CHECK(seed != i);
                check_change(&before, &after, (amlz_mutation)action, 7);
                CHECK_EQ_INT(amlz_program_check(&after, &dims, NULL), AMLZ_OK);
                changed += !amlz_program_equal(&before, &after);
            }
            CHECK(action == AMLZ_MUTATE_IDENTITY || changed > 700);
        }
    }
}

/* A function without ops keeps its code, whatever is done to the others. */
static void test_closed_functions(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 6, 6, 4);
    const amlz_space all = space_of(&dims, 0, 12, 6);
    for (int open = -1; open < AMLZ_FUNCTION_COUNT; open++) {
        amlz_space space = all;
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            if (f != open) {
                memset(&space.function[f], 0, sizeof space.function[f]);
            }
        }
        for (int action = 0; action < AMLZ_MUTATION_COUNT; action++) {
            for (uint64_t i = 0; i < 200; i++) {
                const amlz_program before = random_program(&all, i);
                amlz_program after = before;
                uint64_t seed = i;
                mutate(&space, (amlz_mutation)action, &seed, &after);
                for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
                    CHECK(f == open || same_function(&before, &after, f));
                }
            }
        }
    }
}

static void expect_unchanged(const amlz_space *space, amlz_mutation action, const amlz_program *program)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        amlz_program after = *program;
        uint64_t moved = seed;
        mutate(space, action, &moved, &after);
        CHECK(amlz_program_equal(program, &after));
    }
}

static void test_what_cannot_apply(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 6, 6, 4);
    const amlz_space fixed = space_of(&dims, 5, 5, 5), full = space_of(&dims, 0, AMLZ_CAPACITY, AMLZ_CAPACITY);
    const amlz_space open = space_of(&dims, 0, 5, 5);
    amlz_program program = random_program(&fixed, 1), empty = program_of("", 4), blank = program;
    const amlz_program largest = random_program(&full, 1);
    expect_unchanged(&fixed, AMLZ_MUTATE_INSERT, &program);
    expect_unchanged(&fixed, AMLZ_MUTATE_REMOVE, &program);
    expect_unchanged(&full, AMLZ_MUTATE_INSERT, &largest);
    expect_unchanged(&open, AMLZ_MUTATE_INSERT, &program);
    expect_unchanged(&open, AMLZ_MUTATE_REMOVE, &empty);
    expect_unchanged(&open, AMLZ_MUTATE_TRADE, &empty);
    expect_unchanged(&open, AMLZ_MUTATE_RANDOMIZE_INSTRUCTION, &empty);
    expect_unchanged(&open, AMLZ_MUTATE_RANDOMIZE_FUNCTION, &empty);
    expect_unchanged(&open, AMLZ_MUTATE_ALTER_ARGUMENT, &empty);
    memset(blank.code, 0, sizeof blank.code); /* no_op has no arguments */
    expect_unchanged(&open, AMLZ_MUTATE_ALTER_ARGUMENT, &blank);
    /* in a full function, one is still traded for another */
    unsigned changed = 0;
    for (uint64_t i = 0; i < 50; i++) {
        amlz_program after = program;
        uint64_t seed = i;
        mutate(&fixed, AMLZ_MUTATE_TRADE, &seed, &after);
        check_change(&program, &after, AMLZ_MUTATE_TRADE, 5);
        changed += !amlz_program_equal(&program, &after);
    }
    CHECK(changed > 40);
    /* what can grow or shrink does, though others cannot */
    amlz_space mixed = fixed;
    mixed.function[AMLZ_LEARN].min_size = 0;
    mixed.function[AMLZ_PREDICT].max_size = 6;
    for (uint64_t i = 0; i < 50; i++) {
        amlz_program after = program;
        uint64_t seed = i;
        mutate(&mixed, AMLZ_MUTATE_REMOVE, &seed, &after);
        CHECK_EQ_INT(after.size[AMLZ_LEARN], 4);
        mutate(&mixed, AMLZ_MUTATE_INSERT, &seed, &after);
        CHECK_EQ_INT(total(&after), 15);
    }
}

/* ---------------------------------------------------------------- distributions; bounds are four standard deviations */

#define N_DRAWS 40000

static void expect_share(const char *what, unsigned count, double share, unsigned n)
{
    if (!CHECK(fabs(count - share * n) <= 4 * sqrt(share * (1 - share) * n))) {
        printf("  %s: %u of %u, expected a share of %g\n", what, count, n, share);
    }
}

/* A program of one instruction in Predict, and a space in which it alone can change. */
static amlz_program single(const amlz_dims *dims, int op, amlz_space *space)
{
    amlz_program program;
    const uint8_t id = (uint8_t)op;
    memset(&program, 0, sizeof program);
    memset(space, 0, sizeof *space);
    space->dims = *dims;
    space->function[AMLZ_PREDICT].min_size = space->function[AMLZ_PREDICT].max_size = 1;
    space->function[AMLZ_PREDICT].init_size = 1;
    set_ops(&space->function[AMLZ_PREDICT], &id, 1);
    CHECK_EQ_INT(amlz_program_random(space, 1, &program), AMLZ_OK);
    return program;
}

/* Each of three arguments is as likely, and drawn from all addresses that it may have, its own too. */
static void test_addresses(void)
{
    static const int ops[] = {1, 18, 23, 28, 31, 43}; /* of all types, in all places */
    for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
        const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
        const unsigned counts[] = {0, 5, 4, 3};
        amlz_space space;
        const amlz_program before = single(&dims, ops[o], &space);
        const amlz_instruction *x = &before.code[AMLZ_PREDICT][0];
        const amlz_op_info *info = amlz_op(ops[o]);
        const int types[3] = {info->out, info->in1, info->in2};
        const uint8_t own[3] = {x->out, x->in1, x->in2};
        unsigned seen[3][5] = {{0}};
        uint64_t seed = 1;
        for (int i = 0; i < N_DRAWS; i++) {
            amlz_program after = before;
            mutate(&space, AMLZ_MUTATE_ALTER_ARGUMENT, &seed, &after);
            const amlz_instruction *y = &after.code[AMLZ_PREDICT][0];
            seen[0][y->out]++;
            seen[1][y->in1]++;
            seen[2][y->in2]++;
        }
        for (int k = 0; k < 3; k++) {
            const unsigned first = k == 0 && types[k] != AMLZ_MATRIX ? 1 : 0, n = counts[types[k]] - first;
            CHECK(first == 0 || seen[k][0] == 0);
            for (unsigned i = first; i < counts[types[k]]; i++) {
                expect_share("address", seen[k][i], i == own[k] ? 2.0 / 3 + 1.0 / (3 * n) : 1.0 / (3 * n), N_DRAWS);
            }
        }
    }
}

static void test_constants(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
    amlz_space space;
    amlz_program before = single(&dims, 62, &space); /* gaussian(real, stdev) */
    amlz_instruction *x = &before.code[AMLZ_PREDICT][0];
    unsigned reals = 0, stdevs = 0, flips = 0, below_1 = 0;
    uint64_t seed = 2;
    x->constant[0] = -0.25;
    x->constant[1] = 0.5;
    for (int i = 0; i < N_DRAWS; i++) {
        amlz_program after = before;
        mutate(&space, AMLZ_MUTATE_ALTER_ARGUMENT, &seed, &after);
        const amlz_instruction *y = &after.code[AMLZ_PREDICT][0];
        const double real = y->constant[0] / -0.25, stdev = y->constant[1] / 0.5;
        CHECK(fabs(real) >= 0.5 && fabs(real) <= 2 && stdev >= 0.5 && stdev <= 2);
        flips += real < 0;
        reals += real != 1;
        stdevs += stdev != 1;
        below_1 += fabs(real) < 1;
    }
    expect_share("real constants altered", reals, 1.0 / 3, N_DRAWS);
    expect_share("stdevs altered", stdevs, 1.0 / 3, N_DRAWS);
    expect_share("signs flipped", flips, 0.1, reals);
    expect_share("scaled to less than before", below_1, 1.0 / 3, reals);
    /* an index is drawn anew */
    before = single(&dims, 58, &space);
    x->constant[0] = 0.3;
    x->constant[1] = 0.6;
    unsigned first = 0, first_low = 0;
    for (int i = 0; i < N_DRAWS; i++) {
        amlz_program after = before;
        mutate(&space, AMLZ_MUTATE_ALTER_ARGUMENT, &seed, &after);
        const double index = after.code[AMLZ_PREDICT][0].constant[0];
        CHECK(index >= 0 && index < 1);
        first += index != 0.3;
        first_low += index != 0.3 && index < 0.7;
    }
    expect_share("index altered", first, 0.25, N_DRAWS);
    expect_share("index below 0.7", first_low, 0.7, first);
}

/* The largest constants stay finite, the smallest harmless. */
static void test_extreme_constants(void)
{
    static const double extremes[] = {DBL_MAX, -DBL_MAX, 5e-324, -5e-324, 0.0, -0.0};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
    for (size_t e = 0; e < sizeof extremes / sizeof *extremes; e++) {
        amlz_space space;
        amlz_program program = single(&dims, 59, &space);
        uint64_t seed = e;
        program.code[AMLZ_PREDICT][0].constant[0] = extremes[e];
        program.code[AMLZ_PREDICT][0].constant[1] = extremes[e];
        for (int i = 0; i < 3000; i++) {
            mutate(&space, AMLZ_MUTATE_ALTER_ARGUMENT, &seed, &program);
            CHECK_EQ_INT(amlz_program_check(&program, &dims, NULL), AMLZ_OK);
        }
    }
}

/* Constants of new instructions: reals uniform in (-1, 1), indexes and stdevs in (0, 1). */
static void test_new_constants(void)
{
    static const uint8_t ops[] = {57, 58, 59, 62};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
    amlz_space space = space_of(&dims, 0, AMLZ_CAPACITY, AMLZ_CAPACITY);
    unsigned n_real = 0, n_unit = 0, low_real = 0, low_unit = 0, ops_seen[AMLZ_MAX_OPS] = {0}, n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        set_ops(&space.function[f], ops, 4);
    }
    for (uint64_t seed = 0; seed < 100; seed++) {
        amlz_program program;
        CHECK_EQ_INT(amlz_program_random(&space, seed, &program), AMLZ_OK);
        for (int i = 0; i < AMLZ_FUNCTION_COUNT * AMLZ_CAPACITY; i++) {
            const amlz_instruction *x = &program.code[i / AMLZ_CAPACITY][i % AMLZ_CAPACITY];
            n++;
            ops_seen[x->op]++;
            for (int c = 0; c < AMLZ_CONSTANT_COUNT; c++) {
                const double value = x->constant[c];
                switch (amlz_op(x->op)->constant[c]) {
                case AMLZ_CONSTANT_REAL:
                    CHECK(value > -1 && value < 1);
                    n_real++;
                    low_real += value < -0.5;
                    break;
                case AMLZ_CONSTANT_NONE: CHECK_EQ_F64BITS(value, 0.0); break;
                default:
                    CHECK(value > 0 && value < 1);
                    n_unit++;
                    low_unit += value < 0.3;
                    break;
                }
            }
        }
    }
    expect_share("real below -0.5", low_real, 0.25, n_real);
    expect_share("index or stdev below 0.3", low_unit, 0.3, n_unit);
    for (int i = 0; i < 4; i++) {
        expect_share("op", ops_seen[ops[i]], 0.25, n);
    }
}

/* Places: where the new one is inserted, which one is removed. */
static void test_places(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
    const uint8_t inserted_op = 5;
    amlz_space space = space_of(&dims, 0, 5, 4);
    uint64_t seed = 3;
    space.function[AMLZ_SETUP].n_ops = space.function[AMLZ_LEARN].n_ops = 0;
    set_ops(&space.function[AMLZ_PREDICT], &inserted_op, 1);
    amlz_program before = program_of("def Predict():\n s1 = 1\n s1 = 2\n s1 = 3\n s1 = 4\n", 4);
    for (uint16_t size = 1; size <= 4; size++) {
        unsigned inserted[5] = {0}, removed[4] = {0};
        before.size[AMLZ_PREDICT] = size;
        for (int i = 0; i < N_DRAWS / 4; i++) {
            amlz_program after = before;
            mutate(&space, AMLZ_MUTATE_INSERT, &seed, &after);
            for (size_t k = 0; k <= size; k++) {
                inserted[k] += after.code[AMLZ_PREDICT][k].op == inserted_op;
            }
            after = before;
            mutate(&space, AMLZ_MUTATE_REMOVE, &seed, &after);
            size_t gone = 0;
            while (gone + 1 < size && after.code[AMLZ_PREDICT][gone].constant[0] == (double)(gone + 1)) {
                gone++;
            }
            removed[gone]++;
        }
        for (unsigned k = 0; k <= size; k++) {
            expect_share("inserted", inserted[k], 1.0 / (size + 1), N_DRAWS / 4);
            if (k < size) {
                expect_share("removed", removed[k], 1.0 / size, N_DRAWS / 4);
            }
        }
    }
}

static void test_weights(void)
{
    static const double weights[AMLZ_MUTATION_COUNT] = {1, 2, 0, 3, 0.5, 0, 0, 3.5}; /* and 0 for those of test_edit.c */
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
    const amlz_space space = space_of(&dims, 0, 9, 5);
    const amlz_program start = random_program(&space, 1);
    unsigned seen[AMLZ_MUTATION_COUNT] = {0};
    uint64_t seed = 4;
    for (int i = 0; i < N_DRAWS; i++) {
        amlz_program program = start;
        int action = -1;
        CHECK_EQ_INT(amlz_mutate(&space, weights, &seed, &program, &action), AMLZ_OK);
        if (CHECK(action >= 0 && action < AMLZ_MUTATION_COUNT)) {
            seen[action]++;
        }
    }
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        expect_share(amlz_mutation_name(i), seen[i], weights[i] / 10, N_DRAWS);
    }
    /* the smallest weight there is, alone */
    double tiny[AMLZ_MUTATION_COUNT] = {0};
    tiny[AMLZ_MUTATE_ALTER_ARGUMENT] = 5e-324;
    amlz_program program = start;
    int action = -1;
    CHECK_EQ_INT(amlz_mutate(&space, tiny, &seed, &program, &action), AMLZ_OK);
    CHECK_EQ_INT(action, AMLZ_MUTATE_ALTER_ARGUMENT);
}

/* ---------------------------------------------------------------- the call */

static void test_many_mutations(void)
{
    static const double weights[AMLZ_MUTATION_COUNT] = {4, 3, 2, 0.1, 4, 1, 0.01, 0.1};
    for (int label = AMLZ_REGRESSION; label <= AMLZ_MULTICLASS; label += 2) {
        const amlz_dims dims = dims_of((amlz_label)label, 2, 3, 4, 1);
        amlz_space space = space_of(&dims, 1, 8, 4);
        amlz_program program = random_program(&space, 1);
        uint64_t seed = 5;
        unsigned refused = 0, out_of_bounds = 0, smallest = 99, largest = 0;
        space.function[AMLZ_SETUP].min_size = 0;
        for (int i = 0; i < 500000; i++) { /* each call checks the program that the last one left */
            refused += amlz_mutate(&space, weights, &seed, &program, NULL) != AMLZ_OK;
            for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
                out_of_bounds += program.size[f] < space.function[f].min_size || program.size[f] > 8;
            }
            smallest = program.size[AMLZ_LEARN] < smallest ? program.size[AMLZ_LEARN] : smallest;
            largest = program.size[AMLZ_LEARN] > largest ? program.size[AMLZ_LEARN] : largest;
        }
        CHECK_EQ_INT(refused, 0);
        CHECK_EQ_INT(out_of_bounds, 0);
        CHECK_EQ_INT(smallest, 1);
        CHECK_EQ_INT(largest, 8);
    }
}

static void test_determinism(void)
{
    static const double weights[AMLZ_MUTATION_COUNT] = {1, 1, 1, 1, 1, 1, 1, 0};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
    const amlz_space space = space_of(&dims, 1, 9, 5);
    amlz_program a = random_program(&space, 1), b = a, c = a;
    uint64_t seed_a = 7, seed_b = 7, seed_c = 8;
    for (int i = 0; i < 500; i++) {
        int action_a = -1, action_b = -1;
        CHECK_EQ_INT(amlz_mutate(&space, weights, &seed_a, &a, &action_a), AMLZ_OK);
        CHECK_EQ_INT(amlz_mutate(&space, weights, &seed_b, &b, &action_b), AMLZ_OK);
        CHECK_EQ_INT(amlz_mutate(&space, weights, &seed_c, &c, NULL), AMLZ_OK);
        CHECK(amlz_program_equal(&a, &b));
        CHECK_EQ_INT(action_a, action_b);
        CHECK_EQ_U64(seed_a, seed_b);
    }
    CHECK(!amlz_program_equal(&a, &c));
}

static void expect_refused(amlz_status status, const amlz_space *space, const double *weights, const amlz_program *program)
{
    amlz_program after = *program;
    uint64_t seed = 5;
    int action = 77;
    CHECK_EQ_INT(amlz_mutate(space, weights, &seed, &after, &action), status);
    CHECK(memcmp(&after, program, sizeof after) == 0);
    CHECK_EQ_U64(seed, 5);
    CHECK_EQ_INT(action, 77);
}

static void test_refusals(void)
{
    static const double bad[][AMLZ_MUTATION_COUNT] = {{0}, {-1, 2}, {(double)NAN, 1}, {(double)INFINITY, 1}};
    static const double good[AMLZ_MUTATION_COUNT] = {1};
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 5, 4, 3);
    const amlz_space space = space_of(&dims, 0, 5, 5), larger = space_of(&dims, 0, AMLZ_CAPACITY, 6);
    const amlz_program program = random_program(&space, 1), too_large = random_program(&larger, 1);
    amlz_program invalid = program;
    amlz_space bad_space = space;
    uint64_t seed = 1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_refused(AMLZ_ERROR_ARGUMENT, &space, bad[i], &program);
    }
    invalid.code[AMLZ_LEARN][4].op = 99;
    expect_refused(AMLZ_ERROR_PROGRAM, &space, good, &invalid);
    expect_refused(AMLZ_ERROR_PROGRAM, &space, good, &too_large);
    bad_space.dims.n_scalars = 1;
    expect_refused(AMLZ_ERROR_ARGUMENT, &bad_space, good, &program);
    expect_refused(AMLZ_ERROR_ARGUMENT, NULL, good, &program);
    expect_refused(AMLZ_ERROR_ARGUMENT, &space, NULL, &program);
    CHECK_EQ_INT(amlz_mutate(&space, good, &seed, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_mutate(&space, good, NULL, &invalid, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK(strcmp(amlz_mutation_name(AMLZ_MUTATE_INSERT), "insert") == 0);
    CHECK(strcmp(amlz_mutation_name(AMLZ_MUTATE_IDENTITY), "identity") == 0);
    CHECK(amlz_mutation_name(-1) == NULL && amlz_mutation_name(AMLZ_MUTATION_COUNT) == NULL);
}

int main(void)
{
    test_each_action();
    test_closed_functions();
    test_what_cannot_apply();
    test_addresses();
    test_constants();
    test_extreme_constants();
    test_new_constants();
    test_places();
    test_weights();
    test_many_mutations();
    test_determinism();
    test_refusals();
    return check_report("mutate");
}
