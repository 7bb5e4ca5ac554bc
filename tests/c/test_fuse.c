/* Fused forms: which instructions are run as one, and that no bit of what they compute differs. */
#include "check.h"
#include "fixtures.h"
#include "kernels/fuse.h"

enum { F = 5 };

static amlz_dims dims(void) { return dims_of(AMLZ_REGRESSION, F, 4, 5, 3); }

static plan plan_of(const char *text)
{
    const amlz_dims d = dims();
    const amlz_program program = program_of(text, F);
    plan p;
    amlz__plan_build(&program, &d, PLAN_LIVE, &p);
    return p;
}

/* Forms chosen in Learn, by the order of instructions: -1 for one that is taken in by another. */
static void expect(const char *learn, size_t n, const int expected[])
{
    char text[1000];
    const amlz_dims d = dims();
    fuse_choice choice[AMLZ_CAPACITY];
    snprintf(text, sizeof text, "def Predict():\n v4 = dot(m0, v1)\n v4 = dot(m1, v4)\n s1 = dot(v0, v4)\n s1 = s1 + s2\ndef Learn():\n%s", learn);
    const plan p = plan_of(text);
    amlz__fuse_choose(&p, &d, AMLZ_LEARN, choice);
    if (!CHECK_EQ_INT(p.size[AMLZ_LEARN], (long long)n)) {
        printf("%s", learn);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!CHECK_EQ_INT(choice[i].is_taken ? -1 : choice[i].form, expected[i])) {
            printf("    instruction %d of\n%s", (int)i, learn);
        }
    }
}
#define EXPECT(learn, ...)                                                     \
    do {                                                                       \
        static const int expected_[] = {__VA_ARGS__};                          \
        expect(learn, sizeof expected_ / sizeof *expected_, expected_);        \
    } while (0)

static void test_choices(void)
{
    enum {
        PLUS = KERNEL_FORM_vector_add_scaled,
        MINUS = KERNEL_FORM_vector_subtract_scaled,
        OUTER_PLUS = KERNEL_FORM_matrix_add_outer,
        OUTER_MINUS = KERNEL_FORM_matrix_subtract_outer
    };
    EXPECT(" v2 = s0 * v0\n v1 = v1 + v2\n", -1, PLUS);
    EXPECT(" v2 = s0 * v0\n v1 = v2 + v1\n", -1, PLUS);
    EXPECT(" v2 = s0 * v0\n v1 = v1 - v2\n", -1, MINUS);
    EXPECT(" v2 = s0 * v0\n v1 = v2 - v1\n", 0, 0); /* no form: the product is on the left */
    EXPECT(" m2 = outer(v0, v1)\n m0 = m0 + m2\n", -1, OUTER_PLUS);
    EXPECT(" m2 = outer(v0, v1)\n m0 = m0 - m2\n", -1, OUTER_MINUS);
    EXPECT(" v1 = s0 * v0\n v1 = v1 + v1\n", 0, 0); /* both operands */
    EXPECT(" v1 = s0 * v1\n v1 = v0 + v1\n", -1, PLUS); /* in its own place */
    EXPECT(" v2 = s0 * v0\n s2 = norm(v2)\n v1 = v1 + v2\n", 0, 0, 0); /* read in between */
    EXPECT(" v2 = s0 * v0\n v1 = v1 + v2\n s2 = norm(v2)\n", 0, 0, 0); /* and later */
    EXPECT(" s2 = norm(v2)\n v2 = s0 * v0\n v1 = v1 + v2\n", 0, 0, 0); /* in the next example */
    EXPECT(" s2 = norm(v2)\n v2 = s0 * v0\n v2 = v1 + v2\n v1 = v1 - v2\n", 0, -1, PLUS, 0); /* which sees the sum */
    EXPECT(" v2 = s1 * v1\n v1 = v0 - v1\n v1 = v1 + v2\n", 0, 0, 0); /* its operand is written in between */
    EXPECT(" v2 = s3 * v0\n s3 = norm(v1)\n v1 = v1 + v2\n s2 = s2 + s3\n", 0, 0, 0, 0);
    EXPECT(" v2 = s1 * v0\n s2 = s2 + s1\n v1 = v1 + v2\n", -1, 0, PLUS); /* something else is in between */
    EXPECT(" v2 = s1 * v0\n v3 = s0 * v1\n v2 = v2 + v3\n v1 = v1 - v2\n", 0, -1, PLUS, 0);
    EXPECT(" v2[0.5] = 3\n v2 = s0 * v0\n v1 = v1 + v2\n", -1, PLUS); /* the element is dead */
    EXPECT(" v2 = s0 * v0\n v2[0.5] = 3\n v1 = v1 + v2\n", 0, 0, 0);
    EXPECT(" m2 = outer(v0, v1)\n m1 = m1 + m2\n v2 = s0 * v0\n v1 = v1 + v2\n", -1, OUTER_PLUS, -1, PLUS);
}

/* A learner that keeps dead code can be looked at, so it runs each instruction by itself. */
static void test_nothing_is_fused_where_memory_is_looked_at(void)
{
    const amlz_dims d = dims();
    const amlz_program program = program_of("def Learn():\n v2 = s0 * v0\n v1 = v1 + v2\n", F);
    fuse_choice choice[AMLZ_CAPACITY];
    plan p;
    amlz__plan_build(&program, &d, PLAN_EVERYTHING, &p);
    amlz__fuse_choose(&p, &d, AMLZ_LEARN, choice);
    CHECK_EQ_INT(choice[0].is_taken, 0);
    CHECK_EQ_INT(choice[1].form, KERNEL_FORM_NONE);
}

/* ---------------------------------------------------------------- the same bits */

static const uint8_t ops[] = {OP_scalar_vector_product, OP_vector_sum,     OP_vector_difference,
                              OP_outer_product,         OP_matrix_sum,     OP_matrix_difference,
                              OP_matrix_vector_product, OP_dot_product,    OP_scalar_product};

static unsigned forms_in(const amlz_program *program, const amlz_dims *d, unsigned counts[KERNEL_FORM_COUNT])
{
    plan p;
    unsigned sum = 0;
    amlz__plan_build(program, d, PLAN_LIVE, &p);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        fuse_choice choice[AMLZ_CAPACITY];
        amlz__fuse_choose(&p, d, f, choice);
        for (size_t i = 0; i < p.size[f]; i++) {
            counts[choice[i].form]++;
            sum += choice[i].form != KERNEL_FORM_NONE;
        }
    }
    return sum;
}

/* Special numbers go through the tasks' features and labels into all that is computed. */
static void spoil(task_set *set, uint64_t seed)
{
    const amlz_tasks_config *c = &set->config;
    const size_t numbers = (size_t)c->n_train * c->n_features;
    for (size_t t = 0; t < c->n_tasks; t++) {
        double *x = set->train_x + t * numbers;
        for (size_t i = 0; i < numbers; i++) {
            const double special = draw_special(&seed, c->precision);
            if (draw_below(&seed, 4) == 0 && special - special == 0) { /* data are finite; the rest comes by overflow */
                x[i] = special;
            }
        }
        CHECK_EQ_INT(amlz_tasks_set_f64(set->tasks, (uint32_t)t, x, set->train_y + t * c->n_train,
                                        set->valid_x + t * c->n_valid * c->n_features, set->valid_y + t * c->n_valid),
                     AMLZ_OK);
    }
}

/* The errors of each example are those of the plain interpreter, which runs one instruction after the other. */
static void test_bits(uint32_t n_features, uint32_t n_tasks, int precision, int variant)
{
    const amlz_dims d = dims_of(AMLZ_REGRESSION, n_features, 3, 3, 3);
    amlz_space space = space_of(&d, 2, 10, 8);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        set_ops(&space.function[f], ops, sizeof ops);
    }
    const amlz_tasks_config config = tasks_config_of(&d, (amlz_precision)precision, n_tasks, 6, 2, 1);
    task_set set = task_set_new(&config, 5);
    amlz_evaluator_config e;
    memset(&e, 0, sizeof e);
    e.struct_size = sizeof e;
    e.dims = d;
    e.precision = (uint8_t)precision;
    e.variant = (uint8_t)variant;
    e.max_tasks = n_tasks;
    const size_t size = amlz_evaluator_size(&e, NULL);
    amlz_evaluator *evaluator = amlz_evaluator_init(block_new(size), size, &e, NULL);
    plain_machine m = plain_new(&d, (amlz_precision)precision);
    double *train = numbers_new(n_tasks * 6), *valid = numbers_new(n_tasks * 2);
    unsigned counts[KERNEL_FORM_COUNT] = {0}, programs = 0;
    for (uint64_t seed = 0; programs < 60; seed++) {
        const amlz_program program = random_program(&space, seed);
        if (forms_in(&program, &d, counts) == 0) {
            continue;
        }
        programs++;
        spoil(&set, seed);
        CHECK_EQ_INT(amlz_probe(evaluator, set.tasks, &program, seed, 6, 2, train, valid), AMLZ_OK);
        for (uint32_t t = 0; t < n_tasks; t++) {
            plain_start(&m, &program, seed, t);
            for (uint32_t i = 0; i < 6; i++) {
                const size_t k = t * 6 + i;
                const double error = plain_learn(&m, set.train_x + k * n_features, set.train_y[k]);
                if (!(error <= 100)) {
                    break; /* the errors after it are NaN */
                }
                CHECK_EQ_U64(bits_of(train[k]), bits_of(error));
            }
        }
    }
    for (int form = 1; form < KERNEL_FORM_COUNT; form++) {
        CHECK(counts[form] > 0);
    }
    blocks_free();
}

int main(void)
{
    static const uint32_t n_features[] = {1, 2, 4, 7, 8, 16, 19, 33}, n_tasks[] = {1, 3, 8, 16};
    test_choices();
    test_nothing_is_fused_where_memory_is_looked_at();
    for (size_t i = 0; i < sizeof n_features / sizeof *n_features; i++) {
        for (int variant = AMLZ_VARIANT_BASELINE; variant < AMLZ_VARIANT_COUNT; variant++) {
            for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
                if (amlz_variant_available(variant)) {
                    test_bits(n_features[i], n_tasks[(i + (unsigned)variant) % 4], precision, variant);
                }
            }
        }
    }
    CHECK_MAIN_END("fuse")
