/* A learner that was evolved, made by pyamlz $version. It predicts and goes on learning, to the interpreter's bits.
 *
 * State: $state bytes.$zeros Examples: $features features, $kind$classes.
 *
 *     learner_state state;
 *     learner_init(&state);
 *     REAL features[LEARNER_FEATURES];
 *     $predict
 *     $learn
 *
 * learner_self_test(&state) is 0 if this compiler and machine compute what the interpreter did, else how many numbers
 * differ; it uses the state and leaves it as learner_init does. Compile without -ffast-math.
$draws *
 * The program:
 *
$program
 */

#ifndef LEARNER_H
#define LEARNER_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__)
#  error "learner: compile without -ffast-math, which changes what is computed"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#  error "learner: numbers must be evaluated in their own type; on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif

/* A product and a sum must round twice, also where the machine could do both at once. */
#if defined(__clang__)
#  pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#  pragma GCC push_options
#  pragma GCC optimize("fp-contract=off")
#endif

$maths
#define LEARNER_FEATURES $features
${define_classes}

typedef struct learner_state {
$members
} learner_state;

typedef char learner_size_is_as_stated[sizeof(learner_state) == $state ? 1 : -1];

$zero_array
$helpers
$functions
/* Forgets everything. Call it before all others. */
static inline void learner_init(learner_state *state)
{
    memset(state, 0, sizeof *state);
${seeds}    learner_run_setup(state);
}

$calls
$self_test
$model
#if defined(__GNUC__) && !defined(__clang__)
#  pragma GCC pop_options
#endif

#endif
