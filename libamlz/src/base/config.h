/* How the library is compiled. The same bits everywhere is what it promises, so that no build breaks this promise: what
 * could is undone here or, where that cannot be done, refused. amlz_self_test finds what is left.
 *
 * This comes before all functions, since what is undone is undone from here on. */
#ifndef AMLZ_CONFIG_H
#define AMLZ_CONFIG_H

#include <float.h>

/* ---------------------------------------------------------------- refused */

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || defined(__ASSOCIATIVE_MATH__) || \
    defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__) || (defined(_M_FP_FAST) && !defined(__clang__))
#  error "libamlz promises the same bits everywhere: compile it without -ffast-math and what belongs to that"
#endif

/* 16 is 0 but for a type of 16 bits, which is not used; 1 rounds floats once more, which changes nothing. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1 && FLT_EVAL_METHOD != 16
#  if defined(__i386__) || defined(_M_IX86)
#    error "libamlz needs doubles that are evaluated as doubles: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#  else
#    error "libamlz needs floats and doubles that are evaluated as they are: FLT_EVAL_METHOD must be 0, 1 or 16"
#  endif
#endif

#if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || DBL_MANT_DIG != 53 || FLT_MAX_EXP != 128 || DBL_MAX_EXP != 1024
#  error "libamlz needs float and double to be those of IEEE 754"
#endif

/* There NEON takes subnormal numbers for zero, and this compiler uses it for loops. */
#if defined(__clang__) && defined(__arm__) && defined(__ARM_NEON) && !defined(AMLZ_NOT_VECTORIZED)
#  error "libamlz needs subnormal numbers: compile with -mfpu=vfpv3-d16, or with -fno-vectorize -fno-slp-vectorize -DAMLZ_NOT_VECTORIZED"
#endif

/* -fsingle-precision-constant */
typedef char amlz_needs_double_constants[sizeof 1.0 == sizeof(double) ? 1 : -1];

/* ---------------------------------------------------------------- undone: a * b + c as one rounding, sums in another order */

#if defined(__clang__)
#  if defined(__has_warning) && __has_warning("-Wignored-pragmas")
#    pragma clang diagnostic push
#    pragma clang diagnostic ignored "-Wignored-pragmas"
#  endif
#  pragma float_control(precise, on)
#  if __clang_major__ >= 11
#    pragma clang fp reassociate(off)
#  endif
#  pragma STDC FP_CONTRACT OFF
#  if defined(__has_warning) && __has_warning("-Wignored-pragmas")
#    pragma clang diagnostic pop
#  endif
#elif defined(__GNUC__)
#  pragma GCC optimize("fp-contract=off")
#elif defined(_MSC_VER)
#  pragma float_control(precise, on)
#  pragma fp_contract(off)
#else
#  pragma STDC FP_CONTRACT OFF
#endif

#endif
