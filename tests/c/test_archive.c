/* Archives: what is written is read, bit for bit; what is not an archive is refused, with a message that says why. */
#include "archive_copies.h"

/* Resumes the search of a sample from an archive: it is the one that the sample was made of. */
static void resume_sample(sample which, const unsigned char *bytes, size_t length)
{
    amlz_archive_error error = {0, 0, ""};
    const amlz_tasks *tasks = sample_tasks(which);
    amlz_search *whole = sample_search(which, tasks), *search = sample_search(which, tasks);
    CHECK_EQ_INT(amlz_search_run(whole, sample_evaluations(which), 2.0, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, &error), AMLZ_OK);
    if (!CHECK(amlz_archive_read_search(the_reader(), search, NULL, &error) == AMLZ_OK)) {
        printf("%s: %s\n", sample_name(which), error.message);
    }
    CHECK_EQ_U64(amlz_search_digest(search), amlz_search_digest(whole));
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
            CHECK_EQ_INT(
                amlz_archive_copy(the_reader(), dribble_input(&d, bytes, length, most), amlz_archive_to_block(&block), NULL),
                AMLZ_OK);
            CHECK(block.length == length && memcmp(copied, bytes, length) == 0);
        }
        CHECK_EQ_INT((int)the_info()->minor, sample_minor(which));
        CHECK_EQ_U64(the_info()->writer_length, 13);
        CHECK(strcmp(the_info()->writer, "libamlz 0.1.0") == 0);
        blocks_free();
    }
}

/* The archives of all versions of the format. What is read of a former one and written again is the one of its kind's own
 * version. */
static void test_golden(const char *folder)
{
    for (sample which = SAMPLE_PROGRAM; which < SAMPLE_MODEL; which++) {
        for (int minor = which >= SAMPLE_HURDLES; minor <= sample_minor(which); minor++) {
            static unsigned char bytes[1 << 16];
            char path[1000];
            size_t length;
            const unsigned char *now = sample_bytes(which, &length);
            snprintf(path, sizeof path, "%s/1.%d-%s.amlz", folder, minor, sample_name(which));
            FILE *file = fopen(path, "rb");
            if (!CHECK(file != NULL)) {
                continue;
            }
            const size_t size = fread(bytes, 1, sizeof bytes, file);
            fclose(file);
            CHECK(minor < sample_minor(which) || (size == length && memcmp(bytes, now, size) == 0));
            CHECK(copy(bytes, size, NULL) == length && memcmp(copied, now, length) == 0);
            CHECK_EQ_U64(the_info()->minor, (uint64_t)minor);
            if (which >= SAMPLE_NEW && which < SAMPLE_ISLANDS) {
                resume_sample(which, bytes, size);
            }
            blocks_free();
        }
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
        CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
        CHECK_EQ_INT(the_info()->kind, AMLZ_ARCHIVE_PROGRAM);
        CHECK_EQ_INT(the_info()->has_dims, which == SAMPLE_LEARNER);
        CHECK_EQ_INT(amlz_archive_read_program(the_reader(), &program, NULL), AMLZ_OK);
        CHECK(amlz_program_equal(&program, &written));
        CHECK_EQ_INT(the_info()->dims.n_features, which == SAMPLE_LEARNER ? 8 : 1);
        CHECK_EQ_INT(the_info()->dims.n_scalars, which == SAMPLE_LEARNER ? 4 : 2);
        CHECK_EQ_INT(the_info()->dims.n_vectors, 3);
        CHECK_EQ_INT(the_info()->dims.n_matrices, which == SAMPLE_LEARNER ? 0 : 2);
        CHECK_EQ_INT(amlz_archive_read_program(the_reader(), &program, NULL), AMLZ_ERROR_ARGUMENT); /* there is only one */
        blocks_free();
    }
}

static void test_populations(void)
{
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_POPULATION, &length);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(the_info()->n_members, 4);
    for (uint32_t i = 0; i < 4; i++) {
        amlz_program program, expected;
        amlz_member member, expected_member;
        CHECK_EQ_INT(sample_member(NULL, i, &expected, &expected_member), AMLZ_OK);
        CHECK_EQ_INT(amlz_archive_read_member(the_reader(), i == 2 ? NULL : &program, &member, NULL), AMLZ_OK);
        CHECK(i == 2 || amlz_program_equal(&program, &expected));
        CHECK_EQ_F64BITS(member.fitness, expected_member.fitness);
        CHECK_EQ_U64(member.birth, expected_member.birth);
        CHECK_EQ_U64(member.parent, expected_member.parent);
        CHECK_EQ_INT(member.action, expected_member.action);
    }
    CHECK_EQ_INT(amlz_archive_read_member(the_reader(), NULL, NULL, NULL), AMLZ_ERROR_ARGUMENT);
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
        CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(copied, block.length), NULL, NULL), AMLZ_OK);
        CHECK_EQ_INT(the_info()->n_members, 3 * round);
        for (uint32_t i = 0; i < the_info()->n_members; i++) {
            amlz_program program, expected;
            amlz_member member, expected_member;
            CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, i, &expected, &expected_member), AMLZ_OK);
            CHECK_EQ_INT(amlz_archive_read_member(the_reader(), &program, &member, NULL), AMLZ_OK);
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
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, &error), AMLZ_OK);
    if (the_info()->has_data) {
        const size_t size = amlz_tasks_size(&the_info()->tasks, NULL),
                     scratch = amlz_archive_scratch_size(the_info());
        CHECK_EQ_INT(
            amlz_archive_read_tasks(the_reader(), block_new(size), size, block_new(scratch), scratch, &tasks, &error),
            AMLZ_OK);
    } else {
        tasks = sample_tasks(which);
    }
    amlz_search *search = search_new(&the_info()->search, tasks, the_info()->tasks.n_tasks, the_start());
    if (!CHECK(amlz_archive_read_search(the_reader(), search, NULL, &error) == AMLZ_OK)) {
        printf("%s\n", error.message);
    }
    return search;
}

/* Saved after any number of evaluations, a search goes on as if it had not been. */
static void test_resuming(void)
{
    static unsigned char first[1 << 16], second[1 << 16];
    for (sample which = SAMPLE_FLOAT32; which <= SAMPLE_HURDLES; which++) {
        for (uint64_t n = 0; n < 90; n += n < 25 ? 1 : 7) {
            amlz_tasks *tasks = sample_tasks(which);
            amlz_search *search = sample_search(which, tasks);
            const amlz_tasks *data = n % 2 == 0 ? tasks : NULL;
            CHECK_EQ_INT(amlz_search_run(search, n, 2.0, NULL), AMLZ_OK);
            const size_t length = save(search, data, first, sizeof first);
            amlz_search *resumed = load(which, first, length);
            CHECK_EQ_U64(amlz_search_digest(resumed), amlz_search_digest(search));
            CHECK_EQ_U64(the_info()->evaluations, n);
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

/* The numbers of tasks are kept to the bit, the smallest and the largest too. */
static void test_edges_of_data(void)
{
    static const double numbers[] = {0x1p-149, -0x1.8p-148, 0x1.fffffcp-127, 0x1p-126, -0x1.fffffep127,
                                     -0.0,     0.0,         0x1.fffffep-1};
    static unsigned char bytes[1 << 14];
    const amlz_search_config config = sample_config(SAMPLE_FLOAT32);
    const amlz_tasks_config shape = tasks_config_of(&config.space.dims, AMLZ_FLOAT32, 2, 4, 3, 1);
    amlz_tasks *tasks = tasks_new(&shape);
    for (uint32_t task = 0; task < 2; task++) {
        CHECK_EQ_INT(amlz_tasks_set_f64(tasks, task, numbers, numbers + 4, numbers + 1, numbers + 2), AMLZ_OK);
    }
    amlz_search *search = sample_search(SAMPLE_FLOAT32, tasks);
    const uint64_t digest = amlz_tasks_digest(tasks);
#if HAS_MXCSR /* a caller who flushes denormals to zero writes them all the same */
    __builtin_ia32_ldmxcsr(0x1f80 | 0x8040);
#endif
    const size_t length = save(search, tasks, bytes, sizeof bytes);
    load(SAMPLE_FLOAT32, bytes, length);
    CHECK_EQ_U64(amlz_tasks_digest(tasks), digest);
    CHECK_EQ_U64(the_info()->tasks_digest, digest);
#if HAS_MXCSR
    __builtin_ia32_ldmxcsr(0x1f80);
#endif
    CHECK(the_info()->has_data);
    blocks_free();
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
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, &source, &error), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, &session, &error), AMLZ_OK);
    CHECK(source.is_there && source.length == 45 && memcmp(source_buffer, "{\"generator\":\"linear\"", 21) == 0);
    CHECK(session.is_there && session.length == 16 && source_buffer[45] == 0 && session_buffer[16] == 0);
    CHECK(memcmp(session_buffer, "{\"name\":\"\303\244\342\202\254\"}", 16) == 0);
    source.size = 44;
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, &source, &error), AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "tasks.source"));
    source.bytes = NULL;
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, &source, &error), AMLZ_OK);
    CHECK(source.is_there && source.length == 45);
    search = sample_search(SAMPLE_FLOAT32, sample_tasks(SAMPLE_FLOAT32));
    session.size = 15;
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, &session, &error), AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "session"));
    bytes = sample_bytes(SAMPLE_NEW, &length);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), &source, &error), AMLZ_OK);
    CHECK(!source.is_there && source.length == 0);
    blocks_free();
}

/* ---------------------------------------------------------------- settings that differ */

/* The message for a search with another configuration or start program than the archive. */
static void expect_other(const amlz_search_config *config, const amlz_tasks *tasks, const char *start,
                         const char *message)
{
    amlz_archive_error error = {0, 0, ""};
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_FLOAT64, &length);
    const amlz_program program = program_of(start, 3);
    amlz_search *search = search_new(config, tasks, 2, &program);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, NULL, &error), AMLZ_ERROR_ARGUMENT);
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
#define OTHER(member, value, message)            \
    do {                                         \
        c = base;                                \
        c.member = (value);                      \
        expect_other(&c, tasks, start, message); \
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
    OTHER(redraws, 2, "config.redraws: it is 0 in the archive and 2 in the search");
    OTHER(hurdle_percentile, 0.5, "config.hurdle_percentile: it is 0.75 in the archive and 0.5 in the search");
    OTHER(hurdle_window, 99, "config.hurdle_window: it is 100 in the archive and 99 in the search");
    OTHER(space.dims.n_scalars, 5, "dims.scalars: it is 4 in the archive and 5 in the search");
    OTHER(space.function[2].max_size, 4, "config.functions[2].most: it is 3 in the archive and 4 in the search");
    OTHER(space.function[1].n_ops, 58,
          "config.functions[1].ops: the archive and the search have other ops, or in another order");
#undef OTHER
    expect_other(&base, tasks, "def Setup():\n s3 = 0.2\n",
                 "config.start_program: the archive and the search have different ones");
    amlz_tasks_config shape = tasks_config_of(&base.space.dims, AMLZ_FLOAT64, 2, 4, 3, 2);
    expect_other(&base, task_set_new(&shape, 2).tasks, start,
                 "tasks.digest: the tasks of the search have other numbers than those of the archive");
    shape.n_epochs = 1;
    expect_other(&base, shaped_tasks(&shape), start, "tasks.epochs: it is 2 in the archive and 1 in the search");
    blocks_free();
}

static void expect_other_hurdles(const amlz_search_config *config, const char *message)
{
    amlz_archive_error error = {0, 0, ""};
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_HURDLES, &length);
    amlz_search *search = search_new(config, sample_tasks(SAMPLE_HURDLES), 2, NULL);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(strcmp(error.message, message) == 0);
}

static void test_other_hurdles(void)
{
    const amlz_search_config base = sample_config(SAMPLE_HURDLES);
    amlz_search_config c = base;
    c.hurdle[1].n_train = 4;
    expect_other_hurdles(&c, "config.hurdles[1].n_train: it is 3 in the archive and 4 in the search");
    c = base;
    c.hurdle[0].n_valid = 3;
    expect_other_hurdles(&c, "config.hurdles[0].n_valid: it is 2 in the archive and 3 in the search");
    c = base;
    memset(&c.hurdle[1], 0, sizeof c.hurdle[1]);
    c.n_hurdles = 1;
    expect_other_hurdles(&c, "config.hurdles: the archive and the search have different numbers of them");
    blocks_free();
}

static void test_used_searches(void)
{
    amlz_archive_error error;
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_FLOAT32, &length);
    amlz_search *search = sample_search(SAMPLE_FLOAT32, sample_tasks(SAMPLE_FLOAT32));
    CHECK_EQ_INT(amlz_search_run(search, 1, 2.0, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(contains(error.message, "the search must be new"));
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
    CHECK_EQ_INT(amlz_archive_open(the_reader(), none, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_copy(the_reader(), none, nowhere, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_copy(NULL, input, nowhere, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_read_program(NULL, &program, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_read_member(NULL, &program, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), NULL, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, &error), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_program(the_reader(), &program, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(contains(error.message, "the archive has something else here"));
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, &error), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_tasks(the_reader(), memory, sizeof memory, memory, sizeof memory, &tasks, &error),
                 AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "scratch is smaller"));
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, &error), AMLZ_OK);
    const size_t scratch = amlz_archive_scratch_size(the_info());
    CHECK_EQ_U64(scratch, (4 + 3) * (3 + 1) * 8 + 7);
    CHECK_EQ_INT(amlz_archive_read_tasks(the_reader(), memory, sizeof memory, block_new(scratch), scratch, &tasks, &error),
                 AMLZ_ERROR_MEMORY);
    CHECK(contains(error.message, "tasks: the memory block is smaller"));
    CHECK_EQ_INT(
        amlz_archive_read_search(the_reader(), sample_search(SAMPLE_FLOAT64, sample_tasks(SAMPLE_FLOAT64)), NULL, &error),
        AMLZ_ERROR_ARGUMENT); /* refused already */
    CHECK(strcmp(amlz_archive_kind_name(AMLZ_ARCHIVE_CHECKPOINT), "checkpoint") == 0);
    CHECK(strcmp(amlz_archive_kind_name(AMLZ_ARCHIVE_ISLANDS), "islands") == 0);
    CHECK(amlz_archive_kind_name(5) == NULL && amlz_archive_kind_name(-1) == NULL);
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
    test_edges_of_data();
    test_texts();
    test_other_settings();
    test_other_hurdles();
    test_used_searches();
    test_calls();
    return check_report("archive");
}
