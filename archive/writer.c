/* Writes whole archives. Programs are large: functions that need room for one have it from amlz_archive_write. */
#include <string.h>

#include "checkpoint_put.h"

/* ---------------------------------------------------------------- programs and populations */

static void write_head(archive_writer *writer, const amlz_archive_content *content, const amlz_dims *dims)
{
    char library[AMLZ_ARCHIVE_MAX_WRITER + 1] = "libamlz ";
    const char *name = content->writer;
    if (name == NULL) {
        strncat(library, amlz_version(), sizeof library - 1 - strlen(library));
        name = library;
    }
    amlz__archive_put_head(writer, content->kind, dims, name, strlen(name));
}

static void write_program(archive_writer *writer, const amlz_archive_content *content)
{
    const amlz_dims smallest = amlz__archive_smallest_dims(content->program);
    write_head(writer, content, content->dims);
    amlz__archive_put_key(writer, NULL, "program");
    if (amlz__archive_check_program(&writer->place, content->program, content->dims != NULL ? content->dims : &smallest,
                                    AMLZ_ERROR_PROGRAM)) {
        amlz__archive_put_program(writer, content->program);
    }
}

static void write_members(archive_writer *writer, const amlz_archive_content *content, const amlz_dims *dims,
                          uint32_t count, amlz_program *program)
{
    amlz_member member;
    amlz__archive_put_key(writer, NULL, amlz__archive_parts[AMLZ_POPULATION]);
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, count);
    for (uint32_t i = 0; i < count && writer->place.status == AMLZ_OK; i++) {
        amlz__archive_go_index(&writer->place, i);
        const amlz_status status =
            content->member != NULL
                ? content->member(content->context, i, program, &member)
                : amlz_search_item(content->search, AMLZ_NOW, AMLZ_POPULATION, i, program, &member);
        if (status != AMLZ_OK) {
            amlz__archive_fail(&writer->place, status, "it cannot be had");
        } else if (amlz__archive_check_program(&writer->place, program, dims, AMLZ_ERROR_PROGRAM) &&
                   amlz__archive_check_member(&writer->place, &member, ARCHIVE_BIRTHS_UNKNOWN, AMLZ_ERROR_ARGUMENT)) {
            amlz__archive_put_member(writer, program, &member);
        }
    }
}

static void write_population(archive_writer *writer, const amlz_archive_content *content, amlz_program *program)
{
    amlz_search_config config = {.struct_size = sizeof config};
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

/* ---------------------------------------------------------------- checkpoints and islands */

static void write_checkpoint(archive_writer *writer, const amlz_archive_content *content, amlz_program *program)
{
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_search_made_of(content->search, &config, NULL, NULL, NULL);
    write_head(writer, content, &config.space.dims);
    amlz__archive_put_checkpoint(writer, content, &config, program);
}

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
    amlz__archive_put_island(writer, index, length);
    if (fault != NULL) {
        amlz__archive_go(&writer->place, NULL, NULL);
        amlz__archive_fail(&writer->place, status != AMLZ_OK ? status : AMLZ_ERROR_ARGUMENT, fault);
    } else {
        write_checkpoint(writer, &island, program);
    }
    return amlz__archive_put_island_end(writer);
}

static void write_islands(archive_writer *writer, const amlz_archive_content *content, amlz_program *program)
{
    write_head(writer, content, NULL);
    amlz__archive_put_key(writer, NULL, "islands");
    amlz__archive_put_value(writer, ARCHIVE_ARRAY, content->n_islands);
    for (uint32_t i = 0; i < content->n_islands && writer->place.status == AMLZ_OK; i++) {
        const uint64_t length = write_island(writer, content, i, NULL, program);
        if (writer->place.status == AMLZ_OK) {
            write_island(writer, content, i, &length, program);
        }
    }
    amlz__archive_put_text(writer, NULL, "session", content->session, AMLZ_ARCHIVE_MAX_SESSION);
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
    amlz__archive_put_start(&writer, output, error);
    if (fault != NULL) {
        amlz__archive_fail(&writer.place, AMLZ_ERROR_ARGUMENT, fault);
        return AMLZ_ERROR_ARGUMENT;
    }
    switch (content->kind) {
    case AMLZ_ARCHIVE_PROGRAM: write_program(&writer, content); break;
    case AMLZ_ARCHIVE_POPULATION: write_population(&writer, content, &program); break;
    case AMLZ_ARCHIVE_CHECKPOINT: write_checkpoint(&writer, content, &program); break;
    case AMLZ_ARCHIVE_ISLANDS: write_islands(&writer, content, &program); break;
    case AMLZ_ARCHIVE_MODEL: break; /* refused above */
    }
    return amlz__archive_put_end(&writer);
}
