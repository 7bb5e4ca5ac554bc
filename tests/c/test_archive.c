/* Archives: what is written is read, bit for bit; what is not an archive is refused, with a message that says why. */
#include "archives.h"

static amlz_archive_reader reader;
static const amlz_archive_output nowhere = {NULL, NULL};

static int contains(const char *text, const char *part) { return strstr(text, part) != NULL; }

/* Copies an archive; the length of the copy, which is in `copied`, or 0 after an error. */
static unsigned char copied[1 << 17];
static size_t copy(const unsigned char *bytes, size_t length, amlz_archive_error *error)
{
    amlz_archive_block block = {copied, sizeof copied, 0};
    const amlz_archive_input input = amlz_archive_from_block(bytes, length);
    return amlz_archive_copy(&reader, input, amlz_archive_to_block(&block), error) == AMLZ_OK ? block.length : 0;
}

/* ---------------------------------------------------------------- copies */

static void test_copies(void)
{
    for (sample which = SAMPLE_PROGRAM; which < SAMPLE_COUNT; which++) {
        size_t length;
        const unsigned char *bytes = sample_bytes(which, &length);
        CHECK_EQ_U64(copy(bytes, length, NULL), length);
        CHECK(memcmp(copied, bytes, length) == 0);
        for (size_t most = 1; most < 10000; most = 3 * most + 1) {
            amlz_archive_block block = {copied, sizeof copied, 0};
            dribble d;
            CHECK_EQ_INT(amlz_archive_copy(&reader, dribble_input(&d, bytes, length, most), amlz_archive_to_block(&block), NULL),
                         AMLZ_OK);
            CHECK(block.length == length && memcmp(copied, bytes, length) == 0);
        }
        CHECK_EQ_U64(reader.info.minor, 0);
        CHECK_EQ_U64(reader.info.writer_length, 13);
        CHECK(strcmp(reader.info.writer, "libamlz 0.1.0") == 0);
        blocks_free();
    }
}

/* The archives of this and all former versions of the format. */
static void test_golden(const char *folder)
{
    for (sample which = SAMPLE_PROGRAM; which < SAMPLE_COUNT; which++) {
        static unsigned char bytes[1 << 16];
        char path[1000];
        size_t length;
        const unsigned char *now = sample_bytes(which, &length);
        snprintf(path, sizeof path, "%s/1.0-%s.amlz", folder, sample_name(which));
        FILE *file = fopen(path, "rb");
        if (!CHECK(file != NULL)) {
            continue;
        }
        const size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        CHECK(size == length && memcmp(bytes, now, size) == 0);
        CHECK(copy(bytes, size, NULL) == size && memcmp(copied, bytes, size) == 0);
        blocks_free();
    }
}

/* ---------------------------------------------------------------- programs, populations */

static void test_programs(void)
{
    for (sample which = SAMPLE_PROGRAM; which <= SAMPLE_LEARNER; which++) {
        const amlz_program written = sample_program(which);
        amlz_program program;
        size_t length;
        const unsigned char *bytes = sample_bytes(which, &length);
        CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
        CHECK_EQ_INT(reader.info.kind, AMLZ_ARCHIVE_PROGRAM);
        CHECK_EQ_INT(reader.info.has_dims, which == SAMPLE_LEARNER);
        CHECK_EQ_INT(amlz_archive_read_program(&reader, &program, NULL), AMLZ_OK);
        CHECK(amlz_program_equal(&program, &written));
        CHECK_EQ_INT(reader.info.dims.n_features, which == SAMPLE_LEARNER ? 8 : 1);
        CHECK_EQ_INT(reader.info.dims.n_scalars, which == SAMPLE_LEARNER ? 4 : 2);
        CHECK_EQ_INT(reader.info.dims.n_vectors, 3);
        CHECK_EQ_INT(reader.info.dims.n_matrices, which == SAMPLE_LEARNER ? 0 : 2);
        CHECK_EQ_INT(amlz_archive_read_program(&reader, &program, NULL), AMLZ_ERROR_ARGUMENT); /* there is only one */
        blocks_free();
    }
}

static void test_populations(void)
{
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_POPULATION, &length);
    CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(reader.info.n_members, 4);
    for (uint32_t i = 0; i < 4; i++) {
        amlz_program program, expected;
        amlz_member member, expected_member;
        CHECK_EQ_INT(sample_member(NULL, i, &expected, &expected_member), AMLZ_OK);
        CHECK_EQ_INT(amlz_archive_read_member(&reader, i == 2 ? NULL : &program, &member, NULL), AMLZ_OK);
        CHECK(i == 2 || amlz_program_equal(&program, &expected));
        CHECK_EQ_F64BITS(member.fitness, expected_member.fitness);
        CHECK_EQ_U64(member.birth, expected_member.birth);
        CHECK_EQ_U64(member.parent, expected_member.parent);
        CHECK_EQ_INT(member.action, expected_member.action);
    }
    CHECK_EQ_INT(amlz_archive_read_member(&reader, NULL, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

static void test_population_of_search(void)
{
    amlz_archive_block block = {copied, sizeof copied, 0};
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_POPULATION};
    const amlz_tasks *tasks = sample_tasks(SAMPLE_FLOAT32);
    amlz_search *search = sample_search(SAMPLE_FLOAT32, tasks);
    content.search = search;
    for (int round = 0; round < 2; round++) { /* empty, and after three evaluations */
        CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), NULL), AMLZ_OK);
        CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(copied, block.length), NULL, NULL), AMLZ_OK);
        CHECK_EQ_INT(reader.info.n_members, 3 * round);
        for (uint32_t i = 0; i < reader.info.n_members; i++) {
            amlz_program program, expected;
            amlz_member member, expected_member;
            CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, i, &expected, &expected_member), AMLZ_OK);
            CHECK_EQ_INT(amlz_archive_read_member(&reader, &program, &member, NULL), AMLZ_OK);
            CHECK(amlz_program_equal(&program, &expected));
            CHECK_EQ_U64(member.birth, expected_member.birth);
        }
        CHECK_EQ_INT(amlz_search_run(search, 3, 2.0, NULL), AMLZ_OK);
    }
    blocks_free();
}

/* ---------------------------------------------------------------- searches */

static size_t save(const amlz_search *search, const amlz_tasks *data, unsigned char *bytes, size_t size)
{
    amlz_archive_block block = {bytes, size, 0};
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_CHECKPOINT, .search = search, .data = data};
    amlz_archive_error error;
    if (!CHECK(amlz_archive_write(&content, amlz_archive_to_block(&block), &error) == AMLZ_OK)) {
        printf("%s\n", error.message);
    }
    return block.length;
}

/* A search as it was saved, with tasks from the archive where it has them. */
static amlz_search *load(sample which, const unsigned char *bytes, size_t length)
{
    amlz_archive_error error = {0, 0, ""};
    amlz_tasks *tasks = NULL;
    CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, &error), AMLZ_OK);
    if (reader.info.has_data) {
        const size_t size = amlz_tasks_size(&reader.info.tasks, NULL), scratch = amlz_archive_scratch_size(&reader.info);
        CHECK_EQ_INT(amlz_archive_read_tasks(&reader, block_new(size), size, block_new(scratch), scratch, &tasks, &error), AMLZ_OK);
    } else {
        tasks = sample_tasks(which);
    }
    amlz_search *search = search_new(&reader.info.search, tasks, reader.info.tasks.n_tasks, &reader.program);
    if (!CHECK(amlz_archive_read_search(&reader, search, NULL, &error) == AMLZ_OK)) {
        printf("%s\n", error.message);
    }
    return search;
}

/* Saved after any number of evaluations, a search goes on as if it had not been. */
static void test_resuming(void)
{
    static unsigned char first[1 << 16], second[1 << 16];
    for (sample which = SAMPLE_FLOAT32; which <= SAMPLE_FLOAT64; which++) {
        for (uint64_t n = 0; n < 90; n += n < 25 ? 1 : 7) {
            amlz_tasks *tasks = sample_tasks(which);
            amlz_search *search = sample_search(which, tasks);
            const amlz_tasks *data = n % 2 == 0 ? tasks : NULL;
            CHECK_EQ_INT(amlz_search_run(search, n, 2.0, NULL), AMLZ_OK);
            const size_t length = save(search, data, first, sizeof first);
            amlz_search *resumed = load(which, first, length);
            CHECK_EQ_U64(amlz_search_digest(resumed), amlz_search_digest(search));
            CHECK_EQ_U64(reader.info.evaluations, n);
            CHECK(save(resumed, data, second, sizeof second) == length && memcmp(first, second, length) == 0);
            CHECK_EQ_INT(amlz_search_run(search, 31, 2.0, NULL), AMLZ_OK);
            CHECK_EQ_INT(amlz_search_run(resumed, 31, 2.0, NULL), AMLZ_OK);
            CHECK_EQ_U64(amlz_search_digest(resumed), amlz_search_digest(search));
            CHECK(save(resumed, NULL, second, sizeof second) == save(search, NULL, first, sizeof first));
            CHECK(memcmp(first, second, sizeof first) == 0 || data != NULL);
            blocks_free();
        }
    }
}

static void test_texts(void)
{
    static char source_buffer[100], session_buffer[100];
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_FLOAT32, &length);
    const amlz_archive_input input = amlz_archive_from_block(bytes, length);
    amlz_archive_text source = {source_buffer, 45, 0, 0}, session = {session_buffer, 16, 0, 0};
    amlz_archive_error error;
    amlz_search *search = sample_search(SAMPLE_FLOAT32, sample_tasks(SAMPLE_FLOAT32));
    CHECK_EQ_INT(amlz_archive_open(&reader, input, &source, &error), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(&reader, search, &session, &error), AMLZ_OK);
    CHECK(source.is_there && source.length == 45 && memcmp(source_buffer, "{\"generator\":\"linear\"", 21) == 0);
    CHECK(session.is_there && session.length == 16 && source_buffer[45] == 0 && session_buffer[16] == 0);
    CHECK(memcmp(session_buffer, "{\"name\":\"\303\244\342\202\254\"}", 16) == 0);
    source.size = 44;
    CHECK_EQ_INT(amlz_archive_open(&reader, input, &source, &error), AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "tasks.source"));
    source.bytes = NULL;
    CHECK_EQ_INT(amlz_archive_open(&reader, input, &source, &error), AMLZ_OK);
    CHECK(source.is_there && source.length == 45);
    search = sample_search(SAMPLE_FLOAT32, sample_tasks(SAMPLE_FLOAT32));
    session.size = 15;
    CHECK_EQ_INT(amlz_archive_read_search(&reader, search, &session, &error), AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "session"));
    bytes = sample_bytes(SAMPLE_NEW, &length);
    CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), &source, &error), AMLZ_OK);
    CHECK(!source.is_there && source.length == 0);
    blocks_free();
}

/* ---------------------------------------------------------------- settings that differ */

/* The message for a search with another configuration or start program than the archive. */
static void expect_other(const amlz_search_config *config, const amlz_tasks *tasks, const char *start, const char *message)
{
    amlz_archive_error error = {0, 0, ""};
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_FLOAT64, &length);
    const amlz_program program = program_of(start, 3);
    amlz_search *search = search_new(config, tasks, 2, &program);
    CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(&reader, search, NULL, &error), AMLZ_ERROR_ARGUMENT);
    if (!CHECK(strcmp(error.message, message) == 0)) {
        printf("%s\n%s\n", error.message, message);
    }
}

static void test_other_settings(void)
{
    static const char start[] = "def Setup():\n s3 = 0.1\n v3[1] = -2.5\n";
    const amlz_search_config base = sample_config(SAMPLE_FLOAT64);
    const amlz_tasks *tasks = sample_tasks(SAMPLE_FLOAT64);
    amlz_search_config c;
#define OTHER(member, value, message)              \
    do {                                           \
        c = base;                                  \
        c.member = (value);                        \
        expect_other(&c, tasks, start, message);   \
    } while (0)
    OTHER(seed, 7, "config.seed: it is 1152921504606847167 in the archive and 7 in the search");
    OTHER(algorithm, 1, "config.algorithm: it is 0 in the archive and 1 in the search");
    OTHER(start, 1, "config.start: it is 0 in the archive and 1 in the search");
    OTHER(combine, 0, "config.combine: it is 1 in the archive and 0 in the search");
    OTHER(population_size, 6, "config.population_size: it is 5 in the archive and 6 in the search");
    OTHER(tournament_size, 3, "config.tournament_size: it is 2 in the archive and 3 in the search");
    OTHER(mutate_prob, 0.25, "config.mutate_prob: it is 0.9 in the archive and 0.25 in the search");
    OTHER(mutation_weight[2], 1e-9, "config.mutations[2]: it is 0.0 in the archive and 1e-09 in the search");
    OTHER(cache_size, 1, "config.cache_size: it is 0 in the archive and 1 in the search");
    OTHER(fec_train, 1, "config.fec_train: it is 2 in the archive and 1 in the search");
    OTHER(cache_period, 21, "config.cache_period: it is 20 in the archive and 21 in the search");
    OTHER(cache_work, 8, "config.cache_work: it is 200000000000 in the archive and 8 in the search");
    OTHER(history_size, 0, "config.history_size: it is 6 in the archive and 0 in the search");
    OTHER(max_cost, 0, "config.max_cost: it is 100.0 in the archive and 0.0 in the search");
    OTHER(space.dims.n_scalars, 5, "dims.scalars: it is 4 in the archive and 5 in the search");
    OTHER(space.function[2].max_size, 4, "config.functions[2].most: it is 3 in the archive and 4 in the search");
    OTHER(space.function[1].n_ops, 58, "config.functions[1].ops: the archive and the search have other ops, or in another order");
#undef OTHER
    expect_other(&base, tasks, "def Setup():\n s3 = 0.2\n", "config.start_program: the archive and the search have different ones");
    amlz_tasks_config shape = tasks_config_of(&base.space.dims, AMLZ_FLOAT64, 2, 4, 3, 2);
    expect_other(&base, task_set_new(&shape, 2).tasks, start,
                 "tasks.digest: the tasks of the search have other numbers than those of the archive");
    shape.n_epochs = 1;
    expect_other(&base, shaped_tasks(&shape), start, "tasks.epochs: it is 2 in the archive and 1 in the search");
    blocks_free();
}

static void test_used_searches(void)
{
    amlz_archive_error error;
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_FLOAT32, &length);
    amlz_search *search = sample_search(SAMPLE_FLOAT32, sample_tasks(SAMPLE_FLOAT32));
    CHECK_EQ_INT(amlz_search_run(search, 1, 2.0, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(&reader, search, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(contains(error.message, "the search must be new"));
    blocks_free();
}

/* ---------------------------------------------------------------- refusals */

typedef struct edit {
    sample which;
    const char *at;           /* what stands before the bytes: the key, mostly */
    const char *old, *fresh;  /* bytes and what they become */
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
        EDIT(SAMPLE_NEW, "amlz\x92", "\x01", "\x02", "version: archives of version 1 can be read, this one has version 2"),
        EDIT(SAMPLE_NEW, "amlz", "\x92", "\x93", "version: expected 2 elements, got 3"),
        EDIT(SAMPLE_NEW, "\x92\x01", "\x00\x8a", "\x00\x8b", "kind: expected 10 elements, got 11"),
        EDIT(SAMPLE_NEW, "\x92\x01", "\x00\x8a", "\x00\x9a", "body: expected a map, got an array of 10"),
        EDIT(SAMPLE_NEW, "\xa4kind", "\xaa", "\xab", "kind: expected 'program', 'population' or 'checkpoint', got ''"),
        EDIT(SAMPLE_NEW, "\xa4kind\xaa", "checkpoint", "checkpains",
             "kind: expected 'program', 'population' or 'checkpoint', got 'checkpains'"),
        EDIT(SAMPLE_NEW, "", "\xa4kind", "\xa4king", "kind: expected this key, got 'king'"),
        EDIT(SAMPLE_NEW, "", "\xa6writer", "\xa0", "writer: expected this key, got ''"),
        EDIT(SAMPLE_NEW, "\xa6writer", "\xad", "\xd9\x0d", "writer: a number or length in a longer form than it needs"),
        EDIT(SAMPLE_NEW, "\xa6writer\xad", "l", "\xff", "writer: the text is not UTF-8"),
        EDIT(SAMPLE_NEW, "\xa6writer\xad", "libamlz 0.1.0", "libamlz 0.1.\xc3", "writer: the text is not UTF-8"),
        EDIT(SAMPLE_NEW, "\xa6writer", "\xadlibamlz 0.1.0",
             "\xd9\x41" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "writer: expected up to 64 bytes"),
        EDIT(SAMPLE_NEW, "\xa4" "dims", "\x86", "\xc0", "dims: expected a map, got nil"),
        EDIT(SAMPLE_NEW, "\xa4" "dims", "\x86", "\xc2", "dims: a type that archives do not have"),
        EDIT(SAMPLE_NEW, "\xa8" "features", "\x02", "\x00", "dims.features: expected an integer from 1 to 65536, got 0"),
        EDIT(SAMPLE_NEW, "\xa7scalars", "\x04", "\x01", "dims.scalars: expected an integer from 2 to 256, got 1"),
        EDIT(SAMPLE_NEW, "\xa5label", "\x00", "\x02", "dims: n_classes must be from 2 to n_features"),
        EDIT(SAMPLE_NEW, "\xa5label", "\x00", "\xd0\xff", "dims.label: a type that archives do not have"),
        EDIT(SAMPLE_NEW, "\xa5label", "\x00", "\xcc\x00", "dims.label: a number or length in a longer form than it needs"),
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
        EDIT(SAMPLE_NEW, "mutations", "\x98", "\x97", "config.mutations: expected 8 elements, got 7"),
        EDIT(SAMPLE_NEW, "functions", "\x93\x94\x00\x03\x02", "\x93\x94\x04\x03\x02",
             "config: min_size must be at most max_size"),
        EDIT(SAMPLE_NEW, "functions", "\x93\x94\x00\x03\x02\xc4\x3b\x00", "\x93\x94\x00\x03\x02\xc4\x3b\x01",
             "config: ops must not name an op twice in one function"),
        EDIT(SAMPLE_NEW, "start_program", "\xc4\x06", "\xc4\x05", "config.start_program: the program ends too early"),
        EDIT(SAMPLE_NEW, "start_program", "\xc4\x06\x00\x00", "\xc4\x06\xff\xff",
             "config.start_program: a function has more instructions than the capacity"),
        EDIT(SAMPLE_NEW, "count", "\x02", "\xde\xff\xff", "the archive ends too early"),
        EDIT(SAMPLE_NEW, "train", "\x04", "\x01", "config: fec_train and fec_valid must be at most what the tasks have"),
        EDIT(SAMPLE_NEW, "source", "\xc0", "\x07", "tasks.source: expected a string or nil, got the integer 7"),
        EDIT(SAMPLE_NEW, "evaluations", "\x00", "\x01", "best: there must be one: programs were evaluated"),
        EDIT(SAMPLE_FLOAT32, "evaluations", "\x2f", "\x7f", "mark.counts: the mark is too far from the evaluations"),
        EDIT(SAMPLE_FLOAT32, "evaluations", "\x2f", "\x01", "best.birth: expected the number of an evaluation, from 1 to 1, got "),
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
        EDIT(SAMPLE_LEARNER, "scalars", "\x04", "\x03", "program: address out of range in instruction 1 of its function"),
        EDIT(SAMPLE_PROGRAM, "program", "\xc4", "\xc0", "program: expected a binary, got nil"),
        EDIT(SAMPLE_POPULATION, "population", "\x94\x95", "\x94\x94", "population[0]: expected 5 elements, got 4"),
        EDIT(SAMPLE_POPULATION, "population", "\x94\x95", "\x93\x95", "checksum: there are bytes after the end of the archive"),
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
        EDIT(SAMPLE_FLOAT64, "", "\xa6" "digest\xcf\x01", "\xa6" "digest\xcf\x00", "digest: the search came to another state"),
        EDIT(SAMPLE_FLOAT32, "", "\x1a\x17\x04\xa4mark", "\x1a\x16\x04\xa4mark", "best: it is not the best program of the search"),
        EDIT(SAMPLE_FLOAT64, "counts", "\x98\x21\x00", "\x98\x21\x01", "mark: each evaluation must have been"),
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        size_t length;
        amlz_archive_error error = {0, 0, ""};
        unsigned char *bytes = edited(&edits[i], &length);
        CHECK_EQ_U64(copy(bytes, length, &error), length);
        CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, &error), AMLZ_OK);
        amlz_search *search = search_new(&reader.info.search, sample_tasks(edits[i].which), 2, &reader.program);
        CHECK_EQ_INT(amlz_archive_read_search(&reader, search, NULL, &error), AMLZ_ERROR_DATA);
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
    const size_t length = save(search, NULL, bytes, sizeof bytes);
    CHECK_EQ_INT(amlz_search_run(search, 1, 2.0, NULL), AMLZ_OK);
    const uint64_t digest = amlz_search_digest(search);
    for (size_t at = 0; at + 28 < length; at++) {
        if (memcmp(bytes + at, "evaluations\x3b\xa6" "digest\xcf", 20) == 0) {
            bytes[at + 11] = 60;
            for (size_t i = 0; i < 8; i++) {
                bytes[at + 20 + i] = (unsigned char)(digest >> (56 - 8 * i));
            }
        }
    }
    mend_checksum(bytes, length);
    CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(&reader, sample_search(SAMPLE_FLOAT32, tasks), NULL, &error), AMLZ_ERROR_DATA);
    CHECK(strcmp(error.message, "mark: it is not the last one before the evaluations") == 0);
    blocks_free();
}

static void test_other_data(void)
{
    /* the first feature becomes NaN, or another number */
    static const edit edits[] = {
        EDIT(SAMPLE_FLOAT64, "data\x92\x94\xc4\x60", "\x50\xf8\xc6\x79\xa5\xfb\xe6\x3f", "\x50\xf8\xc6\x79\xa5\xfb\xf6\x7f",
             "tasks.data[0]: a number is not finite, or a label is none"),
        EDIT(SAMPLE_FLOAT64, "data\x92\x94\xc4\x60", "\x50\xf8\xc6\x79\xa5\xfb\xe6\x3f", "\x50\xf8\xc6\x79\xa5\xfb\xe6\x3e",
             "tasks.digest: it is not that of the data"),
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        size_t length;
        amlz_archive_error error = {0, 0, ""};
        const unsigned char *bytes = edited(&edits[i], &length);
        amlz_tasks *tasks;
        CHECK_EQ_INT(amlz_archive_open(&reader, amlz_archive_from_block(bytes, length), NULL, &error), AMLZ_OK);
        const size_t size = amlz_tasks_size(&reader.info.tasks, NULL), scratch = amlz_archive_scratch_size(&reader.info);
        CHECK_EQ_INT(amlz_archive_read_tasks(&reader, block_new(size), size, block_new(scratch), scratch, &tasks, &error),
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
            CHECK(amlz_archive_copy(&reader, dribble_input(&d, bytes, length, 100), nowhere, NULL) != AMLZ_OK);
            bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        }
        for (size_t cut = 0; cut < length; cut++) {
            CHECK_EQ_INT(amlz_archive_copy(&reader, dribble_input(&d, bytes, cut, 100), nowhere, NULL), AMLZ_ERROR_DATA);
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
    CHECK(contains(error.message, "checksum: it is not that of the bytes before it: the archive is damaged or cut off"));
    CHECK_EQ_U64(error.offset, length - 5);
    CHECK_EQ_U64(copy(bytes, length / 2, &error), 0);
    CHECK(contains(error.message, "checksum: "));
    CHECK_EQ_U64(copy((const unsigned char *)"def Setup():\n", 13, &error), 0);
    CHECK(contains(error.message, "this is not an archive"));
    CHECK_EQ_INT(amlz_archive_copy(&reader, amlz_archive_from_block(NULL, 0), nowhere, &error), AMLZ_ERROR_DATA);
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
        {EDIT(SAMPLE_NEW, "config", "\xde\x00\x13", "\xde\x00\x14", ""),
         EDIT(SAMPLE_NEW, "start_program", "\xc4\x06\0\0\0\0\0\0", "\xc4\x06\0\0\0\0\0\0" NEW_KEY, "")},
        {EDIT(SAMPLE_NEW, "mutations", "\x98", "\x99", ""),
         EDIT(SAMPLE_NEW, "", "\xaa" "cache_size", NEW_ELEMENT "\xaa" "cache_size", "")},
        {EDIT(SAMPLE_NEW, "functions\x93", "\x94", "\x95", ""),
         EDIT(SAMPLE_NEW, "\x37\x38\x39\x3a", "\x94", NEW_ELEMENT "\x94", "")},
        {EDIT(SAMPLE_NEW, "tasks", "\x88", "\x89", ""), EDIT(SAMPLE_NEW, "data", "\xc0", "\xc0" NEW_KEY, "")},
        {EDIT(SAMPLE_FLOAT64, "tasks", "\x88", "\x89", ""),
         EDIT(SAMPLE_FLOAT64, "", "\xab" "evaluations", NEW_KEY "\xab" "evaluations", "")},
        {EDIT(SAMPLE_NEW, "mark", "\x86", "\x87", ""),
         EDIT(SAMPLE_NEW, "best", "\xc0\xa7session", "\xc0" NEW_KEY "\xa7session", "")},
        {EDIT(SAMPLE_NEW, "counts", "\x98", "\x99", ""),
         EDIT(SAMPLE_NEW, "", "\xa3rng", NEW_ELEMENT "\xa3rng", "")},
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
    bytes[8] = 1; /* minor version */
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

/* ---------------------------------------------------------------- what is not written */

static void expect_unwritten(const amlz_archive_content *content, amlz_status status, const char *message)
{
    amlz_archive_block block = {copied, sizeof copied, 0};
    amlz_archive_error error = {0, 0, ""};
    CHECK_EQ_INT(amlz_archive_write(content, amlz_archive_to_block(&block), &error), status);
    if (!CHECK(contains(error.message, message))) {
        printf("%s\n%s\n", error.message, message);
    }
}

static void test_unwritten_programs(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 1, 2, 1, 0);
    amlz_program program = program_of("def Predict():\n s1 = 2\n", 1);
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_PROGRAM};
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "program must be given");
    expect_unwritten(NULL, AMLZ_ERROR_ARGUMENT, "content and an output must be given");
    content.program = &program;
    CHECK_EQ_INT(amlz_archive_write(&content, nowhere, NULL), AMLZ_ERROR_ARGUMENT);
    content.writer = "12345678901234567890123456789012345678901234567890123456789012345";
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "writer: expected up to 64 bytes of UTF-8");
    content.writer = "\xe4";
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "writer: expected up to 64 bytes of UTF-8");
    content.writer = NULL;
    content.dims = &dims;
    program.code[AMLZ_PREDICT][0].out = 2;
    expect_unwritten(&content, AMLZ_ERROR_PROGRAM, "program: address out of range in instruction 1 of its function");
    content.dims = NULL;
    program.code[AMLZ_PREDICT][0].op = 255;
    expect_unwritten(&content, AMLZ_ERROR_PROGRAM, "program: unknown op in instruction 1 of its function");
    content.kind = (amlz_archive_kind)3;
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "kind must be");
}

/* A member with one fault, which the context chooses. */
static amlz_status faulty_member(void *context, uint32_t index, amlz_program *program, amlz_member *member)
{
    const amlz_status status = sample_member(NULL, index, program, member);
    switch (index == 2 ? *(const int *)context : -1) {
    case 0: member->fitness = 1.5; break;
    case 1: member->fitness = (double)NAN; break;
    case 2: member->parent = member->birth; break;
    case 3: member->action = AMLZ_MUTATION_COUNT; break;
    case 4: program->size[0] = AMLZ_CAPACITY + 1; break;
    case 5: return AMLZ_ERROR_DATA;
    default: break;
    }
    return status;
}

static void test_unwritten_populations(void)
{
    static const char *const messages[] = {
        "population[2].fitness: expected a number from 0 to 1, got 1.5",
        "population[2].fitness: expected a number from 0 to 1, got infinity or not a number",
        "population[2].parent: expected 0 or a birth before 8589934591, got 8589934591",
        "population[2].action: expected an integer from 0 to 7, got 8",
        "population[2]: a function has more instructions than the capacity",
        "population[2]: it cannot be had"};
    const amlz_dims dims = sample_config(SAMPLE_POPULATION).space.dims;
    int fault = 0;
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_POPULATION, .n_members = 4, .member = faulty_member, .context = &fault};
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "a search, or dims and a callback for the members, must be given");
    content.dims = &dims;
    for (; fault < 6; fault++) {
        expect_unwritten(&content, fault == 4   ? AMLZ_ERROR_PROGRAM
                                   : fault == 5 ? AMLZ_ERROR_DATA
                                                : AMLZ_ERROR_ARGUMENT, messages[fault]);
    }
}

static void test_unwritten_texts(void)
{
    static char bytes[AMLZ_ARCHIVE_MAX_SOURCE + 1];
    static const struct {
        const char *text;
        int is_utf8;
    } texts[] = {{"", 1}, {"\x7f", 1}, {"\xc2\x80", 1}, {"\xdf\xbf", 1}, {"\xe0\xa0\x80", 1}, {"\xed\x9f\xbf", 1},
                 {"\xee\x80\x80", 1}, {"\xf0\x90\x80\x80", 1}, {"\xf4\x8f\xbf\xbf", 1}, {"\x80", 0}, {"\xc0\x80", 0},
                 {"\xc1\xbf", 0}, {"\xc2", 0}, {"\xc2\x41", 0}, {"\xe0\x9f\xbf", 0}, {"\xed\xa0\x80", 0}, {"\xe2\x82", 0},
                 {"\xf0\x8f\xbf\xbf", 0}, {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0}, {"\xff", 0}};
    const amlz_tasks *tasks = sample_tasks(SAMPLE_FLOAT32);
    amlz_archive_block block = {copied, sizeof copied, 0};
    amlz_archive_text text = {bytes, sizeof bytes, 0, 1};
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_CHECKPOINT};
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "search must be given");
    content.search = sample_search(SAMPLE_FLOAT32, tasks);
    content.session = &text;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        text.length = strlen(texts[i].text);
        memcpy(bytes, texts[i].text, text.length);
        CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), NULL),
                     texts[i].is_utf8 ? AMLZ_OK : AMLZ_ERROR_ARGUMENT);
        CHECK(!texts[i].is_utf8 || copy(copied, block.length, NULL) == block.length);
    }
    memset(bytes, ' ', sizeof bytes);
    content.session = NULL;
    content.source = &text;
    text.length = sizeof bytes;
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT,
                     "tasks.source: expected a text of up to 1048576 bytes, got one of 1048577");
    text.length--;
    expect_unwritten(&content, AMLZ_ERROR_MEMORY, "the block is too small: the archive takes 10");
    content.data = sample_tasks(SAMPLE_FLOAT64);
    content.source = NULL;
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "tasks.data: the tasks are not those of the search");
    blocks_free();
}

/* ---------------------------------------------------------------- outputs that fail */

static int take_some(void *context, const void *bytes, size_t size)
{
    size_t *room = context;
    (void)bytes;
    if (size > *room) {
        return 1;
    }
    *room -= size;
    return 0;
}

static void test_failing_outputs(void)
{
    static unsigned char small[1 << 16];
    const amlz_tasks *tasks = sample_tasks(SAMPLE_FLOAT64);
    const amlz_archive_content content = {.kind = AMLZ_ARCHIVE_CHECKPOINT, .search = sample_search(SAMPLE_FLOAT64, tasks),
                                          .data = tasks};
    amlz_archive_block block = {NULL, 0, 0};
    amlz_archive_error error;
    CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), &error), AMLZ_ERROR_MEMORY);
    const size_t needed = block.length;
    for (size_t size = 0; size <= needed; size += size < needed - 10 ? 7 : 1) {
        size_t room = size;
        const amlz_archive_output output = {take_some, &room};
        const amlz_status status = amlz_archive_write(&content, output, &error);
        CHECK_EQ_INT(status, size < needed ? AMLZ_ERROR_ARGUMENT : AMLZ_OK);
        CHECK(status == AMLZ_OK || contains(error.message, "the output took no more"));
        memset(small, 0x5a, sizeof small);
        block.bytes = small;
        block.size = size;
        CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), &error),
                     size < needed ? AMLZ_ERROR_MEMORY : AMLZ_OK);
        CHECK(block.length == needed && small[size] == 0x5a);
    }
    blocks_free();
}

/* ---------------------------------------------------------------- calls */

static void test_calls(void)
{
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_FLOAT64, &length);
    const amlz_archive_input input = amlz_archive_from_block(bytes, length), none = {NULL, 1, NULL, NULL};
    amlz_archive_error error;
    amlz_program program;
    amlz_tasks *tasks;
    char memory[10];
    CHECK_EQ_INT(amlz_archive_open(NULL, input, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_open(&reader, none, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_copy(&reader, none, nowhere, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_copy(NULL, input, nowhere, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_read_program(NULL, &program, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_read_member(NULL, &program, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_read_search(&reader, NULL, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_open(&reader, input, NULL, &error), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_program(&reader, &program, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(contains(error.message, "the archive has something else here"));
    CHECK_EQ_INT(amlz_archive_open(&reader, input, NULL, &error), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_tasks(&reader, memory, sizeof memory, memory, sizeof memory, &tasks, &error), AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "scratch is smaller"));
    CHECK_EQ_INT(amlz_archive_open(&reader, input, NULL, &error), AMLZ_OK);
    const size_t scratch = amlz_archive_scratch_size(&reader.info);
    CHECK_EQ_U64(scratch, (4 + 3) * (3 + 1) * 8 + 7);
    CHECK_EQ_INT(amlz_archive_read_tasks(&reader, memory, sizeof memory, block_new(scratch), scratch, &tasks, &error), AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "tasks: the memory block is smaller"));
    CHECK_EQ_INT(amlz_archive_read_search(&reader, sample_search(SAMPLE_FLOAT64, sample_tasks(SAMPLE_FLOAT64)), NULL, &error),
                 AMLZ_ERROR_ARGUMENT); /* refused already */
    CHECK(strcmp(amlz_archive_kind_name(AMLZ_ARCHIVE_CHECKPOINT), "checkpoint") == 0);
    CHECK(amlz_archive_kind_name(3) == NULL && amlz_archive_kind_name(-1) == NULL);
    blocks_free();
}

int main(int argc, char **argv)
{
    test_copies();
    test_golden(argc > 1 ? argv[1] : "../archive/golden");
    test_programs();
    test_populations();
    test_population_of_search();
    test_resuming();
    test_texts();
    test_other_settings();
    test_used_searches();
    test_refusals();
    test_other_results();
    test_left_out_mark();
    test_other_data();
    test_damage();
    test_damage_in_callbacks();
    test_longer();
    test_deep_nesting();
    test_unwritten_programs();
    test_unwritten_populations();
    test_unwritten_texts();
    test_failing_outputs();
    test_calls();
    return check_report("archive");
}
