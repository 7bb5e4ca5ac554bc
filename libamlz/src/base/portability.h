/* All that depends on compiler or machine: vector types, target attributes, CPU detection, the floating-point environment.
 * With AMLZ_PLAIN_C, or a compiler that is neither gcc nor clang, everything falls back to strict C99. */
#ifndef AMLZ_PORTABILITY_H
#define AMLZ_PORTABILITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/config.h"

#if defined(__GNUC__) && !defined(AMLZ_PLAIN_C)
#  define PORT_GNU 1
#else
#  define PORT_GNU 0
#endif
#if PORT_GNU && (defined(__x86_64__) || (defined(__i386__) && defined(__SSE2__)))
#  define PORT_X86 1
#else
#  define PORT_X86 0
#endif
/* gcc for 64-bit Windows spills AVX registers to where the stack is not aligned for them (its bug 54412): programs crash. */
#if PORT_X86 && !(defined(_WIN64) && !defined(__clang__))
#  define PORT_HAS_AVX 1
#else
#  define PORT_HAS_AVX 0
#endif

/* The machine's sqrt: correctly rounded by IEEE 754, so no bit can differ. */
#if PORT_GNU
static inline double port_sqrt(double x) { return __builtin_sqrt(x); }
static inline float port_sqrtf(float x) { return __builtin_sqrtf(x); }
#else
#  include <math.h>
static inline double port_sqrt(double x) { return sqrt(x); }
static inline float port_sqrtf(float x) { return sqrtf(x); }
#endif

/* n numbers that are computed with at once, at any address. Without the extension, or on a machine without such
 * registers, kernels take one number at a time; so they do with NEON of 32-bit ARM, which flushes subnormal numbers. */
#if PORT_X86 || (PORT_GNU && defined(__aarch64__))
#  define PORT_HAS_VECTORS 1
#  define PORT_VECTOR(type, n) __attribute__((vector_size(sizeof(type) * (n)), aligned(sizeof(type)), may_alias))
#else
#  define PORT_HAS_VECTORS 0
#endif

/* Repeats a loop's body n times before it jumps back, but where code is to be small; only a hint. */
#if defined(__OPTIMIZE_SIZE__)
#  define PORT_UNROLL(n)
#elif PORT_GNU && defined(__clang__)
#  define PORT_UNROLL(n) PORT_PRAGMA(clang loop unroll_count(n))
#  define PORT_PRAGMA(text) _Pragma(#text)
#elif PORT_GNU
#  define PORT_UNROLL(n) PORT_PRAGMA(GCC unroll n)
#  define PORT_PRAGMA(text) _Pragma(#text)
#else
#  define PORT_UNROLL(n)
#endif

/* Instruction sets that functions can be compiled for one by one, and whether this CPU has them. */
#if PORT_HAS_AVX
#  define PORT_TARGET_AVX2 __attribute__((target("avx2")))
#  define PORT_TARGET_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
static inline int port_has_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }
static inline int port_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw");
}
#else
static inline int port_has_avx2(void) { return 0; }
static inline int port_has_avx512(void) { return 0; }
#endif

/* The floating-point environment: round to nearest, no flush to zero. port_fp_enter sets it and returns the caller's.
 * Compilers know nothing of it and may move arithmetic past either call, but not what reads memory past PORT_FENCE; so
 * what has to happen between the two either works on memory, or is a function of its own that is PORT_NOINLINE. */
#if PORT_GNU
#  define PORT_FENCE() __asm__ volatile("" : : : "memory")
#  define PORT_NOINLINE __attribute__((noinline))
#else
#  define PORT_FENCE() ((void)0)
#  define PORT_NOINLINE
#endif

/* For what loops can only take several of at once where they see into it. */
#if PORT_GNU
#  define PORT_ALWAYS_INLINE __attribute__((always_inline)) inline
#else
#  define PORT_ALWAYS_INLINE inline
#endif
#if PORT_X86
typedef uint32_t port_fp_state;
static inline port_fp_state port_fp_enter(void)
{
    uint32_t caller = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(0x1f80);
    PORT_FENCE();
    return caller;
}
static inline void port_fp_leave(port_fp_state caller)
{
    PORT_FENCE();
    __builtin_ia32_ldmxcsr(caller);
    PORT_FENCE();
}
#elif PORT_GNU && defined(__aarch64__)
typedef uint64_t port_fp_state;
static inline port_fp_state port_fp_enter(void)
{
    uint64_t caller;
    __asm__ volatile("mrs %0, fpcr" : "=r"(caller));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0) : "memory");
    return caller;
}
static inline void port_fp_leave(port_fp_state caller) { __asm__ volatile("msr fpcr, %0" : : "r"(caller) : "memory"); }
#elif PORT_GNU && defined(__arm__) && defined(__ARM_FP)
typedef uint32_t port_fp_state;
static inline port_fp_state port_fp_enter(void)
{
    uint32_t caller;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(caller));
    __asm__ volatile("vmsr fpscr, %0" : : "r"((uint32_t)0) : "memory");
    return caller;
}
static inline void port_fp_leave(port_fp_state caller) { __asm__ volatile("vmsr fpscr, %0" : : "r"(caller) : "memory"); }
#elif defined(__STDC_HOSTED__) && __STDC_HOSTED__ && !(PORT_GNU && defined(__arm__)) /* in software there are no modes */
#  include <fenv.h>
typedef fenv_t port_fp_state;
static inline port_fp_state port_fp_enter(void)
{
    fenv_t caller;
    fegetenv(&caller);
    fesetenv(FE_DFL_ENV);
    return caller;
}
static inline void port_fp_leave(port_fp_state caller) { fesetenv(&caller); }
#else
typedef int port_fp_state;
static inline port_fp_state port_fp_enter(void) { return 0; }
static inline void port_fp_leave(port_fp_state caller) { (void)caller; }
#endif

#endif
