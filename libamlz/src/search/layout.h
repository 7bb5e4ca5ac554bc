/* What a search may be made of. */
#ifndef AMLZ_LAYOUT_H
#define AMLZ_LAYOUT_H

#include "search/search.h"

/* OK, or why the program cannot be in the search. */
amlz_status amlz__layout_check_program(const amlz_search *s, const amlz_program *program, const char **reason);

#endif
