/* A search that is made as the one that was saved, and is brought to where that one was. */
#ifndef AMLZ_ARCHIVE_CHECKPOINT_RESUME_H
#define AMLZ_ARCHIVE_CHECKPOINT_RESUME_H

#include "checkpoint_get.h"

int amlz__archive_check_search(amlz_archive_reader *reader, const amlz_search *search);
int amlz__archive_resume(amlz_archive_reader *reader, amlz_search *search, const archive_outcome *outcome);

#endif
