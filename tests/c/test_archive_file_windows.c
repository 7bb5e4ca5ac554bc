/* Archives in files of Windows: whatever call of the system fails, the former file is still there, whole. */
#include "archives.h"
#include "file_kind.h"

#if ARCHIVE_FILES_WINDOWS

#  define WIN32_LEAN_AND_MEAN
#  include <windows.h>

#  include "file_windows.h"

/* UTF-8, and the same for Windows; in the folder that the test runs in */
#  define FOLDER "amlz_archive_\xc3\xa4\xe2\x82\xac"
#  define WIDE_FOLDER L"amlz_archive_\u00e4\u20ac"
#  define WIDE_PATH WIDE_FOLDER L"\\archive.amlz"
static const char path[] = FOLDER "\\archive.amlz";

/* ---------------------------------------------------------------- a system that fails */

typedef enum call { CREATE, WRITE, FLUSH, CLOSE, MOVE, CALL_COUNT } call;

static const char *const call_names[CALL_COUNT] = {"CreateFile", "WriteFile", "FlushFileBuffers", "CloseHandle", "MoveFileEx"};

static int countdown;       /* this call of all that are made fails; -1: none */
static call failed;         /* which one it was */
static DWORD most_written = MAXDWORD; /* at once */

static int fails(call which)
{
    if (countdown >= 0 && countdown-- == 0) {
        failed = which;
        SetLastError(ERROR_DISK_FULL);
        return 1;
    }
    return 0;
}

static HANDLE WINAPI fail_create(LPCWSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security, DWORD how,
                                 DWORD attributes, HANDLE template)
{
    return fails(CREATE) ? INVALID_HANDLE_VALUE : CreateFileW(name, access, share, security, how, attributes, template);
}
static BOOL WINAPI fail_write(HANDLE file, LPCVOID bytes, DWORD size, LPDWORD written, LPOVERLAPPED overlapped)
{
    return !fails(WRITE) && WriteFile(file, bytes, size < most_written ? size : most_written, written, overlapped);
}
static BOOL WINAPI fail_flush(HANDLE file) { return !fails(FLUSH) && FlushFileBuffers(file); }
static BOOL WINAPI fail_close(HANDLE file) { return CloseHandle(file) && !fails(CLOSE); }
static BOOL WINAPI fail_move(LPCWSTR from, LPCWSTR to, DWORD flags) { return !fails(MOVE) && MoveFileExW(from, to, flags); }

static const archive_windows failing = {fail_create, fail_write, fail_flush, fail_close, fail_move};

/* ---------------------------------------------------------------- files */

static unsigned count_files(void)
{
    WIN32_FIND_DATAW entry;
    unsigned count = 0;
    const HANDLE search = FindFirstFileW(WIDE_FOLDER L"\\*", &entry);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            count += entry.cFileName[0] != L'.';
        } while (FindNextFileW(search, &entry));
        FindClose(search);
    }
    return count;
}

static amlz_archive_content content_of(const amlz_program *program)
{
    amlz_archive_content content = {.kind = AMLZ_ARCHIVE_PROGRAM};
    content.program = program;
    return content;
}

static int file_has(const amlz_program *program)
{
    static amlz_program found;
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error = {0, 0, ""};
    if (amlz_archive_open_file(path, &file, &input, &error) != AMLZ_OK) {
        return 0;
    }
    const int is_read = amlz_archive_open(the_reader(), input, NULL, &error) == AMLZ_OK &&
                        amlz_archive_read_program(the_reader(), &found, &error) == AMLZ_OK;
    CHECK_EQ_INT(amlz_archive_close_file(&file, &error), AMLZ_OK);
    return is_read && amlz_program_equal(&found, program);
}

/* ---------------------------------------------------------------- tests */

static void test_failures(const amlz_program *first, const amlz_program *second, int has_former)
{
    unsigned seen = 0;
    for (int number = 0;; number++) {
        amlz_archive_error error = {0, 0, ""};
        amlz_archive_content content = content_of(first);
        DeleteFileW(WIDE_PATH);
        CHECK_EQ_INT(has_former ? amlz_archive_save_file(path, &content, &error) : AMLZ_OK, AMLZ_OK);
        content = content_of(second);
        countdown = number;
        const amlz_status status = amlz__archive_save(&failing, path, &content, &error);
        if (countdown >= 0) {
            CHECK_EQ_INT(status, AMLZ_OK);
            CHECK(file_has(second));
            break;
        }
        seen |= 1U << failed;
        CHECK_EQ_INT(status, AMLZ_ERROR_ARGUMENT);
        CHECK_EQ_INT(error.system_error, ERROR_DISK_FULL);
        CHECK(strncmp(error.message, call_names[failed], strlen(call_names[failed])) == 0 && strstr(error.message, FOLDER) != NULL);
        CHECK(has_former ? file_has(first) : GetFileAttributesW(WIDE_PATH) == INVALID_FILE_ATTRIBUTES);
        CHECK_EQ_INT(count_files(), has_former);
    }
    CHECK_EQ_INT(seen, (1U << CALL_COUNT) - 1);
}

static void test_paths(const amlz_program *first, const amlz_program *second)
{
    static char long_path[5000];
    wchar_t left_over[100];
    amlz_archive_content content = content_of(first);
    amlz_archive_file file;
    amlz_archive_input input;
    amlz_archive_error error;
    CHECK_EQ_INT(amlz_archive_save_file(NULL, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_save_file(FOLDER, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(strstr(error.message, "not a regular file") != NULL);
    CHECK_EQ_INT(amlz_archive_save_file(FOLDER "\\there\\is\\none", &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.system_error, ERROR_PATH_NOT_FOUND);
    CHECK_EQ_INT(amlz_archive_open_file(FOLDER "\\none", &file, &input, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(error.system_error, ERROR_FILE_NOT_FOUND);
    CHECK_EQ_INT(amlz_archive_close_file(&file, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_open_file(NULL, &file, &input, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_save_file("\xff\xfe", &content, &error), AMLZ_ERROR_ARGUMENT); /* not UTF-8 */
    CHECK_EQ_INT(error.system_error, ERROR_INVALID_NAME);
    memset(long_path, 'x', sizeof long_path - 1);
    CHECK_EQ_INT(amlz_archive_save_file(long_path, &content, &error), AMLZ_ERROR_ARGUMENT);

    /* left from a process of the same number */
    swprintf(left_over, 100, L"%ls.%lu.tmp", WIDE_PATH, (unsigned long)GetCurrentProcessId());
    CHECK(CloseHandle(CreateFileW(left_over, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL)));
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, &error), AMLZ_OK);
    CHECK(file_has(first));
    CHECK_EQ_INT(count_files(), 1);

    /* another program has it open, and does not let it go */
    content = content_of(second);
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, &error), AMLZ_OK);
    CHECK(file_has(second));
    const HANDLE owner = CreateFileW(WIDE_PATH, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    content = content_of(first);
    CHECK_EQ_INT(amlz_archive_save_file(path, &content, &error), AMLZ_ERROR_ARGUMENT);
    CHECK(strncmp(error.message, "MoveFileEx: ", 12) == 0);
    CHECK(CloseHandle(owner));
    CHECK(file_has(second));
    CHECK_EQ_INT(count_files(), 1);
}

int main(void)
{
    const amlz_program first = sample_program(SAMPLE_PROGRAM), second = sample_program(SAMPLE_LEARNER);
    CHECK(CreateDirectoryW(WIDE_FOLDER, NULL));
    test_failures(&first, &second, 1);
    test_failures(&first, &second, 0);
    most_written = 3;
    countdown = -1;
    const amlz_archive_content content = content_of(&first);
    CHECK_EQ_INT(amlz__archive_save(&failing, path, &content, NULL), AMLZ_OK);
    CHECK(file_has(&first));
    test_paths(&first, &second);
    DeleteFileW(WIDE_PATH);
    CHECK(RemoveDirectoryW(WIDE_FOLDER));
    return check_report("archive_file_windows");
}

#else

int main(void) { return check_report("archive_file_windows"); }

#endif
