/* Where there are no files. */
#include "file_kind.h"

#if !ARCHIVE_FILES_POSIX && !ARCHIVE_FILES_WINDOWS

#  include "place.h"

static amlz_status unsupported(amlz_archive_error *error)
{
    archive_place place = amlz__archive_place_at_start(error);
    amlz__archive_fail(&place, AMLZ_ERROR_UNSUPPORTED, "this library was made without files");
    return AMLZ_ERROR_UNSUPPORTED;
}

amlz_status amlz_archive_save_file(const char *path, const amlz_archive_content *content, amlz_archive_error *error)
{
    (void)path;
    (void)content;
    return unsupported(error);
}

amlz_status amlz_archive_open_file(const char *path, amlz_archive_file *file, amlz_archive_input *input,
                                   amlz_archive_error *error)
{
    (void)path;
    (void)file;
    (void)input;
    return unsupported(error);
}

amlz_status amlz_archive_close_file(amlz_archive_file *file, amlz_archive_error *error)
{
    (void)file;
    return unsupported(error);
}

#else

typedef int amlz_archive_has_files;

#endif
