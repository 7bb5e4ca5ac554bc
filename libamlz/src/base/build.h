/* What of the library is built: all of it, or less for a device with little memory. Options are given to the compiler, the
 * same for all files of the library and for those that include amlz.h (-DAMLZ_LANES=1), or in a header of one's own that
 * all of these include first: -DAMLZ_BUILD='"my_build.h"'. What is left computes the bits that it always does.
 *
 *   AMLZ_CAPACITY      the most instructions of a component function, 64; more about it in amlz.h
 *   AMLZ_ADDRESSES     the most scalars, vectors or matrices, 256; programs are analysed in 12 bytes of stack for each
 *   AMLZ_ONLY_FLOAT32, AMLZ_ONLY_FLOAT64   if one of these is defined, the other precision is AMLZ_ERROR_UNSUPPORTED
 *   AMLZ_ONLY_LABEL    if it is defined, as AMLZ_REGRESSION, the only kind of label; the others are AMLZ_ERROR_ARGUMENT
 *   AMLZ_LANES         the most tasks that run side by side: 1, 4, 8 or 16. A learner needs one
 *   AMLZ_OPS(OP)       if it is defined, the only ops besides no_op and scalar_constant, by their names in ops.def,
 *                      as OP(dot_product) OP(scalar_product); a program with another is AMLZ_ERROR_PROGRAM
 */
#ifndef AMLZ_BUILD_H
#define AMLZ_BUILD_H

#include "amlz.h"

#ifndef AMLZ_ADDRESSES
#  define AMLZ_ADDRESSES AMLZ_MAX_ADDRESSES
#endif
#ifndef AMLZ_LANES
#  define AMLZ_LANES 16
#endif

#if AMLZ_CAPACITY < 1 || AMLZ_CAPACITY > 255
#  error "AMLZ_CAPACITY must be from 1 to 255: random instructions are numbered in eight bits"
#endif
#if AMLZ_ADDRESSES < 3 || AMLZ_ADDRESSES > AMLZ_MAX_ADDRESSES
#  error "AMLZ_ADDRESSES must be from 3 to 256"
#endif
#if AMLZ_LANES != 1 && AMLZ_LANES != 4 && AMLZ_LANES != 8 && AMLZ_LANES != 16
#  error "AMLZ_LANES must be 1, 4, 8 or 16"
#endif
#if defined(AMLZ_ONLY_FLOAT32) && defined(AMLZ_ONLY_FLOAT64)
#  error "AMLZ_ONLY_FLOAT32 and AMLZ_ONLY_FLOAT64: one of them, or neither for both precisions"
#endif

#ifdef AMLZ_ONLY_FLOAT64
#  define BUILD_FLOAT32 0
#else
#  define BUILD_FLOAT32 1
#endif
#ifdef AMLZ_ONLY_FLOAT32
#  define BUILD_FLOAT64 0
#else
#  define BUILD_FLOAT64 1
#endif

/* Whether a kind of label is this one; where there is but one kind, compilers leave out what is for others. */
#ifdef AMLZ_ONLY_LABEL
#  define BUILD_HAS_LABEL(label) ((label) == AMLZ_ONLY_LABEL)
#  define BUILD_LABEL_IS(kind, label) ((void)(kind), (label) == AMLZ_ONLY_LABEL)
#else
#  define BUILD_HAS_LABEL(label) ((label) <= AMLZ_MULTICLASS)
#  define BUILD_LABEL_IS(kind, label) ((kind) == (label))
#endif

/* 1 where something is left out. */
#if defined(AMLZ_ONLY_FLOAT32) || defined(AMLZ_ONLY_FLOAT64) || defined(AMLZ_ONLY_LABEL) || defined(AMLZ_OPS) || AMLZ_LANES != 16
#  define BUILD_IS_PART 1
#else
#  define BUILD_IS_PART 0
#endif

#endif
