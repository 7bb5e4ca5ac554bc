"""Builds of a part of the library: they compute what the whole does, and refuse the rest; on microcontrollers too."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from building import JOBS, LIBRARY, need, run

DEVICE = LIBRARY / "device"

# What a build that is tailored to linear.txt says of other things.
REFUSALS = r"""
#include <stdio.h>
#include "amlz.h"
static void tell_size(const amlz_learner_config *config)
{
    const char *reason;
    const size_t size = amlz_learner_size(config, &reason);
    printf("%u %s\n", (unsigned)size, reason);
}
int main(void)
{
    static const amlz_program linear = TAILORED_PROGRAM;
    static unsigned char memory[100000];
    amlz_learner_config config = {sizeof config, TAILORED_DIMS, TAILORED_PRECISION, 0, 0, 0, 0};
    amlz_program other = linear;
    amlz_error error;
    const char *reason;
    printf("%d\n", amlz_learner_init(memory, sizeof memory, &config, &linear, &reason) != NULL);
    other.code[AMLZ_LEARN][3].op = 24; /* vector_difference */
    printf("%d\n", amlz_learner_init(memory, sizeof memory, &config, &other, &reason) == NULL);
    printf("%s, ", amlz_status_name(amlz_program_check(&other, &config.dims, &error)));
    printf("line %u: %s\n", (unsigned)error.line, error.message);
    printf("%s\n", amlz_op(24) == NULL ? "no op 24" : amlz_op(24)->name);
    printf("%s\n", amlz_status_name(amlz_program_parse("def Learn():\n v2 = v1 - v0\n", 27, 16, &other, &error)));
    config.precision = AMLZ_FLOAT64;
    tell_size(&config);
    config.precision = AMLZ_FLOAT32;
    config.dims.label = AMLZ_BINARY;
    tell_size(&config);
    config.dims.label = AMLZ_REGRESSION;
    config.dims.n_scalars = 5;
    tell_size(&config);
    printf("%s\n", amlz_status_name(amlz_self_test(&reason)));
    return 0;
}
"""


@pytest.fixture(scope="module")
def tailor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("make", "cc")
    run("make", JOBS, "-C", LIBRARY, "BUILD=build", "build/libamlz.a")
    tool = tmp_path_factory.mktemp("tailor") / "tailor"
    run(
        "cc",
        "-std=c99",
        f"-I{LIBRARY}/include",
        "-o",
        tool,
        DEVICE / "tailor.c",
        LIBRARY / "build" / "libamlz.a",
        "-lm",
    )
    return tool


def part(folder: Path, header: str, source: Path, *options: str) -> Path:
    """A program with a build of the library for this machine, tailored to it."""
    (folder / "own_build.h").write_text(header)
    program = folder / "program"
    sources = sorted((LIBRARY / "src").glob("*/*.c"))
    include = [f"-I{LIBRARY}/{name}" for name in ("include", "src", "device")]
    flags = ["-std=c99", "-O1", "-ffp-contract=off", "-fno-math-errno", '-DAMLZ_BUILD="own_build.h"', f"-I{folder}"]
    run("cc", *flags, *include, *options, "-o", program, source, *sources, "-lm")
    return program


def test_refusals(tailor: Path, tmp_path: Path) -> None:
    (tmp_path / "refusals.c").write_text(REFUSALS)
    header = run(tailor, "linear.txt", "16", "float32", "regression", cwd=DEVICE)
    assert run(part(tmp_path, header, tmp_path / "refusals.c")).splitlines() == [
        "1",
        "1",
        "invalid program, line 4: an op that this build of the library leaves out",
        "no op 24",
        "syntax error",
        "0 this build of the library leaves the precision out",
        "0 this build of the library leaves out labels of this kind",
        "0 n_scalars must be from 2 to AMLZ_ADDRESSES",
        "not supported here",
    ]


@pytest.mark.parametrize(("name", "label"), [("linear", "regression"), ("network", "binary")])
def test_the_same_bits(tailor: Path, tmp_path: Path, name: str, label: str) -> None:
    """Of a tailored build and of the whole library."""
    header = run(tailor, f"{name}.txt", "16", "float32", label, cwd=DEVICE)
    board, source = str(DEVICE / "board_host.c"), DEVICE / "learner.c"
    found = run(part(tmp_path, header, source, "-DMEMORY_BYTES=100000", board))
    (tmp_path / "whole.h").write_text(re.sub(r"#define AMLZ_CAPACITY \d+\n", "", header))
    whole = tmp_path / "whole"
    options = ["-DMEMORY_BYTES=100000", f"-I{LIBRARY}/include", "-include", tmp_path / "whole.h", "-o", whole]
    run("cc", "-std=c99", *options, board, source, LIBRARY / "build" / "libamlz.a", "-lm")
    assert found == run(whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear.txt", "16", "float32"], "arguments: PROGRAM.txt FEATURES"),
        (["linear.txt", "16", "float16", "binary"], "arguments: PROGRAM.txt FEATURES"),
        (["linear.txt", "16", "float32", "ranking"], "ranking: expected regression, binary or a number of classes"),
        (["linear.txt", "0", "float32", "binary"], "linear.txt: program and dims must be given"),
        (["nowhere.txt", "16", "float32", "binary"], "nowhere.txt: it cannot be read"),
        (["board.h", "16", "float32", "binary"], "board.h, line 1: "),
    ],
)
def test_what_tailor_refuses(tailor: Path, arguments: list[str], message: str) -> None:
    found = subprocess.run([tailor, *arguments], cwd=DEVICE, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stdout == ""
    assert message in found.stderr


def test_on_microcontrollers() -> None:
    """`make device` itself sees to it that the digests are those of the host."""
    need("make", "cc", "arm-none-eabi-gcc", "qemu-system-arm")
    told = run(
        "make",
        "-s",
        "-C",
        LIBRARY,
        "BUILD=build",
        "device",
        "DEVICE_PROGRAMS=linear network",
        "DEVICE_CPUS=cortex-m0 cortex-m4",
    )
    found = {
        (cpu, program): (int(flash), int(ram), int(stack), digest)
        for cpu, program, flash, ram, stack, digest in re.findall(
            r"(\S+), (\S+): flash (\d+), ram (\d+), stack (\d+), digest (\w{16})", told
        )
    }
    assert len(found) == 4
    flash, ram, stack, digest = found["cortex-m0", "linear"]
    assert flash <= 12 * 1024
    assert ram <= 1536
    assert stack <= 1024
    assert digest == "ab799310317bd894"
    assert found["cortex-m4", "network"][0] <= 16 * 1024
    assert found["cortex-m0", "network"][3] == "8b947a81b6cc4a02"
