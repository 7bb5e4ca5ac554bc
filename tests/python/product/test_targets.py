"""Systems and CPUs other than this one: what is built for them, and run where something here can run it."""

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from building import JOBS, LIBRARY, ROOT, need, run

SHORT_SEARCH = "1 2000"
MINGW = "x86_64-w64-mingw32"


@pytest.fixture(scope="module")
def digest() -> str:
    """What a search ends with on this machine."""
    need("make", "cc")
    return run("make", "-s", "-C", LIBRARY, "digest", "BUILD=build", f"SEARCH={SHORT_SEARCH}").strip()


def digest_in(output: str) -> str:
    return next(line.strip() for line in output.splitlines() if line.startswith("digest "))


def declared(*headers: Path) -> set[str]:
    return {
        name
        for header in headers
        for name in re.findall(r"^AMLZ_API\b[^;(]*?(\w+)\(", header.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }


HEADERS = {"libamlz": LIBRARY / "include" / "amlz.h", "libamlz_archive": ROOT / "archive" / "amlz_archive.h"}


# ---------------------------------------------------------------- Windows, by mingw-w64 and wine


@pytest.fixture(scope="module")
def for_windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("make", f"{MINGW}-gcc")
    build = tmp_path_factory.mktemp("windows")
    tools = f"CC={MINGW}-gcc", f"AR={MINGW}-ar"
    programs = (f"{build}/tests/test_archive_file_windows", f"{build}/examples/evolve", f"{build}/tools/self_test")
    run("make", JOBS, "-C", LIBRARY, f"BUILD={build}", *tools, "CFLAGS=-O1", "all", *programs)
    return build


def wine(program: Path, *arguments: str) -> str:
    need("wine")
    command = (
        f"wine {program.name} {' '.join(arguments)} 2>/dev/null || test $? = 2"  # 2: so short a search finds nothing
    )
    return run("sh", "-c", command, cwd=program.parent, WINEDEBUG="-all").replace("\r", "")


@pytest.mark.parametrize("name", ["libamlz", "libamlz_archive"])
def test_a_dll_exports_what_its_header_declares(for_windows: Path, name: str) -> None:
    (library,) = for_windows.glob(f"{name}.*.dll")
    table = run(f"{MINGW}-objdump", "-p", library).partition("[Ordinal/Name Pointer] Table")[2]
    assert set(re.findall(r"\b(amlz_\w+)", table)) == declared(HEADERS[name])


def test_a_program_of_windows_is_linked_with_the_import_libraries(for_windows: Path, tmp_path: Path) -> None:
    where = [f"-I{header.parent}" for header in HEADERS.values()]
    user = tmp_path / "user.exe"
    libraries = for_windows / "libamlz_archive.dll.a", for_windows / "libamlz.dll.a"
    run(f"{MINGW}-gcc", *where, "-o", user, ROOT / "tests" / "consumers" / "user.c", *libraries)
    assert "DLL Name: libamlz." in run(f"{MINGW}-objdump", "-p", user)
    for library in for_windows.glob("*.dll"):
        shutil.copy(library, tmp_path)
    assert wine(user).endswith("self-test: passed\n")


def test_files_of_windows_under_wine(for_windows: Path) -> None:
    assert re.fullmatch(
        r"archive_file_windows: \d{3} passed, 0 failed\n", wine(for_windows / "tests" / "test_archive_file_windows.exe")
    )


def test_windows_computes_the_same_bits(for_windows: Path, digest: str) -> None:
    assert "the same bits" in wine(for_windows / "tools" / "self_test.exe")
    assert digest_in(wine(for_windows / "examples" / "evolve.exe", SHORT_SEARCH)) == digest


# ---------------------------------------------------------------- others, by zig, which compiles for all of them

ZIG = (sys.executable, "-m", "ziglang")


def need_zig() -> None:
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("needs ziglang")


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_zig()
    made = tmp_path_factory.mktemp("dist")
    run(sys.executable, LIBRARY / "amalgamate.py", made)
    return made


def by_zig(target: str, one_file: Path, program: Path) -> Path:
    """evolve, and the archives, as one program. With one lane, which changes no bit, there is less to compile."""
    options = "-O1", "-DAMLZ_LANES=1", f"-I{one_file}"
    sources = one_file / "amlz.c", one_file / "amlz_archive.c", LIBRARY / "examples" / "evolve.c"
    run(*ZIG, "cc", "-target", target, *options, "-o", program, *sources)
    return program


# What `file` could say of it: the first bytes, and the CPU's number where the format has it.
@pytest.mark.parametrize(
    ("target", "magic", "cpu"),
    [
        ("riscv64-linux-musl", b"\x7fELF\x02\x01", {18: 243}),
        ("aarch64-linux-gnu.2.17", b"\x7fELF\x02\x01", {18: 183}),
        ("x86_64-macos", b"\xcf\xfa\xed\xfe", {4: 7}),
        ("aarch64-macos", b"\xcf\xfa\xed\xfe", {4: 12}),
        ("x86_64-windows-gnu", b"MZ", {}),
    ],
)
def test_it_compiles_for(target: str, magic: bytes, cpu: dict[int, int], one_file: Path, tmp_path: Path) -> None:
    program = by_zig(target, one_file, tmp_path / "evolve.exe").read_bytes()
    assert program.startswith(magic)
    assert {at: program[at] for at in cpu} == cpu


def test_webassembly_computes_the_same_bits(one_file: Path, tmp_path: Path, digest: str) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    program = by_zig("wasm32-wasi", one_file, tmp_path / "evolve.wasm")
    engine = wasmtime.Engine()
    linker, store = wasmtime.Linker(engine), wasmtime.Store(engine)
    linker.define_wasi()
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["evolve", *SHORT_SEARCH.split()]
    wasi.stdout_file = str(tmp_path / "output")
    store.set_wasi(wasi)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(program)))
    with pytest.raises(wasmtime.ExitTrap) as ended:
        instance.exports(store)["_start"](store)
    assert ended.value.code == 2  # so short a search finds nothing
    assert digest_in((tmp_path / "output").read_text()) == digest


def test_musl_computes_the_same_bits(one_file: Path, tmp_path: Path, digest: str) -> None:
    machine = os.uname().machine
    program = by_zig(f"{machine}-linux-musl", one_file, tmp_path / "evolve")
    assert digest_in(run("sh", "-c", f"{program} {SHORT_SEARCH} || test $? = 2")) == digest


def test_the_makefile_makes_dylibs(tmp_path: Path) -> None:
    need("make")
    need_zig()
    compiler = f"CC={' '.join(ZIG)} cc -target aarch64-macos"
    run("make", JOBS, "-C", LIBRARY, f"BUILD={tmp_path}", compiler, f"AR={' '.join(ZIG)} ar", "CFLAGS=-O1", "all")
    for name in HEADERS:
        (library,) = (path for path in tmp_path.glob(f"{name}.*.dylib") if not path.is_symlink())
        assert os.readlink(tmp_path / f"{name}.dylib") == library.name
        assert f"@rpath/{library.name}\0".encode() in library.read_bytes()
        if shutil.which("llvm-nm"):
            exported = run("llvm-nm", "--extern-only", "--defined-only", library).split()
            assert {word[1:] for word in exported if word.startswith("_amlz")} == declared(HEADERS[name])
