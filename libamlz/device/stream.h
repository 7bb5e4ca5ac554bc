/* Examples that are drawn without arithmetic that could round, and a digest of what is predicted of them. */
#ifndef STREAM_H
#define STREAM_H

#include <stdint.h>
#include <string.h>

typedef struct stream {
    uint32_t state;
    uint64_t digest;
} stream;

/* Marsaglia's xorshift */
static inline uint32_t stream_draw(stream *s)
{
    s->state ^= s->state << 13;
    s->state ^= s->state >> 17;
    s->state ^= s->state << 5;
    return s->state;
}

/* Features are multiples of 1/128 in [-1, 1), the label is the sum of those with even numbers, less the others. */
static inline float stream_example(stream *s, float *features, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        const int drawn = (int)(stream_draw(s) >> 24) - 128;
        features[i] = (float)drawn / 128;
        sum += i % 2 == 0 ? drawn : -drawn;
    }
    return (float)sum / 128;
}

/* FNV-1a over the bits of a number */
static inline void stream_take(stream *s, float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < 4; i++) {
        s->digest = ((s->digest == 0 ? UINT64_C(0xcbf29ce484222325) : s->digest) ^ (bits >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
    }
}

#endif
