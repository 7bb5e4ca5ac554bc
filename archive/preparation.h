/* What a model does with a row of a table, and with what its program predicts: FORMAT.md. */
#ifndef AMLZ_ARCHIVE_PREPARATION_H
#define AMLZ_ARCHIVE_PREPARATION_H

#include "json_get.h"

typedef struct archive_reals {
    const double *at;
    uint32_t count;
} archive_reals;

/* Texts, one behind the other, each with a NUL at its end. */
typedef struct archive_texts {
    const char *first;
    uint32_t count;
} archive_texts;

typedef struct archive_column {
    const struct archive_column *next;
    archive_texts name; /* one */
    archive_texts categories;
    double fill;
    uint8_t is_category, has_other, marks_missing;
} archive_column;

typedef struct archive_preparation {
    const archive_column *column; /* the first */
    uint32_t n_columns;
    uint64_t n_coded; /* numbers that a row becomes, before it is projected */
    archive_reals mean, deviation, projected_mean, projected_deviation;
    archive_texts target, classes;
    double label_mean, label_deviation;
    uint64_t n_projected, projection_seed, n_padding, n_rows, version;
    const double *projection; /* [n_projected][mean.count]; NULL without */
} archive_preparation;

/* The text at this place; NULL for a place that is none. */
const char *amlz__archive_text_at(archive_texts texts, uint32_t index);

/* Reads a preparation out of the JSON that comes next, so many bytes, into the room; and whether it fits the memory of the
 * program. Where the room is none, it is only measured and checked. */
int amlz__archive_get_preparation(amlz_archive_reader *reader, uint64_t length, archive_room *room,
                                  archive_preparation *preparation);

/* The features that a program sees of a row: dims.n_features numbers. coded: room for mean.count numbers. 0 if one of them
 * is no number, or so far off that it would be infinite. */
int amlz__archive_prepare(const archive_preparation *preparation, const double *row, double *coded, double *features);

#endif
