"""libamlz in other people's projects: by CMake, by Meson, by pkg-config. tests/consumers/ has such projects."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from building import LIBRARY, ROOT, need, run

CONSUMERS = ROOT / "tests" / "consumers"
QUICK = "-DCMAKE_C_FLAGS_RELEASE=-O0"  # what is compiled is the same, and a test need not be fast


def header_version() -> str:
    text = (LIBRARY / "include" / "amlz.h").read_text(encoding="utf-8")
    return ".".join(re.findall(r"^#define AMLZ_VERSION_\w+ (\d+)$", text, flags=re.MULTILINE))


def check(output: str, capacity: int = 64) -> None:
    """What tests/consumers/user.c has to say. Here, builds with another capacity are builds of a part."""
    self_test = "passed" if capacity == 64 else "the self-test knows only what builds of the whole library compute"
    versions = f"version {header_version()}, capacity {capacity}"
    assert re.fullmatch(rf"{re.escape(versions)}, archive of \d+ bytes, self-test: {self_test}\n", output), output


def by_cmake(source: Path, build: Path, *options: str) -> Path:
    run("cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release", QUICK, *options)
    run("cmake", "--build", build)
    return build


# ---------------------------------------------------------------- CMake

PARTS = {
    "static": ("-DBUILD_SHARED_LIBS=OFF",),
    "shared": ("-DBUILD_SHARED_LIBS=ON",),
    "small": ("-DAMLZ_CAPACITY=16", "-DAMLZ_PRECISION=float32", "-DAMLZ_LANES=1", "-DAMLZ_ADDRESSES=8"),
}


@pytest.fixture(scope="module", params=PARTS)
def installed_by_cmake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Where it is, and its capacity."""
    need("cmake", "cc")
    folder = tmp_path_factory.mktemp(f"cmake-{request.param}")
    build = by_cmake(ROOT, folder / "build", *PARTS[request.param])
    run("cmake", "--install", build, "--prefix", folder / "installed")
    return folder / "installed", 16 if request.param == "small" else 64


def test_an_installed_library_is_found_by_cmake(installed_by_cmake: tuple[Path, int], tmp_path: Path) -> None:
    installed, capacity = installed_by_cmake
    by_cmake(CONSUMERS / "cmake", tmp_path, "-DHOW=find_package", f"-DCMAKE_PREFIX_PATH={installed}")
    check(run(tmp_path / "user"), capacity)


def test_what_cmake_installed_is_found_by_pkg_config(installed_by_cmake: tuple[Path, int], tmp_path: Path) -> None:
    need("pkg-config")
    installed, capacity = installed_by_cmake
    (folder,) = {path.parent for path in installed.rglob("*.pc")}
    options = "--define-prefix", "--static", "--cflags", "--libs", "amlz_archive"
    flags = run("pkg-config", *options, PKG_CONFIG_PATH=str(folder)).split()
    run("cc", CONSUMERS / "user.c", "-o", tmp_path / "user", *flags, f"-Wl,-rpath,{folder.parent}")
    check(run(tmp_path / "user"), capacity)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a build needs, in a folder of its own: what it takes from elsewhere is missing there."""
    folder = tmp_path_factory.mktemp("sources") / "amlz"
    folder.mkdir()
    for name in ("CMakeLists.txt", "meson.build", "meson_options.txt"):
        shutil.copy(ROOT / name, folder)
    for name in ("libamlz", "archive"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("build", "golden"))
    return folder


@pytest.mark.parametrize("how", ["add_subdirectory", "FetchContent"])
def test_it_is_built_within_a_project_of_cmake(how: str, sources: Path, tmp_path: Path) -> None:
    need("cmake", "cc")
    by_cmake(CONSUMERS / "cmake", tmp_path, f"-DHOW={how}", f"-DAMLZ_SOURCE={sources}")
    check(run(tmp_path / "user"))


def test_cmake_refuses_a_precision_that_there_is_none(tmp_path: Path) -> None:
    need("cmake", "cc")
    with pytest.raises(AssertionError, match="must be both, float32 or float64, not float16"):
        by_cmake(ROOT, tmp_path, "-DAMLZ_PRECISION=float16")


# ---------------------------------------------------------------- Meson


def by_meson(source: Path, build: Path, *options: str, **variables: str) -> Path:
    run("meson", "setup", "-Doptimization=0", *options, build, source, **variables)
    run("meson", "compile", "-C", build)
    return build


def test_it_is_a_subproject_of_meson(sources: Path, tmp_path: Path) -> None:
    need("meson", "ninja", "cc")
    project = tmp_path / "meson"
    shutil.copytree(CONSUMERS, tmp_path, dirs_exist_ok=True)
    shutil.copytree(sources, project / "subprojects" / "amlz")
    options = "-Damlz:default_library=static", "-Damlz:capacity=16", "-Damlz:precision=float64", "-Damlz:lanes=1"
    by_meson(project, tmp_path / "build", "--wrap-mode=forcefallback", *options)
    check(run(tmp_path / "build" / "user"), 16)


def test_what_meson_installed_is_found_by_meson(sources: Path, tmp_path: Path) -> None:
    need("meson", "ninja", "cc", "pkg-config")
    build = by_meson(sources, tmp_path / "build", f"--prefix={tmp_path}/installed", "--libdir=lib")
    run("meson", "install", "-C", build, "--no-rebuild")
    found = str(tmp_path / "installed" / "lib" / "pkgconfig")
    user = by_meson(CONSUMERS / "meson", tmp_path / "user", "--wrap-mode=nofallback", PKG_CONFIG_PATH=found)
    check(run(user / "user", LD_LIBRARY_PATH=str(tmp_path / "installed" / "lib")))


def test_meson_knows_the_version_and_each_source() -> None:
    """Meson wants lists, and discourages all else."""
    text = (ROOT / "meson.build").read_text(encoding="utf-8")
    listed = re.findall(r"^    '(\S+\.c)',$", text, flags=re.MULTILINE)
    found = [path.relative_to(ROOT).as_posix() for at in ("libamlz/src/*/*.c", "archive/*.c") for path in ROOT.glob(at)]
    assert sorted(listed) == sorted(found)
    assert f"version: '{header_version()}'" in text


# ---------------------------------------------------------------- options


def test_options_and_their_defaults_are_those_of_the_headers() -> None:
    headers = ""
    for name in ("include/amlz.h", "src/base/build.h"):
        headers += (LIBRARY / name).read_text(encoding="utf-8")
    macros = dict(re.findall(r"#\s*define (AMLZ_(?:CAPACITY|MAX_ADDRESSES|LANES)) (\d+)$", headers, flags=re.MULTILINE))
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    meson = (ROOT / "meson_options.txt").read_text(encoding="utf-8")
    for name, macro in (("capacity", "CAPACITY"), ("lanes", "LANES"), ("addresses", "MAX_ADDRESSES")):
        value = macros[f"AMLZ_{macro}"]
        assert f"set(AMLZ_{name.upper()} {value} CACHE" in cmake
        assert f"{name.upper()}={value}" in cmake
        assert re.search(rf"option\('{name}',[^)]*value: '?{value}'?,", meson)


def test_flags_that_results_depend_on_are_those_of_the_makefile() -> None:
    makefile = (LIBRARY / "Makefile").read_text(encoding="utf-8")
    flags = set(re.search(r"^MANDATORY = (.*)$", makefile, flags=re.MULTILINE)[1].split())
    for name in ("CMakeLists.txt", "meson.build"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert {flag for flag in flags if flag in text} == {"-ffp-contract=off", "-fno-math-errno"}


@pytest.fixture
def by_make(tmp_path: Path) -> Callable[..., Path]:
    def install(*variables: str) -> Path:
        need("make", "cc")
        folders = f"BUILD={tmp_path}/build", f"PREFIX={tmp_path}/installed"
        run("make", "-C", LIBRARY, "install", "DESTDIR=", "CFLAGS=-O0", *folders, *variables)
        return tmp_path / "installed"

    return install


def test_pkg_config_passes_on_what_the_makefile_was_told(by_make: Callable[..., Path], tmp_path: Path) -> None:
    """A user with another capacity than the library's would not link."""
    need("pkg-config")
    installed = by_make("CPPFLAGS=-DAMLZ_CAPACITY=16 -DAMLZ_ONLY_FLOAT32 -DAMLZ_LANES=1")
    found = str(installed / "lib" / "pkgconfig")
    flags = run("pkg-config", "--cflags", "--libs", "amlz_archive", PKG_CONFIG_PATH=found).split()
    run("cc", CONSUMERS / "user.c", "-o", tmp_path / "user", *flags)
    check(run(tmp_path / "user", LD_LIBRARY_PATH=str(installed / "lib")), 16)
