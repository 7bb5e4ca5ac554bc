/* What files are made of here. */
#ifndef AMLZ_ARCHIVE_FILE_KIND_H
#define AMLZ_ARCHIVE_FILE_KIND_H

#define ARCHIVE_FILES_POSIX 0
#define ARCHIVE_FILES_WINDOWS 0

#if defined(AMLZ_ARCHIVE_NO_FILES)
#elif defined(__unix__) || (defined(__APPLE__) && defined(__MACH__))
#  undef ARCHIVE_FILES_POSIX
#  define ARCHIVE_FILES_POSIX 1
#elif defined(_WIN32)
#  undef ARCHIVE_FILES_WINDOWS
#  define ARCHIVE_FILES_WINDOWS 1
#endif

#endif
