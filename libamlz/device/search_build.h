/* A build for searches in float32, of programs of up to 8 instructions a function. */
#define AMLZ_CAPACITY 8
#define AMLZ_ADDRESSES 8
#define AMLZ_LANES 1
#define AMLZ_ONLY_FLOAT32
