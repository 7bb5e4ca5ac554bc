"""The codecs of archives in C and in Python: they accept and refuse the same files, and write the same bytes."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from archives import GOLDEN, ISLANDS, SAMPLES, TASKS, assemble, class_tasks, newer, parts_of, place_of, search_of
from building import JOBS, LIBRARY, need, run
from samples import full_space

from pyamlz import ArchiveError, Dims, Search, TaskSet
from pyamlz.archive import Checkpoint, Islands, decode, encode
from pyamlz.archive._codec import MINOR

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tests" / "fuzz"))

from mutated import mutants  # noqa: E402

COUNT = 3000
MODEL = (GOLDEN / "1.2-model.amlz").read_bytes()
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
    """The last of each are what the library still writes; models Python alone makes."""
    last = {path.stem[4:]: path.stem for path in sorted(GOLDEN.glob("*.amlz"))}
    assert set(of_c) == set(last.values()) - {"1.2-model"}
    for name, data in of_c.items():
        assert data == (GOLDEN / f"{name}.amlz").read_bytes(), name


def test_former_versions(tool: Path, tmp_path: Path) -> None:
    """Written again they are of this version, and have the same bytes whoever does so."""
    former = [path.read_bytes() for minor in (0, 1) for path in sorted(GOLDEN.glob(f"1.{minor}-*.amlz"))]
    assert len(former) == 14
    assert copies(tool, tmp_path, former) == [copy_here(data) for data in former]


def test_archives_of_python(tool: Path, tmp_path: Path) -> None:
    archives = [*SAMPLES.values(), MODEL]
    assert copies(tool, tmp_path, archives) == archives
    for file in tmp_path.glob("*.amlz"):
        run(tool, "check", file)


@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_archives(tool: Path, of_c: dict[str, bytes], tmp_path: Path, seed: int) -> None:
    originals = [*of_c.values(), *SAMPLES.values(), MODEL]
    archives = list(mutants(originals, COUNT // 2, seed))
    accepted = 0
    for number, (data, copy) in enumerate(zip(archives, copies(tool, tmp_path, archives), strict=True)):
        here, mutant = copy_here(data), f"mutant {number} of seed {seed}: {data.hex()}"
        assert (here is None) == (copy is None), mutant
        assert here == copy, mutant
        accepted += copy is not None
    assert 0 < accepted < len(archives)
    print(f"{len(archives)} archives: {accepted} accepted by both, the others refused by both")


def test_copies_of_newer_versions(tool: Path, tmp_path: Path) -> None:
    """More keys of the body: left out of the copies."""
    more = [("more", [1, "x", b"y", [None, 2.5]]), ("again", "text")]
    archives = [*(newer(data, "", *more) for data in SAMPLES.values()), newer(MODEL, "", *more, minor=3)]
    assert [copy_here(data) for data in archives] == [*SAMPLES.values(), MODEL]
    assert copies(tool, tmp_path, archives) == [*SAMPLES.values(), MODEL]


def test_copies_of_newer_islands(tool: Path, tmp_path: Path) -> None:
    """More inside of an island, so that its copy is shorter."""
    archives = []
    for path in ("", "config", "tasks", "mark", "dims"):
        parts = parts_of(newer(ISLANDS, "", ("more", 1)))
        node, index = place_of(parts, "islands[1]")
        node[index] = newer(node[index], path, ("more", [b"x"] * 300))
        archives.append(assemble(parts))
    assert [copy_here(data) for data in archives] == [ISLANDS] * len(archives)
    assert copies(tool, tmp_path, archives) == [ISLANDS] * len(archives)


def test_hurdles_go_on_across_the_two(tool: Path, tmp_path: Path) -> None:
    """The golden search with hurdles, to more stops and duplicates: the same bytes from Python and from C."""
    golden = GOLDEN / "1.1-hurdles.amlz"
    search = Search.load(golden)
    search.run(max_evaluations=70)
    search.save(tmp_path / "python.amlz")
    run(tool, "run", golden, tmp_path / "c.amlz", "70")
    assert (tmp_path / "python.amlz").read_bytes() == (tmp_path / "c.amlz").read_bytes()
    run(tool, "run", tmp_path / "python.amlz", tmp_path / "c.amlz", "25")
    search = Search.load(tmp_path / "c.amlz")
    assert search.progress.evaluations == 155
    run(tool, "run", golden, tmp_path / "whole.amlz", "95")
    assert (tmp_path / "whole.amlz").read_bytes() == (tmp_path / "c.amlz").read_bytes()
    saved = decode((tmp_path / "c.amlz").read_bytes())
    assert isinstance(saved, Checkpoint)
    assert sum(saved.mark.counts.hurdle_stops) > 14
    assert saved.mark.counts.duplicates > 25


def test_islands_of_c_are_searches_of_python(of_c: dict[str, bytes], tmp_path: Path) -> None:
    islands = decode(of_c[f"1.{MINOR}-islands"])
    assert isinstance(islands, Islands)
    for island, name in zip(islands.islands, (f"1.{MINOR}-hurdles", f"1.{MINOR}-float64"), strict=True):
        assert encode(island) == of_c[name]
        (tmp_path / "island.amlz").write_bytes(of_c[name])
        assert Search.load(tmp_path / "island.amlz").digest == island.digest


@pytest.mark.parametrize("kind", ["regression", "multiclass"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_searches_go_on_across_the_two(tool: Path, tmp_path: Path, kind: str, precision: Any) -> None:
    """From Python to C and back, again and again: the same bytes as in Python alone, and as in C alone."""
    task_set = class_tasks() if kind == "multiclass" else own(TASKS)
    space = full_space(Dims.of(task_set, n_scalars=4, n_vectors=4, n_matrices=1), size=4)
    whole = search_of(130, task_set, space, precision=precision)
    whole.save(tmp_path / "whole.amlz", session='{"carried":"along"}')
    search_of(0, task_set, space, precision=precision).save(tmp_path / "new.amlz", session='{"carried":"along"}')
    run(tool, "run", tmp_path / "new.amlz", tmp_path / "c.amlz", "130")
    assert (tmp_path / "c.amlz").read_bytes() == (tmp_path / "whole.amlz").read_bytes()
    path = tmp_path / "new.amlz"
    for more in (7, 13, 20, 25):
        run(tool, "run", path, tmp_path / "both.amlz", str(more))
        search = Search.load(tmp_path / "both.amlz")
        search.run(max_evaluations=more)
        search.save(tmp_path / "both.amlz", session='{"carried":"along"}')
        path = tmp_path / "both.amlz"
    assert search.progress.evaluations == 130
    assert path.read_bytes() == (tmp_path / "whole.amlz").read_bytes()


def own(task_set: TaskSet) -> TaskSet:
    """The same numbers, from nowhere, so that archives have them."""
    return dataclasses.replace(task_set, source={})
