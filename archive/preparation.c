#include "preparation.h"

#include <float.h>
#include <string.h>

const char *amlz__archive_text_at(archive_texts texts, uint32_t index)
{
    const char *text = texts.first;
    if (text == NULL || index >= texts.count) {
        return NULL;
    }
    for (; index > 0; index--) {
        text += strlen(text) + 1;
    }
    return text;
}

/* ---------------------------------------------------------------- reading
 *
 * The keys of objects come in any order, each once. What is in an array is kept as it comes, one element behind the other,
 * since nothing else is kept in between. */

typedef enum kind { A_REAL, A_BOOL, AN_INTEGER, A_TEXT, TEXTS, REALS, DIVISORS, COLUMNS, A_KIND } kind;

typedef struct field {
    const char *key;
    uint8_t kind;
    uint16_t offset;
    uint64_t most; /* of an integer */
} field;

#define MOST_FIELDS 14
#define COUNT_OF(array) ((int)(sizeof array / sizeof array[0]))

static const field column_fields[] = {
    {"name", A_TEXT, offsetof(archive_column, name), 0},
    {"kind", A_KIND, offsetof(archive_column, is_category), 0},
    {"fill", A_REAL, offsetof(archive_column, fill), 0},
    {"categories", TEXTS, offsetof(archive_column, categories), 0},
    {"has_other", A_BOOL, offsetof(archive_column, has_other), 0},
    {"marks_missing", A_BOOL, offsetof(archive_column, marks_missing), 0},
};

#define MOST_COUNT (UINT64_C(1) << 53)
static const field preparation_fields[MOST_FIELDS] = {
    {"preparation", AN_INTEGER, offsetof(archive_preparation, version), UINT64_MAX},
    {"columns", COLUMNS, 0, 0},
    {"mean", REALS, offsetof(archive_preparation, mean), 0},
    {"deviation", DIVISORS, offsetof(archive_preparation, deviation), 0},
    {"target", A_TEXT, offsetof(archive_preparation, target), 0},
    {"classes", TEXTS, offsetof(archive_preparation, classes), 0},
    {"label_mean", A_REAL, offsetof(archive_preparation, label_mean), 0},
    {"label_deviation", A_REAL, offsetof(archive_preparation, label_deviation), 0},
    {"n_projected", AN_INTEGER, offsetof(archive_preparation, n_projected), MOST_COUNT},
    {"projection_seed", AN_INTEGER, offsetof(archive_preparation, projection_seed), UINT64_MAX},
    {"projected_mean", REALS, offsetof(archive_preparation, projected_mean), 0},
    {"projected_deviation", DIVISORS, offsetof(archive_preparation, projected_deviation), 0},
    {"n_padding", AN_INTEGER, offsetof(archive_preparation, n_padding), MOST_COUNT},
    {"n_rows", AN_INTEGER, offsetof(archive_preparation, n_rows), MOST_COUNT},
};

static int get_reals(archive_json *json, int are_divisors, archive_room *room, archive_reals *reals)
{
    reals->at = amlz__archive_room_take(room, 0, 1);
    for (reals->count = 0; amlz__archive_json_more(json, '[', reals->count); reals->count++) {
        double value, *to;
        if (!amlz__archive_json_real(json, &value)) {
            return 0;
        }
        if (are_divisors && value == 0) {
            return amlz__archive_refuse(json->reader, "a deviation must not be 0");
        }
        to = amlz__archive_room_take(room, sizeof value, 1);
        if (to != NULL) {
            *to = value;
        }
    }
    return json->reader->place.status == AMLZ_OK;
}

static int get_texts(archive_json *json, archive_room *room, archive_texts *texts)
{
    texts->first = amlz__archive_room_take(room, 0, 0);
    for (texts->count = 0; amlz__archive_json_more(json, '[', texts->count); texts->count++) {
        if (!amlz__archive_json_string(json, room)) {
            return 0;
        }
    }
    return json->reader->place.status == AMLZ_OK;
}

static int get_text(archive_json *json, archive_room *room, archive_texts *text)
{
    text->first = amlz__archive_room_take(room, 0, 0);
    text->count = 1;
    return amlz__archive_json_string(json, room);
}

static int get_column_kind(archive_json *json, uint8_t *is_category)
{
    char name[16] = "";
    archive_room room = {(unsigned char *)name, sizeof name, 0};
    if (!amlz__archive_json_string(json, &room)) {
        return 0;
    }
    *is_category = room.used <= sizeof name && strcmp(name, "category") == 0;
    return *is_category || (room.used <= sizeof name && strcmp(name, "number") == 0) ||
           amlz__archive_refuse(json->reader, "expected 'number' or 'category'");
}

static int get_value(archive_json *json, const field *f, archive_room *room, void *object)
{
    void *to = (unsigned char *)object + f->offset;
    switch (f->kind) {
    case A_REAL: return amlz__archive_json_real(json, to);
    case A_BOOL: return amlz__archive_json_bool(json, to);
    case AN_INTEGER: return amlz__archive_json_integer(json, f->most, to);
    case A_TEXT: return get_text(json, room, to);
    case TEXTS: return get_texts(json, room, to);
    case A_KIND: return get_column_kind(json, to);
    default: return get_reals(json, f->kind == DIVISORS, room, to);
    }
}

/* An object of which all fields must be there; of: the preparation that it is a column of, or NULL. */
typedef struct object {
    const field *fields;
    int count;
    const archive_preparation *of;
    uint64_t n;    /* fields so far, */
    unsigned seen; /* and which */
} object;

/* Where a key is, for messages: "preparation.mean", or of a column "preparation.columns[2].fill". */
static void go(amlz_archive_reader *reader, const object *o, const char *key)
{
    const int is_whole = o->of == NULL && key == NULL;
    amlz__archive_go(&reader->place, is_whole ? NULL : "preparation",
                     is_whole ? "preparation" : o->of == NULL ? key : "columns");
    if (o->of != NULL) {
        amlz__archive_go_index(&reader->place, o->of->n_columns);
        reader->place.field = key;
    }
}

/* The next field, whose value then comes; NULL at the end, or after an error. */
static const field *next_field(archive_json *json, object *o)
{
    const char *names[MOST_FIELDS];
    for (int i = 0; i < o->count; i++) {
        names[i] = o->fields[i].key;
    }
    go(json->reader, o, NULL);
    if (amlz__archive_json_more(json, '{', o->n)) {
        const int i = amlz__archive_json_key(json, names, o->count);
        if (i < 0) {
            return NULL;
        }
        go(json->reader, o, names[i]);
        if ((o->seen >> i & 1) != 0) {
            amlz__archive_refuse(json->reader, "it is there twice");
            return NULL;
        }
        o->seen |= 1U << i;
        o->n++;
        return &o->fields[i];
    }
    for (int i = 0; i < o->count; i++) {
        if ((o->seen >> i & 1) == 0) {
            go(json->reader, o, names[i]);
            amlz__archive_refuse(json->reader, "it is missing");
        }
    }
    go(json->reader, o, NULL);
    return NULL;
}

static int is_good(const archive_json *json) { return json->reader->place.status == AMLZ_OK; }

static int get_column(archive_json *json, archive_room *room, archive_preparation *preparation, archive_column *column)
{
    object o = {column_fields, COUNT_OF(column_fields), preparation, 0, 0};
    const field *f;
    memset(column, 0, sizeof *column);
    while ((f = next_field(json, &o)) != NULL) {
        if (!get_value(json, f, room, column)) {
            return 0;
        }
    }
    preparation->n_coded += (column->is_category ? column->categories.count + column->has_other : 1U) + column->marks_missing;
    return is_good(json);
}

/* Each column stands behind its texts, and leads to the next. */
static int get_columns(archive_json *json, archive_room *room, archive_preparation *preparation)
{
    archive_column column, *to, *last = NULL;
    for (preparation->n_columns = 0; amlz__archive_json_more(json, '[', preparation->n_columns); preparation->n_columns++) {
        if (!get_column(json, room, preparation, &column)) {
            return 0;
        }
        to = amlz__archive_room_take(room, sizeof column, 1);
        if (to != NULL) {
            *to = column;
            *(last == NULL ? &preparation->column : &last->next) = to;
            last = to;
        }
    }
    return is_good(json);
}

static int get_all(archive_json *json, archive_room *room, archive_preparation *preparation)
{
    object o = {preparation_fields, COUNT_OF(preparation_fields), NULL, 0, 0};
    const field *f;
    while ((f = next_field(json, &o)) != NULL) {
        if (!(f->kind == COLUMNS ? get_columns(json, room, preparation) : get_value(json, f, room, preparation))) {
            return 0;
        }
    }
    return is_good(json);
}

static int check_count(amlz_archive_reader *reader, const char *key, uint64_t count, uint64_t expected)
{
    amlz__archive_go(&reader->place, "preparation", key);
    if (count != expected) {
        amlz__archive_refuse(reader, "expected ");
        amlz__archive_say_integer(&reader->place, expected);
        amlz__archive_say(&reader->place, ", got ");
        amlz__archive_say_integer(&reader->place, count);
    }
    return count == expected;
}

static int check(amlz_archive_reader *reader, const archive_preparation *p)
{
    const amlz_dims *dims = &reader->info.dims;
    const uint64_t shown = p->n_projected > 0 ? p->n_projected : p->mean.count;
    const uint64_t n_classes = dims->label == AMLZ_MULTICLASS ? dims->n_classes : dims->label == AMLZ_BINARY ? 2 : 0;
    if (p->label_deviation == 0) {
        amlz__archive_go(&reader->place, "preparation", "label_deviation");
        return amlz__archive_refuse(reader, "it must not be 0");
    }
    return check_count(reader, "preparation", p->version, 1) && check_count(reader, "mean", p->mean.count, p->n_coded) &&
           check_count(reader, "deviation", p->deviation.count, p->n_coded) &&
           check_count(reader, "projected_mean", p->projected_mean.count, p->n_projected) &&
           check_count(reader, "projected_deviation", p->projected_deviation.count, p->n_projected) &&
           check_count(reader, "features", shown + p->n_padding, dims->n_features) &&
           check_count(reader, "classes", p->classes.count, n_classes);
}

/* The stream that a projection is drawn from: see FORMAT.md. */
#define PROJECTION_STREAM UINT64_C(0xc2b1d2df4307f7da)

int amlz__archive_get_preparation(amlz_archive_reader *reader, uint64_t length, archive_room *room,
                                  archive_preparation *preparation)
{
    archive_json json;
    memset(preparation, 0, sizeof *preparation);
    if (!amlz__archive_json_start(&json, reader, length) || !get_all(&json, room, preparation) ||
        !amlz__archive_json_end(&json) || !check(reader, preparation)) {
        return 0;
    }
    const uint64_t count = preparation->n_projected * preparation->n_coded;
    double *projection = amlz__archive_room_take(room, count * sizeof *projection, 1);
    if (projection != NULL && count > 0) {
        amlz_fill_gaussian(preparation->projection_seed, PROJECTION_STREAM, projection, (size_t)count);
        preparation->projection = projection;
    }
    return 1;
}

/* ---------------------------------------------------------------- a row */

/* The numbers that a column's value becomes; gives where those of the next go. */
static double *code(const archive_column *column, double value, double *to)
{
    const int is_missing = value != value;
    if (!column->is_category) {
        *to++ = is_missing ? column->fill : value;
    }
    for (uint32_t i = 0; i < column->categories.count && column->is_category; i++) {
        *to++ = value == i;
    }
    if (column->is_category && column->has_other) {
        const int is_known = value >= 0 && value < column->categories.count && value == (double)(uint32_t)value;
        *to++ = !is_missing && !is_known;
    }
    if (column->marks_missing) {
        *to++ = is_missing;
    }
    return to;
}

static double scaled(double value, double mean, double deviation) { return (value - mean) / deviation; }

/* In this order, whatever the sizes are. */
static double projected(const double *weights, const double *x, uint64_t count)
{
    double sum = 0;
    for (uint64_t k = 0; k < count; k++) {
        const volatile double product = weights[k] * x[k]; /* rounded, not fused with the sum */
        sum += product;
    }
    return sum;
}

int amlz__archive_prepare(const archive_preparation *p, const double *row, double *coded, double *features)
{
    double *to = coded;
    for (const archive_column *column = p->column; column != NULL; column = column->next) {
        to = code(column, *row++, to);
    }
    for (uint32_t i = 0; i < p->mean.count; i++) {
        coded[i] = scaled(coded[i], p->mean.at[i], p->deviation.at[i]);
    }
    const uint64_t n = p->n_projected > 0 ? p->n_projected : p->mean.count;
    for (uint64_t i = 0; i < n; i++) {
        features[i] = p->n_projected == 0
                          ? coded[i]
                          : scaled(projected(p->projection + i * p->mean.count, coded, p->mean.count),
                                   p->projected_mean.at[i], p->projected_deviation.at[i]);
        if (!(features[i] < FLT_MAX && features[i] > -FLT_MAX)) {
            return 0;
        }
    }
    memset(features + n, 0, (size_t)p->n_padding * sizeof *features);
    return 1;
}
