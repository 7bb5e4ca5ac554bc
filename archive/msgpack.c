#include "msgpack.h"

const archive_form amlz__archive_forms[ARCHIVE_FORM_COUNT] = {
    {ARCHIVE_NIL, 0xc0, 0, 0, 0},
    {ARCHIVE_INTEGER, 0x00, 0, 0, 0x7f},
    {ARCHIVE_INTEGER, 0xcc, 1, 0x80, 0xff},
    {ARCHIVE_INTEGER, 0xcd, 2, 0x100, 0xffff},
    {ARCHIVE_INTEGER, 0xce, 4, 0x10000, UINT32_MAX},
    {ARCHIVE_INTEGER, 0xcf, 8, UINT64_C(0x100000000), UINT64_MAX},
    {ARCHIVE_REAL, 0xcb, 8, 0, UINT64_MAX},
    {ARCHIVE_STRING, 0xa0, 0, 0, 31},
    {ARCHIVE_STRING, 0xd9, 1, 32, 0xff},
    {ARCHIVE_STRING, 0xda, 2, 0x100, 0xffff},
    {ARCHIVE_STRING, 0xdb, 4, 0x10000, UINT32_MAX},
    {ARCHIVE_BINARY, 0xc4, 1, 0, 0xff},
    {ARCHIVE_BINARY, 0xc5, 2, 0x100, 0xffff},
    {ARCHIVE_BINARY, 0xc6, 4, 0x10000, UINT32_MAX},
    {ARCHIVE_ARRAY, 0x90, 0, 0, 15},
    {ARCHIVE_ARRAY, 0xdc, 2, 16, 0xffff},
    {ARCHIVE_ARRAY, 0xdd, 4, 0x10000, UINT32_MAX},
    {ARCHIVE_MAP, 0x80, 0, 0, 15},
    {ARCHIVE_MAP, 0xde, 2, 16, 0xffff},
    {ARCHIVE_MAP, 0xdf, 4, 0x10000, UINT32_MAX},
};

/* Four bits at a time: the table of a whole byte would be 1 kB. */
uint32_t amlz__archive_crc(uint32_t crc, const unsigned char *bytes, size_t length)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* The first byte of a character: how many follow, and the range of the next one, which leaves out forms that are longer
 * than needed, surrogates and what is beyond U+10FFFF. */
static int begin_character(archive_utf8 *state, unsigned char byte)
{
    if (byte < 0x80) {
        return 1;
    }
    if (byte < 0xc2 || byte > 0xf4) {
        return 0;
    }
    state->left = (uint8_t)(byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3);
    state->least = (uint8_t)(byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80);
    state->most = (uint8_t)(byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf);
    return 1;
}

int amlz__archive_utf8_accepts(archive_utf8 *state, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (state->left == 0) {
            if (!begin_character(state, bytes[i])) {
                return 0;
            }
        } else if (bytes[i] < state->least || bytes[i] > state->most) {
            return 0;
        } else {
            state->left--;
            state->least = 0x80;
            state->most = 0xbf;
        }
    }
    return 1;
}
