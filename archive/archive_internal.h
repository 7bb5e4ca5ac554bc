/* What the files of the archive library share: msgpack values, places in an archive, the tables of its maps. */
#ifndef AMLZ_ARCHIVE_INTERNAL_H
#define AMLZ_ARCHIVE_INTERNAL_H

#include <string.h>

#include "amlz_archive.h"

/* ---------------------------------------------------------------- places and errors */

#define ARCHIVE_NO_INDEX UINT32_MAX

amlz_archive_place archive_place_at_start(amlz_archive_error *error);

/* Goes to "section.key"; section may be NULL. */
void archive_go(amlz_archive_place *place, const char *section, const char *key);

/* Goes to "[index]" of the key, or away from any with ARCHIVE_NO_INDEX, and to no field of it. */
void archive_go_index(amlz_archive_place *place, uint32_t index);

/* Says what is wrong here. The first error counts: later ones, and what is said of them, are left out. Gives 0, so that
 * a function whose result is 1 for success can return it. */
int archive_fail(amlz_archive_place *place, amlz_status status, const char *message);

/* More of the message of the archive_fail just called, which may go on after it. */
void archive_say(amlz_archive_place *place, const char *text);
void archive_say_bytes(amlz_archive_place *place, const void *bytes, size_t length); /* some of them; or '?' */
void archive_say_integer(amlz_archive_place *place, uint64_t number);
void archive_say_real(amlz_archive_place *place, uint64_t bits);

/* ---------------------------------------------------------------- msgpack */

typedef enum archive_type {
    ARCHIVE_NIL,
    ARCHIVE_INTEGER,
    ARCHIVE_REAL,
    ARCHIVE_STRING,
    ARCHIVE_BINARY,
    ARCHIVE_ARRAY,
    ARCHIVE_MAP
} archive_type;

/* A way to write values of a type from `least` to `most`: a first byte, then the value in `size` bytes, or, with size
 * 0, a first byte that has the value added to it. */
typedef struct archive_form {
    uint8_t type, first, size;
    uint64_t least, most;
} archive_form;

#define ARCHIVE_FORM_COUNT 20
extern const archive_form archive_forms[ARCHIVE_FORM_COUNT];

uint32_t archive_crc(uint32_t crc, const unsigned char *bytes, size_t length); /* of more bytes; 0 to begin with */

#define ARCHIVE_CHECKSUM_FIRST 0xce
#define ARCHIVE_CHECKSUM_SIZE 5

/* Whether bytes are UTF-8, piece by piece. All zero at the beginning and between two characters. */
typedef struct archive_utf8 {
    uint8_t left;        /* bytes of the character that are still to come */
    uint8_t least, most; /* of the next of them */
} archive_utf8;

int archive_utf8_accepts(archive_utf8 *state, const unsigned char *bytes, size_t length); /* 0 where they are not */

/* ---------------------------------------------------------------- what is in an archive */

/* A number in a struct, and how the archive calls it. Real numbers are given as their bits, in which those that are not
 * negative have the order of integers. */
typedef struct archive_field {
    const char *key;
    uint8_t is_real, size; /* size of the struct's member: 1, 2, 4 or 8 bytes */
    uint16_t offset;
    uint64_t least, most;
} archive_field;

#define ARCHIVE_REAL_ONE UINT64_C(0x3ff0000000000000)
#define ARCHIVE_REAL_LARGEST UINT64_C(0x7fefffffffffffff)
#define ARCHIVE_REAL_MINUS_ZERO UINT64_C(0x8000000000000000)

/* A number in whose order the real numbers are that are 0 or more. */
static inline uint64_t archive_real_order(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits == ARCHIVE_REAL_MINUS_ZERO ? 0 : bits;
}

/* Fields of a struct, in the order of the archive. */
typedef struct archive_fields {
    const archive_field *field;
    int count;
} archive_fields;

extern const archive_fields archive_dims_fields;   /* of amlz_dims */
extern const archive_fields archive_config_fields; /* of amlz_search_config: before the mutations */
extern const archive_fields archive_limit_fields;  /* of amlz_search_config: after the mutations */
extern const archive_field archive_weight_field;   /* of a mutation's weight */
extern const archive_fields archive_redraw_fields; /* of amlz_search_config: before the hurdles */
extern const archive_fields archive_hurdle_fields; /* of amlz_hurdle */
extern const archive_fields archive_rating_fields; /* of amlz_search_config: after the hurdles */
extern const archive_fields archive_size_fields;   /* of amlz_function_space */
extern const archive_fields archive_tasks_fields;  /* of amlz_tasks_config */
extern const archive_fields archive_count_fields;  /* of amlz_progress: in all versions */
extern const archive_field archive_duplicates_field; /* of amlz_progress: from 1.1 on, before the stops at hurdles */
extern const archive_fields archive_member_fields; /* of amlz_member */

/* Keys of maps. A body has more: those of its kind. */
enum {
    ARCHIVE_BODY_KEYS = 3,
    ARCHIVE_DIMS_KEYS = 6,
    ARCHIVE_CONFIG_KEYS = 24,
    ARCHIVE_CONFIG_KEYS_1_0 = 20,
    ARCHIVE_TASKS_KEYS = 8,
    ARCHIVE_MARK_KEYS = 6
};
int archive_kind_keys(amlz_archive_kind kind);

/* Rows of a member, of an improvement, of a function, of counts, of a hurdle. */
enum {
    ARCHIVE_MEMBER_ROW = 5,
    ARCHIVE_HISTORY_ROW = 4,
    ARCHIVE_FUNCTION_ROW = 4,
    ARCHIVE_COUNTS_ROW = 10,
    ARCHIVE_COUNTS_ROW_1_0 = 8,
    ARCHIVE_HURDLE_ROW = 2
};

/* What a configuration of version 1.0 does not say: that there is none of it. */
void archive_set_config_1_0(amlz_search_config *config);

extern const char *const archive_parts[];     /* keys of the parts of a search, by amlz_part */
extern const char *const archive_data[4];     /* names of the binaries of a task, for messages */

uint64_t archive_load(const archive_field *field, const void *object);
void archive_store(const archive_field *field, void *object, uint64_t value);

/* 1 if the value is in the field's range; else an error with this status. */
int archive_check_field(amlz_archive_place *place, const archive_field *field, uint64_t value, amlz_status status);

/* "expected an integer from 1 to 256, got ", an error with this status; the caller says what. 0. */
int archive_say_range(amlz_archive_place *place, const archive_field *field, amlz_status status);

/* 1 if birth and parent are possible where `last` evaluations were done. Without a search births may be unknown, that
 * is 0. */
#define ARCHIVE_BIRTHS_UNKNOWN UINT64_MAX
int archive_check_member(amlz_archive_place *place, const amlz_member *member, uint64_t last, amlz_status status);

/* 1 if the program fits the memory; 1 if it has at most as many instructions as the search allows. */
int archive_check_program(amlz_archive_place *place, const amlz_program *program, const amlz_dims *dims,
                          amlz_status status);
int archive_check_sizes(amlz_archive_place *place, const amlz_program *program, const amlz_search_config *config,
                        amlz_status status);

/* The smallest memory that has all addresses that a program names. */
amlz_dims archive_smallest_dims(const amlz_program *program);

/* Size of a number of the tasks, and bytes of each binary of a task. */
static inline uint32_t archive_real_size(const amlz_tasks_config *tasks)
{
    return tasks->precision == AMLZ_FLOAT64 ? 8 : 4;
}
void archive_data_sizes(const amlz_tasks_config *tasks, uint64_t size[4]);

/* ---------------------------------------------------------------- writing */

typedef struct archive_writer {
    amlz_archive_output output;
    amlz_archive_place place; /* its offset counts all bytes, also those in the buffer */
    uint32_t crc;             /* of what was given to the output; of an island, of what is in it */
    size_t used;              /* of the buffer */
    uint32_t outer_crc;       /* in an island */
    size_t island_start;      /* offset of the island */
    int is_measuring;         /* nothing is given to the output */
    unsigned char bytes[AMLZ_ARCHIVE_BUFFER];
} archive_writer;

/* Values. After an error nothing more is written. */
void archive_put_start(archive_writer *writer, amlz_archive_output output, amlz_archive_error *error);
void archive_put_bytes(archive_writer *writer, const void *bytes, size_t length);
void archive_put_value(archive_writer *writer, archive_type type, uint64_t value); /* or just its header */
void archive_put_string(archive_writer *writer, const char *text);
void archive_put_key(archive_writer *writer, const char *section, const char *key);
void archive_put_checksum(archive_writer *writer); /* and gives all that is left to the output */
amlz_status archive_put_end(archive_writer *writer); /* the checksum, and whether everything was written */

/* Parts of archives, in the order in which they come. */
void archive_put_head(archive_writer *writer, amlz_archive_kind kind, const amlz_dims *dims, const char *name,
                      size_t length);
void archive_put_config(archive_writer *writer, const amlz_search_config *config, const amlz_program *start_program);
void archive_put_tasks(archive_writer *writer, const amlz_tasks_config *tasks, uint64_t digest);
void archive_put_outcome(archive_writer *writer, uint64_t evaluations, uint64_t digest);
void archive_put_state(archive_writer *writer, const amlz_state *state, uint32_t n_hurdles); /* and before it `mark` */

/* What comes between these is an island, an archive of its own, of so many bytes. Where length is NULL it is only
 * measured: how many they are, with the checksum, is what the second gives. */
void archive_put_island(archive_writer *writer, uint32_t index, const uint64_t *length);
uint64_t archive_put_island_end(archive_writer *writer);

void archive_put_program(archive_writer *writer, const amlz_program *program);
void archive_put_member(archive_writer *writer, const amlz_program *program, const amlz_member *member);
void archive_put_improvement(archive_writer *writer, const amlz_member *member);

/* ---------------------------------------------------------------- reading
 *
 * Functions give 1, or 0 after an error; then nothing more is to be read. */

void archive_get_start(amlz_archive_reader *reader, amlz_archive_input input);

/* The next bytes, more than 0 and at most as many as the reader's buffer has. They stay until more are read. NULL after
 * an error. */
const unsigned char *archive_get_bytes(amlz_archive_reader *reader, size_t length);

/* Bytes of any number: to a block and to a copy, both of which may be NULL. With is_text they must be UTF-8. */
int archive_get_long(amlz_archive_reader *reader, uint64_t length, int is_text, unsigned char *to,
                     archive_writer *copy);

/* A value of the type, or the header of one. expected: what messages call it. */
int archive_get_value(amlz_archive_reader *reader, archive_type type, const char *expected, uint64_t *value);
int archive_get_nil(amlz_archive_reader *reader, int *is_nil); /* if something else is there, it stays there */
int archive_get_array(amlz_archive_reader *reader, uint64_t count);

/* Maps and rows, which in a newer minor version may have more than is known here: surplus is by how much. */
int archive_get_map(amlz_archive_reader *reader, uint64_t known, uint64_t *surplus);
int archive_get_row(amlz_archive_reader *reader, uint64_t known, uint64_t *surplus);
int archive_check_count(amlz_archive_reader *reader, uint64_t count, uint64_t known, uint64_t *surplus);
int archive_skip_keys(amlz_archive_reader *reader, uint64_t surplus);
int archive_skip_elements(amlz_archive_reader *reader, uint64_t surplus);

int archive_get_key(amlz_archive_reader *reader, const char *section, const char *key);
int archive_get_field(amlz_archive_reader *reader, const archive_field *field, void *object);
int archive_get_fields(amlz_archive_reader *reader, const char *section, archive_fields fields, void *object);
int archive_get_row_fields(amlz_archive_reader *reader, archive_fields fields, void *object);

/* The body up to what only its kind has; and what comes after that, to the end of the archive. */
int archive_get_head(amlz_archive_reader *reader);
int archive_get_end(amlz_archive_reader *reader);

/* A program that fits the memory, or where dims is NULL any; and with config as large as it allows. */
int archive_get_program(amlz_archive_reader *reader, const amlz_dims *dims, const amlz_search_config *config,
                        amlz_program *program);

/* The rest of a row, and whether the member is possible; last: see archive_check_member. */
int archive_get_member(amlz_archive_reader *reader, uint64_t surplus, uint64_t last, amlz_member *member);

/* Of a checkpoint: what comes before the numbers of the tasks. */
int archive_get_setup(amlz_archive_reader *reader, amlz_archive_text *source);

/* A text or nil. text may be NULL. */
int archive_get_text(amlz_archive_reader *reader, const char *section, const char *key, size_t most,
                     amlz_archive_text *text);

/* These, which there are just if info.has_data is 1, and the rest of the tasks. tasks and scratch may be NULL. */
int archive_get_data(amlz_archive_reader *reader, amlz_tasks *tasks, unsigned char *scratch);

/* How the search ended up. */
typedef struct archive_outcome {
    uint64_t digest;
    int has_best;
    amlz_member best;
    uint64_t best_hash; /* of its program: a program itself would take much room */
    amlz_state mark;
} archive_outcome;

/* And the rest of the body. search and session may be NULL. */
int archive_get_state(amlz_archive_reader *reader, amlz_search *search, amlz_archive_text *session,
                      archive_outcome *outcome);

/* Whether a search is made as the one that was saved; and it is brought to where that one was. */
int archive_check_search(amlz_archive_reader *reader, const amlz_search *search);
int archive_resume(amlz_archive_reader *reader, amlz_search *search, const archive_outcome *outcome);

#define ARCHIVE_NO_LIMIT SIZE_MAX

int archive_check_block(amlz_archive_reader *reader);  /* the checksum of a block, all of which lies there already */
int archive_get_checksum(amlz_archive_reader *reader); /* that of other inputs; and the end */

#endif
