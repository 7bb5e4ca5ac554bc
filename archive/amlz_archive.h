/* Archives of libamlz: programs, populations and searches, alone or as islands, and models, as files that last (FORMAT.md).
 *
 * Memory.   Nothing here allocates. What reads keeps its state in an amlz_archive_reader, 13 kB in a block of the
 *           caller's; bytes come and go through callbacks or blocks of memory. No call takes more than 24 kB of stack,
 *           callbacks not counted.
 * Trust.    An archive may come from anywhere: whatever its bytes are, nothing is read or written out of bounds, no
 *           count in it is believed before its items are there, and no program is handed out that does not fit its
 *           memory.
 * Errors.   As in amlz.h functions return an amlz_status. A last argument `error`, which may be NULL, says more:
 *             AMLZ_ERROR_DATA         bytes that are not an archive, are damaged, or contradict themselves
 *             AMLZ_ERROR_UNSUPPORTED  an archive of another major version of the format; islands of another minor
 *                                     version that are to be copied from a callback; files where there are none
 *             AMLZ_ERROR_PROGRAM      a program that cannot be written since it does not fit its memory
 *             AMLZ_ERROR_MEMORY       a block or buffer of the caller's that is too small
 *             AMLZ_ERROR_ARGUMENT     a null pointer, a call out of turn, objects that do not belong to the archive, an
 *                                     output that took no more, a file that the system refused
 *           After a failure nothing is promised of outputs, and a reader is of no more use. On success *error is left
 *           alone.
 * Numbers.  What is read and written again has the same bytes, on every machine. */
#ifndef AMLZ_ARCHIVE_H
#define AMLZ_ARCHIVE_H

#include "amlz.h"

#if AMLZ_CAPACITY != 64 /* as in amlz.h */
#  define amlz_archive_reader_start AMLZ_NAMED(amlz_archive_reader_start, AMLZ_CAPACITY)
#  define amlz_archive_read_program AMLZ_NAMED(amlz_archive_read_program, AMLZ_CAPACITY)
#  define amlz_archive_read_member AMLZ_NAMED(amlz_archive_read_member, AMLZ_CAPACITY)
#  define amlz_archive_write AMLZ_NAMED(amlz_archive_write, AMLZ_CAPACITY)
#  define amlz_archive_save_file AMLZ_NAMED(amlz_archive_save_file, AMLZ_CAPACITY)
#  define amlz_archive_measure_model AMLZ_NAMED(amlz_archive_measure_model, AMLZ_CAPACITY)
#  define amlz_archive_read_model AMLZ_NAMED(amlz_archive_read_model, AMLZ_CAPACITY)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The newest version of the format that is known. Archives of all minor versions are read, and each kind is written in the
 * one that it was last changed in: amlz_archive_kind_minor. */
#define AMLZ_ARCHIVE_MAJOR 1
#define AMLZ_ARCHIVE_MINOR 2

#define AMLZ_ARCHIVE_MAX_WRITER 64
#define AMLZ_ARCHIVE_MAX_SOURCE (UINT32_C(1) << 20)
#define AMLZ_ARCHIVE_MAX_SESSION (UINT32_C(16) << 20)
#define AMLZ_ARCHIVE_MAX_ISLANDS 1024

typedef struct amlz_archive_error {
    size_t offset;     /* byte of the archive where it was noticed, from 0 */
    int system_error;  /* errno (on Windows GetLastError) of a file that the system refused; else 0 */
    char message[256]; /* "config.population_size: expected an integer from 1, got a string" */
} amlz_archive_error;

typedef enum amlz_archive_kind {
    AMLZ_ARCHIVE_PROGRAM = 0,
    AMLZ_ARCHIVE_POPULATION = 1,
    AMLZ_ARCHIVE_CHECKPOINT = 2,
    AMLZ_ARCHIVE_ISLANDS = 3, /* checkpoints of searches that exchange programs */
    AMLZ_ARCHIVE_MODEL = 4    /* a program that has learned from a table, and what makes features of its rows */
} amlz_archive_kind;

/* "program", "population", "checkpoint", "islands", "model"; NULL for a number that is none. */
AMLZ_API const char *amlz_archive_kind_name(int kind);

/* The minor version of the format that archives of a kind are written in; -1 for a number that is none. */
AMLZ_API int amlz_archive_kind_minor(int kind);

/* ---------------------------------------------------------------- bytes in and out */

/* Where an archive comes from: a block of memory, or a callback where read is not NULL. */
typedef struct amlz_archive_input {
    const void *block;
    size_t size;
    size_t (*read)(void *context, void *bytes, size_t size); /* how many it gave: up to size, 0 only at the end */
    void *context;
} amlz_archive_input;

/* Where an archive goes to. */
typedef struct amlz_archive_output {
    int (*write)(void *context, const void *bytes, size_t size); /* 0 if it took them all */
    void *context;
} amlz_archive_output;

/* A block of memory to write to. length counts what was written, also what did not fit: with size 0 it tells how much
 * is needed. Functions that write return AMLZ_ERROR_MEMORY where length came to more than size. */
typedef struct amlz_archive_block {
    void *bytes;
    size_t size, length;
} amlz_archive_block;

AMLZ_API amlz_archive_input amlz_archive_from_block(const void *bytes, size_t size);
AMLZ_API amlz_archive_output amlz_archive_to_block(amlz_archive_block *block);

/* A text that an archive carries along for others, UTF-8 and not NUL-terminated. What was read can be written again. */
typedef struct amlz_archive_text {
    char *bytes;      /* the caller's; NULL when reading: only its length is wanted */
    size_t size;      /* of that buffer, when reading */
    size_t length;    /* of the text */
    uint8_t is_there; /* 0: the archive has nil instead */
} amlz_archive_text;

/* ---------------------------------------------------------------- reading */

/* What amlz_archive_open finds out. Members of other kinds are zero. */
typedef struct amlz_archive_info {
    uint64_t minor;           /* version of the format */
    amlz_archive_kind kind;
    char writer[AMLZ_ARCHIVE_MAX_WRITER + 1]; /* library and version that wrote it; with a NUL after its end */
    size_t writer_length;
    uint8_t has_dims;         /* 0: a program without; dims are the smallest memory that it fits, once it is read */
    amlz_dims dims;
    uint32_t n_members;       /* of a population */
    amlz_search_config search; /* of a checkpoint, with the variant AUTO; amlz_search_size knows what it needs */
    amlz_tasks_config tasks;
    uint64_t tasks_digest;
    uint8_t has_data;         /* 1: amlz_archive_read_tasks can make the tasks */
    uint64_t evaluations;     /* that the search had done: once they were read, by amlz_archive_read_search */
    uint32_t n_islands;       /* of islands, and of the checkpoints in them */
    amlz_learner_config learner; /* of a model */
    uint64_t n_examples;      /* that the model has learned from */
} amlz_archive_info;

/* The state of reading. */
typedef struct amlz_archive_reader amlz_archive_reader;

/* Bytes for a reader, and one in that block, of any alignment; NULL with the reason if the block is too small. It can read
 * one archive after the other. */
AMLZ_API size_t amlz_archive_reader_size(void);
AMLZ_API amlz_archive_reader *amlz_archive_reader_init(void *memory, size_t size, const char **reason);

/* What is known of the archive by now. It is the reader's, and stays where it is. All zero before amlz_archive_open. */
AMLZ_API const amlz_archive_info *amlz_archive_reader_info(const amlz_archive_reader *reader);

/* The start program of a checkpoint or an island, or the program of a model, after it was opened and until more is read. */
AMLZ_API const amlz_program *amlz_archive_reader_start(const amlz_archive_reader *reader);

/* Begins to read: what kind it is, and of a checkpoint the configuration of the search and the shape of its tasks. The
 * bytes of a block are checked against their checksum first; of others that comes at the end. source, of a checkpoint,
 * may be NULL: how its tasks were made. What comes next depends on its kind. */
AMLZ_API amlz_status amlz_archive_open(amlz_archive_reader *reader, amlz_archive_input input, amlz_archive_text *source,
                                       amlz_archive_error *error);

/* Of a program: reads it, and the archive to its end. */
AMLZ_API amlz_status amlz_archive_read_program(amlz_archive_reader *reader, amlz_program *program,
                                               amlz_archive_error *error);

/* Of a population: reads the next of info.n_members, and with the last one the archive to its end. Either output may be
 * NULL. */
AMLZ_API amlz_status amlz_archive_read_member(amlz_archive_reader *reader, amlz_program *program, amlz_member *member,
                                              amlz_archive_error *error);

/* Of a checkpoint with data: makes its tasks, in a block of amlz_tasks_size(&info->tasks) bytes, and checks
 * their digest. scratch: a block of amlz_archive_scratch_size bytes, for the time of the call. */
AMLZ_API amlz_status amlz_archive_read_tasks(amlz_archive_reader *reader, void *memory, size_t size, void *scratch,
                                             size_t scratch_size, amlz_tasks **tasks, amlz_archive_error *error);

/* Bytes that hold the data of one task; 0 where they are more than the address space has. */
AMLZ_API size_t amlz_archive_scratch_size(const amlz_archive_info *info);

/* Of a checkpoint: reads the rest and brings a search to where the saved one was, bit for bit. The search is one that
 * amlz_search_init just made with the archive's tasks, start program and configuration (any variant):
 * AMLZ_ERROR_ARGUMENT, and an error that names what differs, if it was not. What was evaluated since the saved search's
 * last mark is evaluated again, which may take its time. session may be NULL. Data that were not read are skipped. A
 * search that this failed for is of no use. */
AMLZ_API amlz_status amlz_archive_read_search(amlz_archive_reader *reader, amlz_search *search,
                                              amlz_archive_text *session, amlz_archive_error *error);

/* Of islands: goes to the next of info.n_islands, which then is like a checkpoint that was just opened: the info and the
 * start program of the reader are its own, and what follows are amlz_archive_read_tasks and amlz_archive_read_search, or
 * none of these. What was not read of the island before is checked and skipped. Islands have no sessions of their own. */
AMLZ_API amlz_status amlz_archive_read_island(amlz_archive_reader *reader, amlz_archive_text *source,
                                              amlz_archive_error *error);

/* Of islands: reads the archive to its end, with the session of all, which may be NULL. Islands that were not read are
 * checked and skipped. info is that of amlz_archive_open again. */
AMLZ_API amlz_status amlz_archive_read_session(amlz_archive_reader *reader, amlz_archive_text *session,
                                               amlz_archive_error *error);

/* Reads a whole archive and writes it again, in the version of the format above; where output.write is NULL, only reads
 * it. The info is filled in. That checks all that can be checked without tasks and a search: the numbers of tasks
 * are not looked at, a checkpoint is not resumed, and the preparation of a model is any text. */
AMLZ_API amlz_status amlz_archive_copy(amlz_archive_reader *reader, amlz_archive_input input,
                                       amlz_archive_output output, amlz_archive_error *error);

/* ---------------------------------------------------------------- models
 *
 * A program that has learned from a table, as `pyamlz fit` saves it: rows of the table in, answers out. It answers, and goes
 * on learning, to the bits of pyamlz.Model, if the caller's rounding mode is to nearest. */

typedef struct amlz_model amlz_model;

/* Of a model: how large a block it needs. That reads the archive to its end, so it has to be opened again. */
AMLZ_API amlz_status amlz_archive_measure_model(amlz_archive_reader *reader, size_t *size, amlz_archive_error *error);

/* Of a model: reads it into a block of that size and of any alignment, and the archive to its end. session may be NULL.
 * *model lives as long as the block does; of the archive nothing is needed any longer. */
AMLZ_API amlz_status amlz_archive_read_model(amlz_archive_reader *reader, void *memory, size_t size, amlz_model **model,
                                             amlz_archive_text *session, amlz_archive_error *error);

/* What a model is. Texts are UTF-8, and the model's own. */
typedef struct amlz_model_info {
    amlz_learner_config learner;
    uint64_t n_examples; /* that it has learned from */
    uint32_t n_columns;  /* of a row */
    uint32_t n_classes;  /* 0: answers are numbers */
    const char *target;  /* name of the column of answers */
} amlz_model_info;

/* It is the model's, and stays where it is. NULL for NULL. */
AMLZ_API const amlz_model_info *amlz_model_get_info(const amlz_model *model);

/* The learner inside. All of its memory can be looked at, to save what it knows. */
AMLZ_API amlz_learner *amlz_model_learner(amlz_model *model);

/* Names, by place from 0; NULL where there are none. Categories are those that a column tells apart; one of numbers has
 * none. */
AMLZ_API const char *amlz_model_column_name(const amlz_model *model, uint32_t column);
AMLZ_API const char *amlz_model_category_name(const amlz_model *model, uint32_t column, uint32_t category);
AMLZ_API const char *amlz_model_class_name(const amlz_model *model, uint32_t class_index);

/* Places of names: -1 where there is no such column or class. */
AMLZ_API int amlz_model_find_column(const amlz_model *model, const char *name);
AMLZ_API int amlz_model_find_class(const amlz_model *model, const char *name);

/* What stands in a row for a text in a column of categories: its place; -1, as for any other text, where there is no such
 * category; NaN for NULL, a missing one. */
AMLZ_API double amlz_model_find_category(const amlz_model *model, uint32_t column, const char *name);

/* Bytes of scratch that the calls below need, in a block of any alignment; 0 for NULL. */
AMLZ_API size_t amlz_model_scratch_size(const amlz_model *model);

/* What the model says of a row, which is n_columns numbers in the order of the columns, as they are in the table: NaN where
 * one is missing, and what amlz_model_find_category gives for a text. *answer becomes the place of a class or a number in the
 * table's units; class 0 or NaN where the program has lost its way. probabilities may be NULL; else, of classes, it takes
 * n_classes numbers. The model stays as it is: threads may ask at the same time, each with scratch of its own.
 * AMLZ_ERROR_DATA for a number that is infinite, or much too far from those that the model was made from;
 * AMLZ_ERROR_MEMORY where scratch is too small. */
AMLZ_API amlz_status amlz_model_predict(const amlz_model *model, const double *row, double *answer, double *probabilities,
                                        void *scratch, size_t scratch_size);

/* Learns that a row has this answer: the place of a class, or a number. Errors as above, with nothing learned, and
 * AMLZ_ERROR_DATA for an answer that is none. */
AMLZ_API amlz_status amlz_model_learn(amlz_model *model, const double *row, double answer, void *scratch,
                                      size_t scratch_size);

/* ---------------------------------------------------------------- writing */

/* What to write: the kind, and the members that it has; others are not looked at and may be 0. Models are written by
 * amlz_archive_copy alone. */
typedef struct amlz_archive_content amlz_archive_content;
struct amlz_archive_content {
    amlz_archive_kind kind;
    const char *writer; /* library and version, up to 64 bytes of UTF-8; NULL: this library and its version */

    const amlz_dims *dims; /* of a program or a population; of a program NULL where it is not known */
    const amlz_program *program;

    /* Of a population: either a search, whose population it is, or a callback that gives member `index`, from 0 on. */
    uint32_t n_members;
    amlz_status (*member)(void *context, uint32_t index, amlz_program *program, amlz_member *member);

    const amlz_search *search;        /* of a checkpoint or a population */
    const amlz_tasks *data;           /* the tasks of the search, for an archive with their numbers; else NULL */
    const amlz_archive_text *source;  /* JSON, up to AMLZ_ARCHIVE_MAX_SOURCE: how tasks were made; NULL: not known */
    const amlz_archive_text *session; /* JSON, up to AMLZ_ARCHIVE_MAX_SESSION; NULL: none */

    /* Of islands: 1 to AMLZ_ARCHIVE_MAX_ISLANDS, and a callback that fills in what the checkpoint of island `index` has
     * but for a session: content has its kind and writer, all else is 0. It is called twice for each, from 0 on. */
    uint32_t n_islands;
    amlz_status (*island)(void *context, uint32_t index, amlz_archive_content *content);

    void *context; /* of callbacks */
};

/* Writes an archive. What would be refused by a reader is refused here, with a message; what was written by then is of
 * no use. */
AMLZ_API amlz_status amlz_archive_write(const amlz_archive_content *content, amlz_archive_output output,
                                        amlz_archive_error *error);

/* ---------------------------------------------------------------- files
 *
 * On POSIX systems and on Windows, where paths are UTF-8, unless the library was made with AMLZ_ARCHIVE_NO_FILES; elsewhere
 * AMLZ_ERROR_UNSUPPORTED. Where the system refuses something, the error names the call, its reason and the path, and has
 * the number of the system's error. */

/* Writes an archive to a file so that at any time, whatever stops the program or the machine, the path has either the
 * former file or the new one, whole: a temporary file in the same folder, path.PID.tmp, is written, forced to the disk
 * and renamed. A former file must be a regular one and hands on its mode (not on Windows); a symbolic link is replaced. After a failure
 * the former file is there and the temporary is not, but for one case: where only the folder could not be forced to the
 * disk, the new file is there. */
AMLZ_API amlz_status amlz_archive_save_file(const char *path, const amlz_archive_content *content,
                                            amlz_archive_error *error);

/* A file that is read from; its members are the library's own. */
typedef struct amlz_archive_file {
    intptr_t handle;
    int system_error;
} amlz_archive_file;

/* Opens a file to read from; `file` must stay where it is as long as the input is in use. */
AMLZ_API amlz_status amlz_archive_open_file(const char *path, amlz_archive_file *file, amlz_archive_input *input,
                                            amlz_archive_error *error);

/* Closes it. Fails, and says so in error, if the system refused a read: the archive then seemed to end there. */
AMLZ_API amlz_status amlz_archive_close_file(amlz_archive_file *file, amlz_archive_error *error);

#ifdef __cplusplus
}
#endif

#endif
