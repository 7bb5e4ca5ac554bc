"""Describes the extension pyamlz._ffi: all of libamlz, compiled in, with its public header as the only declaration.

setup.py names this file; it runs in the project's root. The declarations that cffi gets are the header's text between
the marks `cdef: begin` and `cdef: end`. Between them may stand enums, structs, functions, comments and integer macros.
Anything else is refused here or by cffi, so a header that Python would misread does not build.
"""

import re
import sys
from pathlib import Path

from cffi import FFI

LIBRARY = Path("libamlz")  # setuptools wants relative paths
HEADER = LIBRARY / "include" / "amlz.h"

INTEGER_MACRO = r"#define AMLZ_\w+ \d+\s*"


def cdef_of(header: str) -> str:
    """The header's marked part in cffi's dialect, and before it the capacity, which sizes arrays.

    cffi compares each number with the compiler's, so a library built with another capacity is an error, not a crash.
    """
    try:
        _, rest = header.split("/* cdef: begin", 1)
        marked, _ = rest.split("/* cdef: end", 1)
    except ValueError:
        raise ValueError("the header has no marks 'cdef: begin' and 'cdef: end'") from None
    marked = marked.split("*/", 1)[1]  # the rest of the opening mark

    capacity = re.search(r"#ifndef AMLZ_CAPACITY\n#\s*define AMLZ_CAPACITY (\d+)\n#endif", header)
    if capacity is None:
        raise ValueError("the header has no default for AMLZ_CAPACITY")

    code = re.sub(r"/\*.*?\*/", " ", marked, flags=re.DOTALL)
    for line in code.splitlines():
        if line.lstrip().startswith("#") and not re.fullmatch(INTEGER_MACRO, line):
            raise ValueError(f"not allowed between the cdef marks: {line!r}")
    for word in ("__attribute__", "__declspec", "inline", "static"):
        if re.search(rf"\b{word}\b", code):
            raise ValueError(f"not allowed between the cdef marks: {word}")
    return f"#define AMLZ_CAPACITY {capacity[1]}\n" + re.sub(r"\bAMLZ_API\b", "", code)


# A clock for amlz_search_measure, which has none of its own: the quickest there is, in units of its own.
# Python.h asks for POSIX.
CLOCK = """
#include <time.h>
#if defined(_WIN32)
#include <windows.h>
#endif
static uint64_t pyamlz_ticks(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_ia32_rdtsc();
#elif defined(_WIN32)
    LARGE_INTEGER now;
    QueryPerformanceCounter(&now);
    return (uint64_t)now.QuadPart;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}
"""

# How threads of a crew wait for each other.
MONITOR = """
#if defined(_WIN32)
typedef struct pyamlz_monitor { SRWLOCK lock; CONDITION_VARIABLE changed; } pyamlz_monitor;
static void pyamlz_lock(void *m) { AcquireSRWLockExclusive(&((pyamlz_monitor *)m)->lock); }
static void pyamlz_unlock(void *m) { ReleaseSRWLockExclusive(&((pyamlz_monitor *)m)->lock); }
static void pyamlz_wait(void *m)
{
    SleepConditionVariableSRW(&((pyamlz_monitor *)m)->changed, &((pyamlz_monitor *)m)->lock, INFINITE, 0);
}
static void pyamlz_wake(void *m) { WakeAllConditionVariable(&((pyamlz_monitor *)m)->changed); }
static void pyamlz_start(pyamlz_monitor *m)
{
    InitializeSRWLock(&m->lock);
    InitializeConditionVariable(&m->changed);
}
#else
#include <pthread.h>
typedef struct pyamlz_monitor { pthread_mutex_t lock; pthread_cond_t changed; } pyamlz_monitor;
static void pyamlz_lock(void *m) { pthread_mutex_lock(&((pyamlz_monitor *)m)->lock); }
static void pyamlz_unlock(void *m) { pthread_mutex_unlock(&((pyamlz_monitor *)m)->lock); }
static void pyamlz_wait(void *m) { pthread_cond_wait(&((pyamlz_monitor *)m)->changed, &((pyamlz_monitor *)m)->lock); }
static void pyamlz_wake(void *m) { pthread_cond_broadcast(&((pyamlz_monitor *)m)->changed); }
static void pyamlz_start(pyamlz_monitor *m)
{
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
}
#endif
static void pyamlz_monitor_init(pyamlz_monitor *m, amlz_crew_config *config)
{
    pyamlz_start(m);
    config->lock = pyamlz_lock;
    config->unlock = pyamlz_unlock;
    config->wait = pyamlz_wait;
    config->wake = pyamlz_wake;
    config->context = m;
}
"""
MONITOR_DECLARED = """
typedef struct pyamlz_monitor { ...; } pyamlz_monitor;
void pyamlz_monitor_init(pyamlz_monitor *m, amlz_crew_config *config);
"""

# The text of the library's maths, which exported learners carry along.
MATHS = b"\n".join((LIBRARY / "src" / "base" / name).read_bytes() for name in ("mathfn.h", "rng.h"))
MATHS_ARRAY = f"static const char pyamlz_maths[] = {{{', '.join(str(byte) for byte in MATHS)}, 0}};"

# The Makefile's mandatory flags: every build computes the same bits. Then, whatever Python was compiled with: the
# kernels are worth -O3, and debug information is five times their size. Last, all that stands between a declaration
# that does not match and a crash.
if "MSC" in sys.version:  # the compiler that Windows has for Python
    COMPILE_ARGS = ["/std:c11", "/fp:precise", "/O2", "/we4133"]
    LIBRARIES: list[str] = []
else:
    COMPILE_ARGS = [
        *("-std=c99", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"),
        *("-O3", "-g0"),
        "-Werror=incompatible-pointer-types",
    ]
    LIBRARIES = ["m", "pthread"]

ffibuilder = FFI()
ffibuilder.cdef(
    cdef_of(HEADER.read_text(encoding="utf-8"))
    + "uint64_t pyamlz_ticks(void); static const char pyamlz_maths[];"
    + MONITOR_DECLARED
)
ffibuilder.set_source(
    "pyamlz._ffi",
    '#include "amlz.h"' + CLOCK + MONITOR + MATHS_ARRAY,
    sources=sorted(path.as_posix() for path in LIBRARY.glob("src/*/*.c")),
    depends=sorted(path.as_posix() for suffix in ("*.h", "*.def") for path in LIBRARY.rglob(suffix)),
    include_dirs=[str(LIBRARY / "include"), str(LIBRARY / "src")],
    define_macros=[("AMLZ_API", "")],  # with hidden visibility: the extension exports its PyInit and nothing else
    extra_compile_args=COMPILE_ARGS,
    libraries=LIBRARIES,
)
