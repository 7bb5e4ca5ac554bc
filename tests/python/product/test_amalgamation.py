"""Each library as one file: compiled by strangers, to the same bits."""

import re
import sys
from pathlib import Path

import pytest
from building import LIBRARY, ROOT, need, run

STRICT = "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wvla", "-Werror"
SHORT_SEARCH = "1", "2000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that a user gets, and nothing else."""
    made = tmp_path_factory.mktemp("dist")
    run(sys.executable, LIBRARY / "amalgamate.py", made)
    return made


def test_it_has_two_files_for_each_library_which_need_no_others(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"amlz.c", "amlz.h", "amlz_archive.c", "amlz_archive.h"}
    for path in folder.iterdir():
        included = set(re.findall(r'^#\s*include "(.*)"', path.read_text(encoding="utf-8"), re.MULTILINE))
        assert included <= {"amlz.c", "amlz.h", "amlz_archive.h"}


@pytest.mark.parametrize("library", ["amlz", "amlz_archive"])
@pytest.mark.parametrize("standard", ["c99", "c11"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_it_compiles_without_a_warning(folder: Path, compiler: str, standard: str, library: str) -> None:
    need(compiler)
    run(compiler, f"-std={standard}", *STRICT, "-fsyntax-only", folder / f"{library}.c")
    run(compiler, f"-std={standard}", *STRICT, "-DAMLZ_PLAIN_C", "-fsyntax-only", folder / f"{library}.c")


@pytest.mark.parametrize("standard", ["c++98", "c++11", "c++14", "c++17", "c++20"])
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_headers_are_cxx_as_well(folder: Path, tmp_path: Path, compiler: str, standard: str) -> None:
    need(compiler)
    user = tmp_path / "user.cpp"
    user.write_text('#include "amlz_archive.h"\nint main() { return amlz_version() == 0; }\n')
    run(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{folder}", "-fsyntax-only", user)


def test_a_part_of_the_library_is_chosen_as_in_the_separate_files(folder: Path) -> None:
    need("cc")
    options = "-DAMLZ_ONLY_FLOAT32", "-DAMLZ_LANES=1", "-DAMLZ_CAPACITY=16", "-DAMLZ_ADDRESSES=8"
    run("cc", "-std=c99", *STRICT, *options, "-fsyntax-only", folder / "amlz.c")


def test_it_computes_what_the_library_does(folder: Path, tmp_path: Path) -> None:
    """A search, and one that is written to a file and resumed, by a compiler that is told nothing."""
    need("make", "cc")
    for example in (LIBRARY / "examples" / "evolve.c", ROOT / "archive" / "examples" / "resume.c"):
        sources = folder / "amlz.c", folder / "amlz_archive.c"
        run("cc", "-O1", f"-I{folder}", "-o", tmp_path / example.stem, example, *sources, "-lm")
    digest = run("sh", "-c", f"{tmp_path}/evolve {' '.join(SHORT_SEARCH)} || test $? = 2").splitlines()[-1]
    expected = run("make", "-s", "-C", LIBRARY, "digest", "BUILD=build", f"SEARCH={' '.join(SHORT_SEARCH)}")
    assert digest == expected.strip()
    assert re.fullmatch(r"digest [0-9a-f]{16}", digest)

    run(tmp_path / "resume", "once.amlz", "3000", cwd=tmp_path)
    run(tmp_path / "resume", "twice.amlz", "1001", cwd=tmp_path)
    run(tmp_path / "resume", "twice.amlz", "3000", cwd=tmp_path)
    assert (tmp_path / "once.amlz").read_bytes() == (tmp_path / "twice.amlz").read_bytes()
