/* Fused forms (kernels.h has the list), in the same terms as kernel_template.h, which includes this: each operation rounds as in
 * the two instructions that a form stands for. */

#define IN_PLACE_OF_SUM(suffix, x, t) CALL(add, suffix)(x, t)
#define IN_PLACE_OF_DIFFERENCE(suffix, x, t) CALL(sub, suffix)(x, t)

/* row[i] = base[i] (op) factor * b[i]; factor is a number a lane, loaded once for all i. */
#if LANES == 1
#  define SCALED_ROW(OPERATION)                                                                        \
      do {                                                                                             \
          const REAL f = *factor;                                                                      \
          size_t q = 0;                                                                                \
          PORT_UNROLL(4)                                                                               \
          for (; q + VL <= n; q += VL) {                                                               \
              STORE(row + q, OPERATION(_v, LOAD(base + q), FN(mul_v)(FN(spread_v)(f), LOAD(b + q))));  \
          }                                                                                            \
          for (; q < n; q++) {                                                                         \
              row[q] = OPERATION(_1, base[q], FN(mul_1)(f, b[q]));                                     \
          }                                                                                            \
      } while (0)
#else
#  define SCALED_ROW(OPERATION)                                                                        \
      for (size_t l = 0; l < LANES; l += VL) {                                                         \
          const VECTOR f = LOAD(factor + l);                                                           \
          PORT_UNROLL(4)                                                                               \
          for (size_t q = l; q < n; q += LANES) {                                                      \
              STORE(row + q, OPERATION(_v, LOAD(base + q), FN(mul_v)(f, LOAD(b + q))));                \
          }                                                                                            \
      }
#endif

#define VECTOR_FORM(form, OPERATION)                                              \
    static TARGET void FN(form)(const kernel_call *call, kernel_state *state)     \
    {                                                                             \
        const size_t n = call->n_features * LANES;                                \
        const REAL *base = call->in1, *factor = call->in2, *b = call->in3;        \
        REAL *row = call->out;                                                    \
        SCALED_ROW(OPERATION);                                                    \
        (void)state;                                                              \
    }
/* A row of an outer product is a vector, scaled by one number of the other. */
#define OUTER_FORM(form, OPERATION)                                               \
    static TARGET void FN(form)(const kernel_call *call, kernel_state *state)     \
    {                                                                             \
        const size_t n = call->n_features * LANES;                                \
        const REAL *base = call->in1, *factor = call->in2, *b = call->in3;        \
        REAL *row = call->out;                                                    \
        for (size_t r = 0; r < call->n_features; r++) {                           \
            SCALED_ROW(OPERATION);                                                \
            row += n;                                                             \
            base += n;                                                            \
            factor += LANES;                                                      \
        }                                                                         \
        (void)state;                                                              \
    }

VECTOR_FORM(vector_add_scaled, IN_PLACE_OF_SUM)
VECTOR_FORM(vector_subtract_scaled, IN_PLACE_OF_DIFFERENCE)
OUTER_FORM(matrix_add_outer, IN_PLACE_OF_SUM)
OUTER_FORM(matrix_subtract_outer, IN_PLACE_OF_DIFFERENCE)

#undef SCALED_ROW
