/* A straightforward interpreter: what the library's speed is compared with, by `pyamlz bench`. A switch over ops, one
 * instruction after the other, dead ones too; one task after the other; float memory; libm. What an op means is in
 * docs/ops.md, but sums are added in rising order and random numbers come from a generator of its own.
 *
 *   plain_steps SECONDS   trains all programs on all tasks, again until so many seconds have passed; prints the
 *                         training steps done and the seconds taken
 *   plain_steps errors    trains once; prints |label - prediction| of each program, task and example, a line each, NaN
 *                         from where the task was stopped on
 *
 * Standard input holds doubles in the machine's byte order: F, tasks, examples of a task, scalars, vectors, matrices,
 * programs; of each program the sizes of Setup, Predict and Learn, and of each of their instructions op, out, in1, in2
 * and three constants; the features [task][example][F]; the labels [task][example]. It is trusted. */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ERROR 100.0f /* a larger one stops a task */

typedef struct instruction {
    int op;
    size_t out, in1, in2;
    double constant[3];
} instruction;

enum { SETUP, PREDICT, LEARN, FUNCTIONS };

typedef struct program {
    size_t size[FUNCTIONS];
    instruction *code[FUNCTIONS];
} program;

typedef struct machine {
    size_t n_features, n_scalars, n_vectors, n_matrices;
    float *s, *v, *m, *spare; /* scalars, vectors, matrices; one matrix more, for results that must not lie on inputs */
    uint64_t random;
} machine;

typedef struct examples {
    size_t n_tasks, n_train;
    float *x, *y;
} examples;

/* ---------------------------------------------------------------- ops */

static float uniform(machine *k, float low, float high)
{
    uint64_t r = k->random;
    r ^= r << 13;
    r ^= r >> 7;
    r ^= r << 17;
    k->random = r;
    return low + (high - low) * ((float)(r >> 41) + 0.5f) * 0x1p-23f;
}

static float gaussian(machine *k, float mean, float stdev)
{
    const float radius = sqrtf(-2.0f * logf(uniform(k, 0, 1)));
    return mean + stdev * radius * cosf(6.2831853f * uniform(k, 0, 1));
}

static float dot(const float *a, const float *b, size_t n, size_t step)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i * step] * b[i * step];
    }
    return sum;
}

static float mean(const float *a, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i];
    }
    return sum / (float)n;
}

static float standard_deviation(const float *a, size_t n)
{
    const float middle = mean(a, n);
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (a[i] - middle) * (a[i] - middle);
    }
    return sqrtf(sum / (float)n);
}

static void multiply(float *out, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            float sum = 0;
            for (size_t l = 0; l < n; l++) {
                sum += a[i * n + l] * b[l * n + j];
            }
            out[i * n + j] = sum;
        }
    }
}

/* What is at an address; at the addresses of the inputs. */
#define S(address) k->s[address]
#define V(address) (k->v + (address) * n)
#define M(address) (k->m + (address) * n * n)
#define S1 S(x->in1)
#define S2 S(x->in2)
#define V1 V(x->in1)
#define V2 V(x->in2)
#define M1 M(x->in1)
#define M2 M(x->in2)

/* Writes the output: element i of a vector, element i of a matrix, element (i, j) of a matrix. */
#define SCALAR(expression) S(x->out) = (expression)
#define VECTOR(expression) EACH(V(x->out), n, expression)
#define MATRIX(expression) EACH(M(x->out), n * n, expression)
#define EACH(output, count, expression)        \
    do {                                       \
        float *out = output;                   \
        for (size_t i = 0; i < (count); i++) { \
            out[i] = (expression);             \
        }                                      \
    } while (0)
#define GRID(expression)                        \
    do {                                        \
        float *out = M(x->out);                 \
        for (size_t i = 0; i < n; i++) {        \
            for (size_t j = 0; j < n; j++) {    \
                out[i * n + j] = (expression);  \
            }                                   \
        }                                       \
    } while (0)

static void run(machine *k, const program *p, int function)
{
    const size_t n = k->n_features;
    const instruction *end = p->code[function] + p->size[function];
    for (const instruction *x = p->code[function]; x < end; x++) {
        const float c = (float)x->constant[0], d = (float)x->constant[1];
        float s;
        switch (x->op) {
        case 0: break;
        case 1: SCALAR(S1 + S2); break;
        case 2: SCALAR(S1 - S2); break;
        case 3: SCALAR(S1 * S2); break;
        case 4: SCALAR(S1 / S2); break;
        case 5: SCALAR(fabsf(S1)); break;
        case 6: SCALAR(1 / S1); break;
        case 7: SCALAR(sinf(S1)); break;
        case 8: SCALAR(cosf(S1)); break;
        case 9: SCALAR(tanf(S1)); break;
        case 10: SCALAR(asinf(S1)); break;
        case 11: SCALAR(acosf(S1)); break;
        case 12: SCALAR(atanf(S1)); break;
        case 13: SCALAR(expf(S1)); break;
        case 14: SCALAR(logf(S1)); break;
        case 15: SCALAR(S1 >= 0 ? 1 : 0); break;
        case 16: VECTOR(V1[i] > 0 ? 1 : 0); break;
        case 17: MATRIX(M1[i] > 0 ? 1 : 0); break;
        case 18: s = S1; VECTOR(s * V2[i]); break;
        case 19: s = S1; VECTOR(s); break;
        case 20: VECTOR(1 / V1[i]); break;
        case 21: SCALAR(sqrtf(dot(V1, V1, n, 1))); break;
        case 22: VECTOR(fabsf(V1[i])); break;
        case 23: VECTOR(V1[i] + V2[i]); break;
        case 24: VECTOR(V1[i] - V2[i]); break;
        case 25: VECTOR(V1[i] * V2[i]); break;
        case 26: VECTOR(V1[i] / V2[i]); break;
        case 27: SCALAR(dot(V1, V2, n, 1)); break;
        case 28: GRID(V1[i] * V2[j]); break;
        case 29: s = S1; MATRIX(s * M2[i]); break;
        case 30: MATRIX(1 / M1[i]); break;
        case 31:
            for (size_t i = 0; i < n; i++) {
                k->spare[i] = dot(M1 + i * n, V2, n, 1);
            }
            memcpy(V(x->out), k->spare, n * sizeof(float));
            break;
        case 32: GRID(V1[i]); break;
        case 33: GRID(V1[j]); break;
        case 34: SCALAR(sqrtf(dot(M1, M1, n * n, 1))); break;
        case 35: VECTOR(sqrtf(dot(M1 + i, M1 + i, n, n))); break;
        case 36: VECTOR(sqrtf(dot(M1 + i * n, M1 + i * n, n, 1))); break;
        case 37:
            memcpy(k->spare, M1, n * n * sizeof(float));
            GRID(k->spare[j * n + i]);
            break;
        case 38: MATRIX(fabsf(M1[i])); break;
        case 39: MATRIX(M1[i] + M2[i]); break;
        case 40: MATRIX(M1[i] - M2[i]); break;
        case 41: MATRIX(M1[i] * M2[i]); break;
        case 42: MATRIX(M1[i] / M2[i]); break;
        case 43:
            multiply(k->spare, M1, M2, n);
            memcpy(M(x->out), k->spare, n * n * sizeof(float));
            break;
        case 44: SCALAR(S2 < S1 ? S2 : S1); break;
        case 45: VECTOR(V1[i] < V2[i] ? V1[i] : V2[i]); break;
        case 46: MATRIX(M1[i] < M2[i] ? M1[i] : M2[i]); break;
        case 47: SCALAR(S1 < S2 ? S2 : S1); break;
        case 48: VECTOR(V1[i] > V2[i] ? V1[i] : V2[i]); break;
        case 49: MATRIX(M1[i] > M2[i] ? M1[i] : M2[i]); break;
        case 50: SCALAR(mean(V1, n)); break;
        case 51: SCALAR(mean(M1, n * n)); break;
        case 52: VECTOR(mean(M1 + i * n, n)); break;
        case 53: VECTOR(standard_deviation(M1 + i * n, n)); break;
        case 54: SCALAR(standard_deviation(V1, n)); break;
        case 55: SCALAR(standard_deviation(M1, n * n)); break;
        case 56: SCALAR(c); break;
        case 57: V(x->out)[(size_t)(x->constant[0] * (double)n)] = d; break;
        case 58:
            M(x->out)[(size_t)(x->constant[0] * (double)n) * n + (size_t)(x->constant[1] * (double)n)] =
                (float)x->constant[2];
            break;
        case 59: SCALAR(uniform(k, c, d)); break;
        case 60: VECTOR(uniform(k, c, d)); break;
        case 61: MATRIX(uniform(k, c, d)); break;
        case 62: SCALAR(gaussian(k, c, d)); break;
        case 63: VECTOR(gaussian(k, c, d)); break;
        case 64: MATRIX(gaussian(k, c, d)); break;
        default: fprintf(stderr, "plain_steps: unknown op %d\n", x->op); exit(2);
        }
    }
}

/* ---------------------------------------------------------------- training */

/* Trains on one task from fresh memory; the steps done. errors, which may be NULL, takes one for each of them. */
static size_t train(machine *k, const program *p, const examples *e, size_t task, float *errors)
{
    const size_t n = k->n_features;
    memset(k->s, 0, k->n_scalars * sizeof(float));
    memset(k->v, 0, k->n_vectors * n * sizeof(float));
    memset(k->m, 0, k->n_matrices * n * n * sizeof(float));
    k->random = 88172645463325252u + task;
    run(k, p, SETUP);
    for (size_t i = 0; i < e->n_train; i++) {
        const float label = e->y[task * e->n_train + i];
        memcpy(k->v, e->x + (task * e->n_train + i) * n, n * sizeof(float));
        k->s[0] = 0;
        run(k, p, PREDICT);
        const float error = fabsf(label - k->s[1]);
        if (errors != NULL) {
            errors[i] = error;
        }
        if (!(error <= MAX_ERROR)) {
            return i + 1;
        }
        k->s[0] = label;
        run(k, p, LEARN);
    }
    return e->n_train;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure(machine *k, const program *programs, size_t n_programs, const examples *e, double seconds)
{
    const double began = now();
    double passed;
    size_t steps = 0;
    do {
        for (size_t i = 0; i < n_programs; i++) {
            for (size_t task = 0; task < e->n_tasks; task++) {
                steps += train(k, &programs[i], e, task, NULL);
            }
        }
        passed = now() - began;
    } while (passed < seconds);
    printf("%zu %.9f\n", steps, passed);
}

static void print_errors(machine *k, const program *programs, size_t n_programs, const examples *e, float *errors)
{
    for (size_t i = 0; i < n_programs; i++) {
        for (size_t task = 0; task < e->n_tasks; task++) {
            const size_t done = train(k, &programs[i], e, task, errors);
            for (size_t j = 0; j < e->n_train; j++) {
                const int is_there = j < done && errors[j] <= MAX_ERROR;
                printf("%.9g\n", is_there ? (double)errors[j] : (double)NAN);
            }
        }
    }
}

/* ---------------------------------------------------------------- reading */

static double number(void)
{
    double x;
    if (fread(&x, sizeof x, 1, stdin) != 1) {
        fprintf(stderr, "plain_steps: the input ends too early\n");
        exit(2);
    }
    return x;
}

static size_t count(void) { return (size_t)number(); }

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n + 1, size);
    if (memory == NULL) {
        fprintf(stderr, "plain_steps: not enough memory\n");
        exit(2);
    }
    return memory;
}

static float *numbers(size_t n)
{
    float *x = allocate(n, sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)number();
    }
    return x;
}

static void read_program(program *p)
{
    for (int f = SETUP; f < FUNCTIONS; f++) {
        p->size[f] = count();
    }
    for (int f = SETUP; f < FUNCTIONS; f++) {
        p->code[f] = allocate(p->size[f], sizeof *p->code[f]);
        for (size_t i = 0; i < p->size[f]; i++) {
            instruction *x = &p->code[f][i];
            x->op = (int)number();
            x->out = count();
            x->in1 = count();
            x->in2 = count();
            for (int c = 0; c < 3; c++) {
                x->constant[c] = number();
            }
        }
    }
}

int main(int argc, char **argv)
{
    machine k;
    examples e;
    if (argc != 2) {
        fprintf(stderr, "usage: plain_steps SECONDS|errors\n");
        return 2;
    }
    k.n_features = count();
    e.n_tasks = count();
    e.n_train = count();
    k.n_scalars = count();
    k.n_vectors = count();
    k.n_matrices = count();
    const size_t n = k.n_features, n_programs = count();
    k.s = allocate(k.n_scalars, sizeof(float));
    k.v = allocate(k.n_vectors * n, sizeof(float));
    k.m = allocate(k.n_matrices * n * n, sizeof(float));
    k.spare = allocate(n * n, sizeof(float));
    program *programs = allocate(n_programs, sizeof *programs);
    for (size_t i = 0; i < n_programs; i++) {
        read_program(&programs[i]);
    }
    e.x = numbers(e.n_tasks * e.n_train * n);
    e.y = numbers(e.n_tasks * e.n_train);
    if (strcmp(argv[1], "errors") == 0) {
        print_errors(&k, programs, n_programs, &e, allocate(e.n_train, sizeof(float)));
    } else {
        measure(&k, programs, n_programs, &e, strtod(argv[1], NULL));
    }
    return 0;
}
