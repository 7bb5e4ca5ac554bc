/* What would be no archive is not written, with a message that says why; nor is one where there is no room for it. */
#include "archive_copies.h"

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
    content.kind = (amlz_archive_kind)4;
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
        "population[2].action: expected an integer from 0 to 15, got 16",
        "population[2]: a function has more instructions than the capacity",
        "population[2]: it cannot be had"};
    const amlz_dims dims = sample_config(SAMPLE_POPULATION).space.dims;
    int fault = 0;
    amlz_archive_content content = {
        .kind = AMLZ_ARCHIVE_POPULATION, .n_members = 4, .member = faulty_member, .context = &fault};
    expect_unwritten(&content, AMLZ_ERROR_ARGUMENT, "a search, or dims and a callback for the members, must be given");
    content.dims = &dims;
    for (; fault < 6; fault++) {
        expect_unwritten(&content,
                         fault == 4   ? AMLZ_ERROR_PROGRAM
                         : fault == 5 ? AMLZ_ERROR_DATA
                                      : AMLZ_ERROR_ARGUMENT,
                         messages[fault]);
    }
}

static void test_unwritten_texts(void)
{
    static char bytes[AMLZ_ARCHIVE_MAX_SOURCE + 1];
    static const struct {
        const char *text;
        int is_utf8;
    } texts[] = {{"", 1},
                 {"\x7f", 1},
                 {"\xc2\x80", 1},
                 {"\xdf\xbf", 1},
                 {"\xe0\xa0\x80", 1},
                 {"\xed\x9f\xbf", 1},
                 {"\xee\x80\x80", 1},
                 {"\xf0\x90\x80\x80", 1},
                 {"\xf4\x8f\xbf\xbf", 1},
                 {"\x80", 0},
                 {"\xc0\x80", 0},
                 {"\xc1\xbf", 0},
                 {"\xc2", 0},
                 {"\xc2\x41", 0},
                 {"\xe0\x9f\xbf", 0},
                 {"\xed\xa0\x80", 0},
                 {"\xe2\x82", 0},
                 {"\xf0\x8f\xbf\xbf", 0},
                 {"\xf4\x90\x80\x80", 0},
                 {"\xf5\x80\x80\x80", 0},
                 {"\xff", 0}};
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

/* Of a start program only what the search uses is written: not a function that is drawn, whatever its size. */
static void test_unused_start(void)
{
    const amlz_search_config config = sample_config(SAMPLE_FLOAT64);
    const amlz_program start = program_of("def Learn():\n s2 = 1\n s2 = 1\n s2 = 1\n s2 = 1\n", 3);
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_CHECKPOINT};
    content.search = search_new(&config, sample_tasks(SAMPLE_FLOAT64), 2, &start);
    static unsigned char bytes[1 << 14];
    amlz_archive_block block = {bytes, sizeof bytes, 0};
    CHECK_EQ_INT(amlz_archive_write(&content, amlz_archive_to_block(&block), NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, block.length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(the_start()->size[AMLZ_LEARN], 0);
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
    const amlz_archive_content content = {
        .kind = AMLZ_ARCHIVE_CHECKPOINT, .search = sample_search(SAMPLE_FLOAT64, tasks), .data = tasks};
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

int main(void)
{
    test_unwritten_programs();
    test_unwritten_populations();
    test_unwritten_texts();
    test_unused_start();
    test_failing_outputs();
    return check_report("archive_write");
}
