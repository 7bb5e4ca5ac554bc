/* What of the library is built: see the comment on build.h in amlz.c. `tailor`, of the library's sources, makes a file to put
 * in place of this one, with no more than a program needs, and the program itself. */
#define AMLZ_CAPACITY 16
#define AMLZ_ADDRESSES 16
#define AMLZ_LANES 1
#define AMLZ_ONLY_FLOAT32
