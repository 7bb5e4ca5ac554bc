/* Reads archives: programs, populations, islands; the calls for checkpoints and models. */
#include <string.h>

#include "checkpoint_resume.h"
#include "model_get.h"

/* What comes next. */
enum { STAGE_BEGIN, STAGE_PROGRAM, STAGE_MEMBERS, STAGE_DATA, STAGE_SEARCH, STAGE_ISLANDS, STAGE_MODEL, STAGE_END };

/* 1 if what this call reads comes next. */
static int begin_call(amlz_archive_reader *reader, int stage, amlz_archive_error *error)
{
    reader->place.error = error;
    if (reader->stage == stage && reader->place.status == AMLZ_OK) {
        return 1;
    }
    amlz__archive_go(&reader->place, NULL, NULL);
    reader->place.status = AMLZ_OK;
    return amlz__archive_fail(&reader->place, AMLZ_ERROR_ARGUMENT,
                              "the archive has something else here, or was refused already");
}

static amlz_status end_call(amlz_archive_reader *reader, int next_stage)
{
    reader->stage = next_stage == STAGE_END && reader->place.is_island ? STAGE_ISLANDS : next_stage;
    reader->place.error = NULL; /* the caller's, which may be gone by the next call */
    return reader->place.status;
}

static amlz_status without_reader(amlz_archive_error *error, const char *message)
{
    archive_place place = amlz__archive_place_at_start(error);
    amlz__archive_fail(&place, AMLZ_ERROR_ARGUMENT, message);
    return AMLZ_ERROR_ARGUMENT;
}

static int get_rest(amlz_archive_reader *reader);

/* ---------------------------------------------------------------- the reader */

/* A pointer wants the strictest alignment of its members, or a number of 64 bits does. */
#define ALIGNMENT 16

size_t amlz_archive_reader_size(void) { return sizeof(amlz_archive_reader) + ALIGNMENT - 1; }

amlz_archive_reader *amlz_archive_reader_init(void *memory, size_t size, const char **reason)
{
    const int fits = memory != NULL && size >= amlz_archive_reader_size();
    if (reason != NULL) {
        *reason = fits ? NULL : "the memory block is smaller than amlz_archive_reader_size";
    }
    if (!fits) {
        return NULL;
    }
    const size_t ahead = (uintptr_t)memory % ALIGNMENT;
    amlz_archive_reader *reader = (void *)((unsigned char *)memory + (ahead == 0 ? 0 : ALIGNMENT - ahead));
    memset(reader, 0, sizeof *reader);
    return reader;
}

const amlz_archive_info *amlz_archive_reader_info(const amlz_archive_reader *reader)
{
    return reader == NULL ? NULL : &reader->info;
}

const amlz_program *amlz_archive_reader_start(const amlz_archive_reader *reader)
{
    return reader == NULL ? NULL : &reader->program;
}

/* ---------------------------------------------------------------- opening */

static int get_population_header(amlz_archive_reader *reader)
{
    uint64_t count;
    if (!amlz__archive_get_key(reader, NULL, amlz__archive_parts[AMLZ_POPULATION]) ||
        !amlz__archive_get_value(reader, ARCHIVE_ARRAY, "an array", &count)) {
        return 0;
    }
    reader->info.n_members = (uint32_t)count; /* counts have at most 4 bytes */
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, NULL, amlz__archive_parts[AMLZ_POPULATION]);
        amlz__archive_put_value(reader->copy, ARCHIVE_ARRAY, count);
    }
    return count > 0 || amlz__archive_get_end(reader);
}

static int get_islands_header(amlz_archive_reader *reader)
{
    uint64_t count;
    if (!amlz__archive_get_key(reader, NULL, "islands") ||
        !amlz__archive_get_value(reader, ARCHIVE_ARRAY, "an array", &count)) {
        return 0;
    }
    if (count == 0 || count > AMLZ_ARCHIVE_MAX_ISLANDS) {
        amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "expected 1 to 1024 of them, got ");
        amlz__archive_say_integer(&reader->place, count);
        return 0;
    }
    reader->info.n_islands = (uint32_t)count;
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, NULL, "islands");
        amlz__archive_put_value(reader->copy, ARCHIVE_ARRAY, count);
    }
    return 1;
}

/* Reads up to what the next call reads, and gives its stage. */
static int get_beginning(amlz_archive_reader *reader, amlz_archive_text *source)
{
    if (!amlz__archive_get_head(reader)) {
        return STAGE_END;
    }
    switch (reader->info.kind) {
    case AMLZ_ARCHIVE_PROGRAM: return STAGE_PROGRAM;
    case AMLZ_ARCHIVE_POPULATION:
        get_population_header(reader);
        return reader->info.n_members > 0 ? STAGE_MEMBERS : STAGE_END;
    case AMLZ_ARCHIVE_ISLANDS: get_islands_header(reader); return STAGE_ISLANDS;
    case AMLZ_ARCHIVE_MODEL: amlz__archive_get_model_header(reader); return STAGE_MODEL;
    default: amlz__archive_get_setup(reader, source); return reader->info.has_data ? STAGE_DATA : STAGE_SEARCH;
    }
}

static int is_input(amlz_archive_input input) { return input.read != NULL || input.block != NULL || input.size == 0; }

static amlz_status open_archive(amlz_archive_reader *reader, amlz_archive_input input, amlz_archive_text *source,
                                archive_writer *copy, amlz_archive_error *error)
{
    memset(reader, 0, sizeof *reader);
    reader->place = amlz__archive_place_at_start(error);
    reader->copy = copy;
    amlz__archive_get_start(reader, input);
    return end_call(reader, get_beginning(reader, source));
}

amlz_status amlz_archive_open(amlz_archive_reader *reader, amlz_archive_input input, amlz_archive_text *source,
                              amlz_archive_error *error)
{
    if (reader == NULL || !is_input(input)) {
        return without_reader(error, "a reader and an input must be given");
    }
    return open_archive(reader, input, source, NULL, error);
}

/* ---------------------------------------------------------------- programs and members */

static int get_only_program(amlz_archive_reader *reader, amlz_program *program)
{
    amlz_archive_info *info = &reader->info;
    if (!amlz__archive_get_key(reader, NULL, "program") ||
        !amlz__archive_get_program(reader, info->has_dims ? &info->dims : NULL, NULL, program)) {
        return 0;
    }
    if (!info->has_dims) {
        info->dims = amlz__archive_smallest_dims(program);
        if (!amlz__archive_check_program(&reader->place, program, &info->dims, AMLZ_ERROR_DATA)) {
            return 0;
        }
    }
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, NULL, "program");
        amlz__archive_put_program(reader->copy, program);
    }
    return amlz__archive_get_end(reader);
}

static int get_next_member(amlz_archive_reader *reader, amlz_program *program, amlz_member *member)
{
    uint64_t surplus;
    amlz__archive_go(&reader->place, NULL, amlz__archive_parts[AMLZ_POPULATION]);
    amlz__archive_go_index(&reader->place, reader->n_read);
    if (!amlz__archive_get_row(reader, ARCHIVE_MEMBER_ROW, &surplus)) {
        return 0;
    }
    reader->place.field = "program";
    if (!amlz__archive_get_program(reader, &reader->info.dims, NULL, program) ||
        !amlz__archive_get_member(reader, surplus, ARCHIVE_BIRTHS_UNKNOWN, member)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_member(reader->copy, program, member);
    }
    reader->n_read++;
    return reader->n_read < reader->info.n_members || amlz__archive_get_end(reader);
}

amlz_status amlz_archive_read_program(amlz_archive_reader *reader, amlz_program *program, amlz_archive_error *error)
{
    if (reader == NULL || program == NULL) {
        return without_reader(error, "a reader and a program must be given");
    }
    if (begin_call(reader, STAGE_PROGRAM, error)) {
        get_only_program(reader, program);
    }
    return end_call(reader, STAGE_END);
}

amlz_status amlz_archive_read_member(amlz_archive_reader *reader, amlz_program *program, amlz_member *member,
                                     amlz_archive_error *error)
{
    amlz_member unwanted;
    if (reader == NULL) {
        return without_reader(error, "a reader must be given");
    }
    if (begin_call(reader, STAGE_MEMBERS, error)) {
        get_next_member(reader, program != NULL ? program : &reader->program, member != NULL ? member : &unwanted);
    }
    return end_call(reader, reader->n_read < reader->info.n_members ? STAGE_MEMBERS : STAGE_END);
}

/* ---------------------------------------------------------------- checkpoints */

size_t amlz_archive_scratch_size(const amlz_archive_info *info)
{
    uint64_t size[4], total = sizeof(double) - 1; /* to begin at an aligned address */
    amlz__archive_data_sizes(&info->tasks, size);
    for (int i = 0; i < 4; i++) {
        total += size[i];
    }
    return total > SIZE_MAX ? 0 : (size_t)total;
}

static int make_tasks(amlz_archive_reader *reader, void *memory, size_t size, void *scratch, amlz_tasks **tasks)
{
    const char *reason;
    *tasks = amlz_tasks_init(memory, size, &reader->info.tasks, &reason);
    if (*tasks == NULL) {
        amlz__archive_go(&reader->place, NULL, "tasks");
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_MEMORY, reason);
    }
    const size_t ahead = (uintptr_t)scratch % sizeof(double);
    unsigned char *aligned = (unsigned char *)scratch + (ahead == 0 ? 0 : sizeof(double) - ahead);
    if (!amlz__archive_get_data(reader, *tasks, aligned)) {
        return 0;
    }
    if (amlz_tasks_digest(*tasks) != reader->info.tasks_digest) {
        amlz__archive_go(&reader->place, "tasks", "digest");
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "it is not that of the data");
    }
    return 1;
}

amlz_status amlz_archive_read_tasks(amlz_archive_reader *reader, void *memory, size_t size, void *scratch,
                                    size_t scratch_size, amlz_tasks **tasks, amlz_archive_error *error)
{
    if (reader == NULL || tasks == NULL || scratch == NULL) {
        return without_reader(error, "a reader, a place for the tasks and scratch must be given");
    }
    if (begin_call(reader, STAGE_DATA, error)) {
        const size_t needed = amlz_archive_scratch_size(&reader->info);
        if (needed == 0 || scratch_size < needed) {
            amlz__archive_fail(&reader->place, AMLZ_ERROR_MEMORY, "scratch is smaller than amlz_archive_scratch_size");
        } else {
            make_tasks(reader, memory, size, scratch, tasks);
        }
    }
    return end_call(reader, STAGE_SEARCH);
}

static int restore(amlz_archive_reader *reader, amlz_search *search, amlz_archive_text *session)
{
    archive_outcome outcome;
    return amlz__archive_check_search(reader, search) &&
           (reader->stage == STAGE_SEARCH || amlz__archive_get_data(reader, NULL, NULL)) &&
           amlz__archive_get_state(reader, search, session, &outcome) && amlz__archive_get_end(reader) &&
           amlz__archive_resume(reader, search, &outcome);
}

amlz_status amlz_archive_read_search(amlz_archive_reader *reader, amlz_search *search, amlz_archive_text *session,
                                     amlz_archive_error *error)
{
    if (reader == NULL || search == NULL) {
        return without_reader(error, "a reader and a search must be given");
    }
    if (begin_call(reader, reader->stage == STAGE_DATA ? STAGE_DATA : STAGE_SEARCH, error)) {
        restore(reader, search, session);
    }
    return end_call(reader, STAGE_END);
}

/* ---------------------------------------------------------------- islands */

/* An island is read by the reader of the archive around it: of that, what is needed again is put aside. */
static void begin_island(amlz_archive_reader *reader, uint64_t length, amlz_archive_text *source)
{
    reader->outer = reader->info;
    reader->outer_surplus = reader->body_surplus;
    reader->outer_limit = reader->limit;
    reader->outer_crc = reader->crc;
    memset(&reader->info, 0, sizeof reader->info);
    reader->info.n_islands = reader->outer.n_islands;
    reader->start = reader->taken;
    reader->limit = reader->taken + length;
    reader->crc = 0;
    reader->place.offset = reader->start;
    amlz__archive_go(&reader->place, NULL, NULL);
    reader->place.is_island = 1;
    reader->place.island = reader->n_read;
    reader->stage = get_beginning(reader, source);
}

/* What was not read of it, and back to the archive around it. */
static int end_island(amlz_archive_reader *reader)
{
    if (reader->place.status != AMLZ_OK || (reader->stage != STAGE_ISLANDS && !get_rest(reader))) {
        return 0;
    }
    reader->info = reader->outer;
    reader->body_surplus = reader->outer_surplus;
    reader->limit = reader->outer_limit;
    reader->start = 0;
    reader->crc = reader->outer_crc;
    reader->place.is_island = 0;
    reader->stage = STAGE_ISLANDS;
    reader->n_read++;
    return reader->input.read != NULL || amlz__archive_get_bytes(reader, ARCHIVE_CHECKSUM_SIZE) != NULL; /* of a block */
}

static int get_island_header(amlz_archive_reader *reader, uint64_t *length)
{
    amlz__archive_go(&reader->place, NULL, "islands");
    amlz__archive_go_index(&reader->place, reader->n_read);
    return amlz__archive_get_value(reader, ARCHIVE_BINARY, "a binary", length);
}

/* The length that an island of another version has in this one. */
static int measure_island(amlz_archive_reader *reader, uint64_t *length)
{
    const unsigned char *at = reader->at;
    const uint64_t taken = reader->taken;
    if (reader->input.read != NULL) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_UNSUPPORTED,
                                  "islands of another version can only be copied from a block of memory");
    }
    amlz__archive_put_island(reader->copy, reader->n_read, NULL);
    begin_island(reader, *length, NULL);
    if (!end_island(reader)) {
        return 0;
    }
    *length = amlz__archive_put_island_end(reader->copy);
    reader->at = at;
    reader->taken = taken;
    reader->n_read--;
    return 1;
}

static int get_whole_island(amlz_archive_reader *reader)
{
    uint64_t length, copied;
    if (!get_island_header(reader, &length)) {
        return 0;
    }
    copied = length;
    if (reader->copy != NULL) {
        if (reader->info.minor != (uint64_t)amlz_archive_kind_minor(AMLZ_ARCHIVE_ISLANDS) && !measure_island(reader, &copied)) {
            return 0;
        }
        amlz__archive_put_island(reader->copy, reader->n_read, &copied);
    }
    begin_island(reader, length, NULL);
    if (!end_island(reader)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_island_end(reader->copy);
    }
    return 1;
}

static int get_islands_rest(amlz_archive_reader *reader, amlz_archive_text *session)
{
    if (reader->place.is_island && !end_island(reader)) {
        return 0;
    }
    while (reader->n_read < reader->info.n_islands) {
        if (!get_whole_island(reader)) {
            return 0;
        }
    }
    return amlz__archive_get_text(reader, NULL, "session", AMLZ_ARCHIVE_MAX_SESSION, session) && amlz__archive_get_end(reader);
}

static void get_next_island(amlz_archive_reader *reader, amlz_archive_text *source)
{
    uint64_t length;
    if (reader->place.is_island && !end_island(reader)) {
        return;
    }
    if (reader->n_read == reader->info.n_islands) {
        amlz__archive_go(&reader->place, NULL, NULL);
        amlz__archive_fail(&reader->place, AMLZ_ERROR_ARGUMENT, "there are no more islands");
    } else if (get_island_header(reader, &length)) {
        begin_island(reader, length, source);
    }
}

/* Whatever was read of an island, the next may be asked for. */
static int stage_of_islands(const amlz_archive_reader *reader)
{
    return reader->place.is_island ? reader->stage : STAGE_ISLANDS;
}

amlz_status amlz_archive_read_island(amlz_archive_reader *reader, amlz_archive_text *source, amlz_archive_error *error)
{
    if (reader == NULL) {
        return without_reader(error, "a reader must be given");
    }
    if (begin_call(reader, stage_of_islands(reader), error)) {
        get_next_island(reader, source);
    }
    return end_call(reader, reader->stage);
}

amlz_status amlz_archive_read_session(amlz_archive_reader *reader, amlz_archive_text *session,
                                      amlz_archive_error *error)
{
    if (reader == NULL) {
        return without_reader(error, "a reader must be given");
    }
    if (begin_call(reader, stage_of_islands(reader), error)) {
        get_islands_rest(reader, session);
    }
    return end_call(reader, STAGE_END);
}

/* ---------------------------------------------------------------- models */

amlz_status amlz_archive_measure_model(amlz_archive_reader *reader, size_t *size, amlz_archive_error *error)
{
    uint64_t needed = 0;
    if (reader == NULL || size == NULL) {
        return without_reader(error, "a reader and a size must be given");
    }
    if (begin_call(reader, STAGE_MODEL, error) && amlz__archive_measure_model(reader, &needed)) {
        if (needed > SIZE_MAX) {
            amlz__archive_go(&reader->place, NULL, NULL);
            amlz__archive_fail(&reader->place, AMLZ_ERROR_MEMORY, "the model needs more than the address space has");
        }
        *size = (size_t)needed;
    }
    return end_call(reader, STAGE_END);
}

amlz_status amlz_archive_read_model(amlz_archive_reader *reader, void *memory, size_t size, amlz_model **model,
                                    amlz_archive_text *session, amlz_archive_error *error)
{
    if (reader == NULL || memory == NULL || model == NULL) {
        return without_reader(error, "a reader, a block and a place for the model must be given");
    }
    if (begin_call(reader, STAGE_MODEL, error)) {
        amlz__archive_get_model(reader, memory, size, model, session);
    }
    return end_call(reader, STAGE_END);
}

/* ---------------------------------------------------------------- copies */

static int get_rest(amlz_archive_reader *reader)
{
    archive_outcome outcome;
    amlz_member member;
    switch (reader->stage) {
    case STAGE_PROGRAM: return get_only_program(reader, &reader->program);
    case STAGE_MEMBERS:
        while (reader->n_read < reader->info.n_members) {
            if (!get_next_member(reader, &reader->program, &member)) {
                return 0;
            }
        }
        return 1;
    case STAGE_DATA:
    case STAGE_SEARCH:
        return (reader->stage == STAGE_SEARCH || amlz__archive_get_data(reader, NULL, NULL)) &&
               amlz__archive_get_state(reader, NULL, NULL, &outcome) && amlz__archive_get_end(reader);
    case STAGE_ISLANDS: return get_islands_rest(reader, NULL);
    case STAGE_MODEL: return amlz__archive_skip_model(reader);
    default: return 1;
    }
}

static amlz_status read_all(amlz_archive_reader *reader, amlz_archive_input input, archive_writer *copy,
                            amlz_archive_error *error)
{
    const amlz_status status = open_archive(reader, input, NULL, copy, error);
    if (status != AMLZ_OK) {
        return status;
    }
    reader->place.error = error;
    get_rest(reader);
    return end_call(reader, STAGE_END);
}

static amlz_status copy_all(amlz_archive_reader *reader, amlz_archive_input input, amlz_archive_output output,
                            amlz_archive_error *error)
{
    archive_writer writer;
    amlz__archive_put_start(&writer, output, error);
    const amlz_status status = read_all(reader, input, &writer, error);
    return status != AMLZ_OK ? status : amlz__archive_put_end(&writer);
}

amlz_status amlz_archive_copy(amlz_archive_reader *reader, amlz_archive_input input, amlz_archive_output output,
                              amlz_archive_error *error)
{
    if (reader == NULL || !is_input(input)) {
        return without_reader(error, "a reader and an input must be given");
    }
    return output.write != NULL ? copy_all(reader, input, output, error) : read_all(reader, input, NULL, error);
}
