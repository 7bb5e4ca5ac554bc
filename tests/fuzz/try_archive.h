/* Whatever the bytes are: they are refused, or all that is promised of archives is true of them. */
#ifndef AMLZ_TRY_ARCHIVE_H
#define AMLZ_TRY_ARCHIVE_H

#include "archives.h"

#define ASSERT(condition)                                                           \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

/* A few steps of a program, where its memory is small. */
static inline void try_program(const amlz_program *program, const amlz_dims *dims)
{
    enum { MOST_FEATURES = 64, MOST_BYTES = 1 << 18 };
    static unsigned char memory[MOST_BYTES];
    static const double x[MOST_FEATURES] = {1, -2, 0.5};
    double prediction[MOST_FEATURES];
    amlz_learner_config config;
    ASSERT(amlz_program_check(program, dims, NULL) == AMLZ_OK);
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.dims = *dims;
    config.precision = AMLZ_FLOAT64;
    const size_t size = amlz_learner_size(&config, NULL);
    ASSERT(size > 0);
    if (dims->n_features > MOST_FEATURES || size > sizeof memory) {
        return;
    }
    amlz_learner *learner = amlz_learner_init(memory, sizeof memory, &config, program, NULL);
    ASSERT(learner != NULL);
    for (int i = 0; i < 3; i++) {
        ASSERT(amlz_learner_learn_f64(learner, x, i % 2, prediction) == AMLZ_OK);
        ASSERT(amlz_learner_predict_f64(learner, x, prediction) == AMLZ_OK);
    }
}

static inline void try_items(amlz_archive_input input)
{
    amlz_program program;
    amlz_member member;
    ASSERT(amlz_archive_open(the_reader(), input, NULL, NULL) == AMLZ_OK);
    if (the_info()->kind == AMLZ_ARCHIVE_PROGRAM) {
        ASSERT(amlz_archive_read_program(the_reader(), &program, NULL) == AMLZ_OK);
        try_program(&program, &the_info()->dims);
    }
    for (uint32_t i = 0; i < the_info()->n_members; i++) {
        ASSERT(amlz_archive_read_member(the_reader(), &program, &member, NULL) == AMLZ_OK);
        try_program(&program, &the_info()->dims);
    }
}

/* Whether a search can be resumed in little room and time. */
static inline int is_small(const amlz_archive_info *info)
{
    const amlz_search_config *search = &info->search;
    const uint64_t width = info->dims.n_features, steps = (uint64_t)info->tasks.n_train + info->tasks.n_valid;
    return info->tasks.n_tasks <= 8 && width <= 8 && steps <= 64 && info->tasks.n_epochs <= 8 &&
           search->population_size <= 64 && search->tournament_size <= 64 && search->cache_size <= 1000 &&
           search->fec_size <= 1000 && search->history_size <= 1000 && search->cache_period <= 100 &&
           search->hurdle_window <= 1000 && search->redraws <= 100;
}

/* Writes the search again: the same bytes, if it was this version that wrote them. */
static inline void check_written(const amlz_archive_reader *reader, const amlz_search *search, const amlz_tasks *data,
                                 const amlz_archive_text *source, const amlz_archive_text *session,
                                 const unsigned char *bytes, size_t size)
{
    static unsigned char written[1 << 16];
    amlz_archive_block block = {written, sizeof written, 0};
    amlz_archive_content content;
    memset(&content, 0, sizeof content);
    content.kind = AMLZ_ARCHIVE_CHECKPOINT;
    content.writer = amlz_archive_reader_info(reader)->writer;
    content.search = search;
    content.data = data;
    content.source = source;
    content.session = session;
    const amlz_status status = amlz_archive_write(&content, amlz_archive_to_block(&block), NULL);
    ASSERT(status == AMLZ_OK || (status == AMLZ_ERROR_MEMORY && block.length > sizeof written));
    if (status == AMLZ_OK && amlz_archive_reader_info(reader)->minor == 1 && strlen(amlz_archive_reader_info(reader)->writer) == amlz_archive_reader_info(reader)->writer_length) {
        ASSERT(block.length == size && memcmp(written, bytes, size) == 0);
    }
}

/* The search of a checkpoint or island that was just opened, or NULL; and its tasks, if the archive has their numbers. */
static inline amlz_search *try_resume(amlz_archive_reader *reader, amlz_archive_text *session, amlz_tasks **data)
{
    const amlz_archive_info *info = amlz_archive_reader_info(reader);
    amlz_tasks *tasks;
    *data = NULL;
    if (info->has_data) {
        const size_t room = amlz_tasks_size(&info->tasks, NULL), scratch = amlz_archive_scratch_size(info);
        if (amlz_archive_read_tasks(reader, block_new(room), room, block_new(scratch), scratch, &tasks, NULL) !=
            AMLZ_OK) {
            return NULL;
        }
        *data = tasks;
    } else {
        tasks = shaped_tasks(&info->tasks);
    }
    const size_t room = amlz_search_size(&info->search, info->tasks.n_tasks, NULL);
    amlz_search *search = amlz_search_init(block_new(room), room, &info->search, tasks, amlz_archive_reader_start(reader), NULL);
    return search != NULL && amlz_archive_read_search(reader, search, session, NULL) == AMLZ_OK ? search : NULL;
}

/* 1 if the checkpoint could be resumed. */
static inline int try_search(amlz_archive_input input, const unsigned char *bytes, size_t size)
{
    static char text[2][4096];
    amlz_archive_text source = {text[0], sizeof text[0], 0, 0}, session = {text[1], sizeof text[1], 0, 0};
    amlz_tasks *data;
    if (amlz_archive_open(the_reader(), input, &source, NULL) != AMLZ_OK || !is_small(the_info())) {
        return 0;
    }
    amlz_search *search = try_resume(the_reader(), &session, &data);
    if (search != NULL) {
        check_written(the_reader(), search, data, &source, &session, bytes, size);
    }
    return search != NULL;
}

/* 1 if all islands could be resumed. */
static inline int try_islands(amlz_archive_input input)
{
    int resumed = 1;
    ASSERT(amlz_archive_open(the_reader(), input, NULL, NULL) == AMLZ_OK);
    ASSERT(the_info()->n_islands >= 1 && the_info()->n_islands <= AMLZ_ARCHIVE_MAX_ISLANDS);
    for (uint32_t left = the_info()->n_islands; left > 0; left--) {
        amlz_tasks *data;
        ASSERT(amlz_archive_read_island(the_reader(), NULL, NULL) == AMLZ_OK);
        if (!is_small(the_info())) {
            resumed = 0; /* and skipped */
        } else if (try_resume(the_reader(), NULL, &data) == NULL) {
            return 0;
        }
    }
    ASSERT(amlz_archive_read_session(the_reader(), NULL, NULL) == AMLZ_OK);
    ASSERT(the_info()->kind == AMLZ_ARCHIVE_ISLANDS);
    return resumed;
}

/* A model that was measured fits just that, and answers; one that is refused is so whichever way it comes. */
static inline void try_model(amlz_archive_input input, const unsigned char *bytes, size_t size)
{
    enum { MOST_BYTES = 1 << 20, MOST_COLUMNS = 256 };
    static const double row[MOST_COLUMNS] = {1, -1};
    static double probabilities[MOST_COLUMNS];
    amlz_model *model = NULL;
    double answer;
    size_t needed = 0;
    dribble d;
    ASSERT(amlz_archive_open(the_reader(), input, NULL, NULL) == AMLZ_OK);
    const amlz_status status = amlz_archive_measure_model(the_reader(), &needed, NULL);
    ASSERT(amlz_archive_open(the_reader(), dribble_input(&d, bytes, size, 5), NULL, NULL) == AMLZ_OK);
    if (status != AMLZ_OK || needed > MOST_BYTES) {
        ASSERT(amlz_archive_read_model(the_reader(), block_new(MOST_BYTES), MOST_BYTES, &model, NULL, NULL) != AMLZ_OK);
        return;
    }
    ASSERT(amlz_archive_read_model(the_reader(), block_new(needed), needed, &model, NULL, NULL) == AMLZ_OK);
    const amlz_model_info info = *amlz_model_get_info(model);
    const size_t scratch = amlz_model_scratch_size(model);
    ASSERT(scratch > 0);
    if (info.n_columns <= MOST_COLUMNS && info.n_classes <= MOST_COLUMNS) {
        void *block = block_new(scratch);
        ASSERT(amlz_model_predict(model, row, &answer, probabilities, block, scratch - 1) == AMLZ_ERROR_MEMORY);
        for (int i = 0; i < 3; i++) {
            const amlz_status known = amlz_model_predict(model, row, &answer, probabilities, block, scratch);
            ASSERT(known == AMLZ_OK || known == AMLZ_ERROR_DATA);
            ASSERT(amlz_model_learn(model, row, 1, block, scratch) == known || info.n_classes == 0);
        }
    }
}

typedef enum verdict { REFUSED, ACCEPTED, RESUMED } verdict;

static inline verdict try_archive(const unsigned char *bytes, size_t size)
{
    static unsigned char copied[1 << 17];
    amlz_archive_block block = {copied, sizeof copied, 0};
    amlz_archive_error error;
    dribble d;
    const amlz_archive_input input = amlz_archive_from_block(bytes, size);
    const amlz_archive_output none = {NULL, NULL};
    const amlz_status status = amlz_archive_copy(the_reader(), input, amlz_archive_to_block(&block), &error);
    const int is_read = status == AMLZ_OK || status == AMLZ_ERROR_MEMORY;
    verdict result = REFUSED;

    ASSERT(status != AMLZ_OK ? strlen(error.message) > 5 && error.offset <= size : 1);
    ASSERT((amlz_archive_copy(the_reader(), dribble_input(&d, bytes, size, 7), none, NULL) == AMLZ_OK) == is_read);
    if (status == AMLZ_OK) {
        result = ACCEPTED;
        if ((int)the_info()->minor == amlz_archive_kind_minor((int)the_info()->kind)) {
            ASSERT(block.length == size && memcmp(copied, bytes, size) == 0);
        } else {
            static unsigned char twice[sizeof copied];
            amlz_archive_block again = {twice, sizeof twice, 0};
            ASSERT(amlz_archive_copy(the_reader(), amlz_archive_from_block(copied, block.length),
                                     amlz_archive_to_block(&again), NULL) == AMLZ_OK);
            ASSERT(again.length == block.length && memcmp(copied, twice, block.length) == 0);
        }
        if (the_info()->kind == AMLZ_ARCHIVE_CHECKPOINT) {
            result = try_search(input, bytes, size) ? RESUMED : ACCEPTED;
        } else if (the_info()->kind == AMLZ_ARCHIVE_ISLANDS) {
            result = try_islands(input) ? RESUMED : ACCEPTED;
        } else if (the_info()->kind == AMLZ_ARCHIVE_MODEL) {
            try_model(input, bytes, size);
        } else {
            try_items(input);
        }
    }
    blocks_free();
    return result;
}

#endif
