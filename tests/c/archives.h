/* Small archives of each kind, always the same: those of ../archive/golden, what archives are tested with and mutated
 * from. */
#ifndef AMLZ_ARCHIVES_H
#define AMLZ_ARCHIVES_H

#include "amlz_archive.h"
#include "fixtures.h"

typedef enum sample {
    SAMPLE_PROGRAM, /* without dims */
    SAMPLE_LEARNER, /* linear regression, with dims */
    SAMPLE_POPULATION,
    SAMPLE_NEW,     /* a checkpoint of a search that has not begun */
    SAMPLE_FLOAT32, /* one after a mark, with source and session */
    SAMPLE_FLOAT64, /* one of a search without caches, of vector labels, with data */
    SAMPLE_HURDLES, /* one of a search with hurdles and redraws, with data */
    SAMPLE_ISLANDS, /* those of HURDLES and FLOAT64 */
    SAMPLE_MODEL,   /* of two classes; the library does not write it, but for copies */
    SAMPLE_COUNT
} sample;

static inline const char *sample_name(sample which)
{
    static const char *const names[SAMPLE_COUNT] = {"program", "learner", "population", "new",
                                                   "float32", "float64", "hurdles",    "islands", "model"};
    return names[which];
}

/* The minor version of the format that it is written in. */
static inline int sample_minor(sample which) { return which <= SAMPLE_LEARNER ? 1 : 2; }

/* ---------------------------------------------------------------- reading */

/* The one reader of a test program. */
static inline amlz_archive_reader *the_reader(void)
{
    static amlz_archive_reader *reader;
    if (reader == NULL) {
        const size_t size = amlz_archive_reader_size();
        reader = amlz_archive_reader_init(malloc(size), size, NULL);
    }
    return reader;
}

static inline const amlz_archive_info *the_info(void) { return amlz_archive_reader_info(the_reader()); }
static inline const amlz_program *the_start(void) { return amlz_archive_reader_start(the_reader()); }

/* ---------------------------------------------------------------- searches */

/* Ops that new versions cannot add to, so that searches stay as they are. */
enum { SAMPLE_OPS = 59 };

static inline amlz_search_config sample_config(sample which)
{
    const amlz_dims dims =
        which == SAMPLE_FLOAT64 ? dims_of(AMLZ_MULTICLASS, 3, 4, 4, 1) : dims_of(AMLZ_REGRESSION, 2, 4, 3, 1);
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_search_defaults(&config);
    config.space = space_of(&dims, 0, 3, 2);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        config.space.function[f].n_ops = SAMPLE_OPS;
    }
    config.seed = UINT64_C(0x1000000000000000) + (which == SAMPLE_FLOAT64 ? 191 : 176); /* with several improvements */
    config.population_size = 5;
    config.tournament_size = 2;
    config.precision = which == SAMPLE_FLOAT64 ? AMLZ_FLOAT64 : AMLZ_FLOAT32;
    config.cache_size = config.fec_size = which == SAMPLE_FLOAT64 ? 0 : 20;
    config.fec_train = config.fec_valid = 2;
    config.cache_period = 20;
    config.history_size = 6;
    if (which == SAMPLE_FLOAT64) {
        config.space.function[AMLZ_SETUP].n_ops = 0; /* so it is always that of the start program */
        config.max_cost = 100;
    }
    if (which == SAMPLE_HURDLES) {
        const amlz_hurdle first = {1, 2}, second = {3, 1};
        config.cache_size = config.fec_size = 0;
        config.cache_period = 40;
        config.redraws = 1;
        config.n_hurdles = 2;
        config.hurdle[0] = first;
        config.hurdle[1] = second;
        config.hurdle_percentile = 0.5;
        config.hurdle_window = 3;
    }
    return config;
}

/* Tasks of this shape: always the same. */
static inline amlz_tasks *shaped_tasks(const amlz_tasks_config *config) { return task_set_new(config, 1).tasks; }

static inline amlz_tasks *sample_tasks(sample which)
{
    const amlz_search_config config = sample_config(which);
    const int twice = which == SAMPLE_FLOAT64;
    const amlz_tasks_config tasks =
        tasks_config_of(&config.space.dims, (amlz_precision)config.precision, 2, 4, 3, twice ? 2 : 1);
    return shaped_tasks(&tasks);
}

static inline amlz_search *search_new(const amlz_search_config *config, const amlz_tasks *tasks, uint32_t n_tasks,
                                      const amlz_program *start)
{
    const char *reason = "";
    const size_t size = amlz_search_size(config, n_tasks, NULL);
    amlz_search *search = amlz_search_init(block_new(size), size, config, tasks, start, &reason);
    if (!CHECK(search != NULL)) {
        printf("%s\n", reason);
        exit(1);
    }
    return search;
}

static inline amlz_search *sample_search(sample which, const amlz_tasks *tasks)
{
    const amlz_search_config config = sample_config(which);
    const amlz_program start = program_of("def Setup():\n s3 = 0.1\n v3[1] = -2.5\n", 3);
    return search_new(&config, tasks, 2, which == SAMPLE_FLOAT64 ? &start : NULL);
}

/* How many evaluations the samples have done. */
static inline uint64_t sample_evaluations(sample which)
{
    return which == SAMPLE_FLOAT32 ? 47 : which == SAMPLE_FLOAT64 ? 33 : which == SAMPLE_HURDLES ? 60 : 0;
}

/* ---------------------------------------------------------------- archives */

static inline amlz_program sample_program(sample which)
{
    return which == SAMPLE_LEARNER
               ? program_of("def Setup():\n s2 = 0.02\ndef Predict():\n s1 = dot(v0, v1)\n"
                            "def Learn():\n s3 = s0 - s1\n s3 = s3 * s2\n v2 = s3 * v0\n v1 = v1 + v2\n",
                            8)
               : program_of("def Setup():\n v2[0.5] = -0.0\n m1 = gaussian(1.5, 0.25)\n"
                            "def Predict():\n s1 = 1e-320\n",
                            4);
}

static inline amlz_status sample_member(void *context, uint32_t index, amlz_program *program, amlz_member *member)
{
    static const double fitness[] = {0, 0x1p-1074, 0.1, 1};
    const amlz_search_config config = sample_config(SAMPLE_POPULATION);
    (void)context;
    *program = random_program(&config.space, index);
    member->fitness = fitness[index % 4];
    member->birth = index == 0 ? 0 : UINT64_C(0x100000000) * index - 1;
    member->parent = index;
    member->action = (uint8_t)(index % AMLZ_MUTATION_COUNT);
    return AMLZ_OK;
}

static inline amlz_archive_text text_from(char *string)
{
    const amlz_archive_text text = {string, strlen(string), strlen(string), 1};
    return text;
}

/* A search that a sample is of, and its tasks where the sample has their numbers. */
static inline void fill_checkpoint(sample which, amlz_archive_content *content)
{
    const amlz_tasks *tasks = sample_tasks(which);
    amlz_search *search = sample_search(which, tasks);
    amlz_search_run(search, sample_evaluations(which), 2.0, NULL);
    content->kind = AMLZ_ARCHIVE_CHECKPOINT;
    content->search = search;
    content->data = which == SAMPLE_FLOAT64 || which == SAMPLE_HURDLES ? tasks : NULL;
}

enum { SAMPLE_ISLAND_COUNT = 2 };
static const sample sample_islands[SAMPLE_ISLAND_COUNT] = {SAMPLE_HURDLES, SAMPLE_FLOAT64};

static inline amlz_status sample_island(void *context, uint32_t index, amlz_archive_content *content)
{
    (void)context;
    fill_checkpoint(sample_islands[index], content);
    return AMLZ_OK;
}

/* Writes a sample; the error ends the program. */
static inline void sample_write(sample which, amlz_archive_output output)
{
    static char source_text[] = "{\"generator\":\"linear\",\"arguments\":{\"seed\":1}}",
                session_text[] = "{\"name\":\"\303\244\342\202\254\"}";
    const amlz_archive_text source = text_from(source_text), session = text_from(session_text);
    const amlz_search_config config = sample_config(which);
    const amlz_dims learner = dims_of(AMLZ_REGRESSION, 8, 4, 3, 0);
    const amlz_program program = sample_program(which);
    amlz_archive_content content;
    amlz_archive_error error;
    memset(&content, 0, sizeof content);
    content.writer = "libamlz 0.1.0";
    if (which == SAMPLE_PROGRAM || which == SAMPLE_LEARNER) {
        content.kind = AMLZ_ARCHIVE_PROGRAM;
        content.program = &program;
        content.dims = which == SAMPLE_LEARNER ? &learner : NULL;
    } else if (which == SAMPLE_POPULATION) {
        content.kind = AMLZ_ARCHIVE_POPULATION;
        content.dims = &config.space.dims;
        content.n_members = 4;
        content.member = sample_member;
    } else if (which == SAMPLE_ISLANDS) {
        content.kind = AMLZ_ARCHIVE_ISLANDS;
        content.n_islands = SAMPLE_ISLAND_COUNT;
        content.island = sample_island;
        content.session = &session;
    } else {
        fill_checkpoint(which, &content);
        content.source = which == SAMPLE_FLOAT32 ? &source : NULL;
        content.session = which == SAMPLE_FLOAT32 ? &session : NULL;
    }
    if (!CHECK(amlz_archive_write(&content, output, &error) == AMLZ_OK)) {
        printf("%s: %s\n", sample_name(which), error.message);
        exit(1);
    }
}

/* ---------------------------------------------------------------- bytes */

/* The checksum as the format has it: bit by bit, unlike the library. */
static inline uint32_t plain_crc(const unsigned char *bytes, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

/* Makes the last 5 bytes the checksum of those before. */
static inline void mend_checksum(unsigned char *bytes, size_t length)
{
    if (length >= 5) {
        const uint32_t crc = plain_crc(bytes, length - 5);
        bytes[length - 5] = 0xce;
        for (int i = 0; i < 4; i++) {
            bytes[length - 4 + (size_t)i] = (unsigned char)(crc >> (24 - 8 * i));
        }
    }
}

/* ---------------------------------------------------------------- a model, put together by hand */

typedef struct msgpack {
    unsigned char *bytes;
    size_t length;
} msgpack;

static inline void msgpack_bytes(msgpack *m, const void *bytes, size_t length)
{
    memcpy(m->bytes + m->length, bytes, length);
    m->length += length;
}

static inline void msgpack_text(msgpack *m, const char *text)
{
    const size_t length = strlen(text);
    const unsigned char header[] = {0xda, (unsigned char)(length >> 8), (unsigned char)length};
    const unsigned char fits = (unsigned char)(0xa0 | length), one[] = {0xd9, (unsigned char)length};
    if (length < 32) {
        msgpack_bytes(m, &fits, 1);
    } else if (length < 256) {
        msgpack_bytes(m, one, sizeof one);
    } else {
        msgpack_bytes(m, header, sizeof header);
    }
    msgpack_bytes(m, text, length);
}

static inline void msgpack_number(msgpack *m, const char *key, unsigned char number) /* up to 127 */
{
    msgpack_text(m, key);
    msgpack_bytes(m, &number, 1);
}

/* A binary of up to 255 bytes. */
static inline void msgpack_binary(msgpack *m, const void *bytes, size_t length)
{
    const unsigned char header[] = {0xc4, (unsigned char)length};
    msgpack_bytes(m, header, sizeof header);
    msgpack_bytes(m, bytes, length);
}

#define SAMPLE_PREPARATION                                                                                             \
    "{\"preparation\":1,\"columns\":[{\"name\":\"a\\u00e9\",\"kind\":\"number\",\"fill\":0.5,\"categories\":[],"              \
    "\"has_other\":false,\"marks_missing\":true},{\"name\":\"b\",\"kind\":\"category\",\"fill\":0.0,"                    \
    "\"categories\":[\"x\",\"y\"],\"has_other\":true,\"marks_missing\":false}],\"mean\":[2,0,0,0,0.25],"                  \
    "\"deviation\":[4.0,1.0,1.0,1.0,0.5],\"target\":\"t\",\"classes\":[\"no\",\"yes\"],\"label_mean\":0.0,"               \
    "\"label_deviation\":1.0,\"n_projected\":0,\"projection_seed\":0,\"projected_mean\":[],"                           \
    "\"projected_deviation\":[],\"n_padding\":1,\"n_rows\":24}"

/* A model of two classes with this preparation, F = 6, in at most `most` bytes: its length. */
static inline size_t model_bytes(const char *preparation, unsigned char *bytes, size_t most)
{
    static const unsigned char scalars[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f}, /* s2 = 1 */
        matrix[144] = {0};
    unsigned char packed[200], vectors[48] = {0};
    const amlz_program program = program_of("def Predict():\n s1 = dot(v0, v1)\ndef Learn():\n v1 = s2 * v0\n", 6);
    size_t length;
    msgpack m = {bytes, 0};
    CHECK(strlen(preparation) < 3000 && most >= 4000);
    amlz_program_pack(&program, packed, sizeof packed, &length);
    for (int i = 24; i < 48; i += 4) { /* v1 = -2, -2, ... */
        vectors[i + 3] = 0xc0;
    }
    msgpack_bytes(&m, "\x94\xa4" "amlz\x92\x01\x02\x8b", 10);
    msgpack_text(&m, "kind");
    msgpack_text(&m, "model");
    msgpack_text(&m, "writer");
    msgpack_text(&m, "libamlz 0.1.0");
    msgpack_text(&m, "dims");
    msgpack_bytes(&m, "\x86", 1);
    msgpack_number(&m, "features", 6);
    msgpack_number(&m, "scalars", 3);
    msgpack_number(&m, "vectors", 2);
    msgpack_number(&m, "matrices", 1);
    msgpack_number(&m, "label", AMLZ_BINARY);
    msgpack_number(&m, "classes", 0);
    msgpack_text(&m, "program");
    msgpack_binary(&m, packed, length);
    msgpack_number(&m, "precision", AMLZ_FLOAT32);
    msgpack_number(&m, "seed", 5);
    msgpack_number(&m, "examples", 9);
    msgpack_text(&m, "runs");
    msgpack_bytes(&m, "\x93\x01\x09\x09", 4);
    msgpack_text(&m, "memory");
    msgpack_bytes(&m, "\x93", 1);
    msgpack_binary(&m, scalars, sizeof scalars);
    msgpack_binary(&m, vectors, sizeof vectors);
    msgpack_binary(&m, matrix, sizeof matrix);
    msgpack_text(&m, "preparation");
    msgpack_text(&m, preparation);
    msgpack_text(&m, "session");
    msgpack_text(&m, "{}");
    m.length += 5;
    mend_checksum(bytes, m.length);
    return m.length;
}

/* The bytes of a sample, in a block of just their length. */
static inline unsigned char *sample_bytes(sample which, size_t *length)
{
    static unsigned char bytes[1 << 16];
    amlz_archive_block block = {bytes, sizeof bytes, 0};
    if (which == SAMPLE_MODEL) {
        block.length = model_bytes(SAMPLE_PREPARATION, bytes, sizeof bytes);
    } else {
        sample_write(which, amlz_archive_to_block(&block));
    }
    unsigned char *exact = block_new(block.length);
    memcpy(exact, bytes, block.length);
    *length = block.length;
    return exact;
}

/* A callback that gives few bytes at a time. */
typedef struct dribble {
    const unsigned char *bytes;
    size_t left, most;
} dribble;

static inline size_t dribble_read(void *context, void *bytes, size_t size)
{
    dribble *d = context;
    size_t count = size < d->most ? size : d->most;
    count = count < d->left ? count : d->left;
    memcpy(bytes, d->bytes, count);
    d->bytes += count;
    d->left -= count;
    return count;
}

static inline amlz_archive_input dribble_input(dribble *d, const unsigned char *bytes, size_t length, size_t most)
{
    amlz_archive_input input;
    memset(&input, 0, sizeof input);
    d->bytes = bytes;
    d->left = length;
    d->most = most;
    input.read = dribble_read;
    input.context = d;
    return input;
}

#endif
