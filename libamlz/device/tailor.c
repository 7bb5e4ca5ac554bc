/* Tailors a build of the library to a program:
 *
 *     tailor PROGRAM.txt FEATURES float32|float64 regression|binary|CLASSES >build.h
 *
 * What it writes is for -DAMLZ_BUILD='"build.h"': the options of src/base/build.h that leave out what the program does not
 * need; and the program itself, its memory and precision, as initialisers that go to flash:
 *
 *     static const amlz_program program = TAILORED_PROGRAM;
 *     amlz_learner_config config = {sizeof config, TAILORED_DIMS, TAILORED_PRECISION, 0, 0, 0, 0};
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amlz.h"

enum { MOST_TEXT = 1 << 16 };

static const char *const type_names[] = {"regression", "binary"};
static const char *const label_names[] = {"AMLZ_REGRESSION", "AMLZ_BINARY", "AMLZ_MULTICLASS"};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "tailor: %s: %s\n", what, why);
    return 1;
}

/* The number of a label's kind, and of classes where it is a number; -1 for neither. */
static int label_of(const char *word, uint32_t *n_classes)
{
    char *end;
    const unsigned long classes = strtoul(word, &end, 10);
    *n_classes = 0;
    for (int i = 0; i < 2; i++) {
        if (strcmp(word, type_names[i]) == 0) {
            return i;
        }
    }
    *n_classes = (uint32_t)classes;
    return *end == '\0' && classes >= 2 && classes <= AMLZ_MAX_FEATURES ? AMLZ_MULTICLASS : -1;
}

/* Sees to it that the memory has an address. */
static void make_room(amlz_dims *dims, int type, unsigned address)
{
    uint16_t *count = type == AMLZ_SCALAR ? &dims->n_scalars : type == AMLZ_VECTOR ? &dims->n_vectors : &dims->n_matrices;
    if (type != AMLZ_NONE && *count <= address) {
        *count = (uint16_t)(address + 1);
    }
}

static amlz_dims dims_of(const amlz_program *program, uint32_t n_features, int label, uint32_t n_classes)
{
    amlz_dims dims;
    memset(&dims, 0, sizeof dims);
    dims.n_features = n_features;
    dims.n_scalars = 2;
    dims.n_vectors = label == AMLZ_MULTICLASS ? 3 : 1;
    dims.label = (uint8_t)label;
    dims.n_classes = n_classes;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (int i = 0; i < program->size[f]; i++) {
            const amlz_instruction *x = &program->code[f][i];
            make_room(&dims, amlz_op(x->op)->out, x->out);
            make_room(&dims, amlz_op(x->op)->in1, x->in1);
            make_room(&dims, amlz_op(x->op)->in2, x->in2);
        }
    }
    return dims;
}

static unsigned larger(unsigned a, unsigned b) { return a > b ? a : b; }

static void print_ops(const amlz_program *program)
{
    int is_there[AMLZ_MAX_OPS] = {0};
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (int i = 0; i < program->size[f]; i++) {
            is_there[program->code[f][i].op] = 1;
        }
    }
    printf("#define AMLZ_OPS(OP)");
    for (int op = 1; op < amlz_op_count(); op++) { /* 0 is no_op, which is always there */
        if (is_there[op]) {
            printf(" \\\n    OP(%s)", amlz_op(op)->name);
        }
    }
    printf("\n");
}

static void print_program(const amlz_program *program)
{
    printf("#define TAILORED_PROGRAM \\\n    {{%u, %u, %u}, {", program->size[0], program->size[1], program->size[2]);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        printf(" \\\n        {");
        for (int i = 0; i < program->size[f]; i++) {
            const amlz_instruction *x = &program->code[f][i];
            printf(" \\\n            {%u, %u, %u, %u, {%.17g, %.17g, %.17g}},", x->op, x->out, x->in1, x->in2, x->constant[0],
                   x->constant[1], x->constant[2]);
        }
        printf(program->size[f] == 0 ? "{0, 0, 0, 0, {0, 0, 0}}}," : "},");
    }
    printf("}}\n");
}

static void print_build(const amlz_program *program, const amlz_dims *dims, const char *path, const char *precision)
{
    unsigned capacity = 1, addresses = 3;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        capacity = larger(capacity, program->size[f]);
    }
    addresses = larger(larger(addresses, dims->n_scalars), larger(dims->n_vectors, dims->n_matrices));
    printf("/* Made by tailor: the build that %s needs, and the program. */\n", path);
    printf("#define AMLZ_CAPACITY %u\n#define AMLZ_ADDRESSES %u\n#define AMLZ_LANES 1\n", capacity, addresses);
    printf("#define AMLZ_ONLY_%s\n", strcmp(precision, "float32") == 0 ? "FLOAT32" : "FLOAT64");
    printf("#define AMLZ_ONLY_LABEL %s\n", label_names[dims->label]);
    print_ops(program);
    printf("#define TAILORED_PRECISION AMLZ_%s\n", strcmp(precision, "float32") == 0 ? "FLOAT32" : "FLOAT64");
    printf("#define TAILORED_FEATURES %u\n", (unsigned)dims->n_features);
    printf("#define TAILORED_DIMS {TAILORED_FEATURES, %u, %u, %u, %s, %u}\n", dims->n_scalars, dims->n_vectors,
           dims->n_matrices, label_names[dims->label], (unsigned)dims->n_classes);
    print_program(program);
}

/* How many bytes the file has; 0 after an error. */
static size_t read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t length;
    if (file == NULL) {
        return 0;
    }
    length = fread(text, 1, size, file);
    return fclose(file) == 0 && length < size ? length : 0;
}

int main(int argc, char **argv)
{
    static char text[MOST_TEXT];
    static amlz_program program;
    amlz_error error;
    amlz_dims dims;
    uint32_t n_classes;
    int label;

    memset(&error, 0, sizeof error);
    if (argc != 5 || (strcmp(argv[3], "float32") != 0 && strcmp(argv[3], "float64") != 0)) {
        return fail("arguments", "PROGRAM.txt FEATURES float32|float64 regression|binary|CLASSES");
    }
    label = label_of(argv[4], &n_classes);
    if (label < 0) {
        return fail(argv[4], "expected regression, binary or a number of classes");
    }
    const size_t length = read_text(argv[1], text, sizeof text);
    const uint32_t n_features = (uint32_t)strtoul(argv[2], NULL, 10);
    if (length == 0) {
        return fail(argv[1], "it cannot be read, or is empty or too large");
    }
    if (amlz_program_parse(text, length, n_features, &program, &error) != AMLZ_OK) {
        fprintf(stderr, "tailor: %s, line %u: %s\n", argv[1], (unsigned)error.line, error.message);
        return 1;
    }
    dims = dims_of(&program, n_features, label, n_classes);
    if (amlz_program_check(&program, &dims, &error) != AMLZ_OK) {
        return fail(argv[1], error.message);
    }
    print_build(&program, &dims, argv[1], argv[3]);
    return 0;
}
