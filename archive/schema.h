/* What is in the maps and rows of an archive, and what is allowed there. */
#ifndef AMLZ_ARCHIVE_SCHEMA_H
#define AMLZ_ARCHIVE_SCHEMA_H

#include "msgpack.h"
#include "place.h"

/* A number in a struct, and how the archive calls it. Real numbers are given as their bits, in which those that are not
 * negative have the order of integers. */
typedef struct archive_field {
    const char *key;
    uint8_t is_real, size; /* size of the struct's member: 1, 2, 4 or 8 bytes */
    uint16_t offset;
    uint64_t least, most;
} archive_field;

/* Fields of a struct, in the order of the archive. */
typedef struct archive_fields {
    const archive_field *field;
    int count;
} archive_fields;

extern const archive_fields amlz__archive_dims_fields;   /* of amlz_dims */
extern const archive_fields amlz__archive_config_fields; /* of amlz_search_config: before the mutations */
extern const archive_fields amlz__archive_limit_fields;  /* of amlz_search_config: after the mutations */
extern const archive_field amlz__archive_weight_field;   /* of a mutation's weight */
extern const archive_fields amlz__archive_redraw_fields; /* of amlz_search_config: before the hurdles */
extern const archive_fields amlz__archive_hurdle_fields; /* of amlz_hurdle */
extern const archive_fields amlz__archive_rating_fields; /* of amlz_search_config: after the hurdles */
extern const archive_fields amlz__archive_child_fields;  /* of amlz_search_config: from 1.2 on */
extern const archive_fields amlz__archive_size_fields;   /* of amlz_function_space */
extern const archive_fields amlz__archive_tasks_fields;  /* of amlz_tasks_config */
extern const archive_fields amlz__archive_count_fields;  /* of amlz_progress: in all versions */
extern const archive_field amlz__archive_duplicates_field; /* of amlz_progress: from 1.1 on, before the stops at hurdles */
extern const archive_field amlz__archive_tunings_field;    /* of amlz_progress: from 1.2 on, after these */
extern const archive_fields amlz__archive_member_fields; /* of amlz_member */
extern const archive_fields amlz__archive_model_fields;  /* of amlz_archive_info: between program and runs of a model */

/* Keys of maps. A body has more: those of its kind. */
enum {
    ARCHIVE_BODY_KEYS = 3,
    ARCHIVE_DIMS_KEYS = 6,
    ARCHIVE_CONFIG_KEYS = 34,
    ARCHIVE_CONFIG_KEYS_1_1 = 24,
    ARCHIVE_CONFIG_KEYS_1_0 = 20,
    ARCHIVE_TASKS_KEYS = 8,
    ARCHIVE_MARK_KEYS = 6
};
int amlz__archive_kind_keys(amlz_archive_kind kind);

/* The minor version that a kind came with. */
uint64_t amlz__archive_kind_since(int kind);

/* Rows of a member, of an improvement, of a function, of counts, of a hurdle. */
enum {
    ARCHIVE_MEMBER_ROW = 5,
    ARCHIVE_HISTORY_ROW = 4,
    ARCHIVE_FUNCTION_ROW = 4,
    ARCHIVE_COUNTS_ROW = 11,
    ARCHIVE_COUNTS_ROW_1_1 = 10,
    ARCHIVE_COUNTS_ROW_1_0 = 8,
    ARCHIVE_HURDLE_ROW = 2
};

/* Mutations that there were before version 1.2. */
enum { ARCHIVE_MUTATIONS_1_1 = 8 };

/* What a configuration of version 1.0, or of 1.0 and 1.1, does not say: that there is none of it. */
void amlz__archive_set_config_1_0(amlz_search_config *config);
void amlz__archive_set_config_1_1(amlz_search_config *config);

extern const char *const amlz__archive_parts[];     /* keys of the parts of a search, by amlz_part */
extern const char *const amlz__archive_data[4];     /* names of the binaries of a task, for messages */

uint64_t amlz__archive_load(const archive_field *field, const void *object);
void amlz__archive_store(const archive_field *field, void *object, uint64_t value);

/* 1 if the value is in the field's range; else an error with this status. */
int amlz__archive_check_field(archive_place *place, const archive_field *field, uint64_t value, amlz_status status);

/* "expected an integer from 1 to 256, got ", an error with this status; the caller says what. 0. */
int amlz__archive_say_range(archive_place *place, const archive_field *field, amlz_status status);

/* 1 if birth and parent are possible where `last` evaluations were done. Without a search births may be unknown, that
 * is 0. */
#define ARCHIVE_BIRTHS_UNKNOWN UINT64_MAX
int amlz__archive_check_member(archive_place *place, const amlz_member *member, uint64_t last, amlz_status status);

/* 1 if the program fits the memory; 1 if it has at most as many instructions as the search allows. */
int amlz__archive_check_program(archive_place *place, const amlz_program *program, const amlz_dims *dims,
                                amlz_status status);
int amlz__archive_check_sizes(archive_place *place, const amlz_program *program, const amlz_search_config *config,
                              amlz_status status);

/* The smallest memory that has all addresses that a program names. */
amlz_dims amlz__archive_smallest_dims(const amlz_program *program);

/* Size of a number of the tasks, and bytes of each binary of a task. */
static inline uint32_t archive_real_size(const amlz_tasks_config *tasks)
{
    return tasks->precision == AMLZ_FLOAT64 ? 8 : 4;
}
void amlz__archive_data_sizes(const amlz_tasks_config *tasks, uint64_t size[4]);

#endif
