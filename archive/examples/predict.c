/* A model at work, in memory that is there from the start: a table in, answers out.
 *
 *     predict FILE <ROWS                 answers each row
 *     predict FILE --learn <ROWS         the same, but each row has its answer at its end, and is learned then
 *
 * FILE is what `pyamlz fit` saved. Rows come a line each, their cells between commas and in the order of the model's columns;
 * an empty cell is a missing one. For each row the answer is printed: a name, or a number in the table's units; of classes
 * the probability of each comes behind it. The exit status is 1 after an error.
 *
 *     cc -std=c99 predict.c -lamlz_archive -lamlz
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amlz.h"
#include "amlz_archive.h"

enum { MOST_COLUMNS = 64, MOST_CLASSES = 16, MOST_LINE = 4096 };

static unsigned char model_memory[256 * 1024]; /* amlz_archive_measure_model tells how much a model needs */
static unsigned char scratch[128 * 1024];      /* amlz_model_scratch_size */
static unsigned char reader_memory[16 * 1024]; /* amlz_archive_reader_size */

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "predict: %s: %s\n", what, why);
    return 1;
}

/* NULL after an error. A device would read from its flash: amlz_archive_from_block. */
static amlz_model *load(const char *path)
{
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error;
    const char *reason = NULL;
    amlz_model *model = NULL;
    amlz_archive_reader *reader = amlz_archive_reader_init(reader_memory, sizeof reader_memory, &reason);
    amlz_status status;

    if (reader == NULL) {
        fail("reader", reason);
        return NULL;
    }
    if (amlz_archive_open_file(path, &file, &input, &error) != AMLZ_OK) {
        fail(path, error.message);
        return NULL;
    }
    status = amlz_archive_open(reader, input, NULL, &error);
    if (status == AMLZ_OK) {
        status = amlz_archive_read_model(reader, model_memory, sizeof model_memory, &model, NULL, &error);
    }
    if (status != AMLZ_OK) {
        fail(path, error.message);
        model = NULL;
    }
    if (amlz_archive_close_file(&file, &error) != AMLZ_OK) {
        fail(path, error.message);
        model = NULL;
    }
    return model;
}

/* The next cell of a line, which it is cut out of; NULL where there are no more. */
static char *next_cell(char **line)
{
    char *cell = *line;
    if (cell != NULL) {
        char *comma = strchr(cell, ',');
        *line = comma == NULL ? NULL : comma + 1;
        if (comma != NULL) {
            *comma = '\0';
        }
    }
    return cell;
}

/* 0 if it is no number. */
static int to_number(const char *cell, double *number)
{
    char *end;
    *number = strtod(cell, &end);
    return end != cell && *end == '\0';
}

/* 0 if a cell is missing or not what its column has. */
static int read_row(const amlz_model *model, uint32_t n_columns, char **line, double *row)
{
    for (uint32_t i = 0; i < n_columns; i++) {
        const char *cell = next_cell(line);
        if (cell == NULL) {
            return 0;
        }
        if (*cell == '\0' || amlz_model_category_name(model, i, 0) != NULL) {
            row[i] = amlz_model_find_category(model, i, *cell == '\0' ? NULL : cell);
        } else if (!to_number(cell, &row[i])) {
            return 0;
        }
    }
    return 1;
}

static void print_answer(const amlz_model *model, uint32_t n_classes, double answer, const double *probabilities)
{
    if (n_classes == 0) {
        printf("%.17g\n", answer);
        return;
    }
    printf("%s", amlz_model_class_name(model, (uint32_t)answer));
    for (uint32_t i = 0; i < n_classes; i++) {
        printf(",%.17g", probabilities[i]);
    }
    printf("\n");
}

static int learn(amlz_model *model, uint32_t n_classes, const double *row, const char *cell)
{
    double answer;
    if (cell == NULL) {
        return 0;
    }
    if (n_classes > 0) {
        answer = amlz_model_find_class(model, cell);
    } else if (!to_number(cell, &answer)) {
        return 0;
    }
    return amlz_model_learn(model, row, answer, scratch, sizeof scratch) == AMLZ_OK;
}

int main(int argc, char **argv)
{
    static char line[MOST_LINE];
    double row[MOST_COLUMNS], probabilities[MOST_CLASSES], answer;
    const int is_learning = argc == 3 && strcmp(argv[2], "--learn") == 0;
    amlz_model_info info;
    amlz_model *model;

    if (argc != 2 && !is_learning) {
        return fail("arguments", "FILE [--learn], and rows on the standard input");
    }
    model = load(argv[1]);
    if (model == NULL) {
        return 1;
    }
    info = *amlz_model_get_info(model);
    if (info.n_columns > MOST_COLUMNS || info.n_classes > MOST_CLASSES || amlz_model_scratch_size(model) > sizeof scratch) {
        return fail(argv[1], "this model is larger than this program");
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = line;
        line[strcspn(line, "\r\n")] = '\0';
        if (!read_row(model, info.n_columns, &rest, row) ||
            amlz_model_predict(model, row, &answer, probabilities, scratch, sizeof scratch) != AMLZ_OK) {
            return fail("row", "it does not fit the columns of the model");
        }
        print_answer(model, info.n_classes, answer, probabilities);
        if (is_learning && !learn(model, info.n_classes, row, next_cell(&rest))) {
            return fail("row", "it has no answer that the model can learn");
        }
    }
    return 0;
}
