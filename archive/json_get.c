#include "json_get.h"

#include <string.h>

archive_room amlz__archive_room_over(void *memory, size_t size)
{
    archive_room room = {NULL, 0, 0};
    const size_t over = (uintptr_t)memory % sizeof(double), ahead = over == 0 ? 0 : sizeof(double) - over;
    if (memory != NULL && ahead <= size) {
        room.memory = (unsigned char *)memory + ahead;
        room.size = size - ahead;
    }
    return room;
}

void *amlz__archive_room_take(archive_room *room, uint64_t size, int is_aligned)
{
    const uint64_t unit = is_aligned ? sizeof(double) : 1, start = (room->used + unit - 1) / unit * unit;
    room->used = start + size;
    return room->memory == NULL || room->used > room->size ? NULL : room->memory + (size_t)start;
}

/* ---------------------------------------------------------------- characters */

static int fail_in_json(archive_json *json, const char *message)
{
    return amlz__archive_fail(&json->reader->place, AMLZ_ERROR_DATA, message);
}

/* Goes to the next character. */
static int step(archive_json *json)
{
    json->next = JSON_END;
    if (json->left == 0) {
        return 1;
    }
    json->reader->place.offset = json->reader->taken;
    const unsigned char *byte = amlz__archive_get_bytes(json->reader, 1);
    if (byte == NULL) {
        return 0;
    }
    json->left--;
    json->next = *byte;
    if (!amlz__archive_utf8_accepts(&json->utf8, byte, 1) || (json->left == 0 && json->utf8.left > 0)) {
        return fail_in_json(json, "the text is not UTF-8");
    }
    return 1;
}

static int skip_space(archive_json *json)
{
    while (json->next == ' ' || json->next == '\t' || json->next == '\n' || json->next == '\r') {
        if (!step(json)) {
            return 0;
        }
    }
    return 1;
}

static int fail_expecting(archive_json *json, const char *expected)
{
    const char found = (char)json->next;
    fail_in_json(json, "expected ");
    amlz__archive_say(&json->reader->place, expected);
    amlz__archive_say(&json->reader->place, json->next == JSON_END ? ", got the end of the JSON" : ", got JSON that goes on with '");
    amlz__archive_say_bytes(&json->reader->place, &found, json->next == JSON_END ? 0 : 1);
    amlz__archive_say(&json->reader->place, json->next == JSON_END ? "" : "'");
    return 0;
}

/* A sign of the grammar, with the space around it. */
static int take_character(archive_json *json, char wanted)
{
    const char expected[] = {'\'', wanted, '\'', '\0'};
    if (!skip_space(json)) {
        return 0;
    }
    return json->next == wanted ? step(json) && skip_space(json) : fail_expecting(json, expected);
}

int amlz__archive_json_start(archive_json *json, amlz_archive_reader *reader, uint64_t length)
{
    memset(json, 0, sizeof *json);
    json->reader = reader;
    json->left = length;
    return step(json) && skip_space(json);
}

int amlz__archive_json_end(archive_json *json)
{
    return skip_space(json) && (json->next == JSON_END || fail_expecting(json, "the end of the JSON"));
}

/* ---------------------------------------------------------------- arrays and objects */

int amlz__archive_json_more(archive_json *json, char open, uint64_t n)
{
    const char close = open == '[' ? ']' : '}';
    if (n == 0 && !take_character(json, open)) {
        return 0;
    }
    if (!skip_space(json)) {
        return 0;
    }
    if (json->next == close) {
        (void)(step(json) && skip_space(json)); /* the reader knows of an error */
        return 0;
    }
    return n == 0 || take_character(json, ',');
}

int amlz__archive_json_key(archive_json *json, const char *const *names, int count)
{
    unsigned char name[32] = "";
    archive_room room = {name, sizeof name, 0};
    if (!amlz__archive_json_string(json, &room)) {
        return -1;
    }
    for (int i = 0; room.used <= sizeof name && i < count; i++) {
        if (strcmp((const char *)name, names[i]) == 0) {
            return take_character(json, ':') ? i : -1;
        }
    }
    fail_in_json(json, "a key that it does not have: '");
    amlz__archive_say_bytes(&json->reader->place, name, room.used <= sizeof name ? (size_t)room.used - 1 : sizeof name);
    amlz__archive_say(&json->reader->place, "'");
    return -1;
}

/* ---------------------------------------------------------------- numbers */

/* The digits of a number that doubles can need, and room for a line of a program around them. */
enum { MOST_DIGITS = 800, LINE = 32 };

typedef struct number {
    size_t length;
    char text[MOST_DIGITS + LINE];
} number;

static int keep(archive_json *json, number *n)
{
    if (n->length == MOST_DIGITS) {
        return fail_in_json(json, "a number of so many digits is not read");
    }
    n->text[n->length++] = (char)json->next;
    return step(json);
}

static int is_digit(int c) { return c >= '0' && c <= '9'; }

static int keep_digits(archive_json *json, number *n)
{
    if (!is_digit(json->next)) {
        return fail_expecting(json, "a digit");
    }
    while (is_digit(json->next)) {
        if (!keep(json, n)) {
            return 0;
        }
    }
    return 1;
}

static int keep_real(archive_json *json, number *n)
{
    if (json->next == '-' && !keep(json, n)) {
        return 0;
    }
    if (json->next == '0') {
        if (!keep(json, n)) {
            return 0;
        }
    } else if (!keep_digits(json, n)) {
        return 0;
    }
    if (json->next == '.' && (!keep(json, n) || !keep_digits(json, n))) {
        return 0;
    }
    if (json->next == 'e' || json->next == 'E') {
        return keep(json, n) && ((json->next != '+' && json->next != '-') || keep(json, n)) && keep_digits(json, n);
    }
    return 1;
}

/* Numbers are read by the library, exactly; it does so in programs only. */
static int read_real(const number *n, amlz_program *program, double *value)
{
    static const char head[] = "def Setup():\n s2 = ";
    char text[sizeof head + MOST_DIGITS + 1];
    memcpy(text, head, sizeof head - 1);
    memcpy(text + sizeof head - 1, n->text, n->length);
    text[sizeof head - 1 + n->length] = '\n';
    if (amlz_program_parse(text, sizeof head + n->length, 1, program, NULL) != AMLZ_OK) {
        return 0;
    }
    *value = program->code[AMLZ_SETUP][0].constant[0];
    return 1;
}

int amlz__archive_json_real(archive_json *json, double *value)
{
    number n;
    n.length = 0;
    return keep_real(json, &n) &&
           (read_real(&n, &json->reader->program, value) || fail_in_json(json, "expected a finite number")) && skip_space(json);
}

int amlz__archive_json_integer(archive_json *json, uint64_t most, uint64_t *value)
{
    uint64_t sum = 0;
    int is_too_large = 0, n_digits = 0;
    const int first = json->next;
    for (; is_digit(json->next) && !(first == '0' && n_digits > 0); n_digits++) {
        const uint64_t digit = (uint64_t)(json->next - '0');
        is_too_large = is_too_large || digit > most || sum > (most - digit) / 10;
        sum = 10 * sum + digit;
        if (!step(json)) {
            return 0;
        }
    }
    if (is_too_large) {
        fail_in_json(json, "expected an integer of up to ");
        amlz__archive_say_integer(&json->reader->place, most);
        return 0;
    }
    if (n_digits == 0 || json->next == '.' || json->next == 'e' || json->next == 'E') {
        return fail_expecting(json, "an integer");
    }
    *value = sum;
    return skip_space(json);
}

int amlz__archive_json_bool(archive_json *json, uint8_t *value)
{
    const char *word = json->next == 't' ? "true" : "false";
    *value = json->next == 't';
    for (; *word != '\0'; word++) {
        if (json->next != *word) {
            return fail_expecting(json, "true or false");
        }
        if (!step(json)) {
            return 0;
        }
    }
    return skip_space(json);
}

/* ---------------------------------------------------------------- texts */

static void put_byte(archive_room *room, uint32_t byte)
{
    unsigned char *to = amlz__archive_room_take(room, 1, 0);
    if (to != NULL) {
        *to = (unsigned char)byte;
    }
}

/* A character in UTF-8. */
static void put_character(archive_room *room, uint32_t c)
{
    if (c < 0x80) {
        put_byte(room, c);
    } else if (c < 0x800) {
        put_byte(room, 0xc0 | c >> 6);
        put_byte(room, 0x80 | (c & 0x3f));
    } else {
        put_byte(room, c < 0x10000 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
        if (c >= 0x10000) {
            put_byte(room, 0x80 | (c >> 12 & 0x3f));
        }
        put_byte(room, 0x80 | (c >> 6 & 0x3f));
        put_byte(room, 0x80 | (c & 0x3f));
    }
}

/* The four hexadecimal digits behind \u, which is at hand. */
static int take_unit(archive_json *json, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        if (!step(json)) {
            return 0;
        }
        const int c = json->next, letter = c >= 'a' && c <= 'f' ? c - 'a' : c >= 'A' && c <= 'F' ? c - 'A' : -1;
        if (!is_digit(c) && letter < 0) {
            return fail_expecting(json, "4 hexadecimal digits");
        }
        *unit = *unit << 4 | (uint32_t)(letter < 0 ? c - '0' : letter + 10);
    }
    return step(json);
}

/* Where Python read bytes that are not UTF-8, half a pair stands for each: it becomes the byte again. */
static int take_escaped_unit(archive_json *json, archive_room *room)
{
    uint32_t first, second;
    if (!take_unit(json, &first)) {
        return 0;
    }
    if (first >= 0xd800 && first < 0xdc00) {
        if (json->next != '\\' || !step(json) || json->next != 'u' || !take_unit(json, &second) || second < 0xdc00 ||
            second > 0xdfff) {
            return fail_in_json(json, "half a pair of UTF-16");
        }
        first = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    } else if (first >= 0xdc80 && first <= 0xdcff) {
        put_byte(room, first & 0xff);
        return 1;
    } else if (first >= 0xdc00 && first <= 0xdfff) {
        return fail_in_json(json, "half a pair of UTF-16");
    }
    put_character(room, first);
    return first != 0 || fail_in_json(json, "a text with a NUL in it cannot be read here");
}

static int take_escaped(archive_json *json, archive_room *room)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (!step(json)) {
        return 0;
    }
    if (json->next == 'u') {
        return take_escaped_unit(json, room);
    }
    const char *found = json->next > 0 ? strchr(from, json->next) : NULL;
    if (found == NULL) {
        return fail_expecting(json, "an escape that JSON has");
    }
    put_byte(room, (unsigned char)to[found - from]);
    return step(json);
}

int amlz__archive_json_string(archive_json *json, archive_room *room)
{
    if (json->next != '"') {
        return fail_expecting(json, "a string");
    }
    if (!step(json)) {
        return 0;
    }
    while (json->next != '"') {
        if (json->next < ' ') {
            return fail_expecting(json, "the rest of a string");
        }
        if (json->next == '\\') {
            if (!take_escaped(json, room)) {
                return 0;
            }
        } else {
            put_byte(room, (uint32_t)json->next);
            if (!step(json)) {
                return 0;
            }
        }
    }
    put_byte(room, 0);
    return step(json) && skip_space(json);
}
