/* What a step of a search is made of: making a program, loading it, scoring it and taking it in. */
#ifndef AMLZ_STEP_H
#define AMLZ_STEP_H

#include "search/search.h"

/* 1 if the program scores 0 unrun. */
int amlz__step_is_rejected(const amlz_search *s, const amlz_program *program);

/* Loads a program that is to be scored; 0 if it is rejected. */
int amlz__step_load(amlz_search *s, const amlz_program *program);

/* Makes the next program, the search's child, and loads it; again and again where a member equals it. 0 if it is rejected. */
int amlz__step_make_child(amlz_search *s, amlz_member *origin);

/* Scores a program that was loaded or rejected, and takes it in. told: the fitness that was measured elsewhere, or NULL. */
void amlz__step_add(amlz_search *s, const amlz_program *program, amlz_member *member, int is_loaded, const double *told);

#endif
