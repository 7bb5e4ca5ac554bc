"""Builds of a part of the library: they compute what the whole does, and refuse the rest; on microcontrollers too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import kconfiglib
import pytest
from building import JOBS, LIBRARY, ROOT, need, run

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
    told = run("make", "-s", "-C", LIBRARY, "BUILD=build", "device", "DEVICE_CPUS=cortex-m0 cortex-m4")
    found = {
        (cpu, program): (int(flash), int(ram), int(stack), digest)
        for cpu, program, flash, ram, stack, digest in re.findall(
            r"(\S+), (\S+): flash (\d+), ram (\d+), stack (\d+), digest (\w{16})", told
        )
    }
    assert len(found) == 8
    flash, ram, stack, digest = found["cortex-m0", "linear"]
    assert flash <= 12 * 1024
    assert ram <= 1536
    assert stack <= 1024
    assert digest == "ab799310317bd894"
    assert found["cortex-m4", "network"][0] <= 16 * 1024
    assert found["cortex-m0", "network"][3] == "8b947a81b6cc4a02"


# ---------------------------------------------------------------- Arduino

SKETCHBOOK = """\
#pragma once
#include <stdint.h>
#include <stdio.h>
struct Port {
    void begin(long) {}
    void println(const char *text) { puts(text); }
    void println(double number, int digits) { printf("%.*f\\n", digits, number); }
};
extern Port Serial;
void setup();
void loop();
"""
CORE = """\
#include "Arduino.h"
Port Serial;
int main() { setup(); for (int i = 0; i < 20; i++) loop(); }
"""
CATEGORIES = (
    "Display",
    "Communication",
    "Sensors",
    "Device Control",
    "Timing",
    "Data Storage",
    "Data Processing",
    "Other",
)


@pytest.fixture(scope="module")
def arduino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("libraries") / "amlz"
    run(sys.executable, DEVICE / "arduino.py", folder)
    return folder


def test_what_an_arduino_library_must_have(arduino: Path) -> None:
    """By the specification, https://arduino.github.io/arduino-cli/latest/library-specification/."""
    lines = (arduino / "library.properties").read_text().splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    assert len(fields) == len(lines)
    for name in ("version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"):
        assert fields[name].strip(), name
    assert fields["name"] == arduino.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    assert fields["category"] in CATEGORIES
    assert not fields["paragraph"].startswith(fields["sentence"])
    assert fields["url"].startswith("https://")
    assert all((arduino / "src" / header).is_file() for header in fields["includes"].split(","))
    assert {path.name for path in arduino.iterdir()} == {"library.properties", "LICENSE", "src", "examples"}
    for sketch in (arduino / "examples").iterdir():
        assert (sketch / f"{sketch.name}.ino").is_file()
    included = re.findall(r'^#\s*include "(.*)"', (arduino / "src" / "amlz.c").read_text(), re.MULTILINE)
    assert set(included) <= {path.name for path in (arduino / "src").iterdir()}


def test_the_sketch_learns(arduino: Path, tmp_path: Path) -> None:
    """Compiled as Arduino's builder does, each C file alone and the sketch as C++, with a core of a few lines."""
    need("cc", "c++")
    (tmp_path / "Arduino.h").write_text(SKETCHBOOK)
    (tmp_path / "core.cpp").write_text(CORE)
    objects = [tmp_path / f"{source.stem}.o" for source in sorted((arduino / "src").glob("*.c"))]
    for made in objects:
        run("cc", "-std=gnu11", "-Os", "-c", arduino / "src" / f"{made.stem}.c", "-o", made)
    sketch = arduino / "examples" / "OnlineRegression" / "OnlineRegression.ino"
    flags = [
        "-std=gnu++11",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{tmp_path}",
        f"-I{arduino}/src",
        "-include",
        "Arduino.h",
    ]
    program = tmp_path / "sketch"
    run("c++", *flags, "-o", program, "-x", "c++", sketch, tmp_path / "core.cpp", "-x", "none", *objects, "-lm")
    errors = [float(line) for line in run(program).splitlines()]
    assert len(errors) == 8
    assert errors[-1] < errors[0] / 1000


# ---------------------------------------------------------------- Zephyr

# What Zephyr's build system defines for modules, as plain CMake.
ZEPHYR = """\
cmake_minimum_required(VERSION 3.16)
project(zephyr_like C)
add_library(everything INTERFACE)
function(zephyr_include_directories)
  target_include_directories(everything INTERFACE ${ARGN})
endfunction()
function(zephyr_compile_definitions)
  target_compile_definitions(everything INTERFACE ${ARGN})
endfunction()
function(zephyr_library_named name)
  set(current ${name} PARENT_SCOPE)
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC everything)
endfunction()
function(zephyr_library_sources)
  target_sources(${current} PRIVATE ${ARGN})
endfunction()
function(zephyr_library_include_directories)
  target_include_directories(${current} PRIVATE ${ARGN})
endfunction()
function(zephyr_library_compile_definitions)
  target_compile_definitions(${current} PRIVATE ${ARGN})
endfunction()
function(zephyr_library_compile_options)
  target_compile_options(${current} PRIVATE ${ARGN})
endfunction()
add_subdirectory(MODULE amlz_module)
add_executable(app app.c)
target_link_libraries(app PRIVATE amlz m)
"""
APPLICATION = r"""
#include <stdio.h>
#include "amlz_archive.h"
int main(void)
{
    const char *reason;
    amlz_learner_config config = {sizeof config, {4, 2, 1, 0, AMLZ_REGRESSION, 0}, AMLZ_FLOAT64, 0, 0, 0, 0};
    printf("%d %d\n", AMLZ_CAPACITY, amlz_program_capacity());
    puts(amlz_learner_size(&config, &reason) == 0 ? reason : "both precisions");
    puts(amlz_archive_kind_name(AMLZ_ARCHIVE_MODEL));
    return 0;
}
"""


def configured(**values: str) -> dict[str, str]:
    """The module's options by Kconfig, with some set, as CMake sees them."""
    config = kconfiglib.Kconfig(str(ROOT / "zephyr" / "Kconfig"))
    for name, value in values.items():
        assert config.syms[name].set_value(value)
    assert config.warnings == []
    return {f"CONFIG_{name}": symbol.str_value for name, symbol in config.syms.items() if symbol.str_value != "n"}


def test_options_of_the_zephyr_module() -> None:
    assert configured()["CONFIG_AMLZ_BUILD"] == ""
    assert "CONFIG_AMLZ" not in configured()
    chosen = configured(AMLZ="y", AMLZ_LANES_4="y", AMLZ_CAPACITY="300")
    assert chosen["CONFIG_AMLZ_LANES"] == "4"
    assert chosen["CONFIG_AMLZ_CAPACITY"] == "16"  # 300 is out of range
    assert chosen["CONFIG_AMLZ_ONLY_FLOAT32"] == "y"
    assert "CONFIG_AMLZ_CAPACITY" not in {k: v for k, v in configured(AMLZ="y", AMLZ_BUILD="own.h").items() if v}


def test_the_zephyr_module_builds(tmp_path: Path) -> None:
    need("cmake", "cc")
    module = (ROOT / "zephyr" / "module.yml").read_text()
    assert module == "name: amlz\nbuild:\n  cmake: zephyr\n  kconfig: zephyr/Kconfig\n"
    (tmp_path / "CMakeLists.txt").write_text(ZEPHYR.replace("MODULE", str(ROOT / "zephyr")))
    (tmp_path / "app.c").write_text(APPLICATION)
    options = [f"-D{name}={value}" for name, value in configured(AMLZ="y", AMLZ_ARCHIVE="y", AMLZ_CAPACITY="8").items()]
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *options)
    run("cmake", "--build", tmp_path / "build")
    assert run(tmp_path / "build" / "app").splitlines() == [
        "8 8",
        "this build of the library leaves the precision out",
        "model",
    ]
