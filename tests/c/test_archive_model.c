/* Models: rows in, answers out, as FORMAT.md has it; and preparations that are none. */
#include "archive_copies.h"

static double missing(void) { return amlz_model_find_category(NULL, 0, NULL); }

/* The model of bytes, in a block of just its size, a byte from where it would be aligned; NULL with an error. */
static amlz_model *load(const unsigned char *bytes, size_t length, amlz_archive_error *error)
{
    const amlz_archive_input input = amlz_archive_from_block(bytes, length);
    amlz_model *model = NULL;
    size_t size = 0;
    memset(error, 0, sizeof *error);
    if (amlz_archive_open(the_reader(), input, NULL, error) != AMLZ_OK ||
        amlz_archive_measure_model(the_reader(), &size, error) != AMLZ_OK ||
        !CHECK(amlz_archive_open(the_reader(), input, NULL, error) == AMLZ_OK)) {
        return NULL;
    }
    unsigned char *block = block_new(size + 1);
    CHECK_EQ_INT(amlz_archive_read_model(the_reader(), block + 1, size, &model, NULL, error), AMLZ_OK);
    return model;
}

static amlz_model *load_sample(void)
{
    amlz_archive_error error;
    size_t length;
    const unsigned char *bytes = sample_bytes(SAMPLE_MODEL, &length);
    amlz_model *model = load(bytes, length, &error);
    if (!CHECK(model != NULL)) {
        printf("%s\n", error.message);
        exit(1);
    }
    return model;
}

/* ---------------------------------------------------------------- what it is */

static void test_names(void)
{
    amlz_model *model = load_sample();
    const amlz_model_info info = *amlz_model_get_info(model);
    CHECK_EQ_INT((int)info.n_columns, 2);
    CHECK_EQ_INT((int)info.n_classes, 2);
    CHECK_EQ_INT((int)info.n_examples, 9);
    CHECK_EQ_INT((int)info.learner.seed, 5);
    CHECK_EQ_INT((int)info.learner.dims.n_features, 6);
    CHECK(strcmp(info.target, "t") == 0);
    CHECK(strcmp(amlz_model_column_name(model, 0), "a\303\251") == 0 && strcmp(amlz_model_column_name(model, 1), "b") == 0);
    CHECK(amlz_model_column_name(model, 2) == NULL);
    CHECK(amlz_model_category_name(model, 0, 0) == NULL);
    CHECK(strcmp(amlz_model_category_name(model, 1, 1), "y") == 0);
    CHECK(amlz_model_category_name(model, 1, 2) == NULL);
    CHECK(strcmp(amlz_model_class_name(model, 1), "yes") == 0 && amlz_model_class_name(model, 2) == NULL);
    CHECK_EQ_INT(amlz_model_find_column(model, "b"), 1);
    CHECK_EQ_INT(amlz_model_find_column(model, "c"), -1);
    CHECK_EQ_INT(amlz_model_find_class(model, "yes"), 1);
    CHECK_EQ_INT(amlz_model_find_class(model, "maybe"), -1);
    CHECK(amlz_model_find_category(model, 1, "y") == 1);
    CHECK(amlz_model_find_category(model, 1, "z") == -1);
    CHECK(amlz_model_find_category(model, 0, "x") == -1);
    const double none = amlz_model_find_category(model, 1, NULL);
    CHECK(none != none);
    CHECK(amlz_model_get_info(NULL) == NULL && amlz_model_learner(NULL) == NULL && amlz_model_scratch_size(NULL) == 0);
    CHECK(amlz_model_column_name(NULL, 0) == NULL && amlz_model_class_name(NULL, 0) == NULL);
    blocks_free();
}

/* ---------------------------------------------------------------- rows */

static double probability(const amlz_model *model, double a, double b)
{
    static unsigned char scratch[1 << 16];
    const double row[] = {a, b};
    double answer = -1, p[2] = {-1, -1};
    CHECK(amlz_model_scratch_size(model) <= sizeof scratch);
    CHECK_EQ_INT(amlz_model_predict(model, row, &answer, p, scratch, sizeof scratch), AMLZ_OK);
    CHECK(answer == (p[1] > 0.5) && p[0] == 1 - p[1]);
    return p[1];
}

/* What a row becomes, as the learner sees it after it has learned from it: v1 = v0. */
static void check_features(double a, double b, const double expected[6])
{
    static unsigned char scratch[1 << 16];
    amlz_model *model = load_sample();
    const double row[] = {a, b};
    double v1[6];
    CHECK_EQ_INT(amlz_model_learn(model, row, 1, scratch, sizeof scratch), AMLZ_OK);
    CHECK_EQ_INT(amlz_learner_get(amlz_model_learner(model), AMLZ_VECTOR, 1, v1), AMLZ_OK);
    CHECK(memcmp(v1, expected, sizeof v1) == 0);
    blocks_free();
}

static void test_features(void)
{
    static const double first[] = {1, 0, 1, 0, -0.5, 0}, second[] = {-0.375, 1, 0, 1, -0.5, 0},
                        third[] = {-0.5, 0, 0, 0, 1.5, 0}, fourth[] = {-0.5, 0, 0, 0, -0.5, 0};
    check_features(6, 0, first);
    check_features(missing(), 1, second);
    check_features(0, -1, third);
    check_features(0, 2, third);
    check_features(0, 0.5, third);
    check_features(0, missing(), fourth);
}

static void test_answers(void)
{
    static unsigned char scratch[1 << 16];
    amlz_model *model = load_sample();
    const double row[] = {6, 0}, far[] = {1e40, 0}, infinite[] = {-HUGE_VAL, 0};
    const size_t needed = amlz_model_scratch_size(model);
    double answer = -1;
    const double before = probability(model, 6, 0); /* of the logit -2 * (1 + 1 - 0.5) */
    CHECK(before > 0.04742 && before < 0.04743);
    CHECK_EQ_INT(amlz_model_predict(model, row, &answer, NULL, scratch, needed), AMLZ_OK);
    CHECK(answer == 0);
    CHECK_EQ_INT(amlz_model_predict(model, row, &answer, NULL, scratch, needed - 1), AMLZ_ERROR_MEMORY);
    CHECK_EQ_INT(amlz_model_predict(model, row, &answer, NULL, NULL, needed), AMLZ_ERROR_MEMORY);
    CHECK_EQ_INT(amlz_model_predict(model, row, NULL, NULL, scratch, needed), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_model_predict(model, NULL, &answer, NULL, scratch, needed), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_model_predict(NULL, row, &answer, NULL, scratch, needed), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_model_predict(model, far, &answer, NULL, scratch, needed), AMLZ_ERROR_DATA);
    CHECK_EQ_INT(amlz_model_learn(model, infinite, 1, scratch, needed), AMLZ_ERROR_DATA);
    CHECK_EQ_INT(amlz_model_learn(model, row, 2, scratch, needed), AMLZ_ERROR_DATA);
    CHECK_EQ_INT(amlz_model_learn(model, row, missing(), scratch, needed), AMLZ_ERROR_DATA);
    CHECK(probability(model, 6, 0) == before); /* nothing of all that changed it */
    CHECK_EQ_INT((int)amlz_model_get_info(model)->n_examples, 9);
    CHECK_EQ_INT(amlz_model_learn(model, row, 1, scratch, needed), AMLZ_OK);
    const double after = probability(model, 6, 0); /* of 1 + 1 + 0.25 */
    CHECK(after > 0.90465 && after < 0.90466);
    CHECK_EQ_INT((int)amlz_model_get_info(model)->n_examples, 10);
    blocks_free();
}

/* ---------------------------------------------------------------- refusals */

/* A preparation that is the sample's but for one piece of it. */
static void check_refused(const char *old, const char *fresh, const char *message)
{
    static unsigned char bytes[4096];
    static char text[3000];
    amlz_archive_error error;
    const char *plain = SAMPLE_PREPARATION, *at = strstr(plain, old);
    if (!CHECK(at != NULL)) {
        printf("%s is not there\n", old);
        return;
    }
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - plain), plain, fresh, at + strlen(old));
    const size_t length = model_bytes(text, bytes, sizeof bytes);
    CHECK(copy(bytes, length, NULL) == length); /* which the archive need not know of */
    amlz_model *model = load(bytes, length, &error);
    if (!CHECK(message == NULL ? model != NULL : model == NULL && strcmp(error.message, message) == 0)) {
        printf("%s: %s\n", fresh, error.message);
    }
    blocks_free();
}

static void test_refusals(void)
{
    check_refused("{\"preparation\":1", "[1", "preparation: expected '{', got JSON that goes on with '['");
    check_refused("\"preparation\":1", "\"preparation\":2", "preparation.preparation: expected 1, got 2");
    check_refused("24}", "24", "preparation: expected ',', got the end of the JSON");
    check_refused("24}", "24}}", "preparation: expected the end of the JSON, got JSON that goes on with '}'");
    check_refused("\"n_rows\":24", "\"n_rows\":2.5", "preparation.n_rows: expected an integer, got JSON that goes on with '.'");
    check_refused("\"n_rows\":24", "\"n_rows\":-1", "preparation.n_rows: expected an integer, got JSON that goes on with '-'");
    check_refused("\"n_rows\":24", "\"n_rows\":9007199254740993",
                  "preparation.n_rows: expected an integer of up to 9007199254740992");
    check_refused(",\"n_rows\":24", "", "preparation.n_rows: it is missing");
    check_refused("\"n_rows\":24", "\"n_cols\":24", "preparation: a key that it does not have: 'n_cols'");
    check_refused("\"n_rows\":24", "\"n_rows\":24,\"n_rows\":24", "preparation.n_rows: it is there twice");
    check_refused("4.0,1.0", "4.0,0.0", "preparation.deviation: a deviation must not be 0");
    check_refused("4.0,1.0", "4.0", "preparation.deviation: expected 5, got 4");
    check_refused("[2,0,0", "[2,0,0,0", "preparation.mean: expected 5, got 6");
    check_refused("[2,0", "[1e999,0", "preparation.mean: expected a finite number");
    check_refused("[2,0", "[NaN,0", "preparation.mean: expected a digit, got JSON that goes on with 'N'");
    check_refused("[2,0", "[02,0", "preparation.mean: expected ',', got JSON that goes on with '2'");
    check_refused("[2,0", "[2.,0", "preparation.mean: expected a digit, got JSON that goes on with ','");
    check_refused("\"n_padding\":1", "\"n_padding\":2", "preparation.features: expected 6, got 7");
    check_refused("\"n_padding\":1", "\"n_padding\":9007199254740992",
                  "preparation.features: expected 6, got 9007199254740997");
    check_refused("\"n_projected\":0", "\"n_projected\":3", "preparation.projected_mean: expected 3, got 0");
    check_refused("[\"no\",\"yes\"]", "[\"no\"]", "preparation.classes: expected 2, got 1");
    check_refused("\"label_deviation\":1.0", "\"label_deviation\":-0.0", "preparation.label_deviation: it must not be 0");
    check_refused("\"kind\":\"category\"", "\"kind\":\"categories\"",
                  "preparation.columns[1].kind: expected 'number' or 'category'");
    check_refused("\"kind\":\"category\"", "\"kind\":\"a name that is much too long\"",
                  "preparation.columns[1].kind: expected 'number' or 'category'");
    check_refused("\"has_other\":true", "\"has_other\":1",
                  "preparation.columns[1].has_other: expected true or false, got JSON that goes on with '1'");
    check_refused("\"has_other\":true", "\"has_other\":trie",
                  "preparation.columns[1].has_other: expected true or false, got JSON that goes on with 'i'");
    check_refused("\"has_other\":true,", "", "preparation.columns[1].has_other: it is missing");
    check_refused("\\u00e9", "\\u00g9",
                  "preparation.columns[0].name: expected 4 hexadecimal digits, got JSON that goes on with 'g'");
    check_refused("\\u00e9", "\\x", "preparation.columns[0].name: expected an escape that JSON has, got JSON that goes on with 'x'");
    check_refused("\\u00e9", "\\u0000", "preparation.columns[0].name: a text with a NUL in it cannot be read here");
    check_refused("\\u00e9", "\\ud834", "preparation.columns[0].name: half a pair of UTF-16");
    check_refused("\\u00e9", "\\udd1e", "preparation.columns[0].name: half a pair of UTF-16");
    check_refused("\\u00e9", "\n", "preparation.columns[0].name: expected the rest of a string, got JSON that goes on with '?'");
}

/* Other ways to write the same. */
static void test_accepted(void)
{
    check_refused("[2,0", " [ 2 ,\n\t0", NULL);
    check_refused("[2,0", "[0.2E+1,-0", NULL);
    check_refused("\"n_projected\":0,\"projection_seed\":0", "\"projection_seed\":18446744073709551615 , \"n_projected\":0", NULL);
    check_refused("\\u00e9", "\\ud834\\udd1e\\udce9\\/\\b\\f\\n\\r\\t\\\\\\\"", NULL);
    check_refused("\\u00e9", "\303\251", NULL);
    check_refused("[\"no\",\"yes\"]", "[\"no\",\"\"]", NULL);
}

static void test_reading(void)
{
    amlz_archive_error error;
    amlz_archive_text session;
    char text[8];
    size_t length, size = 0;
    amlz_model *model;
    const unsigned char *bytes = sample_bytes(SAMPLE_MODEL, &length);
    const amlz_archive_input input = amlz_archive_from_block(bytes, length);
    memset(&session, 0, sizeof session);
    session.bytes = text;
    session.size = sizeof text;
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(the_info()->kind, AMLZ_ARCHIVE_MODEL);
    CHECK(strcmp(amlz_archive_kind_name(AMLZ_ARCHIVE_MODEL), "model") == 0);
    CHECK_EQ_INT(the_start()->size[AMLZ_LEARN], 1);
    CHECK_EQ_INT((int)the_info()->n_examples, 9);
    CHECK_EQ_INT(amlz_archive_measure_model(the_reader(), &size, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_measure_model(the_reader(), &size, NULL), AMLZ_ERROR_ARGUMENT); /* it was read */
    void *block = block_new(size);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_read_model(the_reader(), block, size, &model, &session, NULL), AMLZ_OK);
    CHECK(session.is_there && session.length == 2 && memcmp(text, "{}", 2) == 0);
    for (size_t less = 1; less <= size; less = 2 * less + 1) {
        CHECK_EQ_INT(amlz_archive_open(the_reader(), input, NULL, NULL), AMLZ_OK);
        CHECK_EQ_INT(amlz_archive_read_model(the_reader(), block_new(size), (size - less) / 8 * 8, &model, NULL, &error),
                     AMLZ_ERROR_MEMORY);
        CHECK(contains(error.message, "the memory block is smaller than amlz_archive_measure_model tells"));
    }
    CHECK_EQ_INT(amlz_archive_read_model(NULL, block, size, &model, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_measure_model(the_reader(), NULL, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
    bytes = sample_bytes(SAMPLE_PROGRAM, &length);
    CHECK_EQ_INT(amlz_archive_open(the_reader(), amlz_archive_from_block(bytes, length), NULL, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_archive_measure_model(the_reader(), &size, &error), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_archive_kind_minor(AMLZ_ARCHIVE_MODEL), 2);
    CHECK_EQ_INT(amlz_archive_kind_minor(5), -1);
    blocks_free();
}

int main(void)
{
    test_names();
    test_features();
    test_answers();
    test_refusals();
    test_accepted();
    test_reading();
    return check_report("archive_model");
}
