/* Archives in files: whatever call of the system fails, the former file is still there, whole. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "archives.h"

#include "file_kind.h"

#if !ARCHIVE_FILES_POSIX && !ARCHIVE_FILES_WINDOWS

int main(void)
{
    amlz_archive_error error;
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_PROGRAM};
    CHECK_EQ_INT(amlz_archive_save_file("x.amlz", &content, &error), AMLZ_ERROR_UNSUPPORTED);
    CHECK(strcmp(error.message, "this library was made without files") == 0);
    return check_report("archive_file");
}

#elif ARCHIVE_FILES_POSIX

#  include <dirent.h>
#  include <errno.h>
#  include <fcntl.h>
#  include <unistd.h>

#  include "file_system.h"

static char folder[] = "/tmp/amlz_archive_XXXXXX";
static char path[sizeof folder + 20];

/* ---------------------------------------------------------------- a system that fails */

typedef enum call { OPEN, STAT, WRITE, FCHMOD, FSYNC, CLOSE, RENAME, UNLINK, CALL_COUNT } call;

static const char *const call_names[CALL_COUNT] = {"open",  "stat",  "write",  "fchmod",
                                                   "fsync", "close", "rename", "unlink"};

/* Call number `countdown` of all that are made fails, with this errno; -1: none. */
static int countdown, fault;
static call failed;         /* which one it was */
static int is_spent;        /* 1: it did fail */
static size_t most_written; /* at once */
static int interruptions;   /* calls that a signal interrupts before one goes on */

/* 1 if this call is to fail. */
static int fails(call which)
{
    if (countdown >= 0 && countdown-- == 0) {
        failed = which;
        is_spent = 1;
        errno = fault;
        return 1;
    }
    return 0;
}

static int is_interrupted(void)
{
    if (interruptions > 0 && interruptions-- % 3 > 0) {
        errno = EINTR;
        return 1;
    }
    return 0;
}

static int fail_open(const char *name, int flags, mode_t mode)
{
    return fails(OPEN) ? -1 : amlz__archive_posix.open(name, flags, mode);
}
static int fail_stat(const char *name, struct stat *status)
{
    return fails(STAT) ? -1 : amlz__archive_posix.stat(name, status);
}
static int fail_fchmod(int file, mode_t mode) { return fails(FCHMOD) ? -1 : amlz__archive_posix.fchmod(file, mode); }
static int fail_fsync(int file) { return is_interrupted() || fails(FSYNC) ? -1 : amlz__archive_posix.fsync(file); }
static int fail_rename(const char *from, const char *to) { return fails(RENAME) ? -1 : amlz__archive_posix.rename(from, to); }
static int fail_unlink(const char *name) { return fails(UNLINK) ? -1 : amlz__archive_posix.unlink(name); }

static ssize_t fail_write(int file, const void *bytes, size_t size)
{
    if (is_interrupted() || fails(WRITE)) {
        return -1;
    }
    return amlz__archive_posix.write(file, bytes, size < most_written ? size : most_written);
}

static int fail_close(int file)
{
    const int result = amlz__archive_posix.close(file); /* which it is, also where it fails */
    return fails(CLOSE) ? -1 : result;
}

static const archive_system failing = {fail_open,  fail_stat,  fail_write,  fail_fchmod,
                                       fail_fsync, fail_close, fail_rename, fail_unlink};

static void let_fail(int number, int system_error)
{
    countdown = number;
    fault = system_error;
    is_spent = 0;
    most_written = SIZE_MAX;
    interruptions = 0;
}

/* ---------------------------------------------------------------- files */

static unsigned count_files(void)
{
    unsigned count = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

static amlz_archive_content content_of(const amlz_program *program)
{
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_PROGRAM};
    content.program = program;
    return content;
}

/* The program in the file; a program that is none where it cannot be read. */
static amlz_program program_in_file(void)
{
    amlz_program program;
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error = {0, 0, ""};
    memset(&program, 0, sizeof program);
    program.size[0] = AMLZ_CAPACITY;
    if (CHECK(amlz_archive_open_file(path, &file, &input, &error) == AMLZ_OK)) {
        CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, &error), AMLZ_OK);
        CHECK_EQ_INT(amlz_archive_read_program(the_reader(), &program, &error), AMLZ_OK);
        CHECK_EQ_INT(amlz_archive_close_file(&file, &error), AMLZ_OK);
    }
    return program;
}

static int file_has(const amlz_program *program)
{
    const amlz_program found = program_in_file();
    return amlz_program_equal(&found, program);
}

static mode_t mode_of_file(void)
{
    struct stat status;
    CHECK_EQ_INT(stat(path, &status), 0);
    return status.st_mode & 07777;
}

/* ---------------------------------------------------------------- tests */

static void test_saving(const amlz_program *first, const amlz_program *second)
{
    const mode_t umask_before = umask(027);
    amlz_archive_content content = content_of(first);
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, NULL), AMLZ_OK);
    CHECK(file_has(first));
    CHECK_EQ_INT(mode_of_file(), 0640);
    CHECK_EQ_INT(chmod(path, 0604), 0);
    content = content_of(second);
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, NULL), AMLZ_OK);
    CHECK(file_has(second));
    CHECK_EQ_INT(mode_of_file(), 0604);
    CHECK_EQ_INT(count_files(), 1);
    umask(umask_before);
}

/* Each call in its turn. */
static void test_failures(const amlz_program *first, const amlz_program *second, int has_former)
{
    int number = 0, is_done = 0;
    unsigned seen = 0;
    for (; !is_done; number++) {
        amlz_archive_error error = {0, 0, ""};
        amlz_archive_content content = content_of(first);
        unlink(path);
        CHECK_EQ_INT(has_former ? amlz_archive_save_file(path, &content, &error) : AMLZ_OK, AMLZ_OK);
        content = content_of(second);
        let_fail(number, EDQUOT);
        const amlz_status status = amlz__archive_save(&failing, path, &content, &error);
        is_done = !is_spent;
        if (is_done) {
            CHECK_EQ_INT(status, AMLZ_OK);
            CHECK(file_has(second));
            break;
        }
        seen |= 1U << failed;
        if (status == AMLZ_OK) {
            CHECK(failed == CLOSE && file_has(second)); /* of the folder, of which nothing depends any more */
            continue;
        }
        CHECK_EQ_INT(status, AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(error.system_error, EDQUOT);
        if (!CHECK(strncmp(error.message, call_names[failed], strlen(call_names[failed])) == 0 &&
                   strstr(error.message, strerror(EDQUOT)) != NULL && strstr(error.message, folder) != NULL)) {
            printf("%s: %s\n", call_names[failed], error.message);
        }
        const int is_renamed = failed == FSYNC && access(path, F_OK) == 0 && file_has(second);
        CHECK(is_renamed || (has_former ? file_has(first) : access(path, F_OK) != 0));
        CHECK_EQ_INT(count_files(), has_former || is_renamed);
    }
    CHECK_EQ_INT(seen, (1U << OPEN | 1U << STAT | 1U << WRITE | 1U << FSYNC | 1U << CLOSE | 1U << RENAME) |
                           (has_former ? 1U << FCHMOD : 0));
    CHECK(number >= 8);
}

static void test_short_writes(const amlz_program *program)
{
    const amlz_archive_content content = content_of(program);
    let_fail(-1, 0);
    most_written = 3;
    interruptions = 60;
    CHECK_EQ_INT(amlz__archive_save(&failing, path, &content, NULL), AMLZ_OK);
    CHECK(file_has(program));
    amlz_archive_error error;
    most_written = 0; /* and no error: a disk that takes nothing must not be tried for ever */
    CHECK_EQ_INT(amlz__archive_save(&failing, path, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.system_error, EIO);
    CHECK(file_has(program));
}

/* What the content itself is refused for leaves the file too. */
static void test_bad_content(const amlz_program *program)
{
    amlz_program bad = *program;
    amlz_archive_content content = content_of(program);
    amlz_archive_error error;
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, &error), AMLZ_OK);
    bad.size[0] = AMLZ_CAPACITY + 1;
    content = content_of(&bad);
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, &error), AMLZ_ERROR_PROGRAM);
    CHECK(strstr(error.message, "program: ") != NULL && error.system_error == 0);
    CHECK(file_has(program));
    CHECK_EQ_INT(count_files(), 1);
}

static void test_paths(const amlz_program *program)
{
    static char long_path[5000];
    const amlz_archive_content content = content_of(program);
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error;
    char name[sizeof folder + 100], here[1000];
    CHECK_EQ_INT(amlz_archive_save_file(NULL, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_save_file(folder, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(strstr(error.message, "not a regular file") != NULL);
    memset(long_path, 'x', sizeof long_path - 1);
    CHECK_EQ_INT(amlz_archive_save_file(long_path, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.system_error, ENAMETOOLONG);
    snprintf(name, sizeof name, "%s/there/is/none", folder);
    CHECK_EQ_INT(amlz_archive_save_file(name, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.system_error, ENOENT);
    CHECK_EQ_INT(amlz_archive_open_file(name, &file, &input, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.system_error, ENOENT);
    CHECK(strncmp(error.message, "open: ", 6) == 0 && strstr(error.message, name) != NULL);

    /* left from a process of the same number */
    snprintf(name, sizeof name, "%s.%ld.tmp", path, (long)getpid());
    CHECK_EQ_INT(close(open(name, O_CREAT | O_WRONLY, 0600)), 0);
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, &error), AMLZ_OK);
    CHECK(file_has(program));
    CHECK_EQ_INT(count_files(), 1);

    /* a name without a folder */
    CHECK(getcwd(here, sizeof here) != NULL && chdir(folder) == 0);
    CHECK_EQ_INT(unlink(path), 0);
    CHECK_EQ_INT(amlz_archive_save_file(strrchr(path, '/') + 1, &content, &error), AMLZ_OK);
    CHECK(file_has(program));
    CHECK_EQ_INT(chdir(here), 0);
}

/* Reading what cannot be read, such as a folder, is told from an archive that is cut off. */
static void test_reading(void)
{
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error;
    CHECK_EQ_INT(amlz_archive_open_file(folder, &file, &input, &error), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, &error), AMLZ_ERROR_DATA);
    CHECK_EQ_INT(amlz_archive_close_file(&file, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.system_error, EISDIR);
    CHECK_EQ_INT(amlz_archive_close_file(&file, &error), AMLZ_ERROR_ARGUMENT); /* it is closed */
    CHECK_EQ_INT(amlz_archive_close_file(NULL, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_open_file(NULL, &file, &input, &error), AMLZ_ERROR_ARGUMENT);
}

int main(void)
{
    const amlz_program first = sample_program(SAMPLE_PROGRAM), second = sample_program(SAMPLE_LEARNER);
    if (!CHECK(mkdtemp(folder) != NULL)) {
        return check_report("archive_file");
    }
    snprintf(path, sizeof path, "%s/archive.amlz", folder);
    test_saving(&first, &second);
    test_failures(&first, &second, 1);
    test_failures(&first, &second, 0);
    test_short_writes(&first);
    test_bad_content(&second);
    test_paths(&first);
    test_reading();
    unlink(path);
    CHECK_EQ_INT(rmdir(folder), 0);
    return check_report("archive_file");
}

#else

int main(void) { return check_report("archive_file"); } /* test_archive_file_windows.c has them */

#endif
