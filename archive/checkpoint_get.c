#include "checkpoint_get.h"

#include <string.h>

#include "checkpoint_put.h"

/* The same of a key, after what is in it was read. */
static int fail_at(amlz_archive_reader *reader, const char *section, const char *key, const char *message)
{
    amlz__archive_go(&reader->place, section, key);
    return amlz__archive_refuse(reader, message);
}

/* ---------------------------------------------------------------- config */

static int get_weights(amlz_archive_reader *reader, double *weights)
{
    const uint32_t known = reader->info.minor < 2 ? ARCHIVE_MUTATIONS_1_1 : AMLZ_MUTATION_COUNT;
    uint64_t surplus;
    if (!amlz__archive_get_key(reader, "config", "mutations") || !amlz__archive_get_row(reader, known, &surplus)) {
        return 0;
    }
    for (uint32_t i = known; i < AMLZ_MUTATION_COUNT; i++) {
        weights[i] = 0;
    }
    for (uint32_t i = 0; i < known; i++) {
        amlz__archive_go_index(&reader->place, i);
        if (!amlz__archive_get_field(reader, &amlz__archive_weight_field, &weights[i])) {
            return 0;
        }
    }
    return amlz__archive_skip_elements(reader, surplus);
}

static int get_ops(amlz_archive_reader *reader, amlz_function_space *function)
{
    uint64_t count;
    reader->place.field = "ops";
    if (!amlz__archive_get_value(reader, ARCHIVE_BINARY, "a binary", &count)) {
        return 0;
    }
    if (count > AMLZ_MAX_OPS) {
        return amlz__archive_refuse(reader, "there are not so many ops");
    }
    function->n_ops = (uint16_t)count;
    const unsigned char *ops = count == 0 ? function->ops : amlz__archive_get_bytes(reader, (size_t)count);
    if (ops == NULL) {
        return 0;
    }
    memmove(function->ops, ops, (size_t)count);
    return 1;
}

static int get_functions(amlz_archive_reader *reader, amlz_space *space)
{
    if (!amlz__archive_get_key(reader, "config", "functions") || !amlz__archive_get_array(reader, AMLZ_FUNCTION_COUNT)) {
        return 0;
    }
    for (uint32_t f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        uint64_t surplus;
        amlz__archive_go_index(&reader->place, f);
        if (!amlz__archive_get_row(reader, ARCHIVE_FUNCTION_ROW, &surplus) ||
            !amlz__archive_get_row_fields(reader, amlz__archive_size_fields, &space->function[f]) ||
            !get_ops(reader, &space->function[f]) || !amlz__archive_skip_elements(reader, surplus)) {
            return 0;
        }
    }
    return 1;
}

static int get_hurdles(amlz_archive_reader *reader, amlz_search_config *config)
{
    uint64_t count, surplus;
    if (!amlz__archive_get_key(reader, "config", "hurdles") ||
        !amlz__archive_get_value(reader, ARCHIVE_ARRAY, "an array", &count)) {
        return 0;
    }
    if (count > AMLZ_MAX_HURDLES) {
        return amlz__archive_refuse(reader, "there must not be more than 4");
    }
    config->n_hurdles = (uint32_t)count;
    for (uint32_t i = 0; i < config->n_hurdles; i++) {
        amlz__archive_go_index(&reader->place, i);
        if (!amlz__archive_get_row(reader, ARCHIVE_HURDLE_ROW, &surplus) ||
            !amlz__archive_get_row_fields(reader, amlz__archive_hurdle_fields, &config->hurdle[i]) ||
            !amlz__archive_skip_elements(reader, surplus)) {
            return 0;
        }
    }
    return 1;
}

/* What version 1.1 added, and what 1.2 did. */
static int get_additions_1_1(amlz_archive_reader *reader, amlz_search_config *config)
{
    if (reader->info.minor < 1) {
        amlz__archive_set_config_1_0(config);
        return 1;
    }
    return amlz__archive_get_fields(reader, "config", amlz__archive_redraw_fields, config) && get_hurdles(reader, config) &&
           amlz__archive_get_fields(reader, "config", amlz__archive_rating_fields, config);
}

static int get_additions_1_2(amlz_archive_reader *reader, amlz_search_config *config)
{
    if (reader->info.minor < 2) {
        amlz__archive_set_config_1_1(config);
        return 1;
    }
    return amlz__archive_get_fields(reader, "config", amlz__archive_child_fields, config);
}

/* NULL, or a zero for which a search would take its default: archives say what it is. Others the schema refuses. */
static const char *fault_of_zeros(const amlz_search_config *config)
{
    int n_weights = 0;
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        n_weights += config->mutation_weight[i] != 0;
    }
    if (n_weights == 0) {
        return "mutations must have finite weights, none negative and one of them over 0";
    }
    if (config->fec_size > 0 && (config->fec_train == 0 || config->fec_valid == 0)) {
        return "fec_train and fec_valid must be 1 or more";
    }
    if (config->n_hurdles > 0 && config->hurdle_percentile == 0) {
        return "hurdle_percentile must be over 0 and under 1";
    }
    if (config->n_hurdles > 0 && config->hurdle_window == 0) {
        return "hurdle_window must be 1 or more";
    }
    if (config->constant_high == 0) {
        return "constant_high must be over 0";
    }
    return NULL;
}

static int get_config(amlz_archive_reader *reader)
{
    amlz_search_config *config = &reader->info.search;
    const uint64_t known = reader->info.minor < 1   ? ARCHIVE_CONFIG_KEYS_1_0
                           : reader->info.minor < 2 ? ARCHIVE_CONFIG_KEYS_1_1
                                                    : ARCHIVE_CONFIG_KEYS;
    const char *reason;
    uint64_t surplus;
    config->struct_size = sizeof *config;
    config->space.dims = reader->info.dims;
    if (!amlz__archive_get_key(reader, NULL, "config") || !amlz__archive_get_map(reader, known, &surplus) ||
        !amlz__archive_get_fields(reader, "config", amlz__archive_config_fields, config) ||
        !get_weights(reader, config->mutation_weight) ||
        !amlz__archive_get_fields(reader, "config", amlz__archive_limit_fields, config) ||
        !get_functions(reader, &config->space)) {
        return 0;
    }
    if (!amlz__archive_get_key(reader, "config", "start_program") ||
        !amlz__archive_get_program(reader, &reader->info.dims, config, &reader->program) || !get_additions_1_1(reader, config) ||
        !get_additions_1_2(reader, config)) {
        return 0;
    }
    reason = fault_of_zeros(config);
    if (reason != NULL || amlz_search_size(config, 1, &reason) == 0) {
        return fail_at(reader, NULL, "config", reason);
    }
    if (reader->copy != NULL) {
        amlz__archive_put_config(reader->copy, config, &reader->program);
    }
    return amlz__archive_skip_keys(reader, surplus);
}

/* ---------------------------------------------------------------- tasks */

/* The kind and shape of the tasks: what their map has, and what the search knows of them. */
static int get_shape(amlz_archive_reader *reader)
{
    amlz_archive_info *info = &reader->info;
    amlz_tasks_config *tasks = &info->tasks;
    const char *reason;
    tasks->struct_size = sizeof *tasks;
    tasks->n_features = info->dims.n_features;
    tasks->label = info->dims.label;
    tasks->n_classes = info->dims.n_classes;
    tasks->precision = info->search.precision;
    if (!amlz__archive_get_key(reader, NULL, "tasks") ||
        !amlz__archive_get_map(reader, ARCHIVE_TASKS_KEYS, &reader->tasks_surplus) ||
        !amlz__archive_get_fields(reader, "tasks", amlz__archive_tasks_fields, tasks) ||
        !amlz__archive_get_key(reader, "tasks", "digest") ||
        !amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &info->tasks_digest)) {
        return 0;
    }
    if (amlz_search_check(&info->search, tasks, &reason) != AMLZ_OK) {
        return fail_at(reader, NULL, "config", reason);
    }
    if (reader->copy != NULL) {
        amlz__archive_put_tasks(reader->copy, tasks, info->tasks_digest);
    }
    return 1;
}

/* Up to where the numbers begin, or where they are not. */
int amlz__archive_get_setup(amlz_archive_reader *reader, amlz_archive_text *source)
{
    amlz_archive_info *info = &reader->info;
    int is_nil;
    if (!get_config(reader) || !get_shape(reader) ||
        !amlz__archive_get_text(reader, "tasks", "source", AMLZ_ARCHIVE_MAX_SOURCE, source) ||
        !amlz__archive_get_key(reader, "tasks", "data") || !amlz__archive_get_nil(reader, &is_nil) ||
        !(is_nil || amlz__archive_get_array(reader, info->tasks.n_tasks))) {
        return 0;
    }
    info->has_data = !is_nil;
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, "tasks", "data");
        amlz__archive_put_value(reader->copy, is_nil ? ARCHIVE_NIL : ARCHIVE_ARRAY, is_nil ? 0 : info->tasks.n_tasks);
    }
    return !is_nil || amlz__archive_skip_keys(reader, reader->tasks_surplus);
}

/* Numbers of the archive become numbers of this machine, where they are. */
static void decode_floats(unsigned char *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, bytes += 4) {
        const uint32_t bits = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
        memcpy(bytes, &bits, sizeof bits);
    }
}

static void decode_doubles(unsigned char *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, bytes += 8) {
        uint64_t bits = 0;
        for (int b = 7; b >= 0; b--) {
            bits = bits << 8 | bytes[b];
        }
        memcpy(bytes, &bits, sizeof bits);
    }
}

/* The four binaries of a task, one behind the other in scratch, which may be NULL. */
static int get_task(amlz_archive_reader *reader, const uint64_t size[4], unsigned char *scratch)
{
    if (!amlz__archive_get_array(reader, 4)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_value(reader->copy, ARCHIVE_ARRAY, 4);
    }
    for (int i = 0; i < 4; i++) {
        uint64_t length;
        reader->place.field = amlz__archive_data[i];
        if (!amlz__archive_get_value(reader, ARCHIVE_BINARY, "a binary", &length)) {
            return 0;
        }
        if (length != size[i]) {
            amlz__archive_refuse(reader, "expected ");
            amlz__archive_say_integer(&reader->place, size[i]);
            amlz__archive_say(&reader->place, " bytes, got ");
            amlz__archive_say_integer(&reader->place, length);
            return 0;
        }
        if (reader->copy != NULL) {
            amlz__archive_put_value(reader->copy, ARCHIVE_BINARY, length);
        }
        if (!amlz__archive_get_long(reader, length, 0, scratch, reader->copy)) {
            return 0;
        }
        scratch = scratch == NULL ? NULL : scratch + length;
    }
    reader->place.field = NULL;
    return 1;
}

static amlz_status set_task(amlz_tasks *tasks, uint32_t task, int precision, const uint64_t size[4],
                            unsigned char *scratch)
{
    unsigned char *part[4] = {scratch, scratch + size[0], scratch + size[0] + size[1],
                              scratch + size[0] + size[1] + size[2]};
    const uint64_t total = size[0] + size[1] + size[2] + size[3];
    if (precision == AMLZ_FLOAT64) {
        decode_doubles(scratch, total / sizeof(double));
        return amlz_tasks_set_f64(tasks, task, (double *)(void *)part[0], (double *)(void *)part[1],
                                  (double *)(void *)part[2], (double *)(void *)part[3]);
    }
    decode_floats(scratch, total / sizeof(float));
    return amlz_tasks_set_f32(tasks, task, (float *)(void *)part[0], (float *)(void *)part[1], (float *)(void *)part[2],
                              (float *)(void *)part[3]);
}

int amlz__archive_get_data(amlz_archive_reader *reader, amlz_tasks *tasks, unsigned char *scratch)
{
    uint64_t size[4];
    amlz__archive_data_sizes(&reader->info.tasks, size);
    amlz__archive_go(&reader->place, "tasks", "data");
    for (uint32_t task = 0; task < reader->info.tasks.n_tasks; task++) {
        amlz__archive_go_index(&reader->place, task);
        if (!get_task(reader, size, scratch)) {
            return 0;
        }
        if (tasks != NULL && set_task(tasks, task, reader->info.tasks.precision, size, scratch) != AMLZ_OK) {
            return amlz__archive_refuse(reader, "a number is not finite, or a label is none");
        }
    }
    return amlz__archive_skip_keys(reader, reader->tasks_surplus);
}

/* ---------------------------------------------------------------- the state at a mark */

static int put_member(amlz_archive_reader *reader, amlz_search *search, int part, const amlz_program *program,
                      const amlz_member *member)
{
    const char *reason;
    if (search != NULL && amlz_search_put(search, part, program, member, &reason) != AMLZ_OK) {
        return amlz__archive_refuse(reader, reason);
    }
    if (reader->copy != NULL && program != NULL) {
        amlz__archive_put_member(reader->copy, program, member);
    } else if (reader->copy != NULL) {
        amlz__archive_put_improvement(reader->copy, member);
    }
    return 1;
}

/* A row with its program in reader->program, which an improvement has not. */
static int get_item(amlz_archive_reader *reader, amlz_search *search, int part, uint64_t last, amlz_member *member)
{
    const amlz_archive_info *info = &reader->info;
    const int has_program = part != AMLZ_HISTORY;
    uint64_t surplus;
    if (!amlz__archive_get_row(reader, has_program ? ARCHIVE_MEMBER_ROW : ARCHIVE_HISTORY_ROW, &surplus)) {
        return 0;
    }
    reader->place.field = "program";
    return (!has_program || amlz__archive_get_program(reader, &info->dims, &info->search, &reader->program)) &&
           amlz__archive_get_member(reader, surplus, last, member) &&
           put_member(reader, search, part, has_program ? &reader->program : NULL, member);
}

/* Improvements are later and better, one than the other. */
static int check_improvement(amlz_archive_reader *reader, const amlz_member *former, const amlz_member *member)
{
    if (member->birth > former->birth && archive_real_order(member->fitness) > archive_real_order(former->fitness)) {
        return 1;
    }
    return amlz__archive_refuse(reader, "it must be later and better than the one before");
}

static int get_members(amlz_archive_reader *reader, amlz_search *search, int part, uint64_t least, uint64_t most,
                       uint64_t last)
{
    amlz_member member, former = {-1, 0, 0, 0};
    uint64_t count;
    if (!amlz__archive_get_key(reader, "mark", amlz__archive_parts[part]) ||
        !amlz__archive_get_value(reader, ARCHIVE_ARRAY, "an array", &count)) {
        return 0;
    }
    if (count < least || count > most) {
        amlz__archive_refuse(reader, "there must not be ");
        amlz__archive_say_integer(&reader->place, count);
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, "mark", amlz__archive_parts[part]);
        amlz__archive_put_value(reader->copy, ARCHIVE_ARRAY, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        amlz__archive_go_index(&reader->place, i);
        if (!get_item(reader, search, part, last, &member) ||
            (part == AMLZ_HISTORY && i > 0 && !check_improvement(reader, &former, &member))) {
            return 0;
        }
        former = member;
    }
    return 1;
}

/* nil just if nothing was evaluated. */
static int get_best(amlz_archive_reader *reader, const char *section, amlz_search *search, uint64_t last,
                    amlz_member *member)
{
    int is_nil;
    if (!amlz__archive_get_key(reader, section, amlz__archive_parts[AMLZ_BEST]) || !amlz__archive_get_nil(reader, &is_nil)) {
        return 0;
    }
    if (is_nil != (last == 0)) {
        return amlz__archive_refuse(reader, is_nil ? "there must be one: programs were evaluated"
                                   : "there must be none: nothing was evaluated");
    }
    if (reader->copy != NULL) {
        amlz__archive_put_key(reader->copy, section, amlz__archive_parts[AMLZ_BEST]);
        if (is_nil) {
            amlz__archive_put_value(reader->copy, ARCHIVE_NIL, 0);
        }
    }
    return is_nil || get_item(reader, search, AMLZ_BEST, last, member);
}

static int get_rng(amlz_archive_reader *reader, uint64_t rng[4])
{
    if (!amlz__archive_get_key(reader, "mark", "rng") || !amlz__archive_get_array(reader, 4)) {
        return 0;
    }
    for (int i = 0; i < 4; i++) {
        if (!amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &rng[i])) {
            return 0;
        }
    }
    return (rng[0] | rng[1] | rng[2] | rng[3]) != 0 || amlz__archive_refuse(reader, "it must not be all zero");
}

/* A search that remembers nothing is always at a mark, and others have one at least every cache_period evaluations. */
static int check_distance(amlz_archive_reader *reader, uint64_t at_mark)
{
    const amlz_search_config *config = &reader->info.search;
    const int has_memory = config->cache_size > 0 || config->fec_size > 0 || config->n_hurdles > 0 ||
                           config->structures_size > 0;
    const uint64_t most = has_memory ? config->cache_period : 0;
    const uint64_t now = reader->info.evaluations;
    return (at_mark <= now && now - at_mark <= most) || amlz__archive_refuse(reader, "the mark is too far from the evaluations");
}

/* What later versions added. */
static int get_more_counts(amlz_archive_reader *reader, amlz_progress *progress)
{
    if (reader->info.minor < 1) {
        return 1;
    }
    reader->place.field = amlz__archive_duplicates_field.key;
    if (!amlz__archive_get_field(reader, &amlz__archive_duplicates_field, progress)) {
        return 0;
    }
    reader->place.field = "hurdle_stops";
    if (!amlz__archive_get_array(reader, reader->info.search.n_hurdles)) {
        return 0;
    }
    for (uint32_t i = 0; i < reader->info.search.n_hurdles; i++) {
        if (!amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &progress->hurdle_stops[i])) {
            return 0;
        }
    }
    if (reader->info.minor < 2) {
        return 1;
    }
    reader->place.field = amlz__archive_tunings_field.key;
    return amlz__archive_get_field(reader, &amlz__archive_tunings_field, progress);
}

static int get_counts(amlz_archive_reader *reader, amlz_progress *progress)
{
    const uint64_t known = reader->info.minor < 1   ? ARCHIVE_COUNTS_ROW_1_0
                           : reader->info.minor < 2 ? ARCHIVE_COUNTS_ROW_1_1
                                                    : ARCHIVE_COUNTS_ROW;
    uint64_t surplus;
    return amlz__archive_get_key(reader, "mark", "counts") && amlz__archive_get_row(reader, known, &surplus) &&
           amlz__archive_get_row_fields(reader, amlz__archive_count_fields, progress) &&
           check_distance(reader, progress->evaluations) && get_more_counts(reader, progress) &&
           amlz__archive_skip_elements(reader, surplus);
}

static int get_mark(amlz_archive_reader *reader, amlz_search *search, amlz_state *mark)
{
    const amlz_search_config *config = &reader->info.search;
    amlz_member best;
    uint64_t surplus;
    memset(mark, 0, sizeof *mark);
    mark->struct_size = sizeof *mark;
    if (!amlz__archive_get_key(reader, NULL, "mark") || !amlz__archive_get_map(reader, ARCHIVE_MARK_KEYS, &surplus) ||
        !get_counts(reader, &mark->progress) || !get_rng(reader, mark->rng)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_state(reader->copy, mark, config->n_hurdles);
    }
    const uint64_t n = mark->progress.evaluations, size = n < config->population_size ? n : config->population_size;
    return get_members(reader, search, AMLZ_POPULATION, size, size, n) &&
           get_members(reader, search, AMLZ_HALL, 0, UINT32_MAX, n) &&
           get_members(reader, search, AMLZ_HISTORY, 0, config->history_size, n) &&
           get_best(reader, "mark", search, n, &best) && amlz__archive_skip_keys(reader, surplus);
}

static int get_outcome(amlz_archive_reader *reader, archive_outcome *outcome)
{
    amlz_archive_info *info = &reader->info;
    memset(outcome, 0, sizeof *outcome);
    if (!amlz__archive_get_key(reader, NULL, "evaluations") ||
        !amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &info->evaluations) ||
        !amlz__archive_get_key(reader, NULL, "digest") ||
        !amlz__archive_get_value(reader, ARCHIVE_INTEGER, "an integer", &outcome->digest)) {
        return 0;
    }
    if (reader->copy != NULL) {
        amlz__archive_put_outcome(reader->copy, info->evaluations, outcome->digest);
    }
    if (!get_best(reader, NULL, NULL, info->evaluations, &outcome->best)) {
        return 0;
    }
    outcome->has_best = info->evaluations > 0;
    outcome->best_hash = outcome->has_best ? amlz_program_hash(&reader->program) : 0;
    return 1;
}

static int get_common_session(amlz_archive_reader *reader, amlz_archive_text *session)
{
    return amlz__archive_get_text(reader, NULL, "session", AMLZ_ARCHIVE_MAX_SESSION, session) &&
           (!reader->place.is_island || !session->is_there ||
            amlz__archive_refuse(reader, "expected nil: islands have one for all of them"));
}

int amlz__archive_get_state(amlz_archive_reader *reader, amlz_search *search, amlz_archive_text *session,
                            archive_outcome *outcome)
{
    amlz_archive_text unwanted = {NULL, 0, 0, 0};
    return get_outcome(reader, outcome) && get_mark(reader, search, &outcome->mark) &&
           get_common_session(reader, session != NULL ? session : &unwanted);
}
