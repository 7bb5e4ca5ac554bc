/* Kernels of random numbers, in the same terms as kernel_template.h, which includes this. One Philox block gives the next
 * four numbers of a lane in float, the next two in double. */

#define PER_BLOCK (16 / REAL_BYTES)

/* So many blocks are drawn at a time, each step of the computation in a loop of its own over all of them, which compilers
 * turn into vector code: of one block all lanes, or of fewer lanes several blocks. */
#define BATCH 16
#define BLOCKS_PER_BATCH (BATCH / LANES)

/* How many lanes of blocks the batch that begins with `block` has, for n numbers a lane. */
static inline TARGET size_t FN(batch_count)(size_t block, size_t n)
{
    const size_t left = (n + PER_BLOCK - 1) / PER_BLOCK - block;
    const size_t blocks = BLOCKS_PER_BATCH == 1 || left > BLOCKS_PER_BATCH ? BLOCKS_PER_BATCH : left;
    return blocks * LANES;
}

static inline TARGET void FN(draw_words)(const kernel_call *call, const kernel_state *state, size_t block, size_t count,
                                         uint32_t words[4][BATCH])
{
    const uint64_t runs = state->runs[call->function];
    const uint32_t last = (uint32_t)call->function << 30 | (uint32_t)call->ordinal << 22 | (uint32_t)(runs >> 32 & 0x3fffff);
    for (uint32_t j = 0; j < count; j++) {
        const uint32_t counter[4] = {(uint32_t)block + j / LANES, (uint32_t)runs, state->task + j % LANES, last};
        uint32_t word[4];
        rng_philox(counter, state->key, word);
        words[0][j] = word[0];
        words[1][j] = word[1];
        words[2][j] = word[2];
        words[3][j] = word[3];
    }
}

/* Puts the batch that begins with `block` in its place: of each lane the next numbers, as far as there are elements. */
static inline TARGET void FN(deal)(REAL numbers[PER_BLOCK][BATCH], size_t block, size_t n, REAL *out)
{
    for (size_t b = 0; b < BLOCKS_PER_BATCH && (block + b) * PER_BLOCK < n; b++) {
        const size_t first = (block + b) * PER_BLOCK;
        for (size_t k = 0; k < PER_BLOCK && first + k < n; k++) {
            memcpy(out + (first + k) * LANES, &numbers[k][b * LANES], LANES * sizeof(REAL));
        }
    }
}

/* constants: low and high */
static inline TARGET void FN(uniform)(const kernel_call *call, const kernel_state *state, size_t n)
{
    const REAL low = (REAL)call->constant[0], width = FN(sub_1)((REAL)call->constant[1], low);
    for (size_t block = 0; block * PER_BLOCK < n; block += BLOCKS_PER_BATCH) {
        uint32_t words[4][BATCH];
        REAL numbers[PER_BLOCK][BATCH];
        const size_t count = FN(batch_count)(block, n);
        FN(draw_words)(call, state, block, count, words);
        for (size_t k = 0; k < PER_BLOCK; k++) {
            for (size_t j = 0; j < count; j++) {
#if REAL_BYTES == 4
                const REAL u = rng_unit_f32(words[k][j]);
#else
                const REAL u = rng_unit_f64(words[2 * k][j], words[2 * k + 1][j]);
#endif
                numbers[k][j] = FN(add_1)(low, FN(mul_1)(width, u));
            }
        }
        FN(deal)(numbers, block, n, call->out);
    }
}

/* Standard normal numbers of two rows of words in float, of all four in double. */
static inline TARGET void FN(gauss_rows)(uint32_t words[4][BATCH], size_t row, size_t count, double z[2][BATCH])
{
    for (size_t j = 0; j < count; j++) {
#if REAL_BYTES == 4
        const double u1 = (double)rng_unit_f32(words[row][j]), u2 = (double)rng_unit_f32(words[row + 1][j]);
#else
        const double u1 = rng_unit_f64(words[0][j], words[1][j]), u2 = rng_unit_f64(words[2][j], words[3][j]);
#endif
        rng_gauss_pair(u1, u2, &z[0][j], &z[1][j]);
    }
    (void)row;
}

/* constants: mean and standard deviation */
static inline TARGET void FN(gaussian)(const kernel_call *call, const kernel_state *state, size_t n)
{
    const REAL mean = (REAL)call->constant[0], stdev = (REAL)call->constant[1];
    for (size_t block = 0; block * PER_BLOCK < n; block += BLOCKS_PER_BATCH) {
        uint32_t words[4][BATCH];
        REAL numbers[PER_BLOCK][BATCH];
        const size_t count = FN(batch_count)(block, n);
        FN(draw_words)(call, state, block, count, words);
        for (size_t k = 0; k < PER_BLOCK; k += 2) {
            double z[2][BATCH];
            FN(gauss_rows)(words, k, count, z);
            for (size_t j = 0; j < count; j++) {
                numbers[k][j] = FN(add_1)(mean, FN(mul_1)(stdev, (REAL)z[0][j]));
                numbers[k + 1][j] = FN(add_1)(mean, FN(mul_1)(stdev, (REAL)z[1][j]));
            }
        }
        FN(deal)(numbers, block, n, call->out);
    }
}

#define RANDOM(op, distribution, N_ELEMENTS)                                \
    static TARGET void FN(op)(const kernel_call *call, kernel_state *state) \
    {                                                                       \
        FN(distribution)(call, state, N_ELEMENTS);                          \
    }

RANDOM(scalar_uniform, uniform, 1)
RANDOM(vector_uniform, uniform, call->n_features)
RANDOM(matrix_uniform, uniform, call->n_features * call->n_features)
RANDOM(scalar_gaussian, gaussian, 1)
RANDOM(vector_gaussian, gaussian, call->n_features)
RANDOM(matrix_gaussian, gaussian, call->n_features * call->n_features)

#undef PER_BLOCK
#undef BATCH
#undef BLOCKS_PER_BATCH
