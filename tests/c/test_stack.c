/* How much stack calls take: what the headers promise. Measured on a stack that was painted before; where compilers do not
 * optimise, or put things of their own there, nothing is measured. */
#if defined(__unix__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#  define MEASURES 1
#  define _GNU_SOURCE
#else
#  define MEASURES 0
#endif

#include "archives.h"

#if MEASURES
#  include <pthread.h>

enum { STACK = 256 * 1024, PAINT = 0xc5 };

typedef void action(void);

static void *perform(void *a)
{
    (*(action **)a)();
    return NULL;
}

/* Bytes of a stack that are not painted any more after the action; what a thread itself takes is in it. */
static size_t touched(action *a)
{
    pthread_attr_t attributes;
    pthread_t thread;
    unsigned char *stack = NULL;
    size_t left = 0;
    if (posix_memalign((void **)&stack, 4096, STACK) != 0) {
        exit(2);
    }
    memset(stack, PAINT, STACK);
    pthread_attr_init(&attributes);
    if (!CHECK(pthread_attr_setstack(&attributes, stack, STACK) == 0) ||
        !CHECK(pthread_create(&thread, &attributes, perform, &a) == 0)) {
        exit(2);
    }
    pthread_join(thread, NULL);
    while (left < STACK && stack[left] == PAINT) {
        left++;
    }
    free(stack);
    return STACK - left;
}

static void check_stack(const char *name, action *a, action *nothing, size_t most)
{
    const size_t own = touched(nothing), used = touched(a) - own;
    if (!CHECK(used <= most)) {
        printf("  %s: %lu bytes\n", name, (unsigned long)used);
    } else if (getenv("SHOW") != NULL) {
        printf("%-28s %6lu bytes\n", name, (unsigned long)used);
    }
}

/* ---------------------------------------------------------------- what is measured; made before, so that only calls count */

static amlz_search_config config;
static amlz_tasks *tasks;
static amlz_search *search;
static void *memory;
static size_t memory_size;
static amlz_program program;
static amlz_error error;
static amlz_evaluator *evaluator;
static amlz_learner *learner;
static amlz_learner_config learner_config;
static unsigned char learner_memory[1 << 18], scratch[1 << 18], archive[1 << 16];
static size_t archive_length;
static char text[1 << 16];

static void do_nothing(void) {}
static void do_self_test(void) { amlz_self_test(NULL); }
static void do_parse(void) { amlz_program_parse(text, strlen(text), 4, &program, &error); }
static void do_print(void) { amlz_program_print(&program, text, sizeof text, NULL); }
static void do_pack(void) { amlz_program_pack(&program, scratch, sizeof scratch, NULL); }
static void do_key(void) { amlz_program_key(&program, &config.space.dims); }
static void do_simplify(void) { amlz_program_simplify(&program, &config.space.dims, &program); }
static void do_can_learn(void) { amlz_program_can_learn(&program, &config.space.dims); }
static void do_random(void) { amlz_program_random(&config.space, 3, &program); }
static void do_tasks_digest(void) { amlz_tasks_digest(tasks); }
static void do_search_size(void) { amlz_search_size(&config, 2, NULL); }
static void do_search_init(void) { search = amlz_search_init(memory, memory_size, &config, tasks, NULL, NULL); }
static void do_run(void) { amlz_search_run(search, 500, 2, NULL); }
static void do_take(void) { amlz_search_take(search, &program, 1, NULL); }
static void do_ask_and_tell(void)
{
    uint64_t ticket;
    amlz_search_ask(search, &program, &ticket, NULL);
    amlz_search_tell(search, ticket, 0.5, NULL);
}
static void do_search_digest(void) { amlz_search_digest(search); }
static void do_evaluate(void)
{
    amlz_evaluation result = {.struct_size = sizeof result};
    amlz_evaluate(evaluator, tasks, &program, 1, &result, NULL);
}
static void do_probe(void)
{
    double errors[2][16];
    amlz_probe(evaluator, tasks, &program, 1, 2, 2, errors[0], errors[1]);
}
static void do_learner_init(void)
{
    learner = amlz_learner_init(learner_memory, sizeof learner_memory, &learner_config, &program, NULL);
}
static void do_learn(void)
{
    const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    amlz_learner_learn_f32(learner, x, 1, NULL);
}
static void do_predict_many(void)
{
    const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    float out[2];
    amlz_learner_predict_many_f32(learner, AMLZ_ROWS_ALONE, x, 2, 2, out, scratch, sizeof scratch);
}
static void do_write(void)
{
    amlz_archive_content content;
    amlz_archive_block block = {archive, sizeof archive, 0};
    memset(&content, 0, sizeof content);
    content.kind = AMLZ_ARCHIVE_CHECKPOINT;
    content.search = search;
    content.data = tasks;
    amlz_archive_write(&content, amlz_archive_to_block(&block), NULL);
    archive_length = block.length;
}
static void do_save(void)
{
    amlz_archive_content content;
    memset(&content, 0, sizeof content);
    content.kind = AMLZ_ARCHIVE_CHECKPOINT;
    content.search = search;
    amlz_archive_save_file("/tmp/amlz_test_stack.amlz", &content, NULL);
    remove("/tmp/amlz_test_stack.amlz");
}
static void do_copy(void)
{
    static unsigned char copied[sizeof archive];
    amlz_archive_block block = {copied, sizeof copied, 0};
    amlz_archive_copy(the_reader(), amlz_archive_from_block(archive, archive_length), amlz_archive_to_block(&block), NULL);
}
static void do_read(void)
{
    amlz_archive_open(the_reader(), amlz_archive_from_block(archive, archive_length), NULL, NULL);
    amlz_archive_read_search(the_reader(), search, NULL, NULL);
}

static void prepare(void)
{
    config = sample_config(SAMPLE_FLOAT32);
    config.redraws = 1;
    config.space.function[AMLZ_LEARN].max_size = AMLZ_CAPACITY;
    tasks = sample_tasks(SAMPLE_FLOAT32);
    memory_size = amlz_search_size(&config, 2, NULL);
    memory = block_new(memory_size);
    program = random_program(&config.space, 3);
    evaluator = evaluator_new(&config.space.dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEDIAN, 2);
    memset(&learner_config, 0, sizeof learner_config);
    learner_config.struct_size = sizeof learner_config;
    learner_config.dims = config.space.dims;
    the_reader();
}

static void test_promises(void)
{
    const size_t most = 16 * 1024, most_archive = 24 * 1024;
    prepare();
#  define LIBRARY(name) check_stack(#name, do_##name, do_nothing, most)
#  define ARCHIVE(name) check_stack(#name, do_##name, do_nothing, most_archive)
    LIBRARY(self_test);
    LIBRARY(random);
    LIBRARY(print);
    LIBRARY(parse);
    LIBRARY(pack);
    LIBRARY(key);
    LIBRARY(can_learn);
    LIBRARY(evaluate);
    LIBRARY(probe);
    LIBRARY(learner_init);
    LIBRARY(learn);
    LIBRARY(predict_many);
    LIBRARY(simplify);
    LIBRARY(tasks_digest);
    LIBRARY(search_size);
    LIBRARY(search_init);
    LIBRARY(run);
    LIBRARY(take);
    LIBRARY(ask_and_tell);
    LIBRARY(search_digest);
    ARCHIVE(write);
    ARCHIVE(save);
    ARCHIVE(copy);
    do_search_init();
    ARCHIVE(read);
    blocks_free();
}

/* That the measure measures. */
static void do_much(void)
{
    volatile unsigned char much[50000];
    for (size_t i = 0; i < sizeof much; i++) {
        much[i] = 1;
    }
}

static void test_measure(void)
{
    const size_t used = touched(do_much) - touched(do_nothing);
    CHECK(used > 49000 && used < 52000); /* what a thread does at its end takes some of it again */
}
#endif

int main(void)
{
#if MEASURES
    test_measure();
    test_promises();
#else
    CHECK(1);
#endif
    CHECK_MAIN_END("stack")
