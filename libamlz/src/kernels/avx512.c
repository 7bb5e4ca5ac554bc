#include "base/portability.h"
#if PORT_HAS_AVX
#  define VARIANT avx512
#  define KERNEL_TABLE amlz__kernels_avx512
#  define LOOP_TABLE amlz__kernels_avx512_loops
#  define TARGET PORT_TARGET_AVX512
#  define VECTOR_BYTES 64
#  include "kernels/instantiate.h"
#else
typedef int kernels_avx512_is_not_for_this_machine;
#endif
