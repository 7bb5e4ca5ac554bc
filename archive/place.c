#include "place.h"

#include <string.h>

#include "msgpack.h"

archive_place amlz__archive_place_at_start(amlz_archive_error *error)
{
    archive_place place;
    memset(&place, 0, sizeof place);
    place.error = error;
    return place;
}

void amlz__archive_go(archive_place *place, const char *section, const char *key)
{
    place->section = section;
    place->key = key;
    amlz__archive_go_index(place, ARCHIVE_NO_INDEX);
}

void amlz__archive_go_index(archive_place *place, uint32_t index)
{
    place->index = index;
    place->has_index = index != ARCHIVE_NO_INDEX;
    place->field = NULL;
}

/* ---------------------------------------------------------------- messages */

/* What does not fit is cut off. */
static void append(archive_place *place, const char *text, size_t length)
{
    if (place->error != NULL) {
        char *message = place->error->message;
        const size_t used = strlen(message), room = sizeof place->error->message - 1 - used;
        const size_t kept = length < room ? length : room;
        memcpy(message + used, text, kept);
        message[used + kept] = '\0';
    }
}

void amlz__archive_say(archive_place *place, const char *text)
{
    if (!place->is_silent) {
        append(place, text, strlen(text));
    }
}

void amlz__archive_say_bytes(archive_place *place, const void *bytes, size_t length)
{
    const char *from = bytes;
    const size_t most = 32;
    for (size_t i = 0; i < length && i < most && !place->is_silent; i++) {
        append(place, from[i] >= ' ' && from[i] <= '~' ? from + i : "?", 1);
    }
    amlz__archive_say(place, length > most ? "..." : "");
}

void amlz__archive_say_integer(archive_place *place, uint64_t number)
{
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    if (!place->is_silent) {
        append(place, digits + first, sizeof digits - first);
    }
}

/* Numbers are written by the library, which does so in programs only: `s2 = 0.5`. */
static size_t real_text(double number, char *text, size_t size)
{
    amlz_program program;
    memset(&program, 0, sizeof program);
    for (int op = 0; op < amlz_op_count(); op++) {
        if (amlz_op(op) != NULL && strcmp(amlz_op(op)->name, "scalar_constant") == 0) {
            program.code[AMLZ_SETUP][0].op = (uint8_t)op;
        }
    }
    program.size[AMLZ_SETUP] = 1;
    program.code[AMLZ_SETUP][0].out = 2;
    program.code[AMLZ_SETUP][0].constant[0] = number;
    (void)amlz_program_print(&program, text, size, NULL); /* what does not fit is the other functions */
    const char *start = strchr(text, '='), *end = start == NULL ? NULL : strchr(start, '\n');
    if (end == NULL) {
        return 0;
    }
    const size_t length = (size_t)(end - start) - 2;
    memmove(text, start + 2, length);
    return length;
}

void amlz__archive_say_real(archive_place *place, uint64_t bits)
{
    char text[64] = "";
    double number;
    memcpy(&number, &bits, sizeof number);
    if (place->is_silent || place->error == NULL) {
        return;
    }
    if ((bits & ~ARCHIVE_REAL_MINUS_ZERO) > ARCHIVE_REAL_LARGEST) {
        amlz__archive_say(place, "infinity or not a number");
    } else {
        append(place, text, real_text(number, text, sizeof text));
    }
}

static void say_where(archive_place *place)
{
    if (place->section != NULL) {
        amlz__archive_say(place, place->section);
        amlz__archive_say(place, ".");
    }
    amlz__archive_say(place, place->key);
    if (place->has_index) {
        amlz__archive_say(place, "[");
        amlz__archive_say_integer(place, place->index);
        amlz__archive_say(place, "]");
    }
    if (place->field != NULL) {
        amlz__archive_say(place, ".");
        amlz__archive_say(place, place->field);
    }
    amlz__archive_say(place, ": ");
}

int amlz__archive_fail(archive_place *place, amlz_status status, const char *message)
{
    place->is_silent = place->status != AMLZ_OK;
    if (place->is_silent) {
        return 0;
    }
    place->status = status;
    if (place->error != NULL) {
        memset(place->error, 0, sizeof *place->error);
        place->error->offset = place->offset < SIZE_MAX ? (size_t)place->offset : SIZE_MAX;
    }
    if (place->is_island) {
        amlz__archive_say(place, "islands[");
        amlz__archive_say_integer(place, place->island);
        amlz__archive_say(place, "]: ");
    }
    if (place->key != NULL) {
        say_where(place);
    }
    amlz__archive_say(place, message);
    return 0;
}
