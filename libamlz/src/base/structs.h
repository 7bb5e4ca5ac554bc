/* Structs that callers pass, whose first member is their struct_size. One of an older header is smaller than that of the
 * library: what it lacks is zero where it is read, and left out where it is written. So new members go to the end, and not
 * into the padding there, which older callers leave as it is. */
#ifndef AMLZ_STRUCTS_H
#define AMLZ_STRUCTS_H

#include "amlz.h"

/* The bytes that there must be at least: up to the end of what has no default. */
#define STRUCTS_LEAST_amlz_tasks_config STRUCTS_UP_TO(amlz_tasks_config, n_valid)
#define STRUCTS_LEAST_amlz_evaluator_config STRUCTS_UP_TO(amlz_evaluator_config, max_tasks)
#define STRUCTS_LEAST_amlz_learner_config STRUCTS_UP_TO(amlz_learner_config, dims)
#define STRUCTS_LEAST_amlz_search_config STRUCTS_UP_TO(amlz_search_config, space)
#define STRUCTS_LEAST_amlz_crew_config STRUCTS_UP_TO(amlz_crew_config, context)
#define STRUCTS_LEAST_amlz_evaluation STRUCTS_UP_TO(amlz_evaluation, fitness)
#define STRUCTS_LEAST_amlz_progress STRUCTS_UP_TO(amlz_progress, evaluations)
#define STRUCTS_LEAST_amlz_state STRUCTS_UP_TO(amlz_state, progress.evaluations)
#define STRUCTS_UP_TO(type, member) (offsetof(type, member) + sizeof((type *)0)->member)

/* 1 if `given` is not NULL and has a size that the library knows. */
#define STRUCTS_KNOWN(type, given) amlz__structs_known(given, STRUCTS_LEAST_##type, sizeof(type))

/* What is wrong where it is not known, after "search: " or the like. */
#define STRUCTS_FAULT(type) "struct_size must be the size of " #type

/* Copies what is known from a caller's struct into a whole one, or the reverse. The one written to keeps its own size. */
#define STRUCTS_READ(type, whole, given) amlz__structs_read(whole, given, sizeof(type))
#define STRUCTS_WRITE(given, whole) amlz__structs_write(given, whole)

int amlz__structs_known(const void *given, size_t least, size_t most);
void amlz__structs_read(void *whole, const void *given, size_t size);
void amlz__structs_write(void *given, const void *whole);

#endif
