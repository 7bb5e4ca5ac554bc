#include "base/portability.h"
#if PORT_HAS_AVX
#  define VARIANT avx2
#  define KERNEL_TABLE amlz__kernels_avx2
#  define LOOP_TABLE amlz__kernels_avx2_loops
#  define TARGET PORT_TARGET_AVX2
#  define VECTOR_BYTES 32
#  include "kernels/instantiate.h"
#else
typedef int kernels_avx2_is_not_for_this_machine;
#endif
