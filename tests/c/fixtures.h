/* What several tests need: numbers to test with, exact memory blocks, memory sizes, spaces, task sets; and the plain
 * machine, an interpreter with one task, no lanes and no analysis, that the library is compared with bit for bit. */
#ifndef AMLZ_FIXTURES_H
#define AMLZ_FIXTURES_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amlz.h"
#include "base/mathfn.h"
#include "base/rng.h"
#include "check.h"
#include "kernels/kernels.h"
#include "run/tasks.h"

#define PLAIN_MAX 36 /* features that the plain machine can have */

/* ---------------------------------------------------------------- numbers */

static inline uint64_t draw(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline uint32_t draw_below(uint64_t *state, uint32_t limit) { return (uint32_t)((draw(state) >> 32) % limit); }

/* In [-1, 1). */
static inline double draw_real(uint64_t *state) { return (double)(draw(state) >> 11) * 0x1p-52 - 1; }

static inline double round_to(int precision, double x) { return precision == AMLZ_FLOAT32 ? (double)(float)x : x; }

/* One of the numbers that arithmetic treats in its own way, or an ordinary one. */
static inline double draw_special(uint64_t *state, int precision)
{
    static const double of_float[] = {0x1p-149, -0x1p-149, 0x1.fffffcp-127, 0x1p-126, 0x1.fffffep127, -0x1.fffffep127};
    static const double of_double[] = {5e-324, -5e-324, 2.225073858507201e-308, 2.2250738585072014e-308,
                                       1.7976931348623157e308, -1.7976931348623157e308};
    const uint32_t choice = draw_below(state, 16);
    switch (choice) {
    case 0: return (double)NAN;
    case 1: return (double)INFINITY;
    case 2: return -(double)INFINITY;
    case 3: return 0.0;
    case 4: return -0.0;
    case 5: return 1.0;
    case 6: return -1.0;
    case 7: case 8: case 9: case 10: case 11: case 12:
        return precision == AMLZ_FLOAT32 ? of_float[choice - 7] : of_double[choice - 7];
    default: return round_to(precision, 100 * draw_real(state));
    }
}

/* Bits, every NaN's being the same. */
static inline uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return x != x ? UINT64_C(0x7ff8000000000000) : bits;
}

/* ---------------------------------------------------------------- memory */

/* Blocks of exactly the size asked for, so that a sanitizer sees the first byte too many. */
typedef struct block_header {
    struct block_header *next;
} block_header;

static inline block_header **block_list(void)
{
    static block_header *first;
    return &first;
}

/* shift: how far behind an aligned address the block begins. */
static inline void *block_at(size_t size, size_t shift)
{
    const size_t front = sizeof(block_header) + shift;
    block_header *header = malloc(front + size);
    if (header == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    memset(header, 0xa5, front + size);
    header->next = *block_list();
    *block_list() = header;
    return (unsigned char *)header + front;
}

static inline void *block_new(size_t size) { return block_at(size, 11); }

/* Frees all blocks there are. */
static inline void blocks_free(void)
{
    while (*block_list() != NULL) {
        block_header *header = *block_list();
        *block_list() = header->next;
        free(header);
    }
}

/* An array, aligned as numbers have to be. */
static inline double *numbers_new(size_t count)
{
    unsigned char *block = block_new((count + 1) * sizeof(double));
    double *numbers = (double *)(void *)(block + (sizeof(double) - (uintptr_t)block % sizeof(double)));
    for (size_t i = 0; i < count; i++) {
        numbers[i] = 0;
    }
    return numbers;
}

/* ---------------------------------------------------------------- dims, spaces, programs */

static inline amlz_dims dims_of(amlz_label label, uint32_t n_features, unsigned scalars, unsigned vectors, unsigned matrices)
{
    amlz_dims dims = {0};
    dims.n_features = n_features;
    dims.n_scalars = (uint16_t)scalars;
    dims.n_vectors = (uint16_t)vectors;
    dims.n_matrices = (uint16_t)matrices;
    dims.label = (uint8_t)label;
    dims.n_classes = label != AMLZ_MULTICLASS ? 0 : n_features < 3 ? 2 : 3;
    return dims;
}

/* Every op in every function. */
static inline amlz_space space_of(const amlz_dims *dims, unsigned min_size, unsigned max_size, unsigned init_size)
{
    amlz_space space;
    memset(&space, 0, sizeof space);
    space.dims = *dims;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz_function_space *function = &space.function[f];
        function->min_size = (uint16_t)min_size;
        function->max_size = (uint16_t)max_size;
        function->init_size = (uint16_t)init_size;
        function->n_ops = (uint16_t)amlz_op_count();
        for (int op = 0; op < amlz_op_count(); op++) {
            function->ops[op] = (uint8_t)op;
        }
    }
    return space;
}

static inline void set_ops(amlz_function_space *function, const uint8_t *ops, size_t count)
{
    function->n_ops = (uint16_t)count;
    memcpy(function->ops, ops, count);
}

static inline amlz_program program_of(const char *text, uint32_t n_features)
{
    amlz_program program;
    amlz_error error;
    memset(&program, 0, sizeof program);
    if (!CHECK(amlz_program_parse(text, strlen(text), n_features, &program, &error) == AMLZ_OK)) {
        printf("line %u: %s\n%s\n", (unsigned)error.line, error.message, text);
    }
    return program;
}

/* A program of the space that is often alive: the last instruction of Predict writes the prediction. */
static inline amlz_program random_program(const amlz_space *space, uint64_t seed)
{
    const int vector_labels = space->dims.label == AMLZ_MULTICLASS;
    amlz_program program;
    memset(&program, 0, sizeof program);
    CHECK_EQ_INT(amlz_program_random(space, seed, &program), AMLZ_OK);
    for (size_t i = program.size[AMLZ_PREDICT]; i-- > 0;) {
        amlz_instruction *x = &program.code[AMLZ_PREDICT][i];
        if (amlz_op(x->op)->out == (vector_labels ? AMLZ_VECTOR : AMLZ_SCALAR)) {
            x->out = vector_labels ? 2 : 1;
            break;
        }
    }
    return program;
}

static inline const char *text_of(const amlz_program *program)
{
    static char text[1 << 16];
    if (amlz_program_print(program, text, sizeof text, NULL) != AMLZ_OK) {
        strcpy(text, "(cannot be printed)");
    }
    return text;
}

/* ---------------------------------------------------------------- task sets */

/* A task set and the same numbers in plain arrays: [task][example][F] and [task][example]. */
typedef struct task_set {
    amlz_tasks_config config;
    double *train_x, *train_y, *valid_x, *valid_y;
    amlz_tasks *tasks;
} task_set;

static inline amlz_tasks_config tasks_config_of(const amlz_dims *dims, amlz_precision precision, uint32_t n_tasks,
                                                uint32_t n_train, uint32_t n_valid, uint32_t n_epochs)
{
    amlz_tasks_config config;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.n_tasks = n_tasks;
    config.n_features = dims->n_features;
    config.n_train = n_train;
    config.n_valid = n_valid;
    config.n_epochs = n_epochs;
    config.label = dims->label;
    config.n_classes = dims->n_classes;
    config.precision = (uint8_t)precision;
    config.order_seed = 5;
    return config;
}

static inline amlz_tasks *tasks_new(const amlz_tasks_config *config)
{
    const size_t size = amlz_tasks_size(config, NULL);
    amlz_tasks *tasks = amlz_tasks_init(block_new(size), size, config, NULL);
    if (!CHECK(tasks != NULL)) {
        exit(1);
    }
    return tasks;
}

/* Fills n examples: features, and the label that a linear rule with weights w and some noise gives them. */
static inline void draw_examples(const amlz_tasks_config *config, const double *w, uint64_t *state, double *x, double *y,
                                 uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        double sum = 0.1 * draw_real(state);
        for (uint32_t f = 0; f < config->n_features; f++) {
            const double feature = round_to(config->precision, 2 * draw_real(state));
            x[(size_t)i * config->n_features + f] = feature;
            sum += w[f] * feature;
        }
        y[i] = config->label == AMLZ_REGRESSION ? round_to(config->precision, sum)
               : config->label == AMLZ_BINARY   ? (sum > 0 ? 1 : 0)
                                                : (double)draw_below(state, config->n_classes);
    }
}

/* The first tasks of a larger set of the same seed are the tasks of a smaller one. */
static inline task_set task_set_new(const amlz_tasks_config *config, uint64_t seed)
{
    task_set set = {*config, NULL, NULL, NULL, NULL, NULL};
    const size_t n_features = config->n_features, n_train = config->n_train, n_valid = config->n_valid;
    double *w = numbers_new(n_features);
    set.train_x = numbers_new(config->n_tasks * n_train * n_features);
    set.train_y = numbers_new(config->n_tasks * n_train);
    set.valid_x = numbers_new(config->n_tasks * n_valid * n_features);
    set.valid_y = numbers_new(config->n_tasks * n_valid);
    set.tasks = tasks_new(config);
    for (size_t t = 0; t < config->n_tasks; t++) {
        uint64_t state = seed * 1000 + t;
        double *train_x = set.train_x + t * n_train * n_features, *train_y = set.train_y + t * n_train;
        double *valid_x = set.valid_x + t * n_valid * n_features, *valid_y = set.valid_y + t * n_valid;
        for (size_t f = 0; f < n_features; f++) {
            w[f] = draw_real(&state);
        }
        draw_examples(config, w, &state, train_x, train_y, config->n_train);
        draw_examples(config, w, &state, valid_x, valid_y, config->n_valid);
        CHECK_EQ_INT(amlz_tasks_set_f64(set.tasks, (uint32_t)t, train_x, train_y, valid_x, valid_y), AMLZ_OK);
    }
    return set;
}

static inline amlz_evaluator *evaluator_new(const amlz_dims *dims, amlz_precision precision,
                                            amlz_variant variant, amlz_combine combine, uint32_t max_tasks)
{
    amlz_evaluator_config config = {0};
    config.struct_size = sizeof config;
    config.dims = *dims;
    config.precision = (uint8_t)precision;
    config.variant = (uint8_t)variant;
    config.combine = (uint8_t)combine;
    config.max_tasks = max_tasks;
    const size_t size = amlz_evaluator_size(&config, NULL);
    amlz_evaluator *evaluator = amlz_evaluator_init(block_new(size), size, &config, NULL);
    if (!CHECK(evaluator != NULL)) {
        exit(1);
    }
    return evaluator;
}

/* ---------------------------------------------------------------- the plain machine: one op */

/* n terms as they are added: number i to partial sum i mod 8; the partial sums as a tree, empty ones left out. */
static inline double plain_sum(int precision, const double *terms, size_t n)
{
    static const int order[7][3] = {{0, 0, 4}, {2, 2, 6}, {0, 0, 2}, {1, 1, 5}, {3, 3, 7}, {1, 1, 3}, {0, 0, 1}};
    double p[8] = {0};
    int filled[8] = {0};
    for (size_t i = 0; i < n; i++) {
        p[i % 8] = filled[i % 8] ? round_to(precision, p[i % 8] + terms[i]) : terms[i];
        filled[i % 8] = 1;
    }
    for (int i = 0; i < 7; i++) { /* p[a] = p[b] + p[c] */
        const int a = order[i][0], b = order[i][1], c = order[i][2];
        p[a] = filled[b] && filled[c] ? round_to(precision, p[b] + p[c]) : filled[b] ? p[b] : p[c];
        filled[a] = filled[b] || filled[c];
    }
    return p[0];
}

/* sum_i a[i * step_a] * b[i * step_b] */
static inline double plain_dot(int precision, const double *a, size_t step_a, const double *b, size_t step_b, size_t n)
{
    static double terms[PLAIN_MAX * PLAIN_MAX];
    for (size_t i = 0; i < n; i++) {
        terms[i] = round_to(precision, a[i * step_a] * b[i * step_b]);
    }
    return plain_sum(precision, terms, n);
}

static inline double plain_norm(int precision, const double *x, size_t step, size_t n)
{
    return round_to(precision, sqrt(plain_dot(precision, x, step, x, step, n)));
}

static inline double plain_mean(int precision, const double *x, size_t n)
{
    return round_to(precision, plain_sum(precision, x, n) / (double)n);
}

static inline double plain_std(int precision, const double *x, size_t n)
{
    static double off[PLAIN_MAX * PLAIN_MAX];
    const double mean = plain_mean(precision, x, n);
    for (size_t i = 0; i < n; i++) {
        off[i] = round_to(precision, x[i] - mean);
    }
    const double variance = round_to(precision, plain_dot(precision, off, 1, off, 1, n) / (double)n);
    return round_to(precision, sqrt(variance));
}

/* What the op makes of one element of each input; *known becomes 0 if it is no such op. */
static inline double plain_element(int op, double a, double b, int *known)
{
    switch (op) {
    case 1: case 23: case 39: return a + b;
    case 2: case 24: case 40: return a - b;
    case 3: case 18: case 25: case 29: case 41: return a * b;
    case 4: case 26: case 42: return a / b;
    case 5: case 22: case 38: return fabs(a);
    case 6: case 20: case 30: return 1 / a;
    case 7: return math_sin(a);
    case 8: return math_cos(a);
    case 9: return math_tan(a);
    case 10: return math_asin(a);
    case 11: return math_acos(a);
    case 12: return math_atan(a);
    case 13: return math_exp(a);
    case 14: return math_log(a);
    case 15: return a >= 0 ? 1 : 0;
    case 16: case 17: return a > 0 ? 1 : 0;
    case 19: return a;
    case 44: return b < a ? b : a;
    case 45: case 46: return a < b ? a : b;
    case 47: return a < b ? b : a;
    case 48: case 49: return a > b ? a : b;
    default: *known = 0; return 0;
    }
}

/* Element (i, j) of the matrix that the op makes; n features. */
static inline double plain_matrix_element(int op, int precision, size_t n, const double *a, const double *b, size_t i,
                                          size_t j)
{
    switch (op) {
    case 28: return round_to(precision, a[i] * b[j]);
    case 32: return a[i];
    case 33: return a[j];
    case 37: return a[j * n + i];
    default: return plain_dot(precision, a + i * n, 1, b + j, n, n); /* 43 */
    }
}

/* Any op that is not random: out from inputs a and b, which may be out; n features. */
static inline void plain_op(int op, int precision, size_t n, const double *constant, double *out, const double *a,
                            const double *b)
{
    static double result[PLAIN_MAX * PLAIN_MAX];
    static const size_t powers[] = {0, 0, 1, 2}; /* by amlz_type */
    const amlz_op_info *info = amlz_op(op);
    const size_t count = powers[info->out] == 0 ? 1 : powers[info->out] == 1 ? n : n * n;
    int elementwise = 1;
    plain_element(op, 0, 0, &elementwise);
    for (size_t i = 0; i < count && info->out != AMLZ_NONE; i++) {
        const double *row = info->in1 == AMLZ_MATRIX && i < n ? a + i * n : a;
        if (elementwise) {
            const double x = a[info->in1 == AMLZ_SCALAR ? 0 : i], y = info->in2 == AMLZ_NONE ? 0 : b[i];
            result[i] = round_to(precision, plain_element(op, x, y, &elementwise));
            continue;
        }
        switch (op) {
        case 21: result[0] = plain_norm(precision, a, 1, n); break;
        case 27: result[0] = plain_dot(precision, a, 1, b, 1, n); break;
        case 31: result[i] = plain_dot(precision, row, 1, b, 1, n); break;
        case 34: result[0] = plain_norm(precision, a, 1, n * n); break;
        case 35: result[i] = plain_norm(precision, a + i, n, n); break;
        case 36: result[i] = plain_norm(precision, row, 1, n); break;
        case 50: result[0] = plain_mean(precision, a, n); break;
        case 51: result[0] = plain_mean(precision, a, n * n); break;
        case 52: result[i] = plain_mean(precision, row, n); break;
        case 53: result[i] = plain_std(precision, row, n); break;
        case 54: result[0] = plain_std(precision, a, n); break;
        case 55: result[0] = plain_std(precision, a, n * n); break;
        case 56: result[0] = round_to(precision, constant[0]); break;
        case 57: result[i] = i == (size_t)(constant[0] * (double)n) ? round_to(precision, constant[1]) : out[i]; break;
        case 58:
            result[i] = i / n == (size_t)(constant[0] * (double)n) && i % n == (size_t)(constant[1] * (double)n)
                            ? round_to(precision, constant[2])
                            : out[i];
            break;
        default: result[i] = plain_matrix_element(op, precision, n, a, b, i / n, i % n); break;
        }
    }
    if (info->out != AMLZ_NONE) {
        memcpy(out, result, count * sizeof *out);
    }
}

/* ---------------------------------------------------------------- the plain machine: programs */

typedef struct plain_machine {
    amlz_dims dims;
    int precision;
    const amlz_program *program;
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    int poison;  /* dead instructions write NaN */
    uint64_t seed, runs[AMLZ_FUNCTION_COUNT];
    uint32_t task;
    double *memory[AMLZ_MATRIX + 1];
    uint64_t train_steps, valid_steps;
    int stopped;
} plain_machine;

static inline size_t plain_count(const amlz_dims *dims, int type)
{
    const size_t n = dims->n_features;
    return type == AMLZ_NONE ? 0 : type == AMLZ_SCALAR ? 1 : type == AMLZ_VECTOR ? n : n * n;
}

static inline double *plain_at(const plain_machine *m, int type, unsigned address)
{
    return type == AMLZ_NONE ? NULL : m->memory[type] + address * plain_count(&m->dims, type);
}

static inline plain_machine plain_new(const amlz_dims *dims, amlz_precision precision)
{
    plain_machine m;
    memset(&m, 0, sizeof m);
    m.dims = *dims;
    m.precision = (int)precision;
    m.memory[AMLZ_SCALAR] = numbers_new(dims->n_scalars * plain_count(dims, AMLZ_SCALAR));
    m.memory[AMLZ_VECTOR] = numbers_new(dims->n_vectors * plain_count(dims, AMLZ_VECTOR));
    m.memory[AMLZ_MATRIX] = numbers_new(dims->n_matrices * plain_count(dims, AMLZ_MATRIX));
    return m;
}

/* Element i of a random op: its word or words of a Philox block, made uniform; of those a pair makes a pair of gaussians. */
static inline double plain_uniform(const plain_machine *m, int f, int ordinal, size_t i)
{
    const int per_block = m->precision == AMLZ_FLOAT64 ? 2 : 4;
    const uint32_t key[2] = {(uint32_t)m->seed, (uint32_t)(m->seed >> 32)};
    const uint32_t counter[4] = {(uint32_t)(i / (size_t)per_block), (uint32_t)m->runs[f], m->task,
                                 ((uint32_t)f << 30) + ((uint32_t)ordinal << 22) + (uint32_t)(m->runs[f] >> 32)};
    uint32_t words[4];
    rng_philox(counter, key, words);
    if (per_block == 4) {
        return ((double)(words[i % 4] >> 9) + 0.5) * 0x1p-23;
    }
    const uint64_t word = (uint64_t)words[i % 2 * 2 + 1] << 32 | words[i % 2 * 2];
    return (double)(word >> 12) * 0x1p-52 + 0x1p-53;
}

static inline void plain_draw(const plain_machine *m, const amlz_instruction *x, int f, int ordinal, double *out)
{
    const int p = m->precision;
    const double a = round_to(p, x->constant[0]), b = round_to(p, x->constant[1]);
    for (size_t i = 0; i < plain_count(&m->dims, amlz_op(x->op)->out); i++) {
        if (x->op < 62) {
            out[i] = round_to(p, a + round_to(p, round_to(p, b - a) * plain_uniform(m, f, ordinal, i)));
        } else {
            const double u1 = plain_uniform(m, f, ordinal, i / 2 * 2), u2 = plain_uniform(m, f, ordinal, i / 2 * 2 + 1);
            double sine, cosine;
            math_sincos_turn(u2, &sine, &cosine);
            const double z = sqrt(-2 * math_log(u1)) * (i % 2 == 0 ? cosine : sine);
            out[i] = round_to(p, a + round_to(p, b * round_to(p, z)));
        }
    }
}

static inline void plain_run(plain_machine *m, int f)
{
    int next[2] = {0, 0}; /* ordinals: of dead random instructions, which come behind all live ones; of live ones */
    for (size_t i = 0; i < m->program->size[f]; i++) {
        next[0] += m->live[f][i] && amlz_op(m->program->code[f][i].op)->is_random;
    }
    for (size_t i = 0; i < m->program->size[f]; i++) {
        const amlz_instruction *x = &m->program->code[f][i];
        const amlz_op_info *info = amlz_op(x->op);
        double *out = plain_at(m, info->out, x->out);
        if (!m->live[f][i] && m->poison) {
            for (size_t k = 0; k < plain_count(&m->dims, info->out); k++) {
                out[k] = (double)NAN;
            }
        } else if (info->is_random) {
            plain_draw(m, x, f, next[m->live[f][i]]++, out);
        } else {
            plain_op(x->op, m->precision, m->dims.n_features, x->constant, out, plain_at(m, info->in1, x->in1),
                     plain_at(m, info->in2, x->in2));
        }
    }
    m->runs[f]++;
}

/* Memory zeroed, draws from the start, Setup run. */
static inline void plain_start(plain_machine *m, const amlz_program *program, uint64_t seed, uint32_t task)
{
    m->program = program;
    m->seed = seed;
    m->task = task;
    m->stopped = 0;
    m->train_steps = m->valid_steps = 0;
    memset(m->runs, 0, sizeof m->runs);
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        const size_t addresses = type == AMLZ_SCALAR   ? m->dims.n_scalars
                                 : type == AMLZ_VECTOR ? m->dims.n_vectors
                                                       : m->dims.n_matrices;
        memset(m->memory[type], 0, addresses * plain_count(&m->dims, type) * sizeof(double));
    }
    CHECK_EQ_INT(amlz_program_live(program, &m->dims, m->live), AMLZ_OK);
    plain_run(m, AMLZ_SETUP);
}

/* Where the prediction lies: a number, or C of them. */
static inline double *plain_prediction(const plain_machine *m)
{
    return m->dims.label == AMLZ_MULTICLASS ? plain_at(m, AMLZ_VECTOR, 2) : plain_at(m, AMLZ_SCALAR, 1);
}

static inline void plain_predict(plain_machine *m, const double *x)
{
    memcpy(plain_at(m, AMLZ_VECTOR, 0), x, m->dims.n_features * sizeof *x);
    *plain_at(m, AMLZ_SCALAR, 0) = 0;
    if (m->dims.label == AMLZ_MULTICLASS) {
        memset(plain_at(m, AMLZ_VECTOR, 1), 0, m->dims.n_features * sizeof *x);
    }
    plain_run(m, AMLZ_PREDICT);
}

/* From logits to probabilities; p may be the logits. */
static inline void plain_probabilities(const plain_machine *m, const double *logits, double *p)
{
    double largest = logits[0], sum = 0;
    if (m->dims.label == AMLZ_BINARY) {
        *p = round_to(m->precision, 1 / (1 + math_exp(-*logits)));
    }
    for (size_t c = 0; c < m->dims.n_classes; c++) {
        largest = logits[c] > largest ? logits[c] : largest;
    }
    for (size_t c = 0; c < m->dims.n_classes; c++) {
        p[c] = math_exp(logits[c] - largest);
        sum += p[c];
    }
    for (size_t c = 0; c < m->dims.n_classes; c++) {
        p[c] = round_to(m->precision, p[c] / sum);
    }
}

/* One training step; the absolute error. Learn is not run after an error that stops. */
static inline double plain_learn(plain_machine *m, const double *x, double y)
{
    double *prediction = plain_prediction(m), error;
    plain_predict(m, x);
    m->train_steps++;
    if (m->dims.label != AMLZ_REGRESSION) {
        plain_probabilities(m, prediction, prediction);
    }
    if (m->dims.label == AMLZ_MULTICLASS) {
        error = fabs(round_to(m->precision, 1 - prediction[(size_t)y]));
        plain_at(m, AMLZ_VECTOR, 1)[(size_t)y] = 1;
    } else {
        error = fabs(round_to(m->precision, y - *prediction));
        *plain_at(m, AMLZ_SCALAR, 0) = y;
    }
    if (error <= 100) {
        plain_run(m, AMLZ_LEARN);
    }
    return error;
}

/* Predicts without learning; the absolute error, or 1 or 0 for a wrong or right class, NaN for none. */
static inline double plain_validate(plain_machine *m, const double *x, double y)
{
    const double *prediction = plain_prediction(m);
    size_t best = 0;
    int nan = 0;
    plain_predict(m, x);
    m->valid_steps++;
    switch (m->dims.label) {
    case AMLZ_REGRESSION: return fabs(round_to(m->precision, y - *prediction));
    case AMLZ_BINARY: return *prediction != *prediction ? (double)NAN : (y > 0.5) != (*prediction > 0);
    default:
        for (size_t c = 0; c < m->dims.n_classes; c++) {
            nan |= prediction[c] != prediction[c];
            best = prediction[c] > prediction[best] ? c : best;
        }
        return nan ? (double)NAN : (double)(best != (size_t)y);
    }
}

/* A program's fitness on one task of a set. */
static inline double plain_fitness(plain_machine *m, const task_set *set, const amlz_program *program, uint64_t seed,
                                   uint32_t task)
{
    const amlz_tasks_config *c = &set->config;
    const size_t n = c->n_features;
    double best = 0;
    plain_start(m, program, seed, task);
    for (uint32_t epoch = 0; epoch < (c->n_epochs == 0 ? 1 : c->n_epochs); epoch++) {
        const uint32_t *order = tasks_order(set->tasks, epoch);
        double loss = 0;
        for (size_t i = 0; i < c->n_train; i++) {
            const size_t k = (size_t)task * c->n_train + (order == NULL ? i : order[i]);
            if (!(plain_learn(m, set->train_x + k * n, set->train_y[k]) <= 100)) {
                m->stopped = 1;
                return best;
            }
        }
        for (size_t i = 0; i < c->n_valid; i++) {
            const size_t k = (size_t)task * c->n_valid + i;
            const double error = plain_validate(m, set->valid_x + k * n, set->valid_y[k]);
            if (!(error <= 100)) {
                m->stopped = 1;
                return best;
            }
            loss += error * error;
        }
        loss /= c->n_valid;
        const double now = c->label == AMLZ_REGRESSION ? 1 - 0.63661977236758134308 * math_atan(sqrt(loss)) : 1 - loss;
        best = now > best ? now : best;
    }
    return best;
}
#endif
