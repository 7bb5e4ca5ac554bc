#define VARIANT baseline
#define KERNEL_TABLE amlz__kernels_baseline
#define TARGET
#define VECTOR_BYTES 16
#include "kernels/instantiate.h"
