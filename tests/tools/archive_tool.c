/* Archives on the command line, by the C library alone.
 *
 *     archive_tool check FILE      reads it, and says what it is; a checkpoint with data is resumed too
 *     archive_tool copy IN OUT     reads it and writes it again
 *     archive_tool run IN OUT N    resumes a checkpoint with data, evaluates N programs more, and saves it
 *     archive_tool golden FOLDER   writes the archives that the tests know, as FOLDER/1.MINOR-NAME.amlz
 *
 * The exit status is 0, 3 for a file that is not a good archive, 1 for anything else that fails. */
#include "archives.h"

typedef struct bytes {
    unsigned char *bytes;
    size_t length;
} bytes;

static void fail(const char *what, const char *why, int status)
{
    fprintf(stderr, "archive_tool: %s: %s\n", what, why);
    exit(status);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL) {
        fail("memory", "there is not enough", 1);
    }
    return memory;
}

static bytes read_file(const char *path)
{
    bytes all = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fail(path, "it cannot be opened", 1);
    }
    all.length = (size_t)ftell(file);
    all.bytes = allocate(all.length);
    rewind(file);
    if (fread(all.bytes, 1, all.length, file) != all.length) {
        fail(path, "it cannot be read", 1);
    }
    fclose(file);
    return all;
}

static void write_file(const char *path, const void *from, size_t length)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(from, 1, length, file) != length || fclose(file) != 0) {
        fail(path, "it cannot be written", 1);
    }
}

static void expect(amlz_status status, const char *path, const amlz_archive_error *error)
{
    if (status != AMLZ_OK) {
        fail(path, error->message, 3);
    }
}

/* Tasks from the archive, a search of its settings, and the rest of the archive into that. Then, where there is a file to
 * write, goes on and saves what came of it, with what the archive carried along. */
static void resume(const char *path, bytes all, uint64_t evaluations, const char *out)
{
    static char source_bytes[1 << 16], session_bytes[1 << 16];
    amlz_archive_text source = {source_bytes, sizeof source_bytes, 0, 0};
    amlz_archive_text session = {session_bytes, sizeof session_bytes, 0, 0};
    amlz_archive_error error;
    amlz_tasks *tasks;
    const char *reason = NULL;
    expect(amlz_archive_open(the_reader(), amlz_archive_from_block(all.bytes, all.length), &source, &error), path, &error);
    const amlz_archive_info *info = the_info();
    const size_t tasks_size = amlz_tasks_size(&info->tasks, NULL), scratch_size = amlz_archive_scratch_size(info);
    const size_t search_size = amlz_search_size(&info->search, info->tasks.n_tasks, NULL);
    void *memory = allocate(tasks_size), *scratch = allocate(scratch_size), *search_memory = allocate(search_size);
    expect(amlz_archive_read_tasks(the_reader(), memory, tasks_size, scratch, scratch_size, &tasks, &error), path, &error);
    amlz_search *search = amlz_search_init(search_memory, search_size, &info->search, tasks, the_start(), &reason);
    if (search == NULL) {
        fail(path, reason, 3);
    }
    expect(amlz_archive_read_search(the_reader(), search, &session, &error), path, &error);
    printf("resumed: digest %016" PRIx64 "\n", amlz_search_digest(search));
    if (out != NULL) {
        amlz_archive_content content = {.kind = AMLZ_ARCHIVE_CHECKPOINT};
        content.search = search;
        content.data = tasks;
        content.source = &source;
        content.session = &session;
        amlz_search_run(search, evaluations, 2, NULL);
        expect(amlz_archive_save_file(out, &content, &error), out, &error);
    }
    free(search_memory);
    free(scratch);
    free(memory);
}

static void check_file(const char *path)
{
    const amlz_archive_output none = {NULL, NULL};
    const bytes all = read_file(path);
    amlz_archive_error error;
    expect(amlz_archive_copy(the_reader(), amlz_archive_from_block(all.bytes, all.length), none, &error), path, &error);
    printf("%s of format 1.%" PRIu64 ", written by %s\n", amlz_archive_kind_name((int)the_info()->kind),
           the_info()->minor, the_info()->writer);
    if (the_info()->has_data) {
        resume(path, all, 0, NULL);
    }
    free(all.bytes);
}

static void copy_file(const char *from, const char *to)
{
    const bytes all = read_file(from);
    const amlz_archive_input input = amlz_archive_from_block(all.bytes, all.length);
    amlz_archive_block block = {NULL, 0, 0}; /* for its length */
    amlz_archive_error error;
    (void)amlz_archive_copy(the_reader(), input, amlz_archive_to_block(&block), NULL);
    block.bytes = allocate(block.length);
    block.size = block.length;
    expect(amlz_archive_copy(the_reader(), input, amlz_archive_to_block(&block), &error), from, &error);
    write_file(to, block.bytes, block.length);
    free(block.bytes);
    free(all.bytes);
}

static void run_file(const char *from, const char *to, uint64_t evaluations)
{
    const bytes all = read_file(from);
    resume(from, all, evaluations, to);
    free(all.bytes);
}

static void write_golden(const char *folder)
{
    for (sample which = SAMPLE_PROGRAM; which < SAMPLE_MODEL; which++) {
        char path[4096];
        size_t length;
        const unsigned char *from = sample_bytes(which, &length);
        snprintf(path, sizeof path, "%s/1.%d-%s.amlz", folder, sample_minor(which), sample_name(which));
        write_file(path, from, length);
    }
    blocks_free();
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "check") == 0) {
        check_file(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "copy") == 0) {
        copy_file(argv[2], argv[3]);
    } else if (argc == 5 && strcmp(argv[1], "run") == 0) {
        run_file(argv[2], argv[3], strtoull(argv[4], NULL, 10));
    } else if (argc == 3 && strcmp(argv[1], "golden") == 0) {
        write_golden(argv[2]);
    } else {
        fail("arguments", "check FILE, copy IN OUT, run IN OUT N or golden FOLDER", 1);
    }
    return 0;
}
