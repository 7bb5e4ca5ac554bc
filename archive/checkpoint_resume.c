#include "checkpoint_resume.h"

#include <string.h>

static void say_value(archive_place *place, const archive_field *field, uint64_t value)
{
    if (field->is_real) {
        amlz__archive_say_real(place, value);
    } else {
        amlz__archive_say_integer(place, value);
    }
}

/* Of settings: the search that is resumed must have been made with those of the archive. */
static int fail_setting(archive_place *place, const char *message)
{
    return amlz__archive_fail(place, AMLZ_ERROR_ARGUMENT, message);
}

static int check_same(archive_place *place, const archive_field *field, const void *archived, const void *given)
{
    const uint64_t a = amlz__archive_load(field, archived), b = amlz__archive_load(field, given);
    if (a == b) {
        return 1;
    }
    fail_setting(place, "it is ");
    say_value(place, field, a);
    amlz__archive_say(place, " in the archive and ");
    say_value(place, field, b);
    amlz__archive_say(place, " in the search");
    return 0;
}

static int check_all_same(archive_place *place, const char *section, archive_fields fields, const void *archived,
                          const void *given)
{
    for (int i = 0; i < fields.count; i++) {
        amlz__archive_go(place, section, fields.field[i].key);
        if (!check_same(place, &fields.field[i], archived, given)) {
            return 0;
        }
    }
    return 1;
}

static int check_function(archive_place *place, const amlz_function_space *archived,
                          const amlz_function_space *given)
{
    for (int i = 0; i < amlz__archive_size_fields.count; i++) {
        place->field = amlz__archive_size_fields.field[i].key;
        if (!check_same(place, &amlz__archive_size_fields.field[i], archived, given)) {
            return 0;
        }
    }
    place->field = "ops";
    return (archived->n_ops == given->n_ops && memcmp(archived->ops, given->ops, given->n_ops) == 0) ||
           fail_setting(place, "the archive and the search have other ops, or in another order");
}

static int check_hurdles(archive_place *place, const amlz_search_config *archived, const amlz_search_config *given)
{
    amlz__archive_go(place, "config", "hurdles");
    if (archived->n_hurdles != given->n_hurdles) {
        return fail_setting(place, "the archive and the search have different numbers of them");
    }
    for (uint32_t i = 0; i < archived->n_hurdles; i++) {
        amlz__archive_go_index(place, i);
        for (int f = 0; f < amlz__archive_hurdle_fields.count; f++) {
            place->field = amlz__archive_hurdle_fields.field[f].key;
            if (!check_same(place, &amlz__archive_hurdle_fields.field[f], &archived->hurdle[i], &given->hurdle[i])) {
                return 0;
            }
        }
    }
    return 1;
}

static int check_config(archive_place *place, const amlz_search_config *archived, const amlz_search_config *given)
{
    if (!check_all_same(place, "dims", amlz__archive_dims_fields, &archived->space.dims, &given->space.dims) ||
        !check_all_same(place, "config", amlz__archive_config_fields, archived, given) ||
        !check_all_same(place, "config", amlz__archive_limit_fields, archived, given)) {
        return 0;
    }
    amlz__archive_go(place, "config", "mutations");
    for (uint32_t i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        amlz__archive_go_index(place, i);
        if (!check_same(place, &amlz__archive_weight_field, &archived->mutation_weight[i], &given->mutation_weight[i])) {
            return 0;
        }
    }
    amlz__archive_go(place, "config", "functions");
    for (uint32_t f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        amlz__archive_go_index(place, f);
        if (!check_function(place, &archived->space.function[f], &given->space.function[f])) {
            return 0;
        }
    }
    return check_all_same(place, "config", amlz__archive_redraw_fields, archived, given) &&
           check_hurdles(place, archived, given) &&
           check_all_same(place, "config", amlz__archive_rating_fields, archived, given) &&
           check_all_same(place, "config", amlz__archive_child_fields, archived, given);
}

/* While reader->program is the start program, that is before more is read. */
int amlz__archive_check_search(amlz_archive_reader *reader, const amlz_search *search)
{
    archive_place *place = &reader->place;
    const amlz_archive_info *info = &reader->info;
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_tasks_config tasks = {.struct_size = sizeof tasks};
    amlz_program start;
    uint64_t digest;
    amlz__archive_go(place, NULL, NULL);
    if (amlz_search_count(search, AMLZ_NOW, AMLZ_POPULATION) > 0) {
        return fail_setting(place, "the search must be new");
    }
    amlz_search_made_of(search, &config, &tasks, &digest, &start);
    if (!check_config(place, &info->search, &config) ||
        !check_all_same(place, "tasks", amlz__archive_tasks_fields, &info->tasks, &tasks)) {
        return 0;
    }
    amlz__archive_go(place, "tasks", "digest");
    if (digest != info->tasks_digest) {
        return fail_setting(place, "the tasks of the search have other numbers than those of the archive");
    }
    amlz__archive_go(place, "config", "start_program");
    return amlz_program_equal(&reader->program, &start) ||
           fail_setting(place, "the archive and the search have different ones");
}

static int is_best(const amlz_search *search, const archive_outcome *outcome)
{
    amlz_program program;
    amlz_member best;
    if (!outcome->has_best) {
        return 1;
    }
    return amlz_search_item(search, AMLZ_NOW, AMLZ_BEST, 0, &program, &best) == AMLZ_OK &&
           amlz_program_hash(&program) == outcome->best_hash &&
           memcmp(&best.fitness, &outcome->best.fitness, sizeof best.fitness) == 0 &&
           best.birth == outcome->best.birth && best.parent == outcome->best.parent &&
           best.action == outcome->best.action;
}

/* The evaluations since the mark, done again. */
static int replay(amlz_archive_reader *reader, amlz_search *search, const archive_outcome *outcome)
{
    const double never = 2.0;
    const uint64_t at_mark = outcome->mark.progress.evaluations;
    amlz_state state = {.struct_size = sizeof state};
    amlz_search_run(search, reader->info.evaluations - at_mark, never, NULL);
    amlz__archive_go(&reader->place, NULL, "digest");
    if (amlz_search_digest(search) != outcome->digest) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA,
                                  "the search came to another state than when it was saved: this library gives other results "
                                  "than the one that saved it");
    }
    amlz__archive_go(&reader->place, NULL, amlz__archive_parts[AMLZ_BEST]);
    if (!is_best(search, outcome)) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "it is not the best program of the search");
    }
    amlz_search_state(search, AMLZ_AT_MARK, &state);
    amlz__archive_go(&reader->place, NULL, "mark");
    return state.progress.evaluations == at_mark ||
           amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, "it is not the last one before the evaluations");
}

int amlz__archive_resume(amlz_archive_reader *reader, amlz_search *search, const archive_outcome *outcome)
{
    const char *reason;
    amlz__archive_go(&reader->place, NULL, "mark");
    if (amlz_search_resume(search, &outcome->mark, &reason) != AMLZ_OK) {
        return amlz__archive_fail(&reader->place, AMLZ_ERROR_DATA, reason);
    }
    return replay(reader, search, outcome);
}
