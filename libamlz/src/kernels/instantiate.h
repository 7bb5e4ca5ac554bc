/* Instantiates the kernels of one instruction set: both precisions, each number of lanes, as far as they are
 * built (base/build.h). Include it with
 *   VARIANT       the end of all names
 *   KERNEL_TABLE, LOOP_TABLE  names of the tables that are made: by precision and lanes
 *   TARGET, VECTOR_BYTES   see kernel_template.h */
#include "base/mathfn.h"
#include "base/portability.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#define JOIN(a, b, c) JOIN_(a, b, c)
#define JOIN_(a, b, c) a##_##b##_##c

#if BUILD_FLOAT32
#  define REAL float
#  define REAL_BYTES 4
#  define LANES 1
#  define FN(name) JOIN(name, f32x1, VARIANT)
#  include "kernels/kernel_template.h"
#  if AMLZ_LANES >= 4
#    define REAL float
#    define REAL_BYTES 4
#    define LANES 4
#    define FN(name) JOIN(name, f32x4, VARIANT)
#    include "kernels/kernel_template.h"
#  endif
#  if AMLZ_LANES >= 8
#    define REAL float
#    define REAL_BYTES 4
#    define LANES 8
#    define FN(name) JOIN(name, f32x8, VARIANT)
#    include "kernels/kernel_template.h"
#  endif
#  if AMLZ_LANES >= 16
#    define REAL float
#    define REAL_BYTES 4
#    define LANES 16
#    define FN(name) JOIN(name, f32x16, VARIANT)
#    include "kernels/kernel_template.h"
#  endif
#endif

#if BUILD_FLOAT64
#  define REAL double
#  define REAL_BYTES 8
#  define LANES 1
#  define FN(name) JOIN(name, f64x1, VARIANT)
#  include "kernels/kernel_template.h"
#  if AMLZ_LANES >= 4
#    define REAL double
#    define REAL_BYTES 8
#    define LANES 4
#    define FN(name) JOIN(name, f64x4, VARIANT)
#    include "kernels/kernel_template.h"
#  endif
#  if AMLZ_LANES >= 8
#    define REAL double
#    define REAL_BYTES 8
#    define LANES 8
#    define FN(name) JOIN(name, f64x8, VARIANT)
#    include "kernels/kernel_template.h"
#  endif
#  if AMLZ_LANES >= 16
#    define REAL double
#    define REAL_BYTES 8
#    define LANES 16
#    define FN(name) JOIN(name, f64x16, VARIANT)
#    include "kernels/kernel_template.h"
#  endif
#endif

#define SET(kind, real, lanes) &JOIN(kind, real##x##lanes, VARIANT)
#if BUILD_FLOAT32
#  define F32(kind, lanes) SET(kind, f32, lanes)
#else
#  define F32(kind, lanes) NULL
#endif
#if BUILD_FLOAT64
#  define F64(kind, lanes) SET(kind, f64, lanes)
#else
#  define F64(kind, lanes) NULL
#endif
#if AMLZ_LANES >= 16
#  define LANES_OF(kind, real) {real(kind, 1), real(kind, 4), real(kind, 8), real(kind, 16)}
#elif AMLZ_LANES >= 8
#  define LANES_OF(kind, real) {real(kind, 1), real(kind, 4), real(kind, 8), NULL}
#elif AMLZ_LANES >= 4
#  define LANES_OF(kind, real) {real(kind, 1), real(kind, 4), NULL, NULL}
#else
#  define LANES_OF(kind, real) {real(kind, 1), NULL, NULL, NULL}
#endif
kernel_table KERNEL_TABLE = {LANES_OF(kernels, F32), LANES_OF(kernels, F64)};
kernel_loop_table LOOP_TABLE = {LANES_OF(loops, F32), LANES_OF(loops, F64)};

#undef VARIANT
#undef KERNEL_TABLE
#undef LOOP_TABLE
#undef TARGET
#undef VECTOR_BYTES
