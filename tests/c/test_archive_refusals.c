/* What is not an archive is refused, with a message that says why; what newer versions add is skipped. */
#include "archive_copies.h"

/* ---------------------------------------------------------------- refusals */

typedef struct edit {
    sample which;
    const char *at;          /* what stands before the bytes: the key, mostly */
    const char *old, *fresh; /* bytes and what they become */
    size_t old_length, fresh_length;
    const char *message;
} edit;

#define EDIT(which, at, old, fresh, message) {which, at, old, fresh, sizeof(old) - 1, sizeof(fresh) - 1, message}

/* Makes the edit, in a block that has room for it. */
static void apply(const edit *e, unsigned char *bytes, size_t *length)
{
    const size_t key = strlen(e->at);
    size_t at = 0;
    while (at + key + e->old_length < *length &&
           (memcmp(bytes + at, e->at, key) != 0 || memcmp(bytes + at + key, e->old, e->old_length) != 0)) {
        at++;
    }
    at += key;
    if (!CHECK(at + e->old_length < *length)) {
        printf("%s: %s is not there\n", sample_name(e->which), e->at);
        return;
    }
    memmove(bytes + at + e->fresh_length, bytes + at + e->old_length, *length - at - e->old_length);
    memcpy(bytes + at, e->fresh, e->fresh_length);
    *length += e->fresh_length;
    *length -= e->old_length;
    mend_checksum(bytes, *length);
}

/* A sample with the edit, its checksum mended. */
static unsigned char *edited(const edit *e, size_t *length)
{
    const unsigned char *bytes = sample_bytes(e->which, length);
    unsigned char *result = block_new(*length + e->fresh_length);
    memcpy(result, bytes, *length);
    apply(e, result, length);
    return result;
}

static void test_refusals(void)
{
    static const edit edits[] = {
        EDIT(SAMPLE_NEW, "", "\x94", "\x95", "this is not an archive of libamlz: it begins otherwise"),
        EDIT(SAMPLE_NEW, "amlz\x92", "\x01", "\x02",
             "version: archives of version 1 can be read, this one has version 2"),
        EDIT(SAMPLE_NEW, "amlz", "\x92", "\x93", "version: expected 2 elements, got 3"),
        EDIT(SAMPLE_NEW, "\x92\x01", "\x02\x8a", "\x02\x8b", "kind: expected 10 elements, got 11"),
        EDIT(SAMPLE_NEW, "\x92\x01", "\x02\x8a", "\x02\x9a", "body: expected a map, got an array of 10"),
        EDIT(SAMPLE_NEW, "\xa4kind", "\xaa", "\xab",
             "kind: expected 'program', 'population', 'checkpoint', 'islands' or 'model', got ''"),
        EDIT(SAMPLE_NEW, "\xa4kind\xaa", "checkpoint", "checkpains",
             "kind: expected 'program', 'population', 'checkpoint', 'islands' or 'model', got 'checkpains'"),
        EDIT(SAMPLE_NEW, "", "\xa4kind", "\xa4king", "kind: expected this key, got 'king'"),
        EDIT(SAMPLE_NEW, "", "\xa6writer", "\xa0", "writer: expected this key, got ''"),
        EDIT(SAMPLE_NEW, "\xa6writer", "\xad", "\xd9\x0d", "writer: a number or length in a longer form than it needs"),
        EDIT(SAMPLE_NEW, "\xa6writer\xad", "l", "\xff", "writer: the text is not UTF-8"),
        EDIT(SAMPLE_NEW, "\xa6writer\xad", "libamlz 0.1.0", "libamlz 0.1.\xc3", "writer: the text is not UTF-8"),
        EDIT(SAMPLE_NEW, "\xa6writer", "\xadlibamlz 0.1.0",
             "\xd9\x41"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
             "writer: expected up to 64 bytes"),
        EDIT(SAMPLE_NEW,
             "\xa4"
             "dims",
             "\x86", "\xc0", "dims: expected a map, got nil"),
        EDIT(SAMPLE_NEW,
             "\xa4"
             "dims",
             "\x86", "\xc2", "dims: a type that archives do not have"),
        EDIT(SAMPLE_NEW,
             "\xa8"
             "features",
             "\x02", "\x00", "dims.features: expected an integer from 1 to 65536, got 0"),
        EDIT(SAMPLE_NEW, "\xa7scalars", "\x04", "\x01", "dims.scalars: expected an integer from 2 to 256, got 1"),
        EDIT(SAMPLE_NEW, "\xa5label", "\x00", "\x02", "dims: n_classes must be from 2 to n_features"),
        EDIT(SAMPLE_NEW, "\xa5label", "\x00", "\xd0\xff", "dims.label: a type that archives do not have"),
        EDIT(SAMPLE_NEW, "\xa5label", "\x00", "\xcc\x00",
             "dims.label: a number or length in a longer form than it needs"),
        EDIT(SAMPLE_NEW, "\xa4seed", "\xcf", "\xcb", "config.seed: expected an integer from 0, got a number"),
        EDIT(SAMPLE_NEW, "population_size", "\x05", "\x00",
             "config.population_size: expected an integer from 1 to 4294967295, got 0"),
        EDIT(SAMPLE_NEW, "population_size", "\x05", "\xa1x",
             "config.population_size: expected an integer from 1 to 4294967295, got a string"),
        EDIT(SAMPLE_NEW, "population_size", "\x05", "\xcf\x00\x00\x00\x01\x00\x00\x00\x00",
             "config.population_size: expected an integer from 1 to 4294967295, got 4294967296"),
        EDIT(SAMPLE_NEW, "mutate_prob", "\xcb\x3f\xec", "\xcb\x3f\xfc",
             "config.mutate_prob: expected a number from 0 to 1, got 1.8"),
        EDIT(SAMPLE_NEW, "mutate_prob", "\xcb\x3f\xec", "\xcb\xbf\xec",
             "config.mutate_prob: expected a number from 0 to 1, got -0.9"),
        EDIT(SAMPLE_NEW, "mutate_prob", "\xcb\x3f\xec", "\xcb\x7f\xfc",
             "config.mutate_prob: expected a number from 0 to 1, got infinity or not a number"),
        EDIT(SAMPLE_NEW, "max_cost", "\xcb\x00", "\xcb\x7f\xf0",
             "config.max_cost: expected a number from 0, got infinity or not a number"),
        EDIT(SAMPLE_NEW, "mutations", "\xdc\x00\x10", "\xdc\x00\x11", "config.mutations: expected 16 elements, got 17"),
        EDIT(SAMPLE_NEW, "functions", "\x93\x94\x00\x03\x02", "\x93\x94\x04\x03\x02",
             "config: min_size must be at most max_size"),
        EDIT(SAMPLE_NEW, "functions", "\x93\x94\x00\x03\x02\xc4\x3b\x00", "\x93\x94\x00\x03\x02\xc4\x3b\x01",
             "config: ops must not name an op twice in one function"),
        EDIT(SAMPLE_NEW, "start_program", "\xc4\x06", "\xc4\x05", "config.start_program: the program ends too early"),
        EDIT(SAMPLE_NEW, "start_program", "\xc4\x06\x00\x00", "\xc4\x06\xff\xff",
             "config.start_program: a function has more instructions than the capacity"),
        EDIT(SAMPLE_NEW, "count", "\x02", "\xde\xff\xff", "the archive ends too early"),
        EDIT(SAMPLE_NEW, "train", "\x04", "\x01",
             "config: fec_train and fec_valid must be at most what the tasks have"),
        EDIT(SAMPLE_NEW, "", "\xa7redraws", "\xa7redrawn", "config.redraws: expected this key, got 'redrawn'"),
        EDIT(SAMPLE_NEW, "redraws", "\x00", "\xcf\x00\x00\x00\x01\x00\x00\x00\x00",
             "config.redraws: expected an integer from 0 to 4294967295, got 4294967296"),
        EDIT(SAMPLE_NEW, "redraws", "\x00", "\xc0", "config.redraws: expected an integer from 0 to 4294967295, got nil"),
        EDIT(SAMPLE_NEW, "hurdles", "\x90", "\xc0", "config.hurdles: expected an array, got nil"),
        EDIT(SAMPLE_NEW, "hurdles", "\x90",
             "\x95\x92\x01\x01\x92\x02\x01\x92\x03\x01\x92\x04\x01\x92\x05\x01",
             "config.hurdles: there must not be more than 4"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92", "\x92\x01", "\x93\x01", "config.hurdles[0]: expected 2 elements, got 3"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92\x92\x01\x02", "\x92\x03", "\x91\x03",
             "config.hurdles[1]: expected 2 elements, got 1"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92\x92\x01", "\x02", "\x00",
             "config.hurdles[0].n_valid: expected an integer from 1 to 2147483647, got 0"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92\x92", "\x01", "\x00",
             "config.hurdles[0].n_train: expected an integer from 1 to 2147483647, got 0"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92\x92", "\x01", "\xcb",
             "config.hurdles[0].n_train: expected an integer from 1 to 2147483647, got a number"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92\x92", "\x01", "\x03",
             "config: hurdles must have larger n_train from one to the next"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92\x92\x01\x02\x92", "\x03", "\x05",
             "config: hurdles must have n_train and n_valid of at most what the tasks have"),
        EDIT(SAMPLE_HURDLES, "hurdles\x92\x92\x01\x02\x92\x03", "\x01", "\x04",
             "config: hurdles must have n_train and n_valid of at most what the tasks have"),
        EDIT(SAMPLE_HURDLES, "hurdle_percentile", "\xcb\x3f\xe0", "\xcb\x3f\xf0",
             "config: hurdle_percentile must be over 0 and under 1"),
        EDIT(SAMPLE_HURDLES, "hurdle_percentile", "\xcb\x3f\xe0", "\xcb\x80\x00",
             "config: hurdle_percentile must be over 0 and under 1"),
        EDIT(SAMPLE_HURDLES, "hurdle_percentile", "\xcb\x3f\xe0", "\xcb\xbf\xe0",
             "config.hurdle_percentile: expected a number from 0 to 1, got -0.5"),
        EDIT(SAMPLE_HURDLES, "hurdle_window", "\x03", "\x00", "config: hurdle_window must be 1 or more"),
        EDIT(SAMPLE_NEW, "max_mutations", "\x01", "\x00",
             "config.max_mutations: expected an integer from 1 to 4294967295, got 0"),
        EDIT(SAMPLE_NEW, "simplify", "\x00", "\x02", "config.simplify: expected an integer from 0 to 1, got 2"),
        EDIT(SAMPLE_NEW, "tunings", "\x01", "\x00", "config.tunings: expected an integer from 1 to 4294967295, got 0"),
        EDIT(SAMPLE_NEW, "constant_high", "\xcb\x3f\xf0", "\xcb\x00\x00", "config: constant_high must be over 0"),
        EDIT(SAMPLE_HURDLES, "counts", "\x9b", "\x98", "mark.counts: expected 11 elements, got 8"),
        EDIT(SAMPLE_HURDLES, "", "\x19\x92\x03\x0b\x00\xa3rng", "\x19\x91\x03\x00\xa3rng",
             "mark.counts.hurdle_stops: expected 2 elements, got 1"),
        EDIT(SAMPLE_HURDLES, "", "\x19\x92\x03\x0b\x00\xa3rng", "\x19\x92\x03\xc0\x00\xa3rng",
             "mark.counts.hurdle_stops: expected an integer, got nil"),
        EDIT(SAMPLE_HURDLES, "", "\x19\x92\x03\x0b\x00\xa3rng", "\xc0\x92\x03\x0b\x00\xa3rng",
             "mark.counts.duplicates: expected an integer from 0, got nil"),
        EDIT(SAMPLE_HURDLES, "evaluations", "\x3c", "\x51", "mark.counts: the mark is too far from the evaluations"),
        EDIT(SAMPLE_NEW, "source", "\xc0", "\x07", "tasks.source: expected a string or nil, got the integer 7"),
        EDIT(SAMPLE_NEW, "evaluations", "\x00", "\x01", "best: there must be one: programs were evaluated"),
        EDIT(SAMPLE_FLOAT32, "evaluations", "\x2f", "\x7f", "mark.counts: the mark is too far from the evaluations"),
        EDIT(SAMPLE_FLOAT32, "evaluations", "\x2f", "\x01",
             "best.birth: expected the number of an evaluation, from 1 to 1, got "),
        EDIT(SAMPLE_FLOAT32, "population", "\x95", "\x94", "mark.population: there must not be 4"),
        EDIT(SAMPLE_FLOAT32, "history", "\x94", "\x97", "mark.history: there must not be 7"),
        EDIT(SAMPLE_FLOAT32, "\x65\x7f", "\x02\x00\x07\x94", "\x01\x00\x07\x94",
             "mark.history[1]: it must be later and better than the one before"),
        EDIT(SAMPLE_FLOAT32, "rng\x94",
             "\xcf\xca\x68\xb7\x70\x61\x3d\x4a\xc5\xcf\xb3\x9e\x36\x8b\x9d\x41\x3f\x42"
             "\xcf\x1b\xf1\x79\x81\xae\xa0\xb8\x1f\xcf\xb3\x54\x5d\x5e\x5c\x18\xd7\xfb",
             "\0\0\0\0", "mark.rng: it must not be all zero"),
        EDIT(SAMPLE_FLOAT64, "data", "\x92", "\x93", "tasks.data: expected 2 elements, got 3"),
        EDIT(SAMPLE_FLOAT64, "data", "\x92\x94\xc4\x60", "\x92\x94\xc4\x5f",
             "tasks.data[0].training features: expected 96 bytes, got 95"),
        EDIT(SAMPLE_LEARNER, "scalars", "\x04", "\x03",
             "program: address out of range in instruction 1 of its function"),
        EDIT(SAMPLE_PROGRAM, "program", "\xc4", "\xc0", "program: expected a binary, got nil"),
        EDIT(SAMPLE_POPULATION, "population", "\x94\x95", "\x94\x94", "population[0]: expected 5 elements, got 4"),
        EDIT(SAMPLE_POPULATION, "population", "\x94\x95", "\x93\x95",
             "checksum: there are bytes after the end of the archive"),
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        size_t length;
        amlz_archive_error error = {0, 0, ""};
        unsigned char *bytes = edited(&edits[i], &length);
        CHECK_EQ_U64(copy(bytes, length, &error), 0);
        if (!CHECK(contains(error.message, edits[i].message))) {
            printf("edit %d: %s\n        %s\n", (int)i, error.message, edits[i].message);
        }
        CHECK(error.offset <= length);
        blocks_free();
    }
}

/* What only the search can tell: the edit is refused when it is resumed. */
static void test_other_results(void)
{
    static const edit edits[] = {
        EDIT(SAMPLE_FLOAT64, "",
             "\xa6"
             "digest\xcf\x01",
             "\xa6"
             "digest\xcf\x00",
             "digest: the search came to another state"),
        EDIT(SAMPLE_FLOAT32, "", "\x1a\x17\x04\xa4mark", "\x1a\x16\x04\xa4mark",
             "best: it is not the best program of the search"),
        EDIT(SAMPLE_FLOAT64, "counts", "\x9b\x21\x00", "\x9b\x21\x01", "mark: each evaluation must have been"),
        EDIT(SAMPLE_HURDLES, "", "\x19\x92\x03\x0b\x00\xa3rng", "\x19\x92\x04\x0b\x00\xa3rng",
             "mark: each evaluation must have been"),
        EDIT(SAMPLE_HURDLES, "", "\x19\x92\x03\x0b\x00\xa3rng", "\x18\x92\x03\x0b\x00\xa3rng",
             "digest: the search came to another state"),
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        size_t length;
        amlz_archive_error error = {0, 0, ""};
        unsigned char *bytes = edited(&edits[i], &length);
        CHECK_EQ_U64(copy(bytes, length, &error), length);
        CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, &error), AMLZ_OK);
        amlz_search *search = search_new(&the_info()->search, sample_tasks(edits[i].which), 2, the_start());
        CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, NULL, &error), AMLZ_ERROR_DATA);
        if (!CHECK(contains(error.message, edits[i].message))) {
            printf("%s\n", error.message);
        }
        blocks_free();
    }
}

/* An archive that leaves out that there was a mark at its end: resumed, it would not be written as it is. */
static void test_left_out_mark(void)
{
    const amlz_tasks *tasks = sample_tasks(SAMPLE_FLOAT32);
    amlz_search *search = sample_search(SAMPLE_FLOAT32, tasks);
    static unsigned char bytes[1 << 14];
    amlz_archive_error error = {0, 0, ""};
    CHECK_EQ_INT(amlz_search_run(search, 59, 2.0, NULL), AMLZ_OK);
    const amlz_archive_content content = {.kind = AMLZ_ARCHIVE_CHECKPOINT, .search = search};
    amlz_archive_block block = {bytes, sizeof bytes, 0};
    CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), &error), AMLZ_OK);
    const size_t length = block.length;
    CHECK_EQ_INT(amlz_search_run(search, 1, 2.0, NULL), AMLZ_OK);
    const uint64_t digest = amlz_search_digest(search);
    for (size_t at = 0; at + 28 < length; at++) {
        if (memcmp(bytes + at,
                   "evaluations\x3b\xa6"
                   "digest\xcf",
                   20) == 0) {
            bytes[at + 11] = 60;
            for (size_t i = 0; i < 8; i++) {
                bytes[at + 20 + i] = (unsigned char)(digest >> (56 - 8 * i));
            }
        }
    }
    mend_checksum(bytes, length);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), sample_search(SAMPLE_FLOAT32, tasks), NULL, &error),
                 AMLZ_ERROR_DATA);
    CHECK(strcmp(error.message, "mark: it is not the last one before the evaluations") == 0);
    blocks_free();
}

static void test_other_data(void)
{
    /* the first feature becomes NaN, or another number */
    static const edit edits[] = {
        EDIT(SAMPLE_FLOAT64, "data\x92\x94\xc4\x60", "\x50\xf8\xc6\x79\xa5\xfb\xe6\x3f",
             "\x50\xf8\xc6\x79\xa5\xfb\xf6\x7f", "tasks.data[0]: a number is not finite, or a label is none"),
        EDIT(SAMPLE_FLOAT64, "data\x92\x94\xc4\x60", "\x50\xf8\xc6\x79\xa5\xfb\xe6\x3f",
             "\x50\xf8\xc6\x79\xa5\xfb\xe6\x3e", "tasks.digest: it is not that of the data"),
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        size_t length;
        amlz_archive_error error = {0, 0, ""};
        const unsigned char *bytes = edited(&edits[i], &length);
        amlz_tasks *tasks;
        CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, &error), AMLZ_OK);
        const size_t size = amlz_tasks_size(&the_info()->tasks, NULL),
                     scratch = amlz_archive_scratch_size(the_info());
        CHECK_EQ_INT(
            amlz_archive_read_tasks(the_reader(), block_new(size), size, block_new(scratch), scratch, &tasks, &error),
            AMLZ_ERROR_DATA);
        if (!CHECK(contains(error.message, edits[i].message))) {
            printf("%s\n", error.message);
        }
        blocks_free();
    }
}

/* From a callback the checksum is known at the end only, but it is known. */
static void test_damage_in_callbacks(void)
{
    for (sample which = SAMPLE_PROGRAM; which < SAMPLE_COUNT; which++) {
        size_t length;
        unsigned char *bytes = sample_bytes(which, &length);
        dribble d;
        for (size_t bit = 0; bit < 8 * length; bit += 3) {
            bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
            CHECK(amlz_archive_copy(the_reader(), dribble_input(&d, bytes, length, 100), nowhere, NULL) != AMLZ_OK);
            bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        }
        for (size_t cut = 0; cut < length; cut++) {
            CHECK_EQ_INT(amlz_archive_copy(the_reader(), dribble_input(&d, bytes, cut, 100), nowhere, NULL),
                         AMLZ_ERROR_DATA);
        }
        blocks_free();
    }
}

static void test_damage(void)
{
    size_t length;
    unsigned char *bytes = sample_bytes(SAMPLE_FLOAT32, &length);
    amlz_archive_error error;
    bytes[length / 2] ^= 1;
    CHECK_EQ_U64(copy(bytes, length, &error), 0);
    CHECK(
        contains(error.message, "checksum: it is not that of the bytes before it: the archive is damaged or cut off"));
    CHECK_EQ_U64(error.offset, length - 5);
    CHECK_EQ_U64(copy(bytes, length / 2, &error), 0);
    CHECK(contains(error.message, "checksum: "));
    CHECK_EQ_U64(copy((const unsigned char *)"def Setup():\n", 13, &error), 0);
    CHECK(contains(error.message, "this is not an archive"));
    CHECK_EQ_INT(amlz_archive_copy(the_reader(), amlz_archive_from_block(NULL, 0), nowhere, &error), AMLZ_ERROR_DATA);
    blocks_free();
}

/* ---------------------------------------------------------------- newer minor versions */

#define NEW_KEY "\xa1z\x92\x81\xa0\xc0\xcb\x7f\xf8\0\0\0\0\0\0"
#define NEW_ELEMENT "\x93\x07\xc4\x02\x80\x80\xa1u"

/* Each pair makes a map or a row longer. That is skipped with a newer minor version, and refused without. */
static void test_longer(void)
{
    static const edit edits[][2] = {
        {EDIT(SAMPLE_NEW, "dims", "\x86", "\x87", ""), EDIT(SAMPLE_NEW, "classes", "\0", "\0" NEW_KEY, "")},
        {EDIT(SAMPLE_NEW, "config", "\xde\x00\x22", "\xde\x00\x23", ""),
         EDIT(SAMPLE_NEW, "constant_high", "\xcb\x3f\xf0\0\0\0\0\0\0", "\xcb\x3f\xf0\0\0\0\0\0\0" NEW_KEY, "")},
        {EDIT(SAMPLE_HURDLES, "hurdles\x92", "\x92", "\x93", ""),
         EDIT(SAMPLE_HURDLES, "hurdles\x92\x93\x01\x02", "\x92", NEW_ELEMENT "\x92", "")},
        {EDIT(SAMPLE_NEW, "mutations", "\xdc\x00\x10", "\xdc\x00\x11", ""), EDIT(SAMPLE_NEW, "",
                                                                 "\xaa"
                                                                 "cache_size",
                                                                 NEW_ELEMENT "\xaa"
                                                                             "cache_size",
                                                                 "")},
        {EDIT(SAMPLE_NEW, "functions\x93", "\x94", "\x95", ""),
         EDIT(SAMPLE_NEW, "\x37\x38\x39\x3a", "\x94", NEW_ELEMENT "\x94", "")},
        {EDIT(SAMPLE_NEW, "tasks", "\x88", "\x89", ""), EDIT(SAMPLE_NEW, "data", "\xc0", "\xc0" NEW_KEY, "")},
        {EDIT(SAMPLE_FLOAT64, "tasks", "\x88", "\x89", ""), EDIT(SAMPLE_FLOAT64, "",
                                                                 "\xab"
                                                                 "evaluations",
                                                                 NEW_KEY "\xab"
                                                                         "evaluations",
                                                                 "")},
        {EDIT(SAMPLE_NEW, "mark", "\x86", "\x87", ""),
         EDIT(SAMPLE_NEW, "best", "\xc0\xa7session", "\xc0" NEW_KEY "\xa7session", "")},
        {EDIT(SAMPLE_NEW, "counts", "\x9b", "\x9c", ""), EDIT(SAMPLE_NEW, "", "\xa3rng", NEW_ELEMENT "\xa3rng", "")},
        {EDIT(SAMPLE_NEW, "", "\x8a\xa4kind", "\x8b\xa4kind", ""),
         EDIT(SAMPLE_NEW, "session", "\xc0", "\xc0" NEW_KEY, "")},
        {EDIT(SAMPLE_POPULATION, "population\x94", "\x95", "\x96", ""),
         EDIT(SAMPLE_POPULATION, "", "\0\0\0\x95", "\0\0\0" NEW_ELEMENT "\x95", "")},
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        static unsigned char bytes[1 << 14];
        size_t length, original;
        const unsigned char *plain = sample_bytes(edits[i][0].which, &original);
        memcpy(bytes, plain, original);
        length = original;
        apply(&edits[i][0], bytes, &length);
        apply(&edits[i][1], bytes, &length);
        CHECK_EQ_U64(copy(bytes, length, NULL), 0);
        bytes[8] = 0x7f;
        mend_checksum(bytes, length);
        amlz_archive_error error = {0, 0, ""};
        if (!CHECK(copy(bytes, length, &error) == original && memcmp(copied, plain, original) == 0)) {
            printf("edit %d: %s\n", (int)i, error.message);
        }
        blocks_free();
    }
}

/* What is skipped may be nested as deep as there is room. */
static void test_deep_nesting(void)
{
    enum { DEPTH = 100000 };
    static unsigned char bytes[DEPTH + 1000];
    size_t length, original;
    const unsigned char *plain = sample_bytes(SAMPLE_LEARNER, &original);
    if (!CHECK(original > 10 && original < 500)) {
        return;
    }
    memcpy(bytes, plain, original - 5);
    bytes[8] = 2;
    bytes[9] = 0x85;
    length = original - 5;
    bytes[length++] = 0xa0;
    memset(bytes + length, 0x91, DEPTH);
    length += DEPTH;
    const size_t innermost = length++;
    bytes[innermost] = 0x80;
    length += 5;
    mend_checksum(bytes, length);
    CHECK_EQ_U64(copy(bytes, length, NULL), original);
    CHECK(memcmp(copied, plain, original) == 0);
    bytes[innermost] = 0x91; /* with nothing in it */
    mend_checksum(bytes, length);
    CHECK_EQ_U64(copy(bytes, length, NULL), 0);
    blocks_free();
}

/* A callback that claims more than it was asked for has given nothing. */
static size_t read_and_boast(void *context, void *bytes, size_t size)
{
    const size_t count = dribble_read(context, bytes, size);
    return count > 0 ? size + 1 : 0;
}

static void test_a_callback_that_claims_too_much(void)
{
    size_t length;
    dribble d;
    amlz_archive_error error;
    amlz_archive_reader *reader = the_reader();
    const unsigned char *bytes = sample_bytes(SAMPLE_LEARNER, &length);
    amlz_archive_input input = dribble_input(&d, bytes, length, length);
    CHECK_EQ_INT(amlz_archive_open(reader, input, NULL, &error), AMLZ_OK);
    input = dribble_input(&d, bytes, length, length);
    input.read = read_and_boast;
    CHECK_EQ_INT(amlz_archive_open(reader, input, NULL, &error), AMLZ_ERROR_DATA);
    CHECK(strstr(error.message, "the archive ends too early") != NULL);
    blocks_free();
}

int main(void)
{
    test_refusals();
    test_other_results();
    test_left_out_mark();
    test_other_data();
    test_damage();
    test_damage_in_callbacks();
    test_longer();
    test_a_callback_that_claims_too_much();
    test_deep_nesting();
    return check_report("archive_refusals");
}
