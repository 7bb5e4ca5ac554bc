"""The codecs of archives in C and in Python: they accept and refuse the same files, and write the same bytes."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from archives import SAMPLES, newer
from test_build import JOBS, LIBRARY, need, run

from pyamlz import ArchiveError
from pyamlz.archive import decode, encode

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "fuzz"))

from mutated import MINOR_AT, mutants  # noqa: E402

COUNT = 3000
REFUSED = 3  # exit status of the tool

# One shell for all files; what the tool says is of no account here.
COPY_ALL = 'for file in *.amlz; do "$0" copy "$file" "${file%.amlz}.copy" 2>/dev/null; echo "$file $?"; done'


@pytest.fixture(scope="module")
def tool() -> Path:
    need("make", "cc")
    run("make", JOBS, "-C", LIBRARY, "BUILD=build", "build/tools/archive_tool")
    return LIBRARY / "build" / "tools" / "archive_tool"


@pytest.fixture(scope="module")
def of_c(tool: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Archives that the C library writes."""
    folder = tmp_path_factory.mktemp("golden")
    run(tool, "golden", folder)
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


def copies(tool: Path, folder: Path, archives: Iterable[bytes]) -> list[bytes | None]:
    """What the tool writes of each archive, None of those that it refuses."""
    files = []
    for number, data in enumerate(archives):
        files.append(folder / f"{number}.amlz")
        files[-1].write_bytes(data)
    result = subprocess.run(["sh", "-c", COPY_ALL, tool], cwd=folder, capture_output=True, text=True, check=True)
    statuses = dict(line.split() for line in result.stdout.splitlines())
    assert set(statuses.values()) <= {"0", str(REFUSED)}
    return [file.with_suffix(".copy").read_bytes() if statuses[file.name] == "0" else None for file in files]


def copy_here(data: bytes) -> bytes | None:
    try:
        return encode(decode(data))
    except ArchiveError:
        return None


def test_archives_of_c(of_c: dict[str, bytes]) -> None:
    assert of_c
    for name, data in of_c.items():
        assert copy_here(data) == data, name


def test_golden_archives(tool: Path, of_c: dict[str, bytes]) -> None:
    """Those of this version are what the library still writes; those of former versions are not looked at here."""
    for path in (ROOT / "archive" / "golden").glob("1.0-*.amlz"):
        assert of_c[path.stem] == path.read_bytes(), path.name


def test_archives_of_python(tool: Path, tmp_path: Path) -> None:
    archives = list(SAMPLES.values())
    assert copies(tool, tmp_path, archives) == archives
    for file in tmp_path.glob("*.amlz"):
        run(tool, "check", file)


@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_archives(tool: Path, of_c: dict[str, bytes], tmp_path: Path, seed: int) -> None:
    originals = [*of_c.values(), *SAMPLES.values()]
    archives = list(mutants(originals, COUNT // 2, seed))
    accepted = 0
    for number, (data, copy) in enumerate(zip(archives, copies(tool, tmp_path, archives), strict=True)):
        here, mutant = copy_here(data), f"mutant {number} of seed {seed}: {data.hex()}"
        assert (here is None) == (copy is None), mutant
        assert here == copy or data[MINOR_AT] != 0, mutant  # those of newer versions are looked at below
        accepted += copy is not None
    assert 0 < accepted < len(archives)
    print(f"{len(archives)} archives: {accepted} accepted by both, the others refused by both")


def test_copies_of_newer_versions(tool: Path, tmp_path: Path) -> None:
    """More keys of the body: left out of the copies."""
    more = [("more", [1, "x", b"y", [None, 2.5]]), ("again", "text")]
    archives = [newer(data, "", *more) for data in SAMPLES.values()]
    assert [copy_here(data) for data in archives] == list(SAMPLES.values())
    assert copies(tool, tmp_path, archives) == list(SAMPLES.values())
