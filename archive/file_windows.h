/* The calls of Windows that saving a file needs, so that tests can let each of them fail. Include it after windows.h. */
#ifndef AMLZ_ARCHIVE_FILE_WINDOWS_H
#define AMLZ_ARCHIVE_FILE_WINDOWS_H

#include "amlz_archive.h"

typedef struct archive_windows {
    HANDLE(WINAPI *create)(LPCWSTR, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD, HANDLE);
    BOOL(WINAPI *write)(HANDLE, LPCVOID, DWORD, LPDWORD, LPOVERLAPPED);
    BOOL(WINAPI *flush)(HANDLE);
    BOOL(WINAPI *close)(HANDLE);
    BOOL(WINAPI *move)(LPCWSTR, LPCWSTR, DWORD);
} archive_windows;

extern const archive_windows amlz__archive_windows;

/* amlz_archive_save_file with these calls. */
amlz_status amlz__archive_save(const archive_windows *system, const char *path, const amlz_archive_content *content,
                               amlz_archive_error *error);

#endif
