/* What files are made of here. */
#ifndef AMLZ_ARCHIVE_FILE_KIND_H
#define AMLZ_ARCHIVE_FILE_KIND_H

#if !defined(AMLZ_ARCHIVE_NO_FILES) && (defined(__unix__) || (defined(__APPLE__) && defined(__MACH__)))
#  define ARCHIVE_FILES_POSIX 1
#else
#  define ARCHIVE_FILES_POSIX 0
#endif

#endif
