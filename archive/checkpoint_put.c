#include "checkpoint_put.h"

#include <string.h>

/* ---------------------------------------------------------------- parts */

static void put_mutations(archive_writer *writer, const double *weights)
{
    amlz__archive_put_key(writer, "config", "mutations");
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, AMLZ_MUTATION_COUNT);
    for (uint32_t i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        amlz__archive_go_index(&writer->place, i);
        amlz__archive_put_field(writer, &amlz__archive_weight_field, &weights[i]);
    }
}

static void put_functions(archive_writer *writer, const amlz_space *space)
{
    amlz__archive_put_key(writer, "config", "functions");
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, AMLZ_FUNCTION_COUNT);
    for (uint32_t f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &space->function[f];
        amlz__archive_go_index(&writer->place, f);
        amlz__archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_FUNCTION_ROW);
        amlz__archive_put_row_fields(writer, amlz__archive_size_fields, function);
        amlz__archive_put_value(writer, ARCHIVE_BINARY, function->n_ops);
        amlz__archive_put_bytes(writer, function->ops, function->n_ops);
    }
}

static void put_hurdles(archive_writer *writer, const amlz_search_config *config)
{
    amlz__archive_put_key(writer, "config", "hurdles");
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, config->n_hurdles);
    for (uint32_t i = 0; i < config->n_hurdles; i++) {
        amlz__archive_go_index(&writer->place, i);
        amlz__archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_HURDLE_ROW);
        amlz__archive_put_row_fields(writer, amlz__archive_hurdle_fields, &config->hurdle[i]);
    }
}

void amlz__archive_put_config(archive_writer *writer, const amlz_search_config *config, const amlz_program *start_program)
{
    amlz__archive_put_key(writer, NULL, "config");
    amlz__archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_CONFIG_KEYS);
    amlz__archive_put_fields(writer, "config", amlz__archive_config_fields, config);
    put_mutations(writer, config->mutation_weight);
    amlz__archive_put_fields(writer, "config", amlz__archive_limit_fields, config);
    put_functions(writer, &config->space);
    amlz__archive_put_key(writer, "config", "start_program");
    if (amlz__archive_check_sizes(&writer->place, start_program, config, AMLZ_ERROR_PROGRAM)) {
        amlz__archive_put_program(writer, start_program);
    }
    amlz__archive_put_fields(writer, "config", amlz__archive_redraw_fields, config);
    put_hurdles(writer, config);
    amlz__archive_put_fields(writer, "config", amlz__archive_rating_fields, config);
    amlz__archive_put_fields(writer, "config", amlz__archive_child_fields, config);
}

void amlz__archive_put_tasks(archive_writer *writer, const amlz_tasks_config *tasks, uint64_t digest)
{
    amlz__archive_put_key(writer, NULL, "tasks");
    amlz__archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_TASKS_KEYS);
    amlz__archive_put_fields(writer, "tasks", amlz__archive_tasks_fields, tasks);
    amlz__archive_put_key(writer, "tasks", "digest");
    amlz__archive_put_value(writer, ARCHIVE_INTEGER, digest);
}

void amlz__archive_put_outcome(archive_writer *writer, uint64_t evaluations, uint64_t digest)
{
    amlz__archive_put_key(writer, NULL, "evaluations");
    amlz__archive_put_value(writer, ARCHIVE_INTEGER, evaluations);
    amlz__archive_put_key(writer, NULL, "digest");
    amlz__archive_put_value(writer, ARCHIVE_INTEGER, digest);
}

void amlz__archive_put_state(archive_writer *writer, const amlz_state *state, uint32_t n_hurdles)
{
    amlz__archive_put_key(writer, NULL, "mark");
    amlz__archive_put_value(writer, ARCHIVE_MAP, ARCHIVE_MARK_KEYS);
    amlz__archive_put_key(writer, "mark", "counts");
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, ARCHIVE_COUNTS_ROW);
    amlz__archive_put_row_fields(writer, amlz__archive_count_fields, &state->progress);
    writer->place.field = amlz__archive_duplicates_field.key;
    amlz__archive_put_field(writer, &amlz__archive_duplicates_field, &state->progress);
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, n_hurdles);
    for (uint32_t i = 0; i < n_hurdles; i++) {
        amlz__archive_put_value(writer, ARCHIVE_INTEGER, state->progress.hurdle_stops[i]);
    }
    writer->place.field = amlz__archive_tunings_field.key;
    amlz__archive_put_field(writer, &amlz__archive_tunings_field, &state->progress);
    amlz__archive_put_key(writer, "mark", "rng");
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, 4);
    for (int i = 0; i < 4; i++) {
        amlz__archive_put_value(writer, ARCHIVE_INTEGER, state->rng[i]);
    }
}

/* ---------------------------------------------------------------- numbers of tasks */

/* The bits of a float whose value a double has. A conversion would do, did the caller not let the machine flush small
 * numbers to zero. */
static uint32_t float_bits(uint64_t bits)
{
    const uint32_t sign = (uint32_t)(bits >> 63) << 31, exponent = (uint32_t)(bits >> 52 & 0x7ff);
    const uint32_t fraction = (uint32_t)(bits >> 29 & 0x7fffff), least = 1023 - 126; /* exponent of normal floats */
    if (exponent >= least) {
        return sign | (exponent - least + 1) << 23 | fraction;
    }
    return exponent + 24 <= least ? sign : sign | (fraction | 0x800000) >> (least - exponent);
}

static void put_number(archive_writer *writer, double number, int precision)
{
    const size_t size = precision == AMLZ_FLOAT64 ? sizeof(double) : sizeof(float);
    unsigned char bytes[sizeof(double)];
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    bits = precision == AMLZ_FLOAT64 ? bits : float_bits(bits); /* the tasks were rounded: it is a float */
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(bits >> (8 * i));
    }
    amlz__archive_put_bytes(writer, bytes, size);
}

/* One set of examples of a task: the features of all, then their labels. */
static void write_examples(archive_writer *writer, const amlz_tasks *tasks, const amlz_tasks_config *config,
                           uint32_t task, int is_valid)
{
    const uint32_t count = is_valid ? config->n_valid : config->n_train;
    uint64_t size[4];
    amlz__archive_data_sizes(config, size);
    amlz__archive_put_value(writer, ARCHIVE_BINARY, size[2 * is_valid]);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t f = 0; f < config->n_features; f++) {
            put_number(writer, amlz_tasks_value(tasks, task, is_valid, i, f), config->precision);
        }
    }
    amlz__archive_put_value(writer, ARCHIVE_BINARY, size[2 * is_valid + 1]);
    for (uint32_t i = 0; i < count; i++) {
        put_number(writer, amlz_tasks_value(tasks, task, is_valid, i, config->n_features), config->precision);
    }
}

static void write_data(archive_writer *writer, const amlz_tasks *tasks, const amlz_tasks_config *config,
                       uint64_t digest)
{
    uint64_t size[4];
    amlz__archive_data_sizes(config, size);
    amlz__archive_put_key(writer, "tasks", "data");
    if (tasks == NULL) {
        amlz__archive_put_value(writer, ARCHIVE_NIL, 0);
    } else if (amlz_tasks_digest(tasks) != digest) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the tasks are not those of the search");
    } else if (size[0] > UINT32_MAX || size[2] > UINT32_MAX) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the features of a task take more than an archive can hold");
    } else {
        amlz__archive_put_value(writer, ARCHIVE_ARRAY, config->n_tasks);
        for (uint32_t task = 0; task < config->n_tasks && writer->place.status == AMLZ_OK; task++) {
            amlz__archive_put_value(writer, ARCHIVE_ARRAY, 4);
            write_examples(writer, tasks, config, task, 0);
            write_examples(writer, tasks, config, task, 1);
        }
    }
}

/* ---------------------------------------------------------------- all */

static void write_item(archive_writer *writer, const amlz_search *search, int moment, int part, uint32_t index,
                       amlz_program *program)
{
    amlz_member member;
    if (amlz_search_item(search, moment, part, index, part == AMLZ_HISTORY ? NULL : program, &member) != AMLZ_OK) {
        amlz__archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "it cannot be had");
    } else if (part == AMLZ_HISTORY) {
        amlz__archive_put_improvement(writer, &member);
    } else {
        amlz__archive_put_member(writer, program, &member);
    }
}

static void write_best(archive_writer *writer, const char *section, const amlz_search *search, int moment,
                       amlz_program *program)
{
    amlz__archive_put_key(writer, section, amlz__archive_parts[AMLZ_BEST]);
    if (amlz_search_count(search, moment, AMLZ_BEST) == 0) {
        amlz__archive_put_value(writer, ARCHIVE_NIL, 0);
    } else {
        write_item(writer, search, moment, AMLZ_BEST, 0, program);
    }
}

static void write_part(archive_writer *writer, const amlz_search *search, int part, amlz_program *program)
{
    const uint32_t count = amlz_search_count(search, AMLZ_AT_MARK, part);
    amlz__archive_put_key(writer, "mark", amlz__archive_parts[part]);
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, count);
    for (uint32_t i = 0; i < count && writer->place.status == AMLZ_OK; i++) {
        amlz__archive_go_index(&writer->place, i);
        write_item(writer, search, AMLZ_AT_MARK, part, i, program);
    }
}

static void write_setup(archive_writer *writer, const amlz_archive_content *content, const amlz_search_config *config,
                        amlz_program *start)
{
    amlz_tasks_config tasks = {.struct_size = sizeof tasks};
    uint64_t digest;
    amlz_search_made_of(content->search, NULL, &tasks, &digest, start);
    amlz__archive_put_config(writer, config, start);
    amlz__archive_put_tasks(writer, &tasks, digest);
    amlz__archive_put_text(writer, "tasks", "source", content->source, AMLZ_ARCHIVE_MAX_SOURCE);
    write_data(writer, content->data, &tasks, digest);
}

void amlz__archive_put_checkpoint(archive_writer *writer, const amlz_archive_content *content,
                                  const amlz_search_config *config, amlz_program *program)
{
    const amlz_search *search = content->search;
    amlz_state state = {.struct_size = sizeof state};
    write_setup(writer, content, config, program);
    amlz_search_state(search, AMLZ_NOW, &state);
    amlz__archive_put_outcome(writer, state.progress.evaluations, amlz_search_digest(search));
    write_best(writer, NULL, search, AMLZ_NOW, program);
    amlz_search_state(search, AMLZ_AT_MARK, &state);
    amlz__archive_put_state(writer, &state, config->n_hurdles);
    write_part(writer, search, AMLZ_POPULATION, program);
    write_part(writer, search, AMLZ_HALL, program);
    write_part(writer, search, AMLZ_HISTORY, program);
    write_best(writer, "mark", search, AMLZ_AT_MARK, program);
    amlz__archive_put_text(writer, NULL, "session", content->session, AMLZ_ARCHIVE_MAX_SESSION);
}
