/* How the library is compiled: what is refused. */
#ifndef AMLZ_CONFIG_H
#define AMLZ_CONFIG_H

#include <float.h>

#if defined(__FAST_MATH__)
#  error "libamlz promises the same bits everywhere: compile it without -ffast-math"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1
#  error "libamlz needs doubles that are evaluated as doubles: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif

#endif
