/* The calls of the system that files need, so that tests can let each of them fail. They are those of POSIX. */
#ifndef AMLZ_ARCHIVE_SYSTEM_H
#define AMLZ_ARCHIVE_SYSTEM_H

#include <sys/stat.h>
#include <sys/types.h>

#include "amlz_archive.h"

typedef struct archive_system {
    int (*open)(const char *path, int flags, mode_t mode);
    int (*stat)(const char *path, struct stat *status);
    ssize_t (*write)(int descriptor, const void *bytes, size_t size);
    int (*fchmod)(int descriptor, mode_t mode);
    int (*fsync)(int descriptor);
    int (*close)(int descriptor);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
} archive_system;

extern const archive_system amlz__archive_posix;

/* amlz_archive_save_file with these calls. */
amlz_status amlz__archive_save(const archive_system *system, const char *path, const amlz_archive_content *content,
                               amlz_archive_error *error);

#endif
