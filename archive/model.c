/* Models at work. */
#include "model.h"

#include <float.h>
#include <string.h>

/* ---------------------------------------------------------------- what it is */

const amlz_model_info *amlz_model_get_info(const amlz_model *model) { return model == NULL ? NULL : &model->info; }

amlz_learner *amlz_model_learner(amlz_model *model) { return model == NULL ? NULL : model->learner; }

static const archive_column *column_at(const amlz_model *model, uint32_t index)
{
    const archive_column *column = model == NULL ? NULL : model->preparation.column;
    for (; column != NULL && index > 0; index--) {
        column = column->next;
    }
    return column;
}

static const archive_texts none = {NULL, 0};

static archive_texts categories_of(const archive_column *column)
{
    return column == NULL || !column->is_category ? none : column->categories;
}

static archive_texts classes_of(const amlz_model *model) { return model == NULL ? none : model->preparation.classes; }

const char *amlz_model_column_name(const amlz_model *model, uint32_t column)
{
    const archive_column *found = column_at(model, column);
    return found == NULL ? NULL : found->name.first;
}

const char *amlz_model_category_name(const amlz_model *model, uint32_t column, uint32_t category)
{
    return amlz__archive_text_at(categories_of(column_at(model, column)), category);
}

const char *amlz_model_class_name(const amlz_model *model, uint32_t class_index)
{
    return amlz__archive_text_at(classes_of(model), class_index);
}

static int find(archive_texts texts, const char *name)
{
    const char *text = texts.first;
    for (uint32_t i = 0; name != NULL && i < texts.count; i++) {
        if (strcmp(text, name) == 0) {
            return (int)i;
        }
        text += strlen(text) + 1;
    }
    return -1;
}

int amlz_model_find_column(const amlz_model *model, const char *name)
{
    int place = 0;
    for (const archive_column *column = column_at(model, 0); name != NULL && column != NULL; column = column->next) {
        if (strcmp(column->name.first, name) == 0) {
            return place;
        }
        place++;
    }
    return -1;
}

int amlz_model_find_class(const amlz_model *model, const char *name) { return find(classes_of(model), name); }

double amlz_model_find_category(const amlz_model *model, uint32_t column, const char *name)
{
    const uint64_t bits = UINT64_C(0x7ff8000000000000);
    double missing;
    memcpy(&missing, &bits, sizeof missing);
    return name == NULL ? missing : find(categories_of(column_at(model, column)), name);
}

/* ---------------------------------------------------------------- a row
 *
 * Scratch has the numbers that the columns become, the features, the same in the precision of the learner, what that
 * predicts, and what it needs itself. */

typedef struct work {
    double *coded, *features;
    void *x, *prediction, *scratch;
    size_t scratch_size;
} work;

static size_t real_size(const amlz_model *model) { return model->info.learner.precision == AMLZ_FLOAT64 ? 8 : 4; }

static uint64_t n_predicted(const amlz_model *model)
{
    const amlz_dims *dims = &model->info.learner.dims;
    return dims->label == AMLZ_MULTICLASS ? dims->n_classes : 1;
}

static uint64_t lay_out_work(const amlz_model *model, archive_room *room, work *w)
{
    const uint64_t n_features = model->info.learner.dims.n_features, real = real_size(model);
    w->coded = amlz__archive_room_take(room, model->preparation.n_coded * sizeof(double), 1);
    w->features = amlz__archive_room_take(room, n_features * sizeof(double), 1);
    w->x = amlz__archive_room_take(room, n_features * real, 1);
    w->prediction = amlz__archive_room_take(room, n_predicted(model) * real, 1);
    w->scratch_size = amlz_learner_scratch_size(model->learner);
    w->scratch = amlz__archive_room_take(room, w->scratch_size, 1);
    return room->used;
}

size_t amlz_model_scratch_size(const amlz_model *model)
{
    archive_room room = {NULL, 0, 0};
    work w;
    const uint64_t size = model == NULL ? 0 : lay_out_work(model, &room, &w) + sizeof(double) - 1;
    return size > SIZE_MAX ? 0 : (size_t)size;
}

static float to_float(double x) { return (float)x; } /* not too large, as amlz__archive_prepare has it */

/* The features of a row, in w->x. */
static amlz_status prepare(const amlz_model *model, const double *row, void *scratch, size_t size, work *w)
{
    const size_t needed = amlz_model_scratch_size(model);
    if (model == NULL || row == NULL) {
        return AMLZ_ERROR_ARGUMENT;
    }
    if (scratch == NULL || needed == 0 || size < needed) {
        return AMLZ_ERROR_MEMORY;
    }
    archive_room room = amlz__archive_room_over(scratch, size);
    lay_out_work(model, &room, w);
    if (!amlz__archive_prepare(&model->preparation, row, w->coded, w->features)) {
        return AMLZ_ERROR_DATA;
    }
    for (uint32_t i = 0; i < model->info.learner.dims.n_features; i++) {
        if (real_size(model) == 8) {
            ((double *)w->x)[i] = w->features[i];
        } else {
            ((float *)w->x)[i] = to_float(w->features[i]);
        }
    }
    return AMLZ_OK;
}

static double predicted(const amlz_model *model, const work *w, uint64_t i)
{
    return real_size(model) == 8 ? ((const double *)w->prediction)[i] : (double)((const float *)w->prediction)[i];
}

/* ---------------------------------------------------------------- answers */

/* Of probabilities that are no numbers all are alike. */
static void tell_probabilities(const amlz_model *model, const work *w, double *probabilities)
{
    const uint32_t n = model->info.n_classes;
    for (uint32_t i = 0; i < n; i++) {
        const double found = n == 2 && i == 0 ? 1 - predicted(model, w, 0) : predicted(model, w, n == 2 ? 0 : i);
        probabilities[i] = found - found == 0 ? found : 1.0 / n;
    }
}

static double answer_of(const amlz_model *model, const work *w)
{
    const archive_preparation *p = &model->preparation;
    uint32_t best = 0;
    if (model->info.n_classes == 0) {
        const volatile double product = predicted(model, w, 0) * p->label_deviation; /* rounded, not fused with the sum */
        return product + p->label_mean;
    }
    if (model->info.n_classes == 2) {
        return predicted(model, w, 0) > 0.5;
    }
    for (uint32_t i = 1; i < model->info.n_classes; i++) {
        const double own = predicted(model, w, i), other = predicted(model, w, best);
        best = (own == own ? own : 0) > (other == other ? other : 0) ? i : best;
    }
    return best;
}

amlz_status amlz_model_predict(const amlz_model *model, const double *row, double *answer, double *probabilities,
                               void *scratch, size_t scratch_size)
{
    work w;
    amlz_status status = answer == NULL ? AMLZ_ERROR_ARGUMENT : prepare(model, row, scratch, scratch_size, &w);
    if (status == AMLZ_OK) {
        status = real_size(model) == 8
                     ? amlz_learner_predict_many_f64(model->learner, AMLZ_ROWS_ALONE, w.x, 0, 1, w.prediction, w.scratch,
                                                     w.scratch_size)
                     : amlz_learner_predict_many_f32(model->learner, AMLZ_ROWS_ALONE, w.x, 0, 1, w.prediction, w.scratch,
                                                     w.scratch_size);
    }
    if (status == AMLZ_OK) {
        *answer = answer_of(model, &w);
        if (probabilities != NULL) {
            tell_probabilities(model, &w, probabilities);
        }
    }
    return status;
}

amlz_status amlz_model_learn(amlz_model *model, const double *row, double answer, void *scratch, size_t scratch_size)
{
    work w;
    amlz_status status = prepare(model, row, scratch, scratch_size, &w);
    if (status != AMLZ_OK) {
        return status;
    }
    const archive_preparation *p = &model->preparation;
    const double label = model->info.n_classes > 0 ? answer : (answer - p->label_mean) / p->label_deviation;
    const double most = real_size(model) == 8 ? DBL_MAX : (double)FLT_MAX;
    if (!(label <= most && label >= -most)) {
        return AMLZ_ERROR_DATA;
    }
    status = real_size(model) == 8 ? amlz_learner_learn_f64(model->learner, w.x, label, NULL)
                                   : amlz_learner_learn_f32(model->learner, w.x, to_float(label), NULL);
    model->info.n_examples += status == AMLZ_OK;
    return status;
}
