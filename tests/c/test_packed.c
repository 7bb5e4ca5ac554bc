/* Programs as bytes. */
#include "check.h"
#include "fixtures.h"

static amlz_program unpacked(const void *bytes, size_t length)
{
    amlz_program program;
    memset(&program, 0xff, sizeof program);
    CHECK_EQ_INT(amlz_program_unpack(bytes, length, &program, NULL), AMLZ_OK);
    return program;
}

/* Worked out by hand from the form's description. */
static void test_bytes(void)
{
    static const uint8_t expected[] = {
        1, 0, 56, 3, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f,      /* Setup: s3 = 0.5 */
        1, 0, 27, 1, 0, 2,                              /* Predict: s1 = dot(v0, v2) */
        0, 0,                                           /* Learn */
    };
    const amlz_program program = program_of("def Setup():\n  s3 = 0.5\ndef Predict():\n  s1 = dot(v0, v2)\n", 4);
    uint8_t bytes[64];
    size_t length = 0;
    CHECK_EQ_INT(amlz_op(56)->constant[0], AMLZ_CONSTANT_REAL);
    CHECK_EQ_INT(amlz_program_pack(&program, bytes, sizeof bytes, &length), AMLZ_OK);
    CHECK_EQ_U64(length, sizeof expected);
    CHECK(memcmp(bytes, expected, sizeof expected) == 0);
}

static void test_round_trips(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 10, 10, 10);
    const amlz_space space = space_of(&dims, 0, AMLZ_CAPACITY, AMLZ_CAPACITY);
    static uint8_t bytes[8192], again[8192];
    size_t longest = 0;
    CHECK(amlz_program_packed_size() <= sizeof bytes);
    for (uint64_t seed = 0; seed < 2000; seed++) {
        const amlz_program program = random_program(&space, seed);
        size_t length, other;
        CHECK_EQ_INT(amlz_program_pack(&program, bytes, amlz_program_packed_size(), &length), AMLZ_OK);
        const amlz_program back = unpacked(bytes, length);
        CHECK(amlz_program_equal(&program, &back));
        longest = length > longest ? length : longest;
        CHECK_EQ_INT(amlz_program_pack(&program, again, length - 1, &other), AMLZ_ERROR_MEMORY);
        CHECK_EQ_U64(other, length);
        CHECK_EQ_INT(amlz_program_pack(&program, NULL, 0, &other), AMLZ_ERROR_MEMORY);
        CHECK_EQ_U64(other, length);
    }
    CHECK(longest <= amlz_program_packed_size());
}

/* Every program that is cut short or has a byte too many is refused; one with another byte is refused, or packs to it. */
static void test_damage(void)
{
    const amlz_dims dims = dims_of(AMLZ_REGRESSION, 4, 4, 4, 4);
    const amlz_space space = space_of(&dims, 0, 6, 6);
    amlz_error error;
    for (uint64_t seed = 0; seed < 30; seed++) {
        const amlz_program program = random_program(&space, seed);
        amlz_program before, result;
        uint8_t bytes[700], again[700];
        size_t length, other;
        memset(&before, 0x5a, sizeof before);
        result = before;
        CHECK_EQ_INT(amlz_program_pack(&program, bytes, sizeof bytes, &length), AMLZ_OK);
        for (size_t cut = 0; cut < length; cut++) {
            CHECK_EQ_INT(amlz_program_unpack(bytes, cut, &result, &error), AMLZ_ERROR_PROGRAM);
            CHECK(memcmp(&before, &result, sizeof before) == 0);
            CHECK_EQ_U64(error.column, cut + 1);
        }
        bytes[length] = 0;
        CHECK_EQ_INT(amlz_program_unpack(bytes, length + 1, &result, &error), AMLZ_ERROR_PROGRAM);
        CHECK(strcmp(error.message, "bytes after the end of the program") == 0);
        for (size_t i = 0; i < length; i++) {
            for (unsigned x = 1; x < 256; x *= 2) {
                bytes[i] ^= (uint8_t)x;
                if (amlz_program_unpack(bytes, length, &result, NULL) == AMLZ_OK) {
                    CHECK_EQ_INT(amlz_program_pack(&result, again, sizeof again, &other), AMLZ_OK);
                    CHECK(other == length && memcmp(bytes, again, length) == 0);
                }
                bytes[i] ^= (uint8_t)x;
            }
        }
    }
}

static void check_refused(const uint8_t *bytes, size_t length, const char *says)
{
    amlz_program program;
    amlz_error error;
    CHECK_EQ_INT(amlz_program_unpack(bytes, length, &program, &error), AMLZ_ERROR_PROGRAM);
    if (!CHECK(strcmp(error.message, says) == 0)) {
        printf("    %s\n", error.message);
    }
}

static void test_what_is_refused(void)
{
    static const uint8_t huge[] = {0xff, 0xff, 0, 0, 0, 0}, unknown[] = {1, 0, 250, 0, 0, 0, 0, 0, 0},
                         nan[] = {1, 0, 56, 3, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0};
    check_refused(huge, sizeof huge, "a function has more instructions than the capacity");
    check_refused(unknown, sizeof unknown, "unknown op");
    check_refused(nan, sizeof nan, "constants must be finite");
    check_refused(huge, 0, "the program ends too early");
    amlz_program program;
    memset(&program, 0, sizeof program);
    CHECK_EQ_INT(amlz_program_unpack(NULL, 6, &program, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_unpack(huge, 6, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_pack(NULL, NULL, 0, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_program_pack(&program, NULL, 6, NULL), AMLZ_ERROR_ARGUMENT);
    program.size[AMLZ_LEARN] = AMLZ_CAPACITY + 1;
    CHECK_EQ_INT(amlz_program_pack(&program, NULL, 0, NULL), AMLZ_ERROR_PROGRAM);
    program.size[AMLZ_LEARN] = 1;
    program.code[AMLZ_LEARN][0].in2 = 1; /* op 0 does not use it */
    CHECK_EQ_INT(amlz_program_pack(&program, NULL, 0, NULL), AMLZ_ERROR_PROGRAM);
}

int main(void)
{
    test_bytes();
    test_round_trips();
    test_damage();
    test_what_is_refused();
    blocks_free();
    CHECK_MAIN_END("packed")
