/* Writing msgpack values and the parts of archives. */
#include "archive_internal.h"

/* ---------------------------------------------------------------- values */

void archive_put_start(archive_writer *writer, amlz_archive_output output, amlz_archive_error *error)
{
    writer->output = output;
    writer->place = archive_place_at_start(error);
    writer->crc = 0;
    writer->used = 0;
    writer->is_measuring = 0;
}

static void deliver(archive_writer *writer, const void *bytes, size_t length)
{
    if (writer->is_measuring) {
        return;
    }
    writer->crc = archive_crc(writer->crc, bytes, length);
    if (writer->place.is_island) {
        writer->outer_crc = archive_crc(writer->outer_crc, bytes, length);
    }
    if (writer->place.status == AMLZ_OK && length > 0 &&
        writer->output.write(writer->output.context, bytes, length) != 0) {
        writer->place.key = NULL;
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the output took no more");
    }
}

static void flush(archive_writer *writer)
{
    deliver(writer, writer->bytes, writer->used);
    writer->used = 0;
}

/* Room in the buffer for a few bytes, which the caller then writes there. */
static unsigned char *reserve(archive_writer *writer, size_t length)
{
    if (length > sizeof writer->bytes - writer->used) {
        flush(writer);
    }
    unsigned char *room = writer->bytes + writer->used;
    writer->used += length;
    writer->place.offset += length;
    return room;
}

void archive_put_bytes(archive_writer *writer, const void *bytes, size_t length)
{
    if (length == 0) {
        return;
    }
    if (length <= sizeof writer->bytes) {
        memcpy(reserve(writer, length), bytes, length);
    } else {
        flush(writer);
        deliver(writer, bytes, length);
        writer->place.offset += length;
    }
}

/* The lowest bytes of a number, the highest of them first. */
static void put_big_endian(unsigned char *to, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        to[i] = (unsigned char)(number >> (8 * (size - 1 - i)));
    }
}

void archive_put_value(archive_writer *writer, archive_type type, uint64_t value)
{
    const archive_form *form = archive_forms;
    while (form->type != type || value > form->most) {
        form++;
    }
    unsigned char *to = reserve(writer, (size_t)form->size + 1);
    to[0] = (unsigned char)(form->first + (form->size == 0 ? value : 0));
    put_big_endian(to + 1, value, form->size);
}

static void put_string(archive_writer *writer, const char *bytes, size_t length)
{
    archive_put_value(writer, ARCHIVE_STRING, length);
    archive_put_bytes(writer, bytes, length);
}

void archive_put_string(archive_writer *writer, const char *text) { put_string(writer, text, strlen(text)); }

void archive_put_key(archive_writer *writer, const char *section, const char *key)
{
    archive_go(&writer->place, section, key);
    archive_put_string(writer, key);
}

void archive_put_checksum(archive_writer *writer)
{
    unsigned char bytes[ARCHIVE_CHECKSUM_SIZE] = {ARCHIVE_CHECKSUM_FIRST};
    flush(writer);
    put_big_endian(bytes + 1, writer->crc, 4);
    archive_put_bytes(writer, bytes, sizeof bytes);
    flush(writer);
}

/* ---------------------------------------------------------------- fields */

static void put_field(archive_writer *writer, const archive_field *field, const void *object)
{
    const uint64_t value = archive_load(field, object);
    if (archive_check_field(&writer->place, field, value, AMLZ_ERROR_ARGUMENT)) {
        archive_put_value(writer, field->is_real ? ARCHIVE_REAL : ARCHIVE_INTEGER, value);
    }
}

static void put_fields(archive_writer *writer, const char *section, archive_fields fields, const void *object)
{
    for (int i = 0; i < fields.count; i++) {
        archive_put_key(writer, section, fields.field[i].key);
        put_field(writer, &fields.field[i], object);
    }
}

static void put_row_fields(archive_writer *writer, archive_fields fields, const void *object)
{
    for (int i = 0; i < fields.count; i++) {
        writer->place.field = fields.field[i].key;
        put_field(writer, &fields.field[i], object);
    }
}

/* ---------------------------------------------------------------- head */

static void put_writer(archive_writer *writer, const char *name, size_t length)
{
    archive_utf8 utf8 = {0, 0, 0};
    if (length > AMLZ_ARCHIVE_MAX_WRITER || !archive_utf8_accepts(&utf8, (const unsigned char *)name, length) ||
        utf8.left > 0) {
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "expected up to 64 bytes of UTF-8");
    } else {
        put_string(writer, name, length);
    }
}

void archive_put_head(archive_writer *writer, amlz_archive_kind kind, const amlz_dims *dims, const char *name,
                      size_t length)
{
    archive_put_value(writer, ARCHIVE_ARRAY, 4);
    archive_put_string(writer, "amlz");
    archive_put_value(writer, ARCHIVE_ARRAY, 2);
    archive_put_value(writer, ARCHIVE_INTEGER, AMLZ_ARCHIVE_MAJOR);
    archive_put_value(writer, ARCHIVE_INTEGER, AMLZ_ARCHIVE_MINOR);
    archive_put_value(writer, ARCHIVE_MAP, (uint64_t)archive_kind_keys(kind));
    archive_put_key(writer, NULL, "kind");
    archive_put_string(writer, amlz_archive_kind_name((int)kind));
    archive_put_key(writer, NULL, "writer");
    put_writer(writer, name, length);
    if (kind == AMLZ_ARCHIVE_ISLANDS) {
        return; /* each has its own */
    }
    archive_put_key(writer, NULL, "dims");
    if (dims == NULL) {
        archive_put_value(writer, ARCHIVE_NIL, 0);
    } else {
        archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_DIMS_KEYS);
        put_fields(writer, "dims", archive_dims_fields, dims);
    }
}

/* ---------------------------------------------------------------- programs and members */

void archive_put_program(archive_writer *writer, const amlz_program *program)
{
    size_t length = 0;
    if (amlz_program_pack(program, NULL, 0, &length) == AMLZ_ERROR_PROGRAM || length > sizeof writer->bytes) {
        archive_fail(&writer->place, AMLZ_ERROR_PROGRAM, "it cannot be written");
        return;
    }
    archive_put_value(writer, ARCHIVE_BINARY, length);
    (void)amlz_program_pack(program, reserve(writer, length), length, NULL);
}

void archive_put_improvement(archive_writer *writer, const amlz_member *member)
{
    archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_HISTORY_ROW);
    put_row_fields(writer, archive_member_fields, member);
}

void archive_put_member(archive_writer *writer, const amlz_program *program, const amlz_member *member)
{
    archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_MEMBER_ROW);
    writer->place.field = "program";
    archive_put_program(writer, program);
    put_row_fields(writer, archive_member_fields, member);
}

/* ---------------------------------------------------------------- checkpoints */

static void put_mutations(archive_writer *writer, const double *weights)
{
    archive_put_key(writer, "config", "mutations");
    archive_put_value(writer, ARCHIVE_ARRAY, AMLZ_MUTATION_COUNT);
    for (uint32_t i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        archive_go_index(&writer->place, i);
        put_field(writer, &archive_weight_field, &weights[i]);
    }
}

static void put_functions(archive_writer *writer, const amlz_space *space)
{
    archive_put_key(writer, "config", "functions");
    archive_put_value(writer, ARCHIVE_ARRAY, AMLZ_FUNCTION_COUNT);
    for (uint32_t f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &space->function[f];
        archive_go_index(&writer->place, f);
        archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_FUNCTION_ROW);
        put_row_fields(writer, archive_size_fields, function);
        archive_put_value(writer, ARCHIVE_BINARY, function->n_ops);
        archive_put_bytes(writer, function->ops, function->n_ops);
    }
}

static void put_hurdles(archive_writer *writer, const amlz_search_config *config)
{
    archive_put_key(writer, "config", "hurdles");
    archive_put_value(writer, ARCHIVE_ARRAY, config->n_hurdles);
    for (uint32_t i = 0; i < config->n_hurdles; i++) {
        archive_go_index(&writer->place, i);
        archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_HURDLE_ROW);
        put_row_fields(writer, archive_hurdle_fields, &config->hurdle[i]);
    }
}

void archive_put_config(archive_writer *writer, const amlz_search_config *config, const amlz_program *start_program)
{
    archive_put_key(writer, NULL, "config");
    archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_CONFIG_KEYS);
    put_fields(writer, "config", archive_config_fields, config);
    put_mutations(writer, config->mutation_weight);
    put_fields(writer, "config", archive_limit_fields, config);
    put_functions(writer, &config->space);
    archive_put_key(writer, "config", "start_program");
    if (archive_check_sizes(&writer->place, start_program, config, AMLZ_ERROR_PROGRAM)) {
        archive_put_program(writer, start_program);
    }
    put_fields(writer, "config", archive_redraw_fields, config);
    put_hurdles(writer, config);
    put_fields(writer, "config", archive_rating_fields, config);
}

void archive_put_tasks(archive_writer *writer, const amlz_tasks_config *tasks, uint64_t digest)
{
    archive_put_key(writer, NULL, "tasks");
    archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_TASKS_KEYS);
    put_fields(writer, "tasks", archive_tasks_fields, tasks);
    archive_put_key(writer, "tasks", "digest");
    archive_put_value(writer, ARCHIVE_INTEGER, digest);
}

void archive_put_outcome(archive_writer *writer, uint64_t evaluations, uint64_t digest)
{
    archive_put_key(writer, NULL, "evaluations");
    archive_put_value(writer, ARCHIVE_INTEGER, evaluations);
    archive_put_key(writer, NULL, "digest");
    archive_put_value(writer, ARCHIVE_INTEGER, digest);
}

void archive_put_state(archive_writer *writer, const amlz_state *state, uint32_t n_hurdles)
{
    archive_put_key(writer, NULL, "mark");
    archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_MARK_KEYS);
    archive_put_key(writer, "mark", "counts");
    archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_COUNTS_ROW);
    put_row_fields(writer, archive_count_fields, &state->progress);
    writer->place.field = archive_duplicates_field.key;
    put_field(writer, &archive_duplicates_field, &state->progress);
    archive_put_value(writer, ARCHIVE_ARRAY, n_hurdles);
    for (uint32_t i = 0; i < n_hurdles; i++) {
        archive_put_value(writer, ARCHIVE_INTEGER, state->progress.hurdle_stops[i]);
    }
    archive_put_key(writer, "mark", "rng");
    archive_put_value(writer, ARCHIVE_ARRAY, 4);
    for (int i = 0; i < 4; i++) {
        archive_put_value(writer, ARCHIVE_INTEGER, state->rng[i]);
    }
}

/* ---------------------------------------------------------------- islands */

void archive_put_island(archive_writer *writer, uint32_t index, const uint64_t *length)
{
    archive_go(&writer->place, NULL, "islands");
    archive_go_index(&writer->place, index);
    if (length != NULL && *length > UINT32_MAX) {
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "it takes more than an archive can hold");
    } else if (length != NULL) {
        archive_put_value(writer, ARCHIVE_BINARY, *length);
    }
    flush(writer);
    writer->is_measuring = length == NULL;
    writer->island_start = writer->place.offset;
    writer->outer_crc = writer->crc;
    writer->crc = 0;
    writer->place.is_island = 1;
    writer->place.island = index;
}

uint64_t archive_put_island_end(archive_writer *writer)
{
    archive_put_checksum(writer);
    const size_t length = writer->place.offset - writer->island_start;
    if (writer->is_measuring) {
        writer->place.offset = writer->island_start;
    }
    writer->is_measuring = 0;
    writer->crc = writer->outer_crc;
    writer->place.is_island = 0;
    return length;
}
