#!/bin/sh
# What exported learners need on Cortex-M0 and M4, in bytes. Needs pyamlz and arm-none-eabi-gcc with newlib.
set -e
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cat >"$folder/alone.c" <<'C'
#include "learner.h"
learner_state state;
void init(void) { learner_init(&state); }
float predict(const float *x) { return learner_predict(&state, x); }
float learn(const float *x, float y) { return learner_learn(&state, x, y); }
C
cat >"$folder/whole.c" <<'C'
#include "learner.h"
learner_state state;
float x[LEARNER_FEATURES];
int main(void)
{
    learner_init(&state);
    learner_learn(&state, x, 1);
    return learner_predict(&state, x) > 0;
}
C
for program in linear_regressor neural_network evolved_linear_form; do
    pyamlz export $program --lang c --features 16 --kind binary -o "$folder/learner.h"
    for cpu in "cortex-m0 -mfloat-abi=soft" "cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard"; do
        # shellcheck disable=SC2086 # the options are several words
        compile() { arm-none-eabi-gcc -std=c99 -mthumb -mcpu=$cpu -Os -ffunction-sections "$@"; }
        compile -c "$folder/alone.c" -o "$folder/alone.o"
        compile --specs=nano.specs --specs=nosys.specs -Wl,--gc-sections "$folder/whole.c" -o "$folder/whole" -lm 2>/dev/null
        echo "$program, ${cpu%% *}"
        arm-none-eabi-size "$folder/alone.o" "$folder/whole" | sed "s|$folder/||"
    done
done
