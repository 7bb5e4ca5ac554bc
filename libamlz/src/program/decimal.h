/* Doubles to decimal text and back, exactly: no locale, no stdio, no allocation, no floating-point arithmetic. */
#ifndef AMLZ_DECIMAL_H
#define AMLZ_DECIMAL_H

#include <stddef.h>

/* Room for any printed number and its NUL; the longest is -2.2250738585072014e-308. */
#define DECIMAL_SIZE 25

/* Writes the shortest text that amlz__decimal_parse reads as the same double, and of those the one nearest to x. It always
 * looks like a real: 1.0, 0.1, -2.4, 1e-10, 2.5e+20, -0.0 (as Python's repr has it). NaN and infinity, which are no
 * numbers to amlz__decimal_parse, become nan, inf, -inf. Ends it with a NUL; returns its length without that. */
size_t amlz__decimal_print(double x, char *out);

/* Reads the longest number that text begins with: [+-] digits [. digits] [e [+-] digits], where digits may be missing
 * on one side of the point. Rounds correctly (ties to even) whatever its length; what is too large becomes infinity.
 * Returns how many characters it took; 0, with *value as it was, if no number stands there. */
size_t amlz__decimal_parse(const char *text, size_t length, double *value);

#endif
