/* Islands: searches in one archive, each an archive of its own in it. */
#include "archive_copies.h"

/* ---------------------------------------------------------------- reading */

static amlz_archive_input input_of(const unsigned char *bytes, size_t length, dribble *d, int is_block)
{
    return is_block ? amlz_archive_from_block(bytes, length) : dribble_input(d, bytes, length, 100);
}

/* The island at hand, resumed: with tasks from the archive where they are there, and else those given. */
static amlz_search *resume(amlz_tasks *tasks)
{
    amlz_archive_error error = {0, 0, ""};
    if (the_info()->has_data) {
        const size_t size = amlz_tasks_size(&the_info()->tasks, NULL),
                     scratch = amlz_archive_scratch_size(the_info());
        CHECK_EQ_INT(
            amlz_archive_read_tasks(the_reader(), block_new(size), size, block_new(scratch), scratch, &tasks, &error),
            AMLZ_OK);
    }
    amlz_search *search = search_new(&the_info()->search, tasks, the_info()->tasks.n_tasks, the_start());
    if (!CHECK(amlz_archive_read_search(the_reader(), search, NULL, &error) == AMLZ_OK)) {
        printf("%s\n", error.message);
    }
    return search;
}

static uint64_t sample_digest(sample which)
{
    amlz_search *search = sample_search(which, sample_tasks(which));
    CHECK_EQ_INT(amlz_search_run(search, sample_evaluations(which), 2.0, NULL), AMLZ_OK);
    return amlz_search_digest(search);
}

static void test_reading(void)
{
    for (int is_block = 0; is_block < 2; is_block++) {
        char text[100];
        amlz_archive_text session = {text, sizeof text, 0, 0}, source = {NULL, 0, 0, 1};
        amlz_archive_error error = {0, 0, ""};
        dribble d;
        size_t length;
        const unsigned char *bytes = sample_bytes(SAMPLE_ISLANDS, &length);
        CHECK_EQ_INT(amlz_archive_open(the_reader(), input_of(bytes, length, &d, is_block), NULL, &error), AMLZ_OK);
        CHECK_EQ_INT(the_info()->kind, AMLZ_ARCHIVE_ISLANDS);
        CHECK_EQ_INT(the_info()->n_islands, SAMPLE_ISLAND_COUNT);
        for (uint32_t i = 0; i < the_info()->n_islands; i++) {
            const sample which = sample_islands[i];
            CHECK_EQ_INT(amlz_archive_read_island(the_reader(), &source, &error), AMLZ_OK);
            CHECK_EQ_INT(the_info()->kind, AMLZ_ARCHIVE_CHECKPOINT);
            CHECK_EQ_INT(the_info()->has_data, 1);
            CHECK(!source.is_there);
            CHECK_EQ_U64(amlz_search_digest(resume(sample_tasks(which))), sample_digest(which));
            CHECK_EQ_U64(the_info()->evaluations, sample_evaluations(which));
        }
        CHECK_EQ_INT(amlz_archive_read_session(the_reader(), &session, &error), AMLZ_OK);
        CHECK(session.is_there && session.length == 16 && memcmp(text, "{\"name\":\"\303\244\342\202\254\"}", 16) == 0);
        CHECK_EQ_INT(the_info()->kind, AMLZ_ARCHIVE_ISLANDS);
        CHECK(strcmp(the_info()->writer, "libamlz 0.1.0") == 0);
        CHECK_EQ_INT(amlz_archive_read_session(the_reader(), NULL, &error), AMLZ_ERROR_ARGUMENT);
        blocks_free();
    }
}

/* What is not wanted is skipped, at any point. */
static void test_skipping(void)
{
    for (int is_block = 0; is_block < 2; is_block++) {
        for (int read = 0; read < 4; read++) { /* no island; one, of which tasks are read or not; the second, its tasks */
            amlz_archive_text session = {NULL, 0, 0, 0};
            amlz_archive_error error = {0, 0, ""};
            dribble d;
            size_t length;
            const unsigned char *bytes = sample_bytes(SAMPLE_ISLANDS, &length);
            CHECK_EQ_INT(amlz_archive_open(the_reader(), input_of(bytes, length, &d, is_block), NULL, &error), AMLZ_OK);
            for (int i = 0; i < (read < 3 ? read : 2); i++) {
                CHECK_EQ_INT(amlz_archive_read_island(the_reader(), NULL, &error), AMLZ_OK);
            }
            if (read == 3) {
                amlz_tasks *tasks;
                const size_t size = amlz_tasks_size(&the_info()->tasks, NULL),
                             scratch = amlz_archive_scratch_size(the_info());
                CHECK_EQ_INT(amlz_archive_read_tasks(the_reader(), block_new(size), size, block_new(scratch), scratch,
                                                     &tasks, &error),
                             AMLZ_OK);
            }
            if (!CHECK(amlz_archive_read_session(the_reader(), &session, &error) == AMLZ_OK)) {
                printf("%s\n", error.message);
            }
            CHECK(session.is_there && session.length == 16);
            blocks_free();
        }
    }
}

static void test_calls_out_of_turn(void)
{
    amlz_archive_error error = {0, 0, ""};
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_ISLANDS, &length);
    const amlz_archive_input input = amlz_archive_from_block(bytes, length);
    amlz_search *search = sample_search(SAMPLE_HURDLES, sample_tasks(SAMPLE_HURDLES));
    CHECK_EQ_INT(amlz_archive_read_island(NULL, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_read_session(NULL, NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, NULL, &error), AMLZ_ERROR_ARGUMENT); /* there is none yet */
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_island(the_reader(), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_search(the_reader(), search, NULL, &error), AMLZ_ERROR_ARGUMENT); /* it was read */
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_island(the_reader(), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_island(the_reader(), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_island(the_reader(), NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(contains(error.message, "there are no more islands"));
    CHECK_EQ_INT(amlz_archive_read_session(the_reader(), NULL, &error), AMLZ_ERROR_ARGUMENT); /* refused already */
    bytes = sample_bytes(SAMPLE_FLOAT64, &length);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_island(the_reader(), NULL, &error), AMLZ_ERROR_ARGUMENT); /* a checkpoint alone */
    CHECK(contains(error.message, "the archive has something else here"));
    blocks_free();
}

/* ---------------------------------------------------------------- writing */

/* Each island is the very archive that its search alone has, without a session. */
static void test_written_islands(void)
{
    static unsigned char alone[1 << 14];
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_ISLANDS, &length), *at = bytes;
    for (uint32_t i = 0; i < SAMPLE_ISLAND_COUNT; i++) {
        amlz_archive_block block = {alone, sizeof alone, 0};
        amlz_archive_content content = {.kind = AMLZ_ARCHIVE_CHECKPOINT, .writer = "libamlz 0.1.0"};
        fill_checkpoint(sample_islands[i], &content);
        CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), NULL), AMLZ_OK);
        while (at + block.length < bytes + length && memcmp(at, alone, block.length) != 0) {
            at++;
        }
        CHECK(at + block.length < bytes + length);
        CHECK(at[-3] == 0xc5 && (size_t)(at[-2] << 8 | at[-1]) == block.length);
    }
    blocks_free();
}

/* An island with one fault, which the context chooses. */
static amlz_status faulty_island(void *context, uint32_t index, amlz_archive_content *content)
{
    static char text[] = "{}";
    static const amlz_archive_text session = {text, 2, 2, 1};
    sample_island(NULL, 0, content);
    switch (index == 1 ? *(const int *)context : -1) {
    case 0: return AMLZ_ERROR_DATA;
    case 1: content->kind = AMLZ_ARCHIVE_POPULATION; break;
    case 2: content->search = NULL; break;
    case 3: content->session = &session; break;
    case 4: content->data = sample_tasks(SAMPLE_FLOAT64); break;
    case 5: content->writer = "\xff"; break;
    default: break;
    }
    return AMLZ_OK;
}

static void expect_unwritten(const amlz_archive_content *content, amlz_status status, const char *message)
{
    amlz_archive_block block = {copied, sizeof copied, 0};
    amlz_archive_error error = {0, 0, ""};
    CHECK_EQ_INT(amlz_archive_write(content, amlz_archive_to_block(&block), &error), status);
    if (!CHECK(strcmp(error.message, message) == 0)) {
        printf("%s\n%s\n", error.message, message);
    }
    blocks_free();
}

static void test_unwritten_islands(void)
{
    static const char *const messages[] = {"islands[1]: it cannot be had",
                                           "islands[1]: it must be a checkpoint of a search",
                                           "islands[1]: it must be a checkpoint of a search",
                                           "islands[1]: it must have no session of its own",
                                           "islands[1]: tasks.data: the tasks are not those of the search",
                                           "islands[1]: writer: expected up to 64 bytes of UTF-8"};
    int fault = 0;
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_ISLANDS, .n_islands = 3, .context = &fault};
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "1 to 1024 islands, and a callback for them, must be given");
    content.island = faulty_island;
    for (; fault < 6; fault++) {
        expect_unwritten(&content, fault == 0 ? AMLZ_ERROR_DATA : AMLZ_ERROR_ARGUMENT, messages[fault]);
    }
    content.n_islands = 0;
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "1 to 1024 islands, and a callback for them, must be given");
    content.n_islands = AMLZ_ARCHIVE_MAX_ISLANDS + 1;
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "1 to 1024 islands, and a callback for them, must be given");
}

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
    const amlz_archive_content content = {
        .kind = AMLZ_ARCHIVE_ISLANDS, .n_islands = SAMPLE_ISLAND_COUNT, .island = sample_island};
    amlz_archive_block block = {NULL, 0, 0};
    CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), NULL), AMLZ_ERROR_MEMORY);
    for (size_t size = 0; size <= block.length; size += size + 200 < block.length ? 97 : 1) {
        size_t room = size;
        const amlz_archive_output output = {take_some, &room};
        amlz_archive_error error = {0, 0, ""};
        const amlz_status status = amlz_archive_write(&content, output, &error);
        CHECK_EQ_INT(status, size < block.length ? AMLZ_ERROR_ARGUMENT : AMLZ_OK);
        CHECK(status == AMLZ_OK || contains(error.message, "the output took no more"));
        blocks_free();
    }
}

/* ---------------------------------------------------------------- what is refused */

/* Where an island begins in the sample, and how long it is. */
static size_t find_island(const unsigned char *bytes, uint32_t index, size_t *length)
{
    static const unsigned char first[] = {0x94, 0xa4, 'a', 'm', 'l', 'z'};
    size_t at = 1;
    for (uint32_t left = index + 1; left > 0; left--) {
        while (memcmp(bytes + at, first, sizeof first) != 0) {
            at++;
        }
        *length = (size_t)(bytes[at - 2] << 8 | bytes[at - 1]);
        at += left > 1 ? *length : 0;
    }
    return at;
}

typedef struct edit {
    const char *old, *fresh; /* of the second island, as long as one another */
    size_t length;
    const char *message;
} edit;

#define EDIT(old, fresh, message) {old, fresh, sizeof(fresh) - 1, message}

static void test_refusals(void)
{
    static const edit edits[] = {
        EDIT("\x94\xa4", "\x95\xa4", "islands[1]: this is not an archive of libamlz: it begins otherwise"),
        EDIT("amlz\x92\x01\x02", "amlz\x92\x01\x00",
             "islands[1]: version: expected minor version 2, that of the archive around it, got 0"),
        EDIT("amlz\x92\x01\x02", "amlz\x92\x01\x03",
             "islands[1]: version: expected minor version 2, that of the archive around it, got 3"),
        EDIT("amlz\x92\x01\x02", "amlz\x92\x02\x02",
             "islands[1]: version: archives of version 1 can be read, this one has version 2"),
        EDIT("\xaa" "checkpoint", "\xaa" "population", "islands[1]: kind: expected 'checkpoint', got 'population'"),
        EDIT("\xaa" "checkpoint", "\xaa" "checkpains", "islands[1]: kind: expected 'checkpoint', got 'checkpains'"),
        EDIT("seed\xcf", "seed\xcb", "islands[1]: config.seed: expected an integer from 0, got a number"),
        EDIT("session\xc0", "session\xa0", "islands[1]: session: expected nil: islands have one for all of them"),
        EDIT("session\xc0", "session\x91", "the archive ends too early"),
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        for (int is_block = 0; is_block < 2; is_block++) {
            size_t length, inner;
            amlz_archive_error error = {0, 0, ""};
            dribble d;
            unsigned char *bytes = sample_bytes(SAMPLE_ISLANDS, &length);
            const size_t start = find_island(bytes, 1, &inner);
            size_t at = start;
            while (memcmp(bytes + at, edits[i].old, edits[i].length) != 0) {
                at++;
            }
            CHECK(at < start + inner);
            memcpy(bytes + at, edits[i].fresh, edits[i].length);
            mend_checksum(bytes + start, inner);
            mend_checksum(bytes, length);
            CHECK_EQ_INT(amlz_archive_copy(the_reader(), input_of(bytes, length, &d, is_block), nowhere, &error),
                         strstr(edits[i].message, "this one has version 2") == NULL ? AMLZ_ERROR_DATA : AMLZ_ERROR_UNSUPPORTED);
            if (!CHECK(contains(error.message, edits[i].message) || (!is_block && i == 8))) {
                printf("%s\n%s\n", error.message, edits[i].message);
            }
            CHECK(error.offset >= start && error.offset <= start + inner);
            blocks_free();
        }
    }
}

/* Each island has a checksum of its own, and is as long as it says. */
static void test_damage(void)
{
    for (int is_block = 0; is_block < 2; is_block++) {
        size_t length, inner;
        amlz_archive_error error = {0, 0, ""};
        dribble d;
        unsigned char *bytes = sample_bytes(SAMPLE_ISLANDS, &length);
        const size_t start = find_island(bytes, 1, &inner);
        for (size_t bit = 0; bit < 8 * inner; bit += 5) {
            bytes[start + bit / 8] ^= (unsigned char)(1U << bit % 8);
            mend_checksum(bytes, length);
            CHECK(amlz_archive_copy(the_reader(), input_of(bytes, length, &d, is_block), nowhere, &error) != AMLZ_OK);
            bytes[start + bit / 8] ^= (unsigned char)(1U << bit % 8);
        }
        bytes[start + inner - 1] ^= 1;
        mend_checksum(bytes, length);
        CHECK_EQ_INT(amlz_archive_copy(the_reader(), input_of(bytes, length, &d, is_block), nowhere, &error),
                     AMLZ_ERROR_DATA);
        CHECK(contains(error.message, "islands[1]: checksum: it is not that of the bytes before it"));
        bytes[start + inner - 1] ^= 1;
        bytes[start - 1]++; /* the island is a byte longer: it has the key of the session in it */
        mend_checksum(bytes, length);
        CHECK_EQ_INT(amlz_archive_copy(the_reader(), input_of(bytes, length, &d, is_block), nowhere, &error),
                     AMLZ_ERROR_DATA);
        CHECK(contains(error.message, is_block ? "islands[1]: checksum: it is not that of the bytes before it"
                                               : "islands[1]: checksum: there are bytes after the end of the archive"));
        bytes[start - 1] -= 2;
        mend_checksum(bytes, length);
        CHECK_EQ_INT(amlz_archive_copy(the_reader(), input_of(bytes, length, &d, is_block), nowhere, &error),
                     AMLZ_ERROR_DATA);
        CHECK(contains(error.message, "islands[1]: checksum: "));
        blocks_free();
    }
}

/* Of none, of too many, of something else; and there were none in version 1.0. */
static void test_kind(void)
{
#define BEGINNING(minor, keys) "\x94\xa4" "amlz\x92\x01" minor keys "\xa4kind\xa7islands\xa6writer\xa1x"
#define ENDING "\xa7session\xc0" "12345" /* the checksum */
    static const struct {
        const char *bytes;
        size_t length;
        const char *message;
    } cases[] = {
#define CASE(bytes, message) {bytes, sizeof(bytes) - 1, message}
        CASE(BEGINNING("\1", "\x84") "\xa7islands\x90" ENDING, "islands: expected 1 to 1024 of them, got 0"),
        CASE(BEGINNING("\1", "\x84") "\xa7islands\xc0" ENDING, "islands: expected an array, got nil"),
        CASE(BEGINNING("\1", "\x84") "\xa7islands\x91\xc0" ENDING, "islands[0]: expected a binary, got nil"),
        CASE(BEGINNING("\1", "\x84") "\xa7islands\x91\xc4\x00" ENDING, "islands[0]: the archive ends too early"),
        CASE(BEGINNING("\1", "\x84") "\xa4" "dims\xc0" ENDING, "islands: expected this key, got 'dims'"),
        CASE(BEGINNING("\1", "\x83") "\xa7islands\x90" "12345", "kind: expected 4 elements, got 3"),
        CASE(BEGINNING("\0", "\x84") "\xa7islands\x90" ENDING,
             "kind: expected 'program', 'population' or 'checkpoint', got 'islands'"),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char bytes[200];
        amlz_archive_error error = {0, 0, ""};
        memcpy(bytes, cases[i].bytes, cases[i].length);
        mend_checksum(bytes, cases[i].length);
        CHECK_EQ_U64(copy(bytes, cases[i].length, &error), 0);
        if (!CHECK(strcmp(error.message, cases[i].message) == 0)) {
            printf("%s\n%s\n", error.message, cases[i].message);
        }
    }
}

/* ---------------------------------------------------------------- newer minor versions */

/* Makes all versions in the sample that of `minor`. */
static void set_minor(unsigned char *bytes, size_t length, unsigned char minor)
{
    bytes[8] = minor;
    for (uint32_t i = 0; i < SAMPLE_ISLAND_COUNT; i++) {
        size_t inner;
        const size_t start = find_island(bytes, i, &inner);
        bytes[start + 8] = minor;
        mend_checksum(bytes + start, inner);
    }
    mend_checksum(bytes, length);
}

/* With more keys in an island than are known: the copy is shorter, which needs a look ahead. */
static void test_newer(void)
{
    static const unsigned char more[] = {0xa1, 'z', 0x92, 0xc0, 0x07};
    static unsigned char longer[1 << 14];
    size_t length, inner;
    amlz_archive_error error = {0, 0, ""};
    dribble d;
    amlz_archive_block block = {copied, sizeof copied, 0};
    unsigned char *bytes = sample_bytes(SAMPLE_ISLANDS, &length);
    size_t start = find_island(bytes, 1, &inner), end = start + inner - 5;
    memcpy(longer, bytes, end);
    memcpy(longer + end, more, sizeof more);
    memcpy(longer + end + sizeof more, bytes + end, length - end);
    longer[start + 9]++; /* elements of the map */
    inner += sizeof more;
    longer[start - 2] = (unsigned char)(inner >> 8);
    longer[start - 1] = (unsigned char)inner;
    set_minor(longer, length + sizeof more, 2);
    CHECK_EQ_U64(copy(longer, length + sizeof more, &error), 0);
    CHECK(contains(error.message, "islands[1]: kind: expected 10 elements, got 11"));
    set_minor(longer, length + sizeof more, 3);
    CHECK_EQ_U64(copy(longer, length + sizeof more, &error), length);
    CHECK(memcmp(copied, bytes, length) == 0);
    const amlz_archive_input input = dribble_input(&d, longer, length + sizeof more, 100);
    CHECK_EQ_INT(amlz_archive_copy(the_reader(), input, amlz_archive_to_block(&block), &error), AMLZ_ERROR_UNSUPPORTED);
    CHECK(strcmp(error.message,
                 "islands[0]: islands of another version can only be copied from a block of memory") == 0);
    const amlz_archive_input again = dribble_input(&d, longer, length + sizeof more, 100);
    CHECK_EQ_INT(amlz_archive_copy(the_reader(), again, nowhere, &error), AMLZ_OK);
    blocks_free();
}

int main(void)
{
    test_reading();
    test_skipping();
    test_calls_out_of_turn();
    test_written_islands();
    test_unwritten_islands();
    test_failing_outputs();
    test_refusals();
    test_damage();
    test_kind();
    test_newer();
    return check_report("archive_islands");
}
