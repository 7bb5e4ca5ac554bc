/* Reads mutated archives:
 *
 *     mutated [COUNT [SEED]]         default: 20000 1
 *
 * Mutations start from the samples of ../c/archives.h. Of each sample every archive with one bit flipped, and every one
 * that is cut off, must be refused. Then come COUNT archives that were changed at random, most of them with the
 * checksum mended: see try_archive for what has to be true of them. The same arguments always try the same archives. */
#include "try_archive.h"

enum { MOST_BYTES = 1 << 14 };

typedef struct archive {
    unsigned char bytes[MOST_BYTES];
    size_t length;
} archive;

static archive seeds[SAMPLE_COUNT];

static void make_seeds(void)
{
    for (sample which = SAMPLE_PROGRAM; which < SAMPLE_COUNT; which++) {
        const unsigned char *bytes = sample_bytes(which, &seeds[which].length);
        ASSERT(seeds[which].length <= MOST_BYTES);
        memcpy(seeds[which].bytes, bytes, seeds[which].length);
    }
    blocks_free();
}

/* In a block of just its size, so that a sanitizer sees the first byte too many. */
static verdict try_exactly(const unsigned char *bytes, size_t length)
{
    unsigned char *exact = malloc(length > 0 ? length : 1);
    ASSERT(exact != NULL);
    memcpy(exact, bytes, length);
    const verdict result = try_archive(exact, length);
    free(exact);
    return result;
}

/* ---------------------------------------------------------------- small damage */

static unsigned long refuse_small_damage(void)
{
    unsigned long count = 0;
    for (int s = 0; s < SAMPLE_COUNT; s++) {
        archive *a = &seeds[s];
        ASSERT(try_exactly(a->bytes, a->length) != REFUSED);
        for (size_t bit = 0; bit < 8 * a->length; bit++, count++) {
            a->bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
            ASSERT(try_exactly(a->bytes, a->length) == REFUSED);
            a->bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        }
        for (size_t length = 0; length < a->length; length++, count++) {
            ASSERT(try_exactly(a->bytes, length) == REFUSED);
        }
    }
    return count;
}

/* ---------------------------------------------------------------- values */

typedef struct span {
    size_t at, length; /* of a value's header, and of its bytes if it is a string or binary */
    unsigned char first;
} span;

/* The values of a good archive, in their order, the checksum excepted. */
static size_t values_of(const archive *a, span *values, size_t most)
{
    size_t count = 0;
    for (size_t at = 0; at + 5 < a->length && count < most; count++) {
        const unsigned char *b = a->bytes + at;
        const size_t one = b[1], two = (size_t)b[1] << 8 | b[2];
        span v = {at, 1, b[0]};
        switch (b[0]) {
        case 0xc4:
        case 0xd9: v.length = 2 + one; break;
        case 0xc5:
        case 0xda: v.length = 3 + two; break;
        case 0xcc: v.length = 2; break;
        case 0xcd:
        case 0xdc:
        case 0xde: v.length = 3; break;
        case 0xce:
        case 0xdd: v.length = 5; break;
        case 0xcb:
        case 0xcf: v.length = 9; break;
        default: v.length = b[0] >= 0xa0 && b[0] <= 0xbf ? 1U + (b[0] & 31U) : 1; break;
        }
        values[count] = v;
        at += v.length;
    }
    return count;
}

static size_t put_big_endian(unsigned char *to, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (unsigned char)(number >> (8 * (size - 1 - i)));
    }
    return size;
}

/* An integer in its shortest form, or, at times, in a longer one. */
static size_t draw_integer(uint64_t *state, unsigned char *to)
{
    static const uint64_t edges[] = {
        0,         1,         2, 3, 7, 8, 127, 128, 255, 256, 65535, 65536, INT32_MAX, UINT32_MAX, UINT64_C(1) << 32,
        INT64_MAX, UINT64_MAX};
    const uint64_t edge = edges[draw_below(state, sizeof edges / sizeof edges[0])];
    const uint64_t number = draw_below(state, 4) == 0 ? edge : draw_below(state, 300);
    const uint64_t judged = draw_below(state, 8) == 0 ? number | (draw(state) & draw(state)) : number;
    if (judged <= 0x7f) {
        to[0] = (unsigned char)number;
        return 1;
    }
    const size_t size = judged <= 0xff ? 1 : judged <= 0xffff ? 2 : judged <= UINT32_MAX ? 4 : 8;
    to[0] = (unsigned char)(size == 1 ? 0xcc : size == 2 ? 0xcd : size == 4 ? 0xce : 0xcf);
    return 1 + put_big_endian(to + 1, number, size);
}

static size_t draw_number(uint64_t *state, unsigned char *to)
{
    static const double edges[] = {0, -0.0, 0.5, 1, 1.0000000000000002, -1, 5e-324, -5e-324, 1.7976931348623157e308};
    const uint32_t choice = draw_below(state, 16);
    const double real = choice < 9 ? edges[choice] : 0.5 * (draw_real(state) + 1);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    bits = choice == 9    ? UINT64_C(0x7ff0000000000000)
           : choice == 10 ? UINT64_C(0x7ff8000000000000) | draw(state)
                          : bits;
    to[0] = 0xcb;
    return 1 + put_big_endian(to + 1, bits, 8);
}

/* What could stand in place of a value. */
static size_t draw_value(uint64_t *state, unsigned char first, unsigned char *to)
{
    static const unsigned char short_ones[] = {0xc0, 0x80, 0x90, 0xa0, 0x91, 0x81, 0xc2, 0xc1, 0xe0, 0xff, 0x9f, 0x8f};
    switch (draw_below(state, 4)) {
    case 0: return draw_integer(state, to);
    case 1: return draw_number(state, to);
    case 2: to[0] = short_ones[draw_below(state, sizeof short_ones)]; return 1;
    default: return first == 0xcb ? draw_number(state, to) : draw_integer(state, to);
    }
}

/* ---------------------------------------------------------------- mutations */

/* Puts other bytes in place of some, if there is room. */
static void replace(archive *a, size_t at, size_t length, const unsigned char *with, size_t count)
{
    if (at + length <= a->length && a->length - length + count <= MOST_BYTES) {
        memmove(a->bytes + at + count, a->bytes + at + length, a->length - at - length);
        memcpy(a->bytes + at, with, count);
        a->length += count;
        a->length -= length;
    }
}

static void mutate_value(archive *a, uint64_t *state)
{
    static span values[MOST_BYTES];
    static unsigned char other[MOST_BYTES];
    const size_t count = values_of(a, values, MOST_BYTES);
    if (count == 0) {
        return;
    }
    const span v = values[draw_below(state, (uint32_t)count)], w = values[draw_below(state, (uint32_t)count)];
    if (v.at + v.length > a->length || w.at + w.length > a->length) {
        return; /* a former mutation made this no archive */
    }
    memcpy(other, a->bytes + w.at, w.length);
    switch (draw_below(state, 6)) {
    case 0: replace(a, v.at, v.length, other, w.length); break;
    case 1: replace(a, v.at, 0, other, w.length); break;
    case 2: replace(a, v.at, v.length, other, 0); break;
    case 3:
        a->bytes[v.at + draw_below(state, (uint32_t)v.length)] ^= (unsigned char)(1U << draw_below(state, 8));
        break;
    default: replace(a, v.at, v.length, other, draw_value(state, v.first, other)); break;
    }
}

static void mutate_bytes(archive *a, uint64_t *state)
{
    unsigned char byte = (unsigned char)draw(state);
    const archive *other = &seeds[draw_below(state, SAMPLE_COUNT)];
    if (a->length == 0) {
        return;
    }
    const uint32_t at = draw_below(state, (uint32_t)a->length),
                   length = draw_below(state, (uint32_t)a->length - at) + 1;
    const uint32_t from = draw_below(state, (uint32_t)other->length);
    switch (draw_below(state, 5)) {
    case 0: a->bytes[at] ^= (unsigned char)(1U << byte % 8); break;
    case 1: a->bytes[at] = byte; break;
    case 2: replace(a, at, draw_below(state, 4) == 0 ? length : 1, &byte, 0); break;
    case 3: replace(a, at, length, other->bytes + from, draw_below(state, (uint32_t)other->length - from)); break;
    default: replace(a, at, 0, other->bytes + from, 1 + draw_below(state, 9)); break;
    }
}

/* The binaries of a good archive that are archives; how many there are. */
static size_t islands_of(const archive *a, span *islands, size_t most)
{
    static span values[MOST_BYTES];
    static const unsigned char first[] = {0x94, 0xa4, 'a', 'm', 'l', 'z'};
    const size_t count = values_of(a, values, MOST_BYTES);
    size_t found = 0;
    for (size_t i = 0; i < count && found < most; i++) {
        const span v = values[i];
        if (v.first == 0xc5 && v.length > 20 && memcmp(a->bytes + v.at + 3, first, sizeof first) == 0) {
            islands[found++] = v;
        }
    }
    return found;
}

/* Another minor version, in which maps and rows may have more; an older one, in which they have less. */
static void mutate_version(archive *a, uint64_t *state)
{
    const unsigned char minor = (unsigned char)(draw(state) & 0x7f);
    span islands[SAMPLE_ISLAND_COUNT];
    if (a->length <= 8) {
        return;
    }
    a->bytes[8] = minor;
    for (size_t i = islands_of(a, islands, SAMPLE_ISLAND_COUNT); i > 0; i--) {
        unsigned char *island = a->bytes + islands[i - 1].at + 3;
        island[8] = minor;
        mend_checksum(island, islands[i - 1].length - 3);
    }
}

static void mutate_contents(archive *a, uint64_t *state)
{
    for (uint32_t left = 1 + draw_below(state, 8) / 5; left > 0; left--) {
        if (draw_below(state, 3) > 0) {
            mutate_value(a, state);
        } else {
            mutate_bytes(a, state);
        }
    }
    if (draw_below(state, 16) > 0) {
        mend_checksum(a->bytes, a->length);
    }
}

/* Mutates an island, and gives it its length again, mostly. */
static void mutate_island(archive *a, span island, uint64_t *state)
{
    static archive inner;
    const size_t former = island.length - 3;
    memcpy(inner.bytes, a->bytes + island.at + 3, former);
    inner.length = former;
    mutate_contents(&inner, state);
    if (draw_below(state, 16) > 0 && inner.length >= 0x100) {
        put_big_endian(a->bytes + island.at + 1, inner.length, 2);
    }
    replace(a, island.at + 3, former, inner.bytes, inner.length);
    mend_checksum(a->bytes, a->length);
}

static void mutate_archive(archive *a, uint64_t *state)
{
    span islands[SAMPLE_ISLAND_COUNT];
    if (draw_below(state, 4) == 0) {
        mutate_version(a, state);
    }
    const size_t count = islands_of(a, islands, SAMPLE_ISLAND_COUNT);
    if (count > 0 && draw_below(state, 4) > 0) {
        mutate_island(a, islands[draw_below(state, (uint32_t)count)], state);
    } else {
        mutate_contents(a, state);
    }
}

int main(int argc, char **argv)
{
    static archive mutant;
    const unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    uint64_t state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    unsigned long verdicts[3] = {0, 0, 0};
    make_seeds();
    const unsigned long damaged = refuse_small_damage();
    for (unsigned long i = 0; i < count; i++) {
        mutant = seeds[draw_below(&state, SAMPLE_COUNT)];
        mutate_archive(&mutant, &state);
        verdicts[try_exactly(mutant.bytes, mutant.length)]++;
    }
    printf("mutated archives: %lu damaged and %lu mutated refused, %lu accepted, %lu of them resumed\n", damaged,
           verdicts[REFUSED], verdicts[ACCEPTED] + verdicts[RESUMED], verdicts[RESUMED]);
    return check_state()->failed != 0;
}
