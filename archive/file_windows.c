/* Archives in files, by the means of Windows. Paths are UTF-8. */
#include "file_kind.h"

#if ARCHIVE_FILES_WINDOWS

#  define WIN32_LEAN_AND_MEAN
#  include <windows.h>

#  include <string.h>

#  include "file_windows.h"
#  include "place.h"

#  define LONGEST_PATH 1024

const archive_windows amlz__archive_windows = {CreateFileW, WriteFile, FlushFileBuffers, CloseHandle, MoveFileExW};

/* What Windows says of an error, in UTF-8 and without the end of its line. */
static void say_reason(archive_place *place, DWORD system_error)
{
    const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    wchar_t wide[100];
    char reason[300];
    DWORD length = FormatMessageW(flags, NULL, system_error, 0, wide, sizeof wide / sizeof *wide, NULL);
    while (length > 0 && (wide[length - 1] <= L' ' || wide[length - 1] == L'.')) {
        length--;
    }
    const int size = length == 0 ? 0 : WideCharToMultiByte(CP_UTF8, 0, wide, (int)length, reason, sizeof reason - 1, NULL, NULL);
    reason[size] = '\0';
    amlz__archive_say(place, size > 0 ? reason : "unknown error ");
    if (size == 0) {
        amlz__archive_say_integer(place, system_error);
    }
}

/* "CreateFile: Access is denied: results\run.amlz.4711.tmp" */
static amlz_status refused(amlz_archive_error *error, const char *call, const char *path, DWORD system_error)
{
    archive_place place = amlz__archive_place_at_start(error);
    amlz__archive_fail(&place, AMLZ_ERROR_ARGUMENT, call);
    amlz__archive_say(&place, ": ");
    say_reason(&place, system_error);
    if (path != NULL) {
        amlz__archive_say(&place, ": ");
        amlz__archive_say(&place, path);
    }
    if (error != NULL) {
        error->system_error = (int)system_error;
    }
    return AMLZ_ERROR_ARGUMENT;
}

static amlz_status without_path(amlz_archive_error *error, const char *message)
{
    archive_place place = amlz__archive_place_at_start(error);
    amlz__archive_fail(&place, AMLZ_ERROR_ARGUMENT, message);
    return AMLZ_ERROR_ARGUMENT;
}

/* The path as Windows wants it, with room after it; its length, or 0 where it is too long or not UTF-8. */
static size_t widen(const char *path, wchar_t wide[LONGEST_PATH])
{
    const int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, LONGEST_PATH - 32);
    return size > 0 ? (size_t)size - 1 : 0;
}

/* ---------------------------------------------------------------- saving */

/* A file that is being saved. */
typedef struct saving {
    const archive_windows *system;
    const char *path;
    amlz_archive_error *error;
    HANDLE file; /* INVALID_HANDLE_VALUE: not open */
    DWORD write_error;
    wchar_t wide[LONGEST_PATH], temporary[LONGEST_PATH];
} saving;

static amlz_status fail_call(saving *s, const char *call) { return refused(s->error, call, s->path, GetLastError()); }

/* path.PID.tmp */
static void name_temporary(saving *s, size_t length)
{
    static const wchar_t end[] = L".tmp";
    wchar_t digits[20], *digit = digits + 20;
    DWORD number = GetCurrentProcessId();
    do {
        *--digit = (wchar_t)(L'0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(s->temporary, s->wide, length * sizeof *s->wide);
    s->temporary[length++] = L'.';
    memcpy(s->temporary + length, digit, (size_t)(digits + 20 - digit) * sizeof *digit);
    length += (size_t)(digits + 20 - digit);
    memcpy(s->temporary + length, end, sizeof end);
}

/* A file of this name is left from a process that had the same number and was killed. */
static amlz_status open_temporary(saving *s)
{
    for (int tries = 0; tries < 2; tries++) {
        s->file = s->system->create(s->temporary, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (s->file != INVALID_HANDLE_VALUE) {
            return AMLZ_OK;
        }
        if (GetLastError() != ERROR_FILE_EXISTS || !DeleteFileW(s->temporary)) {
            break;
        }
    }
    return fail_call(s, "CreateFile");
}

static int write_all(void *context, const void *bytes, size_t size)
{
    saving *s = context;
    const unsigned char *at = bytes;
    while (size > 0) {
        DWORD written = 0;
        if (!s->system->write(s->file, at, size < 1U << 30 ? (DWORD)size : 1U << 30, &written, NULL) || written == 0) {
            s->write_error = GetLastError() != ERROR_SUCCESS ? GetLastError() : ERROR_WRITE_FAULT;
            return 1;
        }
        at += written;
        size -= written;
    }
    return 0;
}

static amlz_status write_content(saving *s, const amlz_archive_content *content)
{
    const amlz_archive_output output = {write_all, s};
    const amlz_status status = amlz_archive_write(content, output, s->error);
    return s->write_error == ERROR_SUCCESS ? status : refused(s->error, "WriteFile", s->path, s->write_error);
}

static amlz_status replace_former(saving *s, const amlz_archive_content *content)
{
    amlz_status status = write_content(s, content);
    if (status == AMLZ_OK && !s->system->flush(s->file)) {
        status = fail_call(s, "FlushFileBuffers");
    }
    if (!s->system->close(s->file) && status == AMLZ_OK) {
        status = fail_call(s, "CloseHandle");
    }
    if (status == AMLZ_OK && !s->system->move(s->temporary, s->wide, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        status = fail_call(s, "MoveFileEx");
    }
    if (status != AMLZ_OK) {
        DeleteFileW(s->temporary);
    }
    return status;
}

amlz_status amlz__archive_save(const archive_windows *system, const char *path, const amlz_archive_content *content,
                               amlz_archive_error *error)
{
    saving s;
    s.system = system;
    s.path = path;
    s.error = error;
    s.write_error = ERROR_SUCCESS;
    const size_t length = widen(path, s.wide);
    if (length == 0) {
        return refused(error, "CreateFile", path, ERROR_INVALID_NAME);
    }
    const DWORD former = GetFileAttributesW(s.wide);
    if (former != INVALID_FILE_ATTRIBUTES && (former & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE)) != 0) {
        return without_path(error, "the path is taken by something that is not a regular file");
    }
    name_temporary(&s, length);
    const amlz_status status = open_temporary(&s);
    return status == AMLZ_OK ? replace_former(&s, content) : status;
}

amlz_status amlz_archive_save_file(const char *path, const amlz_archive_content *content, amlz_archive_error *error)
{
    if (path == NULL) {
        return without_path(error, "a path must be given");
    }
    return amlz__archive_save(&amlz__archive_windows, path, content, error);
}

/* ---------------------------------------------------------------- reading */

static size_t read_some(void *context, void *bytes, size_t size)
{
    amlz_archive_file *file = context;
    DWORD count = 0;
    if (!ReadFile((HANDLE)file->handle, bytes, size < 1U << 30 ? (DWORD)size : 1U << 30, &count, NULL)) {
        file->system_error = (int)GetLastError();
        return 0;
    }
    return count;
}

amlz_status amlz_archive_open_file(const char *path, amlz_archive_file *file, amlz_archive_input *input,
                                   amlz_archive_error *error)
{
    wchar_t wide[LONGEST_PATH];
    if (path == NULL || file == NULL || input == NULL) {
        return without_path(error, "a path, a file and an input must be given");
    }
    file->system_error = 0;
    file->handle = -1;
    if (widen(path, wide) == 0) {
        return refused(error, "CreateFile", path, ERROR_INVALID_NAME);
    }
    const DWORD others = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE; /* may replace it in the meantime */
    const HANDLE handle = CreateFileW(wide, GENERIC_READ, others, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        return refused(error, "CreateFile", path, GetLastError());
    }
    file->handle = (intptr_t)handle;
    memset(input, 0, sizeof *input);
    input->read = read_some;
    input->context = file;
    return AMLZ_OK;
}

amlz_status amlz_archive_close_file(amlz_archive_file *file, amlz_archive_error *error)
{
    if (file == NULL || file->handle == -1) {
        return without_path(error, "a file must be open");
    }
    CloseHandle((HANDLE)file->handle); /* nothing was written that could get lost */
    file->handle = -1;
    return file->system_error == 0 ? AMLZ_OK : refused(error, "ReadFile", NULL, (DWORD)file->system_error);
}

#else

typedef int amlz_archive_has_no_windows_files;

#endif
