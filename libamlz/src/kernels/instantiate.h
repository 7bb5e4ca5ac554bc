/* Instantiates the kernels of one instruction set: both precisions, each number of lanes. Include it with
 *   VARIANT       the end of all names
 *   KERNEL_TABLE  the name of the table that is made: by precision and lanes
 *   TARGET, VECTOR_BYTES   see kernel_template.h */
#include "base/mathfn.h"
#include "base/portability.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#define JOIN(a, b, c) JOIN_(a, b, c)
#define JOIN_(a, b, c) a##_##b##_##c

#define REAL float
#define REAL_BYTES 4
#define LANES 1
#define FN(name) JOIN(name, f32x1, VARIANT)
#include "kernels/kernel_template.h"

#define REAL float
#define REAL_BYTES 4
#define LANES 4
#define FN(name) JOIN(name, f32x4, VARIANT)
#include "kernels/kernel_template.h"

#define REAL float
#define REAL_BYTES 4
#define LANES 8
#define FN(name) JOIN(name, f32x8, VARIANT)
#include "kernels/kernel_template.h"

#define REAL float
#define REAL_BYTES 4
#define LANES 16
#define FN(name) JOIN(name, f32x16, VARIANT)
#include "kernels/kernel_template.h"

#define REAL double
#define REAL_BYTES 8
#define LANES 1
#define FN(name) JOIN(name, f64x1, VARIANT)
#include "kernels/kernel_template.h"

#define REAL double
#define REAL_BYTES 8
#define LANES 4
#define FN(name) JOIN(name, f64x4, VARIANT)
#include "kernels/kernel_template.h"

#define REAL double
#define REAL_BYTES 8
#define LANES 8
#define FN(name) JOIN(name, f64x8, VARIANT)
#include "kernels/kernel_template.h"

#define REAL double
#define REAL_BYTES 8
#define LANES 16
#define FN(name) JOIN(name, f64x16, VARIANT)
#include "kernels/kernel_template.h"

#define SET(real, lanes) &JOIN(kernels, real##x##lanes, VARIANT)
kernel_table KERNEL_TABLE = {
    {SET(f32, 1), SET(f32, 4), SET(f32, 8), SET(f32, 16)},
    {SET(f64, 1), SET(f64, 4), SET(f64, 8), SET(f64, 16)},
};
