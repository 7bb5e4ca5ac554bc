/* Writes whole archives. Programs are large: functions that need room for one have it from amlz_archive_write. */
#include "archive_internal.h"

/* ---------------------------------------------------------------- blocks of memory */

static int write_to_block(void *context, const void *bytes, size_t size)
{
    amlz_archive_block *block = context;
    const size_t room = block->length < block->size ? block->size - block->length : 0;
    if (room > 0) {
        memcpy((unsigned char *)block->bytes + block->length, bytes, size < room ? size : room);
    }
    block->length += size;
    return 0;
}

amlz_archive_output amlz_archive_to_block(amlz_archive_block *block)
{
    const amlz_archive_output output = {write_to_block, block};
    block->length = 0;
    return output;
}

amlz_status archive_put_end(archive_writer *writer)
{
    archive_put_checksum(writer);
    if (writer->place.status == AMLZ_OK && writer->output.write == write_to_block) {
        const amlz_archive_block *block = writer->output.context;
        if (block->length > block->size) {
            writer->place.key = NULL;
            archive_fail(&writer->place, AMLZ_ERROR_MEMORY, "the block is too small: the archive takes ");
            archive_say_integer(&writer->place, block->length);
            archive_say(&writer->place, " bytes");
        }
    }
    return writer->place.status;
}

/* ---------------------------------------------------------------- programs and populations */

static void write_head(archive_writer *writer, const amlz_archive_content *content, const amlz_dims *dims)
{
    char library[AMLZ_ARCHIVE_MAX_WRITER + 1] = "libamlz ";
    const char *name = content->writer;
    if (name == NULL) {
        strncat(library, amlz_version(), sizeof library - 1 - strlen(library));
        name = library;
    }
    archive_put_head(writer, content->kind, dims, name, strlen(name));
}

static void write_program(archive_writer *writer, const amlz_archive_content *content)
{
    const amlz_dims smallest = archive_smallest_dims(content->program);
    write_head(writer, content, content->dims);
    archive_put_key(writer, NULL, "program");
    if (archive_check_program(&writer->place, content->program, content->dims != NULL ? content->dims : &smallest,
                              AMLZ_ERROR_PROGRAM)) {
        archive_put_program(writer, content->program);
    }
}

static void write_members(archive_writer *writer, const amlz_archive_content *content, const amlz_dims *dims,
                          uint32_t count, amlz_program *program)
{
    amlz_member member;
    archive_put_key(writer, NULL, archive_parts[AMLZ_POPULATION]);
    archive_put_value(writer, ARCHIVE_ARRAY, count);
    for (uint32_t i = 0; i < count && writer->place.status == AMLZ_OK; i++) {
        archive_go_index(&writer->place, i);
        const amlz_status status =
            content->member != NULL
                ? content->member(content->context, i, program, &member)
                : amlz_search_item(content->search, AMLZ_NOW, AMLZ_POPULATION, i, program, &member);
        if (status != AMLZ_OK) {
            archive_fail(&writer->place, status, "it cannot be had");
        } else if (archive_check_program(&writer->place, program, dims, AMLZ_ERROR_PROGRAM) &&
                   archive_check_member(&writer->place, &member, ARCHIVE_BIRTHS_UNKNOWN, AMLZ_ERROR_ARGUMENT)) {
            archive_put_member(writer, program, &member);
        }
    }
}

static void write_population(archive_writer *writer, const amlz_archive_content *content, amlz_program *program)
{
    amlz_search_config config;
    const amlz_dims *dims = content->dims;
    uint32_t count = content->n_members;
    if (content->member == NULL) {
        amlz_search_made_of(content->search, &config, NULL, NULL, NULL);
        dims = &config.space.dims;
        count = amlz_search_count(content->search, AMLZ_NOW, AMLZ_POPULATION);
    }
    write_head(writer, content, dims);
    write_members(writer, content, dims, count, program);
}

/* ---------------------------------------------------------------- checkpoints */

static void write_text(archive_writer *writer, const char *section, const char *key, const amlz_archive_text *text,
                       size_t most)
{
    archive_utf8 utf8 = {0, 0, 0};
    archive_put_key(writer, section, key);
    if (text == NULL || !text->is_there) {
        archive_put_value(writer, ARCHIVE_NIL, 0);
    } else if (text->length > most) {
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "expected a text of up to ");
        archive_say_integer(&writer->place, most);
        archive_say(&writer->place, " bytes, got one of ");
        archive_say_integer(&writer->place, text->length);
    } else if (!archive_utf8_accepts(&utf8, (const unsigned char *)text->bytes, text->length) || utf8.left > 0) {
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the text is not UTF-8");
    } else {
        archive_put_value(writer, ARCHIVE_STRING, text->length);
        archive_put_bytes(writer, text->bytes, text->length);
    }
}

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
    archive_put_bytes(writer, bytes, size);
}

/* One set of examples of a task: the features of all, then their labels. */
static void write_examples(archive_writer *writer, const amlz_tasks *tasks, const amlz_tasks_config *config,
                           uint32_t task, int is_valid)
{
    const uint32_t count = is_valid ? config->n_valid : config->n_train;
    uint64_t size[4];
    archive_data_sizes(config, size);
    archive_put_value(writer, ARCHIVE_BINARY, size[2 * is_valid]);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t f = 0; f < config->n_features; f++) {
            put_number(writer, amlz_tasks_value(tasks, task, is_valid, i, f), config->precision);
        }
    }
    archive_put_value(writer, ARCHIVE_BINARY, size[2 * is_valid + 1]);
    for (uint32_t i = 0; i < count; i++) {
        put_number(writer, amlz_tasks_value(tasks, task, is_valid, i, config->n_features), config->precision);
    }
}

static void write_data(archive_writer *writer, const amlz_tasks *tasks, const amlz_tasks_config *config,
                       uint64_t digest)
{
    uint64_t size[4];
    archive_data_sizes(config, size);
    archive_put_key(writer, "tasks", "data");
    if (tasks == NULL) {
        archive_put_value(writer, ARCHIVE_NIL, 0);
    } else if (amlz_tasks_digest(tasks) != digest) {
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the tasks are not those of the search");
    } else if (size[0] > UINT32_MAX || size[2] > UINT32_MAX) {
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "the features of a task take more than an archive can hold");
    } else {
        archive_put_value(writer, ARCHIVE_ARRAY, config->n_tasks);
        for (uint32_t task = 0; task < config->n_tasks && writer->place.status == AMLZ_OK; task++) {
            archive_put_value(writer, ARCHIVE_ARRAY, 4);
            write_examples(writer, tasks, config, task, 0);
            write_examples(writer, tasks, config, task, 1);
        }
    }
}

static void write_item(archive_writer *writer, const amlz_search *search, int moment, int part, uint32_t index,
                       amlz_program *program)
{
    amlz_member member;
    if (amlz_search_item(search, moment, part, index, part == AMLZ_HISTORY ? NULL : program, &member) != AMLZ_OK) {
        archive_fail(&writer->place, AMLZ_ERROR_ARGUMENT, "it cannot be had");
    } else if (part == AMLZ_HISTORY) {
        archive_put_improvement(writer, &member);
    } else {
        archive_put_member(writer, program, &member);
    }
}

static void write_best(archive_writer *writer, const char *section, const amlz_search *search, int moment,
                       amlz_program *program)
{
    archive_put_key(writer, section, archive_parts[AMLZ_BEST]);
    if (amlz_search_count(search, moment, AMLZ_BEST) == 0) {
        archive_put_value(writer, ARCHIVE_NIL, 0);
    } else {
        write_item(writer, search, moment, AMLZ_BEST, 0, program);
    }
}

static void write_part(archive_writer *writer, const amlz_search *search, int part, amlz_program *program)
{
    const uint32_t count = amlz_search_count(search, AMLZ_AT_MARK, part);
    archive_put_key(writer, "mark", archive_parts[part]);
    archive_put_value(writer, ARCHIVE_ARRAY, count);
    for (uint32_t i = 0; i < count && writer->place.status == AMLZ_OK; i++) {
        archive_go_index(&writer->place, i);
        write_item(writer, search, AMLZ_AT_MARK, part, i, program);
    }
}

static void write_setup(archive_writer *writer, const amlz_archive_content *content, amlz_search_config *config,
                        amlz_program *start)
{
    amlz_tasks_config tasks;
    uint64_t digest;
    amlz_search_made_of(content->search, config, &tasks, &digest, start);
    write_head(writer, content, &config->space.dims);
    archive_put_config(writer, config, start);
    archive_put_tasks(writer, &tasks, digest);
    write_text(writer, "tasks", "source", content->source, AMLZ_ARCHIVE_MAX_SOURCE);
    write_data(writer, content->data, &tasks, digest);
}

static void write_checkpoint(archive_writer *writer, const amlz_archive_content *content, amlz_program *program)
{
    const amlz_search *search = content->search;
    amlz_search_config config;
    amlz_state state;
    write_setup(writer, content, &config, program);
    amlz_search_state(search, AMLZ_NOW, &state);
    archive_put_outcome(writer, state.progress.evaluations, amlz_search_digest(search));
    write_best(writer, NULL, search, AMLZ_NOW, program);
    amlz_search_state(search, AMLZ_AT_MARK, &state);
    archive_put_state(writer, &state, config.n_hurdles);
    write_part(writer, search, AMLZ_POPULATION, program);
    write_part(writer, search, AMLZ_HALL, program);
    write_part(writer, search, AMLZ_HISTORY, program);
    write_best(writer, "mark", search, AMLZ_AT_MARK, program);
    write_text(writer, NULL, "session", content->session, AMLZ_ARCHIVE_MAX_SESSION);
}

/* ---------------------------------------------------------------- islands */

/* What is wrong with the content of an island; NULL: nothing. */
static const char *fault_of(const amlz_archive_content *island)
{
    return island->kind != AMLZ_ARCHIVE_CHECKPOINT || island->search == NULL ? "it must be a checkpoint of a search"
           : island->session != NULL && island->session->is_there            ? "it must have no session of its own"
                                                                             : NULL;
}

/* An island, which is only measured where length is NULL; its length. */
static uint64_t write_island(archive_writer *writer, const amlz_archive_content *content, uint32_t index,
                             const uint64_t *length, amlz_program *program)
{
    amlz_archive_content island;
    memset(&island, 0, sizeof island);
    island.kind = AMLZ_ARCHIVE_CHECKPOINT;
    island.writer = content->writer;
    const amlz_status status = content->island(content->context, index, &island);
    const char *fault = status != AMLZ_OK ? "it cannot be had" : fault_of(&island);
    archive_put_island(writer, index, length);
    if (fault != NULL) {
        archive_go(&writer->place, NULL, NULL);
        archive_fail(&writer->place, status != AMLZ_OK ? status : AMLZ_ERROR_ARGUMENT, fault);
    } else {
        write_checkpoint(writer, &island, program);
    }
    return archive_put_island_end(writer);
}

static void write_islands(archive_writer *writer, const amlz_archive_content *content, amlz_program *program)
{
    write_head(writer, content, NULL);
    archive_put_key(writer, NULL, "islands");
    archive_put_value(writer, ARCHIVE_ARRAY, content->n_islands);
    for (uint32_t i = 0; i < content->n_islands && writer->place.status == AMLZ_OK; i++) {
        const uint64_t length = write_island(writer, content, i, NULL, program);
        if (writer->place.status == AMLZ_OK) {
            write_island(writer, content, i, &length, program);
        }
    }
    write_text(writer, NULL, "session", content->session, AMLZ_ARCHIVE_MAX_SESSION);
}

/* ---------------------------------------------------------------- all */

/* What is missing to write content of its kind; NULL: nothing. */
static const char *missing(const amlz_archive_content *content, amlz_archive_output output)
{
    if (content == NULL || output.write == NULL) {
        return "content and an output must be given";
    }
    switch (content->kind) {
    case AMLZ_ARCHIVE_PROGRAM: return content->program == NULL ? "program must be given" : NULL;
    case AMLZ_ARCHIVE_POPULATION:
        return content->search == NULL && (content->member == NULL || content->dims == NULL)
                   ? "a search, or dims and a callback for the members, must be given"
                   : NULL;
    case AMLZ_ARCHIVE_CHECKPOINT: return content->search == NULL ? "search must be given" : NULL;
    case AMLZ_ARCHIVE_ISLANDS:
        return content->island == NULL || content->n_islands == 0 || content->n_islands > AMLZ_ARCHIVE_MAX_ISLANDS
                   ? "1 to 1024 islands, and a callback for them, must be given"
                   : NULL;
    default: return "kind must be program, population, checkpoint or islands";
    }
}

amlz_status amlz_archive_write(const amlz_archive_content *content, amlz_archive_output output,
                               amlz_archive_error *error)
{
    archive_writer writer;
    amlz_program program;
    const char *fault = missing(content, output);
    archive_put_start(&writer, output, error);
    if (fault != NULL) {
        archive_fail(&writer.place, AMLZ_ERROR_ARGUMENT, fault);
        return AMLZ_ERROR_ARGUMENT;
    }
    switch (content->kind) {
    case AMLZ_ARCHIVE_PROGRAM: write_program(&writer, content); break;
    case AMLZ_ARCHIVE_POPULATION: write_population(&writer, content, &program); break;
    case AMLZ_ARCHIVE_CHECKPOINT: write_checkpoint(&writer, content, &program); break;
    case AMLZ_ARCHIVE_ISLANDS: write_islands(&writer, content, &program); break;
    }
    return archive_put_end(&writer);
}
