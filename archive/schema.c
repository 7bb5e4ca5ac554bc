#include "schema.h"

#include <string.h>

#define SIZE_OF(type, member) sizeof(((type *)0)->member)
#define INTEGER(type, member, key, least, most) {key, 0, SIZE_OF(type, member), offsetof(type, member), least, most}
#define REAL(type, member, key, most) {key, 1, SIZE_OF(type, member), offsetof(type, member), 0, most}
#define FIELDS(array) {array, sizeof array / sizeof array[0]}

static const archive_field dims_fields[] = {
    INTEGER(amlz_dims, n_features, "features", 1, AMLZ_MAX_FEATURES),
    INTEGER(amlz_dims, n_scalars, "scalars", 2, AMLZ_MAX_ADDRESSES),
    INTEGER(amlz_dims, n_vectors, "vectors", 1, AMLZ_MAX_ADDRESSES),
    INTEGER(amlz_dims, n_matrices, "matrices", 0, AMLZ_MAX_ADDRESSES),
    INTEGER(amlz_dims, label, "label", 0, AMLZ_MULTICLASS),
    INTEGER(amlz_dims, n_classes, "classes", 0, AMLZ_MAX_FEATURES),
};
const archive_fields amlz__archive_dims_fields = FIELDS(dims_fields);

static const archive_field config_fields[] = {
    INTEGER(amlz_search_config, seed, "seed", 0, UINT64_MAX),
    INTEGER(amlz_search_config, algorithm, "algorithm", 0, AMLZ_RANDOM_SEARCH),
    INTEGER(amlz_search_config, start, "start", 0, AMLZ_START_GROWN),
    INTEGER(amlz_search_config, combine, "combine", 0, AMLZ_MEDIAN),
    INTEGER(amlz_search_config, precision, "precision", 0, AMLZ_FLOAT64),
    INTEGER(amlz_search_config, population_size, "population_size", 1, UINT32_MAX),
    INTEGER(amlz_search_config, tournament_size, "tournament_size", 1, UINT32_MAX),
    REAL(amlz_search_config, mutate_prob, "mutate_prob", ARCHIVE_REAL_ONE),
};
const archive_fields amlz__archive_config_fields = FIELDS(config_fields);

const archive_field amlz__archive_weight_field = {"weight", 1, sizeof(double), 0, 0, ARCHIVE_REAL_LARGEST};

static const archive_field limit_fields[] = {
    INTEGER(amlz_search_config, cache_size, "cache_size", 0, UINT32_MAX),
    INTEGER(amlz_search_config, fec_size, "fec_size", 0, UINT32_MAX),
    INTEGER(amlz_search_config, fec_train, "fec_train", 0, UINT32_MAX),
    INTEGER(amlz_search_config, fec_valid, "fec_valid", 0, UINT32_MAX),
    INTEGER(amlz_search_config, cache_period, "cache_period", 1, UINT32_MAX),
    INTEGER(amlz_search_config, cache_work, "cache_work", 1, UINT64_MAX),
    INTEGER(amlz_search_config, history_size, "history_size", 0, UINT32_MAX),
    REAL(amlz_search_config, max_cost, "max_cost", ARCHIVE_REAL_LARGEST),
    INTEGER(amlz_search_config, must_learn, "must_learn", 0, 1),
};
const archive_fields amlz__archive_limit_fields = FIELDS(limit_fields);

static const archive_field redraw_fields[] = {
    INTEGER(amlz_search_config, redraws, "redraws", 0, UINT32_MAX),
};
const archive_fields amlz__archive_redraw_fields = FIELDS(redraw_fields);

static const archive_field hurdle_fields[] = {
    INTEGER(amlz_hurdle, n_train, "n_train", 1, INT32_MAX),
    INTEGER(amlz_hurdle, n_valid, "n_valid", 1, INT32_MAX),
};
const archive_fields amlz__archive_hurdle_fields = FIELDS(hurdle_fields);

static const archive_field rating_fields[] = {
    REAL(amlz_search_config, hurdle_percentile, "hurdle_percentile", ARCHIVE_REAL_ONE),
    INTEGER(amlz_search_config, hurdle_window, "hurdle_window", 0, UINT32_MAX),
};
const archive_fields amlz__archive_rating_fields = FIELDS(rating_fields);

void amlz__archive_set_config_1_0(amlz_search_config *config)
{
    config->redraws = 0;
    config->n_hurdles = 0;
    config->hurdle_percentile = 0.75;
    config->hurdle_window = 100;
}

static const archive_field child_fields[] = {
    INTEGER(amlz_search_config, max_mutations, "max_mutations", 1, UINT32_MAX),
    INTEGER(amlz_search_config, simplify, "simplify", 0, 1),
    INTEGER(amlz_search_config, redraw_rejected, "redraw_rejected", 0, 1),
    INTEGER(amlz_search_config, structures_size, "structures", 0, UINT32_MAX),
    INTEGER(amlz_search_config, tunings, "tunings", 1, UINT32_MAX),
    INTEGER(amlz_search_config, replace_worst_of, "replace_worst_of", 0, UINT32_MAX),
    REAL(amlz_search_config, fresh_prob, "fresh_prob", ARCHIVE_REAL_ONE),
    INTEGER(amlz_search_config, restart_period, "restart_period", 0, UINT32_MAX),
    REAL(amlz_search_config, constant_low, "constant_low", ARCHIVE_REAL_LARGEST),
    REAL(amlz_search_config, constant_high, "constant_high", ARCHIVE_REAL_LARGEST),
};
const archive_fields amlz__archive_child_fields = FIELDS(child_fields);

void amlz__archive_set_config_1_1(amlz_search_config *config)
{
    config->max_mutations = 1;
    config->simplify = 0;
    config->redraw_rejected = 0;
    config->structures_size = 0;
    config->tunings = 1;
    config->replace_worst_of = 0;
    config->fresh_prob = 0;
    config->restart_period = 0;
    config->constant_low = 0;
    config->constant_high = 1;
}

static const archive_field size_fields[] = {
    INTEGER(amlz_function_space, min_size, "fewest", 0, UINT16_MAX),
    INTEGER(amlz_function_space, max_size, "most", 0, UINT16_MAX),
    INTEGER(amlz_function_space, init_size, "initial", 0, UINT16_MAX),
};
const archive_fields amlz__archive_size_fields = FIELDS(size_fields);

static const archive_field tasks_fields[] = {
    INTEGER(amlz_tasks_config, n_tasks, "count", 1, UINT32_MAX),
    INTEGER(amlz_tasks_config, n_train, "train", 1, INT32_MAX),
    INTEGER(amlz_tasks_config, n_valid, "valid", 1, INT32_MAX),
    INTEGER(amlz_tasks_config, n_epochs, "epochs", 1, UINT32_MAX),
    INTEGER(amlz_tasks_config, order_seed, "order_seed", 0, UINT64_MAX),
};
const archive_fields amlz__archive_tasks_fields = FIELDS(tasks_fields);

static const archive_field count_fields[] = {
    INTEGER(amlz_progress, evaluations, "evaluations", 0, UINT64_MAX),
    INTEGER(amlz_progress, cache_hits, "cache_hits", 0, UINT64_MAX),
    INTEGER(amlz_progress, fec_hits, "fingerprint_hits", 0, UINT64_MAX),
    INTEGER(amlz_progress, rejected, "rejected", 0, UINT64_MAX),
    INTEGER(amlz_progress, probes, "probes", 0, UINT64_MAX),
    INTEGER(amlz_progress, full_evaluations, "full_evaluations", 0, UINT64_MAX),
    INTEGER(amlz_progress, train_steps, "training_steps", 0, UINT64_MAX),
    INTEGER(amlz_progress, valid_steps, "validation_steps", 0, UINT64_MAX),
};
const archive_fields amlz__archive_count_fields = FIELDS(count_fields);

const archive_field amlz__archive_duplicates_field = INTEGER(amlz_progress, duplicates, "duplicates", 0, UINT64_MAX);

const archive_field amlz__archive_tunings_field = INTEGER(amlz_progress, tunings, "tunings", 0, UINT64_MAX);

static const archive_field member_fields[] = {
    REAL(amlz_member, fitness, "fitness", ARCHIVE_REAL_ONE),
    INTEGER(amlz_member, birth, "birth", 0, UINT64_MAX),
    INTEGER(amlz_member, parent, "parent", 0, UINT64_MAX),
    INTEGER(amlz_member, action, "action", 0, AMLZ_MUTATION_COUNT - 1),
};
const archive_fields amlz__archive_member_fields = FIELDS(member_fields);

static const archive_field model_fields[] = {
    INTEGER(amlz_archive_info, learner.precision, "precision", 0, AMLZ_FLOAT64),
    INTEGER(amlz_archive_info, learner.seed, "seed", 0, UINT64_MAX),
    INTEGER(amlz_archive_info, n_examples, "examples", 0, UINT64_MAX),
};
const archive_fields amlz__archive_model_fields = FIELDS(model_fields);

const char *const amlz__archive_parts[] = {"population", "hall", "history", "best"};
const char *const amlz__archive_data[4] = {"training features", "training labels", "validation features",
                                     "validation labels"};

const char *amlz_archive_kind_name(int kind)
{
    static const char *const names[] = {"program", "population", "checkpoint", "islands", "model"};
    return kind >= AMLZ_ARCHIVE_PROGRAM && kind <= AMLZ_ARCHIVE_MODEL ? names[kind] : NULL;
}

uint64_t amlz__archive_kind_since(int kind)
{
    return kind == AMLZ_ARCHIVE_MODEL ? 2 : kind == AMLZ_ARCHIVE_ISLANDS ? 1 : 0;
}

int amlz_archive_kind_minor(int kind)
{
    return amlz_archive_kind_name(kind) == NULL ? -1 : kind == AMLZ_ARCHIVE_PROGRAM ? 1 : 2;
}

int amlz__archive_kind_keys(amlz_archive_kind kind)
{
    return ARCHIVE_BODY_KEYS + (kind == AMLZ_ARCHIVE_CHECKPOINT ? 7 : kind == AMLZ_ARCHIVE_MODEL ? 8 : 1);
}

/* ---------------------------------------------------------------- fields */

uint64_t amlz__archive_load(const archive_field *field, const void *object)
{
    const unsigned char *at = (const unsigned char *)object + field->offset;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (field->size) {
    case 1: return *at;
    case 2: memcpy(&two, at, sizeof two); return two;
    case 4: memcpy(&four, at, sizeof four); return four;
    default: memcpy(&eight, at, sizeof eight); return eight;
    }
}

void amlz__archive_store(const archive_field *field, void *object, uint64_t value)
{
    unsigned char *at = (unsigned char *)object + field->offset;
    const uint16_t two = (uint16_t)value;
    const uint32_t four = (uint32_t)value;
    switch (field->size) {
    case 1: *at = (unsigned char)value; break;
    case 2: memcpy(at, &two, sizeof two); break;
    case 4: memcpy(at, &four, sizeof four); break;
    default: memcpy(at, &value, sizeof value); break;
    }
}

int amlz__archive_say_range(archive_place *place, const archive_field *field, amlz_status status)
{
    amlz__archive_fail(place, status, field->is_real ? "expected a number from " : "expected an integer from ");
    amlz__archive_say_integer(place, field->least);
    if (field->most == ARCHIVE_REAL_ONE || (!field->is_real && field->most != UINT64_MAX)) {
        amlz__archive_say(place, " to ");
        amlz__archive_say_integer(place, field->is_real ? 1 : field->most);
    }
    amlz__archive_say(place, ", got ");
    return 0;
}

int amlz__archive_check_field(archive_place *place, const archive_field *field, uint64_t value, amlz_status status)
{
    const int is_minus_zero = field->is_real && value == ARCHIVE_REAL_MINUS_ZERO;
    if (is_minus_zero || (value >= field->least && value <= field->most)) {
        return 1;
    }
    amlz__archive_say_range(place, field, status);
    if (field->is_real) {
        amlz__archive_say_real(place, value);
    } else {
        amlz__archive_say_integer(place, value);
    }
    return 0;
}

/* ---------------------------------------------------------------- members, programs, tasks */

int amlz__archive_check_member(archive_place *place, const amlz_member *member, uint64_t last, amlz_status status)
{
    if (last != ARCHIVE_BIRTHS_UNKNOWN && (member->birth == 0 || member->birth > last)) {
        place->field = "birth";
        amlz__archive_fail(place, status, "expected the number of an evaluation, from 1 to ");
        amlz__archive_say_integer(place, last);
        amlz__archive_say(place, ", got ");
        amlz__archive_say_integer(place, member->birth);
        return 0;
    }
    if (member->parent > 0 && member->parent >= member->birth) {
        place->field = "parent";
        amlz__archive_fail(place, status, "expected 0 or a birth before ");
        amlz__archive_say_integer(place, member->birth);
        amlz__archive_say(place, ", got ");
        amlz__archive_say_integer(place, member->parent);
        return 0;
    }
    return 1;
}

int amlz__archive_check_program(archive_place *place, const amlz_program *program, const amlz_dims *dims,
                                amlz_status status)
{
    amlz_error error;
    memset(&error, 0, sizeof error);
    if (amlz_program_check(program, dims, &error) == AMLZ_OK) {
        return 1;
    }
    amlz__archive_fail(place, status, error.message);
    if (error.line > 0) {
        amlz__archive_say(place, " in instruction ");
        amlz__archive_say_integer(place, error.line);
        amlz__archive_say(place, " of its function");
    }
    return 0;
}

int amlz__archive_check_sizes(archive_place *place, const amlz_program *program, const amlz_search_config *config,
                              amlz_status status)
{
    static const char *const names[AMLZ_FUNCTION_COUNT] = {"Setup", "Predict", "Learn"};
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &config->space.function[f];
        if (function->n_ops > 0 && program->size[f] > function->max_size) {
            amlz__archive_fail(place, status, names[f]);
            amlz__archive_say(place, " has more instructions than config.functions allows");
            return 0;
        }
    }
    return 1;
}

/* Sees to it that there are more than `address` of a type. */
static void make_room(amlz_dims *dims, int type, unsigned address)
{
    uint16_t *count = type == AMLZ_SCALAR   ? &dims->n_scalars
                      : type == AMLZ_VECTOR ? &dims->n_vectors
                                            : &dims->n_matrices;
    if (type != AMLZ_NONE && *count <= address) {
        *count = (uint16_t)(address + 1);
    }
}

amlz_dims amlz__archive_smallest_dims(const amlz_program *program)
{
    amlz_dims dims;
    memset(&dims, 0, sizeof dims);
    dims.n_features = 1;
    dims.n_scalars = 2;
    dims.n_vectors = 1;
    dims.label = AMLZ_REGRESSION;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (int i = 0; i < program->size[f] && i < AMLZ_CAPACITY; i++) {
            const amlz_instruction *instruction = &program->code[f][i];
            const amlz_op_info *op = amlz_op(instruction->op);
            if (op != NULL) { /* of those that are none, a check complains */
                make_room(&dims, op->out, instruction->out);
                make_room(&dims, op->in1, instruction->in1);
                make_room(&dims, op->in2, instruction->in2);
            }
        }
    }
    return dims;
}

void amlz__archive_data_sizes(const amlz_tasks_config *tasks, uint64_t size[4])
{
    const uint64_t real = archive_real_size(tasks), row = real * tasks->n_features;
    size[0] = tasks->n_train * row;
    size[1] = tasks->n_train * real;
    size[2] = tasks->n_valid * row;
    size[3] = tasks->n_valid * real;
}
