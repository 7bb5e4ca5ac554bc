#define VARIANT baseline
#define KERNEL_TABLE amlz__kernels_baseline
#define LOOP_TABLE amlz__kernels_baseline_loops
#define TARGET
#define VECTOR_BYTES 16
#include "kernels/instantiate.h"
