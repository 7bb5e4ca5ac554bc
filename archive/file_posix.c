/* Archives in files, by the means of POSIX. */
#include "file_kind.h"

#if ARCHIVE_FILES_POSIX

#  define _POSIX_C_SOURCE 200809L

#  include <errno.h>
#  include <fcntl.h>
#  include <stdio.h>
#  include <string.h>
#  include <unistd.h>

#  include "file_system.h"
#  include "place.h"

static int open_file(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

const archive_system amlz__archive_posix = {open_file, stat, write, fchmod, fsync, close, rename, unlink};

/* "fsync: Input/output error: results/run.amlz.4711.tmp" */
static amlz_status refused(amlz_archive_error *error, const char *call, const char *path, int system_error)
{
    archive_place place = amlz__archive_place_at_start(error);
    char reason[100] = "unknown error";
    (void)strerror_r(system_error, reason, sizeof reason);
    amlz__archive_fail(&place, AMLZ_ERROR_ARGUMENT, call);
    amlz__archive_say(&place, ": ");
    amlz__archive_say(&place, reason);
    if (path != NULL) {
        amlz__archive_say(&place, ": ");
        amlz__archive_say(&place, path);
    }
    if (error != NULL) {
        error->system_error = system_error;
    }
    return AMLZ_ERROR_ARGUMENT;
}

static amlz_status without_path(amlz_archive_error *error, const char *message)
{
    archive_place place = amlz__archive_place_at_start(error);
    amlz__archive_fail(&place, AMLZ_ERROR_ARGUMENT, message);
    return AMLZ_ERROR_ARGUMENT;
}

/* ---------------------------------------------------------------- saving */

#  define LONGEST_PATH 4096

/* A file that is being saved. */
typedef struct saving {
    const archive_system *system;
    const char *path;
    amlz_archive_error *error;
    int file, folder; /* descriptors; -1: not open */
    int has_mode;     /* there is a former file */
    mode_t mode;      /* of it */
    int write_error;  /* errno of a write that failed */
    char temporary[LONGEST_PATH];
} saving;

static amlz_status fail_call(saving *s, const char *call, const char *path) { return refused(s->error, call, path, errno); }

/* The folder of the path, which is to be forced to the disk after the renaming. */
static amlz_status open_folder(saving *s)
{
    const char *slash = strrchr(s->path, '/');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - s->path);
    char *folder = s->temporary; /* whose place is free until then */
    memcpy(folder, s->path, length);
    folder[length] = '\0';
    if (length == 0) {
        memcpy(folder, slash == NULL ? "." : "/", 2);
    }
    s->folder = s->system->open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    return s->folder >= 0 ? AMLZ_OK : fail_call(s, "open", folder);
}

static amlz_status look_at_former(saving *s)
{
    struct stat status;
    if (s->system->stat(s->path, &status) != 0) {
        return errno == ENOENT ? AMLZ_OK : fail_call(s, "stat", s->path);
    }
    if (!S_ISREG(status.st_mode)) {
        return without_path(s->error, "the path is taken by something that is not a regular file");
    }
    s->has_mode = 1;
    s->mode = status.st_mode & 07777;
    return AMLZ_OK;
}

/* A file of this name is left from a process that had the same number and was killed. */
static amlz_status open_temporary(saving *s)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    const mode_t mode = 0666; /* and not what the umask forbids */
    (void)snprintf(s->temporary, sizeof s->temporary, "%s.%ld.tmp", s->path, (long)getpid());
    s->file = s->system->open(s->temporary, flags, mode);
    if (s->file < 0 && errno == EEXIST && s->system->unlink(s->temporary) == 0) {
        s->file = s->system->open(s->temporary, flags, mode);
    }
    return s->file >= 0 ? AMLZ_OK : fail_call(s, "open", s->temporary);
}

static int write_all(void *context, const void *bytes, size_t size)
{
    saving *s = context;
    const unsigned char *at = bytes;
    while (size > 0) {
        const ssize_t written = s->system->write(s->file, at, size);
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            s->write_error = written == 0 ? EIO : errno;
            return 1;
        }
    }
    return 0;
}

static amlz_status write_content(saving *s, const amlz_archive_content *content)
{
    const amlz_archive_output output = {write_all, s};
    const amlz_status status = amlz_archive_write(content, output, s->error);
    return s->write_error == 0 ? status : refused(s->error, "write", s->temporary, s->write_error);
}

/* Some file systems cannot force a folder to the disk, and say so by EINVAL. */
static amlz_status force(saving *s, int descriptor, const char *path)
{
    int result;
    do {
        result = s->system->fsync(descriptor);
    } while (result != 0 && errno == EINTR);
    return result == 0 || (errno == EINVAL && descriptor == s->folder) ? AMLZ_OK : fail_call(s, "fsync", path);
}

static amlz_status finish_temporary(saving *s)
{
    if (s->has_mode && s->system->fchmod(s->file, s->mode) != 0) {
        return fail_call(s, "fchmod", s->temporary);
    }
    const amlz_status status = force(s, s->file, s->temporary);
    if (status != AMLZ_OK) {
        return status;
    }
    const int file = s->file;
    s->file = -1; /* close gives a descriptor up even where it fails */
    return s->system->close(file) == 0 || errno == EINTR ? AMLZ_OK : fail_call(s, "close", s->temporary);
}

static amlz_status replace_former(saving *s, const amlz_archive_content *content)
{
    amlz_status status = write_content(s, content);
    if (status == AMLZ_OK) {
        status = finish_temporary(s);
    }
    if (status == AMLZ_OK && s->system->rename(s->temporary, s->path) != 0) {
        status = fail_call(s, "rename", s->temporary);
    }
    if (status == AMLZ_OK) {
        return force(s, s->folder, s->path);
    }
    if (s->file >= 0) {
        s->system->close(s->file);
    }
    s->system->unlink(s->temporary);
    return status;
}

amlz_status amlz__archive_save(const archive_system *system, const char *path, const amlz_archive_content *content,
                               amlz_archive_error *error)
{
    saving s;
    amlz_status status;
    s.system = system;
    s.path = path;
    s.error = error;
    s.has_mode = 0;
    s.write_error = 0;
    if (strlen(path) + sizeof ".-9223372036854775808.tmp" > sizeof s.temporary) {
        return refused(error, "open", path, ENAMETOOLONG);
    }
    status = open_folder(&s);
    if (status != AMLZ_OK) {
        return status;
    }
    status = look_at_former(&s);
    if (status == AMLZ_OK) {
        status = open_temporary(&s);
    }
    if (status == AMLZ_OK) {
        status = replace_former(&s, content);
    }
    s.system->close(s.folder);
    return status;
}

amlz_status amlz_archive_save_file(const char *path, const amlz_archive_content *content, amlz_archive_error *error)
{
    if (path == NULL) {
        return without_path(error, "a path must be given");
    }
    return amlz__archive_save(&amlz__archive_posix, path, content, error);
}

/* ---------------------------------------------------------------- reading */

static size_t read_some(void *context, void *bytes, size_t size)
{
    amlz_archive_file *file = context;
    ssize_t count;
    do {
        count = read((int)file->handle, bytes, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        file->system_error = errno;
    }
    return count < 0 ? 0 : (size_t)count;
}

amlz_status amlz_archive_open_file(const char *path, amlz_archive_file *file, amlz_archive_input *input,
                                   amlz_archive_error *error)
{
    if (path == NULL || file == NULL || input == NULL) {
        return without_path(error, "a path, a file and an input must be given");
    }
    file->system_error = 0;
    file->handle = open(path, O_RDONLY | O_CLOEXEC);
    if (file->handle < 0) {
        return refused(error, "open", path, errno);
    }
    memset(input, 0, sizeof *input);
    input->read = read_some;
    input->context = file;
    return AMLZ_OK;
}

amlz_status amlz_archive_close_file(amlz_archive_file *file, amlz_archive_error *error)
{
    if (file == NULL || file->handle < 0) {
        return without_path(error, "a file must be open");
    }
    (void)close((int)file->handle); /* nothing was written that could get lost */
    file->handle = -1;
    return file->system_error == 0 ? AMLZ_OK : refused(error, "read", NULL, file->system_error);
}

#else

typedef int amlz_archive_has_no_posix_files;

#endif
