#define VARIANT baseline
#define KERNEL_TABLE kernels_baseline
#define TARGET
#define VECTOR_BYTES 16
#include "kernels_variant.h"
