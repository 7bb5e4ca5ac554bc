#!/bin/sh
# Builds the programs of this folder for Cortex-M0, M4F and M7, runs them under QEMU, and prints for each
#
#     cortex-m0, linear: flash N, ram M, stack S, digest D
#
# in bytes: flash is code and constants with all that is linked, from the C library too; ram what is reserved of memory; stack
# the most that was used. The digest must be that of the host, which has the whole library. What is not here is said and left
# out; the exit status is 1 where a digest differs. To be called by `make device`:
#
#     [CPUS=...] [PROGRAMS=...] measure.sh BUILD LIBAMLZ.a LIBAMLZ_ARCHIVE.a
set -eu
libraries="$3 $2"
cpus=${CPUS:-cortex-m0 cortex-m4 cortex-m7}
programs=${PROGRAMS:-linear network model search}
mkdir -p "$1"
build=$(cd "$1" && pwd)
here=$(dirname "$0")
root=$here/..

# What each program reserves: what the library tells where pointers have 32 bits, and some more of what changes now and then.
memory_of() {
    case $1 in
    linear) echo "-DMEMORY_BYTES=1336" ;;
    network) echo "-DMEMORY_BYTES=5352" ;;
    model) echo "-DMEMORY_BYTES=5120 -DSCRATCH_BYTES=5632" ;;
    search) echo "-DTASKS_BYTES=1344 -DMEMORY_BYTES=88064" ;;
    esac
}
host_memory="-DMEMORY_BYTES=1000000 -DTASKS_BYTES=20000 -DSCRATCH_BYTES=60000"

source_of() {
    case $1 in linear | network) echo "$here/learner.c" ;; *) echo "$here/$1.c" ;; esac
}

options_of() {
    case $1 in
    cortex-m0) echo "-mcpu=cortex-m0" ;;
    cortex-m4) echo "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard" ;;
    cortex-m7) echo "-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard" ;;
    esac
}

# The micro:bit of QEMU gets more memory than the real one has, since the search wants it.
machine_of() {
    case $1 in
    cortex-m0) echo "microbit -global nrf51-soc.sram-size=262144" ;;
    cortex-m4) echo "mps2-an386" ;;
    cortex-m7) echo "mps2-an500" ;;
    esac
}

has() {
    command -v "$1" >/dev/null || { echo "$1 is not here: $2" >&2; return 1; }
}

# shellcheck disable=SC2086,SC2046 # options are several words
{
    cc=${CC:-cc}
    warnings="-std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
    includes="-I$build -I$root/include -I$root/src -I$root/../archive -I$here"

    $cc $warnings -I"$root/include" -o "$build/tailor" "$here/tailor.c" $libraries -lm
    (cd "$here" && "$build/tailor" linear.txt 16 float32 regression) >"$build/linear_build.h"
    (cd "$here" && "$build/tailor" network.txt 16 float32 binary) >"$build/network_build.h"
    cp "$here/model_build.h" "$here/search_build.h" "$build"
    {
        echo "static const unsigned char archive_bytes[] = {"
        od -An -v -tu1 "$root/../archive/golden/1.2-model.amlz" | sed 's/ *\([0-9][0-9]*\)/\1,/g'
        echo "};"
    } >"$build/archive_bytes.h"

    # Of the host only what a tailored header says of the program is taken, and not the options.
    for program in $programs; do
        case $program in
        linear | network) grep -v '#define AMLZ_CAPACITY' "$build/${program}_build.h" >"$build/host_build.h" ;;
        *) : >"$build/host_build.h" ;;
        esac
        $cc $warnings $includes $host_memory -include "$build/host_build.h" -o "$build/host-$program" \
            "$here/board_host.c" "$(source_of $program)" $libraries -lm
        "$build/host-$program" >"$build/host-$program.digest"
        echo "host, $program: digest $(cat "$build/host-$program.digest")"
    done

    has arm-none-eabi-gcc "nothing is built for devices" || exit 0
    is_running=1
    has qemu-system-arm "what is built is not run" || is_running=0
    status=0
    for cpu in $cpus; do
        for program in $programs; do
            image=$build/$cpu-$program.elf
            sources=$(echo "$root"/src/*/*.c)
            case $program in model*) sources="$sources $(echo "$root"/../archive/*.c)" ;; esac
            arm-none-eabi-gcc $warnings $includes $(memory_of $program) -DAMLZ_ARCHIVE_NO_FILES \
                -DAMLZ_BUILD="\"${program}_build.h\"" $(options_of $cpu) -mthumb -Os -flto=auto -ffp-contract=off \
                -fno-math-errno -ffunction-sections -fdata-sections -nostartfiles --specs=nano.specs -T "$here/board.ld" \
                -Wl,--gc-sections -o "$image" "$here/board_cortex_m.c" "$(source_of $program)" $sources -lm
            arm-none-eabi-size "$image" | {
                read -r _
                read -r text data bss _
                sizes="flash $((text + data)), ram $((data + bss))"
                if [ $is_running = 0 ]; then
                    echo "$cpu, $program: $sizes"
                    exit 0
                fi
                read -r stack digest <<EOF
$(timeout 120 qemu-system-arm -M $(machine_of $cpu) -nographic -semihosting -kernel "$image" </dev/null 2>&1)
EOF
                echo "$cpu, $program: $sizes, stack $((0x$stack)), digest $digest"
                [ "$digest" = "$(cat "$build/host-$program.digest")" ]
            } || { echo "$cpu, $program: this is not the digest of the host (all 0: too little is reserved)" >&2; status=1; }
        done
    done
    exit $status
}
