/* libamlz: evolving machine learning algorithms from scratch (Real et al., AutoML-Zero, ICML 2020).
 *
 * This header is the whole public interface and its contract.
 *
 * How it is used: fill an amlz_space (what programs may look like) and an amlz_tasks (what they are tried on), build an
 * amlz_search over them and call amlz_search_run until it has found something; or take a program, build an amlz_learner
 * and let it learn from one example after another.
 *
 * Memory.   Nothing here allocates. amlz_X_size(config) says how many bytes an X needs, amlz_X_init(memory, size,
 *           config, ...) builds it in the caller's block (of any alignment) and returns it, and it lives as long as the
 *           block does. The object need not begin where the block does: what is to be freed, and only that, is the block.
 *           Size functions return 0 where the configuration is not valid. No call takes more than 16 kB of stack; none is
 *           recursive.
 * NULL.     Where nothing is said of it, a NULL is an error: AMLZ_ERROR_ARGUMENT, or 0 or NULL from functions that return no
 *           status; those that return nothing do nothing. Arrays and outputs whose sizes are given elsewhere must have them.
 * Errors.   Functions that can fail return an amlz_status, 0 being success, or NULL from an init. Where there is a last
 *           argument `const char **reason` it may be NULL; else it is set to a static English sentence that names what
 *           was wrong, or to NULL on success. After a failure, objects and outputs are as before unless said otherwise.
 * Threads.  No global state. An object belongs to one thread at a time; different objects are independent. amlz_tasks and
 *           amlz_program are only read by evaluations, so many threads may share them.
 * Numbers.  The same inputs give the same bits on every CPU, compiler and optimisation level. The caller's rounding mode
 *           and flush-to-zero flags are set aside for each call and restored.
 * Structs.  The caller sets a member struct_size to sizeof the struct, whether the struct is read or written, and clears the
 *           rest of what is read. A member that is 0 then has the default that its comment gives ("0: 100"); where that gives
 *           none, 0 is a value like any other. A program that was compiled with an older header has smaller structs: what
 *           they lack is 0 where they are read, and left out where they are written. Larger ones are refused. Structs
 *           without struct_size are never other than here.
 */
#ifndef AMLZ_H
#define AMLZ_H

#include <stddef.h>
#include <stdint.h>

#ifndef AMLZ_API
#  if defined(_WIN32) && defined(AMLZ_EXPORTS) /* while a DLL is made; users need not say whether they have one */
#    define AMLZ_API __declspec(dllexport)
#  elif defined(__GNUC__)
#    define AMLZ_API __attribute__((visibility("default")))
#  else
#    define AMLZ_API
#  endif
#endif

/* A header of the user's that says what of the library is built: see src/base/build.h. */
#ifdef AMLZ_BUILD
#  include AMLZ_BUILD
#endif

/* Instructions that each component function of a program can hold. Part of the ABI: library and user must be compiled with
 * the same number. A small device may compile both with a smaller one, written as a number alone. Functions that programs go
 * through have it in their names then, so that a library of another capacity does not link. */
#ifndef AMLZ_CAPACITY
#  define AMLZ_CAPACITY 64
#endif
#if AMLZ_CAPACITY != 64
#  define AMLZ_NAMED(name, capacity) AMLZ_NAMED_(name, capacity)
#  define AMLZ_NAMED_(name, capacity) name##_capacity_##capacity
#  define amlz_program_check AMLZ_NAMED(amlz_program_check, AMLZ_CAPACITY)
#  define amlz_program_equal AMLZ_NAMED(amlz_program_equal, AMLZ_CAPACITY)
#  define amlz_program_hash AMLZ_NAMED(amlz_program_hash, AMLZ_CAPACITY)
#  define amlz_program_print AMLZ_NAMED(amlz_program_print, AMLZ_CAPACITY)
#  define amlz_program_parse AMLZ_NAMED(amlz_program_parse, AMLZ_CAPACITY)
#  define amlz_program_pack AMLZ_NAMED(amlz_program_pack, AMLZ_CAPACITY)
#  define amlz_program_unpack AMLZ_NAMED(amlz_program_unpack, AMLZ_CAPACITY)
#  define amlz_program_cost AMLZ_NAMED(amlz_program_cost, AMLZ_CAPACITY)
#  define amlz_program_live AMLZ_NAMED(amlz_program_live, AMLZ_CAPACITY)
#  define amlz_program_simplify AMLZ_NAMED(amlz_program_simplify, AMLZ_CAPACITY)
#  define amlz_program_can_learn AMLZ_NAMED(amlz_program_can_learn, AMLZ_CAPACITY)
#  define amlz_program_key AMLZ_NAMED(amlz_program_key, AMLZ_CAPACITY)
#  define amlz_program_random AMLZ_NAMED(amlz_program_random, AMLZ_CAPACITY)
#  define amlz_evaluate AMLZ_NAMED(amlz_evaluate, AMLZ_CAPACITY)
#  define amlz_probe AMLZ_NAMED(amlz_probe, AMLZ_CAPACITY)
#  define amlz_learner_init AMLZ_NAMED(amlz_learner_init, AMLZ_CAPACITY)
#  define amlz_mutate AMLZ_NAMED(amlz_mutate, AMLZ_CAPACITY)
#  define amlz_search_init AMLZ_NAMED(amlz_search_init, AMLZ_CAPACITY)
#  define amlz_search_take AMLZ_NAMED(amlz_search_take, AMLZ_CAPACITY)
#  define amlz_search_ask AMLZ_NAMED(amlz_search_ask, AMLZ_CAPACITY)
#  define amlz_search_best AMLZ_NAMED(amlz_search_best, AMLZ_CAPACITY)
#  define amlz_search_member AMLZ_NAMED(amlz_search_member, AMLZ_CAPACITY)
#  define amlz_search_made_of AMLZ_NAMED(amlz_search_made_of, AMLZ_CAPACITY)
#  define amlz_search_item AMLZ_NAMED(amlz_search_item, AMLZ_CAPACITY)
#  define amlz_search_put AMLZ_NAMED(amlz_search_put, AMLZ_CAPACITY)
#  define amlz_program_text_size AMLZ_NAMED(amlz_program_text_size, AMLZ_CAPACITY)
#  define amlz_program_packed_size AMLZ_NAMED(amlz_program_packed_size, AMLZ_CAPACITY)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* cdef: begin. Between the marks stand only declarations that the Python layer reads as they are. */

#define AMLZ_VERSION_MAJOR 0
#define AMLZ_VERSION_MINOR 1
#define AMLZ_VERSION_PATCH 0

#define AMLZ_FUNCTION_COUNT 3
#define AMLZ_CONSTANT_COUNT 3
#define AMLZ_MAX_FEATURES 65536
#define AMLZ_MAX_ADDRESSES 256
#define AMLZ_MAX_OPS 128
#define AMLZ_MUTATION_COUNT 16
#define AMLZ_MAX_HURDLES 4

/* ---------------------------------------------------------------- statuses, versions */

typedef enum amlz_status {
    AMLZ_OK = 0,
    AMLZ_ERROR_ARGUMENT = 1,    /* a null pointer, a number out of its range, objects that do not fit each other */
    AMLZ_ERROR_MEMORY = 2,      /* a block or buffer is too small */
    AMLZ_ERROR_PROGRAM = 3,     /* the program does not fit its space */
    AMLZ_ERROR_SYNTAX = 4,      /* text that is not a program */
    AMLZ_ERROR_DATA = 5,        /* NaN or infinity in data, a label that is none */
    AMLZ_ERROR_UNSUPPORTED = 6  /* this machine or build does not have it */
} amlz_status;

/* The name of a status ("ok", "syntax error" ...); "unknown status" for a number that is none. Never NULL. */
AMLZ_API const char *amlz_status_name(int status);

/* "0.1.0": the version of the library that runs, to be compared with AMLZ_VERSION_*. */
AMLZ_API const char *amlz_version(void);

/* Name and version of the compiler that built the library. */
AMLZ_API const char *amlz_compiler(void);

/* Whether this build, on this machine, computes the bits that all builds compute: every kernel of every variant that there
 * is here, and what is drawn, on numbers of all kinds; a few milliseconds. The sources refuse or undo what is known to change
 * bits; this finds the rest. AMLZ_ERROR_UNSUPPORTED, with the reason, where results are not those of other builds. */
AMLZ_API amlz_status amlz_self_test(const char **reason);

typedef enum amlz_precision { AMLZ_FLOAT32 = 0, AMLZ_FLOAT64 = 1 } amlz_precision;

/* Instruction sets. All give the same bits; AUTO takes the fastest that the machine has. */
typedef enum amlz_variant {
    AMLZ_VARIANT_AUTO = 0,
    AMLZ_VARIANT_BASELINE = 1, /* what every CPU of the target has */
    AMLZ_VARIANT_AVX2 = 2,
    AMLZ_VARIANT_AVX512 = 3
} amlz_variant;
#define AMLZ_VARIANT_COUNT 4

/* 1 if this build and this machine can run the variant, else 0. */
AMLZ_API int amlz_variant_available(int variant);
/* "auto", "baseline", "avx2", "avx512"; NULL for a number that is none. */
AMLZ_API const char *amlz_variant_name(int variant);
/* What AUTO stands for here. */
AMLZ_API amlz_variant amlz_variant_best(void);

/* ---------------------------------------------------------------- ops */

typedef enum amlz_type { AMLZ_NONE = 0, AMLZ_SCALAR = 1, AMLZ_VECTOR = 2, AMLZ_MATRIX = 3 } amlz_type;

/* What a constant of an instruction is. */
typedef enum amlz_constant {
    AMLZ_CONSTANT_NONE = 0,
    AMLZ_CONSTANT_REAL = 1,  /* any finite number */
    AMLZ_CONSTANT_INDEX = 2, /* a place in a vector as a fraction of F, in [0, 1) */
    AMLZ_CONSTANT_STDEV = 3  /* a finite number, 0 or more */
} amlz_constant;

typedef struct amlz_op_info {
    const char *name;    /* "dot_product" */
    const char *text;    /* how it is written, "$o = dot($1, $2)": see the op reference for the marks */
    const char *formula; /* what it means */
    uint8_t out, in1, in2;  /* amlz_type */
    uint8_t constant[AMLZ_CONSTANT_COUNT];   /* amlz_constant */
    double cost_base, cost_work; /* cost at F features: base + work * F^power; a scalar sum costs 1 */
    uint8_t cost_power;
    uint8_t is_random;   /* draws random numbers */
    uint8_t is_partial;  /* writes a part of its output, so what was there stays */
    uint8_t is_commutative; /* in1 and in2 can be exchanged without changing a bit */
} amlz_op_info;

/* How many ops there are: ids 0 .. count - 1. */
AMLZ_API int amlz_op_count(void);
/* The table's row of an op, owned by the library; NULL for an id that is none, or that a tailored build leaves out. */
AMLZ_API const amlz_op_info *amlz_op(int id);

/* ---------------------------------------------------------------- programs */

/* One instruction. Addresses and constants that its op does not use are 0. */
typedef struct amlz_instruction {
    uint8_t op;
    uint8_t out, in1, in2;
    double constant[AMLZ_CONSTANT_COUNT];
} amlz_instruction;

typedef enum amlz_function { AMLZ_SETUP = 0, AMLZ_PREDICT = 1, AMLZ_LEARN = 2 } amlz_function;

/* A program: three component functions. Plain data: it may be copied, stored and compared like any struct, but see
 * amlz_program_equal. Instructions at and after size[f] have no meaning. */
typedef struct amlz_program {
    uint16_t size[AMLZ_FUNCTION_COUNT];
    amlz_instruction code[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
} amlz_program;

/* The AMLZ_CAPACITY that the library was built with. */
AMLZ_API int amlz_program_capacity(void);

typedef enum amlz_label {
    AMLZ_REGRESSION = 0, /* s0 label, s1 prediction */
    AMLZ_BINARY = 1,     /* s0 label, 0 or 1; s1 prediction, its logit; a probability while Learn runs */
    AMLZ_MULTICLASS = 2  /* v1 label, one-hot; v2 prediction, logits; probabilities while Learn runs */
} amlz_label;

/* The memory that a program runs on. Addresses count from 0 in each type. */
typedef struct amlz_dims {
    uint32_t n_features; /* F, 1 to 65536: length of a vector; a matrix is F x F */
    uint16_t n_scalars;  /* 2 to 256: s0 is the label, s1 the prediction */
    uint16_t n_vectors;  /* 1 to 256 (3 with vector labels): v0 are the features */
    uint16_t n_matrices; /* 0 to 256 */
    uint8_t label;       /* amlz_label */
    uint32_t n_classes;  /* 2 to F with AMLZ_MULTICLASS, else 0 */
} amlz_dims;

/* The ops and sizes that one component function may have. Without ops it is never changed. */
typedef struct amlz_function_space {
    uint16_t min_size, max_size; /* instructions, both inclusive, up to AMLZ_CAPACITY */
    uint16_t init_size;          /* of a random program */
    uint16_t n_ops;
    uint8_t ops[AMLZ_MAX_OPS];           /* ids, each once */
} amlz_function_space;

/* What the programs of a search may look like. */
typedef struct amlz_space {
    amlz_dims dims;
    amlz_function_space function[AMLZ_FUNCTION_COUNT];
} amlz_space;

/* OK, or AMLZ_ERROR_ARGUMENT with the reason. */
AMLZ_API amlz_status amlz_dims_check(const amlz_dims *dims, const char **reason);
AMLZ_API amlz_status amlz_space_check(const amlz_space *space, const char **reason);

/* Where and why something was refused. line and column count from 1 and are 0 where they do not apply. */
typedef struct amlz_error {
    uint32_t line, column;
    char message[160];
} amlz_error;

/* Checks that a program can run on the given memory: ops that exist, addresses in range, nothing written to s0, v0 (or v1
 * with vector labels), finite constants in their ranges, unused fields zero. Running a checked program cannot leave its
 * memory. error may be NULL; line is then the instruction's place in its function, from 1.
 * AMLZ_ERROR_PROGRAM; AMLZ_ERROR_ARGUMENT for a NULL or dims that are not valid. On success error is left alone. */
AMLZ_API amlz_status amlz_program_check(const amlz_program *program, const amlz_dims *dims, amlz_error *error);

/* 1 if both have the same instructions with the same bits in their constants, else 0. */
AMLZ_API int amlz_program_equal(const amlz_program *a, const amlz_program *b);

/* A 64-bit hash of what amlz_program_equal compares: the same on every machine. */
AMLZ_API uint64_t amlz_program_hash(const amlz_program *program);

/* Writes the program as text, NUL-terminated; at most size bytes. *length (may be NULL) becomes the text's length without
 * the NUL, whatever the size; buffer may be NULL when size is 0. Parsing the text gives the same program, bit for bit.
 * AMLZ_ERROR_MEMORY if it did not fit (the buffer then holds the beginning); AMLZ_ERROR_PROGRAM, and nothing written, for a
 * program that no text stands for: an unknown op, a size over the capacity, a constant out of its kind's range, an unused
 * field that is not 0. */
AMLZ_API amlz_status amlz_program_print(const amlz_program *program, char *buffer, size_t size, size_t *length);

/* Reads a program's text (length bytes, no NUL needed): `def Setup():`, `def Predict():`, `def Learn():`, each at most
 * once and in any order (one that is left out is empty), an instruction a line, `#` comments. The paper's spelling is
 * read too; integer indexes such as v3[5] need n_features (0: they are an error). The result is NOT checked against a
 * memory: amlz_program_check does that. On AMLZ_ERROR_SYNTAX *program is unchanged and error (may be NULL) says where
 * and what was expected; AMLZ_ERROR_ARGUMENT, at line 0, for a NULL or n_features over AMLZ_MAX_FEATURES. On success
 * error is left alone. */
AMLZ_API amlz_status amlz_program_parse(const char *text, size_t length, uint32_t n_features, amlz_program *program,
                                        amlz_error *error);

/* A buffer of this size takes the text of any program, with the NUL. */
AMLZ_API size_t amlz_program_text_size(void);

/* Writes the program as bytes, a form for archives: of each function the number of instructions (2 bytes), then of each
 * instruction the op, the addresses and the constants (8 bytes each) that its op uses; all little-endian. At most size
 * bytes are written; *length (may be NULL) becomes their number, whatever the size. Errors as of amlz_program_print. */
AMLZ_API amlz_status amlz_program_pack(const amlz_program *program, void *bytes, size_t size, size_t *length);

/* Reads what amlz_program_pack wrote, bit for bit. What is accepted has ops that exist and constants in their ranges, and
 * packs to the same bytes; it is NOT checked against a memory: amlz_program_check does that. On AMLZ_ERROR_PROGRAM
 * *program is unchanged and error (may be NULL) says what was wrong at which byte, in `column` from 1. */
AMLZ_API amlz_status amlz_program_unpack(const void *bytes, size_t length, amlz_program *program, amlz_error *error);

/* A buffer of this size takes the bytes of any program. */
AMLZ_API size_t amlz_program_packed_size(void);

/* Static cost of one Predict and one Learn at F features, in units of a scalar sum. 0 for an unknown op. */
AMLZ_API double amlz_program_cost(const amlz_program *program, uint32_t n_features);

/* Marks the live instructions: those that can reach a prediction. live[f][i] becomes 1 or 0 for i < size[f].
 * The program must have passed amlz_program_check for dims. */
AMLZ_API amlz_status amlz_program_live(const amlz_program *program, const amlz_dims *dims, uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY]);

/* Removes dead instructions; out may be the program itself. The result computes the same bits. */
AMLZ_API amlz_status amlz_program_simplify(const amlz_program *program, const amlz_dims *dims, amlz_program *out);

/* 1 if what the program predicts may depend on the features of the example at hand and on labels that it learned from;
 * 0 if it cannot, whatever the numbers are, or if the program does not fit dims. */
AMLZ_API int amlz_program_can_learn(const amlz_program *program, const amlz_dims *dims);

/* The structural key: equal for programs whose live code is the same but for the numbering of addresses and the order
 * of commuting operands. Equal keys mean equal fitness (but for a chance of about 1e-19 a pair). 0 for a program that
 * does not fit dims. */
AMLZ_API uint64_t amlz_program_key(const amlz_program *program, const amlz_dims *dims);

/* A program drawn at random from the space (each function with its init_size), a function of the seed alone.
 * Functions without ops are left as they are in *program. */
AMLZ_API amlz_status amlz_program_random(const amlz_space *space, uint64_t seed, amlz_program *program);

/* ---------------------------------------------------------------- random numbers */

/* count standard normal / uniform (0, 1) numbers, the stream-th sequence of the seed: the same bits everywhere. */
AMLZ_API void amlz_fill_gaussian(uint64_t seed, uint64_t stream, double *out, size_t count);
AMLZ_API void amlz_fill_uniform(uint64_t seed, uint64_t stream, double *out, size_t count);

/* ---------------------------------------------------------------- tasks */

typedef struct amlz_tasks_config {
    size_t struct_size;
    uint32_t n_tasks;    /* D, 1 or more */
    uint32_t n_features; /* F */
    uint32_t n_train;    /* examples a task, 1 or more */
    uint32_t n_valid;    /* 1 or more */
    uint32_t n_epochs;   /* passes over the training examples; 0: 1 */
    uint8_t label;       /* amlz_label */
    uint32_t n_classes;  /* with AMLZ_MULTICLASS */
    uint8_t precision;   /* amlz_precision that they will be run in */
    uint64_t order_seed; /* the first epoch keeps the given order; each later one has its own, drawn from this */
} amlz_tasks_config;

typedef struct amlz_tasks amlz_tasks;

/* Bytes for a task set; 0 if the configuration is not valid. */
AMLZ_API size_t amlz_tasks_size(const amlz_tasks_config *config, const char **reason);
/* Builds an empty task set; NULL on failure. */
AMLZ_API amlz_tasks *amlz_tasks_init(void *memory, size_t size, const amlz_tasks_config *config, const char **reason);

/* Copies one task's data in, task from 0. Features row by row, [n][F]; one label an example: a number, 0 or 1, or a
 * class 0 .. C - 1. The data are rounded to the set's precision. AMLZ_ERROR_DATA (with nothing promised of this task's
 * former data) where a feature is not finite or a label is none. A set may be used when each of its tasks was set. */
AMLZ_API amlz_status amlz_tasks_set_f32(amlz_tasks *tasks, uint32_t task, const float *train_x, const float *train_y,
                                        const float *valid_x, const float *valid_y);
AMLZ_API amlz_status amlz_tasks_set_f64(amlz_tasks *tasks, uint32_t task, const double *train_x, const double *train_y,
                                        const double *valid_x, const double *valid_y);

/* One number of the set as it was rounded: a feature, or a label where feature is F; of a training example, or of a
 * validation example where is_valid is not 0. NaN for what is not there. */
AMLZ_API double amlz_tasks_value(const amlz_tasks *tasks, uint32_t task, int is_valid, uint32_t example, uint32_t feature);

/* A 64-bit hash of kind, shape, precision and all numbers, but not of the epochs and their order: the same on every
 * machine. 0 for NULL. */
AMLZ_API uint64_t amlz_tasks_digest(const amlz_tasks *tasks);

/* ---------------------------------------------------------------- evaluation */

/* How the fitnesses of single tasks become one. */
typedef enum amlz_combine { AMLZ_MEAN = 0, AMLZ_MEDIAN = 1 } amlz_combine;

typedef struct amlz_evaluator_config {
    size_t struct_size;
    amlz_dims dims;
    uint8_t precision; /* amlz_precision */
    uint8_t variant;   /* amlz_variant */
    uint8_t combine;   /* amlz_combine */
    uint32_t max_tasks; /* the most tasks that a set may have, 1 or more */
} amlz_evaluator_config;

typedef struct amlz_evaluator amlz_evaluator;

typedef struct amlz_evaluation {
    size_t struct_size;
    double fitness;       /* in [0, 1] */
    uint64_t train_steps; /* Predict and Learn on one example of one task, summed over tasks */
    uint64_t valid_steps;
    uint32_t n_stopped;   /* tasks that were stopped early by NaN or an error over 100 */
} amlz_evaluation;

AMLZ_API size_t amlz_evaluator_size(const amlz_evaluator_config *config, const char **reason);
AMLZ_API amlz_evaluator *amlz_evaluator_init(void *memory, size_t size, const amlz_evaluator_config *config,
                                             const char **reason);

/* The variant that AUTO became. */
AMLZ_API amlz_variant amlz_evaluator_variant(const amlz_evaluator *evaluator);

/* Runs a program on every task of the set. seed: of its random ops. task_fitness, if not NULL, takes D numbers.
 * AMLZ_ERROR_PROGRAM if the program does not fit the evaluator's dims, AMLZ_ERROR_ARGUMENT if the tasks do not. */
AMLZ_API amlz_status amlz_evaluate(amlz_evaluator *evaluator, const amlz_tasks *tasks, const amlz_program *program,
                                   uint64_t seed, amlz_evaluation *result, double *task_fitness);

/* What a fingerprint sees: n_train training and then n_valid validation examples of each task, in order (each at most
 * what the tasks have), from fresh memory. The absolute errors go to train_errors [D][n_train] and valid_errors
 * [D][n_valid]; in classification validation errors are 0 or 1; from where a task was stopped on they are NaN. */
AMLZ_API amlz_status amlz_probe(amlz_evaluator *evaluator, const amlz_tasks *tasks, const amlz_program *program,
                                uint64_t seed, uint32_t n_train, uint32_t n_valid, double *train_errors,
                                double *valid_errors);

/* ---------------------------------------------------------------- learner */

/* One program at work: it predicts and learns from one example at a time, with no allocation. */
typedef struct amlz_learner_config {
    size_t struct_size;
    amlz_dims dims;
    uint8_t precision; /* amlz_precision: which of the _f32 and _f64 calls may be used */
    uint8_t variant;   /* amlz_variant */
    uint8_t keep_dead_code; /* 1: run every instruction, so that the whole memory can be looked at */
    uint64_t seed;     /* of random ops; with `task` it gives the draws of that task in amlz_evaluate */
    uint32_t task;
} amlz_learner_config;

typedef struct amlz_learner amlz_learner;

/* Bytes for a learner of any program of these dims. */
AMLZ_API size_t amlz_learner_size(const amlz_learner_config *config, const char **reason);
/* Builds it and runs Setup. The program is copied. NULL on failure. */
AMLZ_API amlz_learner *amlz_learner_init(void *memory, size_t size, const amlz_learner_config *config,
                                         const amlz_program *program, const char **reason);
/* Forgets everything: memory zeroed, draws from the start, Setup run. */
AMLZ_API void amlz_learner_reset(amlz_learner *learner);

/* Runs Predict on F features. *prediction: the number predicted; with AMLZ_BINARY the probability of class 1; with
 * AMLZ_MULTICLASS n_classes probabilities. AMLZ_ERROR_ARGUMENT for the other precision or NULL. */
AMLZ_API amlz_status amlz_learner_predict_f32(amlz_learner *learner, const float *features, float *prediction);
AMLZ_API amlz_status amlz_learner_predict_f64(amlz_learner *learner, const double *features, double *prediction);

/* One training step: Predict, then Learn with the label (a number, 0 or 1, or a class). prediction (as above) may be
 * NULL. AMLZ_ERROR_DATA, with nothing done, for a label that is none. Features are taken as they are, NaN included. */
AMLZ_API amlz_status amlz_learner_learn_f32(amlz_learner *learner, const float *features, float label,
                                            float *prediction);
AMLZ_API amlz_status amlz_learner_learn_f64(amlz_learner *learner, const double *features, double label,
                                            double *prediction);

/* How the rows of amlz_learner_predict_many see what Predict writes to memory. Programs in which Predict finds nothing that
 * it wrote before, and draws nothing at random, predict the same either way. */
typedef enum amlz_rows {
    AMLZ_ROWS_ALONE = 0,  /* each row finds memory and draws as the learner has them, that is as the last Learn (or other
                             call that changes it) left them: no row depends on the others or on their order */
    AMLZ_ROWS_IN_TURN = 1 /* the first row does, and each other finds what the row before it left: as in validation,
                             and as so many calls of amlz_learner_predict would have it */
} amlz_rows;

/* Bytes of scratch that amlz_learner_predict_many needs: with this learner, always the same. 0 for NULL. */
AMLZ_API size_t amlz_learner_scratch_size(const amlz_learner *learner);

/* Predicts for many rows and does not change the learner: Predict runs on a copy of its memory, in scratch (a block of any
 * alignment, whose contents do not matter). So several threads may predict by one learner at the same time, each with
 * scratch of its own, while none learns. Row i begins at features[i * stride], predictions (as of amlz_learner_predict)
 * lie one behind the other. AMLZ_ERROR_MEMORY where scratch is too small; else as of amlz_learner_predict. Once begun it
 * does all rows: who wants to be able to stop gives it some at a time, with AMLZ_ROWS_ALONE to the same bits. */
AMLZ_API amlz_status amlz_learner_predict_many_f32(const amlz_learner *learner, int rows, const float *features,
                                                   size_t stride, size_t n_rows, float *predictions, void *scratch,
                                                   size_t scratch_size);
AMLZ_API amlz_status amlz_learner_predict_many_f64(const amlz_learner *learner, int rows, const double *features,
                                                   size_t stride, size_t n_rows, double *predictions, void *scratch,
                                                   size_t scratch_size);

/* As so many calls of amlz_learner_learn, one row after the other; predictions may be NULL. AMLZ_ERROR_DATA, with nothing
 * done, if one of the labels is none. */
AMLZ_API amlz_status amlz_learner_learn_many_f32(amlz_learner *learner, const float *features, size_t stride,
                                                 const float *labels, size_t n_rows, float *predictions);
AMLZ_API amlz_status amlz_learner_learn_many_f64(amlz_learner *learner, const double *features, size_t stride,
                                                 const double *labels, size_t n_rows, double *predictions);

/* Reads or writes one address: 1, F or F * F numbers, matrices row by row. Needs keep_dead_code, since otherwise not every
 * address has a place: AMLZ_ERROR_ARGUMENT without, as for an address out of range. */
AMLZ_API amlz_status amlz_learner_get(const amlz_learner *learner, int type, int address, double *values);
AMLZ_API amlz_status amlz_learner_set(amlz_learner *learner, int type, int address, const double *values);
/* Runs one component function on the memory as it is. */
AMLZ_API amlz_status amlz_learner_run(amlz_learner *learner, int function);

/* How often each function has run, which says what its random ops draw next; and sets it. With all addresses, this is what
 * a learner knows: set both in a new one of the same configuration and program, and it goes on as the old one would. */
AMLZ_API amlz_status amlz_learner_get_runs(const amlz_learner *learner, uint64_t runs[AMLZ_FUNCTION_COUNT]);
AMLZ_API amlz_status amlz_learner_set_runs(amlz_learner *learner, const uint64_t runs[AMLZ_FUNCTION_COUNT]);

/* ---------------------------------------------------------------- search */

typedef enum amlz_mutation {
    AMLZ_MUTATE_INSERT = 0,
    AMLZ_MUTATE_REMOVE = 1,
    AMLZ_MUTATE_RANDOMIZE_INSTRUCTION = 2,
    AMLZ_MUTATE_RANDOMIZE_FUNCTION = 3,
    AMLZ_MUTATE_ALTER_ARGUMENT = 4,
    AMLZ_MUTATE_TRADE = 5, /* insert one and remove one */
    AMLZ_MUTATE_RANDOMIZE_PROGRAM = 6,
    AMLZ_MUTATE_IDENTITY = 7,
    /* Live edits, which know who writes what and who wants it. Dead lines are removed first, and where a function then has
     * fewer lines than min_size, others that are dead fill it up; so what is said here is of live lines. */
    AMLZ_MUTATE_REWIRE = 8,          /* an operand becomes another address */
    AMLZ_MUTATE_INSERT_ON_EDGE = 9,  /* a new line computes an operand, in every second case of what was there before */
    AMLZ_MUTATE_CHANGE_OP = 10,      /* another op with an output of the same type; operands stay where types agree */
    AMLZ_MUTATE_BYPASS = 11,         /* a line goes; who read its output reads one of its operands */
    AMLZ_MUTATE_MOVE = 12,           /* a line goes to another place of its function */
    AMLZ_MUTATE_ADD_STATE = 13,      /* an operand becomes an address that a new line at the end of Learn writes */
    AMLZ_MUTATE_INITIALIZE = 14,     /* a line of Setup, for an address that is wanted: a new one, another one, or none */
    AMLZ_MUTATE_REGROW = 15          /* a function, or its beginning, anew: backwards from what is wanted */
} amlz_mutation;

/* "insert", "remove", "randomize_instruction" ...; NULL for a number that is none. */
AMLZ_API const char *amlz_mutation_name(int mutation);

typedef enum amlz_algorithm { AMLZ_EVOLUTION = 0, AMLZ_RANDOM_SEARCH = 1 } amlz_algorithm;

/* What the first population is made of. */
typedef enum amlz_start {
    AMLZ_START_RANDOM = 0,
    AMLZ_START_EMPTY = 1,
    AMLZ_START_PROGRAM = 2,
    AMLZ_START_GROWN = 3 /* random ones of live lines alone: each function grown backwards from what is wanted of it */
} amlz_start;

/* Changes a program by one action, drawn with the given weights (AMLZ_MUTATION_COUNT of them, 0 or more, their sum over
 * 0); *action (may be NULL) becomes the amlz_mutation. A function of the arguments and *seed alone; *seed is moved on.
 * An action that cannot apply leaves the program as it is. The program must fit the space. */
AMLZ_API amlz_status amlz_mutate(const amlz_space *space, const double *weights, uint64_t *seed, amlz_program *program,
                                 int *action);

/* A hurdle: one pass over the first examples of each task, from fresh memory, that a program must do well in to be tried on
 * more (the paper's section S3). Its fitness there must reach a threshold: of the last hurdle_window different fitnesses
 * seen at that hurdle, in ascending order, the one after the first floor(hurdle_percentile * hurdle_window). Until there
 * are so many, which starts anew at each mark, nothing is stopped. A program that is stopped keeps the fitness that it had
 * there, also in the caches, but is none of the best: history, hall of fame and the best program are of programs that were
 * scored on everything. */
typedef struct amlz_hurdle {
    uint32_t n_train, n_valid; /* 1 to what the tasks have; n_train larger from hurdle to hurdle */
} amlz_hurdle;

typedef struct amlz_search_config {
    size_t struct_size;
    amlz_space space;
    uint64_t seed;            /* everything random in the search comes from it */
    uint8_t algorithm;        /* amlz_algorithm */
    uint8_t start;            /* amlz_start; empty programs may be below min_size, and then only grow */
    uint8_t combine;          /* amlz_combine */
    uint8_t precision;        /* amlz_precision, that of the tasks */
    uint8_t variant;          /* amlz_variant */
    uint32_t population_size; /* P; 0: 100 */
    uint32_t tournament_size; /* T; 0: 10 */
    double mutate_prob;       /* U, in [0, 1]: else the child is a copy; 0, if all weights are 0 too: 0.9 */
    double mutation_weight[AMLZ_MUTATION_COUNT]; /* by amlz_mutation; all 0: the paper's */
    uint32_t cache_size;      /* structural keys remembered; 0: none */
    uint32_t fec_size;        /* fingerprints remembered; 0: no functional equivalence cache */
    uint32_t fec_train, fec_valid; /* examples that a fingerprint looks at; 0: 10, or all where the tasks have fewer */
    uint32_t cache_period;    /* what makes marks, where both caches are emptied: so many evaluations; 0: 100000 */
    uint64_t cache_work;      /* or so much work; 0: 2e11; see "what a search knows" below */
    uint32_t history_size;    /* improvements of the best fitness that are remembered, thinned where they are more; 0: none */
    double max_cost;          /* programs of a larger amlz_program_cost score 0 unrun; 0: no limit */
    uint8_t must_learn;       /* 1: so do programs of which amlz_program_can_learn says no */
    uint32_t redraws;         /* a child with the structural key of a member is drawn again, so often at most; 0: never */
    uint32_t n_hurdles;       /* 0: none */
    amlz_hurdle hurdle[AMLZ_MAX_HURDLES]; /* those after n_hurdles are zero */
    double hurdle_percentile; /* with hurdles: over 0 and under 1; 0: 0.75 */
    uint32_t hurdle_window;   /* with hurdles; 0: 100 */
    uint32_t max_mutations;   /* of a child: each after the first comes with probability 1/2; 0: 1 */
    uint8_t simplify;         /* 1: none that it makes has more dead lines than min_size wants */
    uint8_t redraw_rejected;  /* 1: programs that would score 0 unrun are drawn again too, so often as redraws says */
    uint32_t structures_size; /* structures remembered, see below: those that were seen are drawn again too; 0: none */
    uint32_t tunings;         /* settings of its constants that a program is judged by, see below; 0: 1 */
    uint32_t replace_worst_of; /* a child takes the place of the worst of so many members drawn, if it is no worse; 0: of
                                  the oldest */
    double fresh_prob;        /* in [0, 1]: else a child is made as the first programs are */
    uint32_t restart_period;  /* after so many evaluations, P or more, the population is made anew; 0: never */
    double constant_low, constant_high; /* sizes that constants are drawn from, log-uniformly; low 0: the paper's [-1, 1);
                                           high 0: 1 */
} amlz_search_config;

/* Structures. The structure of a program is its structural key without regard to constants. A search that remembers
 * structures knows those of the programs that it scored since the last mark or restart, and of the members at the mark; when
 * there are more than structures_size it forgets them all. Copies of members pass where tunings is over 1.
 *
 * Tunings. A program that was run on all examples, and has constants, is run so often again, less 1, each time with another
 * setting of its constants: half of the settings have new ones in place of half of them, the others perturb one or all. It
 * keeps the best, and its fitness. Programs that a cache knew, that a hurdle stopped or whose fitness was told keep their own.
 *
 * Restarts. The first P programs after each are made as the first programs of the search, and take the places of the members
 * one after the other. Hall, history and the best program stay. */

/* The values that the paper uses, for everything but space and seed, which become 0: the defaults above, the median, and a
 * cache, fingerprints and a history of sizes that suit most searches. AMLZ_ERROR_ARGUMENT for a struct_size that is none. */
AMLZ_API amlz_status amlz_search_defaults(amlz_search_config *config);

typedef struct amlz_search amlz_search;

typedef struct amlz_progress {
    size_t struct_size;
    uint64_t evaluations;    /* programs scored, in whatever way: the sum of cache_hits, fec_hits, rejected, hurdle_stops
                                and full_evaluations */
    uint64_t cache_hits;     /* of these: known by their structural key */
    uint64_t fec_hits;       /* known by their fingerprint */
    uint64_t rejected;       /* scored 0 unrun, for their cost or because they cannot learn */
    uint64_t probes;         /* programs run for a fingerprint */
    uint64_t full_evaluations; /* programs run on all examples, or whose fitness was told */
    uint64_t train_steps, valid_steps; /* of probes, hurdles and full evaluations */
    double best_fitness;     /* of the best program ever seen; -1 before the first */
    uint64_t best_evaluation; /* the number of the evaluation that found it, from 1 */
    double mean_fitness;     /* of the population as it is */
    uint32_t population;     /* members so far */
    uint64_t duplicates;     /* children that were drawn again */
    uint64_t hurdle_stops[AMLZ_MAX_HURDLES]; /* programs that were stopped at each hurdle */
    uint64_t saved_steps;    /* training and validation steps of as many full evaluations, if nothing ends them early */
    uint64_t tunings;        /* further settings of constants that were run: programs beside those that evaluations counts */
    uint64_t restarts;       /* populations that were made anew */
} amlz_progress;

/* OK, or AMLZ_ERROR_ARGUMENT or _UNSUPPORTED with the reason. tasks may be NULL; else it is checked, too, that a search of
 * this configuration can run on tasks of that shape. */
AMLZ_API amlz_status amlz_search_check(const amlz_search_config *config, const amlz_tasks_config *tasks,
                                       const char **reason);
/* Bytes for a search over that many tasks; it never grows. */
AMLZ_API size_t amlz_search_size(const amlz_search_config *config, uint32_t n_tasks, const char **reason);
/* Builds it. The tasks must outlive the search. start_program: for AMLZ_START_PROGRAM, and for functions without ops with
 * the other starts (NULL: those are empty). NULL on failure. */
AMLZ_API amlz_search *amlz_search_init(void *memory, size_t size, const amlz_search_config *config,
                                       const amlz_tasks *tasks, const amlz_program *start_program, const char **reason);

/* Scores up to `evaluations` more programs, stopping after the first that makes the best fitness reach stop_fitness
 * (over 1, or NaN: never). Running n and then m is the same as running n + m. progress may be NULL. AMLZ_ERROR_ARGUMENT,
 * with nothing done, while the fitness of a program that was asked for is not told, or items were put and the search was not
 * resumed. */
AMLZ_API amlz_status amlz_search_run(amlz_search *search, uint64_t evaluations, double stop_fitness,
                                     amlz_progress *progress);

/* Takes in programs from outside: each is scored as if it were a child, and takes the place of the oldest once the
 * population is full. This is one step, with a mark at its end (see below); so an archive made after it needs to know
 * nothing of where the programs came from. With count 0 it only makes a mark. AMLZ_ERROR_PROGRAM, with the reason and
 * nothing done, if one does not fit the space or is longer than max_size. */
AMLZ_API amlz_status amlz_search_take(amlz_search *search, const amlz_program *programs, uint32_t count,
                                      const char **reason);

/* For evaluating elsewhere. Makes the next program as amlz_search_run would, with the same random numbers, and a ticket,
 * which is the number that its evaluation will have. Until all fitnesses are told the search refuses to run and to take in
 * programs, and is otherwise as if those that wait had not been asked for; so an archive of it knows nothing of them, and
 * the search resumed from that gives the same ones when it is asked.
 *
 * One program may be out at a time, or as many as there is room lent for. Ticket 0, with AMLZ_OK and an empty program: what
 * comes next depends on the fitness of one that is out. So what is found never depends on how many are out or in which
 * order they are told. AMLZ_ERROR_ARGUMENT, with the reason. */
AMLZ_API amlz_status amlz_search_ask(amlz_search *search, amlz_program *program, uint64_t *ticket, const char **reason);

/* Takes a program that was asked for into the population with this fitness, from 0 to 1, and into best, history and hall of
 * fame if it is good enough, as soon as those asked for before it are in: one evaluation, counted as a full one without
 * steps, with a mark at its end. Programs that are too expensive or cannot learn, where that matters, score 0 and are
 * counted as rejected whatever is told. No cache or hurdle is asked. If each fitness told is what a full evaluation finds,
 * the population is that of a search that is run without caches and hurdles. AMLZ_ERROR_ARGUMENT, with the reason and
 * nothing done, for a ticket that is not out, or was told, and for another fitness. */
AMLZ_API amlz_status amlz_search_tell(amlz_search *search, uint64_t ticket, double fitness, const char **reason);

/* Bytes for n_out programs that are out at the same time; 0 if there cannot be so many. */
AMLZ_API size_t amlz_search_lend_size(uint32_t n_out, const char **reason);
/* Lends the search memory for them, until it is lent other or used no more; those that are out move there.
 * AMLZ_ERROR_ARGUMENT, with the reason and nothing done, for a block that is too small, or if more are out. */
AMLZ_API amlz_status amlz_search_lend(amlz_search *search, void *memory, size_t size, uint32_t n_out, const char **reason);

AMLZ_API amlz_status amlz_search_progress(const amlz_search *search, amlz_progress *progress);

/* One search on many cores. The threads of a crew, which are the caller's, score programs of the same search at the same
 * time, and what they find is bit for bit what amlz_search_run finds: children are drawn ahead of their turn and taken in
 * in the order in which they were drawn. Where one depends on a fitness that is not known yet, this is guessed; a wrong
 * guess costs time and nothing else. */
typedef struct amlz_crew amlz_crew;

/* How threads wait for each other. context is passed to each of the functions and stays the caller's, as they do; all must
 * outlive the crew. */
typedef struct amlz_crew_config {
    size_t struct_size;
    uint32_t n_ahead;              /* programs that may be drawn ahead, 1 or more: some sixteen for each thread */
    void (*lock)(void *context);   /* a mutex */
    void (*unlock)(void *context);
    void (*wait)(void *context);   /* with the mutex held, which is open while it waits for wake; may return sooner */
    void (*wake)(void *context);   /* with the mutex held: all who wait */
    void *context;
} amlz_crew_config;

/* Bytes for a crew; 0 if something is not valid. */
AMLZ_API size_t amlz_crew_size(const amlz_crew_config *config, amlz_search *search, const char **reason);
/* Builds it. The search must outlive it. NULL on failure. */
AMLZ_API amlz_crew *amlz_crew_init(void *memory, size_t size, const amlz_crew_config *config, amlz_search *search,
                                   const char **reason);

/* Says what is to be done, as the arguments of amlz_search_run. To be called while no thread is in amlz_crew_work; after it
 * the search must not be used in any other way until all threads have left that. AMLZ_ERROR_ARGUMENT, with nothing done,
 * while the fitness of a program that was asked for is not told. */
AMLZ_API amlz_status amlz_crew_begin(amlz_crew *crew, uint64_t evaluations, double stop_fitness);

/* Called by each thread, with an evaluator of its own, made for the search's memory, precision, tasks and combine (any
 * variant). Returns when everything is done. One thread is enough; more may come at any time. */
AMLZ_API amlz_status amlz_crew_work(amlz_crew *crew, amlz_evaluator *evaluator);

/* The best program ever seen and its fitness; either may be NULL. AMLZ_ERROR_ARGUMENT before the first evaluation. */
AMLZ_API amlz_status amlz_search_best(const amlz_search *search, amlz_program *program, double *fitness);

/* Member `index` of the population, 0 the oldest; either output may be NULL. */
AMLZ_API amlz_status amlz_search_member(const amlz_search *search, uint32_t index, amlz_program *program,
                                        double *fitness);

/* A hash of population, fitnesses, best program, random state and counts: equal searches have equal digests, on every
 * machine. */
AMLZ_API uint64_t amlz_search_digest(const amlz_search *search);

/* What a search spends its time on. */
typedef enum amlz_phase {
    AMLZ_PHASE_SELECTION = 0,  /* tournaments, and copying the winner */
    AMLZ_PHASE_MUTATION = 1,   /* also of the first, random programs */
    AMLZ_PHASE_ANALYSIS = 2,   /* cost, live code, structural key */
    AMLZ_PHASE_CACHES = 3,     /* looking up and remembering */
    AMLZ_PHASE_PROBES = 4,     /* running programs on the first examples */
    AMLZ_PHASE_EVALUATION = 5, /* running them at hurdles and on all examples */
    AMLZ_PHASE_RECORDS = 6     /* the child's place in the population, hall of fame, history, marks */
} amlz_phase;
#define AMLZ_PHASE_COUNT 7

/* "selection", "mutation" ...; NULL for a number that is none. */
AMLZ_API const char *amlz_phase_name(int phase);

/* From now on adds the time of each phase, in the clock's units, to ticks, which stays the caller's and must outlive the
 * search. Reading the clock takes time of its own. No clock: no measuring. What is found does not depend on it. */
AMLZ_API void amlz_search_measure(amlz_search *search, uint64_t (*clock)(void), uint64_t ticks[AMLZ_PHASE_COUNT]);

/* ---------------------------------------------------------------- what a search knows, and how it is resumed
 *
 * The caches of a search decide which programs are run, its hurdles which are stopped, and what they remember is too much
 * to be saved. So it is forgotten at marks, which depend on counts alone: when the first population is complete, when the
 * evaluations have doubled since the last mark or cache_period of them were done, whichever is sooner (where structures are
 * remembered, at restarts in place of the first two); in any case once the
 * work since the last mark reaches cache_work, work being steps times F, or F * F where the memory has matrices; and when
 * programs were taken in or a fitness was told. At a mark the search keeps a copy of its state, and from that state alone
 * all that follows can be done again, bit for bit:
 *
 *   save     amlz_search_state, _count and _item at AMLZ_AT_MARK, and the number of evaluations done by now
 *   resume   amlz_search_init with the same arguments; amlz_search_put for each item; amlz_search_resume; and
 *            amlz_search_run for the evaluations that were done since the mark
 *
 * The archive library does all this. A search without caches and hurdles is always at a mark. */

/* When: as things are, or as they were at the last mark (a search that is new is at one). */
typedef enum amlz_moment { AMLZ_NOW = 0, AMLZ_AT_MARK = 1 } amlz_moment;

/* The lists of items in a search. */
typedef enum amlz_part {
    AMLZ_POPULATION = 0, /* oldest first; with replace_worst_of by place */
    AMLZ_HALL = 1,       /* the hall of fame: the best program of each number of live instructions, in that order; from
                            the shortest to the longest that there was */
    AMLZ_HISTORY = 2,    /* evaluations that found a better program than all before them; without their programs */
    AMLZ_BEST = 3        /* the best program ever seen: one item, none before the first evaluation */
} amlz_part;

/* Where an item came from. */
typedef struct amlz_member {
    double fitness;
    uint64_t birth;  /* number of the evaluation that scored it, from 1 */
    uint64_t parent; /* the birth of the program that it was made from; 0: of none */
    uint8_t action;  /* amlz_mutation that made it of its parent; AMLZ_MUTATE_IDENTITY for a copy and without a parent */
} amlz_member;

typedef struct amlz_state {
    size_t struct_size;
    uint64_t rng[4]; /* of the generator that draws everything in the search */
    amlz_progress progress; /* whose struct_size follows from that of the state */
} amlz_state;

/* What it was made of, with defaults in place of zeros; each output may be NULL. start_program is empty where none was given.
 * AMLZ_ERROR_ARGUMENT, with nothing written, for a struct_size that is none. */
AMLZ_API amlz_status amlz_search_made_of(const amlz_search *search, amlz_search_config *config,
                                         amlz_tasks_config *tasks, uint64_t *tasks_digest,
                                         amlz_program *start_program);

/* Numbers of the search. */
AMLZ_API amlz_status amlz_search_state(const amlz_search *search, int moment, amlz_state *state);

/* How many items there are; 0 for a part or moment that is none. */
AMLZ_API uint32_t amlz_search_count(const amlz_search *search, int moment, int part);

/* Item `index`; either output may be NULL. AMLZ_ERROR_ARGUMENT if it is not there. */
AMLZ_API amlz_status amlz_search_item(const amlz_search *search, int moment, int part, uint32_t index,
                                      amlz_program *program, amlz_member *member);

/* Many items a call, to copy a search while it stands still: those from `first` on, in order, at most `count` and as many
 * as fit in the `size` bytes at `bytes`, where their programs stand one after the other as amlz_program_pack writes them.
 * members[i] becomes the i-th item and ends[i] the number of bytes up to its program's end. The history, and bytes that
 * are NULL, take members alone. How many it was; 0 where there are none, or where not even one fits. */
AMLZ_API uint32_t amlz_search_items(const amlz_search *search, int moment, int part, uint32_t first, uint32_t count,
                                    amlz_member *members, void *bytes, size_t size, size_t *ends);

/* Appends an item to a search that is new; program is NULL for the history. The program is checked. From then on the search
 * can only be resumed.
 * AMLZ_ERROR_PROGRAM if it does not fit the space or the place; AMLZ_ERROR_ARGUMENT, with the reason, for items that the
 * search cannot have had, and once it has run. */
AMLZ_API amlz_status amlz_search_put(amlz_search *search, int part, const amlz_program *program,
                                     const amlz_member *member, const char **reason);

/* Makes the items that were put and these numbers the state at the mark, and goes on from there. progress's
 * best_fitness, best_evaluation, mean_fitness, population and saved_steps are not read, for the rest tells them.
 * AMLZ_ERROR_ARGUMENT, with the reason, where items and numbers cannot belong together; the search is then of no use. */
AMLZ_API amlz_status amlz_search_resume(amlz_search *search, const amlz_state *state, const char **reason);

/* cdef: end */

#ifdef __cplusplus
}
#endif

#endif
