/* Live edits: what each makes of small programs, worked out by hand, and what holds of all programs in all spaces. */
#include "fixtures.h"
#include "search/edit.h"
#include "search/mutate.h"

static amlz_program mutated(const amlz_space *space, amlz_mutation action, const amlz_program *before, uint64_t seed)
{
    double weights[AMLZ_MUTATION_COUNT] = {0};
    amlz_program after = *before;
    int done = -1;
    weights[action] = 1;
    CHECK_EQ_INT(amlz_mutate(space, weights, &seed, &after, &done), AMLZ_OK);
    CHECK_EQ_INT(done, action);
    return after;
}

/* ---------------------------------------------------------------- worked out by hand */

enum { MAX_OUTCOMES = 200, DRAWS_PER_OUTCOME = 400 };

/* Programs that an edit may make of one program: written down, or made in loops. */
typedef struct outcomes {
    amlz_program program[MAX_OUTCOMES];
    unsigned seen[MAX_OUTCOMES], count;
} outcomes;
static outcomes expected;

static void expect(const char *setup, const char *predict, const char *learn)
{
    char text[1000];
    snprintf(text, sizeof text, "def Setup():\n%s\ndef Predict():\n%s\ndef Learn():\n%s\n", setup, predict, learn);
    const amlz_program program = program_of(text, 4);
    for (unsigned i = 0; i < expected.count; i++) {
        if (amlz_program_equal(&program, &expected.program[i])) {
            return; /* two ways to the same one */
        }
    }
    expected.program[expected.count++] = program;
}

static int find_outcome(const amlz_program *program)
{
    for (unsigned i = 0; i < expected.count; i++) {
        if (amlz_program_equal(program, &expected.program[i])) {
            return (int)i;
        }
    }
    return -1;
}

/* The edit makes all that was expected of the program, and nothing else. */
static void check_outcomes(const amlz_space *space, amlz_mutation action, const amlz_program *before)
{
    memset(expected.seen, 0, sizeof expected.seen);
    for (uint64_t seed = 0; seed < DRAWS_PER_OUTCOME * expected.count; seed++) {
        const amlz_program after = mutated(space, action, before, seed);
        const int found = find_outcome(&after);
        if (!CHECK(found >= 0)) {
            printf("%s of\n%sis\n", amlz_mutation_name(action), text_of(before));
            printf("%s", text_of(&after));
            break;
        }
        expected.seen[found]++;
    }
    for (unsigned i = 0; i < expected.count; i++) {
        if (!CHECK(expected.seen[i] > 0)) {
            printf("%s never made\n%s", amlz_mutation_name(action), text_of(&expected.program[i]));
        }
    }
    expected.count = 0;
}

static void check_unchanged(const amlz_space *space, amlz_mutation action, const amlz_program *before)
{
    expected.program[expected.count++] = *before;
    check_outcomes(space, action, before);
}

static amlz_program program_from(const char *setup, const char *predict, const char *learn)
{
    expect(setup, predict, learn);
    return expected.program[--expected.count];
}

/* Four scalars, three vectors, no matrix; nothing can change. */
static amlz_space closed_space(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 0);
    amlz_space space;
    memset(&space, 0, sizeof space);
    space.dims = dims;
    return space;
}

/* Opens a function for ops, given by their names. */
static void open_function(amlz_space *space, int f, unsigned min_size, unsigned max_size, const char *names)
{
    amlz_function_space *function = &space->function[f];
    function->min_size = function->init_size = (uint16_t)min_size;
    function->max_size = (uint16_t)max_size;
    function->n_ops = 0;
    for (size_t length; *names != 0; names += length + (names[length] == ' ')) {
        length = strcspn(names, " ");
        for (int op = 0; op < amlz_op_count(); op++) {
            if (strlen(amlz_op(op)->name) == length && strncmp(amlz_op(op)->name, names, length) == 0) {
                function->ops[function->n_ops++] = (uint8_t)op;
            }
        }
    }
    CHECK_EQ_INT(amlz_space_check(space, NULL), AMLZ_OK);
}

static void test_rewire(void)
{
    amlz_space space = closed_space();
    open_function(&space, AMLZ_LEARN, 0, 4, "scalar_vector_product");
    amlz_program before = program_from("s2 = 0.5", "s1 = dot(v0, v1)", "v1 = s2 * v0");
    expect("s2 = 0.5", "s1 = dot(v0, v1)", "v1 = s0 * v0");
    expect("s2 = 0.5", "s1 = dot(v0, v1)", "v1 = s1 * v0");
    expect("s2 = 0.5", "s1 = dot(v0, v1)", "v1 = s3 * v0");
    expect("s2 = 0.5", "s1 = dot(v0, v1)", "v1 = s2 * v1");
    expect("s2 = 0.5", "s1 = dot(v0, v1)", "v1 = s2 * v2");
    check_outcomes(&space, AMLZ_MUTATE_REWIRE, &before);
    /* no label in Predict, neither label nor features in Setup; dead lines go */
    space = closed_space();
    open_function(&space, AMLZ_PREDICT, 0, 4, "scalar_product");
    before = program_from("s3 = 0.5", "s2 = s3 * s3\n s1 = s3 * s0", "");
    expect("s3 = 0.5", "s1 = s1 * s0", "");
    expect("s3 = 0.5", "s1 = s2 * s0", "");
    expect("s3 = 0.5", "s1 = s3 * s1", "");
    expect("s3 = 0.5", "s1 = s3 * s2", "");
    expect("s3 = 0.5", "s1 = s3 * s3", "");
    check_outcomes(&space, AMLZ_MUTATE_REWIRE, &before);
    space = closed_space();
    open_function(&space, AMLZ_SETUP, 0, 4, "scalar_vector_product");
    before = program_from("v1 = s1 * v1", "s1 = dot(v0, v1)", "");
    expect("v1 = s2 * v1", "s1 = dot(v0, v1)", "");
    expect("v1 = s3 * v1", "s1 = dot(v0, v1)", "");
    expect("v1 = s1 * v2", "s1 = dot(v0, v1)", "");
    check_outcomes(&space, AMLZ_MUTATE_REWIRE, &before);
    /* the only address */
    space = closed_space();
    space.dims.n_vectors = 1;
    space.dims.n_scalars = 2;
    open_function(&space, AMLZ_PREDICT, 0, 4, "dot_product");
    before = program_from("", "s1 = dot(v0, v0)", "");
    check_unchanged(&space, AMLZ_MUTATE_REWIRE, &before);
}

static void test_insert_on_edge(void)
{
    amlz_space space = closed_space();
    char predict[100];
    open_function(&space, AMLZ_PREDICT, 0, 2, "vector_sum");
    amlz_program before = program_from("", "s1 = dot(v0, v1)", "");
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) { /* v1 is wanted the next time, so only v2 is free */
            snprintf(predict, sizeof predict, "v2 = v%d + v%d\n s1 = dot(v2, v1)", a, b);
            expect("", predict, "");
            snprintf(predict, sizeof predict, "v2 = v%d + v%d\n s1 = dot(v0, v2)", a, b);
            expect("", predict, "");
        }
    }
    CHECK_EQ_INT((int)expected.count, 18);
    check_outcomes(&space, AMLZ_MUTATE_INSERT_ON_EDGE, &before);
    /* no place, no op, no address */
    amlz_space other = space;
    other.function[AMLZ_PREDICT].max_size = 1;
    check_unchanged(&other, AMLZ_MUTATE_INSERT_ON_EDGE, &before);
    other = space;
    open_function(&other, AMLZ_PREDICT, 0, 2, "dot_product");
    check_unchanged(&other, AMLZ_MUTATE_INSERT_ON_EDGE, &before);
    other = space;
    other.dims.n_vectors = 2;
    check_unchanged(&other, AMLZ_MUTATE_INSERT_ON_EDGE, &before);
    /* between two lines of Learn: the operand's own address is free, as nobody else wants what is there */
    space = closed_space();
    open_function(&space, AMLZ_LEARN, 0, 3, "scalar_abs");
    before = program_from("", "s1 = dot(v0, v1)", "s3 = abs(s0)\n v1 = s3 * v0");
    for (int out = 1; out < 4; out++) {
        for (int in = 0; in < 4; in++) {
            char learn[100];
            snprintf(learn, sizeof learn, "s3 = abs(s0)\n s%d = abs(s%d)\n v1 = s%d * v0", out, in, out);
            expect("", "s1 = dot(v0, v1)", in == 3 ? learn : learn + strlen("s3 = abs(s0)\n ")); /* the first is dead then */
            snprintf(learn, sizeof learn, "s%d = abs(s%d)\n s3 = abs(s%d)\n v1 = s3 * v0", out, in, out);
            expect("", "s1 = dot(v0, v1)", learn);
        }
    }
    check_outcomes(&space, AMLZ_MUTATE_INSERT_ON_EDGE, &before);
}

/* How often the new line reads what the operand read: in half of the draws on purpose, else by chance. */
static void test_share_of_edges(void)
{
    enum { N = 20000 };
    amlz_space space = closed_space();
    open_function(&space, AMLZ_PREDICT, 0, 2, "vector_abs");
    const amlz_program before = program_from("", "s1 = dot(v0, v1)", "");
    unsigned on_edge = 0;
    for (uint64_t seed = 0; seed < N; seed++) {
        const amlz_program after = mutated(&space, AMLZ_MUTATE_INSERT_ON_EDGE, &before, seed);
        const amlz_instruction *x = after.code[AMLZ_PREDICT];
        on_edge += x[0].in1 == (x[1].in1 == 2 ? 0 : 1);
    }
    CHECK(fabs(on_edge - N * 2 / 3.0) <= 4 * sqrt(N * 2 / 9.0));
}

static void test_change_op(void)
{
    amlz_space space = closed_space();
    open_function(&space, AMLZ_LEARN, 0, 4, "vector_sum vector_product scalar_vector_product dot_product");
    amlz_program before = program_from("", "s1 = dot(v0, v1)", "v1 = v1 + v2");
    expect("", "s1 = dot(v0, v1)", "v1 = v1 * v2");
    expect("", "s1 = dot(v0, v1)", "v1 = s0 * v2");
    expect("", "s1 = dot(v0, v1)", "v1 = s1 * v2");
    expect("", "s1 = dot(v0, v1)", "v1 = s2 * v2");
    expect("", "s1 = dot(v0, v1)", "v1 = s3 * v2");
    check_outcomes(&space, AMLZ_MUTATE_CHANGE_OP, &before);
    /* an operand changes its place where it must */
    space.dims.n_matrices = 1;
    open_function(&space, AMLZ_LEARN, 0, 4, "matrix_vector_product vector_abs");
    before = program_from("", "s1 = dot(v0, v1)", "v1 = dot(m0, v2)");
    expect("", "s1 = dot(v0, v1)", "v1 = abs(v2)");
    check_outcomes(&space, AMLZ_MUTATE_CHANGE_OP, &before);
    before = program_from("", "s1 = dot(v0, v1)", "v1 = abs(v2)");
    expect("", "s1 = dot(v0, v1)", "v1 = dot(m0, v2)");
    check_outcomes(&space, AMLZ_MUTATE_CHANGE_OP, &before);
    /* no other op of the type */
    open_function(&space, AMLZ_LEARN, 0, 4, "vector_abs dot_product");
    check_unchanged(&space, AMLZ_MUTATE_CHANGE_OP, &before);
}

static void test_bypass(void)
{
    amlz_space space = closed_space();
    open_function(&space, AMLZ_LEARN, 0, 4, "vector_sum");
    amlz_program before = program_from("", "s1 = dot(v0, v1)", "v2 = s2 * v0\n v1 = v1 + v2");
    expect("", "s1 = dot(v0, v1)", "v1 = v1 + v0");
    expect("", "s1 = dot(v0, v1)", "v1 = s2 * v0");
    expect("", "s1 = dot(v0, v1)", ""); /* v1 stays what it was, and nobody wants v2 */
    check_outcomes(&space, AMLZ_MUTATE_BYPASS, &before);
    /* the error has no operand of its type: who read it reads what is there without it */
    before = program_from("", "s1 = dot(v0, v1)", "s3 = norm(v0)\n v1 = s3 * v0");
    expect("", "s1 = dot(v0, v1)", "v1 = s3 * v0");
    expect("", "s1 = dot(v0, v1)", "");
    check_outcomes(&space, AMLZ_MUTATE_BYPASS, &before);
    /* s3 is wanted by others too, so it cannot be written elsewhere; readers change up to where it is overwritten */
    before = program_from("", "s1 = dot(v0, v1)", "s3 = norm(v0)\n s2 = abs(s3)\n v2 = s2 * v0\n v1 = s3 * v2");
    expect("", "s1 = dot(v0, v1)", "s3 = norm(v0)\n v2 = s3 * v0\n v1 = s3 * v2");
    expect("", "s1 = dot(v0, v1)", "s2 = abs(s3)\n v2 = s2 * v0\n v1 = s3 * v2");
    expect("", "s1 = dot(v0, v1)", "s3 = norm(v0)\n v1 = s3 * v0");
    expect("", "s1 = dot(v0, v1)", "s3 = norm(v0)\n s2 = abs(s3)\n v1 = s2 * v0"); /* the last: v2's line writes v1 */
    check_outcomes(&space, AMLZ_MUTATE_BYPASS, &before);
}

static void test_move(void)
{
    amlz_space space = closed_space();
    open_function(&space, AMLZ_LEARN, 0, 4, "vector_sum");
    const char *const a = "v1 = v1 + v0", *const b = "v1 = v1 * v0", *const c = "v1 = v1 - v2";
    const char *const orders[4][3] = {{b, a, c}, {b, c, a}, {a, c, b}, {c, a, b}};
    char learn[100];
    snprintf(learn, sizeof learn, "%s\n %s\n %s", a, b, c);
    amlz_program before = program_from("", "s1 = dot(v0, v1)", learn);
    for (int i = 0; i < 4; i++) {
        snprintf(learn, sizeof learn, "%s\n %s\n %s", orders[i][0], orders[i][1], orders[i][2]);
        expect("", "s1 = dot(v0, v1)", learn);
    }
    check_outcomes(&space, AMLZ_MUTATE_MOVE, &before);
    before = program_from("", "s1 = dot(v0, v1)", a); /* alone, it can go nowhere */
    check_unchanged(&space, AMLZ_MUTATE_MOVE, &before);
}

static void test_add_state(void)
{
    amlz_space space = closed_space();
    char learn[100];
    open_function(&space, AMLZ_PREDICT, 0, 4, "dot_product");
    open_function(&space, AMLZ_LEARN, 0, 4, "vector_sum");
    amlz_program before = program_from("", "s1 = dot(v0, v1)", "");
    for (int i = 0; i < 9; i++) {
        snprintf(learn, sizeof learn, "v2 = v%d + v%d", i / 3, i % 3);
        expect("", "s1 = dot(v2, v1)", learn);
        expect("", "s1 = dot(v0, v2)", learn);
    }
    check_outcomes(&space, AMLZ_MUTATE_ADD_STATE, &before);
    /* no room for an update, no op for it, no address */
    amlz_space other = space;
    other.function[AMLZ_LEARN].max_size = 0;
    check_unchanged(&other, AMLZ_MUTATE_ADD_STATE, &before);
    other = space;
    open_function(&other, AMLZ_LEARN, 0, 4, "dot_product");
    check_unchanged(&other, AMLZ_MUTATE_ADD_STATE, &before);
    other = space;
    other.dims.n_vectors = 2;
    check_unchanged(&other, AMLZ_MUTATE_ADD_STATE, &before);
    /* v2 is overwritten before the second line reads, but not before the first does */
    before = program_from("", "v2 = abs(v0)\n s1 = norm(v2)", "");
    for (int i = 0; i < 9; i++) {
        snprintf(learn, sizeof learn, "v2 = v%d + v%d", i / 3, i % 3);
        expect("", "v2 = abs(v2)\n s1 = norm(v2)", learn);
        snprintf(learn, sizeof learn, "v1 = v%d + v%d", i / 3, i % 3);
        expect("", "v2 = abs(v1)\n s1 = norm(v2)", learn);
        const int wants_first = i / 3 == 2 || i % 3 == 2; /* else the first line is dead when the second reads v1 */
        expect("", wants_first ? "v2 = abs(v0)\n s1 = norm(v1)" : "s1 = norm(v1)", learn);
    }
    check_outcomes(&space, AMLZ_MUTATE_ADD_STATE, &before);
}

static void test_initialize(void)
{
    amlz_space space = closed_space();
    char setup[100];
    open_function(&space, AMLZ_SETUP, 0, 1, "scalar_sum");
    amlz_program before = program_from("", "s1 = dot(v0, v1)", "v1 = s2 * v0"); /* s2 wants a value; for v1 there is no op */
    for (int i = 0; i < 9; i++) {
        snprintf(setup, sizeof setup, "s2 = s%d + s%d", 1 + i / 3, 1 + i % 3);
        expect(setup, "s1 = dot(v0, v1)", "v1 = s2 * v0");
    }
    check_outcomes(&space, AMLZ_MUTATE_INITIALIZE, &before);
    /* one that is there is replaced or removed; with more room, another one follows */
    before = program_from("s2 = s1 + s3", "s1 = dot(v0, v1)", "v1 = s2 * v0");
    for (int room = 1; room <= 2; room++) {
        space.function[AMLZ_SETUP].max_size = (uint16_t)room;
        expect("", "s1 = dot(v0, v1)", "v1 = s2 * v0");
        for (int i = 0; i < 9; i++) {
            const int a = 1 + i / 3, b = 1 + i % 3, wants_first = a == 2 || b == 2;
            snprintf(setup, sizeof setup, "s2 = s%d + s%d", a, b);
            expect(setup, "s1 = dot(v0, v1)", "v1 = s2 * v0");
            snprintf(setup, sizeof setup, "s2 = s1 + s3\n s2 = s%d + s%d", a, b);
            if (room == 2 && wants_first) {
                expect(setup, "s1 = dot(v0, v1)", "v1 = s2 * v0");
            }
        }
        check_outcomes(&space, AMLZ_MUTATE_INITIALIZE, &before);
    }
    /* nobody wants anything from Setup */
    before = program_from("", "s1 = norm(v0)", "");
    check_unchanged(&space, AMLZ_MUTATE_INITIALIZE, &before);
}

static void test_regrow(void)
{
    amlz_space space = closed_space();
    char predict[100];
    space.dims.n_vectors = 2;
    open_function(&space, AMLZ_PREDICT, 0, 2, "dot_product vector_sum");
    amlz_program before = program_from("", "s1 = dot(v0, v1)", "");
    for (int i = 0; i < 4; i++) {
        snprintf(predict, sizeof predict, "s1 = dot(v%d, v%d)", i / 2, i % 2);
        expect("", predict, "");
        for (int k = 0; k < 4 && i > 0; k++) { /* v1 is wanted */
            snprintf(predict, sizeof predict, "v1 = v%d + v%d\n s1 = dot(v%d, v%d)", k / 2, k % 2, i / 2, i % 2);
            expect("", predict, "");
        }
    }
    check_outcomes(&space, AMLZ_MUTATE_REGROW, &before);
    /* of two lines, the last one stays in every second case, and what leads to it is new */
    before = program_from("", "v1 = v0 + v0\n s1 = dot(v1, v1)", "");
    for (int i = 0; i < 4; i++) {
        snprintf(predict, sizeof predict, "s1 = dot(v%d, v%d)", i / 2, i % 2);
        expect("", predict, "");
        for (int k = 0; k < 4 && i > 0; k++) {
            snprintf(predict, sizeof predict, "v1 = v%d + v%d\n s1 = dot(v%d, v%d)", k / 2, k % 2, i / 2, i % 2);
            expect("", predict, "");
        }
    }
    check_outcomes(&space, AMLZ_MUTATE_REGROW, &before);
    unsigned kept = 0;
    enum { N = 10000 };
    space.function[AMLZ_PREDICT].n_ops = 1; /* dot_product alone: where the last line is kept, nothing leads to it */
    space.function[AMLZ_PREDICT].ops[0] = 27;
    before = program_from("", "s1 = norm(v0)\n s1 = s1 * s1", "");
    for (uint64_t seed = 0; seed < N; seed++) {
        const amlz_program after = mutated(&space, AMLZ_MUTATE_REGROW, &before, seed);
        kept += after.size[AMLZ_PREDICT] == 2;
    }
    CHECK(fabs(kept - N / 2.0) <= 4 * sqrt(N / 4.0));
}

/* ---------------------------------------------------------------- dead lines */

static int count_live(const amlz_program *program, const amlz_dims *dims, int f)
{
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    int n = 0;
    CHECK_EQ_INT(amlz_program_live(program, dims, live), AMLZ_OK);
    for (size_t i = 0; i < program->size[f]; i++) {
        n += live[f][i];
    }
    return n;
}

static void test_dead_lines(void)
{
    amlz_space space = closed_space();
    open_function(&space, AMLZ_LEARN, 3, 3, "scalar_vector_product vector_sum scalar_abs");
    amlz_program before = program_from("", "s1 = dot(v0, v1)", "v2 = s3 * v1\n v1 = s2 * v0\n v2 = s2 * v0");
    amlz_program after = before;
    amlz__edit_simplify(&space, &after); /* v2 = ... are dead; the cheapest that is dead takes their place, behind the rest */
    expect("", "s1 = dot(v0, v1)", "v1 = s2 * v0\n v2 = s0 * v0\n v2 = s0 * v0");
    CHECK_EQ_INT(find_outcome(&after), 0);
    expected.count = 0;
    space.function[AMLZ_LEARN].min_size = 0;
    after = before;
    amlz__edit_simplify(&space, &after);
    expect("", "s1 = dot(v0, v1)", "v1 = s2 * v0");
    CHECK_EQ_INT(find_outcome(&after), 0);
    expected.count = 0;
    /* where behind the rest nothing is unwanted: before what overwrites it */
    space.dims.n_vectors = 2;
    space.dims.n_scalars = 4;
    open_function(&space, AMLZ_LEARN, 2, 2, "scalar_vector_product");
    before = program_from("", "s1 = dot(v0, v1)", "v1 = s3 * v0\n v1 = s2 * v0");
    after = before;
    amlz__edit_simplify(&space, &after);
    expect("", "s1 = dot(v0, v1)", "v1 = s0 * v0\n v1 = s2 * v0");
    CHECK_EQ_INT(find_outcome(&after), 0);
    expected.count = 0;
    /* no line that is dead: the edit does not apply */
    before = program_from("", "s1 = dot(v0, v1)", "v1 = s2 * v1\n v1 = s2 * v1");
    check_unchanged(&space, AMLZ_MUTATE_BYPASS, &before);
    /* in a search that began with less than min_size it stays so */
    before = program_from("", "s1 = dot(v0, v1)", "v1 = s2 * v1");
    expect("", "s1 = dot(v0, v1)", "v1 = s0 * v1");
    expect("", "s1 = dot(v0, v1)", "v1 = s1 * v1");
    expect("", "s1 = dot(v0, v1)", "v1 = s3 * v1");
    expect("", "s1 = dot(v0, v1)", "v1 = s2 * v0");
    check_outcomes(&space, AMLZ_MUTATE_REWIRE, &before);
}

/* ---------------------------------------------------------------- any program in any space */

static amlz_space random_space(uint64_t *state)
{
    const amlz_label label = (amlz_label)draw_below(state, 3);
    const unsigned n_vectors = 1 + draw_below(state, 5);
    const amlz_dims dims = dims_of(label, 1 + draw_below(state, 6) + (label == AMLZ_MULTICLASS), 2 + draw_below(state, 5),
                                   label == AMLZ_MULTICLASS ? n_vectors + 2 : n_vectors, draw_below(state, 3));
    amlz_space space;
    memset(&space, 0, sizeof space);
    space.dims = dims;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz_function_space *function = &space.function[f];
        const uint32_t largest = draw_below(state, 8) == 0 ? AMLZ_CAPACITY : 12, rarity = 1 + draw_below(state, 4);
        function->max_size = (uint16_t)draw_below(state, largest + 1);
        function->min_size = (uint16_t)draw_below(state, function->max_size + 1U);
        function->min_size = draw_below(state, 2) == 0 ? 0 : function->min_size;
        function->init_size = (uint16_t)(function->min_size + draw_below(state, function->max_size - function->min_size + 1U));
        for (int op = 0; op < amlz_op_count() && draw_below(state, 6) > 0; op++) {
            function->ops[function->n_ops] = (uint8_t)op;
            function->n_ops = (uint16_t)(function->n_ops + (draw_below(state, rarity) == 0));
            if (amlz_space_check(&space, NULL) != AMLZ_OK) { /* nothing to write or read */
                function->n_ops--;
            }
        }
    }
    CHECK_EQ_INT(amlz_space_check(&space, NULL), AMLZ_OK);
    return space;
}

/* A program whose functions without ops have code too. */
static amlz_program any_program(const amlz_space *space, uint64_t seed)
{
    amlz_space all = space_of(&space->dims, 0, 4, 4);
    amlz_program program;
    memset(&program, 0, sizeof program);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        unsigned n = 0;
        for (int op = 0; op < amlz_op_count(); op++) {
            all.function[f].n_ops = (uint16_t)(n + 1);
            all.function[f].ops[n] = (uint8_t)op;
            n += amlz_space_check(&all, NULL) == AMLZ_OK;
        }
        all.function[f].n_ops = (uint16_t)n;
    }
    CHECK_EQ_INT(amlz_program_random(&all, seed, &program), AMLZ_OK);
    CHECK_EQ_INT(amlz_program_random(space, seed, &program), AMLZ_OK);
    return program;
}

static int same_code(const amlz_program *a, const amlz_program *b, int f)
{
    amlz_program x = *a, y = *b;
    for (int other = 0; other < AMLZ_FUNCTION_COUNT; other++) {
        if (other != f) {
            x.size[other] = y.size[other] = 0;
        }
    }
    return amlz_program_equal(&x, &y);
}

static void check_edit(const amlz_space *space, amlz_mutation action, const amlz_program *before, const amlz_program *after)
{
    static char text[1 << 16];
    size_t length;
    amlz_program again;
    CHECK_EQ_INT(amlz_program_check(after, &space->dims, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_program_print(after, text, sizeof text, &length), AMLZ_OK);
    memset(&again, 0, sizeof again);
    CHECK_EQ_INT(amlz_program_parse(text, length, 0, &again, NULL), AMLZ_OK);
    CHECK(amlz_program_equal(after, &again));
    if (amlz_program_equal(before, after)) {
        return;
    }
    int live_before = 0, live_after = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &space->function[f];
        if (function->n_ops == 0) {
            CHECK(same_code(before, after, f));
            continue;
        }
        const int live = count_live(after, &space->dims, f);
        CHECK(after->size[f] <= function->max_size && after->size[f] >= function->min_size);
        CHECK(live == after->size[f] || after->size[f] == function->min_size);
        live_before += count_live(before, &space->dims, f);
        live_after += live;
    }
    const int most_new = action == AMLZ_MUTATE_INSERT_ON_EDGE || action == AMLZ_MUTATE_ADD_STATE ||
                                 action == AMLZ_MUTATE_INITIALIZE
                             ? 1
                         : action == AMLZ_MUTATE_BYPASS ? -1
                                                        : 0;
    CHECK(action == AMLZ_MUTATE_REGROW || live_after <= live_before + most_new);
}

static void test_any(void)
{
    uint64_t state = 1;
    unsigned changed[AMLZ_MUTATION_COUNT] = {0}, n = 0;
    for (int i = 0; i < 1500; i++) {
        const amlz_space space = random_space(&state);
        amlz_program before = any_program(&space, draw(&state));
        for (int k = 0; k < 2; k++) { /* of few of these something reaches the prediction: then of what grows of them */
            for (int action = AMLZ_MUTATE_REWIRE; action < AMLZ_MUTATION_COUNT; action++) {
                for (uint64_t seed = 0; seed < 4; seed++) {
                    const amlz_program after = mutated(&space, (amlz_mutation)action, &before, seed);
                    const amlz_program twin = mutated(&space, (amlz_mutation)action, &before, seed);
                    CHECK(amlz_program_equal(&after, &twin));
                    check_edit(&space, (amlz_mutation)action, &before, &after);
                    changed[action] += !amlz_program_equal(&before, &after);
                }
            }
            n += 4;
            for (uint64_t seed = 0; seed < 12; seed++) {
                before = mutated(&space, AMLZ_MUTATE_REGROW, &before, draw(&state));
            }
        }
    }
    for (int action = AMLZ_MUTATE_REWIRE; action < AMLZ_MUTATION_COUNT; action++) {
        if (!CHECK(changed[action] > n / 10)) {
            printf("%s changed %u of %u\n", amlz_mutation_name(action), changed[action], n);
        }
    }
}

/* ---------------------------------------------------------------- children */

static void test_several_mutations(void)
{
    enum { N = 16000 };
    amlz_search_config config = {.struct_size = sizeof config};
    unsigned seen[5] = {0};
    amlz_search_defaults(&config);
    config.space = closed_space();
    open_function(&config.space, AMLZ_LEARN, 0, 10, "vector_sum");
    memset(config.mutation_weight, 0, sizeof config.mutation_weight);
    config.mutation_weight[AMLZ_MUTATE_INSERT] = 1;
    config.max_mutations = 3;
    rng_state rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < N; i++) {
        amlz_program program;
        memset(&program, 0, sizeof program);
        CHECK_EQ_INT(amlz__mutate_child(&config, &rng, &program), AMLZ_MUTATE_INSERT);
        CHECK(program.size[AMLZ_LEARN] <= 3);
        seen[program.size[AMLZ_LEARN]]++;
    }
    CHECK(fabs(seen[1] - N / 2.0) < 4 * sqrt(N / 4.0) && fabs(seen[2] - N / 4.0) < 4 * sqrt(N * 3 / 16.0));
    CHECK_EQ_INT((int)(seen[1] + seen[2] + seen[3]), N);
}

/* A search with simplify has no dead line but those that its sizes want. */
static void test_simplify(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 3, 1);
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_search_defaults(&config);
    config.space = space_of(&dims, 2, 6, 6);
    config.population_size = 50;
    config.simplify = 1;
    config.max_mutations = 2;
    const amlz_tasks_config shape = tasks_config_of(&dims, AMLZ_FLOAT32, 2, 20, 20, 1);
    const task_set tasks = task_set_new(&shape, 1);
    const size_t size = amlz_search_size(&config, 2, NULL);
    amlz_search *search = amlz_search_init(block_new(size), size, &config, tasks.tasks, NULL, NULL);
    unsigned shorter = 0;
    for (int round = 0; round < 20; round++) {
        CHECK_EQ_INT(amlz_search_run(search, 50, 2, NULL), AMLZ_OK);
        for (uint32_t i = 0; i < 50; i++) {
            amlz_program program;
            CHECK_EQ_INT(amlz_search_member(search, i, &program, NULL), AMLZ_OK);
            for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
                CHECK(program.size[f] == 2 || count_live(&program, &dims, f) == program.size[f]);
                CHECK(program.size[f] >= 2);
                shorter += program.size[f] < 6;
            }
        }
    }
    CHECK(shorter > 1000);
    blocks_free();
}

int main(void)
{
    test_rewire();
    test_insert_on_edge();
    test_share_of_edges();
    test_change_op();
    test_bypass();
    test_move();
    test_add_state();
    test_initialize();
    test_regrow();
    test_dead_lines();
    test_any();
    test_several_mutations();
    test_simplify();
    return check_report("edit");
}
