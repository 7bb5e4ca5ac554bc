/* Kernels that add numbers up, in the same terms as kernel_template.h, which includes this and has the order of sums. */

#define COMBINE(suffix, p)                                                                             \
    CALL(add, suffix)(CALL(add, suffix)(CALL(add, suffix)(p[0], p[4]), CALL(add, suffix)(p[2], p[6])), \
                      CALL(add, suffix)(CALL(add, suffix)(p[1], p[5]), CALL(add, suffix)(p[3], p[7])))

/* STEP(suffix, k, at, TERM) for the elements at = first .. n - 1 in rising order, where k = at mod 8 is the partial sum
 * that each goes to; first is a multiple of 8. */
#define IN_ORDER(first, n, STEP, suffix, TERM)                         \
    do {                                                               \
        size_t done = (first);                                         \
        for (; done + 8 <= (n); done += 8) {                           \
            PORT_UNROLL(8)                                             \
            for (size_t k = 0; k < 8; k++) {                           \
                STEP(suffix, k, done + k, TERM);                       \
            }                                                          \
        }                                                              \
        switch ((n) - done) {                                          \
        case 7: STEP(suffix, 6, done + 6, TERM); /* fallthrough */     \
        case 6: STEP(suffix, 5, done + 5, TERM); /* fallthrough */     \
        case 5: STEP(suffix, 4, done + 4, TERM); /* fallthrough */     \
        case 4: STEP(suffix, 3, done + 3, TERM); /* fallthrough */     \
        case 3: STEP(suffix, 2, done + 2, TERM); /* fallthrough */     \
        case 2: STEP(suffix, 1, done + 1, TERM); /* fallthrough */     \
        case 1: STEP(suffix, 0, done, TERM); /* fallthrough */         \
        default: break;                                                \
        }                                                              \
    } while (0)

/* p[k] = TERM and p[k] += TERM, where TERM is an expression of the element's number `at` */
#define SET_TERM(suffix, k, element, TERM)         \
    do {                                           \
        const size_t at = (element);               \
        p[k] = TERM;                               \
    } while (0)
#define ADD_TERM(suffix, k, element, TERM)         \
    do {                                           \
        const size_t at = (element);               \
        p[k] = CALL(add, suffix)(p[k], TERM);      \
    } while (0)

/* sum = TERM for `at` from 0 to n - 1, added up in the one order; all of type T. Partial sums begin with their first
 * terms; four terms, which short vectors often have, make one each. */
#define SUM_IN_ORDER(T, suffix, sum, n, TERM)                                                            \
    do {                                                                                                 \
        T p[8];                                                                                          \
        if ((n) == 4) {                                                                                  \
            IN_ORDER(0, (size_t)4, SET_TERM, suffix, TERM);                                              \
            (sum) = CALL(add, suffix)(CALL(add, suffix)(p[0], p[2]), CALL(add, suffix)(p[1], p[3]));     \
            break;                                                                                       \
        }                                                                                                \
        if ((n) < 8) {                                                                                   \
            PORT_UNROLL(8)                                                                               \
            for (size_t k = 0; k < 8; k++) {                                                             \
                p[k] = CALL(spread, suffix)((REAL)-0.0);                                                 \
            }                                                                                            \
            IN_ORDER(0, n, ADD_TERM, suffix, TERM);                                                      \
        } else {                                                                                         \
            IN_ORDER(0, (size_t)8, SET_TERM, suffix, TERM);                                              \
            IN_ORDER(8, n, ADD_TERM, suffix, TERM);                                                      \
        }                                                                                                \
        (sum) = COMBINE(suffix, p);                                                                      \
    } while (0)

/* The sum over n elements that lie side by side, one sum a lane; c is a number a lane. With one lane a vector holds VL of
 * the eight partial sums. EXPRESSION is a macro over the suffix, of a, b and c. */
#if LANES == 1
/* The eight sums in p, as COMBINE adds them; the first four of these additions side by side. */
static inline TARGET REAL FN(combine_sums)(const REAL p[8])
{
#  if PORT_HAS_VECTORS
    typedef REAL half PORT_VECTOR(REAL, 4);
    const half sums = *(const half *)p + *(const half *)(p + 4);
    return FN(add_1)(FN(add_1)(sums[0], sums[2]), FN(add_1)(sums[1], sums[3]));
#  else
    return COMBINE(_1, p);
#  endif
}

#  define DEFINE_SUM(name, EXPRESSION)                                                                            \
      static inline TARGET REAL FN(name##_term)(REAL a, REAL b, REAL c)                                           \
      {                                                                                                           \
          (void)b, (void)c;                                                                                       \
          return EXPRESSION(_1);                                                                                  \
      }                                                                                                           \
      static inline TARGET void FN(name)(const REAL *in1, const REAL *in2, const REAL *in3, size_t n, REAL *sum)  \
      {                                                                                                           \
          if (n == 4) {                                                                                           \
              SUM_IN_ORDER(REAL, _1, *sum, n, FN(name##_term)(in1[at], in2[at], *in3));                           \
              return;                                                                                             \
          }                                                                                                       \
          VECTOR partial[8 / VL];                                                                                 \
          REAL p[8];                                                                                              \
          size_t i = 0;                                                                                           \
          for (size_t k = 0; k < 8 / VL; k++) {                                                                   \
              partial[k] = FN(spread_v)((REAL)-0.0);                                                              \
          }                                                                                                       \
          for (; i + 8 <= n; i += 8) {                                                                            \
              PORT_UNROLL(8)                                                                                      \
              for (size_t k = 0; k < 8 / VL; k++) {                                                               \
                  const VECTOR a = LOAD(in1 + i + k * VL), b = LOAD(in2 + i + k * VL), c = FN(spread_v)(*in3);    \
                  partial[k] = FN(add_v)(partial[k], EXPRESSION(_v));                                             \
                  (void)b, (void)c;                                                                               \
              }                                                                                                   \
          }                                                                                                       \
          memcpy(p, partial, sizeof p);                                                                           \
          for (size_t k = 0; i < n; i++, k++) {                                                                   \
              p[k] = FN(add_1)(p[k], FN(name##_term)(in1[i], in2[i], *in3));                                      \
          }                                                                                                       \
          *sum = FN(combine_sums)(p);                                                                             \
      }
#else
#  define DEFINE_SUM(name, EXPRESSION)                                                                            \
      static inline TARGET VECTOR FN(name##_term)(VECTOR a, VECTOR b, VECTOR c)                                   \
      {                                                                                                           \
          (void)b, (void)c;                                                                                       \
          return EXPRESSION(_v);                                                                                  \
      }                                                                                                           \
      static inline TARGET void FN(name)(const REAL *in1, const REAL *in2, const REAL *in3, size_t n, REAL *sum)  \
      {                                                                                                           \
          for (size_t l = 0; l < LANES; l += VL) {                                                                \
              const REAL *a = in1 + l, *b = in2 + l;                                                              \
              const VECTOR c = LOAD(in3 + l);                                                                     \
              VECTOR result;                                                                                      \
              SUM_IN_ORDER(VECTOR, _v, result, n, FN(name##_term)(LOAD(a + at * LANES), LOAD(b + at * LANES), c)); \
              STORE(sum + l, result);                                                                             \
          }                                                                                                       \
      }
#endif

#define PRODUCT_TERM(suffix) CALL(mul, suffix)(a, b)
#define VALUE_TERM(suffix) a
#define DEVIATION_TERM(suffix) CALL(mul, suffix)(CALL(sub, suffix)(a, c), CALL(sub, suffix)(a, c))

DEFINE_SUM(sum_products, PRODUCT_TERM)
DEFINE_SUM(sum_values, VALUE_TERM)
DEFINE_SUM(sum_squared_deviations, DEVIATION_TERM)

/* Statistics of n elements side by side, a number a lane. */
static inline TARGET void FN(norm_of)(const REAL *in, size_t n, REAL *out)
{
    FN(sum_products)(in, in, in, n, out);
    for (int l = 0; l < LANES; l++) {
        out[l] = SQRT(out[l]);
    }
}
static inline TARGET void FN(mean_of)(const REAL *in, size_t n, REAL *out)
{
    FN(sum_values)(in, in, in, n, out);
    for (int l = 0; l < LANES; l++) {
        out[l] = FN(div_1)(out[l], (REAL)n);
    }
}
static inline TARGET void FN(std_of)(const REAL *in, size_t n, REAL *out)
{
    REAL mean[LANES];
    FN(mean_of)(in, n, mean);
    FN(sum_squared_deviations)(in, in, mean, n, out);
    for (int l = 0; l < LANES; l++) {
        out[l] = SQRT(FN(div_1)(out[l], (REAL)n));
    }
}

#define WHOLE(op, statistic, N_ELEMENTS)                                    \
    static TARGET void FN(op)(const kernel_call *call, kernel_state *state) \
    {                                                                       \
        FN(statistic)(call->in1, N_ELEMENTS, call->out);                    \
        (void)state;                                                        \
    }
#define BY_ROW(op, statistic)                                                    \
    static TARGET void FN(op)(const kernel_call *call, kernel_state *state)      \
    {                                                                            \
        const size_t n = call->n_features, row = n * LANES;                      \
        const REAL *in = call->in1;                                              \
        REAL *out = call->out;                                                   \
        for (size_t r = 0; r < n; r++) {                                         \
            FN(statistic)(in + r * row, n, out + r * LANES);                     \
        }                                                                        \
        (void)state;                                                             \
    }

WHOLE(vector_norm, norm_of, call->n_features)
WHOLE(vector_mean, mean_of, call->n_features)
WHOLE(vector_std, std_of, call->n_features)
WHOLE(matrix_norm, norm_of, call->n_features * call->n_features)
WHOLE(matrix_mean, mean_of, call->n_features * call->n_features)
WHOLE(matrix_std, std_of, call->n_features * call->n_features)
BY_ROW(row_norm, norm_of)
BY_ROW(row_mean, mean_of)
BY_ROW(row_std, std_of)

static TARGET void FN(dot_product)(const kernel_call *call, kernel_state *state)
{
    FN(sum_products)(call->in1, call->in2, call->in1, call->n_features, call->out);
    (void)state;
}

/* Where the output is also an input that must be read to the end, the result waits in the scratch matrix. */
static inline TARGET REAL *FN(apart)(const kernel_call *call, const kernel_state *state)
{
    return call->out == call->in1 || call->out == call->in2 ? state->scratch : call->out;
}
static inline TARGET void FN(deliver)(const kernel_call *call, const REAL *result, size_t n)
{
    if (result != call->out) {
        memcpy(call->out, result, n * sizeof(REAL));
    }
}

/* Several rows of a matrix times the same vector: each of its numbers is loaded once, and sums that do not depend on each
 * other hide how long an addition takes. */
#if PORT_HAS_VECTORS && LANES == 1
#  define ROWS 4
static inline TARGET void FN(multiply_rows)(const REAL *matrix, const REAL *vector, size_t n, REAL *out)
{
    VECTOR partial[ROWS][8 / VL];
    REAL p[ROWS][8];
    size_t i = 0;
    for (size_t k = 0; k < ROWS * (8 / VL); k++) {
        partial[k / (8 / VL)][k % (8 / VL)] = FN(spread_v)((REAL)-0.0);
    }
    for (; i + 8 <= n; i += 8) {
        PORT_UNROLL(8)
        for (size_t k = 0; k < 8 / VL; k++) {
            const VECTOR v = LOAD(vector + i + k * VL);
            PORT_UNROLL(4)
            for (size_t r = 0; r < ROWS; r++) {
                partial[r][k] = FN(add_v)(partial[r][k], FN(mul_v)(LOAD(matrix + r * n + i + k * VL), v));
            }
        }
    }
    memcpy(p, partial, sizeof p);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t at = i; at < n; at++) {
            p[r][at - i] = FN(add_1)(p[r][at - i], FN(mul_1)(matrix[r * n + at], vector[at]));
        }
        out[r] = FN(combine_sums)(p[r]);
    }
}
#elif PORT_HAS_VECTORS
#  define ROWS 4
typedef struct FN(sums) {
    VECTOR of[ROWS];
} FN(sums);

/* Partial sum k of each row: the terms k, k + 8 ... of n, which are one at least. */
static PORT_ALWAYS_INLINE TARGET FN(sums) FN(partial)(const REAL *matrix, const REAL *vector, size_t n, size_t k)
{
    FN(sums) p;
    const VECTOR first = LOAD(vector + k * LANES);
    PORT_UNROLL(4)
    for (size_t r = 0; r < ROWS; r++) {
        p.of[r] = FN(mul_v)(LOAD(matrix + (r * n + k) * LANES), first);
    }
    for (size_t at = k + 8; at < n; at += 8) {
        const VECTOR v = LOAD(vector + at * LANES);
        PORT_UNROLL(4)
        for (size_t r = 0; r < ROWS; r++) {
            p.of[r] = FN(add_v)(p.of[r], FN(mul_v)(LOAD(matrix + (r * n + at) * LANES), v));
        }
    }
    return p;
}

static PORT_ALWAYS_INLINE TARGET FN(sums) FN(add_sums)(FN(sums) a, FN(sums) b)
{
    PORT_UNROLL(4)
    for (size_t r = 0; r < ROWS; r++) {
        a.of[r] = FN(add_v)(a.of[r], b.of[r]);
    }
    return a;
}

#  define PAIR(k, j) FN(add_sums)(FN(partial)(matrix, vector, n, k), FN(partial)(matrix, vector, n, j))
static PORT_ALWAYS_INLINE TARGET FN(sums) FN(sum_rows)(const REAL *matrix, const REAL *vector, size_t n)
{
    if (n == 4) {
        return FN(add_sums)(PAIR(0, 2), PAIR(1, 3));
    }
    const FN(sums) even = FN(add_sums)(PAIR(0, 4), PAIR(2, 6));
    return FN(add_sums)(even, FN(add_sums)(PAIR(1, 5), PAIR(3, 7)));
}
#  undef PAIR

static inline TARGET void FN(multiply_rows)(const REAL *matrix, const REAL *vector, size_t n, REAL *out)
{
    for (size_t l = 0; l < LANES; l += VL) {
        const FN(sums) sum = FN(sum_rows)(matrix + l, vector + l, n);
        for (size_t r = 0; r < ROWS; r++) {
            STORE(out + r * LANES + l, sum.of[r]);
        }
    }
}
#else
#  define ROWS 1
static inline TARGET void FN(multiply_rows)(const REAL *matrix, const REAL *vector, size_t n, REAL *out)
{
    FN(sum_products)(matrix, vector, vector, n, out);
}
#endif

static TARGET void FN(matrix_vector_product)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features, row = n * LANES;
    const REAL *matrix = call->in1, *vector = call->in2;
    REAL *out = FN(apart)(call, state);
    size_t r = 0;
    const int has_rows = ROWS > 1 && (n >= 8 || (LANES > 1 && n == 4)); /* else a partial sum may have no term */
    for (; has_rows && r + ROWS <= n; r += ROWS) {
        FN(multiply_rows)(matrix + r * row, vector, n, out + r * LANES);
    }
    for (; r < n; r++) {
        FN(sum_products)(matrix + r * row, vector, vector, n, out + r * LANES);
    }
    FN(deliver)(call, out, row);
}

/* Row r of the result at q: the sum over k of in1[r][k] in2[k][q]. */
static TARGET void FN(matrix_multiply)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features, row = n * LANES;
    const REAL *in1 = call->in1, *in2 = call->in2;
    REAL *out = FN(apart)(call, state);
    for (size_t r = 0; r < n; r++) {
        const REAL *left = in1 + r * row;
        size_t q = 0;
        for (; q + VL <= row; q += VL) {
            VECTOR sum;
            SUM_IN_ORDER(VECTOR, _v, sum, n, FN(mul_v)(LOAD_LANES(left + at * LANES, q), LOAD(in2 + at * row + q)));
            STORE(out + r * row + q, sum);
        }
        for (; q < row; q++) {
            SUM_IN_ORDER(REAL, _1, out[r * row + q], n, FN(mul_1)(left[at], in2[at * row + q]));
        }
    }
    FN(deliver)(call, out, n * row);
}

static TARGET void FN(column_norm)(const kernel_call *call, kernel_state *state)
{
    const size_t n = call->n_features, row = n * LANES;
    const REAL *in = call->in1;
    REAL *out = call->out;
    size_t q = 0;
    for (; q + VL <= row; q += VL) {
        VECTOR sum;
        SUM_IN_ORDER(VECTOR, _v, sum, n, FN(mul_v)(LOAD(in + at * row + q), LOAD(in + at * row + q)));
        STORE(out + q, sum);
    }
    for (; q < row; q++) {
        SUM_IN_ORDER(REAL, _1, out[q], n, FN(mul_1)(in[at * row + q], in[at * row + q]));
    }
    for (q = 0; q < row; q++) {
        out[q] = SQRT(out[q]);
    }
    (void)state;
}
