#include "model_get.h"

#include <string.h>

/* ---------------------------------------------------------------- header */

static int get_runs(amlz_archive_reader *reader)
{
    if (!amlz__archive_get_key(reader, NULL, "runs") || !amlz__archive_get_array(reader, AMLZ_FUNCTION_COUNT)) {
        return 0;
    }
    for (uint32_t f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz__archive_go_index(&reader->place, f);
        if (!amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &reader->runs[f])) {
            return 0;
        }
    }
    return 1;
}

static void put_header(archive_writer *copy, const amlz_archive_reader *reader)
{
    amlz__archive_put_key(copy, NULL, "program");
    amlz__archive_put_program(copy, &reader->program);
    amlz__archive_put_fields(copy, NULL, amlz__archive_model_fields, &reader->info);
    amlz__archive_put_key(copy, NULL, "runs");
    amlz__archive_put_value(copy, ARCHIVE_ARRAY, AMLZ_FUNCTION_COUNT);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz__archive_put_value(copy, ARCHIVE_INTEGER, reader->runs[f]);
    }
}

int amlz__archive_get_model_header(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    info->learner.struct_size = sizeof info->learner;
    info->learner.dims = info->dims;
    info->learner.keep_dead_code = 1;
    if (!amlz__archive_get_key(reader, NULL, "program") ||
        !amlz__archive_get_program(reader, &info->dims, NULL, &reader->program) ||
        !amlz__archive_get_fields(reader, NULL, amlz__archive_model_fields, info) || !get_runs(reader)) {
        return 0;
    }
    if (reader->copy != NULL) {
        put_header(reader->copy, reader);
    }
    return 1;
}

/* ---------------------------------------------------------------- what it knows */

typedef struct part {
    int type;
    uint64_t n_addresses, n_numbers; /* numbers of each address */
} part;

enum { PARTS = 3 };

static part part_of(const amlz_dims *dims, int i)
{
    const uint64_t n = dims->n_features;
    const part parts[PARTS] = {{AMLZ_SCALAR, dims->n_scalars, 1},
                               {AMLZ_VECTOR, dims->n_vectors, n},
                               {AMLZ_MATRIX, dims->n_matrices, n * n}};
    return parts[i];
}

static uint64_t number_size(const amlz_archive_reader *reader)
{
    return reader->info.learner.precision == AMLZ_FLOAT64 ? sizeof(double) : sizeof(float);
}

/* Little-endian bytes as a number. */
static double number_of(const unsigned char *bytes, uint64_t size)
{
    uint64_t bits = 0;
    uint32_t half;
    float single;
    double number;
    for (uint64_t i = 0; i < size; i++) {
        bits |= (uint64_t)bytes[i] << (8 * i);
    }
    half = (uint32_t)bits;
    memcpy(&single, &half, sizeof single);
    memcpy(&number, &bits, sizeof number);
    return size == sizeof single ? (double)single : number;
}

/* values: room for the numbers of one address. */
static int get_address(amlz_archive_reader *reader, amlz_learner *learner, part p, uint64_t address, double *values)
{
    for (uint64_t i = 0; i < p.n_numbers; i++) {
        const unsigned char *bytes = amlz__archive_get_bytes(reader, (size_t)number_size(reader));
        if (bytes == NULL) {
            return 0;
        }
        values[i] = number_of(bytes, number_size(reader));
    }
    return amlz_learner_set(learner, p.type, (int)address, values) == AMLZ_OK;
}

static int get_part(amlz_archive_reader *reader, amlz_learner *learner, part p, double *values)
{
    const uint64_t wanted = p.n_addresses * p.n_numbers * number_size(reader);
    uint64_t length;
    if (!amlz__archive_get_value(reader, ARCHIVE_BINARY, "a binary", &length)) {
        return 0;
    }
    if (length != wanted) {
        amlz__archive_refuse(reader, "expected ");
        amlz__archive_say_integer(&reader->place, wanted);
        amlz__archive_say(&reader->place, " bytes, got ");
        amlz__archive_say_integer(&reader->place, length);
        return 0;
    }
    if (learner == NULL) {
        if (reader->copy != NULL) {
            amlz__archive_put_value(reader->copy, ARCHIVE_BINARY, length);
        }
        return amlz__archive_get_long(reader, length, 0, NULL, reader->copy);
    }
    for (uint64_t address = 0; address < p.n_addresses; address++) {
        if (!get_address(reader, learner, p, address, values)) {
            return 0;
        }
    }
    return 1;
}

/* Where learner is NULL, it is only checked. */
static int get_memory(amlz_archive_reader *reader, amlz_learner *learner, double *values)
{
    if (!amlz__archive_get_key(reader, NULL, "memory") || !amlz__archive_get_array(reader, PARTS)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, NULL, "memory");
        amlz__archive_put_value(reader->copy, ARCHIVE_ARRAY, PARTS);
    }
    for (int i = 0; i < PARTS; i++) {
        amlz__archive_go_index(&reader->place, (uint32_t)i);
        if (!get_part(reader, learner, part_of(&reader->info.dims, i), values)) {
            return 0;
        }
    }
    return 1;
}

/* ---------------------------------------------------------------- the rest */

static int get_preparation_header(amlz_archive_reader *reader, uint64_t *length)
{
    if (!amlz__archive_get_key(reader, NULL, "preparation") ||
        !amlz__archive_get_value(reader, ARCHIVE_STRING, "a string", length)) {
        return 0;
    }
    return *length <= AMLZ_ARCHIVE_MAX_SESSION || amlz__archive_refuse(reader, "the text is too long");
}

static int get_session(amlz_archive_reader *reader, amlz_archive_text *session)
{
    return amlz__archive_get_text(reader, NULL, "session", AMLZ_ARCHIVE_MAX_SESSION, session) && amlz__archive_get_end(reader);
}

int amlz__archive_skip_model(amlz_archive_reader *reader)
{
    uint64_t length;
    if (!get_memory(reader, NULL, NULL) || !get_preparation_header(reader, &length)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, NULL, "preparation");
        amlz__archive_put_value(reader->copy, ARCHIVE_STRING, length);
    }
    return amlz__archive_get_long(reader, length, 1, NULL, reader->copy) && get_session(reader, NULL);
}

/* ---------------------------------------------------------------- models */

/* The block of a model: itself, its learner, and what there is of its preparation. Before that is read, an address of what
 * the program knows lies there. */
typedef struct layout {
    amlz_model *model;
    void *learner;
    size_t learner_size;
    uint64_t start, most_values; /* of the preparation; bytes of the largest address */
    double *values;
} layout;

static int lay_out_model(amlz_archive_reader *reader, archive_room *room, layout *l)
{
    const amlz_dims *dims = &reader->info.dims;
    const char *reason;
    l->learner_size = amlz_learner_size(&reader->info.learner, &reason);
    if (l->learner_size == 0) {
        amlz__archive_fail(&reader->place, AMLZ_ERROR_MEMORY, reason);
        return 0;
    }
    l->model = amlz__archive_room_take(room, sizeof *l->model, 1);
    l->learner = amlz__archive_room_take(room, l->learner_size, 1);
    l->start = room->used;
    l->most_values = part_of(dims, dims->n_matrices > 0 ? 2 : 1).n_numbers * sizeof(double);
    l->values = amlz__archive_room_take(room, l->most_values, 1);
    return 1;
}

int amlz__archive_measure_model(amlz_archive_reader *reader, uint64_t *size)
{
    archive_room room = {NULL, 0, 0};
    archive_preparation preparation;
    uint64_t length;
    layout l;
    if (!lay_out_model(reader, &room, &l)) {
        return 0;
    }
    const uint64_t with_values = room.used;
    room.used = l.start;
    if (!get_memory(reader, NULL, NULL) || !get_preparation_header(reader, &length) ||
        !amlz__archive_get_preparation(reader, length, &room, &preparation) || !get_session(reader, NULL)) {
        return 0;
    }
    *size = (room.used > with_values ? room.used : with_values) + sizeof(double) - 1; /* to begin at an aligned address */
    return 1;
}

static int fail_for_room(amlz_archive_reader *reader)
{
    amlz__archive_go(&reader->place, NULL, NULL);
    return amlz__archive_fail(&reader->place, AMLZ_ERROR_MEMORY, "the memory block is smaller than amlz_archive_measure_model tells");
}

static void fill_info(amlz_model *model, const amlz_archive_info *from)
{
    amlz_model_info *info = &model->info;
    info->learner = from->learner;
    info->n_examples = from->n_examples;
    info->n_columns = model->preparation.n_columns;
    info->n_classes = model->preparation.classes.count;
    info->target = model->preparation.target.first;
}

int amlz__archive_get_model(amlz_archive_reader *reader, void *memory, size_t size, amlz_model **model,
                            amlz_archive_text *session)
{
    archive_room room = amlz__archive_room_over(memory, size);
    const char *reason;
    uint64_t length;
    layout l;
    if (!lay_out_model(reader, &room, &l)) {
        return 0;
    }
    if (l.values == NULL) {
        return fail_for_room(reader);
    }
    room.used = l.start;
    memset(l.model, 0, sizeof *l.model);
    l.model->learner = amlz_learner_init(l.learner, l.learner_size, &reader->info.learner, &reader->program, &reason);
    if (l.model->learner == NULL) {
        return amlz__archive_refuse(reader, reason);
    }
    if (!get_memory(reader, l.model->learner, l.values) || !get_preparation_header(reader, &length) ||
        !amlz__archive_get_preparation(reader, length, &room, &l.model->preparation)) {
        return 0;
    }
    if (room.used > room.size) {
        return fail_for_room(reader);
    }
    (void)amlz_learner_set_runs(l.model->learner, reader->runs);
    fill_info(l.model, &reader->info);
    *model = l.model;
    return get_session(reader, session);
}
