"""What is built and how: symbols, versions, declarations, compilers, installation."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from building import JOBS, LIBRARY, ROOT, need, run

from pyamlz import _ffi

HEADER = LIBRARY / "include" / "amlz.h"
SOURCES = sorted(LIBRARY.glob("src/*/*.c"))
ARCHIVE = sorted((ROOT / "archive").glob("*.c"))
ARCHIVE_HEADER = ROOT / "archive" / "amlz_archive.h"

# All that the library may take from elsewhere. The first are functions of <string.h> that compilers put into any C
# program by themselves; the next are the compiler's: what CPU this is, and addresses in position-independent code; the
# last is there where a compiler guards stacks by default.
ALLOWED_IMPORTS = {
    *("memcmp", "memcpy", "memmove", "memset", "strlen"),
    *("__cpu_features2", "__cpu_indicator_init", "__cpu_model", "_GLOBAL_OFFSET_TABLE_"),
    "__stack_chk_fail",
}
# On CPUs other than x86 and ARM the floating-point environment comes from <fenv.h>.
if os.uname().machine not in ("x86_64", "aarch64"):
    ALLOWED_IMPORTS |= {"fegetenv", "fesetenv"}


def declared_functions(header: Path = HEADER) -> set[str]:
    code = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    return set(re.findall(r"^AMLZ_API\b[^;(]*?(\w+)\(", code, flags=re.MULTILINE))


def header_version() -> str:
    text = HEADER.read_text(encoding="utf-8")
    return ".".join(re.findall(r"^#define AMLZ_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", text, flags=re.MULTILINE))


def symbols(*arguments: str | Path) -> set[str]:
    """Names that nm lists, without the versions that a C library gives its own."""
    lines = run("nm", *arguments).splitlines()
    return {line.split()[-1].partition("@")[0] for line in lines if line.strip() and not line.endswith(":")}


@pytest.fixture(scope="module")
def built() -> Path:
    """The folder that holds the library; only what changed is compiled."""
    need("make", "cc")
    run("make", JOBS, "-C", LIBRARY, "BUILD=build")
    return LIBRARY / "build"


# ---------------------------------------------------------------- symbols


def test_shared_library_exports_what_the_header_declares(built: Path) -> None:
    need("nm")
    assert symbols("-D", "--defined-only", built / "libamlz.so") == declared_functions()


@pytest.mark.parametrize("name", ["libamlz", "libamlz_archive"])
def test_global_names_of_the_static_libraries_are_public_or_marked_as_internal(built: Path, name: str) -> None:
    """What a program defines itself may have any name that does not begin with amlz_."""
    need("nm")
    names = symbols("-g", "--defined-only", built / f"{name}.a")
    public = declared_functions(HEADER if name == "libamlz" else ARCHIVE_HEADER)
    assert {symbol for symbol in names if not symbol.startswith("amlz__")} == public


def test_library_takes_nothing_from_elsewhere(built: Path) -> None:
    need("nm")
    archive = built / "libamlz.a"
    assert symbols("-u", archive) - symbols("-g", "--defined-only", archive) <= ALLOWED_IMPORTS


def test_extension_exports_nothing_but_its_entry() -> None:
    need("nm")
    exported = symbols("-D", "--defined-only", _ffi.__file__) - {"_init", "_fini", "_edata", "_end", "__bss_start"}
    assert exported == {"PyInit__ffi"}


def test_python_sees_each_function_of_the_header() -> None:
    assert {name for name in dir(_ffi.lib) if name.startswith("amlz_")} == declared_functions()


# ---------------------------------------------------------------- versions and declarations


def test_versions_agree() -> None:
    version = header_version()
    lib = _ffi.lib
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert f"{lib.AMLZ_VERSION_MAJOR}.{lib.AMLZ_VERSION_MINOR}.{lib.AMLZ_VERSION_PATCH}" == version
    assert _ffi.ffi.string(lib.amlz_version()).decode() == version
    assert importlib.metadata.version("pyamlz") == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_compiled_capacity_is_the_declared_one() -> None:
    assert _ffi.lib.amlz_program_capacity() == _ffi.lib.AMLZ_CAPACITY


@pytest.mark.parametrize("header", [HEADER, ARCHIVE_HEADER], ids=lambda path: path.name)
def test_functions_that_programs_go_through_have_the_capacity_in_their_names(header: Path) -> None:
    code = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    functions = re.findall(r"^AMLZ_API\b([^;]*?)(\w+)\(([^;]*)\);", code, re.MULTILINE)
    carriers = r"amlz_program \*|\bAMLZ_CAPACITY\b|amlz_archive_content"
    concerned = {name for result, name, arguments in functions if re.search(carriers, result + arguments)}
    sizes = "amlz_program_(text|packed)_size|amlz_archive_(measure|read)_model"  # of memory that programs lie in
    concerned |= {name for _, name, _ in functions if re.fullmatch(sizes, name)}
    renamed = set(re.findall(r"#  define (\w+) AMLZ_NAMED\(\1, AMLZ_CAPACITY\)", code))
    assert renamed == concerned


def test_a_library_of_another_capacity_does_not_link(built: Path, tmp_path: Path) -> None:
    """It would take more of a program than there is."""
    need("cc")
    user = tmp_path / "user.c"
    user.write_text(
        '#include "amlz.h"\nstatic amlz_program program;\n'
        'int main(void) { return amlz_program_parse("", 0, 1, &program, 0) != AMLZ_OK; }\n'
    )
    command = ["cc", f"-I{HEADER.parent}", "-o", tmp_path / "user", user, built / "libamlz.a", "-lm"]
    run(*command)
    run(tmp_path / "user")
    done = subprocess.run([*command, "-DAMLZ_CAPACITY=16"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "amlz_program_parse_capacity_16" in done.stderr


@pytest.fixture(scope="module")
def cdef_of() -> Callable[[str], str]:
    pytest.importorskip("cffi")
    namespace: dict[str, object] = {}
    text = (LIBRARY / "python" / "ffi_build.py").read_text(encoding="utf-8")
    # Only the function: the rest describes a build, which is relative to the project's root.
    exec(compile(text.partition("\nffibuilder = ")[0], "ffi_build.py", "exec"), namespace)
    function = namespace["cdef_of"]
    assert callable(function)
    return function


@pytest.mark.parametrize(
    "intruder",
    [
        "#ifdef __linux__\nint amlz_x;\n#endif",
        '#define AMLZ_NAME "amlz"',
        "#define AMLZ_PI 3.14",
        "#define AMLZ_TWICE(x) ((x) * 2)",
        "#  define AMLZ_N 1",
        "#include <math.h>",
        "static int amlz_x;",
        "inline int amlz_x(void);",
        "int amlz_x(void) __attribute__((pure));",
    ],
)
def test_declarations_outside_the_dialect_are_refused(cdef_of: Callable[[str], str], intruder: str) -> None:
    header = HEADER.read_text(encoding="utf-8")
    mark = "/* cdef: end"
    cdef_of(header)
    with pytest.raises(ValueError, match="not allowed between the cdef marks"):
        cdef_of(header.replace(mark, f"{intruder}\n{mark}"))


def test_header_without_marks_or_capacity_is_refused(cdef_of: Callable[[str], str]) -> None:
    header = HEADER.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="no marks"):
        cdef_of(header.replace("cdef: end", ""))
    with pytest.raises(ValueError, match="AMLZ_CAPACITY"):
        cdef_of(header.replace("#ifndef AMLZ_CAPACITY", "#if 1"))


# ---------------------------------------------------------------- compiling


def test_header_is_cxx_as_well(tmp_path: Path) -> None:
    need("c++")
    user = tmp_path / "user.cpp"
    user.write_text('#include "amlz.h"\nint main() { return amlz_version() == nullptr; }\n')
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
    run("c++", "-std=c++11", *strict, f"-I{HEADER.parent}", "-fsyntax-only", user)


@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_header_stands_alone(tmp_path: Path, standard: str) -> None:
    need("cc")
    user = tmp_path / "user.c"
    user.write_text('#include "amlz.h"\n')
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Werror")
    run("cc", f"-std={standard}", *strict, f"-I{HEADER.parent}", "-fsyntax-only", user)


def with_fused_multiply_add() -> list[str]:
    """Flags by which a product and a sum would be rounded once, not twice, if the sources let them."""
    return ["-mfma"] if os.uname().machine == "x86_64" else []


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_library_compiles_in_one_line_without_the_build_system(tmp_path: Path, compiler: str) -> None:
    """With none of the flags that the makefile has, and to the same bits."""
    need(compiler)
    where = f"-I{HEADER.parent}", f"-I{LIBRARY / 'src'}"
    flags = "-std=gnu17", "-O1", *with_fused_multiply_add()
    run(compiler, *flags, *where, "-c", *SOURCES, cwd=tmp_path)
    objects = list(tmp_path.glob("*.o"))
    assert len(objects) == len(SOURCES)
    run(compiler, "-o", tmp_path / "self_test", *where, ROOT / "tests/tools/self_test.c", *objects, "-lm")
    assert "the same bits" in run(tmp_path / "self_test")


def test_the_self_test_finds_other_bits(tmp_path: Path) -> None:
    """clang does what this flag says whatever the sources say; no macro tells."""
    need("clang")
    if os.uname().machine != "x86_64":
        pytest.skip("needs a CPU for which fused multiply-add is a flag")
    where = f"-I{HEADER.parent}", f"-I{LIBRARY / 'src'}"
    flags = "-O1", "-mfma", "-ffp-contract=fast"
    run("clang", *flags, *where, "-o", tmp_path / "self_test", ROOT / "tests/tools/self_test.c", *SOURCES, "-lm")
    run("sh", "-c", f"{tmp_path}/self_test && exit 1 || {tmp_path}/self_test | grep 'computes other bits'")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize(
    ("flags", "refused_by"),
    [
        ("-O2", None),
        ("-std=c99 -O2 -ffp-contract=fast", None),
        ("-std=gnu11 -march=sapphirerapids", None),
        ("-m32 -msse2 -mfpmath=sse", None),
        ("-ffast-math", ("gcc", "clang")),
        ("-Ofast", ("gcc", "clang")),
        ("-ffinite-math-only", ("gcc", "clang")),
        ("-funsafe-math-optimizations", ("gcc",)),  # undone with clang
        ("-fassociative-math -fno-signed-zeros -fno-trapping-math", ("gcc",)),
        ("-freciprocal-math", ("gcc",)),
        ("-fno-signed-zeros", ("gcc",)),
        ("-fsingle-precision-constant", ("gcc",)),
        ("-m32 -mfpmath=387", ("gcc", "clang")),
        ("--target=arm-linux-gnueabihf -mfpu=neon", ("clang",)),
        ("--target=arm-linux-gnueabihf -mfpu=vfpv3-d16", None),
    ],
)
def test_flags_that_would_change_bits_are_undone_or_refused(
    tmp_path: Path, compiler: str, flags: str, refused_by: tuple[str, ...] | None
) -> None:
    need(compiler)
    if os.uname().machine != "x86_64" or (compiler == "gcc" and "--target" in flags):
        pytest.skip("needs a compiler for that machine")
    (tmp_path / "empty.c").write_text('#include "base/config.h"\n')
    where = f"-I{LIBRARY / 'src'}", "-ffreestanding"
    command = [
        compiler,
        *where,
        "-fsyntax-only",
        "-Wno-unused-command-line-argument",
        *flags.split(),
        tmp_path / "empty.c",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if refused_by is None or compiler not in refused_by:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode != 0
        assert "libamlz" in done.stderr or "amlz_needs" in done.stderr


def test_user_variables_reach_the_compiler(tmp_path: Path) -> None:
    need("make", "cc")
    words = "CFLAGS=-O0 -DFROM_CFLAGS", "CPPFLAGS=-DFROM_CPPFLAGS", "LDFLAGS=-Wl,-z,now"
    commands = run("make", "-n", "V=1", "-C", LIBRARY, f"BUILD={tmp_path}", *words).splitlines()
    compiling = [line for line in commands if " -c " in line]
    linking = [line for line in commands if " -shared " in line]
    assert len(compiling) == len(SOURCES) + len(ARCHIVE)
    for line in compiling:
        assert "-O0 -DFROM_CFLAGS" in line
        assert "-DFROM_CPPFLAGS" in line
        assert line.index("FROM_CFLAGS") < line.index("-std=c99"), "what the code needs must come last, so that it wins"
    assert len(linking) == 2  # libamlz and libamlz_archive
    assert all("-Wl,-z,now" in line for line in linking)


def test_mandatory_flags_are_the_same_for_make_and_python() -> None:
    makefile = (LIBRARY / "Makefile").read_text(encoding="utf-8")
    for_make = set(re.search(r"^MANDATORY = (.*)$", makefile, flags=re.MULTILINE)[1].split())
    for_python = (LIBRARY / "python" / "ffi_build.py").read_text(encoding="utf-8")
    assert for_make - {"-fPIC"} == {flag for flag in for_make if f'"{flag}"' in for_python}


def test_every_build_computes_the_same() -> None:
    """gcc and clang, without and with optimisation, and strict C99. `make -C libamlz matrix` does all levels."""
    need("make", "cc")
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    if not compilers:
        pytest.skip("needs gcc or clang")
    report = run("make", JOBS, "-C", LIBRARY, "matrix", "BUILD=build", "LEVELS=-O0 -O3")
    digests = re.findall(r"^\S+ +digest ([0-9a-f]{16})$", report, flags=re.MULTILINE)
    assert len(digests) == 3 * len(compilers), report
    assert len(set(digests)) == 1, report


# ---------------------------------------------------------------- installing


def files_under(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def installed(built: Path, tmp_path: Path) -> Path:
    run("make", "-C", LIBRARY, "install", "BUILD=build", f"DESTDIR={tmp_path}", "PREFIX=/opt/amlz")
    return tmp_path / "opt" / "amlz"


def test_install_and_uninstall(installed: Path, tmp_path: Path) -> None:
    major, minor, _ = header_version().split(".")
    wanted = {"share/man/man3/amlz.3", "share/doc/libamlz/LICENSE"}
    for name in ("amlz", "amlz_archive"):
        soname = f"lib{name}.so.{major}.{minor}" if major == "0" else f"lib{name}.so.{major}"
        shared = f"lib{name}.so.{major}.{minor}"
        wanted |= {f"lib/{file}" for file in (f"lib{name}.a", f"lib{name}.so", shared, soname)}
        wanted |= {f"include/{name}.h", f"lib/pkgconfig/{name}.pc"}
        library = installed / "lib" / f"lib{name}.so"
        assert os.readlink(library) == shared
        if shutil.which("readelf"):
            assert f"[{soname}]" in run("readelf", "-d", library)
    assert files_under(installed) == wanted

    run("make", "-C", LIBRARY, "uninstall", "BUILD=build", f"DESTDIR={tmp_path}", "PREFIX=/opt/amlz")
    assert files_under(tmp_path) == set()


def test_install_folders_can_be_chosen(built: Path, tmp_path: Path) -> None:
    folders = "PREFIX=/usr", "LIBDIR=/usr/lib64", "INCLUDEDIR=/srv/include", "PKGCONFIGDIR=/usr/share/pkgconfig"
    run("make", "-C", LIBRARY, "install", "BUILD=build", f"DESTDIR={tmp_path}", *folders)
    files = files_under(tmp_path)
    assert {"usr/lib64/libamlz.a", "srv/include/amlz.h", "usr/share/pkgconfig/amlz.pc"} <= files
    text = (tmp_path / "usr/share/pkgconfig/amlz.pc").read_text()
    assert "libdir=${prefix}/lib64\n" in text
    assert "includedir=/srv/include\n" in text
    run("make", "-C", LIBRARY, "uninstall", "BUILD=build", f"DESTDIR={tmp_path}", *folders)
    assert files_under(tmp_path) == set()


def test_pkg_config_file(installed: Path) -> None:
    text = (installed / "lib/pkgconfig/amlz.pc").read_text()
    assert "prefix=/opt/amlz\n" in text
    assert f"\nVersion: {header_version()}\n" in text
    assert "@" not in text

    need("pkg-config")

    def ask(*options: str) -> list[str]:
        return run("pkg-config", *options, "amlz", PKG_CONFIG_PATH=str(installed / "lib/pkgconfig")).split()

    assert ask("--modversion") == [header_version()]
    assert ask("--cflags", "--libs") == ["-I/opt/amlz/include", "-L/opt/amlz/lib", "-lamlz"]
    assert ask("--libs", "--static") == ["-L/opt/amlz/lib", "-lamlz", "-lm"]


def test_sdist_has_all_that_a_build_needs(tmp_path: Path) -> None:
    """`make dist-check` goes on from here: wheel from sdist, import in isolation."""
    pytest.importorskip("setuptools", minversion="77")
    script = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    run(sys.executable, "-c", script)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    package = [path for path in (ROOT / "pyamlz").rglob("*") if path.suffix in (".py", ".pyi", ".toml", ".typed")]
    sources = [path for path in (LIBRARY / "src").rglob("*") if path.suffix in (".c", ".h", ".def")]
    needed = {path.relative_to(ROOT).as_posix() for path in [*package, *sources, HEADER]}
    others = {"LICENSE", "Makefile", "README.md", "pyproject.toml", "setup.py", "tox.ini", "pyamlz/py.typed"}
    assert needed | others | {"libamlz/Makefile", "libamlz/amlz.pc.in", "libamlz/python/ffi_build.py"} <= names
    assert [name for name in names if re.search(r"\.(o|a|so|pyc)(\.|$)|libamlz/build", name)] == []


# ---------------------------------------------------------------- documentation


def test_python_code_of_the_readme_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert blocks
    for block in blocks:
        run(sys.executable, "-W", "error", "-c", block)
